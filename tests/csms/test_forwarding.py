"""Standing between a station and a central system: what passes, what is noted, and how both ends learn of the end."""

from __future__ import annotations

import asyncio
import json
from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import connect
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.http11 import Request, Response
from websockets.typing import Subprotocol

from csms.forwarding import CENTRAL_DIED, STATION_DIED, ForwardingCsms, Through
from csms.making import admission_of, csms_of, listen
from csms.options import resolve
from csms.terminal import Terminal
from scripts.selftest_bench import make_certificate
from shared.clock import Clock
from shared.faults import parse
from shared.journal.entry import FRAME, NOTE, Entry
from shared.journal.files import JournalFile
from shared.journal.journal import Journal
from shared.link import LinkClosed, MemoryLink
from shared.option_fields import UsageError
from shared.summary import Summary
from shared.tls import server_context
from shared.versions import V16, Version
from tests.csms.dialled import BOOT, STATUS, event, start, tries
from tests.support import each_2x, eventually, until

TIME = "2026-01-01T10:00:00Z"


class Between:
    """The forwarder of one station, and both ends of its conversation in the hands of the test."""

    def __init__(self, csms: ForwardingCsms, version: Version, identity: str = "CP1") -> None:
        self.csms = csms
        self.version = version
        self.station, near = MemoryLink.pair()
        self.central, far = MemoryLink.pair()
        url = f"ws://host/{identity}"
        self.served = csms.tasks.spawn(csms.serve(Through(near, far), identity, version, url))

    async def asks(self, action: str, payload: Any, id: str = "1") -> None:
        """The station calls, and the central system has it."""
        await self._passes(self.station, self.central, [2, id, action, payload])

    async def told(self, action: str, payload: Any, id: str = "c1") -> None:
        """The central system calls, and the station has it."""
        await self._passes(self.central, self.station, [2, id, action, payload])

    async def answers(self, payload: Any, id: str = "1") -> None:
        """The central system answers the station."""
        await self._passes(self.central, self.station, [3, id, payload])

    async def replies(self, payload: Any, id: str = "c1") -> None:
        """The station answers the central system."""
        await self._passes(self.station, self.central, [3, id, payload])

    async def booted(self, status: str = "Accepted", interval: int = 60) -> None:
        """The station boots, and is answered so."""
        await self.asks("BootNotification", BOOT[self.version], "boot")
        await self.answers({"status": status, "interval": interval, "currentTime": TIME}, "boot")

    async def _passes(self, one: MemoryLink, other: MemoryLink, frame: list[Any]) -> None:
        text = json.dumps(frame)
        await one.send(text)
        assert await other.recv() == text

    def noted(self, name: str = "") -> list[Entry]:
        """The notes with that name; without one, the findings."""
        notes = [entry for entry in self.csms.journal if entry.sort == NOTE]
        return [entry for entry in notes if (entry.note == name if name else entry.clause)]

    def finding(self, name: str) -> tuple[str, str]:
        """Whose the only finding is, and its clause."""
        (found,) = self.noted()
        assert found.note == name
        assert found.detail is not None
        whose = found.detail["whose"]
        assert str(found.what).startswith(f"{whose}: ")
        return whose, found.clause


@asynccontextmanager
async def between(version: Version, *args: str) -> AsyncIterator[Between]:
    """A forwarder with one station, in memory; it ends without a fault of its own."""
    options = resolve(["--forward", "ws://real", "--run-id", "test", *args], {})
    csms = csms_of(options, Journal(Clock.of_loop(asyncio.get_running_loop())))
    assert isinstance(csms, ForwardingCsms)
    yield Between(csms, version)
    await csms.stop()
    assert csms.bugs == []


# --- what passes --------------------------------------------------------------------------------------------


