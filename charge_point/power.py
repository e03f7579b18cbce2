"""The power path of an EVSE: when energy is offered, held back, drawn and stopped, and the limits that meet here.

Power is the least of what the car takes, the station can, the cable carries and every source of limits allows
(`ceiling`). `watch` knows when something comes to its end by itself: the battery is full, an allowance used up.
"""

from __future__ import annotations

import asyncio
from math import inf
from typing import TYPE_CHECKING, NamedTuple

from charge_point.connector import AUTHORIZATION, ENERGY, Availability, Cable, Energy, Health, follow
from charge_point.ev import Ev, Flow
from charge_point.feeding import BackFlow, can_feed
from charge_point.parts import tell_parts
from charge_point.transaction import Point
from shared.versions import V21

if TYPE_CHECKING:
    from charge_point.evse import Evse
    from charge_point.station import Station
    from charge_point.transaction_limits import Kind

NOTHING = 1e-6
"""Wh: less is no energy."""

PILOT_LEAST = 6.0
"""A: less cannot be offered on AC (IEC 61851-1 Annex A), so it is a pause."""


class Ceiling(NamedTuple):
    """The most that may be drawn: `amount` in A per phase on AC, in W on DC; `phases` on AC, 0 on DC."""

    amount: float
    phases: int


class Limit(NamedTuple):
    """What one source allows: A per phase on AC, W on DC; `phases` only where it says something of them."""

    amount: float
    phases: int | None = None


# --- limits ---------------------------------------------------------------------------------------------------


def set_limit(evse: Evse, source: str, amount: float | None, phases: int | None = None) -> bool:
    """`source` ("profiles", "cable", ...) allows `amount` from now on, None: it says nothing any more.

    A per phase on AC, W on DC; of all sources the least holds. With nothing allowed the station pauses
    (SuspendedEVSE), and goes on when there is something again; the message about that is made here. Gives whether
    the charging state has changed: if not, ChargingRateChanged is still the caller's to tell.
    """
    held = dict(evse.limits or {})
    if amount is None:
        held.pop(source, None)
    else:
        held[source] = Limit(max(amount, 0.0), phases)
    if held == (evse.limits or {}):
        return False
    evse.limits = held or None
    before = evse.energy
    follow_limits(evse)
    return evse.energy is not before


def ceiling(evse: Evse) -> Ceiling:
    """What all limits and the station's own hardware allow now; nothing when that cannot be offered."""
    outlet = evse.outlet
    amount, phases = (outlet.watts, 0) if outlet.is_dc else (outlet.amps, outlet.phases)
    for limit in (evse.limits or {}).values():
        amount = min(amount, limit.amount)
        if phases and limit.phases is not None:
            phases = min(phases, limit.phases)
    if not outlet.is_dc and 0 < amount < PILOT_LEAST and evse.station.setup.quirks.low_limit:
        amount = PILOT_LEAST
    if amount < 1 or (not outlet.is_dc and (amount < PILOT_LEAST or phases < 1)):
        amount = 0.0
    return Ceiling(amount, phases)


def offered(evse: Evse) -> tuple[float, float]:
    """What is offered to a car now, in A per conductor and in W, whether one takes it or not."""
    amount, phases = ceiling(evse)
    if phases:
        return amount, amount * evse.meter.volts * phases
    amps, flow = evse.outlet.amps, evse.meter.flow
    volts = flow.volts if flow is not None else (evse.ev or Ev(evse.station.setup.ev)).kind.volts[1]
    return min(amps, amount / volts), min(amount, amps * volts)


def follow_limits(evse: Evse) -> None:
    """Let what flows follow what is allowed or asked for now."""
    if evse.energy is Energy.FLOWING and _takes(evse):
        draw(evse, Energy.FLOWING)
        watch(evse)
    elif evse.energy is not Energy.OFF:
        go_on(evse)


def share(station: Station) -> None:
    """Divide what the station gets from the grid among the EVSEs that deliver."""
    supply = station.setup.supply
    if not supply:
        return
    busy = [one for one in station.evses if one.energy is not Energy.OFF]
    for one in station.evses:
        part = station.setup.share_of(one.outlet, supply) / max(len(busy), 1)
        set_limit(one, "supply", part if one in busy else None)


# --- offering -------------------------------------------------------------------------------------------------


