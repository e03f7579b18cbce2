"""Plays scenarios from text in one process, and keeps what was told of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from shared.journal.entry import Entry
from shared.journal.journal import Journal
from shared.report.events import Event, Failure, ScenarioFinished, StepFinished, Verdict
from shared.scenario.load import load_text
from shared.scenario.runner import MEMORY, Bench, plan, run
from shared.versions import VERSIONS, Version


class Played:
    """What came of a text: the verdicts in order, every event, and every journal."""

    def __init__(self, text: str, *, file: str = "test.yaml", toml: bool = False, **bench: Any) -> None:
        self.events: list[Event] = []
        self.journals: list[list[Entry]] = []
        self.bench = Bench(watch=self._watch, **bench)
        self.rounds = plan(load_text(text, file, toml=toml), self.bench)
        run(self.rounds, self.bench, self.events.append)

    def _watch(self, journal: Journal) -> Any:
        entries: list[Entry] = []
        self.journals.append(entries)
        return journal.subscribe(entries.append)

    @property
    def finished(self) -> list[ScenarioFinished]:
        """How each round ended."""
        return [event for event in self.events if isinstance(event, ScenarioFinished)]

    @property
    def verdicts(self) -> set[Verdict]:
        """The verdicts of all rounds."""
        return {event.verdict for event in self.finished}

    @property
    def failure(self) -> Failure:
        """The first round's failure."""
        found = self.finished[0].failure
        assert found is not None, self.finished[0]
        return found

    @property
    def reason(self) -> str:
        """Why the first round has its verdict."""
        return self.finished[0].reason

    def steps(self, part: str = "steps") -> list[Verdict]:
        """The verdicts of the steps of one part, of all rounds."""
        return [
            e.verdict for e in self.events if isinstance(e, StepFinished) and e.part == part and not e.path
        ]

    def passes(self) -> None:
        """Every round has passed, or the version lacks what it is about."""
        wrong = [(e.id, e.verdict.value, e.reason, e.failure) for e in self.finished if not e.verdict.is_good]
        assert not wrong, wrong
        assert self.finished


def play(
    steps: str, *, versions: Sequence[Version] = VERSIONS, head: str = "role: charge_point", **bench: Any
) -> Played:
    """Play a list of steps, written as YAML with two blanks before each."""
    return Played(
        f"scenario: a test\n{head}\nsteps:\n{steps}", versions=tuple(versions), over=MEMORY, **bench
    )
