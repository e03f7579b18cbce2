"""A car that gives energy back: what flows out of its battery, and when the station asks for that (2.1, Q)."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING

from charge_point.ev import Ev, Flow, Reactive

if TYPE_CHECKING:
    from charge_point.evse import Evse


class BackFlow(Flow):
    """What a car gives back: constant power until its battery is down to the reserve. Its watts are negative."""

    __slots__ = ("back",)

    def __init__(self, ev: Ev, watts: float, phases: int, reactive: Reactive | None = None) -> None:
        super().__init__(ev, phases=phases, reactive=reactive)
        self.back = watts

    @property
    def watts(self) -> float:
        """The power that flows now, negative."""
        return -self.back if can_feed(self.ev) else 0.0

    def take(self, seconds: float) -> float:
        """Let it flow for so long; gives the Wh that the meter counts, negative. Some get lost on the way."""
        wh = min(self.back * seconds / 3600, spare(self.ev) * self.ev.kind.efficiency)
        self.ev.stored -= wh / self.ev.kind.efficiency
        self.squared = self.back * wh
        return -wh

    def seconds_for(self, wh: float) -> float:
        """It never delivers anything."""
        return inf

    def seconds_until(self, stored: float) -> float:
        """How long until the battery is down to the reserve, when `stored` is more than is in it."""
        if stored <= self.ev.stored or not self.back:
            return inf
        return spare(self.ev) * self.ev.kind.efficiency * 3600 / self.back


def spare(ev: Ev) -> float:
    """Wh in the battery that it may give away."""
    if ev.kind.battery == inf:
        return inf
    return max(ev.stored - ev.kind.battery * ev.kind.reserve / 100, 0.0)


def can_feed(ev: Ev) -> bool:
    """Whether the car can give energy back now."""
    return ev.ready and ev.kind.discharge > 0 and spare(ev) > 1e-6


def most_back(evse: Evse) -> float:
    """W that the car at `evse` may give back at most: what it can, its EVSE can, and DER controls allow."""
    from charge_point.der.controls import discharge_share  # few cars give back

    if evse.ev is None or not evse.ev.kind.discharge:
        return 0.0
    most = min(evse.ev.kind.discharge, evse.outlet.watts)
    return min(most, evse.ev.kind.discharge * discharge_share(evse))


def feed(evse: Evse, watts: float) -> bool:
    """The car at `evse` is to give back `watts`, as far as it can, 0: no more; gives whether the state has changed."""
    from charge_point import power  # it knows this module

    ev = evse.ev
    if ev is None:
        return False
    asked = min(watts, most_back(evse)) if watts > 0 else 0.0
    if asked == ev.feeding:
        return False
    before = evse.energy
    ev.feeding = asked
    power.follow_limits(evse)
    return evse.energy is not before
