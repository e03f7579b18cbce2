from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from charge_point.monitoring.factory import FactoryMonitor
from charge_point.outbox import Store
from charge_point.persona import load, setup
from shared.option_fields import UsageError
from shared.versions import V21, Version
from tests.charge_point.watching import Watching
from tests.charge_point.wired import TOKEN
from tests.support import each_2x

OWN: tuple[FactoryMonitor, ...] = (
    FactoryMonitor("EVSE.Power", "UpperThreshold", 1000, 5, hard_wired=True),
    FactoryMonitor("HeartbeatInterval", severity=6),
    FactoryMonitor("EVSE#2.Temperature", "Periodic", 60, 7),
)


async def made(version: Version, store: Store | None = None, **setup: Any) -> Watching:
    watching = Watching(version, monitors=OWN, evses=((1,), (1,)), store=store, **setup)
    return await watching.start()


@each_2x
async def test_a_station_watches_by_itself_what_it_comes_with(version: Version) -> None:
    w = await made(version)
    w.station.plug_in(2)
    await w.station.present(TOKEN, 2)
    await w.settle(60)
    assert {(event["component"]["evse"]["id"], event["eventNotificationType"]) for event in w.told()} == {
        (2, "HardWiredMonitor"),
        (2, "PreconfiguredMonitor"),
    }
    w.station.model.put("HeartbeatInterval", 77)
    await w.settle()
    assert w.told()[-1]["actualValue"] == "77"
    await w.end()


@each_2x
async def test_a_hard_wired_monitor_stays_as_it_is(version: Version) -> None:
    w = await made(version)
    wired = {one["id"] for one in await w.monitors("EVSE#1.Power", "EVSE#2.Power")}
    assert wired == {1, 2}
    (result,) = await w.set(w.item("EVSE#1.Power", "UpperThreshold", 5, 5, id=1))
    assert result["status"] == "Rejected"  # N04.FR.18
    answer = await w.ask("ClearVariableMonitoring", {"id": [1, 2, 3]})
    statuses = [one["status"] for one in answer["clearMonitoringResult"]]
    assert statuses == ["Rejected", "Rejected", "Accepted"]  # N06.FR.03
    await w.end()


@each_2x
async def test_the_base_brings_back_what_the_station_came_with(version: Version) -> None:
    w = await made(version)
    (before,) = await w.monitors("OCPPCommCtrlr.HeartbeatInterval")
    await w.ask("ClearVariableMonitoring", {"id": [before["id"]]})
    own = await w.watch("EVSE#1.AvailabilityState", "Delta", 1)
    for base, left in (("HardWiredOnly", {1, 2}), ("FactoryDefault", {1, 2, 3, 4}), ("All", {1, 2, 3, 4})):
        await w.ask("SetMonitoringBase", {"monitoringBase": base})
        assert {one["id"] for one in await w.monitors()} == left, base  # N03.FR.03-.05
    assert own not in left
    await w.end()


@each_2x
async def test_what_was_cleared_stays_so_over_a_restart(version: Version, tmp_path: Path) -> None:
    w = await made(version, Store(tmp_path))
    assert len(await w.monitors()) == 4
    await w.ask("ClearVariableMonitoring", {"id": [4]})
    await w.end()
    again = await made(version, Store(tmp_path))
    assert {one["id"] for one in await again.monitors()} == {1, 2, 3}
    await again.end()


FILE = """
about = "One that watches its own power."

[[monitors]]
variable = "EVSE.Power"
kind = "UpperThreshold"
value = 5000
severity = 4
hard_wired = true

[[monitors]]
variable = "MonitoringCtrlr.OfflineQueuingSeverity"
"""


def test_a_persona_says_what_its_stations_watch(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(FILE, encoding="utf-8")
    assert setup(load(str(path)).settings).monitors == (
        FactoryMonitor("EVSE.Power", "UpperThreshold", 5000, 4, hard_wired=True),
        FactoryMonitor("MonitoringCtrlr.OfflineQueuingSeverity"),
    )
    assert setup({"monitors": [{"variable": "EVSE.Power"}]}).monitors == (FactoryMonitor("EVSE.Power"),)


@pytest.mark.parametrize(
    ("changed", "line", "said"),
    [
        ('variable = "EVSE.Powr"', 4, "there is no variable 'EVSE.Powr' in OCPP 2.0.1 or 2.1"),
        ('variable = "EVSE.SupplyPhases"', 4, "EVSE.SupplyPhases never changes by itself"),
        (
            'variable = "EVSE.AvailabilityState"',
            4,
            "EVSE.AvailabilityState is no number: it has no UpperThreshold",
        ),
        ('variabel = "EVSE.Power"', 5, "did you mean 'variable'?"),
        ("", 4, "needs a variable"),
    ],
)
def test_a_monitor_that_cannot_be_is_told_with_its_line(
    tmp_path: Path, changed: str, line: int, said: str
) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(FILE.replace('variable = "EVSE.Power"', changed, 1), encoding="utf-8")
    with pytest.raises(UsageError) as wrong:
        load(str(path))
    assert f"mine.toml:{line}: " in str(wrong.value)
    assert said in str(wrong.value)


def test_a_threshold_without_a_value_is_no_monitor() -> None:
    with pytest.raises(UsageError, match="UpperThreshold needs a value"):
        setup({"monitors": [{"variable": "EVSE.Power", "kind": "UpperThreshold"}]})


async def test_a_target_is_watched_on_2_1() -> None:
    own = (FactoryMonitor("EVSE.Power", "TargetDelta", 100, 5),)
    w = await Watching(V21, monitors=own).start()
    assert [one["type"] for one in await w.monitors()] == ["TargetDelta"]
    await w.end()
