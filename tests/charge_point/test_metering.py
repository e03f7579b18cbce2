"""What a station's meters say of cars with batteries: consistent, by phase, signed, and false on request."""

from __future__ import annotations

import base64
import json
from itertools import pairwise
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_der_public_key
from hypothesis import given, settings
from hypothesis import strategies as st

from charge_point.authorization import Token
from charge_point.definitions import MEASURANDS
from charge_point.ev import Vehicle, vehicle
from charge_point.hands import meter_fault
from charge_point.measurands import MEASURED
from charge_point.meter_signing import SigningMeters
from charge_point.power import set_limit
from shared.clock import parse
from shared.versions import V16, V21, V201, VERSIONS, Version
from shared.wire.schema import document
from tests.charge_point.scripted import Stage
from tests.support import each_2x, in_virtual_time

TOKEN = Token("04A1B2C3")
REGISTER = "Energy.Active.Import.Register"
DC: dict[str, Any] = {"current": "DC", "amps": 125.0, "power": 50_000.0, "tethered": True}

Values = dict[tuple[str, str], float]


def every(version: Version, *names: str, seconds: int = 30) -> dict[str, Any]:
    """Variables that sample `names`, all measurands by default, this often."""
    return {
        "SampledDataCtrlr.TxUpdatedMeasurands": ",".join(names or MEASURANDS[version]),
        "SampledDataCtrlr.TxUpdatedInterval": seconds,
    }


async def charging(
    version: Version, car: Vehicle | None = None, variables: dict[str, Any] | None = None, **setup: Any
) -> Stage:
    stage = Stage(version, variables=every(version) | (variables or {}), **setup)
    await stage.booted()
    stage.station.plug_in(ev=car)
    await stage.station.present(TOKEN)
    return stage


def periodic(stage: Stage, context: str = "Sample.Periodic") -> list[tuple[float, Values]]:
    """Time and value by measurand and phase of each MeterValue with this context."""
    action = "MeterValues" if stage.version is V16 else "TransactionEvent"
    return [
        (
            parse(one["timestamp"]),
            {(v["measurand"], v.get("phase", "")): float(v["value"]) for v in one["sampledValue"]},
        )
        for payload in stage.csms.of(action)
        for one in payload.get("meterValue", ())
        if one["sampledValue"][0]["context"] == context
    ]


def power_of(values: Values) -> float:
    """Volts times amperes over the conductors."""
    if ("Voltage", "") in values:
        return values["Voltage", ""] * values["Current.Import", ""]
    return sum(values["Voltage", f"L{n}-N"] * values["Current.Import", f"L{n}"] for n in (1, 2, 3))


cars = st.builds(
    Vehicle,
    battery=st.floats(10_000, 90_000),
    soc=st.floats(5, 99),
    watts=st.floats(3_000, 150_000),
    phases=st.integers(1, 3),
    target=st.floats(80, 100),
)


@settings(max_examples=25, deadline=None)
@given(
    car=cars,
    direct=st.booleans(),
    limits=st.lists(st.one_of(st.none(), st.floats(0, 40)), min_size=3, max_size=3),
)
def test_power_energy_and_state_of_charge_agree_in_every_sample_and_between_them(
    car: Vehicle, direct: bool, limits: list[float | None]
) -> None:
    async def session() -> list[tuple[float, Values]]:
        stage = await charging(V201, car, noise=True, resolution=0.001, **(DC if direct else {}))
        for amps in limits:
            await stage.settle(301)
            limit = None if amps is None else amps * 690 if direct else amps
            set_limit(stage.station.evses[0], "test", limit)
        await stage.settle(301)
        return periodic(stage)

    taken = in_virtual_time(session())
    assert len(taken) >= 30
    for _, values in taken:
        watts = values["Power.Active.Import", ""]
        assert watts == pytest.approx(power_of(values), rel=2e-3, abs=1)
        assert watts <= values["Power.Offered", ""] * 1.02 + 1  # the noise of the voltage
        assert values["SoC", ""] <= max(car.target, car.soc) + 0.1
    for (start, first), (end, second) in pairwise(taken):
        gained = second[REGISTER, ""] - first[REGISTER, ""]
        low, high = sorted((first["Power.Active.Import", ""], second["Power.Active.Import", ""]))
        hours = (end - start) / 3600
        if low and car.curve and abs(high - low) < 0.02 * high:  # nothing was set in between
            assert low * hours * 0.98 - 0.1 <= gained <= high * hours * 1.02 + 0.1
        filled = (second["SoC", ""] - first["SoC", ""]) / 100 * car.battery
        assert filled == pytest.approx(gained, abs=car.battery * 0.0011)  # the SoC has one decimal
        assert second["Energy.Active.Import.Interval", ""] == pytest.approx(gained, abs=0.01)


