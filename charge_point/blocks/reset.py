"""Reset: the station starts anew because the CSMS asks for it (B11-B13; 1.6 §5.14)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from charge_point.statuses import told
from shared.answers import answers
from shared.dispatch import Answer, on
from shared.versions import V2X, V16

if TYPE_CHECKING:
    from charge_point.station import Station

Payload = dict[str, Any]


@on("Reset", V16)
@answers(
    "status",
    "Rejected while a restart is under way; else Accepted, then StopTransaction with HardReset or SoftReset for each "
    "transaction, the end of the connection and, on the next one, BootNotification",
    clause="1.6 §5.14; errata 3.36",
    state=True,
)
def reset_16(station: Station, request: Payload) -> Payload | Answer:
    """Hard or Soft."""
    return told(station, station.reset(request["type"]))


@on("Reset", *V2X)
@answers(
    "status",
    "Rejected while a restart is under way, for an EVSE that is not there or has no AllowReset, and for "
    "ImmediateAndResume of an EVSE, or unless TxCtrlr.ResumptionTimeout allows it (2.1); Scheduled for OnIdle while a "
    "transaction runs there, or the station has a reservation or a locked cable; else Accepted, with ResetCommand and "
    "ImmediateReset in the Ended of each transaction. An EVSE is out of use for a while; of the station the connection "
    "ends and, on the next one, BootNotification follows with RemoteReset or ScheduledReset. After ImmediateAndResume "
    "transactions go on, with TxResumed",
    clause="B11.FR.01-B11.FR.10, B12.FR.01-B12.FR.10, B13.FR.01-B13.FR.04, B13.FR.20-B13.FR.30",
    state=True,
)
def reset_2x(station: Station, request: Payload) -> Payload | Answer:
    """Immediate, OnIdle, or (2.1) ImmediateAndResume."""
    return told(station, station.reset(request["type"], request.get("evseId")))
