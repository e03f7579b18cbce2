"""What a run comes to: its exit status and summary, and `python -m csms` as a process of its own."""

from __future__ import annotations

import asyncio
import json
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import connect
from websockets.typing import Subprotocol

from csms.conductor import conduct
from csms.making import admission_of, csms_of, listen, tls_of
from csms.options import resolve
from csms.program import verdict
from csms.timetable import Step
from shared import lifecycle
from shared.clock import Clock
from shared.journal.journal import Journal
from shared.option_fields import UsageError
from shared.summary import Summary
from shared.versions import V16, V201, Version
from tests.csms.dialled import BOOT, GotError, Payload, RawStation, Serving, event, serving, start, tries
from tests.support import each_2x


async def judged(version: Version, happens: str, *args: str) -> int:
    """The exit status of a run in which something happens."""
    async with serving(*args) as csms:
        summary = Summary(csms.journal, end="csms")
        station = await csms.booted(version)
        await _happens(csms, station, happens)
        return verdict(csms.options, csms.csms, summary)


EVENTS: dict[str, list[Payload]] = {
    "nothing": [event("Started", 0), event("Updated", 1), event("Ended", 2)],
    "gap": [event("Started", 0), event("Ended", 2)],
    "duplicate": [event("Started", 0), event("Updated", 1), event("Updated", 1), event("Ended", 2)],
    "late": [event("Started", 0), event("Updated", 1, offline=True), event("Ended", 2)],
}
NOTES = {"gap": "seqno_gap", "duplicate": "seqno_duplicate", "late": "late_event"}


async def _happens(csms: Serving, station: RawStation, what: str) -> None:
    if what == "refused":
        station.script["Reset"] = {"status": "Rejected"}
        await conduct(csms.csms.sessions["CP1"], Step("Reset"))
    elif what == "finding":
        with pytest.raises(GotError):
            await station.call("StatusNotification", {"nonsense": 1})
    else:
        for payload in EVENTS[what]:
            await station.call("TransactionEvent", payload)


@tries("strict", "fail_on_findings")
@each_2x
@pytest.mark.parametrize(
    ("happens", "serving_only", "on_findings", "strictly"),
    [
        ("nothing", 0, 0, 0),
        ("gap", 0, 1, 1),
        ("duplicate", 0, 0, 1),
        ("late", 0, 0, 1),
        ("finding", 0, 1, 1),
        ("refused", 0, 0, 1),
    ],
)
async def test_what_fails_a_run(
    version: Version, happens: str, serving_only: int, on_findings: int, strictly: int
) -> None:
    for args, expected in (
        ((), serving_only),
        (("--fail-on-findings",), on_findings),
        (("--strict",), strictly),
    ):
        status = await judged(version, happens, "--log-level", "error", *args)
        assert status == (lifecycle.FAILED if expected else lifecycle.OK), args


async def test_a_refused_command_fails_a_strict_run_on_1_6_too() -> None:
    for args, expected in (((), lifecycle.OK), (("--strict",), lifecycle.FAILED)):
        assert await judged(V16, "refused", "--log-level", "error", *args) == expected
    assert await judged(V16, "finding", "--log-level", "error", "--strict") == lifecycle.FAILED


async def test_a_late_message_of_1_6_fails_a_strict_run() -> None:
    for wait, expected in ((0, lifecycle.OK), (3600, lifecycle.FAILED)):
        async with serving("--strict", "--log-level", "error") as csms:
            summary = Summary(csms.journal, end="csms")
            station = await csms.booted(V16)
            await asyncio.sleep(wait)
            await station.call("StartTransaction", start())  # whose time is the beginning of the run
            assert verdict(csms.options, csms.csms, summary) == expected


@each_2x
@pytest.mark.parametrize("happens", NOTES)
async def test_missing_repeated_and_late_events_are_counted_in_the_summary(
    version: Version, happens: str, capsys: pytest.CaptureFixture[str]
) -> None:
    await judged(version, happens)
    assert NOTES[happens] in capsys.readouterr().err
    await judged(version, "nothing")
    assert NOTES[happens] not in capsys.readouterr().err


# --- as a process ---------------------------------------------------------------------------------------------

ROOT = Path(__file__).resolve().parents[2]


class Program:
    """`python -m csms` as a process of its own, for `async with`; `err` and `status` once it was stopped."""

    def __init__(self, *args: str, stdin: bytes | None = None) -> None:
        self._args = args
        self._stdin = stdin
        self.status = -1
        self.err = ""

    async def __aenter__(self) -> Program:
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "csms",
            *self._args,
            cwd=ROOT,
            stdin=asyncio.subprocess.DEVNULL if self._stdin is None else asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        assert self._process.stdout is not None
        line = (await self._process.stdout.readline()).decode()
        assert line.startswith("listening on "), line + (await self._process.communicate())[1].decode()
        self.url = line.split()[-1]
        return self

    async def __aexit__(self, *failed: object) -> None:
        await self.stop()

    async def type(self, line: str) -> None:
        """Write a line to its stdin."""
        assert self._process.stdin is not None
        self._process.stdin.write(line.encode() + b"\n")
        await self._process.stdin.drain()

    async def ended(self) -> int:
        """Wait until it ends by itself; gives its exit status."""
        _, err = await self._process.communicate()
        self.err += err.decode()
        self.status = self._process.returncode or 0
        return self.status

    async def stop(self) -> int:
        """The same after SIGTERM."""
        if self._process.returncode is None:
            self._process.terminate()
        return await self.ended() if not self.err else self.status


