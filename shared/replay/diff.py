"""The first difference between two recordings, station by station."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from shared.actions import STATION
from shared.replay.compare import MISSING, Ids, Rules, Unlike, is_like, unlike
from shared.replay.recording import CALL, Frame, Recording, replies_of

CONTEXT = 3
"""Frames shown before and after a difference."""

_MOST_EXTRA = 6
"""Frames in a row that are recognised as left out or added, not as others."""


@dataclass(frozen=True)
class Difference:
    """Where two conversations part: the frames there (None: the recording has none), and what differs in them.

    `expected` and `actual` hold the frames from a few before the difference to a few after it.
    """

    station: str
    left: Frame | None
    right: Frame | None
    unlike: Unlike
    before: tuple[tuple[Frame, Frame], ...]
    expected: tuple[Frame, ...]
    actual: tuple[Frame, ...]


def diff(
    expected: Recording,
    actual: Recording,
    *,
    without: Collection[str] = (),
    ignore: Sequence[str] = (),
    context: int = CONTEXT,
) -> list[Difference]:
    """The first difference of each station; none when the recordings say the same.

    Messages of the actions `without` are left out with their answers; what `ignore` covers (`compare.Rules`) does not
    count. Stations are matched by identity, or, where each recording has one only, with each other. An answer is
    compared where its call is: when it came among the calls of the other side is chance.
    """
    rules = Rules(ignore)
    found = []
    for station, (left, right) in _matched(expected, actual).items():
        ours, theirs = (_in_order(frames, without) for frames in (left, right))
        difference = _first(station, ours, theirs, rules, context)
        if difference is not None:
            found.append(difference)
    return found


def _matched(left: Recording, right: Recording) -> dict[str, tuple[list[Frame], list[Frame]]]:
    ours, theirs = left.stations, right.stations
    if len(ours) == len(theirs) == 1:
        return {ours[0]: (left.frames, right.frames)}
    return {name: (left.of(name), right.of(name)) for name in dict.fromkeys([*ours, *theirs])}


def _in_order(frames: list[Frame], without: Collection[str]) -> list[Frame]:
    """The frames, each answer directly after its call."""
    replies = replies_of(frames)
    placed = {id(reply) for reply in replies.values()}
    made: list[Frame] = []
    for at, frame in enumerate(frames):
        if id(frame) in placed or frame.action in without:
            continue
        made.append(frame)
        if frame.kind == CALL and at in replies:
            made.append(replies[at])
    return made


def _first(
    station: str, left: list[Frame], right: list[Frame], rules: Rules, context: int
) -> Difference | None:
    ids = Ids()
    for at in range(max(len(left), len(right))):
        ours, theirs = (frames[at] if at < len(frames) else None for frames in (left, right))
        if ours is not None and theirs is not None:
            if is_like(ours, theirs, ids, rules):
                unlike(ours, theirs, ids, rules)  # learns
                continue
            if _meet(left, right, at, ids, rules, more_in_left=True):
                first, theirs = Unlike("", str(ours), MISSING), None
            elif _meet(left, right, at, ids, rules, more_in_left=False):
                first, ours = Unlike("", MISSING, str(theirs)), None
            else:
                first = unlike(ours, theirs, ids, rules)[0]
        else:
            first = Unlike("", str(ours) if ours else MISSING, str(theirs) if theirs else MISSING)
        past = tuple(zip(left[max(at - context, 0) : at], right[max(at - context, 0) : at], strict=True))
        rest = (tuple(frames[at : at + context + 1]) for frames in (left, right))
        return Difference(station, ours, theirs, first, past, *rest)
    return None


def _meet(
    left: list[Frame], right: list[Frame], at: int, ids: Ids, rules: Rules, *, more_in_left: bool
) -> bool:
    """Whether one has only a few frames more at `at`: the ones after them are what the other goes on with."""
    for more in range(1, _MOST_EXTRA + 1):
        ours, theirs = (at + more, at) if more_in_left else (at, at + more)
        following = list(zip(left[ours : ours + 3], right[theirs : theirs + 3], strict=False))
        with ids.tried():
            if following and not any(unlike(one, two, ids, rules) for one, two in following):
                return True
    return False


# --- for people ---------------------------------------------------------------------------------------------------

_WIDTH = 100


def shown(difference: Difference, expected: Recording, actual: Recording) -> str:
    """A difference in words: where, what was expected, what came, and the frames around it.

    Each frame has its number in both files; those before the `-` and `+` lines are alike.
    """
    places = [
        f"{recording.path}:{frame.line} (frame {frame.number})" if frame else f"{recording.path} (no frame)"
        for frame, recording in ((difference.left, expected), (difference.right, actual))
    ]
    about = difference.left or difference.right
    what = f"{about}: {difference.unlike.path}" if difference.unlike.path else str(about)
    lines = [
        f"{difference.station}: {what}",
        f"  expected {as_json(difference.unlike.expected)}  {places[0]}",
        f"  actual   {as_json(difference.unlike.actual)}  {places[1]}",
        "",
    ]
    lines += [_row(" ", left.number, right.number, left) for left, right in difference.before]
    lines += [_row("-", frame.number, None, frame) for frame in difference.expected]
    lines += [_row("+", None, frame.number, frame) for frame in difference.actual]
    return "\n".join(lines)


def _row(mark: str, left: int | None, right: int | None, frame: Frame) -> str:
    numbers = " ".join(f"{number if number is not None else '':>5}" for number in (left, right))
    arrow = "->" if frame.sender == STATION else "<-"
    raw = frame.raw if isinstance(frame.raw, str) else repr(frame.raw)
    text = f"{mark} {numbers}  {arrow} {frame.action or frame.kind} {raw}"
    return text if len(text) <= _WIDTH else f"{text[: _WIDTH - 3]}..."


def as_json(value: Any) -> str:
    """A value of a difference as people read it, long ones cut."""
    if isinstance(value, str) and (value == MISSING or " from the " in value or value.startswith("the ")):
        return value
    text = json.dumps(value, ensure_ascii=False, default=repr)
    return text if len(text) <= 200 else f"{text[:197]}..."
