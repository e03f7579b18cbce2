"""Runs scenarios, one after another, each on its versions and with its cases; gives the verdicts to whoever listens."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from shared import roles
from shared.clock import Clock, run_virtual
from shared.dialer import DialFailed, Target
from shared.journal.journal import Journal
from shared.link import Link, MemoryLink
from shared.report.events import (
    Event,
    RunFinished,
    RunStarted,
    ScenarioFinished,
    ScenarioStarted,
    Verdict,
)
from shared.scenario.building import Failures, in_order
from shared.scenario.engine import Result, play_through
from shared.scenario.hooks import Hooks
from shared.scenario.model import CHARGE_POINT, CSMS, PAIR, Scenario
from shared.scenario.pace import run_over_sockets, run_scaled
from shared.scenario.play import Play
from shared.scenario.stage import Broken, CannotConnect, Dial, NotHere, NotMet, Setting, Stage
from shared.scenario.tree import Node, Scalar, in_words
from shared.versions import VERSIONS, Version

JOURNAL_LIMIT = 1_000_000

TOKENS: Mapping[str, str] = {
    "valid": "test_token",
    "other": "other_token",
    "expired": "expired_token",
    "blocked": "blocked_token",
    "invalid": "invalid_token",
}
"""What `$tokens` are unless the user names others."""

_WAITED = "waited for other stations"
TESTED = "station under test"
"""What the memory of a run keeps its foreign station as."""

MEMORY, SOCKETS, FOREIGN = "memory", "sockets", "foreign"


class Round(NamedTuple):
    """One run of one scenario: the version, and the values of its case."""

    id: str
    scenario: Scenario
    version: Version | None
    """None: the one that the station under test speaks."""
    values: Mapping[str, Node]
    case: str


@dataclass(frozen=True)
class Bench:
    """How scenarios are run: by which role's program, over what, and with what.

    `over` is `memory` (both roles in one process, virtual time), `sockets` (the same over real ones) or `foreign`.
    """

    role: str = CHARGE_POINT
    over: str = MEMORY
    versions: tuple[Version, ...] = VERSIONS
    seed: int = 0
    run_id: str = "0"
    tokens: Mapping[str, str] = field(default_factory=lambda: TOKENS)
    parameters: Mapping[str, Node] = field(default_factory=dict)
    hooks: Hooks = field(default_factory=Hooks)
    options: Any = None
    csms: Any = None
    """What is said of a central system of ours for the whole run (`Setting.csms`)."""
    schema: str = "strict"
    timeout: float = 30.0
    inject: tuple[Any, ...] = ()
    """Faults at the role's end, from the start of each scenario."""
    identity: str = ""
    """The station's, in scenarios with a single one; theirs unless it is given."""
    memory: dict[str, Any] = field(default_factory=dict)
    """What a stage keeps from one scenario to the next about systems that are not ours."""
    failures: Failures = field(default_factory=Failures)
    time_scale: float = 1.0
    patience: float = 30.0
    dial: Dial | None = None
    """Reaches a central system under test that is in this process; without it the options' address is dialled."""
    arrive: Callable[[Any], Awaitable[None]] | None = None
    """Has a station under test that is in this process connect to the stage that it is given."""
    fail_on_findings: bool = False
    watch: Callable[[Journal], Callable[[], object]] | None = None
    """Called with each journal before anything is in it; gives what ends the watching."""


def plan(scenarios: Iterable[Scenario], bench: Bench) -> list[Round]:
    """Every round of `scenarios`, in order: after those they build on, then by version, then by case."""
    rounds: list[Round] = []
    for scenario in in_order(list(scenarios)):
        versions: Sequence[Version | None] = [v for v in scenario.versions if v in bench.versions]
        if bench.over == FOREIGN and bench.role == CSMS:
            versions = [None]
        for version in versions:
            for values in scenario.rounds():
                case = ", ".join(f"{name}={in_words(node)}" for name, node in values.items())
                words = [
                    scenario.name if scenario.name == scenario.file else f"{scenario.file}:{scenario.name}"
                ]
                words += [str(version)] if version is not None else []
                id = " ".join([*words, *([case] if case else [])])
                number = sum(one.id == id or one.id.startswith(f"{id} #") for one in rounds)
                rounds.append(Round(f"{id} #{number + 1}" if number else id, scenario, version, values, case))
    return rounds


def run(
    rounds: Sequence[Round], bench: Bench, emit: Callable[[Event], object], target: str = ""
) -> Counter[Verdict]:
    """Run `rounds` in order and tell `emit` of everything. Raises KeyboardInterrupt, after the last event."""
    begun = time.monotonic()
    counts: Counter[Verdict] = Counter()
    emit(RunStarted(len(rounds), bench.seed, wall_time(), bench.role, target))
    interrupted = True
    try:
        for one in rounds:
            if bench.memory.get(_DEAD):
                counts[_not_reached(one, bench, emit)] += 1
            else:
                counts[_in_a_loop(one, bench, emit)] += 1
        interrupted = False
    finally:
        emit(RunFinished(dict(counts), time.monotonic() - begun, interrupted))
    return counts


