"""The life of `python -m charge_point`: dial, be a station, make the sessions asked for, sum up."""

from __future__ import annotations

import asyncio
import sys
from functools import partial
from typing import TYPE_CHECKING, Any

from charge_point.authorization import Token
from charge_point.connection import Connection
from charge_point.driver import Driver, Wish
from charge_point.making import backoff_of, setup_of, store_of, target_of, trust_files
from charge_point.station import Station
from shared import lifecycle
from shared.chance import Stream, fresh_run_id
from shared.clock import Clock
from shared.console import Console, Summary
from shared.dialer import Dialer, GaveUp
from shared.journal.files import JournalFile
from shared.journal.journal import Journal
from shared.lifecycle import Shutdown
from shared.option_fields import UsageError
from shared.running import run_until_stopped
from shared.streams import say
from shared.tasks import Tasks

if TYPE_CHECKING:
    from charge_point.options import ChargePointOptions


LAST_WORDS = 10.0
"""Seconds that a station which is told to stop gets to end its transactions and deliver their messages."""


def run(options: ChargePointOptions) -> int:
    """Be the station that `options` describe until done or stopped; gives the exit status."""
    return run_until_stopped("charge_point", options.log_level, partial(_until_stopped, options))


async def _until_stopped(options: ChargePointOptions, shutdown: Shutdown) -> int:
    run_id = options.run_id or fresh_run_id()
    journal = Journal(Clock.of_loop(asyncio.get_running_loop()))
    bugs: list[BaseException] = []
    tasks = Tasks(bugs.append)
    target = target_of(options)
    store = store_of(options)
    station = Station(
        options.id,
        setup_of(options, run_id),
        journal,
        tasks,
        version=options.ocpp_version[0],
        store=store,
    )
    if options.ca or options.insecure:
        trust_files(options, station)
    dialer = Dialer(
        target,
        lambda: backoff_of(options, station),
        Stream(options.seed, options.id, "dialling"),
        give_up_after=options.give_up_after,
        tell=lambda sentence, wait: _say(options, f"{sentence}; next attempt in {wait:.1f} s"),
    )
    connection = Connection(
        station,
        dialer,
        schema=options.schema,
        timeout=options.message_timeout,
        run_id=run_id,
        bugs=bugs,
        inject=options.inject,
    )
    summary = Summary(journal, end="charge_point")
    file = _journal_file(options, journal)
    console = Console(journal, sys.stderr, end="charge_point", level=options.log_level)
    driver = Driver(station, lambda words: _say(options, f"{options.id} = {words}"))
    try:
        status = await _until_done(options, station, connection, driver, shutdown)
    finally:
        await tasks.end()
        console.close()
        if file is not None:
            file.close()
        if store is not None:
            store.close()
    return _verdict(options, status, bugs, summary, station)


async def _until_done(
    options: ChargePointOptions,
    station: Station,
    connection: Connection,
    driver: Driver,
    shutdown: Shutdown,
) -> int:
    """Serve until a signal, the end of the sessions, or giving up; gives the status so far."""
    dialling = asyncio.ensure_future(connection.run())
    stopping = asyncio.ensure_future(shutdown.wait())
    typing = _typing(options, station, connection, shutdown)
    if options.generate:
        from charge_point.generator import Generator, habits

        station.part(Generator).start(habits(dict(options.generate)))
    driving = asyncio.ensure_future(_drive(options, driver)) if options.sessions else None
    waits = {dialling, stopping} | ({driving} if driving else set())
    try:
        while True:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            if dialling.done() and (problem := dialling.exception()) is not None:
                if isinstance(problem, GaveUp):
                    say(sys.stderr, f"charge_point: gave up: {problem}\n")
                    return lifecycle.NO_CONNECTION
                raise problem
            if driving is not None and driving.done() and driving in waits:
                as_asked = driving.result()
                if not options.stay:
                    return lifecycle.OK if as_asked else lifecycle.FAILED
                waits.discard(driving)
                continue
            if stopping.done():
                done = driving is None or driving.done()
                if not done or shutdown.signum is None:
                    return shutdown.status(lifecycle.OK)
                charged = all(result.as_asked for result in driver.results)
                return lifecycle.OK if charged else lifecycle.FAILED
            if dialling.done():
                return lifecycle.OK
    finally:
        connection.stop_dialling()
        await _ended(typing, driving)
        if stopping.done():
            await driver.go_home(LAST_WORDS)
        await connection.end()
        await _ended(stopping, dialling)


async def _ended(*tasks: asyncio.Task[Any] | None) -> None:
    """Cancel what still runs of `tasks`, and wait for it."""
    for task in tasks:
        if task is not None and not task.done():
            task.cancel()
            try:
                await task
            except asyncio.CancelledError:
                pass


async def _drive(options: ChargePointOptions, driver: Driver) -> bool:
    energy, duration = options.goal
    token = Token(options.token, options.token_type)
    wish = Wish(token, energy=energy or 0.0, duration=duration or 0.0)
    return await driver.sessions(wish, options.sessions)


def _typing(
    options: ChargePointOptions, station: Station, connection: Connection, shutdown: Shutdown
) -> asyncio.Task[None] | None:
    """What is typed or piped, unless the options say no or nobody is there to type."""
    wanted = options.interactive
    if wanted is False or (wanted is None and (sys.stdin is None or sys.stdin.closed)):
        return None
    from charge_point.terminal import serve_terminal

    return asyncio.ensure_future(serve_terminal(station, connection, shutdown.request))


def _verdict(
    options: ChargePointOptions, status: int, bugs: list[BaseException], summary: Summary, station: Station
) -> int:
    if options.log_level in ("debug", "info"):
        say(sys.stderr, summary.render(energy=lambda name: (station.sessions, station.charged)))
    if bugs:
        say(sys.stderr, f"charge_point: {len(bugs)} internal error(s); see the log above\n")
        return lifecycle.INTERNAL
    if status == lifecycle.OK and (options.fail_on_findings or options.strict) and summary.finding_count:
        return lifecycle.FAILED
    return status


def _journal_file(options: ChargePointOptions, journal: Journal) -> JournalFile | None:
    if not options.journal:
        return None
    try:
        return JournalFile(options.journal, journal, lambda sentence: _say(options, sentence))
    except OSError as problem:
        raise UsageError(f"--journal: {options.journal}: {problem.strerror}") from None


def _say(options: ChargePointOptions, words: str) -> None:
    if options.log_level != "error":
        say(sys.stderr, f"{words}\n")
