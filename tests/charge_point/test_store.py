"""What is kept on disk, and what happens when the disk does not take it."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from charge_point.outbox import Store
from charge_point.store import Owed, together
from shared.option_fields import UsageError
from shared.peer import CallRefused
from shared.versions import V16, V21, Version
from tests.charge_point.scripted import Stage
from tests.charge_point.wired import TOKEN, WIDE


def owed(number: int) -> Owed:
    return Owed("MeterValues", {"number": number}, "T", V16)


def numbers(store: Store) -> list[int]:
    return [one.payload["number"] for one in store.owed("CP1")]


class Notes(list[str]):
    def __call__(self, name: str, words: str) -> None:
        self.append(name)


def test_the_file_of_a_process_is_opened_by_the_first_thing_to_keep(tmp_path: Path) -> None:
    store = Store(tmp_path / "deep" / "er")
    assert store.owed("CP1") == []
    with together(store):
        pass
    assert list(tmp_path.iterdir()) == []
    store.owe("CP1", owed(1))
    store.owe("CP2", owed(2))
    assert [path.name for path in store.path.parent.glob("*.sqlite")] == ["stations.sqlite"]
    store.close()


def test_what_belongs_together_is_there_as_a_whole_or_not_at_all(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.owe("CP1", owed(1))
    with together(store):
        store.owe("CP1", owed(2))
        with together(store):
            store.keep("CP1", "thing", 1)
        other = Store(tmp_path)
        assert (numbers(other), other.kept("CP1")) == ([1], {})
        other.close()
    assert (numbers(store), store.kept("CP1")) == ([1, 2], {"thing": 1})
    store.close()


def test_a_locked_file_costs_nothing_but_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("charge_point.store.WAIT", 0.0)
    store, notes = Store(tmp_path), Notes()
    store.told_by(notes)
    store.owe("CP1", owed(1))
    locker = sqlite3.connect(store.path, isolation_level=None)
    locker.execute("BEGIN EXCLUSIVE")
    kept = [owed(2), owed(3)]
    for one in kept:
        one.row = store.owe("CP1", one)
    store.settle(kept[0])
    assert notes == ["not_kept"]
    locker.execute("ROLLBACK")
    locker.close()
    store.owe("CP1", owed(4))
    assert notes == ["not_kept", "kept_again"]
    assert numbers(store) == [1, 3, 4]
    store.close()


def test_a_full_disk_loses_nothing_once_there_is_room(tmp_path: Path) -> None:
    store, notes = Store(tmp_path), Notes()
    store.told_by(notes)
    store.owe("CP1", owed(1))
    database = store._open()
    pages = database.execute("PRAGMA page_count").fetchone()[0]
    database.execute(f"PRAGMA max_page_count = {pages}")
    store.keep("CP1", "large", "x" * 100_000)
    store.owe("CP1", owed(2))
    assert notes == ["not_kept"]
    database.execute("PRAGMA max_page_count = 10000")
    store.close()  # the last chance
    again = Store(tmp_path)
    assert (numbers(again), len(again.kept("CP1")["large"])) == ([1, 2], 100_000)
    again.close()


def test_a_folder_that_cannot_be_made_is_noted_and_made_later(tmp_path: Path) -> None:
    place = tmp_path / "state"
    place.write_text("in the way")
    store, notes = Store(place), Notes()
    store.told_by(notes)
    store.owe("CP1", owed(1))
    assert notes == ["not_kept"]
    place.unlink()
    store.owe("CP1", owed(2))
    assert numbers(store) == [1, 2]
    store.close()


def test_a_damaged_file_is_one_clear_sentence_at_the_start(tmp_path: Path) -> None:
    (tmp_path / "stations.sqlite").write_bytes(b"nonsense" * 1000)
    with pytest.raises(
        UsageError, match=r"--state: .*stations.sqlite cannot be read \(file is not a database\)"
    ):
        Store(tmp_path).owed("CP1")
    assert (tmp_path / "stations.sqlite").read_bytes() == b"nonsense" * 1000


@pytest.mark.parametrize("version", [V16, V21], ids=str)
async def test_a_station_goes_on_without_its_disk(version: Version, tmp_path: Path) -> None:
    (tmp_path / "state").write_text("in the way")
    stage = Stage(version, store=Store(tmp_path / "state"), variables=WIDE)
    csms = await stage.booted()
    stage.station.plug_in()
    await stage.station.present(TOKEN)
    await stage.settle(61)
    assert stage.notes().count("not_kept") == 1
    assert csms.of("StartTransaction" if version is V16 else "TransactionEvent")
    assert stage.station.has_said_all
    stage.station.switch_off()


def test_the_attempts_that_failed_are_known_to_the_next_process(tmp_path: Path) -> None:
    store, message = Store(tmp_path), owed(1)
    message.row = store.owe("CP1", message)
    message.attempts = 2
    store.attempted(message)
    again = Store(tmp_path)  # the first is as if killed: nobody closed it
    assert [one.attempts for one in again.owed("CP1")] == [2]
    again.close()
    store.close()


def test_a_file_of_an_earlier_release_is_taken_up(tmp_path: Path) -> None:
    before = sqlite3.connect(tmp_path / "stations.sqlite")
    before.execute(
        "CREATE TABLE owed (row INTEGER PRIMARY KEY, station TEXT NOT NULL, version TEXT NOT NULL,"
        " action TEXT NOT NULL, transaction_id TEXT NOT NULL, payload TEXT NOT NULL)"
    )
    before.execute("INSERT INTO owed VALUES (7, 'CP1', '1.6', 'MeterValues', 'T', '{\"number\": 1}')")
    before.commit()
    before.close()
    store = Store(tmp_path)
    (message,) = store.owed("CP1")
    assert (message.row, message.attempts, message.payload) == (7, 0, {"number": 1})
    message.attempts = 1
    store.attempted(message)
    assert [one.attempts for one in store.owed("CP1")] == [1]
    store.close()


async def test_a_killed_station_makes_only_the_attempts_that_are_left(
    version: Version, tmp_path: Path
) -> None:
    refused = CallRefused("any", "InternalError", "", {})
    given: list[int] = []
    for life in range(3):
        stage = Stage(
            version,
            store=Store(tmp_path),
            run_id=str(life),
            variables=WIDE | {"TransactionMessageAttempts": 3, "TransactionMessageRetryInterval": 600},
        )
        action = "StartTransaction" if version is V16 else "TransactionEvent"
        csms = stage.connect()
        csms.script[action] = refused
        await stage.settle(1)
        if not life:
            stage.station.plug_in()
            await stage.station.present(TOKEN)
        await stage.settle(30)
        given.append(stage.notes().count("given_up"))
        assert len(csms.of(action)) >= 1
        stage.cut()
        stage.station.store = stage.station.outbox.store = None  # kill -9: no word to the disk
        stage.station.switch_off()
    assert given == [0, 0, 1]
