"""The three scenarios that everybody sees first, as they stand, against systems made with `ocpp`'s own classes."""

from __future__ import annotations

import json
import socket
from collections import Counter
from pathlib import Path

import pytest

from charge_point.__main__ import main as station_program
from csms.__main__ import main as csms_program
from shared.report.events import Verdict
from shared.scenario.load import load_text
from shared.scenario.model import CHARGE_POINT, CSMS
from shared.scenario.runner import FOREIGN, Bench, Round, plan
from shared.versions import V16, V21, V201, Version
from tests.scenario.samples import SAMPLES
from tests.seeded.bench import against_central, against_station
from tests.seeded.lab import central_system, station
from tests.support import each_version


def rounds(role: str, version: Version) -> list[Round]:
    """The rounds of the samples that are for one role."""
    found = [scenario for scenario in load_text(SAMPLES, "samples.yaml") if scenario.role == role]
    bench = Bench(role=role, over=FOREIGN, versions=(version,))
    return [one._replace(version=version) for one in plan(found, bench)]


@each_version
def test_a_lost_answer_is_told_again_to_a_foreign_central_system_and_counts_once(version: Version) -> None:
    (one,) = rounds(CHARGE_POINT, version)
    end = against_central(one)
    assert end.verdict is Verdict.PASSED, end.reason
    end = against_central(one, "counts a repeated start twice")
    assert "count_transactions of the system under test is 2, not 1" in end.reason


@each_version
def test_a_foreign_station_is_started_from_afar_at_either_plug_with_and_without_asking(
    version: Version,
) -> None:
    asked = []
    for one in rounds(CSMS, version):
        end = against_station(one, evses=2)
        assert end.verdict is Verdict.PASSED, (one.id, end.reason)
        asked.append(any(entry.parts()[2] == "Authorize" for entry in end.journal if entry.kind == "call"))
    assert asked == [True, False] * 2  # evse 1 and 2, authorize true and false


def verdicts(path: Path) -> Counter[str]:
    """The verdicts of a run, from its report."""
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    return Counter(line["verdict"] for line in lines if line["event"] == "scenario_finished")


@pytest.mark.sockets
@pytest.mark.parametrize(
    ("version", "hook"), [(V16, "shell"), (V201, "http"), (V21, "shell")], ids=["1.6", "2.0.1", "2.1"]
)
def test_the_program_plays_them_against_a_foreign_central_system(
    version: Version, hook: str, tmp_path: Path
) -> None:
    path, report = tmp_path / "samples.yaml", tmp_path / "run.jsonl"
    path.write_text(SAMPLES)
    with central_system(tmp_path) as (url, hooks):
        words = ["run", str(path), "--csms", url, "--sut", hooks[hook], "--tokens", "valid=test_token"]
        told = ["--ocpp-version", str(version), "--report", f"jsonl:{report}"]
        assert station_program([*words, *told]) == 0
    # the four rounds of the second are for the other role, and the third needs both
    assert verdicts(report) == {"passed": 1, "not applicable": 5}


@pytest.mark.sockets
@each_version
def test_the_program_plays_them_against_a_foreign_station(version: Version, tmp_path: Path) -> None:
    path, report = tmp_path / "samples.yaml", tmp_path / "run.jsonl"
    path.write_text(SAMPLES)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with station(port, version) as hook:
        words = ["run", str(path), "--port", str(port), "--operator", hook, "--report", f"jsonl:{report}"]
        assert csms_program(words) == 0
    assert verdicts(report) == {"passed": 4, "not applicable": 2}