async def exchange(url: str, version: Version, *calls: tuple[str, Payload], **more: Any) -> list[Any]:
    """The frames that answer `calls` of a station that dials `url`."""
    async with connect(url, subprotocols=[Subprotocol(version.subprotocol)], **more) as station:
        answers = []
        for number, (action, payload) in enumerate(calls):
            await station.send(json.dumps([2, str(number), action, payload]))
            answers.append(json.loads(await station.recv()))
        return answers


@tries("host", "port", "log_level")
@pytest.mark.sockets
async def test_it_listens_where_it_is_told_and_says_as_much_as_it_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    async with Program("--host", "localhost", "--port", str(port), "--log-level", "error") as csms:
        assert csms.url == f"ws://localhost:{port}"
        await exchange(f"ws://127.0.0.1:{port}/CP1", V16, ("Heartbeat", {}))
        taken = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "csms", "--port", str(port), cwd=ROOT, stderr=asyncio.subprocess.PIPE
        )
        _, err = await taken.communicate()
        assert (taken.returncode, b"is in use by another program" in err) == (lifecycle.NO_CONNECTION, True)
        assert await csms.stop() == lifecycle.OK
        assert csms.err == ""


@tries("config", "print_config")
def test_a_file_says_what_the_flags_do_not_and_what_holds_is_printed(tmp_path: Path) -> None:
    file = tmp_path / "pair.toml"
    file.write_text("[common]\nseed = 5\n[csms]\nport = 1\nretry-interval = 9\n[csms.groups]\nA = 'G'\n")
    ended = subprocess.run(
        [sys.executable, "-m", "csms", "--config", str(file), "--port", "2", "--print-config"],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
    )
    shown = json.loads(ended.stdout)
    assert (shown["port"], shown["retry_interval"], shown["seed"]) == (2, 9, 5)
    assert (shown["groups"], shown["vendors"], shown["concurrent_tx"]) == ({"A": "G"}, {}, False)


@tries("journal", "state", "strict")
@pytest.mark.sockets
async def test_a_strict_run_leaves_a_journal_and_what_it_remembers(tmp_path: Path) -> None:
    journal, state = tmp_path / "journal.jsonl", tmp_path / "state"
    records = ("--journal", str(journal), "--state", str(state), "--port", "0")
    boots = ("--boot-status-sequence", "Pending,Accepted")
    async with Program(*records, *boots, "--strict") as csms:
        boot = ("BootNotification", BOOT[V201])
        calls = [boot, boot, *(("TransactionEvent", e) for e in EVENTS["gap"][:1])]
        answers = await exchange(f"{csms.url}/CP1", V201, *calls)
        assert [a[2].get("status") for a in answers[:2]] == ["Pending", "Accepted"]
        assert await csms.stop() == lifecycle.FAILED  # a boot before the interval was over
    assert "early_boot" in csms.err
    lines = [json.loads(line) for line in journal.read_text().splitlines()]
    assert [line["action"] for line in lines if line["kind"] == "call"] == [c[0] for c in calls]
    async with Program(*records, "--registration", "strict", "--boot-status", "Rejected") as csms:
        (answer,) = await exchange(f"{csms.url}/CP1", V201, ("TransactionEvent", EVENTS["gap"][1]))
        assert answer[0] == 3  # it is registered, although not by this process
        await csms.stop()
    assert "seqno_gap" in csms.err  # the transaction, too, was remembered


@tries("interactive")
@pytest.mark.sockets
async def test_commands_are_taken_from_stdin_unless_told_not_to() -> None:
    one_six = [Subprotocol("ocpp1.6")]
    async with (
        Program("--port", "0", stdin=b"") as csms,
        connect(f"{csms.url}/CP1", subprotocols=one_six) as station,
    ):
        await csms.type("wait CP1")
        await csms.type("CP1 reset kind=Soft")
        asked = json.loads(await station.recv())
        assert asked[2:] == ["Reset", {"type": "Soft"}]
        await station.send(json.dumps([3, asked[1], {"status": "Accepted"}]))
        await csms.type("quit")
        assert await csms.ended() == lifecycle.OK
    async with Program("--port", "0", "--no-interactive", "--log-level", "error", stdin=b"") as csms:
        await csms.type("quit")
        answers = await exchange(f"{csms.url}/CP1", V16, ("Heartbeat", {}))
        assert answers[0][0] == 3
        assert await csms.stop() == lifecycle.OK