def offer(evse: Evse) -> None:
    """Close the power path if all is given: a connected EV, its driver authorized, a lock that holds."""
    c = evse.active
    if evse.energy is not Energy.OFF or not evse.is_authorized or c.cable is not Cable.BOTH_ENDS:
        return
    if c.health is Health.FAULTED or c.availability is Availability.INOPERATIVE:
        return
    if secure(evse):
        receive_signed(evse)
        tell_parts(evse.station, lambda part: part.energy_offered(evse))
        if evse.ev is not None and evse.ev.kind.iso15118 and _negotiates(evse):
            return
        go_on(evse)
        share(evse.station)


def receive_signed(evse: Evse) -> None:
    """The meter has signed the first value of the session (E01.FR.04): told where that begins a transaction."""
    model, ev = evse.station.model, evse.ev
    if ev is None or ev.signed or not model.flag("SampledDataCtrlr.SignReadings"):
        return
    before = evse.points()
    ev.signed = True
    if evse.transaction is None and "DataSigned" in model.members("TxStartPoint"):
        evse.happened("SignedDataReceived", before)


def _negotiates(evse: Evse) -> bool:
    """Whether a car that speaks ISO 15118 has to agree on a schedule first; then it comes back here (K15)."""
    from charge_point.smart_charging.negotiation import holds_back  # few cars do

    return holds_back(evse)


def secure(evse: Evse) -> bool:
    """Lock the plug in before anything is offered; a lock that fails is a fault (G05.FR.01; 1.6 §7.6)."""
    c = evse.active
    if c.cable is not Cable.BOTH_ENDS or c.turn_lock("lock"):
        return True
    evse.station.fault(evse.id, c.id, "ConnectorLockFailure")
    return False


def go_on(evse: Evse) -> None:
    """Let energy flow, or say which side holds it up."""
    limit = _limit_reached(evse)
    if limit is not None:
        _at_limit(evse, limit)
        return
    gives = evse.ev is not None and evse.ev.feeding > 0  # it needs no offer
    if not gives and (ceiling(evse).amount <= 0 or allowance_left(evse) <= NOTHING):
        turn(evse, Energy.HELD_BY_STATION)
        return
    turn(evse, Energy.FLOWING if _takes(evse) else Energy.HELD_BY_EV)
    watch(evse)


def reconsider(evse: Evse) -> None:
    """Something that a limit of the transaction depends on has changed: go on with the energy, or hold it back."""
    if evse.transaction is None or not evse.transaction.limits:
        return
    if evse.energy is not Energy.OFF:
        go_on(evse)
    else:
        offer(evse)


def _limit_reached(evse: Evse) -> Kind | None:
    if evse.transaction is None or not evse.transaction.limits:
        return None
    from charge_point.transaction_limits import reached  # a transaction without limits does without it

    return reached(evse)


def _at_limit(evse: Evse, limit: Kind) -> None:
    """A limit of the transaction is reached (E16.FR.05, .06); before 2.1 that is the end of the session."""
    if evse.station.version is V21:
        from charge_point.transaction_limits import TransactionLimits

        news = evse.station.part(TransactionLimits).is_news(evse, limit)
        if evse.energy is not Energy.HELD_BY_STATION:
            turn(evse, Energy.HELD_BY_STATION, limit.trigger, limit.reason)
        elif news:  # something else holds it back already
            evse.tell(limit.trigger)
    elif evse.is_authorized:
        # to 2.0.1's TriggerReasonEnumType
        known = limit.trigger in ("EnergyLimitReached", "TimeLimitReached")
        evse.end_authorization(limit.trigger if known else "ChargingStateChanged", limit.reason)


def _takes(evse: Evse) -> bool:
    """Whether the station has something to offer that the car takes, or takes what the car gives back."""
    if evse.ev is not None and evse.ev.feeding > 0:
        return can_feed(evse.ev)
    amount, phases = ceiling(evse)
    return amount > 0 and evse.ev is not None and evse.ev.takes(amount if phases else inf)


def hold(evse: Evse) -> None:
    """The station holds energy back (SuspendedEVSE)."""
    turn(evse, Energy.HELD_BY_STATION)


def ev_pauses(evse: Evse) -> None:
    """The EV stops taking energy, or is not ready yet (E01.FR.19)."""
    car(evse).ready = False
    if evse.energy is Energy.FLOWING:
        turn(evse, Energy.HELD_BY_EV)


