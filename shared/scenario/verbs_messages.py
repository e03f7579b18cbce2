"""Verbs that send one message in neutral words, spelled for the version: the testing guide's steps.

They send what they say whether the station's own state has it so or not: `start_transaction` needs no plug. A
transaction that they begin is remembered for the steps that follow.
"""

from __future__ import annotations

import asyncio
from typing import Any

from shared.chance import Stream
from shared.scenario.match import answer_against
from shared.scenario.model import CHARGE_POINT
from shared.scenario.play import Branch, Outcome
from shared.scenario.registry import verb
from shared.scenario.stage import CannotDo
from shared.scenario.tree import Scalar, from_value
from shared.scenario.verbs_wire import expect, send_call
from shared.versions import V16

Payload = dict[str, Any]
Value = Any

_STATUS_2X = dict.fromkeys(("Preparing", "Charging", "SuspendedEV", "SuspendedEVSE", "Finishing"), "Occupied")
_REASON_2X = {"HardReset": "ImmediateReset", "SoftReset": "ImmediateReset", "UnlockCommand": "Other"}
_TRIGGER_2X = {
    "Local": "StopAuthorized",
    "EVDisconnected": "EVCommunicationLost",
    "Remote": "RemoteStop",
    "DeAuthorized": "Deauthorized",
}
STEP = 500.0
"""Wh between two readings when nobody says otherwise."""


class _Session:
    """The transaction that these verbs run at one station."""

    def __init__(self, id: Any, token: str, connector: int, meter: float) -> None:
        self.id = id
        self.token = token
        self.connector = connector
        self.meter = meter
        self.seq = 0


def _sessions(branch: Branch) -> dict[str, _Session]:
    found: dict[str, _Session] = branch.play.values.setdefault(" sessions", {})
    return found


def _session(branch: Branch) -> _Session:
    found = _sessions(branch).get(branch.station)
    if found is None:
        raise CannotDo("no transaction was begun")
    return found


async def _tell(branch: Branch, action: str, payload: Payload, expect_status: str | None) -> Outcome:
    """Send `action`; its answer's status is what was expected, if anything was."""
    answered = None if expect_status is None else from_value({"status": expect_status})
    return await send_call(branch.of(branch.station, CHARGE_POINT), action, payload, answered=answered)


@verb()
async def boot_notification(branch: Branch, *, expect_status: str | None = None) -> Outcome | None:
    """The station registers: its own BootNotification, or a further one when that was seen already."""
    seen = [
        m
        for m in branch.messages
        if m.action == "BootNotification" and m.is_call and m.seq not in branch.used
    ]
    if not seen:
        await branch.act(CHARGE_POINT, "boot")
    found = await expect(branch, what=Scalar("booted"), since="start")
    message = found.message if found is not None else None
    if message is None:
        return found
    async with asyncio.timeout(30):
        while message.answer is None:
            await branch.talk.news()
    if expect_status is not None:
        wrong = answer_against(Scalar(expect_status), message.answer, branch.context)
        if wrong is not None:
            raise branch.failed(
                f"the answer to BootNotification: status is {wrong.actual}, not {wrong.expected}", wrong
            )
    await asyncio.sleep(0.05)  # what the station says by itself goes first
    return found


@verb()
async def heartbeat(branch: Branch) -> Outcome:
    """Send Heartbeat."""
    return await _tell(branch, "Heartbeat", {}, None)


@verb()
async def status_notification(
    branch: Branch, *, connector: int = 1, status: str = "Available", error: str = "NoError"
) -> Outcome:
    """Report a connector, with a status of 1.6."""
    now = branch.play.clock.now()
    if branch.version is V16:
        payload: Payload = {"connectorId": connector, "errorCode": error, "status": status, "timestamp": now}
    else:
        payload = {
            "timestamp": now,
            "connectorStatus": _STATUS_2X.get(status, status),
            "evseId": connector,
            "connectorId": 1,
        }
    return await _tell(branch, "StatusNotification", payload, None)


@verb()
async def authorize(
    branch: Branch, *, id_tag: str = "test_token", expect_status: str | None = None
) -> Outcome:
    """Ask whether a token may charge."""
    return await _tell(branch, "Authorize", _token(branch, id_tag), expect_status)


