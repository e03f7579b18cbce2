"""The trade's events, in one table for all versions, and their uniform members.

A fact is read off a message of the station: `tx.started` is StartTransaction in 1.6 and TransactionEvent with
eventType Started in 2.x. Members are computed when asked for, since some stand in the answer (1.6: the transaction's
id), and some in an earlier message of the same transaction (2.x tells the EVSE and the token once only).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from shared.clock import parse
from shared.scenario.talk import CHARGE_POINT, Message, Talk
from shared.versions import V16, Version

PENDING = object()
"""The member stands in an answer that has not come."""

NOTHING = object()
"""There is no such member."""

ALIASES = {"status": "plug"}
"""Another name of a fact -> the fact: what a station says of a plug, by StatusNotification or AvailabilityState."""

MEMBER_ALIASES = {"id": "tx"}
"""Another name of a member -> the member, in the facts that list both."""

_TX = (
    "tx",
    "id",
    "token",
    "evse",
    "connector",
    "time",
    "meter",
    "offline",
    "reason",
    "trigger",
    "seq",
    "state",
    "status",
    "token_status",
)
FACTS: dict[str, tuple[str, ...]] = {
    "booted": ("status", "interval", "vendor", "model", "serial", "firmware", "reason", "time"),
    "heartbeat": ("time",),
    "authorize": ("token", "status", "token_status"),
    "plug": ("evse", "connector", "state", "status", "error", "time"),
    "power": ("evse", "connector", "state", "tx", "time"),
    "tx.started": _TX,
    "tx.updated": _TX,
    "tx.authorized": _TX,
    "tx.ended": _TX,
    "meter": ("tx", "evse", "connector", "meter", "time", "context", "offline"),
    "report": ("request", "seq", "more"),
    "firmware": ("status", "request"),
    "upload": ("status", "request"),
}
FACTS |= {alias: FACTS[fact] for alias, fact in ALIASES.items()}
"""Fact -> its members. `meter` is Wh, `time` a timestamp, `state` of a plug available, occupied, reserved,
unavailable or faulted, of power charging, suspended_ev, suspended_evse, connected or idle."""

_PLUG = ("available", "occupied", "reserved", "unavailable", "faulted")
_POWER = ("charging", "suspended_ev", "suspended_evse", "connected", "idle")
_STATUSES = (
    "Accepted Blocked ConcurrentTx Expired Invalid NoCredit "
    "NotAllowedTypeEVSE NotAtThisLocation NotAtThisTime Unknown"
)
_FIRMWARE = (
    "DownloadScheduled Downloading DownloadPaused Downloaded DownloadFailed SignatureVerified InvalidSignature "
    "InstallScheduled Installing InstallRebooting Installed InstallVerificationFailed InstallationFailed Idle"
)
_UPLOAD = (
    "Uploading Uploaded UploadFailed UploadFailure BadMessage PermissionDenied NotSupportedOperation "
    "AcceptedCanceled Idle"
)
WORDS_OF: dict[tuple[str, str], tuple[str, ...]] = {
    ("plug", "state"): _PLUG,
    ("power", "state"): _POWER,
    ("booted", "status"): ("Accepted", "Pending", "Rejected"),
    ("authorize", "status"): tuple(_STATUSES.split()),
    ("", "token_status"): tuple(_STATUSES.split()),
    ("firmware", "status"): tuple(_FIRMWARE.split()),
    ("upload", "status"): tuple(_UPLOAD.split()),
}
WORDS_OF |= {(a, m): words for a, of in ALIASES.items() for (f, m), words in WORDS_OF.items() if f == of}
"""The words that a member can be, by fact and member."""

_OCCUPIED = {"Preparing", "Charging", "SuspendedEV", "SuspendedEVSE", "Finishing"}
_POWER_OF = {
    "Charging": "charging",
    "SuspendedEV": "suspended_ev",
    "SuspendedEVSE": "suspended_evse",
    "EVConnected": "connected",
    "Preparing": "connected",
    "Idle": "idle",
    "Available": "idle",
    "Finishing": "idle",
}
_EVENTS = {"Started": "tx.started", "Updated": "tx.updated", "Ended": "tx.ended"}
_REGISTER = "Energy.Active.Import.Register"


def facts_of(message: Message) -> list[str]:
    """What `message` says in the trade's words, the other names of a fact among them."""
    found = _first_names(message)
    return found + [alias for alias, fact in ALIASES.items() if fact in found]


def _first_names(message: Message) -> list[str]:
    if not message.is_call or message.by != CHARGE_POINT or not isinstance(message.payload, dict):
        return []
    action, payload = message.action, message.payload
    if action == "TransactionEvent":
        return _event_facts(payload)
    if action == "StatusNotification":
        return ["plug", "power"] if payload.get("status") in _POWER_OF else ["plug"]
    if action == "NotifyEvent":
        return ["plug"] if _availability(payload) else []
    return _SIMPLE.get(action, [])


