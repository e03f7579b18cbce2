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
    from shared.starting import live

    return live("csms", arguments)


def program() -> None:
    """The whole life of the process."""
    status = main()
    starting = sys.modules.get("shared.starting")  # None: the package 'shared' is not ours
    (sys.exit if starting is None else starting.leave)(status)


if __name__ == "__main__":
    program()
