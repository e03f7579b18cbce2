"""The server side of a connection: admission over real sockets, replacement, registration, and what stations do."""

from __future__ import annotations

import asyncio
import json
import socket
from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.extensions.permessage_deflate import PerMessageDeflate
from websockets.typing import Subprotocol

from csms.conductor import conduct
from csms.making import admission_of, csms_of, listen
from csms.options import resolve
from csms.server import REPLACED, Csms
from csms.session import Session
from csms.timetable import Step
from shared.clock import Clock
from shared.journal.entry import NOTE
from shared.journal.journal import Journal
from shared.link import Link, LinkClosed
from shared.peer import ConnectionLost
from shared.versions import V2X, V16, V21, V201, VERSIONS, Version
from tests.csms.dialled import (
    BOOT,
    SILENCE,
    STATUS,
    Asked,
    Fails,
    GotError,
    authorize,
    event,
    info_of,
    serving,
    start,
    stop,
    tries,
)
from tests.support import each_2x, eventually, until

# --- over real sockets --------------------------------------------------------------------------------------


class Listening:
    """A CSMS on a free port."""

    def __init__(self, csms: Csms, port: int) -> None:
        self.csms = csms
        self.port = port
        self.url = f"ws://127.0.0.1:{port}"

    def dial(self, path: str = "/CP1", *protocols: str, **more: Any) -> Any:
        """A raw connection, for `async with`; in OCPP 1.6 unless `protocols` say otherwise."""
        names = [Subprotocol(name) for name in protocols or ("ocpp1.6",)]
        more.setdefault("compression", None)
        return connect(self.url + path, subprotocols=names, **more)

    async def http(self, *lines: str) -> tuple[int, dict[str, str], str]:
        """Status, headers (names in lower case) and body of the answer to a request written by hand."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write("".join(f"{line}\r\n" for line in (*lines, "")).encode("latin-1"))
        text = (await reader.read()).decode("latin-1")
        writer.close()
        head, _, body = text.partition("\r\n\r\n")
        first, *rest = head.split("\r\n")
        headers = {n.lower(): v.strip() for n, _, v in (line.partition(":") for line in rest)}
        return int(first.split()[1]), headers, body

    def noted(self, name: str) -> list[str]:
        return [str(entry.what) for entry in self.csms.journal if entry.sort == NOTE and entry.note == name]


@asynccontextmanager
async def listening(*args: str) -> AsyncIterator[Listening]:
    """The CSMS of a command line on a free port; it ends without a fault of its own."""
    options = resolve(["--port", "0", "--run-id", "test", *args], {})
    csms = csms_of(options, Journal(Clock.of_loop(asyncio.get_running_loop())))
    port = await listen(csms, options, admission_of(options))
    try:
        yield Listening(csms, port)
    finally:
        await csms.stop()
    assert csms.bugs == []


UPGRADE = (
    "Host: localhost",
    "Connection: Upgrade",
    "Upgrade: websocket",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
)


async def asks(connection: ClientConnection, action: str, payload: Any, id: str = "1") -> Any:
    """The frame that answers a call, over a raw connection."""
    await connection.send(json.dumps([2, id, action, payload]))
    return json.loads(await connection.recv())


@pytest.mark.sockets
@pytest.mark.parametrize(
    ("path", "identity"),
    [("/CP1", "CP1"), ("/ocpp/v/CP%201", "CP 1"), ("/a%2Fb", "a/b"), ("/CP1?key=1/2", "CP1")],
)
async def test_a_station_is_known_by_the_last_segment_of_its_path(path: str, identity: str) -> None:
    async with listening() as server, server.dial(path) as station:
        assert station.subprotocol == "ocpp1.6"
        assert (await asks(station, "Heartbeat", {}))[0] == 3
        session = server.csms.sessions[identity]
        assert (session.id, session.url) == (identity, server.url + path)
        assert session.base_url == server.url + path.partition("?")[0].rpartition("/")[0]


@pytest.mark.sockets
async def test_a_path_without_an_identity_is_answered_404_and_a_sentence() -> None:
    async with listening() as server:
        status, headers, body = await server.http(
            "GET /ocpp/ HTTP/1.1", *UPGRADE, "Sec-WebSocket-Protocol: ocpp1.6"
        )

        assert status == 404
        assert headers["content-type"].startswith("text/plain")
        assert body == "no station identity: the last segment of the path must be one, as in /ocpp/CP1\n"
        assert server.noted("not_admitted") == [f"404 {body.strip()}"]
        assert server.csms.records == {}


@pytest.mark.sockets
@pytest.mark.parametrize(
    ("header", "said"),
    [
        ((), "no Sec-WebSocket-Protocol header"),
        (("Sec-WebSocket-Protocol: ocpp1.5, ocpp2.0",), "none of the subprotocols ocpp1.5, ocpp2.0"),
        (
            ("Sec-WebSocket-Protocol: ocpp1.5", "Sec-WebSocket-Protocol: x"),
            "none of the subprotocols ocpp1.5, x",
        ),
    ],
)
async def test_without_a_common_subprotocol_the_answer_is_400_and_names_ours(
    header: tuple[str, ...], said: str
) -> None:
    async with listening() as server:
        status, headers, body = await server.http("GET /CP1 HTTP/1.1", *UPGRADE, *header)

        assert status == 400
        assert body.startswith(said)
        assert body.endswith("this central system speaks ocpp1.6, ocpp2.0.1, ocpp2.1\n")
        assert "sec-websocket-protocol" not in headers


@pytest.mark.sockets
@pytest.mark.parametrize("offered", [None, [Subprotocol("ocpp1.5")]])
@tries("no_subprotocol")
async def test_the_other_reading_completes_the_handshake_without_the_header_and_closes(
    offered: list[Subprotocol] | None,
) -> None:
    async with listening("--no-subprotocol", "close") as server:
        async with connect(f"{server.url}/CP1", subprotocols=offered) as station:
            assert station.response is not None
            assert station.response.status_code == 101
            assert "Sec-WebSocket-Protocol" not in station.response.headers
            with pytest.raises(ConnectionClosed) as closed:
                await station.recv()
        assert closed.value.rcvd is not None
        assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (1002, "no common subprotocol")
        assert server.csms.sessions == {}
        assert server.noted("not_admitted") == ["no common subprotocol: closed"]


@pytest.mark.sockets
@tries("lenient_subprotocol")
async def test_lenient_serves_who_names_no_subprotocol_as_1_6() -> None:
    async with listening("--lenient-subprotocol") as server:
        async with connect(f"{server.url}/CP1", compression=None) as station:
            assert station.subprotocol is None
            answer = await asks(station, "BootNotification", BOOT[V16])
            assert answer[2]["status"] == "Accepted"
            assert server.csms.sessions["CP1"].version is V16
        with pytest.raises(InvalidStatus):
            await server.dial("/CP1", "ocpp1.5")


@pytest.mark.sockets
@tries("versions", "port")
async def test_the_station_s_first_choice_that_we_speak_is_chosen() -> None:
    async with listening("--versions", "1.6,2.1") as server:
        for offered, chosen in (
            (("ocpp2.0.1", "ocpp1.6", "ocpp2.1"), "ocpp1.6"),
            (("x", "ocpp2.1", "ocpp1.6"), "ocpp2.1"),
        ):
            async with server.dial("/CP1", *offered) as station:
                assert station.subprotocol == chosen
        with pytest.raises(InvalidStatus) as refused:
            await server.dial("/CP1", "ocpp2.0.1")
        assert refused.value.response.status_code == 400


@pytest.fixture
def passwords(tmp_path: Path) -> str:
    file = tmp_path / "passwords"
    file.write_text("CP1:pässwörd\nCP2:hex:00ff10fe\n", "utf-8")
    return str(file)


def basic(user: bytes, password: bytes) -> dict[str, str]:
    return {"Authorization": f"Basic {b64encode(user + b':' + password).decode()}"}


@pytest.mark.sockets
@tries("passwords")
async def test_who_proves_nothing_gets_401_and_is_told_how(passwords: str) -> None:
    async with listening("--passwords", passwords) as server:
        for more in (
            (),
            ("Authorization: Basic //4=",),
            ("Authorization: Basic \xff",),
            (f"Authorization: {basic(b'CP1', b'xx')['Authorization']}",),
            # two of them are none (RFC 9110 §11.6.2)
            (f"Authorization: {basic(b'CP1', 'pässwörd'.encode())['Authorization']}",) * 2,
        ):
            status, headers, body = await server.http(
                "GET /CP1 HTTP/1.1", *UPGRADE, "Sec-WebSocket-Protocol: ocpp1.6", *more
            )
            assert (status, headers["www-authenticate"]) == (401, 'Basic realm="OCPP", charset="UTF-8"')
            assert body == "CP1: the identity and password were not accepted (Basic auth)\n"


@pytest.mark.sockets
@pytest.mark.parametrize(
    ("identity", "password"),
    [
        ("CP1", "pässwörd".encode()),
        ("CP1", "pässwörd".encode().hex().encode()),
        ("CP2", b"\x00\xff\x10\xfe"),
        ("CP2", b"00FF10fe"),
    ],
)
async def test_a_password_comes_as_text_as_raw_bytes_and_as_hex(
    passwords: str, identity: str, password: bytes
) -> None:
    async with listening("--passwords", passwords) as server:
        headers = basic(identity.encode(), password)
        async with server.dial(f"/{identity}", additional_headers=headers) as station:
            assert (await asks(station, "Heartbeat", {}))[0] == 3


@pytest.mark.sockets
async def test_who_is_not_authenticated_does_not_replace_anybody(passwords: str) -> None:
    async with listening("--passwords", passwords) as server:
        good = basic(b"CP1", "pässwörd".encode())
        async with server.dial(additional_headers=good) as station:
            with pytest.raises(InvalidStatus):
                await server.dial(additional_headers=basic(b"CP1", b"guess"))
            assert (await asks(station, "Heartbeat", {}))[0] == 3


@pytest.mark.sockets
async def test_a_second_connection_closes_the_first_with_4000_and_a_reason() -> None:
    async with listening() as server, server.dial() as first, server.dial() as second:
        with pytest.raises(ConnectionClosed) as closed:
            await first.recv()
        assert closed.value.rcvd is not None
        assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (
            REPLACED,
            "replaced by a newer connection of this station",
        )
        assert (await asks(second, "Heartbeat", {}))[0] == 3
        assert len(server.csms.sessions) == 1


@pytest.mark.sockets
@tries("max_message_size")
async def test_a_frame_over_the_limit_is_closed_with_1009_and_the_station_may_come_back() -> None:
    async with listening("--max-message-size", "2000") as server:
        async with server.dial() as station:
            await asks(station, "BootNotification", BOOT[V16])
            fits = {"vendorId": "V", "data": "x" * 1900}
            assert (await asks(station, "DataTransfer", fits))[0] == 3
            await station.send(json.dumps([2, "1", "DataTransfer", {"vendorId": "V", "data": "x" * 2000}]))
            with pytest.raises(ConnectionClosed) as closed:
                await station.recv()
            assert closed.value.rcvd is not None
            assert closed.value.rcvd.code == 1009
        async with server.dial() as station:
            assert (await asks(station, "Heartbeat", {}))[0] == 3


@pytest.mark.sockets
async def test_compression_is_taken_without_context_takeover_on_either_side() -> None:
    async with listening() as server, server.dial(compression="deflate") as station:
        deflate = next(e for e in station.protocol.extensions if isinstance(e, PerMessageDeflate))
        assert deflate.local_no_context_takeover
        assert deflate.remote_no_context_takeover
        assert (await asks(station, "Heartbeat", {}))[0] == 3


@pytest.mark.sockets
@tries("compression")
async def test_compression_is_declined_when_told_so() -> None:
    async with listening("--no-compression") as server, server.dial(compression="deflate") as station:
        assert station.protocol.extensions == []
        assert (await asks(station, "Heartbeat", {}))[0] == 3


@pytest.mark.sockets
async def test_compression_is_not_forced_on_who_does_not_offer_it() -> None:
    async with listening() as server, server.dial(compression=None) as station:
        assert station.protocol.extensions == []


@pytest.mark.sockets
async def test_fifty_stations_at_once_are_all_served() -> None:
    everybody = asyncio.Barrier(50)
    async with listening() as server:

        async def one(number: int) -> str:
            version = VERSIONS[number % 3]
            async with server.dial(f"/CP{number}", version.subprotocol) as station:
                answer = await asks(station, "BootNotification", BOOT[version])
                await everybody.wait()
                assert len(server.csms.sessions) == 50
                await everybody.wait()
                return str(answer[2]["status"])

        assert await asyncio.gather(*(one(n) for n in range(50))) == ["Accepted"] * 50
        await eventually(lambda: not server.csms.sessions)


@pytest.mark.sockets
async def test_an_abrupt_cut_in_the_middle_of_our_call_fails_it_at_once() -> None:
    async with listening() as server, server.dial() as station:
        await asks(station, "BootNotification", BOOT[V16])
        session = server.csms.sessions["CP1"]
        calling = asyncio.ensure_future(server.csms.call(session, "ClearCache", {}))
        queued = asyncio.ensure_future(server.csms.call(session, "GetConfiguration", {}))
        assert json.loads(await station.recv())[2] == "ClearCache"
        station.transport.abort()
        # the message timeout is 30 s, as is the test's own limit: neither is waited for
        for call in (calling, queued):
            with pytest.raises(ConnectionLost):
                await asyncio.wait_for(call, 10)
        await eventually(lambda: not server.csms.sessions)


@pytest.mark.sockets
async def test_what_is_no_websocket_at_all_is_turned_away_and_the_next_station_served() -> None:
    async with listening() as server:
        status, _, _ = await server.http("GET /CP1 HTTP/1.1", "Host: localhost")
        assert 400 <= status < 500
        for rubbish in (b"\x16\x03\x01 tls?", b"GET\r\n\r\n", b"\x00" * 100 + b"\n\n", b""):
            with socket.create_connection(("127.0.0.1", server.port)) as plain:
                plain.sendall(rubbish)
        async with server.dial() as station:
            assert (await asks(station, "Heartbeat", {}))[0] == 3


@pytest.mark.sockets
async def test_a_stopping_server_says_1001_to_everybody() -> None:
    async with listening() as server, server.dial("/CP1") as one, server.dial("/CP2") as two:
        await eventually(lambda: len(server.csms.sessions) == 2)
        await server.csms.stop()
        for station in (one, two):
            with pytest.raises(ConnectionClosed) as closed:
                await station.recv()
            assert closed.value.rcvd is not None
            assert closed.value.rcvd.code == 1001
        with pytest.raises(OSError):
            await server.dial()


@pytest.mark.sockets
@tries("ping_interval")
async def test_pings_of_both_sides_keep_a_connection_that_says_nothing_else() -> None:
    async with listening("--ping-interval", "0.02") as server, server.dial(ping_interval=None) as station:
        pings = []
        received = station.protocol.recv_frame

        def seen(frame: Any) -> None:
            if frame.opcode == 0x9:
                pings.append(frame)
            received(frame)

        station.protocol.recv_frame = seen
        await eventually(lambda: len(pings) >= 3)
        await (await station.ping())
        assert (await asks(station, "Heartbeat", {}))[0] == 3


# --- replacement, in memory ---------------------------------------------------------------------------------


async def test_the_pending_calls_of_a_replaced_connection_fail_at_once(version: Version) -> None:
    async with serving() as csms:
        old = await csms.booted(version, ClearCache=SILENCE)
        session = csms.csms.sessions["CP1"]
        calls = [asyncio.ensure_future(csms.csms.call(session, "ClearCache", {})) for _ in range(2)]
        await old.asks("ClearCache")
        before = csms.now()

        new = csms.station(version)
        for call in calls:
            with pytest.raises(ConnectionLost):
                await call
        assert csms.now() == before  # not after the message timeout
        gone = await old.gone()
        assert (gone.code, gone.reason) == (REPLACED, "replaced by a newer connection of this station")
        assert csms.csms.sessions["CP1"] is not session
        await new.call("Heartbeat")
        assert [note.station for note in csms.notes("replaced")] == ["CP1"]


class SlowToClose:
    """A link whose close frame is on its way, as over a network, until `arrived`."""

    def __init__(self, link: Link, arrived: asyncio.Event) -> None:
        self.recv, self.send, self.abort = link.recv, link.send, link.abort
        self._close, self._arrived = link.close, arrived

    async def close(self, code: int = 1000, reason: str = "") -> None:
        await self._arrived.wait()
        await self._close(code, reason)


async def test_what_a_replaced_connection_still_sends_is_not_served(version: Version) -> None:
    async with serving() as csms:
        old = await csms.booted(version)
        session = csms.csms.sessions["CP1"]
        closing = asyncio.Event()
        session.peer._link = SlowToClose(session.peer._link, closing)
        csms.station(version)
        await until(lambda: not session.peer.is_open)
        late = start() if version is V16 else event("Started", 0)
        action = "StartTransaction" if version is V16 else "TransactionEvent"
        answer = old.call_soon(action, late)
        for _ in range(20):
            await asyncio.sleep(0)
        closing.set()
        await old.gone()

        assert isinstance(answer.exception(), LinkClosed)
        assert csms.csms.ledger.open(csms.csms.records["CP1"]) == []
        assert any(action in str(entry.what) for entry in csms.journal)  # it did cross the wire


@each_2x
async def test_in_2x_identities_do_not_differ_by_case(version: Version) -> None:
    async with serving("--boot-status-sequence", "Pending,Accepted") as csms:
        first = csms.station(version, "Cp1")
        assert (await first.call("BootNotification", BOOT[version]))["status"] == "Pending"
        second = csms.station(version, "CP1")
        await first.gone()
        assert (await second.call("BootNotification", BOOT[version]))["status"] == "Accepted"

        assert list(csms.csms.records) == ["Cp1"]
        assert csms.csms.sessions["Cp1"].id == "CP1"  # as the station wrote it
        assert csms.csms.find("cP1") is csms.csms.sessions["Cp1"]


async def test_in_1_6_identities_are_taken_as_given() -> None:
    async with serving() as csms:
        small, large = await csms.booted(V16, "cp1"), await csms.booted(V16, "CP1")
        for station, meter in ((small, 1000), (large, 2000)):
            began = await station.call("StartTransaction", start())
            await station.call("StopTransaction", stop(began["transactionId"], meterStop=meter))

        assert set(csms.csms.records) == {"cp1", "CP1"}
        assert small.ended is None
        assert large.ended is None
        assert csms.csms.find("cp1") is not csms.csms.find("CP1")
        assert csms.csms.energy("cp1") == (1, 1000.0)
        assert csms.csms.energy("CP1") == (1, 2000.0)


async def test_two_clients_that_evict_each_other_are_slowed_down_with_a_note(version: Version) -> None:
    async with serving() as csms:
        arrivals: list[float] = []

        def changed(session: Session, what: str) -> None:
            if what == "connected":
                arrivals.append(csms.now())

        csms.csms.on_change = changed
        for _ in range(7):
            station = csms.station(version)
            answered = station.call_soon("Heartbeat")
            await answered

        # the first four at once, then 1, 2 and 4 s later
        assert [round(at, 3) for at in arrivals] == [0, 0, 0, 0, 1, 3, 7]
        notes = [str(note.what) for note in csms.notes("connection_fight")]
        assert len(notes) == 3
        assert notes[0].startswith("3 connections of CP1 replaced each other within 10 s")
        await asyncio.sleep(60)
        before = csms.now()
        await csms.station(version).call("Heartbeat")
        assert csms.now() == before  # peace again


async def test_who_waits_in_a_fight_when_the_server_stops_is_sent_away(version: Version) -> None:
    async with serving() as csms:
        for _ in range(4):
            await csms.station(version).call("Heartbeat")
        waiting = csms.station(version)
        await until(lambda: csms.notes("connection_fight"))
        for session in list(csms.csms.sessions.values()):
            session.peer.abort()
        stopping = asyncio.ensure_future(csms.csms.stop())
        ended = await waiting.gone()
        await stopping
        assert (ended.code, csms.csms.sessions) == (1001, {})


async def test_a_station_that_reconnects_after_its_connection_ended_fights_nobody(version: Version) -> None:
    async with serving() as csms:
        for _ in range(12):
            station = csms.station(version)
            await station.call("Heartbeat")
            station.link.abort()
            await station.served
        assert csms.notes("connection_fight") == csms.notes("replaced") == []
        assert csms.now() == 0


# --- registration, over connections -------------------------------------------------------------------------


async def test_registration_is_remembered_across_connections(version: Version) -> None:
    async with serving("--boot-status", "Pending") as csms:
        station = await csms.booted(version)
        station.link.abort()
        again = csms.station(version)
        with pytest.raises(GotError) as refused:
            await again.call("StatusNotification", STATUS[version])
        assert refused.value.code == "SecurityError"
        assert [note.note for note in csms.journal.findings()] == ["not_registered"]


async def test_a_station_that_was_accepted_reconnects_without_booting(version: Version) -> None:
    async with serving("--registration", "strict") as csms:
        station = await csms.booted(version)
        station.link.abort()
        again = csms.station(version)
        await again.call("StatusNotification", STATUS[version])
        assert csms.journal.findings() == []
        assert csms.notes("never_booted") == []


@pytest.mark.parametrize(
    ("registration", "never_booted", "rejected"),
    [("normal", "served", "refused"), ("strict", "refused", "refused"), ("lenient", "served", "served")],
)
@tries("registration")
async def test_who_is_served_is_a_policy(
    version: Version, registration: str, never_booted: str, rejected: str
) -> None:
    async with serving("--registration", registration, "--boot-status", "Rejected") as csms:
        station = csms.station(version)
        for wanted in (never_booted, rejected):
            if wanted == "served":
                await station.call("StatusNotification", STATUS[version])
            else:
                with pytest.raises(GotError) as refused:
                    await station.call("StatusNotification", STATUS[version])
                assert refused.value.code == "SecurityError"
            await station.call("BootNotification", BOOT[version])


async def test_what_was_triggered_passes_while_pending(version: Version) -> None:
    async with serving("--boot-status", "Pending") as csms:
        station = await csms.booted(version)
        with pytest.raises(GotError):
            await station.call("StatusNotification", STATUS[version])
        await conduct(csms.csms.sessions["CP1"], Step("TriggerMessage", "message=StatusNotification"))
        await station.asks("TriggerMessage")
        await station.call("StatusNotification", STATUS[version])
        with pytest.raises(GotError):
            await station.call("StatusNotification", STATUS[version])


async def test_a_trigger_that_was_answered_with_an_error_permits_nothing(version: Version) -> None:
    async with serving("--boot-status", "Pending") as csms:
        station = await csms.booted(version, TriggerMessage=Fails("NotSupported"))
        await conduct(csms.csms.sessions["CP1"], Step("TriggerMessage", "message=Heartbeat"))
        with pytest.raises(GotError) as refused:
            await station.call("Heartbeat")
        assert refused.value.code == "SecurityError"


@each_2x
async def test_a_raw_call_counts_as_any_other_and_one_against_its_schema_concludes_nothing(
    version: Version,
) -> None:
    async with serving("--boot-status", "Pending") as csms:
        station = await csms.booted(version)
        session = csms.csms.sessions["CP1"]
        for payload in ({}, {"requestedMessage": "Nonsense"}):
            await conduct(
                session, Step("call", raw=json.dumps({"action": "TriggerMessage", "payload": payload}))
            )
        with pytest.raises(GotError):
            await station.call("Heartbeat")
        raw = {"action": "TriggerMessage", "payload": {"requestedMessage": "Heartbeat"}}
        await conduct(session, Step("call", raw=json.dumps(raw)))
        await station.call("Heartbeat")


@each_2x
async def test_an_answer_against_its_schema_that_is_let_through_teaches_nothing(version: Version) -> None:
    async with serving("--schema", "off") as csms:
        station = await csms.booted(version, SetVariableMonitoring={"x": 1})
        outcome = await conduct(csms.csms.sessions["CP1"], Step("SetVariableMonitoring"))
        assert outcome.status != "InternalError"
        assert len(station.of("SetVariableMonitoring")) == 1


# --- what stations do (each is legal or common) ---------------------------------------------------------------


async def test_quirk_1_calls_sent_back_to_back_are_answered_all_and_in_order(version: Version) -> None:
    async with serving() as csms:
        station = csms.station(version)
        boot = station.call_soon("BootNotification", BOOT[version], id="a")
        three = [station.call_soon("StatusNotification", STATUS[version], id=f"b{n}") for n in range(3)]
        assert (await boot)["status"] == "Accepted"
        assert await asyncio.gather(*three) == [{}, {}, {}]
        assert [frame[1] for frame in station.frames] == ["a", "b0", "b1", "b2"]


_CROSSED = {
    V16: ("RemoteStartTransaction", "ChangeAvailability", "ReserveNow", "UnlockConnector", "TriggerMessage"),
    V201: (
        "RequestStartTransaction",
        "ChangeAvailability",
        "ReserveNow",
        "UnlockConnector",
        "TriggerMessage",
    ),
}
_CROSSED[V21] = _CROSSED[V201]


@pytest.mark.parametrize("at", range(5))
async def test_quirk_2_a_station_calls_while_it_owes_an_answer(version: Version, at: int) -> None:
    action = _CROSSED[version][at]

    async def crossing(asked: Asked) -> Any:
        await station.call("Authorize", authorize(version, "T"))
        await station.call("StatusNotification", STATUS[version])

    async with serving() as csms:
        station = await csms.booted(version)
        station.script[action] = crossing
        outcome = await conduct(csms.csms.sessions["CP1"], Step(action))
        assert outcome.ok, outcome
        assert csms.journal.findings() == []


@pytest.mark.parametrize("first", ["message", "answer"])
async def test_quirk_3_the_triggered_message_comes_before_or_after_the_answer(
    version: Version, first: str
) -> None:
    async def triggered(asked: Asked) -> Any:
        await station.call("Heartbeat")
        return {"status": "Accepted"}

    script = triggered if first == "message" else {"status": "Accepted"}
    async with serving("--boot-status", "Pending") as csms:
        station = await csms.booted(version, TriggerMessage=script)
        outcome = await conduct(csms.csms.sessions["CP1"], Step("trigger", "message=Heartbeat"))
        assert outcome.ok
        if first == "answer":
            await station.call("Heartbeat")
        assert csms.journal.findings() == []


@pytest.mark.sockets
async def test_quirk_4_credentials_that_nobody_asked_for_in_any_bytes_are_no_matter() -> None:
    async with listening() as server:
        headers = basic(b"somebody\xff", b"\xfe\x80:x")
        async with server.dial(additional_headers=headers) as station:
            assert (await asks(station, "Heartbeat", {}))[0] == 3


@pytest.mark.parametrize(
    "stamp",
    [
        "2026-01-01T10:00:00Z",
        "2026-01-01T10:00:00.1Z",
        "2026-01-01T10:00:00.123456Z",
        "2026-01-01T12:00:00+02:00",
        "2026-01-01T09:59:51.000+00:00",
    ],
)
async def test_quirk_5_timestamps_come_in_every_form_and_late(version: Version, stamp: str) -> None:
    async with serving() as csms:
        station = await csms.booted(version)
        await station.call("StatusNotification", STATUS[version] | {"timestamp": stamp})
        if version is V16:
            await station.call("StartTransaction", start() | {"timestamp": stamp})
        else:
            await station.call("TransactionEvent", event("Started", 0) | {"timestamp": stamp})
        too_fine = ["long_fraction"] if version is not V16 and "123456" in stamp else []  # part 2 §3.1
        assert [found.note for found in csms.journal.findings()] == too_fine


@pytest.mark.parametrize(
    "id",
    [
        "9a0c6a3c-0f1e-4c6e-9a51-1f0f3f4f5a6b",
        "00000000-0000-0000-0000-000000000000",
        "19223201",
        "x",
        "boot",
        "Ö ñ",
    ],
)
async def test_quirk_6_message_ids_are_echoed_exactly(version: Version, id: str) -> None:
    async with serving() as csms:
        station = await csms.booted(version)
        await station.call("Heartbeat", id=id)
        assert station.frames[-1][:2] == [3, id]


async def test_quirk_7_optional_members_may_be_empty_texts(version: Version) -> None:
    empty: dict[str, Any] = {"iccid": "", "imsi": ""}
    boot = dict(BOOT[version])
    if version is V16:
        boot |= empty | {"chargePointSerialNumber": "", "chargeBoxSerialNumber": "", "meterType": ""}
    else:
        boot["chargingStation"] = {**BOOT[version]["chargingStation"], "serialNumber": "", "modem": empty}
    async with serving() as csms:
        station = csms.station(version)
        assert (await station.call("BootNotification", boot))["status"] == "Accepted"
        await station.call("DataTransfer", {"vendorId": "", "messageId": "", "data": ""})
        assert csms.journal.findings() == []


@pytest.mark.parametrize("description", ["", "x\n" * 225, "ünïcode"])
async def test_quirk_8_errors_come_with_no_description_or_a_long_one(
    version: Version, description: str
) -> None:
    async with serving() as csms:
        station = await csms.booted(version, ClearCache=Fails("InternalError", description))
        outcome = await conduct(csms.csms.sessions["CP1"], Step("ClearCache"))
        assert (outcome.status, outcome.ok) == ("InternalError", False)
        await station.call("Heartbeat")


async def test_quirk_8_a_station_that_dies_of_our_call_is_served_when_it_comes_back(version: Version) -> None:
    def dies(asked: Asked) -> Any:
        station.link.abort()
        return SILENCE

    async with serving() as csms:
        station = await csms.booted(version, ClearCache=dies)
        outcome = await conduct(csms.csms.sessions["CP1"], Step("ClearCache"))
        assert (outcome.status, csms.now()) == ("ConnectionLost", 0)
        assert (await station.gone()).code == 1006
        await csms.station(version).call("Heartbeat")


async def test_quirk_9_numbers_come_as_texts_in_1_6_and_as_floats_or_ints_in_2x(version: Version) -> None:
    async with serving() as csms:
        station = await csms.booted(version)
        if version is V16:
            values = [{"value": v} for v in ("58.8", "-1", "0", "1e3")]
            samples = [{"timestamp": "2026-01-01T10:00:00Z", "sampledValue": values}]
            await station.call("MeterValues", {"connectorId": 1, "meterValue": samples})
        else:
            numbers = [{"value": v} for v in (235.06, 6900, -1, 8638204780825.0)]
            values_2x = [{"timestamp": "2026-01-01T10:00:00Z", "sampledValue": numbers}]
            await station.call("MeterValues", {"evseId": 1, "meterValue": values_2x})
        assert csms.journal.findings() == []


async def test_quirk_10_all_keys_may_come_although_one_was_asked_for() -> None:
    keys = [{"key": f"Key{n}", "readonly": False, "value": str(n)} for n in range(200)]
    async with serving() as csms:
        station = await csms.booted(V16, GetConfiguration={"configurationKey": keys})
        outcome = await conduct(
            csms.csms.sessions["CP1"], Step("GetConfiguration", "names=HeartbeatInterval")
        )
        assert outcome.ok
        assert station.asked[-1].payload == {"key": ["HeartbeatInterval"]}


@each_2x
async def test_quirk_11_running_numbers_begin_anywhere_and_texts_are_long(version: Version) -> None:
    big = {"signedMeterData": "x" * 1300, "signingMethod": "", "encodingMethod": "OCMF", "publicKey": ""}
    sample = {"value": 1.0, "signedMeterValue": big}
    report = [
        {
            "component": {"name": f"C{n}"},
            "variable": {"name": "V"},
            "variableAttribute": [{"value": "v" * 100}],
        }
        for n in range(130)
    ]
    async with serving() as csms:
        station = await csms.booted(version)
        await conduct(csms.csms.sessions["CP1"], Step("GetBaseReport", "request=7"))
        body = {"requestId": 7, "generatedAt": "2026-01-01T10:00:00Z", "seqNo": 1, "reportData": report}
        assert len(json.dumps(body)) > 18_000
        await station.call("NotifyReport", body)
        await station.call("TransactionEvent", event("Started", 0))
        values = [{"timestamp": "2026-01-01T10:00:00Z", "sampledValue": [sample]}]
        assert (await station.call("TransactionEvent", event("Ended", 0, meterValue=values)))[
            "totalCost"
        ] == 10
        assert csms.csms.ledger.open(csms.csms.records["CP1"]) == []  # the end counts, whatever its number


async def test_quirk_12_statuses_come_for_the_station_itself_repeated_and_skipped(version: Version) -> None:
    async with serving() as csms:
        station = await csms.booted(version)
        words = ["Available", "Available", "Unavailable"]
        if version is not V16:
            words = ["Available", "Available", "Occupied", "Faulted"]
        for word in words:
            place = {"connectorId": 0, "status": word}
            if version is not V16:
                place = {"evseId": 0, "connectorId": 0, "connectorStatus": word}
            await station.call("StatusNotification", STATUS[version] | place)
        assert csms.csms.records["CP1"].statuses == {(0, 0): words[-1]}
        assert csms.journal.findings() == []


async def test_quirk_13_heartbeats_come_when_they_come(version: Version) -> None:
    async with serving("--heartbeat-interval", "10") as csms:
        station = await csms.booted(version)
        for wait in (0, 0.1, 60, 10_000):
            await asyncio.sleep(wait)
            answer = await station.call("Heartbeat")
            assert abs(csms.time_of(answer["currentTime"])) < 0.001
        assert csms.journal.findings() == []


@each_2x
async def test_quirk_14_ids_of_34_digits_changing_token_types_and_ends_without_a_reason(
    version: Version,
) -> None:
    id = "0123456789abcdef" * 2 + "01"
    async with serving("--token", "T=Blocked") as csms:
        station = await csms.booted(version)
        await station.call("Authorize", authorize(version, "T", "ISO14443"))
        token = {"idToken": "T", "type": "ISO15693"}
        began = await station.call("TransactionEvent", event("Started", 0, id, idToken=token, evse={"id": 2}))
        assert info_of(began)["status"] == "Blocked"
        await station.call("TransactionEvent", event("Ended", 1, id))
        bill = csms.csms.ledger.billed(csms.csms.records["CP1"])[0]
        assert (bill.transaction, bill.evse, bill.reason) == (id, 2, "Local")
        assert csms.journal.findings() == []


@pytest.mark.sockets
async def test_quirk_15_a_socket_that_ends_without_a_close_frame_is_1006() -> None:
    async with listening() as server:
        for compression in (None, "deflate"):
            async with server.dial(compression=compression) as station:
                await asks(station, "Heartbeat", {})
                await (await station.ping())
                station.transport.abort()
            await eventually(lambda: not server.csms.sessions)
        closes = [str(entry.what) for entry in server.csms.journal if entry.sort == "close"]
        assert [close.split()[0] for close in closes] == ["1006", "1006"]


@pytest.mark.sockets
async def test_quirk_16_a_station_that_offers_nothing_is_told_so() -> None:
    async with listening() as server:
        with pytest.raises(InvalidStatus) as refused:
            await connect(f"{server.url}/CP1")
        response = refused.value.response
        assert response.status_code == 400
        assert response.body is not None
        assert b"no Sec-WebSocket-Protocol header" in response.body


async def test_quirk_17_what_we_write_has_no_blanks(version: Version) -> None:
    async with serving() as csms:
        station = await csms.booted(version)
        await conduct(csms.csms.sessions["CP1"], Step("UnlockConnector"))
        with pytest.raises(GotError):
            await station.call("Nonsense")
        for text in station.texts:
            assert text == json.dumps(json.loads(text), separators=(",", ":"), ensure_ascii=False)


async def test_quirk_18_a_numeric_id_no_object_deep_nesting_and_unknown_actions_are_answered(
    version: Version,
) -> None:
    wrong_id = "FormationViolation" if version is V16 else "RpcFrameworkError"
    no_object = "FormationViolation" if version is V16 else "FormatViolation"
    async with serving() as csms:
        station = await csms.booted(version)
        await station.send('[2,42,"Heartbeat",{}]')
        await station.send('[2,"a","Heartbeat",[]]')
        await station.send('[2,"b","Nonsense",{}]')
        await station.send('[2,"c","DataTransfer",{"vendorId":"V","data":' + "[" * 500 + "]" * 500 + "}]")
        await station.send("[" * 100_000)
        await station.call("Heartbeat", id="d")
        answers = [frame[:3] if frame[0] == 4 else frame[:2] for frame in station.frames[1:]]
        assert answers[0][0] == 4
        assert answers[0][2] == wrong_id
        assert answers[1] == [4, "a", no_object]
        assert answers[2] == [4, "b", "NotImplemented"]
        assert answers[3][1] == "c"
        assert answers[-1] == [3, "d"]


async def test_quirk_18_a_flood_is_answered_in_order_and_leaves_nothing_behind(version: Version) -> None:
    async with serving() as csms:
        station = await csms.booted(version)
        calls = [station.call_soon("Heartbeat", id=f"n{n}") for n in range(3000)]
        await asyncio.gather(*calls)
        assert [frame[1] for frame in station.frames[1:]] == [f"n{n}" for n in range(3000)]
        assert not csms.csms.sessions["CP1"].peer.rpc.in_work


def test_every_version_is_tried() -> None:
    assert set(_CROSSED) == set(VERSIONS) == {V16, *V2X}
