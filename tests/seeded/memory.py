"""Connections of foreign peers in memory, so that they live in virtual time, with the exceptions of `websockets`."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from typing import Any, Protocol

import ocpp.messages
from websockets.exceptions import ConnectionClosedError

from shared.link import LinkClosed, MemoryLink

ocpp.messages.ASYNC_VALIDATION = False  # a thread that takes real time has no place in virtual time


class Connection(Protocol):
    """What the foreign peers use of a connection of `websockets`."""

    async def recv(self) -> Any:
        """The next message. Raises ConnectionClosed."""

    async def send(self, message: str) -> None:
        """Send a message. Raises ConnectionClosed."""

    async def close(self, code: int = 1000, reason: str = "") -> None:
        """End it."""


class MemoryConnection:
    """One end of a `MemoryLink`, with the exceptions of `websockets`."""

    def __init__(self, link: MemoryLink) -> None:
        self.link = link

    async def recv(self) -> Any:
        """The next message."""
        try:
            return await self.link.recv()
        except LinkClosed:
            raise ConnectionClosedError(None, None) from None

    async def send(self, message: str) -> None:
        """Send a message."""
        try:
            await self.link.send(message)
        except LinkClosed:
            raise ConnectionClosedError(None, None) from None

    async def close(self, code: int = 1000, reason: str = "") -> None:
        """End it."""
        await self.link.close(code, reason)


def numbered(prefix: str) -> Callable[[], str]:
    """Message ids that come out the same every time, as long as a UUID: `prefix`, and a number."""
    numbers = count(1)
    return lambda: f"{prefix}-{next(numbers):0{35 - len(prefix)}d}"
