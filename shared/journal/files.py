"""The journal as a file of JSON Lines, one entry a line, flushed as written, secrets redacted."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

import orjson

from shared.journal.entry import Entry
from shared.journal.journal import Journal
from shared.journal.redaction import redacted


class JournalFile:
    """Writes each new entry of a journal to `path`, appending; raises OSError when it cannot be opened.

    A write that fails later (disk full, device gone) ends the writing once and calls `failed` with a sentence;
    the conversation goes on.
    """

    def __init__(self, path: str, journal: Journal, failed: Callable[[str], None]) -> None:
        self._path = path
        self._journal = journal
        self._failed = failed
        self._file: IO[bytes] | None = Path(path).open("ab", buffering=0)  # noqa: SIM115
        self._mend()
        self._unsubscribe = journal.subscribe(self._write)

    def close(self) -> None:
        """Stop writing and close the file."""
        if self._file is not None:
            self._unsubscribe()
            self._file.close()
            self._file = None

    def _mend(self) -> None:
        """Begin a line of our own when a killed process left half of one."""
        assert self._file is not None
        size = os.fstat(self._file.fileno()).st_size
        if size:
            with Path(self._path).open("rb") as other:
                other.seek(-1, os.SEEK_END)
                if other.read(1) != b"\n":
                    self._file.write(b"\n")

    def _write(self, entry: Entry) -> None:
        if self._file is None:
            return
        try:
            self._put(_as_json(entry.line(self._journal.epoch)) + b"\n")
        except OSError as problem:
            reason = problem.strerror or str(problem)
            self.close()
            self._failed(f"journal {self._path}: {reason}; no further entry is written to it")

    def _put(self, line: bytes) -> None:
        """The whole line, although an unbuffered file may take it in pieces."""
        assert self._file is not None
        rest = memoryview(line)
        while rest:
            written = self._file.write(rest)
            if written is None:
                raise BlockingIOError(errno.EAGAIN, "it takes no more for now")
            rest = rest[written:]


def _as_json(line: dict[str, Any]) -> bytes:
    try:
        return orjson.dumps(redacted(line), default=str)
    except TypeError:  # half a surrogate pair: nothing that came over a socket has one, but words may
        return json.dumps(redacted(line), default=str, separators=(",", ":")).encode()
