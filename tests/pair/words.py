"""The plan's facts in the words of each version, so that one test reads the same on all three."""

from __future__ import annotations

from typing import Any

from shared.versions import V16, V21, Version
from tests.pair.conversation import ANY, Fields, Said, asked, said

VENDOR, MODEL, IDENTITY = "Keba AG", "KC-P30-ESS400C2-E0R", "CS-KEBA-OCPP2-00001"


def booted(version: Version, status: str, reason: str = "", **answer: Any) -> Said:
    """BootNotification with the vendor and model of the plan; 1.6 gives no reason."""
    request: dict[str, Any] = (
        {"chargePointVendor": VENDOR, "chargePointModel": MODEL}
        if version is V16
        else {"chargingStation.vendorName": VENDOR, "chargingStation.model": MODEL}
    )
    if reason and version is not V16:
        request["reason"] = reason
    return said("BootNotification", request, {"status": status, "currentTime": ANY, **answer})


def status(version: Version, word: str, connector: int = 1) -> Said:
    """The station reports a connector: StatusNotification, or NotifyEvent on 2.1."""
    if version is V16:
        return said("StatusNotification", {"connectorId": connector, "status": word})
    if version is V21:
        return said(
            "NotifyEvent",
            {
                "eventData.0.component.name": "Connector",
                "eventData.0.component.evse.id": connector,
                "eventData.0.variable.name": "AvailabilityState",
                "eventData.0.actualValue": word,
            },
        )
    return said("StatusNotification", {"evseId": connector, "connectorStatus": word})


def status_payload(version: Version, word: str, at: str) -> dict[str, Any]:
    """A StatusNotification of connector 1 to be sent raw."""
    if version is V16:
        error = "OtherError" if word == "Faulted" else "NoError"
        return {"connectorId": 1, "errorCode": error, "status": word, "timestamp": at}
    return {"timestamp": at, "connectorStatus": word, "evseId": 1, "connectorId": 1}


def token(version: Version, text: str) -> dict[str, Any]:
    """A token as members of a request."""
    return {"idTag": text} if version is V16 else {"idToken": {"idToken": text, "type": "ISO14443"}}


def token_fields(version: Version, text: str) -> Fields:
    """The same as what is wanted of one."""
    return {"idTag": text} if version is V16 else {"idToken.idToken": text}


def token_status(version: Version, word: str) -> Fields:
    """The answer about a token."""
    return {"idTagInfo.status" if version is V16 else "idTokenInfo.status": word}


def authorized(version: Version, text: str, word: str) -> Said:
    """The station asked about a token."""
    return said("Authorize", token_fields(version, text), token_status(version, word))


def started(version: Version, fields: Fields | None = None, answer: Fields | None = None) -> Said:
    """A transaction began. `fields` are members of a TransactionEvent, of which 1.6 knows none."""
    if version is V16:
        return said("StartTransaction", {"connectorId": 1, "meterStart": ANY}, {"transactionId": ANY})
    request = {"eventType": "Started", "seqNo": 0, "transactionInfo.transactionId": ANY}
    return said("TransactionEvent", request | dict(fields or {}), answer)


def metered(version: Version, fields: Fields | None = None, answer: Fields | None = None) -> Said:
    """Periodic meter values of a transaction."""
    if version is V16:
        return said("MeterValues", {"connectorId": 1, "transactionId": ANY, "meterValue": ANY})
    request = {"eventType": "Updated", "triggerReason": "MeterValuePeriodic", "meterValue": ANY}
    return said("TransactionEvent", request | dict(fields or {}), answer)


def ended(version: Version, reason: str, fields: Fields | None = None, answer: Fields | None = None) -> Said:
    """A transaction ended for `reason`; 1.6 may leave Local out."""
    if version is V16:
        request = {} if reason == "Local" else {"reason": reason}
        return said("StopTransaction", {"transactionId": ANY, "meterStop": ANY, **request})
    request = {"eventType": "Ended", "transactionInfo.stoppedReason": reason}
    return said("TransactionEvent", request | dict(fields or {}), answer)


def remote_start(version: Version, word: str, text: str = "test_token") -> Said:
    """The CSMS asks for a transaction on EVSE (1.6: connector) 1."""
    if version is V16:
        return asked("RemoteStartTransaction", {"connectorId": 1, "idTag": text}, {"status": word})
    fields = {"evseId": 1, "idToken.idToken": text, "remoteStartId": ANY}
    return asked("RequestStartTransaction", fields, {"status": word})


def remote_stop(version: Version, word: str, transaction: object = ANY) -> Said:
    """The CSMS asks for the end of one."""
    action = "RemoteStopTransaction" if version is V16 else "RequestStopTransaction"
    return asked(action, {"transactionId": transaction}, {"status": word})


START, STOP = "RequestStartTransaction", "RequestStopTransaction"
"""Both are translated for 1.6 by the CSMS."""


def fallback(version: Version) -> int | str:
    """The transaction id of a command when none is open."""
    return 1 if version is V16 else "test_transaction_123"
