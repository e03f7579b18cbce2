"""Boot, reset and reconnection (B) of the certification suite with the station under test, by id; and a lock (G)."""

from __future__ import annotations

from typing import Any

import pytest

from charge_point.definitions import FEATURES
from charge_point.making import backoff_of
from charge_point.options import resolve
from shared.chance import Stream
from shared.dialer import Dialer, DialFailed, Target
from shared.versions import Version
from tests.charge_point.sessions import AUT, EVC, PPC, Session
from tests.charge_point.watching import Watching
from tests.charge_point.wired import TOKEN, Wired
from tests.support import each_2x

Payload = dict[str, Any]
STARTUP = ("StartupOfTheDevice", "ResetOrReboot")


async def booted(at: Wired) -> Wired:
    """Connected and registered, with all that was said of it still to be heard."""
    at.tasks.spawn(at.connection.run())
    await at.settle(3)
    return at


async def reset(at: Wired, kind: str, *evse: int) -> str:
    asked: Payload = {"type": kind} | ({"evseId": evse[0]} if evse else {})
    return str((await at.ask("Reset", asked))["status"])


def boots(at: Wired) -> list[str]:
    """The reasons of the boots since `forget`, each of which was followed by its security event."""
    found = [p["reason"] for p in at.of("BootNotification")]
    events = [p["type"] for p in at.of("SecurityEventNotification") if p["type"] in STARTUP]
    assert len(events) == len(found)
    return found


# --- boot -----------------------------------------------------------------------------------------------------


@each_2x
async def test_tc_b_01__a_cold_boot_is_told_with_every_connector(version: Version) -> None:
    at = await booted(Wired(version, evses=((1,), (1, 2))))
    assert boots(at) == ["PowerUp"]
    assert at.actions()[0] == "BootNotification"
    assert sorted(at.statuses()) == [(1, 1, "Available"), (2, 1, "Available"), (2, 2, "Available")]
    await at.end()


@each_2x
async def test_tc_b_03__a_rejected_station_is_silent_for_the_interval(version: Version) -> None:
    at = Wired(version)
    at.pending("Rejected", "Accepted")
    await booted(at)
    assert at.actions() == ["BootNotification"]
    at.forget()
    await at.settle(290)
    assert at.actions() == []  # B03.FR.02, .06
    await at.settle(20)
    assert at.actions()[0] == "BootNotification"
    assert at.statuses() == [(1, 1, "Available")]
    await at.end()


# --- reset ----------------------------------------------------------------------------------------------------


@each_2x
async def test_tc_b_20__an_idle_station_is_reset(version: Version) -> None:
    at = await Session.at(version, evses=2)
    assert await reset(at, "OnIdle") == "Accepted"
    at.forget()
    await at.settle(20)
    assert boots(at) == ["RemoteReset"]
    assert sorted(at.statuses()) == [(1, 1, "Available"), (2, 1, "Available")]
    await at.end()


@each_2x
@pytest.mark.parametrize("stop", [AUT, EVC, PPC])
async def test_tc_b_21__a_reset_waits_for_the_transaction(version: Version, stop: str) -> None:
    at = await Session.at(version, stop=stop, evses=2)
    await at.transfer()
    assert await reset(at, "OnIdle") == "Scheduled"
    await at.settle(60)
    assert "closed" not in at.actions()
    await at.present()
    at_once = stop != EVC
    assert ("closed" in at.actions()) is at_once
    if not at_once:
        await at.unplug()
    at.forget()
    await at.settle(20)
    assert boots(at) == ["ScheduledReset"]
    assert sorted(at.statuses()) == [(1, 1, "Occupied" if at_once else "Available"), (2, 1, "Available")]
    await at.end()


@each_2x
async def test_tc_b_22__an_immediate_reset_ends_the_transaction(version: Version) -> None:
    at = await Session.at(version, evses=2)
    await at.transfer()
    assert await reset(at, "Immediate") == "Accepted"
    assert at.told() == [("Ended", "ResetCommand", "EVConnected", "ImmediateReset")]
    assert "idToken" not in at.of("TransactionEvent")[0]
    at.forget()
    await at.settle(20)
    assert boots(at) == ["RemoteReset"]
    assert sorted(at.statuses()) == [(1, 1, "Occupied"), (2, 1, "Available")]
    await at.end()


@each_2x
@pytest.mark.parametrize("kept", ["Unavailable", "Reserved"], ids=["TC_B_23", "TC_B_24"])
async def test_what_a_connector_is_kept_for_survives_a_reset(version: Version, kept: str) -> None:
    at = await Session.at(version, evses=2)
    if kept == "Unavailable":
        place = {"id": 1, "connectorId": 1}
        await at.ask("ChangeAvailability", {"operationalStatus": "Inoperative", "evse": place})
    else:
        id_token = {"idToken": TOKEN.id, "type": TOKEN.type}
        until = at.station.clock.text(at.station.clock.time() + 3600)
        await at.ask("ReserveNow", {"id": 1, "expiryDateTime": until, "idToken": id_token, "evseId": 1})
    assert at.statuses() == [(1, 1, kept)]
    # who is reserved is not idle (errata 2025-06, B11; 2025-09, this case)
    assert await reset(at, "OnIdle" if kept == "Unavailable" else "Immediate") == "Accepted"
    at.forget()
    await at.settle(20)
    assert boots(at) == ["RemoteReset"]
    assert sorted(at.statuses()) == [(1, 1, kept), (2, 1, "Available")]
    await at.end()


