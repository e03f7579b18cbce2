"""The limit that holds now at each EVSE that charges, and the timer of the next change.

Nothing runs while nothing charges: the first power path that is closed starts it, the last that is opened ends it.
"""

from __future__ import annotations

import asyncio
from math import inf
from typing import TYPE_CHECKING

from charge_point import power
from charge_point.connector import Energy
from charge_point.feeding import feed
from charge_point.smart_charging import is_on
from charge_point.smart_charging.composite import (
    DC_VOLTS,
    LINE_VOLTS,
    TICK,
    Allowed,
    Case,
    changes_after,
    followed,
    generated,
    limit_at,
    own_limit,
    prevailing,
    setpoint_at,
    station_cap,
)
from charge_point.smart_charging.modes import setpoint
from charge_point.smart_charging.profile import PHASES
from charge_point.smart_charging.sharing import Want, share
from shared.versions import V21

if TYPE_CHECKING:
    from charge_point.evse import Evse
    from charge_point.smart_charging.profiles import Profiles
    from charge_point.station import Station

SOURCE = "profiles"

LOOK_AGAIN = 60.0
"""Seconds at most from one look at a battery to the next: who knows what else changes its power."""


def follow(part: Profiles, offering: Evse | None = None) -> None:
    """Impose what holds now, and look again when it changes (K01.FR.07, K10.FR.05); `offering`: about to charge."""
    station = part.station
    stop(part)
    part.round += 1
    mine = part.round
    active = [one for one in station.evses if one.energy is not Energy.OFF or one is offering]
    for one in station.evses:
        if one not in active or not is_on(station):
            power.set_limit(one, SOURCE, None)
    if not active or not (part.held or part.modes) or not is_on(station):
        for one in active:
            impose(part, one, None)
            part.courses.turn(one, part.now, None)
        return
    now = part.now
    cases = [part.case(one, now) for one in active]
    if part.balance or any(_is_balanced(case) for case in cases):
        from charge_point.smart_charging.balancing import settle  # few stations do

        settle(part, active)
        cases = [part.case(one, now) for one in active]
    for one, case in zip(active, cases, strict=True):
        note_sleep(part, one, case, now)
    for one, case, allowed in zip(active, cases, allotted(cases, now), strict=True):
        impose(part, one, allowed, wanted_back(case, now))
        part.courses.turn(one, now, setpoint_at(case, "W", now) if station.version is V21 else None)
    for one, case in zip(active, cases, strict=True):
        tell_mode(part, one, case, now)
    if (
        part.round != mine
    ):  # a transaction ended by that (TxStopPoint EnergyTransfer): all was looked at again
        return
    later = min(_changes(part, one, case, now) for one, case in zip(active, cases, strict=True))
    if later < inf:
        wait = max(later - station.clock.time(), TICK)
        part.timer = asyncio.get_running_loop().call_later(wait, follow, part)


def _changes(part: Profiles, evse: Evse, case: Case, now: float) -> float:
    """When, after `now`, to look again: a period ends, a battery is nearly full, or a profile is offline too long."""
    later = changes_after(case, now)
    if part.cut is not None:
        ends = (part.cut + one.offline for one in part.held.values())
        later = min([later, *(end for end in ends if end > now)])
    ev, flow = evse.ev, evse.meter.flow
    for profile in case.own:
        soc = profile.schedule.soc
        if soc is not None and ev is not None and ev.soc is not None and ev.soc < soc:
            until = flow.seconds_until(ev.kind.battery * soc / 100) if flow is not None else 1.0
            later = min(later, now + min(max(until, TICK), LOOK_AGAIN))
    return later


def _is_balanced(case: Case) -> bool:
    """Whether a profile may have the load of the building balanced."""
    return any(period.mode == "LocalLoadBalancing" for one in case.own for period in one.schedule.periods)


def note_sleep(part: Profiles, evse: Evse, case: Case, now: float) -> None:
    """The EVSE of an Idle period sleeps where it is to, until anything else is wanted (2.1 Q10.FR.03)."""
    if evse.transaction is None:
        return
    found = prevailing(case.own, now, case.session)
    sleeps = found is not None and found[1].mode == "Idle" and found[1].sleep
    (part.asleep.add if sleeps else part.asleep.discard)(evse.transaction.id)


def tell_mode(part: Profiles, evse: Evse, case: Case, now: float) -> None:
    """Tell another operation mode than before (K01.FR.110; 2.1)."""
    transaction = evse.transaction
    if transaction is None or part.station.version is not V21:
        return
    found = prevailing(case.own, now, case.session)
    mode = found[1].mode if found is not None else "ChargingOnly"
    if mode != part.modes.get(transaction.id, "ChargingOnly"):
        part.modes[transaction.id] = transaction.owed_mode = mode
        evse.tell("OperationModeChanged")