_DEAD = "no connection"


def _not_reached(one: Round, bench: Bench, emit: Callable[[Event], object]) -> Verdict:
    """A round that is not begun, since nobody was there at the one before."""
    scenario, version = one.scenario, one.version.name if one.version is not None else ""
    emit(
        ScenarioStarted(one.id, scenario.name, scenario.file, scenario.line, scenario.role, version, one.case)
    )
    emit(ScenarioFinished(one.id, Verdict.INCONCLUSIVE, bench.memory[_DEAD], details={"no_connection": True}))
    return Verdict.INCONCLUSIVE


def wall_time() -> float:
    """Unix seconds now."""
    loop = asyncio.new_event_loop()
    try:
        return Clock.of_loop(loop).time()
    finally:
        loop.close()


def _in_a_loop(one: Round, bench: Bench, emit: Callable[[Event], object]) -> Verdict:
    if bench.over == MEMORY:
        return run_virtual(play_round(one, bench, emit))
    if bench.over == SOCKETS:
        return run_over_sockets(play_round(one, bench, emit))
    return run_scaled(play_round(one, bench, emit), bench.time_scale)


async def play_round(one: Round, bench: Bench, emit: Callable[[Event], object]) -> Verdict:
    """Play one round in the running loop; gives its verdict."""
    begun = time.monotonic()
    journal = Journal(Clock.of_loop(asyncio.get_running_loop()), limit=JOURNAL_LIMIT)
    leave = bench.watch(journal) if bench.watch is not None else lambda: None
    scenario = one.scenario
    told = False
    spoken = one.version

    def tell(version: Version | None) -> None:
        nonlocal told, spoken
        told, spoken = True, version
        name = version.name if version is not None else ""
        emit(
            ScenarioStarted(
                one.id, scenario.name, scenario.file, scenario.line, scenario.role, name, one.case
            )
        )

    try:
        result = await _staged(one, bench, journal, emit, tell)
    finally:
        leave()
    if not told:
        tell(one.version)
    details: dict[str, Any] = {"no_connection": True} if bench.memory.get(_DEAD) else {}
    if result.verdict is Verdict.FAILED and spoken is not None:
        result = bench.failures.judged(scenario, spoken, result, details)
    emit(
        ScenarioFinished(
            one.id,
            result.verdict,
            result.reason,
            journal.clock.elapsed() - journal.start,
            time.monotonic() - begun,
            result.failure,
            tuple(journal),
            journal.epoch,
            details,
        )
    )
    return result.verdict


def _view(scenario: Scenario, bench: Bench) -> str:
    if bench.over == FOREIGN:
        return bench.role
    return CHARGE_POINT if scenario.role == PAIR else scenario.role


async def _staged(
    one: Round,
    bench: Bench,
    journal: Journal,
    emit: Callable[[Event], object],
    tell: Callable[[Version | None], None],
) -> Result:
    """Set the stages up, play, and take them down again."""
    if bench.identity:
        one = one._replace(scenario=_renamed(one.scenario, bench.identity))
    scenario = one.scenario
    why = _not_for(scenario, bench)
    if why:
        return Result(Verdict.NOT_APPLICABLE, why)
    stages: dict[str, Stage] = {}
    try:
        version = await _set_up(one, bench, journal, stages)
        if version not in scenario.versions:
            return Result(Verdict.NOT_APPLICABLE, f"it is not for OCPP {version}")
        if bench.over == FOREIGN and bench.role == CSMS:
            scenario = _renamed(scenario, bench.memory.get(TESTED, ""))
        tell(version)
        values = {**scenario.parameters, **bench.parameters, **one.values}
        known = {"tokens": {**TOKENS, **bench.tokens}, "version": version.name, "seed": bench.seed}
        play = Play(scenario, version, journal, stages, values, known, _view(scenario, bench), bench.hooks)
        play.run_id = _run_id(one, bench)
        try:
            result = await play_through(play, emit, one.id)
        finally:
            play.close()
    except CannotConnect as wrong:
        bench.memory[_DEAD] = str(wrong)
        return Result(Verdict.INCONCLUSIVE, str(wrong))
    except NotMet as unmet:
        return Result(Verdict.INCONCLUSIVE, f"a need is not met: {unmet}")
    except NotHere as missing:
        return Result(Verdict.NOT_APPLICABLE, str(missing))
    except Broken as wrong:
        return Result(Verdict.ERROR, str(wrong))
    finally:
        for stage in stages.values():
            await stage.stop()
    bugs = [bug for stage in stages.values() for bug in stage.bugs]
    if bugs and result.verdict is not Verdict.ERROR:
        return Result(
            Verdict.ERROR, f"a fault of our own: {type(bugs[0]).__name__}: {bugs[0]}", result.failure
        )
    if bench.fail_on_findings and result.verdict is Verdict.PASSED and (found := journal.findings()):
        words = f"{found[0].note}: {found[0].what!s} ({found[0].clause})"
        return Result(Verdict.FAILED, f"{len(found)} findings, the first: {words}")
    return result


