"""`python -m csms` as its user meets it: the first line, faults in what it is given, streams, and its end."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from signal import SIGINT, SIGTERM

import pytest

from csms import program
from csms.options import resolve
from scripts.processes import ROOT, Program, environment, eventually
from scripts.selftest_bench import make_certificate
from tests.cli.conftest import Start

Serve = Callable[..., tuple[Program, str]]
PROGRAMS = pytest.mark.parametrize("module", ["csms", "charge_point"])


def test_the_first_line_on_stdout_says_where_it_listens(serve: Serve) -> None:
    csms, url = serve()
    assert re.fullmatch(r"listening on ws://127\.0\.0\.1:\d+", csms.out[0])
    csms.line(re.escape(f"{url}/CP1"))  # what to type into a charger
    assert csms.stop() == 0
    assert csms.out == [csms.out[0]]  # stdout is for results only


def test_a_charger_is_given_a_name_that_it_can_dial_when_every_address_is_served(serve: Serve) -> None:
    csms, url = serve("--host", "0.0.0.0")
    port = url.rpartition(":")[2]
    assert url == f"ws://0.0.0.0:{port}"
    csms.line(f"ws://{re.escape(socket.gethostname())}:{port}/CP1")
    assert csms.stop() == 0


@PROGRAMS
def test_the_help_fits_80_columns_and_ends_with_0(start: Start, module: str) -> None:
    program = start(module, "--help")
    assert program.end() == 0
    assert program.out[0].startswith(f"usage: python -m {module} ")
    assert max(map(len, program.out)) <= 80
    assert program.err == []


@PROGRAMS
def test_the_version_is_told(start: Start, module: str) -> None:
    program = start(module, "--version")
    assert program.end() == 0
    assert re.fullmatch(rf"{module} \(ocpp-mock-pair \d+\.\d+\.\d+\)", program.said)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--prot", "1"], "--prot: no such option; did you mean '--port'"),
        (["--port", "99999"], "--port: 99999 is not between 0 and 65535"),
        (["--port"], "--port: "),
        (["stations"], "'stations'"),
        (["--boot-status-sequence", "Acepted"], "did you mean 'Accepted'"),
        (["--command", "Reset"], "--command: needs --delay or --period"),
        (["--journal", "."], "--journal: .: is a directory"),
        (["--journal", "no/such/x.jsonl"], "there is no directory no/such"),
        (["--config", "missing.toml"], "missing.toml: no such file"),
        (["--config", "broken.toml"], "broken.toml: not TOML"),
        (["--config", "misspelt.toml"], "misspelt.toml: [csms] prot: no such option; did you mean 'port'"),
        (["--passwords", "missing"], "--passwords: missing: no such file"),
        (["--passwords", "broken.toml"], "broken.toml:1: expected IDENTITY:PASSWORD"),
        (["--passwords", "odd.hex"], "odd.hex:2: the password of CP2 is not hexadecimal"),
        (["--tls-cert", "broken.toml"], "give the key with --tls-key"),
        (["--tls-cert", "missing.pem"], "missing.pem: no such file"),
        (["--state", "broken.toml"], "--state: broken.toml"),
    ],
    ids=" ".join,
)
def test_what_is_wrong_is_said_in_one_line_with_status_2(
    start: Start, tmp_path: Path, options: list[str], sentence: str
) -> None:
    (tmp_path / "broken.toml").write_text("x = [\n")
    (tmp_path / "misspelt.toml").write_text("[csms]\nprot = 1\n")
    (tmp_path / "odd.hex").write_text("# keys\nCP2:hex:0\n")
    csms = start("csms", "--port", "0", *options)
    assert csms.end() == 2
    told = [line for line in csms.err if not line.startswith("usage: ")]
    assert len(told) == 1, csms.said
    assert told[0].startswith("csms: ")
    assert sentence in told[0]
    assert csms.out == []


def test_a_wrong_value_in_the_environment_names_its_variable(start: Start) -> None:
    csms = start("csms", env={"OCPP_CSMS_PORT": "many"})
    assert csms.end() == 2
    assert csms.err[-1].startswith("csms: OCPP_CSMS_PORT: ")


def test_an_occupied_port_is_status_3_and_a_sentence(start: Start) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        csms = start("csms", "--port", str(port))
        assert csms.end() == 3
    assert csms.err == [
        f"csms: 127.0.0.1:{port} is in use by another program; "
        "stop it, or take another port (--port 0 takes a free one)"
    ]
    assert csms.out == []


def test_an_address_that_is_not_ours_is_status_3(start: Start) -> None:
    csms = start("csms", "--port", "0", "--host", "203.0.113.7")
    assert csms.end() == 3
    assert "this machine has no such address" in csms.said


def test_the_configuration_is_printed_with_its_secrets_redacted(start: Start) -> None:
    program = start("charge_point", "--csms", "ws://x", "--password", "hunter2", "--print-config")
    assert program.end() == 0
    printed = json.loads(program.said)
    assert printed["csms"] == "ws://x"
    assert "hunter2" not in program.said


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no device that is always full")
def test_a_journal_that_takes_no_more_is_told_once_and_the_conversation_goes_on(
    serve: Serve, start: Start
) -> None:
    csms, url = serve("--journal", "/dev/full")
    station = start("charge_point", "--csms", url, stdin="pipe")
    station.type("wait accepted", "Heartbeat")
    csms.line("< Heartbeat")
    station.type("quit")
    assert station.end() == 0
    assert csms.stop() == 0
    assert csms.said.count("journal /dev/full: No space left on device") == 1


@pytest.mark.parametrize("redirection", ["> /dev/full", ">&-", "2> /dev/full", "2>&-", "< /dev/null", "<&-"])
def test_a_stream_that_leads_nowhere_does_not_stop_it(start: Start, tmp_path: Path, redirection: str) -> None:
    if "full" in redirection and not Path("/dev/full").exists():
        pytest.skip("this system has no device that is always full")
    journal = tmp_path / "journal.jsonl"
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    shell = f"exec {sys.executable} -m csms --port {port} --journal {journal} {redirection}"
    with Program(["sh", "-c", shell], env=environment(PYTHONPATH=str(ROOT)), cwd=tmp_path) as csms:
        station = start(
            *("charge_point", "--csms", f"ws://127.0.0.1:{port}", "--give-up-after", "20"),
            *("--reconnect-min", "0.05", "--reconnect-random", "0.01"),
            stdin="pipe",
        )
        station.type("wait accepted", "quit")
        assert station.end() == 0
        assert csms.stop() == 0, csms.said
        assert "Traceback" not in csms.said
        assert b"BootNotification" in journal.read_bytes()


@pytest.mark.parametrize("signum", [SIGINT, SIGTERM])
def test_it_ends_with_0_when_told_to_stop(serve: Serve, start: Start, signum: int) -> None:
    csms, url = serve()
    station = start("charge_point", "--csms", url, "--reconnect-min", "0.1", "--give-up-after", "0.2")
    station.line("BootNotification")
    csms.line("BootNotification")
    assert csms.stop(signum) == 0
    station.line("1001 the central system is shutting down")
    assert csms.err[-1].startswith("no findings")
    assert station.end() == 3  # it dialled again, in vain


@pytest.mark.parametrize("signum", [SIGINT, SIGTERM])
def test_a_signal_as_soon_as_it_listens_is_no_accident(monkeypatch: pytest.MonkeyPatch, signum: int) -> None:
    """In this process: a handler of the test's own stands for the end that the signal would be."""
    unprepared: list[int] = []
    before = signal.signal(signum, lambda number, frame: unprepared.append(number))
    said: list[str] = []

    def listen_and_be_told_to_stop(stream: object, text: str) -> None:
        said.append(text)
        if text.startswith("listening on"):
            os.kill(os.getpid(), signum)

    monkeypatch.setattr(program, "say", listen_and_be_told_to_stop)
    try:
        options = resolve(["--port", "0", "--no-interactive"], {})
        watchdog = threading.Timer(20, os.kill, (os.getpid(), SIGINT))
        watchdog.start()
        assert program.run(options) == 0
    finally:
        watchdog.cancel()
        signal.signal(signum, before)
    assert unprepared == []
    assert said[-1].endswith("no station has connected\n")


