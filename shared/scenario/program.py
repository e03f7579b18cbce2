"""The life of `run`: find and read the scenarios, play them, report, and end with a status that says how it went."""

from __future__ import annotations

import logging
import signal
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

from shared import lifecycle
from shared.chance import fresh_run_id
from shared.journal.files import JournalFile
from shared.journal.journal import Journal
from shared.option_fields import UsageError
from shared.report.events import Event, ScenarioFinished, Verdict
from shared.scenario.hooks import Hooks
from shared.scenario.load import find, load, shipped, shown_name
from shared.scenario.model import CSMS, Scenario
from shared.scenario.runner import (
    FOREIGN,
    MEMORY,
    SOCKETS,
    TOKENS,
    Bench,
    parameters_of,
    plan,
    run,
)
from shared.scenario.stage import HELD
from shared.scenario.tree import ScenarioError
from shared.streams import say
from shared.suggest import not_one_of

if TYPE_CHECKING:
    from shared.scenario.options import RunOptions


def main(options: RunOptions, role: str) -> int:
    """Do what `python -m ROLE run` was asked for; gives the exit status."""
    logging.basicConfig(level=options.log_level.upper(), format="%(message)s", stream=sys.stderr)
    logging.getLogger("websockets").setLevel(logging.CRITICAL)
    prog = f"{role} run"
    try:
        paths = find(options.scenarios or (shipped() if options.list else ()))
        scenarios = _read(paths, prog, strict=options.strict)
    except ScenarioError as wrong:
        sys.stderr.write(f"{wrong}\n")
        return lifecycle.USAGE
    if scenarios is None:
        return lifecycle.USAGE
    if options.list:
        _list(scenarios)
        return lifecycle.OK
    try:
        return _run(options, role, scenarios)
    except UsageError as wrong:
        sys.stderr.write(f"{prog}: {wrong}\n")
        return lifecycle.USAGE
    except Exception:
        logging.getLogger("ocpp").exception("a fault of our own; please report it with what you did")
        return lifecycle.INTERNAL


def _read(paths: Sequence[Path], prog: str, *, strict: bool) -> list[Scenario] | None:
    """The scenarios of all files; every wrong file is told of, and then there are none."""
    scenarios: list[Scenario] = []
    wrong = False
    for path in paths:
        try:
            for scenario in load(path):
                for warning in scenario.warnings:
                    wrong |= strict
                    sys.stderr.write(f"{path}: {'' if strict else 'warning: '}{warning}\n")
                scenarios.append(scenario)
        except ScenarioError as problem:
            sys.stderr.write(f"{problem}\n")
            wrong = True
    return None if wrong else scenarios


def _list(scenarios: Sequence[Scenario]) -> None:
    width = max((len(shown_name(Path(s.file))) for s in scenarios), default=0)
    for scenario in scenarios:
        role = scenario.role if len(scenario.role) < 8 else "station"
        say(sys.stdout, f"{scenario.file:<{width}}  {role:<7}  {scenario.name}\n")


def bench_of(options: Any, role: str) -> Bench:
    """How the options ask for the scenarios to be run."""
    foreign = options.foreign
    return Bench(
        role=role,
        over=FOREIGN if foreign else SOCKETS if options.sockets else MEMORY,
        versions=options.ocpp_version,
        seed=options.seed,
        run_id=options.run_id or (fresh_run_id() if foreign else "0"),
        tokens=options.tokens,
        parameters=parameters_of(options.param),
        hooks=Hooks(
            options.sut or "",
            options.operator or "",
            frozenset({**TOKENS, **options.tokens}[name] for name in ("valid", *options.tokens)),
            options.assume_needs,
        ),
        options=options if foreign else None,
        csms=options if role == CSMS else None,
        schema=options.schema,
        timeout=options.message_timeout,
        inject=options.inject,
        identity=getattr(options, "id", None) or "",
        time_scale=options.time_scale,
        patience=options.wait_for,
        fail_on_findings=options.fail_on_findings,
        watch=_journal_file(options.journal) if options.journal else None,
    )


def _journal_file(path: str) -> Callable[[Journal], Callable[[], object]]:
    """Appends every journal of the run to one file, which is opened once to see that it can be."""
    try:
        with Path(path).open("ab"):
            pass
    except OSError as problem:
        raise UsageError(f"--journal: {path}: {problem.strerror}") from None

    def watch(journal: Journal) -> Callable[[], object]:
        return JournalFile(path, journal, lambda sentence: print(sentence, file=sys.stderr)).close

    return watch


