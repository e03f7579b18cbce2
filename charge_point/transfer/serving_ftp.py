"""The same file over FTP: what a local controller offers to stations that know nothing else (L03.FR.03)."""

from __future__ import annotations

import asyncio
import logging
from io import BytesIO
from pathlib import PurePosixPath
from typing import Any

import aioftp
from aioftp.pathio import Node

_GOOD_BYE = 50
"""Hundredths of a second that clients get to leave before their connections are cut."""


class OneFile(aioftp.MemoryPathIO):
    """A folder with one file, to be read by anybody. A server makes one of each of its connections."""

    owner: FtpServed

    def __init__(self, timeout: Any = None, connection: Any = None, state: Any = None) -> None:
        files = [Node("file", self.owner.name, content=BytesIO(self.owner.content))]
        super().__init__(timeout, connection, state or [Node("dir", "/", content=files)])

    async def _open(self, path: PurePosixPath, mode: Any = "rb") -> BytesIO:
        node = self.get_node(path)
        if node is None or not isinstance(node.content, BytesIO):
            raise FileNotFoundError(str(path))
        self.owner.fetching += 1
        return BytesIO(self.owner.content)  # each reads from its own place

    async def close(self, file: BytesIO) -> None:
        """One reader less."""
        self.owner.fetching -= 1


class FtpServed:
    """One file on an FTP server of its own, on a free port."""

    def __init__(self, name: str, content: bytes) -> None:
        self.name = name
        self.content = content
        self.fetching = 0
        self._server: aioftp.Server | None = None

    async def begin(self, host: str) -> int:
        """Listen on `host`; gives the port. Raises OSError."""
        logging.getLogger("aioftp").setLevel(logging.CRITICAL)

        class Own(OneFile):
            owner = self

        user = aioftp.User(permissions=[aioftp.Permission("/", readable=True, writable=False)])
        server = aioftp.Server([user], path_io_factory=Own, wait_future_timeout=5)  # type: ignore[arg-type]
        await server.start(host, 0)
        self._server = server
        return int(server.server_port)

    async def withdraw(self) -> None:
        """Close the server."""
        server, self._server = self._server, None
        if server is None:
            return
        for _ in range(_GOOD_BYE):
            if server.connections:  # a client that has just left; its end is noticed in a moment
                await asyncio.sleep(0.01)
        await server.close()
