"""Reactive power, the voltage and the frequency of the grid: what meters make of them."""

from __future__ import annotations

from math import hypot
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charge_point.authorization import Token
from charge_point.ev import ANY_CAR, Ev, Flow, Reactive, Vehicle, vehicle
from charge_point.feeding import BackFlow
from charge_point.grid import grid
from charge_point.measurands import sample
from charge_point.meter import Meter, Reading, summed
from charge_point.meter_faults import spoil
from charge_point.smart_charging.balancing import measured as building_load
from shared.versions import V16, V21, Version
from tests.charge_point.scripted import Stage

TOKEN = Token("04A1B2C3")
NAMES = (
    "Voltage",
    "Current.Import",
    "Power.Factor",
    "Power.Active.Import",
    "Power.Reactive.Import",
    "Power.Reactive.Export",
    "Energy.Active.Import.Register",
    "Energy.Reactive.Import.Register",
    "Energy.Apparent.Import",
)


def said(reading: Reading, *names: str) -> dict[str, float]:
    """The values without a phase."""
    taken = sample(reading, "Trigger", names or NAMES)
    return {one.measurand: one.value for one in taken.values}


@given(
    factor=st.one_of(st.floats(0.5, 1.0), st.floats(-1.0, -0.5)),
    phases=st.integers(1, 3),
    amps=st.floats(6, 80),
    volts=st.floats(180, 260),
    seconds=st.floats(10, 100_000),
)
def test_volts_times_amps_times_factor_times_phases_are_watts(
    factor: float, phases: int, amps: float, volts: float, seconds: float
) -> None:
    meter = Meter(3, resolution=0.001)
    meter.set_mains(volts, 0.0)
    meter.draw(Flow(Ev(Vehicle(power_factor=factor)), amps=amps, phases=phases, volts=volts), 0.0)
    now = said(meter.read(seconds, 0.0))
    whole = volts * amps * phases
    assert now["Current.Import"] == pytest.approx(amps, abs=0.001)
    assert now["Power.Factor"] == pytest.approx(abs(factor), abs=1e-4)
    assert now["Power.Active.Import"] == pytest.approx(whole * abs(factor), abs=0.1)
    taken, given = now["Power.Reactive.Import"], now["Power.Reactive.Export"]
    assert hypot(now["Power.Active.Import"], taken + given) == pytest.approx(whole, abs=0.2)
    assert taken * given == 0
    assert given == 0 if factor > 0 else taken == 0
    hours = seconds / 3600
    assert now["Energy.Active.Import.Register"] == pytest.approx(
        whole * abs(factor) * hours, rel=1e-6, abs=0.01
    )
    assert now["Energy.Apparent.Import"] == pytest.approx(whole * hours, rel=1e-6, abs=0.01)


@given(amps=st.floats(6, 63), base=st.floats(-2000, 2000), slope=st.floats(-1, 1))
def test_the_current_that_is_offered_bounds_active_and_reactive_power_together(
    amps: float, base: float, slope: float
) -> None:
    flow = Flow(Ev(), amps=amps, phases=3, reactive=Reactive(slope, base))
    meter = Meter(3)
    meter.draw(flow, 0.0)
    reading = meter.read(0.0, 0.0)
    assert sum(reading.vars) == pytest.approx(slope * flow.watts + base)
    assert reading.watts == pytest.approx(flow.watts)
    if flow.watts:
        assert max(reading.amps) == pytest.approx(amps)


def test_what_a_car_gives_back_counts_as_given_with_its_reactive_power_apart() -> None:
    meter = Meter(3, resolution=0.001)
    ev = Ev(vehicle({"battery": 50_000, "soc": 80, "discharge": 6_000}))
    meter.draw(BackFlow(ev, 6_000, 3, Reactive(0.0, 900.0)), 0.0)
    reading = meter.read(3600.0, 0.0)
    now = said(
        reading, "Power.Active.Export", "Power.Reactive.Import", "Energy.Apparent.Export", "Current.Export"
    )
    assert now["Power.Active.Export"] == 6_000
    assert now["Power.Reactive.Import"] == 900
    assert now["Energy.Apparent.Export"] == pytest.approx(hypot(6_000, 900), abs=0.01)
    assert now["Current.Export"] == pytest.approx(hypot(6_000, 900) / 690, abs=0.001)


def test_intervals_of_reactive_energy_add_up_to_the_register() -> None:
    meter = Meter(1, resolution=0.001)
    meter.draw(Flow(Ev(Vehicle(power_factor=0.8)), amps=10, phases=1), 0.0)
    passed = [meter.read(at, 0.0, interval="sampled").intervals[1] for at in (60.0, 150.0, 600.0)]
    assert passed == pytest.approx([230 * 10 * 0.6 * s / 3600 for s in (60, 90, 450)], abs=0.01)
    assert sum(passed) == pytest.approx(meter.varh_in, abs=0.01)


def test_the_main_meter_adds_reactive_power_as_vectors_and_takes_that_of_inverters() -> None:
    direct, plain, inductive = Meter(0), Meter(3), Meter(1)
    direct.draw(Flow(Ev(), watts=23_000, reactive=Reactive(0.0, 3_000)), 0.0)
    plain.draw(Flow(Ev(), amps=10, phases=3), 0.0)
    inductive.draw(Flow(Ev(Vehicle(power_factor=0.9)), amps=20, phases=1), 0.0)
    readings = [meter.read(0.0, 0.0) for meter in (direct, plain, inductive)]
    assert said(readings[0])["Power.Reactive.Import"] == 0  # direct current has none
    whole = summed(readings)
    assert whole.watts == pytest.approx(23_000 + 6_900 + 230 * 20 * 0.9)
    assert sum(whole.vars) == pytest.approx(3_000 + 230 * 20 * (1 - 0.81) ** 0.5)
    assert len(whole.volts) == 3


