"""Every kind of Reset on the wire: the answer, the last messages, the end of the connection, the boot after it."""

from __future__ import annotations

from typing import Any

import pytest

from charge_point.definitions import FEATURES
from shared.dispatch import NoAnswer
from shared.peer import CallTimedOut
from shared.versions import V16, V21, V201, Version
from tests.charge_point.wired import TOKEN, WIDE, Wired

Payload = dict[str, Any]

KINDS = [
    (V16, "Hard"),
    (V16, "Soft"),
    (V201, "Immediate"),
    (V201, "OnIdle"),
    (V21, "Immediate"),
    (V21, "OnIdle"),
]
AT_ONCE = [(version, kind) for version, kind in KINDS if kind != "OnIdle"]

each_kind = pytest.mark.parametrize(("version", "kind"), KINDS, ids=str)
each_at_once = pytest.mark.parametrize(("version", "kind"), AT_ONCE, ids=str)

MEASURES = ("MeterValues", "SecurityEventNotification")


@each_kind
async def test_an_idle_station_answers_hangs_up_and_boots_anew(version: Version, kind: str) -> None:
    wired = await Wired(version, reboot_seconds=5).start()
    assert await wired.ask("Reset", {"type": kind}) == {"status": "Accepted"}
    assert wired.actions() == ["> Reset", "closed"]
    await wired.settle(4)
    assert len(wired.actions()) == 2
    await wired.settle(2)
    assert wired.actions()[2] == "BootNotification"
    if version is not V16:
        assert wired.of("BootNotification")[0]["reason"] == "RemoteReset"
        assert wired.of("SecurityEventNotification")[0]["type"] == "ResetOrReboot"
    available = [(0, 0, "Available"), (0, 1, "Available")] if version is V16 else [(1, 1, "Available")]
    assert wired.statuses() == available
    await wired.end()


@each_at_once
async def test_a_transaction_ends_before_the_station_goes_down(version: Version, kind: str) -> None:
    wired = await Wired(version, variables=WIDE, reboot_seconds=5).start()
    await wired.charging()
    assert await wired.ask("Reset", {"type": kind}) == {"status": "Accepted"}
    if version is V16:
        assert wired.actions("StatusNotification") == ["> Reset", "StopTransaction", "closed"]
        assert wired.of("StopTransaction")[0]["reason"] == f"{kind}Reset"
    else:
        assert wired.actions("NotifyEvent", "StatusNotification") == ["> Reset", "TransactionEvent", "closed"]
        assert wired.events() == [("Ended", "ResetCommand", "ImmediateReset")]  # B12.FR.04
    wired.forget()
    await wired.settle(10)
    assert wired.actions()[0] == "BootNotification"
    assert wired.station.evses[0].transaction is None
    assert not {"StopTransaction", "TransactionEvent"} & set(wired.actions())
    status = {(0, 1, "Finishing"), (0, 1, "Preparing")} if version is V16 else {(1, 1, "Occupied")}
    assert status & set(wired.statuses())
    await wired.end()


@each_at_once
async def test_a_last_message_that_is_not_answered_is_sent_again_after_the_boot(
    version: Version, kind: str
) -> None:
    wired = await Wired(version, variables=WIDE, reboot_seconds=5).start()
    await wired.charging()
    last = "StopTransaction" if version is V16 else "TransactionEvent"
    heard: list[dict[str, object]] = []

    def lose(request: dict[str, object]) -> dict[str, object]:
        heard.append(request)
        if len(heard) == 1:
            wired.connection.peer.abort()  # type: ignore[union-attr]
        return {}

    wired.script[last] = lose
    await wired.ask("Reset", {"type": kind})
    await wired.settle(20)
    assert len(heard) == 2  # B12.FR.05; errata 3.36
    assert heard[0]["timestamp"] == heard[1]["timestamp"]
    assert version is V16 or (heard[0]["seqNo"] == heard[1]["seqNo"] and heard[1]["offline"])
    boot = wired.actions().index("BootNotification")
    assert last in wired.actions()[boot:]
    await wired.end()


