"""What the stations of a process keep on disk: one SQLite file, opened when there is the first thing to keep.

Every change is committed before the next step is taken, and changes that belong together (`together`) are committed as
one, so that a process that is killed between two of them leaves a true picture. Where the disk is full, locked or
broken, the journal says so once, changes wait in memory in their order, and all of them are written with the first one
that can be again: nothing is lost as long as the process lives. A file that cannot be read at the start is an error.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shared.option_fields import UsageError
from shared.versions import Version, version

if TYPE_CHECKING:
    import sqlite3

Payload = dict[str, Any]
Statement = tuple[str, tuple[Any, ...]]

WAIT = 0.2
"""Seconds for which a locked file is tried: stations wait meanwhile."""

_UNREAD = 1 << 40
"""Rows are counted from here while the file cannot be read: above all that it may hold."""

_TABLES = """
CREATE TABLE IF NOT EXISTS owed (
    row INTEGER PRIMARY KEY, station TEXT NOT NULL, version TEXT NOT NULL,
    action TEXT NOT NULL, transaction_id TEXT NOT NULL, payload TEXT NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0);
CREATE INDEX IF NOT EXISTS owed_by_station ON owed (station, row);
CREATE TABLE IF NOT EXISTS numbers (
    station TEXT NOT NULL, transaction_id TEXT NOT NULL, number INTEGER NOT NULL,
    PRIMARY KEY (station, transaction_id));
CREATE TABLE IF NOT EXISTS kept (
    station TEXT NOT NULL, name TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (station, name));
