"""What a foreign peer saw: the frames on its own side of the connection, below its library."""

from __future__ import annotations

import asyncio
import json
from typing import Any, NamedTuple

from websockets.asyncio.connection import Connection
from websockets.exceptions import ConnectionClosed

Payload = dict[str, Any]

CALL, RESULT, ERROR = 2, 3, 4

PATIENCE = 10.0
"""Seconds to wait for what must come."""


class Call(NamedTuple):
    """A call that came to the foreign peer."""

    action: str
    payload: Payload


class Seen:
    """A connection as `ocpp`'s ChargePoint wants it, which remembers what came and went.

    `calls`: what our program called; `answers`: how it answered, by action of the foreign call; an error is answered
    as its code.
    """

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.calls: list[Call] = []
        self.answers: list[tuple[str, Payload | str]] = []
        self._sent: dict[str, str] = {}
        self._cursor = 0
        self._news = asyncio.Event()

    async def recv(self) -> Any:
        """The next message, remembered."""
        text = await self.connection.recv()
        self._take(json.loads(text))
        return text

    async def send(self, text: str) -> None:
        """Send a message, remembered."""
        message = json.loads(text)
        if message[0] == CALL:
            self._sent[message[1]] = message[2]
        await self.connection.send(text)

    def _take(self, message: list[Any]) -> None:
        if message[0] == CALL:
            self.calls.append(Call(message[2], message[3]))
        elif message[0] in (RESULT, ERROR):
            self.answers.append((self._sent[message[1]], message[2]))
        self._news.set()

    async def hears(self, action: str, **members: Any) -> Payload:
        """Wait for the next call of `action` with these members (after what was heard before); gives its payload."""
        async with asyncio.timeout(PATIENCE):
            while True:
                for at in range(self._cursor, len(self.calls)):
                    call = self.calls[at]
                    if call.action == action and all(call.payload.get(k) == v for k, v in members.items()):
                        self._cursor = at + 1
                        return call.payload
                self._news.clear()
                await self._news.wait()

    def heard(self, action: str) -> list[Payload]:
        """The payloads of all calls of `action` so far."""
        return [call.payload for call in self.calls if call.action == action]

    def cut(self) -> None:
        """Cut the connection without a close frame."""
        self.connection.transport.abort()


async def read(station: Any) -> None:
    """Run a ChargePoint of `ocpp` until its connection ends; whatever else ends it is raised."""
    try:
        await station.start()
    except ConnectionClosed:
        pass


def at(seconds: float) -> str:
    """A timestamp of the foreign peer: so many seconds from ten o'clock on a day gone by."""
    minutes, rest = divmod(seconds, 60)
    return f"2026-01-01T10:{int(minutes):02d}:{rest:06.3f}Z"
