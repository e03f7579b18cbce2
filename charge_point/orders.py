"""What the CSMS can ask of a station, whatever the version: each gives a truthful `Outcome`."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from charge_point import blocks, tellers
from charge_point.authorization import Token, TokenInfo, same_group, unsupported
from charge_point.connector import Availability, Cable, Health
from charge_point.hands import candidate, master_group
from charge_point.parts import refusal
from shared.versions import V16

if TYPE_CHECKING:
    from charge_point.evse import Evse
    from charge_point.station import Station

Then = Callable[[], Any]


_OF_AN_EVSE = frozenset({"MeterValues", "StatusNotification", "TransactionEvent"})
"""The messages for which it matters which EVSE or connector is meant; for others it is ignored (F06.FR.03)."""


class Outcome(NamedTuple):
    """What a request of the CSMS comes to; `then` is to be called after the answer has left.

    `transaction` is the 2.x id of the one that was there already, `evse` where a remote start begins. A
    refusal has its `reason` in words and its `code`, one of 2.x's reason codes (part 2 appendix, chapter 5).
    """

    status: str
    then: Then | None = None
    transaction: str = ""
    reason: str = ""
    code: str = ""
    evse: Evse | None = None


_V2G, _V2G_SWITCH = (
    ("SignV2GCertificate", "SignV2G20Certificate", "SignCombinedCertificate"),
    "ISO15118Ctrlr.V2GCertificateInstallationEnabled",
)


def trigger(station: Station, message: str, evse: int | None = None, connector: int | None = None) -> Outcome:
    """Tell `message` as TriggerMessage asks: Accepted, Rejected or NotImplemented; `then` tells it (F06).

    In 1.6 `connector` is the connectorId and `evse` is not used.
    """
    teller = tellers.table(station.version, blocks.MODULES).get(message)
    if teller is None:
        return Outcome("NotImplemented")  # F06.FR.08, .19
    registration = station.registration
    if message in _V2G and not station.model.has(_V2G_SWITCH):
        return Outcome("NotImplemented")  # it speaks no ISO 15118
    if message in _V2G and not station.model.flag(_V2G_SWITCH):
        return Outcome("Rejected", reason="V2GCertificateInstallationEnabled is false", code="NotEnabled")
    if message == "BootNotification":
        if registration.accepted:  # F06.FR.17; 1.6 errata 3.35
            return Outcome("Rejected", reason="it was accepted already", code="InvalidMessageSeq")
    elif not registration.status:  # B01.FR.08: nothing before the first answer
        return Outcome("Rejected", reason="BootNotification was not answered yet", code="CSNotAccepted")
    if message in _OF_AN_EVSE:
        if station.version is V16:
            unknown = _unknown_number(station, connector)
        else:
            unknown = unknown_place(station, evse or None, connector)
        if unknown is not None:
            return unknown
    if message == "TransactionEvent" and not any(e.transaction for e in station.evses_of(evse)):
        return Outcome("Rejected", reason="no transaction is running", code="TxNotFound")
    return Outcome("Accepted", lambda: teller(station, evse, connector))


def custom_trigger(station: Station, name: str) -> Outcome:
    """Tell what a trigger of the vendor's own stands for (2.1 F06.FR.18, .19)."""
    from charge_point import custom_triggers  # few CSMSs ask

    variable = "CustomizationCtrlr.CustomTriggers"
    if not station.model.has(variable) or name not in station.model.members(variable):
        return Outcome("NotImplemented")
    if not station.registration.status:
        return _NOT_YET
    return Outcome("Accepted", lambda: custom_triggers.tell(station, name))


def unknown_place(station: Station, evse: int | None, connector: int | None) -> Outcome | None:
    """The refusal of an EVSE, or a connector of it, that is not there."""
    if evse is None:
        return None
    one = station.evse(evse)
    if one is None:
        return Outcome("Rejected", reason=f"there is no EVSE {evse}", code="UnknownEvse")
    if connector is not None and one.connector(connector) is None:
        words = f"EVSE {evse} has no connector {connector}"
        return Outcome("Rejected", reason=words, code="UnknownConnectorId")
    return None


def _unknown_number(station: Station, connector: int | None) -> Outcome | None:
    """The refusal of a 1.6 connectorId that is not there; 0 is the station."""
    if not connector or station.numbered(connector) is not None:
        return None
    return Outcome("Rejected", reason=f"there is no connector {connector}")


def remote_start(
    station: Station,
    token: Token,
    *,
    evse: int | None = None,
    connector: int | None = None,
    remote_start_id: int | None = None,
    group: str = "",
) -> Outcome:
    """Start as the CSMS asks (F01, F02; 1.6 §5.11): Accepted, with what is to follow, or Rejected.

    `connector` counts within the EVSE and is what 1.6 names; 2.x leaves it to the driver. `group` is what the
    CSMS says of the token's.
    """
    if not station.registration.accepted:
        return _NOT_YET  # B02.FR.05; 1.6 §4.2
    if wrong := unsupported(station, token):
        return Outcome("Rejected", reason=wrong, code="InvalidIdToken")
    if evse is not None and station.evse(evse) is None:
        return Outcome("Rejected", reason=f"there is no EVSE {evse}", code="UnknownEvse")
    if evse is not None and connector is not None:
        _turn_to(station.evses[int(evse) - 1], connector)
    known = _group(station, token, group)
    one = candidate(station, evse, token, known)
    if one is None or (connector is not None and one.active.id != connector):
        return _not_startable(station, evse)
    one.floating = evse is None and len(station.evses) > 1 and one.active.cable is Cable.OUT
    running = one.transaction.id if one.transaction is not None else ""  # F01.FR.13
    return Outcome(
        "Accepted", lambda: _start_remotely(station, one, token, remote_start_id, known), running, evse=one
    )