def ev_resumes(evse: Evse) -> None:
    """The EV takes energy again."""
    car(evse).ready = True
    if evse.energy is Energy.HELD_BY_EV:
        go_on(evse)


def car(evse: Evse) -> Ev:
    """The car at this EVSE, or the next that will be plugged in there."""
    if evse.ev is None:
        evse.ev = Ev(evse.station.setup.ev)
    return evse.ev


def turn(evse: Evse, to: Energy, trigger: str = "ChargingStateChanged", why: str = "") -> None:
    """Move the energy region by its table, with the message that follows from it (E01.FR.18).

    `why` is the reason for which the transaction ends if that is what it comes to.
    """
    if evse.energy is to or evse.active.cable is not Cable.BOTH_ENDS:
        return
    if evse.energy is Energy.OFF and not evse.is_authorized:
        return
    before = evse.points()
    draw(evse, to)
    reason = why or ("StoppedByEV" if to is Energy.HELD_BY_EV else "Other")
    evse.happened(trigger, before, reason=reason)
    if evse.transaction is None and before & Point.EnergyTransfer:
        ended_by_energy(evse)
    evse.station.report(evse, evse.active)


def ended_by_energy(evse: Evse) -> None:
    """The transaction ended because energy stopped (TxStopPoint EnergyTransfer): so does the session."""
    stop_energy(evse)
    evse.authorization = follow(AUTHORIZATION, evse.authorization, "ended")
    evse.active.turn_lock("unlock")
    evse.settle_availability()


def draw(evse: Evse, to: Energy) -> None:
    """Move the energy region to `to` and let the meter follow, without a message."""
    event = {Energy.FLOWING: "flows", Energy.HELD_BY_EV: "ev_pauses"}.get(to, "station_pauses")
    if evse.energy is not to:
        evse.energy = follow(ENERGY, evse.energy, event)
    flow: Flow | None = None
    if to is Energy.FLOWING:
        amount, phases = ceiling(evse)
        ev, hardware = car(evse), evse.outlet.amps
        if ev.feeding > 0:
            flow = BackFlow(ev, ev.feeding, phases)
        elif phases:
            flow = Flow(ev, amps=amount * ev.kind.overdraw, phases=phases)
        else:
            flow = Flow(ev, amps=hardware, watts=amount)
        flow.rated = hardware
    evse.meter.draw(flow, evse.station.clock.elapsed())
    tell_parts(evse.station, lambda part: part.energy_drawn(evse))
    if flow is not None and (flow.ev.kind.leak or flow.ev.kind.overdraw > 1):
        from charge_point.protection import energy_flows  # of use with cars that are not sound alone

        energy_flows(evse)


def stop_energy(evse: Evse) -> None:
    """Open the power path, without a message."""
    evse.meter.draw(None, evse.station.clock.elapsed())
    if evse.energy is not Energy.OFF:
        evse.energy = follow(ENERGY, evse.energy, "stopped")
        share(evse.station)
        tell_parts(evse.station, lambda part: part.energy_stopped(evse))


# --- what ends by itself --------------------------------------------------------------------------------------


def watch(evse: Evse) -> None:
    """Look again when the battery will be full or an allowance used up (E05.FR.02, .03)."""
    flow = evse.meter.flow
    if allowance_left(evse) <= NOTHING:
        evse.hold()
    elif flow is not None:
        evse.cancel_timer()
        wait = min(flow.seconds_until(flow.ev.enough), flow.seconds_for(allowance_left(evse)))
        if evse.transaction is not None and evse.transaction.limits:
            from charge_point.transaction_limits import seconds_left

            wait = min(wait, seconds_left(evse))
        if wait < inf:
            evse.timer = asyncio.get_running_loop().call_later(wait + 0.001, _look, evse)


def _look(evse: Evse) -> None:
    evse.timer = None
    evse.meter.advance(evse.station.clock.elapsed())
    if evse.energy is Energy.FLOWING:
        go_on(evse)


def allowance_left(evse: Evse) -> float:
    """Wh that the transaction may still deliver: no limit unless its token was refused."""
    transaction = evse.transaction
    if transaction is None or transaction.allowance is None:
        return inf
    return transaction.allowance - evse.meter.advance(evse.station.clock.elapsed())