"""


_ATTEMPTS = "ALTER TABLE owed ADD COLUMN attempts INTEGER NOT NULL DEFAULT 0"
"""What a file of an earlier release lacks."""


class Owed:
    """One message owed. `transaction` is our own id of its transaction, `row` its place in the store, `attempts` how
    often its delivery has failed."""

    __slots__ = ("action", "attempts", "payload", "row", "transaction", "version")

    def __init__(
        self,
        action: str,
        payload: Payload,
        transaction: str,
        version: Version,
        *,
        row: int = 0,
        attempts: int = 0,
    ) -> None:
        self.action = action
        self.payload = payload
        self.transaction = transaction
        self.version = version
        self.attempts = attempts
        self.row = row


class Store:
    """What the stations of this process keep on disk, in `folder`/stations.sqlite. Not for two processes at once.

    Owns the connection, and the changes that could not be written yet. Reading raises UsageError for a file that is
    not readable; writing never does.
    """

    __slots__ = ("_batch", "_database", "_depth", "_row", "_tell", "_unwritten", "path")

    def __init__(self, folder: Path) -> None:
        self.path = folder / "stations.sqlite"
        self._database: sqlite3.Connection | None = None
        self._batch: list[Statement] = []
        self._depth = 0
        self._unwritten: list[Statement] = []
        self._row = 0
        self._tell: Callable[[str, str], object] | None = None

    @property
    def exists(self) -> bool:
        """Whether an earlier process left something."""
        return self._database is not None or self.path.exists()

    def told_by(self, tell: Callable[[str, str], object]) -> None:
        """`tell(name, words)` notes that something cannot be kept; the first to say so counts."""
        self._tell = self._tell or tell

    # --- the file -----------------------------------------------------------------------------------------

    def _open(self) -> sqlite3.Connection:
        if self._database is None:
            import sqlite3  # an idle fleet does not pay for it

            self.path.parent.mkdir(parents=True, exist_ok=True)
            database = sqlite3.connect(self.path, isolation_level=None, timeout=WAIT)
            try:
                # WAL and NORMAL: committed is in the operating system's hands, so it survives the end of the process
                database.execute("PRAGMA journal_mode=WAL")
                database.execute("PRAGMA synchronous=NORMAL")
                database.executescript(_TABLES)
                if "attempts" not in (row[1] for row in database.execute("PRAGMA table_info(owed)")):
                    database.execute(_ATTEMPTS)
                highest = database.execute("SELECT max(row) FROM owed").fetchone()[0]
            except BaseException:
                database.close()
                raise
            self._row = max(self._row, highest or 0)
            self._database = database
        return self._database

    def _read(self, sql: str, station: str) -> list[Any]:
        """All rows. Raises UsageError when the file cannot be read."""
        if not self.exists:
            return []
        import sqlite3

        try:
            return self._open().execute(sql, (station,)).fetchall()
        except (sqlite3.Error, OSError) as problem:
            raise UsageError(
                f"--state: {self.path} cannot be read ({problem}); move it away, or name another folder"
            ) from None

    def _write(self, sql: str, *values: Any) -> None:
        self._batch.append((sql, values))
        if not self._depth:
            self._commit()

    def _commit(self) -> None:
        """Write what is to be written, all of it or nothing; what cannot be written now waits for the next time."""
        import sqlite3

        had_trouble = bool(self._unwritten)
        self._unwritten += self._batch
        self._batch = []
        try:
            database = self._open()
            if len(self._unwritten) == 1:
                database.execute(*self._unwritten[0])
            else:
                self._commit_all(database)
        except (sqlite3.Error, OSError) as problem:
            if not had_trouble and self._tell is not None:
                words = f"{self.path} cannot be written ({problem}): changes wait in memory until it can"
                self._tell("not_kept", words)
            return
        self._unwritten = []
        if had_trouble and self._tell is not None:
            self._tell("kept_again", f"{self.path} can be written again, and holds everything")

    def _commit_all(self, database: sqlite3.Connection) -> None:
        database.execute("BEGIN IMMEDIATE")
        try:
            for statement in self._unwritten:
                database.execute(*statement)
            database.execute("COMMIT")
        except BaseException:
            if database.in_transaction:
                database.execute("ROLLBACK")
            raise

    def begin(self) -> None:
        """From here until `commit` changes belong together; this may be within itself."""
        self._depth += 1

    def commit(self) -> None:
        """Write what came since `begin`, as one."""
        self._depth -= 1
        if not self._depth and self._batch:
            self._commit()

    def close(self) -> None:
        """Close the file, with a last try to write what waits."""
        if self._unwritten:
            self._commit()
        if self._database is not None:
            self._database.close()
            self._database = None

    # --- messages -----------------------------------------------------------------------------------------

    def owe(self, station: str, owed: Owed) -> int:
        """Keep a message; gives its row, higher than those before."""
        if self._database is None:
            self._begin_rows()
        self._row += 1
        sql = "INSERT INTO owed (row, station, version, action, transaction_id, payload) VALUES (?, ?, ?, ?, ?, ?)"
        name, text = owed.version.name, _text(owed.payload)
        self._write(sql, self._row, station, name, owed.action, owed.transaction, text)
        return self._row

    def _begin_rows(self) -> None:
        """Know which rows are in use; where that cannot be read, count above them."""
        import sqlite3

        try:
            self._open()
        except (sqlite3.Error, OSError):
            self._row = max(self._row, _UNREAD)

    def change(self, owed: Owed) -> None:
        """The payload of a message that is kept has changed."""
        self._write("UPDATE owed SET payload = ? WHERE row = ?", _text(owed.payload), owed.row)

    def attempted(self, owed: Owed) -> None:
        """Another attempt to deliver a message has failed: who takes it up goes on counting."""
        self._write("UPDATE owed SET attempts = ? WHERE row = ?", owed.attempts, owed.row)

    def settle(self, owed: Owed) -> None:
        """A message is owed no longer."""
        self._write("DELETE FROM owed WHERE row = ?", owed.row)

    def owed(self, station: str) -> list[Owed]:
        """The messages that `station` owes, the oldest first."""
        columns = "action, payload, transaction_id, version, row, attempts"
        sql = f"SELECT {columns} FROM owed WHERE station = ? ORDER BY row"
        return [
            Owed(action, _parsed(payload), transaction, version(name), row=row, attempts=attempts)
            for action, payload, transaction, name, row, attempts in self._read(sql, station)
        ]

    def number(self, station: str, transaction: str, number: int) -> None:
        """Keep the 1.6 transactionId of a transaction."""
        self._write("INSERT OR REPLACE INTO numbers VALUES (?, ?, ?)", station, transaction, number)

    def numbers(self, station: str) -> dict[str, int]:
        """The 1.6 transaction ids of `station`, by our own ids."""
        sql = "SELECT transaction_id, number FROM numbers WHERE station = ? ORDER BY rowid"
        return dict(self._read(sql, station))

    def forget_number(self, station: str, transaction: str) -> None:
        """A 1.6 transaction is over and delivered."""
        self._write("DELETE FROM numbers WHERE station = ? AND transaction_id = ?", station, transaction)

    # --- anything else ------------------------------------------------------------------------------------

    def keep(self, station: str, name: str, value: Any) -> None:
        """Keep `value` (JSON) of `station` under `name`; None forgets it."""
        if value is not None:
            self._write("INSERT OR REPLACE INTO kept VALUES (?, ?, ?)", station, name, _text(value))
        elif self.exists or self._unwritten or self._batch:
            self._write("DELETE FROM kept WHERE station = ? AND name = ?", station, name)

    def kept(self, station: str) -> dict[str, Any]:
        """All that is kept of `station`, by name."""
        sql = "SELECT name, value FROM kept WHERE station = ? ORDER BY name"
        return {name: _parsed(value) for name, value in self._read(sql, station)}


@contextmanager
def together(store: Store | None) -> Iterator[None]:
    """Within this, what is written to `store` is there afterwards as a whole, or not at all."""
    if store is None:
        yield
        return
    store.begin()
    try:
        yield
    finally:
        store.commit()


def _text(value: Any) -> str:
    import orjson

    return orjson.dumps(value).decode()


def _parsed(text: str) -> Any:
    import orjson

    return orjson.loads(text)
