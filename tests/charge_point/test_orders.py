"""What the CSMS asks for is done, scheduled or refused, and the answer says which."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from charge_point.authorization import Token, TokenInfo
from charge_point.connector import NotNow
from charge_point.definitions import FEATURES
from charge_point.orders import Outcome
from shared.versions import V16, V21, V201, Version
from tests.charge_point.scripted import Stage

TOKEN = Token("04A1B2C3")
OTHER = Token("04FFFFFF")
WIDE: dict[str, Any] = {"TxStartPoint": "EVConnected,Authorized", "TxStopPoint": "EVConnected,Authorized"}


async def obeyed(stage: Stage, outcome: Outcome) -> str:
    """Do what follows the answer; gives the answer's status."""
    if outcome.then is not None:
        following = outcome.then()
        if asyncio.iscoroutine(following):
            stage.tasks.spawn(following)
    await stage.settle()
    return outcome.status


async def charging(version: Version, **setup: Any) -> Stage:
    stage = Stage(version, **({"variables": WIDE} | setup))
    await stage.booted()
    stage.station.plug_in()
    await stage.station.present(TOKEN, 1)
    await stage.settle(10)
    stage.csms.got.clear()
    return stage


def last_end(stage: Stage) -> tuple[str, str]:
    """Trigger (2.x) and reason of the last message of a transaction."""
    if stage.version is V16:
        return "", stage.csms.of("StopTransaction")[-1]["reason"]
    event = stage.csms.of("TransactionEvent")[-1]
    assert event["eventType"] == "Ended"
    return event["triggerReason"], event["transactionInfo"]["stoppedReason"]


@pytest.mark.parametrize("authorize", [True, False])
async def test_a_remote_start_with_the_plug_in(version: Version, authorize: bool) -> None:
    stage = Stage(version, variables=WIDE | {"AuthorizeRemoteTxRequests": authorize})
    csms = await stage.booted()
    stage.station.plug_in()
    await stage.settle()
    outcome = stage.station.remote_start(TOKEN, evse=1, remote_start_id=42)
    if version is not V16:
        assert outcome.transaction == csms.of("TransactionEvent")[0]["transactionInfo"]["transactionId"]
    assert await obeyed(stage, outcome) == "Accepted"
    assert ("Authorize" in csms.actions()) == authorize
    if version is V16:
        assert csms.statuses() == ["Preparing", "Charging"]
    else:
        assert csms.events()[1:] == [
            ("Updated", "RemoteStart", "EVConnected"),
            ("Updated", "ChargingStateChanged", "Charging"),
        ]
        assert csms.of("TransactionEvent")[1]["transactionInfo"]["remoteStartId"] == 42
    assert stage.station.remote_start(OTHER, evse=1).status == "Rejected"


async def test_a_remote_start_before_the_plug(version: Version) -> None:
    stage = Stage(version, variables={"TxStartPoint": "PowerPathClosed"})
    csms = await stage.booted()
    assert await obeyed(stage, stage.station.remote_start(TOKEN, evse=1, remote_start_id=42)) == "Accepted"
    assert csms.statuses() == (["Preparing"] if version is V16 else [])
    stage.station.plug_in()
    await stage.settle()
    if version is not V16:
        first = csms.of("TransactionEvent")[0]
        assert (first["triggerReason"], first["transactionInfo"]["remoteStartId"]) == ("RemoteStart", 42)
        assert first["idToken"]["idToken"] == TOKEN.id


async def test_a_remote_start_without_a_plug_times_out_and_can_be_repeated(version: Version) -> None:
    stage = Stage(version)
    await stage.booted()
    assert await obeyed(stage, stage.station.remote_start(TOKEN, evse=1)) == "Accepted"
    await stage.settle(60)
    assert stage.station.remote_start(TOKEN, evse=1).status == "Accepted"


async def test_a_remote_start_with_a_refused_token_starts_nothing(version: Version) -> None:
    stage = Stage(version, variables={"AuthorizeRemoteTxRequests": True})
    csms = await stage.booted()
    csms.script["Authorize"] = csms.token_info("Invalid")
    assert await obeyed(stage, stage.station.remote_start(TOKEN, evse=1)) == "Accepted"
    stage.station.plug_in()
    await stage.settle()
    assert stage.station.evses[0].transaction is None


