"""The meter agrees with itself, and is read when it should be and for what was asked."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from charge_point.authorization import Token
from charge_point.ev import Ev, Flow
from charge_point.measurands import sample
from charge_point.meter import Meter, Reading
from charge_point.power import set_limit
from shared.chance import Stream
from shared.clock import parse
from shared.versions import V16, V201, Version
from tests.charge_point.scripted import Stage

TOKEN = Token("04A1B2C3")
ALL = "Energy.Active.Import.Register,Power.Active.Import,Current.Import,Voltage"


def values(samples: list[dict[str, Any]]) -> list[tuple[float, str, dict[str, float]]]:
    """Time, context and value by measurand of each MeterValue."""
    return [
        (
            parse(one["timestamp"]),
            one["sampledValue"][0]["context"],
            # of what has phases the first: they are alike
            {value["measurand"]: float(value["value"]) for value in reversed(one["sampledValue"])},
        )
        for one in samples
    ]


def told(stage: Stage) -> list[dict[str, Any]]:
    """Every MeterValue that was sent while a transaction ran."""
    action = "MeterValues" if stage.version is V16 else "TransactionEvent"
    return [one for p in stage.csms.of(action) for one in p.get("meterValue", ())]


async def charging(version: Version, **variables: Any) -> Stage:
    stage = Stage(version, variables=variables, noise=True)
    await stage.booted()
    stage.station.plug_in()
    await stage.station.present(TOKEN)
    return stage


async def test_power_energy_current_and_voltage_agree_in_every_sample(version: Version) -> None:
    stage = await charging(version, MeterValueSampleInterval=10, MeterValuesSampledData=ALL)
    await stage.settle(101)
    taken = [one for one in values(told(stage)) if one[1] == "Sample.Periodic"]
    assert len(taken) == 10
    for (before, _, first), (after, _, second) in pairwise(taken):
        assert after - before == pytest.approx(10, abs=0.01)
        gained = second["Energy.Active.Import.Register"] - first["Energy.Active.Import.Register"]
        assert gained == pytest.approx(second["Power.Active.Import"] * 10 / 3600, abs=1.1)
        product = second["Voltage"] * second["Current.Import"] * 3
        assert second["Power.Active.Import"] == pytest.approx(product, rel=0.001)
    assert len({one[2]["Voltage"] for one in taken}) > 1  # the seeded noise


async def test_an_interval_of_zero_samples_nothing(version: Version) -> None:
    stage = await charging(version, MeterValueSampleInterval=0)
    await stage.settle(500)
    assert not [one for one in values(told(stage)) if one[1] == "Sample.Periodic"]


async def test_a_changed_interval_counts_at_once(version: Version) -> None:
    stage = await charging(version, MeterValueSampleInterval=1000)
    await stage.settle(50)
    stage.station.model.put("MeterValueSampleInterval", 10)
    await stage.settle(35)
    assert len([one for one in values(told(stage)) if one[1] == "Sample.Periodic"]) == 3


async def test_aligned_values_in_a_transaction_keep_to_the_clock(version: Version) -> None:
    stage = await charging(version, MeterValueSampleInterval=0, ClockAlignedDataInterval=30)
    await stage.settle(100)
    taken = [one for one in values(told(stage)) if one[1] == "Sample.Clock"]
    assert len(taken) == 3
    assert all(at % 30 == 0 for at, _, _ in taken)
    if version is V16:
        assert all(p["transactionId"] == 1000 for p in stage.csms.of("MeterValues"))
    else:
        assert ("Updated", "MeterValueClock", "Charging") in stage.csms.events()
        assert {p["evseId"] for p in stage.csms.of("MeterValues")} == {0}


async def test_aligned_values_without_a_transaction_cover_every_evse(version: Version) -> None:
    stage = Stage(version, evses=((1,), (1,)), variables={"ClockAlignedDataInterval": 900})
    csms = await stage.booted()
    await stage.settle(1900)
    where = [p.get("evseId", p.get("connectorId")) for p in csms.of("MeterValues")]
    assert where == ([1, 2] if version is V16 else [0, 1, 2]) * 2
    assert not any("transactionId" in p for p in csms.of("MeterValues"))


async def test_the_end_carries_what_was_sampled_for_it(version: Version) -> None:
    stage = await charging(
        version,
        MeterValueSampleInterval=20,
        **{
            "SampledDataCtrlr.TxEndedInterval": 20,
            "SampledDataCtrlr.TxEndedMeasurands": "Energy.Active.Import.Register",
            "AlignedDataCtrlr.TxEndedInterval": 30,
            "AlignedDataCtrlr.TxEndedMeasurands": "Energy.Active.Import.Register",
            "ClockAlignedDataInterval": 30,
        },
    )
    await stage.settle(45)
    await stage.station.present(TOKEN)
    await stage.settle()
    if version is V16:
        samples = stage.csms.of("StopTransaction")[0]["transactionData"]
    else:
        samples = stage.csms.of("TransactionEvent")[-1]["meterValue"]
    contexts = [context for _, context, _ in values(samples)]
    assert contexts == [
        "Transaction.Begin",
        "Sample.Periodic",
        "Sample.Clock",
        "Sample.Periodic",
        "Transaction.End",
    ]
    times = [at for at, _, _ in values(samples)]
    assert times == sorted(times)


async def test_16_sends_no_transaction_data_unless_told_to() -> None:
    stage = await charging(V16)
    await stage.settle(5)
    await stage.station.present(TOKEN)
    await stage.settle()
    assert "transactionData" not in stage.csms.of("StopTransaction")[0]


async def test_16_reports_values_as_text_and_2x_as_numbers() -> None:
    old, new = (
        await charging(V16, MeterValueSampleInterval=5),
        await charging(V201, MeterValueSampleInterval=5),
    )
    await old.settle(6)
    await new.settle(0)
    assert isinstance(told(old)[-1]["sampledValue"][0]["value"], str)
    value = told(new)[-1]["sampledValue"][0]
    assert isinstance(value["value"], int | float)
    assert value["unitOfMeasure"] == {"unit": "Wh"}


async def test_a_limit_is_what_the_car_draws_at_most(version: Version) -> None:
    stage = await charging(version)
    evse = stage.station.evses[0]
    set_limit(evse, "test", 10)
    assert evse.meter.watts == 230 * 10 * 3
    set_limit(evse, "test", 0)
    await stage.settle()
    if version is V16:
        assert stage.csms.statuses()[-1] == "SuspendedEVSE"
    else:
        assert stage.csms.events()[-1][2] == "SuspendedEVSE"
    set_limit(evse, "test", 16)
    assert evse.meter.watts == 230 * 16 * 3


READING = Reading(0.0, 10.0, 1.0, (230.0,) * 3, (1.0,) * 3, (4.0, 3.0, 3.0), offered_amps=16.0)


def test_measurands_that_the_meter_has_not_are_left_out() -> None:
    taken = sample(READING, "Trigger", ("SoC", "RPM", "Voltage.L2-N", "Current.Import.L3", "Nonsense"))
    assert [(value.measurand, value.phase) for value in taken.values] == [
        ("Voltage", "L2-N"),
        ("Current.Import", "L3"),
    ]
    single = READING._replace(volts=(230.0,), amps=(1.0,), energies=(10.0,))
    assert sample(single, "Trigger", ("Voltage.L2-N",)).values == ()


def test_the_register_integrates_whatever_is_read_between() -> None:
    plain, often = Meter(3), Meter(3, Stream("noise"))
    plain.draw(Flow(Ev(), amps=16, phases=3), 0.0)
    often.draw(Flow(Ev(), amps=16, phases=3), 0.0)
    for second in range(3600):
        often.read(float(second), 0.0)
    assert plain.advance(3600.0) == pytest.approx(230 * 16 * 3)
    assert often.advance(3600.0) == pytest.approx(230 * 16 * 3, rel=0.001)
