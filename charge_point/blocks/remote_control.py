"""Remote control: transactions started and stopped, messages triggered, connectors unlocked by the CSMS (F01-F06)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from charge_point.authorization import Token
from charge_point.parts import existing
from charge_point.smart_charging import is_on
from charge_point.statuses import status, told
from shared.answers import answers
from shared.dispatch import Answer, on
from shared.versions import V2X, V16, V21

if TYPE_CHECKING:
    from charge_point.orders import Outcome
    from charge_point.station import Station

Payload = dict[str, Any]

_EXTENDED = {"FirmwareStatusNotification": "SignedFirmwareStatusNotification"}
"""What ExtendedTriggerMessage calls otherwise than the message is called (white paper §6.16)."""


@on("RemoteStartTransaction", V16)
@answers(
    "status",
    "Rejected while the registration is not Accepted, for a connector that is unknown, in use, unavailable or "
    "faulted, and when none is free; else Accepted, and the start follows (after Authorize, if "
    "AuthorizeRemoteTxRequests). A chargingProfile has to be a TxProfile that could be set, and is that of the "
    "transaction",
    clause="1.6 §4.2, §5.11, §5.16.2",
    state=True,
)
def remote_start_16(station: Station, request: Payload) -> Payload | Answer:
    """Start at the connector named, or at one of our choice."""
    evse = connector = None
    if "connectorId" in request:
        found = station.numbered(request["connectorId"])
        if found is None:
            return status(station.version, "Rejected")
        evse, connector = found[0].id, found[1].id
    unfit = _unfit_profile(station, request.get("connectorId"), request)
    if unfit is not None:
        return unfit
    token = Token(request["idTag"])
    outcome = station.remote_start(token, evse=evse, connector=connector)
    _keep_profile(station, outcome, token, request)
    return told(station, outcome)


def _unfit_profile(station: Station, place: int | None, request: Payload) -> Payload | None:
    """The refusal of a chargingProfile that cannot be followed; without smart charging it is ignored (K05.FR.04)."""
    if "chargingProfile" not in request or not is_on(station):
        return None
    from charge_point.smart_charging.checking import Unfit
    from charge_point.smart_charging.setting import check_remote

    try:
        check_remote(station, place, request["chargingProfile"])
    except Unfit as unfit:
        return status(station.version, "Rejected", unfit.code, str(unfit))  # K05.FR.05
    return None


def _keep_profile(station: Station, outcome: Outcome, token: Token, request: Payload) -> None:
    """The chargingProfile of an accepted remote start becomes that of its transaction (K05.FR.03; 1.6 §5.16.2)."""
    if "chargingProfile" in request and outcome.evse is not None and is_on(station):
        from charge_point.smart_charging.setting import wait_remote

        wait_remote(station, outcome.evse, token, request["chargingProfile"])


@on("RequestStartTransaction", *V2X)
@answers(
    "status, transactionId",
    "Rejected while the registration is not Accepted (B02.FR.05), for an EVSE that is unknown, in use, unavailable "
    "or faulted, when none is free, and for a token of another type than SupportedIdTokenTypes has; else Accepted "
    "with the id of a transaction that was there and waits for a "
    "driver, and the start follows (after Authorize, if AuthorizeRemoteStart and the token is not Central). A "
    "chargingProfile has to be a TxProfile that could be set, and is that of the transaction",
    clause="F01.FR.01, F01.FR.02, F01.FR.12, F01.FR.13, F01.FR.23, F01.FR.24, F01.FR.26, F02.FR.21, "
    "C05.FR.01, K05.FR.02-K05.FR.05",
    state=True,
)
def request_start(station: Station, request: Payload) -> Payload | Answer:
    """Start at the EVSE named, or at one of our choice."""
    if station.version is V21 and station.parts:
        from charge_point.web_payment import WebPayments

        if (web := existing(station, WebPayments)) is not None:  # this is what was waited for (C25.FR.22)
            web.over(request.get("evseId"))
    wire = request["idToken"]
    details = tuple((one["type"], one["additionalIdToken"]) for one in wire.get("additionalInfo", ()))
    token = Token(wire["idToken"], wire["type"], details)
    unfit = _unfit_profile(station, request.get("evseId"), request)
    if unfit is not None:
        return unfit
    outcome = station.remote_start(
        token,
        evse=request.get("evseId"),
        remote_start_id=request["remoteStartId"],
        group=request.get("groupIdToken", {}).get("idToken", ""),
    )
    _keep_profile(station, outcome, token, request)
    answer = told(station, outcome)
    if outcome.transaction:
        payload = answer.payload if isinstance(answer, Answer) else answer
        payload["transactionId"] = outcome.transaction
    return answer


@on("RemoteStopTransaction", V16)
@answers(
    "status",
    "Accepted for a transaction that is running, and StopTransaction follows; else Rejected, as while the "
    "registration is not Accepted",
    clause="1.6 §4.2, §5.12",
    state=True,
)
def stop_16(station: Station, request: Payload) -> Payload | Answer:
    """Stop the transaction with this number."""
    return told(station, station.remote_stop(request["transactionId"]))


@on("RequestStopTransaction", *V2X)
@answers(
    "status",
    "Accepted for a transaction that is running, and its TransactionEvents follow, with the trigger RemoteStop; else "
    "Rejected, as while the registration is not Accepted",
    clause="F03.FR.07, F03.FR.08, B02.FR.05",
    state=True,
)
def stop(station: Station, request: Payload) -> Payload | Answer:
    """Stop the transaction with this id (F03.FR.07, F03.FR.08, B02.FR.05)."""
    return told(station, station.remote_stop(request["transactionId"]))


@on("TriggerMessage", V16)
@answers(
    "status",
    "NotImplemented for a message that the station does not send, Rejected for BootNotification once accepted, for "
    "an unknown connector where that matters, and before the first answer to BootNotification; else Accepted, and "
    "the message follows, while Pending too",
    clause="1.6 §4.2, §5.17; errata 3.35",
    state=True,
)
def trigger_16(station: Station, request: Payload) -> Payload | Answer:
    """Send a message now."""
    outcome = station.trigger(request["requestedMessage"], connector=request.get("connectorId"))
    return told(station, outcome)


@on("ExtendedTriggerMessage", V16)
@answers(
    "status",
    "as TriggerMessage; connector 0 is Rejected",
    clause="SW16 §5.5, §6.16, §6.17",
    state=True,
)
def trigger_extended(station: Station, request: Payload) -> Payload | Answer:
    """Send a message now, in the words of the security extension."""
    if request.get("connectorId") == 0:
        return status(station.version, "Rejected")
    name: str = request["requestedMessage"]
    return told(station, station.trigger(_EXTENDED.get(name, name), connector=request.get("connectorId")))


@on("TriggerMessage", *V2X)
@answers(
    "status",
    "NotImplemented for a message that the station does not send, Rejected for BootNotification once accepted, for "
    "an unknown EVSE or connector where that matters, for TransactionEvent without a transaction, and before the "
    "first answer to BootNotification; else Accepted, and the message follows, while Pending too. A customTrigger that "
    "CustomTriggers has is followed by its DataTransfer",
    clause="F06.FR.03, F06.FR.04, F06.FR.08, F06.FR.11, F06.FR.17-F06.FR.19, B01.FR.08, B02.FR.02",
    state=True,
)
def trigger_2x(station: Station, request: Payload) -> Payload | Answer:
    """Send a message now."""
    if request["requestedMessage"] == "CustomTrigger":
        from charge_point.orders import custom_trigger  # which needs the tellers of this module

        return told(station, custom_trigger(station, request.get("customTrigger", "")))
    place = request.get("evse", {})
    outcome = station.trigger(request["requestedMessage"], place.get("id"), place.get("connectorId"))
    return told(station, outcome)


@on("UnlockConnector", V16)
@answers(
    "status",
    "NotSupported for an unknown connector or a fixed cable, UnlockFailed when the lock does not open; else Unlocked, "
    "and a transaction ends with UnlockCommand",
    clause="1.6 §5.18; errata 3.87",
    state=True,
)
def unlock_16(station: Station, request: Payload) -> Payload | Answer:
    """Open the lock of a connector."""
    found = station.numbered(request["connectorId"])
    if found is None:
        return status(station.version, "NotSupported")
    return told(station, station.unlock(found[0].id, found[1].id))


@on("UnlockConnector", *V2X)
@answers(
    "status",
    "UnknownConnector, OngoingAuthorizedTransaction, UnlockFailed (a fixed cable, or a lock that does not open), else "
    "Unlocked, with a cable or without; a transaction that nobody was authorized for tells UnlockCommand",
    clause="F05.FR.02-F05.FR.06, E02.FR.17",
    state=True,
)
def unlock_2x(station: Station, request: Payload) -> Payload | Answer:
    """Open the lock of a connector."""
    return told(station, station.unlock(request["evseId"], request["connectorId"]))
