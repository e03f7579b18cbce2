"""What the CSMS is told of the state of connectors, and when."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from charge_point.blocks.availability import (
    spell_status,
    station_status_16,
    status_notification_16,
    status_of,
)
from charge_point.connector import Connector
from charge_point.parts import tell_parts
from shared.versions import V16

if TYPE_CHECKING:
    from charge_point.evse import Evse
    from charge_point.station import Station


def report(
    station: Station, evse: Evse, connector: Connector, *, asked: bool = False, triggered: bool = False
) -> None:
    """Report the connector's status if it is not what the CSMS was last told, or if it was `asked` for."""
    _report(station, evse, connector, asked=asked, triggered=triggered)
    if station.version is V16 and len(evse.connectors) > 1:
        _report_others(station, evse, connector)
    tell_parts(station, lambda part: part.place_changed(evse))


def _report_others(station: Station, evse: Evse, connector: Connector) -> None:
    """In 1.6 the others of an EVSE are out of use as long as one is used (§7.7)."""
    for one in evse.connectors:
        if one is connector or not one.told:
            continue
        status = status_of(station, evse, one)
        if (
            one.told == "Preparing" and status == "Unavailable"
        ):  # the driver took this one instead: B1, A8 (§4.9)
            _send(station, evse, one, "Available")
        _report(station, evse, one, asked=False, triggered=False)


def _report(station: Station, evse: Evse, connector: Connector, *, asked: bool, triggered: bool) -> None:
    status = status_of(station, evse, connector)
    if connector.pending is not None and not asked:
        connector.pending.cancel()
        connector.pending = None
    news = connector.info and station.version is V16  # only 1.6 has a place for it
    if not asked and status == connector.told and not news:
        return
    quirks = station.setup.quirks
    if status in quirks.skipped_statuses:
        return
    if quirks.status_order == "after" and not asked and len(station.outbox):
        connector.pending = asyncio.get_running_loop().call_later(0.2, _at_last, station, evse, connector)
        return
    wait = 0.0 if asked or not connector.told or not station.may_send else _least_duration(station)
    if wait > 0:
        since = station.clock.now()
        loop = asyncio.get_running_loop()
        connector.pending = loop.call_later(wait, _lasted, station, evse, connector, status, since)
        return
    _send(station, evse, connector, status, asked=asked, triggered=triggered)


def _at_last(station: Station, evse: Evse, connector: Connector) -> None:
    """What is owed of transactions has gone first; look again (`status_order`)."""
    connector.pending = None
    _report(station, evse, connector, asked=False, triggered=False)


def _least_duration(station: Station) -> float:
    """How long a status has to last before it is reported (1.6 MinimumStatusDuration)."""
    known = station.version is V16 and station.model.has("MinimumStatusDuration")
    return station.model.seconds("MinimumStatusDuration") if known else 0.0


def _lasted(station: Station, evse: Evse, connector: Connector, status: str, since: str) -> None:
    connector.pending = None
    if status_of(station, evse, connector) == status:
        _send(station, evse, connector, status, since=since)


def _send(
    station: Station,
    evse: Evse,
    connector: Connector,
    status: str,
    *,
    asked: bool = False,
    triggered: bool = False,
    since: str = "",
) -> None:
    action, payload = spell_status(station, evse, connector, status, triggered=triggered)
    if since:
        payload["timestamp"] = since  # 1.6 §6.47: the time for which the status is reported
    for flapped in (connector.told, status) * station.setup.quirks.flapping if connector.told else ():
        station.say(*spell_status(station, evse, connector, flapped, triggered=triggered), asked=asked)
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
    """Report every connector, or those whose status is not what was last told (B04.FR.01, .02)."""
    if not changed_only:
        station.tell_station_status()
    for one in () if changed_only else station.evses:
        for c in one.connectors:
            c.told = ""
    for one in station.evses:
        for c in one.connectors:
            station.report(one, c)
