"""The energy meter of the premises, behind which a station and a building draw their power (2.1, location Upstream)."""

from __future__ import annotations

from math import copysign, floor, hypot
from typing import TYPE_CHECKING

from charge_point.grid import Mains, hertz_of, volts_of
from charge_point.measurands import Sample, sample
from charge_point.meter import Reading, summed
from charge_point.parts import existing

if TYPE_CHECKING:
    from charge_point.station import Station


def upstream(station: Station) -> Reading:
    """What that meter says now: all EVSEs and the building, whose load is the same on every phase."""
    now, time = station.clock.elapsed(), station.clock.time()
    cars = summed([one.meter.read(now, time) for one in station.evses], volts_of(station))
    mains = existing(station, Mains)
    if mains is not None:
        mains.settle()
    load = 0.0 if mains is None else mains.building
    conductors = len(cars.volts)
    amps = []
    for volts, watts, reactive in zip(cars.volts, cars.each_watts, cars.vars, strict=True):
        whole = watts + load / conductors
        amps.append(copysign(hypot(whole, reactive) if reactive else abs(whole), whole) / volts)
    seen = cars._replace(time=time, amps=tuple(amps), hertz=hertz_of(station), upstream=True)
    return seen if mains is None else _counted(seen, mains)


def _counted(cars: Reading, mains: Mains) -> Reading:
    """With the registers of the premises: cars, building and its sun are one sum for the grid."""
    taken, given = (floor(wh + 1e-6) for wh in (mains.taken, mains.given))
    used = taken - cars.energy
    apparent = (cars.apparent[0] - cars.energy + taken, cars.apparent[1] - cars.exported + given)
    return cars._replace(
        energy=taken,
        exported=given,
        energies=tuple(max(each + used / len(cars.volts), 0.0) for each in cars.energies),
        apparent=(max(apparent[0], taken), max(apparent[1], given)),
    )


def upstream_sample(station: Station, context: str, controller: str) -> Sample:
    """What SampledDataCtrlr or AlignedDataCtrlr wants of it (UpstreamMeasurands; 2.1 part 2, J §2.3)."""
    model = station.model
    totals = model.flag("SampledDataCtrlr.RegisterValuesWithoutPhases")
    names = model.members(f"{controller}.UpstreamMeasurands")
    return sample(upstream(station), context, names, each_phase=True, registers_too=not totals)
