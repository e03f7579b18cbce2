"""How a station follows its DER controls: limits, ramps, trips and the return from them, reactive power, alarms."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING, NamedTuple

from charge_point import power
from charge_point.connector import Energy
from charge_point.der.control import Control, Payload
from charge_point.der.response import (
    CESSATION,
    Rating,
    Shares,
    Situation,
    in_service,
    monitored,
    reactive,
    recovered,
    shares,
    thresholds,
)
from charge_point.grid import hertz_of, volts_of
from charge_point.outlets import VAR_SHARE
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
"""Seconds until the return from a trip by the station's own power (EN 50549-1 §4.10.2)."""

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


class Follower:
    """Where one station is between its controls and the grid. Owned by its `DerControls`."""

    __slots__ = ("alarm", "beyond", "ceased", "fine", "ramps", "station", "tripped", "waiting")

    def __init__(self, station: Station) -> None:
        self.station = station
        self.alarm: tuple[str, str] = ("", "")
        """The type of the control because of which the power is another, and the fault of the grid (R05)."""
        self.beyond: dict[tuple[str, int], float] = {}
        """Control and point of its curve -> since when the grid is beyond that."""
        self.tripped: Control | None = None
        self.ceased = ""
        self.waiting: set[int] = set()
        """The EVSEs that may not begin, because the grid is not what EnterService asks for."""
        self.fine: float | None = None
        """When the station may return to service, as long as the grid stays as it is."""
        self.ramps = [Ramp(0.0, 1.0, 1.0, 0.0)] * 2

    @property
    def situation(self) -> Situation:
        """The grid now."""
        return Situation.of(hertz_of(self.station), volts_of(self.station))

    @property
    def out(self) -> bool:
        """Whether no power may flow at all."""
        return self.tripped is not None or bool(self.ceased)

    def look(self, controls: list[Control], now: float) -> float:
        """Do what the controls that hold ask for now; gives when to look again."""
        again = min(self._watch_grid(controls, now), self._watch_power(controls, now))
        again = min(again, self._return(controls, now))
        binding = self._aim(controls, now)
        self._impose(now)
        self._tell(controls, binding)
        if any(ramp.at(now) != ramp.new for ramp in self.ramps):
            again = min(again, now + STEP)
        return again

    # --- trips ------------------------------------------------------------------------------------------------

    def _watch_grid(self, controls: list[Control], now: float) -> float:
        """Trip, or cease, where the grid has been beyond a point of a curve for its time."""
        again, still, ceased = inf, set(), ""
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
                    ceased = ceased or one.type
        self.ceased = ceased
        self.beyond = {key: since for key, since in self.beyond.items() if key in still or key[1] < 0}
        return again

    def _watch_power(self, controls: list[Control], now: float) -> float:
        """Trip where more is given back than a power monitoring curve lets for so long (VDE-AR-N 4105 §5.5.2)."""
        again = inf
        for one in controls:
            curve = monitored(one)
            if curve is None:
                continue
            key, percent = (one.id, -1), self._percent_back()
            if percent <= curve[0] + _EPSILON:
                self.beyond.pop(key, None)
                continue
            since = self.beyond.setdefault(key, now)
            if percent > interpolated(curve[1], now - since) + _EPSILON:
                self._trip(one)
            again = min(again, now + STEP)
        return again

    def _percent_back(self) -> float:
        return max(
            (100 * -e.meter.watts / _most_back(e) for e in self.station.evses if _most_back(e)), default=0.0
        )

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
            self.tripped is None or (not self._beyond_trips() and recovered(self.tripped, self.situation))
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
        self.waiting.clear()
        self.beyond.clear()
        self.ramps = [Ramp(now, 0.0, 0.0, ramp)] * 2
        return now

    def _beyond_trips(self) -> bool:
        assert self.tripped is not None
        return any(
            point.beyond(self.situation.value(self.tripped.type)) for point in thresholds(self.tripped)
        )

    def _delay(self, enter: Control | None) -> float:
        if enter is not None:
            most = int(enter.setting.get("randomDelay", 0))
            chance = self.station.stream(f"return to service {enter.id}").integer(0, most) if most else 0
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

    def offered(self, evse: Evse, controls: list[Control]) -> None:
        """The power path of `evse` is about to be closed: not while the grid is outside the band of EnterService."""
        enter = next((one for one in controls if one.type == "EnterService"), None)
        if enter is not None and not in_service(enter, self.situation):
            self.waiting.add(evse.id)

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
        """What the station may take, and give."""
        return Shares(self.ramps[0].at(now), self.ramps[1].at(now))

    def _impose(self, now: float) -> None:
        profiles = existing(self.station, Profiles)
        if profiles is not None and any(
            one.ev is not None and one.ev.kind.discharge for one in self.station.evses
        ):
            effect.follow(profiles)  # a car may have to give back less
        charge = self.shares(now).charge
        for one in self.station.evses:
            share = 0.0 if one.id in self.waiting else charge
            power.set_limit(one, SOURCE, None if share >= 1 else share * supply_of(one).amount)
            self.shape(one)

    # --- reactive power ---------------------------------------------------------------------------------------

    def shape(self, evse: Evse, controls: list[Control] | None = None) -> None:
        """Let the reactive power at `evse` be what the controls ask for."""
        from charge_point.der.controls import DerControls  # it owns this

        flow = evse.meter.flow
        if flow is None or not _shapes(evse):
            return
        held = self.station.part(DerControls).holding() if controls is None else controls
        wanted = reactive(held, self.situation, flow.watts, rating(evse))
        if wanted is None:
            wanted = flow.own
        if wanted != flow.reactive:
            evse.meter.advance(self.station.clock.elapsed())
            flow.reactive = wanted

    # --- alarms -----------------------------------------------------------------------------------------------

    def _tell(self, controls: list[Control], binding: list[Control | None]) -> None:
        """NotifyDERAlarm when power is another than it would be, for another reason than before (R05.FR.01-.04)."""
        by = self._reason(controls, binding)
        if by == self.alarm[0]:
            return
        fault = self.situation.fault(by) if by else self.alarm[1]
        payload: Payload = {"controlType": by or self.alarm[0], "timestamp": self.station.clock.now()}
        if fault:
            payload["gridEventFault"] = fault
        if not by:  # R05.FR.02
            payload["alarmEnded"] = True
        self.alarm = (by, fault if by else "")
        self.station.say("NotifyDERAlarm", payload)

    def _reason(self, controls: list[Control], binding: list[Control | None]) -> str:
        if self.tripped is not None:
            return self.tripped.type
        if self.ceased or self.waiting:
            return self.ceased or "EnterService"
        charging, giving = binding
        if charging is not None and any(_is_less(one) for one in self.station.evses):
            return charging.type
        if giving is not None and any(_gives_less(one) for one in self.station.evses):
            return giving.type
        return ""


def _most_back(evse: Evse) -> float:
    return evse.ev.kind.discharge if evse.ev is not None else 0.0


def _shapes(evse: Evse) -> bool:
    """Whether its reactive power can be set: by its own inverter, or that of a car of ISO 15118-20 (R01)."""
    return supply_of(evse).is_dc or (evse.ev is not None and evse.ev.kind.iso15118 == "20")


def rating(evse: Evse) -> Rating:
    """Of the inverter: that of the EVSE as its nameplate has it, or that of the car, taken to be like it."""
    model, name = evse.station.model, f"DCDERCtrlr#{evse.id}."
    if model.has(f"{name}MaxVA"):
        return Rating(*(model.number(name + each) for each in ("MaxW", "MaxVA", "MaxVar")))
    supply = supply_of(evse)
    watts = supply.amount if supply.is_dc else supply.amount * supply.phases * volts_of(evse.station)
    return Rating(watts, watts, round(VAR_SHARE * watts))


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
