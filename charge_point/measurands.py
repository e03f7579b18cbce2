"""What a reading says in OCPP's words: measurand by measurand, with unit, phase and location.

A 1.6 key may ask for one phase (`Voltage.L1-N`, 1.6 §9.1.19); 2.x reports every phase that is measured (2.x part 2 J
§2.3), of the import register only the total unless RegisterValuesWithoutPhases is false. A measurand that the reading
knows nothing of is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from math import sqrt
from typing import NamedTuple

from charge_point.ev import Ev
from charge_point.meter import Reading

REGISTER = "Energy.Active.Import.Register"
PHASES = ("L1", "L2", "L3", "L1-N", "L2-N", "L3-N", "N", "L1-L2", "L2-L3", "L3-L1")


class Sampled(NamedTuple):
    """One value of a sample; `phase` is empty for the whole, `signed` holds what the meter signed of it."""

    measurand: str
    value: float
    unit: str
    phase: str = ""
    location: str = "Outlet"
    signed: Signed | None = None


class Signed(NamedTuple):
    """A signed meter value: the document of the meter (OCMF), and its public key where that is to go with it."""

    document: str
    key: str = ""


class Sample(NamedTuple):
    """The values of one moment, taken in one context (ReadingContextEnumType)."""

    time: float
    context: str
    values: tuple[Sampled, ...]


Value = float | None


class Measured(NamedTuple):
    """How one measurand is read: of the whole, and of each conductor where it has any."""

    unit: str
    whole: Callable[[Reading], Value]
    each: Callable[[Reading], tuple[float, ...]] | None = None
    total: bool = True
    """Whether the whole is said beside its phases."""
    places: int = 1
    location: str = "Outlet"


def _watts(r: Reading) -> tuple[float, ...]:
    return r.each_watts


def _vars(r: Reading) -> tuple[float, ...]:
    return (0.0,) * len(r.volts) if r.is_dc or not r.vars else r.vars  # DC has none


def _of_reactive(at: int) -> Callable[[Reading], Value]:
    """A register of reactive energy: what was taken, or given."""
    return lambda r: 0.0 if r.is_dc else r.reactive[at]


def _since(at: int) -> Callable[[Reading], Value]:
    """What has passed in the interval: given back, reactively taken, reactively given."""
    return lambda r: 0.0 if r.is_dc and at else r.intervals[at]


def _in(values: tuple[float, ...]) -> tuple[float, ...]:
    return tuple(max(value, 0.0) for value in values)


def _out(values: tuple[float, ...]) -> tuple[float, ...]:
    """What goes back to the grid, where it is negative."""
    return tuple(max(-value, 0.0) for value in values)


def _average_amps(r: Reading) -> float:
    """2.x appendix, ACCurrent: a value without a phase is the average of the phases that are in use."""
    flowing = [a for a in r.amps if a]
    return sum(flowing) / len(flowing) if flowing else 0.0


def _volts(r: Reading) -> float:
    alive = [v for v in r.volts if v]
    return sum(alive) / len(alive) if alive else 0.0


def warmth(amps: float) -> float:
    """Of the body at so many amperes, in degrees Celsius: warmer with their square."""
    return 20.0 + min((amps / 32.0) ** 2, 4.0) * 10.0


def _warmth(r: Reading) -> Value:
    return None if r.main else warmth(max(map(abs, r.amps)))


def _is_hot(r: Reading) -> Value:
    """1 where more flows than the car's inlet carries without getting hot."""
    return None if r.ev is None else float(max(map(abs, r.amps)) > r.ev.kind.inlet)


def _soc(r: Reading) -> Value:
    return None if r.ev is None else r.ev.soc


def _of_battery(value: Callable[[Reading], Value]) -> Callable[[Reading], Value]:
    return lambda r: None if _soc(r) is None else value(r)


def _target(r: Reading) -> Value:
    return r.ev.kind.target if r.ev is not None else None


def _request(goal: Callable[[Ev], float], *, v2x: bool = False) -> Callable[[Reading], Value]:
    """Wh until there is so much in the battery, negative for more than that; of V2X where the car gives back."""

    def lacking(r: Reading) -> Value:
        if r.ev is None or r.ev.soc is None or (v2x and not r.ev.kind.discharge):
            return None
        return r.ev.kind.battery * goal(r.ev) / 100 - r.ev.stored

    return lacking


def _reserve(ev: Ev) -> float:
    return ev.kind.reserve


def _goal(ev: Ev) -> float:
    return ev.kind.target


def _knee(ev: Ev) -> float:
    """The state of charge up to which the battery takes the most."""
    most = max(share for _, share in ev.kind.curve)
    return max(soc for soc, share in ev.kind.curve if share == most)


def _from_discharging(value: float) -> Callable[[Reading], Value]:
    return lambda r: value if r.ev is not None and r.ev.kind.discharge else None


