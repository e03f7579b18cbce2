"""What a station protects cars, people and itself from: leaking current, too much of it, a voltage that is none.

A fault that was noticed here is a fault like any other (`hands.fault`): its connector is Faulted, and a transaction on
it ends with the reason of its error (E06.FR.16). Those of the grid are over when the grid is well again.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from charge_point.connector import Energy, Health
from charge_point.meter import NOMINAL_VOLTS
from charge_point.power import ceiling

if TYPE_CHECKING:
    from charge_point.connector import Connector
    from charge_point.evse import Evse
    from charge_point.station import Station

LEAK = 6.0
"""mA of direct residual current at which its detector opens the circuit (IEC 62955)."""

OVERLOAD = 1.1
"""Of the current that is offered: a car that takes more once `PATIENCE` is over is cut off."""

PATIENCE = 5.0
"""Seconds that a car has to follow what is offered (IEC 61851-1 Annex A)."""

DROPS, BURNS = 0.4, 1.2
"""Of the nominal voltage: below, contactors fall off (IEC 60947-4-1: between 0.2 and 0.75); above, electronics fail."""

_OF_THE_GRID = ("UnderVoltage", "OverVoltage")


def energy_flows(evse: Evse) -> None:
    """To be called when energy flows, or flows anew, into a car that leaks or takes more than it is offered."""
    ev = evse.ev
    assert ev is not None  # who takes what flows
    loop = asyncio.get_running_loop()
    if ev.kind.leak >= LEAK:
        loop.call_soon(_trip, evse, evse.active, "GroundFailure")
    elif ev.kind.overdraw > OVERLOAD and ev.feeding <= 0 and not evse.outlet.is_dc:
        loop.call_later(PATIENCE, _trip, evse, evse.active, "OverCurrentFailure")


def grid_changed(station: Station, volts: float) -> None:
    """The grid has `volts` (V) now: below or above what the hardware bears every connector is out of order."""
    share = volts / NOMINAL_VOLTS
    error = "UnderVoltage" if share < DROPS else "OverVoltage" if share > BURNS else ""
    for evse in station.evses:
        for c in evse.connectors:
            if c.error in _OF_THE_GRID and c.error != error:
                _mend(evse, c)
            if error and c.health is not Health.FAULTED:
                _break(evse, c, error)


def _trip(evse: Evse, c: Connector, error: str) -> None:
    """If what was wrong then still is."""
    ev = evse.ev
    if evse.active is not c or evse.energy is not Energy.FLOWING or ev is None or c.health is Health.FAULTED:
        return
    if ev.kind.leak >= LEAK if error == "GroundFailure" else _is_overloaded(evse):
        _break(evse, c, error)


def _is_overloaded(evse: Evse) -> bool:
    flow, offered = evse.meter.flow, ceiling(evse).amount
    assert flow is not None  # energy flows
    return flow.watts / (flow.volts * flow.phases) > offered * OVERLOAD + 1e-9


def _break(evse: Evse, c: Connector, error: str) -> None:
    from charge_point import hands  # which knows the power path

    hands.fault(evse.station, evse.id, c.id, error)


def _mend(evse: Evse, c: Connector) -> None:
    from charge_point import hands

    hands.clear_fault(evse.station, evse.id, c.id)
