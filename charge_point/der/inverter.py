"""The reactive power at an EVSE: what DER controls, a charging profile, or nobody asks its inverter for (2.1)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from charge_point.der.control import Control
from charge_point.der.response import Rating, Situation, bounded, deciding, supporting
from charge_point.ev import Reactive
from charge_point.feeding import BackFlow
from charge_point.grid import volts_of
from charge_point.outlets import VAR_SHARE
from charge_point.parts import existing
from charge_point.smart_charging import is_on
from charge_point.smart_charging.effect import wanted_reactive
from charge_point.smart_charging.profiles import Profiles, supply_of

if TYPE_CHECKING:
    from charge_point.evse import Evse


def supports(evse: Evse, type_: str) -> bool:
    """Whether a control of this type is for `evse`: its inverter has it, it emulates it for a car (R03.FR.03), or
    the car's own inverter follows it (R02.FR.03)."""
    model, direct = evse.station.model, supply_of(evse).is_dc
    name = f"{'DC' if direct else 'AC'}DERCtrlr#{evse.id}.ModesSupported"
    if model.has(name) and type_ in model.members(name):
        return True
    car = evse.ev.kind if evse.ev is not None and not direct else None
    return car is not None and car.iso15118 == "20" and car.discharge > 0 and type_ in car.der


def rating(evse: Evse) -> Rating:
    """Of the inverter: that of the EVSE as its nameplate has it, or that of the car, taken to be like it."""
    model, name, supply = evse.station.model, f"DCDERCtrlr#{evse.id}.", supply_of(evse)
    if supply.is_dc and model.has(f"{name}MaxVA"):
        return Rating(*(model.number(name + each) for each in ("MaxW", "MaxVA", "MaxVar")))
    watts = supply.amount if supply.is_dc else supply.amount * supply.phases * volts_of(evse.station)
    return Rating(watts, watts, round(VAR_SHARE * watts))


def _shapes(evse: Evse) -> bool:
    """Whether its reactive power can be set: by its own inverter, or that of a car of ISO 15118-20 (R01)."""
    return supply_of(evse).is_dc or (evse.ev is not None and evse.ev.kind.iso15118 == "20")


def by_profile(evse: Evse) -> Reactive | None:
    """The reactive power that the charging profile in force asks for (setpointReactive); None where none does."""
    part = existing(evse.station, Profiles)
    if part is None or not is_on(evse.station) or all(one.is_plain for one in part.held.values()):
        return None
    wanted = wanted_reactive(part.case(evse, part.now), part.now)
    return None if wanted is None else bounded(Reactive(0.0, wanted), 0.0, rating(evse))


def shape(evse: Evse, controls: list[Control], now: Situation, ceased: Control | None = None) -> None:
    """Let the reactive power at `evse` be what the controls that are for it ask for, else what its profile does.

    `ceased`: the control of a momentary cessation that is under way, if any.
    """
    feeds = ceased is not None and feeds_reactive(ceased)
    flow = evse.meter.flow
    if not _shapes(evse) or (flow is None and not feeds) or evse.ev is None:
        return
    able, watts = rating(evse), flow.watts if flow is not None else 0.0
    decision = deciding(controls, now, watts, able)
    wanted = decision[1] if decision is not None else by_profile(evse)
    if feeds:
        wanted = wanted if decision is not None else supporting(now, able)
        if flow is None:  # the inverter stays connected, without active power
            evse.meter.draw(
                BackFlow(evse.ev, 0.0, supply_of(evse).phases, wanted), evse.station.clock.elapsed()
            )
            return
    assert flow is not None
    wanted = flow.own if wanted is None else wanted
    if wanted != flow.reactive:
        evse.meter.advance(evse.station.clock.elapsed())
        flow.reactive = wanted


def feeds_reactive(control: Control) -> bool:
    """Whether reactive power is to be fed in during this cessation (PowerDuringCessationEnumType)."""
    return bool(control.setting.get("voltageParams", {}).get("powerDuringCessation") == "Reactive")


def overruling(evse: Evse, controls: list[Control], now: Situation) -> Control | None:
    """The control because of which the reactive power is another than the profile asks for (R04 scenario 4)."""
    flow = evse.meter.flow
    asked = by_profile(evse) if flow is not None and _shapes(evse) else None
    if flow is None or asked is None:
        return None
    decision = deciding(controls, now, flow.watts, rating(evse))
    if decision is None:
        return None
    differs = abs(flow.vars - (asked.slope * abs(flow.watts) + asked.base)) > 0.05
    return decision[0] if differs else None
