"""What monitors tell, and when: by the cases of the 2.0.1 suite, and the targets of 2.1 (block N)."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

from charge_point.ev import Vehicle
from charge_point.outbox import Store
from shared.clock import parse
from shared.versions import V21, V201, Version
from tests.charge_point.watching import Watching, place, spelled
from tests.charge_point.wired import TOKEN
from tests.support import each_2x

AS_CS, AS_EVSE, POWER = "ChargingStation.AvailabilityState", "EVSE#1.AvailabilityState", "EVSE#1.Power"
OFFLINE_THRESHOLD = "OCPPCommCtrlr.OfflineThreshold"


async def watching(version: Version, **setup: object) -> Watching:
    return await Watching(version, **setup).start()


async def stop(w: Watching) -> None:
    await w.station.present(TOKEN, 1)
    await w.settle(3)


# --- thresholds --------------------------------------------------------------------------------------------


@each_2x
async def test_tc_n_20__a_threshold_that_is_passed_and_left_again(version: Version) -> None:
    w = await watching(version)
    await w.ask("SetMonitoringBase", {"monitoringBase": "All"})
    upper = await w.watch(POWER, "UpperThreshold", 100.0)
    session = await w.charging()
    await w.settle(60)
    w._since = 0
    (passed,) = w.told(upper)
    assert (passed["trigger"], passed["eventNotificationType"]) == ("Alerting", "CustomMonitor")
    assert float(passed["actualValue"]) > 100
    assert not passed.get("cleared")
    assert passed["transactionId"] == session
    assert spelled(passed) == POWER
    assert passed.get("severity") == (5 if version is V21 else None)
    lower = await w.watch(POWER, "LowerThreshold", 10.0)
    await stop(w)
    back, below = w.told(upper)[1], w.told(lower)[0]
    assert (back["trigger"], back["cleared"], back["transactionId"]) == ("Alerting", True, session)
    assert float(back["actualValue"]) <= 100
    assert (below["trigger"], below.get("cleared"), below["transactionId"]) == ("Alerting", None, session)
    assert len(w.told(upper)) == 2  # once each
    await w.end()


@each_2x
async def test_a_threshold_is_passed_beyond_it_and_not_on_it(version: Version) -> None:
    w = await watching(version)
    id = await w.watch(OFFLINE_THRESHOLD, "UpperThreshold", 60)
    below = await w.watch(OFFLINE_THRESHOLD, "LowerThreshold", 60)
    await w.settle(2)
    assert w.told() == []  # it stands at 60
    for value in (61, 60, 59):
        w.station.model.put(OFFLINE_THRESHOLD, value)
        await w.settle(1)
    assert [(e["actualValue"], e.get("cleared", False)) for e in w.told(id)] == [("61", False), ("60", True)]
    assert w.values(below) == ["59"]
    await w.end()


@each_2x
async def test_tc_n_51__a_changed_threshold_tells_at_once(version: Version) -> None:
    w = await watching(version)
    id = await w.watch(POWER, "UpperThreshold", 22_080)
    await w.charging()
    assert await w.watch(POWER, "UpperThreshold", 0.0, id=id) == id
    (event,) = w.told(id)
    assert (event["trigger"], float(event["actualValue"]) > 0) == ("Alerting", True)
    assert await w.watch(POWER, "UpperThreshold", 22_080, id=id) == id
    assert w.told(id)[-1]["cleared"] is True  # N07.FR.11
    await w.end()


@each_2x
async def test_tc_n_52__a_cleared_monitor_is_silent(version: Version) -> None:
    w = await watching(version)
    id = await w.watch(POWER, "UpperThreshold", 0.0)
    await w.charging()
    await w.ask("ClearVariableMonitoring", {"id": [id]})
    assert await w.monitors(POWER, criteria=["ThresholdMonitoring"]) == []
    await stop(w)
    assert w.told(id) == []  # N07.FR.12
    await w.end()


@each_2x
async def test_a_threshold_left_while_the_station_was_down_is_cleared(
    version: Version, tmp_path: Path
) -> None:
    w = await watching(version, store=Store(tmp_path))
    id = await w.watch(POWER, "UpperThreshold", 100)
    await w.charging()
    await w.settle(5)
    await w.end()
    again = Watching(version, store=Store(tmp_path))
    again.tasks.spawn(again.connection.run())
    await again.settle(10)
    assert [event.get("cleared") for event in again.told(id)] == [True]  # N07.FR.14
    await again.end()


# --- deltas ------------------------------------------------------------------------------------------------


@each_2x
async def test_tc_n_45__a_number_that_changes_by_more(version: Version) -> None:
    w = await watching(version)
    id = await w.watch(POWER, "Delta", 100.0)
    await w.charging()
    await w.settle(60)
    await stop(w)
    w._since = 0
    up, down = w.told(id)
    assert {up["trigger"], down["trigger"]} == {"Delta"}
    assert float(up["actualValue"]) - float(down["actualValue"]) > 100
    await w.end()


@each_2x
async def test_tc_n_56__a_state_that_changes(version: Version) -> None:
    w = await watching(version)
    id = await w.watch(AS_EVSE, "Delta", 1.0)
    w.station.plug_in(1)
    await w.settle()
    w.station.unplug(1)
    await w.settle()
    assert w.values(id) == ["Occupied", "Available"]
    assert {event["trigger"] for event in w.told(id)} == {"Delta"}
    await w.end()


@each_2x
async def test_tc_n_61__a_change_by_just_so_much_is_none(version: Version) -> None:
    w = await watching(version)
    id = await w.watch(OFFLINE_THRESHOLD, "Delta", 1)
    for value in ("61", "62"):
        data = [place(OFFLINE_THRESHOLD) | {"attributeValue": value}]
        answer = await w.ask("SetVariables", {"setVariableData": data})
        assert answer["setVariableResult"][0]["attributeStatus"] == "Accepted"
    assert w.values(id) == ["62"]
    await w.end()


@each_2x
async def test_tc_n_48__a_password_is_not_told(version: Version) -> None:
    w = await watching(version, variables={"SecurityCtrlr.BasicAuthPassword": "1234567890123456"})
    id = await w.watch("SecurityCtrlr.BasicAuthPassword", "Delta", 1)
    w.station.model.put("SecurityCtrlr.BasicAuthPassword", "6543210987654321")
    await w.settle()
    assert w.values(id) == [""]
    assert await w.statuses_of(w.item("SecurityCtrlr.BasicAuthPassword", "Periodic", 60)) == [
        "UnsupportedMonitorType"
    ]
    await w.end()


# --- periods -----------------------------------------------------------------------------------------------


@each_2x
async def test_tc_n_24__values_on_the_clock_and_by_their_own_period(version: Version) -> None:
    w = await watching(version)
    await w.settle(7)
    own = await w.watch(AS_EVSE, "Periodic", 60)
    aligned = await w.watch(AS_EVSE, "PeriodicClockAligned", 900)
    await w.settle(3600)
    assert {event["trigger"] for event in w.told()} == {"Periodic"}
    own_times = [parse(event["timestamp"]) for event in w.told(own)]
    assert len(own_times) == 60
    assert {round(later - earlier, 3) for earlier, later in pairwise(own_times)} == {60.0}
    assert [parse(event["timestamp"]) % 900 for event in w.told(aligned)] == pytest.approx([0] * 4, abs=0.01)
    await w.ask("ClearVariableMonitoring", {"id": [own]})
    w.forget()
    await w.settle(600)
    assert w.told(own) == []
    await w.end()


@each_2x
async def test_a_monitor_of_transactions_tells_in_one_only(version: Version) -> None:
    w = await watching(version)
    id = await w.watch(AS_EVSE, "Periodic", 10, transaction=True)
    await w.settle(60)
    assert w.told(id) == []
    session = await w.charging()
    w.forget()
    await w.settle(35)
    assert {event["transactionId"] for event in w.told(id)} == {session}
    await w.end()


# --- offline -----------------------------------------------------------------------------------------------


@each_2x
@pytest.mark.parametrize("severity", [4, 5])
async def test_tc_n_22_n_23__what_is_grave_enough_is_queued_offline(version: Version, severity: int) -> None:
    w = await watching(version, variables={"MonitoringCtrlr.OfflineQueuingSeverity": 4})
    id = await w.watch(AS_EVSE, "Delta", 1, severity=severity)
    w.station.plug_in(1)
    await w.settle()
    w.forget()
    w.connection.go_offline()
    await w.settle()
    w.station.unplug(1)
    await w.settle(10)
    w.station.plug_in(1)
    at = w.journal.clock.now()
    await w.settle(100)
    assert w.told(id) == []
    w.connection.come_online()
    await w.settle(5)
    assert w.values(id) == (["Available", "Occupied"] if severity == 4 else [])
    if severity == 4:
        assert w.told(id)[1]["timestamp"] == at
    await w.end()


@each_2x
async def test_what_is_queued_outlives_the_process(version: Version, tmp_path: Path) -> None:
    w = await watching(version, store=Store(tmp_path))
    id = await w.watch(AS_EVSE, "Delta", 1, severity=2)
    w.connection.go_offline()
    await w.settle()
    w.station.plug_in(1)
    await w.settle()
    await w.end()
    again = Watching(version, store=Store(tmp_path))
    again.tasks.spawn(again.connection.run())
    await again.settle(10)
    assert again.values(id)[:1] == ["Occupied"]
    await again.end()


@each_2x
async def test_what_was_too_slight_to_be_queued_is_told_as_it_is_when_online(version: Version) -> None:
    w = await watching(version)
    id = await w.watch(AS_EVSE, "Delta", 1, severity=8)
    w.connection.go_offline()
    await w.settle()
    w.station.plug_in(1)
    await w.settle(60)
    w.connection.come_online()
    await w.settle(5)
    assert w.values(id) == ["Occupied"]
    await w.end()


# --- hard-wired, targets ------------------------------------------------------------------------------------


@each_2x
async def test_tc_n_21__a_fault_is_told_by_a_hard_wired_monitor_and_causes_what_follows(
    version: Version,
) -> None:
    w = await watching(version)
    state = await w.watch(AS_EVSE, "Delta", 1)
    w.station.fault(1)
    await w.settle()
    problem = next(event for event in w.told() if event["eventNotificationType"] == "HardWiredMonitor")
    assert (spelled(problem), problem["actualValue"]) == ("Connector#1.1.Problem", "true")
    (faulted,) = w.told(state)
    assert (faulted["actualValue"], faulted["cause"]) == ("Faulted", problem["eventId"])  # N07.FR.05
    w.station.clear_fault(1)
    await w.settle()
    assert w.values(problem["variableMonitoringId"]) == ["true", "false"]
    await w.end()


async def test_tc_n_104__power_that_is_not_what_it_should_be() -> None:
    w = await watching(V21, ev=Vehicle(amps=10.0))
    ids = [await w.watch(POWER, "TargetDelta", 500), await w.watch(POWER, "TargetDeltaRelative", 0.5)]
    too_wide = await w.watch(POWER, "TargetDeltaRelative", 0.9, severity=6)
    assert await w.statuses_of(w.item(AS_EVSE, "TargetDelta", 1)) == ["UnsupportedMonitorType"]
    assert {one["id"] for one in await w.monitors(criteria=["DeltaMonitoring"])} >= {*ids, too_wide}
    await w.charging()  # 22 kW are offered, the car takes 7
    await stop(w)
    w._since = 0
    for id in ids:
        assert [(event["trigger"], event.get("cleared", False)) for event in w.told(id)] == [
            ("Alerting", False),  # N07.FR.22, .23
            ("Alerting", True),  # N07.FR.02
        ]
    assert w.told(too_wide) == []
    await w.end()


async def test_the_target_of_power_is_what_is_offered() -> None:
    w = await watching(V21)
    data = place(POWER)
    await w.charging()
    for kind in ("Target", "Actual"):
        answer = await w.ask("GetVariables", {"getVariableData": [data | {"attributeType": kind}]})
        assert answer["getVariableResult"][0]["attributeValue"] == "22080"
    answer = await w.ask(
        "SetVariables", {"setVariableData": [data | {"attributeType": "Target", "attributeValue": "1"}]}
    )
    assert answer["setVariableResult"][0]["attributeStatus"] == "Rejected"
    await w.end()


async def test_targets_are_not_known_to_2_0_1() -> None:
    w = await watching(V201)
    data = place(POWER)
    answer = await w.ask("GetVariables", {"getVariableData": [data | {"attributeType": "Target"}]})
    assert answer["getVariableResult"][0]["attributeStatus"] == "NotSupportedAttributeType"
    await w.end()
