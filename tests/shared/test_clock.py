"""Timestamps, and the loop on which waiting takes no time."""

from __future__ import annotations

import asyncio
import re
import time
from datetime import UTC, datetime, timedelta, timezone

import jsonschema_rs
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from shared.clock import (
    VIRTUAL_EPOCH,
    Clock,
    VirtualLoop,
    between,
    microseconds,
    parse,
    run_real,
    run_virtual,
    text,
)

moments = st.datetimes(datetime(1970, 1, 2), datetime(2199, 1, 1), timezones=st.just(UTC))
rfc3339 = jsonschema_rs.Draft6Validator({"format": "date-time"}, validate_formats=True)


@pytest.mark.parametrize(
    ("wire", "expected"),
    [
        ("2026-11-21T10:00:00Z", "2026-11-21T10:00:00.000Z"),
        ("2026-11-21T10:00:00.5Z", "2026-11-21T10:00:00.500Z"),
        ("2026-11-21T10:00:00.123456Z", "2026-11-21T10:00:00.123Z"),
        ("2026-11-21T10:00:00.123456789Z", "2026-11-21T10:00:00.123Z"),
        ("2026-11-21T10:00:00,25Z", "2026-11-21T10:00:00.250Z"),
        ("2026-11-21T12:00:00+02:00", "2026-11-21T10:00:00.000Z"),
        ("2026-11-21T04:30:00-05:30", "2026-11-21T10:00:00.000Z"),
        ("2026-11-21T12:00:00+0200", "2026-11-21T10:00:00.000Z"),
        ("2026-11-21T12:00:00+02", "2026-11-21T10:00:00.000Z"),
        ("2026-11-21T10:00:00", "2026-11-21T10:00:00.000Z"),
        ("2026-11-21T10:00Z", "2026-11-21T10:00:00.000Z"),
        ("2026-11-21 10:00:00Z", "2026-11-21T10:00:00.000Z"),
        ("2026-11-21t10:00:00z", "2026-11-21T10:00:00.000Z"),
        ("20261121T100000Z", "2026-11-21T10:00:00.000Z"),
        ("2016-12-31T23:59:60Z", "2017-01-01T00:00:00.000Z"),
    ],
)
def test_a_timestamp_is_read_in_every_form(wire: str, expected: str) -> None:
    assert text(parse(wire)) == expected


@pytest.mark.parametrize(
    "wire",
    [
        "",
        "now",
        "2026-11-21",
        "10:00:00",
        "2026-13-21T10:00:00Z",
        "2026-11-21T25:00:00Z",
        "2026-11-21T10:00:00+99:00",
        "2026-11-21T10:00:00Z" * 10,
        "2026-11-21T10:00:61Z",
        None,
        1_700_000_000,
        ["2026-11-21T10:00:00Z"],
    ],
)
def test_anything_else_is_a_value_error(wire: object) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse(wire)  # type: ignore[arg-type]


@given(
    st.text() | st.from_regex(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(:\d\d([.,]\d{1,9})?)?([Zz]|[+-]\d\d:?\d\d)?")
)
@example("0001-01-01T00:00:00+23:59")
@example("9999-12-31T23:59:60-23:59")
def test_no_text_raises_anything_else(wire: str) -> None:
    try:
        seconds = parse(wire)
    except ValueError:
        return
    assert isinstance(seconds, float)


dates = r"[12]\d{3}-(0[1-9]|1[0-2])-(0[1-9]|1\d|2[0-8]|3[01])"
times = r"([01]\d|2[0-3]):[0-5]\d:([0-5]\d)(\.\d{1,9})?([Zz]|[+-]([01]\d|2[0-3]):[0-5]\d)"


@given(st.from_regex(re.compile(rf"{dates}[Tt]{times}", re.ASCII), fullmatch=True))
@example("2016-12-31T23:59:60z")
def test_what_the_schema_lets_pass_can_be_read(wire: str) -> None:
    assume(rfc3339.is_valid(wire))
    parse(wire)


@given(moments)
def test_a_timestamp_is_the_moment_to_the_millisecond(moment: datetime) -> None:
    wire = text(moment.timestamp())
    assert rfc3339.is_valid(wire)
    assert abs(parse(wire) - moment.timestamp()) <= 0.00051


@given(moments, st.integers(-14 * 60, 14 * 60))
def test_the_offset_makes_no_difference(moment: datetime, offset: int) -> None:
    elsewhere = moment.astimezone(timezone(timedelta(minutes=offset)))
    assert parse(elsewhere.isoformat()) == pytest.approx(moment.timestamp(), abs=1e-5)


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (0.9996, "1970-01-01T00:00:01.000Z"),
        (1.0004, "1970-01-01T00:00:01.000Z"),
        (0.0, "1970-01-01T00:00:00.000Z"),
    ],
)
def test_rounding_carries_into_the_second(seconds: float, expected: str) -> None:
    assert text(seconds) == expected


