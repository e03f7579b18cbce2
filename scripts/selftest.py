"""Both programs as real processes against each other, on every version, with kill -9 of either side.

Each case runs once per version, on its own port, in its own folder; what happened is read from the CSMS's journal
file. Ends with 0 only when every case passed on every version it was run on.
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
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import Any, NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from scripts.processes import WITHIN, TooLate, command
from scripts.selftest_bench import Bench, Commands, Wrong
from scripts.selftest_cases import CASES, Case
from shared.versions import VERSIONS, Version, version

AT_ONCE = 4
WIDTH = 80


class Verdict(NamedTuple):
    """How one case went on one version: what went wrong ("" when nothing did), how much was seen, in how long."""

    case: Case
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
        return 0
    chosen = [CASES[name] for name in options.only] or list(CASES.values())
    commands = Commands(_split(options.csms, "csms"), _split(options.charge_point, "charge_point"))
    versions = [version(name) for name in options.version] or list(VERSIONS)
    runs = [(one, each) for one in chosen for each in versions]
    print(f"{len(runs)} runs: {len(chosen)} cases on OCPP {', '.join(v.name for v in versions)}", flush=True)
    begun = time.monotonic()
    verdicts = _run(runs, commands, options.at_once, options.patience)
    return _print_table(chosen, versions, verdicts, time.monotonic() - begun)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="scripts/selftest", description=__doc__)
    names, spoken = list(CASES), [v.name for v in VERSIONS]
    repeated: dict[str, Any] = {"action": "append", "default": []}
    parser.add_argument(
        "--only", choices=names, metavar="CASE", help="this case; may be repeated", **repeated
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


def _run(
    runs: list[tuple[Case, Version]], commands: Commands, at_once: int, patience: float
) -> dict[tuple[str, Version], Verdict]:
    """Every run, some at a time; a line for each as it ends."""
    verdicts = {}
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(max(at_once, 1)) as pool:
        started = [pool.submit(_try, one, v, Path(folder), commands, patience) for one, v in runs]
        for number, done in enumerate(as_completed(started), 1):
            verdict = done.result()
            verdicts[verdict.case.name, verdict.version] = verdict
            word = "FAILED" if verdict.wrong else "passed"
            name, spoken = verdict.case.name, verdict.version.name
            print(
                f"{number:>3}/{len(runs)}  {word}  {name:<15} {spoken:<6}{verdict.seconds:>6.1f} s",
                flush=True,
            )
    return verdicts


def _try(one: Case, spoken: Version, folder: Path, commands: Commands, patience: float) -> Verdict:
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
    return Verdict(one, spoken, wrong, bench.seen, time.monotonic() - begun)


def _print_table(
    chosen: list[Case], versions: list[Version], verdicts: dict[tuple[str, Version], Verdict], seconds: float
) -> int:
    """The table, what went wrong, and the sum; gives the exit status."""
    print(f"\n{'case':<16}" + "".join(f"{v.name:<8}" for v in versions) + "shows")
    for one in chosen:
        cells = [verdicts[one.name, v] for v in versions]
        marks = "".join(f"{'FAILED' if cell.wrong else f'ok {cell.seen:>2}':<8}" for cell in cells)
        room = WIDTH - 16 - 8 * len(versions)
        first, *rest = _wrapped(one.shows, room)
        print(f"{one.name:<16}{marks}{first}")
        for line in rest:
            print(f"{'':<{WIDTH - room}}{line}")
    failed = [verdict for verdict in verdicts.values() if verdict.wrong]
    for verdict in failed:
        print(f"\n{verdict.case.name} on OCPP {verdict.version.name}:")
        print("\n".join(f"  {line}" for line in verdict.wrong.splitlines()))
    seen = sum(verdict.seen for verdict in verdicts.values())
    good = len(verdicts) - len(failed)
    print(f"\n{good} of {len(verdicts)} runs passed, {seen} things seen as they must be, {seconds:.0f} s")
    return 1 if failed else 0


def _wrapped(text: str, width: int) -> list[str]:
    return textwrap.wrap(text, max(width, 20))


if __name__ == "__main__":
    sys.exit(main())
