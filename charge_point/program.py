"""The life of `python -m charge_point`: dial, be a station or many, make the sessions asked for, sum up."""

from __future__ import annotations

import asyncio
import sys
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from charge_point.making import setup_of, store_of
from charge_point.unit import Unit, ended
from shared import lifecycle
from shared.chance import fresh_run_id
from shared.clock import Clock
from shared.console import Console, Summary
from shared.journal.files import JournalFile
from shared.journal.journal import Journal
from shared.lifecycle import Shutdown
from shared.option_fields import UsageError
from shared.running import run_until_stopped
from shared.streams import say
from shared.tasks import Tasks

if TYPE_CHECKING:
    from charge_point.options import ChargePointOptions
    from charge_point.setup import StationSetup
    from charge_point.store import Store


def run(options: ChargePointOptions) -> int:
    """Be the station that `options` describe until done or stopped; gives the exit status."""
    return run_until_stopped("charge_point", options.log_level, partial(_until_stopped, options))


async def _until_stopped(options: ChargePointOptions, shutdown: Shutdown) -> int:
    journal = Journal(Clock.of_loop(asyncio.get_running_loop()))
    bugs: list[BaseException] = []
    tasks = Tasks(bugs.append)
    store = store_of(options)
    units = _units(options, journal, tasks, bugs, store)
    summary = Summary(journal, end="charge_point")
    file = _journal_file(options, journal)
    console = Console(journal, sys.stderr, end="charge_point", level=options.log_level)
    try:
        status = await _until_done(options, units, shutdown)
    finally:
        await tasks.end()
        console.close()
        if file is not None:
            file.close()
        if store is not None:
            store.close()
    return _verdict(options, status, bugs, summary, units)


def _units(
    options: ChargePointOptions,
    journal: Journal,
    tasks: Tasks,
    bugs: list[BaseException],
    store: Store | None,
) -> list[Unit]:
    """The stations, which share everything but their names."""
    run_id = options.run_id or fresh_run_id()
    each = [options]
    if options.stations is not None:
        from charge_point.fleet import options_of

        each = options_of(options)
    setup = setup_of(options, run_id)
    words = partial(_say, options)
    return [Unit(own, _of_its_own(setup, own), journal, tasks, bugs, store=store, say=words) for own in each]


def _of_its_own(setup: StationSetup, options: ChargePointOptions) -> StationSetup:
    """The one setup of all, or one that differs in the serial number."""
    serial = options.serial or ""
    return setup if setup.serial == serial else replace(setup, serial=serial)


async def _until_done(options: ChargePointOptions, units: list[Unit], shutdown: Shutdown) -> int:
    """Let every station live; gives the worst of their statuses."""
    stopping = asyncio.ensure_future(shutdown.wait())
    typing = _typing(options, units, shutdown)
    try:
        if len(units) == 1:
            return await units[0].live(stopping, shutdown, last=partial(ended, typing))
        from charge_point.fleet import worst

        lives = [
            asyncio.ensure_future(unit.live(stopping, shutdown, after=at * options.stagger))
            for at, unit in enumerate(units)
        ]
        try:
            return worst(await asyncio.gather(*lives))
        finally:  # one that broke ends all
            await ended(typing, *lives)
    finally:
        await ended(stopping)


def _typing(options: ChargePointOptions, units: list[Unit], shutdown: Shutdown) -> asyncio.Task[None] | None:
    """What is typed or piped, unless the options say no or nobody is there to type."""
    wanted = options.interactive
    if wanted is False or (wanted is None and (sys.stdin is None or sys.stdin.closed)):
        return None
    if options.stations is not None:
        from charge_point.fleet_terminal import serve_fleet

        return asyncio.ensure_future(serve_fleet(units, shutdown.request))
    from charge_point.terminal import serve_terminal

    return asyncio.ensure_future(serve_terminal(units[0].station, units[0].connection, shutdown.request))


def _verdict(
    options: ChargePointOptions, status: int, bugs: list[BaseException], summary: Summary, units: list[Unit]
) -> int:
    if options.log_level in ("debug", "info"):
        charged = {unit.station.id: (unit.station.sessions, unit.station.charged) for unit in units}
        say(sys.stderr, summary.render(energy=lambda name: charged.get(name, (0, 0.0))))
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
