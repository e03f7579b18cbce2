"""`python -m csms`: read the options, serve, and end with a status that says how it went."""

from __future__ import annotations

import sys
from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the mock CSMS; gives the exit status (`shared.lifecycle.EXIT_STATUS`)."""
    import shared

    if not hasattr(shared, "PRODUCT"):
        sys.stderr.write(
            f"csms: the package 'shared' at {shared.__path__} is not ours: another package of that name comes "
            "first on the path; run from another folder, or `ocpp-csms` from an environment of its own\n"
        )
        return 70
    from shared.starting import quick_start

    quick_start()
    from shared.first_words import first_word

    status = first_word("csms", arguments)
    if status is not None:
        return status
    from csms.options import parser

    options = parser().parse_args(arguments)
    from shared.persona_file import LIST

    if options.persona is not None and options.persona.name == LIST:
        from csms.persona import listing
        from shared.streams import say

        say(sys.stdout, listing())
        return 0
    from csms.program import run

    return run(options)


def program() -> None:
    """The whole life of the process."""
    status = main()
    starting = sys.modules.get("shared.starting")  # None: the package 'shared' is not ours
    (sys.exit if starting is None else starting.leave)(status)


if __name__ == "__main__":
    program()
