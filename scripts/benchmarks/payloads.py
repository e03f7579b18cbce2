"""The messages that are measured, as frames and as payloads; both contestants get the same bytes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import orjson

Payload = dict[str, Any]

AT = "2026-01-01T10:00:00.000Z"

_READINGS = (
    ("12345.6", "Energy.Active.Import.Register", "", "Wh"),
    ("11040.0", "Power.Active.Import", "", "W"),
    ("16.0", "Current.Import", "L1", "A"),
    ("16.0", "Current.Import", "L2", "A"),
    ("230.1", "Voltage", "L1-N", "V"),
    ("42.0", "SoC", "", "Percent"),
)

SAMPLES_16 = [
    {"value": value, "context": "Sample.Periodic", "format": "Raw", "measurand": measurand}
    | ({"phase": phase} if phase else {})
    | {"location": "EV" if measurand == "SoC" else "Outlet", "unit": unit}
    for value, measurand, phase, unit in _READINGS
]
"""Six readings with every member filled in, as many stations send them."""


def boot_16() -> Payload:
    """BootNotification of 1.6."""
    return {
        "chargePointVendor": "OCPP mock pair",
        "chargePointModel": "Simulator",
        "chargePointSerialNumber": "CP-0001",
        "firmwareVersion": "1.0.0",
    }


def boot_2x() -> Payload:
    """BootNotification of 2.x."""
    return {
        "reason": "PowerUp",
        "chargingStation": {"vendorName": "OCPP mock pair", "model": "Simulator", "firmwareVersion": "1.0.0"},
    }


def start_16(at: str = AT) -> Payload:
    """StartTransaction."""
    return {"connectorId": 1, "idTag": "04A1B2C3", "meterStart": 12000, "timestamp": at}


def meter_values_16(transaction: int, at: str = AT) -> Payload:
    """MeterValues with six samples, in a transaction."""
    return {
        "connectorId": 1,
        "transactionId": transaction,
        "meterValue": [{"timestamp": at, "sampledValue": SAMPLES_16}],
    }


def transaction_event(kind: str, number: int, at: str = AT) -> Payload:
    """TransactionEvent of 2.x; an Updated one carries six samples."""
    event: Payload = {
        "eventType": kind,
        "timestamp": at,
        "triggerReason": "Authorized" if kind == "Started" else "MeterValuePeriodic",
        "seqNo": number,
        "offline": False,
        "numberOfPhasesUsed": 3,
        "cableMaxCurrent": 32,
        "evse": {"id": 1, "connectorId": 1},
        "transactionInfo": {
            "transactionId": "3b6a8c52-9d1e-4f70-8a2b-5c4d3e2f1a00",
            "chargingState": "Charging",
            "timeSpentCharging": 900,
        },
    }
    if kind == "Started":
        event["idToken"] = {"idToken": "04A1B2C3", "type": "ISO14443"}
    else:
        event["meterValue"] = [{"timestamp": at, "sampledValue": [_sample_2x(s) for s in SAMPLES_16]}]
    return event


def _sample_2x(sample: dict[str, str]) -> Payload:
    made: Payload = {
        name: sample[name] for name in ("context", "measurand", "phase", "location") if name in sample
    }
    return made | {
        "value": float(sample["value"]),
        "unitOfMeasure": {"unit": sample["unit"], "multiplier": 0},
    }


class Inbound:
    """Frames of one kind of call, each with an id of its own, ready to be fed to a central system.

    `kind` is "meter_values" (1.6), "transaction_event" (2.0.1) or "heartbeat" (1.6).
    """

    def __init__(self, kind: str, at: str) -> None:
        self.kind = kind
        self.version = "2.0.1" if kind == "transaction_event" else "1.6"
        self._at = at
        self._count = 0

    def before(self) -> list[str]:
        """What a station sends before it comes to that: its boot and the beginning of a transaction."""
        if self.version == "1.6":
            opening = [("BootNotification", boot_16()), ("StartTransaction", start_16(self._at))]
        else:
            started = transaction_event("Started", self._next(), self._at)
            opening = [("BootNotification", boot_2x()), ("TransactionEvent", started)]
            self._count = 1
        return [frame(f"before-{action}", action, payload) for action, payload in opening]

    def frames(self, count: int, transaction: int) -> list[str]:
        """The next `count` frames; `transaction` is the 1.6 number that the central system gave."""
        return list(self._made(count, transaction))

    def _made(self, count: int, transaction: int) -> Iterator[str]:
        for _ in range(count):
            number = self._next()
            if self.kind == "transaction_event":
                yield frame(f"m{number}", "TransactionEvent", transaction_event("Updated", number, self._at))
            elif self.kind == "heartbeat":
                yield frame(f"m{number}", "Heartbeat", {})
            else:
                yield frame(f"m{number}", "MeterValues", meter_values_16(transaction, self._at))

    def _next(self) -> int:
        number, self._count = self._count, self._count + 1
        return number


def frame(unique_id: str, action: str, payload: Payload) -> str:
    """A CALL as text."""
    return orjson.dumps([2, unique_id, action, payload]).decode()


def echo_frame(action: str) -> str:
    """The text whose way there and back the plain echo is measured with: a call of `action` of 1.6."""
    return frame("0123456789abcdef-1000", action, call_16(action, 1000))


def call_16(action: str, transaction: int, at: str = AT) -> Payload:
    """The payload of the 1.6 call that a round trip is measured with."""
    return {} if action == "Heartbeat" else meter_values_16(transaction, at)
