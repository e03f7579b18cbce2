"""The power path of an EVSE: when energy is offered, held back, drawn and stopped."""

from __future__ import annotations

import asyncio
from math import inf
from typing import TYPE_CHECKING, NamedTuple

from charge_point.connector import AUTHORIZATION, ENERGY, Availability, Cable, Energy, Health, follow
from charge_point.transaction import Point

if TYPE_CHECKING:
    from charge_point.evse import Evse

NOTHING = 1e-6
"""Wh: less is no energy."""


def offer(evse: Evse) -> None:
    """Close the power path if all is given: a connected EV, its driver authorized, a lock that holds."""
    c = evse.active
    if evse.energy is not Energy.OFF or not evse.is_authorized or c.cable is not Cable.BOTH_ENDS:
        return
    if c.health is Health.FAULTED or c.availability is Availability.INOPERATIVE:
        return
    if secure(evse):
        go_on(evse)


def secure(evse: Evse) -> bool:
    """Lock the plug in before anything is offered; a lock that fails is a fault (G05.FR.01; 1.6 §7.6)."""
    c = evse.active
    if c.cable is not Cable.BOTH_ENDS or c.turn_lock("lock"):
        return True
    evse.station.fault(evse.id, c.id, "ConnectorLockFailure")
    return False


def go_on(evse: Evse) -> None:
    """Let energy flow, or say which side holds it up."""
    if evse.meter.limit <= 0 or allowance_left(evse) <= NOTHING:
        turn(evse, Energy.HELD_BY_STATION)
        return
    turn(evse, Energy.FLOWING if evse.ev_ready and evse.ev_amps > 0 else Energy.HELD_BY_EV)
    check_allowance(evse)


def hold(evse: Evse) -> None:
    """The station holds energy back (SuspendedEVSE)."""
    turn(evse, Energy.HELD_BY_STATION)


def ev_pauses(evse: Evse) -> None:
    """The EV stops taking energy: full, or not ready (E01.FR.19)."""
    evse.ev_ready = False
    turn(evse, Energy.HELD_BY_EV)


def ev_resumes(evse: Evse) -> None:
    """The EV takes energy again."""
    evse.ev_ready = True
    if evse.energy is Energy.HELD_BY_EV:
        go_on(evse)


class Ceiling(NamedTuple):
    """The most that may be drawn: `amount` in A per phase on AC, in W on DC; `phases` on AC, 0 on DC."""

    amount: float
    phases: int


class Limit(NamedTuple):
    """What one source allows: A per phase on AC, W on DC; `phases` only where it says something of them."""

    amount: float
    phases: int | None = None


PILOT_LEAST = 6.0
"""A: less cannot be offered on AC (IEC 61851-1 Annex A), so it is a pause."""


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
    _follow_limits(evse)
    return evse.energy is not before


def ceiling(evse: Evse) -> Ceiling:
    """What all limits and the station's own hardware allow now; nothing when that cannot be offered."""
    setup = evse.station.setup
    amount, phases = setup.amps, setup.phases
    for limit in (evse.limits or {}).values():
        amount = min(amount, limit.amount)
        phases = phases if limit.phases is None else min(phases, limit.phases)
    if amount < PILOT_LEAST or phases < 1:
        amount = 0.0
    return Ceiling(amount, phases)


def _follow_limits(evse: Evse) -> None:
    elapsed = evse.station.clock.elapsed()
    evse.meter.advance(elapsed)
    evse.meter.limit = ceiling(evse).amount
    if evse.energy is Energy.FLOWING and evse.meter.limit > 0:
        evse.meter.draw(evse.ev_amps, elapsed)
        check_allowance(evse)
    elif evse.energy is not Energy.OFF:
        go_on(evse)


def turn(evse: Evse, to: Energy) -> None:
    """Move the energy region by its table, with the message that follows from it (E01.FR.18)."""
    if evse.energy is to or evse.active.cable is not Cable.BOTH_ENDS:
        return
    if evse.energy is Energy.OFF and not evse.is_authorized:
        return
    before = evse.points()
    draw(evse, to)
    reason = "StoppedByEV" if to is Energy.HELD_BY_EV else "Other"
    evse.happened("ChargingStateChanged", before, reason=reason)
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
    evse.meter.draw(evse.ev_amps if to is Energy.FLOWING else 0.0, evse.station.clock.elapsed())


def stop_energy(evse: Evse) -> None:
    """Open the power path, without a message."""
    if evse.energy is not Energy.OFF:
        evse.energy = follow(ENERGY, evse.energy, "stopped")
    evse.meter.draw(0.0, evse.station.clock.elapsed())


def check_allowance(evse: Evse) -> None:
    """Hold the energy back once a refused token's allowance is used up, else look again later (E05.FR.02, .03)."""
    left = allowance_left(evse)
    if left <= NOTHING:
        evse.hold()
    elif left < inf and evse.energy is Energy.FLOWING:
        evse.cancel_timer()
        wait = left * 3600 / evse.meter.watts
        evse.timer = asyncio.get_running_loop().call_later(wait + 0.001, check_allowance, evse)


def allowance_left(evse: Evse) -> float:
    """Wh that the transaction may still deliver: no limit unless its token was refused."""
    transaction = evse.transaction
    if transaction is None or transaction.allowance is None:
        return inf
    return transaction.allowance - evse.meter.advance(evse.station.clock.elapsed())
