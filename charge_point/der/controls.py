"""The DER controls of a station: which one holds, when they begin and end, and what they do to its power (R04, R05)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from math import inf
from typing import TYPE_CHECKING, Any

from charge_point.der.alarms import Alarm
from charge_point.der.control import Control, Payload
from charge_point.der.following import Follower, situation_of
from charge_point.der.inverter import shape, supports
from charge_point.der.response import Situation
from charge_point.der.voltage import Voltage
from charge_point.parts import Part, existing
from charge_point.smart_charging import effect
from charge_point.smart_charging.profiles import Profiles

if TYPE_CHECKING:
    from charge_point.evse import Evse
    from charge_point.station import Station

PAGE = 4
"""Controls in one ReportDERControl."""

_TICK = 0.001

BY_POWER = ("WattPF", "WattVar")
"""Controls that follow the power, which changes by itself while a battery fills."""

LOOK_AGAIN = 30.0
"""Seconds from one look at the power to the next then."""


class DerControls(Part):
    """The controls of one station, kept on disk (R01.FR.03). Owns them and the timer of the next begin or end."""

    __slots__ = ("_busy", "alarm", "followers", "held", "timer", "voltage")
    name = "der controls"

    def __init__(self, station: Station) -> None:
        super().__init__(station)
        self.held: dict[str, Control] = {}
        self.voltage = Voltage()
        self.followers: dict[int, Follower] = {}
        self.alarm = Alarm(station)
        self._busy = False
        self.timer: asyncio.TimerHandle | None = None

    @property
    def now(self) -> float:
        """The time in Unix seconds, as exact as a timestamp."""
        return round(self.station.clock.time(), 3)

    # --- setting, clearing, reporting ---------------------------------------------------------------------

    def set(self, new: Control) -> list[str]:
        """Take `new`; gives the ids of the controls that are superseded by that, perhaps itself (R04.FR.02-.08)."""
        self.held.pop(new.id, None)
        superseded = []
        for other in self.held.values():
            if (other.type, other.default) != (new.type, new.default) or other.superseded:
                continue
            if other.priority < new.priority:  # a lower value has preference
                if new.default or other.active(self.now) or _overlap(other, new):  # R04.FR.08
                    new.superseded = True
                    superseded.append(new.id)
                    break
            elif new.default or not other.active(self.now):  # R04.FR.03, .06; an active one goes on: .07
                other.superseded = True
                superseded.append(other.id)
        self.held[new.id] = new
        self.keep()
        return superseded

    def clear(self, fits: Callable[[Control], bool]) -> bool:
        """Remove what fits; False when nothing does (R04.FR.41-.45)."""
        gone = [one.id for one in self.held.values() if fits(one)]
        for id in gone:
            del self.held[id]
        if gone:
            self.keep()
        return bool(gone)

    def pages(self, controls: list[Control], request_id: int) -> Iterator[Payload]:
        """The ReportDERControls of `controls`, `tbc` on all but the last (R04.FR.31, .32)."""
        for at in range(0, len(controls), PAGE):
            page: Payload = {"requestId": request_id, "tbc": at + PAGE < len(controls)}
            for one in controls[at : at + PAGE]:
                name, report = one.report()
                page.setdefault(name, []).append(report)
            yield page

    # --- following them -----------------------------------------------------------------------------------

    def follow(self) -> None:
        """Begin and end what is due, follow what holds now, and look again when that changes."""
        self._stop()
        now = self.now
        for one in sorted(self.held.values(), key=lambda one: one.start):
            if not one.default:
                self._turn(one, now)
        self._busy = True
        again = self._look(now)
        self._busy = False
        again = min([again, *(at for one in self.held.values() for at in (one.start, one.end) if now < at)])
        if any(one.type in BY_POWER for one in self.held.values()) and any(
            one.meter.flow is not None for one in self.station.evses
        ):
            again = min(again, now + LOOK_AGAIN)
        if again < inf:
            self._stop()
            wait = max(again - self.station.clock.time(), _TICK)
            self.timer = asyncio.get_running_loop().call_later(wait, self.follow)

    def _look(self, now: float) -> float:
        """Let every EVSE do what the controls ask for that are for it; gives when to look again."""
        holding, evses = self.holding(), self.station.evses
        curve = next((one for one in holding if one.type == "VoltVar"), None)
        again = self.voltage.look(now, situation_of(self.station, self.voltage).percent, curve)
        mine = [[one for one in holding if supports(evse, one.type)] for evse in evses]
        for evse, controls in zip(evses, mine, strict=True):
            again = min(again, self.of(evse).look(controls, now))
        profiles = existing(self.station, Profiles)
        if profiles is not None and any(evse.ev is not None and evse.ev.kind.discharge for evse in evses):
            effect.follow(profiles)  # a car may have to give back less
        for evse, controls in zip(evses, mine, strict=True):
            self.of(evse).impose(controls, now)
        reasons = [self.of(evse).reason(controls) for evse, controls in zip(evses, mine, strict=True)]
        self.alarm.tell([one for one in reasons if one is not None], situation_of(self.station, self.voltage))
        return again

    def of(self, evse: Evse) -> Follower:
        """How `evse` follows its controls."""
        if evse.id not in self.followers:
            self.followers[evse.id] = Follower(evse, self.voltage)
        return self.followers[evse.id]

    def _turn(self, one: Control, now: float) -> None:
        """Begin or end a scheduled control (R04.FR.07, .10, .20-.22)."""
        if now >= one.end:
            del self.held[one.id]
            if one.told and not one.superseded:
                self._notify(one, False, [])
            self.keep()
        elif one.start <= now and not one.told and not one.superseded:
            before = [
                other
                for other in self.held.values()
                if other is not one and other.type == one.type and other.told and not other.superseded
            ]
            for other in before:
                other.superseded = True
            one.told = True
            self._notify(one, True, [other.id for other in before])
            self.keep()

    def _notify(self, one: Control, started: bool, superseded: list[str]) -> None:
        payload: Payload = {"controlId": one.id, "started": started, "timestamp": self.station.clock.now()}
        if superseded:
            payload["supersededIds"] = superseded
        self.station.say("NotifyDERStartStop", payload)

    def holding(self) -> list[Control]:
        """The control of each type that holds now: the scheduled one, else the default (R04.FR.09, .11)."""
        found: dict[str, Control] = {}
        for one in sorted(self.held.values(), key=lambda one: (not one.default, -one.priority)):
            if not one.superseded and (one.default or one.told):
                found[one.type] = one
        return list(found.values())

    def holding_at(self, evse: Evse) -> list[Control]:
        """Those of them that are for `evse` as it is used now."""
        return [one for one in self.holding() if supports(evse, one.type)]

    def discharge_share(self, evse: Evse) -> float:
        """The share of its greatest power that a car may give back."""
        return self.of(evse).shares(self.station.clock.time()).discharge

    # --- what happens to the station ----------------------------------------------------------------------

    def accepted(self) -> None:
        self.follow()

    def grid_changed(self) -> None:
        self.follow()

    def energy_offered(self, evse: Evse) -> None:
        self.of(evse).offered(self.holding_at(evse))
        self.follow()

    def energy_drawn(self, evse: Evse) -> None:
        self.of(evse).shape(self.holding_at(evse))
        self.soon()

    def energy_stopped(self, evse: Evse) -> None:
        self.of(evse).waiting = False
        self.soon()

    def soon(self) -> None:
        """Look again once what happens now has happened: another power may be too much, or another alarm due."""
        if not self._busy and (self.held or self.alarm.type):
            self._stop()
            self.timer = asyncio.get_running_loop().call_later(0, self.follow)

    def power_off(self) -> None:
        self._stop()
        self.voltage, self.followers, self.alarm = Voltage(), {}, Alarm(self.station)

    def _stop(self) -> None:
        if self.timer is not None:
            self.timer.cancel()
            self.timer = None

    def as_kept(self) -> Any:
        return [_as_kept(one) for one in self.held.values()] or None

    def restore(self, kept: Any) -> None:
        for id, type_, default, priority, start, end, setting, superseded, told in kept:
            times = (-inf if start is None else start, inf if end is None else end)
            self.held[id] = Control(id, type_, default, priority, *times, setting, superseded, told)


def _as_kept(one: Control) -> list[Any]:
    times = [_finite(one.start), _finite(one.end)]
    return [one.id, one.type, one.default, one.priority, *times, one.setting, one.superseded, one.told]


def _finite(at: float) -> float | None:
    return at if abs(at) < inf else None


def _overlap(one: Control, other: Control) -> bool:
    return one.start < other.end and other.start < one.end


def discharge_share(evse: Evse) -> float:
    """The share of its greatest power that a car at `evse` may give back."""
    part = existing(evse.station, DerControls)
    return 1.0 if part is None else part.discharge_share(evse)


def reshape(evse: Evse) -> None:
    """Let the reactive power at `evse` be what its profile and the controls that are for it ask for now."""
    part = existing(evse.station, DerControls)
    if part is None:
        shape(evse, [], Situation())
    else:
        part.of(evse).shape(part.holding_at(evse))
        part.soon()
