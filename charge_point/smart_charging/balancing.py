"""Local load balancing (2.1 Q09): cars make up for what a building takes or gives, between two thresholds.

The meter upstream measures the building and the cars together. What a car is told to take is moved until the sum is
within the thresholds of its EVSE again (V2XChargingCtrlr.LocalLoadBalancing), and stays as it is while it is. A car
that cannot follow is taken to do so: what it is told does not run away from what it can.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from charge_point.grid import set_building
from charge_point.smart_charging.composite import prevailing

if TYPE_CHECKING:
    from charge_point.device_model import DeviceModel
    from charge_point.evse import Evse
    from charge_point.smart_charging.profiles import Profiles
    from charge_point.station import Station

MODE = "LocalLoadBalancing"
NAMES = ("UpperThreshold", "LowerThreshold", "UpperOffset", "LowerOffset")


class Thresholds(NamedTuple):
    """Between which loads (W, taken from the grid) nothing is done, and what is added where it is."""

    upper: float
    lower: float
    upper_offset: float = 0.0
    lower_offset: float = 0.0


def thresholds_of(model: DeviceModel, evse: int) -> Thresholds | None:
    """What is set for an EVSE; None when anything is missing, or the upper is not above the lower (Q09.FR.02)."""
    paths = [f"V2XChargingCtrlr#{evse}.LocalLoadBalancing[{name}]" for name in NAMES]
    if not all(model.has(path) and model.text(path) for path in paths):
        return None
    found = Thresholds(*(model.number(path) for path in paths))
    return found if found.upper > found.lower else None


def balanced(load: float, present: float, at: Thresholds) -> float:
    """What a car is to take, in W, that takes `present` while the meter upstream shows `load` (Q09.FR.04)."""
    if load > at.upper:
        return present + at.upper + at.upper_offset - load
    if load < at.lower:
        return present + at.lower + at.lower_offset - load
    return present


def settle(part: Profiles, active: Sequence[Evse]) -> None:
    """Let the setpoint of each EVSE that balances follow the load; of those that do so no more forget it."""
    before, part.balance = part.balance, {}
    now = part.now
    mine = [one for one in active if _balances(part, one, now)]
    others = sum(one.meter.watts for one in active if one not in mine)
    part.balance = {one.id: before.get(one.id, 0.0) for one in mine}
    for one in mine:
        at = thresholds_of(part.station.model, one.id)
        if at is not None:
            load = part.building + others + sum(part.balance.values())
            wanted = balanced(load, part.balance[one.id], at)
            least, most = _reach(one)
            part.balance[one.id] = min(max(wanted, least), most)


def _reach(evse: Evse) -> tuple[float, float]:
    """What the car can give back, below 0, and take, in W."""
    from charge_point.feeding import most_back
    from charge_point.smart_charging.negotiation import most_watts

    return (0.0, 0.0) if evse.ev is None else (-most_back(evse), most_watts(evse))


def _balances(part: Profiles, evse: Evse, now: float) -> bool:
    if evse.transaction is None:
        return False
    case = part.case(evse, now)
    found = prevailing(case.own, now, case.session)
    return found is not None and found[1].mode == MODE


def measured(station: Station, watts: float) -> None:
    """What the building takes from the grid now without the cars, in W; negative where its sun gives more."""
    from charge_point.smart_charging import effect
    from charge_point.smart_charging.profiles import Profiles

    part = station.part(Profiles)
    part.building = watts
    set_building(station, watts)
    effect.follow(part)
