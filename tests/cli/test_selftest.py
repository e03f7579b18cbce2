"""The self-test: green when both programs do as they must, red as soon as one does not."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from scripts.processes import ROOT, environment
from scripts.selftest_cases import CASES
from shared.scenario.load import shipped


def _selftest(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(ROOT / "scripts" / "selftest.py"), *arguments],
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
        env=environment(),
        stdin=subprocess.DEVNULL,
    )


def test_cases_that_go_well_are_green_and_the_table_fits_80_columns() -> None:
    ended = _selftest("--only", "tokens", "--only", "csms-killed", "--version", "1.6", "--version", "2.1")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "4 of 4 runs passed" in ended.stdout
    assert "FAILED" not in ended.stdout
    assert max(map(len, ended.stdout.splitlines())) <= 80


@pytest.mark.parametrize(
    ("case", "program", "sabotage"),
    [
        ("boot-rejected", "csms", "[w.replace('Rejected,', '') for w in args]"),
        ("boot-rejected", "charge_point", "[*args, '--sessions', '1', '--duration', '60']"),
        ("tokens", "csms", "[w.replace('E3=ConcurrentTx', 'E3=Blocked') for w in args]"),
        ("csms-killed", "csms", "args[:args.index('--state')] + args[args.index('--state') + 2:]"),
        ("happy_path/statuses", "charge_point", "[*args, '--inject', 'drop:action=StatusNotification']"),
        ("happy_path/reset", "charge_point", "['scenario', 'lint', 'happy_path/reset']"),
        ("secured", "csms", "[w for w in args if w != '--passwords' and not w.endswith('passwords')]"),
    ],
    ids=[
        "wrong sequence",
        "wrong status",
        "wrong token",
        "nothing remembered",
        "statuses lost",
        "nothing played",
        "no passwords",
    ],
)
def test_a_wrong_outcome_turns_it_red(tmp_path: Path, case: str, program: str, sabotage: str) -> None:
    """The program is started with something left out or put in that the case does not expect."""
    wrapper = tmp_path / "wrapper.py"
    wrapper.write_text(
        f"import sys\nsys.path.insert(0, {str(ROOT)!r})\nfrom {program}.__main__ import main\n"
        f"args = sys.argv[1:]\nsys.exit(main({sabotage}))\n"
    )
    flag = f"--{program.replace('_', '-')}"
    ended = _selftest(
        *("--only", case, "--version", "2.0.1", "--patience", "2.5"),
        *(flag, f"{sys.executable} {wrapper}"),
    )
    assert ended.returncode == 1, ended.stdout + ended.stderr
    assert "0 of 1 runs passed" in ended.stdout
    assert f"\n{case} on OCPP 2.0.1:\n" in ended.stdout
    assert "Traceback" not in ended.stdout + ended.stderr


def test_a_program_that_does_not_start_turns_it_red(tmp_path: Path) -> None:
    broken = tmp_path / "broken.py"
    broken.write_text("print('hello')\n")
    ended = _selftest("--only", "boot", "--version", "1.6", "--csms", f"{sys.executable} {broken}")
    assert ended.returncode == 1
    assert "did not begin with 'listening on'" in ended.stdout


def test_the_cases_are_listed_within_80_columns() -> None:
    ended = _selftest("--list")
    assert ended.returncode == 0
    lines = ended.stdout.splitlines()
    assert [line.split()[0] for line in lines if line[0] != " "] == [*CASES, *shipped()]
    assert max(map(len, lines)) <= 80


def test_every_installed_scenario_is_a_run_of_its_own_on_each_of_its_versions() -> None:
    ended = _selftest("--only", "error_handling", "--only", "happy_path/reset", "--version", "1.6")
    names = [name for name in shipped() if name.startswith("error_handling/")]
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert f"{len(names) + 1} of {len(names) + 1} runs passed" in ended.stdout
    rows = [line.split()[:2] for line in ended.stdout.splitlines() if line.startswith(("error_", "happy_"))]
    assert rows == [[name, "ok"] for name in [*names, "happy_path/reset"]]
    assert max(map(len, ended.stdout.splitlines())) <= 80


def test_an_unknown_case_is_wrong_usage() -> None:
    assert _selftest("--only", "nothing").returncode == 2
