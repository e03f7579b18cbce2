"""The monitors in NotifyMonitoringReports (N02)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from charge_point import variables
from charge_point.monitoring.monitor import DELTA, PERIODIC, TARGETS, THRESHOLDS, Monitor
from charge_point.variables import Payload
from shared.versions import V21

if TYPE_CHECKING:
    from charge_point.catalogue import Slot
    from charge_point.monitoring.monitors import Monitors

PAGE = 20
"""Variables in one NotifyMonitoringReport."""

CRITERIA: dict[str, tuple[str, ...]] = {
    "ThresholdMonitoring": THRESHOLDS,  # N02.FR.12
    "DeltaMonitoring": (DELTA, *TARGETS),  # N02.FR.13, in 2.1 as of errata 2025-06
    "PeriodicMonitoring": PERIODIC,  # N02.FR.14
    "TargetDeltaMonitoring": TARGETS,  # N02.FR.23 (2.1)
}


def selection(part: Monitors, criteria: list[str], wanted: list[Payload]) -> list[tuple[Slot, list[Monitor]]]:
    """The monitors that meet any of `criteria` and are on any of the `wanted` variables, by variable; either may be
    empty (N02.FR.05-.11, .16-.21)."""
    types = {type for criterion in criteria for type in CRITERIA[criterion]}
    found: dict[str, tuple[Slot, list[Monitor]]] = {}
    for one in part.held.values():
        slot = part.slot(one)
        if slot is None or (criteria and one.type not in types):
            continue
        if wanted and not any(variables.is_wanted(slot, item) for item in wanted):
            continue
        found.setdefault(one.path, (slot, []))[1].append(one)
    return list(found.values())


def pages(part: Monitors, found: list[tuple[Slot, list[Monitor]]], request_id: int) -> list[Payload]:
    """The NotifyMonitoringReports of what was found: seqNo from 0, `tbc` on all but the last (N02.FR.04, .09)."""
    now = part.station.clock.now()
    made = []
    for number, at in enumerate(range(0, len(found), PAGE)):
        data = [_entry(part, slot, some) for slot, some in found[at : at + PAGE]]
        page: Payload = {"requestId": request_id, "generatedAt": now, "seqNo": number, "monitor": data}
        made.append(page | {"tbc": at + PAGE < len(found)})
    return made


def _entry(part: Monitors, slot: Slot, some: list[Monitor]) -> Payload:
    return {
        "component": variables.component_of(slot),
        "variable": variables.variable_of(slot),
        "variableMonitoring": [_monitor(part, one) for one in some],
    }


def _monitor(part: Monitors, one: Monitor) -> Payload:
    shown: Payload = {
        "id": one.id,
        "transaction": one.transaction,
        "value": one.value,
        "type": one.type,
        "severity": one.severity,
    }
    if part.station.version is V21:
        shown["eventNotificationType"] = one.origin  # N02.FR.22
    return shown
