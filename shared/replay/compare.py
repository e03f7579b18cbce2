"""Whether two messages say the same, apart from what differs between any two runs: ids and times.

An id that one side makes up is matched by learning: where the one recording has `transactionId` 7 and the other 1000
for the first time, 7 stands for 1000 from then on, in every message and for nothing else. So an id that is made up
anew is no difference, but one that is echoed wrongly is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from fnmatch import fnmatchcase
from typing import Any, NamedTuple

from shared.journal.redaction import REDACTED
from shared.replay.recording import ANSWER_ERROR, ERROR, UNREADABLE, Frame

IDS = frozenset("transactionId requestId remoteStartId reservationId eventId".split())
"""Members whose values one side makes up and the other repeats (1.6 §6; 2.x part 2 §3)."""

_TIME = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(:\d\d)?([.,]\d+)?([Zz]|[+-]\d\d:?\d\d)?")

MISSING = "(nothing)"


class Unlike(NamedTuple):
    """One place where two messages differ: the path inside the payload, and both values as JSON can hold them."""

    path: str
    expected: Any
    actual: Any


class Ids:
    """What each recorded id stands for in the other conversation. Owns the mapping of one pair of conversations."""

    def __init__(self, *, keep: bool = False) -> None:
        self._keep = keep
        self._live: dict[tuple[str, str | int], str | int] = {}
        self._recorded: dict[tuple[str, str | int], str | int] = {}
        self._learnt: list[tuple[tuple[str, str | int], tuple[str, str | int]]] = []

    def same(self, name: str, recorded: str | int, live: str | int) -> bool:
        """Whether `live` may stand where `recorded` stood; learnt when neither was met before."""
        known = self._live.get((name, recorded))
        if known is None and (name, live) not in self._recorded and not self._keep:
            self._learn(name, recorded, live)
            return True
        return (recorded if known is None else known) == live

    def say(self, name: str, recorded: str | int) -> str | int:
        """What is to be sent for `recorded`: what it stands for, or itself, which from then on it does."""
        if (name, recorded) not in self._live:
            self._learn(name, recorded, recorded)
        return self._live[name, recorded]

    def _learn(self, name: str, recorded: str | int, live: str | int) -> None:
        self._live[name, recorded] = live
        self._recorded[name, live] = recorded
        self._learnt.append(((name, recorded), (name, live)))

    @contextmanager
    def tried(self) -> Iterator[None]:
        """What is learnt inside the block is forgotten at its end."""
        known = len(self._learnt)
        try:
            yield
        finally:
            for recorded, live in self._learnt[known:]:
                del self._live[recorded]
                self._recorded.pop(live, None)  # two recorded ids may be sent as one
            del self._learnt[known:]


class Rules:
    """What is passed over: `ignore` are patterns of paths, as in `interval` or `MeterValues.*.sampledValue`.

    A path is written with dots, indexes too (`meterValue.0.timestamp`); a pattern may begin with the action, may hold
    * and ?, and covers all that is inside what it names.
    """

    def __init__(self, ignore: Sequence[str] = ()) -> None:
        self._ignore = tuple(ignore)

    def covers(self, action: str, path: str) -> bool:
        """Whether differences at `path` of an `action` do not count."""
        if not self._ignore:
            return False
        steps = path.split(".") if path else []
        for length in range(len(steps) + 1):
            inside = ".".join(steps[:length])
            names = [f"{action}.{inside}", inside] if inside else [action]
            if any(fnmatchcase(name, pattern) for name in names for pattern in self._ignore):
                return True
        return False


def unlike(expected: Frame, actual: Frame, ids: Ids, rules: Rules) -> list[Unlike]:
    """Where two frames differ, in the order of the expected one. Message ids do not count, nor do an error's words."""
    heads = [(frame.kind, frame.sender, frame.action) for frame in (expected, actual)]
    if heads[0] != heads[1]:
        return [] if rules.covers(expected.action, "") else [Unlike("", str(expected), str(actual))]
    if expected.kind == UNREADABLE:
        return [] if expected.raw == actual.raw else [Unlike("", expected.raw, actual.raw)]
    if expected.kind in (ERROR, ANSWER_ERROR):
        codes = [frame.parts[2] if len(frame.parts) > 2 else MISSING for frame in (expected, actual)]
        alike = codes[0] == codes[1] or rules.covers(expected.action, "errorCode")
        return [] if alike else [Unlike("errorCode", *codes)]
    found = _walk(expected.payload, actual.payload, "", "", ids)
    return [each for each in found if not rules.covers(expected.action, each.path)]


def is_like(expected: Frame, actual: Frame, ids: Ids, rules: Rules) -> bool:
    """Whether two frames say the same, as far as is known; nothing is learnt from it."""
    with ids.tried():
        return not unlike(expected, actual, ids, rules)


def _walk(expected: Any, actual: Any, path: str, name: str, ids: Ids) -> Iterator[Unlike]:
    if isinstance(expected, dict) and isinstance(actual, dict):
        for key in dict.fromkeys([*expected, *actual]):
            inside = f"{path}.{key}" if path else key
            if key not in actual:
                yield Unlike(inside, expected[key], MISSING)
            elif key not in expected:
                yield Unlike(inside, MISSING, actual[key])
            else:
                yield from _walk(expected[key], actual[key], inside, key, ids)
    elif isinstance(expected, list) and isinstance(actual, list):
        for at in range(max(len(expected), len(actual))):
            inside = f"{path}.{at}" if path else str(at)
            if at >= len(actual):
                yield Unlike(inside, expected[at], MISSING)
            elif at >= len(expected):
                yield Unlike(inside, MISSING, actual[at])
            else:
                yield from _walk(expected[at], actual[at], inside, name, ids)
    elif not _alike(expected, actual, name, ids):
        yield Unlike(path, expected, actual)


def _alike(expected: Any, actual: Any, name: str, ids: Ids) -> bool:
    if expected == REDACTED or actual == REDACTED:  # nobody knows any more what it was
        return True
    if isinstance(expected, bool) or isinstance(actual, bool):
        return expected is actual
    if name in IDS and isinstance(expected, str | int) and isinstance(actual, str | int):
        return ids.same(name, expected, actual)
    if isinstance(expected, str) and isinstance(actual, str) and is_time(expected) and is_time(actual):
        return True
    return bool(expected == actual)


def is_time(value: str) -> bool:
    """Whether a text is a timestamp (ISO 8601 with a date and a time)."""
    return 16 <= len(value) <= 40 and _TIME.fullmatch(value) is not None
