"""Registration: the station's BootNotification, its retries, and the heartbeats once it is accepted.

The rules (1.6 §4.2; 2.x part 2 B01-B04, G02):

* After a start nothing but BootNotification is sent until the answer is Accepted; while Pending also what the CSMS
  triggered or asked to be reported (B01.FR.08, B02.FR.02).
* Not accepted: the next attempt comes after the interval of the answer (B02.FR.08, B03.FR.06), after a wait of our
  own when that is 0 or there was no answer (B02.FR.07), each time longer up to five minutes.
* Rejected: until then silence (B03.FR.02). What the CSMS asks meanwhile is not answered in 1.6 (§4.2) and refused
  with SecurityError in 2.x (B03.FR.08).
* Accepted: heartbeats after the interval of the answer, counted from the last message sent (G02.FR.05), at least one
  a day (G02.FR.07). The answer's currentTime sets the station's clock (B01.FR.06, G02.FR.06).
* A reconnect is no start: the registration holds, and no BootNotification is sent (part 4 §5.3/5.4; J16 §5.4).

One timer serves both the retry and the heartbeat: never both are due.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from charge_point.quirks import slowness, started
from shared.clock import parse
from shared.dispatch import NoAnswer, Refuse
from shared.findings import Causes, called_early, excused
from shared.peer import CallFailed
from shared.versions import V16

if TYPE_CHECKING:
    from charge_point.station import Station

Payload = dict[str, Any]

ACCEPTED, PENDING, REJECTED = "Accepted", "Pending", "Rejected"
OWN_WAIT = 10.0
LONGEST_WAIT = 300.0
DAY = 86_400.0
TOLERANCE = 1.0
"""A clock that is less than this many seconds off is not set: many CSMSs send whole seconds."""


class Registration:
    """Where the station stands with its CSMS. `status` is the last answer, empty before the first since a start."""

    __slots__ = (
        "_booting",
        "_due",
        "_failures",
        "_heard",
        "_station",
        "_timer",
        "causes",
        "reason",
        "status",
    )

    def __init__(self, station: Station) -> None:
        self._station = station
        self.status = ""
        self.reason = "PowerUp"
        """Why the next BootNotification is sent (2.x BootReasonEnumType)."""
        self._booting = False
        self._failures = 0
        self._due = 0.0  # loop time before which no BootNotification may be sent again
        self._heard = 0.0  # loop time of the last heartbeat
        self._timer: asyncio.TimerHandle | None = None
        self.causes: Causes | None = None
        """Knows what our own faults brought about; set by the connection."""
        started(station)

    @property
    def accepted(self) -> bool:
        """Whether the station may send everything, or does all the same."""
        return self.status == ACCEPTED or (not self.status and self._station.setup.quirks.boots_late)

    def forget(self, reason: str) -> None:
        """The station starts anew, for `reason`."""
        self._cancel()
        self.status, self.reason = "", reason
        self._due, self._failures = 0.0, 0

    # --- connection ---------------------------------------------------------------------------------------

    def connected(self) -> None:
        """The link is up: boot if that is due, or go on with the heartbeats."""
        if self.status == ACCEPTED:
            self._beat()
        else:
            self._arm(max(self._due - asyncio.get_running_loop().time(), slowness(self._station)), self.boot)

    def disconnected(self) -> None:
        """The link is gone; nothing is due until it is back."""
        self._cancel()
        self._booting = False

    # --- booting ------------------------------------------------------------------------------------------

    def boot(self, reason: str = "") -> None:
        """Send BootNotification now, unless one is on its way."""
        self._cancel()
        if not self._booting and self._station.is_online:
            self._booting = True
            self._station.tasks.spawn(self._boot(reason or self.reason))

    async def _boot(self, reason: str) -> None:
        station = self._station
        peer = station.peer
        try:
            answer = await station.call("BootNotification", boot_notification(station, reason))
        except CallFailed as failed:
            if station.peer is peer:  # else it is the next connection's matter
                self._booting = False
                station.note("boot_failed", str(failed))
                self._wait(0.0)
            return
        if station.peer is peer:
            self._booting = False
            self._answered(answer)

    def _answered(self, answer: Payload) -> None:
        station = self._station
        self.set_clock(answer.get("currentTime"))
        first = self.status != ACCEPTED
        self.status = str(answer.get("status", REJECTED))
        given = answer.get("interval")  # with a lenient schema it may be anything
        interval = float(given) if isinstance(given, int | float) else 0.0
        if self.status != ACCEPTED:
            self._wait(interval)
            station.changed()
            return
        self._failures = 0
        if interval > 0 and not station.setup.heartbeat and station.model.has("HeartbeatInterval"):
            # B01.FR.04
            station.model.put("HeartbeatInterval", int(interval))
        self._heard = asyncio.get_running_loop().time()
        self._beat()
        if first:
            if station.setup.quirks.double_boot:
                self.boot()
            station.accepted()
        station.changed()

    def _wait(self, interval: float) -> None:
        """Try again after `interval` seconds, or after a wait of our own if that is 0."""
        if interval <= 0:
            interval = min(OWN_WAIT * 2**self._failures, LONGEST_WAIT)
            self._failures = min(self._failures + 1, 10)
        self._due = asyncio.get_running_loop().time() + interval
        self._arm(interval, self.boot)

    def set_clock(self, current: object) -> None:
        """Set the station's clock by the CSMS's, if it is to be the source (B01.FR.06; 1.6 §4.2)."""
        station = self._station
        sources = station.model.members("TimeSource") if station.model.has("TimeSource") else ("Heartbeat",)
        if "Heartbeat" not in sources or not isinstance(current, str):
            return
        try:
            ahead = parse(current) - station.clock.time()
        except ValueError:
            station.note("bad_time", f"currentTime {current!r} is not a timestamp")
            return
        if abs(ahead) >= TOLERANCE:
            station.clock.offset += ahead

    # --- the gate -----------------------------------------------------------------------------------------

    def gate(self, action: str, payload: Payload) -> None:
        """Asked before each message of the CSMS is handled: while Rejected none is (B03.FR.08; 1.6 §4.2).

        What a CSMS must not send in the present state is a finding, whatever it is answered.
        """
        breach = called_early(self._station.version, self.status, action, payload)
        if breach is not None:
            station, ref = self._station, getattr(self._station.peer, "ref", 0)
            text, clause = excused(self.causes, station.id, breach.finding, breach.text, breach.clause, ref)
            station.note(breach.finding, text, clause=clause)
        if self.status != REJECTED:
            return
        if self._station.version is V16:
            raise NoAnswer
        raise Refuse("SecurityError", "this station's registration was rejected")

    # --- heartbeats ---------------------------------------------------------------------------------------

    @property
    def _interval(self) -> float:
        """Seconds between heartbeats: the setup's own, else the variable that the CSMS sets."""
        return self._station.setup.heartbeat or self._station.model.seconds("HeartbeatInterval")

    def rebeat(self) -> None:
        """The heartbeat interval has changed."""
        if self.accepted and self._station.is_online:
            self._beat()

    def _beat(self) -> None:
        interval = self._interval
        if interval <= 0 or self._station.peer is None:
            self._cancel()
            return
        loop = asyncio.get_running_loop()
        sent = loop.time() - self._station.silence
        due = min(sent + interval, max(self._heard + DAY, self._heard + interval))
        self._arm(max(due - loop.time(), 0.0), self._maybe_beat)

    def _maybe_beat(self) -> None:
        """Send a heartbeat if nothing was sent for the interval (G02.FR.05), else wait for the rest of it."""
        loop, interval = asyncio.get_running_loop(), self._interval
        rest = interval - self._station.silence
        if rest > 0.001 and loop.time() - self._heard < DAY:
            self._arm(rest, self._maybe_beat)
            return
        self.heartbeat()
        self._arm(interval, self._maybe_beat)

    def heartbeat(self) -> None:
        """Send a heartbeat now."""
        self._heard = asyncio.get_running_loop().time()
        self._station.say(
            "Heartbeat", {}, lambda answer: self.set_clock(answer.get("currentTime")), asked=True
        )

    def _arm(self, seconds: float, then: Any) -> None:
        self._cancel()
        self._timer = asyncio.get_running_loop().call_later(seconds, then)

    def _cancel(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


def boot_notification(station: Station, reason: str) -> Payload:
    """BootNotification as the version spells it (1.6 §6.3; 2.x B01). Empty members are left out."""
    s = station.setup
    if station.version is V16:
        wire = {
            "chargePointVendor": s.vendor[:20],
            "chargePointModel": s.model[:20],
            "chargePointSerialNumber": s.serial[:25],
            "firmwareVersion": station.firmware[:50],
            "iccid": s.iccid[:20],
            "imsi": s.imsi[:20],
        }
        return {name: value for name, value in wire.items() if value}
    box: Payload = {
        "vendorName": s.vendor[:50],
        "model": s.model[:20],
        "serialNumber": s.serial[:25],
        "firmwareVersion": station.firmware[:50],
    }
    box = {name: value for name, value in box.items() if value}
    if s.iccid or s.imsi:
        box["modem"] = {name: value for name, value in (("iccid", s.iccid), ("imsi", s.imsi)) if value}
    return {"reason": reason, "chargingStation": box}
