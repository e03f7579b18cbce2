"""How an EVSE follows the DER controls that are for it: limits, ramps, trips, and the return from them."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING, NamedTuple

from charge_point import power
from charge_point.connector import Energy
from charge_point.der.control import Control
from charge_point.der.inverter import overruling, shape
from charge_point.der.response import (
    CESSATION,
    Shares,
    Situation,
    in_service,
    mean_limit,
    monitored,
    recovered,
    shares,
    thresholds,
)
from charge_point.der.voltage import ANEW, Voltage
from charge_point.grid import hertz_of, volts_of
from charge_point.parts import existing
from charge_point.smart_charging import effect
from charge_point.smart_charging.modes import interpolated
from charge_point.smart_charging.profiles import Profiles, supply_of

if TYPE_CHECKING:
    from charge_point.evse import Evse
    from charge_point.station import Station

SOURCE = "der"

STEP = 1.0
"""Seconds from one step of a ramp, or one look at the power, to the next."""

RESPONSE = 0.9
"""The part of the way that is covered in the open loop response time."""

OBSERVATION = 60.0
"""Seconds until the return from a trip by the EVSE's own power (EN 50549-1 §4.10.2)."""

_EPSILON = 1e-6


class Ramp(NamedTuple):
    """From one share to another within `seconds` of `start`."""

    start: float
    old: float
    new: float
    seconds: float

    def at(self, now: float) -> float:
        """The share at this time."""
        passed = (now - self.start) / self.seconds if self.seconds > 0 else 1.0
        return self.old + (self.new - self.old) * min(max(passed, 0.0), 1.0)


class Reason(NamedTuple):
    """Why power is another than it would be: the type of the control, and how much that weighs among reasons."""

    weight: int
    type: str


