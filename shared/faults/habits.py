"""Habits of real systems: payloads, times and ids that are not as everybody else writes them."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import orjson

from shared.chance import Stream
from shared.clock import parse, text
from shared.faults.effects import Deliver, Effects, Frame, written
from shared.faults.registry import Fault, fault, setting

MADE_UP = "MadeUpError"
"""An error code that no version knows."""

_UNIX = datetime(1970, 1, 1, tzinfo=UTC)
_FORMS = ("utc", "no_offset", "local", "microseconds", "whole_seconds")
_SPELLINGS = ("number", "digits", "upper")


@fault
class Merge(Fault):
    """Put members into the payload: a JSON object, whose objects are merged member by member. `exact` puts it in the
    payload's place."""

    value: str = setting("{}", "the members, as JSON")
    exact: bool = setting(False, "have nothing else in the payload")

    def check(self) -> None:
        try:
            members = orjson.loads(self.value)
        except ValueError:
            raise ValueError('value: needs a JSON object, as in value=\'{"status":"Invalid"}\'') from None
        if not isinstance(members, dict) and not self.exact:
            raise ValueError("value: only an object can be merged; exact=true puts anything in its place")

    def spoil(self, frame: Frame, roll: Stream) -> Effects | None:
        if not isinstance(frame.payload, dict):
            return None
        members = orjson.loads(self.value)
        return [Deliver(frame.holding(members if self.exact else merged(frame.payload, members)))]


def merged(below: Any, above: Any) -> Any:
    """`above` over `below`: objects member by member, everything else replaced."""
    if not isinstance(below, dict) or not isinstance(above, dict):
        return above
    return {**below, **{name: merged(below.get(name), value) for name, value in above.items()}}


@fault
class CallError(Fault):
    """Answer with a CALLERROR in the place of the answer."""

    kinds = ("answer",)

    code: str = setting(MADE_UP, "the error code; any text")
    description: str = setting("", "what stands behind it")

    def spoil(self, frame: Frame, roll: Stream) -> Effects | None:
        return [Deliver(written([4, frame.id, self.code, self.description, {}]))]


@fault
class Retime(Fault):
    """Write a time of the payload askew, or in another way: `no_offset` leaves out the Z, `local` has an offset in its
    place, `microseconds` six digits behind the second, `whole_seconds` none. The path `*` means every time in it."""

    path: str = setting("currentTime", "which member; dots lead to what is in others")
    ahead: float = setting(0.0, "seconds that it is ahead (negative: behind)")
    form: str = setting("utc", "how it is written", words=_FORMS)
    hours: float = setting(2.0, "the offset from UTC of a local time, in hours")

    def spoil(self, frame: Frame, roll: Stream) -> Effects | None:
        if self.path == "*":
            retimed = self._everywhere(frame.payload)
            return None if retimed == frame.payload else [Deliver(frame.holding(retimed))]
        parent: Any = frame.payload
        *way, last = self.path.split(".")
        for step in way:
            parent = parent.get(step) if isinstance(parent, dict) else None
        if not isinstance(parent, dict) or not isinstance(parent.get(last), str):
            return None
        try:
            members: Any = self._written(parse(parent[last]) + self.ahead)
        except (ValueError, OverflowError):
            return None
        for step in (last, *reversed(way)):
            members = {step: members}
        return [Deliver(frame.holding(merged(frame.payload, members)))]

    def _everywhere(self, value: Any) -> Any:
        """`value` with every text in it written anew that is a timestamp."""
        if isinstance(value, dict):
            return {name: self._everywhere(below) for name, below in value.items()}
        if isinstance(value, list):
            return [self._everywhere(below) for below in value]
        if not isinstance(value, str) or not _TIMESTAMP.match(value):
            return value
        try:
            return self._written(parse(value) + self.ahead)
        except (ValueError, OverflowError):
            return value

    def _written(self, seconds: float) -> str:
        if self.form == "utc":
            return text(seconds)
        moment = _UNIX + timedelta(seconds=seconds)
        if self.form == "local":
            zone = timezone(timedelta(hours=self.hours))
            return moment.astimezone(zone).isoformat(timespec="seconds")
        if self.form == "microseconds":
            return f"{moment:%Y-%m-%dT%H:%M:%S.%f}Z"
        whole = f"{moment:%Y-%m-%dT%H:%M:%S}"
        return whole if self.form == "no_offset" else f"{whole}Z"


@fault
class RespellId(Fault):
    """Write the ids of our calls in another way: as a JSON `number`, which OCPP does not allow, as a text of
    `digits`, or in `upper` case. The ids of the answers are put back, so that the talk goes on."""

    direction = "both"

    spelling: str = setting("number", "how", words=_SPELLINGS)

    def spoil(self, frame: Frame, roll: Stream) -> Effects | None:
        try:
            parts = orjson.loads(frame.text)
        except ValueError:
            return None
        if not isinstance(parts, list) or len(parts) < 3:
            return None
        if frame.direction == "out" and parts[0] == 2 and isinstance(parts[1], str):
            respelled = self._respelled(parts[1])
        elif frame.direction == "in" and parts[0] in (3, 4) and isinstance(parts[1], str | int):
            respelled = self._put_back(str(parts[1]))
        else:
            return None
        return None if respelled is None else [Deliver(written([parts[0], respelled, *parts[2:]]))]

    def _respelled(self, unique: str) -> str | int | None:
        if self.spelling == "upper":
            return unique.upper()
        key, _, count = unique.rpartition("-")
        if not _OURS.fullmatch(unique):
            return None
        number = int(key, 16) * _ROOM + int(count)
        return number if self.spelling == "number" else str(number)

    def _put_back(self, unique: str) -> str | None:
        if self.spelling == "upper":
            return unique.lower() if unique != unique.lower() else None
        if not unique.isdecimal() or len(unique) > 16:
            return None
        key, count = divmod(int(unique), _ROOM)
        return f"{key:08x}-{count}"


_TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d")

_OURS = re.compile("[0-9a-f]{8}-[0-9]{1,6}")
"""What the ids of our own calls look like."""

_ROOM = 10**6
"""Below this is the count of an id that is written as a number, which so stays below 2^53."""
