"""What becomes of one thing that the CSMS wants watched: its SetMonitoringResult, and the monitor (N04)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from charge_point import variables
from charge_point.monitoring.monitor import CUSTOM, DELTA, HARD_WIRED, PERIODIC, TARGETS, THRESHOLDS, Monitor
from charge_point.values import Fault
from charge_point.variables import Payload
from shared.versions import V21

if TYPE_CHECKING:
    from charge_point.catalogue import Slot
    from charge_point.monitoring.monitors import Monitors

SEVERITIES = range(10)
"""Danger (0) to Debug (9)."""

LEAST_PERIOD = 1.0
"""Seconds: more often than this nothing is told."""


def set_monitor(part: Monitors, item: Payload) -> Payload:
    """The SetMonitoringResult of one SetMonitoringData; when it is Accepted, the monitor watches from now on."""
    result: Payload = {
        name: item[name] for name in ("id", "type", "severity", "component", "variable") if name in item
    }
    model = part.station.model
    slot = variables.find(model.catalogue, item["component"], item["variable"])
    if isinstance(slot, str):
        return result | {"status": slot}  # N04.FR.03, .04
    if not _is_supported(part, slot, item["type"]):
        return result | {"status": "UnsupportedMonitorType"}  # N04.FR.05
    before = part.held.get(item["id"]) if "id" in item else None
    fault = _fault_of_id(item, before, slot) or _fault(slot, item)
    if fault is not None:
        return result | {"status": "Rejected", "statusInfo": variables.info(fault)}
    if any(_is_alike(one, slot, item) for one in part.held.values() if one is not before):
        why = Fault("InvalidValue", "there is a monitor of this type and severity on it")
        return result | {"status": "Duplicate", "statusInfo": variables.info(why)}  # N04.FR.10
    made = _made(part, slot, item, before)
    part.add(made)
    if made.stream and part.station.version is V21:
        from charge_point.event_streams import Streams

        part.station.part(Streams).open(made)
    return result | {"id": made.id, "status": "Accepted"}  # N04.FR.08, .11


def _is_supported(part: Monitors, slot: Slot, type: str) -> bool:
    if not variables.is_monitorable(slot):
        return False
    if type in THRESHOLDS:
        return slot.definition.is_number and slot.definition.access != "WriteOnly"
    if type in TARGETS:
        return part.station.version is V21 and part.station.model.target(slot) is not None
    return type == DELTA or slot.definition.access != "WriteOnly"


def _fault_of_id(item: Payload, before: Monitor | None, slot: Slot) -> Fault | None:
    if "id" not in item:
        return None
    if before is None:
        return Fault("NotFound", f"there is no monitor {item['id']}")  # N04.FR.13
    if before.origin == HARD_WIRED:
        return Fault("UnsupportedRequest", "a hard-wired monitor cannot be changed")  # N04.FR.18
    if before.path != slot.path:
        return Fault("InvalidValue", "it watches another variable")  # N04.FR.16
    return None


def _fault(slot: Slot, item: Payload) -> Fault | None:
    """What is wrong with the values asked for."""
    value, type_ = item["value"], item["type"]
    row = slot.definition
    if item["severity"] not in SEVERITIES:
        return Fault("ValueOutOfRange", "a severity is 0 to 9")
    if type_ in (DELTA, *TARGETS) and value < 0:
        return Fault("ValuePositiveOnly", "a difference is not negative")  # N04.FR.14
    if type_ in PERIODIC and value < LEAST_PERIOD:
        return Fault("ValueTooLow", f"a period is at least {LEAST_PERIOD:g} s")
    if type_ in THRESHOLDS:  # N04.FR.06
        if row.low is not None and value < row.low:
            return Fault("ValueOutOfRange", f"{row.name} is at least {row.low:g}")
        if row.high is not None and value > row.high:
            return Fault("ValueOutOfRange", f"{row.name} is at most {row.high:g}")
    stream = item.get("periodicEventStream")
    if stream is not None:
        if type_ not in PERIODIC:
            return Fault("UnsupportedParam", "only periodic values go into an event stream")
        if not stream.get("interval") and not stream.get("values"):  # N11.FR.09
            return Fault("MissingParam", "an event stream needs an interval or a number of values")
    return None


def _is_alike(one: Monitor, slot: Slot, item: Payload) -> bool:
    return (one.path, one.type, one.severity) == (slot.path, item["type"], item["severity"])


def _made(part: Monitors, slot: Slot, item: Payload, before: Monitor | None) -> Monitor:
    if before is None:
        id, part.next_id = part.next_id, part.next_id + 1
    else:
        id = before.id
    stream: dict[str, Any] | None = item.get("periodicEventStream")
    made = Monitor(
        id,
        slot.path,
        item["type"],
        item["value"],
        item["severity"],
        CUSTOM,  # N04.FR.15: also when it was preconfigured
        transaction=item.get("transaction", False),
        stream={name: stream[name] for name in ("interval", "values") if name in stream} if stream else None,
    )
    if before is not None and before.type == made.type:
        made.alert, made.session = before.alert, before.session  # N07.FR.11: what changes with it is told
    return made
