"""What charging profiles come to: pure functions of profiles and time (1.6 §3.13.2, §3.13.3; 2.x K01, K08).

Of the profiles of one purpose the highest stack level prevails that has something to say at the moment: a profile
says nothing outside its validity, before its schedule starts and after it ends (K01.FR.11-13, .17, .30, .36, .37;
1.6 errata 3.43). A TxProfile that says something overrules the TxDefaultProfiles (K02.FR.04, .08). Over the purposes
the least holds (K08.FR.04), never more than the hardware gives; where no profile says anything the hardware does.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from math import inf
from typing import NamedTuple

from charge_point.smart_charging.modes import Grid, setpoint, settled
from charge_point.smart_charging.profile import MAX, PHASES, Period, Profile, Schedule

LINE_VOLTS = 230.0
"""The set voltage of the area, by which W become A (K01.FR.50; 1.6 §7.12)."""

DC_VOLTS = 400.0
"""The voltage by which amperes of a DC connector become watts."""

MOST_PERIODS = 1024
"""Periods of a composite schedule: the most that CompositeScheduleType takes."""

_MOST_STEPS = 5_000

TICK = 0.001
"""Seconds: the resolution of a timestamp, and so of a schedule."""


class Supply(NamedTuple):
    """What the hardware of an EVSE gives: `amount` in A on each of `phases`; 0 phases are DC, in W."""

    amount: float
    phases: int

    @property
    def is_dc(self) -> bool:
        """Whether it gives direct current."""
        return self.phases == 0


class Allowed(NamedTuple):
    """What may be drawn at a moment, in the terms of a `Supply`."""

    amount: float
    phases: int


class Case(NamedTuple):
    """Everything that decides what may be drawn at one EVSE.

    `own` are the profiles of the session, those that prevail first; `caps` are profiles that others than the CSMS
    impose on this EVSE; `station` are groups of profiles of which each limits the whole station; `extra` is local
    generation. `leads` are setpoints of external systems, which go before those of the session unless `csms_leads`
    (Q06.FR.20-.22). `session` is when relative schedules begin, in Unix seconds: the power path was closed (K01.FR.42).
    """

    supply: Supply
    own: tuple[Profile, ...]
    caps: tuple[Profile, ...]
    station: tuple[tuple[Profile, ...], ...]
    extra: tuple[Profile, ...]
    session: float
    soc: float | None = None
    grid: Grid = Grid()
    leads: tuple[Profile, ...] = ()
    csms_leads: bool = False


# --- one profile -------------------------------------------------------------------------------------------


def beginning(profile: Profile, session: float) -> float:
    """When the schedule of `profile` starts for the first time."""
    if profile.kind == "Dynamic":
        return profile.received  # K28.FR.02
    start = profile.schedule.start
    if start is not None and profile.kind != "Relative":
        return profile.zone.moment(start) if profile.schedule.local else start
    return profile.received if profile.purpose == MAX else session


def cycle(profile: Profile, now: float, session: float) -> tuple[float, float]:
    """When the schedule of `profile` that runs at `now`, or the first one, began, and when the next one begins.

    In local time one begins at the same time of the day, whether that is 23, 24 or 25 hours later (K01.FR.90).
    """
    start, every, first = beginning(profile, session), profile.every, profile.schedule.start
    if not every:
        return start, inf
    if not profile.schedule.local or first is None:
        begun = start + max((now - start) // every, 0.0) * every
        return begun, begun + every
    count = max((now + profile.zone.ahead(now) - first) // every, 0.0)
    begun, later = (profile.zone.moment(first + (count + more) * every) for more in (0, 1))
    if count and begun > now:  # a beginning in an hour that is left out
        return profile.zone.moment(first + (count - 1) * every), begun
    if later <= now:  # of two hours with the same name it was the first
        return later, profile.zone.moment(first + (count + 2) * every)
    return begun, later


def saying(profile: Profile, now: float, session: float) -> Period | None:
    """The period of `profile` that holds at `now`, None when it says nothing then."""
    if not profile.valid_from <= now < profile.valid_to:  # K01.FR.36, .37
        return None
    schedule, passed = profile.schedule, now - cycle(profile, now, session)[0]
    if passed < 0:  # K01.FR.30
        return None
    if passed >= schedule.duration:  # K01.FR.11, .13
        return None
    at = bisect_right(schedule.periods, passed, key=_start) - 1
    return schedule.periods[at] if at >= 0 else None


def _start(period: Period) -> float:
    return period.start


def next_change(profile: Profile, now: float, session: float) -> float:
    """When, after `now`, `profile` may say something else than now; inf for never again."""
    if now < profile.valid_from:
        return profile.valid_from
    if now >= profile.valid_to:
        return inf
    begun, later = cycle(profile, now, session)
    if now < begun:
        return min(begun, profile.valid_to)
    return min(_boundary(profile.schedule, now, begun, later), profile.valid_to)


def _boundary(schedule: Schedule, now: float, begun: float, later: float) -> float:
    """The next instant after `now` at which a period begins or the schedule ends or, `later`, begins anew."""
    ends = min(schedule.duration, later - begun)
    at = bisect_right(schedule.periods, now - begun, key=_start)
    if at < len(schedule.periods) and begun + schedule.periods[at].start > now:
        ends = min(ends, schedule.periods[at].start)
    return begun + ends if now < begun + ends else later


# --- several -----------------------------------------------------------------------------------------------


def prevailing(profiles: Sequence[Profile], now: float, session: float) -> tuple[Profile, Period] | None:
    """The first of `profiles`, which are in the order of their rank, that says something, with what it says."""
    for profile in profiles:
        period = saying(profile, now, session)
        if period is not None:
            return profile, period
    return None


def as_allowed(period: Period, unit: str, supply: Supply, *, of_station: bool = False) -> Allowed:
    """What `period` of a schedule in `unit` allows at an EVSE; `of_station`: in A it means those of the grid.

    A limit for more phases than there are is used as it stands, not recalculated (1.6 errata 3.34; K01.FR.45).
    """
    limit = inf if period.limit is None else max(period.limit, 0.0)
    phases = PHASES if period.phases is None else period.phases
    if supply.is_dc:
        if unit == "A":
            limit *= LINE_VOLTS * phases if of_station else DC_VOLTS
        return Allowed(limit, 0)
    if unit == "W" and limit < inf:
        limit /= LINE_VOLTS * (1 if period.each else max(phases, 1))  # K01.FR.50
    return Allowed(limit, min(phases, supply.phases))


def followed(case: Case, now: float) -> tuple[Profile, Period] | None:
    """Whose setpoint the car follows at `now`, or else what prevails of the session."""
    own = prevailing(case.own, now, case.session)
    lead = prevailing(case.leads, now, case.session)
    if lead is None or (case.csms_leads and own is not None and setpoint(own[1], case.grid) is not None):
        return own
    return lead


def own_limit(case: Case, now: float) -> Allowed:
    """What the session's profiles and the hardware allow, whatever holds for the whole station."""
    allowed = Allowed(case.supply.amount, case.supply.phases)
    found = prevailing(case.own, now, case.session)
    if found is not None:
        profile, period = found
        if followed(case, now) != found and period.mode != "Idle":  # its setpoint is not the one that holds
            period = period._replace(setpoint=None, mode="ChargingOnly")
        period = _capped(settled(period, case.grid), profile.schedule, case.soc)
        allowed = _least(allowed, as_allowed(period, profile.schedule.unit, case.supply))
    lead = followed(case, now)
    if lead is not None and lead != found:
        wanted = settled(lead[1], case.grid)
        allowed = _least(allowed, as_allowed(wanted, lead[0].schedule.unit, case.supply))
    for cap in case.caps:
        said = saying(cap, now, case.session)
        if said is not None:
            allowed = _least(allowed, as_allowed(said, cap.schedule.unit, case.supply))
    return allowed


