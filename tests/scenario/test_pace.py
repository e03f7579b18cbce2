"""Time over real sockets, when both ends are in this process."""

from __future__ import annotations

import asyncio
import selectors
import threading
from typing import Any

import pytest

from shared.scenario.pace import run_over_sockets


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long the selector was asked to wait, each time that it was to wait."""
    asked: list[float] = []
    original = selectors.DefaultSelector.select

    def select(self: Any, timeout: float | None = None) -> Any:
        if timeout:
            asked.append(timeout)
        return original(self, timeout)

    monkeypatch.setattr(selectors.DefaultSelector, "select", select)
    return asked


def test_timers_are_not_waited_for_while_the_sockets_have_nothing_to_say(waits: list[float]) -> None:
    async def main() -> float:
        for _ in range(100):
            await asyncio.sleep(60)
        return asyncio.get_running_loop().time()

    assert run_over_sockets(main()) == pytest.approx(6000)
    assert len(waits) <= 2


def test_time_does_not_jump_before_what_was_written_has_come() -> None:
    async def main() -> tuple[bytes, float]:
        async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            while line := await reader.readline():
                writer.write(line)
            writer.close()

        server = await asyncio.start_server(echo, "127.0.0.1", 0)
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        await asyncio.sleep(60)  # silent since
        writer.write(b"are you there?\n")
        line = await reader.readline()
        writer.write_eof()
        line += await reader.read()
        at = asyncio.get_running_loop().time()
        server.close()
        return line, at

    async def beside_a_timer() -> tuple[bytes, float]:
        timer = asyncio.create_task(asyncio.sleep(3600))
        try:
            return await main()
        finally:
            timer.cancel()

    line, at = run_over_sockets(beside_a_timer())
    assert line == b"are you there?\n"
    assert at == pytest.approx(60)


def test_time_stands_still_while_a_thread_is_at_work() -> None:
    async def main() -> float:
        gate = threading.Event()
        loop = asyncio.get_running_loop()
        timer = asyncio.create_task(asyncio.sleep(3600))
        work = loop.run_in_executor(None, gate.wait)
        loop.call_soon(gate.set)
        await work
        timer.cancel()
        return loop.time()

    assert run_over_sockets(main()) == 0.0
