"""Time: timestamps from the event loop, and a loop on which waiting takes no time.

Protocol time is a `Clock`: an epoch plus the loop's own time, so that whatever drives the loop drives the
timestamps. `VirtualLoop` jumps to the next timer whenever nothing is ready: an hour passes in milliseconds and
takes the same course every time. Transport time (WebSocket pings, close timeouts) is the real loop's.
"""

from __future__ import annotations

import asyncio
import os
import re
import selectors
import time
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

T = TypeVar("T")

VIRTUAL_EPOCH = 1_767_261_600.0
"""When virtual time begins: 2026-01-01T10:00:00Z, always."""


MAX_TIMESTAMP = 64
_LEAP_SECOND = re.compile(r"(.{10,16}:)60(.*)")
_UNIX = datetime.fromtimestamp(0, UTC)

_second = 0
_prefix = ""
_millisecond = -1
_text = ""


def text(seconds: float) -> str:
    """Unix seconds as RFC 3339 in UTC with three decimals (2.x part 2 §3.1: at most three, `Z` advised)."""
    global _second, _prefix, _millisecond, _text
    milliseconds = int(seconds * 1000 + 0.5)
    if milliseconds == _millisecond and _text:  # a loop under load asks for the same one many times
        return _text
    whole, rest = divmod(milliseconds, 1000)
    if whole != _second or not _prefix:  # most timestamps fall in the second of the one before
        _prefix = time.strftime("%Y-%m-%dT%H:%M:%S.", time.gmtime(whole))
        _second = whole
    _millisecond = milliseconds
    _text = f"{_prefix}{rest:03d}Z"
    return _text


class Clock:
    """Protocol time. `epoch` is the Unix time at which the loop's time is zero; `offset` (s) sets it askew."""

    __slots__ = ("elapsed", "epoch", "offset")

    def __init__(self, elapsed: Callable[[], float], epoch: float) -> None:
        self.elapsed = elapsed
        """Seconds on the loop's own scale: for durations. Called three times for each message."""
        self.epoch = epoch
        self.offset = 0.0

    @classmethod
    def of_loop(cls, loop: asyncio.AbstractEventLoop) -> Clock:
        """The clock of `loop`: true time on a real loop, counted from `VIRTUAL_EPOCH` on a virtual one."""
        epoch = VIRTUAL_EPOCH if isinstance(loop, VirtualLoop) else time.time() - loop.time()
        return cls(loop.time, epoch)

    def askew(self) -> Clock:
        """Another clock with the same source, whose `offset` can be set without touching this one."""
        return Clock(self.elapsed, self.epoch)

    def time(self) -> float:
        """Unix seconds."""
        return self.epoch + self.offset + self.elapsed()

    def now(self) -> str:
        """The present as a wire timestamp."""
        return text(self.epoch + self.offset + self.elapsed())

    text = staticmethod(text)


def microseconds(seconds: float) -> str:
    """Unix seconds as RFC 3339 in UTC with six decimals: the form of journal lines."""
    moment = _UNIX + timedelta(seconds=seconds)
    return f"{moment.isoformat(timespec='microseconds')[:-6]}Z"


def parse(wire: str) -> float:
    """Unix seconds of an ISO 8601 date and time, with or without fraction and offset (1.6 §3.14-3.15).

    One without an offset is taken as UTC; a leap second (RFC 3339 §5.7) as the second after it. Raises ValueError
    for anything else.
    """
    if not isinstance(wire, str) or not 13 <= len(wire) <= MAX_TIMESTAMP:
        raise ValueError(f"{str(wire)[:MAX_TIMESTAMP]!r} is not a timestamp")
    upper = wire.upper()  # RFC 3339 §5.6: "t" and "z" may be lower case
    leap = _LEAP_SECOND.fullmatch(upper) if ":60" in upper else None
    moment = datetime.fromisoformat(f"{leap[1]}59{leap[2]}" if leap else upper)
    seconds = ((moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - _UNIX).total_seconds()
    return seconds + 1 if leap else seconds


def between(earlier: str, later: str) -> float:
    """Seconds from one wire timestamp to another, as `parse` reads them. Raises ValueError."""
    try:
        return (datetime.fromisoformat(later) - datetime.fromisoformat(earlier)).total_seconds()
    except (
        TypeError,
        ValueError,
    ):  # one of them has no offset, a leap second, a lower-case letter, or is none
        return parse(later) - parse(earlier)


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop whose time jumps to the next timer as soon as nothing else is ready."""

    def __init__(self) -> None:
        super().__init__(_JumpingSelector())
        self._selector: _JumpingSelector
        # a timer fires when it is due within this; below the spacing of floats (2e-9 after 100 days) it never would
        self._clock_resolution = 1e-6

    def time(self) -> float:
        return self._selector.now


class _JumpingSelector(selectors.DefaultSelector):
    """Never waits: the time it was to wait is added to `now`."""

    now = 0.0

    def select(self, timeout: float | None = None) -> Any:
        ready = super().select(0)
        if ready or timeout == 0:
            return ready
        if timeout is None:
            raise RuntimeError("virtual time stands still: everything waits and no timer is set")
        self.now += timeout
        return ready


def run_virtual(main: Coroutine[Any, Any, T]) -> T:
    """Run `main` to its end on a fresh `VirtualLoop`, and give its result."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(main)


def run_real(main: Coroutine[Any, Any, T]) -> T:
    """Run `main` to its end on uvloop where it exists, else on asyncio's own loop."""
    _hold_standard_descriptors()
    factory: Callable[[], asyncio.AbstractEventLoop] | None
    try:
        from uvloop import new_event_loop as factory
    except ImportError:
        factory = None
    with asyncio.Runner(loop_factory=factory) as runner:
        return runner.run(main)


def _hold_standard_descriptors() -> None:
    """Open what the caller closed of 0, 1 and 2 (`<&-`): libuv aborts when it closes a socket with such a number."""
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # the lowest free number is this one
