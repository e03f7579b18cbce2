"""The charging profiles of a station: what is installed, for which EVSE it matters, and what is kept on disk."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import replace
from math import inf
from typing import TYPE_CHECKING, Any

from charge_point.connector import Energy
from charge_point.parts import Part
from charge_point.smart_charging import dynamic, effect
from charge_point.smart_charging.composite import Case, Supply, setpoint_at
from charge_point.smart_charging.course import Courses
from charge_point.smart_charging.local_time import PATHS, LocalTime, local_time_of
from charge_point.smart_charging.modes import Grid
from charge_point.smart_charging.profile import (
    CSO,
    DEFAULT,
    EXTERNAL,
    LOCAL,
    MAX,
    PRIORITY,
    TX,
    Payload,
    Profile,
    read,
)
from shared.versions import V16

if TYPE_CHECKING:
    from charge_point.authorization import Token
    from charge_point.evse import Evse
    from charge_point.station import Station
    from charge_point.transaction import Transaction

VOLATILE = (TX, EXTERNAL, LOCAL)
"""Purposes that are not kept on disk (K01.FR.27): their transaction, or who imposed them, is gone after a restart."""


_GRACE = 60.0
"""Seconds that the answer to Authorize may take before the plug is waited for."""


class Profiles(Part):
    """The profiles of one station. Owns them, the timer of the next change, and what was told of rates."""

    __slots__ = (
        "asleep",
        "balance",
        "building",
        "courses",
        "cut",
        "grid",
        "held",
        "limits_told",
        "modes",
        "off",
        "priority",
        "pulls",
        "ready",
        "round",
        "timer",
        "told",
        "untold",
        "waiting",
    )
    name = "charging profiles"

    def __init__(self, station: Station) -> None:
        super().__init__(station)
        self.held: dict[int, Profile] = {}
        self.waiting: dict[int, tuple[Token, Profile]] = {}
        """EVSE -> the profile that came with a remote start, until its transaction begins (K05; 1.6 §5.16.2)."""
        self.ready: dict[int, float] = {}
        """EVSE -> when its power path was closed, in Unix seconds."""
        self.priority: set[str] = set()
        """Transactions that charge with priority (2.1 K21)."""
        self.modes: dict[str, str] = {}
        """Transaction -> the operation mode that it is in (2.1)."""
        self.asleep: set[str] = set()
        """Transactions whose EVSE sleeps (2.1 Q10.FR.03)."""
        self.grid = Grid()
        self.building = 0.0
        """W that the building takes from the grid besides the cars."""
        self.balance: dict[int, float] = {}
        """EVSE -> W that its car is to take, as long as it balances the load of the building (2.1 Q09)."""
        self.courses = Courses()
        self.cut: float | None = None
        """Since when the station is offline, in Unix seconds."""
        self.pulls: dict[int, asyncio.TimerHandle] = {}
        """Dynamic profile -> the timer of the next question for an update."""
        self.told: dict[int, float] = {}
        """EVSE -> the rate in W by which the next change is measured."""
        self.limits_told: dict[int, float] = {}
        """External limit by the id of its profile -> what the CSMS was told last."""
        self.off = False
        """Whether the power is going, and nothing is to be said any more."""
        self.round = 0
        """How often the limits were looked at."""
        self.untold: list[tuple[str, Payload]] = []
        """What the CSMS is to be told of limits once it listens."""
        self.timer: asyncio.TimerHandle | None = None

    @property
    def now(self) -> float:
        """The time in Unix seconds, as exact as a timestamp, so that what begins now has begun."""
        return round(self.station.clock.time(), 3)

    @property
    def zone(self) -> LocalTime:
        """What local time is at this station."""
        return local_time_of(self.station.model)

    # --- what is installed --------------------------------------------------------------------------------

    def others(self, profile: Profile) -> tuple[Profile, ...]:
        """The profiles of the CSMS that stay when `profile` is installed."""
        return tuple(
            one
            for one in self.held.values()
            if one.id != profile.id
            and one.purpose != EXTERNAL
            and not (self.station.version is V16 and replaces_16(profile, one))
        )

    def install(self, profile: Profile) -> None:
        """Put `profile` in the place of what has its id, in 1.6 also of what has its purpose and stack level."""
        self.held = {one.id: one for one in self.held.values() if one.purpose == EXTERNAL} | {
            one.id: one for one in self.others(profile)
        }
        self.held[profile.id] = profile
        dynamic.arm(self)
        self.keep()

    def clear(self, matches: Callable[[Profile], bool]) -> bool:
        """Remove what matches, but for what others than the CSMS impose (K10.FR.04, .08); False for nothing."""
        gone = [one.id for one in self.held.values() if one.purpose not in (EXTERNAL, LOCAL) and matches(one)]
        for id in gone:
            del self.held[id]
        if gone:
            dynamic.arm(self)
            self.keep()
        return bool(gone)

    # --- what matters where -------------------------------------------------------------------------------

    def case(self, evse: Evse, now: float, place: int = 0) -> Case:
        """Everything that decides what may be drawn at `evse` at `now`, in 1.6 at its connector `place`."""
        here = place or place_of(evse)
        transaction = evse.transaction.id if evse.transaction is not None and here == place_of(evse) else ""
        holding = [self._delayed(one, transaction) for one in self.held.values() if self._holds(one, now)]
        mine = [one for one in holding if one.place in (0, here)]
        if transaction and transaction in self.priority:
            own = _ranked(one for one in mine if one.purpose == PRIORITY)  # K21.FR.04
        else:
            of_it = (one for one in holding if one.purpose == TX and one.transaction == transaction)
            own = _ranked(of_it) + _ranked(one for one in mine if one.purpose == DEFAULT)
        limits = [one for one in mine if one.purpose == EXTERNAL and not _leads(one)]
        station = [_ranked(one for one in mine if one.purpose == MAX)]
        station += [(one,) for one in limits if not one.place]
        return Case(
            supply=supply_of(evse, here),
            own=own,
            caps=tuple(one for one in limits if one.place),
            station=tuple(group for group in station if group),
            extra=_ranked(one for one in mine if one.purpose == LOCAL),
            session=self.session(evse, now),
            soc=evse.ev.soc if evse.ev is not None else None,
            grid=self.grid._replace(balance=self.balance[evse.id]) if evse.id in self.balance else self.grid,
            leads=tuple(self._shared(one) for one in mine if _leads(one)),
            csms_leads=self._csms_leads,
        )

    @property
    def _csms_leads(self) -> bool:
        """Whether setpoints of the CSMS go before those of an external system (Q06.FR.21, .22)."""
        path = "SmartChargingCtrlr.SetpointPriority"
        return self.station.model.has(path) and self.station.model.text(path) == "CSMS"

    def _shared(self, one: Profile) -> Profile:
        """A setpoint for the whole station, divided among the EVSEs that charge (Q06.FR.31)."""
        count = sum(evse.energy is not Energy.OFF for evse in self.station.evses)
        if one.place or count < 2:
            return one
        periods = [
            period._replace(setpoint=period.setpoint / count if period.setpoint is not None else None)
            for period in one.schedule.periods
        ]
        return replace(one, schedules=(one.schedule._replace(periods=tuple(periods)),))

    def _holds(self, profile: Profile, now: float) -> bool:
        """Whether a profile holds while the station is offline (K01.FR.101, .103)."""
        return self.cut is None or now < self.cut + profile.offline

    def _delayed(self, profile: Profile, transaction: str) -> Profile:
        """`profile` with the random delays that its periods have in this transaction (K01.FR.92-94)."""
        most = profile.schedule.delay
        if not most or not transaction:  # K08.FR.06
            return profile
        chance = self.station.stream(f"delays of profile {profile.id} in {transaction}")
        starts = [
            period.start and period.start + chance.integer(0, most) for period in profile.schedule.periods
        ]
        periods = [
            period._replace(start=max(starts[: at + 1])) for at, period in enumerate(profile.schedule.periods)
        ]
        return replace(profile, schedules=(profile.schedule._replace(periods=tuple(periods)),))

    def setpoint(self, evse: Evse) -> float | None:
        """W that the car at `evse` shall follow now, negative for giving back; None where no profile says."""
        return setpoint_at(self.case(evse, self.now), "W", self.now)

    def session(self, evse: Evse, now: float) -> float:
        """When relative schedules of `evse` began; now, when no session is there (K08.FR.06)."""
        if evse.id in self.ready:
            return self.ready[evse.id]
        return now if evse.transaction is None else round(evse.transaction.time, 3)

    # --- what happens to the station ----------------------------------------------------------------------

    def disconnected(self) -> None:
        """Profiles may hold for a limited time only from now on (K01.FR.101)."""
        self.cut = self.now
        effect.follow(self)

    def connected(self) -> None:
        """What was invalid while offline may be valid again (K01.FR.102); tell what could not be told."""
        cut, self.cut = self.cut, None
        if cut is not None:
            for one in [one for one in self.held.values() if self.now >= cut + one.offline]:
                if one.wire.get("invalidAfterOfflineDuration"):
                    del self.held[one.id]
            effect.follow(self)
        if self.station.registration.accepted:
            self.accepted()

    def accepted(self) -> None:
        """Tell what could not be told, and ask for updates again; the clock is right now, if it was not before."""
        dynamic.arm(self)
        effect.follow(self)
        untold, self.untold = self.untold, []
        for action, payload in untold:
            self.station.say(action, payload)

    def energy_offered(self, evse: Evse) -> None:
        """The power path of `evse` is being closed (K01.FR.42)."""
        self.off = False
        self.ready[evse.id] = self.now
        self.bind(evse)
        effect.follow(self, evse)

    def energy_drawn(self, evse: Evse) -> None:
        """What goes with another power is another reactive power."""
        effect.shape(self, evse)

    def energy_stopped(self, evse: Evse) -> None:
        """What one EVSE takes no more is there for the others, unless the power is going."""
        if not self.off:
            effect.follow(self)

    def transaction_began(self, evse: Evse) -> None:
        """A profile that came with the remote start becomes that of the transaction."""
        self.bind(evse)
        effect.follow(self)

    def bind(self, evse: Evse) -> None:
        """Give the profile that waits for the driver at `evse` its transaction."""
        at = self._waits(evse)
        if at is not None and evse.transaction is not None:
            wire = self.waiting.pop(at)[1].wire
            mine = evse.transaction.id
            self.install(read(wire, place_of(evse), self.now, transaction=mine, zone=self.zone))

    def _waits(self, evse: Evse) -> int | None:
        """Where the profile of this driver was left: here, or where the session was before it followed the plug.

        One whose session never began is forgotten when nobody can come for it any more.
        """
        last = self.now - self.station.model.seconds("EVConnectionTimeOut") - _GRACE
        self.waiting = {at: waits for at, waits in self.waiting.items() if waits[1].received >= last}
        fits = [at for at, (token, _) in self.waiting.items() if token == evse.token]
        return evse.id if evse.id in fits else fits[0] if fits else None

    def transaction_ended(self, evse: Evse, transaction: Transaction) -> None:
        """The TxProfiles of a transaction end with it (K02.FR.05; 1.6 §3.13.1)."""
        for id in [
            one.id for one in self.held.values() if one.purpose == TX and one.transaction == transaction.id
        ]:
            del self.held[id]
        self.priority.discard(transaction.id)
        self.modes.pop(transaction.id, None)
        self.asleep.discard(transaction.id)
        self.ready.pop(evse.id, None)
        self.told.pop(evse.id, None)
        self.courses.end(evse)
        dynamic.arm(self)
        effect.follow(self)

    def tells(self, evse: Evse, transaction: Transaction, sort: str) -> Payload:
        """Whether the EVSE sleeps (2.1 Q10.FR.04)."""
        return {"evseSleep": True} if transaction.id in self.asleep else {}

    def setting_changed(self, path: str) -> None:
        """Smart charging was switched on or off, or local time is another."""
        if path in PATHS:  # K01.FR.91
            zone = self.zone
            self.held = {id: replace(one, zone=zone) for id, one in self.held.items()}
        if path in ("SmartChargingCtrlr.Enabled", *PATHS) or "LocalLoadBalancing" in path:
            effect.follow(self)

    def power_off(self) -> None:
        """No timer outlives the power; what is volatile is forgotten, but for what others impose."""
        self.off = True
        effect.stop(self)
        dynamic.stop(self)
        self.waiting.clear()
        self.ready.clear()
        self.told.clear()

    # --- on disk ------------------------------------------------------------------------------------------

    def as_kept(self) -> Any:
        kept = [
            {"place": one.place, "received": one.received, "profile": one.wire}
            for one in self.held.values()
            if one.purpose not in VOLATILE
        ]
        return kept or None

    def restore(self, kept: Any) -> None:
        for one in kept:
            profile = read(one["profile"], one["place"], one["received"], source=CSO, zone=self.zone)
            self.held[profile.id] = profile


def _leads(profile: Profile) -> bool:
    """Whether it is a setpoint of an external system (Q06.FR.03, .04)."""
    return profile.purpose == EXTERNAL and profile.schedule.periods[0].mode == "ExternalSetpoint"


def place_of(evse: Evse) -> int:
    """How the CSMS names it when it sets a profile: the EVSE, in 1.6 the connector that is used."""
    return evse.active.number if evse.station.version is V16 else evse.id


def supply_of(evse: Evse, place: int = 0) -> Supply:
    """What the hardware of `evse` gives; in 1.6 at the connector `place`, else at the one that is used."""
    setup, outlet = evse.station.setup, evse.outlet
    if place and evse.station.version is V16:
        outlet = next((setup.outlet(evse.id, c.id) for c in evse.connectors if c.number == place), outlet)
    most = setup.share_of(outlet, setup.supply) or inf
    return Supply(min(outlet.watts if outlet.is_dc else outlet.amps, most), outlet.phases)


def replaces_16(profile: Profile, other: Profile) -> bool:
    """Whether in 1.6 `profile` takes the place of `other`: the same purpose, stack level and connector.

    A TxDefaultProfile of one connector replaces that of connector 0 for this connector only: both stay (§3.13.1).
    """
    same = (profile.purpose, profile.stack, profile.place) == (other.purpose, other.stack, other.place)
    return same and profile.transaction == other.transaction


def _ranked(profiles: Iterable[Profile]) -> tuple[Profile, ...]:
    """Those that prevail first: the higher stack level, then the one of the EVSE itself (1.6 §3.13.1)."""
    return tuple(sorted(profiles, key=lambda one: (-one.stack, one.place == 0, -one.received)))
