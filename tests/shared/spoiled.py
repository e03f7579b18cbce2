"""A link with faults over it in memory and virtual time, its far end in the hands of a test."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from shared.clock import Clock
from shared.faults import Faults
from shared.faults.link import FaultyLink
from shared.journal.entry import Entry
from shared.journal.journal import Journal
from shared.link import Link, LinkClosed, MemoryLink
from shared.tasks import Tasks
from shared.versions import V16, Version

Message = str | bytes
Seen = tuple[float, Message]


def call(number: int, action: str = "Heartbeat", payload: Any = None) -> str:
    """A call with the id c<number>."""
    return json.dumps([2, f"c{number}", action, payload or {}], separators=(",", ":"))


def answer(number: int, payload: Any = None) -> str:
    """Its answer."""
    return json.dumps([3, f"c{number}", payload or {}], separators=(",", ":"))


def error(number: int) -> str:
    """Its refusal."""
    return json.dumps([4, f"c{number}", "InternalError", "", {}], separators=(",", ":"))


class Wire:
    """`near` is spoiled by `faults`, `far` is the naked other end."""

    def __init__(self, faults: Faults, near: FaultyLink, far: MemoryLink, begun: float) -> None:
        self.faults = faults
        self.near = near
        self.far = far
        self.begun = begun

    @property
    def journal(self) -> Journal:
        return self.faults.journal

    def now(self) -> float:
        return round(asyncio.get_running_loop().time() - self.begun, 3)

    async def listen(self, link: Link, seconds: float) -> list[Seen]:
        """What `link` gives within so many seconds, each with the second at which it came; the end is no error."""
        seen: list[Seen] = []
        try:
            async with asyncio.timeout(seconds):
                while True:
                    seen.append((0.0, await link.recv()))
                    seen[-1] = (self.now(), seen[-1][1])
        except (TimeoutError, LinkClosed):
            return seen

    async def sent(self, *messages: Message, seconds: float = 100.0) -> list[Seen]:
        """What arrives at the far end of what is sent here one after another."""
        for message in messages:
            await self.near.send(message)
        return await self.listen(self.far, seconds)

    async def handed(self, *messages: Message, seconds: float = 100.0) -> list[Seen]:
        """What is handed over here of what the far end sends."""
        for message in messages:
            await self.far.send(message)
        return await self.listen(self.near, seconds)

    async def through(self, direction: str, *messages: Message, seconds: float = 100.0) -> list[Seen]:
        """Either of the two."""
        return await (self.sent if direction == "out" else self.handed)(*messages, seconds=seconds)

    def frames(self, direction: str) -> list[Message]:
        """The frames of that direction in the journal ("held", too)."""
        return [entry.what for entry in self.journal if entry.sort == "frame" and entry.dir == direction]

    def notes(self, name: str = "fault") -> list[Entry]:
        """The notes of that name."""
        return [entry for entry in self.journal if entry.sort == "note" and entry.note == name]


@asynccontextmanager
async def wire(*specs: Any, seed: int = 0, end: str = "csms", version: Version = V16) -> AsyncIterator[Wire]:
    """A wire with these faults in force; nothing may be left running at its end."""
    loop = asyncio.get_running_loop()
    bugs: list[BaseException] = []
    tasks = Tasks(bugs.append)
    journal = Journal(Clock.of_loop(loop))
    faults = Faults(journal, tasks, end, seed=seed)
    for spec in specs:
        faults.add(spec)
    ours, theirs = MemoryLink.pair()
    near = faults.link(ours, "CP1", version)
    yield Wire(faults, near, theirs, loop.time())
    near.forsake()
    await tasks.end()
    assert not bugs, bugs