OF_OTHER_CARS = (
    "Current.Import.Minimum",
    "Power.Import.Minimum",
    "Power.Active.Setpoint",
    "Power.Active.Residual",
    "Power.Export.Offered",
    "Current.Export.Offered",
)


async def test_every_measurand_of_a_version_is_measured(version: Version) -> None:
    stage = await charging(version, vehicle({"battery": 50_000}), **DC)
    await stage.settle(31)
    ((_, values),) = periodic(stage)
    missing = {name for name in MEASURANDS[version] if (name, "") not in values}
    # what alternating current has alone, and cars that give back or follow a profile
    assert missing == {"Frequency"} | (set(OF_OTHER_CARS) if version is V21 else set())
    assert set(MEASURANDS[version]) <= set(MEASURED)


async def test_a_full_battery_suspends_the_ev_and_a_limit_the_evse(version: Version) -> None:
    stage = await charging(version, vehicle({"battery": 40_000, "soc": 99, "watts": 11_000}))
    evse = stage.station.evses[0]
    await stage.settle(3_600)
    assert evse.ev is not None
    assert evse.ev.soc == pytest.approx(100)
    assert states(stage)[-1] == "SuspendedEV"
    assert evse.meter.watts == 0
    set_limit(evse, "test", 0)
    await stage.settle()
    assert states(stage)[-1] == "SuspendedEVSE"
    set_limit(evse, "test", None)
    await stage.settle()
    assert states(stage)[-1] == "SuspendedEV"


def states(stage: Stage) -> list[str]:
    if stage.version is V16:
        return stage.csms.statuses()
    return [state for _, _, state in stage.csms.events()]


async def test_the_least_of_car_cable_station_and_every_limit_holds() -> None:
    stage = await charging(V201, vehicle({"amps": 28, "cable": 20}))
    evse = stage.station.evses[0]
    assert evse.meter.watts == 230 * 20 * 3
    set_limit(evse, "one", 16, 2)
    set_limit(evse, "two", 10)
    assert evse.meter.watts == 230 * 10 * 2
    set_limit(evse, "two", 5.9)  # less than a pilot signal can offer
    assert evse.meter.watts == 0
    set_limit(evse, "two", None)
    assert evse.meter.watts == 230 * 16 * 2
    set_limit(evse, "one", None)
    stage.station.unplug_ev()
    assert evse.meter.watts == 0
    assert evse.limits is not None  # the plug is still in the station's socket: its cable counts
    assert list(evse.limits) == ["cable"]


async def test_what_the_grid_gives_is_divided_among_those_that_charge() -> None:
    stage = Stage(V201, evses=((1,), (1,)), supply=40.0)
    await stage.booted()
    one, two = stage.station.evses
    for evse in (one, two):
        stage.station.plug_in(evse.id)
        await stage.station.present(Token(f"T{evse.id}"), evse.id)
        await stage.settle()
    assert one.meter.watts == two.meter.watts == 230 * 20 * 3
    await stage.station.present(Token("T2"), 2)
    assert one.meter.watts == 230 * 32 * 3


@each_2x
async def test_every_phase_is_reported_and_of_the_register_only_if_asked(version: Version) -> None:
    stage = await charging(version, vehicle({"phases": 1}))
    stage.station.model.put("RegisterValuesWithoutPhases", False)
    await stage.settle(31)
    ((_, values),) = periodic(stage)
    assert [values["Current.Import", f"L{n}"] for n in (1, 2, 3)] == [32.0, 0.0, 0.0]
    assert [values["Voltage", f"L{n}-N"] for n in (1, 2, 3)] == [230.0] * 3
    assert ("Voltage", "") not in values
    assert values[REGISTER, "L1"] == values[REGISTER, ""] > 0
    assert values[REGISTER, "L2"] == 0
    assert stage.csms.of("TransactionEvent")[-2]["numberOfPhasesUsed"] == 1


async def test_16_reports_the_phases_that_its_key_names() -> None:
    names = ["Voltage", "Voltage.L2-N", "Voltage.L1-L2", "Current.Import.N", "Current.Import.L3"]
    stage = await charging(
        V16, vehicle({"phases": 1}), {"SampledDataCtrlr.TxUpdatedMeasurands": ",".join(names)}
    )
    await stage.settle(31)
    ((_, values),) = periodic(stage)
    assert values == {
        ("Voltage", ""): 230.0,
        ("Voltage", "L2-N"): 230.0,
        ("Voltage", "L1-L2"): 398.4,
        ("Current.Import", "N"): 32.0,
        ("Current.Import", "L3"): 0.0,
    }


