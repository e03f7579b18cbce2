"""Measurands of 2.1 beside power and energy: losses, generation, setpoints over an interval, what a car displays."""

from __future__ import annotations

from math import inf
from typing import Any

import pytest

from charge_point.definitions import MEASURANDS, definitions
from charge_point.grid import set_building
from charge_point.measurands import MEASURED
from charge_point.smart_charging.balancing import measured as building_load
from charge_point.upstream import upstream
from shared.versions import V21
from shared.wire.schema import document
from tests.charge_point.test_der import Grid
from tests.charge_point.test_der_effect import CAR, DC, charging, give_back

Payload = dict[str, Any]

LOSS = "Energy.Active.Import.CableLoss"
LOCAL = "Energy.Active.Import.LocalGeneration.Register"
FOLLOWED = "Energy.Active.Setpoint.Interval"


def measure(at: Grid, *names: str, interval: str = "") -> dict[str, float]:
    """What these measurands are at EVSE 1."""
    taken = at.station.evses[0].read("Other", names, interval=interval)
    return {value.measurand: value.value for value in taken.values if not value.phase}


def test_every_measurand_is_measured_and_can_be_chosen_in_a_list_that_is_short_enough() -> None:
    every = set(document(V21, "MeterValues")["definitions"]["MeasurandEnumType"]["enum"])
    assert every == MEASURED.keys() - {"Temperature"}  # of 1.6
    lists = [row for row in definitions(V21) if row.variable.endswith("Measurands") and row.values]
    assert all(len(",".join(row.values)) <= 1000 for row in lists)  # VariableCharacteristicsType.valuesList
    of_a_mode = next(row.values for row in lists if row.component == "V2XChargingCtrlr")
    assert every == {*MEASURANDS[V21], *of_a_mode}


@pytest.mark.parametrize(
    ("setup", "car", "ohms", "conductors", "volts"),
    [
        ({}, {}, 0.467 / 32, 3, 230.0),
        ({"phases": 1}, {}, 0.467 / 32, 2, 230.0),
        (DC, {"battery": 60_000, "volts": (400, 400), "watts": 20_000}, 0.467 / 100, 2, 400.0),
    ],
)
async def test_a_cable_gets_warm_with_the_square_of_its_current(
    setup: Payload, car: Payload, ohms: float, conductors: int, volts: float
) -> None:
    at = await charging(car, **setup)
    before = measure(at, LOSS)[LOSS]
    await at.settle(1800)
    (phases,) = {at.station.evses[0].outlet.phases}
    amps = at.station.evses[0].meter.watts / volts / max(phases, 1)
    assert measure(at, LOSS)[LOSS] - before == pytest.approx(conductors * amps**2 * ohms / 2, rel=0.001)
    at.station.unplug(1)
    await at.settle(2)
    at.station.plug_in(1)
    await at.station.present("04A1B2C3", 1)
    await at.settle(2)
    assert measure(at, LOSS)[LOSS] < 1  # of this transaction
    await at.end()


async def test_the_loss_is_the_same_however_often_somebody_looks() -> None:
    lost = []
    for looks in (1, 60):
        at = await charging({"battery": 10_000, "soc": 70, "power_factor": 0.9})
        for _ in range(looks):
            await at.settle(3600 / looks)
            measure(at, LOSS)
        lost.append(at.station.evses[0].meter.lost)
        await at.end()
    assert lost[0] == pytest.approx(lost[1]) != 0


async def test_what_the_sun_gives_is_counted_apart_and_nets_at_the_meter_of_the_premises() -> None:
    at = await charging({"watts": 11_000})
    begin = upstream(at.station)
    set_building(at.station, -8_000)
    await at.settle(3600)
    now = upstream(at.station)
    assert measure(at, LOCAL)[LOCAL] == pytest.approx(8_000, rel=0.001)
    assert now.energy - begin.energy == pytest.approx(3_000, rel=0.001)
    assert now.exported == 0
    set_building(at.station, -20_000)
    await at.settle(3600)
    now = upstream(at.station)
    assert measure(at, LOCAL)[LOCAL] == pytest.approx(19_000, rel=0.001)  # no more than the car takes
    assert now.energy - begin.energy == pytest.approx(3_000, rel=0.001)
    assert now.exported == pytest.approx(9_000, rel=0.001)
    set_building(at.station, 1_000)
    await at.settle(3600)
    assert measure(at, LOCAL)[LOCAL] == pytest.approx(19_000, rel=0.001)
    assert upstream(at.station).energy - begin.energy == pytest.approx(15_000, rel=0.001)
    await at.end()


async def test_a_car_that_gives_back_feeds_the_building_first() -> None:
    at = await charging(CAR)
    building_load(at.station, 5_000)
    begin = upstream(at.station)
    await give_back(at, 8_000)
    await at.settle(1800)
    now = upstream(at.station)
    assert now.energy - begin.energy == pytest.approx(0, abs=2)
    assert now.exported - begin.exported == pytest.approx(1_500, abs=2)
    await at.end()


async def test_the_energy_of_a_setpoint_is_that_of_the_interval() -> None:
    at = await charging(CAR)
    assert FOLLOWED not in measure(at, FOLLOWED)  # there is none
    await give_back(at, 6_000)
    await at.settle(600)
    assert measure(at, FOLLOWED, interval="aligned")[FOLLOWED] == pytest.approx(-1_000, abs=5)
    await give_back(at, 3_000)
    await at.settle(600)
    assert measure(at, FOLLOWED, interval="aligned")[FOLLOWED] == pytest.approx(-500, abs=5)
    assert await at.clear(id=1) == "Accepted"
    await at.settle(600)
    assert measure(at, FOLLOWED, interval="aligned")[FOLLOWED] == pytest.approx(0, abs=5)
    await at.end()


async def test_a_car_displays_when_it_will_have_its_minimum() -> None:
    name = "Display.RemainingTimeToMinimumSOC"
    at = await charging({"battery": 20_000, "soc": 10, "reserve": 40, "watts": 6_000})
    first = measure(at, name)[name]
    assert first == pytest.approx(3600, abs=10)
    await at.settle(1800)
    assert measure(at, name)[name] == pytest.approx(first - 1800, abs=5)
    await at.settle(2000)
    assert measure(at, name)[name] == 0
    await at.end()


async def test_an_inlet_gets_hot_beyond_what_it_carries() -> None:
    for inlet, hot in ((inf, 0), (40, 0), (20, 1)):
        at = await charging({"inlet": inlet} if inlet < inf else {})
        assert measure(at, "Display.InletHot")["Display.InletHot"] == hot
        await at.end()