async def test_every_message_passes_as_it_came_and_in_its_order(version: Version) -> None:
    odd: list[str | bytes] = [
        '[2, "1",  "Heartbeat", { }]',
        "no JSON at all",
        "",
        b"\x00\xff",
        '[3,"9",{"ä":"\\u00e4"}]',
        '[2,7,"x",{}]',
    ]
    async with between(version) as b:
        for one, other in ((b.station, b.central), (b.central, b.station)):
            for text in odd:
                await one.send(text)
            assert [await other.recv() for _ in odd] == odd
        frames = [(entry.dir, entry.what) for entry in b.csms.journal if entry.sort == FRAME]
        assert sorted(map(str, frames)) == sorted(str((way, text)) for way in ("in", "out") for text in odd)


async def test_a_secret_is_forwarded_and_redacted_in_the_journal_file(tmp_path: Path) -> None:
    async with between(V16) as b:
        file = JournalFile(str(tmp_path / "j.jsonl"), b.csms.journal, pytest.fail)
        await b.told("ChangeConfiguration", {"key": "AuthorizationKey", "value": "s3cr3t-value"})
        file.close()
    assert "s3cr3t" not in (tmp_path / "j.jsonl").read_text()
    assert "AuthorizationKey" in (tmp_path / "j.jsonl").read_text()


class Full(MemoryLink):
    """The end of a connection that takes nothing for a while."""

    room: asyncio.Event

    async def send(self, text: str | bytes) -> None:
        await self.room.wait()
        await super().send(text)


async def test_what_one_end_does_not_take_is_not_read_from_the_other() -> None:
    async with between(V16) as b:
        station, near = MemoryLink.pair()
        far, there = Full.pair()
        assert isinstance(far, Full)
        far.room = asyncio.Event()
        b.csms.tasks.spawn(b.csms.serve(Through(near, far), "CP2", V16, "ws://host/CP2"))
        calls = [json.dumps([2, str(number), "Heartbeat", {}]) for number in range(50)]
        for call in calls:
            await station.send(call)
        await until(lambda: len(near.waiting) < 50)
        for _ in range(20):
            await asyncio.sleep(0)
        assert len(near.waiting) == 49
        far.room.set()
        assert [await there.recv() for _ in calls] == calls


# --- how it ends --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("code", "reason"), [(1000, "bye"), (4321, "vendor"), (1005, "")])
@pytest.mark.parametrize("who", ["station", "central"])
async def test_a_close_is_passed_on_with_its_code_behind_what_was_said(
    who: str, code: int, reason: str
) -> None:
    async with between(V16) as b:
        one, other = (b.station, b.central) if who == "station" else (b.central, b.station)
        await one.send("last words")
        await one.close(code, reason)
        assert await other.recv() == "last words"
        with pytest.raises(LinkClosed) as ended:
            await other.recv()
        assert (ended.value.code, ended.value.reason) == (code, reason)
        assert (await b.served).code == code


@pytest.mark.parametrize(("who", "told"), [("station", STATION_DIED), ("central", CENTRAL_DIED)])
async def test_an_end_that_dies_is_told_of_with_a_code_of_its_own(who: str, told: tuple[int, str]) -> None:
    async with between(V16) as b:
        one, other = (b.station, b.central) if who == "station" else (b.central, b.station)
        one.abort()
        with pytest.raises(LinkClosed) as ended:
            await other.recv()
        assert (ended.value.code, ended.value.reason) == told
        await b.served
        assert len(b.noted("central_gone")) == (who == "central")


async def test_stopping_tells_both_ends() -> None:
    async with between(V16) as b:
        await b.booted()
        await b.csms.stop()
        for end in (b.station, b.central):
            with pytest.raises(LinkClosed) as ended:
                await end.recv()
            assert ended.value.code == 1001


# --- what is noted ------------------------------------------------------------------------------------------


