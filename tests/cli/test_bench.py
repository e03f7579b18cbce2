"""`scripts/bench`: the verdicts it gives on what it measured, and one measure run for real."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from scripts.benchmarks.child import lift_limit
from scripts.benchmarks.measures import GROUPS, Reading, Row
from scripts.benchmarks.table import HEAD, line, verdict

ROOT = Path(__file__).resolve().parent.parent.parent

FASTER = Row("faster", "something / MH", "calls/s", 2, 3, more=True)
SMALLER = Row("smaller", "something else / MH", "KiB", 0.5, 0.3)
AT_ONCE = Row("at-once", "something at once", "ms", 50, absolute=True)


def bench(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the program."""
    return subprocess.run(
        [sys.executable, "scripts/bench.py", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize(
    ("row", "figure", "expected"),
    [
        (FASTER, 1.99, "MISS"),
        (FASTER, 2.0, "pass"),
        (FASTER, 3.0, "aim"),
        (SMALLER, 0.51, "MISS"),
        (SMALLER, 0.5, "pass"),
        (SMALLER, 0.3, "aim"),
        (AT_ONCE, 51, "MISS"),
        (AT_ONCE, 50, "pass"),
        (Row("shown", "for information", "ms"), 7, ""),
    ],
)
def test_a_figure_is_held_against_bound_and_aim(row: Row, figure: float, expected: str) -> None:
    assert verdict(row, figure) == expected


def test_the_figure_is_the_median_of_the_ratios_of_the_rounds() -> None:
    readings = [Reading(10, 1), Reading(4, 2), Reading(9, 3)]
    assert FASTER.figure(readings) == 3
    assert AT_ONCE.figure(readings) == 9


def test_every_line_fits_a_terminal_of_80_columns() -> None:
    rows = [row for group in GROUPS for row in group.rows]
    lines = [HEAD, *(part for row in rows for part in line(row, [Reading(123_456.7, 100)]).splitlines())]
    assert max(map(len, lines)) <= 80


def test_no_two_measures_have_one_name() -> None:
    names = [group.name for group in GROUPS if len(group.rows) > 1]
    names += [row.name for group in GROUPS for row in group.rows]
    assert len(names) == len(set(names))


def test_a_measure_that_is_not_there_is_named() -> None:
    ended = bench("--only", "nonsense")
    assert ended.returncode == 2
    assert "nonsense" in ended.stderr
    assert "lost-call" in ended.stderr


@pytest.mark.sockets
def test_one_measure_is_run_and_written_down(tmp_path: Path) -> None:
    found = tmp_path / "bench.json"
    ended = bench("--quick", "--only", "lost-call", "--json", str(found))
    assert ended.returncode in (0, 1), ended.stderr
    (row,) = json.loads(found.read_text())["rows"]
    assert row["name"] == "lost-call"
    assert (row["verdict"] == "MISS") == (ended.returncode == 1)
    assert len(row["rounds"]) == 2
    assert row["verdict"] in ended.stdout
    assert "lost-call" in ended.stderr  # progress


def test_a_fleet_that_needs_more_files_than_may_be_open_is_refused_with_what_to_do() -> None:
    resource = pytest.importorskip("resource")
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    if hard == resource.RLIM_INFINITY:
        pytest.skip("any number of files may be open here")
    with pytest.raises(OSError, match=f"ulimit -Hn {hard + 201}"):
        lift_limit(hard + 1)
