"""The monitors of one station: which there are, what they watch, and what the CSMS is told of it.

A monitor looks whenever something happens at the station or a variable is set, and every second while energy flows, for
power, current and warmth then change by themselves; a periodic one has a timer. One whose event could not be told now
(its severity is above the level, N05.FR.03, or too slight to be queued while offline) looks again when it could: so the
CSMS hears what is the case then (remark of N07). What is set is kept on disk (N07.FR.13), as is whether a threshold is
exceeded (N07.FR.14).
"""

from __future__ import annotations

import asyncio
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from charge_point.definitions import WRITE_ONLY
from charge_point.monitoring.events import MonitorEvents
from charge_point.monitoring.factory import slots_of
from charge_point.monitoring.monitor import (
    CUSTOM,
    DELTA,
    HARD_WIRED,
    PRECONFIGURED,
    Monitor,
    Payload,
    Seen,
)
from charge_point.parts import Part, existing
from charge_point.sampling import DAY
from charge_point.variables import TROUBLE, component_of, variable_of
from shared.versions import V16, V21

if TYPE_CHECKING:
    from charge_point.catalogue import Slot
    from charge_point.event_streams import Streams
    from charge_point.evse import Evse
    from charge_point.station import Station
    from charge_point.transaction import Transaction

ALL, FACTORY_DEFAULT, HARD_WIRED_ONLY = "All", "FactoryDefault", "HardWiredOnly"
LEVEL = 8
"""The severities that are reported as long as nobody asked for others: all but Debug."""

POLL = 1.0
"""Seconds between two looks at what changes by itself."""


def factory(station: Station) -> list[Monitor]:
    """The monitors that the station comes with, as its setup has them."""
    made: list[Monitor] = []
    for one in station.setup.monitors:
        origin = HARD_WIRED if one.hard_wired else PRECONFIGURED
        for slot in slots_of(station.model.catalogue, one.variable):
            trouble = slot.definition.variable in TROUBLE and one.kind == DELTA
            made.append(
                Monitor(
                    len(made) + 1,
                    slot.path,
                    one.kind,
                    one.value,
                    one.severity,
                    origin,
                    transaction=one.transaction,
                    last="false" if trouble else None,  # what is wrong from the beginning is told
                )
            )
    return made


