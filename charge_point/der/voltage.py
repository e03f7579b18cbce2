"""The voltage of the grid as it was: its mean over ten minutes, and the reference that follows it by itself."""

from __future__ import annotations

from collections import deque
from math import exp, inf

from charge_point.der.control import Control

WINDOW = 600.0
"""Seconds of the mean that hv10MinMeanValue is about (EN 50549-1 §4.9.3.4)."""

ANEW = 3.0
"""Seconds after which it is calculated anew (2.1 VoltageParamsType)."""

TIME_CONSTANT = 300.0
"""Seconds of a reference without a time constant: the least that IEEE 1547-2018 §5.3.3 asks a DER to be capable of."""

LOWEST, HIGHEST = 95.0, 105.0
"""Percent of the nominal voltage that a reference may be (IEEE 1547-2018 table 8)."""

_SETTLED = 0.01


class Voltage:
    """What a station has seen of its grid's voltage, in percent. Owned by its `DerControls`."""

    __slots__ = ("_looked", "_of", "_past", "reference")

    def __init__(self) -> None:
        self._past: deque[tuple[float, float]] = deque()  # since when, percent
        self._of = ""
        self._looked = 0.0
        self.reference: float | None = None
        """Where the VRef of a VoltVar curve is that adjusts it by itself; None where none does."""

    def look(self, now: float, percent: float, curve: Control | None) -> float:
        """Take note that it is `percent` now; `curve`: the VoltVar that holds. Gives when to look again."""
        again = self._adjust(now, percent, curve)
        if not self._past or self._past[-1][1] != percent:
            self._past.append((now, percent))
        while len(self._past) > 1 and self._past[1][0] <= now - WINDOW:
            self._past.popleft()
        return again

    def mean(self, now: float) -> float:
        """The mean of the last ten minutes; before it was looked at for the first time it was as it was then."""
        whole, end = 0.0, now
        for since, percent in reversed(self._past):
            begin = max(since, now - WINDOW)
            whole += percent * (end - begin)
            end = begin
        return (whole + self._past[0][1] * (end - (now - WINDOW))) / WINDOW

    def highest(self) -> float:
        """The highest of the last ten minutes: the mean never gets above it."""
        return max(percent for _, percent in self._past)

    def _adjust(self, now: float, percent: float, curve: Control | None) -> float:
        """Let the reference follow the measured voltage through a low pass (IEEE 1547-2018 §5.3.3)."""
        params = curve.setting.get("reactivePowerParams", {}) if curve is not None else {}
        if curve is None or not params.get("autonomousVRefEnable"):
            self.reference, self._of = None, ""
            return inf
        constant = float(params.get("autonomousVRefTimeConstant", TIME_CONSTANT))
        if self.reference is None or self._of != curve.id:
            self.reference, self._of = float(params.get("vRef", 100.0)), curve.id
        else:
            held = min(max(self._past[-1][1], LOWEST), HIGHEST)
            passed = 1 - exp(-(now - self._looked) / constant) if constant > 0 else 1.0
            self.reference += (held - self.reference) * passed
        self._looked = now
        aim = min(max(percent, LOWEST), HIGHEST)
        return inf if abs(aim - self.reference) < _SETTLED else now + max(constant / 100, 1.0)