async def test_a_remote_start_is_rejected_where_it_cannot_be(version: Version) -> None:
    stage = Stage(version, evses=((1,), (1,)))
    await stage.booted()
    station = stage.station
    await obeyed(stage, station.set_availability(False, 1))
    station.fault(2)
    assert station.remote_start(TOKEN, evse=1).status == "Rejected"
    assert station.remote_start(TOKEN, evse=2).status == "Rejected"
    assert station.remote_start(TOKEN).status == "Rejected"
    assert station.remote_start(TOKEN, evse=9).status == "Rejected"
    station.clear_fault(2)
    assert station.remote_start(TOKEN).status == "Accepted"


async def test_remote_commands_are_rejected_while_pending(version: Version) -> None:
    stage = Stage(version)
    pending = {"currentTime": stage.clock.now(), "status": "Pending", "interval": 300}
    stage.csms.script["BootNotification"] = pending
    stage.connect()
    await stage.settle()
    assert stage.station.remote_start(TOKEN, evse=1).status == "Rejected"
    assert stage.station.remote_stop("any").status == "Rejected"


async def test_a_remote_stop_ends_the_transaction_it_names(version: Version) -> None:
    stage = await charging(version)
    transaction = stage.station.evses[0].transaction
    assert transaction is not None
    assert stage.station.remote_stop("nonsense").status == "Rejected"
    assert stage.station.remote_stop(4711).status == "Rejected"
    id = 1000 if version is V16 else transaction.id
    assert await obeyed(stage, stage.station.remote_stop(id)) == "Accepted"
    assert last_end(stage) == ("" if version is V16 else "RemoteStop", "Remote")
    assert stage.station.remote_stop(id).status == "Rejected"


async def test_an_evse_becomes_unavailable_and_available_again(version: Version) -> None:
    stage = Stage(version, evses=((1,), (1,)))
    csms = await stage.booted()
    assert await obeyed(stage, stage.station.set_availability(False, 2)) == "Accepted"
    assert (csms.statuses(1), csms.statuses(2)) == ([], ["Unavailable"])
    assert (await stage.station.present(TOKEN, 2)).outcome == "ignored"
    assert await obeyed(stage, stage.station.set_availability(True)) == "Accepted"
    if version is not V16:
        assert csms.statuses(2) == ["Unavailable"]  # G04.FR.08: what it was set to itself is its own
        assert await obeyed(stage, stage.station.set_availability(True, 2)) == "Accepted"
    assert csms.statuses(2) == ["Unavailable", "Available"]
    assert stage.station.set_availability(False, 7).status == "Rejected"


async def test_availability_waits_for_the_transaction(version: Version) -> None:
    stage = await charging(version, evses=((1,), (1,)))
    assert await obeyed(stage, stage.station.set_availability(False)) == "Scheduled"
    csms = stage.csms
    assert (csms.statuses(1), csms.statuses(2)) == ([], ["Unavailable"])
    await stage.station.present(TOKEN, 1)
    await stage.settle()
    assert csms.statuses(1) == ["Unavailable"]


async def test_availability_survives_a_reset(version: Version) -> None:
    stage = Stage(version, evses=((1,), (1,)))
    await stage.booted()
    await obeyed(stage, stage.station.set_availability(False, 1))
    kind = "Soft" if version is V16 else "OnIdle"
    assert await obeyed(stage, stage.station.reset(kind)) == "Accepted"
    csms = stage.connect()
    await stage.settle()
    assert csms.actions()[0] == "BootNotification"
    assert (csms.statuses(1), csms.statuses(2)) == (["Unavailable"], ["Available"])
    if version is not V16:
        assert csms.of("BootNotification")[0]["reason"] == "RemoteReset"
        assert csms.of("SecurityEventNotification")[0]["type"] == "ResetOrReboot"


@pytest.mark.parametrize(
    ("version", "kind", "end"),
    [
        (V16, "Hard", ("", "HardReset")),
        (V16, "Soft", ("", "SoftReset")),
        (V201, "Immediate", ("ResetCommand", "ImmediateReset")),
        (V21, "Immediate", ("ResetCommand", "ImmediateReset")),
    ],
    ids=str,
)
async def test_a_reset_ends_the_session_first(version: Version, kind: str, end: tuple[str, str]) -> None:
    stage = await charging(version)
    assert await obeyed(stage, stage.station.reset(kind)) == "Accepted"
    assert last_end(stage) == end
    assert not stage.station.is_online
    csms = stage.connect()
    await stage.settle()
    assert csms.actions()[0] == "BootNotification"
    assert csms.statuses() == ["Preparing" if version is V16 else "Occupied"]


