"""One scenario while it is played: its stages, what it knows by name, and where each branch of it is."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from shared.clock import Clock
from shared.journal.journal import Journal
from shared.report.events import Event
from shared.scenario import facts
from shared.scenario.facts import FACTS, NOTHING, PENDING, facts_of
from shared.scenario.match import Context, Mismatch, shown
from shared.scenario.model import CHARGE_POINT, CSMS, Scenario
from shared.scenario.stage import Broken, CannotDo, NotHere, Stage
from shared.scenario.steps import references
from shared.scenario.talk import Message, Talk
from shared.scenario.tree import Items, Node, Scalar, Table, ahead_of_now, value_of
from shared.versions import Version

DEFAULT_WITHIN = 30.0

TURNS = 20
"""Turns of the loop that a station or central system needs at most to act on what happened."""


async def settle() -> None:
    """Let whoever is concerned take note of what happened, before the next step: no time passes."""
    for _ in range(TURNS):
        await asyncio.sleep(0)


class StepFailed(Exception):
    """A step was not met; what was wanted and what came, at which path of which frame."""

    def __init__(
        self,
        message: str,
        *,
        expected: str = "",
        actual: str = "",
        path: str = "",
        seq: int = 0,
        station: str = "",
    ) -> None:
        super().__init__(message)
        self.expected, self.actual, self.path = expected, actual, path
        self.seq, self.station = seq, station


class StationView:
    """A station as a scenario refers to it: `$A` is its identity, `$A.meter.delivered` how it stands."""

    def __init__(self, id: str, play: Play) -> None:
        self.id = id
        self.play = play

    def __str__(self) -> str:
        return self.id

    def at(self, path: str) -> Any:
        """The answer to a question about it."""
        return self.play.stage_of(CHARGE_POINT).ask(path, self.id)


class Outcome:
    """What a verb gave, and the message that it is about, if any: what `as:` keeps."""

    def __init__(self, message: Message | None, play: Play, value: Any = None) -> None:
        self.message = message
        self.value = value
        self._play = play

    def at(self, path: str) -> Any:
        """A uniform member, or one of the payload or of the answer's payload, by its dotted path."""
        message, first = self.message, path.partition(".")[0]
        if message is None:
            return _dig(self.value, path)
        if first in ("answer", "request"):
            other = message.answer if first == "answer" else message.request
            if other is None:
                return PENDING if first == "answer" else NOTHING
            return _dig(other.payload, path.partition(".")[2])
        for fact in facts_of(message):
            if first in FACTS[fact]:
                found = facts.member(message, fact, first, self._play.version, self._play.talk)
                if found is not NOTHING:
                    return found
        found = _dig(message.payload, path)
        if found is NOTHING and message.answer is not None:
            found = facts.answer_member(message.answer, path)
            found = _dig(message.answer.payload, path) if found is NOTHING else found
        return PENDING if found is NOTHING and message.is_call and message.answer is None else found


def _dig(value: Any, path: str) -> Any:
    for step in path.split(".") if path else ():
        if isinstance(value, Mapping):
            value = value.get(step, NOTHING)
        elif isinstance(value, list) and step.isdigit() and int(step) < len(value):
            value = value[int(step)]
        else:
            return NOTHING
    return value