def test_commands_are_piped_in_and_the_end_of_the_input_is_not_the_end(serve: Serve, start: Start) -> None:
    csms, url = serve(stdin="pipe")
    csms.type("wait CP1", "CP1 trigger_message Heartbeat", "CP1 rest", "stations", "nonsense")
    csms.close_stdin()
    station = start("charge_point", "--csms", url, "--ocpp-version", "1.6")
    station.line("> Heartbeat")
    csms.line("^CP1 trigger_message.*Accepted")
    csms.line("did you mean 'reset'")
    csms.line(r"^CP1 +1\.6 +connected +Accepted")
    csms.line("^'nonsense' is not a word that can be typed here")
    assert csms.process.poll() is None
    assert station.stop() == 0
    assert csms.stop() == 0


def test_a_finding_decides_the_status_only_when_asked_for(serve: Serve, start: Start) -> None:
    for flags, status in ((), 0), (("--fail-on-findings",), 1), (("--strict",), 1):
        csms, url = serve(*flags)
        station = start("charge_point", "--csms", url, "--ocpp-version", "2.0.1", stdin="pipe")
        station.type("wait accepted", 'call Heartbeat {"extra": 1}', "quit")
        assert station.end() == 0
        csms.line("! invalid_request.*Heartbeat")
        assert csms.stop() == status, csms.said


