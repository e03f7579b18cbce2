"""Plays one scenario: needs, given, steps, finally; and says what came of it.

The rules:

* A scenario sees the wire, and nothing else: what is expected is looked for in the journal of one end. `expect` begins
  after the last match (the cursor) or after a message that was kept (`since:`), takes no message twice, and waits up to
  `within`, 30 s unless it says otherwise. What came before the step began counts.
* Before `steps` nothing is judged: a need that is not met, or a failure in `given`, makes the scenario inconclusive,
  never failed. What the version or the other side does not have makes it not applicable.
* `finally` always takes place, and what was changed with `set_config` is restored when it says `restore: config`.
* A step that cannot be done (no cable to pull, station offline) has failed; a scenario that asks for what there is
  not (a question nobody can answer) is in error, as is a fault of this program. An error is never the other side's.
* One scenario has one journal. Branches of `parallel` begin in the order in which they stand and are ended in that
  order, so that the same seed gives the same journal to the byte.

A verb is in `verbs_*.py`; the branch of steps that it acts in, with its station and cursor, in `play.py`; what a
message must be to match, in `match.py`; the sides that steps act on in `stage.py`.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, NamedTuple

from shared.peer import CallFailed
from shared.report.events import Event, Failure, StepFinished, StepStarted, Verdict
from shared.scenario import registry
from shared.scenario.model import CHARGE_POINT, CSMS, Scenario, Step
from shared.scenario.play import Branch, Play, StepFailed
from shared.scenario.stage import Broken, CannotConnect, CannotDo, NotHere, NotMet
from shared.scenario.steps import converted
from shared.scenario.tree import Node, Scalar

log = logging.getLogger("ocpp")

Emit = Callable[[Event], object]


class Result(NamedTuple):
    """What came of a scenario: the verdict, why, and where."""

    verdict: Verdict
    reason: str = ""
    failure: Failure | None = None


class At(Exception):
    """What went wrong, and the step in which it did."""

    def __init__(self, step: Step, cause: Exception) -> None:
        super().__init__(str(cause))
        self.step = step
        self.cause = cause
        self.result: Result | None = None
        """What it comes to, once that was said."""


async def perform(branch: Branch, steps: tuple[Step, ...], *which: int) -> None:
    """Do the steps inside a step, one after another; `which` is the turn, branch or station of several. Raises At."""
    outer = branch.place
    try:
        for number, step in enumerate(steps, 1):
            if branch.version in step.only:
                branch.place = (*outer, *which, number)
                if (wrong := await _told(branch, step)) is not None:
                    raise wrong
    finally:
        branch.place = outer


async def _told(branch: Branch, step: Step) -> At | None:
    """Do one step, with an event before and after it; gives what went wrong."""
    play, (part, number, *path) = branch.play, branch.place
    since, where = play.journal.start, tuple(path)
    at, seq = play.clock.elapsed() - since, play.journal.seq
    play.tell(StepStarted(play.id, part, number, step.line, step.text, at, seq, where))
    wrong = None
    try:
        await do(branch, step)
    except At as caught:
        wrong = caught
    result = _result(branch, wrong)
    at = play.clock.elapsed() - since
    play.tell(StepFinished(play.id, part, number, result.verdict, at, branch.seq, result.failure, where))
    return wrong


def _result(branch: Branch, wrong: At | None) -> Result:
    if wrong is None:
        return Result(Verdict.PASSED)
    if wrong.result is None:
        wrong.result = failed(branch, wrong)
    return wrong.result


async def do(branch: Branch, step: Step) -> bool:
    """Do one step; False when it is not for this version. Raises At."""
    if branch.version not in step.only:
        return False
    own = branch
    if step.at in (CSMS, CHARGE_POINT):
        own = branch.of(branch.station, step.at)
    elif step.at:
        own = branch.of(branch.play.scenario.alias.get(step.at, step.at))
    own.seq = 0
    try:
        verb = registry.VERBS[step.verb]
        await own.answers(step.arguments.values())
        result = await verb.function(own, **_arguments(own, verb, step))
    except At:
        raise
    except Exception as cause:
        raise At(step, cause) from cause
    finally:
        branch.seq = own.seq
    if step.name:
        branch.play.values[step.name] = result
    return True


def _arguments(branch: Branch, verb: registry.Verb, step: Step) -> dict[str, Any]:
    """The arguments of a verb's function: nodes and steps as they are, everything else typed."""
    made: dict[str, Any] = {}
    by_keyword = {p.keyword: p for p in verb.parameters.values()}
    for keyword, argument in step.arguments.items():
        kind = by_keyword[keyword].kind
        if kind in registry.WHOLE:
            made[keyword] = argument
        elif kind == "Value":
            made[keyword] = branch.value(argument)  # type: ignore[arg-type]
        else:
            assert isinstance(argument, Scalar)
            found = branch.resolve(argument.text)
            try:
                made[keyword] = converted(kind, found if isinstance(found, str) else _plain(found))
            except ValueError as wrong:
                raise Broken(f"{verb.name}: {keyword.rstrip('_')}: {wrong}") from None
    return made


