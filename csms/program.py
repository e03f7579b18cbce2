"""The life of `python -m csms`: listen, say so, serve until told to stop, sum up."""

from __future__ import annotations

import asyncio
import sys
from functools import partial
from typing import TYPE_CHECKING

from csms.making import admission_of, csms_of, listen, tls_of
from shared import lifecycle
from shared.clock import Clock
from shared.console import Console, Summary
from shared.journal.files import JournalFile
from shared.journal.journal import Journal
from shared.lifecycle import Shutdown
from shared.option_fields import UsageError
from shared.running import run_until_stopped
from shared.streams import say

if TYPE_CHECKING:
    from csms.files_servers import FileServers
    from csms.options import CsmsOptions
    from csms.server import Csms
    from csms.state import State

DRAIN = 30.0
"""Seconds that connections get to close after the first signal."""

_EVERY_ADDRESS = ("0.0.0.0", "::")

_ODD_EVENTS = ("seqno_gap", "seqno_duplicate", "late_event")
"""What the ledger notes of transaction messages that are missing, came again or came late."""


def run(options: CsmsOptions) -> int:
    """Serve with `options` until stopped; gives the exit status."""
    return run_until_stopped("csms", options.log_level, partial(_until_stopped, options))


async def _until_stopped(options: CsmsOptions, shutdown: Shutdown) -> int:
    admission, tls = admission_of(options), tls_of(options)
    journal = Journal(Clock.of_loop(asyncio.get_running_loop()))
    csms = csms_of(options, journal)
    summary = Summary(journal, end="csms")
    file = _journal_file(options, journal)
    state = _state(options, csms)
    console = Console(journal, sys.stderr, end="csms", level=options.log_level)
    files = _files(csms, options)
    try:
        if files is not None:
            await files.begin(tls)
        try:
            port = await listen(csms, options, admission, tls)
        except OSError as problem:
            say(sys.stderr, f"csms: {_cannot_listen(options, problem)}\n")
            return lifecycle.NO_CONNECTION
        url = f"{'wss' if tls else 'ws'}://{_shown(options.host)}:{port}"
        say(
            sys.stdout,
            "".join(f"{line}\n" for line in (f"listening on {url}", *(files.lines if files else ()))),
        )
        if options.log_level in ("debug", "info"):
            say(sys.stderr, _welcome(options, url))
        typing = _typing(csms, options, shutdown, console)
        await shutdown.wait()
        if typing is not None:
            typing.cancel()
        try:
            async with asyncio.timeout(DRAIN):
                await csms.stop()
        except TimeoutError:
            say(sys.stderr, f"csms: not every connection had closed within {DRAIN:g} s\n")
    finally:
        if files is not None:
            await files.stop()
        console.close()
        for kept in (file, state):
            if kept is not None:
                kept.close()
    return verdict(options, csms, summary)


def verdict(options: CsmsOptions, csms: Csms, summary: Summary) -> int:
    """The table at the end, and the status: 70 for a bug of ours, 1 for what the options call a failure."""
    if options.log_level in ("debug", "info"):
        say(sys.stderr, summary.render(energy=csms.energy))
    if csms.bugs:
        say(sys.stderr, f"csms: {len(csms.bugs)} internal error(s); see the log above\n")
        return lifecycle.INTERNAL
    failed = (options.strict or options.fail_on_findings) and summary.finding_count > 0
    if options.strict:
        failed |= any(outcome.ok is False for outcome in csms.outcomes)
        failed |= any(csms.ledger.counts.get(name) for name in _ODD_EVENTS)
    return lifecycle.FAILED if failed else lifecycle.OK


def _typing(
    csms: Csms, options: CsmsOptions, shutdown: Shutdown, console: Console
) -> asyncio.Task[None] | None:
    """What is typed or piped becomes commands, unless the options say no or nobody is there to type."""
    wanted = options.interactive
    if wanted is False or (wanted is None and (sys.stdin is None or sys.stdin.closed)):
        return None
    from csms.terminal import serve_terminal

    return csms.tasks.spawn(serve_terminal(csms, shutdown.request, console))


def _files(csms: Csms, options: CsmsOptions) -> FileServers | None:
    if options.files is None:
        return None
    from csms.files_servers import FileServers

    return FileServers(csms, options)


def _journal_file(options: CsmsOptions, journal: Journal) -> JournalFile | None:
    if not options.journal:
        return None
    try:
        return JournalFile(options.journal, journal, lambda sentence: say(sys.stderr, f"csms: {sentence}\n"))
    except OSError as problem:
        raise UsageError(f"--journal: {options.journal}: {problem.strerror}") from None


def _state(options: CsmsOptions, csms: Csms) -> State | None:
    if not options.state:
        return None
    import sqlite3

    from csms.state import State

    try:
        state = State(options.state, lambda sentence: say(sys.stderr, f"csms: {sentence}\n"))
        state.keep(csms)
    except (OSError, sqlite3.Error, ValueError, KeyError) as problem:
        raise UsageError(f"--state: {options.state}: cannot be used: {problem}") from None
    return state


def _cannot_listen(options: CsmsOptions, problem: OSError) -> str:
    import errno

    where = f"{options.host}:{options.port}"
    if problem.errno == errno.EADDRINUSE:
        return (
            f"{where} is in use by another program; stop it, or take another port (--port 0 takes a free one)"
        )
    if problem.errno == errno.EACCES:
        return f"{where}: no permission to listen there; ports below 1024 want special rights"
    if problem.errno == errno.EADDRNOTAVAIL or "getaddrinfo" in str(problem) or problem.errno is None:
        return f"{where}: this machine has no such address; try --host 127.0.0.1 or 0.0.0.0"
    return f"cannot listen on {where}: {problem.strerror or problem}"


def _without_query(url: str) -> str:
    return url.partition("?")[0]  # a key may stand there


def _shown(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _welcome(options: CsmsOptions, url: str) -> str:
    versions = ", ".join(version.name for version in options.versions)
    if options.host in _EVERY_ADDRESS:  # no charger can dial that
        import socket

        url = url.replace(_shown(options.host), socket.gethostname(), 1)
    if options.forward is not None:
        return (
            f"OCPP {versions}; give a charger the URL {url}/ with its id at the end, as in {url}/CP1\n"
            f"everything is handed on to {_without_query(options.forward)}, and answered there\n"
            "type 'help' for what can be done here, Ctrl+C to stop\n"
        )
    return (
        f"OCPP {versions}; give a charger the URL {url}/ with its id at the end, as in {url}/CP1\n"
        f"tokens: {options.auth_mode}{' (Authorize fails: --offline)' if options.offline else ''}; "
        f"boots: {', '.join(options.boot_statuses)}\n"
        "type 'help' for what can be done here, Ctrl+C to stop\n"
    )
