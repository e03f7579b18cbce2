"""The metering cases of the certification suites with the station under test, by their ids, in virtual time."""

from __future__ import annotations

import base64
from itertools import pairwise
from typing import Any

import pytest

from charge_point.authorization import Token
from shared.clock import parse
from shared.versions import V16, Version
from tests.charge_point.scripted import Stage
from tests.support import each_2x

TOKEN = Token("04A1B2C3")
REGISTER = "Energy.Active.Import.Register"
SEVERAL = f"{REGISTER},Voltage,Power.Active.Import"
QUIET: dict[str, Any] = {"SampledDataCtrlr.TxUpdatedInterval": 0}


async def stage_of(version: Version, *, evses: int = 1, **variables: Any) -> Stage:
    stage = Stage(
        version, evses=((1,),) * evses, variables={k.replace("__", "."): v for k, v in variables.items()}
    )
    await stage.booted()
    return stage


async def charge(stage: Stage, seconds: float = 0.0) -> None:
    stage.station.plug_in()
    await stage.station.present(TOKEN)
    await stage.settle(seconds + 1)


async def leave(stage: Stage) -> dict[str, Any]:
    """The driver stops and drives off; gives the last event of the transaction."""
    await stage.station.present(TOKEN)
    stage.station.unplug()
    await stage.settle()
    ended = [p for p in stage.csms.of("TransactionEvent") if p["eventType"] == "Ended"]
    return ended[-1]


def judged(meter_values: list[dict[str, Any]], context: str, measurands: str) -> list[float]:
    """The times of the meter values of this context, each of which has every measurand, and an EV's only for SoC."""
    times = []
    for one in meter_values:
        values = one["sampledValue"]
        if values[0]["context"] != context:
            continue
        assert {value["context"] for value in values} == {context}
        assert {value["measurand"] for value in values} == set(measurands.split(","))
        assert all(value["location"] != "EV" for value in values if value["measurand"] != "SoC")
        times.append(parse(one["timestamp"]))
    return times


def gaps(times: list[float]) -> set[int]:
    return {round(after - before) for before, after in pairwise(times)}


def updates(stage: Stage, trigger: str) -> list[dict[str, Any]]:
    return [
        one
        for p in stage.csms.of("TransactionEvent")
        if p["triggerReason"] == trigger
        for one in p.get("meterValue", ())
    ]


@each_2x
async def test_tc_j_01__aligned_values_come_for_every_evse_and_the_station(version: Version) -> None:
    stage = await stage_of(
        version, evses=2, AlignedDataCtrlr__Interval=30, AlignedDataCtrlr__Measurands=SEVERAL
    )
    await stage.settle(95)
    for evse in (0, 1, 2):
        sent = [p["meterValue"][0] for p in stage.csms.of("MeterValues") if p["evseId"] == evse]
        times = judged(sent, "Sample.Clock", SEVERAL)
        assert len(times) >= 3
        assert gaps(times) == {30}


@each_2x
async def test_tc_j_02__aligned_values_of_a_transaction_come_in_its_events(version: Version) -> None:
    stage = await stage_of(
        version,
        evses=2,
        AlignedDataCtrlr__Interval=30,
        AlignedDataCtrlr__Measurands=SEVERAL,
        RegisterValuesWithoutPhases=False,
        **QUIET,
    )
    await charge(stage, 95)
    times = judged(updates(stage, "MeterValueClock"), "Sample.Clock", SEVERAL)
    assert gaps(times) == {30}
    sent = stage.csms.of("MeterValues")
    assert {p["evseId"] for p in sent} == {0, 2}
    for evse in (0, 2):
        values = [one for p in sent if p["evseId"] == evse for one in p["meterValue"]]
        times = judged(values, "Sample.Clock", SEVERAL)
        assert len(times) == len(values) >= 3
        assert gaps(times) == {30}


