"""Both ends of ours, made as the two programs make them: validation and the journal in memory are on."""

from __future__ import annotations

import asyncio
import os
import tempfile
import time
from collections.abc import Callable
from typing import Any

import orjson

from charge_point.connection import Connection
from charge_point.making import backoff_of, setup_of
from charge_point.options import ChargePointOptions
from charge_point.options import resolve as charge_point_options
from charge_point.setup import StationSetup
from charge_point.station import Station
from csms.admission import Admission
from csms.making import policies_of
from csms.options import resolve as csms_options
from csms.server import Csms
from scripts.benchmarks.payloads import AT, Inbound, Payload, call_16, start_16
from shared.chance import Stream
from shared.clock import Clock
from shared.dialer import Dialer, Target, dial
from shared.dispatch import Handler, Table
from shared.journal.entry import OUT
from shared.journal.files import JournalFile
from shared.journal.journal import DEFAULT_LIMIT, Journal
from shared.link import LinkClosed
from shared.peer import CallFailed, Peer, Setting
from shared.tasks import Tasks
from shared.versions import V201, version

MILLION = 1_000_000


NUMBER = 1


def _boot(context: object, request: Payload) -> Payload:
    return {"currentTime": AT, "interval": 60, "status": "Accepted"}


def _event(context: object, request: Payload) -> Payload:
    if "idToken" in request:
        return {"idTokenInfo": {"status": "Accepted"}}
    return {"totalCost": 10.0}


def _start(context: object, request: Payload) -> Payload:
    return {"transactionId": NUMBER, "idTagInfo": {"status": "Accepted"}}


PLAIN: dict[str, Table] = {
    "1.6": {
        "BootNotification": Handler(_boot, False),
        "StartTransaction": Handler(_start, False),
        "MeterValues": Handler(lambda context, request: {}, False),
        "Heartbeat": Handler(lambda context, request: {"currentTime": AT}, False),
    },
    "2.0.1": {
        "BootNotification": Handler(_boot, False),
        "TransactionEvent": Handler(_event, False),
    },
}
"""Handlers that do what those of the other contestant do (scripts/benchmarks/theirs.py)."""


class _Fed:
    """A link without a socket: tells of what it is fed as one with a socket does, and counts what is sent."""

    def __init__(self) -> None:
        self.sent = 0
        self.last = ""
        self._hear: Callable[[str], bool] | None = None
        self._end: asyncio.Future[str] | None = None

    async def feed(self, frames: list[str]) -> None:
        """Hand these over: all are taken and answered then."""
        while self._end is None:  # noqa: ASYNC110  (until somebody waits for messages)
            await asyncio.sleep(0)
        assert self._hear is not None
        for text in frames:
            assert self._hear(text)

    def tell(self, hear: Callable[[str], bool] | None) -> None:
        self._hear = hear

    async def recv(self) -> str:
        self._end = asyncio.get_running_loop().create_future()
        return await self._end

    async def send(self, text: str | bytes) -> None:
        self.sent += 1
        self.last = text if isinstance(text, str) else ""

    def send_at_once(self, text: str) -> bool:
        self.sent += 1
        self.last = text
        return True

    async def close(self, code: int = 1000, reason: str = "") -> None:
        return

    def abort(self) -> None:
        return