async def test_a_reset_on_idle_waits(version_2x: Version) -> None:
    stage = await charging(version_2x)
    assert await obeyed(stage, stage.station.reset("OnIdle")) == "Scheduled"
    assert stage.station.is_online
    await stage.station.present(TOKEN, 1)
    await stage.settle(2)
    assert last_end(stage) == ("StopAuthorized", "Local")
    csms = stage.connect()
    await stage.settle()
    assert csms.of("BootNotification")[0]["reason"] == "ScheduledReset"


def test_what_a_station_cannot_restart_is_rejected() -> None:
    async def scenario() -> tuple[str, str]:
        stage = Stage(V21)
        return stage.station.reset("OnIdle", 2).status, stage.station.reset("ImmediateAndResume").status

    assert asyncio.run(scenario()) == ("Rejected", "Rejected")


async def test_the_dialer_is_told_to_dial_again_after_a_reset() -> None:
    stage = Stage(V201, reboot_seconds=30.0)
    await stage.booted()
    waits: list[float] = []
    stage.station.redial = waits.append
    await obeyed(stage, stage.station.reset("Immediate"))
    assert waits == [30.0]


async def test_unlocking(version: Version) -> None:
    stage = await charging(version)
    station = stage.station
    assert station.unlock(1, 9).status == "UnknownConnector"
    status = await obeyed(stage, station.unlock(1, 1))
    if version is V16:
        assert status == "Unlocked"
        assert last_end(stage) == ("", "UnlockCommand")
    else:
        assert status == "OngoingAuthorizedTransaction"
        await station.present(TOKEN, 1)
    assert station.unlock(1, 1).status == "Unlocked"
    station.evses[0].active.lock_fails = True
    assert station.unlock(1, 1).status == "UnlockFailed"


async def test_a_tethered_cable_cannot_be_unlocked() -> None:
    stage = Stage(V16, tethered=True)
    assert stage.station.unlock(1, 1).status == "NotSupported"


async def test_a_fault_ends_the_transaction_and_forbids_another(version: Version) -> None:
    stage = await charging(version)
    stage.station.fault(1, error="GroundFailure")
    await stage.settle()
    assert stage.csms.statuses()[-1] == "Faulted"
    assert last_end(stage) == (("", "Other") if version is V16 else ("AbnormalCondition", "GroundFault"))
    if version is V16:
        assert stage.csms.of("StatusNotification")[-1]["errorCode"] == "GroundFailure"
    assert (await stage.station.present(TOKEN, 1)).outcome == "ignored"
    stage.station.clear_fault(1)
    await stage.settle()
    assert stage.csms.statuses()[-1] != "Faulted"
    with pytest.raises(NotNow):
        stage.station.clear_fault(1)


async def test_a_lock_that_fails_is_a_fault_and_nothing_is_charged(version: Version) -> None:
    stage = Stage(version)
    csms = await stage.booted()
    stage.station.evses[0].active.lock_fails = True
    await stage.station.present(TOKEN)
    stage.station.plug_in()
    await stage.settle()
    assert csms.statuses()[-1] == "Faulted"
    assert not {"StartTransaction", "TransactionEvent"} & set(csms.actions())
    assert stage.station.evses[0].meter.energy == 0


async def test_the_red_button_ends_everything(version: Version) -> None:
    stage = await charging(version)
    stage.station.emergency_stop()
    await stage.settle()
    assert last_end(stage)[1] == "EmergencyStop"


@pytest.mark.parametrize("backup", [True, False])
async def test_a_power_cut_ends_the_transaction_with_its_reason(version: Version, backup: bool) -> None:
    stage = await charging(version)
    before = stage.csms
    stage.station.power_cycle(20, backup=backup)
    await stage.settle(30)
    csms = stage.connect()
    await stage.settle()
    assert csms.actions()[0] == "BootNotification"
    last = "StopTransaction" if version is V16 else "TransactionEvent"
    assert (last in before.actions()[-2:], last in csms.actions()) == (backup, not backup)
    stage.csms = before if backup else csms
    assert last_end(stage)[1] == "PowerLoss"


async def test_a_backup_does_not_wait_for_a_csms_that_is_silent(version: Version) -> None:
    stage = await charging(version)
    stage.csms.script["StopTransaction"] = stage.csms.script["TransactionEvent"] = lambda request: None
    stage.station.power_cycle(20, backup=True)
    await stage.settle(4)
    assert stage.station.is_online
    await stage.settle(2)
    assert not stage.station.is_online
    csms = stage.connect()
    csms.script = {}
    await stage.settle()
    assert csms.actions()[0] == "BootNotification"
    assert last_end(stage)[1] == "PowerLoss"


