"""What is kept on disk, and what happens when the disk does not take it."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from charge_point.outbox import Store
from charge_point.store import Owed, together
from shared.option_fields import UsageError
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
