"""A journal as people and matrices read it: frames that went from one end to the other, and calls with their answers.

A journal of both ends holds each frame twice, as it was sent and as it came. Here these are one; what was sent and
never seen to arrive, or arrived and was never sent like that, stays visible: that is what faults on the wire do.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from shared.actions import CSMS, STATION
from shared.journal.entry import FRAME, HELD, IN, OPEN, OUT, Entry
from shared.versions import VERSIONS, Version, version

CARRIED, LOST, UNSENT, STOPPED = "carried", "lost", "unsent", "held"
"""A frame that went over; that the other end never saw; that came otherwise than sent; that was held back."""


@dataclass
class Passage:
    """One line of the conversation: a frame with its `sender` ("csms", "charge_point"), or an entry that is none.

    `entry` is what was journaled first; `seqs` are the numbers of all the entries that tell of it.
    """

    entry: Entry
    sender: str = ""
    state: str = CARRIED
    seqs: list[int] = field(default_factory=list)
    parts: list[Any] = field(default_factory=list)
    version: Version | None = None
    exchange: Exchange | None = None

    @cached_property
    def kind(self) -> str:
        """call, answer, error, answer_error, send, unreadable; or open, close, note."""
        return self.entry.kind


@dataclass
class Exchange:
    """A call (or SEND) with its answer: `answer` is the payload of a CALLRESULT, `error` the code of a CALLERROR.

    `opened` is the protocol time at which the connection was made, None when the journal does not say.
    """

    station: str
    version: Version
    sender: str
    action: str
    request: Any
    seq: int
    t: float
    opened: float | None = None
    is_send: bool = False
    answer: Any = None
    error: str = ""
    answer_seq: int = 0


def passages(entries: Iterable[Entry], default: str = "") -> list[Passage]:
    """The lines of a conversation in the journal's order, each frame once, calls joined with their answers.

    `default` names the version ("2.0.1") of stations whose connection the journal does not tell of.
    """
    found = [Passage(entry, seqs=[entry.seq]) for entry in entries]
    frames = [each for each in found if each.entry.sort == FRAME]
    for each in frames:
        each.sender = _sender(each.entry)
        each.parts = each.entry.parts()
    gone = _joined(frames) | _second_openings(found)
    kept = [each for each in found if id(each) not in gone]
    _tell_versions(kept, default)
    _join_answers(kept)
    return kept


def exchanges(lines: Iterable[Passage]) -> Iterator[Exchange]:
    """The calls and SENDs of a conversation that went over, in their order."""
    for line in lines:
        if line.exchange is not None and line.kind in ("call", "send"):
            yield line.exchange


def _sender(entry: Entry) -> str:
    other = STATION if entry.end == CSMS else CSMS
    return other if entry.dir == IN else entry.end or STATION


def _joined(frames: list[Passage]) -> set[int]:
    """Make one of the two entries of each frame, and say which were taken up; mark those without their other half."""
    ends: dict[str, set[str]] = defaultdict(set)
    for each in frames:
        ends[each.entry.station.lower()].add(each.entry.end)
    waiting: dict[tuple[str, str, str, str | bytes], deque[Passage]] = defaultdict(deque)
    gone: set[int] = set()
    for each in frames:
        entry = each.entry
        if entry.dir == HELD:
            each.state = STOPPED
            continue
        station = entry.station.lower()
        if len(ends[station]) < 2:
            continue
        other = OUT if entry.dir == IN else IN
        twins = waiting[station, each.sender, other, entry.what]
        if twins:
            twin = twins.popleft()
            twin.seqs.append(entry.seq)
            twin.state = CARRIED
            gone.add(id(each))
        else:
            each.state = LOST if entry.dir == OUT else UNSENT
            waiting[station, each.sender, entry.dir, entry.what].append(each)
    return gone


def _second_openings(found: list[Passage]) -> set[int]:
    """The entries by which the other end says, too, that a connection was made."""
    opened: dict[str, Passage] = {}
    gone: set[int] = set()
    for each in found:
        if each.entry.sort == OPEN:
            first = opened.get(each.entry.station.lower())
            if first is not None and first.entry.end != each.entry.end and len(first.seqs) == 1:
                first.seqs.append(each.entry.seq)
                gone.add(id(each))
            else:
                opened[each.entry.station.lower()] = each
    return gone


def _tell_versions(lines: list[Passage], default: str) -> None:
    """The version of each line: as its station's connection was opened."""
    try:
        fallback: Version | None = version(default)
    except KeyError:
        fallback = None
    spoken: dict[str, Version] = {}
    for line in lines:
        entry = line.entry
        if entry.sort == OPEN and isinstance(entry.what, str):
            try:
                spoken[entry.station.lower()] = version(entry.what.partition(" ")[0])
            except KeyError:
                pass  # whatever opened it did not say
        line.version = spoken.get(entry.station.lower(), fallback)


def _join_answers(lines: list[Passage]) -> None:
    waiting: dict[tuple[str, str, str], Exchange] = {}
    opened: dict[str, float] = {}
    for line in lines:
        entry, parts = line.entry, line.parts
        station = entry.station.lower()
        if entry.sort == OPEN:
            opened[station] = entry.t
        if entry.sort != FRAME or line.state in (LOST, STOPPED) or len(parts) < 3:
            continue
        kind = line.kind
        if kind in ("call", "send") and isinstance(parts[1], str) and isinstance(parts[2], str):
            line.exchange = Exchange(
                station,
                line.version or VERSIONS[0],
                line.sender,
                parts[2],
                parts[3] if len(parts) > 3 else None,
                entry.seq,
                entry.t,
                opened.get(station),
                kind == "send",
            )
            if kind == "call":
                waiting[station, line.sender, parts[1]] = line.exchange
        elif kind in ("answer", "error") and isinstance(parts[1], str):
            caller = STATION if line.sender == CSMS else CSMS
            exchange = waiting.pop((station, caller, parts[1]), None)
            if exchange is not None:
                line.exchange = exchange
                exchange.answer_seq = entry.seq
                if kind == "error":
                    exchange.error = str(parts[2])
                else:
                    exchange.answer = parts[2]
