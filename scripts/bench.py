"""Speed and memory as ratios, measured in one interleaved run; ends with 1 when a bound is missed.

Each round samples ours and what it is held against right after one another; a figure is the median of the rounds'
ratios. A single connection has both its ends on one CPU: unpinned, the wake-up of a sleeping CPU would be measured.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from scripts.benchmarks.measures import GROUPS, Group, Reading
from scripts.benchmarks.stage import Stage
from scripts.benchmarks.table import FOOT, HEAD, as_json, line, verdict
from scripts.benchmarks.workers import Failed

FLEET = 5000


def main() -> int:
    """Measure; gives 0 when every bound is met, 1 when one is missed, 2 when it could not be measured."""
    options = _options()
    chosen = [group for group in GROUPS if not options.only or _is_named(group, options.only)]
    if not chosen:
        names = ", ".join(group.name for group in GROUPS)
        sys.stderr.write(f"bench: no measure is called so: {', '.join(options.only)} (there are: {names})\n")
        return 2
    stage = Stage(stations=options.stations or (1000 if options.quick else FLEET), quick=options.quick)
    try:
        readings = _measure(chosen, stage)
    except Failed as problem:
        sys.stderr.write(f"\nbench: {problem}\n")
        return 2
    finally:
        stage.end()
    rows = [
        row
        for group in chosen
        for row in group.rows
        if not options.only or _wanted(group, row.name, options.only)
    ]
    print(HEAD)
    for row in rows:
        print(line(row, readings[row.name]))
    print(f"\n{FOOT}")
    if options.json:
        _write(options.json, [as_json(row, readings[row.name]) for row in rows])
    missed = [row for row in rows if verdict(row, row.figure(readings[row.name])) == "MISS"]
    return 1 if missed else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="scripts/bench", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--quick", action="store_true", help="fewer rounds, smaller fleet: for a first look only"
    )
    parser.add_argument(
        "--only",
        metavar="NAME",
        action="append",
        default=[],
        help="measure this group or row only; may be repeated",
    )
    parser.add_argument(
        "--stations", metavar="N", type=int, default=0, help=f"size of the fleet (default {FLEET})"
    )
    parser.add_argument("--json", metavar="FILE", help="write every reading to this file")
    parser.epilog = "measures:\n" + "\n".join(
        f"  {group.name}: {', '.join(row.name for row in group.rows)}" for group in GROUPS
    )
    return parser.parse_args()


def _is_named(group: Group, names: list[str]) -> bool:
    return group.name in names or any(row.name in names for row in group.rows)


def _wanted(group: Group, row: str, names: list[str]) -> bool:
    return group.name in names or row in names


def _measure(groups: list[Group], stage: Stage) -> dict[str, list[Reading]]:
    """Every group once a round, until each has had its rounds."""
    readings: dict[str, list[Reading]] = {row.name: [] for group in groups for row in group.rows}
    rounds = {group.name: min(group.rounds, 2) if stage.quick else group.rounds for group in groups}
    total, done, begun = sum(rounds.values()), 0, time.monotonic()
    for number in range(max(rounds.values())):
        for group in groups:
            if number >= rounds[group.name]:
                continue
            _tell(f"{done}/{total} round {number + 1} {group.name} ({time.monotonic() - begun:.0f} s)")
            for name, reading in group.sample(stage).items():
                readings[name].append(reading)
            done += 1
    _tell("")
    return readings


def _tell(words: str) -> None:
    """What is under way, on one line of a terminal."""
    if sys.stderr.isatty():
        sys.stderr.write(f"\r\033[K{words}")
    elif words:
        sys.stderr.write(f"{words}\n")
    sys.stderr.flush()


def _write(path: str, rows: list[dict[str, object]]) -> None:
    found = {"python": platform.python_version(), "machine": platform.platform(), "rows": rows}
    Path(path).write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
