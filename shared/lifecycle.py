"""How both programs end: what their exit status means, and what SIGINT and SIGTERM do.

The first signal drains: no new work, what is under way is finished, connections are closed. The second ends
the process at once with 128+n, even when the event loop is stuck.
"""

from __future__ import annotations

import asyncio
import gc
import os
import signal
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Final

OK: Final = 0
FAILED: Final = 1
USAGE: Final = 2
NO_CONNECTION: Final = 3
INCONCLUSIVE: Final = 4
INTERNAL: Final = 70
INTERRUPTED: Final = 130
TERMINATED: Final = 143

EXIT_STATUS: Final[dict[int, str]] = {
    OK: "everything asked for happened (a server: stopped as told)",
    FAILED: "a check, a session or a run failed",
    USAGE: "wrong usage, configuration or scenario",
    NO_CONNECTION: "could not connect or listen",
    INCONCLUSIVE: "inconclusive",
    INTERNAL: "a fault of our own",
    INTERRUPTED: "interrupted by SIGINT before what was asked for had happened",
    TERMINATED: "ended by SIGTERM before what was asked for had happened",
}
"""Every exit status of both programs, with what it tells a script."""

SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)

Ending = Callable[[int], object]


def spare_collector() -> None:
    """Have the garbage collector run less often than it does by default; to be called once, before the loop runs.

    Stations and sessions live long and in their thousands: walking them again and again is 40 % of the time in which
    5,000 of them connect. What the imports made is never walked again. Garbage is still found: a full collection is
    due after a million new objects, not seventy thousand; of connections that come and go that is some fifty MiB.
    """
    gc.freeze()
    gc.set_threshold(10_000, 10, 10)


class Shutdown:
    """The request to stop, by a signal or by the program itself; owns the signal handlers while entered.

        with Shutdown() as shutdown:
            await shutdown.wait()          # until the first SIGINT or SIGTERM, or shutdown.request()

    `on_request` is called in the loop when the stop is asked for, with no arguments. Enter it inside the running
    loop. Off the main thread, where Python allows no handlers, only `request` works.
    """

    def __init__(self, on_request: Callable[[], object] | None = None, *, end: Ending = os._exit) -> None:
        self.signum: int | None = None
        """The signal that asked to stop, or None."""
        self._requested = asyncio.Event()
        self._on_request = on_request
        self._end = end
        self._loop: asyncio.AbstractEventLoop | None = None
        self._looped: list[signal.Signals] = []
        self._before: dict[signal.Signals, signal._HANDLER] = {}

    @property
    def requested(self) -> bool:
        """Whether somebody asked to stop."""
        return self._requested.is_set()

    async def wait(self) -> None:
        """Return once somebody asked to stop."""
        await self._requested.wait()

    def request(self) -> None:
        """Ask to stop, as the first signal does; asking again changes nothing."""
        if self._requested.is_set():
            return
        self._requested.set()
        if self._on_request is not None:
            self._on_request()

    def status(self, undone: int | None = None) -> int:
        """The exit status of a run cut short by a signal: 128+n, else `undone` (0 when not given)."""
        if self.signum is not None:
            return 128 + self.signum
        return OK if undone is None else undone

    def __enter__(self) -> Shutdown:
        self._loop = asyncio.get_running_loop()
        for signum in SIGNALS:
            try:
                self._install(self._loop, signum)
            except ValueError:  # not the main thread
                break
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._release()
        for signum, handler in self._before.items():
            signal.signal(signum, handler)
        self._before.clear()
        self._loop = None

    def _install(self, loop: asyncio.AbstractEventLoop, signum: signal.Signals) -> None:
        before = signal.getsignal(signum)
        try:
            loop.add_signal_handler(signum, self._first, signum)
            self._looped.append(signum)
        except (NotImplementedError, RuntimeError):
            # Windows, and loops that are not asyncio's own: a plain handler, which may only talk to the loop
            # through call_soon_threadsafe
            signal.signal(signum, self._plain)
        if before is not None:  # None: installed by C code, nothing that we could put back
            self._before[signum] = before

    def _first(self, signum: int) -> None:
        if self.signum is not None:  # both signals waited for the loop: the second means it
            self._end(128 + signum)
            return
        self.signum = signum
        # from here on without the loop, so that a second signal also ends a loop that is stuck
        self._release()
        for each in self._before:
            signal.signal(each, self._at_once)
        self.request()

    def _plain(self, signum: int, frame: FrameType | None) -> None:
        if self.signum is not None:
            self._end(128 + signum)
            return
        self.signum = signum
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self.request)

    def _at_once(self, signum: int, frame: FrameType | None) -> None:
        self._end(128 + signum)

    def _release(self) -> None:
        for signum in self._looped:
            if self._loop is not None and not self._loop.is_closed():
                self._loop.remove_signal_handler(signum)
        self._looped.clear()