@pytest.mark.parametrize("version", [V201, V21], ids=str)
async def test_on_idle_waits_for_the_last_transaction(version: Version) -> None:
    wired = await Wired(version, variables=WIDE, evses=((1,), (1,))).start()
    await wired.charging(1)
    await wired.station.present("OTHER", 2)
    wired.station.plug_in(2)
    await wired.settle()
    wired.forget()
    assert (await wired.ask("Reset", {"type": "OnIdle"}))["status"] == "Scheduled"  # B12.FR.01
    wired.station.evses[0].end_authorization("StopAuthorized", "Local")
    await wired.settle(10)
    assert "closed" not in wired.actions()
    wired.station.evses[1].end_authorization("StopAuthorized", "Local")
    await wired.settle()
    assert wired.events()[-1] == ("Ended", "StopAuthorized", "Local")  # B12.FR.03
    assert wired.actions()[-1] == "closed"
    await wired.settle(10)
    assert wired.of("BootNotification")[0]["reason"] == "ScheduledReset"
    await wired.end()


@pytest.mark.parametrize("version", [V201, V21], ids=str)
@pytest.mark.parametrize("kind", ["Immediate", "OnIdle"])
@pytest.mark.parametrize("evse", [1, 9])
async def test_an_evse_that_cannot_be_reset_is_not(version: Version, kind: str, evse: int) -> None:
    wired = await Wired(version, variables=WIDE, features=FEATURES - {"evse_reset"}).start()
    id = await wired.charging()
    answer = await wired.ask("Reset", {"type": kind, "evseId": evse})
    assert answer["status"] == "Rejected"  # B11.FR.09
    await wired.settle(10)
    assert wired.actions() == ["> Reset"]
    assert wired.station.evses[0].transaction is not None
    assert wired.station.evses[0].transaction.id == id
    await wired.end()


@pytest.mark.parametrize("version", [V201, V21], ids=str)
async def test_a_single_evse_is_reset_and_the_others_go_on(version: Version) -> None:
    wired = await Wired(version, variables=WIDE, evses=((1,), (1,))).start()
    first, second = wired.station.evses
    await wired.charging(1)
    second.station.plug_in(2)
    await wired.station.present("OTHER", 2)
    await wired.settle(5)
    wired.forget()
    assert (await wired.ask("Reset", {"type": "Immediate", "evseId": 1}))["status"] == "Accepted"
    ended = [p for p in wired.of("TransactionEvent") if p["eventType"] == "Ended"]
    assert [p["triggerReason"] for p in ended] == ["ResetCommand"]
    assert ended[0]["transactionInfo"]["stoppedReason"] == "ImmediateReset"  # B12.FR.08
    assert "closed" not in wired.actions()
    assert (await wired.station.present(TOKEN, 1)).outcome == "refused"
    assert (await wired.ask("Reset", {"type": "Immediate", "evseId": 1}))["status"] == "Rejected"
    await wired.settle(10)
    assert (await wired.station.present(TOKEN, 1)).outcome == "started"
    assert second.energy.value == first.energy.value == "flowing"
    assert "BootNotification" not in wired.actions()
    await wired.end()


@pytest.mark.parametrize("version", [V201, V21], ids=str)
async def test_a_single_evse_is_reset_when_its_transaction_is_over(version: Version) -> None:
    wired = await Wired(version, variables=WIDE, evses=((1,), (1,))).start()
    await wired.charging(1)
    assert (await wired.ask("Reset", {"type": "OnIdle", "evseId": 1}))["status"] == "Scheduled"  # B12.FR.01
    await wired.settle(30)
    assert wired.station.evses[0].transaction is not None
    await wired.station.present(TOKEN, 1)
    await wired.settle()
    assert wired.events()[-1] == ("Ended", "StopAuthorized", "Local")  # B12.FR.07
    assert (await wired.station.present(TOKEN, 1)).outcome == "refused"
    await wired.settle(10)
    assert (await wired.station.present(TOKEN, 1)).outcome == "started"
    assert "closed" not in wired.actions()
    await wired.end()


