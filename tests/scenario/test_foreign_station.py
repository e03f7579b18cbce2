"""`python -m csms run` against a station in another process, with somebody at the plug and without."""

from __future__ import annotations

import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from csms.__main__ import main as csms
from shared.scenario.runner import station_under_test
from shared.versions import V2X, V16, V201, VERSIONS, Version

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        number: int = free.getsockname()[1]
    return number


@pytest.fixture
def hands(port: int, tmp_path: Path) -> Iterator[str]:
    """A station that dials `port`, and the command by which somebody acts at it."""
    words = ["--csms", f"ws://127.0.0.1:{port}", "--id", "Theirs", "--ocpp-version", "2.0.1", "--interactive"]
    back = ["--reconnect-min", "0.1", "--reconnect-random", "0.1", "--reconnect-repeat", "0"]
    typed = tmp_path / "typed"
    typed.touch()
    follow = subprocess.Popen(["tail", "-f", str(typed)], stdout=subprocess.PIPE)
    station = subprocess.Popen(
        [sys.executable, "-m", "charge_point", *words, *back],
        cwd=ROOT,
        stdin=follow.stdout,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    script = tmp_path / "hands.sh"
    script.write_text(
        '#!/bin/sh\ncase "$2" in\n'
        f'  plug_in|unplug) echo "$2" >> {typed} ;;\n'
        f'  present) echo "present test_token" >> {typed} ;;\n'
        '  *) echo "nobody can $2" >&2; exit 1 ;;\nesac\n'
    )
    script.chmod(0o755)
    yield str(script)
    for process in (station, follow):
        process.terminate()
        process.wait(20)
    if follow.stdout is not None:
        follow.stdout.close()


def test_a_foreign_station_is_driven_through_several_scenarios(
    hands: str, port: int, capsys: pytest.CaptureFixture[str]
) -> None:
    names = [
        "happy_path/availability",
        "happy_path/remote_start_refused",
        "error_handling/bad_input_for_a_station",
    ]
    words = ["--port", str(port), "--time-scale", "20", "--operator", hands]
    assert csms(["run", *names, "happy_path/complete_session", *words]) == 0
    out = re.sub(r"\s+", " ", capsys.readouterr().out)
    assert "1 not applicable, 3 passed" in out
    assert "(2.0.1)" in out


def test_what_nobody_does_at_the_plug_leaves_a_scenario_inconclusive(
    hands: str, port: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "x.yaml"
    path.write_text(
        "scenario: x\nrole: csms\ngiven: [use: accepted, operator: drive_off]\nsteps: [wait: 1s]\n"
    )
    words = ["run", str(path), "--port", str(port), "--time-scale", "20"]
    assert csms([*words, "--operator", hands]) == 4
    assert "nobody can drive_off" in re.sub(r"\s+", " ", capsys.readouterr().out)


def test_a_port_that_is_taken_ends_with_3(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        words = ["run", "happy_path/reset", "--port", str(taken.getsockname()[1])]
        assert csms(words) == 3
    assert "cannot listen on 127.0.0.1" in re.sub(r"\s+", " ", capsys.readouterr().out)


def test_no_station_ends_with_3(port: int, capsys: pytest.CaptureFixture[str]) -> None:
    assert csms(["run", "happy_path/reset", "--port", str(port), "--wait-for", "0.1"]) == 3
    assert "no station connected" in re.sub(r"\s+", " ", capsys.readouterr().out)


@pytest.mark.parametrize(
    ("present", "versions", "before", "chosen"),
    [
        ([("A", V16), ("B", V201)], VERSIONS, "", "A"),
        ([("A", V16), ("B", V201)], VERSIONS, "B", "B"),
        ([("A", V16), ("B", V201)], V2X, "", "B"),
        ([("A", V16), ("B", V201)], V2X, "A", "B"),
        ([("A", V16)], V2X, "", "A"),  # not applicable, and told so
    ],
)
def test_of_stations_of_several_versions_one_is_played_with(
    present: list[tuple[str, Version]], versions: tuple[Version, ...], before: str, chosen: str
) -> None:
    assert station_under_test(present, versions, before)[0] == chosen
