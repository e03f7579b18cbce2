"""A station follows its DER controls: trips, returns, ramps, reactive power, alarms; and its nameplate."""

from __future__ import annotations

from typing import Any

import pytest

from charge_point.der.control import FIELDS, TYPES
from charge_point.ev import vehicle
from charge_point.grid import grid as set_grid
from charge_point.measurands import sample
from charge_point.meter import summed
from shared.versions import V21
from shared.wire.schema import document
from tests.charge_point.test_der import Grid
from tests.charge_point.wired import TOKEN

Payload = dict[str, Any]

CAR = {"battery": 60_000, "soc": 50, "discharge": 10_000, "iso15118": "20", "watts": 11_000}
DC: Payload = {"current": "DC", "amps": 100, "power": 40_000}


async def charging(car: Payload | None = None, **setup: Any) -> Grid:
    """A station on the wire at which a car charges."""
    at = Grid(**setup)
    at.script["NotifyEVChargingNeeds"] = lambda request: {"status": "NoChargingProfile"}
    await at.start()
    at.station.plug_in(1, ev=vehicle(car or {}))
    await at.station.present(TOKEN, 1)
    await at.settle(2)
    at.forget()
    return at


async def take(at: Grid, type_: str, *points: tuple[float, float], id: str = "", **setting: Any) -> None:
    """Set a default control."""
    name = FIELDS.get(type_, "curve")
    whole: Payload = {"priority": 1} | setting
    if name == "curve":
        whole = {"yUnit": "PctMaxVar", "curveData": [{"x": x, "y": y} for x, y in points]} | whole
    request = {"isDefault": True, "controlId": id or type_, "controlType": type_, name: whole}
    answer = await at.ask("SetDERControl", request)
    assert answer["status"] == "Accepted", answer


async def give_back(at: Grid, watts: float) -> None:
    """A profile by which the car gives back so much."""
    profile = at.profile((0, 0.0), unit="W", period={"operationMode": "CentralSetpoint", "setpoint": -watts})
    del profile["chargingSchedule"][0]["chargingSchedulePeriod"][0]["limit"]
    assert await at.send(1, profile) == "Accepted"


def alarms(at: Grid) -> list[tuple[str, str, bool]]:
    """Type, fault and end of every alarm since the last look."""
    told = at.of("NotifyDERAlarm")
    at.forget()
    return [(one["controlType"], one.get("gridEventFault", ""), one.get("alarmEnded", False)) for one in told]


def reading(at: Grid, *names: str) -> dict[str, float]:
    """What the meter of EVSE 1 says, without phases."""
    station = at.station
    taken = sample(station.evses[0].meter.read(station.clock.elapsed(), 0.0), "Trigger", names)
    return {one.measurand: one.value for one in taken.values}


# --- trips ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("type_", "points", "grid", "fault"),
    [
        ("HFMustTrip", [(51.5, 30), (52, 1)], {"hertz": 51.7}, "OverFrequency"),
        ("HFMayTrip", [(51.5, 30)], {"hertz": 51.7}, "OverFrequency"),  # R04 scenario 3
        ("LFMustTrip", [(47.5, 30), (47, 1)], {"hertz": 47.2}, "UnderFrequency"),
        ("HVMustTrip", [(110, 30), (120, 1)], {"volts": 260}, "OverVoltage"),
        ("HVMayTrip", [(253, 30)], {"volts": 260}, "OverVoltage"),
        ("LVMustTrip", [(80, 30)], {"volts": 180}, "UnderVoltage"),
        ("LVMayTrip", [(184, 30)], {"volts": 180}, "UnderVoltage"),
    ],
)
async def test_power_trips_after_its_time_beyond_the_curve_and_comes_back(
    type_: str, points: list[tuple[float, float]], grid: dict[str, float], fault: str
) -> None:
    at = await charging()
    meter = at.station.evses[0].meter
    await take(at, type_, *points)
    set_grid(at.station, **grid)
    await at.settle(29)
    assert meter.watts > 0  # it rides through
    assert alarms(at) == []
    await at.settle(2)
    assert meter.watts == 0
    assert alarms(at) == [(type_, fault, False)]  # R05.FR.01
    set_grid(at.station, hertz=50, volts=230)
    await at.settle(1)
    assert meter.watts == pytest.approx(230 * 32 * 3)
    assert alarms(at) == [(type_, fault, True)]  # R05.FR.02
    await at.end()


