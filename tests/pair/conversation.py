"""What two peers said to each other: calls with their answers, read off one journal as they come."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from scripts.verdict import dig
from shared.journal.entry import CLOSE, FRAME, IN, Entry
from shared.journal.journal import Journal

Payload = dict[str, Any]
Fields = Mapping[str, Any]
"""Dotted paths (`eventData.0.actualValue`) and what is wanted there: a value, or a test of it."""

STATION, CSMS = "charge_point", "csms"

ANYTHING = "*"
"""In place of an error: answered, with whatever."""


class Fact:
    """A test of a value, with words for it."""

    def __init__(self, words: str, holds: Callable[[Any], bool]) -> None:
        self.words = words
        self.holds = holds

    def __repr__(self) -> str:
        return self.words


ANY = Fact("anything", lambda value: True)


def one_of(*values: object) -> Fact:
    """A value that is one of these."""
    return Fact(" or ".join(map(repr, values)), lambda value: value in values)


@dataclass(frozen=True)
class Said:
    """A call that is wanted: by whom, with which members, and which answer (or the code of its CALLERROR)."""

    action: str
    request: Fields
    answer: Fields
    by: str = STATION
    error: str = ""

    def __str__(self) -> str:
        answer = self.error or (dict(self.answer) if self.answer else "any answer")
        return f"{self.by}: {self.action} {dict(self.request)} => {answer}"

    def met_by(self, exchange: Exchange) -> bool:
        """Whether `exchange` is that call, answered."""
        return (
            (exchange.action, exchange.by) == (self.action, self.by)
            and exchange.answer_seq > 0
            and self.error in (exchange.error, ANYTHING)
            and _fits(self.request, exchange.request)
            and _fits(self.answer, exchange.answer)
        )


def said(
    action: str, request: Fields | None = None, answer: Fields | None = None, *, error: str = ""
) -> Said:
    """A call of the station."""
    return Said(action, request or {}, answer or {}, STATION, error)


def asked(
    action: str, request: Fields | None = None, answer: Fields | None = None, *, error: str = ""
) -> Said:
    """A call of the CSMS."""
    return Said(action, request or {}, answer or {}, CSMS, error)


@dataclass
class Exchange:
    """A call and, once it came, its answer. `seq`, `answer_seq`: the journal's numbers; `at`: its seconds."""

    seq: int
    at: float
    by: str
    action: str
    request: Payload
    answer: Payload | None = None
    error: str = ""
    answer_seq: int = 0
    lost: bool = False
    """The connection ended before the answer came."""

    @property
    def is_over(self) -> bool:
        """Whether no answer is to be waited for any more."""
        return self.lost or self.answer_seq > 0

    def __str__(self) -> str:
        answer = self.error or ("no answer yet" if not self.answer_seq else str(self.answer))
        arrow = ">" if self.by == STATION else "<"
        return f"{self.at:9.3f} {arrow} {self.action} {self.request} => {answer}"


class Conversation:
    """The exchanges in a station's journal, in the order of the calls, and a cursor behind the last one looked for."""

    def __init__(self, journal: Journal) -> None:
        self.exchanges: list[Exchange] = []
        self.cursor = 0
        self._open: dict[tuple[str, str], Exchange] = {}
        self._news = asyncio.Event()
        journal.subscribe(self._take)

    def find(self, wanted: Said) -> Exchange | None:
        """The next exchange behind the cursor that is `wanted`; the cursor moves behind it."""
        for at in range(self.cursor, len(self.exchanges)):
            if wanted.met_by(self.exchanges[at]):
                self.cursor = at + 1
                return self.exchanges[at]
        return None

    async def wait_for(self, wanted: Said, within: float) -> Exchange:
        """The same, waiting for it; AssertionError with what was said instead."""
        try:
            async with asyncio.timeout(within):
                while (found := self.find(wanted)) is None:
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            raise AssertionError(
                f"not within {within:g} s: {wanted}\nbut:\n{self.text(self.cursor)}"
            ) from None
        return found

    def of(self, action: str, by: str = STATION, since: int = 0) -> list[Exchange]:
        """All calls of `action` so far, from exchange number `since` on."""
        return [e for e in self.exchanges[since:] if e.action == action and e.by == by]

    def text(self, since: int = 0) -> str:
        """What was said, a line for each exchange; of much only the end."""
        lines = [str(exchange) for exchange in self.exchanges[since:]]
        return "\n".join(line[:300] for line in lines[-30:]) or "nothing"

    def _take(self, entry: Entry) -> None:
        if entry.sort == CLOSE:
            for exchange in self._open.values():
                exchange.lost = True
            self._open.clear()
        elif entry.sort == FRAME:
            self._take_frame(entry)

    def _take_frame(self, entry: Entry) -> None:
        kind, parts = entry.kind, entry.parts()
        inward = entry.dir == IN
        if kind == "call":
            by = CSMS if inward else STATION
            exchange = Exchange(entry.seq, entry.t, by, parts[2], parts[3])
            self.exchanges.append(exchange)
            self._open[by, parts[1]] = exchange
        elif kind in ("answer", "error"):
            answered = self._open.pop((STATION if inward else CSMS, parts[1]), None)
            if answered is not None:
                answered.answer_seq = entry.seq
                answered.answer = parts[2] if kind == "answer" else None
                answered.error = parts[2] if kind == "error" else ""
        self._news.set()


_NOWHERE = dig({}, "nowhere")


def _fits(fields: Fields, payload: Payload | None) -> bool:
    for path, wanted in fields.items():
        actual = dig(payload, path)
        if actual is _NOWHERE or not (wanted.holds(actual) if isinstance(wanted, Fact) else wanted == actual):
            return False
    return True
