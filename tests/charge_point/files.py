"""A network in memory for stations: files that a test serves, and what was stored."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator
from typing import Any

from shared.transfer import TransferFailed


class Files:
    """A `Transport`. `served`: URL -> its content, or what is raised; `takes`: seconds of each transfer."""

    def __init__(self) -> None:
        self.served: dict[str, bytes | TransferFailed] = {}
        self.stored: list[tuple[str, str, bytes]] = []
        self.refuses: TransferFailed | None = None
        self.takes = 0.0
        self.attempts: list[float] = []
        """Loop times at which a transfer was begun."""
        self.published: dict[str, Published] = {}

    def image(self, version: str, more: str = "", *, broken: bool = False) -> str:
        """Serve an image of this version; gives its URL."""
        body = version.encode() * 500
        digest = hashlib.sha256(b"" if broken else body).hexdigest()
        url = f"http://files.test/{version}.bin"
        self.served[url] = f"firmware {version} sha256={digest} {more}\n".encode() + body
        return url

    async def fetch(self, url: str) -> AsyncIterator[bytes]:
        self._begin()
        await asyncio.sleep(self.takes)
        found = self.served.get(url, TransferFailed("there is no such file"))
        if isinstance(found, TransferFailed):
            raise found
        for at in range(0, len(found), 1000):
            yield found[at : at + 1000]

    async def store(self, url: str, name: str, content: bytes) -> None:
        self._begin()
        await asyncio.sleep(self.takes)
        if self.refuses is not None or "nowhere" in url:
            raise self.refuses or TransferFailed("nobody there")
        self.stored.append((url, name, content))

    async def publish(self, name: str, content: bytes, near: str) -> Published:
        if self.refuses is not None:
            raise self.refuses
        made = Published(f"http://station.test/{name}", content, self.published)
        self.published[made.urls[0]] = made
        return made

    def _begin(self) -> None:
        self.attempts.append(asyncio.get_running_loop().time())


class Published:
    """A file that a station offers."""

    def __init__(self, url: str, content: bytes, among: dict[str, Any]) -> None:
        self.urls: tuple[str, ...] = (url,)
        self.content = content
        self.busy = False
        self._among = among

    async def withdraw(self) -> None:
        del self._among[self.urls[0]]
