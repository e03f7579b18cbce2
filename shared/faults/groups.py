"""Every fault, read: the groups are imported here one by one, and a fault is known when its module is in `GROUPS`."""

from shared.faults import delivery, habits, payload, readings, socket, timing
from shared.faults.envelope import ENVELOPE, Handle, Injection
from shared.faults.presets import PRESETS
from shared.faults.registry import FAULTS, Fault, fault

GROUPS = (timing, delivery, payload, habits, readings, socket)

__all__ = ["ENVELOPE", "FAULTS", "GROUPS", "PRESETS", "Fault", "Handle", "Injection", "fault"]
