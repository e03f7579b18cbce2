"""What the CSMS can ask of a station, whatever the version: each gives a truthful `Outcome`."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from charge_point import blocks, tellers
from charge_point.authorization import Token, TokenInfo
from charge_point.connector import AVAILABILITY, Availability, Cable, Connector, follow
from charge_point.hands import candidate
from charge_point.keeping import keep_availability
from shared.versions import V16

if TYPE_CHECKING:
    from charge_point.evse import Evse
    from charge_point.station import Station

Then = Callable[[], Any]


class Outcome(NamedTuple):
    """What a request of the CSMS comes to; `then` is to be called after the answer has left."""

    status: str
    then: Then | None = None
    transaction: str = ""
    reason: str = ""


def trigger(station: Station, message: str, evse: int | None = None, connector: int | None = None) -> Outcome:
    """Tell `message` as TriggerMessage asks: Accepted, Rejected or NotImplemented; `then` tells it (F06).

    In 1.6 `connector` is the connectorId and `evse` is not used.
    """
    teller = tellers.table(station.version, blocks.MODULES).get(message)
    if teller is None:
        return Outcome("NotImplemented")  # F06.FR.08
    if message == "BootNotification" and station.registration.accepted:
        return Outcome("Rejected", reason="already accepted")  # F06.FR.17; 1.6 errata 3.35
    if station.version is V16:
        if connector and station.numbered(connector) is None:
            return Outcome("Rejected", reason="no such connector")
    elif evse and (
        station.evse(evse) is None or (connector and station.evses_of(evse)[0].connector(connector) is None)
    ):
        return Outcome("Rejected", reason="no such EVSE or connector")
    if message == "TransactionEvent" and not any(e.transaction for e in station.evses_of(evse)):
        return Outcome("Rejected", reason="no transaction")
    return Outcome("Accepted", lambda: teller(station, evse, connector))


def remote_start(
    station: Station, token: Token, *, evse: int | None = None, remote_start_id: int | None = None
) -> Outcome:
    """Start as the CSMS asks (F01, F02; 1.6 §5.11): Accepted, with what is to follow, or Rejected."""
    if not station.registration.accepted:
        return Outcome("Rejected", reason="not accepted yet")  # B02.FR.05
    one = candidate(station, evse)
    if one is None:
        return Outcome("Rejected", reason="no EVSE is free for it")  # F01.FR.23, .24
    one.floating = evse is None and len(station.evses) > 1 and one.active.cable is Cable.OUT
    running = one.transaction.id if one.transaction is not None else ""
    return Outcome("Accepted", lambda: _start_remotely(station, one, token, remote_start_id), running)


async def _start_remotely(station: Station, one: Evse, token: Token, remote_start_id: int | None) -> None:
    info = TokenInfo("Accepted")
    if station.model.flag("AuthorizeRemoteTxRequests"):  # F01.FR.01, .02
        info = await station.decide(token)
    if info.accepted and one.is_startable:
        one.grant(token, info.group, remote=remote_start_id, by_csms=True)
    station.changed()


def remote_stop(station: Station, transaction: str | int) -> Outcome:
    """Stop a transaction as the CSMS asks (F03; 1.6 §5.12)."""
    if not station.registration.accepted:
        return Outcome("Rejected", reason="not accepted yet")  # B02.FR.05
    one = station.transaction(transaction)
    if one is None:
        return Outcome("Rejected", reason="no such transaction")  # F03.FR.08
    return Outcome("Accepted", lambda: one.end_authorization("RemoteStop", "Remote"))


def unlock(station: Station, evse: int, connector: int) -> Outcome:
    """Unlock a connector (F05; 1.6 §5.18).

    Unlocked, UnlockFailed, NotSupported (a tethered cable; 1.6), UnknownConnector or, with a driver on it,
    OngoingAuthorizedTransaction (2.x; in 1.6 the transaction ends with UnlockCommand).
    """
    one = station.evse(evse)
    c = one.connector(connector) if one is not None else None
    if one is None or c is None:
        return Outcome("UnknownConnector")
    busy = one.is_authorized and one.active is c and one.transaction is not None
    if busy and station.version is not V16:
        return Outcome("OngoingAuthorizedTransaction")  # F05.FR.02
    if c.tethered:
        return Outcome("NotSupported" if station.version is V16 else "UnlockFailed")
    if c.lock_fails:
        return Outcome("UnlockFailed")
    if busy:
        return Outcome("Unlocked", lambda: one.end_authorization("UnlockCommand", "UnlockCommand"))
    c.turn_lock("unlock")
    return Outcome("Unlocked")


def set_availability(
    station: Station, operative: bool, evse: int | None = None, connector: int | None = None
) -> Outcome:
    """Allow or forbid a connector, an EVSE or all (G03, G04; 1.6 §5.2): Accepted, Scheduled or Rejected.

    What a transaction is on becomes inoperative when that has ended. The state survives a restart.
    """
    scope = [
        (e, c) for e in station.evses_of(evse) for c in e.connectors if connector is None or c.id == connector
    ]
    if not scope:
        return Outcome("Rejected", reason="no such EVSE or connector")
    busy = not operative and any(e.transaction is not None for e, _ in scope)
    return Outcome("Scheduled" if busy else "Accepted", lambda: _allow(station, operative, scope, evse))


def _allow(station: Station, operative: bool, scope: list[tuple[Evse, Connector]], evse: int | None) -> None:
    if not evse:
        changed = station.operative is not operative
        station.operative = operative
        if changed:
            station.tell_station_status()
    for one, c in scope:
        event = "enabled" if operative else "leave" if one.transaction is not None else "disabled"
        if event == "disabled" and one.is_authorized:
            one.end_authorization("AbnormalCondition", "Other")
        c.availability = follow(AVAILABILITY, c.availability, event)
        station.report(one, c)
    keep_availability(station)
    station.changed()


def settle_availability(station: Station, evse: Evse) -> None:
    """Connectors that waited for the end of the transaction become inoperative (G03.FR.05)."""
    for c in evse.connectors:
        if c.availability is Availability.LEAVING:
            c.availability = follow(AVAILABILITY, c.availability, "disabled")
            station.report(evse, c)
            keep_availability(station)
