"""DER controls: which one holds, when it begins and ends, and what it does to the power."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from charge_point.catalogue import Override
from charge_point.ev import vehicle
from charge_point.grid import grid as set_grid
from charge_point.outbox import Store
from shared.versions import V21
from tests.charge_point.charging import Charging
from tests.charge_point.wired import TOKEN

Payload = dict[str, Any]

POINTS = [{"x": 49.0, "y": 0.0}, {"x": 49.8, "y": 100.0}]


class Grid(Charging):
    """A station on the wire, and a CSMS that sets DER controls."""

    def __init__(self, **setup: Any) -> None:
        super().__init__(V21, **setup)

    def curve(self, id: str, priority: int = 1, after: float | None = None, **more: Any) -> Payload:
        """A FreqWatt control; scheduled when it begins `after` seconds, for a minute."""
        setting: Payload = {"priority": priority, "yUnit": "PctMaxW", "curveData": POINTS}
        if after is not None:
            setting |= {"startTime": self.now(after), "duration": 60}
        return {
            "isDefault": after is None,
            "controlId": id,
            "controlType": "FreqWatt",
            "curve": setting | more,
        }

    async def take(self, *arguments: Any, **named: Any) -> tuple[str, list[str]]:
        """Set such a control; gives the status and what is superseded."""
        answer = await self.ask("SetDERControl", self.curve(*arguments, **named))
        return answer["status"], answer.get("supersededIds", [])

    async def controls(self, **criteria: Any) -> dict[str, bool]:
        """The controls that are reported: id -> superseded."""
        self.forget()
        answer = await self.ask("GetDERControl", {"requestId": 3} | criteria)
        pages = self.of("ReportDERControl")
        assert (answer["status"] == "Accepted") is bool(pages)
        assert all(page["requestId"] == 3 for page in pages)
        assert [page["tbc"] for page in pages] == [True] * (len(pages) - 1) + [False] * bool(pages)
        every = [
            one for page in pages for name, some in page.items() if isinstance(some, list) for one in some
        ]
        return {one["id"]: one.get("isSuperseded", False) for one in every}

    def starts(self) -> list[tuple[str, bool, list[str]]]:
        """What was told of begins and ends."""
        told = self.of("NotifyDERStartStop")
        return [(one["controlId"], one["started"], one.get("supersededIds", [])) for one in told]


async def grid() -> Grid:
    at = Grid()
    await at.start()
    return at


# --- which one holds: TC_R_104 to 106 ----------------------------------------------------------------------


async def test_tc_r_104__a_default_of_more_weight_supersedes_the_other() -> None:
    at = await grid()
    assert await at.take("A", 5) == ("Accepted", [])  # R04.FR.02
    assert await at.take("B", 3) == ("Accepted", ["A"])  # R04.FR.03
    assert await at.take("C", 4) == ("Accepted", ["C"])
    assert await at.controls() == {"A": True, "B": False, "C": True}
    await at.end()


async def test_tc_r_105__a_scheduled_control_supersedes_one_that_waits_at_once_and_one_that_runs_when_it_begins() -> (
    None
):
    at = await grid()
    assert await at.take("A", 5, after=30) == ("Accepted", [])  # R04.FR.05
    assert await at.take("B", 3, after=20) == ("Accepted", ["A"])  # R04.FR.06
    await at.settle(25)
    assert at.starts() == [("B", True, [])]  # R04.FR.20
    assert await at.take("C", 1, after=20) == ("Accepted", [])  # R04.FR.07
    assert await at.controls() == {"A": True, "B": False, "C": False}
    at.forget()
    await at.settle(25)
    assert at.starts() == [("C", True, ["B"])]  # R04.FR.21
    assert await at.take("D", 9, after=5) == ("Accepted", ["D"])  # R04.FR.08
    at.forget()
    await at.settle(120)
    assert at.starts() == [("C", False, [])]  # R04.FR.22
    assert await at.controls() == {}  # R04.FR.10
    await at.end()


async def test_tc_r_106__the_default_holds_again_when_the_scheduled_control_is_over() -> None:
    at = await grid()
    await at.charging()
    await at.take("always")
    half = [{"x": 49.0, "y": 50.0}, {"x": 50.0, "y": 50.0}]
    await at.take("now", 1, after=5, curveData=half)
    assert at.amps == 32
    await at.settle(10)
    assert at.amps == 16
    await at.settle(60)
    assert at.amps == 32  # R04.FR.11
    await at.end()


# --- what is refused, reported, cleared: TC_R_102, TC_R_103 ---------------------------------------------------


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"controlType": "EnterService"}, "Rejected"),  # R04.FR.17: its setting is another one
        ({"controlType": "Gradients"}, "Rejected"),
        ({"isDefault": False}, "Rejected"),  # without a time
    ],
)
async def test_tc_r_103__a_control_that_does_not_fit_is_not_taken(change: Payload, status: str) -> None:
    at = await grid()
    assert (await at.ask("SetDERControl", at.curve("A") | change))["status"] == status
    assert (await at.ask("SetDERControl", at.curve("A", after=5) | {"isDefault": True}))[
        "status"
    ] == "Rejected"
    assert (await at.ask("SetDERControl", at.curve("A", after=-90)))["status"] == "Rejected"
    assert await at.controls() == {}
    await at.end()


DROOP: Payload = {
    "isDefault": True,
    "controlId": "droop",
    "controlType": "FreqDroop",
    "freqDroop": {
        "priority": 1,
        "overFreq": 50.1,
        "underFreq": 49.9,
        "overDroop": 0.01,
        "underDroop": 0.01,
        "responseTime": 5,
    },
}
ENTER: Payload = {
    "isDefault": True,
    "controlId": "enter",
    "controlType": "EnterService",
    "enterService": {"priority": 1, "highVoltage": 253, "lowVoltage": 207, "highFreq": 50.2, "lowFreq": 49.5},
}


async def test_tc_r_102__controls_are_reported_and_cleared_by_type_id_and_kind() -> None:
    at = await grid()
    for request in (DROOP, ENTER, at.curve("A"), at.curve("B", 2, after=600), at.curve("C", 3, after=900)):
        assert (await at.ask("SetDERControl", request))["status"] == "Accepted"
    assert list(await at.controls()) == ["droop", "enter", "A", "B", "C"]
    assert list(await at.controls(isDefault=False)) == ["B", "C"]
    assert list(await at.controls(controlType="FreqDroop")) == ["droop"]
    assert list(await at.controls(controlId="A")) == ["A"]
    get: Payload = {"requestId": 1}
    assert (await at.ask("GetDERControl", get | {"controlId": "Z"}))["status"] == "NotFound"  # R04.FR.30
    assert (await at.ask("GetDERControl", get | {"controlType": "VoltVar"}))["status"] == "NotFound"
    for request, status in (
        ({"isDefault": True, "controlId": "B"}, "NotFound"),  # R04.FR.42
        ({"isDefault": False, "controlType": "FreqDroop"}, "NotFound"),  # R04.FR.41
        ({"isDefault": True, "controlType": "VoltVar"}, "NotFound"),  # R04.FR.41
        ({"isDefault": True, "controlType": "FreqDroop"}, "Accepted"),  # R04.FR.45
        ({"isDefault": False}, "Accepted"),  # R04.FR.44
    ):
        assert (await at.ask("ClearDERControl", request))["status"] == status
    assert list(await at.controls()) == ["enter", "A"]
    await at.end()


async def test_a_type_that_no_evse_supports_is_refused() -> None:
    at = Grid(variables={"ACDERCtrlr.ModesSupported": Override(value=("FreqWatt",))})
    await at.start()
    request = at.curve("A") | {"controlType": "WattVar"}
    assert (await at.ask("SetDERControl", request))["status"] == "NotSupported"  # R04.FR.01
    get: Payload = {"requestId": 1, "controlType": "WattVar"}
    assert (await at.ask("GetDERControl", get))["status"] == "NotSupported"  # R04.FR.36
    clear: Payload = {"isDefault": True, "controlType": "WattVar"}
    assert (await at.ask("ClearDERControl", clear))["status"] == "NotSupported"  # R04.FR.43
    assert await at.take("A") == ("Accepted", [])
    await at.end()


async def test_a_station_without_der_controls_says_so() -> None:
    at = Grid(features=frozenset())
    await at.start()
    assert await at.take("A") == ("NotSupported", [])
    assert (await at.ask("GetDERControl", {"requestId": 1, "controlType": "FreqWatt"}))[
        "status"
    ] == "NotSupported"
    assert (await at.ask("GetDERControl", {"requestId": 1}))["status"] == "NotFound"
    assert (await at.ask("ClearDERControl", {"isDefault": True}))["status"] == "NotSupported"
    assert (await at.ask("ClearDERControl", {"isDefault": True, "controlId": "X"}))["status"] == "NotFound"
    await at.end()


# --- effect and alarms: TC_R_108 ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("control", "hertz", "amps"),
    [
        (None, 49.4, 16.0),  # half of the curve
        (DROOP, 49.65, 16.0),  # 0.25 Hz of the 0.5 Hz that are the droop
    ],
)
async def test_tc_r_108__power_follows_the_frequency_and_the_csms_hears_of_it(
    control: Payload | None, hertz: float, amps: float
) -> None:
    at = await grid()
    await at.charging()
    await at.ask("SetDERControl", control or at.curve("A"))
    at.forget()
    assert at.amps == 32
    set_grid(at.station, hertz=hertz)
    await at.settle(10)
    assert at.amps == pytest.approx(amps, abs=0.01)
    set_grid(at.station, hertz=50.0)
    await at.settle(10)
    assert at.amps == 32
    begin, end = at.of("NotifyDERAlarm")
    kind = (control or at.curve("A"))["controlType"]
    assert (begin["controlType"], begin["gridEventFault"], "alarmEnded" in begin) == (
        kind,
        "UnderFrequency",
        False,
    )
    # R05.FR.02
    assert (end["controlType"], end["gridEventFault"], end["alarmEnded"]) == (kind, "UnderFrequency", True)
    await at.end()


# --- keeping: TC_R_100 --------------------------------------------------------------------------------------


async def test_tc_r_100__controls_outlive_the_process(tmp_path: Path) -> None:
    store = Store(tmp_path)
    at = Grid(store=store)
    await at.start()
    await at.take("A", 5)
    await at.take("B", 3)
    await at.take("C", 1, after=600)
    at.station.switch_off()
    await at.end()
    store.close()
    again = Grid(store=Store(tmp_path))
    await again.start()
    assert await again.controls() == {"A": True, "B": False, "C": False}
    await again.end()


async def test_a_car_gives_back_no_more_than_the_control_allows() -> None:
    at = await grid()
    at.script["NotifyEVChargingNeeds"] = lambda request: {"status": "NoChargingProfile"}
    car = {"battery": 60_000, "soc": 80, "discharge": 10_000}
    at.station.plug_in(1, ev=vehicle(car))
    await at.station.present(TOKEN, 1)
    await at.settle(2)
    profile = at.profile((0, 0.0), unit="W", period={"operationMode": "CentralSetpoint", "setpoint": -8000})
    del profile["chargingSchedule"][0]["chargingSchedulePeriod"][0]["limit"]
    assert await at.send(1, profile) == "Accepted"
    meter = at.station.evses[0].meter
    assert meter.watts == -8000
    most: Payload = {"priority": 1, "pctMaxDischargePower": 50}
    request = {
        "isDefault": True,
        "controlId": "D",
        "controlType": "LimitMaxDischarge",
        "limitMaxDischarge": most,
    }
    assert (await at.ask("SetDERControl", request))["status"] == "Accepted"
    assert meter.watts == -5000
    assert (await at.ask("ClearDERControl", {"isDefault": True}))["status"] == "Accepted"
    assert meter.watts == -8000
    await at.end()
