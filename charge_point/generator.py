"""The automatic transaction generator: drivers who come and go at every EVSE, at random, by a seed.

Each EVSE has a loop of its own: wait, decide by chance whether somebody comes, charge for a while, leave. Chance is
a stream for each EVSE, so that the loops do not disturb each other and the same seed gives the same day. Where the
station keeps anything on disk, the next process takes up what ran: who charged leaves when they wanted to.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from charge_point.authorization import Token
from charge_point.connector import Cable, NotNow
from charge_point.driver import Driver, Result, Wish
from charge_point.generator_counts import Count, kept_count
from charge_point.generator_habits import Habits, Watched, habits, judge, pairs
from charge_point.parts import Part
from shared.clock import parse, text
from shared.option_fields import UsageError
from shared.prompt import Word
from shared.suggest import not_one_of
from shared.versions import V16

if TYPE_CHECKING:
    from charge_point.evse import Evse
    from charge_point.outbox import Owed
    from charge_point.station import Station

PATIENCE = 1.0


def let_come(station: Station, drivers: Any, evse: int | None = None) -> None:
    """Start or stop the generator as a scenario says: "start", "stop", or a table of settings. Raises ValueError."""
    if evse is not None and station.evse(evse) is None:
        raise ValueError(f"{station.id} has no EVSE {evse}")
    wanted = judge(drivers)
    generator = station.part(Generator)
    if drivers == "stop":
        generator.stop(evse)
    else:
        generator.start(wanted, evse)


def generating_words(station: Station) -> list[Word]:
    """What starts and stops it at the prompt."""

    def run(rest: str) -> str:
        generator = station.part(Generator)
        word, *more = rest.split()
        try:
            evse = int(more.pop(0)) if more and more[0].isdigit() else None
            if evse is not None and station.evse(evse) is None:
                raise ValueError(f"{station.id} has no EVSE {evse}")
            if word == "stop" and not more:
                generator.stop(evse)
            elif word == "start" and len(more) < 2:
                generator.start(habits(pairs(more[0])) if more else None, evse)
            else:
                raise ValueError(not_one_of(rest, "what can be done to it", ("start", "stop")))
        except ValueError as wrong:
            raise UsageError(str(wrong)) from None
        return generator.in_words()

    def told(rest: str) -> str:
        return run(rest) if rest else station.part(Generator).in_words()

    help = (
        "drivers by chance\nWORD is start [EVSE] [NAME=VALUE,...] or stop [EVSE]; without: what came of them."
    )
    usage = "generate [WORD]"
    return [Word("generate", usage, help, told, lambda typed: ("start", "stop"))]


@dataclass(slots=True)
class Visit:
    """A driver at an EVSE, who leaves at `until` (Unix seconds)."""

    token: str
    until: float
    transaction: str = ""


class Generator(Part):
    """Makes transactions at a station until stopped. `counts` are by EVSE, and outlive the process."""

    __slots__ = (
        "_driver",
        "_due",
        "_first",
        "_loops",
        "_owed",
        "_turn",
        "_visits",
        "_watched",
        "counts",
        "habits",
    )

    name = "drivers"

    def __init__(self, station: Station) -> None:
        super().__init__(station)
        self._driver = Driver(station)
        self._loops: dict[int, asyncio.Task[None]] = {}
        self._turn = 0
        self._first = 0.0
        """Unix seconds of the first start; 0 before it."""
        self._due: set[int] = set()
        """EVSEs at which it ran in an earlier process; it goes on there with the connection."""
        self._visits: dict[int, Visit] = {}
        self._owed: dict[str, int] = {}
        """Our id of each transaction of a driver -> its EVSE, until what became of its last message is known."""
        self._watched: Watched | None = None
        self.habits = Habits()
        self.counts: dict[int, Count] = {}

    # --- from one process to the next -----------------------------------------------------------------------

    def as_kept(self) -> Any:
        """What came of it so far, and who is there."""
        on = sorted(self._due | {id for id, loop in self._loops.items() if not loop.done()})
        return {
            "first": self._first,
            "counts": {str(evse): one.as_kept() for evse, one in self.counts.items()},
            "on": on,
            "settings": self.habits.as_settings(),
            "turn": self._turn,
            "visits": {
                str(evse): [one.token, one.until, one.transaction] for evse, one in self._visits.items()
            },
            "owed": self._owed,
        }

    def restore(self, kept: Any) -> None:
        """Go on where an earlier process ended; a file of tokens that is gone leaves it stopped, with a note."""
        self._first = kept["first"]
        self.counts = {int(evse): kept_count(one) for evse, one in kept["counts"].items()}
        self._turn = kept.get("turn", 0)
        self._owed = dict(kept.get("owed", {}))
        self._visits = {int(evse): Visit(*one) for evse, one in kept.get("visits", {}).items()}
        try:
            self._take_habits(habits(kept.get("settings", {})))
        except ValueError as wrong:
            self.station.note("warning", f"no drivers come any more: {wrong}")
        else:
            self._due = {id for id in kept.get("on", ()) if self.station.evse(id) is not None}

    def connected(self) -> None:
        """The drivers of an earlier process come again."""
        due, self._due = self._due, set()
        for id in sorted(due):
            evse = self.station.evse(id)
            assert evse is not None
            self._begin(evse)

    # --- starting and stopping ------------------------------------------------------------------------------

    @property
    def is_on(self) -> bool:
        """Whether any EVSE has drivers."""
        return any(not loop.done() for loop in self._loops.values())

    def start(self, habits: Habits | None = None, evse: int | None = None) -> None:
        """Let drivers come to one EVSE, or to all; where they do so already, nothing changes."""
        if habits is not None:
            self._take_habits(habits)
        now = self.station.clock
        self._first = self._first or now.time()
        for one in self.station.evses_of(evse):
            running = self._loops.get(one.id)
            if running is None or running.done():
                self._due.discard(one.id)
                count = self.counts.setdefault(one.id, Count())
                count.started, count.stopped = now.now(), ""
                self._begin(one)
        self.keep()

    def _take_habits(self, habits: Habits) -> None:
        self.habits = habits
        self._watched = Watched(habits.file) if habits.file else None

    def _begin(self, evse: Evse) -> None:
        count = self.counts.setdefault(evse.id, Count())
        end = self._end(count)
        count.ends = "" if end == float("inf") else text(self.station.clock.time() + self._left(end))
        self._loops[evse.id] = self.station.tasks.spawn(self._loop(evse, end))

    def stop(self, evse: int | None = None) -> None:
        """Let nobody come any more; who charges leaves at once."""
        for one in self.station.evses_of(evse):
            self._due.discard(one.id)
            loop = self._loops.pop(one.id, None)
            if loop is not None and not loop.done():
                loop.cancel()
                self._leave(one)
                self._stopped(one)
        self.keep()

    def _stopped(self, evse: Evse) -> None:
        self._visits.pop(evse.id, None)
        self.counts[evse.id].stopped = self.station.clock.now()

    def disconnected(self) -> None:
        """The link is gone."""
        if self.habits.stop_on_connection_failure:
            self.stop()

    async def ended(self) -> None:
        """Wait until the hours are over at every EVSE."""
        await asyncio.gather(*self._loops.values(), return_exceptions=True)

    # --- drivers --------------------------------------------------------------------------------------------

    async def _loop(self, evse: Evse, end: float) -> None:
        station, habits = self.station, self.habits
        chance = station.stream(f"generator {evse.id}")
        count = self.counts[evse.id]
        await self._finish(evse)
        while True:
            delay = chance.uniform(habits.min_delay, habits.max_delay)
            duration = chance.uniform(habits.min_duration, habits.max_duration)
            comes = chance.random() < habits.probability
            drawn = chance.integer(0, len(self.habits.tokens) - 1)
            await asyncio.sleep(max(min(delay, self._left(end)), PATIENCE / 1000))
            if self._left(end) <= 0:
                break
            if not comes:
                count.skipped += 1
                count.skipped_in_a_row += 1
                continue
            await station.until(lambda: self._may_begin(evse))
            self._reread()
            await self._visit(evse, self._token(evse, drawn), max(min(duration, self._left(end)), 0.1))
        self._loops.pop(evse.id, None)
        self._stopped(evse)
        self.keep()

    def _left(self, end: float) -> float:
        """Seconds until `end` of the clock's elapsed scale."""
        return end - self.station.clock.elapsed()

    def _end(self, count: Count) -> float:
        """When the hours are over, in elapsed seconds."""
        hours, clock = self.habits.stop_after_hours, self.station.clock
        if not hours:
            return float("inf")
        began = self._first if self.habits.stop_absolute_duration else parse(count.started)
        return clock.elapsed() + hours * 3600 - (clock.time() - began)

    def _may_begin(self, evse: Evse) -> bool:
        ready = self.station.registration.accepted or self.station.registration.status == "Accepted"
        return ready and evse.is_free and evse.active.cable is Cable.OUT

    def _reread(self) -> None:
        """The tokens of the file as it is by now; those of before where it cannot be used."""
        try:
            self.habits = (self._watched.changed(self.habits) if self._watched else None) or self.habits
        except ValueError as wrong:
            self.station.note("warning", f"{wrong}; the drivers keep the tokens that they have")

    def _token(self, evse: Evse, drawn: int) -> str:
        tokens = self.habits.tokens
        if self.habits.distribution == "random":
            return tokens[drawn % len(tokens)]
        if self.habits.distribution == "connector_affinity":
            return tokens[(evse.id - 1) % len(tokens)]
        self._turn += 1
        return tokens[(self._turn - 1) % len(tokens)]

    async def _visit(self, evse: Evse, token: str, duration: float) -> None:
        """A driver comes, charges for so many seconds, and leaves."""
        count, clock = self.counts[evse.id], self.station.clock
        count.came += 1
        count.skipped_in_a_row = 0
        count.last = clock.now()
        self._visits[evse.id] = Visit(token, clock.time() + duration)
        trusted = not self.habits.require_authorize
        wish = Wish(Token(token), duration=duration, evse=evse.id, trusted=trusted)
        self._over(evse, await self._driver.session(wish))

    def _over(self, evse: Evse, result: Result) -> None:
        self.counts[evse.id].take(result)
        self._visits.pop(evse.id, None)
        self.keep()

    async def _finish(self, evse: Evse) -> None:
        """Let the driver of an earlier process leave when they wanted to, if their transaction goes on."""
        visit = self._visits.get(evse.id)
        if visit is None:
            return
        transaction = evse.transaction
        if transaction is None or transaction.id != visit.transaction:
            self._over(evse, Result("failed", "the station was off", 0.0, visit.transaction))
            return
        left = max(visit.until - self.station.clock.time(), 0.1)
        is_early = await self.station.until(lambda: evse.transaction is not transaction, within=left)
        if is_early:
            energy = evse.meter.advance(self.station.clock.elapsed()) - transaction.meter_start
            self._over(evse, Result("failed", "", energy, transaction.id))
        self._leave(evse)

    def _leave(self, evse: Evse) -> None:
        """Whoever is there goes; a transaction of theirs counts for what it came to."""
        visit, transaction = self._visits.get(evse.id), evse.transaction
        energy = evse.meter.advance(self.station.clock.elapsed())
        self._send_home(evse)
        if visit is not None and transaction is not None and transaction.id == visit.transaction:
            self._over(evse, Result("charged", "", energy - transaction.meter_start, transaction.id))

    def _send_home(self, evse: Evse) -> None:
        if evse.transaction is not None:
            evse.end_authorization("StopAuthorized", "Local", token=evse.token, ends=True)
        try:
            if evse.active.cable is not Cable.OUT:
                self.station.unplug(evse.id)
        except NotNow:
            pass  # somebody was faster

    # --- what was said to them ------------------------------------------------------------------------------

    def decided(self, token: Token, status: str) -> None:
        """A token was decided about: in the loop of one of ours, if it is one of theirs."""
        task = asyncio.current_task()
        for id, loop in self._loops.items():
            if loop is task:
                self.counts[id].authorize.take(status)

    def transaction_began(self, evse: Evse) -> None:
        """One of ours, if our driver is there."""
        visit = self._visits.get(evse.id)
        if visit is not None and evse.transaction is not None:
            visit.transaction = evse.transaction.id
            self._owed[visit.transaction] = evse.id
            self.keep()

    def answered(self, owed: Owed, answer: dict[str, Any]) -> None:
        """What was said to the first or last message of a transaction; 2.x need not say anything about a token."""
        info = answer.get("idTokenInfo") or answer.get("idTagInfo") or {}
        is_due = owed.action == "StartTransaction" and owed.version is V16
        self._settled(owed, str(info.get("status", "" if is_due else "Accepted")))

    def given_up(self, owed: Owed) -> None:
        """Nobody took a message of a transaction."""
        self._settled(owed, "")

    def _settled(self, owed: Owed, status: str) -> None:
        evse = self._owed.get(owed.transaction)
        if evse is None:
            return
        sort = owed.payload.get("eventType", owed.action)
        if sort in ("Started", "StartTransaction"):
            self.counts[evse].start.take(status)
        elif sort in ("Ended", "StopTransaction"):
            self.counts[evse].stop.take(status)
            del self._owed[owed.transaction]
        else:
            return
        self.keep()

    def in_words(self) -> str:
        """What came of it at each EVSE."""
        lines = []
        for id, count in sorted(self.counts.items()):
            on = id in self._loops and not self._loops[id].done()
            lines.append(count.in_words(f"EVSE {id}", on=on))
        return "\n".join(lines) or "no drivers have come yet"
