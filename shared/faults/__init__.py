"""Faults on the wire: what can be done to messages and connections on purpose. `shared.faults.chain` has the picture.

The groups are imported here one by one: a fault is known when its module is in `GROUPS`.
"""

from shared.faults import delivery, habits, payload, socket, timing
from shared.faults.chain import Faults
from shared.faults.envelope import ENVELOPE, Handle, Injection
from shared.faults.parsing import parse
from shared.faults.presets import PRESETS
from shared.faults.registry import FAULTS, Fault, fault

GROUPS = (timing, delivery, payload, habits, socket)

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