class Monitors(Part):
    """Owns the monitors of a station, its monitoring base and level, and the timers."""

    __slots__ = ("_due", "_ended", "_poll", "_timers", "base", "held", "level", "next_id")

    name = "monitors"

    def __init__(self, station: Station) -> None:
        super().__init__(station)
        made = factory(station)
        self.held: dict[int, Monitor] = {one.id: one for one in made}
        self.next_id = len(made) + 1
        self.base = ALL
        self.level = LEVEL
        self._timers: dict[int, asyncio.TimerHandle] = {}
        self._poll: asyncio.TimerHandle | None = None
        self._due: asyncio.Handle | None = None
        self._ended: dict[int, str] = {}  # EVSE -> transaction that has just ended there
        self._begin()

    # --- what is set --------------------------------------------------------------------------------------

    def add(self, one: Monitor) -> None:
        """Watch from now on; one with the same id is replaced (N04.FR.12)."""
        self.drop(one.id)
        self.held[one.id] = one
        self._start(one)
        self.keep()

    def drop(self, id: int) -> Monitor | None:
        """Watch this no more; its event stream is closed (N13.FR.05)."""
        timer = self._timers.pop(id, None)
        if timer is not None:
            timer.cancel()
        gone = self.held.pop(id, None)
        if gone is not None and gone.stream:
            self._close_stream(id)
        return gone

    def _close_stream(self, id: int) -> None:
        from charge_point.event_streams import Streams

        self.station.part(Streams).close(id)

    def clear(self, id: int) -> str:
        """The ClearMonitoringStatus: Accepted, Rejected for a hard-wired one, NotFound (N06.FR.01-.03)."""
        one = self.held.get(id)
        if one is None:
            return "NotFound"
        if one.origin == HARD_WIRED:
            return "Rejected"
        self.drop(id)
        self.keep()
        return "Accepted"

    def set_base(self, base: str) -> None:
        """All, FactoryDefault or HardWiredOnly (N03.FR.03-.05)."""
        self.base = base
        if base != ALL:
            for one in [one for one in self.held.values() if one.origin == CUSTOM]:
                self.drop(one.id)
        for one in factory(self.station):
            if one.origin != PRECONFIGURED:
                continue
            if base == HARD_WIRED_ONLY:
                self.drop(one.id)
            elif one.id not in self.held:
                self.held[one.id] = one
                self._start(one)
        self.keep()
        self.look_soon()

    def set_level(self, level: int) -> None:
        """Report what is at most of this severity number (N05.FR.03)."""
        self.level = level
        self.keep()
        self.look_soon()

    def slot(self, one: Monitor) -> Slot | None:
        """The variable that it watches, None when this station does not have it (any more)."""
        return self.station.model.catalogue.find(one.path)

    # --- what happens -------------------------------------------------------------------------------------

    def connected(self) -> None:
        """After a restart the watch begins anew."""
        self._begin()
        self.look_soon()
        if self.station.may_send and (found := self._streams()) is not None:
            found.ask()

    def accepted(self) -> None:
        """Now events may be told."""
        self.look_soon()
        if (found := self._streams()) is not None:
            found.renew([one for one in self.held.values() if one.stream])

    def _streams(self) -> Streams | None:
        if self.station.version is not V21 or not any(one.stream for one in self.held.values()):
            return None
        from charge_point.event_streams import Streams

        return self.station.part(Streams)

    def place_changed(self, evse: Evse) -> None:
        """A state may have changed."""
        self.look_soon()

    def energy_drawn(self, evse: Evse) -> None:
        """The power has changed, and may change by itself now."""
        self.look_soon()
        self._begin_polling()

    def energy_stopped(self, evse: Evse) -> None:
        """The power has changed."""
        self.look_soon()

    def transaction_began(self, evse: Evse) -> None:
        """What is watched in transactions only is watched now."""
        self.look_soon()

    def transaction_ended(self, evse: Evse, transaction: Transaction) -> None:
        """What follows from its end belongs to it still."""
        self._ended[evse.id] = transaction.id
        self.look_soon()

    def setting_changed(self, path: str) -> None:
        """Perhaps somebody watches it."""
        self.look_soon()

    def power_off(self) -> None:
        """Nothing is watched until the station is up again."""
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()
        for handle in (self._poll, self._due):
            if handle is not None:
                handle.cancel()
        self._poll = self._due = None

    def as_kept(self) -> Any:
        return {
            "base": self.base,
            "level": self.level,
            "next": self.next_id,
            "held": [one.as_kept() for one in self.held.values()],
        }

    def restore(self, kept: Any) -> None:
        self.power_off()
        self.base, self.level, self.next_id = kept["base"], kept["level"], kept["next"]
        before = [Monitor.of(one) for one in kept["held"]]
        # one whose variable is gone with the firmware is removed (remark of N04)
        model = self.station.model
        self.held = {one.id: one for one in before if model.version is V16 or model.catalogue.find(one.path)}
        self._begin()

    # --- watching -----------------------------------------------------------------------------------------

    def _begin(self) -> None:
        for one in self.held.values():
            if one.id not in self._timers:
                self._start(one)
        self._begin_polling()

    def _start(self, one: Monitor) -> None:
        """Begin with `one`: its timer, or the value that changes are counted from."""
        slot = self.slot(one)
        if slot is None:
            return
        if one.is_periodic:
            self._next(one, self.station.clock.time())
        elif one.type == DELTA and one.last is None:
            one.last = self._actual(slot)

    def _next(self, one: Monitor, since: float) -> None:
        """Arm the timer for the value after `since` (Unix s): a period later, or on the clock (N08.FR.06, .07)."""
        due = since + one.value
        if one.type == "PeriodicClockAligned":
            midnight = since - since % DAY
            steps = int(since % DAY / one.value + 1e-9) + 1
            due = midnight + min(steps * one.value, DAY)
        wait = due - self.station.clock.time()
        self._timers[one.id] = asyncio.get_running_loop().call_later(wait, self._period, one, due)

    def _period(self, one: Monitor, due: float) -> None:
        self._next(one, due)
        slot = self.slot(one)
        if slot is None or not self._may_tell(one) or (one.transaction and not self._session(slot)):
            return
        actual = self._actual(slot)
        if one.stream and (found := self._streams()) is not None and found.take(one.id, actual):
            return
        self._tell([(one, slot, Seen("Periodic"), actual)])

    def look_soon(self) -> None:
        """Look once what happens now has happened."""
        if self._due is None and self.station.version is not V16:
            self._due = asyncio.get_running_loop().call_soon(self._look)

    def _begin_polling(self) -> None:
        if self._poll is None and self._needs_polling():
            self._poll = asyncio.get_running_loop().call_later(POLL, self._polled)

    def _needs_polling(self) -> bool:
        if not any(evse.meter.flow for evse in self.station.evses):
            return False
        watched = [self.slot(one) for one in self.held.values() if not one.is_periodic]
        return any(slot is not None and slot.definition.type == "decimal" for slot in watched)

    def _polled(self) -> None:
        self._poll = None
        self._look()
        self._begin_polling()

    def _look(self) -> None:
        self._due = None
        found = []
        kept = False
        for one in self.held.values():
            slot = None if one.is_periodic else self.slot(one)
            if slot is None or not self._may_tell(one):
                continue
            if one.transaction and not self._session(slot):
                kept = kept or one.alert
                one.alert, one.last = False, None
                continue
            actual = self._actual(slot)
            target = self.station.model.target(slot) or ""
            seen = one.look(actual, target, numeric=slot.definition.is_number)
            if seen is not None:
                found.append((one, slot, seen, actual))
        if found:
            self._tell(found)
        self._ended.clear()
        if found or kept:
            self.keep()

    def _may_tell(self, one: Monitor) -> bool:
        """N07.FR.15, N05.FR.03; while offline what is too slight to be queued waits (N07.FR.04, remark)."""
        model = self.station.model
        if one.severity > self.level or not model.flag("MonitoringCtrlr.Enabled"):  # a 1.6 station has none
            return False
        queued = model.integer("MonitoringCtrlr.OfflineQueuingSeverity")
        return self.station.may_send or one.severity <= queued

    def _actual(self, slot: Slot) -> str:
        """The present value; of what may not be read something that changes with it."""
        text = self.station.model.read(slot) or ""
        return sha256(text.encode()).hexdigest() if slot.definition.access == WRITE_ONLY else text

    def _session(self, slot: Slot) -> str:
        """The transaction that the variable is linked to: of its EVSE, or the only one of the station."""
        running = {evse.id: evse.transaction.id for evse in self.station.evses if evse.transaction}
        running = self._ended | running
        if slot.evse:
            return running.get(slot.evse, "")
        return next(iter(running.values())) if len(running) == 1 else ""

    # --- telling ------------------------------------------------------------------------------------------

    def _tell(self, found: list[tuple[Monitor, Slot, Seen, str]]) -> None:
        events: list[tuple[int, Payload]] = []
        causes: dict[int, int] = {}  # EVSE -> the event that tells of its fault
        for one, slot, seen, actual in sorted(
            found, key=lambda each: each[1].definition.variable != "Problem"
        ):
            event = self._event(one, slot, seen, actual)
            if slot.definition.variable == "Problem":
                causes[slot.evse] = event["eventId"]
            elif slot.definition.variable == "AvailabilityState" and slot.evse in causes:
                event["cause"] = causes[slot.evse]  # N07.FR.05
            events.append((one.severity, event))
        self.station.part(MonitorEvents).tell(events)

    def tell_values(self, id: int, values: list[tuple[float, str]]) -> None:
        """Tell values of a periodic monitor that no event stream took: (Unix seconds, value)."""
        one = self.held.get(id)
        slot = self.slot(one) if one is not None else None
        if one is None or slot is None:
            return
        clock = self.station.clock
        events = [
            self._event(one, slot, Seen("Periodic"), value) | {"timestamp": clock.text(at)}
            for at, value in values
        ]
        self.station.part(MonitorEvents).tell([(one.severity, event) for event in events])

    def _event(self, one: Monitor, slot: Slot, seen: Seen, actual: str) -> Payload:
        """The EventData (N07.FR.06, .20; N08.FR.05)."""
        station = self.station
        event: Payload = {
            "eventId": station.new_event_id(),
            "timestamp": station.clock.now(),
            "trigger": seen.trigger,
            "actualValue": "" if slot.definition.access == WRITE_ONLY else actual[:2500],  # N07.FR.10
            "eventNotificationType": one.origin,
            "component": component_of(slot),
            "variable": variable_of(slot),
            "variableMonitoringId": one.id,
        }
        if station.version is V21:
            event["severity"] = one.severity
        session = self._session(slot) or (one.session if seen.cleared else "")
        one.session = session
        if seen.cleared:
            event["cleared"] = True
        return event | ({"transactionId": session} if session else {})


def monitors(station: Station) -> Monitors:
    """The station's monitors, with those that it comes with."""
    return station.part(Monitors)


def base_of(station: Station) -> str:
    """ActiveMonitoringBase."""
    found = existing(station, Monitors)
    return found.base if found is not None else ALL


def level_of(station: Station) -> int:
    """ActiveMonitoringLevel."""
    found = existing(station, Monitors)
    return found.level if found is not None else LEVEL
