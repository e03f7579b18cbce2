"""Monitoring of variables (N02-N06), and the periodic event streams of 2.1 (N11-N14)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from charge_point.limits import keep_limits, send_pages
from charge_point.statuses import status
from shared.answers import answers
from shared.dispatch import Answer, Refuse, on
from shared.versions import V2X, V21

if TYPE_CHECKING:
    from charge_point.monitoring.monitors import Monitors
    from charge_point.station import Station

Payload = dict[str, Any]


def _monitors(station: Station) -> Monitors:
    """Raises Refuse of a station that has no monitoring."""
    if not station.model.has("MonitoringCtrlr.Enabled"):
        raise Refuse("NotSupported", "this station monitors no variables")
    from charge_point.monitoring.monitors import Monitors

    return station.part(Monitors)


@on("SetVariableMonitoring", *V2X)
@answers(
    "setMonitoringResult",
    "for each monitor UnknownComponent, UnknownVariable, UnsupportedMonitorType for a type that the variable does not "
    "allow, Duplicate for the type and severity of another, Rejected for an unknown or hard-wired id, another variable "
    "or a value out of range; else Accepted with its id, and it watches; OccurrenceConstraintViolation and "
    "FormatViolation beyond the limits",
    clause="N04.FR.01-N04.FR.18, N11.FR.01, N13.FR.06",
    state=True,
)
def set_variable_monitoring(station: Station, request: Payload) -> Answer:
    """Watch variables; what is beyond its bounds already is told at once (N07.FR.11, .16)."""
    from charge_point.monitoring.setting import set_monitor

    items = request["setMonitoringData"]
    part = _monitors(station)
    keep_limits(station.model, "MonitoringCtrlr", "SetVariableMonitoring", items, request)
    results = [set_monitor(part, item) for item in items]
    return Answer({"setMonitoringResult": results}, part.look_soon)


@on("ClearVariableMonitoring", *V2X)
@answers(
    "clearMonitoringResult",
    "for each id Accepted, and it watches no more, NotFound, or Rejected for a hard-wired one; the same errors beyond "
    "the limits",
    clause="N06.FR.01-N06.FR.07, N07.FR.12, N13.FR.05",
    state=True,
)
def clear_variable_monitoring(station: Station, request: Payload) -> Payload:
    """Remove monitors, without an event (N07.FR.12)."""
    part = _monitors(station)
    keep_limits(station.model, "MonitoringCtrlr", "ClearVariableMonitoring", request["id"], request)
    return {"clearMonitoringResult": [{"id": id, "status": part.clear(id)} for id in request["id"]]}


@on("GetMonitoringReport", *V2X)
@answers(
    "status",
    "Accepted, and NotifyMonitoringReport follows; EmptyResultSet when nothing fits; NotSupported for other criteria; "
    "the same errors beyond the limits of GetReport",
    clause="N02.FR.01-N02.FR.23",
    state=True,
)
def get_monitoring_report(station: Station, request: Payload) -> Answer | Payload:
    """The answer first, then the monitors in NotifyMonitoringReports."""
    from charge_point.monitoring.report import CRITERIA, pages, selection

    wanted, criteria = request.get("componentVariable", []), request.get("monitoringCriteria", [])
    keep_limits(station.model, "DeviceDataCtrlr", "GetReport", wanted, request)  # N02.FR.07
    if unknown := [name for name in criteria if name not in CRITERIA]:
        return status(station.version, "NotSupported", "UnsupportedParam", f"no criterion {unknown[0]}")
    part = _monitors(station)
    found = selection(part, criteria, wanted)
    if not found:
        return status(station.version, "EmptyResultSet", "NotFound", "no monitor fits")  # N02.FR.10
    made = pages(part, found, request["requestId"])
    return Answer({"status": "Accepted"}, lambda: send_pages(station, "NotifyMonitoringReport", made))


@on("SetMonitoringBase", *V2X)
@answers(
    "status",
    "Accepted: All brings back the preconfigured monitors, FactoryDefault also removes all others, HardWiredOnly "
    "leaves the hard-wired ones alone; NotSupported for anything else",
    clause="N03.FR.01-N03.FR.05",
    state=True,
)
def set_monitoring_base(station: Station, request: Payload) -> Payload:
    """Choose the set of monitors."""
    from charge_point.monitoring.monitors import ALL, FACTORY_DEFAULT, HARD_WIRED_ONLY

    base = request["monitoringBase"]
    if base not in (ALL, FACTORY_DEFAULT, HARD_WIRED_ONLY):
        return status(station.version, "NotSupported", "UnsupportedParam", f"there is no base {base}")
    _monitors(station).set_base(base)
    return {"status": "Accepted"}


@on("SetMonitoringLevel", *V2X)
@answers(
    "status",
    "Accepted for 0 to 9: events of higher severity numbers are not told any more; else Rejected",
    clause="N05.FR.01-N05.FR.03",
    state=True,
)
def set_monitoring_level(station: Station, request: Payload) -> Payload | Answer:
    """Choose which severities are reported."""
    from charge_point.monitoring.setting import SEVERITIES

    part, level = _monitors(station), request["severity"]
    if level not in SEVERITIES:
        return status(station.version, "Rejected", "ValueOutOfRange", "a severity is 0 to 9")
    return Answer({"status": "Accepted"}, lambda: part.set_level(int(level)))


@on("GetPeriodicEventStream", V21)
@answers(
    "constantStreamData", "the event streams that are open; empty without one", clause="N12.FR.01", state=True
)
def get_periodic_event_stream(station: Station, request: Payload) -> Payload:
    """The open event streams."""
    from charge_point.event_streams import streams

    found = streams(station)
    return {"constantStreamData": found} if found else {}


@on("AdjustPeriodicEventStream", V21)
@answers(
    "status",
    "Accepted, and the stream is sent so; Rejected for one that is not there, or with neither interval nor values",
    clause="N14.FR.01-N14.FR.03",
    state=True,
)
def adjust_periodic_event_stream(station: Station, request: Payload) -> Payload:
    """Change how often a stream is sent."""
    from charge_point.event_streams import Streams

    if station.model.has("MonitoringCtrlr.MaxPeriodicEventStreams") and station.part(Streams).adjust(
        request["id"], request["params"]
    ):
        return {"status": "Accepted"}
    return status(V21, "Rejected", "NotFound", "no such event stream, or nothing that it could be sent by")
