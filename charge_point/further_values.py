"""What OCPP 2.1 adds to a reading: setpoints, what is generated here, and what the car displays."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING

from charge_point.feeding import most_back
from charge_point.grid import Mains
from charge_point.meter import Reading
from charge_point.parts import existing
from charge_point.smart_charging.profiles import Profiles

if TYPE_CHECKING:
    from charge_point.evse import Evse

_POWER = ("Power.Active.Setpoint", "Power.Active.Residual")
_ENERGY = "Energy.Active.Setpoint.Interval"
_LOCAL = "Energy.Active.Import.LocalGeneration.Register"


def completed(evse: Evse, reading: Reading, names: tuple[str, ...], interval: str) -> Reading:
    """`reading` of `evse` with what `names` need; `interval` ("sampled", "aligned") begins the next of that kind."""
    mains = existing(evse.station, Mains) if _LOCAL in names else None
    if mains is not None:
        reading = reading._replace(local=mains.local(evse))
    profiles = existing(evse.station, Profiles)
    if profiles is not None and (interval or _ENERGY in names):
        reading = reading._replace(setpoint_wh=profiles.courses.since_last(evse, profiles.now, interval))
    if profiles is not None and any(name in _POWER for name in names):
        reading = reading._replace(setpoint=profiles.setpoint(evse))
    ev = reading.ev
    if ev is None:
        return reading
    if ev.kind.discharge:
        reading = reading._replace(export_watts=most_back(evse))
    return reading if ev.soc is None else reading._replace(seconds_to_reserve=_until_reserve(evse))


def _until_reserve(evse: Evse) -> float | None:
    """Seconds until the battery holds the least that the car wants in it; None for never."""
    assert evse.ev is not None
    stored, flow = evse.ev.kind.battery * evse.ev.kind.reserve / 100, evse.meter.flow
    if evse.ev.stored >= stored - 1e-6:
        return 0.0
    left = flow.seconds_until(stored) if flow is not None and flow.watts > 0 else inf
    return left if left < inf else None
