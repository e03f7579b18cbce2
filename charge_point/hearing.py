"""What the CSMS answers to the messages of a transaction, and what follows from it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from charge_point import screen
from charge_point.authorization import Token, TokenInfo, info_of
from charge_point.blocks.availability import station_status_16, status_notification_16
from charge_point.keeping import keep_cache
from charge_point.parts import cost_changed, existing, tell_parts
from shared.versions import V16, V21

if TYPE_CHECKING:
    from charge_point.evse import Evse
    from charge_point.outbox import Owed
    from charge_point.station import Station

Payload = dict[str, Any]


def delivered(station: Station, owed: Owed, answer: Payload, broken: str = "") -> None:
    """A transaction message was answered (`broken`: with something that cannot be read)."""
    if owed.action == "StartTransaction":
        number = answer.get("transactionId")
        station.outbox.number(owed.transaction, number if isinstance(number, int) else -1)
    elif owed.action == "StopTransaction":
        station.outbox.forget(owed.transaction)
    wire = answer.get("idTokenInfo") or answer.get("idTagInfo")
    evse = next(
        (e for e in station.evses if e.transaction and e.transaction.id == owed.transaction),
        None,
    )
    cost = answer.get("totalCost")
    if (
        evse is not None
        and evse.transaction is not None
        and isinstance(cost, int | float)
        and not _reckons(evse)
    ):
        evse.transaction.cost = float(cost)
        cost_changed(evse)  # E16.FR.15
    if cost is not None or "updatedPersonalMessage" in answer:
        screen.heard(station, owed, answer)
    if wire:
        _heard_of(station, owed, info_of(wire), evse)
        if len(wire) > 1 and "idToken" in owed.payload:
            said = owed.payload["idToken"]
            screen.heard_of(station, Token(said["idToken"], said["type"]), wire)
    limit = answer.get("transactionLimit")
    if evse is not None and isinstance(limit, dict) and station.version is V21:
        from charge_point.transaction_limits import TransactionLimits  # most CSMSs never set one

        station.part(TransactionLimits).heard(evse, limit)
    tell_parts(station, lambda part: part.answered(owed, answer))
    station.changed()


def _reckons(evse: Evse) -> bool:
    """Whether the station knows the cost itself (2.1 I12)."""
    if evse.station.version is not V21 or not evse.station.parts:
        return False
    from charge_point.tariffs import Tariffs

    tariffs = existing(evse.station, Tariffs)
    return tariffs is not None and evse.id in tariffs.running


def _heard_of(station: Station, owed: Owed, info: TokenInfo, evse: Evse | None) -> None:
    """What the CSMS says of the token in a transaction message (C10.FR.05, E05; 1.6 §3.5.4)."""
    said = owed.payload.get("idToken")
    id = said["idToken"] if said else owed.payload.get("idTag", "")
    if id:
        token = Token(id, said["type"]) if said else Token(id)
        _compare(station, token, info)
        station.authorizer.learn(token, info, station.model, station.clock.time())
        keep_cache(station)
    if evse is None or evse.transaction is None or evse.token is None or evse.token.id != id:
        return
    if info.accepted:
        evse.group = evse.group or info.group
        evse.transaction.group = evse.group
    elif owed.action != "StopTransaction" and owed.payload.get("eventType") != "Ended":
        evse.deny()


def _compare(station: Station, token: Token, info: TokenInfo) -> None:
    """In 1.6 the CSMS is told when it contradicts its own local list (§3.5.2)."""
    own = station.authorizer
    listed = (own.listed or {}).get(token.key) if station.model.flag("LocalAuthListEnabled") else None
    if station.version is V16 and listed is not None and listed.accepted is not info.accepted:
        at = station.clock.now()
        conflict = status_notification_16(0, station_status_16(station), "NoError", "", at)
        station.say("StatusNotification", conflict | {"errorCode": "LocalListConflict"})
