"""The grid that a station is connected to: its voltage and frequency, as they are now."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from charge_point import power
from charge_point.meter import NOMINAL_VOLTS
from charge_point.parts import Part, existing, tell_parts
from shared.versions import V21

if TYPE_CHECKING:
    from charge_point.evse import Evse
    from charge_point.station import Station

NOMINAL_HERTZ = 50.0


SETTLE = 60.0
"""Seconds at most between two looks at a power that changes by itself, while the building's sun shines."""


class Mains(Part):
    """What the grid is like, in Hz, and in V between a phase and the neutral conductor, and what else is on it.

    Owns the registers of the premises: what they have taken and given in sum, and of what the cars have taken the
    part that was generated here.
    """

    __slots__ = (
        "_again",
        "_local",
        "_seen",
        "_share",
        "_since",
        "building",
        "given",
        "hertz",
        "taken",
        "volts",
    )

    def __init__(self, station: Station) -> None:
        super().__init__(station)
        self.building = 0.0
        """W that the building takes beside the cars, negative where its sun gives more."""
        self.hertz = NOMINAL_HERTZ
        self.volts = NOMINAL_VOLTS
        self._since = station.clock.elapsed()
        self._seen = [one.meter.advance(self._since) - one.meter.exported for one in station.evses]
        self._local = [0.0 for _ in station.evses]
        self._share = 0.0
        self._again: asyncio.TimerHandle | None = None
        self.taken = sum(one.meter.energy for one in station.evses)
        """Wh that came from the grid to the premises."""
        self.given = sum(one.meter.exported for one in station.evses)
        """Wh that went back to it."""

    def settle(self) -> None:
        """Count what has flowed since the last look, as the one power that the grid sees, and look again in time."""
        now, evses = self.station.clock.elapsed(), self.station.evses
        net = [one.meter.advance(now) - one.meter.exported for one in evses]
        passed = [one - before for one, before in zip(net, self._seen, strict=True)]
        whole = self.building * (now - self._since) / 3600 + sum(passed)
        self.taken += max(whole, 0.0)
        self.given -= min(whole, 0.0)
        for at, wh in enumerate(passed):
            self._local[at] += max(wh, 0.0) * self._share
        self._seen, self._since = net, now
        watts = sum(max(one.meter.watts, 0.0) for one in evses)
        self._share = min(max(-self.building, 0.0) / watts, 1.0) if watts else 0.0
        self._stop()
        if self.building and watts:
            self._again = asyncio.get_running_loop().call_later(SETTLE, self.settle)

    def local(self, evse: Evse) -> float:
        """Wh that the car or cars at `evse` have taken of what was generated here."""
        self.settle()
        return self._local[evse.id - 1]

    def energy_drawn(self, evse: Evse) -> None:
        self.settle()

    def energy_stopped(self, evse: Evse) -> None:
        self.settle()

    def power_off(self) -> None:
        self.settle()
        self._stop()

    def _stop(self) -> None:
        if self._again is not None:
            self._again.cancel()
            self._again = None


def set_building(station: Station, watts: float) -> None:
    """The building takes so much from now on beside the cars (negative: gives), in W."""
    mains = station.part(Mains)
    mains.settle()
    mains.building = watts
    mains.settle()


def hertz_of(station: Station) -> float:
    """The frequency of the grid."""
    mains = existing(station, Mains)
    return NOMINAL_HERTZ if mains is None else mains.hertz


def volts_of(station: Station) -> float:
    """The voltage of the grid."""
    mains = existing(station, Mains)
    return NOMINAL_VOLTS if mains is None else mains.volts


def grid(station: Station, *, hertz: float | None = None, volts: float | None = None) -> None:
    """The grid has another frequency (Hz) or voltage (V) from now on: meters, power and grid codes follow at once.

    Raises ValueError for what no grid has; nothing is changed then.
    """
    if hertz is not None and not 40 <= hertz <= 70:
        raise ValueError(f"a grid has 40 to 70 Hz, not {hertz:g}")
    if volts is not None and not 1 <= volts <= 400:
        raise ValueError(f"a grid has 1 to 400 V between phase and neutral, not {volts:g}")
    mains = station.part(Mains)
    if hertz is not None:
        mains.hertz = hertz
        if station.version is V21:
            from charge_point.smart_charging.frequency import measured  # of use with profiles of 2.1 alone

            measured(station, hertz)
    if volts is not None and volts != mains.volts:
        mains.volts = volts
        for one in station.evses:
            one.meter.set_mains(volts, station.clock.elapsed())
            power.follow_limits(one)
        from charge_point.protection import grid_changed  # few grids are ever unwell

        grid_changed(station, volts)
    tell_parts(station, lambda part: part.grid_changed())