_SIMPLE = {
    "BootNotification": ["booted"],
    "Heartbeat": ["heartbeat"],
    "Authorize": ["authorize"],
    "StartTransaction": ["tx.started", "tx.authorized"],
    "StopTransaction": ["tx.ended"],
    "MeterValues": ["meter"],
    "NotifyReport": ["report"],
    "NotifyMonitoringReport": ["report"],
    "FirmwareStatusNotification": ["firmware"],
    "SignedFirmwareStatusNotification": ["firmware"],
    "LogStatusNotification": ["upload"],
    "DiagnosticsStatusNotification": ["upload"],
}


ACTIONS_OF: dict[str, tuple[str, ...]] = {
    name: tuple(action for action, facts in _SIMPLE.items() if fact in facts)
    + (("TransactionEvent",) if fact.startswith("tx.") or fact in ("meter", "power") else ())
    + (("StatusNotification",) if fact in ("plug", "power") else ())
    + (("NotifyEvent",) if fact == "plug" else ())
    for name in FACTS
    for fact in (ALIASES.get(name, name),)
}
"""Fact -> the actions of the messages that can be it."""


def _event_facts(payload: dict[str, Any]) -> list[str]:
    found = [_EVENTS[payload["eventType"]]] if payload.get("eventType") in _EVENTS else []
    if "idToken" in payload and payload.get("triggerReason") in ("Authorized", "RemoteStart"):
        found.append("tx.authorized")
    if payload.get("meterValue") and payload.get("eventType") == "Updated":
        found.append("meter")
    if "chargingState" in _info(payload):
        found.append("power")
    return found


_OWN_STATUS = ("plug", "firmware", "upload")
"""Facts whose status stands in the message itself, not in its answer."""


def member(message: Message, fact: str, name: str, version: Version, talk: Talk) -> Any:
    """The uniform member `name` of the fact that `message` is; PENDING, or NOTHING."""
    fact, name = ALIASES.get(fact, fact), MEMBER_ALIASES.get(name, name)
    if name in ("status", "token_status", "interval") and fact not in _OWN_STATUS:
        return _answered(message, name)
    reader = _READERS.get(name)
    return reader(message, fact, version, talk) if reader is not None else NOTHING


def answer_member(answer: Message, name: str) -> Any:
    """The uniform member `name` of an answer: token_status, status, tx, interval, code; NOTHING."""
    payload = answer.payload if isinstance(answer.payload, dict) else {}
    if name == "token_status":
        for info in ("idTagInfo", "idTokenInfo"):
            if info in payload:
                return payload[info].get("status", NOTHING)
        request = answer.request
        accepted = request is not None and request.action in ("TransactionEvent", "StopTransaction")
        return "Accepted" if accepted and answer.kind == "answer" else NOTHING
    if name == "tx":
        return payload.get("transactionId", NOTHING)
    if name == "status" and "status" not in payload:
        return answer_member(answer, "token_status")
    return payload.get(name, NOTHING)


def _answered(message: Message, name: str) -> Any:
    if message.answer is None:
        return PENDING
    found = answer_member(message.answer, name)
    return NOTHING if found is NOTHING else found


def _info(payload: dict[str, Any]) -> dict[str, Any]:
    found = payload.get("transactionInfo")
    return found if isinstance(found, dict) else {}


def _availability(payload: dict[str, Any]) -> dict[str, Any] | None:
    """The event that tells a connector's AvailabilityState (2.1)."""
    for event in payload.get("eventData") or ():
        if event.get("variable", {}).get("name") == "AvailabilityState" and "evse" in event.get(
            "component", {}
        ):
            found: dict[str, Any] = event
            return found
    return None


def _tx(message: Message, fact: str, version: Version, talk: Talk) -> Any:
    payload = message.payload
    if message.action == "StartTransaction":
        return PENDING if message.answer is None else answer_member(message.answer, "tx")
    return payload.get("transactionId", _info(payload).get("transactionId", NOTHING))


def _start_of(message: Message, version: Version, talk: Talk, wanted: Callable[[Message], Any]) -> Any:
    """What an earlier message of the same transaction says."""
    tx = _tx(message, "", version, talk)
    if tx in (NOTHING, PENDING):
        return NOTHING
    for other in talk.station(message.station)[: message.at]:
        if not other.is_call or other.action not in ("TransactionEvent", "StartTransaction"):
            continue
        if _tx(other, "", version, talk) == tx and (found := wanted(other)) is not NOTHING:
            return found
    return NOTHING


def _token(message: Message, fact: str, version: Version, talk: Talk) -> Any:
    def own(one: Message) -> Any:
        token = one.payload.get("idToken")
        return token.get("idToken", NOTHING) if isinstance(token, dict) else one.payload.get("idTag", NOTHING)

    found = own(message)
    return _start_of(message, version, talk, own) if found is NOTHING and fact.startswith("tx.") else found


