"""What the options make of a station."""

from __future__ import annotations

import pytest

from charge_point.making import backoff_of, setup_of
from charge_point.options import resolve
from charge_point.station import Station
from shared.clock import Clock
from shared.journal.journal import Journal
from shared.option_fields import UsageError
from shared.tasks import Tasks
from shared.versions import V16, V21, Version
from tests.support import in_virtual_time

CSMS = ("--csms", "ws://localhost:9000")


@pytest.mark.parametrize(
    ("preset", "said"),
    [
        ("HeartbeatIntervall=5", "did you mean"),
        ("HeartbeatInterval=often", "takes an integer"),
        ("Nonsense=1", "no variable 'Nonsense'"),
    ],
)
def test_a_preset_that_no_station_can_have_is_told_before_anything_starts(preset: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        setup_of(resolve([*CSMS, "--set", preset], {}), "0")


def test_a_preset_of_one_version_is_left_out_on_another(version: Version) -> None:
    options = resolve([*CSMS, "--set", "MinimumStatusDuration=7"], {})
    station = _station(setup_of(options, "0"), version)
    assert station.model.has("MinimumStatusDuration") is (version is V16)


def test_back_off_has_the_fractions_asked_for_until_the_csms_sets_another() -> None:
    options = resolve([*CSMS, "--reconnect-min", "0.25", "--reconnect-random", "0.5"], {})
    station = _station(setup_of(options, "0"), V21)
    assert backoff_of(options, station)[:2] == (0.25, 0.5)
    station.model.put("RetryBackOffWaitMinimum", 9)
    assert backoff_of(options, station)[:2] == (9, 0.5)


def _station(setup: object, version: Version) -> Station:
    async def made() -> Station:
        import asyncio

        journal = Journal(Clock.of_loop(asyncio.get_running_loop()))
        return Station("CP1", setup, journal, Tasks(print), version=version)  # type: ignore[arg-type]

    return in_virtual_time(made())