async def test_a_short_excursion_does_not_trip() -> None:
    at = await charging()
    await take(at, "HVMustTrip", (110, 10))
    for _ in range(5):
        set_grid(at.station, volts=260)
        await at.settle(9)
        set_grid(at.station, volts=230)
        await at.settle(1)
    assert at.station.evses[0].meter.watts > 0
    assert alarms(at) == []
    await at.end()


async def test_after_a_trip_power_waits_for_enter_service_and_rises_slowly() -> None:
    at = await charging()
    meter = at.station.evses[0].meter
    await take(
        at,
        "EnterService",
        highVoltage=253,
        lowVoltage=207,
        highFreq=50.1,
        lowFreq=49.5,
        delay=60,
        rampRate=100,
    )
    await take(at, "HFMustTrip", (51.5, 1))
    set_grid(at.station, hertz=52)
    await at.settle(2)
    set_grid(at.station, hertz=50.5)  # no trip any more, but too high to enter service
    await at.settle(100)
    assert meter.watts == 0
    set_grid(at.station, hertz=50)
    await at.settle(58)
    assert meter.watts == 0
    await at.settle(52)  # half of the ramp
    assert meter.watts == pytest.approx(230 * 16 * 3, rel=0.05)
    await at.settle(60)
    assert meter.watts == pytest.approx(230 * 32 * 3)
    await at.end()


async def test_the_hysteresis_of_a_curve_says_when_and_how_fast_power_comes_back() -> None:
    at = await charging()
    meter = at.station.evses[0].meter
    band = {"hysteresisHigh": 105, "hysteresisLow": 90, "hysteresisDelay": 20, "hysteresisGradient": 2}
    await take(at, "HVMustTrip", (110, 1), hysteresis=band)
    set_grid(at.station, volts=260)
    await at.settle(2)
    assert meter.watts == 0
    set_grid(at.station, volts=230 * 1.08)  # below the curve, above the hysteresis
    await at.settle(60)
    assert meter.watts == 0
    set_grid(at.station, volts=230)
    await at.settle(18)
    assert meter.watts == 0
    await at.settle(27)  # half of the 50 s that 2 % a second take
    assert meter.watts == pytest.approx(230 * 16 * 3, rel=0.08)
    await at.settle(30)
    assert meter.watts == pytest.approx(230 * 32 * 3)
    await at.end()


async def test_the_random_delay_of_enter_service_is_within_its_bound_and_that_of_the_seed() -> None:
    waited = []
    for seed in (1, 1, 2):
        at = await charging(seed=seed)
        band = {"highVoltage": 110, "lowVoltage": 90, "highFreq": 50.2, "lowFreq": 49.5}
        await take(at, "EnterService", delay=10, randomDelay=100, **band)
        await take(at, "HFMustTrip", (51.5, 1))
        set_grid(at.station, hertz=52)
        await at.settle(2)
        set_grid(at.station, hertz=50)
        seconds = 0
        while at.station.evses[0].meter.watts == 0 and seconds < 200:
            await at.settle(1)
            seconds += 1
        waited.append(seconds)
        await at.end()
    assert waited[0] == waited[1] != waited[2]
    assert all(10 <= seconds <= 111 for seconds in waited)


async def test_a_station_that_is_to_feed_in_during_a_cessation_does_not_cease() -> None:
    at = await charging()
    await take(at, "LVMomCess", (50, 0), voltageParams={"powerDuringCessation": "Active"})
    set_grid(at.station, volts=100)
    await at.settle(1)
    assert at.station.evses[0].meter.watts > 0
    await at.end()


