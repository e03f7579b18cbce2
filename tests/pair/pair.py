"""Both programs in one process: a mock CSMS from its option strings and a charge point from its own.

In memory and virtual time, or over a WebSocket on the real loop. Reads like the plan:

    async with pair("--boot-status Rejected --retry-interval 60") as p:
        await p.sees(booted(p.version, "Rejected", interval=60))
        p.never("StatusNotification")

When the block ends, neither side may have found a fault of the other's, nor have had one of its own.
"""

from __future__ import annotations

import asyncio
import shlex
from collections.abc import Callable
from types import TracebackType
from typing import Any

from charge_point.authorization import Token
from charge_point.driver import Driver, Result, Wish
from charge_point.hands import Presented
from charge_point.station import Station
from csms.admission import Admission
from csms.conductor import Outcome, conduct
from csms.files_memory import MemoryNetwork
from csms.making import library_of, policies_of, timetable_of
from csms.options import resolve as csms_options
from csms.record import StationRecord
from csms.server import Csms
from csms.session import Session
from csms.timetable import Step
from shared.clock import Clock
from shared.dialer import DialFailed, Target, dial
from shared.journal.entry import Entry
from shared.journal.journal import Journal
from shared.link import Link, MemoryLink
from shared.peer import CallFailed
from shared.versions import V16, Version
from tests.pair.charger import Charger, Over
from tests.pair.conversation import ANYTHING, STATION, Exchange, Payload, Said
from tests.pair.words import IDENTITY, status

Wrap = Callable[[Link], Link]