def _amps_back(r: Reading) -> Value:
    volts = sum(r.volts)
    return None if r.export_watts is None or not volts else r.export_watts / volts


def _volts_of_car(at: int) -> Callable[[Reading], Value]:
    return lambda r: r.ev.kind.volts[at] if r.is_dc and r.ev is not None else None


def _least_watts(r: Reading) -> Value:
    if r.ev is None or r.is_dc:
        return None
    return r.ev.kind.min_amps * sum(r.volts[: r.ev.kind.phases])


def _least_amps(r: Reading) -> Value:
    return r.ev.kind.min_amps if r.ev is not None and not r.is_dc else None


MEASURED: dict[str, Measured] = {
    REGISTER: Measured("Wh", lambda r: r.energy, lambda r: r.energies, places=3),
    "Energy.Active.Export.Register": Measured("Wh", lambda r: r.exported, places=3),
    "Energy.Reactive.Import.Register": Measured("varh", _of_reactive(0), places=3),
    "Energy.Reactive.Export.Register": Measured("varh", _of_reactive(1), places=3),
    "Energy.Active.Import.Interval": Measured("Wh", lambda r: r.interval, places=3),
    "Energy.Active.Export.Interval": Measured("Wh", _since(0), places=3),
    "Energy.Reactive.Import.Interval": Measured("varh", _since(1), places=3),
    "Energy.Reactive.Export.Interval": Measured("varh", _since(2), places=3),
    "Energy.Active.Import.CableLoss": Measured("Wh", lambda r: None if r.upstream else r.lost, places=3),
    "Energy.Active.Import.LocalGeneration.Register": Measured("Wh", lambda r: r.local, places=3),
    "Energy.Active.Setpoint.Interval": Measured("Wh", lambda r: r.setpoint_wh, places=3),
    "Energy.Active.Net": Measured("Wh", lambda r: r.energy - r.exported, places=3),
    "Energy.Reactive.Net": Measured(
        "varh", lambda r: 0.0 if r.is_dc else r.reactive[0] - r.reactive[1], places=3
    ),
    "Energy.Apparent.Import": Measured("VAh", lambda r: r.apparent[0], places=3),
    "Energy.Apparent.Export": Measured("VAh", lambda r: r.apparent[1], places=3),
    "Energy.Apparent.Net": Measured("VAh", lambda r: r.apparent[0] - r.apparent[1], places=3),
    "Power.Active.Import": Measured("W", lambda r: max(r.watts, 0.0), lambda r: _in(_watts(r))),
    "Power.Active.Export": Measured("W", lambda r: max(-r.watts, 0.0), lambda r: _out(_watts(r))),
    "Power.Reactive.Import": Measured("var", lambda r: max(sum(_vars(r)), 0.0), lambda r: _in(_vars(r))),
    "Power.Reactive.Export": Measured("var", lambda r: max(-sum(_vars(r)), 0.0), lambda r: _out(_vars(r))),
    "Power.Factor": Measured("", lambda r: 1.0 if r.is_dc else r.factor, places=4),
    "Power.Offered": Measured("W", lambda r: r.offered_watts),
    "Power.Import.Offered": Measured("W", lambda r: r.offered_watts),
    "Current.Import": Measured(
        "A", lambda r: max(_average_amps(r), 0.0), lambda r: _in(r.amps), total=False, places=3
    ),
    "Current.Export": Measured(
        "A", lambda r: max(-_average_amps(r), 0.0), lambda r: _out(r.amps), total=False, places=3
    ),
    "Current.Offered": Measured("A", lambda r: r.offered_amps, places=3),
    "Current.Import.Offered": Measured("A", lambda r: r.offered_amps, places=3),
    "Current.Import.Minimum": Measured("A", _least_amps),
    "Voltage": Measured("V", _volts, lambda r: r.volts, total=False),
    "Frequency": Measured("Hz", lambda r: None if r.is_dc else r.hertz, places=3),
    "Temperature": Measured("Celsius", _warmth, location="Body"),
    "SoC": Measured("Percent", _soc, location="EV"),
    "Display.PresentSOC": Measured("Percent", _soc, location="EV"),
    "Display.TargetSOC": Measured("Percent", _of_battery(_target), location="EV"),
    "Display.MaximumSOC": Measured("Percent", _of_battery(_target), location="EV"),
    "Display.RemainingTimeToTargetSOC": Measured("s", _of_battery(lambda r: r.seconds_left), location="EV"),
    "Display.RemainingTimeToMinimumSOC": Measured(
        "s", _of_battery(lambda r: r.seconds_to_reserve), location="EV"
    ),
    "Display.InletHot": Measured("", _is_hot, location="EV"),
    "Display.ChargingComplete": Measured(
        "", _of_battery(lambda r: float(r.ev is not None and r.ev.is_full)), location="EV"
    ),
    "Display.BatteryEnergyCapacity": Measured(
        "Wh", _of_battery(lambda r: r.ev.kind.battery if r.ev is not None else None), location="EV"
    ),
    "Display.MinimumSOC": Measured(
        "Percent", _of_battery(lambda r: _reserve(r.ev) if r.ev else None), location="EV"
    ),
    "Display.RemainingTimeToMaximumSOC": Measured("s", _of_battery(lambda r: r.seconds_left), location="EV"),
    "EnergyRequest.Target": Measured("Wh", _request(_goal), location="EV"),
    "EnergyRequest.Minimum": Measured("Wh", _request(_reserve), location="EV"),
    "EnergyRequest.Maximum": Measured("Wh", _request(_goal), location="EV"),
    "EnergyRequest.Minimum.V2X": Measured("Wh", _request(_reserve, v2x=True), location="EV"),
    "EnergyRequest.Maximum.V2X": Measured("Wh", _request(_goal, v2x=True), location="EV"),
    "EnergyRequest.Bulk": Measured("Wh", _request(_knee), location="EV"),
    "Power.Active.Setpoint": Measured("W", lambda r: r.setpoint),
    "Power.Active.Residual": Measured("W", lambda r: None if r.setpoint is None else r.setpoint - r.watts),
    "Power.Import.Minimum": Measured("W", _least_watts),
    "Power.Export.Minimum": Measured("W", _from_discharging(0.0)),
    "Power.Export.Offered": Measured("W", lambda r: r.export_watts),
    "Current.Export.Minimum": Measured("A", _from_discharging(0.0)),
    "Current.Export.Offered": Measured("A", _amps_back, places=3),
    "Voltage.Minimum": Measured("V", _volts_of_car(0)),
    "Voltage.Maximum": Measured("V", _volts_of_car(1)),
}