def test_journal_lines_have_microseconds() -> None:
    assert microseconds(VIRTUAL_EPOCH + 0.25) == "2026-01-01T10:00:00.250000Z"


def test_virtual_time_begins_at_ten_on_new_years_day_and_jumps() -> None:
    async def main() -> list[str]:
        clock = Clock.of_loop(asyncio.get_running_loop())
        stamps = [clock.now()]
        for seconds in (0.001, 59.0, 8 * 3600):
            await asyncio.sleep(seconds)
            stamps.append(clock.now())
        return stamps

    expected = [
        "2026-01-01T10:00:00.000Z",
        "2026-01-01T10:00:00.001Z",
        "2026-01-01T10:00:59.001Z",
        "2026-01-01T18:00:59.001Z",
    ]
    assert run_virtual(main()) == expected
    assert run_virtual(main()) == expected


def test_timers_fire_in_order_and_at_their_time() -> None:
    async def main() -> list[tuple[float, str]]:
        loop = asyncio.get_running_loop()
        fired: list[tuple[float, str]] = []
        for after, name in [(5, "late"), (1, "early"), (1, "early too"), (86_400 * 400, "a year on")]:
            loop.call_later(after, lambda name=name: fired.append((loop.time(), name)))
        await asyncio.sleep(86_400 * 401)
        return fired

    assert run_virtual(main()) == [
        (1, "early"),
        (1, "early too"),
        (5, "late"),
        (86_400 * 400, "a year on"),
    ]


def test_timeouts_are_virtual_too() -> None:
    async def main() -> float:
        loop = asyncio.get_running_loop()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(3600):
                await asyncio.sleep(7200)
        return loop.time()

    assert run_virtual(main()) == 3600


def test_waiting_for_what_cannot_happen_is_an_error_not_a_hang() -> None:
    with pytest.raises(RuntimeError, match="virtual time stands still"):
        run_virtual(asyncio.Event().wait())


def test_on_a_real_loop_the_clock_shows_true_time() -> None:
    async def main() -> tuple[bool, float]:
        loop = asyncio.get_running_loop()
        return isinstance(loop, VirtualLoop), Clock.of_loop(loop).time()

    before = time.time()
    virtual, shown = run_real(main())
    assert not virtual
    assert before - 1 < shown < time.time() + 1


async def test_a_clock_askew_leaves_the_other_alone() -> None:
    clock = Clock.of_loop(asyncio.get_running_loop())
    wrong = clock.askew()
    wrong.offset = -90.0
    assert wrong.now() == "2026-01-01T09:58:30.000Z"
    assert clock.now() == "2026-01-01T10:00:00.000Z"
    assert wrong.elapsed() == clock.elapsed() == 0


@pytest.mark.parametrize(
    ("earlier", "later", "seconds"),
    [
        ("2026-01-01T10:00:00Z", "2026-01-01T10:00:01.500Z", 1.5),
        ("2026-01-01T12:00:00+02:00", "2026-01-01T10:01:00Z", 60.0),
        ("2026-01-01T10:00:00", "2026-01-01T10:01:00Z", 60.0),
        ("2026-01-01t10:00:00z", "2026-01-01T10:01:00Z", 60.0),
        ("2025-12-31T23:59:60Z", "2026-01-01T00:00:00Z", 0.0),
        ("2026-01-02T10:00:00Z", "2026-01-01T10:00:00Z", -86400.0),
    ],
)
def test_the_time_between_two_timestamps_is_that_between_what_they_mean(
    earlier: str, later: str, seconds: float
) -> None:
    assert between(earlier, later) == seconds == parse(later) - parse(earlier)


def test_there_is_no_time_between_a_timestamp_and_what_is_none() -> None:
    with pytest.raises(ValueError, match="timestamp"):
        between("", "2026-01-01T10:00:00Z")
