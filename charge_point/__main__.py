"""`python -m charge_point`: read the options, be a station, and end with a status that says how it went."""

from __future__ import annotations

import sys
from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the station; gives the exit status (`shared.lifecycle.EXIT_STATUS`)."""
    import shared

    if not hasattr(shared, "PRODUCT"):
        sys.stderr.write(
            f"charge_point: the package 'shared' at {shared.__path__} is not ours: another package of that name "
            "comes first on the path; run from another folder, or `ocpp-charge-point` from its own environment\n"
        )
        return 70
    from shared.first_words import first_word

    status = first_word("charge_point", arguments)
    if status is not None:
        return status
    words = list(sys.argv[1:] if arguments is None else arguments)
    if words[:1] == ["run"]:
        from charge_point.run_options import parser as run_parser

        run_options = run_parser().parse_args(words[1:])
        from shared.scenario.program import main as run_scenarios

        return run_scenarios(run_options, "charge_point")
    if words[:1] == ["scenario"]:
        from shared.scenario.words import main as about_scenarios

        return about_scenarios(words[1:], "charge_point")
    from charge_point.options import parser

    options = parser().parse_args(arguments)
    from charge_point.program import run

    return run(options)


if __name__ == "__main__":
    sys.exit(main())
