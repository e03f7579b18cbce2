"""The energy meter of an EVSE: an integrating register on the clock, and the samples taken from it.

Power is constant between two readings and is volts x amperes x phases, so that V, A, W and Wh agree with each
other in every sample and from one to the next.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from shared.chance import Stream

NOMINAL_VOLTS = 230.0


class Reading(NamedTuple):
    """What the meter says at one moment (`time`: Unix seconds). `energy` is the register in Wh."""

    time: float
    energy: float
    interval: float
    watts: float
    volts: float
    amps: float
    phases: int
    offered: float
    soc: float | None


class Sampled(NamedTuple):
    """One value of a sample; `unit` is the unit as 1.6 and 2.x both spell it, `phase` empty for the whole."""

    measurand: str
    value: float
    unit: str
    phase: str = ""


class Sample(NamedTuple):
    """The values of one moment, taken in one context (ReadingContextEnumType)."""

    time: float
    context: str
    values: tuple[Sampled, ...]


class Meter:
    """Owns the register. `amps` flow on each of `phases`; `limit` is what the station offers, in A."""

    __slots__ = ("_noise", "_since", "amps", "energy", "limit", "phases", "reported", "volts")

    def __init__(self, phases: int, limit: float, noise: Stream | None = None, energy: float = 0.0) -> None:
        self.phases = phases
        self.limit = limit
        self.amps = 0.0
        self.volts = NOMINAL_VOLTS
        self.energy = energy
        self.reported = energy  # the register at the last interval reading
        self._since = 0.0  # the clock's elapsed scale
        self._noise = noise

    @property
    def watts(self) -> float:
        """The active power that flows now, in W."""
        return self.volts * self.amps * self.phases

    def advance(self, elapsed: float) -> float:
        """Bring the register up to `elapsed` seconds of the clock; gives it in Wh."""
        if self.amps:
            self.energy += self.watts * (elapsed - self._since) / 3600.0
        self._since = elapsed
        return self.energy

    def draw(self, amps: float, elapsed: float) -> None:
        """From `elapsed` on the EV draws `amps` per phase, at most the limit."""
        self.advance(elapsed)
        self.amps = min(amps, self.limit)

    def read(
        self, elapsed: float, time: float, *, interval: bool = False, soc: float | None = None
    ) -> Reading:
        """What the meter says now. `interval` starts the next interval of Energy.Active.Import.Interval."""
        energy = self.advance(elapsed)
        reading = Reading(
            time,
            energy,
            energy - self.reported,
            self.watts,
            self.volts,
            self.amps,
            self.phases,
            self.limit,
            soc,
        )
        if interval:
            self.reported = energy
        if self._noise is not None and self.amps:
            self.volts = NOMINAL_VOLTS * self._noise.uniform(0.99, 1.01)
        return reading


def sample(reading: Reading, context: str, measurands: Iterable[str]) -> Sample:
    """The values of `measurands` that the meter has (one may carry a 1.6 phase suffix, `Voltage.L1-N`)."""
    values = tuple(value for name in measurands for value in [_value(reading, name)] if value is not None)
    return Sample(reading.time, context, values)


_PHASES = ("L1", "L2", "L3", "L1-N", "L2-N", "L3-N", "N", "L1-L2", "L2-L3", "L3-L1")


def _value(reading: Reading, name: str) -> Sampled | None:
    measurand, _, suffix = name.rpartition(".")
    if suffix not in _PHASES or not measurand:
        measurand, suffix = name, ""
    if suffix and int(suffix[1:2] if suffix[1:2].isdigit() else 1) > reading.phases:
        return None
    share = 1 if not suffix else max(reading.phases, 1)
    match measurand:
        case "Energy.Active.Import.Register":
            return Sampled(measurand, round(reading.energy / share), "Wh", suffix)
        case "Energy.Active.Import.Interval":
            return Sampled(measurand, round(reading.interval / share), "Wh", suffix)
        case "Power.Active.Import":
            return Sampled(measurand, round(reading.watts / share, 1), "W", suffix)
        case "Power.Offered":
            return Sampled(measurand, round(reading.offered * reading.volts * reading.phases, 1), "W", suffix)
        case "Current.Import":
            return Sampled(measurand, round(reading.amps, 2), "A", suffix)
        case "Current.Offered":
            return Sampled(measurand, round(reading.offered, 2), "A", suffix)
        case "Voltage":
            return Sampled(measurand, round(reading.volts, 1), "V", suffix)
        case "Frequency":
            return Sampled(measurand, 50.0, "Hertz", suffix)
        case "SoC":
            return None if reading.soc is None else Sampled(measurand, round(reading.soc, 1), "Percent")
    return None


def summed(readings: list[Reading]) -> Reading:
    """What a meter before all of them would say at the time of the first."""
    first = readings[0]
    return first._replace(
        energy=sum(r.energy for r in readings),
        interval=sum(r.interval for r in readings),
        watts=sum(r.watts for r in readings),
        amps=sum(r.amps for r in readings),
        offered=sum(r.offered for r in readings),
        soc=None,
    )
