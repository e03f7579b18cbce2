"""What all faults have in common: which messages they are done to, how often, and how likely.

An `Injection` is one fault with its envelope, as data; a `Handle` is an injection in force, with its counts.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from shared.chance import Stream
from shared.faults.effects import IN, KINDS, OUT, Frame
from shared.faults.registry import Fault, Setting, settings_of
from shared.versions import V2X, VERSIONS

BOTH = "both"

_VERSIONS = {**{version.name: (version,) for version in VERSIONS}, "2.x": V2X}


def _member(default: Any, help: str, *, least: float | None = None, words: tuple[str, ...] = ()) -> Any:
    return field(default=default, metadata={"help": help, "least": least, "words": words})


@dataclass(frozen=True)
class Injection:
    """A fault, and which messages it is done to. All the filters must hold; counting is for each station by itself."""

    fault: Fault
    direction: str = _member("", "of the messages, seen from the program", words=(IN, OUT, BOTH))
    action: tuple[str, ...] = _member(
        (), "messages of these actions, and the answers to them; `tx.started`, `tx.updated`, `tx.ended` on any version"
    )  # fmt: skip
    kind: tuple[str, ...] = _member((), "messages of these kinds", words=KINDS)
    version: tuple[str, ...] = _member((), "on connections of these versions of OCPP", words=tuple(_VERSIONS))
    message_id: str = _member("", "messages with this id; `*` stands for anything")
    nth: int = _member(0, "the nth of the messages that match, and no other", least=1)
    every: int = _member(0, "every nth of the messages that match", least=1)
    station: str = _member("", "at this station; `*` stands for anything, as in `CP*`")
    probability: float = _member(1.0, "how likely it is for each, 0 to 1", least=0)
    times: int = _member(0, "at most so often", least=1)
    lasts: float = _member(0.0, "seconds that it is in force, from the start on", least=0)
    seed: int | None = _member(None, "of its chance, instead of `--seed`")
    where: tuple[tuple[str, str], ...] = ()
    """Members of the payload that must have these values, by their dotted paths."""

    def __str__(self) -> str:
        """The text that gives this injection again."""
        words = [f"where.{path}={_quoted(value)}" for path, value in self.where]
        for owner in (self.fault, self):
            for name, each in settings_of(type(owner)).items():
                value = getattr(owner, name)
                if value != each.default:
                    words.append(f"{name}={_quoted(_text(value))}")
        return f"{self.fault.name}{':' if words else ''}{','.join(words)}"

    @property
    def directions(self) -> tuple[str, ...]:
        """Which ways it holds for."""
        direction = self.direction or self.fault.direction
        return (IN, OUT) if direction == BOTH else (direction,)

    def concerns(self, frame: Frame, station: str) -> bool:
        """Whether the filters let it be done to `frame`, all but the counts and chance."""
        if frame.direction not in self.directions:
            return False
        kinds = self.kind or self.fault.kinds
        if kinds and frame.kind not in kinds:
            return False
        names = self.fault.names() or self.action
        if names and not any(name in frame.names for name in names):
            return False
        if self.version and not any(frame.version in _VERSIONS[name] for name in self.version):
            return False
        if self.message_id and not fnmatchcase(frame.id, self.message_id):
            return False
        return self.is_at(station) and all(_found(frame.payload, path, value) for path, value in self.where)

    def is_at(self, station: str) -> bool:
        """Whether it is for this station."""
        return not self.station or fnmatchcase(station, self.station)


ENVELOPE: dict[str, Setting] = settings_of(Injection)
"""The members that every fault has beside its own settings."""


def _found(payload: Any, path: str, value: str) -> bool:
    for step in path.split("."):
        if isinstance(payload, dict) and step in payload:
            payload = payload[step]
        elif isinstance(payload, list) and step.isdecimal() and int(step) < len(payload):
            payload = payload[int(step)]
        else:
            return False
    if isinstance(payload, bool):
        return str(payload).lower() == value.lower()
    return str(payload) == value


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return "+".join(value)
    return f"{value:g}" if isinstance(value, float) else str(value)


def _quoted(text: str) -> str:
    """Text as a value in a list of settings: quoted where a comma or a quote would end it."""
    if any(c in text for c in ",\"'") or text != text.strip():
        return "'" + text.replace("'", "''") + "'"
    return text


@dataclass
class _Course:
    """How far an injection has come at one station."""

    roll: Stream
    seen: int = 0
    done: int = 0


@dataclass(eq=False)
class Handle:
    """An injection in force. Owns its counts; `key` tells its chance from that of another of the same name."""

    number: int
    injection: Injection
    since: float
    seed: object
    key: tuple[object, ...]
    courses: dict[str, _Course] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The fault's."""
        return self.injection.fault.name

    @property
    def applied(self) -> int:
        """How often it was done."""
        return sum(course.done for course in self.courses.values())

    def is_over(self, now: float) -> bool:
        """Whether its time is up."""
        return bool(self.injection.lasts) and now >= self.since + self.injection.lasts

    def turn(self, station: str) -> Stream | None:
        """Count one more that the filters let through, and say whether it is the fault's turn: with the chance for it.

        What is then done is to be told with `done`.
        """
        course = self._course(station)
        injection = self.injection
        course.seen += 1
        if injection.nth and course.seen != injection.nth:
            return None
        if injection.every and course.seen % injection.every:
            return None
        if injection.times and course.done >= injection.times:
            return None
        if injection.probability < 1 and course.roll.random() >= injection.probability:
            return None
        return course.roll

    def done(self, station: str) -> None:
        """It was done at `station`."""
        self._course(station).done += 1

    def _course(self, station: str) -> _Course:
        course = self.courses.get(station)
        if course is None:
            seed = self.seed if self.injection.seed is None else self.injection.seed
            course = self.courses[station] = _Course(Stream(seed, station, "fault", *self.key))
        return course