def test_a_refused_command_fails_a_strict_run_only(serve: Serve, start: Start) -> None:
    for flags, status in (("--fail-on-findings",), 0), (("--strict",), 1):
        csms, url = serve(*flags, stdin="pipe")
        csms.type("wait CP1", "CP1 stop_transaction", "quit")
        station = start("charge_point", "--csms", url)
        assert csms.end() == status, csms.said
        assert "Rejected" in "\n".join(csms.out)
        assert station.stop() == 0


def test_it_runs_without_the_folder_on_the_path_and_with_another_shared_in_it(tmp_path: Path) -> None:
    (tmp_path / "shared").mkdir()
    (tmp_path / "shared" / "__init__.py").write_text("")
    for module in ("csms", "charge_point"):
        env = environment(PYTHONPATH=str(ROOT))
        argv = [sys.executable, "-m", module, "--version"]
        shadowed = subprocess.run(argv, cwd=tmp_path, env=env, capture_output=True, text=True, check=False)
        assert shadowed.returncode == 70
        assert "is not ours: another package of that name" in shadowed.stderr
        assert str(tmp_path / "shared") in shadowed.stderr
        assert len(shadowed.stderr.splitlines()) == 1
        safe = [sys.executable, "-P", "-m", module, "--version"]
        assert subprocess.run(safe, cwd=tmp_path, env=env, capture_output=True, check=False).returncode == 0


def test_it_serves_wss_with_a_certificate_whose_file_holds_the_key(serve: Serve, tmp_path: Path) -> None:
    certificate, key = make_certificate(tmp_path)
    both = tmp_path / "both.pem"
    both.write_bytes(Path(certificate).read_bytes() + Path(key).read_bytes())
    csms, url = serve("--tls-cert", str(both))
    assert url.startswith("wss://127.0.0.1:")
    assert csms.stop() == 0


def test_nothing_is_left_of_a_reader_that_has_gone(start: Start, tmp_path: Path) -> None:
    """`python -m csms | head -1`: it goes on serving, and ends with 0."""
    reading, writing = os.pipe()
    journal = tmp_path / "journal.jsonl"
    process = subprocess.Popen(
        [sys.executable, "-m", "csms", "--port", "0", "--journal", str(journal)],
        stdin=subprocess.PIPE,
        stdout=writing,
        stderr=subprocess.PIPE,
        cwd=ROOT,
        env=environment(),
    )
    try:
        os.close(writing)
        with os.fdopen(reading, "rb") as pipe:
            url = pipe.readline().decode().strip().removeprefix("listening on ")
        assert process.stdin is not None
        station = start("charge_point", "--csms", url, stdin="pipe")
        process.stdin.write(b"wait CP1\nstations\nCP1 trigger_message Heartbeat\n")
        process.stdin.flush()
        eventually(lambda: journal.exists() and b'"Heartbeat"' in journal.read_bytes(), lambda: station.said)
        station.type("quit")
        assert station.end() == 0
        process.send_signal(SIGTERM)
        _, said = process.communicate(timeout=20)
        assert process.returncode == 0, said
        assert b"Traceback" not in said
        assert b"Exception" not in said
    finally:
        process.kill()
        process.wait()


@pytest.mark.parametrize("words", ["run --list", "--persona list", "scenario schema", "--print-config"])
def test_a_list_of_which_nobody_reads_the_end_is_no_fault(words: str) -> None:
    """`python -m csms run --list | head -1`."""
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = subprocess.run(
            [sys.executable, "-m", "csms", *words.split()],
            stdout=writing,
            stderr=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env=environment(),
            check=False,
        )
    finally:
        os.close(writing)
    assert (done.returncode, done.stderr) == (0, "")
