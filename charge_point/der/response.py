"""What DER controls ask for at a frequency and a voltage of the grid: pure functions (2.1 part 2, R chapter 2).

A curve or droop of active power limits the direction that makes the grid worse: charging while frequency or voltage
is low, giving back while it is high, and both at the nominal value. Reactive power is that of the control with the
best priority. Voltages are percent of the nominal voltage; those above 160 are taken for volts (the standard leaves
the unit of the x-axis to the type of the curve).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import copysign, inf, sqrt
from typing import NamedTuple

from charge_point.der.control import Control
from charge_point.ev import Reactive, reactive_of
from charge_point.grid import NOMINAL_HERTZ
from charge_point.meter import NOMINAL_VOLTS
from charge_point.smart_charging.modes import interpolated

MUST_TRIP = ("HFMustTrip", "LFMustTrip", "HVMustTrip", "LVMustTrip")
MAY_TRIP = ("HFMayTrip", "HVMayTrip", "LVMayTrip")
CESSATION = ("HVMomCess", "LVMomCess")
MONITORING = "PowerMonitoringMustTrip"

_REACTIVE = ("FixedVar", "FixedPFAbsorb", "FixedPFInject", "VoltVar", "WattPF", "WattVar")
"""Of equal priority the first prevails."""

_VOLTS_FROM = 160.0


class Situation(NamedTuple):
    """The grid: Hz, and percent of its nominal voltage."""

    hertz: float = NOMINAL_HERTZ
    percent: float = 100.0
    reference: float | None = None
    """The VRef of a VoltVar curve that adjusts it by itself, in percent."""

    @classmethod
    def of(cls, hertz: float, volts: float) -> Situation:
        """From volts between a phase and the neutral conductor."""
        return cls(hertz, volts / NOMINAL_VOLTS * 100)

    def value(self, type_: str) -> float:
        """What a control of this type looks at."""
        return self.percent if "V" in type_[:2] or type_.startswith("Volt") else self.hertz

    def fault(self, type_: str) -> str:
        """The GridEventFaultEnumType that a control of this type answers; empty for none."""
        if type_[:2] in ("HF", "LF") or type_.startswith("Freq"):
            return "UnderFrequency" if self.hertz < NOMINAL_HERTZ else "OverFrequency"
        if type_[:2] in ("HV", "LV") or type_.startswith("Volt"):
            return "UnderVoltage" if self.percent < 100 else "OverVoltage"
        if type_ == "EnterService":
            return self.fault("Freq" if abs(self.hertz - NOMINAL_HERTZ) > 0.01 else "Volt")
        return ""


class Shares(NamedTuple):
    """Of its greatest power, what the station may take from the grid and give to it, from 0 to 1."""

    charge: float = 1.0
    discharge: float = 1.0


class Rating(NamedTuple):
    """Of an inverter: the most active power in W, apparent power in VA and reactive power in var."""

    watts: float
    va: float
    var: float


# --- active power -------------------------------------------------------------------------------------------


def shares(control: Control, now: Situation) -> Shares:
    """What `control` allows in this situation; all of it for a control of another kind."""
    setting = control.setting
    if control.type == "FreqWatt":
        return _directed(_watt_curve(control, now.hertz), now.hertz - NOMINAL_HERTZ)
    if control.type == "VoltWatt":
        return _directed(_watt_curve(control, now.percent), now.percent - 100)
    if control.type == "FreqDroop":
        return _droop(setting["overFreq"], setting["underFreq"], setting, now.hertz)
    if control.type == "LimitMaxDischarge" and MONITORING_CURVE not in setting:
        return Shares(discharge=_share(setting.get("pctMaxDischargePower", 100)))
    return Shares()


MONITORING_CURVE = "powerMonitoringMustTrip"
"""The member of LimitMaxDischarge that lets the limit be exceeded for a while."""


def _share(percent: float) -> float:
    return min(max(float(percent) / 100, 0.0), 1.0)


def _watt_curve(control: Control, at: float) -> float:
    return _share(interpolated(points(control), at))


def _directed(share: float, away: float) -> Shares:
    return Shares(1.0 if away > 1e-9 else share, 1.0 if away < -1e-9 else share)


def _droop(over: float, under: float, setting: dict[str, float], hertz: float) -> Shares:
    """IEEE 1547 frequency droop: beyond the dead band as many per unit less as the droop goes into the deviation."""
    if hertz < under and setting["underDroop"] > 0:
        return Shares(charge=max(1 - (under - hertz) / NOMINAL_HERTZ / setting["underDroop"], 0.0))
    if hertz > over and setting["overDroop"] > 0:
        return Shares(discharge=max(1 - (hertz - over) / NOMINAL_HERTZ / setting["overDroop"], 0.0))
    return Shares()


def points(control: Control, reference: float | None = None) -> list[tuple[float, float]]:
    """The points of a curve by x; voltages in percent, of VRef where a Volt-Var curve has one.

    `reference`: where that is now, if it adjusts itself.
    """
    found = sorted((float(one["x"]), float(one["y"])) for one in control.setting["curveData"])
    if not (control.type.startswith("Volt") or control.type[:2] in ("HV", "LV")):
        return found
    if reference is None or control.type != "VoltVar":
        reference = float(control.setting.get("reactivePowerParams", {}).get("vRef", 100.0))
    scale = reference / 100 * percent_of([x for x, _ in found])
    return [(x * scale, y) for x, y in found]


def percent_of(voltages: Iterable[float]) -> float:
    """The factor that makes percent of the nominal voltage of these voltages."""
    return 100 / NOMINAL_VOLTS if max(voltages) > _VOLTS_FROM else 1.0


def in_service(control: Control, now: Situation) -> bool:
    """Whether the grid is within the band of EnterService."""
    setting = control.setting
    scale = percent_of([setting["highVoltage"]])
    low, high = setting["lowVoltage"] * scale, setting["highVoltage"] * scale
    return bool(setting["lowFreq"] <= now.hertz <= setting["highFreq"] and low <= now.percent <= high)


def recovered(control: Control, now: Situation) -> bool:
    """Whether the grid is where the curve's hysteresis lets it return to normal operation."""
    band = control.setting.get("hysteresis", {})
    low, high = band.get("hysteresisLow", -inf), band.get("hysteresisHigh", inf)
    scale = percent_of([abs(each) for each in (low, high) if abs(each) < inf] or [0.0])
    scale = scale if now.value(control.type) == now.percent else 1.0
    return bool(low * scale <= now.value(control.type) <= high * scale)


