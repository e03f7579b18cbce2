"""What a run came to: a table of the stations, and of the rules that were broken.

Counted as it happens, by a subscription of its own: the journal keeps only its last entries, the summary covers the
whole run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from shared.digest_forms import clean, cut
from shared.journal.entry import CLOSE, FRAME, HELD, IN, OPEN, Entry
from shared.journal.journal import Journal
from shared.versions import version

MOST_STATIONS = 20_000
MOST_ROWS = 40
"""Rows that are printed of stations; the others are summed up in one."""

FIRST_FRAMES = 3
_OTHERS = "others"

Energy = Callable[[str], tuple[int, float]]
"""Of a station: its finished sessions, and the Wh that they charged."""


class Tally:
    """The counts of one station."""

    __slots__ = ("calls_in", "calls_out", "connections", "errors", "findings", "version")

    def __init__(self) -> None:
        self.version = ""
        self.connections = 0
        self.calls_in = 0
        self.calls_out = 0
        self.errors = 0
        """CALLERRORs in both directions."""
        self.findings = 0


class Found:
    """How often a rule was broken in one way, and where first: (station, frame number)."""

    __slots__ = ("count", "first")

    def __init__(self) -> None:
        self.count = 0
        self.first: list[tuple[str, int]] = []


class Summary:
    """Counts the entries of `end` ("csms", "charge_point") from now on."""

    def __init__(self, journal: Journal, *, end: str) -> None:
        self._end = end
        self.stations: dict[str, Tally] = {}
        self.findings: dict[tuple[str, str], Found] = {}
        """(kind, clause) -> how often and where first."""
        self.remarks: dict[str, int] = {}
        """Notes that are no findings: name -> how often."""
        self.finding_count = 0
        self.close = journal.subscribe(self._take)

    def _take(self, entry: Entry) -> None:
        if entry.end and entry.end != self._end:
            return
        sort = entry.sort
        if sort == FRAME:
            self._frame(entry)
        elif sort == OPEN:
            tally = self._tally(entry.station)
            tally.connections += 1
            try:
                tally.version = version(str(entry.what).partition(" ")[0]).name
            except KeyError:
                pass  # a connection of no version that we know is counted all the same
        elif sort != CLOSE:
            self._note(entry)

    def _frame(self, entry: Entry) -> None:
        if entry.dir == HELD:
            return
        what = entry.what
        head = what[:3]
        if head == "[3,":  # most frames are calls and answers as everybody writes them: not parsed for this
            return
        kind = "call" if head == "[2," else entry.kind
        if kind in ("call", "send"):
            tally = self._tally(entry.station)
            if entry.dir == IN:
                tally.calls_in += 1
            else:
                tally.calls_out += 1
        elif kind in ("error", "answer_error"):
            self._tally(entry.station).errors += 1

    def _note(self, entry: Entry) -> None:
        if not entry.clause:
            self.remarks[entry.note] = self.remarks.get(entry.note, 0) + 1
            return
        self.finding_count += 1
        if entry.station:
            self._tally(entry.station).findings += 1
        whose = entry.detail.get("whose") if entry.detail else None  # told where there are two that it may be
        key = (f"{entry.note} ({whose})" if whose else entry.note, entry.clause)
        found = self.findings.get(key)
        if found is None:
            found = self.findings[key] = Found()
        found.count += 1
        if len(found.first) < FIRST_FRAMES:
            found.first.append((entry.station, entry.ref or entry.seq))

    def _tally(self, station: str) -> Tally:
        tally = self.stations.get(station)
        if tally is None:
            if len(self.stations) >= MOST_STATIONS:  # somebody dials under ever new names
                station = _OTHERS
            tally = self.stations.setdefault(station, Tally())
        return tally

    # --- in words ----------------------------------------------------------------------------------------

    def render(self, width: int = 80, *, energy: Energy = lambda station: (0, 0.0)) -> str:
        """The tables, in lines of at most `width` characters, each ended; what there is nothing of is left out."""
        lines = [*self._station_lines(energy), *self._finding_lines(), *self._remark_line(width)]
        return "".join(f"{cut(line, width).rstrip()}\n" for line in lines)

    def _station_lines(self, energy: Energy) -> Iterable[str]:
        if not self.stations:
            yield "no station has connected" if self._end == "csms" else "never connected"
            return
        rows = [_row(name, tally, *energy(name)) for name, tally in self.stations.items()]
        head = ("station", "OCPP", "connects", "calls <", "calls >", "errors", "sessions", "kWh", "findings")
        shown = rows
        if len(rows) > MOST_ROWS:
            shown = [*rows[:MOST_ROWS], _sum(f"and {len(rows) - MOST_ROWS} more", rows[MOST_ROWS:])]
        if len(rows) > 1:
            shown = [*shown, _sum(f"all {len(rows)}", rows)]
        cells = [
            tuple(str(cell) if not isinstance(cell, float) else f"{cell:.3f}" for cell in row)
            for row in shown
        ]
        yield from table([head, *cells])

    def _finding_lines(self) -> Iterable[str]:
        if not self.findings:
            if self.stations:
                yield "no findings: nothing was seen that breaks a rule"
            return
        rows: list[tuple[str, ...]] = [("finding", "against", "count", "first at frame")]
        for (kind, clause), found in sorted(self.findings.items(), key=lambda item: -item[1].count):
            several = len({station for station, _ in found.first}) > 1 or len(self.stations) > 1
            places = [
                f"{clean(station)} {ref}" if several and station else str(ref) for station, ref in found.first
            ]
            rows.append((kind, clean(clause, 34), str(found.count), ", ".join(places)))
        yield ""
        yield from table(rows, left=(0, 1, 3))

    def _remark_line(self, width: int) -> Iterable[str]:
        """The other notes, counted; those that the tables say in another way are left out."""
        told = [
            f"{name} x{count}" if count > 1 else name
            for name, count in self.remarks.items()
            if name != "command"
        ]
        line = ""
        for words in told:
            longer = f"{line}, {words}" if line else f"also noted: {words}"
            if line and len(longer) > width - 1:
                yield f"{line},"
                longer = f"  {words}"
            line = longer
        if line:
            yield line


_Row = tuple[str, str, int, int, int, int, int, float, int]


def _row(name: str, tally: Tally, sessions: int, wh: float) -> _Row:
    calls = (tally.connections, tally.calls_in, tally.calls_out, tally.errors)
    return (clean(name, 16), tally.version, *calls, sessions, wh / 1000.0, tally.findings)


def _sum(name: str, rows: list[_Row]) -> _Row:
    columns = list(zip(*rows, strict=True))
    a, b, c, d, e = (sum(columns[at]) for at in (2, 3, 4, 5, 6))
    return (name, "", a, b, c, d, e, sum(columns[7]), sum(columns[8]))


def table(rows: list[tuple[str, ...]], left: tuple[int, ...] = (0, 1)) -> Iterable[str]:
    """The rows in columns two blanks apart, those in `left` aligned to the left."""
    widths = [max(len(row[at]) for row in rows) for at in range(len(rows[0]))]
    for row in rows:
        cells = (
            cell.ljust(widths[at]) if at in left else cell.rjust(widths[at]) for at, cell in enumerate(row)
        )
        yield "  ".join(cells)
