"""The tariffs of a 2.1 station, and what its transactions cost by them (I07 to I12).

Every EVSE has at most one default tariff in force, and others that will take its place (I07.FR.20-.23); a driver may
bring one along in the answer to Authorize. The one that holds when a driver is authorized at an EVSE is the
transaction's until its end, unless the CSMS changes it. What it costs is reckoned whenever a message of the
transaction is made, and in between as often as conditions, running cost and a limit of the cost demand.
"""

from __future__ import annotations

import asyncio
from copy import deepcopy
from math import inf
from typing import TYPE_CHECKING, Any, NamedTuple

from charge_point.connector import Energy
from charge_point.parts import Part, cost_changed
from charge_point.tariff_checks import CONTROLLER, unfit
from charge_point.tariff_costs import METERED, Place, Reckoning
from charge_point.tariff_course import advance, place, reserve, station_feeds
from shared.clock import parse
from shared.versions import V21

if TYPE_CHECKING:
    from charge_point.authorization import Token, TokenInfo
    from charge_point.evse import Evse
    from charge_point.station import Station
    from charge_point.transaction import Transaction

Payload = dict[str, Any]

MOST_DRIVERS = 100
"""Tariffs of drivers that are remembered; of more the oldest are forgotten."""


class Installed(NamedTuple):
    """A default tariff of one EVSE, and from when on it holds (Unix s)."""

    since: float
    tariff: Payload


class Driven(NamedTuple):
    """The tariff of a driver: the id of their token, and when it came (Unix s)."""

    id: str
    tariff: Payload
    at: float


