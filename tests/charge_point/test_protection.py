"""What stations protect cars, people and themselves from."""

from __future__ import annotations

from typing import Any

import pytest

from charge_point.authorization import Token
from charge_point.ev import vehicle
from charge_point.grid import grid
from shared.versions import V16, Version
from tests.charge_point.scripted import Stage

TOKEN = Token("04A1B2C3")


async def charged(version: Version, seconds: float, **car: Any) -> Stage:
    stage = Stage(version)
    await stage.booted()
    stage.station.plug_in(ev=vehicle(car))
    await stage.station.present(TOKEN)
    await stage.settle(seconds)
    return stage


def error(stage: Stage) -> str:
    return stage.station.evses[0].active.error


@pytest.mark.parametrize(
    ("car", "wrong"),
    [
        ({"leak": 5.9}, "NoError"),
        ({"leak": 6}, "GroundFailure"),
        ({"overdraw": 1.1}, "NoError"),
        ({"overdraw": 1.2}, "OverCurrentFailure"),
        ({"overdraw": 1.2, "amps": 0.5}, "NoError"),
    ],
)
async def test_a_car_that_is_not_sound_is_cut_off(version: Version, car: dict[str, Any], wrong: str) -> None:
    stage = await charged(version, 4, **car)
    assert error(stage) == (
        wrong if "leak" in car else "NoError"
    )  # a car has five seconds to follow an offer
    await stage.settle(2)
    assert error(stage) == wrong
    evse = stage.station.evses[0]
    assert (evse.meter.watts == 0) is (wrong != "NoError")


async def test_what_a_car_draws_too_much_is_measured(version: Version) -> None:
    stage = await charged(version, 2, overdraw=1.5)
    assert stage.station.evses[0].meter.watts == pytest.approx(230 * 32 * 1.5 * 3)


@pytest.mark.parametrize(
    ("volts", "wrong"), [(91, "UnderVoltage"), (93, "NoError"), (276, "NoError"), (277, "OverVoltage")]
)
async def test_a_grid_that_the_hardware_does_not_bear_puts_it_out_of_order(
    version: Version, volts: float, wrong: str
) -> None:
    stage = await charged(version, 10)
    grid(stage.station, volts=volts)
    await stage.settle()
    assert error(stage) == wrong
    grid(stage.station, volts=230)
    await stage.settle()
    assert error(stage) == "NoError"
    if version is V16 and wrong != "NoError":
        told = [one["errorCode"] for one in stage.csms.of("StatusNotification") if one["connectorId"] == 1]
        assert wrong in told
        assert told[-1] == "NoError"


async def test_a_fault_of_another_kind_outlives_the_grid_s(version: Version) -> None:
    stage = await charged(version, 10)
    stage.station.fault(1, error="GroundFailure")
    grid(stage.station, volts=60)
    grid(stage.station, volts=230)
    await stage.settle()
    assert error(stage) == "GroundFailure"