class OurCsms:
    """A mock CSMS."""

    def __init__(self) -> None:
        self._fed: dict[str, tuple[Inbound, _Fed, int]] = {}
        self._csms: Csms | None = None
        self._file: JournalFile | None = None

    def _made(self, limit: int = DEFAULT_LIMIT) -> Csms:
        journal = Journal(Clock.of_loop(asyncio.get_running_loop()), limit=limit)
        return Csms(policies_of(csms_options([], {})), journal)

    async def listen(self, journal_file: bool = False) -> int:
        """Accept stations, writing every frame to a file if so wanted; gives the port."""
        csms = self._csms = self._made()
        if journal_file:
            self._folder = tempfile.TemporaryDirectory()
            self._file = JournalFile(os.path.join(self._folder.name, "j.jsonl"), csms.journal, print)
        return await csms.listen("127.0.0.1", 0, Admission())

    async def inbound(
        self, kind: str, count: int, batches: int = 1, million: bool = False, plain: bool = False
    ) -> float:
        """Feed `count` calls, so many times, without a socket; gives seconds for each.

        `million`: to a CSMS whose journal is full with so many frames, and drops the oldest. `plain`: to handlers
        that do what the other contestant's do, instead of the CSMS with its gate, its ledger and its tariff.
        """
        name = f"{kind} {million} {plain}"
        if name not in self._fed:
            self._fed[name] = await (self._begin_plain(kind) if plain else self._begin(kind, million))
        source, link, number = self._fed[name]
        seconds, sent = 0.0, link.sent
        for _ in range(batches):
            frames = source.frames(count, number)
            begun = time.perf_counter()
            await link.feed(frames)
            seconds += time.perf_counter() - begun
        assert link.sent == sent + count * batches, "not every call was answered"
        assert orjson.loads(link.last)[0] == 3, link.last
        return seconds / count / batches

    async def _begin_plain(self, kind: str) -> tuple[Inbound, _Fed, int]:
        """A peer alone, with handlers that answer what theirs answer."""
        journal = Journal(Clock.of_loop(asyncio.get_running_loop()))
        source, link = Inbound(kind, journal.clock.now()), _Fed()
        tasks = Tasks(print)
        spoken = version(f"ocpp{source.version}")
        setting = Setting("csms", journal, tasks)
        peer = Peer(link, spoken, PLAIN[source.version], None, setting, station="CP1", id_prefix="c")
        self._serving = tasks.spawn(peer.run())
        await link.feed(source.before())
        return source, link, NUMBER

    async def _begin(self, kind: str, million: bool) -> tuple[Inbound, _Fed, int]:
        csms = self._made(MILLION if million else DEFAULT_LIMIT)
        source, link = Inbound(kind, csms.clock.now()), _Fed()
        self._serving = csms.tasks.spawn(csms.serve(link, "CP1", version(f"ocpp{source.version}")))
        await link.feed(source.before())
        answer = orjson.loads(link.last)
        assert answer[0] == 3, answer
        if million:
            for number in range(MILLION):
                csms.journal.frame("csms", "CP2", OUT, f'[3,"{number}",{{}}]')
            assert len(csms.journal) == MILLION
        return source, link, answer[2].get("transactionId", 0)

    async def busy(self) -> int:
        """How many stations are connected."""
        return len(self._csms.sessions) if self._csms is not None else 0


