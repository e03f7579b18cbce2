"""Reservation: an EVSE is kept for somebody, and given back (H01, H02; 1.6 §5.13, §5.1)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from charge_point.authorization import Token, note_unsupported
from charge_point.reservations import Reservation, Reservations, Verdict, kind_of
from charge_point.statuses import status
from shared.answers import answers
from shared.clock import parse
from shared.dispatch import Answer, on
from shared.versions import V2X, V16

if TYPE_CHECKING:
    from charge_point.station import Station

Payload = dict[str, Any]

FEATURE = "reservation"

_STATUSES = (
    "Occupied, Faulted or Unavailable when that is so of every EVSE that could be meant, Occupied also when it is "
    "reserved; else Accepted, in place of a reservation with the same id, and what is kept now is reported Reserved"
)


@on("ReserveNow", V16)
@answers(
    "status",
    "Rejected for an unknown connector, for connector 0 unless ReserveConnectorZeroSupported, for an expiryDate in the "
    f"past, and by a station without the profile; {_STATUSES}",
    clause="1.6 §5.13",
    state=True,
)
def reserve_16(station: Station, request: Payload) -> Payload | Answer:
    """Keep a connector, or with 0 any, for an idTag and its parent."""
    evse, kind = 0, ""
    if request["connectorId"]:
        found = station.numbered(request["connectorId"])
        if found is None:
            return status(V16, "Rejected")
        evse = found[0].id
        if len(found[0].connectors) > 1:
            kind = kind_of(*found)
    until, token = request["expiryDate"], Token(request["idTag"])
    return _reserve(
        station, request["reservationId"], until, token, request.get("parentIdTag", ""), evse, kind
    )


@on("ReserveNow", *V2X)
@answers(
    "status",
    "Rejected when ReservationCtrlr is not there or not Enabled, without evseId unless NonEvseSpecific, for an EVSE or "
    f"a connector type that the station has not, and for an expiryDateTime in the past; {_STATUSES}",
    clause="H01.FR.01-H01.FR.24",
    state=True,
)
def reserve_2x(station: Station, request: Payload) -> Payload | Answer:
    """Keep an EVSE, any with a connector type, or any, for a token and its group."""
    wire = request["idToken"]
    token, group = Token(wire["idToken"], wire["type"]), request.get("groupIdToken", {}).get("idToken", "")
    evse, kind = request.get("evseId", 0), request.get("connectorType", "")
    return _reserve(station, request["id"], request["expiryDateTime"], token, group, evse, kind)


def _reserve(
    station: Station, id: int, until: str, token: Token, group: str, evse: int, kind: str
) -> Payload | Answer:
    if FEATURE not in station.setup.features:  # H01.FR.01; 1.6: TC_048_4
        return _told(station, Verdict("Rejected", "this station takes no reservations", "NotEnabled"))
    try:
        expires = parse(until)
    except ValueError:  # a lenient schema lets it pass
        return _told(station, Verdict("Rejected", "that is no time", "InvalidValue"))
    kept = station.part(Reservations)
    verdict = kept.reserve(Reservation(int(id), expires, token, group, int(evse), kind))
    answer = _told(station, verdict)
    if verdict.status != "Accepted":
        return answer
    note_unsupported(station, [token], "a reservation")
    return Answer(answer, kept.look)


def _told(station: Station, verdict: Verdict) -> Payload:
    return status(station.version, verdict.status, verdict.code, verdict.words)


@on("CancelReservation")
@answers(
    "status",
    "Rejected when there is no such reservation; else Accepted, and what it kept is reported Available",
    clause="1.6 §5.1; H02.FR.01-H02.FR.06",
    state=True,
)
def cancel(station: Station, request: Payload) -> Payload | Answer:
    """Take a reservation back."""
    kept = station.part(Reservations)
    if not kept.cancel(request["reservationId"]):
        return status(station.version, "Rejected", "NotFound", "there is no such reservation")
    return Answer(status(station.version, "Accepted"), kept.look)
