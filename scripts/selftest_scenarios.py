"""The installed scenarios in the self-test: each on all its versions, both roles in one process.

One process plays all of them on one version, as somebody would type it; what came of each is read from its JSON Lines.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from scripts.processes import ROOT, environment
from scripts.selftest_bench import Commands
from shared.scenario.load import FILES, load, shipped
from shared.versions import Version

MOST = 300.0
"""Seconds that all scenarios of one version may take; virtual time makes it a few."""


class Played(NamedTuple):
    """What came of one file of scenarios on one version: what went wrong ("" when nothing did), steps, seconds."""

    name: str
    version: Version
    wrong: str
    seen: int
    seconds: float


def names() -> list[str]:
    """The scenarios that are installed."""
    return shipped()


def versions_of(name: str) -> frozenset[Version]:
    """The versions on which a file of scenarios can be played."""
    return frozenset(v for scenario in load(FILES / f"{name}.yaml") for v in scenario.versions)


def about(name: str) -> str:
    """What a file of scenarios shows."""
    return "; ".join(scenario.about or scenario.name for scenario in load(FILES / f"{name}.yaml"))


def play(chosen: Sequence[str], version: Version, folder: Path, commands: Commands) -> list[Played]:
    """Play the scenarios of `chosen` that are for `version`."""
    mine = [name for name in chosen if version in versions_of(name)]
    if not mine:
        return []
    report = folder / f"scenarios-{version.name}.jsonl"
    argv = [*commands.charge_point, "run", "--pair", *mine, "--ocpp-version", version.name]
    argv += ["--report", f"jsonl:{report}", "--log-level", "error"]
    status, said = _ended(argv, folder)
    events = [json.loads(line) for line in report.read_text().splitlines()] if report.exists() else []
    files = {e["id"]: e["file"] for e in events if e["event"] == "scenario_started"}
    found = [_judged(name, version, [e for e in events if files.get(e.get("id")) == name]) for name in mine]
    if status and not any(one.wrong for one in found):  # it did not say which
        found = [one._replace(wrong=f"run ended with {status}: {said}") for one in found]
    return found


def _ended(argv: Sequence[str], folder: Path) -> tuple[int, str]:
    cwd = ROOT if argv[0] == sys.executable else folder
    try:
        ended = subprocess.run(
            argv,
            cwd=cwd,
            env=environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=MOST,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return 1, f"not over after {MOST:g} s"
    return ended.returncode, (ended.stderr or ended.stdout).strip()[-2000:]


def _judged(name: str, version: Version, events: Sequence[dict[str, Any]]) -> Played:
    """Every scenario of the file was begun and has passed; nothing was left open."""
    begun = [e for e in events if e["event"] == "scenario_started"]
    ended = [e for e in events if e["event"] == "scenario_finished"]
    steps = [e for e in events if e["event"] == "step_finished" and e["verdict"] == "passed"]
    bad = [e for e in ended if e["verdict"] != "passed"]
    wrong = "\n".join(f"{e['id']}: {e['verdict']}: {e.get('reason', '')}" for e in bad)
    if len(begun) != len(ended) or not begun:
        wrong = f"{len(begun)} begun, {len(ended)} ended; {wrong}"
    return Played(name, version, wrong, len(steps), sum(e["wall_seconds"] for e in ended))
