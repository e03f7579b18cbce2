"""The automatic transaction generator: drivers who come and go at every EVSE, at random, by a seed.

Each EVSE has a loop of its own: wait, decide by chance whether somebody comes, charge for a while, leave. Chance is
a stream for each EVSE, so that the loops do not disturb each other and the same seed gives the same day.
"""

from __future__ import annotations

import asyncio
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any

from charge_point.authorization import Token
from charge_point.connector import Cable, NotNow
from charge_point.driver import Driver, Result, Wish
from charge_point.parts import Part
from shared.option_fields import UsageError
from shared.prompt import Word
from shared.suggest import advice, not_one_of

if TYPE_CHECKING:
    from charge_point.evse import Evse
    from charge_point.station import Station

DISTRIBUTIONS = ("round_robin", "random", "connector_affinity")
PATIENCE = 1.0


@dataclass(frozen=True, slots=True)
class Habits:
    """How busy the drivers are: seconds, hours and a probability.

    `distribution`: which of `tokens` comes next: each in its turn, any, or always the same at one EVSE.
    `require_authorize`: the CSMS (or what the station knows) decides about each token; else whoever comes charges, as
    where the driver is trusted. `stop_on_connection_failure`: end when the connection is lost.
    `stop_absolute_duration`: the hours count from the first start, however often it was stopped meanwhile.
    """

    min_duration: float = 60.0
    max_duration: float = 120.0
    min_delay: float = 15.0
    max_delay: float = 30.0
    probability: float = 1.0
    stop_after_hours: float = 0.0
    stop_absolute_duration: bool = False
    stop_on_connection_failure: bool = False
    require_authorize: bool = True
    distribution: str = "round_robin"
    tokens: tuple[str, ...] = ("test_token",)

    def __post_init__(self) -> None:
        """Raises ValueError for what cannot be."""
        for low, high in (("min_duration", "max_duration"), ("min_delay", "max_delay")):
            least, most = getattr(self, low), getattr(self, high)
            if least < 0 or most < least:
                raise ValueError(f"{low} {least:g} and {high} {most:g}: needs 0 <= {low} <= {high}")
        if not 0 <= self.probability <= 1:
            raise ValueError(f"probability is from 0 to 1, not {self.probability:g}")
        if self.stop_after_hours < 0:
            raise ValueError("stop_after_hours must not be negative")
        if self.distribution not in DISTRIBUTIONS:
            raise ValueError(not_one_of(self.distribution, "a distribution of tokens", DISTRIBUTIONS))
        if not self.tokens or not all(self.tokens):
            raise ValueError("tokens must not be empty")


def habits(settings: dict[str, Any]) -> Habits:
    """The habits that settings describe; values may be text, tokens joined with `+`. Raises ValueError, in words."""
    known = {each.name: each for each in fields(Habits)}
    made: dict[str, Any] = {}
    for name, value in settings.items():
        if name not in known:
            raise ValueError(f"no such setting {name!r}{advice(name, known)}")
        usual = getattr(Habits(), name)
        try:
            if name == "distribution":
                made[name] = str(value).replace("-", "_")
            elif name == "tokens":
                made[name] = _tokens(value) if isinstance(value, str) else tuple(map(str, value))
            elif isinstance(usual, bool):
                made[name] = value if isinstance(value, bool) else {"true": True, "false": False}[value]
            else:
                made[name] = type(usual)(value)
        except (KeyError, TypeError, ValueError) as wrong:
            if name == "tokens":
                raise ValueError(str(wrong)) from None
            noun = "true or false" if isinstance(usual, bool) else "a number"
            raise ValueError(f"{name}: {value!r} is not {noun}") from None
    return Habits(**made)


def _tokens(text: str) -> tuple[str, ...]:
    """Tokens joined with `+`, or the lines of a file (`@tags.txt`; those with a # are comments). Raises ValueError."""
    if not text.startswith("@"):
        return tuple(text.split("+"))
    try:
        with open(text[1:], encoding="utf-8") as file:
            lines = [line.strip() for line in file]
    except (OSError, UnicodeDecodeError) as problem:
        why = getattr(problem, "strerror", None) or "not UTF-8 text"
        raise ValueError(f"tokens: {text[1:]}: {why.lower()}") from None
    return tuple(line for line in lines if line and not line.startswith("#"))


@dataclass(slots=True)
class Count:
    """What came of the generator at one EVSE."""

    came: int = 0
    """Drivers who plugged in."""
    begun: int = 0
    """Transactions that began."""
    charged: int = 0
    refused: int = 0
    """Tokens that were not accepted, when they were asked about or with the start."""
    failed: int = 0
    skipped: int = 0
    """Times that nobody came, by chance."""
    skipped_in_a_row: int = 0
    energy: float = 0.0
    last: str = ""
    """When the last driver came, as a wire timestamp."""

    def take(self, result: Result) -> None:
        """Count what became of a session."""
        setattr(self, result.outcome, getattr(self, result.outcome) + 1)
        self.begun += bool(result.transaction)
        self.energy += result.energy


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


def judge(drivers: Any) -> Habits | None:
    """The habits that settings give; None for start and stop. ValueError for anything else."""
    if isinstance(drivers, dict):
        return habits(drivers)
    if drivers not in ("start", "stop"):
        raise ValueError(f"{drivers!r} is not start, stop or a table of settings")
    return None


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
                generator.start(habits(_pairs(more[0])) if more else None, evse)
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


