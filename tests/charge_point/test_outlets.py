"""AC and DC on one station: what hangs on a connector decides what flows, is measured, reported and limited."""

from __future__ import annotations

from typing import Any

import pytest

from charge_point.authorization import Token
from charge_point.connector import NotNow
from charge_point.definitions import FEATURES
from charge_point.device_model import DeviceModel
from charge_point.ev import vehicle
from charge_point.making import setup_of
from charge_point.measurands import REGISTER
from charge_point.options import resolve
from charge_point.persona import setup
from charge_point.power import set_limit
from charge_point.setup import StationSetup
from shared.option_fields import UsageError
from shared.versions import V16, V21, Version
from tests.charge_point.charging import Charging
from tests.charge_point.scripted import Stage
from tests.support import each_2x

CONNECTORS = (("cCCS2", "cType2"), ("cCCS2",), ("sType2",))
MIXED: dict[str, Any] = {"evses": ((1, 2), (1,), (1,)), "connectors": CONNECTORS, "dc_power": 50_000.0}
CAR = {"battery": 80_000, "soc": 20, "watts": 40_000}
TOKEN = Token("04A1B2C3")
NAMES = f"{REGISTER},Power.Active.Import,Current.Import,Voltage,Frequency"


async def station(version: Version, **more: Any) -> Stage:
    stage = Stage(
        version, variables={"MeterValuesSampledData": NAMES, "MeterValueSampleInterval": 60}, **MIXED, **more
    )
    await stage.booted()
    return stage


async def session(stage: Stage, evse: int, connector: int, seconds: float = 3600.0) -> None:
    """A whole session; the car is gone afterwards."""
    stage.station.plug_in(evse, connector, ev=vehicle(CAR))
    await stage.station.present(TOKEN, evse)
    await stage.settle(seconds)
    await stage.station.present(TOKEN, evse)
    await stage.settle()
    stage.station.unplug(evse)


def told(stage: Stage) -> list[list[dict[str, Any]]]:
    """The sampled values of every periodic MeterValue."""
    action = "MeterValues" if stage.version is V16 else "TransactionEvent"
    every = [one["sampledValue"] for p in stage.csms.of(action) for one in p.get("meterValue", ())]
    return [values for values in every if values[0]["context"] == "Sample.Periodic"]


async def test_each_connector_gives_what_hangs_on_it(version: Version) -> None:
    stage = await station(version)
    evses = stage.station.evses
    for evse, connector, watts, phases in (
        (1, 1, 40_000, 0),
        (1, 2, 22_080, 3),
        (2, 1, 40_000, 0),
        (3, 1, 22_080, 3),
    ):
        stage.station.plug_in(evse, connector, ev=vehicle(CAR))
        await stage.station.present(TOKEN, evse)
        await stage.settle(2)
        one = evses[evse - 1]
        assert (one.meter.watts, one.meter.phases, one.outlet.is_dc) == (watts, phases, not phases)
        await stage.station.present(TOKEN, evse)
        await stage.settle()
        stage.station.unplug(evse)
        await stage.settle()


async def test_one_register_counts_what_goes_through_both_connectors(version: Version) -> None:
    stage = await station(version)
    meter = stage.station.evses[0].meter
    await session(stage, 1, 2, 1800)
    alternating = meter.energy
    assert alternating == pytest.approx(22_080 / 2, rel=0.01)
    await session(stage, 1, 1, 900)
    assert meter.energy == pytest.approx(alternating + 40_000 / 4, rel=0.01)
    assert sum(meter.energies) == pytest.approx(meter.energy)
    named = [{value["measurand"] for value in values} for values in told(stage)]
    assert "Frequency" in named[0]
    assert "Frequency" not in named[-1]  # of direct current
    registers = [
        next(float(v["value"]) for v in values if v["measurand"] == REGISTER) for values in told(stage)
    ]
    assert registers == sorted(registers)
    await session(stage, 1, 2, 600)
    assert sum(meter.energies) == pytest.approx(meter.energy)


async def test_while_one_connector_is_in_use_the_other_cannot_be(version: Version) -> None:
    stage = await station(version)
    stage.station.plug_in(1, 1, ev=vehicle(CAR))
    await stage.station.present(TOKEN, 1)
    await stage.settle(2)
    with pytest.raises(NotNow, match="while connector 1 of EVSE 1 is in use"):
        stage.station.plug_in(1, 2)
    assert stage.station.evses[0].meter.watts == 40_000