@pytest.mark.parametrize("version", [V201, V21], ids=str)
@pytest.mark.parametrize("evse", [1, None])
async def test_a_station_with_a_reservation_is_not_idle(version: Version, evse: int | None) -> None:
    wired = await Wired(version, variables=WIDE, evses=((1,), (1,))).start()
    until = wired.journal.clock.text(wired.journal.clock.time() + 60)
    token = {"idToken": "T", "type": "Central"}
    reserve = {"id": 1, "expiryDateTime": until, "idToken": token} | ({"evseId": evse} if evse else {})
    assert (await wired.ask("ReserveNow", reserve))["status"] == "Accepted"
    assert (await wired.ask("Reset", {"type": "OnIdle"}))["status"] == "Scheduled"
    await wired.settle(50)
    assert "closed" not in wired.actions()
    await wired.settle(20)
    assert wired.actions().count("closed") == 1
    assert [p["reason"] for p in wired.of("BootNotification")] == ["ScheduledReset"]
    await wired.end()


@pytest.mark.parametrize("version", [V201, V21], ids=str)
async def test_an_immediate_reset_takes_the_place_of_one_that_waits(version: Version) -> None:
    wired = await Wired(version, variables=WIDE).start()
    await wired.charging()
    assert (await wired.ask("Reset", {"type": "OnIdle"}))["status"] == "Scheduled"
    assert (await wired.ask("Reset", {"type": "OnIdle"}))["status"] == "Scheduled"
    assert (await wired.ask("Reset", {"type": "Immediate"}))["status"] == "Accepted"
    await wired.settle(30)
    assert [p["reason"] for p in wired.of("BootNotification")] == ["RemoteReset"]
    assert wired.actions().count("closed") == 1
    await wired.end()


async def test_a_reset_during_a_restart_is_rejected(version: Version) -> None:
    """B11.FR.06; 1.6 §5.14: the answer says whether the station will attempt to reset itself."""
    wired = await Wired(version, variables=WIDE).start()
    await wired.charging()

    def silence(request: Payload) -> Payload:
        raise NoAnswer

    wired.script["StopTransaction" if version is V16 else "TransactionEvent"] = silence
    kind = {"type": "Hard" if version is V16 else "Immediate"}
    assert (await wired.ask("Reset", kind))["status"] == "Accepted"
    assert (await wired.ask("Reset", kind))["status"] == "Rejected"
    await wired.settle(60)
    assert wired.actions().count("closed") == 1
    assert len(wired.of("BootNotification")) == 1
    assert (await wired.ask("Reset", kind))["status"] == "Accepted"
    await wired.tasks.end()


async def test_a_station_that_cannot_resume_says_so() -> None:
    wired = await Wired(V21).start()
    answer = await wired.ask("Reset", {"type": "ImmediateAndResume"})
    assert answer["status"] == "Rejected"  # B13.FR.01
    await wired.settle(10)
    assert wired.actions() == ["> Reset"]
    await wired.end()


async def test_a_pending_station_resets_and_is_pending_again(version: Version) -> None:
    wired = Wired(version)
    wired.pending("Pending")
    await wired.start()
    assert await wired.ask("Reset", {"type": "Hard" if version is V16 else "Immediate"}) == {
        "status": "Accepted"
    }
    await wired.settle(10)
    assert wired.actions() == ["> Reset", "closed", "BootNotification"]
    assert wired.station.registration.status == "Pending"
    await wired.end()


async def test_a_rejected_station_is_silent_on_16_and_refuses_on_2x(version: Version) -> None:
    wired = Wired(version)
    wired.pending("Rejected")
    await wired.start()
    request = {"type": "Hard" if version is V16 else "Immediate"}
    assert wired.peer is not None
    if version is V16:
        with pytest.raises(CallTimedOut):
            await wired.peer.call("Reset", request, timeout=20)
        assert wired.actions() == []  # 1.6 §4.2
        await wired.tasks.end()
    else:
        assert await wired.refused("Reset", request) == "SecurityError"  # B03.FR.08
        await wired.end()
