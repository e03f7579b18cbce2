"""Local time: what schedules with useLocalTime are in (2.1 K01.FR.90, ClockCtrlr.TimeZone and TimeOffset).

A time zone by its name knows its own summer time; an offset may say when the next one follows it. Local time is
written here as the Unix seconds that a clock on the wall would have if its zone were UTC.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from math import inf
from typing import TYPE_CHECKING

from shared.clock import parse

if TYPE_CHECKING:
    from charge_point.device_model import DeviceModel

PATHS = (
    "ClockCtrlr.TimeZone",
    "ClockCtrlr.TimeOffset",
    "ClockCtrlr.TimeOffset[NextTransition]",
    "ClockCtrlr.NextTimeOffsetTransitionDateTime",
)
"""The variables that say what local time is."""


@dataclass(frozen=True, slots=True)
class LocalTime:
    """A local time: that of the zone called `name`, or `offset` seconds ahead of UTC, from `changes` on `later`."""

    name: str = ""
    offset: float = 0.0
    changes: float = inf
    later: float = 0.0

    def ahead(self, moment: float) -> float:
        """Seconds by which local time is ahead of UTC at a Unix time."""
        if not self.name:
            return self.later if moment >= self.changes else self.offset
        from zoneinfo import ZoneInfo  # few stations have a zone

        ahead = datetime.fromtimestamp(moment, ZoneInfo(self.name)).utcoffset()
        return ahead.total_seconds() if ahead is not None else 0.0

    def moment(self, local: float) -> float:
        """The Unix time of a local one: the first of two; for one that is left out, as if it were not."""
        if not self.name:
            first = local - self.offset
            return first if first < self.changes else max(local - self.later, self.changes)
        from zoneinfo import ZoneInfo

        return datetime.fromtimestamp(local, UTC).replace(tzinfo=ZoneInfo(self.name)).timestamp()


WORLD = LocalTime()
"""UTC."""


def local_time_of(model: DeviceModel) -> LocalTime:
    """What the variables of a station say; a zone other than UTC goes before an offset."""
    said = {path: model.text(path) if model.has(path) else "" for path in PATHS}
    zone, offset, later, changes = (said[path] for path in PATHS)
    if zone not in ("", "UTC"):
        return LocalTime(zone)
    if later and changes:
        return LocalTime("", _seconds(offset), parse(changes), _seconds(later))
    return LocalTime("", _seconds(offset))


def _seconds(text: str) -> float:
    if not text:
        return 0.0
    seconds = int(text[1:3]) * 3600 + int(text[4:6]) * 60
    return -seconds if text[0] == "-" else seconds
