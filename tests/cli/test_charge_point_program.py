"""`python -m charge_point` as its user meets it: reaching a CSMS, refusals in one sentence, sessions, and its end."""

from __future__ import annotations

import re
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from signal import SIGINT, SIGTERM

import pytest
from websockets.utils import accept_key

from scripts.processes import ROOT, Program, environment
from scripts.selftest_bench import make_certificate
from scripts.verdict import exchanges
from tests.cli.conftest import IMPATIENT, Start

Serve = Callable[..., tuple[Program, str]]
KEY = "00ff10aa" * 5
CLOSE = 8
"""The opcode of a close frame (RFC 6455 §5.2)."""


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    return make_certificate(tmp_path_factory.mktemp("certificate"))


def _boots(start: Start, url: str, *options: str, **more: object) -> None:
    """A station with these options is accepted at `url`."""
    station = start("charge_point", "--csms", url, *options, stdin="pipe", **more)
    station.type("wait accepted", "quit")
    assert station.end() == 0, station.said
    assert "= connected" in station.said


def _gives_up(start: Start, url: str, *options: str) -> str:
    """Why a station that cannot connect gave up; it ends with 3 and says so in one sentence."""
    station = start("charge_point", "--csms", url, *IMPATIENT, *options)
    assert station.end() == 3, station.said
    assert "Traceback" not in station.said
    told = [line for line in station.err if line.startswith("charge_point: gave up: ")]
    assert len(told) == 1, station.said
    address = url.partition("?")[0]
    assert told[0].startswith(f"charge_point: gave up: {address}/"), told
    return told[0]


# --- refusals -----------------------------------------------------------------------------------------------


