"""A plain `websockets` echo, both ends: what the wire itself costs, on the same loop as ours."""

from __future__ import annotations

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
        """Open `count` connections."""
        for _ in range(count):
            connection = await connect(
                f"ws://127.0.0.1:{port}/", compression=None, ping_interval=None, proxy=None
            )
            self._connections.append(connection)

    async def trips(self, action: str, count: int, stations: int = 1) -> float:
        """There and back, `count` times over one connection; gives the seconds."""
        connection, text = self._connections[0], echo_frame(action)
        begun = time.perf_counter()
        for _ in range(count):
            await connection.send(text)
            await connection.recv()
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