class Pair:
    """A CSMS and a station (`charger`), and what a test does to either and expects of them."""

    def __init__(
        self,
        over: Over,
        version: Version,
        csms: str = "",
        station: str = "",
        *,
        reboot_seconds: float = 30.0,
        wrap: Wrap = lambda link: link,
        may_find: tuple[str, ...] = (),
        switched_on: bool = True,
    ) -> None:
        self.over = over
        self.version = version
        self.url = "ws://mock"
        self.wrap = wrap
        self.chargers: list[Charger] = []
        self._station_arguments = station
        self._reboot_seconds = over.after(reboot_seconds)
        self._csms_arguments = csms
        self._may_find = frozenset(may_find)
        self._switched_on = switched_on
        self._port = 0
        self._up = False
        self._bugs: list[BaseException] = []

    async def __aenter__(self) -> Pair:
        self.clock = Clock.of_loop(asyncio.get_running_loop())
        self.csms_journal = Journal(self.clock)
        await self.start_csms()
        if self._switched_on:
            self.add_charger()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for charger in self.chargers:
            await charger.stop()
        if self._up:
            await self.stop_csms()
        if kind is None:
            self.is_sound()

    def is_sound(self) -> None:
        """Neither side has broken a rule that the other noticed, or had a fault of its own."""
        bugs = [*self._bugs, *self.csms.bugs, *(bug for charger in self.chargers for bug in charger.bugs)]
        assert not bugs, bugs
        assert {found.note for found in self.findings()} == self._may_find, self.findings()

    def findings(self) -> list[Entry]:
        """What either side found wrong with the other."""
        journals = [self.csms_journal, *(charger.journal for charger in self.chargers)]
        return [found for journal in journals for found in journal.findings()]

    # --- the CSMS -----------------------------------------------------------------------------------------

    async def start_csms(self, arguments: str | None = None) -> None:
        """Start the CSMS (anew): with nothing remembered, but on the same address."""
        words = self._csms_arguments if arguments is None else arguments
        options = csms_options(shlex.split(words), {})
        self.csms = Csms(policies_of(options), self.csms_journal, timetable=timetable_of(options))
        self.csms.files = library_of(options, self.csms)
        self.network = MemoryNetwork(self.csms.files)
        if self.over.sockets:
            admission = Admission(options.versions)
            self._port = await self.csms.listen("127.0.0.1", self._port, admission)
            self.url = f"ws://127.0.0.1:{self._port}"
        self._up = True

    async def stop_csms(self) -> None:
        """End the CSMS as a signal does: every connection is closed properly."""
        self._up = False
        await self.csms.stop()
        self._bugs += self.csms.bugs

    async def kill_csms(self) -> None:
        """End the CSMS as `kill -9` does: its connections are cut, and nobody listens any more."""
        self.cut()
        await self.stop_csms()

    async def restart_csms(self, arguments: str | None = None) -> None:
        """Stop it and start it again, with other arguments perhaps."""
        await self.stop_csms()
        await self.start_csms(arguments)

    def cut(self) -> None:
        """Cut every connection without a word; the CSMS stays up."""
        for session in list(self.csms.sessions.values()):
            session.peer.abort()

    async def command(self, name: str, options: str = "") -> Outcome:
        """Have the CSMS send a command now."""
        return await conduct(self.session, Step(name, options))

    @property
    def session(self) -> Session:
        """The station's session at the CSMS."""
        found = self.csms.find(IDENTITY)
        assert found is not None, "the station is not connected"
        return found

    @property
    def record(self) -> StationRecord:
        """What the CSMS remembers of the station."""
        return self.csms.records[next(n for n in self.csms.records if n.lower() == IDENTITY.lower())]

    @property
    def open_transactions(self) -> int:
        """Transactions that the CSMS takes to be running."""
        return len(self.csms.ledger.open(self.record))

    @property
    def csms_status(self) -> str:
        """What the CSMS takes the status of the connector to be."""
        place = (0, 1) if self.version is V16 else (1, 1)
        return (self.record.statuses or {}).get(place, "")

    async def dial(self, target: Target) -> tuple[Link, Version]:
        """One attempt of a station to connect."""
        if self.over.sockets:
            link, version = await dial(target)
            return self.wrap(link), version
        if not self._up:
            raise DialFailed(f"{target.url}: nothing listens there")
        ours, theirs = MemoryLink.pair()
        self.csms.tasks.spawn(self.csms.serve(theirs, target.identity, self.version, target.url))
        return self.wrap(ours), self.version

    # --- the station --------------------------------------------------------------------------------------

    def add_charger(self, identity: str = IDENTITY) -> Charger:
        """One more station, switched on; the first is the plan's."""
        charger = Charger(self, identity, self._station_arguments, self._reboot_seconds)
        self.chargers.append(charger)
        charger.start()
        return charger

    @property
    def charger(self) -> Charger:
        """The plan's station and its program."""
        return self.chargers[0]

    @property
    def station(self) -> Station:
        """The plan's station."""
        return self.charger.station

    def now(self) -> str:
        """A timestamp of the station."""
        return self.station.clock.now()

    async def send(self, action: str, payload: Payload | None = None) -> Payload:
        """Have the station send any message with this payload; gives the answer. Raises CallFailed."""
        return await self.station.call(action, payload or {})

    def send_soon(self, action: str, payload: Payload | None = None) -> asyncio.Task[Any]:
        """The same without waiting for the answer."""
        return self.charger.tasks.spawn(self._send(action, payload))

    async def _send(self, action: str, payload: Payload | None) -> None:
        try:
            await self.send(action, payload)
        except CallFailed:
            pass  # seen on the wire

    async def accepted(self) -> None:
        """The station is registered, and has reported its connectors."""
        assert await self.station.until(lambda: self.station.registration.accepted, self.over.patience)
        await self.quiet()

    async def quiet(self) -> None:
        """Everything that was called is answered, and nothing is owed. What is written next comes after it."""
        await self.settled()
        self.charger.talk.cursor = len(self.charger.talk.exchanges)

    async def settled(self) -> None:
        """The same, but what was said meanwhile can still be looked for."""

        def calm() -> bool:
            return not len(self.station.outbox) and all(
                e.answer_seq for e in self.charger.talk.exchanges[-8:]
            )

        async with asyncio.timeout(self.over.patience):
            for turns in range(1_000_000):
                if turns > (5 if self.over.sockets else 20) and calm():
                    return
                await asyncio.sleep(0.001 if self.over.sockets else 0)
        raise AssertionError(f"not quiet:\n{self.charger.talk.text()}")

    async def until(self, condition: Callable[[], object]) -> None:
        """Wait until it is so, on the CSMS's side or between the two."""
        async with asyncio.timeout(self.over.patience):
            while not condition():  # noqa: ASYNC110
                await asyncio.sleep(0.002 if self.over.sockets else 0.1)

    async def time(self, seconds: float) -> None:
        """So many seconds of the plan pass."""
        await asyncio.sleep(self.over.after(seconds))

    # --- the driver ---------------------------------------------------------------------------------------

    async def generator_start(self, token: str = "test_token") -> Presented:
        """A driver plugs in at EVSE 1 and presents a token."""
        self.station.plug_in(1)
        await self.time(1)
        return await self.station.present(Token(token, "ISO14443"), 1)

    async def generator_stop(self, token: str = "test_token") -> None:
        """The driver presents it again, and leaves."""
        await self.station.present(Token(token, "ISO14443"), 1)
        await self.time(1)
        self.station.unplug(1)

    async def generator(self, seconds: float, token: str = "test_token") -> Result:
        """One session of so many seconds; over sockets long enough for a meter value."""
        driver = Driver(self.station)
        wish = Wish(
            Token(token, "ISO14443"), duration=max(self.over.after(seconds), 1.1), pace=self.over.after(1)
        )
        await driver.sessions(wish, 1)
        return driver.results[0]

    @property
    def transaction(self) -> str:
        """Our id of the transaction on EVSE 1, empty when none runs there."""
        running = self.station.evses[0].transaction
        return running.id if running is not None else ""

    @property
    def events(self) -> list[Exchange]:
        """The TransactionEvents so far (2.x)."""
        return self.charger.talk.of("TransactionEvent")

    def is_gapless(self) -> None:
        """The messages of the one transaction are complete: numbered from 0, in 1.6 a start and a stop."""
        if self.version is V16:
            ends = ("StartTransaction", "StopTransaction")
            assert tuple(e.action for e in self.charger.talk.exchanges if e.action in ends) == ends
            return
        assert [e.request["seqNo"] for e in self.events] == list(range(len(self.events)))
        assert len({e.request["transactionInfo"]["transactionId"] for e in self.events}) == 1

    async def is_over(self) -> None:
        """The connector is free again, and neither side knows of a transaction."""
        await self.sees(status(self.version, "Available"))
        await self.settled()
        assert self.transaction == ""
        assert self.open_transactions == 0
        assert self.csms_status == "Available"

    # --- what was said ------------------------------------------------------------------------------------

    async def sees(self, wanted: Said) -> Exchange:
        """Wait until it was said, after what was seen before; gives it."""
        return await self.charger.talk.wait_for(wanted, self.over.patience)

    async def commanded(self, wanted: Said) -> Exchange:
        """Wait until the CSMS's call of that action is answered: the next one must be as wanted. Gives it."""
        talk = self.charger.talk
        await talk.wait_for(Said(wanted.action, {}, {}, wanted.by, ANYTHING), self.over.patience)
        found = talk.exchanges[talk.cursor - 1]
        assert wanted.met_by(found), f"wanted: {wanted}\nbut:\n{found}"
        return found

    def saw(self, wanted: Said) -> Exchange:
        """It was said already, after what was seen before."""
        found = self.charger.talk.find(wanted)
        assert found is not None, f"not said: {wanted}\nbut:\n{self.charger.talk.text()}"
        return found

    def never(self, wanted: Said | str, by: str = STATION) -> None:
        """It was not said, neither before nor after what was seen."""
        for exchange in self.charger.talk.exchanges:
            if isinstance(wanted, str):
                assert (exchange.action, exchange.by) != (wanted, by), exchange
            else:
                assert not wanted.met_by(exchange), exchange

    def only(self, action: str) -> None:
        """The station has sent nothing else than this."""
        others = [e for e in self.charger.talk.exchanges if e.by == STATION and e.action != action]
        assert not others, others


__all__ = ["Charger", "Over", "Pair"]
