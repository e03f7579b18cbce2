"""Loops for scenarios over sockets: one that does not wait for what is far off, and one that runs faster.

Both ends of a pair are in one process, so that once its sockets have been silent for a moment nothing can come any
more, and time may jump to the next timer. With a foreign system time can only be scaled.
"""

from __future__ import annotations

import asyncio
import selectors
import time
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")

MOMENT = 0.004
"""Seconds of real time that the sockets must be silent for before time jumps."""


class PairLoop(asyncio.SelectorEventLoop):
    """Time stands still while the sockets talk, and jumps to the next timer when they are silent.

    They are listened to for a moment only when something was done with them since they were silent last: of the
    thousand timers of a night offline none has to wait.
    """

    def __init__(self) -> None:
        super().__init__(_PatientSelector())
        self._selector: _PatientSelector
        self._clock_resolution = 1e-6

    def time(self) -> float:
        return self._selector.now

    def _make_socket_transport(self, *arguments: Any, **more: Any) -> Any:
        """The transport of a connection, which tells the selector of what it writes."""
        transport: Any = super()._make_socket_transport(*arguments, **more)  # type: ignore[misc]
        write, end = transport.write, transport.write_eof

        def wrote(data: Any) -> None:
            self._selector.stirred = True
            write(data)

        def ended() -> None:
            self._selector.stirred = True
            end()

        transport.write, transport.write_eof = wrote, ended
        return transport

    def run_in_executor(self, executor: Any, func: Any, *args: Any) -> Any:  # type: ignore[override]
        """As ever; while a thread is at work time stands still."""
        future: Any = super().run_in_executor(executor, func, *args)
        self._selector.threads += 1
        future.add_done_callback(self._selector.thread_ended)
        return future


class _PatientSelector(selectors.DefaultSelector):
    """Knows the time. `stirred`: the sockets may have something to say; `threads`: how many are at work."""

    now = 0.0
    stirred = True
    threads = 0

    def thread_ended(self, future: Any) -> None:
        """A thread is done."""
        self.threads -= 1

    def register(self, *arguments: Any, **more: Any) -> Any:
        self.stirred = True
        return super().register(*arguments, **more)

    def unregister(self, *arguments: Any, **more: Any) -> Any:
        self.stirred = True
        return super().unregister(*arguments, **more)

    def modify(self, *arguments: Any, **more: Any) -> Any:
        self.stirred = True
        return super().modify(*arguments, **more)

    def select(self, timeout: float | None = None) -> Any:
        if timeout == 0:
            ready = super().select(0)
        elif timeout is None or self.threads:
            ready = super().select(None)
        else:
            ready = super().select(MOMENT if self.stirred else 0)
        self.stirred = bool(ready) or (self.stirred and timeout == 0)
        if not ready and timeout:
            self.now += max(timeout, 0.0)
        return ready


class ScaledLoop(asyncio.SelectorEventLoop):
    """A second of the loop's lasts `1 / scale` of a real one."""

    def __init__(self, scale: float) -> None:
        self._scale = scale
        super().__init__(_ScaledSelector(scale))
        self._clock_resolution = 1e-6

    def time(self) -> float:
        return time.monotonic() * self._scale


class _ScaledSelector(selectors.DefaultSelector):
    def __init__(self, scale: float) -> None:
        super().__init__()
        self._scale = scale

    def select(self, timeout: float | None = None) -> Any:
        return super().select(None if timeout is None else timeout / self._scale)


def run_over_sockets(main: Coroutine[Any, Any, T]) -> T:
    """Run `main`, in which both ends of every socket are, to its end."""
    with asyncio.Runner(loop_factory=PairLoop) as runner:
        return runner.run(main)


def run_scaled(main: Coroutine[Any, Any, T], scale: float) -> T:
    """Run `main` with its time `scale` times as fast as real time."""
    if scale == 1:
        from shared.clock import run_real

        return run_real(main)
    with asyncio.Runner(loop_factory=lambda: ScaledLoop(scale)) as runner:
        return runner.run(main)
