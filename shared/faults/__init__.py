"""Faults on the wire: what can be done to messages and connections on purpose. `shared.faults.chain` has the picture.

What the faults are (`shared.faults.groups`) is read when first asked for: a run without any need not wait for it.
"""

from typing import TYPE_CHECKING

from shared.faults.chain import Faults

if TYPE_CHECKING:
    from shared.faults.groups import ENVELOPE, FAULTS, GROUPS, PRESETS, Fault, Handle, Injection, fault
    from shared.faults.parsing import parse


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    if name == "parse":
        from shared.faults.parsing import parse

        return parse
    from shared.faults import groups

    return getattr(groups, name)


__all__ = [
    "ENVELOPE",
    "FAULTS",
    "GROUPS",
    "PRESETS",
    "Fault",
    "Faults",
    "Handle",
    "Injection",
    "fault",
    "parse",
]
