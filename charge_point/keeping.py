"""What a station keeps on disk besides the messages it owes: availability, the local list, transactions under way."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from charge_point.authorization import Entry, Token, TokenInfo
from charge_point.connector import Authorization, Availability, Cable, Energy
from charge_point.ev import Ev
from charge_point.parts import restore_parts
from charge_point.store import together
from charge_point.transaction import Phase, Transaction

if TYPE_CHECKING:
    from charge_point.evse import Evse
    from charge_point.station import Station
    from charge_point.transaction import Event


def keep_availability(station: Station) -> None:
    """What the CSMS has set Inoperative (G03.FR.08)."""
    if station.store is not None:
        station.store.keep(station.id, "closed", [list(place) for place in station.closed] or None)


def keep_local_list(station: Station) -> None:
    """The local authorization list and its version (D01.FR.10)."""
    if station.store is not None:
        own = station.authorizer
        kept = {
            "version": own.version,
            "listed": {key: list(info) for key, info in (own.listed or {}).items()},
        }
        station.store.keep(station.id, "local list", kept)


def keep_cache(station: Station) -> None:
    """The authorization cache (C10.FR.02)."""
    if station.store is not None:
        cache = station.authorizer.cache or {}
        station.store.keep(
            station.id, "cache", {key: [list(info), *rest] for key, (info, *rest) in cache.items()} or None
        )


def keep_variables(station: Station) -> None:
    """What was changed in the device model. Passwords are among it in clear (1.6 A01.FR.10)."""
    if station.store is not None:
        station.store.keep(station.id, "variables", station.model.changes() or None)


def keep_message(station: Station, event: Event, spelled: tuple[str, dict[str, Any]] | None) -> None:
    """The message of `event`, where it has one, is owed, together with what the transaction is after it."""
    with together(station.store):  # one without the other would leave a gap in the numbers, or a number twice
        if spelled is not None:
            station.outbox.add(*spelled, event.transaction.id)
        keep_transaction(station, event)


def keep_transaction(station: Station, event: Event) -> None:
    """What is needed to end the transaction after the process was killed."""
    if station.store is None:
        return
    evse = next((e for e in station.evses if e.transaction is event.transaction), None)
    if evse is not None:
        name = f"transaction {evse.id}"
        kept = None if event.sort == "Ended" else as_kept(evse, event.transaction)
        station.store.keep(station.id, name, kept)
        station.store.keep(station.id, f"register {evse.id}", evse.meter.energy)
        if evse.meter.exported:
            station.store.keep(station.id, f"exported {evse.id}", evse.meter.exported)


def restore(station: Station) -> None:
    """Take up what an earlier process kept on disk."""
    if station.store is None or not station.store.exists:
        return
    from charge_point.operating import is_closed
    from charge_point.resuming import go_on  # it goes on (E17), or ends as the register last was

    kept = station.store.kept(station.id)
    station.outbox.restore()
    station.closed = tuple((evse, connector) for evse, connector in kept.get("closed", ()))
    station.operative = (0, 0) not in station.closed
    for one in station.evses:
        for c in one.connectors:
            if is_closed(station, one.id, c.id):
                c.availability = Availability.INOPERATIVE
    if "local list" in kept:
        own, listed = station.authorizer, kept["local list"]["listed"]
        own.version = kept["local list"]["version"]
        own.listed = {key: _info(info) for key, info in listed.items()} or None
    if "cache" in kept:
        cache = kept["cache"].items()
        station.authorizer.cache = {key: Entry(_info(info), *rest) for key, (info, *rest) in cache} or None
    station.model.restore(kept.get("variables", {}))
    for one in station.evses:
        one.meter.start(kept.get(f"register {one.id}", one.meter.energy))
        one.meter.exported = kept.get(f"exported {one.id}", 0.0)
    under_way = {one: kept[name] for one in station.evses if kept.get(name := f"transaction {one.id}")}
    for one, before in under_way.items():
        take_up(one, before)
    restore_parts(station, kept)  # what they know of a transaction is told with its next message
    for one, before in under_way.items():
        go_on(one, Energy[before.get("energy", "OFF")], _outage(station, before))


def _info(kept: list[Any]) -> TokenInfo:
    status, group, expires, *more = kept
    return TokenInfo(status, group, expires, tuple(more[0]) if more else ())


def as_kept(evse: Evse, transaction: Transaction) -> dict[str, Any]:
    """What ends `transaction` after the process was killed."""
    token = transaction.starter
    return {
        "id": transaction.id,
        "time": transaction.time,
        "meter_start": transaction.meter_start,
        "seq": transaction.seq,
        "connector": transaction.connector,
        "token": None if token is None else [token.id, token.type],
        "group": transaction.group,
        "limits": transaction.limits,
        "allowance": transaction.allowance,
        "seen": evse.station.clock.time(),
        "energy": evse.energy.name,
        "plugged": evse.active.cable is Cable.BOTH_ENDS,
        "authorized": evse.is_authorized,
    }


def take_up(evse: Evse, kept: dict[str, Any]) -> None:
    """The transaction that an earlier process left unfinished, with its car and driver if they may still be there."""
    transaction = Transaction(kept["id"], kept["time"], kept["meter_start"])
    transaction.phase = Phase.ONGOING
    transaction.seq = kept["seq"]
    transaction.connector = kept["connector"]
    transaction.owed_evse = transaction.owed_begin = False
    transaction.starter = Token(*kept["token"]) if kept["token"] else None
    transaction.group, transaction.limits = kept.get("group", ""), kept.get("limits")
    transaction.allowance = kept.get("allowance")
    evse.transaction = transaction
    from charge_point.resuming import timeout

    if 0 <= _outage(evse.station, kept) <= timeout(evse.station):  # nobody has seen the car leave
        c = next((c for c in evse.connectors if c.number == transaction.connector), evse.active)
        evse.active, c.cable = c, Cable.BOTH_ENDS if kept["plugged"] else Cable.OUT
        evse.ev = Ev(evse.station.setup.ev) if kept["plugged"] else None
        evse.authorization = Authorization.GRANTED if kept["authorized"] else Authorization.NONE
        evse.token, evse.group = transaction.starter, transaction.group


def _outage(station: Station, kept: dict[str, Any]) -> float:
    """Seconds since the transaction was seen last."""
    seen: float = kept.get("seen", 0.0)
    return station.clock.time() - seen