async def test_nothing_begins_while_the_grid_is_outside_the_band_of_enter_service() -> None:
    at = Grid()
    await at.start()
    await take(at, "EnterService", highVoltage=110, lowVoltage=90, highFreq=50.2, lowFreq=49.5, delay=5)
    set_grid(at.station, hertz=49.4)
    await at.charging()
    assert at.amps == 0
    set_grid(at.station, hertz=50)
    await at.settle(6)
    assert at.amps == 32
    assert ("EnterService", "UnderFrequency", True) in alarms(at)
    set_grid(at.station, hertz=49.4)  # what runs goes on
    await at.settle(6)
    assert at.amps == 32
    await at.end()


async def test_power_ceases_for_a_moment_while_the_voltage_is_beyond_the_curve() -> None:
    at = await charging()
    await take(at, "LVMomCess", (50, 0))
    set_grid(at.station, volts=100)
    await at.settle(1)
    assert at.station.evses[0].meter.watts == 0
    assert alarms(at) == [("LVMomCess", "UnderVoltage", False)]
    set_grid(at.station, volts=230)
    await at.settle(1)
    assert at.station.evses[0].meter.watts > 0
    assert alarms(at) == [("LVMomCess", "UnderVoltage", True)]
    await at.end()


async def test_giving_back_more_than_is_monitored_trips() -> None:
    at = await charging(CAR)
    await give_back(at, 9_000)
    await take(at, "PowerMonitoringMustTrip", (0, 100), (20, 60))
    at.forget()
    await at.settle(3)
    assert at.station.evses[0].meter.watts == -9_000
    await at.settle(5)  # 90 % is above the curve after 5 s
    assert at.station.evses[0].meter.watts == 0
    assert alarms(at)[0] == ("PowerMonitoringMustTrip", "", False)
    await at.settle(65)
    assert alarms(at)[0] == ("PowerMonitoringMustTrip", "", True)
    await at.end()


# --- ramps and alarms -------------------------------------------------------------------------------------------


async def test_gradients_and_response_times_let_power_change_slowly() -> None:
    at = await charging()
    await take(at, "Gradients", gradient=40, softGradient=0)
    await take(at, "FreqWatt", (49, 0), (49.8, 100))
    set_grid(at.station, hertz=49.4)
    await at.settle(10)
    assert at.amps == pytest.approx(24, abs=1)
    await at.settle(15)
    assert at.amps == 16
    set_grid(at.station, hertz=50)
    await at.settle(25)
    assert at.amps == 32
    await take(at, "FreqWatt", (49, 0), (49.8, 100), id="quick", priority=0, responseTime=9)
    set_grid(at.station, hertz=49.4)
    await at.settle(5)
    assert at.amps == pytest.approx(24, abs=1)
    await at.settle(7)
    assert at.amps == 16
    await at.end()


async def test_another_control_that_takes_over_ends_no_alarm() -> None:
    at = await charging()
    await take(at, "FreqWatt", (49, 0), (49.8, 100))
    await take(at, "LVMustTrip", (80, 1))
    at.forget()
    set_grid(at.station, hertz=49.4)
    await at.settle(1)
    set_grid(at.station, volts=180)
    await at.settle(3)
    assert alarms(at) == [
        ("FreqWatt", "UnderFrequency", False),
        ("LVMustTrip", "UnderVoltage", False),
    ]  # R05.FR.03, .04
    set_grid(at.station, hertz=50, volts=230)
    await at.settle(3)
    assert alarms(at) == [("LVMustTrip", "UnderVoltage", True)]
    await at.end()


