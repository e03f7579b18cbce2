"""Restarts, asked for or suffered."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from charge_point.connector import Energy, Lock
from charge_point.orders import Outcome
from charge_point.parts import Part, existing, tell_parts
from charge_point.power import draw
from charge_point.quirks import started
from charge_point.reservations import Reservations
from charge_point.resuming import go_on, timeout

if TYPE_CHECKING:
    from charge_point.authorization import Token
    from charge_point.evse import Evse
    from charge_point.station import Station
    from charge_point.transaction import Transaction

LAST_WORDS = 5.0
"""Seconds that a station takes to tell what it can before it goes down."""


def reset(station: Station, kind: str, evse: int | None = None) -> Outcome:
    """Restart as the CSMS asks: Hard or Soft (1.6 §5.14), Immediate or OnIdle (B11, B12).

    Accepted, Scheduled (OnIdle while the station is not idle) or Rejected (while a restart is under way: B11.FR.06;
    a single EVSE where there is no AllowReset: B11.FR.09; resuming without a ResumptionTimeout: B13.FR.01). One that
    comes while another waits for its time takes its place: an Immediate one does not wait.
    """
    if station.setup.quirks.reset_ignored:
        return Outcome("Accepted")
    restarts = existing(station, Restarts)
    if restarts is not None and restarts.underway:
        return Outcome("Rejected", reason="a restart is under way", code="InvalidMessageSeq")
    if evse:
        return _reset_evse(station, kind, evse)
    if kind == "ImmediateAndResume" and not timeout(station):
        return Outcome("Rejected", reason="this station cannot do that", code="UnsupportedParam")
    station.part(Restarts)  # it sees when the station is idle
    running = any(e.transaction for e in station.evses)
    if kind == "ImmediateAndResume" and running:
        return Outcome("Accepted", lambda: restart_and_resume(station))
    if kind == "OnIdle" and not _is_idle(station):
        return Outcome("Scheduled", lambda: setattr(station, "reset_due", "ScheduledReset"))
    reason = {"Hard": "HardReset", "Soft": "SoftReset"}.get(kind, "ImmediateReset")
    return Outcome("Accepted", lambda: restart(station, "RemoteReset", reason))


class Restarts(Part):
    """What restarts now, and which EVSEs do so by themselves, now or soon (B11.FR.08, B12.FR.07)."""

    __slots__ = ("down", "due", "underway")

    def __init__(self, station: Station) -> None:
        super().__init__(station)
        self.underway = False
        """Whether the station is about to go down."""
        self.due: set[int] = set()
        self.down: dict[int, asyncio.TimerHandle] = {}

    def begin(self, evse: Evse) -> None:
        """Take the EVSE down, after the transaction on it has ended (B12.FR.08). Its cable, what it is reserved for and
        whether it may be used stay (B11.FR.02, .05; B12.FR.06)."""
        self.due.discard(evse.id)
        if evse.transaction is not None or evse.is_authorized:
            evse.end_authorization("ResetCommand", "ImmediateReset", ends=True)
        evse.power_off()
        up = asyncio.get_running_loop().call_later(self.station.setup.reboot_seconds, self._up, evse)
        self.down[evse.id] = up

    def _up(self, evse: Evse) -> None:
        del self.down[evse.id]
        for c in evse.connectors:
            self.station.report(evse, c)
        self.station.changed()

    def place_changed(self, evse: Evse) -> None:
        when_idle(self.station)

    def refuses(self, evse: Evse, token: Token, group: str | None) -> str:
        return "it restarts" if self.underway or evse.id in self.down else ""

    def transaction_ended(self, evse: Evse, transaction: Transaction) -> None:
        if evse.id in self.due and not self.underway:
            self.due.discard(evse.id)
            asyncio.get_running_loop().call_soon(self.begin, evse)

    def power_off(self) -> None:
        self.underway = False
        self.due.clear()
        for timer in self.down.values():
            timer.cancel()
        self.down.clear()


def _is_idle(station: Station) -> bool:
    """Whether nothing is going on that a restart would disturb (remark of B11 as of the errata 2025-06)."""
    reservations = existing(station, Reservations)
    waits = reservations is not None and bool(reservations.held)
    locked = any(c.lock is Lock.LOCKED for one in station.evses for c in one.connectors)
    return not waits and not locked and not any(one.transaction for one in station.evses)


def when_idle(station: Station) -> None:
    """Begin the restart that waits for the station to be idle, if it is (B12.FR.03)."""
    if station.reset_due and _is_idle(station):
        reason, station.reset_due = station.reset_due, ""
        station.tasks.spawn(restart(station, reason))


def _reset_evse(station: Station, kind: str, id: int) -> Outcome:
    """Restart a single EVSE: Accepted, or Scheduled for the end of the transaction on it (B12.FR.01, .07)."""
    one = station.evse(id)
    if one is None:
        return Outcome("Rejected", reason=f"there is no EVSE {id}", code="UnknownEvse")
    name = f"EVSE#{one.id}.AllowReset"
    if kind == "ImmediateAndResume" or not (station.model.has(name) and station.model.flag(name)):
        return Outcome("Rejected", reason="this station cannot do that", code="UnsupportedParam")
    restarts = station.part(Restarts)
    if one.id in restarts.down:
        return Outcome("Rejected", reason="it restarts already", code="InvalidMessageSeq")
    if kind == "OnIdle" and one.transaction is not None:
        return Outcome("Scheduled", lambda: restarts.due.add(one.id))
    return Outcome("Accepted", lambda: restarts.begin(one))


async def restart(station: Station, boot_reason: str, stop_reason: str = "") -> None:
    """End what runs, give its last messages a chance to leave, and start anew (B12.FR.04, .05)."""
    station.reset_due = ""
    station.part(Restarts).underway = True
    for one in station.evses:
        if one.transaction is not None or one.is_authorized:
            one.end_authorization("ResetCommand", stop_reason, ends=True)
    if not station.setup.quirks.late_stop:
        await station.until(lambda: not len(station.outbox) or station.peer is None, within=LAST_WORDS)
    states = _running(station)
    go_down(station, boot_reason, station.setup.reboot_seconds)
    _afterwards(states, station.setup.reboot_seconds, reason=stop_reason or "Reboot")


async def restart_and_resume(station: Station) -> None:
    """Restart at once; what ran goes on afterwards, however long it takes (B13.FR.04, .20-.23)."""
    station.part(Restarts).underway = True
    states = _running(station)
    for one, state in states.items():
        if state is not Energy.OFF:
            draw(one, Energy.HELD_BY_STATION)
        one.tell("ResetCommand")
        one.active.turn_lock("unlock")
    await station.until(lambda: not len(station.outbox) or station.peer is None, within=LAST_WORDS)
    seconds = station.setup.reboot_seconds
    go_down(station, "RemoteReset", seconds)
    _afterwards(states, seconds, always=True)


def watchdog(station: Station) -> None:
    """The station hangs, and its watchdog restarts it (1.6 §7.36 Reboot; E17.FR.22)."""
    states = _running(station)
    seconds = station.setup.reboot_seconds
    go_down(station, "Watchdog", seconds)
    _afterwards(states, seconds, reason="Reboot")


def _running(station: Station) -> dict[Evse, Energy]:
    """What is interrupted when the station goes down now: also what a plug has begun while last words were said."""
    return {one: one.energy for one in station.evses if one.transaction is not None}


def _afterwards(states: Mapping[Evse, Energy], seconds: float, **how: Any) -> None:
    """Once the station is up again, resume or end what was interrupted."""
    loop = asyncio.get_running_loop()
    for one, state in states.items():
        loop.call_later(seconds, partial(go_on, one, state, seconds, **how))


def switch_off(station: Station) -> None:
    """Stop all timers of a station that is taken away; what it owes stays on disk. The link is the dialer's."""
    station.disconnected()
    station.registration.disconnected()
    station.outbox.stop()
    station.aligner.off()
    tell_parts(station, lambda part: part.power_off())
    for one in station.evses:
        one.power_off()


