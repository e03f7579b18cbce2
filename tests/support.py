"""What tests share: marks over the versions, runners for virtual and real time, and peers joined in memory."""

from __future__ import annotations

import asyncio
import inspect
import signal
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from types import FrameType
from typing import Any, TypeVar

import pytest

from shared.clock import Clock, run_real, run_virtual
from shared.dispatch import Handler
from shared.journal.entry import Entry
from shared.journal.journal import Journal
from shared.link import Link, MemoryLink
from shared.peer import Peer, Setting
from shared.tasks import Tasks
from shared.versions import V2X, VERSIONS, Version

T = TypeVar("T")

WALL_CLOCK_LIMIT = 120.0
"""Seconds of real time after which a coroutine test fails, whatever its own clock says."""

each_version = pytest.mark.parametrize("version", VERSIONS, ids=str)
each_2x = pytest.mark.parametrize("version", V2X, ids=str)


class OverTime(KeyboardInterrupt):
    """A test outlived `WALL_CLOCK_LIMIT`. No `Exception`, so that no event loop swallows it in a callback."""


def in_virtual_time(main: Coroutine[Any, Any, T]) -> T:
    """Run `main` on a fresh virtual loop; an error that nobody awaited fails the caller."""
    with _not_for_ever(WALL_CLOCK_LIMIT):
        return run_virtual(_watched(main))


def in_real_time(main: Coroutine[Any, Any, T]) -> T:
    """Run `main` on the real loop that the programs use, for at most `WALL_CLOCK_LIMIT`."""

    async def limited() -> T:
        async with asyncio.timeout(WALL_CLOCK_LIMIT):
            return await main

    with _not_for_ever(WALL_CLOCK_LIMIT + 5):  # for a loop that does not come round any more
        return run_real(_watched(limited()))


async def until(condition: Callable[[], object], *, rounds: int = 10_000) -> None:
    """Let the loop turn until `condition()` holds, without any time passing in virtual time."""
    for _ in range(rounds):
        if condition():
            return
        await asyncio.sleep(0)
    raise AssertionError(f"never came true in {rounds} turns of the loop: {condition}")


async def eventually(condition: Callable[[], object], *, within: float = 60.0) -> None:
    """The same over sockets: look every few milliseconds, and fail after `within` seconds."""
    async with asyncio.timeout(within):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.002)


async def _watched(main: Coroutine[Any, Any, T]) -> T:
    """`main`, failing when the loop was told of an error that nothing else would report."""
    told: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: told.append(context))
    result = await main
    if told:
        raise AssertionError(f"the loop was told: {told}") from told[0].get("exception")
    return result


@contextmanager
def _not_for_ever(seconds: float) -> Iterator[None]:
    rung = False

    def ring(number: int, frame: FrameType | None) -> None:
        nonlocal rung
        rung = True
        raise OverTime

    if not hasattr(signal, "setitimer"):  # Windows
        yield
        return
    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    except (OverTime, RuntimeError):
        # RuntimeError: the alarm hit the loop between taking a callback and running it, so that the task which it
        # should have woken waits for ever, and virtual time stands still while the loop is wound up
        if not rung:
            raise
        pytest.fail(f"still running after {seconds:g} s of real time")
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


class End:
    """One peer with a journal and tasks of its own, and what went wrong in it that is ours."""

    def __init__(
        self, link: Link, end: str, version: Version, handlers: dict[str, Any], **setting: Any
    ) -> None:
        self.journal = Journal(Clock.of_loop(asyncio.get_running_loop()))
        self.bugs: list[BaseException] = []
        self.tasks = Tasks(self.bugs.append)
        self.setting = Setting(end, self.journal, self.tasks, crashed=self.bugs.append, **setting)
        table = {
            action: Handler(function, inspect.iscoroutinefunction(function))
            for action, function in handlers.items()
        }
        self.peer = Peer(link, version, table, self, self.setting, station="CP1", id_prefix=f"{end[0]}-")
        self.running = asyncio.create_task(self.peer.run())

    def notes(self) -> list[str]:
        """The names of the notes, in order."""
        return [entry.note for entry in self.journal if entry.sort == "note"]

    def note(self, name: str) -> Entry:
        """The only note of that name."""
        (note,) = [entry for entry in self.journal if entry.note == name]
        return note

    def frame(self, number: int) -> str | bytes:
        """The frame with that number in the journal."""
        (entry,) = [entry for entry in self.journal if entry.seq == number]
        assert entry.sort == "frame"
        return entry.what


@asynccontextmanager
async def one_end(
    version: Version, handlers: dict[str, Any] | None = None, *, end: str = "csms", **setting: Any
) -> AsyncIterator[tuple[End, MemoryLink]]:
    """A peer, and the other end of its link in the hands of the test."""
    theirs, ours = MemoryLink.pair()
    made = End(ours, end, version, handlers or {}, **setting)
    yield made, theirs
    theirs.abort()
    await made.running
    await made.tasks.end()


@asynccontextmanager
async def both_ends(
    version: Version, at_csms: dict[str, Any], at_station: dict[str, Any], **setting: Any
) -> AsyncIterator[tuple[End, End]]:
    """Two peers that talk to each other, the CSMS's first."""
    one, two = MemoryLink.pair()
    csms = End(one, "csms", version, at_csms, **setting)
    station = End(two, "charge_point", version, at_station, **setting)
    yield csms, station
    one.abort()
    for end in (csms, station):
        await end.running
        await end.tasks.end()