def _run(options: Any, role: str, scenarios: Sequence[Scenario]) -> int:
    from shared.report.table import consumers

    _known_parameters(options, scenarios)
    bench = bench_of(options, role)
    rounds = plan(scenarios, bench)
    if not rounds:
        raise UsageError("no scenario is for the versions that are to be run")
    reports = consumers(options.report, sys.stdout, allow_inconclusive=options.allow_inconclusive)
    watch = _Watch(reports)
    target = getattr(options, "csms", "") if bench.over == FOREIGN else ""
    terminated: list[int] = []
    status = lifecycle.INTERNAL
    try:
        with _terminable(terminated.append):
            counts = run(rounds, bench, watch, target)
        status = status_of(counts, watch, allow_inconclusive=options.allow_inconclusive)
    except KeyboardInterrupt:
        status = lifecycle.TERMINATED if terminated else lifecycle.INTERRUPTED
    finally:
        if (held := bench.memory.pop(HELD, None)) is not None:
            held.close()
        problems = reports.close()
        for problem in problems:
            sys.stderr.write(f"{role} run: {problem}\n")
    if reports.bugs:
        logging.getLogger("ocpp").error("a report failed", exc_info=reports.bugs[0])
        return lifecycle.INTERNAL
    return lifecycle.FAILED if status == lifecycle.OK and problems else status


@contextmanager
def _terminable(told: Callable[[int], object]) -> Iterator[None]:
    """SIGTERM ends a run the way an interrupt does, which the loops know how to take; `told` gets its number first.

    Where interrupts are ignored, as behind `&` in a script, they stay away: blocked instead, since a loop only learns
    to take them where they are not ignored.
    """
    ignored = signal.getsignal(signal.SIGINT) in (signal.SIG_IGN, None)

    def terminate(signum: int, frame: FrameType | None) -> None:
        told(signum)
        interrupt = signal.getsignal(signal.SIGINT)
        assert callable(interrupt)
        interrupt(signal.SIGINT, frame)

    if ignored:
        if hasattr(signal, "pthread_sigmask"):
            signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        signal.signal(signal.SIGINT, signal.default_int_handler)
    before = signal.signal(signal.SIGTERM, terminate)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
        if ignored:
            signal.signal(signal.SIGINT, signal.SIG_IGN)  # which also drops one that is pending
            if hasattr(signal, "pthread_sigmask"):
                signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})


def _known_parameters(options: Any, scenarios: Sequence[Scenario]) -> None:
    """Refuse `--param` for what no scenario has."""
    known = list(dict.fromkeys(name for one in scenarios for name in one.parameters))
    for name in options.param:
        if name not in known:
            words = (
                not_one_of(name, "a parameter of these scenarios", known)
                if known
                else f"no scenario has {name}"
            )
            raise UsageError(f"--param: {words}")


class _Watch:
    """Hands events on, and keeps what the exit status needs to know."""

    def __init__(self, reports: Callable[[Event], object]) -> None:
        self._reports = reports
        self.no_connection = False
        self.ours = False

    def __call__(self, event: Event) -> None:
        """The next event."""
        if isinstance(event, ScenarioFinished):
            self.no_connection |= bool(event.details.get("no_connection"))
            self.ours |= event.verdict is Verdict.ERROR and event.reason.startswith("a fault of our own")
        self._reports(event)


def status_of(counts: Counter[Verdict], watch: _Watch, *, allow_inconclusive: bool) -> int:
    """The exit status of a run that was not interrupted: the worst that happened."""
    if watch.ours:
        return lifecycle.INTERNAL
    if counts[Verdict.FAILED] or counts[Verdict.UNEXPECTED_PASS]:
        return lifecycle.FAILED
    if counts[Verdict.ERROR]:
        return lifecycle.USAGE
    if watch.no_connection:
        return lifecycle.NO_CONNECTION
    if counts[Verdict.INCONCLUSIVE] and not allow_inconclusive:
        return lifecycle.INCONCLUSIVE
    return lifecycle.OK


__all__ = ["bench_of", "main", "status_of"]