def _capped(period: Period, schedule: Schedule, soc: float | None) -> Period:
    """`period` with the limit for a battery that is nearly full (K01.FR.100)."""
    if soc is None or schedule.soc is None or soc < schedule.soc:
        return period
    return period._replace(limit=min(inf if period.limit is None else period.limit, schedule.soc_limit))


def _least(one: Allowed, other: Allowed) -> Allowed:
    return Allowed(min(one.amount, other.amount), min(one.phases, other.phases))


def station_cap(case: Case, now: float) -> Allowed | None:
    """What profiles of the whole station allow it together, in the terms of this EVSE; None for no limit."""
    least: Allowed | None = None
    for group in case.station:
        found = prevailing(group, now, case.session)
        if found is not None:
            allowed = as_allowed(found[1], found[0].schedule.unit, case.supply, of_station=True)
            least = allowed if least is None else _least(least, allowed)
    return least


def generated(case: Case, now: float) -> float:
    """What local generation adds (K08.FR.04, K27), in the terms of this EVSE."""
    found = prevailing(case.extra, now, case.session)
    if found is None or found[1].limit is None:
        return 0.0
    return as_allowed(found[1], found[0].schedule.unit, case.supply, of_station=True).amount


def limit_at(case: Case, now: float) -> Allowed:
    """What may be drawn at one EVSE at `now` as if it were the only one that charges."""
    allowed = own_limit(case, now)
    cap = station_cap(case, now)
    if cap is not None:
        allowed = _least(allowed, cap)
    return Allowed(min(allowed.amount + generated(case, now), case.supply.amount), allowed.phases)