# --- trips --------------------------------------------------------------------------------------------------


class Threshold(NamedTuple):
    """Beyond `limit`, above it if `high`, for more than `seconds` (R04 scenario 3: x is the limit, y the time)."""

    limit: float
    high: bool
    seconds: float

    def beyond(self, value: float) -> bool:
        """Whether the value is beyond the limit."""
        return value > self.limit if self.high else value < self.limit


def thresholds(control: Control) -> list[Threshold]:
    """Those of a trip, ride-through or cessation curve; none for another control."""
    if control.type not in (*MUST_TRIP, *MAY_TRIP, *CESSATION):
        return []
    return [Threshold(x, control.type[0] == "H", y) for x, y in points(control)]


def mean_limit(control: Control) -> Threshold | None:
    """What the mean voltage of ten minutes may be, where the control says (VoltageParamsType)."""
    params = control.setting.get("voltageParams", {})
    if "hv10MinMeanValue" not in params:
        return None
    limit = float(params["hv10MinMeanValue"])
    return Threshold(limit * percent_of([limit]), True, float(params["hv10MinMeanTripDelay"]))


def monitored(control: Control) -> tuple[float, list[tuple[float, float]]] | None:
    """Of a power monitoring curve: the percent of discharge power from which it runs, and percent by seconds."""
    if control.type == MONITORING:
        curve = points(control)
        return min(y for _, y in curve), curve
    inner = control.setting.get(MONITORING_CURVE) if control.type == "LimitMaxDischarge" else None
    if inner is None:
        return None
    curve = sorted((float(one["x"]), float(one["y"])) for one in inner["curveData"])
    return float(control.setting.get("pctMaxDischargePower", 100)), curve


# --- reactive power -----------------------------------------------------------------------------------------


def reactive(controls: Sequence[Control], now: Situation, watts: float, rating: Rating) -> Reactive | None:
    """What shall go with `watts` (negative: given back); None when no control says anything of it."""
    found = deciding(controls, now, watts, rating)
    return None if found is None else found[1]


def deciding(
    controls: Sequence[Control], now: Situation, watts: float, rating: Rating
) -> tuple[Control, Reactive] | None:
    """The control that decides on reactive power, and what it asks for."""
    able = [one for one in controls if one.type in _REACTIVE]
    for one in sorted(able, key=lambda one: (one.priority, _REACTIVE.index(one.type))):
        found = _reactive(one, now, watts, rating)
        if found is not None:
            return one, bounded(found, watts, rating)
    return None


def supporting(now: Situation, rating: Rating) -> Reactive:
    """What an inverter feeds in during a fault where no control says how much: two percent of its current for each
    percent of voltage that is missing, or too much (EN 50549-2 §4.7.4.2, k = 2)."""
    return bounded(Reactive(0.0, SUPPORT * (now.percent - 100) / 100 * rating.va), 0.0, rating)


SUPPORT = 2.0
"""Per unit of reactive current for each per unit of voltage."""


def _reactive(one: Control, now: Situation, watts: float, rating: Rating) -> Reactive | None:
    setting = one.setting
    if one.type == "FixedVar":  # a positive setpoint gives reactive power
        return Reactive(0.0, -setting["setpoint"] / 100 * _whole(setting["unit"], watts, rating))
    if one.type in ("FixedPFAbsorb", "FixedPFInject"):
        if (watts < 0) is not (one.type == "FixedPFInject"):
            return None
        factor = min(max(float(setting["displacement"]), 0.1), 1.0)
        return reactive_of(factor if setting["excitation"] else -factor)
    if one.type == "VoltVar":
        y = interpolated(points(one, now.reference), now.percent)
        return Reactive(0.0, -y / 100 * _whole(setting["yUnit"], watts, rating))
    curve, percent = points(one), -watts / rating.watts * 100  # giving back is above 0
    at = percent if curve[0][0] < 0 else abs(percent)
    if one.type == "WattVar":
        return Reactive(0.0, -interpolated(curve, at) / 100 * _whole(setting["yUnit"], watts, rating))
    # straight in what is missing to 1, so that it passes from taking to giving through 1
    missing = interpolated([(x, copysign(1 - min(abs(y), 1.0), y)) for x, y in curve], at)
    return reactive_of(copysign(max(1 - abs(missing), 0.1), missing))


def _whole(unit: str, watts: float, rating: Rating) -> float:
    """What a percentage in this DERUnitEnumType is of, in var."""
    if unit == "PctMaxW":
        return rating.watts
    if unit == "PctWAvail":
        return max(rating.watts - abs(watts), 0.0)
    if unit == "PctVarAvail":
        return min(rating.var, sqrt(max(rating.va**2 - watts**2, 0.0)))
    return rating.var


def bounded(found: Reactive, watts: float, rating: Rating) -> Reactive:
    """Within what the inverter can."""
    var = found.slope * abs(watts) + found.base
    return found if abs(var) <= rating.var else Reactive(0.0, copysign(rating.var, var))
