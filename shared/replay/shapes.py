"""Logs that other programs wrote: one OCPP frame a line, with whatever stands around it.

What is looked for in a line, wherever it stands: the frame (`[2,"id",...]`, also as a string with its quotes escaped
or, in CSV, doubled); a timestamp; a word or an arrow that gives the direction; the station's identity. Lines without
a frame are passed over. A direction in words of one end ("received", `<<`, TX) says nothing before it is known whose
words they are: the calls tell, whose actions only a station or only a CSMS sends. Where nothing is said, a call's
action gives its sender, and an answer comes from the other side than its call.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from shared.actions import ACTIONS, CSMS, STATION
from shared.replay import marks
from shared.replay.recording import (
    ANSWER,
    CALL,
    ERROR,
    UNREADABLE,
    Frame,
    Recording,
    Unreadable,
    kind_of,
    other,
)
from shared.versions import VERSIONS

UNNAMED = "station"
"""What a station is called that the log does not name."""

_START = re.compile(r'\[\s*[2-6]\s*,\s*(\\*"+)')
_VERSION = re.compile(r"ocpp[ _-]?j?[ _-]?(1\.6|2\.0\.1|2\.1)(?![\d.])", re.IGNORECASE)
_FRAME_MEMBERS = (
    "frame message msg payload ocpp raw data text body content json ocpp_message log event".split()
)


@dataclass(slots=True)
class _Line:
    """What one line says: `direction` is marks.IN, OUT, a role, or "" when nothing is said."""

    number: int
    raw: str
    parts: list[Any]
    at: float | None
    direction: str
    station: str
    sender: str = ""

    @property
    def kind(self) -> str:
        return kind_of(self.parts)

    @property
    def id(self) -> str:
        return self.parts[1] if len(self.parts) > 1 and isinstance(self.parts[1], str) else ""


def read_log(lines: list[str], recording: Recording) -> None:
    """Add the frames of a foreign log to `recording`. Raises `Unreadable`."""
    last = max((n for n, line in enumerate(lines, 1) if line.strip()), default=0)
    found: list[_Line] = []
    spoken: set[str] = set()
    heading = ""
    for number, text in enumerate(lines, 1):
        spoken.update(_VERSION.findall(text))
        try:
            line = _read(number, text)
        except ValueError as fault:
            if number == last:  # half written
                recording.cut_short = True
                break
            raise Unreadable(f"{recording.path}:{number}: {fault}") from None
        if line is None:
            heading = text if text.strip() else heading
            continue
        _headed(line, text, heading)
        heading = ""
        found.append(line)
    _name_stations(found, recording.path)
    _find_senders(found, recording.path)
    recording.frames += _frames(found)
    if len(spoken) == 1:
        version = next(v for v in VERSIONS if v.name in spoken)
        recording.versions.update(dict.fromkeys(recording.stations, version))


def _headed(line: _Line, text: str, heading: str) -> None:
    """Let the line above a frame say what the frame's own does not: some loggers put the frame on a line of its own."""
    if line.at is None:
        line.at = marks.time_in(heading)
    if text.lstrip().startswith(("[", '"[', "{")) and heading:
        line.direction = line.direction or marks.direction_in(heading)
        line.station = line.station or marks.station_in(f"{heading} ", "")


# --- one line ---------------------------------------------------------------------------------------------------


def _read(number: int, text: str) -> _Line | None:
    """What a line says, None when it holds no frame. ValueError when its frame is not whole."""
    stripped = text.strip()
    if stripped.startswith("{") and stripped.endswith("}"):
        try:
            members = json.loads(stripped)
        except ValueError:
            members = None
        if isinstance(members, dict):
            return _of_object(number, members)
    start = _START.search(text)
    if start is None:
        return None
    before, rest = text[: start.start()], text[start.start() :]
    quote = start[1]
    if quote.startswith("\\"):
        rest = _without_escapes(rest)
    elif quote.startswith('""') and not rest[: start.end() - start.start() + 1].endswith('"",'):
        rest = rest.replace('""', '"')  # CSV
    parts, end = _decoded(rest)
    at = marks.time_in(before)
    around = f"{before} \x00 {rest[end:]}"
    return _Line(
        number,
        rest[:end],
        parts,
        at if at is not None else marks.time_in(rest[end:]),
        marks.direction_in(around),
        marks.station_in(before, rest[end:]),
    )


def _decoded(text: str) -> tuple[list[Any], int]:
    try:
        parts, end = json.JSONDecoder(strict=False).raw_decode(text)
    except ValueError as fault:
        at = getattr(fault, "pos", 0)
        raise ValueError(
            f"expected a whole JSON frame after {text[:24]!r}, but it breaks off or is no JSON "
            f"at its character {at + 1}"
        ) from None
    return parts, end


def _without_escapes(text: str) -> str:
    """A frame that stands in a JSON string: as much of the string as there is, unescaped."""
    try:
        inner, _ = json.JSONDecoder(strict=False).raw_decode(f'"{text}"')
    except ValueError:
        return text.replace('\\"', '"').replace("\\\\", "\\")
    return str(inner)


