"""Recordings turned into scenarios: they load, and pass against what was recorded."""

from __future__ import annotations

from pathlib import Path

import pytest

from csms.__main__ import main
from shared.actions import CSMS, STATION
from shared.replay.scenario import scenarios
from shared.report.events import Verdict
from shared.scenario.load import load_text
from shared.versions import V16
from tests.replay.recorded import Line, recorded, session, written
from tests.scenario.played import Played

GOOD = {Verdict.PASSED}


@pytest.mark.parametrize("role", [STATION, CSMS])
def test_a_recording_loads_as_a_scenario_of_either_role(role: str, tmp_path: Path) -> None:
    (scenario,) = load_text(scenarios(recorded(tmp_path / "a", session()), role), "made.yaml")
    assert (scenario.role, scenario.versions) == (role, (V16,))
    assert len(scenario.steps) >= 6


def test_an_id_of_the_other_side_is_kept_and_referred_to(tmp_path: Path) -> None:
    text = scenarios(recorded(tmp_path / "a", session(7)), STATION)
    lines = text.splitlines()
    started = next(line for line in lines if "StartTransaction" in line)
    assert '"transactionId": "any"' in started
    assert started.endswith("as: m3}")
    stopped = next(line for line in lines if "StopTransaction" in line and "send" in line)
    assert '"transactionId": "$m3.answer.transactionId"' in stopped


def test_a_scenario_of_the_station_passes_against_our_csms(tmp_path: Path) -> None:
    lines: list[Line] = [line for line in session(7) if "r1" not in line[1][1]]  # nobody stops it there
    stop = next(parts for _, parts in lines if parts[2] == "StopTransaction")
    stop[3]["idTag"] = "T"  # without one there is no idTagInfo in the answer (1.6 §6.52)
    text = scenarios(recorded(tmp_path / "a", lines), STATION)
    assert Played(text).verdicts == GOOD
    spoiled = text.replace('"idTagInfo": {"status": "Accepted"}', '"idTagInfo": {"status": "Blocked"}', 1)
    assert spoiled != text
    failed = Played(spoiled)
    assert failed.verdicts == {Verdict.FAILED}
    assert "Blocked" in failed.failure.message


def test_a_scenario_of_the_csms_passes_against_our_station(tmp_path: Path) -> None:
    at = "2026-03-01T10:00:00Z"
    lines: list[Line] = [
        (
            "<",
            [
                2,
                "1",
                "BootNotification",
                {"chargePointVendor": "Example", "chargePointModel": "Mock station"},
            ],
        ),
        (">", [3, "1", {"status": "Accepted", "currentTime": at, "interval": 300}]),
        (">", [2, "2", "GetConfiguration", {"key": ["HeartbeatInterval"]}]),
        (
            "<",
            [3, "2", {"configurationKey": [{"key": "HeartbeatInterval", "readonly": False, "value": "/x/"}]}],
        ),
        (">", [2, "3", "ClearCache", {}]),
        ("<", [3, "3", {"status": "Accepted"}]),
    ]
    text = scenarios(recorded(tmp_path / "a", lines), CSMS)
    assert '{"equals": "/x/"}' in text
    assert Played(text.replace('"value": {"equals": "/x/"}', '"value": "any"')).verdicts == GOOD
    assert Played(text).verdicts == {Verdict.FAILED}


def test_the_command_prints_a_scenario_that_can_be_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    journal = str(written(tmp_path / "a.jsonl", session()))
    for words, role in (([], CSMS), ([STATION], STATION)):
        assert main(["scenario", "from-journal", journal, *words]) == 0
        (scenario,) = load_text(capsys.readouterr().out, "made.yaml")
        assert scenario.role == role
    for words, said in (
        ([], "which recording?"),
        (["none"], "none: no such file"),
        ([journal, "cmss"], "'cmss' is not a role; did you mean 'csms'? (csms, charge_point)"),
        ([journal, CSMS, "b"], "'b': one recording at a time"),
    ):
        assert main(["scenario", "from-journal", *words]) == 2
        assert said in capsys.readouterr().err
