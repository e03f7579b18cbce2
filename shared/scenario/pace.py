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
    """Time stands still while the sockets talk, and jumps to the next timer when they are silent."""

    def __init__(self) -> None:
        super().__init__(_PatientSelector())
        self._selector: _PatientSelector
        self._clock_resolution = 1e-6

    def time(self) -> float:
        return self._selector.now


class _PatientSelector(selectors.DefaultSelector):
    now = 0.0

    def select(self, timeout: float | None = None) -> Any:
        ready = super().select(0 if timeout == 0 else MOMENT)
        if ready or timeout == 0:
            return ready
        if timeout is None:
            return super().select(None)
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
