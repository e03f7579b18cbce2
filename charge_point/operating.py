"""What the CSMS allows: the station, its EVSEs and its connectors, each with a state of its own (G03, G04; 1.6 §5.2).

In 2.x a connector is unavailable while it, its EVSE or the whole station was set Inoperative, and returns to its own
state when those above it are Operative again (G03.FR.07, G04.FR.08, note 1). In 1.6 there is one level: what is set
for connector 0 is set for every connector, and each can be set on its own afterwards. `station.closed` holds what was
set Inoperative: (0, 0) the station, (1, 0) an EVSE, (1, 2) a connector of it. It survives a restart (G03.FR.08).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from charge_point.connector import AVAILABILITY, Availability, Connector, follow
from charge_point.keeping import keep_availability
from charge_point.orders import Outcome, unknown_place
from charge_point.parts import tell_parts
from shared.versions import V16

if TYPE_CHECKING:
    from charge_point.evse import Evse
    from charge_point.station import Station

STATION = (0, 0)

Place = tuple["Evse", Connector]


def is_closed(station: Station, evse: int, connector: int) -> bool:
    """Whether the CSMS or a part of the station forbids this connector, by itself or with what it is part of."""
    closed = station.closed
    above = station.version is not V16 and (STATION in closed or (evse, 0) in closed)
    return above or (evse, connector) in closed or any(part.closes for part in (station.parts or {}).values())


def set_availability(
    station: Station, operative: bool, evse: int | None = None, connector: int | None = None
) -> Outcome:
    """Allow or forbid a connector, an EVSE or (without one) the station: Accepted, Scheduled or Rejected.

    What a transaction is on becomes inoperative when that has ended (G03.FR.05, G04.FR.06).
    """
    unknown = unknown_place(station, evse, connector)
    if unknown is not None:
        return unknown
    places = [
        (one, c)
        for one in station.evses_of(evse)
        for c in one.connectors
        if connector is None or c.id == connector
    ]
    busy = not operative and any(
        _in_use(one, c, connector) and c.availability is not Availability.INOPERATIVE  # G03.FR.03
        for one, c in places
    )
    return Outcome(
        "Scheduled" if busy else "Accepted", lambda: _allow(station, operative, places, evse, connector)
    )


def _in_use(one: Evse, c: Connector, connector: int | None) -> bool:
    """Whether a transaction is on `c`, or on its EVSE when all of that is meant."""
    return one.transaction is not None and (connector is None or c is one.active)


def _allow(
    station: Station, operative: bool, places: list[Place], evse: int | None, connector: int | None
) -> None:
    _remember(station, operative, places, evse, connector)
    if station.operative is not (STATION not in station.closed):
        station.operative = not station.operative
        station.tell_station_status()
    for one, c in places:
        closed = is_closed(station, one.id, c.id)
        event = "enabled" if not closed else "leave" if _in_use(one, c, connector) else "disabled"
        if event == "disabled" and one.is_authorized and c is one.active:
            one.end_authorization("AbnormalCondition", "Other")
        c.availability = follow(AVAILABILITY, c.availability, event)
        station.report(one, c)
    keep_availability(station)
    station.changed()


def _remember(
    station: Station, operative: bool, places: list[Place], evse: int | None, connector: int | None
) -> None:
    """Note what was set, and in 1.6 what that means for every connector."""
    meant = [(evse or 0, connector or 0)]
    if station.version is V16:
        meant = ([] if evse else [STATION]) + [(one.id, c.id) for one, c in places]
    left = [place for place in station.closed if place not in meant]
    station.closed = tuple(left if operative else left + meant)


def settle_availability(station: Station, evse: Evse) -> None:
    """Connectors that waited for the end of the transaction become inoperative (G03.FR.05)."""
    tell_parts(station, lambda part: part.driver_left(evse))
    for c in evse.connectors:
        if c.availability is Availability.LEAVING:
            c.availability = follow(AVAILABILITY, c.availability, "disabled")
            station.report(evse, c)