def _not_for(scenario: Scenario, bench: Bench) -> str:
    """Why this program cannot play the scenario against somebody else's system."""
    if bench.over != FOREIGN or scenario.role == bench.role:
        return ""
    if scenario.role == PAIR:
        return "it needs both roles; run it without an address, or with --pair"
    return f"it is played by a {scenario.role}; run it with python -m {scenario.role}, or with --pair"


def _run_id(one: Round, bench: Bench) -> str:
    """What keeps ids apart: a system that is not ours sees the stations of all rounds as the same ones, whose ids of
    transactions and messages are never used again (E01.FR.08; part 4 §4.1.4)."""
    return f"{bench.run_id} {one.id}" if bench.over == FOREIGN else bench.run_id


async def _set_up(one: Round, bench: Bench, journal: Journal, stages: dict[str, Stage]) -> Version:
    """Open the stages that are ours and start them; gives the version that is spoken. The central system goes first."""
    scenario = one.scenario
    version = one.version or scenario.versions[0]
    setting = Setting(
        version,
        journal,
        scenario.stations,
        scenario.settings,
        bench.seed,
        _run_id(one, bench),
        csms=bench.csms,
        patience=bench.patience * bench.time_scale,
        schema=bench.schema,
        timeout=bench.timeout,
        memory=bench.memory,
    )
    if bench.over == FOREIGN:
        if bench.role == CHARGE_POINT and scenario.settings and not bench.hooks.assume:
            words = ", ".join(f"{name} {value}" for name, value in scenario.settings.items())
            raise NotMet(f"the central system must be set up with {words}; say --assume-needs when it is")
        setting = replace(setting, options=bench.options, inject=bench.inject, dial=bench.dial)
        stage = stages[bench.role] = roles.stage(bench.role)(setting)
        await stage.start()
        if bench.arrive is not None:
            await bench.arrive(stage)
        present = await _all_present(stage, scenario.versions, bench)
        if not present:
            return version
        bench.memory[TESTED], spoken = station_under_test(
            present, scenario.versions, bench.memory.get(TESTED, "")
        )
        return spoken
    csms: Any = roles.stage(CSMS)(replace(setting, inject=bench.inject if bench.role == CSMS else ()))
    stages[CSMS] = csms
    if bench.over == SOCKETS:
        setting = replace(setting, url=await csms.listen())
    else:
        await csms.start()
        setting = replace(setting, dial=_in_memory(csms, version))
    # files go through memory over sockets too: what HTTP and FTP do to them does not depend on a scenario
    setting = replace(setting, network=csms.network)
    station = roles.stage(CHARGE_POINT)(
        replace(setting, inject=bench.inject if bench.role == CHARGE_POINT else ())
    )
    stages.clear()
    stages.update({CHARGE_POINT: station, CSMS: csms})  # the stations leave first
    await station.start()
    return version


GRACE = 2.0
"""Seconds that a station of the right version gets to come after another one, once in a run."""


async def _all_present(stage: Any, versions: Sequence[Version], bench: Bench) -> list[tuple[str, Version]]:
    """The stations that are connected, one of the versions among them if one comes soon."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + GRACE * bench.time_scale
    while True:
        present: list[tuple[str, Version]] = getattr(stage, "present", [])
        if not present or bench.memory.get(_WAITED) or any(each[1] in versions for each in present):
            return present
        if loop.time() >= deadline:
            bench.memory[_WAITED] = True
        else:
            await asyncio.sleep(0.1 * bench.time_scale)


def station_under_test(
    present: Sequence[tuple[str, Version]], versions: Sequence[Version], before: str
) -> tuple[str, Version]:
    """Which of the stations that are connected, with their versions, a scenario for `versions` is played with.

    The one of the scenario `before`, so that a run stays with its station where several dial; but one that speaks a
    version of the scenario rather than one that does not, for which it is not applicable.
    """
    fitting = [each for each in present if each[1] in versions] or list(present)
    return next((each for each in fitting if each[0] == before), fitting[0])


def _in_memory(csms: Any, version: Version) -> Callable[[Target], Any]:
    async def dial(target: Target) -> tuple[Link, Version]:
        ours, theirs = MemoryLink.pair()
        try:
            csms.accept(theirs, target.identity, version, target.url)
        except RuntimeError as gone:
            raise DialFailed(str(gone)) from None
        return ours, version

    return dial


def _renamed(scenario: Scenario, identity: str) -> Scenario:
    """The scenario with the identity of the station that there is, where it has one station only."""
    if len(scenario.stations) != 1:
        return scenario
    ((name, settings),) = scenario.stations.items()
    return replace(scenario, stations={identity: settings}, alias={name: identity})


def parameters_of(texts: Mapping[str, str]) -> dict[str, Node]:
    """`--param` values as nodes."""
    return {name: Scalar(text) for name, text in texts.items()}


__all__ = ["FOREIGN", "MEMORY", "SOCKETS", "TOKENS", "Bench", "Round", "plan", "run"]
