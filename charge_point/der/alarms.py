"""NotifyDERAlarm: told once when power is another than it would be because of a DER control, and when that is over."""

from __future__ import annotations

from typing import TYPE_CHECKING

from charge_point.der.control import Payload
from charge_point.der.following import Reason
from charge_point.der.response import Situation

if TYPE_CHECKING:
    from charge_point.station import Station


class Alarm:
    """The alarm of one station: the message names no EVSE. Owned by its `DerControls`."""

    __slots__ = ("_fault", "_station", "type")

    def __init__(self, station: Station) -> None:
        self._station = station
        self.type = ""
        """Of the control because of which the power is another; empty for no alarm."""
        self._fault = ""

    def tell(self, reasons: list[Reason], now: Situation) -> None:
        """Tell that there is another reason than before, or none any more (R05.FR.01-.04)."""
        most = max((one.weight for one in reasons), default=0)
        types = [one.type for one in reasons if one.weight == most]
        by = self.type if self.type in types else types[0] if types else ""
        if by == self.type:
            return
        fault = now.fault(by) if by else self._fault
        payload: Payload = {"controlType": by or self.type, "timestamp": self._station.clock.now()}
        if fault:
            payload["gridEventFault"] = fault
        if not by:  # R05.FR.02
            payload["alarmEnded"] = True
        self.type, self._fault = by, fault if by else ""
        self._station.say("NotifyDERAlarm", payload)
