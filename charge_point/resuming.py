"""Transactions that outlive an interruption: a power cut, a watchdog, or a Reset that asks for it (2.1 E17, B13).

Before 2.1, and without TxCtrlr.ResumptionTimeout, the power's return ends what was under way (1.6 §4.10; E06.FR.08).
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from charge_point import power
from charge_point.connector import Cable, Energy
from charge_point.telling import RESUMPTION, stop_points
from charge_point.transaction import Point
from charge_point.transaction_limits import TransactionLimits
from shared.versions import V21

if TYPE_CHECKING:
    from charge_point.evse import Evse
    from charge_point.station import Station

_BROKEN_BY_ABSENCE = Point.EVConnected | Point.PowerPathClosed | Point.EnergyTransfer


def timeout(station: Station) -> float:
    """How long an interruption a transaction survives, in seconds; 0 when none does."""
    model = station.model
    known = station.version is V21 and model.has("TxCtrlr.ResumptionTimeout")
    return model.seconds("TxCtrlr.ResumptionTimeout") if known else 0.0


def go_on(
    evse: Evse, before: Energy, outage: float, *, reason: str = "PowerLoss", always: bool = False
) -> None:
    """The station is back after `outage` seconds: resume the transaction, or end it for `reason`.

    `before` is how its energy stood. `always`: however long it took (B13.FR.12, .23).
    """
    most = timeout(evse.station)
    if evse.transaction is None:
        return
    if not most or (outage > most and not always):
        evse.end_authorization("AbnormalCondition", reason, ends=True)  # E17.FR.20-22
        return
    plugged = evse.active.cable is Cable.BOTH_ENDS
    if not plugged and stop_points(evse) & _BROKEN_BY_ABSENCE:
        evse.end_authorization("EVCommunicationLost", "EVDisconnected", ends=True)  # E17.FR.17
        return
    if plugged and evse.is_authorized and before is not Energy.OFF and power.secure(evse):
        _take_up(evse, before)
    evse.sampler.on()
    if evse.transaction.limits:
        evse.station.part(TransactionLimits).resumed(evse)
    names = evse.station.model.members("SampledDataCtrlr.TxUpdatedMeasurands")
    taken = evse.read("Interruption.End", names)
    evse.transaction.owed_evse = True
    evse.tell("TxResumed", samples=(taken,) if taken.values else ())  # E17.FR.14
    power.watch(evse)
    evse.station.report(evse, evse.active)


def _take_up(evse: Evse, before: Energy) -> None:
    """Bring the energy to where it was, or hold it back (E17.FR.11, .12, .18; B13.FR.24, .25)."""
    model = evse.station.model
    after = before
    if not model.flag("TxCtrlr.AllowEnergyTransferResumption"):
        if before is not Energy.HELD_BY_STATION:
            power.set_limit(evse, RESUMPTION, 0)
        after = Energy.HELD_BY_STATION
    elif before is Energy.FLOWING:
        spread = model.integer("TxCtrlr.EnergyTransferResumptionRandomRange")
        wait = evse.station.stream(f"resumption {evse.id} {evse.station.clock.time()}").uniform(0, spread)
        if wait > 0:
            power.set_limit(evse, RESUMPTION, 0)
            after = Energy.HELD_BY_STATION
            evse.timer = asyncio.get_running_loop().call_later(wait, power.set_limit, evse, RESUMPTION, None)
    power.draw(evse, after)