def sample(
    reading: Reading,
    context: str,
    measurands: Iterable[str],
    *,
    each_phase: bool = False,
    registers_too: bool = False,
) -> Sample:
    """The values of `measurands` that the reading has (one may carry a 1.6 phase, `Voltage.L1-N`).

    `each_phase` reports all phases that are measured, `registers_too` those of the import register also.
    """
    values: list[Sampled] = []
    for name in measurands:
        measurand, phase = split(name)
        measured = MEASURED.get(measurand)
        if measured is None:
            continue
        phased = each_phase and (measurand != REGISTER or registers_too)
        values += _values(reading, measurand, measured, phase, phased)
    return Sample(reading.time, context, tuple(values))


def split(name: str) -> tuple[str, str]:
    """Measurand and phase of a member of a 1.6 list; without a phase the second is empty."""
    measurand, _, suffix = name.rpartition(".")
    return (measurand, suffix) if suffix in PHASES and measurand else (name, "")


def _values(r: Reading, name: str, measured: Measured, phase: str, phased: bool) -> Iterator[Sampled]:
    elsewhere = "Upstream" if r.upstream else "Inlet" if r.main else ""
    location = elsewhere or "Outlet" if measured.location == "Outlet" else measured.location
    found: list[tuple[float | None, str]] = []
    if phase:
        found = [(_of_phase(r, name, measured, phase), phase)]
    elif phased and measured.each is not None and len(r.volts) > 1:
        label = "L{}-N" if name == "Voltage" else "L{}"
        found = [(measured.whole(r), "")] if measured.total else []
        found += [(value, label.format(at)) for at, value in enumerate(measured.each(r), 1)]
    else:
        found = [(measured.whole(r), "")]
    for value, where in found:
        if value is not None:
            yield Sampled(name, _rounded(value, measured.places), measured.unit, where, location)


def _rounded(value: float, places: int) -> float:
    value = round(value, places)
    return int(value) if value == int(value) else value


def _of_phase(r: Reading, name: str, measured: Measured, phase: str) -> float | None:
    """The value of one phase; None of what has no phases, or not that one."""
    if measured.each is None or r.is_dc:
        return None
    each = measured.each(r)
    if phase == "N":
        return _neutral(each) if name.startswith("Current") else None
    ends = [int(end[1]) for end in phase.split("-") if end != "N"]
    if max(ends) > len(each):
        return None
    if len(ends) == 1:
        return each[ends[0] - 1]
    one, two = (each[end - 1] for end in ends)
    return sqrt(one * one + two * two + one * two) if name == "Voltage" else None  # at 120 degrees


def _neutral(amps: tuple[float, ...]) -> float:
    if len(amps) == 1:
        return amps[0]
    a, b, c = (*amps, 0.0)[:3]
    return sqrt(max(a * a + b * b + c * c - a * b - b * c - c * a, 0.0))
