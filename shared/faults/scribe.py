"""What a spoiled connection remembers of its messages, and what it writes into the journal about them."""

from __future__ import annotations

from typing import Any

from shared.faults.effects import IN, OUT, Frame, Message, names_of, read
from shared.faults.envelope import Handle
from shared.journal.journal import Journal
from shared.versions import Version

MOST_CALLS = 256
"""Calls whose action is remembered for their answers, in each direction."""

_LONGEST_SHOWN = 4096

Tale = list[tuple[Handle, str, Message | None]]
"""What was done to a message: by which fault, in words, and the text that came of it where it is another."""


class Memory:
    """Reads messages as frames: which call an answer belongs to, and which id came before."""

    __slots__ = ("_calls", "_last", "_version")

    def __init__(self, version: Version | None) -> None:
        self._version = version
        self._calls: dict[str, dict[str, tuple[str, ...]]] = {IN: {}, OUT: {}}
        self._last: dict[tuple[str, str], str] = {}

    def frame(self, direction: str, message: Message) -> Frame:
        """What `message` is, on its way in this direction."""
        parts, kind = read(message)
        if not kind:
            return Frame(message, direction, self._version)
        names = names_of(kind, parts)
        if kind in ("answer", "error"):
            names = self._calls[OUT if direction == IN else IN].get(parts[1], ())
        before = self._last.get((direction, kind), "")
        action = names[0] if names else ""
        return Frame(message, direction, self._version, tuple(parts), kind, parts[1], action, names, before)

    def remember(self, frame: Frame, names: tuple[str, ...] | None = None) -> None:
        """Answers to this call belong to it (`names`: whatever it is called now)."""
        calls = self._calls[frame.direction]
        calls[frame.id] = frame.names if names is None else names
        if len(calls) > MOST_CALLS:
            del calls[next(iter(calls))]

    def passed(self, frame: Frame) -> None:
        """Later messages come after this one."""
        if frame.id:
            self._last[frame.direction, frame.kind] = frame.id


class Scribe:
    """Writes the journal's entries of one connection."""

    __slots__ = ("_end", "_journal", "_station")

    def __init__(self, journal: Journal, end: str, station: str) -> None:
        self._journal = journal
        self._end = end
        self._station = station

    def frame(self, direction: str, message: Message, fault: str = "", ref: int = 0) -> int:
        """An entry for a frame: one that crossed the wire (in, out), or was held back; gives its number."""
        if fault or ref:
            return self._journal.spoiled(self._end, self._station, direction, message, fault=fault, ref=ref)
        return self._journal.frame(self._end, self._station, direction, message)

    @property
    def next(self) -> int:
        """The number that the next entry gets."""
        return self._journal.seq + 1

    def tell(self, ref: int, tale: Tale) -> None:
        """A note for each fault that was done to message `ref`."""
        for handle, words, changed in tale:
            detail = {} if changed is None else {"becomes": _shown(changed)}
            self.note("fault", f"{handle.name}: {words}", ref, fault=handle.name, **detail)

    def note(self, name: str, text: str, ref: int, **detail: Any) -> None:
        """A note on frame `ref`."""
        self._journal.note(self._station, name, text, end=self._end, ref=ref, **detail)


def _shown(message: Message) -> str:
    """A message as a note can hold it."""
    text = message if isinstance(message, str) else message.decode("utf-8", "backslashreplace")
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}... ({len(message)} in all)"
