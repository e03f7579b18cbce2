"""What the CSMS remembers of its stations, on disk: `--state DIR`.

One SQLite file, a row of JSON for each station. A record is written when something is about to leave for its
station, before it does: what a station was answered is what a CSMS that was killed remembers (kill -9, not a power
cut of the host).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import orjson

from csms.record import StationRecord
from shared.journal.entry import OUT, Entry

if TYPE_CHECKING:
    from csms.server import Csms

FILE = "csms.sqlite"
_TABLE = "CREATE TABLE IF NOT EXISTS stations (name TEXT PRIMARY KEY, record TEXT NOT NULL)"


class State:
    """The file of one CSMS in `folder`. Raises OSError or sqlite3.Error when it cannot be used.

    A write that fails later ends the writing and calls `failed` with a sentence; the CSMS goes on.
    """

    def __init__(self, folder: str, failed: Callable[[str], object]) -> None:
        self.path = Path(folder) / FILE
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._failed = failed
        self._unsubscribe: Callable[[], None] | None = None
        self._database = sqlite3.connect(self.path, isolation_level=None)
        self._database.execute("PRAGMA journal_mode=WAL")
        self._database.execute("PRAGMA synchronous=NORMAL")
        self._database.execute(_TABLE)

    def load(self) -> dict[str, StationRecord]:
        """The records of an earlier run, by the name that each is filed under."""
        rows = self._database.execute("SELECT name, record FROM stations ORDER BY rowid")
        return {name: StationRecord.from_json(orjson.loads(record)) for name, record in rows}

    def keep(self, csms: Csms) -> None:
        """Take up what an earlier run remembered, and write down what this one does."""
        csms.remember(self.load())

        def write(entry: Entry) -> None:
            if entry.dir == OUT and entry.end == "csms" and (session := csms.find(entry.station)) is not None:
                self._write(session.station)

        self._unsubscribe = csms.journal.subscribe(write)

    def close(self) -> None:
        """Close the file."""
        if self._unsubscribe is not None:
            self._unsubscribe()
            self._unsubscribe = None
        self._database.close()

    def _write(self, record: StationRecord) -> None:
        text = orjson.dumps(record.to_json()).decode()
        try:
            self._database.execute(
                "INSERT INTO stations VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET record = excluded.record",
                (record.id, text),
            )
        except sqlite3.Error as problem:
            if self._unsubscribe is not None:
                self._unsubscribe()
                self._unsubscribe = None
            self._failed(f"state {self.path}: {problem}; nothing further is written to it")