async def test_the_meter_is_read_at_every_change_of_state_where_a_station_does_that(version: Version) -> None:
    stage = await charging(version, sample_on_change=True)
    await stage.settle()
    stage.station.evses[0].ev_pauses()
    await stage.settle()
    assert len(periodic(stage, "Other")) == 2  # Charging, SuspendedEV


# --- faults ---------------------------------------------------------------------------------------------------


async def read_after(kind: str, by: float | None = None) -> tuple[Values, Values, Values]:
    """The samples before the fault, with it, and once it is gone; each ten minutes after the other."""
    stage = await charging(V201, variables=every(V201, seconds=600))
    await stage.settle(601)
    meter_fault(stage.station, 1, kind, by)
    await stage.settle(600)
    meter_fault(stage.station, 1, "none")
    await stage.settle(600)
    (_, before), (_, during), (_, after) = periodic(stage)
    assert after[REGISTER, ""] == pytest.approx(3 * 3680, abs=8)
    return before, during, after


async def test_a_frozen_meter_says_the_same_for_ever() -> None:
    before, during, _ = await read_after("frozen")
    assert during[REGISTER, ""] == pytest.approx(before[REGISTER, ""], abs=8)
    assert during["Energy.Active.Import.Interval", ""] == 0


async def test_a_meter_that_was_rolled_back_has_lost_what_it_counted() -> None:
    _, during, _ = await read_after("rolled_back")
    assert during[REGISTER, ""] == pytest.approx(3680, abs=8)


async def test_a_drifting_meter_counts_too_much_and_still_agrees_with_itself() -> None:
    before, during, _ = await read_after("drifting", 10)
    assert during[REGISTER, ""] - before[REGISTER, ""] == pytest.approx(3680 * 1.1, abs=8)
    assert during["Power.Active.Import", ""] == pytest.approx(230 * 32 * 3 * 1.1)
    assert power_of(during) == pytest.approx(during["Power.Active.Import", ""])


async def test_a_meter_that_lost_a_phase_counts_the_others() -> None:
    before, during, _ = await read_after("missing_phase", 2)
    assert during["Voltage", "L2-N"] == during["Current.Import", "L2"] == 0
    assert during["Power.Active.Import", ""] == 230 * 32 * 2
    assert during[REGISTER, ""] - before[REGISTER, ""] == pytest.approx(3680 * 2 / 3, abs=8)


async def test_an_unknown_fault_of_a_meter_is_refused_with_advice() -> None:
    stage = Stage(V201)
    with pytest.raises(ValueError, match="'frozn' is not a fault of a meter; did you mean 'frozen'"):
        meter_fault(stage.station, 1, "frozn")


# --- signed values --------------------------------------------------------------------------------------------


