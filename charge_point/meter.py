"""The energy meter of an EVSE: an integrating register on the clock, and what is read from it.

Volts, amperes and reactive power are kept for each conductor, active power follows from them, and the registers
integrate what the car's `Flow` says in closed form: V, A, W, var, Wh and the car's state of charge agree with each
other in every reading and from one to the next. What a reading says in the words of OCPP is in
`charge_point.measurands`.
"""

from __future__ import annotations

from math import copysign, floor, hypot, sqrt
from typing import TYPE_CHECKING, NamedTuple

from shared.chance import Stream

if TYPE_CHECKING:
    from charge_point.ev import Ev, Flow
    from charge_point.meter_faults import MeterFault

NOMINAL_VOLTS = 230.0

_NOTHING = 1e-6

_Counts = tuple[float, float, float, float]
"""Wh taken and given, varh taken and given."""


class Reading(NamedTuple):
    """What the meter says at one moment (`time`: Unix seconds).

    `energy` is the register in Wh, `energies` those of the conductors; `interval` the Wh since the last reading of
    its kind. `volts`, `amps` and `vars` have one value for each conductor: three, one, or one of DC, whose reactive
    power is that which its inverter takes from the grid. `offered_watts` and `offered_amps` (per conductor) are None
    where nothing is offered: at the main meter. `reactive` and `apparent` are the registers of what was taken and
    given, in varh and VAh; `setpoint` is what the car shall follow, `export_watts` the most that it may give back;
    `lost` are Wh that became heat in the cable, `local` those of the register that were generated here, `setpoint_wh`
    those that would have passed in the interval by the setpoint;
    `intervals` what was exported, and reactively taken and given, since the last reading of
    its kind.
    """

    time: float
    energy: float
    interval: float
    volts: tuple[float, ...]
    amps: tuple[float, ...]
    energies: tuple[float, ...]
    is_dc: bool = False
    offered_amps: float | None = None
    offered_watts: float | None = None
    exported: float = 0.0
    ev: Ev | None = None
    seconds_left: float | None = None
    main: bool = False
    vars: tuple[float, ...] = ()
    reactive: tuple[float, float] = (0.0, 0.0)
    apparent: tuple[float, float] = (0.0, 0.0)
    intervals: tuple[float, float, float] = (0.0, 0.0, 0.0)
    hertz: float = 50.0
    setpoint: float | None = None
    export_watts: float | None = None
    upstream: bool = False
    lost: float = 0.0
    local: float = 0.0
    setpoint_wh: float | None = None
    seconds_to_reserve: float | None = None

    @property
    def each_watts(self) -> tuple[float, ...]:
        """The active power of each conductor, in W; negative where it is given back."""
        if self.is_dc or not any(self.vars):
            return tuple(v * a for v, a in zip(self.volts, self.amps, strict=True))
        return tuple(
            copysign(sqrt(max((v * a) ** 2 - q * q, 0.0)), a)
            for v, a, q in zip(self.volts, self.amps, self.vars, strict=True)
        )

    @property
    def watts(self) -> float:
        """The active power, in W."""
        return sum(self.each_watts)

    @property
    def factor(self) -> float:
        """The power factor: of what flows, the share that is active; 1 when nothing does."""
        whole = hypot(self.watts, sum(self.vars))
        return abs(self.watts) / whole if whole > _NOTHING else 1.0


