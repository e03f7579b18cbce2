"""The energy that would have passed if a setpoint had been followed exactly (2.1, Energy.Active.Setpoint.Interval)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from charge_point.evse import Evse


class Course:
    """A setpoint over time at one EVSE: `watts` since `since`, and `wh` before that."""

    __slots__ = ("marks", "since", "watts", "wh")

    def __init__(self) -> None:
        self.since = 0.0
        self.watts = 0.0
        self.wh = 0.0
        self.marks: dict[str, float] = {}

    def at(self, now: float) -> float:
        """Wh until `now`."""
        return self.wh + self.watts * (now - self.since) / 3600


class Courses:
    """The setpoints at a station's EVSEs; nothing is kept where there was none. Owned by its `Profiles`."""

    __slots__ = ("_of",)

    def __init__(self) -> None:
        self._of: dict[int, Course] = {}

    def turn(self, evse: Evse, now: float, watts: float | None) -> None:
        """From `now` (Unix seconds) on the car shall follow `watts`; nothing for None."""
        course = self._of.get(evse.id)
        if course is None:
            if watts is None:
                return
            course = self._of[evse.id] = Course()
            course.since = now
        course.wh, course.since, course.watts = course.at(now), now, watts or 0.0

    def since_last(self, evse: Evse, now: float, interval: str) -> float | None:
        """Wh since the last reading of that kind; `interval` begins the next. None where there was no setpoint."""
        course = self._of.get(evse.id)
        if course is None:
            return None
        passed = course.at(now) - course.marks.get(interval or "sampled", 0.0)
        if interval:
            course.marks[interval] = course.at(now)
        return passed

    def end(self, evse: Evse) -> None:
        """The transaction is over."""
        self._of.pop(evse.id, None)
