"""What a transaction may come to in energy, time, state of charge and cost, as its driver or the CSMS wants it (E16).

On 2.1 a limit that is reached holds the energy back and the transaction goes on; it is told as LimitSet when set, and
with a trigger of its own when reached. 2.0.1 and 1.6 know limits of the station alone, which end the session with
that reason. The CSMS has the last word (E16.FR.07): a driver cannot go beyond what it has set (E16.FR.04).
"""

from __future__ import annotations

import asyncio
from math import inf
from typing import TYPE_CHECKING, Any, NamedTuple

from charge_point import power
from charge_point.parts import Part
from shared.suggest import advice
from shared.versions import V21

if TYPE_CHECKING:
    from charge_point.evse import Evse
    from charge_point.station import Station
    from charge_point.transaction import Transaction

Payload = dict[str, Any]


class Kind(NamedTuple):
    """One kind of limit: its name on the wire (2.1 TransactionLimitType), what it triggers, why it ends."""

    wire: str
    trigger: str
    reason: str


KINDS = {
    "energy": Kind("maxEnergy", "EnergyLimitReached", "EnergyLimitReached"),
    "time": Kind("maxTime", "TimeLimitReached", "TimeLimitReached"),
    "soc": Kind("maxSoC", "SoCLimitReached", "SOCLimitReached"),
    "cost": Kind("maxCost", "CostLimitReached", "LocalOutOfCredit"),
    "charge": Kind("", "EnergyLimitReached", "EnergyLimitReached"),
}
"""Wh, seconds since the transaction began (E16.FR.09), percent, and the currency of the tariff; `charge` is the
station's own limit of the state of charge, in percent, of which nobody is told until it is reached (S04.FR.06)."""


