"""The journal as a file of JSON Lines, one entry a line, flushed as written, secrets redacted."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

import orjson

from shared.journal.entry import Entry
from shared.journal.journal import Journal

REDACTED = "***"

_SECRET_NAMES = frozenset(
    {
        "authorizationkey",
        "basicauthpassword",
        "password",
        "apnpassword",
        "vpnpassword",
        "securityctrlr.basicauthpassword",
    }
)
_HINTS = ("asswor", "uthorizationKey", "authorizationkey", "PRIVATE KEY", "uthorization:")


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
            line = orjson.dumps(redacted(entry.line(self._journal.epoch)), default=str)
            self._file.write(line + b"\n")
        except OSError as problem:
            reason = problem.strerror or str(problem)
            self.close()
            self._failed(f"journal {self._path}: {reason}; no further entry is written to it")


def redacted(line: dict[str, Any]) -> dict[str, Any]:
    """`line` with passwords and keys replaced: in frames that set or give one, and in words."""
    frame = line.get("frame")
    if isinstance(frame, str) and any(hint in frame for hint in _HINTS):
        return line | {"frame": _redact_frame(frame)}
    return line


def _redact_frame(frame: str) -> str:
    try:
        parsed = orjson.loads(frame)
    except ValueError:
        return f"{REDACTED} ({len(frame)} characters that look like a secret and are not JSON)"
    return orjson.dumps(_without_secrets(parsed)).decode()


def _without_secrets(value: Any) -> Any:
    """`value` without what stands beside a secret's name: `{"password": x}`, `{"key": name, "value": x}` of 1.6,
    and `{"variable": {"name": name}, "attributeValue": x}` of 2.x; and without private keys."""
    if isinstance(value, str):
        return REDACTED if "PRIVATE KEY" in value else value
    if isinstance(value, list):
        return [_without_secrets(item) for item in value]
    if not isinstance(value, dict):
        return value
    variable = value.get("variable")
    named = str(variable.get("name") if isinstance(variable, dict) else value.get("key", "")).lower()
    return {
        name: REDACTED
        if name.lower() in _SECRET_NAMES or (named in _SECRET_NAMES and name in ("value", "attributeValue"))
        else _without_secrets(item)
        for name, item in value.items()
    }
