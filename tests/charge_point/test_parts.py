"""The state of a block: made when first used, told what happens, kept on disk."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from charge_point import parts
from charge_point.outbox import Store
from charge_point.parts import Part, existing
from charge_point.setup import StationSetup
from charge_point.station import Station
from shared.clock import Clock
from shared.journal.journal import Journal
from shared.tasks import Tasks


class Noted(Part):
    __slots__ = ("said",)
    name = "noted"

    def __init__(self, station: Station) -> None:
        super().__init__(station)
        self.said: list[str] = []

    def setting_changed(self, path: str) -> None:
        self.said.append(path)

    def as_kept(self) -> Any:
        return self.said

    def restore(self, kept: Any) -> None:
        self.said = list(kept)


def made(store: Store | None = None) -> Station:
    journal = Journal(Clock.of_loop(asyncio.get_running_loop()))
    return Station("CP1", StationSetup(), journal, Tasks(lambda error: None), store=store)


async def test_a_station_has_no_part_before_it_is_used() -> None:
    station = made()
    assert existing(station, Noted) is None
    assert station.part(Noted) is station.part(Noted) is existing(station, Noted)


async def test_a_part_hears_of_a_changed_setting() -> None:
    station = made()
    station.part(Noted)
    station.model.write(station.model.slot("OCPPCommCtrlr.OfflineThreshold"), "77")
    assert station.part(Noted).said == ["OCPPCommCtrlr.OfflineThreshold"]


async def test_a_part_with_a_name_is_there_again_in_the_next_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(parts.KEPT, "noted", f"{__name__}:Noted")
    store = Store(tmp_path)
    first = made(store).part(Noted)
    first.said.append("one")
    first.keep()
    store.close()
    again = existing(made(Store(tmp_path)), Noted)
    assert again is not None
    assert again.said == ["one"]
