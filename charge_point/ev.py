"""A simulated car: what it can take, what it takes of an offer, and how its battery fills.

The power that flows is the least of a few straight lines over the energy in the battery: what is offered, what the
car's charger takes, and the battery's own curve. Along a line the battery fills by a straight or an exponential
law, so that a stretch of any length is exact: reading the meter more often changes nothing (`Flow.walk`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from itertools import pairwise
from math import copysign, expm1, inf, log1p, sqrt
from typing import Any, NamedTuple

from shared.suggest import advice, not_one_of

CURVE = ((0.0, 1.0), (80.0, 1.0), (100.0, 0.03))
"""State of charge in percent, and the share of its greatest power that a battery takes there."""

_TINY = 1e-9

CABLE_DROP = 0.467
"""V on each conductor of a cable at the current that it is made for: 5 m of copper, with 5.3 A/mm²."""


@dataclass(frozen=True, slots=True)
class Vehicle:
    """A kind of car, and how it arrives. Wh, W, A per phase, V, percent.

    Without a `battery` it takes what is offered for ever, and nobody knows a state of charge. `target` is the state
    of charge at which it has enough. `min_amps`: with less on AC it does not charge. `curve` holds shares of the
    least of `watts` and twice the battery an hour. `efficiency`: Wh in the battery for each Wh of the meter.
    `cable`: what its own cable carries, in A; counts at a socket. `volts`: of an empty and a full battery, on DC.
    `iso15118`: the part of the standard by which it negotiates, 2 or 20 (`dynamic`: in its dynamic control mode);
    then `departure` is in seconds from the beginning and `energy` what it asks for (0: what the battery lacks).
    `discharge`: W that it gives back at most, until its battery is down to `reserve` percent. `power_factor`: of its
    charger on AC; negative where it gives reactive power instead of taking it. `contract`: how it pays by
    Plug & Charge: `install`, `update`, or the PEM file of its contract certificate.
    `der`: the DER controls that its inverter follows itself, on AC with ISO 15118-20 (2.1). `inlet`: A above which its
    inlet gets hot. `leak`: mA of residual current while it charges. `overdraw`: how many times the current that it is
    offered it takes, on AC.
    """

    battery: float = inf
    soc: float = 20.0
    target: float = 100.0
    watts: float = inf
    amps: float = inf
    min_amps: float = 6.0
    phases: int = 3
    curve: tuple[tuple[float, float], ...] = CURVE
    efficiency: float = 1.0
    cable: float = inf
    volts: tuple[float, float] = (350.0, 400.0)
    ready: bool = True
    iso15118: str = ""
    dynamic: bool = False
    departure: float = inf
    energy: float = 0.0
    discharge: float = 0.0
    reserve: float = 20.0
    power_factor: float = 1.0
    contract: str = ""
    der: tuple[str, ...] = ()
    inlet: float = inf
    leak: float = 0.0
    overdraw: float = 1.0

    @property
    def peak(self) -> float:
        """The most that its battery takes, in W."""
        return min(self.watts, 2 * self.battery)


ANY_CAR = Vehicle()


def vehicle(settings: Mapping[str, Any], base: Vehicle = ANY_CAR) -> Vehicle:
    """The kind of car that `settings` describe by the names of `Vehicle`'s fields; `base` gives what they do not say.

    Values may be text. Raises ValueError, in words, for a name or a value that a car cannot have.
    """
    names = [field.name for field in fields(Vehicle)]
    made = {name: getattr(base, name) for name in names}
    for name, value in settings.items():
        if name not in names:
            raise ValueError(f"a car has no {name!r}{advice(name, names)}")
        made[name] = _parsed(name, value)
    made["soc"] = min(made["soc"], 100.0)
    if made["contract"] and not made["iso15118"]:
        made["iso15118"] = "2"  # else it could not show it
    return Vehicle(**made)


def _parsed(name: str, value: Any) -> Any:
    try:
        if name in ("ready", "dynamic"):
            return value if isinstance(value, bool) else {"true": True, "false": False}[str(value).lower()]
        if name == "iso15118":
            return {"": "", "false": "", "true": "2", "2": "2", "20": "20"}[str(value).lower()]
        if name == "contract":
            return str(value)
        if name == "der":
            return _controls(value)
        if name == "phases":
            return _within(name, int(value), 1, 3)
        if name == "power_factor":
            return copysign(_within(name, abs(float(value)), 0.1, 1.0), float(value))
        if name == "curve":
            return _curve([(float(soc), float(share)) for soc, share in value])
        if name == "volts":
            low, high = (float(volts) for volts in value)
            return (_within(name, low, 1, inf), _within(name, high, low, inf))
        low = 0.0 if name in ("soc", "min_amps", "energy", "discharge", "reserve", "leak") else 0.01
        high = 100.0 if name in ("soc", "target", "reserve") else 1.0 if name == "efficiency" else inf
        return _within(name, float(value), low, high)
    except (KeyError, TypeError, ValueError) as wrong:
        if str(wrong).startswith("the car's"):
            raise
        raise ValueError(f"{value!r} is not what the car's {name} can be") from None


def _controls(value: Any) -> tuple[str, ...]:
    from charge_point.der.control import TYPES  # few cars follow any

    if value in (True, "true"):
        return TYPES
    named = (
        () if value in (False, "false", "") else value.split("+") if isinstance(value, str) else tuple(value)
    )
    for each in named:
        if each not in TYPES:
            raise ValueError(f"the car's der: {not_one_of(str(each), 'a DER control', TYPES)}")
    return tuple(named)


def _within(name: str, value: Any, low: float, high: float) -> Any:
    if not low <= value <= high:
        limit = f"from {low:g} to {high:g}" if high < inf else f"at least {low:g}"
        raise ValueError(f"the car's {name} is {limit}, not {value:g}")
    return value


def _curve(points: list[tuple[float, float]]) -> tuple[tuple[float, float], ...]:
    rising = all(one[0] < two[0] for one, two in pairwise(points))
    whole = len(points) > 1 and points[0][0] == 0 and points[-1][0] == 100
    if not rising or not whole or not all(0 < share <= 1 for _, share in points):
        raise ValueError("the car's curve goes from 0 to 100 percent with shares above 0 and up to 1")
    return tuple(points)


class Ev:
    """One car at a plug. Owns what is in its battery (`stored`, Wh) and whether it is `ready` to take energy.

    `signed`: the meter has signed the value with which its session begins.
    """

    __slots__ = ("feeding", "kind", "ready", "signed", "stored")

    def __init__(self, kind: Vehicle = ANY_CAR) -> None:
        self.kind = kind
        self.ready = kind.ready
        self.feeding = 0.0
        self.signed = False
        self.stored = kind.battery * kind.soc / 100 if kind.battery < inf else 0.0

    @property
    def soc(self) -> float | None:
        """The state of charge in percent, None of a car that has no battery to speak of."""
        return 100 * self.stored / self.kind.battery if self.kind.battery < inf else None

    @property
    def enough(self) -> float:
        """Wh in the battery at which it has enough."""
        return self.kind.battery * self.kind.target / 100

    @property
    def is_full(self) -> bool:
        """Whether it wants no more."""
        return self.stored >= self.enough - _TINY

    def takes(self, amps: float) -> bool:
        """Whether it would take energy now from an offer of `amps` per phase (DC: inf)."""
        return self.ready and not self.is_full and amps >= self.kind.min_amps


class Line(NamedTuple):
    """Power over the energy in the battery: `base` in W at an empty one, `slope` in W per Wh."""

    base: float
    slope: float = 0.0

    def at(self, stored: float) -> float:
        """The power in W with `stored` Wh in the battery."""
        return self.base + self.slope * stored


class Reactive(NamedTuple):
    """Reactive power: `slope` var for each W, whichever way that flows, and `base` var. Above 0 it is taken."""

    slope: float = 0.0
    base: float = 0.0


PLAIN = Reactive()


def reactive_of(factor: float) -> Reactive:
    """The reactive power that goes with a power factor; a negative one gives it."""
    return Reactive(copysign(sqrt(1 / factor**2 - 1), factor)) if abs(factor) < 1 else PLAIN


class Flow:
    """What a car takes of one offer: `amps` per phase at `volts` on `phases` conductors, or `watts` on DC (0 phases).

    On DC the voltage is the battery's. `reactive`: what goes with the power; by default as the car's charger has it,
    and none with DC. Owns nothing but fills the car's battery.
    """

    __slots__ = ("amps", "ev", "phases", "rated", "reactive", "squared", "volts_ac", "watts_offered")

    def __init__(
        self,
        ev: Ev,
        *,
        amps: float = inf,
        phases: int = 0,
        volts: float = 230.0,
        watts: float = inf,
        reactive: Reactive | None = None,
    ) -> None:
        self.ev = ev
        self.amps = amps
        self.phases = min(phases, ev.kind.phases)
        self.volts_ac = volts
        self.watts_offered = watts
        self.reactive = self.own if reactive is None else reactive
        self.rated = 32.0
        """A that the cable is made for."""
        self.squared = 0.0
        """The power squared, summed up over the time that was taken last, in W²h: heat goes with it."""

    @property
    def volts(self) -> float:
        """Between the conductors that feed the car, now."""
        return self.volts_ac if self.phases else self._battery_volts().at(self.ev.stored)

    @property
    def watts(self) -> float:
        """The power that flows now."""
        return self._least(self.ev.stored)[0].at(self.ev.stored)

    @property
    def own(self) -> Reactive:
        """The reactive power that goes with it where nobody asks for another."""
        return reactive_of(self.ev.kind.power_factor) if self.phases else PLAIN

    @property
    def vars(self) -> float:
        """The reactive power that flows now, in var; negative where it is given."""
        return self.reactive.slope * abs(self.watts) + self.reactive.base

    def active(self, amps: float) -> float:
        """The active power in W that `amps` on each of the phases make with this reactive power."""
        whole, (slope, base) = self.volts_ac * self.phases * amps, self.reactive
        if not base or whole == inf:
            return whole / sqrt(1 + slope * slope)
        # P of P**2 + (slope P + base)**2 == whole**2
        square = 1 + slope * slope
        root = (slope * base) ** 2 - square * (base * base - whole * whole)
        return max((sqrt(root) - slope * base) / square, 0.0) if root > 0 else 0.0

    def take(self, seconds: float) -> float:
        """Let it flow for so long; gives the Wh that the meter counts."""
        before, squares = self.ev.stored, [0.0]
        self.ev.stored, _ = self.walk(before, seconds, self.ev.enough, squares)
        self.squared = squares[0] / 3600
        return (self.ev.stored - before) / self.ev.kind.efficiency

    def seconds_for(self, wh: float) -> float:
        """How long until the meter has counted `wh` more; inf when the battery is full before."""
        if wh == inf:
            return inf
        goal = self.ev.stored + wh * self.ev.kind.efficiency
        if goal > self.ev.enough + _TINY:
            return inf
        return self.walk(self.ev.stored, inf, goal)[1]

    def seconds_until(self, stored: float) -> float:
        """How long until there are `stored` Wh in the battery; inf when there never are."""
        return self.walk(self.ev.stored, inf, stored)[1] if stored < inf else inf

    def lost(self, wh: float, seconds: float) -> float:
        """Wh that the cable behind the meter has made warm of the `wh` that were taken last, in `seconds`."""
        slope, base = self.reactive if self.phases else PLAIN
        squared = (
            self.squared * (1 + slope * slope) + 2 * slope * base * abs(wh) + base * base * seconds / 3600
        )
        volts = self.volts_ac * self.phases if self.phases else sum(self.ev.kind.volts) / 2
        return (
            (3 if self.phases == 3 else 2 * max(self.phases, 1))
            * CABLE_DROP
            / self.rated
            * squared
            / volts**2
        )

    def walk(
        self, stored: float, seconds: float, goal: float, squares: list[float] | None = None
    ) -> tuple[float, float]:
        """What is in the battery after `seconds`, or once `goal` Wh are, and the seconds that it took.

        Adds to `squares` the power squared over that time, in W²s.
        """
        used, rate = 0.0, self.ev.kind.efficiency / 3600
        while stored < goal - _TINY and used < seconds:
            line, end = self._least(stored)
            end, now, bend = min(end, goal), line.at(stored), line.slope * rate
            if now <= _TINY:
                return stored, seconds
            if bend:
                needed = log1p((line.at(end) - now) / now) / bend
            else:
                needed = (end - stored) / (now * rate)
            left = seconds - used
            if squares is not None:
                time = min(left, needed)
                squares[0] += now * now * (expm1(2 * bend * time) / (2 * bend) if bend else time)
            if left < needed:
                return stored + (
                    now / line.slope * expm1(bend * left) if bend else now * rate * left
                ), seconds
            stored, used = end, used + needed
        return stored, used

    def _lines(self, stored: float) -> tuple[list[Line], float]:
        """The lines that bound the power with `stored` Wh, and up to which energy they are these."""
        kind = self.ev.kind
        amps = min(self.amps, kind.amps)
        if self.phases:
            lines = [Line(min(self.active(amps), kind.watts))]
        else:
            lines = [Line(min(self.watts_offered, kind.watts))]
            if amps < inf:
                volts = self._battery_volts()
                lines.append(Line(volts.base * amps, volts.slope * amps))
        if kind.battery == inf:
            return lines, inf
        for (low, share), (high, later) in pairwise(kind.curve):
            start, end = (kind.battery * soc / 100 for soc in (low, high))
            if stored < end - _TINY or high == kind.curve[-1][0]:
                slope = kind.peak * (later - share) / (end - start)
                lines.append(Line(kind.peak * share - slope * start, slope))
                return lines, end
        return lines, inf

    def _least(self, stored: float) -> tuple[Line, float]:
        """The line that holds from `stored` on, and up to which energy."""
        lines, end = self._lines(stored)
        line = min(lines, key=lambda one: (round(one.at(stored), 9), one.slope))
        for other in lines:
            if other.slope < line.slope:
                crossing = (other.base - line.base) / (line.slope - other.slope)
                if crossing > stored + _TINY:
                    end = min(end, crossing)
        return line, end

    def _battery_volts(self) -> Line:
        low, high = self.ev.kind.volts
        return Line(high) if self.ev.kind.battery == inf else Line(low, (high - low) / self.ev.kind.battery)
