"""One direction of a spoiled connection: what waits to pass, in order, and what stands aside for others to overtake."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

from shared.faults.effects import Close, Cut, Deliver, Effect, Message, Stall
from shared.faults.envelope import Handle

EARLY = 1e-5
"""Seconds by which a timer may fire before its time (a loop's clock has a resolution): what is due then passes. Else
the timer would be set again for the same moment, and on a virtual clock for ever."""


@dataclass(eq=False, slots=True)
class Item:
    """One delivery or act on its way. `ref` is the journal's number of the message that it comes from."""

    effect: Effect
    ref: int
    handles: tuple[Handle, ...] = ()
    fault: str = ""
    """What the journal calls it when it passes; "" for a message as it was."""
    recorded: bool = False
    """Whether the journal has it already as what crossed the wire."""
    due: float = 0.0
    order: int = 0
    behind: int = 0

    @property
    def text(self) -> Message | None:
        """The message, None for an act."""
        return self.effect.text if isinstance(self.effect, Deliver) else None

    @property
    def act(self) -> Close | Cut | Stall | None:
        """What is done to the connection instead."""
        return None if isinstance(self.effect, Deliver) else self.effect


class Lane:
    """Owns what waits in one direction. It knows no clock: every question brings its time (seconds of the loop)."""

    __slots__ = ("_aside", "_free", "_line", "_order", "blocked")

    def __init__(self) -> None:
        self._line: deque[Item] = deque()
        self._aside: list[Item] = []
        self._free = 0.0  # when a slow line has passed what it has taken
        self._order = 0
        self.blocked = False
        """Whether nothing passes for now."""

    def __len__(self) -> int:
        return len(self._line) + len(self._aside)

    def __iter__(self) -> Iterator[Item]:
        return iter(sorted([*self._line, *self._aside], key=lambda item: item.order))

    @property
    def is_free(self) -> bool:
        """Whether what comes now passes at once."""
        return not self._line and not self.blocked

    @property
    def holder(self) -> Handle | None:
        """Whose doing it is that what comes now must wait."""
        held = (item.handles[-1] for item in self._line if item.handles)
        return next(held, None)

    def put(self, item: Item, now: float) -> None:
        """Take up an item that comes now."""
        self._order += 1
        item.order = self._order
        effect = item.effect
        item.due = now
        if isinstance(effect, Deliver):
            item.due += effect.after
            item.behind = effect.behind
            if effect.takes:
                item.due = self._free = max(item.due, self._free) + effect.takes
            if effect.aside:
                self._aside.append(item)
                return
        self._line.append(item)

    def pop(self, now: float) -> Item | None:
        """The item that passes next, if one does so by now."""
        item = self._first()
        if self.blocked or item is None or item.due > now + EARLY:
            return None
        if self._line and item is self._line[0]:
            self._line.popleft()
        else:
            self._aside.remove(item)
        if item.text is not None:
            for other in self._aside:
                if other.behind and item.order > other.order:
                    other.behind -= 1
                    if not other.behind:
                        other.due = min(other.due, now)
        return item

    def next_due(self) -> float | None:
        """When something passes if nothing else happens; None when nothing will."""
        item = self._first()
        return None if self.blocked or item is None else item.due

    def release(self, now: float, handle: Handle | None = None) -> None:
        """Let what `handle` holds back (all if None) pass now, in its order."""
        self._free = min(self._free, now)
        for item in (*self._line, *self._aside):
            if handle is None or handle in item.handles:
                item.due = min(item.due, now)
                item.behind = 0

    def clear(self, *, aside_only: bool = False) -> list[Item]:
        """Forget what waits; gives it, in order."""
        gone = self._aside[:] if aside_only else list(self)
        self._aside.clear()
        if not aside_only:
            self._line.clear()
        return gone

    def _first(self) -> Item | None:
        """The first of the line, or one aside that is due before it."""
        candidates = [*self._aside, *([self._line[0]] if self._line else [])]
        return min(candidates, key=lambda item: (item.due, item.order), default=None)