async def test_sampled_and_aligned_values_have_intervals_of_their_own(version: Version) -> None:
    interval = "Energy.Active.Import.Interval"
    stage = await stage_of(
        version,
        MeterValueSampleInterval=10,
        MeterValuesSampledData=interval,
        ClockAlignedDataInterval=30,
        MeterValuesAlignedData=interval,
        RegisterValuesWithoutPhases=True,
    )
    await charge(stage, 125)
    told = [p for p in (got.payload for got in stage.csms.got) if "meterValue" in p]
    for context, seconds in (("Sample.Periodic", 10), ("Sample.Clock", 30)):
        values = [
            float(value["value"])
            for p in told
            if p.get("evseId", 1)  # not what the main meter says
            for one in p["meterValue"]
            for value in one["sampledValue"]
            if value["context"] == context and "phase" not in value
        ]
        assert values[1:-1] == pytest.approx([22_080 * seconds / 3600] * len(values[1:-1]), abs=1)
        assert len(values) >= 4


async def aligned_end(version: Version, **more: Any) -> tuple[Stage, list[dict[str, Any]]]:
    stage = await stage_of(
        version,
        AlignedDataCtrlr__TxEndedInterval=30,
        AlignedDataCtrlr__TxEndedMeasurands=REGISTER,
        SampledDataCtrlr__TxEndedMeasurands="",
        AlignedDataCtrlr__SendDuringIdle=False,
        **QUIET,
        **more,
    )
    await charge(stage, 95)
    return stage, (await leave(stage))["meterValue"]


@each_2x
async def test_tc_j_03__aligned_values_are_kept_for_the_end(version: Version) -> None:
    _, values = await aligned_end(version)
    assert gaps(judged(values, "Sample.Clock", REGISTER)) == {30}


def are_signed(stage: Stage, values: list[dict[str, Any]], keys: str) -> None:
    """Each of the values is signed, and has the public key as PublicKeyWithSignedMeterValue `keys` says."""
    told = []
    for value in (value for one in values for value in one["sampledValue"]):
        signed = value["signedMeterValue"]
        assert base64.b64decode(signed["signedMeterData"]).startswith(b"OCMF|")
        told.append(signed["publicKey"])
    own = stage.station.model.text("FiscalMetering#1.PublicKey")
    assert own
    assert len(told) >= 3
    if keys == "OncePerTransaction":
        assert sorted(told) == [""] * (len(told) - 1) + [own]
    else:
        assert set(told) == {own if keys == "EveryMeterValue" else ""}


@each_2x
@pytest.mark.parametrize("key", ["Never", "OncePerTransaction", "EveryMeterValue"])
async def test_tc_j_04__aligned_values_for_the_end_are_signed(version: Version, key: str) -> None:
    stage, values = await aligned_end(
        version, AlignedDataCtrlr__SignReadings=True, PublicKeyWithSignedMeterValue=key
    )
    assert gaps(judged(values, "Sample.Clock", REGISTER)) == {30}
    are_signed(stage, values, key)


def at_rest(stage: Stage) -> list[float]:
    """The times of what was told of EVSE 1, every value on the clock and with every measurand."""
    values = [one for p in stage.csms.of("MeterValues") if p["evseId"] == 1 for one in p["meterValue"]]
    times = judged(values, "Sample.Clock", SEVERAL)
    assert len(times) == len(values)
    return times


@each_2x
async def test_tc_j_06__aligned_values_rest_during_a_transaction_if_so_told(version: Version) -> None:
    stage = await stage_of(
        version,
        AlignedDataCtrlr__Interval=30,
        AlignedDataCtrlr__SendDuringIdle=True,
        AlignedDataCtrlr__Measurands=SEVERAL,
        SampledDataCtrlr__TxEndedMeasurands="",
        **QUIET,
    )
    await stage.settle(35)
    assert at_rest(stage)
    await charge(stage)
    stage.csms.got.clear()
    await stage.settle(35)
    assert not stage.csms.of("MeterValues")
    assert not [p for p in stage.csms.of("TransactionEvent") if "meterValue" in p]
    await leave(stage)
    await stage.settle(65)
    assert gaps(at_rest(stage)) == {30}