async def test_a_limit_that_changes_nothing_is_no_alarm() -> None:
    at = await charging({"amps": 10})
    await take(at, "VoltWatt", (106, 100), (110, 50))  # of what is given back
    await take(at, "FreqWatt", (49, 0), (49.8, 100))
    set_grid(at.station, hertz=49.7, volts=250)
    await at.settle(2)
    assert at.station.evses[0].meter.watts == pytest.approx(250 * 10 * 3)
    idle = Grid()
    await idle.start()
    await take(idle, "FreqWatt", (49, 0), (49.8, 100))
    set_grid(idle.station, hertz=49.1)
    await idle.settle(2)
    assert alarms(idle) == []
    await idle.end()
    await at.end()


async def test_overvoltage_lowers_what_is_given_back() -> None:
    at = await charging(CAR)
    await give_back(at, 8_000)
    meter = at.station.evses[0].meter
    assert meter.watts == -8_000
    await take(at, "VoltWatt", (106, 100), (110, 0))
    at.forget()
    set_grid(at.station, volts=230 * 1.08)
    await at.settle(1)
    assert meter.watts == -5_000
    assert alarms(at) == [("VoltWatt", "OverVoltage", False)]
    set_grid(at.station, volts=230)
    await at.settle(1)
    assert meter.watts == -8_000
    assert alarms(at) == [("VoltWatt", "OverVoltage", True)]
    await at.end()


# --- reactive power ---------------------------------------------------------------------------------------------


async def test_a_car_of_iso_15118_20_follows_a_fixed_power_factor() -> None:
    at = await charging(CAR)
    await take(at, "FixedPFAbsorb", displacement=0.95, excitation=True)
    now = reading(at, "Power.Factor", "Power.Active.Import", "Power.Reactive.Import")
    assert now["Power.Factor"] == 0.95
    assert now["Power.Active.Import"] == 11_000
    assert now["Power.Reactive.Import"] == pytest.approx(11_000 * (1 / 0.95**2 - 1) ** 0.5, abs=0.1)
    assert (await at.ask("ClearDERControl", {"isDefault": True}))["status"] == "Accepted"
    assert reading(at, "Power.Factor")["Power.Factor"] == 1
    await at.end()


async def test_a_car_without_it_keeps_its_own_power_factor() -> None:
    at = await charging({"power_factor": 0.98})
    await take(at, "FixedVar", setpoint=-50, unit="PctMaxVar")
    assert reading(at, "Power.Factor")["Power.Factor"] == 0.98
    await at.end()


async def test_an_inverter_for_direct_current_follows_the_voltage_with_reactive_power_at_the_main_meter() -> (
    None
):
    at = await charging({"battery": 60_000, "watts": 20_000}, **DC)
    await take(at, "VoltVar", (92, 44), (98, 0), (102, 0), (108, -44))
    set_grid(at.station, volts=230 * 1.05)
    await at.settle(1)
    at.forget()
    meter = at.station.evses[0].meter
    main = summed([meter.read(0.0, 0.0)], 230 * 1.05)
    assert sum(main.vars) == pytest.approx(0.22 * 0.44 * 40_000)
    assert meter.watts == 20_000
    assert (
        reading(at, "Power.Reactive.Import")["Power.Reactive.Import"] == 0
    )  # of direct current there is none
    assert alarms(at) == []  # R04 scenario 4: active power is not affected
    await at.end()


async def test_reactive_power_follows_the_power_of_a_battery_that_gets_full() -> None:
    at = await charging({"battery": 10_000, "soc": 80, "watts": 11_000, "iso15118": "20"})
    await take(at, "WattVar", (0, 0), (100, -100), yUnit="PctMaxVar")
    first = reading(at, "Power.Active.Import", "Power.Reactive.Import")
    await at.settle(600)
    later = reading(at, "Power.Active.Import", "Power.Reactive.Import")
    assert later["Power.Active.Import"] < first["Power.Active.Import"]
    for now in (first, later):
        assert now["Power.Reactive.Import"] == pytest.approx(0.44 * now["Power.Active.Import"], rel=0.15)
    await at.end()


# --- the nameplate: TC_R_101 ------------------------------------------------------------------------------------

