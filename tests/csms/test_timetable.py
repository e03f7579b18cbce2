"""When commands go out, in virtual time: delays, periods, sequences, reconnects and new beginnings."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from csms.timetable import ON_ACCEPTED, ON_BOOT, ON_CONNECT, Step, Timetable
from shared.tasks import Tasks


class Bench:
    """A timetable with stations that come and go; `sent` says what went out: seconds, station, connection, step."""

    def __init__(self, *steps: Step, lasts: float = 0.0, **options: Any) -> None:
        self.bugs: list[BaseException] = []
        self.tasks = Tasks(self.bugs.append)
        self.sent: list[tuple[float, str, int, str]] = []
        self.lasts = lasts
        self.timetable = Timetable(steps, self._conduct, **options)
        self._connections = 0

    def connect(self, name: str = "CP1") -> Any:
        self._connections += 1
        session = SimpleNamespace(
            station=SimpleNamespace(id=name),
            csms=SimpleNamespace(tasks=self.tasks),
            number=self._connections,
        )
        self.timetable.connected(session)  # type: ignore[arg-type]
        return session

    async def _conduct(self, session: Any, step: Step) -> None:
        now = asyncio.get_running_loop().time()
        self.sent.append((now, session.station.id, session.number, step.raw or step.name))
        await asyncio.sleep(self.lasts)

    @property
    def when(self) -> list[tuple[float, str]]:
        return [(at, name) for at, _, _, name in self.sent]

    async def after(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
        assert self.bugs == []


RESET = Step("Reset", delay=5.0)
CLEAR = Step("ClearCache", delay=10.0)


async def test_a_delay_is_waited_and_the_command_sent_once() -> None:
    bench = Bench(RESET)
    bench.connect()
    await bench.after(10_000)
    assert bench.when == [(5, "Reset")]


async def test_a_period_is_waited_first_and_again_after_each_answer() -> None:
    bench = Bench(RESET, lasts=2.0, period=5.0)
    bench.connect()
    await bench.after(20)
    assert bench.when == [(5, "Reset"), (12, "Reset"), (19, "Reset")]
    await bench.tasks.end()


async def test_a_delay_counts_from_the_end_of_the_step_before() -> None:
    bench = Bench(RESET, CLEAR, RESET, lasts=3.0)
    bench.connect()
    await bench.after(1000)
    assert bench.when == [(5, "Reset"), (18, "ClearCache"), (26, "Reset")]


async def test_raw_calls_go_first_and_at_once_and_are_not_repeated() -> None:
    bench = Bench(Step("call", raw="one"), Step("call", raw="two"), RESET, period=5.0)
    bench.connect()
    await bench.after(11)
    assert bench.when == [(0, "one"), (0, "two"), (5, "Reset"), (10, "Reset")]
    await bench.tasks.end()


async def test_each_station_has_a_course_of_its_own() -> None:
    bench = Bench(RESET)
    bench.connect("CP1")
    await bench.after(2)
    bench.connect("CP2")
    await bench.after(100)
    assert [(at, name) for at, name, _, _ in bench.sent] == [(5, "CP1"), (7, "CP2")]


async def test_a_second_connection_begins_nothing_anew() -> None:
    bench = Bench(RESET, CLEAR)
    first = bench.connect()
    await bench.after(7)
    bench.timetable.gone(first)
    bench.connect()
    await bench.after(1000)
    assert bench.sent == [(5, "CP1", 1, "Reset"), (15, "CP1", 2, "ClearCache")]


async def test_what_is_due_while_the_station_is_away_waits_for_it() -> None:
    bench = Bench(RESET, CLEAR)
    bench.timetable.gone(bench.connect())
    await bench.after(100)
    assert bench.sent == []
    bench.connect()
    await bench.after(100)
    assert bench.sent == [(100, "CP1", 2, "Reset"), (110, "CP1", 2, "ClearCache")]


async def test_the_end_of_a_replaced_connection_is_not_the_stations() -> None:
    bench = Bench(RESET)
    first = bench.connect()
    bench.connect()
    bench.timetable.gone(first)
    await bench.after(100)
    assert bench.sent == [(5, "CP1", 2, "Reset")]


async def test_a_second_call_to_start_is_no_matter() -> None:
    bench = Bench(RESET, start_on=ON_BOOT)
    session = bench.connect()
    bench.timetable.booted(session, "Pending")
    await bench.after(3)
    bench.timetable.booted(session, "Accepted")
    await bench.after(100)
    assert bench.when == [(5, "Reset")]


@pytest.mark.parametrize(("start_on", "begins"), [(ON_CONNECT, 0), (ON_BOOT, 10), (ON_ACCEPTED, 20)])
async def test_delays_begin_to_count_where_it_is_said(start_on: str, begins: float) -> None:
    bench = Bench(RESET, start_on=start_on)
    session = bench.connect()
    await bench.after(10)
    bench.timetable.booted(session, "Pending")
    await bench.after(10)
    bench.timetable.booted(session, "Accepted")
    await bench.after(100)
    assert bench.when == [(begins + 5, "Reset")]


async def test_rearmed_it_begins_again_on_every_connection() -> None:
    bench = Bench(RESET, CLEAR, rearm=True)
    first = bench.connect()
    await bench.after(7)
    bench.timetable.gone(first)
    await bench.after(3)
    bench.connect()
    await bench.after(1000)
    assert bench.sent == [
        (5, "CP1", 1, "Reset"),
        (15, "CP1", 2, "Reset"),
        (25, "CP1", 2, "ClearCache"),
    ]


async def test_rearmed_a_course_ends_with_its_connection() -> None:
    bench = Bench(RESET, rearm=True, period=5.0)
    session = bench.connect()
    await bench.after(6)
    bench.timetable.gone(session)
    bench.timetable.gone(session)
    await bench.after(100)
    assert bench.when == [(5, "Reset")]
    assert len(bench.tasks) == 0


@pytest.mark.parametrize("start_on", [ON_CONNECT, ON_BOOT, ON_ACCEPTED])
async def test_rearmed_a_connection_that_replaces_another_begins_before_that_one_has_ended(
    start_on: str,
) -> None:
    bench = Bench(RESET, rearm=True, start_on=start_on)
    first = bench.connect()
    bench.timetable.booted(first, "Accepted")
    await bench.after(1)
    second = bench.connect()
    bench.timetable.booted(second, "Accepted")
    bench.timetable.gone(first)  # its close took a while
    await bench.after(100)
    assert bench.sent == [(6, "CP1", 2, "Reset")]


async def test_without_steps_nothing_runs() -> None:
    bench = Bench()
    bench.connect()
    await bench.after(1)
    assert len(bench.tasks) == 0