CERTIFICATE = """\
-----BEGIN CERTIFICATE-----
MIIBmzCCAUGgAwIBAgIUSybML3tDL/SYMFpYxZu1gKMThJ0wCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyMTAzMjUwNloYDzIxMjYxMDI4
MDMyNTA2WjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAATstS62HffGnaFpa/P9HTXXuabIi/GaL8pDRLJq+D+miXL8dfYTykoG
Wu3nyEB+o0T2gLKocCOnRJHcmVId1n1Co28wbTAdBgNVHQ4EFgQU4/HrYotheK8L
fVRkFAsk+Vt5C1gwHwYDVR0jBBgwFoAU4/HrYotheK8LfVRkFAsk+Vt5C1gwDwYD
VR0TAQH/BAUwAwEB/zAaBgNVHREEEzARgglsb2NhbGhvc3SHBH8AAAEwCgYIKoZI
zj0EAwIDSAAwRQIgHsZCmWkmATxlIaeUQZ1dp79XG3PP52ulYdeaxakIVfsCIQD3
GO1Zw+flVhEKzCOkT/TJSCCp/lz/F9QM6pm5CQtP2g==
-----END CERTIFICATE-----
"""
OTHER_KEY = """\
-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgdgxSOiM5i5SaOr7o
OEGbYrC0pKhlOUfG557Sz2pYjPOhRANCAARyx6YOWRFUNfs/IPWlXcK4ERkXtfai
nVDt6QETwoqTCzS8zOKvLkvhIa34/C92htDPGc+vHafl0gexDp/vq1rl
-----END PRIVATE KEY-----
"""
KEY = """\
-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgSTPFOdBVb3NFJpp8
UXjgdA/GiASDhPYxgapFJcLHb/uhRANCAATstS62HffGnaFpa/P9HTXXuabIi/Ga
L8pDRLJq+D+miXL8dfYTykoGWu3nyEB+o0T2gLKocCOnRJHcmVId1n1C
-----END PRIVATE KEY-----
"""


def test_a_certificate_or_key_that_cannot_be_used_is_told(tmp_path: Path) -> None:
    certificate, key, other = (tmp_path / name for name in ("cert.pem", "key.pem", "other.pem"))
    certificate.write_text(CERTIFICATE)
    key.write_text("no key")
    other.write_text(OTHER_KEY)
    faults = {
        (): f"{certificate} does not hold a certificate and its key (PEM); give the key with --tls-key",
        ("--tls-key", str(key)): "no usable PEM",
        ("--tls-key", str(other)): "the key does not belong to the certificate",
    }
    for more, words in faults.items():
        with pytest.raises(UsageError) as caught:
            tls_of(resolve(["--tls-cert", str(certificate), *more], {}))
        assert str(caught.value).startswith(f"--tls-cert, --tls-key: {words}")


@tries("tls_cert", "tls_key")
@pytest.mark.sockets
async def test_it_serves_wss_with_the_certificate_and_key_it_was_given(tmp_path: Path) -> None:
    import ssl

    certificate, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    certificate.write_text(CERTIFICATE)
    key.write_text(KEY)
    both = tmp_path / "both.pem"
    both.write_text(CERTIFICATE + KEY)
    trusting = ssl.create_default_context()
    trusting.check_hostname = False
    trusting.verify_mode = ssl.CERT_NONE  # what the machine's clock says is no matter here
    for args in (["--tls-cert", str(certificate), "--tls-key", str(key)], ["--tls-cert", str(both)]):
        options = resolve([*args, "--port", "0"], {})
        csms = csms_of(options, Journal(Clock.of_loop(asyncio.get_running_loop())))
        port = await listen(csms, options, admission_of(options), tls_of(options))
        url = f"wss://127.0.0.1:{port}/CP1"
        async with connect(url, subprotocols=[Subprotocol("ocpp2.1")], ssl=trusting) as station:
            shown = station.transport.get_extra_info("ssl_object").getpeercert(binary_form=True)
            assert ssl.DER_cert_to_PEM_cert(shown) == CERTIFICATE
            assert csms.sessions["CP1"].url == url
        await csms.stop()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            ["-c", "reset:kind=Foo", "--delay", "1"],
            "--command: reset on OCPP 1.6: type: 'Foo' is not one of the words it takes",
        ),
        (["--commands", "request_stop_transaction:1,reset:1"], ""),
        (["--versions", "2.0.1", "--commands", "reset:kind=OnIdel@2"], "did you mean 'OnIdle'?"),
        (["--commands", "reset:kind=OnIdle@2"], ""),
    ],
)
async def test_a_word_that_no_version_has_is_told_at_the_start(words: list[str], said: str) -> None:
    try:
        csms_of(resolve(words, {}), Journal(Clock.of_loop(asyncio.get_running_loop())))
        told = ""
    except UsageError as wrong:
        told = str(wrong)
    assert said in told
    assert bool(said) is bool(told)
