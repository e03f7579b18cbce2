"""Availability: what the station tells of its connectors, and what the CSMS allows of them; and Heartbeat."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from charge_point.connector import Cable, Connector, Energy, status_2x, status_16
from charge_point.statuses import status as status_answer
from charge_point.statuses import told
from charge_point.tellers import tells
from shared.answers import answers
from shared.dispatch import Answer, on
from shared.versions import V2X, V16, V21, VERSIONS

if TYPE_CHECKING:
    from charge_point.evse import Evse
    from charge_point.station import Station

Payload = dict[str, Any]


def status_of(station: Station, evse: Evse, connector: Connector) -> str:
    """The connector's status in the words of the station's version."""
    regions = evse.regions(connector)
    if station.version is not V16:
        return status_2x(regions)  # of the others of its EVSE nothing is said: G01.FR.08
    found = status_16(regions)
    return "Unavailable" if found == "Available" and _is_shut(evse, connector) else found


def _is_shut(evse: Evse, connector: Connector) -> bool:
    """Whether a new user cannot use it, because another connector of its EVSE delivers, or is plugged in.

    1.6 knows no EVSE by which the CSMS could tell, and Available is what a new user can use (1.6 §7.7). A driver who is
    authorized and has not plugged in may still choose this one.
    """
    used = evse.active
    return used is not connector and (used.cable is not Cable.OUT or evse.energy is not Energy.OFF)


def spell_status(
    station: Station, evse: Evse, connector: Connector, status: str, *, triggered: bool = False
) -> tuple[str, Payload]:
    """The action and payload that report `status` of a connector."""
    if station.version is V16:
        return "StatusNotification", status_notification_16(
            connector.number, status, connector.error, connector.info, station.clock.now()
        )
    if station.version is V21 and station.setup.status_by == "event" and not triggered:
        return "NotifyEvent", notify_status(station, evse.id, connector.id, status)
    return "StatusNotification", {
        "timestamp": station.clock.now(),
        "connectorStatus": status,
        "evseId": evse.id,
        "connectorId": connector.id,
    }


def status_notification_16(connector: int, status: str, error: str, info: str, at: str) -> Payload:
    """StatusNotification of 1.6 (§6.47); connector 0 is the station."""
    payload: Payload = {
        "connectorId": connector,
        "errorCode": error if status == "Faulted" else "NoError",
        "status": status,
        "timestamp": at,
    }
    return payload | ({"info": info[:50]} if info else {})


def notify_status(station: Station, evse: int, connector: int, status: str) -> Payload:
    """NotifyEvent of Connector.AvailabilityState, the 2.1 way to report a status (G01.FR.03-07)."""
    now = station.clock.now()
    event: Payload = {
        "eventId": station.new_event_id(),
        "timestamp": now,
        "trigger": "Delta",
        "actualValue": status,
        "eventNotificationType": "HardWiredNotification",
        "component": {"name": "Connector", "evse": {"id": evse, "connectorId": connector}},
        "variable": {"name": "AvailabilityState"},
    }
    return {"generatedAt": now, "seqNo": 0, "eventData": [event]}


def station_status_16(station: Station) -> str:
    """The status of connector 0, which knows Available, Unavailable and Faulted (1.6 §4.9)."""
    return "Available" if station.operative else "Unavailable"


@tells("StatusNotification", V16)
def tell_status_16(station: Station, evse: int | None, connector: int | None) -> None:
    """The status of one connector, or of all and connector 0; here `connector` is the 1.6 number."""
    if connector in (None, 0):
        station.tell_station_status(asked=True)
    for one in station.evses:
        for c in one.connectors:
            if connector is None or connector == c.number:
                station.report(one, c, asked=True, triggered=True)


@tells("StatusNotification", *V2X)
def tell_status_2x(station: Station, evse: int | None, connector: int | None) -> None:
    """The status of the connectors meant (F06.FR.12)."""
    for one in station.evses_of(evse):
        for c in one.connectors:
            if connector is None or connector == c.id:
                station.report(one, c, asked=True, triggered=True)


@tells("Heartbeat", *VERSIONS)
def tell_heartbeat(station: Station, evse: int | None, connector: int | None) -> None:
    """A heartbeat."""
    station.registration.heartbeat()


@tells("BootNotification", *VERSIONS)
def tell_boot(station: Station, evse: int | None, connector: int | None) -> None:
    """BootNotification, ahead of its time (B02.FR.04; 1.6 §4.2)."""
    station.registration.boot("Triggered")


_ALLOWING = (
    "Accepted, with the reports of what changes after it; Scheduled when a transaction runs there, which ends first; "
    "Rejected for what does not exist"
)


@on("ChangeAvailability", V16)
@answers(
    "status", f"{_ALLOWING}. Connector 0: the station and all its connectors", clause="1.6 §5.2", state=True
)
def change_availability_16(station: Station, request: Payload) -> Payload | Answer:
    """Allow or forbid a connector, or with 0 all."""
    operative = request["type"] == "Operative"
    if request["connectorId"] == 0:
        return told(station, station.set_availability(operative))
    found = station.numbered(request["connectorId"])
    if found is None:
        return status_answer(V16, "Rejected")
    return told(station, station.set_availability(operative, found[0].id, found[1].id))


@on("ChangeAvailability", *V2X)
@answers(
    "status",
    f"{_ALLOWING}. Without evse the station, without connectorId the EVSE",
    clause="G03.FR.01-G03.FR.08, G04.FR.01-G04.FR.09",
    state=True,
)
def change_availability_2x(station: Station, request: Payload) -> Payload | Answer:
    """Allow or forbid the station, an EVSE or a connector; each keeps what it was set to itself."""
    place = request.get("evse", {})
    operative = request["operationalStatus"] == "Operative"
    return told(station, station.set_availability(operative, place.get("id"), place.get("connectorId")))
