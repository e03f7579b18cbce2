"""What was exercised: action x direction x value, counted per version, and held against what there is.

One Matrix is filled from journals or from the file of an earlier run; adding either is the same.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from shared.journal.entry import Entry
from shared.option_fields import UsageError
from shared.report import coverage_minimum
from shared.report.conversation import exchanges, passages
from shared.report.coverage_catalogue import ANSWER, REQUEST, enumerations, messages, values
from shared.versions import VERSIONS, Version, version

FORMAT = "ocpp-coverage 1"
MINIMUM, MESSAGES, VALUES = "minimum", "messages", "values"
MEASURES = (MINIMUM, MESSAGES, VALUES)
"""The variants of the eight messages; requests and answers of all actions; values of all enumerations."""


class Share(NamedTuple):
    """So many of so many."""

    seen: int
    of: int

    @property
    def percent(self) -> float:
        """0 to 100; nothing of nothing is 0, for a check that checked nothing has not passed."""
        return 100 * self.seen / self.of if self.of else 0.0

    def __str__(self) -> str:
        return f"{self.seen} of {self.of} ({int(self.percent)} %)"


Message = tuple[str, str, str]
"""sender, action, part ("request" or "answer")"""


class Matrix:
    """Counts per version. `scenarios` and `runs` say what they are made of."""

    def __init__(self) -> None:
        self.runs = 0
        self.scenarios = 0
        self.messages: dict[Version, Counter[Message]] = {v: Counter() for v in VERSIONS}
        self.errors: dict[Version, Counter[tuple[str, str, str]]] = {v: Counter() for v in VERSIONS}
        """(sender of the call, action, error code)"""
        self.values: dict[Version, Counter[tuple[str, str, str, str, str]]] = {v: Counter() for v in VERSIONS}
        """(sender of the call, action, part, path, value)"""
        self.minimum: dict[Version, Counter[tuple[str, str]]] = {v: Counter() for v in VERSIONS}

    def take(self, journal: Iterable[Entry], spoken: str, epoch: float) -> None:
        """Add one conversation; `spoken` names the version of stations whose connection it does not tell of."""
        self.scenarios += 1
        told = list(exchanges(passages(journal, spoken)))
        for x in told:
            self._count(x.version, x.sender, x.action, REQUEST, x.request)
            if x.error:
                self.errors[x.version][x.sender, x.action, x.error] += 1
            elif x.answer_seq:
                self._count(x.version, x.sender, x.action, ANSWER, x.answer)
        for (spoken_by, message, variant), times in coverage_minimum.hits(told, epoch).items():
            self.minimum[spoken_by][message, variant] += times

    def _count(self, spoken: Version, sender: str, action: str, part: str, payload: Any) -> None:
        if (sender, action, part) not in _all_messages(spoken):
            return  # not a message of this version, or not from this side: nothing of the catalogue
        self.messages[spoken][sender, action, part] += 1
        for path, value in values(payload, enumerations(spoken, action, part)):
            self.values[spoken][sender, action, part, path, value] += 1

    # --- held against what there is -----------------------------------------------------------------------

    @property
    def versions(self) -> list[Version]:
        """The versions that were spoken."""
        return [v for v in VERSIONS if self.messages[v]]

    def share(self, spoken: Version, measure: str) -> Share:
        """How much of one measure was exercised."""
        if measure == MINIMUM:
            wanted = [
                (row.message, variant) for row in coverage_minimum.rows(spoken) for variant in row.variants
            ]
            return Share(sum(self.minimum[spoken][each] > 0 for each in wanted), len(wanted))
        if measure == MESSAGES:
            every = _all_messages(spoken)
            return Share(sum(self.messages[spoken][each] > 0 for each in every), len(every))
        found = [self.values[spoken][each] > 0 for each in _all_values(spoken)]
        return Share(sum(found), len(found))

    # --- as a file ----------------------------------------------------------------------------------------

    def as_object(self, spoken: Iterable[Version]) -> dict[str, Any]:
        """The whole matrix as JSON, what was never seen with 0, so that it can be read without the catalogue."""
        return {
            "format": FORMAT,
            "runs": self.runs,
            "scenarios": self.scenarios,
            "versions": {str(v): self._version_object(v) for v in spoken},
        }

    def _version_object(self, spoken: Version) -> dict[str, Any]:
        senders: dict[str, dict[str, Any]] = {}
        for message in messages(spoken):
            sender, action = message.sender, message.action
            one: dict[str, Any] = {"block": message.block}
            for part in message.parts:
                found = self.values[spoken]
                one[part] = {
                    "count": self.messages[spoken][sender, action, part],
                    "values": {
                        path: {value: found[sender, action, part, path, value] for value in allowed}
                        for path, allowed in enumerations(spoken, action, part).items()
                    },
                }
            codes = self.errors[spoken].items()
            one["errors"] = {
                code: n for (who, what, code), n in sorted(codes) if (who, what) == (sender, action)
            }
            senders.setdefault(sender, {})[action] = one
        return {
            "summary": {measure: self.share(spoken, measure)._asdict() for measure in MEASURES},
            MINIMUM: {
                row.message: {variant: self.minimum[spoken][row.message, variant] for variant in row.variants}
                for row in coverage_minimum.rows(spoken)
            },
            MESSAGES: senders,
        }

    def merge(self, path: str) -> None:
        """Add the counts of the file of an earlier run; UsageError when it is none."""
        try:
            read = orjson.loads(Path(path).read_bytes())
            if read["format"] != FORMAT:
                raise ValueError(f"its format is {read['format']!r}, not {FORMAT!r}")
            self._add(read)
        except OSError as problem:
            raise UsageError(f"report coverage: cannot read {path}: {problem.strerror or problem}") from None
        except (ValueError, KeyError, TypeError, AttributeError) as problem:
            raise UsageError(f"report coverage: {path} is not a coverage file: {problem}") from None

    def _add(self, read: Any) -> None:
        for name, one in read["versions"].items():
            spoken = version(name)
            for message, variants in one[MINIMUM].items():
                for variant, times in variants.items():
                    self.minimum[spoken][message, variant] += _number(times)
            for sender, actions in one[MESSAGES].items():
                for action, told in actions.items():
                    self._add_message(spoken, sender, action, told)
        self.runs += _number(read["runs"])
        self.scenarios += _number(read["scenarios"])

    def _add_message(self, spoken: Version, sender: str, action: str, told: Any) -> None:
        for part in (REQUEST, ANSWER):
            if part not in told:
                continue
            if times := _number(told[part]["count"]):
                self.messages[spoken][sender, action, part] += times
            for path, found in told[part]["values"].items():
                for value, number in found.items():
                    self.values[spoken][sender, action, part, path, value] += _number(number)
        for code, number in told["errors"].items():
            self.errors[spoken][sender, action, code] += _number(number)


def _number(value: Any) -> int:
    if type(value) is not int or value < 0:
        raise ValueError(f"{value!r} is not a count")
    return value


_MESSAGES: dict[Version, frozenset[Message]] = {}


def _all_messages(spoken: Version) -> frozenset[Message]:
    if spoken not in _MESSAGES:
        _MESSAGES[spoken] = frozenset(
            (m.sender, m.action, part) for m in messages(spoken) for part in m.parts
        )
    return _MESSAGES[spoken]


def _all_values(spoken: Version) -> Iterator[tuple[str, str, str, str, str]]:
    for message in messages(spoken):
        for part in message.parts:
            for path, allowed in enumerations(spoken, message.action, part).items():
                for value in allowed:
                    yield message.sender, message.action, part, path, value
