"""The monitors that a kind of station comes with: hard-wired ones, that nobody can clear, and preconfigured ones (N03).

The persona's `[[monitors]]` say which. Without them the fault of each connector and of its lock is hard-wired, and each
EVSE's state preconfigured with severity 9 (Debug), so that nothing is told of it before the CSMS wants that.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from shared.versions import V2X, V16

if TYPE_CHECKING:
    from charge_point.catalogue import Catalogue, Slot
    from charge_point.setup import StationSetup
    from charge_point.station import Station

KINDS = (
    "UpperThreshold",
    "LowerThreshold",
    "Delta",
    "Periodic",
    "PeriodicClockAligned",
    "TargetDelta",
    "TargetDeltaRelative",
)
"""MonitorEnumType of 2.0.1; the last two are 2.1's."""


class FactoryMonitor(NamedTuple):
    """A monitor on `variable`: a path, or `Component.Variable` for one at each place where there is such a component.

    `value`: threshold, difference, or seconds. `transaction`: it watches in transactions only.
    """

    variable: str
    kind: str = "Delta"
    value: float = 1.0
    severity: int = 8
    hard_wired: bool = False
    transaction: bool = False


USUAL = (
    FactoryMonitor("ConnectorPlugRetentionLock.Problem", severity=2, hard_wired=True),
    FactoryMonitor("Connector.Problem", severity=2, hard_wired=True),
    FactoryMonitor("EVSE.AvailabilityState", severity=9),
)


def factory_monitor(table: Mapping[str, Any]) -> FactoryMonitor:
    """The monitor that a table of a persona describes; ValueError, in words, for what is missing."""
    if "variable" not in table:
        raise ValueError("needs a variable")
    made = FactoryMonitor(**table)
    if made.kind != "Delta" and "value" not in table:
        raise ValueError(f"{made.kind} needs a value")
    return made


def slots_of(catalogue: Catalogue, variable: str) -> list[Slot]:
    """Every slot that `variable` of a factory monitor means on this kind of station; none on another version."""
    found = catalogue.find(variable)
    if found is not None:
        return [found]
    name = variable.lower()
    return [s for s in catalogue.slots if f"{s.definition.component}.{s.definition.name}".lower() == name]


def begin_watching(station: Station) -> None:
    """A station with factory monitors of its own watches from its first connection on; with the usual ones, which
    have nothing to tell until something breaks, from their first use."""
    if station.setup.monitors is USUAL or station.version is V16:
        return
    from charge_point.monitoring.monitors import Monitors

    station.part(Monitors)


def why_unfit(monitor: FactoryMonitor, setup: StationSetup) -> str:
    """Why no version of this kind of station can have the monitor; empty when one can."""
    from charge_point.device_model import DeviceModel
    from charge_point.monitoring.monitor import TARGETS, THRESHOLDS
    from charge_point.variables import is_monitorable

    found = []
    for version in V2X:
        model = DeviceModel(version, setup.evses, setup.presets, setup.features)
        found += [(model, slot) for slot in slots_of(model.catalogue, monitor.variable)]
    if not found:
        return f"there is no variable {monitor.variable!r} in OCPP 2.0.1 or 2.1"
    if not any(is_monitorable(slot) for _, slot in found):
        return f"{monitor.variable} never changes by itself and cannot be set, so that it is not watched"
    if monitor.kind in THRESHOLDS and not any(slot.definition.is_number for _, slot in found):
        return f"{monitor.variable} is no number: it has no {monitor.kind}"
    if monitor.kind in TARGETS and all(model.target(slot) is None for model, slot in found):
        return f"{monitor.variable} has no target: it has no {monitor.kind}"
    return ""