def test_a_drifting_meter_measures_reactive_power_as_wrongly() -> None:
    meter = Meter(3)
    meter.draw(Flow(Ev(Vehicle(power_factor=0.9)), amps=16, phases=3), 0.0)
    right = meter.read(1.0, 0.0)
    spoil(meter, "drifting", 10, 1.0)
    wrong = meter.read(1.0, 0.0)
    assert wrong.watts == pytest.approx(right.watts * 1.1)
    assert wrong.factor == pytest.approx(right.factor)


@pytest.mark.parametrize("wrong", [0, 1.5, "good"])
def test_a_power_factor_that_no_car_has_is_refused(wrong: Any) -> None:
    with pytest.raises(ValueError, match="power_factor"):
        vehicle({"power_factor": wrong})
    assert ANY_CAR.power_factor == 1


# --- the grid ---------------------------------------------------------------------------------------------------


async def test_meters_show_the_frequency_and_power_follows_the_voltage(version: Version) -> None:
    names = "Frequency,Voltage,Power.Active.Import"
    stage = Stage(version, variables={"MeterValuesSampledData": names, "MeterValueSampleInterval": 10})
    await stage.booted()
    stage.station.plug_in()
    await stage.station.present(TOKEN)
    await stage.settle(11)
    grid(stage.station, hertz=49.87, volts=207)
    await stage.settle(10)
    action = "MeterValues" if version is V16 else "TransactionEvent"
    samples = [one["sampledValue"] for p in stage.csms.of(action) for one in p.get("meterValue", ())]
    shown = [{value["measurand"]: float(value["value"]) for value in reversed(one)} for one in samples[-2:]]
    assert [one["Frequency"] for one in shown] == [50, 49.87]
    assert [one["Voltage"] for one in shown] == [230, 207]
    assert [one["Power.Active.Import"] for one in shown] == pytest.approx([230 * 32 * 3, 207 * 32 * 3])


@pytest.mark.parametrize(("what", "words"), [({"hertz": 16.7}, "40 to 70 Hz"), ({"volts": 0}, "1 to 400 V")])
async def test_a_grid_that_there_cannot_be_is_refused(what: dict[str, float], words: str) -> None:
    stage = Stage(V21)
    with pytest.raises(ValueError, match=words):
        grid(stage.station, **what)


# --- the meter of the premises ------------------------------------------------------------------------------------


async def test_the_meter_upstream_measures_the_building_and_the_cars() -> None:
    names = "Energy.Active.Import.Register,Power.Active.Import,Power.Active.Export,Voltage"
    variables = {
        "SampledDataCtrlr.TxUpdatedInterval": 0,
        "SampledDataCtrlr.UpstreamMeasurands": names,
        "SampledDataCtrlr.UpstreamInterval": 600,
        "AlignedDataCtrlr.UpstreamMeasurands": "Power.Active.Import",
        "AlignedDataCtrlr.UpstreamInterval": 1800,
    }
    stage = Stage(V21, evses=((1,), (1,)), variables=variables)
    await stage.booted()
    building_load(stage.station, 3_000)
    stage.station.plug_in()
    await stage.station.present(TOKEN)
    await stage.settle(3_605)
    events = [p for p in stage.csms.of("TransactionEvent") if p["triggerReason"] == "MeterValuePeriodic"]
    assert len(events) == 6
    last = events[-1]["meterValue"][0]["sampledValue"]
    assert {value["location"] for value in last} == {"Upstream"}
    whole = {value["measurand"]: value["value"] for value in last if "phase" not in value}
    assert whole["Power.Active.Import"] == pytest.approx(22_080 + 3_000)
    assert whole["Energy.Active.Import.Register"] == pytest.approx(25_080, rel=0.01)
    each = [v["value"] for v in last if v["measurand"] == "Power.Active.Import" and "phase" in v]
    assert each == pytest.approx([25_080 / 3] * 3, abs=0.1)
    aligned = [p["meterValue"][0]["sampledValue"][0] for p in stage.csms.of("MeterValues")]
    assert [value["location"] for value in aligned] == ["Upstream"] * 2
    building_load(stage.station, -30_000)  # its sun
    await stage.settle(601)
    last = stage.csms.of("TransactionEvent")[-1]["meterValue"][0]["sampledValue"]
    whole = {value["measurand"]: value["value"] for value in last if "phase" not in value}
    assert (whole["Power.Active.Import"], whole["Power.Active.Export"]) == (0, pytest.approx(7_920))


async def test_nothing_is_told_of_upstream_unless_it_is_asked_for() -> None:
    stage = Stage(V21, variables={"SampledDataCtrlr.TxUpdatedInterval": 60})
    await stage.booted()
    stage.station.plug_in()
    await stage.station.present(TOKEN)
    await stage.settle(300)
    sampled = [
        one["sampledValue"] for p in stage.csms.of("TransactionEvent") for one in p.get("meterValue", ())
    ]
    assert sampled
    assert all(value["location"] != "Upstream" for values in sampled for value in values)


async def test_the_current_of_the_device_model_is_the_apparent_one() -> None:
    stage = Stage(V21, ev=vehicle({"power_factor": 0.9}))
    await stage.booted()
    stage.station.plug_in()
    await stage.station.present(TOKEN)
    await stage.settle(2)
    assert stage.station.model.number("EVSE#1.ACCurrent") == pytest.approx(32)
    assert stage.station.model.number("EVSE#1.Power") == pytest.approx(230 * 32 * 3 * 0.9)