_NOT_YET = Outcome("Rejected", reason="the registration is not accepted", code="CSNotAccepted")


def _group(station: Station, token: Token, said: str) -> str | None:
    """The group of `token`: as the CSMS says, or as list or cache have it; else 1.6 asks for it first (§5.13), and in
    2.x it has none (F01.FR.22)."""
    known = station.authorizer.known(token, station.model, station.clock.time())
    if said or known is not None:
        return said or (known.group if known is not None else "")
    return None if station.version is V16 else ""


def _turn_to(one: Evse, connector: int) -> None:
    """Let the session of an idle EVSE be at `connector`, unless another one is plugged in already."""
    chosen = one.connector(connector)
    idle = one.transaction is None and not one.is_authorized and one.active.cable is Cable.OUT
    usable = chosen is not None and chosen.availability is Availability.OPERATIVE
    if chosen is not None and idle and usable and chosen.health is Health.SOUND:
        one.use(chosen)


def _not_startable(station: Station, evse: int | None) -> Outcome:
    """Why no session can begin (F01.FR.23, .24)."""
    if any(e.is_authorized for e in station.evses_of(evse)):
        return Outcome("Rejected", reason="it is in use already", code="TxInProgress")
    if candidate(station, evse) is not None:  # F01.FR.21, .22; 1.6 §5.13
        return Outcome("Rejected", reason="it is reserved for somebody else", code="Unspecified")
    return Outcome("Rejected", reason="it is unavailable or faulted", code="Unspecified")


async def _start_remotely(
    station: Station, one: Evse, token: Token, remote_start_id: int | None, group: str | None
) -> None:
    info = TokenInfo("Accepted", group or "")
    asks = station.model.flag("AuthorizeRemoteTxRequests")  # F01.FR.01, .02; 1.6 §5.11
    asks = asks or bool(refusal(station, one, token, group or ""))  # the group decides: 1.6 §5.13
    if asks and token.type != "Central":  # C05.FR.01
        info = await station.decide(token)
    why = refusal(station, one, token, info.group or group or "")
    if not info.accepted:
        why = f"it is {info.status}"
    elif not info.is_good_at(one.id):
        why = f"it is not good at EVSE {one.id}"  # C01.FR.21
    elif same_group(info.group, master_group(station)):
        why = "a master pass starts nothing"  # C12.FR.09, C16.FR.03
    if why:
        station.note("not_started", f"{token.shown}: {why}")
    elif one.is_startable:
        one.grant(token, info.group or group or "", remote=remote_start_id, by_csms=True)
    station.changed()


def remote_stop(station: Station, transaction: str | int) -> Outcome:
    """Stop a transaction as the CSMS asks (F03; 1.6 §5.12)."""
    if not station.registration.accepted:
        return _NOT_YET  # B02.FR.05; 1.6 §4.2
    one = station.transaction(transaction)
    if one is None:
        return Outcome("Rejected", reason="there is no such transaction", code="TxNotFound")  # F03.FR.08
    return Outcome("Accepted", lambda: one.end_authorization("RemoteStop", "Remote"))


def unlock(station: Station, evse: int, connector: int) -> Outcome:
    """Unlock a connector (F05; 1.6 §5.18).

    Unlocked, UnlockFailed, NotSupported (a tethered cable; 1.6), UnknownConnector or, with a driver on it,
    OngoingAuthorizedTransaction (2.x; in 1.6 the transaction ends with UnlockCommand).
    """
    one = station.evse(evse)
    c = one.connector(connector) if one is not None else None
    if one is None or c is None:
        code = "UnknownEvse" if one is None else "UnknownConnectorId"
        return Outcome("UnknownConnector", reason="there is no such connector", code=code)  # F05.FR.03
    busy = one.is_authorized and one.active is c and one.transaction is not None
    if busy and station.version is not V16:
        return Outcome("OngoingAuthorizedTransaction", code="TxInProgress")  # F05.FR.02
    if c.tethered:
        failed = "NotSupported" if station.version is V16 else "UnlockFailed"
        return Outcome(failed, reason="the cable is fixed", code="FixedCable")
    if c.lock_fails:
        return Outcome("UnlockFailed", reason="the lock does not open", code="InternalError")  # F05.FR.05
    if busy:
        return Outcome("Unlocked", lambda: one.end_authorization("UnlockCommand", "UnlockCommand"))
    c.turn_lock("unlock")
    if one.transaction is not None and one.active is c and station.version is not V16:
        return Outcome("Unlocked", lambda: one.tell("UnlockCommand"))  # E02.FR.17; nobody is authorized
    return Outcome("Unlocked")
