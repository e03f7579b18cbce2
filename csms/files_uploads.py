"""Uploads to the file server: under which names they are kept, how many bytes they may have, what a full disk says."""

from __future__ import annotations

import asyncio
import errno
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from csms.files import Library
    from csms.files_faults import FileFault

UPLOADS = "uploads"
LONGEST_NAME = 120


class Refused(Exception):
    """A request that is not served: an HTTP status, and one clause."""

    def __init__(self, status: int, words: str) -> None:
        super().__init__(words)
        self.status = status


class Cut(Exception):
    """The connection is to be broken now."""


class Upload:
    """One file that comes in. All may raise `Refused`; `done` puts it in its place, `drop` gives it up."""

    def __init__(
        self, library: Library, station: str, name: str, cut: FileFault | None, slow: FileFault | None
    ) -> None:
        self._library = library
        self._station = station
        self._name = name
        self._cut = cut
        self._slow = slow
        self._size = 0
        self._kept = bytearray()
        self.dropped = False
        """Whether it was given up."""
        try:
            self._path = _free(library.folder, station, name)
            self._part = self._path.with_name(f".{self._path.name}.part") if self._path is not None else None
            self._file = self._part.open("wb") if self._part is not None else None
        except OSError as problem:
            raise no_room(problem) from None

    async def write(self, piece: bytes) -> None:
        """Take the next piece. Raises `Cut` where a fault says so."""
        self._size += len(piece)
        if self._size > self._library.limit:
            raise Refused(413, f"an upload may have {self._library.limit} bytes (--files-limit)")
        if self._slow is not None:
            await asyncio.sleep(len(piece) / self._slow.rate)
        if self._cut is not None and self._size > self._cut.after:
            raise Cut
        if self._file is None:
            self._kept += piece
            return
        try:
            self._file.write(piece)
        except OSError as problem:
            raise no_room(problem) from None

    def done(self) -> str:
        """The file is whole; gives its path below the folder."""
        path, number = f"{UPLOADS}/{self._station}/{self._name}", 1
        if self._file is None or self._path is None or self._part is None:
            while path in self._library.received:
                number += 1
                path = f"{UPLOADS}/{self._station}/{_numbered(self._name, number)}"
            self._library.received[path] = bytes(self._kept)
        else:
            try:
                self._file.close()
                self._part.replace(self._path)
            except OSError as problem:
                raise no_room(problem) from None
            path = f"{UPLOADS}/{self._station}/{self._path.name}"
        self._library.tell(self._station, "received", f"{path}, {self._size} bytes")
        return path

    def drop(self) -> None:
        """Forget what came of it."""
        self.dropped = True
        if self._file is not None and self._part is not None:
            try:
                self._file.close()
            except OSError:
                pass  # what was buffered found no room either
            self._part.unlink(missing_ok=True)


def _free(folder: Path | None, station: str, name: str) -> Path | None:
    """Where an upload goes, under a name that is not taken; None for memory. Raises OSError."""
    if folder is None:
        return None
    place = folder / UPLOADS / station
    place.mkdir(parents=True, exist_ok=True)
    found, number = place / name, 1
    while found.exists() or found.with_name(f".{found.name}.part").exists():
        number += 1
        found = place / _numbered(name, number)
    return found


def _numbered(name: str, number: int) -> str:
    """The name of a file when there were so many of that name."""
    return f"{Path(name).stem}-{number}{Path(name).suffix}"


def no_room(problem: OSError) -> Refused:
    """What an error of the disk is told as."""
    if problem.errno in (errno.ENOSPC, errno.EDQUOT):
        return Refused(507, "the disk of the file server is full")
    return Refused(500, f"the file server cannot write there: {problem.strerror or problem}")


def destination(path: str) -> tuple[str, str]:
    """Station and name of an upload to `uploads/STATION/NAME`, made harmless. Raises `Refused` for any other path."""
    parts = [part for part in path.split("/") if part]
    if len(parts) != 3 or parts[0] != UPLOADS:
        raise Refused(403, f"uploads go to {UPLOADS}/STATION/NAME")
    station, name = plain(parts[1]), plain(parts[2])
    if not station or not name:
        raise Refused(400, "an upload needs a station and a name")
    return station, name


def plain(text: str) -> str:
    """`text` as the name of a file: nothing but letters, digits, `.`, `-` and `_`, no dot in front."""
    kept = "".join(c if c.isascii() and (c.isalnum() or c in ".-_") else "_" for c in text)
    return kept.lstrip(".")[:LONGEST_NAME]