class Meter:
    """Owns the register. `phases` are those that it measures, 0 of a meter for direct current.

    Of one that measures now AC, now DC, `conductors` are the most phases of AC.

    `energy` is what has really passed, in Wh; `register` what is shown of it: in steps of `resolution`, and by a
    `fault` if it has one.
    """

    __slots__ = (
        "_began",
        "_flow",
        "_marks",
        "_noise",
        "_since",
        "_split",
        "conductors",
        "energy",
        "exported",
        "fault",
        "lost",
        "mains",
        "phases",
        "resolution",
        "vah_in",
        "vah_out",
        "varh_in",
        "varh_out",
        "volts",
    )

    def __init__(
        self,
        phases: int,
        noise: Stream | None = None,
        energy: float = 0.0,
        resolution: float = 1.0,
        conductors: int = 0,
    ) -> None:
        self.phases = phases
        self.conductors = max(conductors, phases, 1)
        self.volts = self.mains = NOMINAL_VOLTS
        """Of the grid: as it is seen just now, and without the noise."""
        self.resolution = resolution
        self.exported = 0.0
        """Wh that cars have given back."""
        self.varh_in = self.varh_out = 0.0
        """Reactive energy that was taken, and given."""
        self.vah_out = 0.0
        """Apparent energy that has gone with what cars gave back; `vah_in` with what they took."""
        self.lost = 0.0
        """Wh that the cable behind the meter has made warm since the beginning of the transaction (2.1, CableLoss)."""
        self.fault: MeterFault | None = None
        self._flow: Flow | None = None
        self._split: list[float] | None = None  # the register of each phase, once something has flowed
        self._since = 0.0  # the clock's elapsed scale
        self._noise = noise
        self.start(energy)

    def start(self, energy: float) -> None:
        """Let the register stand at `energy` Wh, as another process or another meter left it."""
        self.energy = self.vah_in = energy
        self._split = None
        self._began = energy
        self._marks: dict[str, _Counts] | None = None  # where the last interval of each kind ended

    @property
    def watts(self) -> float:
        """The active power that flows now, in W."""
        return self._flow.watts if self._flow is not None else 0.0

    @property
    def used(self) -> int:
        """On how many phases energy flows now; 0 for none and for DC."""
        return self._flow.phases if self._flow is not None else 0

    @property
    def flow(self) -> Flow | None:
        """What flows now."""
        return self._flow

    def advance(self, elapsed: float) -> float:
        """Bring the register up to `elapsed` seconds of the clock; gives what has really passed, in Wh."""
        if self._flow is not None:
            wh = self._flow.take(max(elapsed - self._since, 0.0))
            self.energy += max(wh, 0.0)
            self.exported -= min(wh, 0.0)
            self._count_apparent(wh, max(elapsed - self._since, 0.0))
            self.lost += self._flow.lost(wh, max(elapsed - self._since, 0.0))
            if self.conductors > 1 and wh > 0:
                self._count(wh, self._flow.phases or self.conductors)  # DC is made of all phases
        self._since = elapsed
        return self.energy

    def _count_apparent(self, wh: float, seconds: float) -> None:
        assert self._flow is not None
        slope, base = self._flow.reactive
        varh = slope * abs(wh) + base * seconds / 3600
        self.varh_in += max(varh, 0.0)
        self.varh_out -= min(varh, 0.0)
        vah = hypot(wh, varh) if varh and self._flow.phases else abs(wh)
        if wh < 0:
            self.vah_out += vah
        else:
            self.vah_in += vah

    def set_mains(self, volts: float, elapsed: float) -> None:
        """From `elapsed` on the grid has this voltage between a phase and the neutral conductor."""
        self.advance(elapsed)
        self.volts = self.mains = volts
        if self._flow is not None:
            self._flow.volts_ac = volts

    def _count(self, wh: float, used: int) -> None:
        if self._split is None:
            self._split = list(self.energies)
            self._split = [each - wh / self.conductors for each in self._split]  # `energy` has it already
        for phase in range(used):
            self._split[phase] += wh / used

    @property
    def energies(self) -> tuple[float, ...]:
        """What has really passed through each conductor, in Wh."""
        if self._split is not None:
            return tuple(self._split)
        return (self.energy / self.conductors,) * self.conductors

    def register(self, elapsed: float) -> float:
        """What the register shows, in Wh."""
        self.advance(elapsed)
        return self._shown(self.energy if self.fault is None else self.fault.register(self))

    def _shown(self, wh: float) -> float:
        return round(floor(wh / self.resolution + 1e-6) * self.resolution, 6)

    def draw(self, flow: Flow | None, elapsed: float) -> None:
        """From `elapsed` on this flows; nothing for None."""
        self.advance(elapsed)
        self._flow = flow
        if flow is not None and flow.phases:
            flow.volts_ac = self.volts

    def read(self, elapsed: float, time: float, *, interval: str = "") -> Reading:
        """What the meter says now; `interval` ("sampled" or "aligned") also begins the next interval of that kind."""
        shown = self.register(elapsed)
        exported, taken, given = (self._shown(each) for each in (self.exported, self.varh_in, self.varh_out))
        now = (shown, exported, taken, given)
        marks = self._marks or {}
        since = marks.get(interval or "sampled", (self._began, 0.0, 0.0, 0.0))
        if interval:
            self._marks = marks | {interval: now}
        passed, *further = (max(one - two, 0.0) for one, two in zip(now, since, strict=True))
        volts, amps, energies, reactive = self._conductors()
        reading = Reading(
            time,
            shown,
            passed,
            volts,
            amps,
            energies,
            is_dc=not self.phases,
            exported=exported,
            vars=reactive,
            reactive=(taken, given),
            apparent=(self._shown(self.vah_in), self._shown(self.vah_out)),
            intervals=(further[0], further[1], further[2]),
            lost=self.lost,
        )
        if self.fault is not None:
            reading = self.fault.seen(reading)
        if self._noise is not None and self.watts and self.phases:
            self.volts = round(self.mains * self._noise.uniform(0.99, 1.01), 1)
            if self._flow is not None:
                self._flow.volts_ac = self.volts
        return reading

    def _conductors(
        self,
    ) -> tuple[tuple[float, ...], tuple[float, ...], tuple[float, ...], tuple[float, ...]]:
        """Volts, amperes, the shown register and the reactive power of each conductor."""
        conductors = max(self.phases, 1)
        energies = tuple(self._shown(wh) for wh in self.energies)[:conductors]
        reactive = self._flow.vars if self._flow is not None else 0.0
        if not self.phases:
            volts = self._flow.volts if self._flow is not None else 0.0
            return (volts,), (self.watts / volts if volts else 0.0,), (self._shown(self.energy),), (reactive,)
        used, idle = self.used, (0.0,) * (conductors - self.used)
        if not used:
            return (self.volts,) * conductors, idle, energies, idle
        whole = copysign(hypot(self.watts, reactive), self.watts) if reactive else self.watts
        amps, each = whole / (self.volts * used), reactive / used
        return (self.volts,) * conductors, (amps,) * used + idle, energies, (each,) * used + idle


