"""What DER controls look at for long, cessations that feed in, reactive setpoints; and at which EVSEs controls hold."""

from __future__ import annotations

from math import exp, hypot
from typing import Any

import pytest

from charge_point.catalogue import Override
from charge_point.der.voltage import WINDOW, Voltage
from charge_point.ev import vehicle
from charge_point.grid import grid as set_grid
from tests.charge_point.test_der import Grid
from tests.charge_point.test_der_effect import CAR, DC, alarms, charging, give_back, reading, take
from tests.charge_point.test_der_response import control
from tests.charge_point.wired import TOKEN

Payload = dict[str, Any]


def var_at_main_meter(at: Grid) -> float:
    """What the inverter of EVSE 1 takes of reactive power."""
    flow = at.station.evses[0].meter.flow
    return 0.0 if flow is None else flow.vars


# --- the mean of ten minutes ------------------------------------------------------------------------------------


def test_the_mean_is_that_of_the_last_ten_minutes() -> None:
    voltage = Voltage()
    voltage.look(0.0, 100.0, None)
    assert voltage.mean(0.0) == 100.0  # before that it was as it is
    voltage.look(1000.0, 112.0, None)
    assert voltage.mean(1300.0) == pytest.approx(106.0)
    voltage.look(1300.0, 94.0, None)
    assert voltage.mean(1600.0) == pytest.approx((112 + 94) / 2)
    voltage.look(5000.0, 94.0, None)
    assert voltage.mean(5000.0) == voltage.highest() == 94.0


async def test_power_trips_when_the_mean_voltage_is_too_high_for_its_time_and_not_before() -> None:
    at = await charging()
    params = {"hv10MinMeanValue": 110, "hv10MinMeanTripDelay": 30}
    await take(at, "HVMustTrip", (130, 1), voltageParams=params)
    at.forget()
    set_grid(at.station, volts=230 * 1.15)
    await at.settle(WINDOW * 10 / 15 + 25)  # the mean is above 110 % after 400 s
    assert at.station.evses[0].meter.watts > 0
    assert alarms(at) == []
    await at.settle(12)
    assert at.station.evses[0].meter.watts == 0
    assert alarms(at) == [("HVMustTrip", "OverVoltage", False)]
    set_grid(at.station, volts=230)
    await at.settle(60)  # it needs a while to get below
    assert at.station.evses[0].meter.watts == 0
    await at.settle(WINDOW)
    assert at.station.evses[0].meter.watts > 0
    await at.end()


async def test_a_mean_without_its_delay_is_refused() -> None:
    at = Grid()
    await at.start()
    curve = {"priority": 1, "yUnit": "PctMaxVar", "curveData": [{"x": 130, "y": 1}]}
    for name in ("hv10MinMeanValue", "hv10MinMeanTripDelay"):
        request = {"isDefault": True, "controlId": "A", "controlType": "HVMustTrip"}
        answer = await at.ask("SetDERControl", request | {"curve": curve | {"voltageParams": {name: 110}}})
        assert answer["status"] == "Rejected"
    await at.end()


# --- the reference that adjusts itself --------------------------------------------------------------------------


def test_an_autonomous_reference_follows_the_voltage_as_a_low_pass_does() -> None:
    params = {"autonomousVRefEnable": True, "autonomousVRefTimeConstant": 300}
    curve, voltage = control("VoltVar", reactivePowerParams=params), Voltage()
    voltage.look(0.0, 100.0, curve)
    assert voltage.reference == 100.0
    voltage.look(10.0, 104.0, curve)
    voltage.look(310.0, 104.0, curve)
    assert voltage.reference == pytest.approx(104 - 4 * exp(-1))
    voltage.look(9000.0, 120.0, curve)
    voltage.look(99000.0, 120.0, curve)
    assert voltage.reference == pytest.approx(105.0)  # IEEE 1547-2018 table 8
    voltage.look(99001.0, 120.0, control("VoltVar"))
    assert voltage.reference is None