MANDATORY = set(
    "MaxW OverExcitedW OverExcitedPF UnderExcitedW UnderExcitedPF MaxVA MaxVar MaxVarNeg MaxChargeRateW"
    " MaxChargeRateVA ModesSupported InverterManufacturer InverterModel InverterSwVersion InverterHwVersion"
    " ReactiveSusceptance".split()
)


async def test_tc_r_101__a_dc_station_reports_the_nameplate_of_every_inverter() -> None:
    at = Grid(evses=((1,), (1,)), **DC)
    await at.start()
    request = {"requestId": 1, "componentVariable": [{"component": {"name": "DCDERCtrlr"}}]}
    assert (await at.ask("GetReport", request))["status"] == "Accepted"
    await at.settle(1)
    rows = [row for page in at.of("NotifyReport") for row in page["reportData"]]
    for evse in (1, 2):
        found = {
            row["variable"]["name"]: row["variableAttribute"][0].get("value")
            for row in rows
            if row["component"]["evse"]["id"] == evse
        }
        assert found.keys() >= MANDATORY  # R01.FR.02
        assert (float(found["MaxW"]), float(found["MaxVar"])) == (40_000, 17_600)
    assert {row["component"]["name"] for row in rows} == {"DCDERCtrlr"}
    await at.end()


async def test_what_an_ac_station_emulates_stands_in_a_component_of_its_own() -> None:
    at = Grid()
    await at.start()
    assert at.station.model.has("ACDERCtrlr#1.ModesSupported")  # R03.FR.03
    assert not at.station.model.has("DCDERCtrlr#1.MaxW")
    await at.end()


# --- an inverter in the car -------------------------------------------------------------------------------------


async def needs(car: Payload, *allowed: str) -> Payload:
    """What a car of ISO 15118-20 tells of its needs, where the CSMS allows these ways to charge."""
    at = Grid()
    at.script["NotifyEVChargingNeeds"] = lambda request: {"status": "NoChargingProfile"}
    more = {"allowedEnergyTransfer": list(allowed)} if allowed else {}
    at.script["Authorize"] = lambda request: {"idTokenInfo": {"status": "Accepted"}} | more
    await at.start()
    at.station.plug_in(1, ev=vehicle(CAR | car))
    await at.station.present(TOKEN, 1)
    await at.settle(5)
    (told,) = at.of("NotifyEVChargingNeeds")
    await at.end()
    found: Payload = told["chargingNeeds"]
    return found


async def test_a_car_whose_inverter_follows_der_controls_tells_its_nameplate() -> None:
    found = await needs({"der": "HFMustTrip+LimitMaxDischarge"}, "AC_three_phase", "AC_BPT", "AC_BPT_DER")
    assert found["requestedEnergyTransfer"] == "AC_BPT_DER"
    plate = found["derChargingParameters"]  # R02.FR.01, R03.FR.01
    assert plate["evSupportedDERControl"] == ["HFMustTrip", "LimitMaxDischarge"]
    assert (plate["maxChargeApparentPower"], plate["maxDischargeApparentPower"]) == (11_000, 10_000)
    for car, allowed, wanted in (
        ({"der": True}, ("AC_three_phase", "AC_BPT"), "AC_BPT"),
        ({}, ("AC_three_phase", "AC_BPT", "AC_BPT_DER"), "AC_BPT"),
        ({"der": True}, ("AC_three_phase",), "AC_three_phase"),
    ):
        found = await needs(car, *allowed)
        assert (found["requestedEnergyTransfer"], "derChargingParameters" in found) == (wanted, False)


def test_the_types_are_those_of_the_standard() -> None:
    enum = document(V21, "SetDERControl")["definitions"]["DERControlEnumType"]["enum"]
    assert sorted(TYPES) == sorted(enum)
    with pytest.raises(ValueError, match="did you mean 'VoltVar'"):
        vehicle({"der": "VoltVars"})
