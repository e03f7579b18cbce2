"""Every chargingState, triggerReason and reason comes about by its natural cause, and none without one."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts import docs_states
from shared.versions import VERSIONS, Version
from tests.charge_point.causes import CAUSES, REASON, STATE, TRIGGER, seen, values
from tests.charge_point.sessions import Session

RUNS = [
    pytest.param(field, value, version, id=f"{field}-{value}-{version}")
    for (field, value), cause in CAUSES.items()
    for version in cause.versions
]


@pytest.mark.parametrize(("field", "value", "version"), RUNS)
async def test_the_value_comes_about(field: str, value: str, version: Version) -> None:
    at = await CAUSES[field, value].story(version)
    assert value in seen(at, field)
    await at.end()


def test_every_value_of_every_version_has_a_cause() -> None:
    all_values = {(f, value) for f in (STATE, TRIGGER, REASON) for v in VERSIONS for value in values(f, v)}
    assert CAUSES.keys() == all_values
    for (field, value), cause in CAUSES.items():
        assert set(cause.versions) == {v for v in VERSIONS if value in values(field, v)}
        assert cause.words.endswith(".")


@pytest.mark.parametrize("version", VERSIONS, ids=lambda version: version.name)
async def test_no_value_comes_about_before_its_story(version: Version) -> None:
    at = await Session.at(version)
    assert [seen(at, field) for field in (STATE, TRIGGER, REASON)] == [[], [], []]
    await at.end()


def test_the_pages_of_states_and_causes_are_what_the_source_says(capsys: pytest.CaptureFixture[str]) -> None:
    assert docs_states.main(["--check"]) == 0, capsys.readouterr().err


def test_a_page_that_is_out_of_date_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(docs_states, "STATES", tmp_path / "states.md")
    assert docs_states.main(["--check"]) == 1
    assert "states.md is out of date: run scripts/docs_states.py" in capsys.readouterr().err