@pytest.mark.parametrize("how", ["reset", "backup"])
async def test_nothing_begins_for_good_while_the_station_goes_down(version: Version, how: str) -> None:
    """Neither by a token nor by a plug, while the CSMS leaves the last message of another unanswered."""
    variables = {"LocalPreAuthorize": True, "AuthCacheEnabled": True, "TxStartPoint": "EVConnected"}
    stage = Stage(version, evses=((1,), (1,)), variables=WIDE | variables)
    await stage.booted()
    station = stage.station
    station.authorizer.learn(OTHER, TokenInfo("Accepted"), station.model, stage.clock.time())
    station.plug_in(1)
    await station.present(TOKEN, 1)
    await stage.settle()
    stage.csms.script["StopTransaction"] = stage.csms.script["TransactionEvent"] = lambda request: None
    if how == "reset":
        assert await obeyed(stage, station.reset("Hard" if version is V16 else "Immediate")) == "Accepted"
    else:
        station.power_cycle(5, backup=True)
    await stage.settle()
    station.plug_in(2)
    assert (await station.present(OTHER, 2)).outcome == "refused"
    await stage.settle(30)
    assert not any(one.transaction for one in station.evses)
    csms = stage.connect()
    csms.script = {}
    await stage.settle(5)
    assert station.has_said_all
    if version is not V16:
        ends = [p for p in csms.of("TransactionEvent") if p["eventType"] == "Ended"]
        assert [p["transactionInfo"]["stoppedReason"] for p in ends] == [
            "ImmediateReset" if how == "reset" else "PowerLoss"
        ] * 2


MESSAGES = [
    ("Heartbeat", "Heartbeat"),
    ("MeterValues", "MeterValues"),
    ("StatusNotification", "StatusNotification"),
    ("FirmwareStatusNotification", "FirmwareStatusNotification"),
    ("LogStatusNotification", "LogStatusNotification"),
]


@pytest.mark.parametrize(("message", "action"), MESSAGES, ids=[m for m, _ in MESSAGES])
async def test_a_triggered_message_follows_its_answer(version: Version, message: str, action: str) -> None:
    stage = Stage(version)
    csms = await stage.booted()
    outcome = stage.station.trigger(message, None if version is V16 else 1, 1)
    assert csms.actions() == []
    assert await obeyed(stage, outcome) == "Accepted"
    assert csms.actions() == [action]
    if action == "MeterValues":
        assert csms.of(action)[0]["meterValue"][0]["sampledValue"][0]["context"] == "Trigger"


async def test_a_triggered_transaction_event(version_2x: Version) -> None:
    stage = await charging(version_2x)
    assert await obeyed(stage, stage.station.trigger("TransactionEvent", 1)) == "Accepted"
    assert stage.csms.events() == [("Updated", "Trigger", "Charging")]
    await stage.station.present(TOKEN, 1)
    await stage.settle()
    assert stage.station.trigger("TransactionEvent", 1).status == "Rejected"


async def test_what_cannot_be_triggered_is_said(version: Version) -> None:
    stage = Stage(version, evses=((1,), (1,)), features=FEATURES - {"iso15118"})
    await stage.booted()
    assert stage.station.trigger("SignCombinedCertificate").status == "NotImplemented"
    assert stage.station.trigger("BootNotification").status == "Rejected"
    where = (None, 9) if version is V16 else (9, None)
    assert stage.station.trigger("StatusNotification", *where).status == "Rejected"


async def test_16_triggers_the_status_of_all_without_a_connector() -> None:
    stage = Stage(V16, evses=((1,), (1,)))
    csms = await stage.booted()
    await obeyed(stage, stage.station.trigger("StatusNotification"))
    assert [p["connectorId"] for p in csms.of("StatusNotification")] == [0, 1, 2]


async def test_triggered_messages_are_sent_while_pending(version: Version) -> None:
    stage = Stage(version)
    stage.csms.script["BootNotification"] = {
        "currentTime": stage.clock.now(),
        "status": "Pending",
        "interval": 300,
    }
    csms = stage.connect()
    await stage.settle()
    await obeyed(stage, stage.station.trigger("StatusNotification", None if version is V16 else 1, 1))
    assert csms.actions() == ["BootNotification", "StatusNotification"]
