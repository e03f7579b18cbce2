"""Every combination of start points, and of stop points, begins and ends a transaction where a naive model says."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain, combinations

import pytest

from charge_point.hands import drive_in, drive_off
from shared.versions import V201
from tests.charge_point.sessions import AUT, DS, ET, EVC, PB, PPC, Session

STARTS = (PB, EVC, AUT, DS, PPC, ET)
STOPS = (PB, EVC, AUT, PPC, ET)  # DataSigned means nothing there

COURSES: dict[str, list[tuple[str, set[str], set[str]]]] = {
    # act, points that it brings, points that it takes away
    "plug first": [
        ("drive_in", {PB}, set()),
        ("plug", {EVC}, set()),
        ("present", {AUT, PPC, DS, ET}, set()),
        ("present again", set(), {AUT, PPC, DS, ET}),
        ("unplug", set(), {EVC}),
        ("drive_off", set(), {PB}),
    ],
    "token first": [
        ("drive_in", {PB}, set()),
        ("present", {AUT}, set()),
        ("plug", {EVC, PPC, DS, ET}, set()),
        ("present again", set(), {AUT, PPC, DS, ET}),
        ("unplug", set(), {EVC}),
        ("drive_off", set(), {PB}),
    ],
}


def some(points: Iterable[str]) -> Iterator[tuple[str, ...]]:
    """Every set of them but the empty one."""
    chosen = tuple(points)
    return chain.from_iterable(combinations(chosen, size) for size in range(1, len(chosen) + 1))


def expected(course: str, start: tuple[str, ...], stop: tuple[str, ...]) -> tuple[str, str]:
    """The acts after which the transaction has begun and ended."""
    begun = ended = ""
    for act, brings, takes in COURSES[course]:
        if not begun and brings & set(start):
            begun = act
        elif begun and not ended and takes & set(stop):
            ended = act
    return begun, ended


async def play(course: str, start: tuple[str, ...], stop: tuple[str, ...]) -> tuple[str, str]:
    """The same at a station."""
    at = await Session.at(V201, ",".join(start), ",".join(stop), SampledDataCtrlr__SignReadings=DS in start)
    begun = ended = ""
    for act, _, _ in COURSES[course]:
        if act in ("drive_in", "drive_off"):
            (drive_in if act == "drive_in" else drive_off)(at.station)
        elif act.startswith("present"):
            await at.present()
        else:
            await (at.plug() if act == "plug" else at.unplug())
        await at.settle(0.1)
        types = [step[0] for step in at.news()]
        assert types.count("Started") == ("Started" in types)
        begun = act if "Started" in types else begun
        ended = act if "Ended" in types else ended
    await at.end()
    return begun, ended


@pytest.mark.parametrize("course", COURSES)
async def test_a_transaction_begins_with_the_first_of_its_start_points(course: str) -> None:
    for start in some(STARTS):
        assert await play(course, start, (AUT,)) == expected(course, start, (AUT,)), start


@pytest.mark.parametrize("course", COURSES)
async def test_a_transaction_ends_with_the_first_stop_point_that_is_lost(course: str) -> None:
    for stop in some(STOPS):
        assert await play(course, (PB,), stop) == expected(course, (PB,), stop), stop
