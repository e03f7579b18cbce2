"""docs/smart-charging.md: what it says can be typed is understood and does what it says, and its scenario passes."""

from __future__ import annotations

import re

from charge_point.ev import vehicle
from charge_point.terminal import Terminal
from scripts.processes import ROOT
from shared.report.events import Verdict
from shared.scenario.load import shipped
from shared.versions import V201
from tests.charge_point.charging import Charging
from tests.csms.test_terminal import BOOT, _desk, _event
from tests.scenario.played import Played

PAGE = (ROOT / "docs" / "smart-charging.md").read_text(encoding="utf-8")


def block(language: str) -> str:
    found = re.search(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)
    assert found, language
    return found[1]


def test_the_scenarios_are_there() -> None:
    names = re.findall(r"run (\S+)", block("sh"))
    assert len(names) == 3
    assert set(names) <= set(shipped())


def test_the_scenario_of_the_page_passes() -> None:
    over = Played(block("yaml"), file="smart-charging.md", over="memory", seed=0)
    assert over.verdicts == {Verdict.PASSED}, [(e.id, e.reason, e.failure) for e in over.finished]


async def test_what_is_typed_at_the_station_does_what_it_says() -> None:
    at = Charging(V201)
    await at.start()
    prompt = Terminal(at.station, None, lambda: None).prompt
    amps = []
    for line in block("station").splitlines():
        assert "usage" not in await prompt.obey(line), line
        await at.settle(2)
        amps.append(round(at.station.evses[0].meter.watts / 230, 2))
    assert amps[2:] == [32, 8, 6.67, 6.67, 32]  # a limit in watts is for three phases (K01.FR.49)
    await at.end()


async def test_what_is_typed_at_the_csms_is_sent() -> None:
    composite = {
        "evseId": 1,
        "duration": 600,
        "scheduleStart": "2026-01-01T10:00:00Z",
        "chargingRateUnit": "A",
        "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 10}],
    }
    async with _desk() as desk:
        station = await desk.connect(
            SetChargingProfile={"status": "Accepted"},
            GetCompositeSchedule={"status": "Accepted", "schedule": composite},
            GetChargingProfiles={"status": "Accepted"},
            ClearChargingProfile={"status": "Accepted"},
        )
        await station.tell("BootNotification", BOOT)
        await station.tell("TransactionEvent", _event("Started", 0, 0.0))
        for line in block("csms").splitlines():
            assert "Accepted" in await desk.type(line), line


def test_every_name_of_the_table_is_one_of_a_car() -> None:
    names = [
        name
        for row in re.findall(r"^\| (`.*?) \|", PAGE, re.MULTILINE)
        for name in re.findall(r"`(\w+)`", row)
    ]
    assert len(names) > 8
    for name in names:
        vehicle({name: {"iso15118": "20", "dynamic": "true", "phases": 1}.get(name, 50)})