async def test_a_flawless_conversation_has_no_findings(version: Version) -> None:
    async with between(version) as b:
        await b.booted()
        await b.asks("StatusNotification", STATUS[version])
        await b.answers({})
        await b.told("TriggerMessage", {"requestedMessage": "Heartbeat"})
        await b.replies({"status": "Accepted"})
        await b.asks("Heartbeat", {}, "2")
        await b.answers({"currentTime": TIME}, "2")
        await asyncio.sleep(100)
        assert b.noted() == []
        assert b.csms.records["CP1"].registration == "Accepted"
        assert b.csms.records["CP1"].statuses


async def test_each_end_is_blamed_for_its_own_schema_violation(version: Version) -> None:
    async with between(version) as b:
        await b.booted()
        await b.asks("Heartbeat", {"odd": 1})
        assert b.finding("invalid_request")[0] == "station"
    async with between(version) as b:
        await b.booted()
        await b.asks("Heartbeat", {})
        await b.answers({"currentTime": 12})
        assert b.finding("invalid_answer")[0] == "central system"
    async with between(version) as b:
        await b.booted()
        await b.told("Reset", {"type": "Gently"})
        assert b.finding("invalid_request")[0] == "central system"
    async with between(version) as b:
        await b.booted()
        await b.told("Reset", {"type": "Hard" if version is V16 else "OnIdle"})
        await b.replies({"status": "Perhaps"})
        assert b.finding("invalid_answer")[0] == "station"


async def test_an_action_that_only_the_other_end_sends_is_a_finding(version: Version) -> None:
    async with between(version) as b:
        await b.told("BootNotification", BOOT[version])
        assert b.finding("wrong_direction")[0] == "central system"


@pytest.mark.parametrize("silent", ["station", "central system"])
async def test_a_call_that_is_not_answered_is_the_other_ends_finding(silent: str) -> None:
    async with between(V16, "--message-timeout", "20") as b:
        await b.booted()
        if silent == "station":
            await b.told("ClearCache", {})
        else:
            await b.asks("Heartbeat", {})
        await asyncio.sleep(21)
        assert b.finding("unanswered_call")[0] == silent
        (note,) = b.noted()
        await (b.replies({"status": "Accepted"}) if silent == "station" else b.answers({"currentTime": TIME}))
        assert [found.note for found in b.noted()] == ["unanswered_call", "late_answer"]
        asked = [e.seq for e in b.csms.journal if e.sort == FRAME and e.kind == "call"]
        assert note.ref == asked[-1]


async def test_answers_to_nobody_and_twice_are_found() -> None:
    async with between(V16) as b:
        await b.booted()
        await b.answers({}, "nobody")
        await b.asks("Heartbeat", {})
        await b.answers({"currentTime": TIME})
        await b.answers({"currentTime": TIME})
        assert [(f.note, (f.detail or {})["whose"]) for f in b.noted()] == [
            ("unknown_answer", "central system"),
            ("duplicate_answer", "central system"),
        ]


@each_2x
async def test_calls_that_overlap_are_found_on_either_side(version: Version) -> None:
    for whose in ("station", "central system"):
        async with between(version) as b:
            await b.booted()
            for id in ("1", "2"):
                await (
                    b.asks("Heartbeat", {}, id)
                    if whose == "station"
                    else b.told("GetLocalListVersion", {}, id)
                )
            assert b.finding("overlapping_calls")[0] == whose
            for id in ("2", "1"):  # both answers belong to their calls
                await (
                    b.answers({"currentTime": TIME}, id)
                    if whose == "station"
                    else b.replies({"versionNumber": 1}, id)
                )
            assert len(b.noted()) == 1


async def test_the_refusal_of_an_unusable_call_is_no_finding_against_who_refuses(version: Version) -> None:
    async with between(version) as b:
        await b.booted()
        for frame in ([2, "1", "NoSuchAction", {}], [2, "2", "Heartbeat"]):
            await b.station.send(json.dumps(frame))
            await b.central.recv()
            await b.central.send(json.dumps([4, frame[1], "GenericError", "", {}]))
            await b.station.recv()
        assert {(f.detail or {})["whose"] for f in b.noted()} == {"station"}


