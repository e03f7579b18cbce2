"""The energy meter of the premises, behind which a station and a building draw their power (2.1, location Upstream)."""

from __future__ import annotations

from math import copysign, hypot
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
    load = 0.0 if mains is None else mains.building
    used, given = (0.0, 0.0) if mains is None else mains.counted(now)
    conductors = len(cars.volts)
    amps = []
    for volts, watts, reactive in zip(cars.volts, cars.each_watts, cars.vars, strict=True):
        whole = watts + load / conductors
        amps.append(copysign(hypot(whole, reactive) if reactive else abs(whole), whole) / volts)
    return cars._replace(
        time=time,
        energy=cars.energy + used,
        exported=cars.exported + given,
        energies=tuple(each + used / conductors for each in cars.energies),
        amps=tuple(amps),
        apparent=(cars.apparent[0] + used, cars.apparent[1] + given),
        hertz=hertz_of(station),
        upstream=True,
    )


def upstream_sample(station: Station, context: str, controller: str) -> Sample:
    """What SampledDataCtrlr or AlignedDataCtrlr wants of it (UpstreamMeasurands; 2.1 part 2, J §2.3)."""
    model = station.model
    totals = model.flag("SampledDataCtrlr.RegisterValuesWithoutPhases")
    names = model.members(f"{controller}.UpstreamMeasurands")
    return sample(upstream(station), context, names, each_phase=True, registers_too=not totals)
