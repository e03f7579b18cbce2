"""Kinds of stations as data: every one can be made, and what is wrong in one is said."""

from __future__ import annotations

from pathlib import Path

import pytest

from charge_point import persona as personas
from charge_point.device_model import DeviceModel
from shared.option_fields import UsageError
from shared.report.events import Verdict
from shared.versions import V201, VERSIONS, Version
from tests.scenario.played import play


@pytest.mark.parametrize("name", personas.names())
def test_each_persona_charges_on_every_version(name: str) -> None:
    steps = "  - use: charging\n  - {expect: meter, within: 2min}\n  - present: $tokens.valid\n  - expect: tx.ended"
    played = play(steps, head=f"role: charge_point\nstation: {{persona: {name}}}")
    assert played.verdicts == {Verdict.PASSED}, played.reason


def test_two_evses_and_a_misbehaving_one_are_among_them() -> None:
    assert {"generic_ac", "wallbox_style_ac", "dc_two", "nervous_ac"} <= set(personas.names())
    assert len(personas.setup({"persona": "dc_two"}).evses) == 2
    assert personas.setup({"persona": "nervous_ac"}).boot_on_reconnect


def test_own_settings_come_before_those_of_the_persona() -> None:
    made = personas.setup({"persona": "generic_ac", "model": "Mine", "evses": [[1, 2]]})
    assert (made.vendor, made.model, made.evses) == ("Example", "Mine", ((1, 2),))


@pytest.mark.parametrize("version", VERSIONS, ids=str)
def test_neutral_settings_preset_the_variables_of_the_version(version: Version) -> None:
    made = personas.setup({"meter_interval": 7, "tx_start": ["authorized", "plugged_in"]})
    model = DeviceModel(version, made.evses, made.variables)
    assert model.seconds("SampledDataCtrlr.TxUpdatedInterval") == 7
    if version is V201:
        assert model.members("TxCtrlr.TxStartPoint") == ("Authorized", "EVConnected")


def test_a_persona_may_be_a_file_of_ones_own(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(
        'about = "Mine."\nvendor = "Me"\nevses = [[1], [1], [1]]\n[variables]\n"TxCtrlr.EVConnectionTimeOut" = 9\n'
    )
    made = personas.setup({"persona": str(path)})
    assert (made.vendor, len(made.evses), made.variables["TxCtrlr.EVConnectionTimeOut"]) == ("Me", 3, 9)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"persona": "generic_acc"}, "'generic_acc' is not a persona; did you mean 'generic_ac'?"),
        ({"modl": "x"}, "a station has no setting 'modl'; did you mean 'model'?"),
        ({"tx_stop": "later"}, "'later' is not one of the words"),
    ],
)
def test_what_is_wrong_is_said_with_a_suggestion(settings: dict[str, str], said: str) -> None:
    with pytest.raises(UsageError) as wrong:
        personas.setup(settings)
    assert said in str(wrong.value)


def test_a_broken_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text("vendor = ")
    with pytest.raises(UsageError, match=r"mine\.toml"):
        personas.setup({"persona": str(path)})