async def test_who_answers_two_calls_of_one_id_is_not_to_blame() -> None:
    async with between(V16) as b:
        await b.booted()
        for _ in range(2):
            await b.asks("Heartbeat", {})
        for _ in range(2):
            await b.answers({"currentTime": TIME})
        assert b.finding("duplicate_id")[0] == "station"


@pytest.mark.parametrize("status", ["Pending", "Rejected"])
async def test_what_a_station_sends_before_it_is_accepted_is_found(version: Version, status: str) -> None:
    async with between(version) as b:
        await b.booted(status)
        await b.asks("StatusNotification", STATUS[version])
        whose, clause = b.finding("not_registered")
        assert whose == "station"
        assert clause


async def test_what_was_triggered_may_be_sent_while_pending(version: Version) -> None:
    async with between(version) as b:
        await b.booted("Pending")
        await b.told("TriggerMessage", {"requestedMessage": "Heartbeat"})
        await b.replies({"status": "Accepted"})
        await b.asks("Heartbeat", {})
        assert b.noted() == []


async def test_a_call_to_a_rejected_station_is_the_central_systems_finding(version: Version) -> None:
    async with between(version) as b:
        await b.booted("Rejected")
        await b.told("TriggerMessage", {"requestedMessage": "BootNotification"})
        assert b.finding("called_while_rejected")[0] == "central system"


@each_2x
async def test_a_gap_in_the_numbers_of_events_is_found(version: Version) -> None:
    async with between(version) as b:
        await b.booted()
        for at, number in enumerate((0, 2)):
            await b.asks("TransactionEvent", event("Started" if not at else "Updated", number), str(number))
            await b.answers({}, str(number))
        assert b.finding("seqno_gap")[0] == "station"
        assert b.csms.ledger.counts == {"seqno_gap": 1}


async def test_a_1_6_transaction_has_the_number_that_the_central_system_gave() -> None:
    async with between(V16) as b:
        await b.booted()
        for id in ("1", "2"):
            await b.asks("StartTransaction", start(), id)
            await b.answers({"transactionId": 77, "idTagInfo": {"status": "Accepted"}}, id)
        await b.asks("StopTransaction", {"transactionId": 77, "meterStop": 500, "timestamp": TIME}, "3")
        await b.answers({}, "3")
        (bill,) = b.csms.ledger.billed(b.csms.records["CP1"])
        assert (bill.transaction, bill.energy) == (77, 500.0)
        assert b.csms.energy("CP1") == (1, 500.0)
        assert len(b.noted("duplicate_start")) == 1
        assert b.noted() == []


async def test_the_summary_says_whose_a_finding_is() -> None:
    async with between(V16) as b:
        summary = Summary(b.csms.journal, end="csms")
        await b.booted()
        await b.asks("Heartbeat", {"odd": 1})
        await b.answers({"currentTime": TIME, "odd": 1})
        shown = summary.render(width=200)
        assert "invalid_request (station)" in shown
        assert "invalid_answer (central system)" in shown


async def test_with_the_schemas_off_nothing_is_held_against_them() -> None:
    async with between(V16, "--schema", "off") as b:
        await b.booted()
        await b.asks("StartTransaction", {"odd": 1})
        await b.answers({"odd": 1})
        assert b.noted() == []


# --- spoiling -----------------------------------------------------------------------------------------------


