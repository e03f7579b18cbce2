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
    from shared.starting import quick_start

    quick_start()
    from shared.first_words import first_word

    status = first_word("charge_point", arguments)
    if status is not None:
        return status
    from charge_point.options import parser

    options = parser().parse_args(arguments)
    if options.persona is not None and options.persona.name == "list":
        from charge_point.persona import listing
        from shared.streams import say

        say(sys.stdout, listing())
        return 0
    from charge_point.program import run

    return run(options)


def program() -> None:
    """The whole life of the process."""
    status = main()
    starting = sys.modules.get("shared.starting")  # None: the package 'shared' is not ours
    (sys.exit if starting is None else starting.leave)(status)


if __name__ == "__main__":
    program()