def power_cycle(station: Station, seconds: float = 5.0, *, backup: bool = False) -> None:
    """The power fails for `seconds`; with a `backup` the station ends its transactions before it dies.

    It says so as well, where it can: the backup lasts until all is said, and no longer than `LAST_WORDS` (1.6 §4.10).
    """
    states = _running(station)
    if not backup:
        go_down(station, "PowerUp", seconds)
        _afterwards(states, seconds)
        return
    for one in states:
        one.end_authorization("AbnormalCondition", "PowerLoss", ends=True)
    if station.has_said_all or station.peer is None:
        go_down(station, "PowerUp", seconds)
    else:
        station.part(Restarts).underway = True
        station.tasks.spawn(_on_backup(station, seconds))


async def _on_backup(station: Station, seconds: float) -> None:
    """Die once everything is said, or the backup is used up."""
    await station.until(lambda: station.has_said_all or station.peer is None, within=LAST_WORDS)
    states = _running(station)
    go_down(station, "PowerUp", seconds)
    _afterwards(states, seconds)


def go_down(station: Station, reason: str, seconds: float) -> None:
    """Switch off: what is volatile is gone; cables, availability, tokens and what is owed stay."""
    station.aligner.off()
    tell_parts(station, lambda part: part.power_off())
    for one in station.evses:
        one.power_off()
        for c in one.connectors:
            c.told = ""
    station.registration.forget(reason)
    station.model.rebooted()
    started(station)
    station.reset_due = ""
    peer = station.peer
    station.disconnected()
    if station.redial is not None:
        station.redial(seconds)
    elif peer is not None:
        station.tasks.spawn(peer.close(1000, "restarting"))
