"""The events of a run, in the order in which they happen; every report is a consumer of this one stream.

RunStarted (ScenarioStarted (StepStarted StepFinished)* ScenarioFinished)* RunFinished

Scenarios may overlap: what belongs together has the same `id`. Steps nest (a fragment, a repetition, a branch) and may
overlap: within a scenario a step is known by its part, the number of the outermost step, and its path in that. All `t`
and `seq` are those of the one journal that `ScenarioFinished` hands over, so that steps and frames have one order. A
run that is cut short may end anywhere; only RunFinished says that it is over.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from shared.journal.entry import Entry


class Verdict(StrEnum):
    """What came of a scenario, a case or a step. A scenario that ended is not a scenario that passed."""

    PASSED = "passed"
    FAILED = "failed"
    INCONCLUSIVE = "inconclusive"
    """It never got to ask: a need was not met, or what was given did not come about."""
    NOT_APPLICABLE = "not applicable"
    """The other side does not have what the scenario is about, or its version does not."""
    ERROR = "error"
    """The scenario or this program is at fault, not the other side."""
    EXPECTED_FAILURE = "expected failure"
    UNEXPECTED_PASS = "unexpected pass"
    """An expected failure that passed: it turns the run red, so that its mark is taken away."""

    @property
    def is_good(self) -> bool:
        """Whether a run with nothing else is green."""
        return self in (Verdict.PASSED, Verdict.NOT_APPLICABLE, Verdict.EXPECTED_FAILURE)


@dataclass(frozen=True)
class Failure:
    """Why a step did not pass: where it stands, what was expected and what came, at which path of which frame."""

    message: str
    file: str = ""
    line: int = 0
    step: str = ""
    expected: str = ""
    actual: str = ""
    path: str = ""
    seq: int = 0
    """The journal's number of the frame that did not fit; 0 when none came."""
    last_frames: tuple[str, ...] = ()


@dataclass(frozen=True)
class RunStarted:
    """A run begins: `planned` scenarios (counted by version and case), the seed, and Unix seconds."""

    planned: int
    seed: int
    at: float
    role: str
    target: str = ""


@dataclass(frozen=True)
class ScenarioStarted:
    """A scenario begins; `id` is unique in the run, `name` and `case` are for people."""

    id: str
    name: str
    file: str
    line: int
    role: str
    version: str
    case: str = ""


@dataclass(frozen=True)
class StepStarted:
    """A step begins; `part` is given, steps or finally; `text` says it in words; `t` is protocol seconds.

    `seq` is the number of the last entry in the journal when it began: in virtual time many have the same `t`.
    """

    id: str
    part: str
    number: int
    line: int
    text: str
    t: float = 0.0
    seq: int = 0
    path: tuple[int, ...] = ()
    """Where it is inside step `number`: the turn, branch or station where there are several, and the place there."""

    @property
    def label(self) -> str:
        """The number as people read it: 3, or 3.2.1 of a step inside."""
        return ".".join(map(str, (self.number, *self.path)))


@dataclass(frozen=True)
class StepFinished:
    """A step ended. `seq` is the journal's number of the frame that it matched or sent, 0 if none."""

    id: str
    part: str
    number: int
    verdict: Verdict
    t: float = 0.0
    seq: int = 0
    failure: Failure | None = None
    path: tuple[int, ...] = ()


@dataclass(frozen=True)
class ScenarioFinished:
    """A scenario ended: its verdict with a reason, protocol and wall seconds, and its conversation.

    `journal` holds the entries of one journal, of one end or of both; their `t` is zero at Unix time `epoch`.
    """

    id: str
    verdict: Verdict
    reason: str = ""
    protocol_seconds: float = 0.0
    wall_seconds: float = 0.0
    failure: Failure | None = None
    journal: tuple[Entry, ...] = ()
    epoch: float = 0.0
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class RunFinished:
    """The run ended; `interrupted` by a signal is never green."""

    counts: Mapping[Verdict, int]
    wall_seconds: float
    interrupted: bool = False


Event = RunStarted | ScenarioStarted | StepStarted | StepFinished | ScenarioFinished | RunFinished
Consumer = Callable[[Event], object]
