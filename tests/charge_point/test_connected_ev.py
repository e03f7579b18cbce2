from __future__ import annotations

from typing import Any

from charge_point.ev import vehicle
from charge_point.variables import component_of, variable_of
from shared.versions import V16, V21, V201, Version
from tests.charge_point.wired import TOKEN, Wired
from tests.support import each_2x

CAR = {
    "battery": 60_000,
    "soc": 50,
    "watts": 11_000,
    "amps": 16,
    "iso15118": "20",
    "departure": 7200,
    "discharge": 5000,
}


async def read(at: Wired, name: str, attribute: str = "Actual", evse: int = 1) -> str:
    slot = at.station.model.slot(f"ConnectedEV#{evse}.{name}")
    asked = {"component": component_of(slot), "variable": variable_of(slot), "attributeType": attribute}
    (result,) = (await at.ask("GetVariables", {"getVariableData": [asked]}))["getVariableResult"]
    value: str = result.get("attributeValue", result["attributeStatus"])
    return value


@each_2x
async def test_a_car_tells_of_itself_when_it_speaks_iso_15118(version: Version) -> None:
    at = await Wired(version).start()
    at.station.plug_in(1, ev=vehicle(CAR))
    name = "VehicleId" if version is V21 else "VehicleID"
    assert len(bytes.fromhex(await read(at, name))) == 6
    assert await read(at, "ProtocolAgreed") == "urn:iso:std:iso:15118:-20:AC,1,0"
    assert await read(at, "ProtocolSupportedByEV[1]") == await read(at, "ProtocolAgreed")
    at.station.unplug(1)
    assert await read(at, "ProtocolAgreed") == ""
    await at.end()


async def test_what_it_can_and_wants_is_told_in_attributes() -> None:
    at = await Wired(V21).start()
    at.script["NotifyEVChargingNeeds"] = lambda request: {"status": "NoChargingProfile"}
    assert await read(at, "Available") == "false"
    at.station.plug_in(1, ev=vehicle(CAR))
    await at.station.present(TOKEN, 1)
    await at.settle(60)
    assert await read(at, "Available") == "true"
    assert [await read(at, "ACCurrent", kind) for kind in ("MinSet", "MaxSet")] == ["6", "16"]
    assert await read(at, "ACCurrent") == "NotSupportedAttributeType"
    assert await read(at, "Power", "MaxSet") == "11000"
    assert await read(at, "DischargePower", "MaxSet") == "5000"
    assert await read(at, "DCVoltage", "MaxSet") == ""  # it is an AC station
    assert [await read(at, "StateOfCharge", kind) for kind in ("Actual", "MaxSet")] == ["50", "100"]
    assert await read(at, "EnergyImport", "Target") == "30000"
    assert await read(at, "BatteryCapacity") == "60000"
    assert (await read(at, "DepartureTime")).endswith("Z")
    assert int(await read(at, "RemainingTimeFull")) > 9000
    assert await read(at, "ChargingCompleteFull") == "false"
    await at.end()


async def test_a_car_without_iso_15118_is_only_seen_to_be_there() -> None:
    at = await Wired(V21).start()
    at.station.plug_in(1)
    assert await read(at, "Available") == "true"
    slots = [s for s in at.station.model.catalogue.slots if s.definition.component == "ConnectedEV"]
    assert len(slots) > 15
    assert {at.station.model.read(s) for s in slots if s.definition.variable != "Available"} == {""}
    await at.end()


@each_2x
async def test_an_attribute_of_the_car_is_not_written(version: Version) -> None:
    at = await Wired(version).start()
    name = "ACCurrent" if version is V21 else "ProtocolAgreed"
    slot = at.station.model.slot(f"ConnectedEV#1.{name}")
    kind = "MaxSet" if version is V21 else "Actual"
    asked: dict[str, Any] = {"component": component_of(slot), "variable": variable_of(slot)}
    asked |= {"attributeType": kind, "attributeValue": "6"}
    (result,) = (await at.ask("SetVariables", {"setVariableData": [asked]}))["setVariableResult"]
    assert result["attributeStatus"] == "Rejected"
    await at.end()


async def test_energy_that_comes_back_has_its_own_variable() -> None:
    at = await Wired(V21, current="DC", power=50_000).start()
    model = at.station.model
    assert model.slot("EVSE#1.DischargePower").definition.high == 50_000
    assert model.members("V2XChargingCtrlr#1.SupportedEnergyTransferModes") == ("DC", "DC_BPT")
    assert model.text("EVSE#1.DischargePower") == "0"
    await at.end()


async def test_no_other_version_knows_of_the_new_variables() -> None:
    assert not (await Wired(V16).start()).station.model.has("ConnectedEV#1.ProtocolAgreed")
    assert not (await Wired(V201).start()).station.model.has("ConnectedEV#1.Available")


@each_2x
async def test_a_car_at_a_chademo_plug_talks_in_its_own_way(version: Version) -> None:
    at = await Wired(version, current="DC", power=50_000, connector_type="cG105").start()
    model = at.station.model
    at.station.plug_in(1, ev=vehicle({"battery": 40_000, "soc": 50}))
    assert await read(at, "ProtocolAgreed") == "CHAdeMO,3"
    assert len(bytes.fromhex(await read(at, "VehicleId" if version is V21 else "VehicleID"))) == 24
    assert model.integer("CHAdeMOCtrlr#1.CHAdeMOProtocolNumber") == 3
    assert model.flag("CHAdeMOCtrlr#1.VehicleStatus")
    at.station.unplug(1)
    assert not model.flag("CHAdeMOCtrlr#1.VehicleStatus")
    await at.end()


@each_2x
async def test_only_an_evse_with_a_chademo_plug_has_a_controller_for_it(version: Version) -> None:
    kinds: dict[str, Any] = {
        "evses": ((1, 2), (1,)),
        "connectors": (("cCCS2", "cG105"), ("cCCS2",)),
        "dc_power": 50_000.0,
    }
    mixed = await Wired(version, **kinds).start()
    assert [mixed.station.model.has(f"CHAdeMOCtrlr#{id}.VehicleStatus") for id in (1, 2)] == [True, False]
    assert not (await Wired(version).start()).station.model.has("CHAdeMOCtrlr#1.VehicleStatus")