async def test_reactive_power_fades_while_the_reference_follows_the_voltage() -> None:
    at = await charging({"battery": 60_000, "watts": 20_000}, **DC)
    params = {"autonomousVRefEnable": True, "autonomousVRefTimeConstant": 300}
    points = ((92, 44), (98, 0), (102, 0), (108, -44))
    await take(at, "VoltVar", *points, reactivePowerParams=params)
    set_grid(at.station, volts=230 * 1.05)
    await at.settle(1)
    first = var_at_main_meter(at)
    assert first == pytest.approx(0.22 * 0.44 * 40_000, rel=0.02)
    await at.settle(100)
    assert 0 < var_at_main_meter(at) < first * 0.7
    await at.settle(900)
    assert var_at_main_meter(at) == pytest.approx(0, abs=1)
    await at.end()


# --- momentary cessation ----------------------------------------------------------------------------------------


async def test_reactive_power_is_fed_in_during_a_cessation_that_asks_for_it() -> None:
    at = await charging({"battery": 60_000, "watts": 20_000}, **DC)
    await take(at, "LVMomCess", (85, 0), voltageParams={"powerDuringCessation": "Reactive"})
    at.forget()
    set_grid(at.station, volts=230 * 0.8)
    await at.settle(1)
    assert at.station.evses[0].meter.watts == 0
    assert var_at_main_meter(at) == pytest.approx(-0.4 * 40_000)  # twice the 20 % that are missing
    assert alarms(at) == [("LVMomCess", "UnderVoltage", False)]
    set_grid(at.station, volts=230 * 0.5)
    await at.settle(1)
    assert var_at_main_meter(at) == pytest.approx(-0.44 * 40_000)  # all it has
    await take(at, "FixedVar", setpoint=50, unit="PctMaxVar")
    await at.settle(1)
    assert var_at_main_meter(at) == pytest.approx(-0.5 * 0.44 * 40_000)  # a control says how much
    set_grid(at.station, volts=230)
    await at.settle(1)
    assert at.station.evses[0].meter.watts == 20_000
    assert (await at.ask("ClearDERControl", {"isDefault": True}))["status"] == "Accepted"
    assert var_at_main_meter(at) == 0
    await at.end()


async def test_without_that_a_cessation_leaves_no_reactive_power() -> None:
    at = await charging({"battery": 60_000, "watts": 20_000}, **DC)
    await take(at, "FixedVar", setpoint=50, unit="PctMaxVar")
    await take(at, "LVMomCess", (85, 0))
    assert var_at_main_meter(at) < 0
    set_grid(at.station, volts=230 * 0.8)
    await at.settle(1)
    assert at.station.evses[0].meter.watts == var_at_main_meter(at) == 0
    await at.end()


# --- a setpoint for reactive power ------------------------------------------------------------------------------


async def set_reactive(at: Grid, value: float, unit: str = "W") -> None:
    """A profile with a setpoint of 5 kW that is to come with so much reactive power."""
    follow = 5_000 if unit == "W" else 10
    period = {"operationMode": "CentralSetpoint", "setpoint": follow, "setpointReactive": value}
    profile = at.profile((0, 0.0), unit=unit, period=period)
    del profile["chargingSchedule"][0]["chargingSchedulePeriod"][0]["limit"]
    assert await at.send(1, profile) == "Accepted"


async def test_an_inverter_follows_the_reactive_setpoint_of_a_profile() -> None:
    at = await charging(CAR)
    await set_reactive(at, 1_200)  # above 0 for inductive
    now = reading(at, "Power.Active.Import", "Power.Reactive.Import")
    assert now["Power.Reactive.Import"] == pytest.approx(1_200)
    assert hypot(*now.values()) == pytest.approx(5_000, rel=0.001)  # on AC the pilot says a current
    await set_reactive(at, -2, "A")
    assert reading(at, "Power.Reactive.Export")["Power.Reactive.Export"] == pytest.approx(2 * 230 * 3)
    await set_reactive(at, 90_000)
    assert reading(at, "Power.Reactive.Import")["Power.Reactive.Import"] == pytest.approx(
        round(0.44 * 230 * 32 * 3)
    )
    assert await at.clear(id=1) == "Accepted"
    assert reading(at, "Power.Factor")["Power.Factor"] == 1
    assert alarms(at) == []
    await at.end()


async def test_a_car_without_a_controllable_inverter_does_not() -> None:
    at = await charging({"battery": 60_000, "soc": 50, "discharge": 5_000})
    await set_reactive(at, 1_200)
    assert reading(at, "Power.Factor")["Power.Factor"] == 1
    await at.end()