@verb()
async def start_transaction(
    branch: Branch,
    *,
    id_tag: str = "test_token",
    connector: int = 1,
    meter: float = 0.0,
    expect_status: str | None = None,
) -> Outcome:
    """Begin a transaction; its id is remembered. Without `expect_status`, a token not accepted is only noted."""
    now = branch.play.clock.now()
    number = len(_sessions(branch)) + len(branch.messages)
    if branch.version is V16:
        payload: Payload = {
            "connectorId": connector,
            "idTag": id_tag,
            "meterStart": round(meter),
            "timestamp": now,
        }
        outcome = await _tell(branch, "StartTransaction", payload, expect_status)
        session = _Session(outcome.at("answer.transactionId"), id_tag, connector, meter)
    else:
        purpose = f"transaction of a scenario in run {branch.play.run_id}"
        id = Stream(branch.play.values.get("seed", 0), branch.station, purpose, number).uuid()
        session = _Session(id, id_tag, connector, meter)
        payload = _event(branch, session, "Started", "Authorized") | {
            "evse": {"id": connector, "connectorId": 1}
        }
        outcome = await _tell(branch, "TransactionEvent", payload | _token(branch, id_tag), expect_status)
    _sessions(branch)[branch.station] = session
    if expect_status is None and outcome.at("token_status") not in ("Accepted", None):
        branch.play.journal.note(branch.station, "warning", f"{id_tag} was not accepted", end=branch.talk.end)
    return outcome


@verb()
async def meter_values(branch: Branch, *, energy: Value | None = None) -> Outcome | None:
    """Readings of the energy register in Wh, one message each; without any, one that is 500 Wh further."""
    session = _session(branch)
    found = [] if energy is None else energy if isinstance(energy, list) else [energy]
    readings = [float(wh) for wh in found] or [session.meter + STEP]
    outcome = None
    for reading in readings:
        session.meter = reading
        if branch.version is V16:
            values: Payload = {
                "connectorId": session.connector,
                "transactionId": session.id,
                "meterValue": [_meter_value(branch, reading)],
            }
            outcome = await _tell(branch, "MeterValues", values, None)
        else:
            event = _event(branch, session, "Updated", "MeterValuePeriodic")
            outcome = await _tell(
                branch, "TransactionEvent", event | {"meterValue": [_meter_value(branch, reading)]}, None
            )
    return outcome


@verb()
async def stop_transaction(
    branch: Branch, *, reason: str = "Local", meter: float | None = None, expect_status: str | None = None
) -> Outcome:
    """End the transaction that was begun, for a reason of 1.6."""
    session = _session(branch)
    reading = session.meter if meter is None else meter
    if branch.version is V16:
        payload: Payload = {
            "transactionId": session.id,
            "idTag": session.token,
            "meterStop": round(reading),
            "timestamp": branch.play.clock.now(),
            "reason": reason,
        }
        outcome = await _tell(branch, "StopTransaction", payload, expect_status)
    else:
        event = _event(branch, session, "Ended", _TRIGGER_2X.get(reason, "AbnormalCondition"))
        event["transactionInfo"]["stoppedReason"] = _REASON_2X.get(reason, reason)
        event["meterValue"] = [_meter_value(branch, reading, "Transaction.End")]
        outcome = await _tell(
            branch, "TransactionEvent", event | _token(branch, session.token), expect_status
        )
    del _sessions(branch)[branch.station]
    return outcome


@verb()
async def diagnostics_status_notification(branch: Branch, *, status: str = "Idle") -> Outcome:
    """Say how the upload of diagnostics goes, with a status of 1.6 (2.x: LogStatusNotification)."""
    if branch.version is V16:
        return await _tell(branch, "DiagnosticsStatusNotification", {"status": status}, None)
    payload: Payload = {"status": {"UploadFailed": "UploadFailure"}.get(status, status)}
    return await _tell(
        branch, "LogStatusNotification", payload | ({"requestId": 1} if status != "Idle" else {}), None
    )


@verb()
async def sleep(branch: Branch, *, seconds: float = 0.0, duration_ms: float = 0.0) -> None:
    """Let time pass, in seconds or milliseconds."""
    await asyncio.sleep(seconds + duration_ms / 1000)


def _token(branch: Branch, token: str) -> Payload:
    return {"idTag": token} if branch.version is V16 else {"idToken": {"idToken": token, "type": "ISO14443"}}


def _event(branch: Branch, session: _Session, sort: str, trigger: str) -> Payload:
    number, session.seq = session.seq, session.seq + 1
    return {
        "eventType": sort,
        "timestamp": branch.play.clock.now(),
        "triggerReason": trigger,
        "seqNo": number,
        "transactionInfo": {
            "transactionId": session.id,
            "chargingState": "Idle" if sort == "Ended" else "Charging",
        },
    }


def _meter_value(branch: Branch, wh: float, context: str = "Sample.Periodic") -> Payload:
    value: Any = f"{wh:g}" if branch.version is V16 else wh
    unit: Payload = {"unit": "Wh"} if branch.version is V16 else {"unitOfMeasure": {"unit": "Wh"}}
    sample = {"value": value, "context": context, "measurand": "Energy.Active.Import.Register"} | unit
    return {"timestamp": branch.play.clock.now(), "sampledValue": [sample]}
