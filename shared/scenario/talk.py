"""The conversation as one end saw it: messages read off the journal as they come, calls with their answers."""

from __future__ import annotations

import asyncio
from typing import Any

from shared.journal.entry import CLOSE, FRAME, HELD, IN, NOTE, OPEN, Entry
from shared.journal.journal import Journal

CHARGE_POINT, CSMS = "charge_point", "csms"


class Message:
    """One message on the wire, or what was noted of one. `by` is who sent it.

    `answer` is the answer or CALLERROR to a call; `request` the call that an answer belongs to. Of an error `action`
    is the code, and `payload` has code, description and details.
    """

    __slots__ = (
        "action",
        "answer",
        "at",
        "by",
        "id",
        "kind",
        "payload",
        "request",
        "seq",
        "since",
        "station",
        "t",
        "text",
    )

    def __init__(self, entry: Entry, at: int, kind: str, by: str, action: str, payload: Any, id: str) -> None:
        self.seq = entry.seq
        self.t = entry.t
        self.station = entry.station
        self.text = entry.what if isinstance(entry.what, str) else entry.what.decode(errors="replace")
        self.at = at
        self.kind = kind
        self.by = by
        self.action = action
        self.payload = payload
        self.id = id
        self.answer: Message | None = None
        self.request: Message | None = None
        self.since = 0.0
        """When the connection began that it came over, in the journal's seconds; 0 for a station's first one."""

    @property
    def is_call(self) -> bool:
        """Whether it is a call, or a SEND."""
        return self.kind in ("call", "send")

    def __str__(self) -> str:
        arrow = ">" if self.by == CHARGE_POINT else "<"
        text = self.text if len(self.text) <= 160 else f"{self.text[:157]}..."
        return f"#{self.seq} {self.t:.3f} {self.station} {arrow} {text}"


class Talk:
    """All messages that `end` saw, by station; whoever waits for news is woken by each."""

    def __init__(self, journal: Journal, end: str) -> None:
        self.end = end
        self.journal = journal
        self.of: dict[str, list[Message]] = {}
        self._open: dict[tuple[str, str, str], Message] = {}
        self._began: dict[str, float] = {}
        self._waiting: list[asyncio.Future[None]] = []
        for entry in journal:  # a station under test was there before
            self._take(entry)
        self._leave = journal.subscribe(self._take)

    def close(self) -> None:
        """Listen no longer."""
        self._leave()

    def station(self, name: str) -> list[Message]:
        """The messages of one station so far, a list that grows."""
        return self.of.setdefault(name, [])

    async def news(self) -> None:
        """Wait for the next message, or note."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(future)
        await future

    def last(self, station: str, count: int = 10) -> tuple[str, ...]:
        """The last messages of a station in words."""
        return tuple(str(message) for message in self.station(station)[-count:])

    def _take(self, entry: Entry) -> None:
        if entry.end != self.end or entry.dir == HELD:
            return
        if entry.sort == FRAME:
            message = self._frame(entry)
        else:
            message = self._made(
                entry, entry.sort, CSMS if self.end == CSMS else CHARGE_POINT, entry.note, None, ""
            )
            if entry.sort == OPEN:
                self._began[entry.station] = entry.t if entry.station in self._began else 0.0
            elif entry.sort == NOTE:
                message.payload = {"note": entry.note, "text": entry.what, "clause": entry.clause}
            elif entry.sort == CLOSE:
                for key in [key for key in self._open if key[0] == entry.station]:
                    del self._open[key]
        message.since = self._began.get(entry.station, 0.0)
        waiting, self._waiting = self._waiting, []
        for future in waiting:
            if not future.done():
                future.set_result(None)

    def _made(self, entry: Entry, kind: str, by: str, action: str, payload: Any, id: str) -> Message:
        messages = self.station(entry.station)
        message = Message(entry, len(messages), kind, by, action, payload, id)
        messages.append(message)
        return message

    def _frame(self, entry: Entry) -> Message:
        other = CSMS if self.end == CHARGE_POINT else CHARGE_POINT
        by = other if entry.dir == IN else self.end
        kind, parts = entry.kind, entry.parts()
        id = parts[1] if len(parts) > 1 and isinstance(parts[1], str) else ""
        if kind in ("call", "send") and len(parts) > 3 and isinstance(parts[2], str):
            message = self._made(entry, kind, by, parts[2], parts[3], id)
            if kind == "call":
                self._open[entry.station, by, id] = message
            return message
        if kind == "answer" and len(parts) > 2:
            message = self._made(entry, kind, by, "", parts[2], id)
        elif kind in ("error", "answer_error") and len(parts) > 2:
            words = dict(zip(("code", "description", "details"), parts[2:], strict=False))
            message = self._made(entry, kind, by, str(parts[2]), words, id)
        else:
            return self._made(entry, "unreadable", by, "", None, id)
        request = self._open.pop((entry.station, other if by == self.end else self.end, id), None)
        if request is not None and kind != "answer_error":
            request.answer, message.request = message, request
        return message