def changes_after(case: Case, now: float) -> float:
    """When, after `now`, something else may be allowed; inf for never."""
    groups = (case.own, case.caps, *case.station, case.extra, case.leads)
    return min((next_change(one, now, case.session) for group in groups for one in group), default=inf)


# --- schedules ---------------------------------------------------------------------------------------------


class Step(NamedTuple):
    """From `start` (seconds from the beginning of the schedule) on, `limit` holds on `phases` (0: DC).

    `setpoint` is what the car shall follow, negative for giving back, where there is one.
    """

    start: float
    limit: float
    phases: int
    setpoint: float | None = None


def in_unit(allowed: Allowed, unit: str, supply: Supply) -> float:
    """An amount in A or W as a schedule has it, with one digit after the point (ChargingSchedulePeriod.limit)."""
    if supply.is_dc:
        return round(allowed.amount / DC_VOLTS if unit == "A" else allowed.amount, 1)
    return round(allowed.amount * (LINE_VOLTS * allowed.phases if unit == "W" else 1), 1)


def schedule_of(
    cases: Sequence[Case], unit: str, now: float, duration: float, most: float = inf
) -> tuple[list[Step], float]:
    """The composite schedule from `now` on, and the seconds that it covers (K08; 1.6 §5.7).

    One case is that of an EVSE; several are those of all EVSEs of a station, whose sum is told (K08.FR.03), and no
    more than `most`, which the grid gives the station. It ends early rather than having more periods than a message
    may hold.
    """
    steps: list[Step] = []
    at = now
    for at in _instants(cases, now, now + duration):
        wanted = setpoint_at(cases[0], unit, at) if len(cases) == 1 else None
        step = Step(at - now, *_value(cases, unit, at, most), wanted)
        if not steps or steps[-1][1:] != step[1:]:
            if len(steps) == MOST_PERIODS:
                return steps, at - now
            steps.append(step)
    later = min((changes_after(case, at) for case in cases), default=inf)
    return steps, duration if later >= now + duration else later - now


def setpoint_at(case: Case, unit: str, now: float) -> float | None:
    """What the car shall follow at `now`, in `unit`, within the limits (SC.04, K08.FR.08); None for nothing."""
    found = followed(case, now)
    wanted = None if found is None else setpoint(found[1], case.grid)
    if found is None or wanted is None:
        return None
    if found[0].schedule.unit != unit:
        ampere = DC_VOLTS if case.supply.is_dc else LINE_VOLTS * case.supply.phases
        wanted = wanted * ampere if unit == "W" else wanted / ampere
    return round(min(wanted, in_unit(limit_at(case, now), unit, case.supply)), 1)


def _instants(cases: Sequence[Case], now: float, end: float) -> Iterator[float]:
    for _ in range(_MOST_STEPS):
        yield now
        later = min((changes_after(case, now) for case in cases), default=inf)
        now = max(later, now + TICK)  # however the floats of a recurrence are rounded
        if now >= end:
            return


def _value(cases: Sequence[Case], unit: str, now: float, most: float) -> tuple[float, int]:
    if len(cases) == 1:
        allowed = limit_at(cases[0], now)
        return in_unit(allowed, unit, cases[0].supply), allowed.phases
    total, phases, cap, extra = 0.0, 0, inf, 0.0
    for case in cases:
        allowed = own_limit(case, now)
        capped = station_cap(case, now)
        total += in_unit(allowed, unit, case.supply)
        phases = max(phases, allowed.phases)
        if capped is not None:
            cap = min(cap, in_unit(capped, unit, case.supply))
        extra = max(extra, in_unit(Allowed(generated(case, now), case.supply.phases), unit, case.supply))
    hardware = sum(in_unit(Allowed(*case.supply), unit, case.supply) for case in cases)
    return round(min(min(total, cap) + extra, hardware, most), 1), phases
