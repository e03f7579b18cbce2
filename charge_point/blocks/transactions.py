"""What the station tells of its transactions: StartTransaction to StopTransaction, or TransactionEvent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from charge_point.blocks.authorization import id_token
from charge_point.blocks.meter_values import meter_value_2x, meter_value_16
from charge_point.parts import cost_changed
from charge_point.tellers import tells
from shared.answers import NOTHING, answers
from shared.dispatch import on
from shared.versions import V2X, V16

if TYPE_CHECKING:
    from charge_point.station import Station
    from charge_point.transaction import Event

Payload = dict[str, Any]

_REASONS_16 = frozenset(
    "DeAuthorized EmergencyStop EVDisconnected HardReset Local Other PowerLoss Reboot Remote SoftReset"
    " UnlockCommand".split()
)


_AS_16 = {"ImmediateReset": "HardReset"}
_AS_2X = {"HardReset": "ImmediateReset", "SoftReset": "ImmediateReset", "UnlockCommand": "Other"}


def reason_16(reason: str) -> str:
    """The 1.6 Reason (§7.36) for a reason of any version."""
    reason = _AS_16.get(reason, reason)
    return reason if reason in _REASONS_16 else "Other"


def reason_2x(reason: str) -> str:
    """The 2.x ReasonEnumType for a reason of any version."""
    return _AS_2X.get(reason, reason)


def spell_event(station: Station, event: Event) -> tuple[str, Payload] | None:
    """The action and payload of `event` on the station's version; None when the version has nothing to say of it."""
    return (
        event_16(event, station.clock.text) if station.version is V16 else event_2x(event, station.clock.text)
    )


def event_16(event: Event, text: Any) -> tuple[str, Payload] | None:
    """Started, Ended and what was metered between (1.6 §6.45, §6.49, §6.31). Other updates have no message.

    The transactionId is filled in when the message leaves, because the CSMS gives it.
    """
    transaction = event.transaction
    if event.sort == "Started":
        return "StartTransaction", start_16(event, text(event.time))
    if event.sort == "Ended":
        return "StopTransaction", stop_16(event, text(event.time))
    if not event.samples:
        return None
    values = [meter_value_16(sample, text) for sample in event.samples]
    return "MeterValues", {"connectorId": transaction.connector, "meterValue": values}


def start_16(event: Event, at: str) -> Payload:
    """StartTransaction."""
    token = event.token or event.transaction.starter
    payload: Payload = {
        "connectorId": event.transaction.connector,
        "idTag": token.id if token else "",
        "meterStart": round(event.meter),
        "timestamp": at,
    }
    if event.reservation is not None:
        payload["reservationId"] = event.reservation
    return payload


def stop_16(event: Event, at: str) -> Payload:
    """StopTransaction, without its transactionId."""
    payload: Payload = {"meterStop": round(event.meter), "timestamp": at}
    if event.token is not None:
        payload["idTag"] = event.token.id
    if event.reason:
        payload["reason"] = reason_16(event.reason)
    if event.samples:
        from shared.clock import text

        payload["transactionData"] = [meter_value_16(sample, text) for sample in event.samples]
    return payload


def event_2x(event: Event, text: Any) -> tuple[str, Payload]:
    """TransactionEvent (2.x E01-E12)."""
    transaction = event.transaction
    about: Payload = {"transactionId": transaction.id, "chargingState": event.charging_state}
    payload: Payload = {
        "eventType": event.sort,
        "timestamp": text(event.time),
        "triggerReason": event.trigger,
        "seqNo": event.number,
        "transactionInfo": about,
    }
    if event.offline:
        payload["offline"] = True
    if event.reason:
        about["stoppedReason"] = reason_2x(event.reason)
    if event.limit:
        about["transactionLimit"] = event.limit
    for name, value in (event.more or {}).items():
        (about if name == "tariffId" else payload)[name] = value
    if event.remote_start_id is not None:
        about["remoteStartId"] = event.remote_start_id
    if event.reservation is not None:
        payload["reservationId"] = event.reservation
    if event.mode:
        about["operationMode"] = event.mode  # K01.FR.110
    if event.phases is not None:
        payload["numberOfPhasesUsed"] = event.phases
    if event.token is not None:
        payload["idToken"] = id_token(event.token)
    if event.evse:
        payload["evse"] = {"id": event.evse} | ({"connectorId": event.connector} if event.connector else {})
    if event.samples:
        payload["meterValue"] = [meter_value_2x(sample, text) for sample in event.samples]
    return "TransactionEvent", payload


@tells("TransactionEvent", *V2X)
def tell_transactions(station: Station, evse: int | None, connector: int | None) -> None:
    """The running transactions, with the measurands of Updated events and context Trigger (F06.FR.07)."""
    names = station.model.members("SampledDataCtrlr.TxUpdatedMeasurands")
    for one in station.evses_of(evse):
        if one.transaction is not None:
            taken = one.read("Trigger", names)
            one.transaction.owed_evse = True  # of which EVSE it is, has to be seen (TC_F_14_CS)
            one.tell("Trigger", samples=(taken,) if taken.values else ())


@on("GetTransactionStatus", *V2X)
@answers(
    "ongoingIndicator, messagesInQueue",
    "whether the transaction runs, and whether a message of it is still to be delivered; of one that never was both "
    "false; without transactionId only whether any message is still to be delivered",
    clause="E14.FR.01-E14.FR.08",
    state=True,
)
def get_transaction_status(station: Station, request: Payload) -> Payload:
    """What is still to be expected of a transaction."""
    if "transactionId" not in request:
        return {"messagesInQueue": len(station.outbox) > 0}
    id = request["transactionId"]
    runs = any(one.transaction is not None and one.transaction.id == id for one in station.evses)
    return {"ongoingIndicator": runs, "messagesInQueue": station.outbox.owes(id)}


@on("CostUpdated", *V2X)
@answers(
    NOTHING,
    "the transaction's cost is what is said, to be shown to its driver; of a transaction that does not run only the "
    "journal takes note",
    clause="I02.FR.02",
)
def cost_updated(station: Station, request: Payload) -> Payload:
    """The running cost of a transaction."""
    for one in station.evses:
        if one.transaction is not None and one.transaction.id == request["transactionId"]:
            one.transaction.cost = float(request["totalCost"])
            cost_changed(one)  # E16.FR.15
            station.changed()
            return {}
    station.note("unknown_transaction", f"CostUpdated for {request['transactionId']}, which does not run")
    return {}