def _of_object(number: int, members: dict[str, Any]) -> _Line | None:
    """A line that is a JSON object, the frame among its members: as a list or as text."""
    lowered = {name.lower(): value for name, value in _flat(members)}
    names = [name for name in _FRAME_MEMBERS if name in lowered]
    for name in dict.fromkeys([*names, *lowered]):
        value, raw, before = lowered[name], "", ""
        if isinstance(value, str) and (start := _START.search(value)):
            before = value[: start.start()]
            value, end = _decoded(value[start.start() :])
            raw = lowered[name][start.start() :][:end]
        if not isinstance(value, list) or kind_of(value) == UNREADABLE:
            continue
        raw = raw or json.dumps(value, separators=(",", ":"), ensure_ascii=False)
        at = marks.time_among(lowered)
        direction = marks.direction_among(lowered) or marks.direction_in(before)
        station = marks.station_among(lowered) or marks.station_in(before, "")
        return _Line(number, raw, value, at if at is not None else marks.time_in(before), direction, station)
    return None


def _flat(members: dict[str, Any]) -> list[tuple[str, Any]]:
    """The members, and those of the objects among them: many loggers nest their fields once."""
    nested = [item for value in members.values() if isinstance(value, dict) for item in value.items()]
    return [*nested, *members.items()]


# --- all lines --------------------------------------------------------------------------------------------------


def _name_stations(lines: list[_Line], path: str) -> None:
    named = list(dict.fromkeys(line.station for line in lines if line.station))
    of_id: dict[str, str] = {}
    for line in lines:
        if not line.station:
            if len(named) > 1 and line.id not in of_id:
                raise Unreadable(
                    f"{path}:{line.number}: no station is named here, and the file holds {len(named)} "
                    f"({', '.join(named[:4])}); expected its identity, as in station=CP1 or [CP1]"
                )
            line.station = of_id[line.id] if len(named) > 1 else (named[0] if named else UNNAMED)
        of_id[line.id] = line.station


def _find_senders(lines: list[_Line], path: str) -> None:
    """Whose message each is. The words of one end are read as what they mean for most calls that can be told."""
    votes: dict[str, dict[str, int]] = {}
    for line in lines:
        natural = _natural(line)
        if natural and line.direction in (marks.IN, marks.OUT):
            counts = votes.setdefault(line.direction, {})
            counts[natural] = counts.get(natural, 0) + 1
    words = {line.direction for line in lines} & {marks.IN, marks.OUT}
    both = len({role for counts in votes.values() for role in counts}) > 1
    meaning = {} if len(words) == 1 and both else _meaning(votes)  # one word on every line says nothing
    asked: dict[tuple[str, str], list[str]] = {}
    for line in lines:
        direction = meaning.get(line.direction, line.direction)
        said = direction if direction in (STATION, CSMS) else ""
        key = (line.station, line.id)
        if line.kind in (ANSWER, ERROR):
            waiting = asked.get(key, [])
            sender = other(said) if said else ""
            asker = sender if sender in waiting else (waiting[-1] if waiting else "")
            if asker:
                waiting.remove(asker)
            line.sender = said if not asker else other(asker)
        else:
            line.sender = said or _natural(line)
            if line.kind == CALL and line.sender:
                asked.setdefault(key, []).append(line.sender)
        if not line.sender:
            raise Unreadable(
                f"{path}:{line.number}: nothing tells who sent this {line.kind}; expected a direction "
                "(<< or >>, received or sent, TX or RX, CS->CSMS) or its call before it"
            )


def _meaning(votes: dict[str, dict[str, int]]) -> dict[str, str]:
    """What IN and OUT mean, of which at least one is known to be some role's; {} when the log contradicts itself."""
    leanings = {
        word: max(counts, key=lambda role: counts[role])
        for word, counts in votes.items()
        if max(counts.values()) * 3 >= 2 * sum(counts.values())
    }
    if len(leanings) == 2 and len(set(leanings.values())) == 1:
        return {}  # the same arrow on every line
    if len(leanings) < len(votes):
        return {}
    for word, role in list(leanings.items()):
        leanings.setdefault(marks.OUT if word == marks.IN else marks.IN, other(role))
    return leanings


def _natural(line: _Line) -> str:
    """The only role that sends the action of a call; "" where either may, or nobody knows."""
    action = ACTIONS.get(line.parts[2]) if line.kind in (CALL, "send") else None
    return action.sender if action is not None and action.sender in (STATION, CSMS) else ""


def _frames(lines: list[_Line]) -> list[Frame]:
    frames: list[Frame] = []
    at = 0.0
    day = 0.0
    for number, line in enumerate(lines, 1):
        if line.at is not None:
            if line.at < marks.A_DAY and line.at + day < at - marks.A_DAY / 2:
                day += marks.A_DAY  # a time of day only, and midnight has passed
            at = line.at + (day if line.at < marks.A_DAY else 0.0)
        frames.append(
            Frame(number, line.number, at, line.station, line.sender, line.raw, line.kind, line.parts)
        )
    return frames