class OurStations:
    """Stations with all their state: connectors, device model, outbox, registration."""

    def __init__(self) -> None:
        self._stations: list[tuple[Station, Connection, asyncio.Task[None]]] = []
        self._numbers: dict[str, int] = {}

    def _open(self) -> None:
        self._journal = Journal(Clock.of_loop(asyncio.get_running_loop()))
        self._bugs: list[BaseException] = []
        self._tasks = Tasks(self._bugs.append)
        self._dialling = Tasks(self._bugs.append)

    async def connect(
        self, port: int, count: int, width: int, ocpp: str = "1.6", compression: bool = False
    ) -> float:
        """Dial and boot `count` stations, `width` at a time; gives the seconds until all were Accepted."""
        if not self._stations:
            self._open()
        words = ["--csms", f"ws://127.0.0.1:{port}", "--connectors", "2", "--ocpp-version", ocpp]
        options = charge_point_options([*words, *(["--compression"] if compression else [])], {})
        setup = setup_of(options, "0")
        numbers = iter(range(len(self._stations), len(self._stations) + count))

        async def one_after_another() -> None:
            for number in numbers:
                await self._boot(options, setup, number)

        begun = time.perf_counter()
        await asyncio.gather(*(one_after_another() for _ in range(min(width, count))))
        seconds = time.perf_counter() - begun
        assert not self._bugs, self._bugs
        return seconds

    async def _boot(self, options: ChargePointOptions, setup: StationSetup, number: int) -> None:
        identity = f"CP{number}"
        station = Station(identity, setup, self._journal, self._tasks, version=options.ocpp_version[0])
        target = Target(options.csms, identity, options.ocpp_version, compression=options.compression)
        dialer = Dialer(
            target, lambda: backoff_of(options, station), Stream(0, identity, "dialling"), give_up_after=60
        )
        connection = Connection(station, dialer, bugs=self._bugs)
        self._stations.append((station, connection, self._dialling.spawn(connection.run())))
        assert await station.until(lambda: station.registration.accepted, 60)

    async def settle(self) -> None:
        """Wait until every station has said what it says after its boot."""
        async with asyncio.timeout(60):
            while len(self._tasks):  # noqa: ASYNC110
                await asyncio.sleep(0.02)

    async def trips(self, action: str, count: int, stations: int = 1, width: int = 0) -> float:
        """Calls and answers, `count` in all, spread over so many stations, `width` (all) at once; gives seconds."""
        chosen = [station for station, _, _ in self._stations[:stations]]
        payloads = [await self._payload(station, action) for station in chosen]
        width = width or stations
        begun = time.perf_counter()
        await asyncio.gather(
            *(_trips(chosen[at::width], action, payloads[at::width], count // width) for at in range(width))
        )
        return time.perf_counter() - begun

    async def _payload(self, station: Station, action: str) -> dict[str, Any]:
        """The payload of the call, and of a transaction of this station if it belongs to one."""
        if action == "Heartbeat":
            return {}
        if station.id not in self._numbers:
            answer = await station.call("StartTransaction", start_16(station.clock.now()))
            self._numbers[station.id] = answer["transactionId"]
        return call_16(action, self._numbers[station.id], station.clock.now())

    async def lost(self, rounds: int) -> float:
        """The longest of `rounds` times, in seconds, from a connection's loss to the failure of a pending call."""
        from websockets.asyncio.server import ServerConnection, serve

        cut_at = [0.0]

        async def cut(connection: ServerConnection) -> None:
            await connection.recv()
            await asyncio.sleep(0.01)  # the call is pending by now
            cut_at[0] = time.perf_counter()
            connection.transport.abort()
            await connection.wait_closed()

        subprotocol: Any = V201.subprotocol
        server = await serve(cut, "127.0.0.1", 0, subprotocols=[subprotocol])
        port = next(iter(server.sockets)).getsockname()[1]
        self._open()
        worst = 0.0
        for number in range(rounds):
            options = charge_point_options(
                ["--csms", f"ws://127.0.0.1:{port}", "--ocpp-version", "2.0.1"], {}
            )
            station = Station(f"CP{number}", setup_of(options, "0"), self._journal, self._tasks, version=V201)
            station.registration.status = (
                "Accepted"  # it came back: it does not boot, and its call is its first
            )
            connection = Connection(station, None)
            link, agreed = await dial(Target(options.csms, station.id, (V201,)))
            serving = self._tasks.spawn(connection.serve(link, agreed))
            await _online(station)
            try:
                await station.call("Heartbeat", {}, timeout=10)
            except CallFailed:
                worst = max(worst, time.perf_counter() - cut_at[0])
            assert isinstance(await serving, LinkClosed)
        server.close()
        return worst

    async def leave(self) -> None:
        """Close every connection."""
        stations, self._stations = self._stations, []
        self._numbers.clear()
        for _, connection, _ in stations:
            connection.stop_dialling()
        for at in range(0, len(stations), 200):
            await asyncio.gather(*(connection.end() for _, connection, _ in stations[at : at + 200]))
        await self._dialling.end()
        await self._tasks.end()


async def _online(station: Station) -> None:
    assert await station.until(lambda: station.is_online, 10)


async def _trips(stations: list[Station], action: str, payloads: list[dict[str, Any]], count: int) -> None:
    """So many calls, one after another, by each station in turn."""
    for number in range(count):
        at = number % len(stations)
        await stations[at].call(action, payloads[at])