async def test_a_control_that_overrules_the_reactive_setpoint_of_a_profile_is_an_alarm() -> None:
    at = await charging(CAR)
    await take(at, "VoltVar", (92, 44), (98, 0), (102, 0), (108, -44))
    set_grid(at.station, volts=230 * 1.05)
    await at.settle(1)
    assert alarms(at) == []  # active power is not affected (R04 scenario 4)
    await set_reactive(at, 500)
    at.forget()
    await at.settle(1)
    assert reading(at, "Power.Reactive.Import")["Power.Reactive.Import"] > 1_000
    await set_reactive(at, 600)
    await at.settle(1)
    assert alarms(at) == []  # it is told already
    assert (await at.ask("ClearDERControl", {"isDefault": True}))["status"] == "Accepted"
    await at.settle(1)
    assert alarms(at) == [("VoltVar", "OverVoltage", True)]
    assert reading(at, "Power.Reactive.Import")["Power.Reactive.Import"] == pytest.approx(600)
    await take(at, "VoltVar", (92, 44), (98, 0), (102, 0), (108, -44))
    await at.settle(1)
    assert alarms(at) == [("VoltVar", "OverVoltage", False)]
    await at.end()


# --- where a control holds --------------------------------------------------------------------------------------


async def test_a_control_holds_where_the_inverter_supports_it() -> None:
    variables = {"ACDERCtrlr#1.ModesSupported": Override(value=("HFMustTrip",))}
    at = Grid(evses=((1,), (1,)), variables=variables)
    await at.start()
    for evse in (1, 2):
        at.station.plug_in(evse, ev=vehicle({}))
        await at.station.present(TOKEN if evse == 1 else "04BB", evse)
    await at.settle(2)
    await take(at, "FreqWatt", (49, 0), (49.8, 100))
    at.forget()
    set_grid(at.station, hertz=49.4)
    await at.settle(2)
    assert (at.flowing(1), at.flowing(2)) == (32, 16)
    assert alarms(at) == [("FreqWatt", "UnderFrequency", False)]
    await take(at, "HFMustTrip", (51.5, 1))
    set_grid(at.station, hertz=52)
    await at.settle(3)
    assert (at.flowing(1), at.flowing(2)) == (0, 0)
    await at.end()


async def test_on_mixed_stations_a_control_follows_the_current_that_is_used() -> None:
    variables = {"DCDERCtrlr#1.ModesSupported": Override(value=("FreqWatt",))}
    at = Grid(
        evses=((1, 2), (1,)),
        connectors=(("cCCS2", "cType2"), ("sType2",)),
        variables={**variables, "ACDERCtrlr.ModesSupported": Override(value=("LFMustTrip",))},
    )
    await at.start()
    at.station.plug_in(1, 1, ev=vehicle({"watts": 40_000}))
    await at.station.present(TOKEN, 1)
    at.station.plug_in(2, ev=vehicle({}))
    await at.station.present("04BB", 2)
    await at.settle(2)
    await take(at, "FreqWatt", (49, 0), (49.8, 100))
    set_grid(at.station, hertz=49.4)
    await at.settle(2)
    assert at.station.evses[0].meter.watts == pytest.approx(25_000)
    assert at.flowing(2) == 32  # AC does not emulate it here
    await take(at, "LFMustTrip", (49.5, 1))
    await at.settle(3)
    assert at.station.evses[0].meter.watts == pytest.approx(25_000)  # the inverter does not have that
    assert at.flowing(2) == 0
    await at.end()


async def test_a_control_that_only_the_car_follows_holds_for_that_car() -> None:
    variables = {"ACDERCtrlr#1.ModesSupported": Override(value=("HFMustTrip",))}
    for car, watts in ((CAR | {"der": "VoltWatt"}, -5_000), (CAR, -8_000)):
        at = Grid(evses=((1,), (1,)), variables=variables)
        at.script["NotifyEVChargingNeeds"] = lambda request: {"status": "NoChargingProfile"}
        await at.start()
        at.station.plug_in(1, ev=vehicle(car))
        await at.station.present(TOKEN, 1)
        await at.settle(2)
        await give_back(at, 8_000)
        await take(at, "VoltWatt", (106, 100), (110, 0))
        set_grid(at.station, volts=230 * 1.08)
        await at.settle(1)
        assert at.station.evses[0].meter.watts == watts
        await at.end()
