"""Charging schedules compared: does the one of a vehicle keep within one of ours (K15.FR.11, K15.FR.12)."""

from __future__ import annotations

from collections.abc import Iterable

from shared.dispatch import Payload

SLACK = 1.001
"""Limits have one decimal on the wire: a vehicle that rounds does not exceed."""


def within(schedule: Payload, ours: Iterable[Payload]) -> bool:
    """Whether `schedule` nowhere exceeds the limit of at least one of `ours`.

    Both are ChargingScheduleType. Schedules in another unit (W, A) cannot be compared: they count as kept, since
    we cannot say that they are not.
    """
    comparable = [other for other in ours if other["chargingRateUnit"] == schedule["chargingRateUnit"]]
    return not comparable or any(_keeps(schedule, other) for other in comparable)


def _keeps(schedule: Payload, other: Payload) -> bool:
    """Compared where either changes; both are steps."""
    mine, theirs = schedule["chargingSchedulePeriod"], other["chargingSchedulePeriod"]
    for at in sorted({period["startPeriod"] for period in (*mine, *theirs)}):
        asked, allowed = _limit(mine, at), _limit(theirs, at)
        if asked is not None and allowed is not None and asked > allowed * SLACK:
            return False
    return True


def _limit(periods: Iterable[Payload], at: int) -> float | None:
    """The limit in force `at` seconds after the start; None where none is given (2.1 has periods without)."""
    found = None
    for period in periods:
        if period["startPeriod"] <= at:
            found = period.get("limit")
    return found
