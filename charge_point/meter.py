"""The energy meter of an EVSE: an integrating register on the clock, and what is read from it.

Volts and amperes are kept for each conductor, power is their product, and the register integrates what the car's
`Flow` says in closed form: V, A, W, Wh and the car's state of charge agree with each other in every reading and from
one to the next. What a reading says in the words of OCPP is in `charge_point.measurands`.
"""

from __future__ import annotations

from math import floor
from typing import TYPE_CHECKING, NamedTuple

from shared.chance import Stream

if TYPE_CHECKING:
    from charge_point.ev import Ev, Flow
    from charge_point.meter_faults import MeterFault

NOMINAL_VOLTS = 230.0


class Reading(NamedTuple):
    """What the meter says at one moment (`time`: Unix seconds).

    `energy` is the register in Wh, `energies` those of the conductors; `interval` the Wh since the last reading of
    its kind. `volts` and `amps` have one value for each conductor: three, one, or one of DC. `offered_watts` and
    `offered_amps` (per conductor) are None where nothing is offered: at the main meter.
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

    @property
    def watts(self) -> float:
        """The active power, in W."""
        return sum(v * a for v, a in zip(self.volts, self.amps, strict=True))


class Meter:
    """Owns the register. `phases` are those that it measures, 0 of a meter for direct current.

    `energy` is what has really passed, in Wh; `register` what is shown of it: in steps of `resolution`, and by a
    `fault` if it has one.
    """

    __slots__ = (
        "_aligned",
        "_flow",
        "_noise",
        "_sampled",
        "_since",
        "_split",
        "energy",
        "exported",
        "fault",
        "phases",
        "resolution",
        "volts",
    )

    def __init__(
        self, phases: int, noise: Stream | None = None, energy: float = 0.0, resolution: float = 1.0
    ) -> None:
        self.phases = phases
        self.volts = NOMINAL_VOLTS
        self.resolution = resolution
        self.exported = 0.0
        """Wh that cars have given back."""
        self.fault: MeterFault | None = None
        self._flow: Flow | None = None
        self._split: list[float] | None = None  # the register of each phase, once something has flowed
        self._since = 0.0  # the clock's elapsed scale
        self._noise = noise
        self.start(energy)

    def start(self, energy: float) -> None:
        """Let the register stand at `energy` Wh, as another process or another meter left it."""
        self.energy = self._sampled = self._aligned = energy
        self._split = None

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
            if self._flow.phases and wh > 0:
                self._count(wh, self._flow.phases)
        self._since = elapsed
        return self.energy

    def _count(self, wh: float, used: int) -> None:
        if self._split is None:
            self._split = list(self.energies)
            self._split = [each - wh / self.phases for each in self._split]  # `energy` has it already
        for phase in range(used):
            self._split[phase] += wh / used

    @property
    def energies(self) -> tuple[float, ...]:
        """What has really passed through each conductor, in Wh."""
        if self._split is not None:
            return tuple(self._split)
        conductors = max(self.phases, 1)
        return (self.energy / conductors,) * conductors

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
        since = self._aligned if interval == "aligned" else self._sampled
        if interval == "aligned":
            self._aligned = shown
        elif interval:
            self._sampled = shown
        reading = Reading(time, shown, max(shown - since, 0.0), *self._conductors(), is_dc=not self.phases)
        reading = reading._replace(exported=self._shown(self.exported))
        if self.fault is not None:
            reading = self.fault.seen(reading)
        if self._noise is not None and self.watts and self.phases:
            self.volts = round(NOMINAL_VOLTS * self._noise.uniform(0.99, 1.01), 1)
            if self._flow is not None:
                self._flow.volts_ac = self.volts
        return reading

    def _conductors(self) -> tuple[tuple[float, ...], tuple[float, ...], tuple[float, ...]]:
        """Volts, amperes and the shown register of each conductor."""
        conductors = max(self.phases, 1)
        energies = tuple(self._shown(wh) for wh in self.energies)
        if not self.phases:
            volts = self._flow.volts if self._flow is not None else 0.0
            return (volts,), (self.watts / volts if volts else 0.0,), energies
        used = self.used
        amps = self.watts / (self.volts * used) if used else 0.0
        return (self.volts,) * conductors, (amps,) * used + (0.0,) * (conductors - used), energies


def summed(readings: list[Reading]) -> Reading:
    """What a meter before all of them would say at the time of the first: it is on the grid, so it measures AC."""
    first = readings[0]
    conductors = max(len(r.volts) for r in readings)
    amps, energies = [0.0] * conductors, [0.0] * conductors
    for r in readings:
        for at in range(conductors):
            own = r.amps[at : at + 1] or (0.0,)
            # DC is made of all phases of the grid alike
            amps[at] += r.watts / (NOMINAL_VOLTS * conductors) if r.is_dc else own[0]
            energies[at] += r.energy / conductors if r.is_dc else (r.energies[at : at + 1] or (0.0,))[0]
    volts = (NOMINAL_VOLTS,) * conductors if first.is_dc else first.volts[:1] * conductors
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
    )
