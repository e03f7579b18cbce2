"""One station of the program with its way to the CSMS and its driver: from the first dialling to the last message."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from charge_point.authorization import Token
from charge_point.connection import Connection
from charge_point.driver import Driver, Wish
from charge_point.making import backoff_of, target_of, trust_files
from charge_point.station import Station
from shared import lifecycle
from shared.chance import Stream
from shared.dialer import Dialer, GaveUp
from shared.lifecycle import Shutdown
from shared.streams import say

if TYPE_CHECKING:
    from charge_point.options import ChargePointOptions
    from charge_point.setup import StationSetup
    from charge_point.store import Store
    from shared.journal.journal import Journal
    from shared.tasks import Tasks

LAST_WORDS = 10.0
"""Seconds that a station which is told to stop gets to end its transactions and deliver their messages."""


class Unit:
    """A station that dials by itself. `options` are its own; journal, tasks, store and `bugs` are those of all."""

    __slots__ = ("connection", "driver", "options", "station")

    def __init__(
        self,
        options: ChargePointOptions,
        setup: StationSetup,
        journal: Journal,
        tasks: Tasks,
        bugs: list[BaseException],
        *,
        store: Store | None = None,
        say: Callable[[str], object] = lambda words: None,
    ) -> None:
        self.options = options
        self.station = Station(
            options.id, setup, journal, tasks, version=options.ocpp_version[0], store=store
        )
        if options.ca or options.insecure:
            trust_files(options, self.station)
        station = self.station
        dialer = Dialer(
            target_of(options),
            lambda: backoff_of(options, station),
            Stream(options.seed, options.id, "dialling"),
            give_up_after=options.give_up_after,
            tell=lambda sentence, wait: say(f"{sentence}; next attempt in {wait:.1f} s"),
        )
        self.connection = Connection(
            station,
            dialer,
            schema=options.schema,
            timeout=options.message_timeout,
            run_id=setup.run_id,
            bugs=bugs,
            inject=options.inject,
        )
        self.driver = Driver(station, lambda words: say(f"{options.id} = {words}"))

    async def live(
        self,
        stopping: asyncio.Future[Any],
        shutdown: Shutdown,
        *,
        after: float = 0.0,
        last: Callable[[], Any] | None = None,
    ) -> int:
        """Serve until `stopping`, the end of the sessions, or giving up; gives the exit status.

        It dials after so many seconds; `last`, awaited, comes before the station is taken down.
        """
        if after:
            await asyncio.wait({stopping}, timeout=after)
        options, connection = self.options, self.connection
        dialling = asyncio.ensure_future(connection.run())
        if options.generate:
            from charge_point.generator import Generator
            from charge_point.generator_habits import habits

            self.station.part(Generator).start(habits(dict(options.generate)))
        driving = asyncio.ensure_future(self._drive()) if options.sessions else None
        try:
            return await self._until_done(dialling, driving, stopping, shutdown)
        finally:
            connection.stop_dialling()
            if last is not None:
                await last()
            await ended(driving)
            if stopping.done():
                await self.driver.go_home(LAST_WORDS)
            await connection.end()
            await ended(dialling)

    async def _until_done(
        self,
        dialling: asyncio.Future[None],
        driving: asyncio.Future[bool] | None,
        stopping: asyncio.Future[Any],
        shutdown: Shutdown,
    ) -> int:
        waits: set[asyncio.Future[Any]] = {dialling, stopping} | ({driving} if driving else set())
        while True:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            if dialling.done() and (problem := dialling.exception()) is not None:
                if isinstance(problem, GaveUp):
                    say(sys.stderr, f"charge_point: gave up: {problem}\n")
                    return lifecycle.NO_CONNECTION
                raise problem
            if driving is not None and driving.done() and driving in waits:
                as_asked = driving.result()
                if not self.options.stay:
                    return lifecycle.OK if as_asked else lifecycle.FAILED
                waits.discard(driving)
                continue
            if stopping.done():
                done = driving is None or driving.done()
                if not done or shutdown.signum is None:
                    return shutdown.status(lifecycle.OK)
                charged = all(result.as_asked for result in self.driver.results)
                return lifecycle.OK if charged else lifecycle.FAILED
            if dialling.done():
                return lifecycle.OK

    async def _drive(self) -> bool:
        energy, duration = self.options.goal
        token = Token(self.options.token, self.options.token_type)
        wish = Wish(token, energy=energy or 0.0, duration=duration or 0.0)
        return await self.driver.sessions(wish, self.options.sessions)


async def ended(*tasks: asyncio.Future[Any] | None) -> None:
    """Cancel what still runs of `tasks`, and wait for it."""
    for task in tasks:
        if task is not None and not task.done():
            task.cancel()
            try:
                await task
            except asyncio.CancelledError:
                pass
