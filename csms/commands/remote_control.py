"""Starting, stopping, unlocking and triggering from afar."""

from __future__ import annotations

from csms.commands.defaults import (
    TOKEN,
    chosen,
    connector_16,
    evse_2x,
    evse_type,
    flags,
    id_token,
    only,
    present,
    spelled,
    two,
    upstream,
)
from csms.commands.defaults import transaction as transaction_of
from csms.commands.profile import charging_profile
from csms.commands.registry import Payload, Sent, Session, command
from csms.payments import remember_limit
from shared.versions import V2X, V16, V21


@command("RequestStartTransaction", "RemoteStartTransaction", also=("remote_start",))
def start_transaction(
    to: Session,
    *,
    token: str | None = None,
    evse: int | None = None,
    connector: int | None = None,
    token_type: str | None = None,
    group: str | None = None,
    limit: float | None = None,
    unit: str | None = None,
    request: int | None = None,
    max_cost: float | None = None,
    max_energy: float | None = None,
    max_time: int | None = None,
    max_soc: int | None = None,
) -> Sent:
    """Have the station start a transaction for a token.

    token: default test_token. token_type: default Central (2.x). evse, connector: where, default EVSE 1
    (1.6: `--connector-id`). group: its group token (2.x). limit: a TxProfile with that limit comes along, unit
    A (default) or W. request: the remoteStartId, else made up (2.x). max_cost (of the tariff's currency), max_energy
    (Wh), max_time (s), max_soc (percent): the limits that the answer to its first TransactionEvent sets (2.1).
    """
    profile = (
        None if limit is None and unit is None else charging_profile(to, "TxProfile", limit=limit, unit=unit)
    )
    limits = present(maxCost=max_cost, maxEnergy=max_energy, maxTime=max_time, maxSoC=max_soc)
    if limits:
        only(to, (V21,), max_cost=max_cost, max_energy=max_energy, max_time=max_time, max_soc=max_soc)
    if to.version is V16:
        only(to, V2X, group=group, token_type=token_type, request=request)
        return {
            "idTag": chosen(token, TOKEN),
            "connectorId": connector_16(to, evse, connector),
        } | present(chargingProfile=profile)
    id = to.new_request_id() if request is None else request
    if limits:
        remember_limit(to.station, id, limits)
    return {
        "idToken": id_token(to, token, token_type),
        "remoteStartId": id,
        "evseId": evse_2x(evse, connector),
    } | present(groupIdToken=None if group is None else id_token(to, group, None), chargingProfile=profile)


@command("RequestStopTransaction", "RemoteStopTransaction", also=("remote_stop",))
def stop_transaction(
    to: Session, *, transaction: str | None = None, evse: int | None = None, connector: int | None = None
) -> Sent:
    """Have the station stop a transaction.

    transaction: its id (default: the station's oldest open one, of the evse or connector if named, else
    test_transaction_123, in 1.6 1).
    """
    return {"transactionId": transaction_of(to, transaction, evse, connector)}


@command("UnlockConnector", also=("unlock",))
def unlock_connector(to: Session, *, evse: int | None = None, connector: int | None = None) -> Sent:
    """Unlock a connector.

    connector, evse: which one; default connector `--connector-id` (2.x: of EVSE 1).
    """
    if to.version is V16:
        return {"connectorId": connector_16(to, evse, connector)}
    return {"evseId": chosen(evse, 1), "connectorId": chosen(connector, _usual_connector(to, evse))}


def _usual_connector(to: Session, evse: int | None) -> int:
    """The connector of a 2.x request that must name one: `--connector-id` is meant for EVSE 1, the usual one."""
    return 1 if evse is not None or upstream(to) else int(flags(to).connector_id)


_EXTENDED_ONLY = ("LogStatusNotification", "SignChargePointCertificate")
"""What 1.6 can trigger with ExtendedTriggerMessage only (security whitepaper §5.5)."""


def _fitting_trigger(to: Session, action: str, payload: Payload, named: list[str]) -> str:
    extended = to.version is V16 and payload.get("requestedMessage") in _EXTENDED_ONLY
    return "ExtendedTriggerMessage" if extended else action


@command("TriggerMessage", also=("trigger",), settle=_fitting_trigger)
def trigger_message(
    to: Session,
    *,
    message: str | None = None,
    evse: int | None = None,
    connector: int | None = None,
    custom: str | None = None,
) -> Sent:
    """Have the station send a message now.

    message: which, default `--trigger-message` (StatusNotification). evse, connector: about which one (default
    `--connector-id` for StatusNotification, which must name one in 2.x: of EVSE 1). custom: the word of
    a CustomTrigger (2.1). In 1.6 LogStatusNotification and SignChargePointCertificate go as ExtendedTriggerMessage.
    """
    return _trigger(to, message, evse, connector, custom)


@command("ExtendedTriggerMessage", elsewhere="trigger_message")
def extended_trigger_message(
    to: Session, *, message: str | None = None, evse: int | None = None, connector: int | None = None
) -> Sent:
    """Have a 1.6 station with the security extension send a message now.

    message: which, default `--trigger-message` (StatusNotification). evse or connector: about which one.
    """
    return _trigger(to, message, evse, connector, None)


def _trigger(
    to: Session, message: str | None, evse: int | None, connector: int | None, custom: str | None
) -> Payload:
    only(to, (V21,), custom=custom)
    default = "CustomTrigger" if custom is not None else flags(to).trigger_message or "StatusNotification"
    wanted = spelled(to, message or default)
    asked = {"requestedMessage": wanted}
    unnamed = evse is None and connector is None
    if not two(to):
        about_one = not unnamed or upstream(to) or wanted in ("StatusNotification", "MeterValues")
        return asked | present(connectorId=connector_16(to, evse, connector) if about_one else None)
    if wanted == "StatusNotification" and not upstream(to):
        # F06.FR.13: the CSMS SHALL set the connector
        evse, connector = chosen(evse, 1), chosen(connector, _usual_connector(to, evse))
    return asked | present(evse=evse_type(evse, connector), customTrigger=custom)
