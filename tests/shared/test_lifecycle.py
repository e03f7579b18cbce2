"""Signals, in real processes, and what the exit status says afterwards."""

from __future__ import annotations

import asyncio
import importlib.util
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from shared.lifecycle import EXIT_STATUS, INTERRUPTED, TERMINATED, Shutdown

ROOT = Path(__file__).resolve().parents[2]
POSIX = pytest.mark.skipif(os.name == "nt", reason="sends POSIX signals to a child")

CHILD = """
import asyncio, sys, time
from shared.lifecycle import Shutdown

class Plain(asyncio.SelectorEventLoop):
    def add_signal_handler(self, *a): raise NotImplementedError

async def main(how):
    with Shutdown(lambda: print("draining", flush=True)) as shutdown:
        print("ready", flush=True)
        await shutdown.wait()
        if how == "hang":
            await asyncio.Event().wait()
        if how == "stuck":
            while True: pass
    print("ended", flush=True)
    return shutdown.status() if how == "run" else 0

loops = {"asyncio": asyncio.SelectorEventLoop, "plain": Plain}
if sys.argv[1] == "uvloop":
    import uvloop
    loops["uvloop"] = uvloop.new_event_loop
with asyncio.Runner(loop_factory=loops[sys.argv[1]]) as runner:
    sys.exit(runner.run(main(sys.argv[2])))
"""

LOOPS = [
    "asyncio",
    "plain",
    pytest.param(
        "uvloop", marks=pytest.mark.skipif(importlib.util.find_spec("uvloop") is None, reason="no uvloop")
    ),
]


def start(loop: str, how: str) -> subprocess.Popen[str]:
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, loop, how], stdout=subprocess.PIPE, text=True, cwd=ROOT
    )
    assert child.stdout is not None
    assert child.stdout.readline() == "ready\n"
    return child


@POSIX
@pytest.mark.parametrize("loop", LOOPS)
@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM])
def test_the_first_signal_drains_and_lets_the_program_end_by_itself(loop: str, signum: int) -> None:
    child = start(loop, "serve")
    child.send_signal(signum)
    out, _ = child.communicate(timeout=30)
    assert out == "draining\nended\n"
    assert child.returncode == 0


@POSIX
@pytest.mark.parametrize(("signum", "status"), [(signal.SIGINT, INTERRUPTED), (signal.SIGTERM, TERMINATED)])
def test_a_run_cut_short_tells_the_signal_in_its_exit_status(signum: int, status: int) -> None:
    child = start("asyncio", "run")
    child.send_signal(signum)
    child.communicate(timeout=30)
    assert child.returncode == status


@POSIX
@pytest.mark.parametrize("loop", LOOPS)
@pytest.mark.parametrize("how", ["hang", "stuck"])
@pytest.mark.parametrize(("signum", "status"), [(signal.SIGINT, INTERRUPTED), (signal.SIGTERM, TERMINATED)])
def test_the_second_signal_ends_at_once_even_when_the_loop_is_stuck(
    loop: str, how: str, signum: int, status: int
) -> None:
    child = start(loop, how)
    assert child.stdout is not None
    child.send_signal(signal.SIGINT)
    assert child.stdout.readline() == "draining\n"
    child.send_signal(signum)
    out, _ = child.communicate(timeout=30)
    assert out == ""
    assert child.returncode == status


class NoLoopHandlers(asyncio.SelectorEventLoop):
    """A loop without signal handlers, as on Windows."""

    def add_signal_handler(self, *_: Any) -> None:  # type: ignore[override]
        raise NotImplementedError


def in_loop(loop_factory: Any, ended: list[int], *signums: int) -> Shutdown:
    async def main() -> Shutdown:
        with Shutdown(end=ended.append) as shutdown:
            for signum in signums:
                signal.raise_signal(signum)
            await shutdown.wait()
            await asyncio.sleep(0)
            return shutdown

    with asyncio.Runner(loop_factory=loop_factory) as runner:
        return runner.run(main())


@POSIX
@pytest.mark.parametrize("loop", [asyncio.SelectorEventLoop, NoLoopHandlers])
def test_two_signals_before_the_loop_looks_are_still_two(loop: Any) -> None:
    ended: list[int] = []
    shutdown = in_loop(loop, ended, signal.SIGINT, signal.SIGTERM)
    assert ended == [TERMINATED]
    assert shutdown.signum == signal.SIGINT


@POSIX
@pytest.mark.parametrize("loop", [asyncio.SelectorEventLoop, NoLoopHandlers])
def test_the_handlers_found_are_put_back(loop: Any) -> None:
    before = [signal.getsignal(s) for s in (signal.SIGINT, signal.SIGTERM)]
    in_loop(loop, [], signal.SIGTERM)
    assert [signal.getsignal(s) for s in (signal.SIGINT, signal.SIGTERM)] == before


def test_a_request_of_our_own_is_no_signal_and_happens_once() -> None:
    calls: list[str] = []

    async def main() -> Shutdown:
        with Shutdown(lambda: calls.append("asked")) as shutdown:
            assert not shutdown.requested
            shutdown.request()
            shutdown.request()
            await shutdown.wait()
            return shutdown

    shutdown = asyncio.run(main())
    assert calls == ["asked"]
    assert shutdown.signum is None
    assert shutdown.status() == 0
    assert shutdown.status(undone=3) == 3


def test_off_the_main_thread_only_requests_work() -> None:
    seen: list[bool] = []

    async def main() -> None:
        with Shutdown() as shutdown:
            shutdown.request()
            await shutdown.wait()
            seen.append(shutdown.requested)

    thread = threading.Thread(target=lambda: asyncio.run(main()))
    thread.start()
    thread.join()
    assert seen == [True]


def test_every_exit_status_has_a_meaning() -> None:
    assert sorted(EXIT_STATUS) == [0, 1, 2, 3, 4, 70, 130, 143]
    assert all(EXIT_STATUS.values())
