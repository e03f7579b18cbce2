"""What the options make of a station."""

from __future__ import annotations

from typing import Any

import pytest

from charge_point.making import backoff_of, setup_of
from charge_point.options import resolve
from charge_point.setup import StationSetup
from charge_point.station import Station
from shared.clock import Clock
from shared.journal.journal import Journal
from shared.option_fields import UsageError
from shared.tasks import Tasks
from shared.versions import V16, V21, Version
from tests.support import in_virtual_time

CSMS = ("--csms", "ws://localhost:9000")


@pytest.mark.parametrize(
    ("preset", "said"),
    [
        ("HeartbeatIntervall=5", "did you mean"),
        ("HeartbeatInterval=often", "takes an integer"),
        ("Nonsense=1", "no variable 'Nonsense'"),
    ],
)
def test_a_preset_that_no_station_can_have_is_told_before_anything_starts(preset: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        setup_of(resolve([*CSMS, "--set", preset], {}), "0")


def test_a_preset_of_one_version_is_left_out_on_another(version: Version) -> None:
    options = resolve([*CSMS, "--set", "MinimumStatusDuration=7"], {})
    station = _station(setup_of(options, "0"), version)
    assert station.model.has("MinimumStatusDuration") is (version is V16)


def test_back_off_has_the_fractions_asked_for_until_the_csms_sets_another() -> None:
    options = resolve([*CSMS, "--reconnect-min", "0.25", "--reconnect-random", "0.5"], {})
    station = _station(setup_of(options, "0"), V21)
    assert backoff_of(options, station)[:2] == (0.25, 0.5)
    station.model.put("RetryBackOffWaitMinimum", 9)
    assert backoff_of(options, station)[:2] == (9, 0.5)


def _station(setup: object, version: Version) -> Station:
    async def made() -> Station:
        import asyncio

        journal = Journal(Clock.of_loop(asyncio.get_running_loop()))
        return Station("CP1", setup, journal, Tasks(print), version=version)  # type: ignore[arg-type]

    return in_virtual_time(made())


def test_the_options_describe_the_hardware_and_the_car() -> None:
    text = (
        "--csms ws://localhost:9 --current DC --amps 200 --power 90000 --tethered --ev battery=50000,soc=30"
    )
    setup = setup_of(resolve(text.split(), {}), "0")
    assert (setup.current, setup.amps, setup.watts, setup.tethered) == ("DC", 200.0, 90_000.0, True)
    assert (setup.ev.battery, setup.ev.soc) == (50_000.0, 30.0)
    assert setup.presets["Connector.ConnectorType"] == "cCCS2"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("--ev batery=1", "a car has no 'batery'; did you mean 'battery'?"),
        ("--power 9000", "needs --current DC"),
    ],
)
def test_hardware_that_there_cannot_be_is_refused(text: str, said: str) -> None:
    with pytest.raises(UsageError) as wrong:
        resolve(["--csms", "ws://localhost:9", *text.split()], {})
    assert said in str(wrong.value)


@pytest.mark.parametrize(
    ("hardware", "said"),
    [
        ({"connector_type": "sType22"}, "'sType22' is not a type of connector; did you mean 'sType2'"),
        ({"current": "RC"}, "the current is AC or DC, not 'RC'"),
        ({"phases": 0}, "an EVSE has 1 to 3 phases, not 0"),
        ({"amps": 0.0}, "amps is more than 0, not 0.0"),
    ],
)
def test_a_setup_that_no_hardware_has_is_refused_in_words(hardware: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said.replace("(", r"\(")):
        StationSetup(**hardware)


@pytest.mark.parametrize(
    ("hardware", "kind", "phases"),
    [
        ({}, "sType2", "3"),
        ({"tethered": True, "phases": 1}, "cType2", "1"),
        ({"current": "DC"}, "cCCS2", "0"),
        ({"current": "DC", "connector_type": "cG105"}, "cG105", "0"),
        ({"variables": {"Connector#1.1.ConnectorType": "sCEE-7-7"}}, "sCEE-7-7", "3"),
    ],
)
def test_the_device_model_says_what_the_hardware_is(hardware: dict[str, Any], kind: str, phases: str) -> None:
    model = _station(StationSetup(**hardware), V21).model
    assert model.text("Connector#1.1.ConnectorType") == kind
    assert model.text("EVSE#1.SupplyPhases") == phases
