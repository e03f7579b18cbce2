"""What the CSMS is told of the state of connectors, and when."""

from __future__ import annotations

from typing import TYPE_CHECKING

from charge_point.blocks.availability import (
    spell_status,
    station_status_16,
    status_notification_16,
    status_of,
)
from charge_point.connector import Connector
from shared.versions import V16

if TYPE_CHECKING:
    from charge_point.evse import Evse
    from charge_point.station import Station


def report(
    station: Station, evse: Evse, connector: Connector, *, asked: bool = False, triggered: bool = False
) -> None:
    """Report the connector's status if it is not what the CSMS was last told, or if it was `asked` for."""
    status = status_of(station, evse, connector)
    if not asked and status == connector.told and not connector.info:
        return
    action, payload = spell_status(station, evse, connector, status, triggered=triggered)
    if station.say(action, payload, asked=asked, failed=lambda: _untold(station, connector, status)):
        connector.told = status


def _untold(station: Station, connector: Connector, status: str) -> None:
    """A status report got lost: it is due again after the next reconnect."""
    if connector.told == status:
        connector.told = ""


def tell_station_status(station: Station, *, asked: bool = False) -> None:
    """Connector 0 (1.6 §4.9, errata 3.22); 2.x has no such thing."""
    if station.version is V16:
        status = station_status_16(station)
        payload = status_notification_16(0, status, "NoError", "", station.clock.now())
        station.say("StatusNotification", payload, asked=asked)


def report_all(station: Station, *, changed_only: bool = False) -> None:
    if not changed_only:
        station.tell_station_status()
    for one in station.evses:
        for c in one.connectors:
            if not changed_only:
                c.told = ""
            station.report(one, c)
