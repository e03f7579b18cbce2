"""The operation modes of 2.1: what the EV shall follow in each of them (Q chapter 2; K §3.2, table 95)."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from math import inf
from typing import NamedTuple

from charge_point.smart_charging.profile import DEFAULT, EXTERNAL, LOCAL, MAX, PRIORITY, TX, Period

_OF_TRANSACTIONS = (
    "ChargingOnly CentralSetpoint ExternalSetpoint ExternalLimits CentralFrequency LocalFrequency LocalLoadBalancing"
    " Idle"
).split()
MODES: dict[str, tuple[str, ...]] = {
    TX: tuple(_OF_TRANSACTIONS),
    DEFAULT: tuple(_OF_TRANSACTIONS),
    PRIORITY: ("ChargingOnly",),
    MAX: ("ChargingOnly",),
    EXTERNAL: ("ChargingOnly", "ExternalLimits", "ExternalSetpoint"),
    LOCAL: ("ChargingOnly", "ExternalLimits"),
}
"""Purpose -> the modes that its periods may have (table 95)."""

BY_LIMIT = ("ChargingOnly",)
BY_SETPOINT = ("CentralSetpoint", "CentralFrequency")
BY_ITSELF = ("LocalFrequency", "LocalLoadBalancing", "Idle")
"""What a period of the mode needs: a limit, a setpoint, neither."""

NOMINAL = 50.0
"""Hz."""


class Grid(NamedTuple):
    """What the station knows of the grid: its frequency in Hz, the aFRR signal in force, if any, and what balances the
    load of the building at an EVSE, in W."""

    frequency: float = NOMINAL
    signal: int | None = None
    balance: float = 0.0


def setpoint(period: Period, grid: Grid) -> float | None:
    """What the EV shall follow, negative for discharging, within the limits of the period; None for nothing."""
    found = period.setpoint
    if period.mode == "LocalFrequency" and period.curve:
        found = period.baseline + interpolated(period.curve, grid.frequency)  # Q08.FR.06
        if grid.signal is not None and period.signals:
            found += interpolated(period.signals, grid.signal)  # Q08.FR.10
    if period.mode == "LocalLoadBalancing":
        found = grid.balance  # Q09.FR.04
    if found is None:
        return None
    low = -inf if period.discharge is None else period.discharge
    high = inf if period.limit is None else max(period.limit, 0.0)
    return min(max(found, low), high)  # V2X.03, V2X.04, K08.FR.08


def interpolated(points: Sequence[tuple[float, float]], at: float) -> float:
    """The value of a curve at `at`, straight between its points and level outside them."""
    place = bisect_right(points, at, key=lambda point: point[0])
    if place == 0:
        return points[0][1]
    if place == len(points):
        return points[-1][1]
    (x1, y1), (x2, y2) = points[place - 1], points[place]
    return y1 + (y2 - y1) * (at - x1) / (x2 - x1)


def settled(period: Period, grid: Grid) -> Period:
    """`period` with the limit that its mode comes to for charging."""
    if period.mode == "Idle":  # Q10
        return period._replace(limit=0.0)
    wanted = setpoint(period, grid)
    return period if wanted is None else period._replace(limit=max(wanted, 0.0))