def _place(message: Message) -> tuple[Any, Any]:
    """EVSE and connector that one message names; 1.6 has connectors only, which count as EVSEs."""
    payload = message.payload
    if message.action == "NotifyEvent":
        evse = (_availability(payload) or {}).get("component", {}).get("evse", {})
        return evse.get("id", NOTHING), evse.get("connectorId", NOTHING)
    if isinstance(payload.get("evse"), dict):
        return payload["evse"].get("id", NOTHING), payload["evse"].get("connectorId", NOTHING)
    if "evseId" in payload:
        return payload["evseId"], payload.get("connectorId", NOTHING)
    connector = payload.get("connectorId", NOTHING)
    return connector, connector


def _evse(message: Message, fact: str, version: Version, talk: Talk) -> Any:
    found = _place(message)[0]
    return _start_of(message, version, talk, lambda one: _place(one)[0]) if found is NOTHING else found


def _connector(message: Message, fact: str, version: Version, talk: Talk) -> Any:
    found = _place(message)[1]
    return _start_of(message, version, talk, lambda one: _place(one)[1]) if found is NOTHING else found


def _time(message: Message, fact: str, version: Version, talk: Talk) -> Any:
    payload = message.payload
    for name in ("timestamp", "generatedAt"):
        if name in payload:
            return payload[name]
    values = payload.get("meterValue")
    return values[0].get("timestamp", NOTHING) if values else NOTHING


def _meter(message: Message, fact: str, version: Version, talk: Talk) -> Any:
    payload = message.payload
    for name in ("meterStart", "meterStop"):
        if name in payload:
            return payload[name]
    reading: Any = NOTHING
    for value in payload.get("meterValue") or ():
        for sample in value.get("sampledValue", ()):
            if sample.get("measurand", _REGISTER) == _REGISTER and "phase" not in sample:
                reading = _wh(sample)
    return reading


def _wh(sample: dict[str, Any]) -> Any:
    try:
        value = float(sample["value"])
    except (KeyError, TypeError, ValueError):
        return NOTHING
    unit = sample.get("unit") or sample.get("unitOfMeasure", {}).get("unit", "Wh")
    multiplier = sample.get("unitOfMeasure", {}).get("multiplier", 0)
    return value * 10**multiplier * (1000 if unit == "kWh" else 1)


def _offline(message: Message, fact: str, version: Version, talk: Talk) -> Any:
    """2.x says so itself; in 1.6 it came about before the connection was made that it came over."""
    if version is not V16:
        return bool(message.payload.get("offline", False))
    stamp = _time(message, fact, version, talk)
    if not message.since:
        return False
    try:
        return parse(stamp) <= talk.journal.epoch + message.since + 0.001
    except ValueError:
        return NOTHING


def _reason(message: Message, fact: str, version: Version, talk: Talk) -> Any:
    if message.action == "BootNotification":
        return message.payload.get("reason", NOTHING)
    if message.action == "StopTransaction":
        return message.payload.get("reason", "Local")  # 1.6 §6.49: left out, it is Local
    return _info(message.payload).get("stoppedReason", "Local" if fact == "tx.ended" else NOTHING)


def _state(message: Message, fact: str, version: Version, talk: Talk) -> Any:
    status = _status(message)
    if fact == "plug":
        return "occupied" if status in _OCCUPIED else str(status).lower()
    state = _info(message.payload).get("chargingState", status)
    return _POWER_OF.get(str(state), NOTHING)


def _status(message: Message) -> Any:
    payload = message.payload
    if message.action == "NotifyEvent":
        return (_availability(payload) or {}).get("actualValue", NOTHING)
    return payload.get("status", payload.get("connectorStatus", NOTHING))


def _of(*names: str) -> Callable[[Message, str, Version, Talk], Any]:
    """A member that stands in the payload under one of these dotted names."""

    def read(message: Message, fact: str, version: Version, talk: Talk) -> Any:
        for name in names:
            value: Any = message.payload
            for step in name.split("."):
                value = value.get(step, NOTHING) if isinstance(value, dict) else NOTHING
            if value is not NOTHING:
                return value
        return NOTHING

    return read


def _context(message: Message, fact: str, version: Version, talk: Talk) -> Any:
    for value in message.payload.get("meterValue") or ():
        for sample in value.get("sampledValue", ()):
            return sample.get("context", "Sample.Periodic")
    return NOTHING


_READERS: dict[str, Callable[[Message, str, Version, Talk], Any]] = {
    "tx": _tx,
    "token": _token,
    "evse": _evse,
    "connector": _connector,
    "time": _time,
    "meter": _meter,
    "offline": _offline,
    "reason": _reason,
    "state": _state,
    "status": lambda message, fact, version, talk: _status(message),
    "context": _context,
    "trigger": _of("triggerReason"),
    "seq": _of("seqNo"),
    "error": _of("errorCode"),
    "request": _of("requestId"),
    "more": _of("tbc"),
    "vendor": _of("chargePointVendor", "chargingStation.vendorName"),
    "model": _of("chargePointModel", "chargingStation.model"),
    "serial": _of("chargePointSerialNumber", "chargingStation.serialNumber"),
    "firmware": _of("firmwareVersion", "chargingStation.firmwareVersion"),
}