def stop(part: Profiles) -> None:
    """Look no more."""
    if part.timer is not None:
        part.timer.cancel()
        part.timer = None


def impose(part: Profiles, evse: Evse, allowed: Allowed | None, back: float = 0.0) -> None:
    """Let the EVSE offer no more than `allowed`, None for what its hardware gives; `back`: W that the car gives."""
    station, before = evse.station, evse.meter.watts
    base = part.told.get(evse.id, before)
    if significant(station, base, before):
        base = before  # it changed for another reason, which has its own message
    turned = back > 0 and feed(evse, back)  # first, so that it is not suspended in between
    if allowed is None:
        turned = power.set_limit(evse, SOURCE, None) or turned
    else:
        turned = power.set_limit(evse, SOURCE, allowed.amount, allowed.phases or None) or turned
    turned = (back <= 0 and feed(evse, 0.0)) or turned
    shape(part, evse)
    rate = evse.meter.watts
    changed = significant(station, base, rate)
    part.told[evse.id] = rate if turned or changed else base
    if changed and not turned:
        evse.tell("ChargingRateChanged")  # K11.FR.04, K13.FR.03; TriggerReasonEnumType


def shape(part: Profiles, evse: Evse) -> None:
    """Let the reactive power at `evse` follow its profile, where that says anything of it, or no more does."""
    flow = evse.meter.flow
    if flow is not None and (
        flow.reactive != flow.own or not all(one.is_plain for one in part.held.values())
    ):
        from charge_point.der.controls import reshape  # few profiles do

        reshape(evse)


def wanted_back(case: Case, now: float) -> float:
    """W that the car is to give back: a setpoint below 0 (Q chapter 2), else 0."""
    found = followed(case, now)
    if found is None:
        return 0.0
    wanted = setpoint(found[1], case.grid)
    if wanted is None or wanted >= 0:
        return 0.0
    if found[0].schedule.unit == "W":
        return -wanted
    return -wanted * (DC_VOLTS if case.supply.is_dc else LINE_VOLTS * case.supply.phases)


def wanted_reactive(case: Case, now: float) -> float | None:
    """The var that the car is to take, negative to give (setpointReactive; V2X.02); None where no profile says."""
    found = followed(case, now)
    if found is None or found[1].reactive is None:
        return None
    if found[0].schedule.unit == "W":
        return found[1].reactive
    return found[1].reactive * (DC_VOLTS if case.supply.is_dc else LINE_VOLTS * case.supply.phases)


def significant(station: Station, before: float, after: float) -> bool:
    """Whether a limit or rate changed by more than LimitChangeSignificance per cent (SC.03)."""
    name = "SmartChargingCtrlr.LimitChangeSignificance"
    least = station.model.number(name) if station.model.has(name) else 0.0
    return abs(after - before) > abs(before) * least / 100 + 1e-6


# --- several EVSEs -----------------------------------------------------------------------------------------


def allotted(cases: list[Case], now: float) -> list[Allowed]:
    """What each of the EVSEs that charge may draw, so that together they keep the limits of the station."""
    if len(cases) == 1:
        return [limit_at(cases[0], now)]
    own = [own_limit(case, now) for case in cases]
    direct = any(case.supply.is_dc for case in cases)
    sizes = [_watts(case) if direct else 1.0 for case in cases]  # of one unit of each EVSE in the common one
    wants = [allowed.amount * size for allowed, size in zip(own, sizes, strict=True)]
    caps = [station_cap(case, now) for case in cases]
    extra = max(generated(case, now) * size for case, size in zip(cases, sizes, strict=True))
    total = min(
        [sum(wants), *(cap.amount * size for cap, size in zip(caps, sizes, strict=True) if cap is not None)]
    )
    asked = [
        Want(min(want + extra, case.supply.amount * size), least_of(case, now) * size)
        for want, case, size in zip(wants, cases, sizes, strict=True)
    ]
    given = share(asked, total + extra)
    return [
        Allowed(amount / size, min(allowed.phases, cap.phases) if cap is not None else allowed.phases)
        for amount, size, allowed, cap in zip(given, sizes, own, caps, strict=True)
    ]


def _watts(case: Case) -> float:
    return 1.0 if case.supply.is_dc else LINE_VOLTS * case.supply.phases


def least_of(case: Case, now: float) -> float:
    """The least that is of use at an EVSE: what the pilot can say, and the schedule's minChargingRate."""
    least = 0.0 if case.supply.is_dc else power.PILOT_LEAST
    found = prevailing(case.own, now, case.session)
    schedule = found[0].schedule if found is not None else None
    if found is None or schedule is None or schedule.minimum is None:
        return least
    rate = schedule.minimum
    if case.supply.is_dc:
        rate *= DC_VOLTS if schedule.unit == "A" else 1
    elif schedule.unit == "W":
        rate /= LINE_VOLTS * (found[1].phases or PHASES)
    return max(least, rate)
