"""Diagnostics: logs, events, monitors, periodic event streams."""

from __future__ import annotations

from typing import TYPE_CHECKING

from csms.blocks.answers import NOTHING, answers
from csms.reports import take_part
from shared.dispatch import Payload, on
from shared.versions import V2X, V16, V21

if TYPE_CHECKING:
    from csms.session import Session


MOST_VALUES = 100
"""How many of a stream's last values are kept."""


@on("LogStatusNotification")
@answers(NOTHING, "the status is kept", clause="N01.FR.08; SW16 §5.13")
def log_status(session: Session, request: Payload) -> Payload:
    """Take the progress of a log upload."""
    session.station.remember("LogStatusNotification", request)
    return {}


@on("DiagnosticsStatusNotification", V16)
@answers(NOTHING, "the status is kept", clause="1.6 §4.4")
def diagnostics_status(session: Session, request: Payload) -> Payload:
    """Take the progress of a diagnostics upload."""
    session.station.remember("DiagnosticsStatusNotification", request)
    return {}


@on("NotifyCustomerInformation", *V2X)
@answers(NOTHING, "the part is put into the report of its requestId", clause="N09.FR.05")
def customer_information(session: Session, request: Payload) -> Payload:
    """Take a part of what CustomerInformation asked for."""
    clause = "NotifyCustomerInformationRequest.seqNo"
    take_part(session, "NotifyCustomerInformation", request, clause=clause, number=request["seqNo"])
    return {}


@on("NotifyMonitoringReport", *V2X)
@answers(
    NOTHING,
    "the part is put into the report of its requestId, the monitors are remembered",
    clause="N02.FR.09",
)
def monitoring_report(session: Session, request: Payload) -> Payload:
    """Take a part of what GetMonitoringReport asked for."""
    take_part(session, "NotifyMonitoringReport", request, clause="N02.FR.09", number=request["seqNo"])
    for reported in request.get("monitor", ()):
        place = {"component": reported["component"], "variable": reported["variable"]}
        for monitor in reported["variableMonitoring"]:
            session.station.set_monitor(monitor["id"], {**place, **monitor})
    return {}


@on("NotifyEvent", *V2X)
@answers(NOTHING, "an AvailabilityState becomes the status of its connector", clause="N07.FR.03, G01.FR.03")
def event(session: Session, request: Payload) -> Payload:
    """Take events; 2.1 reports the status of connectors with them."""
    for datum in request["eventData"]:
        if datum["variable"]["name"] == "AvailabilityState":
            place = datum["component"].get("evse") or {}
            session.station.set_status(place.get("id", 0), place.get("connectorId", 0), datum["actualValue"])
    return {}


@on("OpenPeriodicEventStream", V21)
@answers(
    "status",
    "Accepted; the stream is entered with what is known of its monitor",
    clause="N11.FR.04, N11.FR.06",
)
def open_stream(session: Session, request: Payload) -> Payload:
    """Get ready for the values of a stream."""
    stream = request["constantStreamData"]
    monitor = (session.station.monitors or {}).get(stream["variableMonitoringId"])
    session.station.open_stream(
        stream["id"], {"constantStreamData": stream, "monitor": monitor, "values": []}
    )
    return {"status": "Accepted"}


@on("ClosePeriodicEventStream", V21)
@answers(NOTHING, "the stream is taken off the list", clause="N13.FR.01, N13.FR.02")
def close_stream(session: Session, request: Payload) -> Payload:
    """Stop using a stream."""
    if (session.station.streams or {}).pop(request["id"], None) is None:
        session.note(
            "unknown_stream", f"stream {request['id']} is closed, but was never opened", clause="N11.FR.02"
        )
    return {}


@on("NotifyPeriodicEventStream", V21)
@answers("(never answered)", "a SEND: its values go to the stream", clause="N15.FR.02, N15.FR.03")
def stream_values(session: Session, request: Payload) -> Payload:
    """Take values of a stream; growing `pending` means that the stream is too slow (N15.FR.05)."""
    stream = (session.station.streams or {}).get(request["id"])
    if stream is None:
        session.note(
            "unknown_stream", f"values of stream {request['id']}, which is not open", clause="N11.FR.02"
        )
        return {}
    if request["pending"] > stream.get("pending", request["pending"]):
        session.note("stream_falls_behind", f"{request['pending']} values of stream {request['id']} wait")
    values = [[request["basetime"], datum["t"], datum["v"]] for datum in request["data"]]
    stream["values"] = [*stream["values"], *values][-MOST_VALUES:]
    stream["pending"] = request["pending"]
    return {}