def _plain(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


# --- the parts of a scenario ----------------------------------------------------------------------------------


async def play_through(play: Play, emit: Emit, id: str) -> Result:
    """Play `play` from its needs to its finally; the stages have started. Never raises for what can go wrong."""
    scenario = play.scenario
    play.tell, play.id = emit, id
    branch = Branch(play, next(iter(scenario.stations)), play.view)
    result = await _before(branch)
    if result is None:
        result = await _part(branch, "steps", scenario.steps)
        if result.verdict is Verdict.PASSED:
            result = _closing(branch, scenario)
    after = Branch(play, branch.station, play.view, branch)
    after.forbidden = []
    ending = await _part(after, "finally", scenario.finally_, to_the_end=True)
    if result.verdict is Verdict.PASSED and ending.verdict is not Verdict.PASSED:
        result = ending
    bugs = [bug for stage in play.stages.values() for bug in stage.bugs]
    if bugs:
        result = Result(
            Verdict.ERROR, f"a fault of our own: {type(bugs[0]).__name__}: {bugs[0]}", result.failure
        )
    return _as_expected(scenario, result)


def _as_expected(scenario: Scenario, result: Result) -> Result:
    if not scenario.expected_failure:
        return result
    if result.verdict is Verdict.FAILED:
        return result._replace(verdict=Verdict.EXPECTED_FAILURE, reason=scenario.expected_failure)
    if result.verdict is Verdict.PASSED:
        return Result(Verdict.UNEXPECTED_PASS, f"it was to fail: {scenario.expected_failure}")
    return result


async def _before(branch: Branch) -> Result | None:
    """Meet the needs and bring about what is given; a result when that was not possible."""
    scenario = branch.play.scenario
    try:
        for part, node in scenario.needs.items():
            await _need(branch, part, node)
    except (NotMet, CannotDo) as unmet:
        return Result(Verdict.INCONCLUSIVE, f"a need is not met: {unmet}")
    except (NotHere, Broken, StepFailed) as wrong:
        return Result(_verdict_of(wrong), str(wrong))
    result = await _part(branch, "given", scenario.given)
    if result.verdict is Verdict.PASSED:
        return None
    if result.verdict is Verdict.FAILED:
        return result._replace(
            verdict=Verdict.INCONCLUSIVE, reason=f"what was given did not come about: {result.reason}"
        )
    return result


async def _need(branch: Branch, part: str, node: Node) -> None:
    """One line of `needs`: of the CSMS, the station, the operator or a hook."""
    wanted = branch.value(node)
    if part in ("operator", "sut"):
        for word in wanted if isinstance(wanted, list) else [wanted]:
            branch.play.hooks.need(part, str(word), branch)
        return
    role = CSMS if part == "csms" else CHARGE_POINT
    stage = branch.play.stages.get(role)
    entries: list[tuple[Any, Any]] = [(word, True) for word in _several(wanted)]
    if isinstance(wanted, dict):
        entries = [("token", wanted)] if "token" in wanted else list(wanted.items())
    for need, value in entries:
        if stage is None:
            branch.play.hooks.assumed(part, str(need), value)
        else:
            await stage.meet(str(need), value, branch.station)


def _several(wanted: Any) -> list[Any]:
    return wanted if isinstance(wanted, list) else [wanted]


async def _part(branch: Branch, part: str, steps: tuple[Step, ...], *, to_the_end: bool = False) -> Result:
    """The steps of one part; `to_the_end` goes on after a failure."""
    worst = Result(Verdict.PASSED)
    for number, step in enumerate(steps, 1):
        if branch.version not in step.only:
            continue
        branch.place = (part, number)
        result = _result(branch, await _told(branch, step))
        if result.verdict is not Verdict.PASSED:
            worst = result if worst.verdict is Verdict.PASSED else worst
            if not to_the_end:
                return worst
    return worst


def failed(branch: Branch, wrong: At) -> Result:
    """What a step that did not go well comes to."""
    cause, step = wrong.cause, wrong.step
    verdict = _verdict_of(cause)
    if verdict is Verdict.ERROR and not isinstance(cause, Broken):
        log.error("%s:%d: a fault of our own", step.file, step.line, exc_info=cause)
        words = f"a fault of our own: {type(cause).__name__}: {cause}"
    else:
        words = str(cause)
    station = getattr(cause, "station", "") or branch.station
    failure = Failure(
        words,
        step.file,
        step.line,
        step.text,
        getattr(cause, "expected", ""),
        getattr(cause, "actual", ""),
        getattr(cause, "path", ""),
        getattr(cause, "seq", 0),
        branch.play.talk.last(station),
    )
    return Result(verdict, words, failure)


def _verdict_of(cause: Exception) -> Verdict:
    if isinstance(cause, (StepFailed, CannotDo, CallFailed)):
        return Verdict.FAILED
    if isinstance(cause, (NotMet, CannotConnect)):
        return Verdict.INCONCLUSIVE
    return Verdict.NOT_APPLICABLE if isinstance(cause, NotHere) else Verdict.ERROR


def _closing(branch: Branch, scenario: Scenario) -> Result:
    """What was forbidden until the end did not come."""
    from shared.scenario.verbs_wire import check_forbidden

    try:
        check_forbidden(branch, len(branch.messages))
    except StepFailed as wrong:
        return failed(branch, At(scenario.steps[-1], wrong))
    return Result(Verdict.PASSED)
