"""NotifyEvents of monitors: told in their order, kept while the CSMS cannot be told if they are grave enough.

N07.FR.04, N08.FR.03: what arises offline is queued when its severity number is not above OfflineQueuingSeverity. The
same holds for what was on its way when the link dropped.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from charge_point.parts import Part
from shared.peer import CallFailed, CallRefused, ConnectionLost, InvalidAnswer
from shared.versions import V16

if TYPE_CHECKING:
    from charge_point.station import Station

Payload = dict[str, Any]

MOST = 1000
"""Events that are kept; of more the oldest go, with a note."""

PAGE = 20
"""Events in one NotifyEvent."""


class MonitorEvents(Part):
    """The events that the CSMS has not confirmed, each with the severity of its monitor. Owns their order."""

    __slots__ = ("_delivering", "_is_kept", "waiting")

    name = "monitor events"

    def __init__(self, station: Station) -> None:
        super().__init__(station)
        self.waiting: list[tuple[int, Payload]] = []
        """Severity and EventData, the oldest first."""
        self._delivering = False
        self._is_kept = False

    def tell(self, events: list[tuple[int, Payload]]) -> None:
        """More of them, of one moment: (severity, EventData)."""
        self.waiting += events
        if len(self.waiting) > MOST:
            gone = len(self.waiting) - MOST
            del self.waiting[:gone]
            self.station.note("thinned", f"more than {MOST} events of monitors wait; the oldest were dropped")
        self._keep()
        self._deliver_soon()

    def connected(self) -> None:
        """A registration may still hold."""
        self._deliver_soon()

    def accepted(self) -> None:
        """Now the CSMS may be told."""
        self._deliver_soon()

    def disconnected(self) -> None:
        """What is not grave enough is not kept."""
        if self.waiting and self.station.version is not V16:
            most = self.station.model.integer("MonitoringCtrlr.OfflineQueuingSeverity")
            self.waiting = [one for one in self.waiting if one[0] <= most]
        self._keep()

    def as_kept(self) -> Any:
        return self.waiting or None

    def restore(self, kept: Any) -> None:
        self.waiting = [*((severity, event) for severity, event in kept or ()), *self.waiting]
        self._is_kept = True

    def _keep(self) -> None:
        """On disk only what has to wait."""
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
            while self.waiting and station.may_send and station.version is not V16:
                batch = self.waiting[:PAGE]
                events = [event for _, event in batch]
                request = {"generatedAt": station.clock.now(), "seqNo": 0, "eventData": events}  # N07.FR.07
                try:
                    await station.call("NotifyEvent", request)
                except ConnectionLost:
                    return  # what may be kept is told on the next connection
                except (CallRefused, InvalidAnswer, CallFailed) as failed:  # told as well as can be
                    station.note("call_failed", str(failed))
                self.waiting = [one for one in self.waiting if not any(one is told for told in batch)]
        finally:
            self._delivering = False
            self._keep()
