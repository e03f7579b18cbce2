"""The words that may stand first on a command line to do something else than serve or be a station.

They are looked at before any option is read: `python -m csms diff A B`. One table for both programs.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module

FIRST_WORDS = {
    "diff": "shared.replay.diff_program:main",
    "replay": "{role}.replaying:main",
    "run": "{role}.run_options:main",
    "scenario": "shared.scenario.words:main",
}
"""Word -> the function (role, arguments after the word) -> exit status; `{role}` stands for the program's package."""


def first_word(role: str, arguments: Sequence[str] | None) -> int | None:
    """Do what the first word says, and give the exit status; None when the command line begins with no such word.

    `arguments` is what was typed after the program's name; None takes this process's own.
    """
    typed = sys.argv[1:] if arguments is None else list(arguments)
    place = FIRST_WORDS.get(typed[0]) if typed else None
    if place is None:
        return None
    module, _, function = place.format(role=role).partition(":")
    status: int = getattr(import_module(module), function)(role, typed[1:])
    return status
