"""A recorded conversation: its frames in order, who sent each, and which answer belongs to which call."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import orjson

from shared.actions import CSMS, STATION, known
from shared.dispatch import Payload
from shared.versions import VERSIONS, Version
from shared.wire.schema import schemas

CALL, ANSWER, ERROR, ANSWER_ERROR, SEND, UNREADABLE = (
    "call",
    "answer",
    "error",
    "answer_error",
    "send",
    "unreadable",
)
_KINDS = {2: CALL, 3: ANSWER, 4: ERROR, 5: ANSWER_ERROR, 6: SEND}
"""Message types (OCPP-J 1.6 §4.1.3; 2.1 part 4 §4.1.3) as a journal calls them."""

_OTHER = {STATION: CSMS, CSMS: STATION}


class Unreadable(Exception):
    """A file is no recording; the text begins with `file:line:` and says what was expected there."""


def other(role: str) -> str:
    """The role at the other end: "csms" for "charge_point" and the reverse."""
    return _OTHER[role]


@dataclass(frozen=True, slots=True)
class Frame:
    """One message of a recording.

    `number` is its journal's sequence number, or its ordinal in a foreign log; `line` its line in the file; `at` is in
    Unix seconds, or in seconds from some midnight where the log has no date; `sender` is "charge_point" or "csms";
    `connection` counts the connections of the station from 0. Of an answer, `action` is that of its call, "" when
    the call is not in the recording.
    """

    number: int
    line: int
    at: float
    station: str
    sender: str
    raw: str | bytes
    kind: str
    parts: Sequence[Any]
    connection: int = 0
    action: str = ""

    @property
    def id(self) -> str:
        """The message id, "" when there is none that can be read."""
        return self.parts[1] if len(self.parts) > 1 and isinstance(self.parts[1], str) else ""

    @property
    def payload(self) -> Any:
        """The payload of a call, SEND or answer; the details of an error; None where there is none."""
        at = {CALL: 3, SEND: 3, ANSWER: 2, ERROR: 4, ANSWER_ERROR: 4}.get(self.kind, 0)
        return self.parts[at] if at and len(self.parts) > at else None

    @property
    def asks(self) -> bool:
        """Whether this begins something: a CALL or a SEND."""
        return self.kind in (CALL, SEND)

    def __str__(self) -> str:
        if self.asks:
            return f"{self.action} from the {_SPOKEN[self.sender]}"
        if self.kind == UNREADABLE:
            return f"an unreadable frame from the {_SPOKEN[self.sender]}"
        return f"the {_REPLY[self.kind]} to {self.action or self.id}"


_SPOKEN = {STATION: "station", CSMS: "CSMS"}
_REPLY = {ANSWER: "answer", ERROR: "CALLERROR", ANSWER_ERROR: "CALLRESULTERROR"}


class Exchange(NamedTuple):
    """A call and what it was answered: `answer` a payload, or `error` (code, description, details), or neither.

    A SEND has no answer ever. `at` and `answered_at` are on the recording's scale, the latter None without an answer.
    """

    station: str
    sender: str
    action: str
    request: Payload
    answer: Payload | None
    error: tuple[str, str, Any] | None
    at: float
    answered_at: float | None
    call: Frame
    reply: Frame | None


@dataclass
class Recording:
    """The frames of one file, of all its stations in the order of the file.

    `versions` holds what each station negotiated, where the file says so. `cut_short` tells that the last line was only
    half there and was left out.
    """

    path: str
    frames: list[Frame] = field(default_factory=list)
    versions: dict[str, Version] = field(default_factory=dict)
    cut_short: bool = False

    @property
    def stations(self) -> list[str]:
        """The identities, in the order of their first frame."""
        return list(dict.fromkeys(frame.station for frame in self.frames))

    def of(self, station: str) -> list[Frame]:
        """The frames of one station."""
        return [frame for frame in self.frames if frame.station == station]

    def connections(self, station: str) -> list[list[Frame]]:
        """The frames of one station by connection; connections on which nothing was said are left out."""
        made: dict[int, list[Frame]] = {}
        for frame in self.of(station):
            made.setdefault(frame.connection, []).append(frame)
        return list(made.values())

    def exchanges(self, station: str | None = None) -> list[Exchange]:
        """Every call with its answer, in the order of the calls; of one station when it is named."""
        frames = self.frames if station is None else self.of(station)
        replies = replies_of(frames)
        made = []
        for at, call in enumerate(frames):
            if call.asks and isinstance(call.payload, dict):
                made.append(_exchange(call, replies.get(at)))
        return made

    def version(self, station: str) -> Version:
        """What the station speaks: as the file says, else the version that most of its calls are valid in."""
        return self.versions.get(station) or guessed(self.of(station))


def _exchange(call: Frame, reply: Frame | None) -> Exchange:
    answer = error = None
    if reply is not None and reply.kind == ANSWER and isinstance(reply.payload, dict):
        answer = reply.payload
    elif reply is not None and reply.kind == ERROR:
        code, description, details = [*reply.parts[2:5], "", "", {}][:3]
        error = (str(code), str(description), details)
    return Exchange(
        call.station,
        call.sender,
        call.action,
        call.payload,
        answer,
        error,
        call.at,
        None if reply is None else reply.at,
        call,
        reply,
    )


def replies_of(frames: Sequence[Frame]) -> dict[int, Frame]:
    """Index of each call -> the frame that answers it. An id that was used again is answered in turn."""
    open_calls: dict[tuple[str, int, str, str], list[int]] = {}
    replies: dict[int, Frame] = {}
    for at, frame in enumerate(frames):
        if frame.kind == CALL:
            key = (frame.station, frame.connection, frame.sender, frame.id)
            open_calls.setdefault(key, []).append(at)
        elif frame.kind in (ANSWER, ERROR):
            key = (frame.station, frame.connection, other(frame.sender), frame.id)
            if waiting := open_calls.get(key):
                replies[waiting.pop(0)] = frame
    return replies


def parts_of(raw: str | bytes) -> list[Any]:
    """The frame as a list; empty when it is no JSON array."""
    try:
        parsed = orjson.loads(raw)
    except ValueError:
        return []
    return parsed if isinstance(parsed, list) else []


def kind_of(parts: Sequence[Any]) -> str:
    """call, answer, error, answer_error, send or unreadable."""
    if not parts or type(parts[0]) is not int or len(parts) < 2 or not isinstance(parts[1], str):
        return UNREADABLE
    kind = _KINDS.get(parts[0], UNREADABLE)
    is_named = len(parts) > 2 and isinstance(parts[2], str)
    return UNREADABLE if kind in (CALL, SEND) and not is_named else kind


def with_actions(frames: Iterable[Frame]) -> list[Frame]:
    """The same frames, each answer knowing the action that it answers."""
    made: list[Frame] = []
    asked: dict[tuple[str, str, str], str] = {}
    for frame in frames:
        if frame.asks:
            frame = replace(frame, action=frame.parts[2])
            asked[frame.station, frame.sender, frame.id] = frame.action
        elif (
            frame.kind == ANSWER_ERROR
        ):  # about an answer of the other side, to a call of one's own (2.1 §4.2.3)
            frame = replace(frame, action=asked.get((frame.station, frame.sender, frame.id), ""))
        elif frame.kind != UNREADABLE:
            frame = replace(frame, action=asked.get((frame.station, other(frame.sender), frame.id), ""))
        made.append(frame)
    return made


_MOST_LOOKED_AT = 500


def guessed(frames: Sequence[Frame]) -> Version:
    """The version in whose schemas most of the calls are valid; the oldest of several."""

    asked = [frame for frame in frames if frame.asks][:_MOST_LOOKED_AT]

    def fitting(version: Version) -> int:
        checked = schemas(version)
        calls = [frame for frame in asked if known(version, frame.action)]
        return sum(1 if checked.violations(call.action, call.payload) else 3 for call in calls)

    return max(VERSIONS, key=fitting)