class TransactionLimits(Part):
    """The limits of one station's transactions. Owns what drivers want of the next, and the timers."""

    __slots__ = ("_csms", "_reached", "_secured", "_timers", "_wanted")

    def __init__(self, station: Station) -> None:
        super().__init__(station)
        self._wanted: dict[int, dict[str, float]] = {}
        self._csms: dict[int, dict[str, float]] = {}
        self._secured: dict[int, float] = {}
        self._reached: dict[int, Kind] = {}
        self._timers: dict[int, asyncio.TimerHandle] = {}

    # --- setting ------------------------------------------------------------------------------------------

    def want(self, evse: Evse, limits: dict[str, float]) -> None:
        """The driver at `evse` sets limits for the transaction there, or the next one. Raises ValueError."""
        for name in limits:
            known = [one for one, kind in KINDS.items() if kind.wire]
            if name not in known:
                raise ValueError(f"a transaction has no limit of {name!r}{advice(name, known)}")
        transaction = evse.transaction
        if transaction is None:
            self._wanted.setdefault(evse.id, {}).update(limits)
            return
        most = self._csms.get(evse.id, {})
        self._set(evse, {name: min(value, most.get(name, inf)) for name, value in limits.items()})

    def unwant(self, evse: Evse) -> None:
        """Who wanted limits for the next transaction at `evse` does not come."""
        self._wanted.pop(evse.id, None)

    def secure(self, evse: Evse, amount: float | None) -> None:
        """No more is paid for at `evse` than `amount`, whoever wants it; None: as much as it costs (C18, C23)."""
        if amount is None:
            self._secured.pop(evse.id, None)
            return
        self._secured[evse.id] = amount
        if evse.transaction is not None and "cost" in (evse.transaction.limits or {}):
            self._set(evse, {"cost": amount})

    def hold_at(self, evse: Evse, soc: float) -> None:
        """The station itself holds the energy back at so much charge, in percent, and goes on below it (S04.FR.06)."""
        transaction = evse.transaction
        if transaction is not None:
            transaction.limits = (transaction.limits or {}) | {"charge": soc}
            if reached(evse) is None:
                self._reached.pop(evse.id, None)
            power.reconsider(evse)

    def heard(self, evse: Evse, wire: Payload) -> None:
        """The CSMS answers a TransactionEvent with a transactionLimit (E16.FR.02, .03)."""
        known = {name: wire[kind.wire] for name, kind in KINDS.items() if kind.wire in wire}
        own = self.station.model.members("TxCtrlr.SupportedLimits")
        limits = {name: float(value) for name, value in known.items() if KINDS[name].wire in own}
        before = self._csms.get(evse.id, {})
        news = any(before.get(name) != value for name, value in limits.items())
        if news and evse.transaction is not None:  # once (E16.FR.03); of others nothing is said (E16.FR.13)
            self._csms.setdefault(evse.id, {}).update(limits)
            self._set(evse, limits)

    def _set(self, evse: Evse, limits: dict[str, float]) -> None:
        transaction = evse.transaction
        assert transaction is not None
        if "cost" in limits and evse.id in self._secured:
            limits = limits | {"cost": min(limits["cost"], self._secured[evse.id])}
        transaction.limits = (transaction.limits or {}) | limits
        if self.station.version is V21:
            own = self.station.model.members("TxCtrlr.SupportedLimits")
            told = {KINDS[name].wire: value for name, value in limits.items() if KINDS[name].wire in own}
            if told:
                transaction.owed_limit = {name: _wire(name, value) for name, value in told.items()}
                evse.tell("LimitSet")  # E16.FR.01, .03: once
        self._reached.pop(evse.id, None)
        self._watch_the_time(evse)
        power.reconsider(evse)  # E16.FR.10, .14

    def is_news(self, evse: Evse, kind: Kind) -> bool:
        """Whether it has not been said yet that the transaction has reached this limit; now it is."""
        before = self._reached.get(evse.id)
        self._reached[evse.id] = kind
        return before is not kind

    # --- the course of a transaction ----------------------------------------------------------------------

    def transaction_began(self, evse: Evse) -> None:
        """What its driver wanted holds from now on."""
        wanted = self._wanted.pop(evse.id, None)
        if wanted:
            self._set(evse, wanted)

    def transaction_ended(self, evse: Evse, transaction: Transaction) -> None:
        """Nothing is limited any more."""
        self._csms.pop(evse.id, None)
        self._reached.pop(evse.id, None)
        self._cancel(evse.id)

    def power_off(self) -> None:
        """The time runs on, but nobody looks at it."""
        for evse in list(self._timers):
            self._cancel(evse)

    def _cancel(self, evse: int) -> None:
        timer = self._timers.pop(evse, None)
        if timer is not None:
            timer.cancel()

    def _watch_the_time(self, evse: Evse) -> None:
        self._cancel(evse.id)
        transaction = evse.transaction
        most = (transaction.limits or {}).get("time") if transaction is not None else None
        if transaction is not None and most is not None:
            left = most - (self.station.clock.time() - transaction.time)
            if left > 0:
                loop = asyncio.get_running_loop()
                self._timers[evse.id] = loop.call_later(left, power.reconsider, evse)

    def resumed(self, evse: Evse) -> None:
        """The transaction goes on after an interruption."""
        self._watch_the_time(evse)


def reached(evse: Evse) -> Kind | None:
    """The limit that the transaction at `evse` has reached, if any."""
    transaction = evse.transaction
    if transaction is None or not transaction.limits:
        return None
    station, limits = evse.station, transaction.limits
    now = {
        "energy": evse.meter.advance(station.clock.elapsed()) - transaction.meter_start + power.NOTHING,
        "time": station.clock.time() - transaction.time + 1e-3,
        "soc": -1.0 if evse.ev is None or evse.ev.soc is None else evse.ev.soc + 1e-6,
        "cost": transaction.cost,
    }
    now["charge"] = now["soc"]
    for name, kind in KINDS.items():
        value = now[name]
        if name in limits and value is not None and value >= limits[name]:
            return kind
    return None


def seconds_left(evse: Evse) -> float:
    """How long energy may flow on until a limit is reached by it; inf without one."""
    transaction, flow = evse.transaction, evse.meter.flow
    if transaction is None or not transaction.limits or flow is None:
        return inf
    left = inf
    if "energy" in transaction.limits:
        used = evse.meter.advance(evse.station.clock.elapsed()) - transaction.meter_start
        left = flow.seconds_for(max(transaction.limits["energy"] - used, 0.0))
    socs = [transaction.limits[name] for name in ("soc", "charge") if name in transaction.limits]
    if socs and flow.ev.soc is not None:
        left = min(left, flow.seconds_until(flow.ev.kind.battery * min(socs) / 100))
    return left


def _wire(name: str, value: float) -> float:
    return int(value) if name in ("maxTime", "maxSoC") else value  # integers in TransactionLimitType
