"""Monitors by the cases of the 2.0.1 suite: set, replaced, cleared, reported, by base and level (block N)."""

from __future__ import annotations

from pathlib import Path

import pytest

from charge_point.outbox import Store
from shared.versions import COUNT, V21, V201, Version, refusal
from tests.charge_point.watching import Watching, place
from tests.support import each_2x

AS_CS, AS_EVSE, POWER = "ChargingStation.AvailabilityState", "EVSE#1.AvailabilityState", "EVSE#1.Power"
MANY = {"DeltaMonitoring": {"Delta"}, "ThresholdMonitoring": {"UpperThreshold", "LowerThreshold"}}
PERIODIC = {"Periodic", "PeriodicClockAligned"}


async def watching(version: Version, **setup: object) -> Watching:
    return await Watching(version, **setup).start()


# --- reports -----------------------------------------------------------------------------------------------


@each_2x
async def test_tc_n_01__a_report_is_limited_by_criteria(version: Version) -> None:
    w = await watching(version)
    for type_, value in (("LowerThreshold", 1), ("UpperThreshold", 2), ("Delta", 3)):
        await w.watch(POWER, type_, value)
    for type_ in sorted(PERIODIC):
        await w.watch(POWER, type_, 60)
    for criteria, types in (
        (["ThresholdMonitoring"], MANY["ThresholdMonitoring"]),
        (["ThresholdMonitoring", "DeltaMonitoring"], MANY["ThresholdMonitoring"] | {"Delta"}),
        (["DeltaMonitoring", "PeriodicMonitoring"], {"Delta"} | PERIODIC),
    ):
        assert {one["type"] for one in await w.monitors(criteria=criteria)} == types
    await w.end()


@each_2x
async def test_tc_n_02__a_report_is_limited_by_components(version: Version) -> None:
    w = await watching(version)
    ids = {await w.watch(AS_CS, "Delta", 1), await w.watch(AS_EVSE, "Delta", 1)}
    found = await w.monitors(AS_CS, "EVSE#1")
    assert ids <= {one["id"] for one in found}
    assert {one["name"] for one in found} == {AS_CS, AS_EVSE}
    await w.end()


@each_2x
async def test_tc_n_03__criteria_and_components_limit_it_together(version: Version) -> None:
    w = await watching(version)
    await w.watch(POWER, "Periodic", 60)
    await w.watch(AS_EVSE, "Delta", 1)
    await w.watch(AS_CS, "Delta", 1)
    assert await w.monitors(AS_CS, AS_EVSE, criteria=["ThresholdMonitoring"]) == []
    found = await w.monitors(AS_CS, AS_EVSE, criteria=["DeltaMonitoring"])
    assert {one["name"] for one in found} == {AS_CS, AS_EVSE}
    assert {one["type"] for one in found} == {"Delta"}
    await w.end()


@each_2x
async def test_tc_n_47__all_monitors_are_reported_in_parts(version: Version) -> None:
    w = await watching(version, evses=((1,),) * 15)
    ids = {await w.watch(AS_CS, "Delta", 1), await w.watch(AS_EVSE, "Delta", 1)}
    found = await w.monitors()
    assert ids <= {one["id"] for one in found}
    assert len(found) == 2 + 15 + 15 + 15
    assert len(w.of("NotifyMonitoringReport")) == 3
    if version is V21:  # N02.FR.22
        origins = {one["id"]: one["eventNotificationType"] for one in found}
        assert {origins[id] for id in ids} == {"CustomMonitor"}
        assert set(origins.values()) == {"CustomMonitor", "HardWiredMonitor", "PreconfiguredMonitor"}
    await w.end()


# --- base and level ----------------------------------------------------------------------------------------


@each_2x
async def test_tc_n_05__every_base_is_accepted_and_shown(version: Version) -> None:
    w = await watching(version)
    for base in ("All", "FactoryDefault", "HardWiredOnly"):
        assert await w.ask("SetMonitoringBase", {"monitoringBase": base}) == {"status": "Accepted"}
        assert w.station.model.read(w.station.model.slot("MonitoringCtrlr.ActiveMonitoringBase")) == base
    await w.end()


@each_2x
async def test_tc_n_06__the_hard_wired_base_leaves_nothing_else(version: Version) -> None:
    w = await watching(version)
    id = await w.watch(AS_CS, "Delta", 1)
    assert [one["id"] for one in await w.monitors(AS_CS)] == [id]
    await w.ask("SetMonitoringBase", {"monitoringBase": "HardWiredOnly"})
    assert await w.monitors(AS_CS) == []
    wired = {"Connector#1.1.Problem", "ConnectorPlugRetentionLock#1.1.Problem"}
    assert {one["name"] for one in await w.monitors()} == wired
    await w.ask("SetMonitoringBase", {"monitoringBase": "All"})
    assert [one["severity"] for one in await w.monitors(AS_EVSE)] == [9]
    await w.end()


