"""A plain `websockets` echo, both ends: what the wire itself costs, on the same loop as ours."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from scripts.benchmarks.payloads import echo_frame


class Echo:
    """Either end."""

    def __init__(self) -> None:
        self._connections: list[ClientConnection] = []

    async def listen(self, **ignored: Any) -> int:
        """Send back what comes; gives the port."""
        self._server = await serve(_echo, "127.0.0.1", 0, compression=None, ping_interval=None, backlog=4096)
        port: int = next(iter(self._server.sockets)).getsockname()[1]
        return port

    async def connect(self, port: int, count: int, width: int, **ignored: Any) -> None:
        """Open `count` connections, `width` at a time."""
        left = iter(range(count))

        async def one_after_another() -> None:
            for _ in left:
                connection = await connect(
                    f"ws://127.0.0.1:{port}/", compression=None, ping_interval=None, proxy=None
                )
                self._connections.append(connection)

        await asyncio.gather(*(one_after_another() for _ in range(min(width, count))))

    async def trips(self, action: str, count: int, stations: int = 1, width: int = 0) -> float:
        """There and back, `count` times, spread over so many connections, `width` (all) at once; gives seconds."""
        text, width = echo_frame(action), width or stations
        chosen = self._connections[:stations]
        begun = time.perf_counter()
        await asyncio.gather(*(_trips(chosen[at::width], text, count // width) for at in range(width)))
        return time.perf_counter() - begun

    async def settle(self) -> None:
        """Nothing is under way."""

    async def leave(self) -> None:
        """Close every connection."""
        connections, self._connections = self._connections, []
        for connection in connections:
            await connection.close()


async def _echo(connection: ServerConnection) -> None:
    try:
        while True:
            await connection.send(await connection.recv())
    except ConnectionClosed:
        pass


async def _trips(connections: list[ClientConnection], text: str, count: int) -> None:
    """So many times there and back, one after another, over each connection in turn."""
    for number in range(count):
        connection = connections[number % len(connections)]
        await connection.send(text)
        await connection.recv()