@each_2x
async def test_tc_b_25_26_27__an_evse_is_reset_by_itself(version: Version) -> None:
    at = await Session.at(version, stop=EVC)
    assert await reset(at, "OnIdle", 1) == "Accepted"
    await at.settle(20)
    await at.transfer()
    assert await reset(at, "OnIdle", 1) == "Scheduled"
    await at.present()
    await at.unplug()
    assert at.told()[-1][0] == "Ended"
    await at.settle(20)
    await at.transfer()
    assert await reset(at, "Immediate", 1) == "Accepted"
    assert at.told() == [("Ended", "ResetCommand", "EVConnected", "ImmediateReset")]
    assert "closed" not in at.actions()
    await at.end()


@each_2x
@pytest.mark.parametrize("busy", [False, True], ids=["TC_B_28", "TC_B_29"])
async def test_an_evse_that_has_no_reset_of_its_own_is_not_reset(version: Version, busy: bool) -> None:
    at = await Session.at(version, features=FEATURES - {"evse_reset"})
    if busy:
        await at.transfer()
    assert await reset(at, "OnIdle", 1) == "Rejected"
    assert at.told() == []
    await at.end()


@each_2x
async def test_tc_b_41__a_reset_waits_for_the_last_of_several_transactions(version: Version) -> None:
    at = await Session.at(version, evses=2)
    await at.transfer()
    await at.plug(2)
    await at.station.present("OTHER", 2)
    await at.settle(20)
    assert await reset(at, "OnIdle") == "Scheduled"
    await at.present(evse=1)
    await at.settle(30)
    assert "closed" not in at.actions()
    await at.station.present("OTHER", 2)
    await at.settle()
    assert "closed" in at.actions()
    at.forget()
    await at.settle(20)
    assert boots(at) == ["ScheduledReset"]
    assert sorted(at.statuses()) == [(1, 1, "Occupied"), (2, 1, "Occupied")]
    await at.end()


# --- reconnection ---------------------------------------------------------------------------------------------


@each_2x
@pytest.mark.parametrize("long", [True, False], ids=["TC_B_51", "TC_B_52"])
async def test_statuses_are_told_after_a_time_offline(version: Version, long: bool) -> None:
    at = await Session.at(version, evses=2, OCPPCommCtrlr__OfflineThreshold=60)
    await at.away(10)
    await at.plug()
    await at.settle(52 if long else 20)
    at.forget()
    await at.back()
    everything = [(1, 1, "Occupied"), (2, 1, "Available")]
    assert sorted(at.statuses()) == (everything if long else everything[:1])  # B04.FR.01, .02
    await at.end()


async def test_tc_b_57__it_waits_longer_each_time_before_it_dials_again(version_2x: Version) -> None:
    at = await Watching(version_2x).start()
    names = {"RepeatTimes": 2, "RandomRange": 0, "WaitMinimum": 10}
    data = [
        {
            "component": {"name": "OCPPCommCtrlr"},
            "variable": {"name": f"RetryBackOff{name}"},
            "attributeValue": str(value),
        }
        for name, value in names.items()
    ]
    results = (await at.ask("SetVariables", {"setVariableData": data}))["setVariableResult"]
    assert [result["attributeStatus"] for result in results] == ["Accepted"] * 3
    options = resolve(["--csms", "ws://x"], {})
    dialled: list[float] = []

    async def dial(target: Target) -> tuple[Any, Version]:
        dialled.append(at.station.clock.elapsed())
        if len(dialled) in (2, 3, 4):
            raise DialFailed("refused")
        return None, version_2x

    dialer = Dialer(
        Target("ws://x", "CP1", [version_2x]),
        lambda: backoff_of(options, at.station),
        Stream(0, "dial"),
        dial=dial,
    )
    begun = at.station.clock.elapsed()
    await dialer.connect()
    await dialer.connect(again=True)
    waits = [b - a for a, b in zip([begun, *dialled], dialled, strict=False)]
    assert waits == pytest.approx([0, 10, 20, 40, 40])  # part 4 §5.3: doubled twice, then the same
    await at.end()


# --- a lock ---------------------------------------------------------------------------------------------------


@each_2x
async def test_tc_g_20__a_plug_that_cannot_be_locked_is_told_and_not_charged_by(version: Version) -> None:
    at = await Watching(version).start()
    at.station.evses[0].active.lock_fails = True
    at.station.plug_in(1)
    await at.station.present(TOKEN, 1)
    await at.settle(20)
    told = [event for event in at.told() if event["component"]["name"] == "ConnectorPlugRetentionLock"]
    assert [(event["variable"]["name"], event["trigger"], event["actualValue"]) for event in told] == [
        ("Problem", "Delta", "true")
    ]
    assert at.station.evses[0].energy.value != "flowing"  # G05.FR.01
    await at.end()


@each_2x
async def test_a_fixed_cable_has_no_lock_in_the_model(version: Version) -> None:
    assert not (await Wired(version, tethered=True).start()).station.model.has(
        "ConnectorPlugRetentionLock#1.1.Problem"
    )
    assert (await Wired(version).start()).station.model.text(
        "ConnectorPlugRetentionLock#1.1.Active"
    ) == "false"
