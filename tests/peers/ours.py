"""Our two programs on real sockets, in the test's own process, made from their options as they are typed."""

from __future__ import annotations

import asyncio
import shlex
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace

from charge_point.connection import Connection
from charge_point.making import backoff_of, setup_of, target_of
from charge_point.options import resolve as charge_point_options
from charge_point.station import Station
from csms.admission import Admission
from csms.conductor import Outcome, conduct
from csms.ledger import Bill
from csms.making import policies_of
from csms.options import resolve as csms_options
from csms.record import StationRecord
from csms.server import Csms
from csms.timetable import Step
from shared.chance import Stream
from shared.clock import Clock
from shared.dialer import Dialer
from shared.journal.journal import Journal
from shared.tasks import Tasks
from tests.peers.wire import PATIENCE
from tests.support import eventually


class OurCsms:
    """The mock CSMS, listening on a free port."""

    def __init__(self, csms: Csms, url: str) -> None:
        self.csms = csms
        self.url = url

    async def command(self, name: str, options: str = "", *, of: str = "CP1") -> Outcome:
        """Have it send a command to a station; gives what became of it."""
        session = self.csms.find(of)
        assert session is not None, f"{of} is not connected"
        return await conduct(session, Step(name, options))

    def record(self, of: str = "CP1") -> StationRecord:
        """What it remembers of a station."""
        return self.csms.records[of]

    def bills(self, of: str = "CP1") -> list[Bill]:
        """What it would bill that station's drivers."""
        return self.csms.ledger.billed(self.record(of))

    def open(self, of: str = "CP1") -> int:
        """How many transactions of that station run, as far as it knows."""
        return len(self.csms.ledger.open(self.record(of)))

    async def gone(self, of: str = "CP1") -> None:
        """Wait until it has noticed that a station's connection ended."""
        await eventually(lambda: self.csms.find(of) is None)


@asynccontextmanager
async def our_csms(arguments: str = "", *, may_find: tuple[str, ...] = ()) -> AsyncIterator[OurCsms]:
    """A CSMS with these options. At the end nothing but `may_find` may have been wrong with the foreign station."""
    options = csms_options(shlex.split(arguments), {})
    journal = Journal(Clock.of_loop(asyncio.get_running_loop()))
    csms = Csms(policies_of(options), journal, timeout=options.message_timeout)
    port = await csms.listen("127.0.0.1", 0, Admission(options.versions))
    try:
        yield OurCsms(csms, f"ws://127.0.0.1:{port}")
    finally:
        await csms.stop()
    assert not csms.bugs, csms.bugs
    assert {found.note for found in journal.findings()} == set(may_find), journal.findings()


class OurStation:
    """The simulated station, dialling a foreign central system."""

    def __init__(self, station: Station, connection: Connection, journal: Journal) -> None:
        self.station = station
        self.connection = connection
        self.journal = journal

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait for something in the station."""
        assert await self.station.until(condition, PATIENCE)

    async def accepted(self) -> None:
        """Wait for its registration."""
        await self.until(lambda: self.station.registration.accepted)


@asynccontextmanager
async def our_station(
    url: str, arguments: str = "", *, may_find: tuple[str, ...] = ()
) -> AsyncIterator[OurStation]:
    """A station with these options. At the end nothing but `may_find` may have been wrong with the foreign CSMS."""
    back = "--reconnect-min 0.05 --reconnect-random 0.01"
    options = charge_point_options(shlex.split(f"--csms {url} {back} {arguments}"), {})
    journal = Journal(Clock.of_loop(asyncio.get_running_loop()))
    bugs: list[BaseException] = []
    tasks = Tasks(bugs.append)
    setup = replace(setup_of(options, "0"), reboot_seconds=0.05)
    station = Station(options.id, setup, journal, tasks, version=options.ocpp_version[0])
    dialer = Dialer(
        target_of(options),
        lambda: backoff_of(options, station),
        Stream(0, options.id),
        give_up_after=PATIENCE,
    )
    connection = Connection(station, dialer, timeout=options.message_timeout, bugs=bugs)
    tasks.spawn(connection.run())
    try:
        yield OurStation(station, connection, journal)
    finally:
        connection.stop_dialling()
        await connection.end()
        await tasks.end()
    assert not bugs, bugs
    assert {found.note for found in journal.findings()} == set(may_find), journal.findings()
