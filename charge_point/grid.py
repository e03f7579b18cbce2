"""The grid that a station is connected to: its voltage and frequency, as they are now."""

from __future__ import annotations

from typing import TYPE_CHECKING

from charge_point import power
from charge_point.meter import NOMINAL_VOLTS
from charge_point.parts import Part, existing, tell_parts
from shared.versions import V21

if TYPE_CHECKING:
    from charge_point.station import Station

NOMINAL_HERTZ = 50.0


class Mains(Part):
    """What the grid is like, in Hz, and in V between a phase and the neutral conductor, and what else is on it."""

    __slots__ = ("_given", "_since", "_used", "building", "hertz", "volts")

    def __init__(self, station: Station) -> None:
        super().__init__(station)
        self.building = 0.0
        """W that the building takes beside the cars, negative where its sun gives more."""
        self._used = self._given = self._since = 0.0
        self.hertz = NOMINAL_HERTZ
        self.volts = NOMINAL_VOLTS

    def counted(self, elapsed: float) -> tuple[float, float]:
        """Wh that the building has taken and given by now."""
        wh = self.building * (elapsed - self._since) / 3600
        self._used += max(wh, 0.0)
        self._given -= min(wh, 0.0)
        self._since = elapsed
        return self._used, self._given


def set_building(station: Station, watts: float) -> None:
    """The building takes so much from now on beside the cars (negative: gives), in W."""
    mains = station.part(Mains)
    mains.counted(station.clock.elapsed())
    mains.building = watts


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
    tell_parts(station, lambda part: part.grid_changed())