@each_2x
async def test_tc_n_41__the_factory_default_brings_a_changed_monitor_back(version: Version) -> None:
    w = await watching(version)
    (before,) = await w.monitors(AS_EVSE)
    (result,) = await w.set(w.item(AS_EVSE, "Delta", 1, severity=5, id=before["id"]))
    assert result["status"] == "Accepted"
    (changed,) = await w.monitors(AS_EVSE, criteria=["DeltaMonitoring"])
    assert (changed["id"], changed["severity"]) == (before["id"], 5)
    if version is V21:
        assert changed["eventNotificationType"] == "CustomMonitor"  # N04.FR.15
    await w.ask("SetMonitoringBase", {"monitoringBase": "All"})
    assert [one["severity"] for one in await w.monitors(AS_EVSE)] == [5]  # N03.FR.03
    await w.ask("SetMonitoringBase", {"monitoringBase": "FactoryDefault"})
    assert await w.monitors(AS_EVSE) == [before]
    await w.end()


@each_2x
async def test_tc_n_16__what_is_above_the_level_is_not_told(version: Version) -> None:
    w = await watching(version)
    id = await w.watch(AS_EVSE, "Delta", 1, severity=8)
    assert await w.ask("SetMonitoringLevel", {"severity": 7}) == {"status": "Accepted"}
    w.station.plug_in(1)
    await w.settle()
    assert w.told(id) == []
    assert w.station.model.read(w.station.model.slot("MonitoringCtrlr.ActiveMonitoringLevel")) == "7"
    await w.ask("SetMonitoringLevel", {"severity": 8})
    assert w.values(id) == ["Occupied"]  # the case as it is now
    await w.end()


async def test_tc_n_17__a_level_out_of_range_is_rejected() -> None:
    w = await watching(V201)
    for severity in (10, -1):
        answer = await w.ask("SetMonitoringLevel", {"severity": severity})
        assert (answer["status"], answer["statusInfo"]["reasonCode"]) == ("Rejected", "ValueOutOfRange")
    await w.end()


# --- setting -----------------------------------------------------------------------------------------------


@each_2x
async def test_tc_n_08__a_monitor_is_set_and_reported(version: Version) -> None:
    w = await watching(version)
    id = await w.watch(AS_EVSE, "Delta", 1, severity=8, transaction=True)
    found = next(one for one in await w.monitors(AS_EVSE) if one["id"] == id)
    assert (found["type"], found["value"], found["severity"], found["transaction"]) == ("Delta", 1, 8, True)
    await w.end()


@each_2x
@pytest.mark.parametrize(
    "items", [[(AS_EVSE, 8), (AS_CS, 8)], [(AS_EVSE, 8), (AS_EVSE, 7)]], ids=["n_09", "n_10"]
)
async def test_tc_n_09_n_10__several_are_set_at_once(version: Version, items: list[tuple[str, int]]) -> None:
    w = await watching(version)
    results = await w.set(*(w.item(name, "Delta", 1, severity) for name, severity in items))
    assert [one["status"] for one in results] == ["Accepted"] * 2
    assert {one["id"] for one in results} <= {one["id"] for one in await w.monitors(AS_EVSE, AS_CS)}
    await w.end()


@each_2x
@pytest.mark.parametrize(
    ("case", "name", "type", "value", "status"),
    [
        ("n_11", "EVSE#99.AvailabilityState", "Delta", 1, "UnknownComponent"),
        ("n_11", "NonExistent.Power", "UpperThreshold", 1234.0, "UnknownComponent"),
        ("n_12", AS_EVSE, "Delta", -1, "Rejected"),
        ("n_12", POWER, "Delta", -1, "Rejected"),
        ("n_13", POWER, "UpperThreshold", 1e6, "Rejected"),
        ("n_13", POWER, "LowerThreshold", -1, "Rejected"),
        ("n_37", "EVSE#1.unknownVariable", "Delta", 1, "UnknownVariable"),
        ("n_38", AS_EVSE, "UpperThreshold", 1, "UnsupportedMonitorType"),
        ("n_38", "ChargingStation.SupplyPhases", "Delta", 1, "UnsupportedMonitorType"),
        ("", POWER, "Periodic", 0, "Rejected"),
    ],
)
async def test_tc_n_11_to_n_13_n_37_n_38__what_cannot_be_watched_is_refused(
    version: Version, case: str, name: str, type: str, value: float, status: str
) -> None:
    w = await watching(version)
    assert await w.statuses_of(w.item(name, type, value)) == [status]
    await w.end()