@each_2x
@pytest.mark.parametrize("start", ["EVConnected", "PowerPathClosed", "EnergyTransfer", "DataSigned"])
async def test_tc_j_07__the_beginning_is_metered_with_the_evse_known(version: Version, start: str) -> None:
    signs = {"SampledDataCtrlr__SignReadings": True} if start == "DataSigned" else {}
    stage = await stage_of(
        version, SampledDataCtrlr__TxStartedMeasurands=SEVERAL, TxStartPoint=start, **signs
    )
    await charge(stage)
    started = stage.csms.of("TransactionEvent")[0]
    assert started["eventType"] == "Started"
    assert judged(started["meterValue"], "Transaction.Begin", SEVERAL)


@each_2x
async def test_tc_j_08__the_beginning_is_metered_once_the_evse_is_known(version: Version) -> None:
    stage = await stage_of(
        version, evses=2, SampledDataCtrlr__TxStartedMeasurands=SEVERAL, TxStartPoint="Authorized"
    )
    await stage.station.present(TOKEN)
    await stage.settle()
    stage.station.plug_in(2)
    await stage.settle()
    events = stage.csms.of("TransactionEvent")
    assert "meterValue" not in events[0]
    first = next(p for p in events if "evse" in p)
    assert first["evse"] == {"id": 2, "connectorId": 1}
    assert judged(first["meterValue"], "Transaction.Begin", SEVERAL)


@each_2x
async def test_tc_j_09__sampled_values_come_every_interval(version: Version) -> None:
    stage = await stage_of(
        version, SampledDataCtrlr__TxUpdatedInterval=20, SampledDataCtrlr__TxUpdatedMeasurands=SEVERAL
    )
    await charge(stage, 85)
    times = judged(updates(stage, "MeterValuePeriodic"), "Sample.Periodic", SEVERAL)
    assert len(times) == 4
    assert gaps(times) == {20}


async def sampled_end(version: Version, **more: Any) -> tuple[Stage, list[dict[str, Any]]]:
    stage = await stage_of(
        version,
        SampledDataCtrlr__TxEndedInterval=20,
        SampledDataCtrlr__TxEndedMeasurands=REGISTER,
        AlignedDataCtrlr__TxEndedMeasurands="",
        **QUIET,
        **more,
    )
    await charge(stage, 65)
    return stage, (await leave(stage))["meterValue"]


@each_2x
async def test_tc_j_10__sampled_values_are_kept_for_the_end(version: Version) -> None:
    _, values = await sampled_end(version)
    assert gaps(judged(values, "Sample.Periodic", REGISTER)) == {20}
    assert len(judged(values, "Transaction.End", REGISTER)) == 1


@each_2x
@pytest.mark.parametrize("key", ["Never", "OncePerTransaction", "EveryMeterValue"])
async def test_tc_j_11__sampled_values_for_the_end_are_signed(version: Version, key: str) -> None:
    stage, values = await sampled_end(
        version, SampledDataCtrlr__SignReadings=True, PublicKeyWithSignedMeterValue=key
    )
    assert gaps(judged(values, "Sample.Periodic", REGISTER)) == {20}
    assert len(judged(values, "Transaction.End", REGISTER)) == 1
    are_signed(stage, values, key)


@pytest.mark.parametrize("chosen", [SEVERAL, ""])
async def test_tc_070_cs__sampled_values_come_every_interval(chosen: str) -> None:
    stage = await stage_of(
        V16, MeterValueSampleInterval=20, ClockAlignedDataInterval=0, MeterValuesSampledData=chosen
    )
    await charge(stage, 65)
    sent = [one for p in stage.csms.of("MeterValues") for one in p["meterValue"]]
    times = judged(sent, "Sample.Periodic", chosen or REGISTER)
    assert len(times) == 3
    assert gaps(times) == {20}


@pytest.mark.parametrize("chosen", [SEVERAL, ""])
async def test_tc_071_cs__aligned_values_come_on_the_clock(chosen: str) -> None:
    stage = await stage_of(
        V16, MeterValueSampleInterval=0, ClockAlignedDataInterval=30, MeterValuesAlignedData=chosen
    )
    await charge(stage, 95)
    sent = [one for p in stage.csms.of("MeterValues") for one in p["meterValue"]]
    times = judged(sent, "Sample.Clock", chosen or REGISTER)
    assert gaps(times) == {30}
    assert all(at % 30 == 0 for at in times)