def summed(readings: list[Reading], mains: float = NOMINAL_VOLTS) -> Reading:
    """What a meter before all of them would say at the time of the first: it is on the grid, so it measures AC.

    `mains`: volts of the grid, where no meter measures that. DC is made of three phases of the grid alike.
    """
    first = next((r for r in readings if not r.is_dc), readings[0])
    conductors = 3 if any(r.is_dc for r in readings) else max(len(r.volts) for r in readings)
    watts, reactive, energies = ([0.0] * conductors for _ in range(3))
    for r in readings:
        for at in range(conductors):
            if r.is_dc:
                watts[at] += r.watts / conductors
                reactive[at] += sum(r.vars) / conductors
                energies[at] += r.energy / conductors
            elif at < len(r.volts):
                watts[at] += r.each_watts[at]
                reactive[at] += r.vars[at] if r.vars else 0.0
                energies[at] += r.energies[at]
    volts = (mains,) * conductors if first.is_dc else first.volts[:1] * conductors
    amps = [
        copysign(hypot(w, q) if q else abs(w), w) / volts[0] for w, q in zip(watts, reactive, strict=True)
    ]
    return first._replace(
        energy=sum(r.energy for r in readings),
        interval=sum(r.interval for r in readings),
        volts=volts,
        amps=tuple(amps),
        energies=tuple(energies),
        is_dc=False,
        offered_amps=None,
        offered_watts=None,
        exported=sum(r.exported for r in readings),
        ev=None,
        main=True,
        vars=tuple(reactive),
        lost=sum(r.lost for r in readings),
        reactive=(sum(r.reactive[0] for r in readings), sum(r.reactive[1] for r in readings)),
        apparent=(sum(r.apparent[0] for r in readings), sum(r.apparent[1] for r in readings)),
        intervals=(
            sum(r.intervals[0] for r in readings),
            sum(r.intervals[1] for r in readings),
            sum(r.intervals[2] for r in readings),
        ),
    )
