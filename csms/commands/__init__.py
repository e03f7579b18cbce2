"""Everything that a CSMS can ask of a station, by name.

`build(session, "reset", "kind=OnIdle,evse=1")` gives the action and payload for the session's version;
`resolve` finds a command, `check` looks at one before there is a station, `raw` reads a call as it stands,
`is_success` judges an answer. Commands are declared with `@command` in the modules listed here.
"""

from __future__ import annotations

from csms.commands import (
    authorization,
    availability,
    battery_swap,
    certificates,
    data_transfer,
    der,
    diagnostics,
    display,
    firmware,
    local_list,
    monitoring,
    payment,
    provisioning,
    remote_control,
    reservation,
    security,
    smart_charging,
    tariff,
    transactions,
    v2x,
)
from csms.commands.outcome import is_success
from csms.commands.registry import COMMANDS, Command, NotOnThisVersion, command, resolve
from csms.commands.request import Request, build, build_text, check, raw
from csms.commands.text import Options, given, parse, split

MODULES = (
    provisioning,
    authorization,
    local_list,
    transactions,
    remote_control,
    availability,
    reservation,
    smart_charging,
    tariff,
    payment,
    firmware,
    security,
    certificates,
    diagnostics,
    monitoring,
    display,
    data_transfer,
    v2x,
    der,
    battery_swap,
)
"""The modules that declare commands, in the order of the documentation."""

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
