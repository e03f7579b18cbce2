"""NotifyEvents of monitors: told in their order, kept while the CSMS cannot be told if they are grave enough.

N07.FR.04, N08.FR.03: what arises offline is queued when its severity number is not above OfflineQueuingSeverity. The
same holds for what was on its way when the link dropped.
"""

from __future__ import annotations

from typing import Any

from charge_point.waiting import Waiting
from shared.peer import CallFailed, CallRefused, ConnectionLost, InvalidAnswer
from shared.versions import V16

Payload = dict[str, Any]

MOST = 1000
"""Events that are kept; of more the oldest go, with a note."""

PAGE = 20
"""Events in one NotifyEvent."""


class MonitorEvents(Waiting):
    """The events that the CSMS has not confirmed: (severity of the monitor, EventData)."""

    __slots__ = ()

    name = "monitor events"

    def tell(self, events: list[tuple[int, Payload]]) -> None:
        """More of them, of one moment."""
        gone = len(self.waiting) + len(events) - MOST
        if gone > 0:
            self.waiting = [*self.waiting, *events][gone:]
            events = []
            self.station.note("thinned", f"more than {MOST} events of monitors wait; the oldest were dropped")
        self.wait(*events)

    def disconnected(self) -> None:
        """What is not grave enough is not kept."""
        if self.waiting and self.station.version is not V16:
            most = self.station.model.integer("MonitoringCtrlr.OfflineQueuingSeverity")
            self.waiting = [one for one in self.waiting if one[0] <= most]
        self.keep_waiting()

    async def deliver(self) -> None:
        """A page at a time, each when the one before was answered."""
        station = self.station
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
