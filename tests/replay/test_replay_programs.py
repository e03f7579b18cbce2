"""`replay` of both programs as its user meets it: over sockets, with journals and exit statuses."""

from __future__ import annotations

import re
import signal
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from scripts.processes import Program, url_of
from tests.cli.conftest import Start
from tests.replay.recorded import session, written

pytestmark = pytest.mark.sockets
Serve = Callable[..., tuple[Program, str]]

FAST = ("--as-fast-as-possible", "--message-timeout", "10")
ANY_ENERGY = (
    "--ignore",
    "*.meterValue,meterValue,meterStop,transactionInfo.timeSpentCharging,*.transactionData",
)


def a_session(serve: Serve, start: Start, version: str) -> None:
    """One charging session, recorded by the CSMS as `session.jsonl`."""
    csms, url = serve("--journal", "session.jsonl")
    station = start(
        "charge_point", "--csms", url, "--ocpp-version", version, "--sessions", "1", "--duration", "0.3"
    )
    assert station.end() == 0, station.said
    assert csms.stop() == 0


@pytest.mark.parametrize("version", ["1.6", "2.0.1", "2.1"])
def test_either_side_of_a_session_is_played_to_the_other_program(
    serve: Serve, start: Start, version: str, tmp_path: Path
) -> None:
    a_session(serve, start, version)

    csms, url = serve("--strict")
    replay = start(
        "charge_point", "replay", "session.jsonl", "--csms", url, *FAST, "--journal", "again.jsonl"
    )
    assert replay.end() == 0, replay.said
    assert re.fullmatch(r"played \d+ frames of CP1: no difference", replay.out[-1])
    assert csms.stop() == 0, csms.said

    replay = start("csms", "replay", "session.jsonl", "--port", "0", *FAST, *ANY_ENERGY)
    station = start("charge_point", "--csms", url_of(replay), "--sessions", "1", "--duration", "0.3")
    assert replay.end() == 0, replay.said
    assert station.end() == 0 or "recording ends" in station.said, station.said

    compared = start("csms", "diff", "session.jsonl", "again.jsonl")
    assert compared.end() == 0, compared.said


def test_a_csms_that_answers_otherwise_decides_the_exit_status(
    serve: Serve, start: Start, tmp_path: Path
) -> None:
    written(tmp_path / "session.jsonl", session()[:2])
    _, url = serve("--heartbeat-interval", "77")
    words = r"session\.jsonl:2: CP1: the answer to BootNotification: interval: expected 300, got 77 \(frame \d+ of"
    for options, status in (((), 1), (("--tolerant",), 0)):
        replay = start("charge_point", "replay", "session.jsonl", "--csms", url, *FAST, *options)
        assert replay.end() == status
        assert re.match(words, replay.out[0])
        assert replay.out[1] == "played 2 frames of CP1: 1 difference"
    ignoring = start("charge_point", "replay", "session.jsonl", "--csms", url, *FAST, "--ignore", "interval")
    assert ignoring.end() == 0


def test_replay_reads_a_file_and_injects_faults_at_its_end(
    serve: Serve, start: Start, tmp_path: Path
) -> None:
    written(tmp_path / "session.jsonl", session()[:2])
    (tmp_path / "pair.toml").write_text(
        "[common]\nschema = 'strict'\nseed = 3\n"
        "[charge_point_replay]\nas_fast_as_possible = true\ninject = ['duplicate:action=BootNotification']\n"
    )
    csms, url = serve("--heartbeat-interval", "300")
    options = ("--config", "pair.toml", "--journal", "again.jsonl")
    replay = start("charge_point", "replay", "session.jsonl", "--csms", url, *options)
    assert replay.end() == 0, replay.said
    assert (tmp_path / "again.jsonl").read_text().count('"fault":"duplicate"') >= 1
    wrong = start("charge_point", "replay", "session.jsonl", "--csms", url, "--inject", "duplicat")
    assert wrong.end() == 2
    assert "did you mean 'duplicate'" in wrong.said
    csms.stop()


def test_a_recording_is_dialled_under_another_identity(serve: Serve, start: Start, tmp_path: Path) -> None:
    written(tmp_path / "session.jsonl", session()[:2])
    csms, url = serve("--heartbeat-interval", "300")
    assert start("charge_point", "replay", "session.jsonl", "--csms", url, "--id", "T9", *FAST).end() == 0
    csms.line("T9")


def test_what_cannot_be_used_is_told_with_status_2(start: Start, tmp_path: Path) -> None:
    written(tmp_path / "a.jsonl", session())
    (tmp_path / "bad.jsonl").write_text("nothing\n")
    there = ("--csms", "ws://127.0.0.1:1")
    for words, said in (
        (("charge_point", "replay", "none", *there), "FILE: none: no such file"),
        (("charge_point", "replay", *there), "required: FILE"),
        (("charge_point", "replay", "bad.jsonl", *there), "bad.jsonl:2: no OCPP frame in the whole file"),
        (("charge_point", "replay", "a.jsonl"), "--csms: is required"),
        (
            ("charge_point", "replay", "a.jsonl", *there, "--station", "CP2"),
            "--station: 'CP2' is not a station of a.jsonl; did you mean 'CP1'? (CP1)",
        ),
        (
            ("csms", "replay", "a.jsonl", "--time-scale", "2", "--as-fast-as-possible"),
            "not together with",
        ),
    ):
        program = start(*words)
        assert program.end() == 2, program.said
        assert said in program.said


def test_nobody_there_ends_with_status_3(start: Start, tmp_path: Path) -> None:
    written(tmp_path / "a.jsonl", session())
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    dialling = start("charge_point", "replay", "a.jsonl", "--csms", f"ws://127.0.0.1:{port}")
    assert dialling.end() == 3
    assert "nothing listens there" in dialling.said
    waiting = start("csms", "replay", "a.jsonl", "--port", "0", "--wait-for", "0.05")
    assert waiting.end() == 3
    assert "no station connected within 0.05 s (--wait-for)" in waiting.said


def test_a_signal_ends_it_with_its_status(start: Start, tmp_path: Path) -> None:
    written(tmp_path / "a.jsonl", session())
    waiting = start("csms", "replay", "a.jsonl", "--port", "0")
    url_of(waiting)
    assert waiting.stop(signal.SIGINT) == 130