@each_2x
async def test_tc_n_15__the_second_of_one_type_and_severity_is_a_duplicate(version: Version) -> None:
    w = await watching(version)
    item = w.item(AS_EVSE, "Delta", 1)
    assert await w.statuses_of(item, item) == ["Accepted", "Duplicate"]
    await w.end()


@each_2x
async def test_tc_n_39__an_id_stays_with_its_variable(version: Version) -> None:
    w = await watching(version)
    id = await w.watch(AS_EVSE, "Delta", 1)
    assert await w.statuses_of(w.item(POWER, "Delta", 1, id=id)) == ["Rejected"]  # N04.FR.16
    assert await w.statuses_of(w.item(POWER, "Delta", 1, id=999)) == ["Rejected"]  # N04.FR.13
    assert id in [one["id"] for one in await w.monitors(AS_EVSE)]
    await w.end()


@each_2x
async def test_tc_n_40__a_monitor_is_replaced_by_its_id(version: Version) -> None:
    w = await watching(version)
    id = await w.watch(AS_CS, "Delta", 1, severity=5)
    assert await w.watch(AS_CS, "Delta", 1, severity=4, id=id) == id
    assert [(one["id"], one["severity"]) for one in await w.monitors(AS_CS)] == [(id, 4)]
    await w.end()


@each_2x
async def test_tc_n_43__a_wrong_one_does_not_harm_the_others(version: Version) -> None:
    w = await watching(version)
    items = [
        w.item(POWER, "UpperThreshold", 11_000),
        w.item(POWER, "Delta", -1.0),
        w.item(POWER, "LowerThreshold", 100),
    ]
    assert await w.statuses_of(*items) == ["Accepted", "Rejected", "Accepted"]
    await w.end()


@each_2x
async def test_more_than_a_message_may_hold_is_refused(version: Version) -> None:
    w = await watching(version)
    code = refusal(version, COUNT).code
    items = [w.item(AS_CS, "Delta", 1)] * 51
    assert await w.refused("SetVariableMonitoring", {"setMonitoringData": items}) == code
    assert await w.refused("ClearVariableMonitoring", {"id": list(range(51))}) == code
    long = [place("A" * 50 + "." + "B" * 50) | {"type": "Delta", "value": 1, "severity": 1}] * 50
    w.station.model.put("MonitoringCtrlr.BytesPerMessage[SetVariableMonitoring]", 100)
    assert await w.refused("SetVariableMonitoring", {"setMonitoringData": long}) == "FormatViolation"
    await w.end()


# --- clearing ----------------------------------------------------------------------------------------------


@each_2x
async def test_tc_n_18_n_19_n_44__monitors_are_cleared_but_not_hard_wired_ones(version: Version) -> None:
    w = await watching(version)
    ids = [await w.watch(AS_CS, "Delta", 1), await w.watch(POWER, "UpperThreshold", 100)]
    hard_wired = next(one["id"] for one in await w.monitors() if one["name"].endswith("Problem"))
    answer = await w.ask("ClearVariableMonitoring", {"id": [*ids, 4711, hard_wired]})
    statuses = {one["id"]: one["status"] for one in answer["clearMonitoringResult"]}
    assert statuses == {ids[0]: "Accepted", ids[1]: "Accepted", 4711: "NotFound", hard_wired: "Rejected"}
    assert await w.monitors(AS_CS, POWER) == []
    assert await w.statuses_of(w.item("Connector#1.1.Problem", "Delta", 1, id=hard_wired)) == ["Rejected"]
    await w.end()


# --- keeping -----------------------------------------------------------------------------------------------


@each_2x
async def test_tc_n_53__monitors_survive_a_reboot_and_the_process(version: Version, tmp_path: Path) -> None:
    w = await watching(version, store=Store(tmp_path))
    id = await w.watch(POWER, "UpperThreshold", 100)
    await w.ask("SetMonitoringLevel", {"severity": 6})
    await w.ask("Reset", {"type": "Immediate"})
    await w.settle(20)
    assert [one["id"] for one in await w.monitors(POWER, criteria=["ThresholdMonitoring"])] == [id]
    await w.end()
    again = await Watching(version, store=Store(tmp_path)).start()
    assert [one["id"] for one in await again.monitors(POWER)] == [id]
    assert again.station.model.read(again.station.model.slot("MonitoringCtrlr.ActiveMonitoringLevel")) == "6"
    assert await again.watch(POWER, "LowerThreshold", 100) > id  # never an id twice
    await again.end()