async def test_in_is_from_the_station_and_out_to_it() -> None:
    drop = "drop:action=Heartbeat,kind=call,direction=in,nth=1"
    change = "change:path=interval,value=7,action=BootNotification,kind=answer,direction=out"
    async with between(V16, "--inject", drop, "--inject", change) as b:
        await b.asks("BootNotification", BOOT[V16], "boot")
        await b.central.send(
            json.dumps([3, "boot", {"status": "Accepted", "interval": 60, "currentTime": TIME}])
        )
        assert json.loads(await b.station.recv())[2]["interval"] == 7
        await b.station.send(json.dumps([2, "lost", "Heartbeat", {}]))
        await b.asks("Heartbeat", {}, "kept")
        await b.answers({"currentTime": TIME}, "kept")
        await asyncio.sleep(100)
        assert b.noted() == []  # that nobody answers what was lost is our own doing
        ways = [(e.dir, e.fault) for e in b.csms.journal if e.sort == FRAME]
        assert ways == [
            ("in", ""),
            ("held", "change"),
            ("out", "change"),
            ("in", ""),
            ("in", ""),
            ("out", ""),
        ]


async def test_a_fault_comes_over_a_conversation_that_is_under_way() -> None:
    async with between(V16) as b:
        await b.booted()
        b.csms.faults.add(parse("duplicate:action=Heartbeat,kind=call,direction=in"))
        text = json.dumps([2, "1", "Heartbeat", {}])
        await b.station.send(text)
        assert [await b.central.recv(), await b.central.recv()] == [text, text]
        for _ in range(2):
            await b.answers({"currentTime": TIME})
        assert b.noted() == []


async def test_a_connection_closed_on_purpose_is_closed_at_both_ends() -> None:
    async with between(V16, "--inject", "close:code=1013,reason=later,action=Heartbeat,direction=in") as b:
        await b.station.send(json.dumps([2, "1", "Heartbeat", {}]))
        for end in (b.station, b.central):
            with pytest.raises(LinkClosed) as ended:
                await end.recv()
            assert (ended.value.code, ended.value.reason) == (1013, "later")


# --- options and the prompt ---------------------------------------------------------------------------------


async def test_no_command_can_be_typed() -> None:
    async with between(V16) as b:
        await b.booted()
        terminal = Terminal(b.csms, lambda: None)
        for line in ("CP1 reset", "reset", "* clear_cache"):
            with pytest.raises(UsageError, match="with --forward nothing is sent"):
                terminal._command(line)
        assert "CP1" in terminal._stations("")


@tries("forward", "forward_password", "forward_passwords", "forward_ca", "forward_insecure")
@pytest.mark.parametrize(
    ("args", "said"),
    [
        ("--forward http://x", "--forward: 'http://x' is not a WebSocket address; did you mean 'ws://x'?"),
        ("--forward ws://a:b@x", "--forward: an address with a password in it; use --forward-password"),
        ("--forward-insecure", "--forward-insecure: needs --forward"),
        (
            "--forward ws://x --boot-status Pending",
            "--boot-status: not together with --forward: there the real",
        ),
        ("--forward ws://x --command Reset --delay 1", "not together with --forward: there the real"),
        ("--forward ws://x --token E1=Invalid", "--token: not together with --forward"),
        ("--forward ws://x --compat upstream", "--compat: not together with --forward"),
        ("--forward ws://x --state .", "--state: not together with --forward: there is nothing"),
        ("--forward ws://x --forward-insecure", "--forward-insecure: needs a wss:// address in --forward"),
        ("--forward ws://x --forward-password a --forward-passwords README.md", "not together with"),
    ],
)
def test_what_makes_no_sense_with_forward_is_refused(args: str, said: str) -> None:
    with pytest.raises(UsageError) as wrong:
        resolve(args.split(), {})
    assert said in str(wrong.value)


# --- over real sockets --------------------------------------------------------------------------------------


@asynccontextmanager
async def listening(url: str, *args: str) -> AsyncIterator[tuple[ForwardingCsms, str]]:
    """A forwarder to `url` on a free port, and its own URL."""
    options = resolve(["--port", "0", "--forward", url, *args], {})
    csms = csms_of(options, Journal(Clock.of_loop(asyncio.get_running_loop())))
    assert isinstance(csms, ForwardingCsms)
    port = await listen(csms, options, admission_of(options))
    try:
        yield csms, f"ws://127.0.0.1:{port}"
    finally:
        await csms.stop()
    assert csms.bugs == []


