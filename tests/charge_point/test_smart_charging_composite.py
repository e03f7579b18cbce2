"""What charging profiles come to: the composite schedule against a model that looks at every second by itself."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from itertools import pairwise
from math import inf
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from charge_point.smart_charging.composite import Case, Supply, next_change, schedule_of
from charge_point.smart_charging.local_time import LocalTime
from charge_point.smart_charging.modes import Grid
from charge_point.smart_charging.profile import Profile, read
from charge_point.smart_charging.sharing import Want, share
from shared.clock import text

Payload = dict[str, Any]

NOW = 1_767_261_600
AC3, AC1, DC = Supply(32.0, 3), Supply(16.0, 1), Supply(50_000.0, 0)
HORIZON = 400


def profile(
    *periods: tuple[int, float],
    purpose: str = "TxDefaultProfile",
    stack: int = 0,
    kind: str = "Absolute",
    start: int | None = 0,
    place: int = 1,
    **more: Any,
) -> Profile:
    """A profile of (start, limit) periods; `start`, valid_from and valid_to in seconds from NOW, or from `base`.

    With `zone` the start is local time, as a clock on the wall has it.
    """
    base = more.get("base", NOW)
    schedule: Payload = {
        "chargingRateUnit": more.get("unit", "A"),
        "chargingSchedulePeriod": [
            {"startPeriod": at, "limit": limit}
            | ({"numberPhases": more["phases"]} if more.get("phases") else {})
            for at, limit in periods
        ],
    }
    if start is not None:
        schedule["startSchedule"] = text(base + start)
    if more.get("zone"):
        schedule["useLocalTime"] = True
    if more.get("duration") is not None:
        schedule["duration"] = more["duration"]
    wire: Payload = {
        "chargingProfileId": more.get("id", 1),
        "stackLevel": stack,
        "chargingProfilePurpose": purpose,
        "chargingProfileKind": kind,
        "chargingSchedule": schedule,
    }
    for name, wire_name in (("valid_from", "validFrom"), ("valid_to", "validTo")):
        if more.get(name) is not None:
            wire[wire_name] = text(base + more[name])
    if kind == "Recurring":
        wire["recurrencyKind"] = more.get("every", "Daily")
    return read(wire, place, base, zone=LocalTime(more.get("zone") or ""))


def case(
    *own: Profile, station: tuple[Profile, ...] = (), supply: Supply = AC3, session: float = NOW
) -> Case:
    ranked = sorted(own, key=lambda one: -one.stack)
    return Case(supply, tuple(ranked), (), (station,) if station else (), (), session)


def limits(*cases: Case, unit: str = "A", duration: float = HORIZON) -> list[tuple[float, float]]:
    steps, covered = schedule_of(cases, unit, NOW, duration)
    assert covered == duration
    return [(step.start, step.limit) for step in steps]


# --- what the standard's own examples say --------------------------------------------------------------------


def test_without_a_profile_the_hardware_decides() -> None:
    assert limits(case()) == [(0, 32.0)]
    assert limits(case(), case(supply=AC1)) == [(0, 48.0)]


def test_the_higher_level_prevails_as_long_as_it_says_something() -> None:
    low = profile((0, 6), (100, 8), (200, 10), duration=400)
    high = profile((0, 7), (100, 9), stack=1, duration=150)
    assert limits(case(low, high), duration=350) == [(0, 7), (100, 9), (150, 8), (200, 10)]


def test_the_least_of_the_purposes_holds() -> None:
    most = profile((0, 10), purpose="ChargePointMaxProfile", place=0)
    default = profile((0, 6), (60, 10), (120, 8), (180, 15), (260, 8), duration=300)
    own = profile((0, 8), (50, 11), (140, 16), (200, 6), (240, 12), purpose="TxProfile", duration=260)
    both = Case(AC3, (own, default), (), ((most,),), (), NOW)
    assert limits(both) == [(0, 8), (50, 10), (200, 6), (240, 10), (260, 8), (300, 10)]


def test_a_profile_says_nothing_before_its_start_and_after_its_validity() -> None:
    assert limits(case(profile((0, 6), start=60))) == [(0, 32), (60, 6)]
    assert limits(case(profile((0, 6), valid_to=300))) == [(0, 6), (300, 32)]
    assert limits(case(profile((0, 6), kind="Relative", start=None, valid_from=300))) == [(0, 32), (300, 6)]


def test_a_relative_schedule_counts_from_the_beginning_of_the_session() -> None:
    rising = profile((0, 6), (100, 16), kind="Relative", start=None, duration=200)
    assert limits(case(rising, session=NOW - 60)) == [(0, 6), (40, 16), (140, 32)]


def test_a_recurring_schedule_begins_again_and_leaves_gaps() -> None:
    nightly = profile((0, 6), (1800, 0), kind="Recurring", start=-3600 - 86_400 * 3, duration=7200)
    assert limits(case(nightly), duration=90_000) == [
        (0, 0),
        (3600, 32),
        (82_800, 6),
        (84_600, 0),
    ]


def test_what_is_longer_than_its_recurrence_is_cut_there() -> None:
    long = profile((0, 6), (86_500, 10), kind="Recurring", start=0, duration=200_000)
    assert limits(case(long), duration=86_400 * 2) == [(0, 6)]


@pytest.mark.parametrize(
    ("supply", "unit", "phases", "limit", "asked", "found"),
    [
        (AC3, "W", 3, 6900.0, "A", 10.0),  # K01.FR.50
        (AC3, "W", None, 6900.0, "A", 10.0),  # K01.FR.49
        (AC3, "A", 3, 10.0, "W", 6900.0),
        (AC3, "W", 1, 2300.0, "W", 2300.0),
        (AC3, "A", 1, 10.0, "W", 2300.0),
        (AC1, "A", 3, 10.0, "A", 10.0),  # 1.6 errata 3.34, K01.FR.51
        (AC1, "A", 3, 10.0, "W", 2300.0),
        (DC, "W", None, 20_000.0, "W", 20_000.0),
        (DC, "A", None, 50.0, "W", 20_000.0),
        (DC, "W", None, 20_000.0, "A", 50.0),
    ],
)
def test_amperes_and_watts_follow_from_each_other(
    supply: Supply, unit: str, phases: int | None, limit: float, asked: str, found: float
) -> None:
    one = profile((0, limit), unit=unit, phases=phases)
    assert limits(case(one, supply=supply), unit=asked) == [(0, found)]


def test_a_schedule_that_never_ends_is_cut_where_a_message_is_full() -> None:
    flickering = profile(*((at, 6 + at % 2) for at in range(1000)), kind="Recurring", start=0)
    steps, covered = schedule_of([case(flickering)], "A", NOW, 10.0**9)
    assert len(steps) == 1024
    assert covered == 86_400 + 24


# --- against a model that knows nothing of periods -----------------------------------------------------------

offsets = st.integers(-500, 500)
period_lists = st.lists(
    st.tuples(st.integers(1, 300), st.integers(0, 40)), max_size=4, unique_by=lambda p: p[0]
).flatmap(lambda rest: st.integers(0, 40).map(lambda first: [(0, first), *sorted(rest)]))


@st.composite
def profiles(draw: st.DrawFn, purpose: str) -> Profile:
    kind = draw(
        st.sampled_from(
            ["Absolute", "Relative", "Recurring"] if "Max" not in purpose else ["Absolute", "Recurring"]
        )
    )
    return profile(
        *draw(period_lists),
        purpose=purpose,
        stack=draw(st.integers(0, 3)),
        kind=kind,
        start=None if kind == "Relative" else draw(offsets) - draw(st.sampled_from([0, 86_400, 604_800 * 2])),
        place=0 if "Max" in purpose else 1,
        duration=draw(st.none() | st.integers(0, 600)),
        valid_from=draw(st.none() | offsets),
        valid_to=draw(st.none() | offsets),
        unit=draw(st.sampled_from("AW")),
        phases=draw(st.sampled_from([None, 1, 3])),
        every=draw(st.sampled_from(["Daily", "Weekly"])),
    )


ZONE = "Europe/Amsterdam"
SPRING, AUTUMN = 1_774_746_000, 1_792_890_000
"""When its clocks go forward and back in 2026: 01:00 UTC on 29 March and on 25 October."""


def naive_local(wire: Payload, start: int, second: int) -> int:
    """When the schedule began last, whose wall clock said `start` for the first time: by trying day after day."""
    if wire["chargingProfileKind"] != "Recurring":
        return on_the_wall(start)
    days = {"Daily": 1, "Weekly": 7}[wire["recurrencyKind"]]
    begun = on_the_wall(start)
    for count in range(1, 40):
        later = on_the_wall(start + count * days * 86_400)
        if later <= second:
            begun = later
    return begun


@cache
def on_the_wall(reading: int) -> int:
    """The first second at which a clock there shows `reading` (which has no zone); in the hour that is left out, as
    many seconds after its beginning."""
    wanted = datetime.fromtimestamp(reading, UTC).replace(tzinfo=None)
    for hours in (2, 1):
        second = reading - hours * 3600
        if datetime.fromtimestamp(second, ZoneInfo(ZONE)).replace(tzinfo=None) == wanted:
            return second
    return reading - 3600


def naive_limit(wire: Payload, second: int, session: int, supply: Supply) -> float | None:
    """What one profile allows at one second, in A per phase or W; None when it says nothing."""

    def moment(name: str, where: Payload) -> int | None:
        return None if name not in where else round(datetime.fromisoformat(where[name]).timestamp())

    begins, ends = moment("validFrom", wire), moment("validTo", wire)
    if (begins is not None and second < begins) or (ends is not None and second >= ends):
        return None
    schedule = wire["chargingSchedule"]
    start = session if wire["chargingProfileKind"] == "Relative" else moment("startSchedule", schedule)
    assert start is not None
    if schedule.get("useLocalTime"):
        start = naive_local(wire, start, second)
    since = second - start
    if since < 0:
        return None
    if wire["chargingProfileKind"] == "Recurring" and "useLocalTime" not in schedule:
        cycle = {"Daily": 24, "Weekly": 24 * 7}[wire["recurrencyKind"]] * 3600
        while since >= cycle:
            since -= cycle
    if "duration" in schedule and since >= schedule["duration"]:
        return None
    current = None
    for one in schedule["chargingSchedulePeriod"]:
        if one["startPeriod"] <= since:
            current = one
    assert current is not None
    value = float(current["limit"])
    phases = current.get("numberPhases", 3)
    if supply is DC:
        station_wide = wire["chargingProfilePurpose"] == "ChargePointMaxProfile"
        return (
            value if schedule["chargingRateUnit"] == "W" else value * (230 * phases if station_wide else 400)
        )
    return value / (230 * phases) if schedule["chargingRateUnit"] == "W" else value


@st.composite
def moded_profiles(draw: st.DrawFn) -> Profile:
    """A TxDefaultProfile of 2.1 in W whose periods have operation modes, and a limit for a full battery."""
    starts = sorted(draw(st.sets(st.integers(1, 300), max_size=3)) | {0})
    periods: list[Payload] = []
    for start in starts:
        mode = draw(
            st.sampled_from(
                ["ChargingOnly", "CentralSetpoint", "Idle", "LocalLoadBalancing", "LocalFrequency"]
            )
        )
        period: Payload = {"startPeriod": start, "operationMode": mode}
        if mode in ("ChargingOnly", "LocalLoadBalancing") or draw(st.booleans()):
            period["limit"] = float(draw(st.integers(0, 12_000)))
        if mode == "CentralSetpoint":
            period["setpoint"] = float(draw(st.integers(-9000, 12_000)))
        if mode == "LocalFrequency":
            curve = ((49.0, -6000), (50.0, draw(st.integers(-3000, 3000))), (51.0, 6000))
            period |= {
                "v2xBaseline": draw(st.integers(0, 2000)),
                "v2xFreqWattCurve": [{"frequency": at, "power": watts} for at, watts in curve],
            }
        if mode == "Idle":
            period.pop("limit", None)
        periods.append(period)
    schedule: Payload = {
        "id": 1,
        "chargingRateUnit": "W",
        "startSchedule": text(NOW + draw(offsets)),
        "chargingSchedulePeriod": periods,
    }
    if draw(st.booleans()):
        schedule["limitAtSoC"] = {"soc": 80, "limit": float(draw(st.integers(0, 6000)))}
    wire = {
        "id": 1,
        "stackLevel": draw(st.integers(0, 3)),
        "chargingProfilePurpose": "TxDefaultProfile",
        "chargingProfileKind": "Absolute",
        "chargingSchedule": [schedule],
    }
    return read(wire, 1, NOW)


def outside(watts: int) -> Profile:
    """The setpoint of an external system, for ever."""
    period = {"startPeriod": 0, "setpoint": float(watts), "operationMode": "ExternalSetpoint"}
    schedule = {"id": 1, "chargingRateUnit": "W", "chargingSchedulePeriod": [period]}
    wire = {
        "id": -1,
        "stackLevel": 0,
        "chargingProfilePurpose": "ChargingStationExternalConstraints",
        "chargingProfileKind": "Dynamic",
        "chargingSchedule": [schedule],
    }
    return read(wire, 1, NOW)


def naive_moded(
    own: list[Profile], second: int, grid: Grid, soc: float, lead: int | None, csms_leads: bool
) -> float:
    """The A that may be drawn at one second, with three phases; `lead` is a setpoint from outside."""
    most = 32.0 if lead is None else min(32.0, max(lead, 0) / 690)
    for level in (3, 2, 1, 0):
        for one in own:
            (schedule,) = one.wire["chargingSchedule"]
            start = round(datetime.fromisoformat(schedule["startSchedule"]).timestamp())
            if one.stack != level or second < start:
                continue
            current = [p for p in schedule["chargingSchedulePeriod"] if p["startPeriod"] <= second - start][
                -1
            ]
            limit = float(current.get("limit", inf))
            led = lead is not None and not (
                csms_leads and current["operationMode"] not in ("ChargingOnly", "Idle")
            )
            if not led:
                most = 32.0
            match "ChargingOnly" if led and current["operationMode"] != "Idle" else current["operationMode"]:
                case "Idle":
                    limit = 0.0
                case "CentralSetpoint":
                    limit = min(limit, max(current["setpoint"], 0.0))
                case "LocalLoadBalancing":
                    limit = min(limit, max(grid.balance, 0.0))
                case "LocalFrequency":
                    (_, low), (_, middle), (_, high) = [
                        (p["frequency"], p["power"]) for p in current["v2xFreqWattCurve"]
                    ]
                    away = grid.frequency - 50.0
                    curve = middle + away * ((high - middle) if away > 0 else (middle - low))
                    limit = min(limit, max(current["v2xBaseline"] + curve, 0.0))
            capped = schedule.get("limitAtSoC")
            if capped is not None and soc >= capped["soc"]:
                limit = min(limit, capped["limit"])
            return min(limit / 690, most)
    return most


@settings(max_examples=60, deadline=None)
@given(
    own=st.lists(moded_profiles(), max_size=3, unique_by=lambda one: one.stack),
    frequency=st.floats(49.0, 51.0),
    balance=st.integers(-9000, 12_000),
    soc=st.sampled_from([20.0, 80.0, 95.0]),
    lead=st.none() | st.integers(-9000, 12_000),
    csms_leads=st.booleans(),
)
def test_so_it_is_in_every_operation_mode_and_for_a_full_battery(
    own: list[Profile], frequency: float, balance: int, soc: float, lead: int | None, csms_leads: bool
) -> None:
    grid = Grid(frequency, None, float(balance))
    ranked = tuple(sorted(own, key=lambda one: -one.stack))
    leads = () if lead is None else (outside(lead),)
    merged = Case(AC3, ranked, (), (), (), NOW, soc, grid, leads, csms_leads)
    steps, covered = schedule_of([merged], "A", NOW, HORIZON)
    assert covered == HORIZON
    for second in range(HORIZON):
        told = [step.limit for step in steps if step.start <= second][-1]
        assert told == pytest.approx(
            naive_moded(own, NOW + second, grid, soc, lead, csms_leads), abs=0.051
        ), second


def naive(
    own: list[Profile], default: list[Profile], most: list[Profile], second: int, session: int, supply: Supply
) -> float:
    answer = supply.amount
    for group in (own, most):
        said: float | None = None
        for candidates in (group, default) if group is own else (group,):
            if said is None:
                for level in (3, 2, 1, 0):
                    for one in candidates:
                        if one.stack == level and said is None:
                            said = naive_limit(one.wire, second, session, supply)
        if said is not None:
            answer = min(answer, said)
    return answer


def distinct(kind: str) -> st.SearchStrategy[list[Profile]]:
    return st.lists(profiles(kind), max_size=3, unique_by=lambda one: one.stack)


@settings(max_examples=60, deadline=None)
@given(
    own=distinct("TxProfile"),
    default=distinct("TxDefaultProfile"),
    most=distinct("ChargePointMaxProfile"),
    session=st.integers(-300, 300),
    supply=st.sampled_from([AC3, AC1, DC]),
)
def test_the_composite_schedule_is_what_every_second_says(
    own: list[Profile], default: list[Profile], most: list[Profile], session: int, supply: Supply
) -> None:
    def ranked(some: list[Profile]) -> tuple[Profile, ...]:
        return tuple(sorted(some, key=lambda one: -one.stack))

    merged = Case(
        supply, ranked(own) + ranked(default), (), (ranked(most),) if most else (), (), NOW + session
    )
    unit = "W" if supply is DC else "A"
    steps, covered = schedule_of([merged], unit, NOW, HORIZON)
    assert covered == HORIZON
    assert steps[0].start == 0
    assert all(earlier.start < later.start for earlier, later in pairwise(steps))
    for second in range(HORIZON):
        told = [step.limit for step in steps if step.start <= second][-1]
        assert told == round(naive(own, default, most, NOW + second, NOW + session, supply), 1), second


@st.composite
def local_profiles(draw: st.DrawFn, base: int) -> Profile:
    """One in local time that begins about when the clocks change, or weeks before at that time of the day."""
    local = draw(st.booleans())
    wall = draw(offsets) + (3600 * draw(st.sampled_from([1, 2])) if local else 0)
    return profile(
        *draw(period_lists),
        stack=draw(st.integers(0, 3)),
        kind=draw(st.sampled_from(["Absolute", "Recurring"])),
        start=wall - draw(st.sampled_from([0, 86_400, 604_800, 604_800 * 2])),
        duration=draw(st.none() | st.integers(0, 600) | st.just(86_400)),
        every=draw(st.sampled_from(["Daily", "Weekly"])),
        base=base,
        zone=ZONE if local else "",
    )


@settings(max_examples=40, deadline=None)
@given(data=st.data(), about=st.sampled_from([SPRING, AUTUMN]), hours=st.sampled_from([-1, 0, 0, 1, 24]))
def test_so_it_is_in_local_time_when_the_clocks_change(data: st.DataObject, about: int, hours: int) -> None:
    base = about + hours * 3600 - HORIZON // 2
    own = data.draw(st.lists(local_profiles(base), max_size=3, unique_by=lambda one: one.stack))
    merged = Case(AC3, tuple(sorted(own, key=lambda one: -one.stack)), (), (), (), base)
    steps, covered = schedule_of([merged], "A", base, HORIZON)
    assert covered == HORIZON
    for second in range(HORIZON):
        told = [step.limit for step in steps if step.start <= second][-1]
        assert told == round(naive(own, [], [], base + second, base, AC3), 1), second


@pytest.mark.parametrize(
    ("about", "clock", "found"),
    [
        (
            SPRING,
            2.5,
            [(0, 16), (1800, 6), (5400, 16)],
        ),  # 02:30 is left out: half an hour after 02:00 all the same
        (AUTUMN, 2.75, [(0, 6), (2700, 16)]),  # 02:45 comes twice: the first one counts, at 00:45 UTC
    ],
)
def test_a_schedule_that_begins_in_the_hour_of_the_change(
    about: int, clock: float, found: list[tuple[float, float]]
) -> None:
    base = about - about % 86_400 - 3 * 86_400
    daily = profile((0, 6), (3600, 16), kind="Recurring", start=round(clock * 3600), base=base, zone=ZONE)
    steps, _ = schedule_of([case(daily, session=base)], "A", about, 9000)
    assert [(step.start, step.limit) for step in steps] == found


def test_a_night_in_local_time_begins_at_the_same_time_of_the_day_in_summer_and_winter() -> None:
    for about, ahead in ((SPRING, (1, 2, 2)), (AUTUMN, (2, 1, 1))):
        base = about - about % 86_400 - 86_400
        night = profile(
            (0, 6),
            (3600 * 2, 16),
            kind="Recurring",
            start=22 * 3600,
            base=base,
            duration=3 * 3600,
            zone=ZONE,
        )
        steps, _ = schedule_of([case(night, session=base)], "A", base, 3 * 86_400)
        begins = [step.start for step in steps if step.limit == 6]
        assert begins == [day * 86_400 + (22 - hours) * 3600 for day, hours in enumerate(ahead)]


@given(profiles("TxDefaultProfile"), st.integers(-2000, 2000))
def test_nothing_changes_before_the_next_change(one: Profile, at: int) -> None:
    now = float(NOW + at)
    later = next_change(one, now, NOW)
    assert later > now
    until = round(min(later, now + 300))
    assert len({naive_limit(one.wire, second, NOW, AC3) for second in range(round(now), until)}) <= 1


# --- sharing -------------------------------------------------------------------------------------------------


def test_shares_are_even_and_what_is_not_wanted_goes_to_the_others() -> None:
    assert share([Want(32, 6), Want(32, 6)], 40) == [20, 20]
    assert share([Want(10, 6), Want(32, 6)], 40) == [10, 30]
    assert share([Want(10, 6), Want(10, 6)], 40) == [10, 10]


def test_the_last_goes_without_where_it_does_not_suffice() -> None:
    assert share([Want(32, 6), Want(32, 6), Want(32, 6)], 16) == [8, 8, 0]
    assert share([Want(32, 6), Want(32, 10)], 16) == [16, 0]
    assert share([Want(32, 6)], 5) == [0]
    assert share([Want(0, 6), Want(32, 6)], 20) == [0, 20]


@given(
    st.lists(st.tuples(st.floats(0, 64), st.floats(0, 12)).map(lambda pair: Want(*pair)), max_size=6),
    st.floats(0, 200),
)
def test_shares_never_exceed_the_total_nor_what_is_wanted(wants: list[Want], total: float) -> None:
    given_ = share(wants, total)
    assert sum(given_) <= total + 1e-6
    for got, want in zip(given_, wants, strict=True):
        assert got == 0 or want.least <= got <= want.amount + 1e-9
    assert inf not in given_
