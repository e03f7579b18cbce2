"""Every chargingState, triggerReason and reason comes about by its natural cause, and none without one."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts import docs_states
from shared.versions import VERSIONS, Version
from tests.charge_point.causes import CAUSES, ELSEWHERE, REASON, STATE, TRIGGER, seen, values

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


def test_every_value_of_every_version_has_a_cause_or_a_block_of_its_own() -> None:
    all_values = {(f, value) for f in (STATE, TRIGGER, REASON) for v in VERSIONS for value in values(f, v)}
    assert CAUSES.keys() | ELSEWHERE.keys() == all_values
    assert not CAUSES.keys() & ELSEWHERE.keys()
    for (field, value), cause in CAUSES.items():
        assert set(cause.versions) == {v for v in VERSIONS if value in values(field, v)}
        assert cause.words.endswith(".")


def test_the_pages_of_states_and_causes_are_what_the_source_says(capsys: pytest.CaptureFixture[str]) -> None:
    assert docs_states.main(["--check"]) == 0, capsys.readouterr().err


def test_a_page_that_is_out_of_date_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(docs_states, "ROOT", tmp_path)
    monkeypatch.setattr(docs_states, "STATES", tmp_path / "states.md")
    assert docs_states.main(["--check"]) == 1
    assert "states.md is out of date: run scripts/docs_states.py" in capsys.readouterr().err
