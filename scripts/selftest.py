"""Both programs as real processes against each other, on every version, with kill -9 of either side; all scenarios.

Each case runs once per version, on its own port, in its own folder; what happened is read from the CSMS's journal
file. The installed scenarios are played on all their versions, both roles in one process. Ends with 0 only when every
case and scenario passed on every version it was run on.
"""

from __future__ import annotations

import argparse
import shlex
import sys
import tempfile
import textwrap
import time
import traceback
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import Any, NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from scripts import selftest_scenarios as scenarios
from scripts.processes import WITHIN, TooLate, command
from scripts.selftest_bench import Bench, Commands, Wrong
from scripts.selftest_cases import CASES, Case
from shared.versions import VERSIONS, Version, version

AT_ONCE = 4
WIDTH = 80


class Verdict(NamedTuple):
    """How one case went on one version: what went wrong ("" when nothing did), how much was seen, in how long."""

    name: str
    version: Version
    wrong: str
    seen: int
    seconds: float


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the cases asked for and print the table; gives 0 when all passed."""
    options = _parser().parse_args(arguments)
    if options.list:
        for one in CASES.values():
            print(textwrap.fill(f"{one.name:<15} {one.shows}", WIDTH, subsequent_indent=" " * 16))
        for name in scenarios.names():
            print(textwrap.fill(f"{name}  {scenarios.about(name)}", WIDTH, subsequent_indent=" " * 16))
        return 0
    wanted = options.only or [*CASES, *scenarios.names()]
    chosen = [CASES[name] for name in wanted if name in CASES]
    played = [name for name in scenarios.names() if name in wanted or name.partition("/")[0] in wanted]
    commands = Commands(_split(options.csms, "csms"), _split(options.charge_point, "charge_point"))
    versions = [version(name) for name in options.version] or list(VERSIONS)
    runs = [(one, each) for one in chosen for each in versions]
    total = len(runs) + sum(v in scenarios.versions_of(name) for name in played for v in versions)
    what = f"{len(chosen)} cases and {len(played)} files of scenarios"
    print(f"{total} runs: {what} on OCPP {', '.join(v.name for v in versions)}", flush=True)
    begun = time.monotonic()
    jobs = _Jobs(runs, played, versions, total)
    verdicts = jobs.run(commands, options.at_once, options.patience)
    _print_table(chosen, played, versions, verdicts)
    return _print_sum(verdicts, total, time.monotonic() - begun)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="scripts/selftest", description=__doc__)
    folders = list(dict.fromkeys(name.partition("/")[0] for name in scenarios.names()))
    names, spoken = [*CASES, *folders, *scenarios.names()], [v.name for v in VERSIONS]
    repeated: dict[str, Any] = {"action": "append", "default": []}
    parser.add_argument(
        "--only",
        choices=names,
        metavar="CASE",
        help="this case, scenario or folder of scenarios; may be repeated",
        **repeated,
    )
    parser.add_argument(
        "--version", choices=spoken, metavar="V", help="on this version; may be repeated", **repeated
    )
    parser.add_argument("--list", action="store_true", help="list the cases and end")
    parser.add_argument("--at-once", type=int, default=AT_ONCE, metavar="N", help="runs at the same time")
    parser.add_argument("--csms", metavar="COMMAND", help="how to start the CSMS, as in 'ocpp-csms'")
    parser.add_argument("--charge-point", metavar="COMMAND", help="how to start the station")
    parser.add_argument("--patience", type=float, default=WITHIN, metavar="SECONDS", help="how long to wait")
    return parser


def _split(text: str | None, module: str) -> list[str]:
    return shlex.split(text) if text else command(module)


class _Jobs:
    """Every run, some at a time; a line for each as it ends."""

    def __init__(
        self, runs: list[tuple[Case, Version]], played: list[str], versions: list[Version], total: int
    ) -> None:
        self._runs = runs
        self._played = played
        self._versions = versions
        self._total = total
        self._verdicts: dict[tuple[str, Version], Verdict] = {}

    def run(self, commands: Commands, at_once: int, patience: float) -> dict[tuple[str, Version], Verdict]:
        """Do it all; gives the verdicts by name and version."""
        with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(max(at_once, 1)) as pool:
            place = Path(folder)
            started: list[Future[list[Verdict]]] = []
            if self._played:
                started = [pool.submit(_play, self._played, v, place, commands) for v in self._versions]
            started += [pool.submit(_try, one, v, place, commands, patience) for one, v in self._runs]
            for done in as_completed(started):
                for verdict in done.result():
                    self._tell(verdict)
        return self._verdicts

    def _tell(self, verdict: Verdict) -> None:
        self._verdicts[verdict.name, verdict.version] = verdict
        word = "FAILED" if verdict.wrong else "passed"
        print(
            f"{len(self._verdicts):>3}/{self._total}  {word}  {verdict.name:<15} {verdict.version.name:<6}"
            f"{verdict.seconds:>6.1f} s",
            flush=True,
        )


def _play(names: list[str], spoken: Version, folder: Path, commands: Commands) -> list[Verdict]:
    return [Verdict(*one) for one in scenarios.play(names, spoken, folder, commands)]


def _try(one: Case, spoken: Version, folder: Path, commands: Commands, patience: float) -> list[Verdict]:
    begun = time.monotonic()
    own = folder / f"{one.name}-{spoken.name}"
    own.mkdir()
    wrong = ""
    with Bench(spoken, own, commands, patience) as bench:
        try:
            one.run(bench)
        except (Wrong, TooLate) as problem:
            wrong = str(problem)
        except Exception:
            wrong = traceback.format_exc()
    return [Verdict(one.name, spoken, wrong, bench.seen, time.monotonic() - begun)]


def _print_table(
    chosen: list[Case],
    played: list[str],
    versions: list[Version],
    verdicts: dict[tuple[str, Version], Verdict],
) -> None:
    """The cases with what they show, and the scenarios."""
    if chosen:
        print(f"\n{'case':<16}" + "".join(f"{v.name:<8}" for v in versions) + "shows")
    for one in chosen:
        room = WIDTH - 16 - 8 * len(versions)
        first, *rest = _wrapped(one.shows, room)
        print(f"{one.name:<16}{_marks(one.name, versions, verdicts)}{first}")
        for line in rest:
            print(f"{'':<{WIDTH - room}}{line}")
    width = max(map(len, played), default=0) + 2
    if played:
        print(f"\n{'scenarios':<{width}}" + "".join(f"{v.name:<8}" for v in versions).rstrip())
    for name in played:
        print(f"{name:<{width}}{_marks(name, versions, verdicts)}".rstrip())


def _marks(name: str, versions: list[Version], verdicts: dict[tuple[str, Version], Verdict]) -> str:
    """`ok` with how much was seen, FAILED, or `-` where there is nothing for the version."""
    cells = [verdicts.get((name, v)) for v in versions]
    words = ["-" if cell is None else "FAILED" if cell.wrong else f"ok {cell.seen:>2}" for cell in cells]
    return "".join(f"{word:<8}" for word in words)


def _print_sum(verdicts: dict[tuple[str, Version], Verdict], total: int, seconds: float) -> int:
    """What went wrong, and the sum; gives the exit status."""
    failed = [verdict for verdict in verdicts.values() if verdict.wrong]
    for verdict in failed:
        print(f"\n{verdict.name} on OCPP {verdict.version.name}:")
        print("\n".join(f"  {line}" for line in verdict.wrong.splitlines()))
    seen = sum(verdict.seen for verdict in verdicts.values())
    good = len(verdicts) - len(failed)
    print(f"\n{good} of {total} runs passed, {seen} things seen as they must be, {seconds:.0f} s")
    return 1 if good < total else 0


def _wrapped(text: str, width: int) -> list[str]:
    return textwrap.wrap(text, max(width, 20))


if __name__ == "__main__":
    sys.exit(main())