@contextmanager
def _answering(text: bytes) -> Iterator[str]:
    """A server that says `text` to whoever connects, and hangs up; gives its address."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                with connection:
                    connection.recv(65536)
                    connection.sendall(text)

        threading.Thread(target=answer, daemon=True).start()
        yield f"127.0.0.1:{server.getsockname()[1]}"
        server.shutdown(socket.SHUT_RDWR)


def test_nobody_listening(start: Start) -> None:
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    said = _gives_up(start, f"ws://127.0.0.1:{port}")
    assert "nothing listens there" in said
    assert "is the CSMS running, and the port right?" in said


def test_an_unknown_host(start: Start) -> None:
    said = _gives_up(start, "ws://no-such-host.invalid:9000")
    assert "the name 'no-such-host.invalid' cannot be resolved; check --csms" in said


@pytest.mark.parametrize(
    ("status", "sentence"),
    [
        (b"401 Unauthorized", "it wants a password; check --id and --password"),
        (b"403 Forbidden", "does not let CP1 in"),
        (b"404 Not Found", "does not know CP1, or the path in --csms is wrong"),
        (b"400 Bad Request", "try another --ocpp-version"),
        (b"503 Service Unavailable", "overloaded or closed for now"),
        (b"500 Internal Server Error", "status 500"),
        (b"200 OK", "status 200"),
    ],
    ids=lambda value: value.decode()[:3] if isinstance(value, bytes) else "",
)
def test_a_refusal_by_status(start: Start, status: bytes, sentence: str) -> None:
    response = b"HTTP/1.1 %b\r\nContent-Length: 6\r\nConnection: close\r\n\r\nreason" % status
    with _answering(response) as address:
        said = _gives_up(start, f"ws://{address}/ocpp")
    assert sentence in said
    assert "reason" in said  # what the CSMS says about it


def test_something_that_speaks_no_http(start: Start) -> None:
    with _answering(b"220 mail.example ESMTP\r\n") as address:
        assert "not a WebSocket server" in _gives_up(start, f"ws://{address}")


def test_the_wrong_password_and_none(serve: Serve, start: Start, tmp_path: Path) -> None:
    (tmp_path / "passwords").write_text("CP1:secret\n")
    _, url = serve("--passwords", "passwords")
    assert "401 Unauthorized" in (said := _gives_up(start, url, "--password", "wrong"))
    assert "the password is wrong" in said
    assert "it wants a password" in _gives_up(start, url)


def test_an_untrusted_certificate_and_one_of_another_host(
    serve: Serve, start: Start, certificate: tuple[str, str]
) -> None:
    _, url = serve("--tls-cert", certificate[0], "--tls-key", certificate[1])
    said = _gives_up(start, url)
    assert (
        "not trusted (self-signed certificate); give its authority with --ca FILE, or use --insecure" in said
    )
    other = url.replace("127.0.0.1", "localhost")
    said = _gives_up(start, other, "--ca", certificate[0])
    assert "another host's (Hostname mismatch" in said
    assert "dial the name that it is for" in said


def test_tls_where_none_is_spoken_and_the_other_way_round(
    serve: Serve, start: Start, certificate: tuple[str, str]
) -> None:
    _, plain = serve()
    assert "if not, use ws://" in _gives_up(start, plain.replace("ws:", "wss:"))
    _, secure = serve("--tls-cert", certificate[0], "--tls-key", certificate[1])
    assert "does it want wss://?" in _gives_up(start, secure.replace("wss:", "ws:"))


def test_no_common_subprotocol(serve: Serve, start: Start) -> None:
    _, refusing = serve("--versions", "1.6")
    said = _gives_up(start, refusing, "--ocpp-version", "2.1")
    assert "this central system speaks ocpp1.6" in said
    assert "try another --ocpp-version" in said
    _, closing = serve("--versions", "1.6", "--no-subprotocol", "close")
    said = _gives_up(start, closing, "--ocpp-version", "2.1,2.0.1")
    assert "without a subprotocol" in said
    assert "ocpp2.1, ocpp2.0.1" in said


def test_a_refused_attempt_is_told_with_the_time_of_the_next(start: Start) -> None:
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    station = start("charge_point", "--csms", f"ws://127.0.0.1:{port}")
    station.line(r"nothing listens there.*; next attempt in \d+\.\d s")
    assert station.stop() == 0  # it serves: waiting is all that it was asked for


# --- ways in -------------------------------------------------------------------------------------------------


def test_wss_with_its_authority_or_with_none(
    serve: Serve, start: Start, certificate: tuple[str, str]
) -> None:
    _, url = serve("--tls-cert", certificate[0], "--tls-key", certificate[1])
    _boots(start, url, "--ca", certificate[0])
    _boots(start, url, "--insecure")


def test_passwords_as_text_hex_and_raw_from_flag_file_and_environment(
    serve: Serve, start: Start, tmp_path: Path
) -> None:
    (tmp_path / "passwords").write_text(f"CP1:a:b c\nCP2:hex:{KEY}\n")
    (tmp_path / "text").write_text("a:b c\n")
    (tmp_path / "hex").write_text(f"{KEY}\n")
    (tmp_path / "raw").write_bytes(bytes.fromhex(KEY))
    _, url = serve("--passwords", "passwords")
    _boots(start, url, env={"OCPP_CP_PASSWORD": "a:b c"})
    _boots(start, url, "--password-file", "text")
    second = ("--id", "CP2", "--ocpp-version", "1.6")
    _boots(start, url, *second, "--password", KEY, "--password-encoding", "hex")
    _boots(start, url, *second, "--password-file", "hex", "--password-encoding", "hex")
    _boots(start, url, *second, "--password-file", "raw", "--password-encoding", "raw")
    _boots(start, url, *second, "--password", KEY.upper())  # its digits as text, as many stations send it


def test_a_path_a_query_headers_and_an_id_with_a_slash(start: Start) -> None:
    requests: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"ws://127.0.0.1:{server.getsockname()[1]}/a/b?tenant=7"
        start(
            "charge_point",
            "--csms",
            url,
            "--id",
            "CP 1/x",
            "--header",
            "X-Api-Key=abc",
            "--header",
            "X-Two=2",
        )
        connection, _ = server.accept()
        with connection:
            while b"\r\n\r\n" not in b"".join(requests):
                requests.append(connection.recv(65536))
    lines = b"".join(requests).decode().splitlines()
    assert lines[0] == "GET /a/b/CP%201%2Fx?tenant=7 HTTP/1.1"
    assert "X-Api-Key: abc" in lines
    assert "X-Two: 2" in lines
    assert "Sec-WebSocket-Protocol: ocpp2.1, ocpp2.0.1, ocpp1.6" in lines


def test_an_unknown_station_and_path_are_served_under_their_own_name(serve: Serve, start: Start) -> None:
    csms, url = serve()
    _boots(start, f"{url}/any/prefix?x=1", "--id", "nobody-knows")
    csms.line(r"nobody-knows 2\.1 = connected .*/any/prefix/nobody-knows\?x=1")
    assert csms.stop() == 0


# --- what it is given ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ([], "--csms: is required"),
        (["--csms", "localhost:9000"], "is not a WebSocket address, as in ws://localhost:9000"),
        (["--csms", "http://localhost"], "did you mean 'ws://localhost'"),
        (["--csms", "ws://u:hunter2@x"], "use --password"),
        (["--csms", "ws://x", "--sesions", "1"], "--sesions: no such option; did you mean '--sessions'"),
        (["--csms", "ws://x", "--energy", "5", "--duration", "5"], "not together with"),
        (["--csms", "ws://x", "--ocpp-version", "2.2"], "--ocpp-version"),
        (["--csms", "ws://x", "--stay"], "--stay: needs --sessions"),
        (["--csms", "ws://x", "--password-file", "missing"], "missing: no such file"),
        (["--csms", "wss://x", "--ca", "text"], "--ca: text: not a usable PEM file"),
        (["--csms", "ws://x", "--journal", "."], "is a directory"),
        (["--csms", "ws://x", "--state", "text"], "--state: text"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_is_wrong_is_said_in_one_line_with_status_2(
    start: Start, tmp_path: Path, options: list[str], sentence: str
) -> None:
    (tmp_path / "text").write_text("no PEM\n")
    station = start("charge_point", *options)
    assert station.end() == 2, station.said
    told = [line for line in station.err if not line.startswith("usage: ")]
    assert len(told) == 1, station.said
    assert told[0].startswith("charge_point: ")
    assert sentence in told[0]
    assert "hunter2" not in station.said


# --- sessions and the end ---------------------------------------------------------------------------------------


def test_sessions_end_with_0_or_with_1_when_a_token_is_refused(serve: Serve, start: Start) -> None:
    _, url = serve("--token", "E1=Blocked")
    good = start("charge_point", "--csms", url, "--id", "A", "--sessions", "1", "--duration", "0.2")
    bad = start(
        *("charge_point", "--csms", url, "--id", "B", "--ocpp-version", "1.6"),
        *("--sessions", "1", "--duration", "0.2", "--token", "E1"),
    )
    assert bad.end() == 1, bad.said
    bad.line("^B = refused: Blocked")
    assert good.end() == 0, good.said
    good.line("^A = charged, ")


def test_with_stay_it_remains_after_its_sessions_and_ends_with_what_they_came_to(
    serve: Serve, start: Start
) -> None:
    csms, url = serve("--token", "E1=Blocked")
    options = ("--csms", url, "--sessions", "1", "--duration", "0.2", "--stay")
    good = start("charge_point", "--id", "A", *options, stdin="pipe")
    bad = start("charge_point", "--id", "B", *options, "--token", "E1")
    good.line("^A = charged")
    bad.line("^B = refused")
    good.type("Heartbeat")
    csms.line("A 2.1 < Heartbeat")  # still there
    assert bad.stop() == 1
    assert good.stop() == 0


@pytest.mark.parametrize("signum", [SIGINT, SIGTERM])
def test_a_signal_in_the_middle_of_sessions_ends_with_128_and_its_number(
    serve: Serve, start: Start, tmp_path: Path, signum: int
) -> None:
    csms, url = serve("--journal", "j")
    station = start("charge_point", "--csms", url, "--sessions", "2", "--duration", "1000")
    station.line("charging in transaction")
    assert station.stop(signum) == 128 + signum
    csms.line("1000 the station is switched off")
    assert csms.stop() == 0
    events = [e.request for e in exchanges(tmp_path / "j") if e.action == "TransactionEvent"]
    assert events[-1]["eventType"] == "Ended"  # the driver goes home before the station is off
    assert events[-1]["transactionInfo"]["stoppedReason"] == "Local"


@pytest.mark.parametrize(("first", "second"), [(SIGINT, SIGTERM), (SIGTERM, SIGINT)])
def test_a_second_signal_ends_at_once_a_station_whose_csms_does_not_answer_its_close(
    start: Start, first: int, second: int
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        station = start("charge_point", "--csms", f"ws://127.0.0.1:{server.getsockname()[1]}")
        connection, _ = server.accept()
        with connection:
            request = _until(connection, b"\r\n\r\n").decode()
            key = re.search(r"Sec-WebSocket-Key: (\S+)", request, re.IGNORECASE)
            assert key is not None
            connection.sendall(
                b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                b"Sec-WebSocket-Protocol: ocpp2.0.1\r\nSec-WebSocket-Accept: "
                + accept_key(key[1]).encode()
                + b"\r\n\r\n"
            )
            station.line("= connected")
            station.send(first)
            while _frame(connection) != CLOSE:
                pass  # our close frame never comes
            station.send(second)
            assert station.end() == 128 + second


def _until(connection: socket.socket, mark: bytes) -> bytes:
    """What comes up to `mark` and with it."""
    received = b""
    while not received.endswith(mark):
        received += _take(connection, 1)
    return received


def _frame(connection: socket.socket) -> int:
    """The opcode of the next frame of a client; its payload is passed over (RFC 6455 §5.2)."""
    opcode, length = (byte & mask for byte, mask in zip(_take(connection, 2), (0x0F, 0x7F), strict=True))
    if length >= 126:
        length = int.from_bytes(_take(connection, 2 if length == 126 else 8))
    _take(connection, 4 + length)
    return opcode


def _take(connection: socket.socket, count: int) -> bytes:
    connection.settimeout(20)
    received = b""
    while len(received) < count:
        piece = connection.recv(count - len(received))
        assert piece, "the station hung up"
        received += piece
    return received


def test_a_driver_at_the_prompt(serve: Serve, start: Start, tmp_path: Path) -> None:
    _, url = serve("--journal", "j")
    lines = "wait accepted\nplug_in\npresent T1\nwait charging\nstatus\npresent T1\nunplug\nwait idle\nquit\n"
    ended = subprocess.run(
        [sys.executable, "-m", "charge_point", "--csms", url, "--ocpp-version", "1.6"],
        input=lines,
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
        cwd=tmp_path,
        env=environment(PYTHONPATH=str(ROOT)),
    )
    assert ended.returncode == 0, ended.stderr
    assert "EVSE 1: Preparing" in ended.stdout
    assert "T1 started at EVSE 1" in ended.stdout
    assert re.search(r"^1 +1 \(1\) +Charging +both ends +T1", ended.stdout, re.MULTILINE)
    actions = [e.action for e in exchanges(tmp_path / "j")]
    assert [a for a in actions if a.endswith("Transaction")] == ["StartTransaction", "StopTransaction"]


def test_the_end_of_the_input_is_not_the_end_of_the_station(serve: Serve, start: Start) -> None:
    csms, url = serve()
    station = start("charge_point", "--csms", url, stdin="pipe")
    station.type("wait accepted", "plug")
    station.line("did you mean 'plug_in'|'plug' is not a word")
    station.close_stdin()
    csms.line("BootNotification")
    assert station.process.poll() is None
    assert station.stop() == 0


def test_a_finding_about_the_csms_decides_the_status_only_when_asked_for(serve: Serve, start: Start) -> None:
    for flags, status in ((), 0), (("--fail-on-findings",), 1), (("--strict",), 1):
        csms, url = serve(stdin="pipe")
        station = start("charge_point", "--csms", url, "--ocpp-version", "2.0.1", *flags)
        csms.type("wait CP1", 'CP1 call Reset {"type": "Sometimes"}', "quit")
        assert csms.end() == 0
        station.line("! invalid_request.*Reset")
        assert station.stop() == status, station.said