class Real:
    """A central system of plain `websockets`: what it was asked for, and its connections."""

    def __init__(self) -> None:
        self.url = ""
        self.requests: list[Request] = []
        self.connections: list[ServerConnection] = []
        self.ended = asyncio.Event()


@asynccontextmanager
async def central(
    refuse: int = 0, protocols: tuple[str, ...] = ("ocpp2.0.1", "ocpp1.6"), tls: Any = None
) -> AsyncIterator[Real]:
    """One that refuses with a status, or echoes what it gets."""
    real = Real()

    def process(connection: ServerConnection, request: Request) -> Response | None:
        real.requests.append(request)
        if not refuse:
            return None
        response = connection.respond(HTTPStatus(refuse), "go away\n")
        response.headers["WWW-Authenticate"] = 'Basic realm="real"'
        return response

    async def echo(connection: ServerConnection) -> None:
        real.connections.append(connection)
        try:
            async for message in connection:
                await connection.send(message)
        except ConnectionClosed:
            pass
        real.ended.set()

    names: Any = list(protocols) or None
    async with serve(echo, "127.0.0.1", 0, process_request=process, subprotocols=names, ssl=tls) as server:
        real.url = f"ws://127.0.0.1:{next(iter(server.sockets)).getsockname()[1]}/ocpp"
        yield real


def dial(url: str, *protocols: str, **more: Any) -> Any:
    """A raw station, for `async with`."""
    return connect(f"{url}/CP%201?k=v", subprotocols=[Subprotocol(name) for name in protocols], **more)


def basic(text: str) -> str:
    return f"Basic {b64encode(text.encode()).decode()}"


@pytest.mark.sockets
async def test_the_station_gets_the_choice_and_the_central_system_the_request(tmp_path: Path) -> None:
    own = basic("CP 1:own password")
    passwords = tmp_path / "passwords"
    passwords.write_text("CP 1:of the file\n")
    ways: list[tuple[tuple[str, ...], str]] = [
        ((), own),
        (("--forward-password", "another"), basic("CP 1:another")),
        (("--forward-passwords", str(passwords)), basic("CP 1:of the file")),
    ]
    async with central() as real:
        for args, proof in ways:
            async with (
                listening(real.url, "--versions", "1.6,2.0.1", *args) as (_, url),
                dial(
                    url, "ocpp2.1", "ocpp1.6", "ocpp2.0.1", additional_headers={"Authorization": own}
                ) as station,
            ):
                assert station.subprotocol == real.connections[-1].subprotocol
                asked = real.requests[-1]
                assert asked.path == "/ocpp/CP%201?k=v"
                assert asked.headers["Authorization"] == proof
                assert (
                    asked.headers["Sec-WebSocket-Protocol"] == "ocpp1.6, ocpp2.0.1"
                )  # narrowed by --versions
                for message in ("text ä", b"binary \x00\xff", "x" * 200_000):
                    await station.send(message)
                    assert await station.recv() == message


@pytest.mark.sockets
async def test_text_that_is_not_utf_8_stays_text(version: Version) -> None:
    async with (
        central(protocols=(version.subprotocol,)) as real,
        listening(real.url) as (_, url),
        dial(url, version.subprotocol) as station,
    ):
        await station.send(b"\xff\xfe", text=True)  # a library that minds closes with 1007
        await real.ended.wait()
        with pytest.raises(ConnectionClosed) as ended:
            await station.recv()
        assert ended.value.rcvd is not None
        assert ended.value.rcvd.code == 1007