@each_2x
async def test_the_device_model_says_what_each_connector_is(version: Version) -> None:
    made = StationSetup(**MIXED)
    model = DeviceModel(version, made.evses, made.presets, FEATURES)
    kinds = [model.text(f"Connector#{at}.ConnectorType") for at in ("1.1", "1.2", "2.1", "3.1")]
    assert kinds == ["cCCS2", "cType2", "cCCS2", "sType2"]
    assert [model.text(f"Connector#{at}.SupplyPhases") for at in ("1.1", "1.2", "3.1")] == ["0", "3", "3"]
    assert [model.text(f"EVSE#{at}.SupplyPhases") for at in (1, 2, 3)] == ["3", "0", "3"]
    if version is V21:
        assert [model.slot(f"EVSE#{at}.Power").definition.high for at in (1, 2, 3)] == [
            50_000,
            50_000,
            22_080,
        ]
        modes = "V2XChargingCtrlr#{}.SupportedEnergyTransferModes"
        assert model.members(modes.format(1)) == (
            "DC", "DC_BPT", "AC_single_phase", "AC_two_phase", "AC_three_phase", "AC_BPT", "AC_BPT_DER"
        )  # fmt: skip
        assert model.members(modes.format(2)) == ("DC", "DC_BPT")
        having = [
            (model.has(f"DCDERCtrlr#{at}.MaxW"), model.has(f"ACDERCtrlr#{at}.ModesSupported"))
            for at in (1, 2, 3)
        ]
        assert having == [(True, True), (True, False), (False, True)]


async def test_profiles_are_in_the_units_of_the_connector_and_bound_the_whole_station(
    version: Version,
) -> None:
    at = Charging(version, **MIXED)
    await at.start()
    at.station.plug_in(1, 1, ev=vehicle(CAR))
    await at.station.present(TOKEN, 1)
    at.station.plug_in(3, 1, ev=vehicle(CAR))
    await at.station.present(Token("04BBBB"), 3)
    await at.settle(5)
    watts = [one.meter.watts for one in at.station.evses]
    assert watts == [40_000, 0, 22_080]
    assert await at.set(0, (0, 30_000.0), unit="W", purpose="ChargingStationMaxProfile") == "Accepted"
    watts = [one.meter.watts for one in at.station.evses]
    assert sum(watts) == pytest.approx(30_000)
    assert min(watts[0], watts[2]) > 5_000
    await at.end()


async def test_what_the_grid_gives_is_shared_by_ac_and_dc() -> None:
    stage = await station(V21, supply=60.0)  # A per phase: 41.4 kW
    for evse in (2, 3):
        stage.station.plug_in(evse, ev=vehicle(CAR))
        await stage.station.present(Token(f"04A1B2C{evse}"), evse)
    await stage.settle(2)
    assert [one.meter.watts for one in stage.station.evses] == [0, 20_700, 20_700]


async def test_a_tethered_cable_and_a_socket_stand_side_by_side(version: Version) -> None:
    stage = await station(version)
    stage.station.plug_in(3, ev=vehicle(CAR | {"cable": 20}))
    await stage.station.present(TOKEN, 3)
    await stage.settle(2)
    assert stage.station.evses[2].meter.watts == 230 * 20 * 3  # the car's own cable
    set_limit(stage.station.evses[2], "test", 10)
    assert stage.station.evses[2].meter.watts == 230 * 10 * 3
    assert [c.tethered for one in stage.station.evses for c in one.connectors] == [True, True, True, False]


def test_the_persona_has_all_of_it() -> None:
    made = setup({"persona": "ac_dc"})
    assert made.evses == MIXED["evses"]
    assert made.connectors == CONNECTORS
    assert (made.is_dc, made.watts) == (False, 50_000)
    assert made.outlet(1, 1).amps == 125


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"connectors": [["cCCS"]]}, "is not a type of connector"),
        ({"connectors": "cCCS2"}, "expected the types of the connectors of each EVSE"),
        ({"connectors": [["cCCS2"]], "evses": [[1, 2]]}, "do not go with the EVSEs"),
    ],
)
def test_connectors_that_cannot_be_are_refused(settings: dict[str, Any], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        setup(settings)


def test_the_command_line_takes_the_layout_of_a_persona_or_says_another() -> None:
    csms = ["--csms", "ws://localhost:9000", "--persona", "ac_dc"]
    made = setup_of(resolve(csms, {}), "0")
    assert (made.evses, made.outlet(1, 1).is_dc, made.outlet(1, 2).is_dc) == (MIXED["evses"], True, False)
    other = setup_of(resolve([*csms, "--evses", "1", "--connectors", "1"], {}), "0")
    assert (other.evses, other.connectors, other.is_dc) == (((1,),), (), False)


def test_a_layout_of_a_station_s_own_replaces_that_of_its_persona() -> None:
    made = setup({"persona": "ac_dc", "evses": [[1], [1]]})
    assert (made.evses, made.connectors, made.outlet(2, 1).kind) == (((1,), (1,)), (), "sType2")