class Play:
    """One run of one scenario on one version, with one row of its cases."""

    def __init__(
        self,
        scenario: Scenario,
        version: Version,
        journal: Journal,
        stages: Mapping[str, Stage],
        values: Mapping[str, Node],
        known: Mapping[str, Any],
        view: str,
        hooks: Any = None,
    ) -> None:
        self.scenario = scenario
        self.version = version
        self.journal = journal
        self.clock: Clock = journal.clock
        self.stages = stages
        self.values: dict[str, Any] = {**known}
        self.hooks = hooks
        self.view = view
        self.tell: Callable[[Event], object] = lambda event: None
        """Hears of every step."""
        self.id = ""
        """What the events call this run of the scenario."""
        self.run_id = "0"
        """What keeps ids apart from those of other runs, towards a system that is not ours."""
        self.talks = {role: Talk(journal, role) for role in stages}
        self.talk = self.talks[view]
        self.turned_away: dict[str, str] = {}
        """By station: how its last token fared, when it was turned away without the scenario asking for that."""
        for station in scenario.stations:
            self.values[station] = StationView(station, self)
        for name, station in scenario.alias.items():
            self.values[name] = StationView(station, self)
        for name, node in values.items():
            self.values[name] = self.value(node)

    def stage_of(self, role: str) -> Stage:
        """The stage of a role. Raises NotHere when the other side is not ours."""
        stage = self.stages.get(role)
        if stage is None:
            raise NotHere(f"the {'station' if role == CHARGE_POINT else 'central system'} is not ours")
        return stage

    def close(self) -> None:
        """Listen no longer."""
        for talk in self.talks.values():
            talk.close()

    # --- what texts refer to ------------------------------------------------------------------------------

    def resolve(self, text: str, local: Mapping[str, Any] | None = None) -> Any:
        """What `text` refers to: the value itself when it is one reference, else the text with its parts filled in.

        A text without references is given back as the same object. `$now - 1min` is a time.
        """
        if text.startswith("$now") and (ahead := ahead_of_now(text)) is not None:
            return self.clock.text(self.clock.time() + ahead)
        found = references(text)
        if not found:
            return text
        if text[:1] == "$" and text[1:2] != "{":
            return self._lookup(*found[0], local)
        for name, path in found:
            text = text.replace(f"${{{name}{path}}}", shown(self._lookup(name, path, local)))
        return text

    def _lookup(self, name: str, path: str, local: Mapping[str, Any] | None) -> Any:
        now = self.clock.now() if name == "now" else NOTHING
        value = (local or {}).get(name, self.values.get(name, now))
        path = path.lstrip(".")
        if value is NOTHING:
            raise Broken(f"${name} was not made: the step that makes it did not run")
        if isinstance(value, (StationView, Outcome)):
            found = value.at(path) if path else (value.id if isinstance(value, StationView) else value.value)
        else:
            found = _dig(value, path)
        if found is PENDING or found is NOTHING:
            raise StepFailed(f"${name}.{path} is not there", expected=f"a value of {path}", actual="absent")
        return found

    def value(self, node: Node, local: Mapping[str, Any] | None = None) -> Any:
        """The value of a node, with what it refers to, where nothing says what type it has."""
        if isinstance(node, Scalar):
            found = self.resolve(node.text, local)
            return value_of(node) if found is node.text else found
        if isinstance(node, Table):
            return {key.text: self.value(member, local) for key, member in node}
        return [self.value(item, local) for item in node]


def _references_in(node: Any) -> Iterator[tuple[str, str]]:
    """What a node refers to; steps inside a step see to their own."""
    if isinstance(node, Scalar):
        if "$" in node.text:
            yield from references(node.text[node.text.index("$") :])
    elif isinstance(node, Table):
        for key, member in node:
            yield from _references_in(key)
            yield from _references_in(member)
    elif isinstance(node, Items):
        for item in node:
            yield from _references_in(item)


Place = tuple[Any, ...]
"""Which step is done: its part, and the numbers of `StepStarted`."""