@pytest.mark.sockets
@pytest.mark.parametrize("status", [401, 403, 404, 503])
async def test_a_refusal_is_passed_on_with_its_status_and_a_sentence(status: int) -> None:
    async with central(status) as real, listening(f"{real.url}?key=secret") as (csms, url):
        with pytest.raises(InvalidStatus) as refused:
            await dial(url, "ocpp1.6")
        response = refused.value.response
        assert response.status_code == status
        assert b"go away" in bytes(response.body or b"")
        assert b"secret" not in bytes(response.body or b"")
        assert response.headers["WWW-Authenticate"] == 'Basic realm="real"'
        (note,) = [entry for entry in csms.journal if entry.note == "not_admitted"]
        assert f"{status} " in str(note.what)


@pytest.mark.sockets
async def test_a_central_system_that_chooses_no_subprotocol_is_a_400_unless_that_is_allowed() -> None:
    async with central(protocols=()) as real:
        async with listening(real.url) as (_, url):
            with pytest.raises(InvalidStatus) as refused:
                await dial(url, "ocpp1.6")
            assert refused.value.response.status_code == 400
            assert b"without a subprotocol" in bytes(refused.value.response.body or b"")
        async with (
            listening(real.url, "--lenient-subprotocol") as (csms, url),
            dial(url, "ocpp1.6") as station,
        ):
            assert station.subprotocol is None
            await eventually(lambda: csms.find("CP 1"))
            assert csms.sessions["CP 1"].version is V16


@pytest.mark.sockets
async def test_a_central_system_that_is_not_there_is_a_502() -> None:
    async with central() as real:
        pass
    async with listening(real.url) as (_, url):
        with pytest.raises(InvalidStatus) as refused:
            await dial(url, "ocpp1.6")
        assert refused.value.response.status_code == 502
        assert b"nothing listens there" in bytes(refused.value.response.body or b"")


@pytest.mark.sockets
async def test_both_ends_learn_over_sockets_how_the_other_ended() -> None:
    async with central() as real, listening(real.url) as (_, url):
        async with dial(url, "ocpp1.6") as station:
            await station.close(4001, "enough")
        await real.ended.wait()
        assert (real.connections[0].close_code, real.connections[0].close_reason) == (4001, "enough")
        for code, how in ((4002, "close"), (1014, "abort")):
            async with dial(url, "ocpp1.6") as station:
                there = real.connections[-1]
                if how == "abort":
                    there.transport.abort()
                else:
                    await there.close(code, "no more")
                with pytest.raises(ConnectionClosed):
                    await station.recv()
                assert station.close_code == code


@pytest.mark.sockets
async def test_a_station_that_leaves_while_the_central_system_is_dialled_leaves_nothing_behind() -> None:
    arrived, closed = asyncio.Event(), asyncio.Event()

    async def slow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        arrived.set()  # and never an answer
        await reader.read()
        closed.set()
        writer.close()

    async with await asyncio.start_server(slow, "127.0.0.1", 0) as server:
        host, port = server.sockets[0].getsockname()
        async with listening(f"ws://{host}:{port}") as (csms, url):
            dialling = asyncio.ensure_future(_dialled(url))
            await arrived.wait()
            dialling.cancel()
            await closed.wait()
            assert csms.sessions == {}


async def _dialled(url: str) -> None:
    async with dial(url, "ocpp1.6"):
        pass


@pytest.mark.sockets
async def test_a_central_system_behind_tls_is_trusted_as_the_options_say(tmp_path: Path) -> None:
    certificate, key = make_certificate(tmp_path)
    context = server_context(certificate, key)
    async with central(tls=context) as real:
        with_tls = real.url.replace("ws://", "wss://")
        for trust in (("--forward-ca", certificate), ("--forward-insecure",)):
            async with listening(with_tls, *trust) as (_, url), dial(url, "ocpp1.6") as station:
                await station.send("through")
                assert await station.recv() == "through"
        async with listening(with_tls) as (_, url):
            with pytest.raises(InvalidStatus) as refused:
                await dial(url, "ocpp1.6")
            assert refused.value.response.status_code == 502
            assert b"--forward-ca FILE, or use --forward-insecure" in bytes(
                refused.value.response.body or b""
            )