class Follower:
    """Where one EVSE is between its controls and the grid. Owned by the station's `DerControls`."""

    __slots__ = ("_binding", "beyond", "ceased", "evse", "fine", "ramps", "tripped", "voltage", "waiting")

    def __init__(self, evse: Evse, voltage: Voltage) -> None:
        self.evse = evse
        self.voltage = voltage
        self.beyond: dict[tuple[str, int], float] = {}
        """Control and point of its curve -> since when the grid is beyond that."""
        self.tripped: Control | None = None
        self.ceased: Control | None = None
        self.waiting = False
        """Whether it may not begin, because the grid is not what EnterService asks for."""
        self.fine: float | None = None
        """When it may return to service, as long as the grid stays as it is."""
        self.ramps = [Ramp(0.0, 1.0, 1.0, 0.0)] * 2
        self._binding: list[Control | None] = [None, None]

    @property
    def situation(self) -> Situation:
        """The grid now."""
        return situation_of(self.evse.station, self.voltage)

    @property
    def out(self) -> bool:
        """Whether no power may flow at all."""
        return self.tripped is not None or self.ceased is not None

    def look(self, controls: list[Control], now: float) -> float:
        """Decide what the controls that hold ask for now; gives when to look again."""
        again = min(self._watch_grid(controls, now), self._watch_power(controls, now))
        again = min(again, self._watch_mean(controls, now), self._return(controls, now))
        self._binding = self._aim(controls, now)
        if any(ramp.at(now) != ramp.new for ramp in self.ramps):
            again = min(again, now + STEP)
        return again

    # --- trips ------------------------------------------------------------------------------------------------

    def _watch_grid(self, controls: list[Control], now: float) -> float:
        """Trip, or cease, where the grid has been beyond a point of a curve for its time."""
        again, still, ceased = inf, set(), None
        for one in controls:
            for at, point in enumerate(thresholds(one)):
                if not point.beyond(self.situation.value(one.type)):
                    continue
                key = (one.id, at)
                still.add(key)
                due = self.beyond.setdefault(key, now) + point.seconds
                if due > now:
                    again = min(again, due)
                elif one.type not in CESSATION:
                    self._trip(one)
                elif one.setting.get("voltageParams", {}).get("powerDuringCessation") != "Active":
                    ceased = ceased or one
        self.ceased = ceased
        self.beyond = {key: since for key, since in self.beyond.items() if key in still or key[1] < 0}
        return again

    def _watch_mean(self, controls: list[Control], now: float) -> float:
        """Trip where the mean of ten minutes has been too high for its time (EN 50549-1 §4.9.3.4)."""
        again = inf
        for one in controls:
            limit = mean_limit(one)
            if limit is None:
                continue
            key = (one.id, -2)
            if self.voltage.mean(now) <= limit.limit:
                self.beyond.pop(key, None)
            elif self.beyond.setdefault(key, now) + limit.seconds <= now:
                self._trip(one)
            if self.voltage.highest() > limit.limit:
                again = min(again, now + ANEW)
        return again

    def _watch_power(self, controls: list[Control], now: float) -> float:
        """Trip where more is given back than a power monitoring curve lets for so long (VDE-AR-N 4105 §5.5.2)."""
        again = inf
        for one in controls:
            curve = monitored(one)
            if curve is None:
                continue
            key, percent = (one.id, -1), _percent_back(self.evse)
            if percent <= curve[0] + _EPSILON:
                self.beyond.pop(key, None)
                continue
            since = self.beyond.setdefault(key, now)
            if percent > interpolated(curve[1], now - since) + _EPSILON:
                self._trip(one)
            again = min(again, now + STEP)
        return again

    def _trip(self, one: Control) -> None:
        if self.tripped is None:
            self.tripped, self.fine = one, None

    # --- the return -------------------------------------------------------------------------------------------

    def _return(self, controls: list[Control], now: float) -> float:
        """Return to service once the grid has been fine for as long as EnterService, or the curve, asks for."""
        enter = next((one for one in controls if one.type == "EnterService"), None)
        if self.tripped is None and not self.waiting:
            return inf
        fine = (enter is None or in_service(enter, self.situation)) and (
            self.tripped is None or (not self._beyond_trips(now) and recovered(self.tripped, self.situation))
        )
        if not fine:
            self.fine = None
            return inf
        if self.fine is None:
            self.fine = now + self._delay(enter)
        if now < self.fine:
            return self.fine
        ramp = self._soft_start(controls, enter)
        self.tripped, self.fine = None, None
        self.waiting = False
        self.beyond.clear()
        self.ramps = [Ramp(now, 0.0, 0.0, ramp)] * 2
        return now

    def _beyond_trips(self, now: float) -> bool:
        assert self.tripped is not None
        limit = mean_limit(self.tripped)
        if limit is not None and self.voltage.mean(now) > limit.limit:
            return True
        return any(
            point.beyond(self.situation.value(self.tripped.type)) for point in thresholds(self.tripped)
        )

    def _delay(self, enter: Control | None) -> float:
        if enter is not None:
            most = int(enter.setting.get("randomDelay", 0))
            name = f"return to service {enter.id} {self.evse.id}"
            chance = self.evse.station.stream(name).integer(0, most) if most else 0
            return float(enter.setting.get("delay", 0)) + chance
        assert self.tripped is not None
        usual = 0.0 if thresholds(self.tripped) else OBSERVATION  # nothing of the grid says that it is over
        return float(self.tripped.setting.get("hysteresis", {}).get("hysteresisDelay", usual))

    def _soft_start(self, controls: list[Control], enter: Control | None) -> float:
        """Seconds from nothing to all of the power after a return."""
        if enter is not None and enter.setting.get("rampRate"):
            return float(enter.setting["rampRate"])
        if self.tripped is not None:
            gradient = self.tripped.setting.get("hysteresis", {}).get("hysteresisGradient", 0)
            if gradient:
                return 100 / float(gradient)  # % per second
        return next((float(one.setting["softGradient"]) for one in controls if one.type == "Gradients"), 0.0)

    def offered(self, controls: list[Control]) -> None:
        """The power path is about to be closed: not while the grid is outside the band of EnterService."""
        enter = next((one for one in controls if one.type == "EnterService"), None)
        if enter is not None and not in_service(enter, self.situation):
            self.waiting = True

    # --- active power -----------------------------------------------------------------------------------------

    def _aim(self, controls: list[Control], now: float) -> list[Control | None]:
        """Set the ramps for what is allowed now; gives the control that decides on charging, and on discharging."""
        allowed = [(shares(one, self.situation), one) for one in controls]
        binding: list[Control | None] = []
        for way in (0, 1):
            least, by = min(
                ((each[way], one) for each, one in allowed), key=lambda it: it[0], default=(1.0, None)
            )
            target = 0.0 if self.out else least
            binding.append(by if least < 1 else None)
            ramp = self.ramps[way]
            if target != ramp.new:
                present = ramp.at(now)
                self.ramps[way] = Ramp(
                    now, present, target, self._seconds(controls, by, present, target, ramp)
                )
        return binding

    def _seconds(
        self, controls: list[Control], by: Control | None, old: float, new: float, ramp: Ramp
    ) -> float:
        if self.out:
            return 0.0
        if ramp.seconds and ramp.new == ramp.old == 0.0:  # it returns to service
            return ramp.seconds * (new - old)
        response = float(by.setting.get("responseTime", 0)) if by is not None else 0.0
        if response:
            return response / RESPONSE
        gradient = next((float(one.setting["gradient"]) for one in controls if one.type == "Gradients"), 0.0)
        return gradient * abs(new - old)

    def shares(self, now: float) -> Shares:
        """What it may take, and give."""
        return Shares(self.ramps[0].at(now), self.ramps[1].at(now))

    def impose(self, controls: list[Control], now: float) -> None:
        """Let what flows be what was decided."""
        evse, share = self.evse, 0.0 if self.waiting else self.shares(now).charge
        power.set_limit(evse, SOURCE, None if share >= 1 else share * supply_of(evse).amount)
        self.shape(controls)

    def shape(self, controls: list[Control]) -> None:
        """Let its reactive power be what the controls ask for; none, where all has ceased or tripped."""
        if self.tripped is None:
            shape(self.evse, controls, self.situation, self.ceased)

    # --- alarms -----------------------------------------------------------------------------------------------

    def reason(self, controls: list[Control]) -> Reason | None:
        """Why power is another than it would be now; None where it is not (R05.FR.01)."""
        if self.tripped is not None:
            return Reason(4, self.tripped.type)
        if self.ceased is not None or self.waiting:
            return Reason(3, self.ceased.type if self.ceased is not None else "EnterService")
        charging, giving = self._binding
        if charging is not None and _is_less(self.evse):
            return Reason(2, charging.type)
        if giving is not None and _gives_less(self.evse):
            return Reason(2, giving.type)
        other = overruling(self.evse, controls, self.situation)
        return None if other is None else Reason(1, other.type)


def situation_of(station: Station, voltage: Voltage) -> Situation:
    """The grid of a station now."""
    return Situation.of(hertz_of(station), volts_of(station))._replace(reference=voltage.reference)


def _most_back(evse: Evse) -> float:
    return evse.ev.kind.discharge if evse.ev is not None else 0.0


def _percent_back(evse: Evse) -> float:
    most = _most_back(evse)
    return 100 * -evse.meter.watts / most if most else 0.0


def _is_less(evse: Evse) -> bool:
    """Whether a car that charges gets less for it than all other limits let it have."""
    if evse.energy is Energy.OFF or evse.ev is None or evse.ev.feeding > 0:
        return False
    limits = evse.limits or {}
    others = [limit.amount for name, limit in limits.items() if name != SOURCE]
    return SOURCE in limits and limits[SOURCE].amount < min(others, default=inf)


def _gives_less(evse: Evse) -> bool:
    """Whether a car gives back less than its profile asks for."""
    part = existing(evse.station, Profiles)
    if part is None or evse.energy is Energy.OFF or not _most_back(evse):
        return False
    wanted = min(effect.wanted_back(part.case(evse, part.now), part.now), _most_back(evse))
    return wanted > -evse.meter.watts + _EPSILON
