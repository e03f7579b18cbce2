"""The journal: the one truth about what crossed the wire, bounded in memory, written down when asked.

The peer's tap records frames below everything that could change them; the layers above add notes that refer
to a frame by its number. Readers subscribe, or keep a cursor: an entry that was evicted before a cursor came by
is an error (`Evicted`), never a silent pass.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

from shared.clock import Clock
from shared.journal.entry import CLOSE, FRAME, NOTE, OPEN, Entry

Reader = Callable[[Entry], object]

DEFAULT_LIMIT = 10_000
MAX_BYTES = 64 * 1024 * 1024

_Plain = tuple[int, float, str, str, str, str, str | bytes]
"""The entry of a frame of which there is nothing more to say, as it is kept: its first seven members. Most entries are
that, and a plain tuple of strings and numbers is made in a third of the time, takes less memory, and is not walked by
the garbage collector as long as it lives."""


class Evicted(Exception):
    """Entries were dropped before this reader saw them."""


class Journal:
    """Frames and notes in order. Holds the last `limit` entries and at most `max_bytes` of frame text."""

    __slots__ = (
        "_bytes",
        "_elapsed",
        "_entries",
        "_max_bytes",
        "_readers",
        "clock",
        "last",
        "limit",
        "seq",
        "start",
    )

    def __init__(self, clock: Clock, *, limit: int = DEFAULT_LIMIT, max_bytes: int = MAX_BYTES) -> None:
        self.clock = clock
        self.limit = limit
        self.seq = 0
        self.start = clock.elapsed()
        self.last = self.start
        """When the newest frame was recorded, on the clock's elapsed scale."""
        self._elapsed = clock.elapsed
        self._max_bytes = max_bytes
        self._bytes = 0
        self._entries: deque[Entry | _Plain] = deque()
        self._readers: tuple[Reader, ...] = ()  # a tuple, so that a reader may leave while it is being told

    @property
    def epoch(self) -> float:
        """The Unix time at which `Entry.t` is zero."""
        return self.clock.epoch + self.start

    def frame(self, end: str, station: str, direction: str, what: str | bytes) -> int:
        """Record a frame that crossed the wire at `end`'s side; gives its number."""
        self.seq = seq = self.seq + 1
        self.last = now = self._elapsed()
        entries = self._entries
        plain = (seq, now - self.start, end, station, direction, FRAME, what)
        entries.append(plain)
        size = self._bytes + len(what)
        if len(entries) > self.limit:  # what nearly always happens, once there are so many
            size -= len(entries.popleft()[6])
        self._bytes = size
        if size > self._max_bytes:
            self._shrink()
        if self._readers:
            entry = Entry(*plain)
            for reader in self._readers:
                reader(entry)
        return seq

    def spoiled(
        self, end: str, station: str, direction: str, what: str | bytes, *, fault: str = "", ref: int = 0
    ) -> int:
        """Record a frame that a fault had to do with: one that it holds back (`held`), or what it put on the wire
        instead of frame `ref`."""
        self.seq = seq = self.seq + 1
        t = self._elapsed() - self.start
        self._add(Entry(seq, t, end, station, direction, FRAME, what, ref, fault))
        return seq

    def opened(self, end: str, station: str, text: str) -> int:
        """Record that a connection was made."""
        return self._event(end, station, OPEN, text)

    def closed(self, end: str, station: str, text: str) -> int:
        """Record that a connection ended, with its code and reason in words."""
        return self._event(end, station, CLOSE, text)

    def note(
        self,
        station: str,
        note: str,
        text: str = "",
        *,
        end: str = "",
        ref: int = 0,
        clause: str = "",
        **detail: Any,
    ) -> int:
        """Remark on the conversation, on frame `ref` if there is one. With a `clause` it is a finding."""
        self.seq = seq = self.seq + 1
        t = self._elapsed() - self.start
        self._add(Entry(seq, t, end, station, "", NOTE, text, ref, note, clause, detail or None))
        return seq

    def subscribe(self, reader: Reader) -> Callable[[], None]:
        """Call `reader` with each entry from now on, in order; gives the function that ends it."""
        self._readers = (*self._readers, reader)

        def leave() -> None:
            self._readers = tuple(r for r in self._readers if r is not reader)

        return leave

    def since(self, cursor: int) -> Iterator[Entry]:
        """The entries after number `cursor`, as of now. Raises `Evicted` when some of them are gone."""
        first = self.seq - len(self._entries) + 1
        if cursor + 1 < first:
            raise Evicted(
                f"entries {cursor + 1} to {first - 1} are no longer in the journal; raise its limit"
            )
        newest_first = islice(reversed(self._entries), max(self.seq - cursor, 0))
        copied = list(newest_first)[::-1]  # what comes while the caller reads moves nothing
        return map(_entry, copied)

    def __iter__(self) -> Iterator[Entry]:
        return map(_entry, self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def findings(self) -> list[Entry]:
        """The findings that are still in memory."""
        return [entry for entry in self._entries if type(entry) is Entry and entry.clause]

    def _event(self, end: str, station: str, sort: str, text: str) -> int:
        self.seq = seq = self.seq + 1
        self._add(Entry(seq, self._elapsed() - self.start, end, station, "", sort, text))
        return seq

    def _add(self, entry: Entry) -> None:
        entries = self._entries
        entries.append(entry)
        self._bytes += len(entry[6])
        self._shrink()
        for reader in self._readers:
            reader(entry)

    def _shrink(self) -> None:
        """Drop the oldest entries that are too many."""
        entries = self._entries
        while len(entries) > self.limit or (self._bytes > self._max_bytes and len(entries) > 1):
            self._bytes -= len(entries.popleft()[6])


def _entry(kept: Entry | _Plain) -> Entry:
    return kept if type(kept) is Entry else Entry(*kept)
