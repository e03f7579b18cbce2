"""The file server over FTP, by aioftp: its file system is the library, with the same faults and the same limits."""

from __future__ import annotations

import asyncio
import logging
import stat
from collections.abc import AsyncIterator
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, NamedTuple

import aioftp
from aioftp.common import AbstractAsyncLister
from aioftp.pathio import universal_exception

from csms.files_uploads import UPLOADS, Cut, Refused, Upload

if TYPE_CHECKING:
    from csms.files import Library


_GOOD_BYE = 50
"""Hundredths of a second that clients get to leave before their connections are cut."""


class FtpFiles:
    """One FTP server over a library."""

    def __init__(self, library: Library) -> None:
        self._library = library
        self._server: aioftp.Server | None = None

    async def begin(self, host: str, port: int) -> int:
        """Listen; gives the port. Raises OSError."""
        library = self._library
        login, _, password = library.credentials.partition(":")
        user = aioftp.User(login, password) if login else aioftp.User()

        logging.getLogger("aioftp").setLevel(
            logging.CRITICAL
        )  # it tells passwords; what matters is told by us

        class LibraryIO(_LibraryIO):
            owner = library

        self._server = aioftp.Server(
            [user],
            path_io_factory=LibraryIO,  # type: ignore[arg-type]
            wait_future_timeout=5,
        )
        await self._server.start(host, port)
        bound = int(self._server.server_port)
        library.ports["ftp"] = bound
        return bound

    async def stop(self) -> None:
        """Close every connection."""
        self._library.ports.pop("ftp", None)
        if self._server is None:
            return
        for _ in range(_GOOD_BYE):
            if self._server.connections:  # a client that has just left; its end is noticed in a moment
                await asyncio.sleep(0.01)
        await self._server.close()


class _Stat(NamedTuple):
    st_size: int
    st_mode: int
    st_mtime: int = 0
    st_ctime: int = 0
    st_nlink: int = 1


class _Reading:
    """A file that is fetched: its pieces, as blocks of the size that the server asks for."""

    def __init__(self, pieces: AsyncIterator[bytes]) -> None:
        self._pieces = pieces
        self._rest = b""

    async def read(self, size: int) -> bytes:
        """The next bytes, at most `size`; none at the end."""
        if not self._rest:
            self._rest = await anext(self._pieces, b"")
        block, self._rest = self._rest[:size], self._rest[size:]
        return block


class _LibraryIO(aioftp.AbstractPathIO[PurePosixPath]):
    """What aioftp calls a file system. The password was asked for at the login."""

    owner: Library

    def _path(self, path: PurePosixPath) -> str:
        return "/".join(part for part in path.parts if part not in ("/", "."))

    def _is_upload(self, path: str) -> bool:
        return path == UPLOADS or path.startswith(f"{UPLOADS}/")

    @universal_exception
    async def exists(self, path: PurePosixPath) -> bool:
        return await self.is_dir(path) or await self.is_file(path)

    @universal_exception
    async def is_dir(self, path: PurePosixPath) -> bool:
        name = self._path(path)
        inside = any(file.startswith(f"{name}/") for file in self.owner.names())
        return not name or inside or (self._is_upload(name) and name.count("/") < 2)

    @universal_exception
    async def is_file(self, path: PurePosixPath) -> bool:
        return self.owner.has(self._path(path))

    @universal_exception
    async def mkdir(self, path: PurePosixPath, *, parents: bool = False, exist_ok: bool = False) -> None:
        if not self._is_upload(self._path(path)):
            raise PermissionError(f"folders are made in {UPLOADS} only")

    @universal_exception
    async def rmdir(self, path: PurePosixPath) -> None:
        raise PermissionError("nothing is removed here")

    @universal_exception
    async def unlink(self, path: PurePosixPath) -> None:
        raise PermissionError("nothing is removed here")

    @universal_exception
    async def rename(self, source: PurePosixPath, destination: PurePosixPath) -> PurePosixPath:
        raise PermissionError("nothing is renamed here")

    def list(self, path: PurePosixPath) -> Any:
        """The files of the folder; uploads are not shown."""
        names = self.owner.names() if not self._path(path) else []

        class Lister(AbstractAsyncLister[PurePosixPath]):
            left = [path / name for name in names if "/" not in name]

            async def __anext__(self) -> PurePosixPath:
                if not self.left:
                    raise StopAsyncIteration
                return self.left.pop(0)

        return Lister(timeout=self.timeout)

    @universal_exception
    async def stat(self, path: PurePosixPath) -> Any:
        if await self.is_dir(path):
            return _Stat(0, stat.S_IFDIR | 0o755)
        return _Stat(self.owner.size(self._path(path)), stat.S_IFREG | 0o644)

    @universal_exception
    async def _open(self, path: PurePosixPath, mode: str) -> Any:
        name = self._path(path)
        credentials = self.owner.credentials  # asked for at the login
        if mode == "rb":
            return _Reading(self.owner.offer(name, credentials).pieces)
        return self.owner.receive(name, credentials)

    @universal_exception
    async def seek(self, file: Any, offset: int, whence: int = 0) -> int:
        raise OSError("transfers are not resumed here")

    @universal_exception
    async def write(self, file: Any, data: bytes) -> int:
        assert isinstance(file, Upload)
        try:
            await file.write(data)
        except (Refused, Cut):
            file.drop()
            raise
        return len(data)

    @universal_exception
    async def read(self, file: Any, block_size: int) -> bytes:
        assert isinstance(file, _Reading)
        return await file.read(block_size)

    @universal_exception
    async def close(self, file: Any) -> None:
        if isinstance(file, Upload) and not file.dropped:
            file.done()
