"""Security events: told when they happen, kept while the CSMS cannot be told, delivered in their order.

A04.FR.02 of 2.x, and of the 1.6 security whitepaper alike: while the station is offline they are queued, and their
delivery is guaranteed. They wait for the answer to the one before, and for the registration.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from charge_point.parts import Part
from shared.peer import CallFailed, CallRefused, InvalidAnswer

if TYPE_CHECKING:
    from charge_point.station import Station

MOST = 1000
"""Events that are kept; of more the oldest go, with a note."""


def security_event(station: Station, type: str, words: str = "") -> None:
    """A security event of `type` (2.x part 2 appendix 1; 1.6 whitepaper §7) has happened; `words` are its techInfo."""
    station.part(SecurityEvents).tell(type, words)


class SecurityEvents(Part):
    """The events that the CSMS has not confirmed. Owns their order."""

    __slots__ = ("_delivering", "_is_kept", "waiting")

    name = "security events"

    def __init__(self, station: Station) -> None:
        super().__init__(station)
        self.waiting: list[dict[str, Any]] = []
        """The payloads, the oldest first."""
        self._delivering = False
        self._is_kept = False

    def tell(self, type: str, words: str = "") -> None:
        """One more."""
        event = {"type": type, "timestamp": self.station.clock.now()}
        self.waiting.append(event | ({"techInfo": words[:255]} if words else {}))
        if len(self.waiting) > MOST:
            del self.waiting[0]
            self.station.note("thinned", f"more than {MOST} security events wait; the oldest was dropped")
        self._keep()
        self._deliver_soon()

    def connected(self) -> None:
        """A registration may still hold."""
        self._deliver_soon()

    def accepted(self) -> None:
        """Now the CSMS may be told."""
        self._deliver_soon()

    def as_kept(self) -> Any:
        return self.waiting or None

    def restore(self, kept: Any) -> None:
        self.waiting = [*(kept or ()), *self.waiting]
        self._is_kept = True

    def _keep(self) -> None:
        """On disk only what has to wait: most events are delivered at once."""
        if self._is_kept or (self.waiting and not self.station.may_send):
            self._is_kept = bool(self.waiting)
            self.keep()

    def _deliver_soon(self) -> None:
        if self.waiting and not self._delivering and self.station.may_send:
            self._delivering = True
            self.station.tasks.spawn(self._deliver())

    async def _deliver(self) -> None:
        station = self.station
        try:
            while self.waiting and station.may_send:
                event = self.waiting[0]
                try:
                    await station.call("SecurityEventNotification", event)
                except (
                    CallRefused,
                    InvalidAnswer,
                ) as refused:  # it was delivered, whatever became of it there
                    station.note("call_failed", str(refused))
                except CallFailed:
                    return  # it is told with the next one, or on the next connection
                if self.waiting and self.waiting[0] is event:
                    del self.waiting[0]
        finally:
            self._delivering = False
            self._keep()
