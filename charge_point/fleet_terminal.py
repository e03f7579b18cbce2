"""What can be typed at many stations: `CP-001 plug_in`, `* present TOKEN`, `stations`; the words are those of one."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, TextIO

from charge_point.terminal import LAST_WORDS, STATES, Terminal
from shared.digest_forms import clean
from shared.option_fields import UsageError
from shared.prompt import Prompt, Word, converse
from shared.suggest import did_you_mean, not_one_of
from shared.summary import table

if TYPE_CHECKING:
    from charge_point.station import Station
    from charge_point.unit import Unit

MOST_LISTED = 40
"""Rows that `stations` prints; the others are summed up in one line."""

FOOTER = """\
  STATION WORD ...                do it at one station, as in: CP-001 plug_in 1
  STATION MESSAGE ...             have it tell something: CP-001 Heartbeat
STATION is an id, or a pattern as in CP-00* or *, for all of them at once.
'help WORD' tells about a word of a station, 'CP-001 help' lists them all."""


async def serve_fleet(
    units: Sequence[Unit],
    quit: Callable[[], object],
    *,
    stdin: TextIO | None = None,
    write: Callable[[str], object] | None = None,
) -> None:
    """Do what is typed or piped until there is no more; `quit` is called when somebody wants to stop."""
    await converse(FleetTerminal(units, quit).prompt, stdin=stdin, write=write, shown="stations> ")


class FleetTerminal:
    """The words of a fleet's prompt. The terminal of a station is made when it is first spoken to."""

    def __init__(self, units: Sequence[Unit], quit: Callable[[], object]) -> None:
        self._units = {unit.station.id: unit for unit in units}
        self._terminals: dict[str, Terminal] = {}
        self._quit = quit
        self.prompt = Prompt(
            (
                Word("stations", "stations [PATTERN]", "how the stations are", self._stations),
                Word(
                    "wait",
                    "wait SECONDS | STATE",
                    "wait so long, or until all are so\n"
                    "STATE is accepted, charging or idle. For commands that are piped in.",
                    self._wait,
                    lambda typed: STATES,
                ),
                Word("quit", "quit", "switch all stations off", lambda rest: self._stop()),
            ),
            otherwise=self._ask,
            more=lambda: self._units,
            topics=self._about,
            complete=self._complete,
            footer=FOOTER,
        )

    def _terminal(self, id: str) -> Terminal:
        if id not in self._terminals:
            unit = self._units[id]
            self._terminals[id] = Terminal(unit.station, unit.connection, self._quit)
        return self._terminals[id]

    def _meant(self, pattern: str) -> list[str]:
        """The ids that a word names; none when it names no station."""
        if pattern in self._units:
            return [pattern]
        if any(mark in pattern for mark in "*?["):
            return [id for id in self._units if fnmatchcase(id, pattern)]
        return []

    def _ask(self, line: str) -> Awaitable[str | None]:
        """A line that begins with a station, or with a pattern of several."""
        pattern, _, rest = line.partition(" ")
        ids = self._meant(pattern)
        if not ids:
            near = did_you_mean(pattern, [*self._units, *self.prompt.words])
            names = list(self._units)
            which = f"{names[0]} to {names[-1]}" if len(names) > 1 else names[0]
            raise UsageError(f"{clean(pattern)!r} is neither a word nor a station ({which}){near}")
        return self._do(ids, rest.strip() or "status")

    async def _do(self, ids: list[str], line: str) -> str:
        """The line at each of these stations at once; what each says, under its name where there are several."""
        said = await asyncio.gather(*(self._terminal(id).prompt.obey(line) for id in ids))
        if len(ids) == 1:
            return said[0]
        return "\n".join(f"{clean(id)}: {text}" for id, text in zip(ids, said, strict=True) if text)

    def _about(self, word: str) -> str | None:
        first = self._terminal(next(iter(self._units)))
        return first.prompt.help(word) if word in first.prompt.words else None

    def _complete(self, typed: str) -> Iterable[str]:
        pattern, blank, rest = typed.lstrip().partition(" ")
        if not blank:
            return self._units
        ids = self._meant(pattern)
        return self._terminal(ids[0]).prompt.complete(rest) if ids else ()

    def _stations(self, rest: str) -> str:
        ids = self._meant(rest) if rest else list(self._units)
        if not ids:
            raise UsageError(not_one_of(rest, "a station", self._units))
        rows: list[tuple[str, ...]] = [
            ("station", "OCPP", "link", "registration", "transactions", "Wh", "owed")
        ]
        rows += [_row(self._units[id].station) for id in ids[:MOST_LISTED]]
        lines = [line.rstrip() for line in table(rows, left=(0, 1, 2, 3))]
        if len(ids) > MOST_LISTED:
            others = [self._units[id].station for id in ids[MOST_LISTED:]]
            accepted = sum(one.registration.accepted for one in others)
            lines.append(f"and {len(others)} more, {accepted} of them accepted")
        return "\n".join(lines)

    async def _wait(self, rest: str) -> str | None:
        """Until it is so everywhere; seconds are waited once."""
        if rest in STATES:
            for unit in self._units.values():
                station = unit.station
                await station.until(lambda station=station: STATES[rest](station))  # type: ignore[misc]
            return None
        first = self._terminal(next(iter(self._units)))
        return await first.prompt.obey(f"wait {rest}") or None

    async def _stop(self) -> str:
        """What was typed before it is said first, where the CSMS listens."""
        stations = [unit.station for unit in self._units.values() if unit.station.is_online]
        saying = (s.until(lambda s=s: s.has_said_all, within=LAST_WORDS) for s in stations)  # type: ignore[misc]
        await asyncio.gather(*saying)
        self._quit()
        return ""


def _row(station: Station) -> tuple[str, ...]:
    running = sum(one.transaction is not None for one in station.evses)
    return (
        clean(station.id),
        str(station.version),
        "connected" if station.is_online else "offline",
        station.registration.status or "not registered",
        f"{running} of {len(station.evses)}",
        f"{station.charged:.0f}",
        str(len(station.outbox)),
    )