class Branch:
    """Where one line of steps is: its station, its end, and how far each conversation was looked through."""

    def __init__(self, play: Play, station: str, end: str, parent: Branch | None = None) -> None:
        self.play = play
        self.station = station
        self.end = end
        self.cursors: dict[tuple[str, str], int] = dict(parent.cursors) if parent else {}
        self.used: set[int] = set(parent.used) if parent else set()
        self.local: dict[str, Any] = dict(parent.local) if parent else {}
        self.forbidden: list[tuple[Node, int, str, str]] = []
        self.barriers: dict[str, asyncio.Barrier] = parent.barriers if parent else {}
        self.siblings: int = parent.siblings if parent else 1
        self.seq = 0
        """The journal's number of the frame that the last step matched or sent."""
        self.place: Place = parent.place if parent else ("", 0)

    def of(self, station: str, end: str = "") -> Branch:
        """This branch with its steps at another station or end; cursors and captures stay its own."""
        other = Branch(self.play, station, end or self.end)
        for name in ("cursors", "used", "local", "forbidden", "barriers", "siblings", "place"):
            setattr(other, name, getattr(self, name))
        return other

    @property
    def version(self) -> Version:
        """The version that is spoken."""
        return self.play.version

    @property
    def talk(self) -> Talk:
        """The conversation as this end saw it."""
        return self.play.talks.get(self.end, self.play.talk)

    @property
    def messages(self) -> list[Message]:
        """The messages of this branch's station."""
        return self.talk.station(self.station)

    @property
    def cursor(self) -> int:
        """How far the conversation was looked through: the place after the last match."""
        return self.cursors.get((self.station, self.talk.end), 0)

    @cursor.setter
    def cursor(self, at: int) -> None:
        self.cursors[self.station, self.talk.end] = at

    @property
    def context(self) -> Context:
        """What a match is made with."""
        return Context(self.version, self.talk, self.resolve)

    def resolve(self, text: str) -> Any:
        """What a text refers to."""
        local = {**self.local, "me": self.station}
        return self.play.resolve(text, local)

    def value(self, node: Node) -> Any:
        """The value of a node."""
        return self.play.value(node, {**self.local, "me": self.station})

    def stage(self, role: str) -> Stage:
        """The stage of a role; NotHere when it is not ours."""
        return self.play.stage_of(role)

    @property
    def own(self) -> Stage:
        """The stage at whose end this branch is. Raises NotHere."""
        return self.stage(self.end)

    async def answers(self, nodes: Iterable[Any], within: float = DEFAULT_WITHIN) -> None:
        """Wait for the answers in which what `nodes` refer to will stand, as does the `$start.tx` of 1.6.

        What has not come `within` the time is not there for whoever asks.
        """
        kept = [
            (value, path.lstrip("."))
            for name, path in (each for node in nodes for each in _references_in(node))
            if isinstance(value := self.local.get(name, self.play.values.get(name)), Outcome)
        ]
        try:
            async with asyncio.timeout(within):
                while any(value.at(path) is PENDING for value, path in kept):
                    await self.talk.news()
        except TimeoutError:
            pass

    async def act(self, role: str, verb: str, **arguments: Any) -> Any:
        """Have a role's stage do something at this branch's station, and let it take effect."""
        result = await self.stage(role).act(verb, self.station, arguments)
        await settle()
        return result

    def presented(self, token: object, value: Any) -> None:
        """Keep what came of a token, in case that what follows from it is missed: `value` has outcome and reason."""
        self.play.turned_away.pop(self.station, None)
        if isinstance(value, Mapping) and value.get("outcome") in ("refused", "ignored"):
            at = self.play.clock.elapsed() - self.play.journal.start
            words = f"{self.station} {value['outcome']} {shown(token)} at {at:.4g} s"
            self.play.turned_away[self.station] = f"{words}: {value.get('reason') or 'no reason is given'}"

    def failed(self, words: str, wrong: Mismatch | None = None, message: Message | None = None) -> StepFailed:
        """The failure of a step of this branch."""
        if wrong is None:
            return StepFailed(words, station=self.station)
        return StepFailed(
            words,
            expected=wrong.expected,
            actual=wrong.actual,
            path=wrong.path,
            seq=message.seq if message else 0,
            station=self.station,
        )


__all__ = ["CHARGE_POINT", "CSMS", "Branch", "CannotDo", "Outcome", "Play", "StepFailed"]
