"""Everything that a CSMS can ask of a station, by name.

`build(session, "reset", "kind=OnIdle,evse=1")` gives the action and payload for the session's version;
`resolve` finds a command, `check` looks at one before there is a station, `raw` reads a call as it stands,
`is_success` judges an answer. Commands are declared with `@command` in the modules that `catalogue` lists.
"""

from __future__ import annotations

from csms.commands.catalogue import MODULES
from csms.commands.outcome import is_success
from csms.commands.registry import COMMANDS, Command, NotOnThisVersion, command, resolve
from csms.commands.request import Request, build, build_text, check, raw
from csms.commands.text import Options, given, parse, split

__all__ = [
    "COMMANDS",
    "MODULES",
    "Command",
    "NotOnThisVersion",
    "Options",
    "Request",
    "build",
    "build_text",
    "check",
    "command",
    "given",
    "is_success",
    "parse",
    "raw",
    "resolve",
    "split",
]