def signed(stage: Stage, payload: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """Context and SignedMeterValueType of each signed value in a message."""
    found = []
    for one in [*payload.get("meterValue", ()), *payload.get("transactionData", ())]:
        for value in one["sampledValue"]:
            if stage.version is V16 and value.get("format") == "SignedData":
                found.append((value["context"], json.loads(value["value"])))
            elif "signedMeterValue" in value:
                found.append((value["context"], value["signedMeterValue"]))
    return found


def opened(wire: dict[str, Any], key: str) -> dict[str, Any]:
    """The OCMF payload, after its signature was checked with the public key."""
    head, said, signature = base64.b64decode(wire["signedMeterData"]).decode().split("|", 2)
    assert (head, wire["encodingMethod"], wire["signingMethod"]) == ("OCMF", "OCMF", "")
    prefix, _, digits = base64.b64decode(key).decode().rpartition(":")
    assert prefix == "oca:base16:asn1"
    public = load_der_public_key(bytes.fromhex(digits))
    assert isinstance(public, ec.EllipticCurvePublicKey)
    public.verify(bytes.fromhex(json.loads(signature)["SD"]), said.encode(), ec.ECDSA(hashes.SHA256()))
    payload: dict[str, Any] = json.loads(said)
    return payload


SIGNED: dict[str, Any] = {
    "SampledDataCtrlr.SignReadings": True,
    "SampledDataCtrlr.TxEndedMeasurands": REGISTER,
    "SampledDataCtrlr.TxStartedMeasurands": REGISTER,
}


async def signed_session(version: Version, **more: Any) -> Stage:
    stage = await charging(version, None, every(version, REGISTER) | SIGNED | more)
    await stage.settle(61)
    await stage.station.present(TOKEN)
    await stage.settle()
    return stage


def last(stage: Stage) -> dict[str, Any]:
    return stage.csms.of("StopTransaction" if stage.version is V16 else "TransactionEvent")[-1]


def key_of(stage: Stage) -> str:
    """The public key as a CSMS reads it."""
    model = stage.station.model
    name = "Connector#1.1.MeterPublicKey" if stage.version is V16 else "FiscalMetering#1.PublicKey"
    return model.text(name)


async def test_the_signature_of_a_signed_value_holds_for_what_it_says(version: Version) -> None:
    stage = await signed_session(version)
    taken = signed(stage, last(stage))  # 1.6 §9.1.27: with the periodic ones between
    between = 2 if version is V16 else 0
    assert [c for c, _ in taken] == ["Transaction.Begin", *["Sample.Periodic"] * between, "Transaction.End"]
    begin, *_, end = (opened(wire, key_of(stage)) for _, wire in taken)
    assert (begin["PG"], begin["RD"][0]["TX"]) == ("T1", "B")
    assert end["RD"][0]["TX"] == "L"
    assert (end["IT"], end["ID"], end["IS"]) == ("ISO14443", TOKEN.id, True)
    assert int(end["PG"][1:]) > int(begin["PG"][1:])
    assert end["RD"][0]["RV"] == pytest.approx(61 * 22080 / 3600, abs=2)
    assert end["RD"][0]["RU"] == "Wh"


async def test_the_same_seed_makes_the_same_keys_and_documents(version: Version) -> None:
    one, two = await signed_session(version), await signed_session(version)
    documents = [[wire["signedMeterData"] for _, wire in signed(stage, last(stage))] for stage in (one, two)]
    without_times = [
        [json.loads(base64.b64decode(text).decode().split("|")[1]) | {"RD": ""} for text in each]
        for each in documents
    ]
    assert without_times[0] == without_times[1]
    assert key_of(one) == key_of(two)


@pytest.mark.parametrize("when", ["Never", "OncePerTransaction", "EveryMeterValue"])
async def test_the_public_key_comes_as_often_as_it_is_to(version: Version, when: str) -> None:
    stage = await signed_session(version, PublicKeyWithSignedMeterValue=when)
    sent = [wire["publicKey"] for p in all_payloads(stage) for _, wire in signed(stage, p)]
    assert len(sent) >= 2
    assert sum(map(bool, sent)) == {"Never": 0, "OncePerTransaction": 1}.get(when, len(sent))
    assert {key for key in sent if key} <= {key_of(stage)}


def all_payloads(stage: Stage) -> list[dict[str, Any]]:
    return [got.payload for got in stage.csms.got]


@pytest.mark.parametrize("version", [V16, V21], ids=str)  # 2.0.1 has one switch for all
@pytest.mark.parametrize("started", [True, False])
@pytest.mark.parametrize("updated", [True, False])
async def test_values_at_the_start_and_in_between_have_switches_of_their_own(
    version: Version, started: bool, updated: bool
) -> None:
    stage = await signed_session(
        version,
        **{
            "SampledDataCtrlr.SignStartedReadings": started,
            "SampledDataCtrlr.SignUpdatedReadings": updated,
        },
    )
    contexts = {c for p in all_payloads(stage)[:-1] if p is not last(stage) for c, _ in signed(stage, p)}
    wanted = {"Transaction.Begin"} if started else set()
    assert contexts == wanted | ({"Sample.Periodic"} if updated else set())


async def test_documents_are_numbered_on_after_a_restart_of_the_process() -> None:
    stage = await signed_session(V21)
    kept = stage.station.part(SigningMeters).as_kept()
    other = Stage(V21)
    other.station.part(SigningMeters).restore(kept)
    assert other.station.part(SigningMeters).as_kept() == kept == {"T1": 2}


def test_the_tables_of_measurands_name_only_what_a_version_has() -> None:
    for version in VERSIONS:
        schema = json.dumps(document(version, "MeterValues"))
        assert all(f'"{name}"' in schema for name in MEASURANDS[version])


async def test_what_the_meter_said_when_the_power_failed_is_kept_for_the_end(version: Version) -> None:
    stage = await charging(
        version, variables={"SampledDataCtrlr.TxEndedMeasurands": REGISTER} | every(version)
    )
    stage.station.power_cycle(5)
    await stage.settle(10)
    stage.connect()
    await stage.settle()
    values = last(stage).get("meterValue", last(stage).get("transactionData"))
    assert "Interruption.Begin" in [one["sampledValue"][0]["context"] for one in values or ()]
