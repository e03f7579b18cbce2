"""What carries text between two peers: the protocol, and a link in memory for tests and pairs."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sized
from typing import Protocol

NORMAL, GOING_AWAY, ABNORMAL = 1000, 1001, 1006


class LinkClosed(Exception):
    """The link has ended: the WebSocket close code (1006: without a close frame) and reason (RFC 6455 §7.4)."""

    def __init__(self, code: int, reason: str = "") -> None:
        super().__init__(f"{code} {reason}".rstrip())
        self.code = code
        self.reason = reason


class TextBytes(bytes):
    """Bytes that travel as a text frame, UTF-8 or not."""

    __slots__ = ()


class Link(Protocol):
    """One end of a connection that moves whole messages."""

    async def recv(self) -> str | bytes:
        """The next message, for one reader at a time. Raises `LinkClosed`.

        It is bytes for a binary frame, and for text that is not UTF-8.
        """

    async def send(self, text: str | bytes) -> None:
        """Send one message (bytes as a binary frame). Raises `LinkClosed`."""

    async def close(self, code: int = NORMAL, reason: str = "") -> None:
        """End the connection. Never raises."""

    def abort(self) -> None:
        """Cut the connection without a word, as a lost network does."""


class PromptLink(Link, Protocol):
    """A link that can send without a wait, as long as what is below takes it."""

    def send_at_once(self, text: str) -> bool:
        """Send one message; False when that would take a wait, or cannot be done: then nothing was sent."""


class TellingLink(Link, Protocol):
    """A link that can hand over a message the moment it is there, without waking up who waits for it in `recv`."""

    def tell(self, hear: Callable[[str], bool] | None) -> None:
        """Call `hear` (None: nobody) with each text from now on that comes while somebody waits in `recv` and is
        what `recv` would give next. Where it gives False, or raises, `recv` gives the text, or raises that."""


class QueueingLink(Link, Protocol):
    """A link that shows what has come over it and was not read yet."""

    waiting: Sized
    """What `recv` would give without a wait; anything in it is at least a part of a message."""


class RecordingLink(Link, Protocol):
    """A link over another that writes into the journal by itself what crosses the wire below it."""

    ref: int
    """The journal's number of the frame that `recv` gave last."""

    def came(self, message: str | bytes) -> None:
        """Take up a message that was read from the link below before this one was put over it."""

    def forsake(self) -> None:
        """Nobody reads any more."""


class MemoryLink:
    """One end of a pair without sockets: what one end sends, the other receives at once and in order."""

    __slots__ = ("_ended", "_other", "_reader", "waiting")

    def __init__(self) -> None:
        self.waiting: deque[str | bytes] = deque()
        self._reader: asyncio.Future[None] | None = None
        self._ended: LinkClosed | None = None
        self._other: MemoryLink = self

    @classmethod
    def pair(cls) -> tuple[MemoryLink, MemoryLink]:
        """Two ends that talk to each other."""
        one, two = cls(), cls()
        one._other, two._other = two, one
        return one, two

    async def recv(self) -> str | bytes:
        while not self.waiting:
            if self._ended is not None:
                raise LinkClosed(self._ended.code, self._ended.reason)
            self._reader = asyncio.get_running_loop().create_future()
            try:
                await self._reader
            finally:
                self._reader = None
        return self.waiting.popleft()

    async def send(self, text: str | bytes) -> None:
        if self._ended is not None:
            raise LinkClosed(self._ended.code, self._ended.reason)
        self._other._take(text)

    def send_at_once(self, text: str) -> bool:
        if self._ended is not None:
            return False
        self._other._take(text)
        return True

    async def close(self, code: int = NORMAL, reason: str = "") -> None:
        for end in (self, self._other):
            end._end(code, reason)

    def abort(self) -> None:
        for end in (self, self._other):
            end._end(ABNORMAL, "")

    def _take(self, text: str | bytes) -> None:
        self.waiting.append(text)
        self._wake()

    def _end(self, code: int, reason: str) -> None:
        if self._ended is None:
            self._ended = LinkClosed(code, reason)
            self._wake()

    def _wake(self) -> None:
        if self._reader is not None and not self._reader.done():
            self._reader.set_result(None)
