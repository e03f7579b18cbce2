"""The life of `replay` in either program: read the file, play it, list what was found, and end with a status."""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from shared import lifecycle
from shared.chance import fresh_run_id
from shared.clock import Clock, run_real
from shared.console import Console
from shared.journal.files import JournalFile
from shared.journal.journal import Journal
from shared.lifecycle import Shutdown
from shared.option_fields import UsageError
from shared.replay.compare import Rules
from shared.replay.play import Finding, Manner, Pace
from shared.replay.read import Unreadable, read
from shared.replay.recording import Recording
from shared.replay.replay import Replay, line
from shared.streams import complete, say
from shared.suggest import not_one_of

if TYPE_CHECKING:
    from shared.replay.options import ReplayOptions

Play = Callable[[Replay], Awaitable[None]]


class CannotReach(Exception):
    """Nobody to play to: the other side cannot be dialled, or we cannot listen."""


def run(role: str, options: ReplayOptions, play: Play) -> int:
    """Play the recording that `options` name with `play`; gives the exit status.

    `play` raises `CannotReach`, UsageError, or returns when the recording was played.
    """
    complete()
    logging.basicConfig(level=options.log_level.upper(), format="%(message)s", stream=sys.stderr)
    logging.getLogger("websockets").setLevel(logging.CRITICAL)
    try:
        recording = chosen(read(options.file), options.station)
        if recording.cut_short:
            say(sys.stderr, f"{recording.path}: the last line is only half there and is left out\n")
        return run_real(_live(role, options, recording, play))
    except (Unreadable, UsageError) as fault:
        say(sys.stderr, f"{role} replay: {fault}\n")
        return lifecycle.USAGE
    except Exception:
        logging.getLogger("ocpp").exception("a fault of our own; please report it with what you did")
        return lifecycle.INTERNAL


def chosen(recording: Recording, station: str | None) -> Recording:
    """The recording of one station only, when it is named. Raises UsageError when it is not in it."""
    if station is None:
        return recording
    if station not in recording.stations:
        words = not_one_of(station, f"a station of {recording.path}", recording.stations)
        raise UsageError(f"--station: {words}")
    return Recording(recording.path, recording.of(station), recording.versions, recording.cut_short)


def manner_of(role: str, options: ReplayOptions, tell: Callable[[Finding], object]) -> Manner:
    """How the options have a recording played."""
    return Manner(
        role,
        Pace(options.time_scale, options.as_fast_as_possible, options.message_timeout),
        Rules(options.ignore),
        options.keep_ids,
        options.keep_times,
        tell,
    )


async def _live(role: str, options: ReplayOptions, recording: Recording, play: Play) -> int:
    journal = Journal(Clock.of_loop(asyncio.get_running_loop()))
    with Shutdown() as shutdown:
        file = _journal_file(role, options, journal)
        console = Console(journal, sys.stderr, end=role, level=options.log_level)
        replay = Replay(
            recording,
            manner_of(role, options, lambda found: say(sys.stdout, f"{line(found, recording)}\n")),
            journal,
            seed=options.seed,
            run_id=options.run_id or fresh_run_id(),
            inject=options.inject,
        )
        try:
            return await _until_played(role, options, replay, play, shutdown)
        finally:
            await replay.close()
            console.close()
            if file is not None:
                file.close()


async def _until_played(
    role: str, options: ReplayOptions, replay: Replay, play: Play, shutdown: Shutdown
) -> int:
    playing = asyncio.ensure_future(play(replay))
    stopping = asyncio.ensure_future(shutdown.wait())
    await asyncio.wait((playing, stopping), return_when=asyncio.FIRST_COMPLETED)
    is_interrupted = not playing.done()
    for task in (playing, stopping):
        task.cancel()
    results = await asyncio.gather(playing, stopping, return_exceptions=True)
    if is_interrupted:
        return shutdown.status(lifecycle.FAILED)
    problem = results[0]
    if isinstance(problem, CannotReach):
        say(sys.stderr, f"{role} replay: {problem}\n")
        return lifecycle.NO_CONNECTION
    if isinstance(problem, BaseException):
        raise problem
    if replay.bugs:
        raise replay.bugs[0]
    count = len(replay.findings)
    frames = len(replay.recording.frames)
    words = "no difference" if not count else f"{count} difference{'s' if count > 1 else ''}"
    say(sys.stdout, f"played {frames} frames of {', '.join(replay.recording.stations)}: {words}\n")
    return lifecycle.FAILED if count and not options.tolerant else lifecycle.OK


def _journal_file(role: str, options: ReplayOptions, journal: Journal) -> JournalFile | None:
    if not options.journal:
        return None
    try:
        return JournalFile(
            options.journal, journal, lambda sentence: say(sys.stderr, f"{role} replay: {sentence}\n")
        )
    except OSError as problem:
        raise UsageError(f"--journal: {options.journal}: {problem.strerror}") from None