def _pairs(text: str) -> dict[str, Any]:
    pairs = [each.partition("=") for each in text.split(",") if each]
    if not all(equals for _, equals, _ in pairs):
        raise ValueError(f"{text!r} are not settings, as in max_duration=600,probability=0.8")
    return {name: value for name, _, value in pairs}


class Generator(Part):
    """Makes transactions at a station until stopped. `counts` are by EVSE, and outlive the process."""

    __slots__ = ("_driver", "_first", "_loops", "_turn", "counts", "habits")

    name = "drivers"

    def __init__(self, station: Station) -> None:
        super().__init__(station)
        self._driver = Driver(station)
        self._loops: dict[int, asyncio.Task[None]] = {}
        self._turn = 0
        self._first = 0.0
        """Unix seconds of the first start; 0 before it."""
        self.habits = Habits()
        self.counts: dict[int, Count] = {}

    def as_kept(self) -> Any:
        """What came of it so far."""
        return {"first": self._first, "counts": {str(evse): asdict(one) for evse, one in self.counts.items()}}

    def restore(self, kept: Any) -> None:
        """Go on counting where an earlier process ended."""
        self._first = kept["first"]
        self.counts = {int(evse): Count(**one) for evse, one in kept["counts"].items()}

    @property
    def is_on(self) -> bool:
        """Whether any EVSE has drivers."""
        return any(not loop.done() for loop in self._loops.values())

    def start(self, habits: Habits | None = None, evse: int | None = None) -> None:
        """Let drivers come to one EVSE, or to all; where they do so already, nothing changes."""
        self.habits = habits or self.habits
        self._first = self._first or self.station.clock.time()
        for one in self.station.evses_of(evse):
            running = self._loops.get(one.id)
            if running is None or running.done():
                self.counts.setdefault(one.id, Count())
                self._loops[one.id] = self.station.tasks.spawn(self._loop(one))
        self.keep()

    def stop(self, evse: int | None = None) -> None:
        """Let nobody come any more; who charges leaves at once."""
        for one in self.station.evses_of(evse):
            loop = self._loops.pop(one.id, None)
            if loop is not None and not loop.done():
                loop.cancel()
                self._send_home(one)

    def disconnected(self) -> None:
        """The link is gone."""
        if self.habits.stop_on_connection_failure:
            self.stop()

    async def ended(self) -> None:
        """Wait until the hours are over at every EVSE."""
        await asyncio.gather(*self._loops.values(), return_exceptions=True)

    async def _loop(self, evse: Evse) -> None:
        station, habits = self.station, self.habits
        chance = station.stream(f"generator {evse.id}")
        count = self.counts[evse.id]
        end = self._end()
        while True:
            delay = chance.uniform(habits.min_delay, habits.max_delay)
            duration = chance.uniform(habits.min_duration, habits.max_duration)
            comes = chance.random() < habits.probability
            drawn = chance.integer(0, len(habits.tokens) - 1)
            await asyncio.sleep(max(min(delay, end - station.clock.elapsed()), PATIENCE / 1000))
            if station.clock.elapsed() >= end:
                return
            if not comes:
                count.skipped += 1
                count.skipped_in_a_row += 1
                continue
            await station.until(lambda: self._may_begin(evse))
            count.came += 1
            count.skipped_in_a_row = 0
            count.last = station.clock.now()
            result = await self._session(
                evse, self._token(evse, drawn), min(duration, end - station.clock.elapsed())
            )
            count.take(result)
            self.keep()

    def _end(self) -> float:
        """When the hours are over, in elapsed seconds."""
        hours, clock = self.habits.stop_after_hours, self.station.clock
        if not hours:
            return float("inf")
        since = clock.time() - self._first if self.habits.stop_absolute_duration else 0.0
        return clock.elapsed() + hours * 3600 - since

    def _may_begin(self, evse: Evse) -> bool:
        ready = self.station.registration.accepted or self.station.registration.status == "Accepted"
        return ready and evse.is_free and evse.active.cable is Cable.OUT

    def _token(self, evse: Evse, drawn: int) -> str:
        tokens = self.habits.tokens
        if self.habits.distribution == "random":
            return tokens[drawn]
        if self.habits.distribution == "connector_affinity":
            return tokens[(evse.id - 1) % len(tokens)]
        self._turn += 1
        return tokens[(self._turn - 1) % len(tokens)]

    async def _session(self, evse: Evse, token: str, duration: float) -> Result:
        trusted = not self.habits.require_authorize
        wish = Wish(Token(token), duration=max(duration, 0.1), evse=evse.id, trusted=trusted)
        return await self._driver.session(wish)

    def _send_home(self, evse: Evse) -> None:
        if evse.transaction is not None:
            evse.end_authorization("StopAuthorized", "Local", token=evse.token, ends=True)
        try:
            if evse.active.cable is not Cable.OUT:
                self.station.unplug(evse.id)
        except NotNow:
            pass  # somebody was faster

    def in_words(self) -> str:
        """A line for each EVSE."""
        lines = []
        for id, count in sorted(self.counts.items()):
            on = id in self._loops and not self._loops[id].done()
            nobody = f"{count.skipped} times nobody"
            if count.skipped_in_a_row:
                nobody += f" ({count.skipped_in_a_row} in a row)"
            lines.append(
                f"EVSE {id}: {'on' if on else 'off'}, {count.came} came, {count.begun} began, {count.charged} charged, "
                f"{count.refused} refused, {count.failed} failed, {nobody}, {count.energy:.0f} Wh"
                + (f", the last at {count.last}" if count.last else "")
            )
        return "\n".join(lines) or "no drivers have come yet"
