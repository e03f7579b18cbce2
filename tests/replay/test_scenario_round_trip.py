"""A recorded session becomes a scenario that our own pair plays as recorded, a station over sockets passes, and a
station that does otherwise fails."""

from __future__ import annotations

import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from scripts.processes import Program
from shared.actions import CSMS, STATION
from shared.journal.files import JournalFile
from shared.replay.driving import Driver
from shared.replay.read import read
from shared.replay.scenario import scenarios
from shared.report.events import Verdict
from shared.scenario.load import load_text
from shared.scenario.runner import Bench, plan, run
from shared.versions import V16, V201, VERSIONS, Version
from tests.cli.conftest import Start
from tests.replay.recorded import HEARTBEAT, Line, recorded, session, status
from tests.scenario.played import Played

Serve = Callable[..., tuple[Program, str]]


def asked(action: str, payload: dict[str, Any]) -> Line:
    """A call of the station that nobody answers."""
    return "<", [2, f"x{action}{payload.get('status')}", action, payload]


A_DAY = """
scenario: a day
role: pair
station: {evses: [[1], [1]]}
csms: {heartbeat_interval: 300}
steps:
  - use: booted
  - wait: 20s
  - plug_in
  - wait: 5s
  - {present: {token: $tokens.valid, evse: 1}}
  - wait: 150s
  - ev: pauses
  - wait: 30s
  - ev: resumes
  - {fault: {error: GroundFailure, evse: 2}}
  - wait: 20s
  - clear_fault: 2
  - wait: 5s
  - {present: {token: $tokens.valid, evse: 1}}
  - wait: 5s
  - unplug
  - wait: 10s
  - {answer: {Authorize: {idTagInfo: {status: Blocked}}}, only: 1.6, at: csms}
  - {answer: {Authorize: {idTokenInfo: {status: Blocked}}}, only: 2.x, at: csms}
  - {present: {token: "04 A1", evse: 1}}
  - wait: 10s
  - plug_in: 2
  - wait: 10s
  - {command: {remote_start: {evse: 2, token: $tokens.other}}, answered: {status: Accepted}}
  - wait: 65s
  - command: remote_stop
  - wait: 5s
  - unplug: 2
  - wait: 20s
  - {present: {token: $tokens.valid, evse: 1}}
  - wait: 7s
  - plug_in
  - wait: 70s
  - unplug
  - wait: 10s
"""


def made(path: Path, version: Version, role: str, text: str = A_DAY) -> str:
    """The scenario of `role` made of a recording of the pair that plays `text`."""
    bench = Bench(versions=(version,), watch=lambda journal: JournalFile(str(path), journal, print).close)
    counts = run(plan(load_text(text, "day.yaml"), bench), bench, lambda event: None)
    assert counts[Verdict.PASSED] == 1
    return scenarios(read(str(path)), role)


@pytest.mark.parametrize("version", VERSIONS, ids=str)
@pytest.mark.parametrize("role", [CSMS, STATION])
def test_what_the_pair_did_it_does_again(version: Version, role: str, tmp_path: Path) -> None:
    text = made(tmp_path / "a.jsonl", version, role)
    assert text.count("- pair:") >= (12 if role == CSMS else 2)
    again = Played(text)
    assert again.verdicts == {Verdict.PASSED}, again.failure
    assert len(again.steps()) > 30


CHANGED = {
    V16: ('"evses"', '"quirks": {"without_unit": true}, "evses"'),
    V201: ('"evses"', '"tx_start": "plugged_in", "evses"'),
}


@pytest.mark.parametrize("version", CHANGED, ids=str)
def test_a_station_that_does_otherwise_fails(version: Version, tmp_path: Path) -> None:
    text = made(tmp_path / "a.jsonl", version, CSMS)
    changed = text.replace(*CHANGED[version], 1)
    assert changed != text
    assert Played(changed).verdicts == {Verdict.FAILED}


@pytest.mark.sockets
def test_a_station_over_sockets_that_drives_itself_passes(serve: Serve, start: Start, tmp_path: Path) -> None:
    station = ("charge_point", "--ocpp-version", "2.0.1", "--sessions", "1", "--duration", "0.3")
    csms, url = serve("--journal", "a.jsonl")
    assert start(*station, "--csms", url).end() == 0
    assert csms.stop() == 0
    (tmp_path / "made.yaml").write_text(scenarios(read(str(tmp_path / "a.jsonl")), CSMS))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    judge = start("csms", "run", "made.yaml", "--port", str(port))
    start(*station, "--csms", f"ws://127.0.0.1:{port}")
    assert judge.end() == 0, judge.said


@pytest.mark.parametrize(
    ("lines", "why"),
    [
        (session()[8:], "it ends a transaction whose start is not in the recording"),
        (
            [*session()[:2], *HEARTBEAT, asked("DataTransfer", {"vendorId": "V"})],
            "nothing makes it send DataTransfer",
        ),
        (
            [*session()[:2], asked("StatusNotification", {"status": "Gone"})],
            "nothing that is against its schema",
        ),
    ],
    ids=["begun before", "by hand", "invalid"],
)
def test_what_ours_cannot_do_is_not_applicable_to_it(lines: list[Line], why: str, tmp_path: Path) -> None:
    played = Played(scenarios(recorded(tmp_path / "a", lines), CSMS))
    assert played.verdicts == {Verdict.NOT_APPLICABLE}
    assert why in played.reason


def driven(lines: list[Line], tmp_path: Path, version: Version = V16) -> list[str]:
    """What was done at the station of `lines`."""
    exchanges = recorded(tmp_path / "a", lines).exchanges()
    driver = Driver(exchanges)
    return [step for at, exchange in enumerate(exchanges) for step in driver.steps(exchange, at)]


def test_a_token_without_an_authorize_was_presented_all_the_same(tmp_path: Path) -> None:
    assert driven(session(), tmp_path) == ["plug_in: 1", 'present: {token: "T", evse: 1}', "unplug: 1"]


def test_a_defect_and_its_end_are_seen_by_the_status(tmp_path: Path) -> None:
    broken = status("Faulted") | {"errorCode": "GroundFailure"}
    lines = [
        *session()[:2],
        asked("StatusNotification", broken),
        asked("StatusNotification", status("Available")),
    ]
    assert driven(lines, tmp_path) == ["fault: {error: GroundFailure, evse: 1}", "clear_fault: 1"]
