"""When commands go out: after a delay, every period, or one after the other; once for each station.

A station's timetable begins at its first connection (or its first boot, or first accepted boot: `start_on`), and goes
on across reconnects: what is due while the station is away waits for it. `rearm` begins it anew on every
connection, as the mock server to surpass does, where a Reset then loops for ever.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from csms.session import Session
    from shared.versions import Version

ON_CONNECT, ON_BOOT, ON_ACCEPTED = "connect", "boot", "accepted"


class Step(NamedTuple):
    """One thing to send: `delay` seconds after the step before it had ended; a command's name with its options,
    or, with `raw`, a call as JSON text."""

    name: str
    options: str = ""
    delay: float = 0.0
    raw: str = ""
    awaited: bool = True
    """Whether the next step waits for the answer to this one."""
    versions: tuple[Version, ...] = ()
    """The only versions that it is for; of none, all."""


Conduct = Callable[["Session", Step], Awaitable[object]]


class Timetable:
    """The steps for every station. `conduct` sends one; it reports its outcome itself and does not raise.

    With a `period` the steps are repeated for ever, but for raw calls; their delay is then the period.
    """

    def __init__(
        self,
        steps: tuple[Step, ...],
        conduct: Conduct,
        *,
        period: float | None = None,
        start_on: str = ON_CONNECT,
        rearm: bool = False,
    ) -> None:
        self._steps = steps
        self._conduct = conduct
        self._period = period
        self._start_on = start_on
        self._rearm = rearm
        self._running: dict[str, _Course] = {}

    def connected(self, session: Session) -> None:
        """A station has connected."""
        course = self._running.get(session.station.id)
        if course is not None and not self._rearm:
            course.here(session)
        elif self._start_on == ON_CONNECT:
            self._begin(session)

    def booted(self, session: Session, status: str) -> None:
        """A BootNotification was answered with `status`."""
        course = self._running.get(session.station.id)
        # with `rearm` the course of a connection that was replaced, and has not ended yet, is none of this one's
        if course is not None and (not self._rearm or course.session is session):
            return
        if self._start_on == ON_BOOT or (self._start_on == ON_ACCEPTED and status == "Accepted"):
            self._begin(session)

    def gone(self, session: Session) -> None:
        """A connection has ended."""
        course = self._running.get(session.station.id)
        if course is not None and course.session is session:
            course.session = None
            if self._rearm:
                del self._running[session.station.id]
                course.task.cancel()

    def _begin(self, session: Session) -> None:
        if not self._steps:
            return
        older = self._running.pop(session.station.id, None)
        if older is not None:
            older.task.cancel()
        course = self._running[session.station.id] = _Course(session)
        course.task = session.csms.tasks.spawn(self._follow(course))

    async def _follow(self, course: _Course) -> None:
        again = False
        while True:
            for step in self._steps:
                if again and step.raw:
                    continue  # only what has a period is repeated
                await asyncio.sleep(step.delay)
                session = await course.present()
                if not step.versions or session.version in step.versions:
                    await self._conduct(session, step)
            if self._period is None:
                return
            again = True


class Timetables:
    """Several timetables, each with its own start."""

    def __init__(self, *tables: Timetable) -> None:
        self._tables = tables

    def connected(self, session: Session) -> None:
        """A station has connected."""
        for table in self._tables:
            table.connected(session)

    def booted(self, session: Session, status: str) -> None:
        """A BootNotification was answered with `status`."""
        for table in self._tables:
            table.booted(session, status)

    def gone(self, session: Session) -> None:
        """A connection has ended."""
        for table in self._tables:
            table.gone(session)


class _Course:
    """How far one station is in the timetable."""

    __slots__ = ("_arrival", "session", "task")

    task: asyncio.Task[None]

    def __init__(self, session: Session) -> None:
        self.session: Session | None = session
        self._arrival: asyncio.Future[None] | None = None

    def here(self, session: Session) -> None:
        self.session = session
        if self._arrival is not None and not self._arrival.done():
            self._arrival.set_result(None)

    async def present(self) -> Session:
        """The station's session, as soon as it is connected."""
        while self.session is None:
            self._arrival = asyncio.get_running_loop().create_future()
            await self._arrival
        return self.session
