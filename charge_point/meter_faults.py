"""Meters that do not tell the truth, on request: what a register and a reading look like to somebody who believes them.

The energy that really passes is not touched: with the fault taken away the meter tells the truth again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from charge_point.meter import Reading
from shared.suggest import not_one_of

if TYPE_CHECKING:
    from charge_point.meter import Meter


class MeterFault:
    """A meter that tells the truth; the faults differ from it. `by` is an amount in the unit of the fault."""

    __slots__ = ("_at", "_by", "_split")

    usual = 0.0

    def __init__(self, meter: Meter, by: float | None) -> None:
        self._at = meter.energy
        self._by = self.usual if by is None else by
        self._split = meter.energies

    def register(self, meter: Meter) -> float:
        """What its register claims, in Wh."""
        return meter.energy

    def seen(self, reading: Reading) -> Reading:
        """What it says where the truth is `reading`, whose register has been spoiled already."""
        return reading


class Frozen(MeterFault):
    """Says what it said last, for ever."""

    __slots__ = ("_reading",)

    def __init__(self, meter: Meter, by: float | None) -> None:
        super().__init__(meter, by)
        self._reading: Reading | None = None

    def register(self, meter: Meter) -> float:
        """The register where it stood."""
        return self._at

    def seen(self, reading: Reading) -> Reading:
        """The first reading after it froze, with the time of the present one."""
        if self._reading is None:
            self._reading = reading
        still = (0.0, 0.0, 0.0)
        return self._reading._replace(time=reading.time, ev=reading.ev, interval=0.0, intervals=still)


class RolledBack(MeterFault):
    """Its register has lost `by` Wh, all of them without `by`, and counts on from there."""

    __slots__ = ()

    def register(self, meter: Meter) -> float:
        """The register less what it has lost."""
        return max(meter.energy - (self._by or self._at), 0.0)


class Drifting(MeterFault):
    """Counts and measures `by` percent too much (less: too little)."""

    __slots__ = ()

    usual = 5.0

    def register(self, meter: Meter) -> float:
        """The register, wrong in proportion to what has passed since."""
        return self._at + (meter.energy - self._at) * (1 + self._by / 100)

    def seen(self, reading: Reading) -> Reading:
        """The currents in the same proportion."""
        wrong = 1 + self._by / 100
        return reading._replace(
            amps=tuple(a * wrong for a in reading.amps), vars=tuple(q * wrong for q in reading.vars)
        )


class MissingPhase(MeterFault):
    """Has lost the conductor number `by`: no voltage, no current, and the register counts without it."""

    __slots__ = ()

    usual = 1.0

    def _lost(self, conductors: int) -> int:
        return min(max(int(self._by), 1), conductors) - 1

    def register(self, meter: Meter) -> float:
        """The register without what passed through the lost conductor since."""
        now = meter.energies
        lost = self._lost(len(now))
        return meter.energy - (now[lost] - self._split[lost])

    def seen(self, reading: Reading) -> Reading:
        """Nothing on that conductor."""
        lost = self._lost(len(reading.volts))

        def without(values: tuple[float, ...]) -> tuple[float, ...]:
            return tuple(0.0 if at == lost else value for at, value in enumerate(values))

        return reading._replace(
            volts=without(reading.volts), amps=without(reading.amps), vars=without(reading.vars)
        )


KINDS: dict[str, type[MeterFault] | None] = {
    "none": None,
    "frozen": Frozen,
    "rolled_back": RolledBack,
    "drifting": Drifting,
    "missing_phase": MissingPhase,
}
"""Our word -> the fault; `none` takes it away."""


def spoil(meter: Meter, kind: str, by: float | None, elapsed: float) -> None:
    """From `elapsed` on the meter has this fault. Raises ValueError for a kind that there is not."""
    if kind not in KINDS:
        raise ValueError(not_one_of(kind, "a fault of a meter", KINDS))
    meter.advance(elapsed)
    made = KINDS[kind]
    meter.fault = None if made is None else made(meter, by)