class Tariffs(Part):
    """The tariffs of one station, kept on disk (I07.FR.13), and what its transactions come to. Owns the timers."""

    __slots__ = (
        "_flows",
        "_owed",
        "_timers",
        "_told",
        "central",
        "defaults",
        "drivers",
        "problem",
        "running",
    )

    name = "tariffs"

    def __init__(self, station: Station) -> None:
        super().__init__(station)
        self.defaults: dict[int, list[Installed]] = {}
        self.drivers: dict[str, Driven] = {}
        self.central: set[str] = set()
        """Keys of tokens whose cost the CSMS calculates (I08.FR.33)."""
        self.running: dict[int, tuple[str, Reckoning]] = {}
        """EVSE -> the transaction there, and what it comes to."""
        self.problem = False
        self._flows: dict[int, bool] = {}
        self._owed: dict[int, str] = {}
        self._told: dict[int, float] = {}
        self._timers: dict[int, asyncio.TimerHandle] = {}

    @property
    def calculates(self) -> bool:
        """Whether the station reckons costs by tariffs now."""
        return supports(self.station) and self.station.model.flag(f"{CONTROLLER}.Enabled[Cost]")

    # --- default tariffs ----------------------------------------------------------------------------------

    def install(self, evse: int, tariff: Payload) -> None:
        """Make `tariff` the default one of an EVSE, of all for 0, at once or from its validFrom on."""
        now = self.station.clock.time()
        since = parse(tariff["validFrom"]) if "validFrom" in tariff else now
        for one in self.station.evses_of(evse):
            held = [other for other in self.defaults.get(one.id, ()) if other.since != since]
            self.defaults[one.id] = sorted([*held, Installed(since, tariff)], key=lambda other: other.since)
        self._outdate(now)
        self.keep()

    def _outdate(self, now: float) -> None:
        """What has been replaced is gone (I07.FR.20-.22); what will hold later stays (I07.FR.23)."""
        for evse, held in self.defaults.items():
            valid = [one for one in held if one.since <= now]
            self.defaults[evse] = [*valid[-1:], *(one for one in held if one.since > now)]

    def default(self, evse: int) -> Payload | None:
        """The default tariff that holds at an EVSE now."""
        now = self.station.clock.time()
        self._outdate(now)
        held = self.defaults.get(evse)
        return held[0].tariff if held and held[0].since <= now else None

    def ids(self) -> set[str]:
        """The ids of all tariffs here."""
        found = {one.tariff["tariffId"] for held in self.defaults.values() for one in held}
        return found | {one.tariff["tariffId"] for one in self.drivers.values()}

    # --- tariffs of drivers -------------------------------------------------------------------------------

    def received(self, token: Token, tariff: Payload, info: TokenInfo) -> TokenInfo:
        """A tariff came with the answer to Authorize; gives what that makes of the authorization (I08)."""
        self.central.discard(token.key)
        self.drivers.pop(token.key, None)
        if not self.calculates or not info.accepted:
            return info
        refused = unfit(self.station, tariff)
        if refused is None:
            self.drivers[token.key] = Driven(token.id, tariff, self.station.clock.time())
            while len(self.drivers) > MOST_DRIVERS:
                del self.drivers[next(iter(self.drivers))]
            self.keep()
            self.set_problem(False)  # I08.FR.35
            return info
        self.set_problem(True, refused.code)  # I08.FR.30
        how = self.station.model.text(f"{CONTROLLER}.HandleFailedTariff[Tariff]")
        if how == "CentralCost":
            self.central.add(token.key)
        return info._replace(status="Invalid") if how == "Deauthorize" else info

    def in_use(self, key: str) -> bool:
        """Whether the tariff of a driver is in use (I08.FR.07)."""
        driven = self.drivers[key]
        if any(
            one.is_authorized and one.token is not None and one.token.key == key for one in self.station.evses
        ):
            return True
        wait = self.station.model.seconds("TxCtrlr.EVConnectionTimeOut")
        return self.station.clock.time() - driven.at < wait

    def due(self, evse: Evse) -> Payload | None:
        """The tariff by which a driver who is authorized at `evse` pays."""
        key = evse.token.key if evse.token is not None else ""
        if not self.calculates or key in self.central:
            return None
        driven = self.drivers.get(key)
        return driven.tariff if driven is not None else self.default(evse.id)

    # --- the course of a transaction ----------------------------------------------------------------------

    def tells(self, evse: Evse, transaction: Transaction, sort: str) -> Payload:
        """`tariffId` once, and `costDetails` where they are due (I07.FR.32, I08.FR.22, I12.FR.01, .02)."""
        one = self._of(evse)
        if one is None and evse.is_authorized and sort != "Ended":
            tariff = self.due(evse)
            one = self._begin(evse, transaction, tariff) if tariff is not None else None
        if one is None:
            return {}
        self.settle(evse)
        more: Payload = {}
        if evse.id in self._owed:
            more["tariffId"] = self._owed.pop(evse.id)
        if sort == "Ended":
            more["costDetails"] = self._final(one)
        elif self._tells_running(evse, sort):
            self._told[evse.id] = self.station.clock.time()
            more["costDetails"] = one.details(final=False)
        if sort != "Ended":
            self._arm(evse)
        return more

    def _of(self, evse: Evse) -> Reckoning | None:
        found = self.running.get(evse.id)
        if found is None or evse.transaction is None or found[0] != evse.transaction.id:
            return None
        return found[1]

    def _begin(self, evse: Evse, transaction: Transaction, tariff: Payload) -> Reckoning:
        station = self.station
        now, energy = station.clock.time(), evse.meter.advance(station.clock.elapsed())
        one = Reckoning(tariff, place(evse), now, energy)
        reserve(one, evse, transaction)
        self.running[evse.id] = transaction.id, one
        self._owed[evse.id] = tariff["tariffId"]
        self._told[evse.id] = now
        self._flows[evse.id] = evse.energy is Energy.FLOWING
        self.keep()
        return one

    def settle(self, evse: Evse) -> None:
        """Reckon the transaction at `evse` up to now."""
        one, station = self._of(evse), self.station
        assert one is not None
        assert evse.transaction is not None
        now, energy = station.clock.time(), evse.meter.advance(station.clock.elapsed())
        span, amount = now - one.state["time"], energy - one.state["energy"]
        amps = amount * 3600 / span / (evse.meter.volts or 230.0) if span > 0 else 0.0
        advance(one, station, now, energy, charging=self._flows.get(evse.id, False), current=amps)
        self._flows[evse.id] = evse.energy is Energy.FLOWING
        evse.transaction.cost = round(one.cost, 6)

    def _final(self, one: Reckoning) -> Payload:
        details = one.details(final=True)
        if one.state["charged"] < 0 and not station_feeds(self.station):  # I12.FR.14, .18
            details |= {"failureToCalculate": True, "failureReason": "the register of the meter went back"}
            self.set_problem(True, "InternalError")
        else:
            self.set_problem(False)  # I12.FR.43
        return details

    def _tells_running(self, evse: Evse, sort: str) -> bool:
        model = self.station.model
        if not model.flag(f"{CONTROLLER}.Enabled[RunningCost]"):
            return False
        since = self.station.clock.time() - self._told.get(evse.id, 0.0)
        return sort == "Started" or since >= model.seconds(f"{CONTROLLER}.Interval[Cost]") - 1e-3

    def change(self, evse: Evse, tariff: Payload) -> None:
        """The CSMS gives the transaction at `evse` another tariff (I11.FR.07, .08)."""
        transaction = evse.transaction
        if transaction is None:
            return
        one = self._of(evse)
        if one is None:
            self._begin(evse, transaction, tariff)
        else:
            self.settle(evse)
            one.change(tariff)
            self._owed[evse.id] = tariff["tariffId"]
        evse.tell("TariffChanged")
        self.keep()

    def drop(self, evse: Evse) -> None:
        """The driver does not accept the tariff: the transaction costs nothing (I07.FR.30, I08.FR.20)."""
        self._cancel(evse.id)
        self.running.pop(evse.id, None)
        self._owed.pop(evse.id, None)
        if evse.transaction is not None:
            evse.transaction.cost = None

    def transaction_ended(self, evse: Evse, transaction: Transaction) -> None:
        """Its tariff goes, if it was its driver's and nothing else holds it (I08.FR.06)."""
        self._cancel(evse.id)
        self.running.pop(evse.id, None)
        self._owed.pop(evse.id, None)
        key = transaction.starter.key if transaction.starter is not None else ""
        if key in self.drivers and key not in (self.station.authorizer.cache or ()):  # I08.FR.05
            del self.drivers[key]
        self.central.discard(key)
        self.keep()

    # --- in between ---------------------------------------------------------------------------------------

    def _arm(self, evse: Evse) -> None:
        self._cancel(evse.id)
        wait = self._wait(evse)
        if wait < inf:
            self._timers[evse.id] = asyncio.get_running_loop().call_later(wait, self._look, evse)

    def _wait(self, evse: Evse) -> float:
        """How long until the cost has to be looked at again."""
        one, model = self._of(evse), self.station.model
        assert one is not None
        wait = inf
        if any(
            "conditions" in price
            for kind in METERED
            for price in (one.tariff.get(kind) or {}).get("prices", ())
        ):
            wait = max(model.seconds(f"{CONTROLLER}.Interval[Tariff]"), 1.0)  # I12.FR.31, .32
        if model.flag(f"{CONTROLLER}.Enabled[RunningCost]"):
            left = self._told.get(evse.id, 0.0) + model.seconds(f"{CONTROLLER}.Interval[Cost]")
            wait = min(wait, max(left - self.station.clock.time(), 0.001))
        most = ((evse.transaction.limits if evse.transaction is not None else None) or {}).get("cost", inf)
        for mark in (most, *(part.cost_mark(evse) for part in (self.station.parts or {}).values())):
            if one.cost < mark < inf:
                wait = min(wait, self._until(evse, one, mark))
        return wait

    def _until(self, evse: Evse, one: Reckoning, most: float) -> float:
        """Seconds until the cost is `most` as things go now; at most until something else can have changed."""
        probe = Reckoning(one.tariff, one.place, one.state["time"])
        probe.state = deepcopy(one.state)
        energy = one.state["energy"] + evse.meter.watts / 3600
        probe.advance(one.state["time"] + 1.0, energy, charging=evse.energy is Energy.FLOWING)
        rate = probe.cost - one.cost
        return min((most - one.cost) / rate + 0.001, 60.0) if rate > 0 else 60.0

    def _look(self, evse: Evse) -> None:
        self._timers.pop(evse.id, None)
        if self._of(evse) is None:
            return
        self.settle(evse)
        if self._tells_running(evse, "Updated"):
            evse.tell("RunningCost")  # I12.FR.03
            self.keep()
        cost_changed(evse)  # E16.FR.15
        self.station.changed()
        if self._of(evse) is not None:
            self._arm(evse)

    def _cancel(self, evse: int) -> None:
        timer = self._timers.pop(evse, None)
        if timer is not None:
            timer.cancel()

    # --- what happens to the station ----------------------------------------------------------------------

    def set_problem(self, on: bool, code: str = "") -> None:
        """Whether the station cannot do as a tariff says: told as an event (I08.FR.31, .36, I12.FR.19, .44)."""
        if on is self.problem:
            return
        self.problem = on
        now = self.station.clock.now()
        event: Payload = {
            "eventId": self.station.new_event_id(),
            "timestamp": now,
            "trigger": "Alerting",
            "actualValue": "true" if on else "false",
            "eventNotificationType": "HardWiredNotification",
            "component": {"name": CONTROLLER},
            "variable": {"name": "Problem"},
        }
        event |= {"techCode": code} if code else {}
        self.station.say("NotifyEvent", {"generatedAt": now, "seqNo": 0, "eventData": [event]})

    def accepted(self) -> None:
        for evse in self.station.evses:
            if self._of(evse) is not None:
                self._arm(evse)

    def power_off(self) -> None:
        for evse in list(self._timers):
            self._cancel(evse)
        self.problem = False

    def as_kept(self) -> Any:
        kept: Payload = {
            "defaults": {
                str(evse): [list(one) for one in held] for evse, held in self.defaults.items() if held
            },
            "drivers": {key: tuple(one) for key, one in self.drivers.items()},
            "running": {
                str(evse): (id, one.tariff, tuple(one.place), one.state)
                for evse, (id, one) in self.running.items()
            },
        }
        return kept if any(kept.values()) else None

    def restore(self, kept: Any) -> None:
        self.defaults = {
            int(evse): [Installed(*one) for one in held] for evse, held in kept["defaults"].items()
        }
        self.drivers = {key: Driven(*one) for key, one in kept["drivers"].items()}
        for evse, (id, tariff, where, state) in kept["running"].items():
            one = Reckoning(tariff, Place(*where), state["time"])
            one.state = state
            self.running[int(evse)] = id, one


def supports(station: Station) -> bool:
    """Whether the station takes tariffs (I07.FR.01)."""
    path = f"{CONTROLLER}.Enabled[Tariff]"
    return station.version is V21 and station.model.has(path) and station.model.flag(path)


def refuse_tariff(station: Station, evse: int = 1) -> None:
    """The driver does not accept the tariff: the authorization is over (I07.FR.30, .31). Raises ValueError."""
    one = station.evse(evse)
    if one is None or not one.is_authorized:
        raise ValueError(f"nobody is authorized at EVSE {evse} of {station.id}")
    station.part(Tariffs).drop(one)
    one.end_authorization("TariffNotAccepted" if station.version is V21 else "Deauthorized", "DeAuthorized")
