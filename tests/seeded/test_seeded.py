"""Installed scenarios find what is wrong with systems that others wrote: each defect in its scenario, at its step.

The systems are made with `ocpp`'s own classes. Without a defect they pass everything that they have; with one, the
scenario that names it fails, no other does, and the message holds what was seen.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from shared.report.events import Verdict
from shared.scenario.building import Failures
from shared.scenario.model import CHARGE_POINT, CSMS
from shared.versions import V16, VERSIONS, Version
from tests.seeded.bench import AGAINST, against_station, rounds
from tests.seeded.central_defects import CENTRAL
from tests.seeded.defects import Defect
from tests.seeded.station_defects import STATION
from tests.support import each_version

ROOT = Path(__file__).resolve().parents[2]

SAID_SO = re.compile("NotImplemented|NotSupported")
"""How the correct systems tell of what they do not have (1.6 §3.3: the Core profile alone is required)."""


def spread(defects: Sequence[Defect]) -> Iterator[Any]:
    """Each defect on one of the versions that can have it, on each in turn."""
    for number, defect in enumerate(defects):
        versions = defect.row.versions
        yield _param(defect, versions[number % len(versions)])


def every(defects: Sequence[Defect]) -> Iterator[Any]:
    """Each defect on every version that can have it."""
    for defect in defects:
        for version in defect.row.versions:
            yield _param(defect, version)


def _param(defect: Defect, version: Version) -> Any:
    return pytest.param(defect, version, id=f"{defect.against}-{version}-{defect.row.name}".replace(" ", "_"))


@each_version
@pytest.mark.parametrize("role", [CHARGE_POINT, CSMS])
def test_a_correct_system_passes_all_that_it_has(role: str, version: Version) -> None:
    ended = {one.id: AGAINST[role](one) for one in rounds(role, version)}
    wrong = {id: (end.reason, end.failure) for id, end in ended.items() if not end.verdict.is_good}
    assert not wrong
    lacking = {id: end.reason for id, end in ended.items() if end.verdict is not Verdict.PASSED}
    assert all(SAID_SO.search(reason) for reason in lacking.values()), lacking
    assert any("local_list" in id for id in lacking) is (role == CSMS)


@pytest.mark.parametrize(("defect", "version"), [*every(CENTRAL), *every(STATION)])
def test_a_defect_fails_the_scenario_that_names_it_at_its_step(defect: Defect, version: Version) -> None:
    asked = [one for one in rounds(defect.against, version) if one.scenario.file == defect.file]
    named = [one for one in asked if one.scenario.name == defect.scenario]
    for one in named:
        end = AGAINST[defect.against](one, defect.row.name)
        assert end.verdict is Verdict.FAILED
        assert end.failure is not None
        assert (end.failure.line, end.failure.file) == (defect.line, defect.file), end.reason
        assert defect.row.actual in end.reason
    assert named


@pytest.mark.parametrize(("defect", "version"), [*spread(CENTRAL), *spread(STATION)])
def test_a_defect_fails_no_other_scenario_of_the_run(defect: Defect, version: Version) -> None:
    failures = Failures()
    ended = [
        (one.scenario, AGAINST[defect.against](one, defect.row.name, failures=failures))
        for one in rounds(defect.against, version)
    ]
    failed = {(one.file, one.name) for one, end in ended if end.verdict in (Verdict.FAILED, Verdict.ERROR)}
    assert failed == {(defect.file, defect.scenario)}
    unclear = [end.reason for _, end in ended if end.verdict is Verdict.INCONCLUSIVE]
    assert all(reason.startswith("it builds on ") for reason in unclear), unclear


def test_a_scenario_that_builds_on_another_finds_the_same_alone() -> None:
    (one,) = [one for one in rounds(CSMS, V16) if one.scenario.name == "every answer comes twice"]
    assert against_station(one).verdict is Verdict.PASSED
    for defect in ("tells the end twice", "calls a remote stop local"):
        assert against_station(one, defect).verdict is Verdict.FAILED


@each_version
@pytest.mark.parametrize("role", [CHARGE_POINT, CSMS])
def test_the_same_holds_over_real_sockets(role: str, version: Version) -> None:
    names = {CHARGE_POINT: "refuses the token at the end", CSMS: "calls a remote stop local"}
    (defect,) = [one for one in (*CENTRAL, *STATION) if one.row.name == names[role]]
    (one,) = [one for one in rounds(role, version) if one.scenario.name == defect.scenario]
    assert AGAINST[role](one, sockets=True).verdict is Verdict.PASSED
    end = AGAINST[role](one, defect.row.name, sockets=True)
    assert end.failure is not None
    assert (end.failure.line, end.verdict) == (defect.line, Verdict.FAILED)


@each_version
def test_a_correct_station_passes_as_well_when_it_was_registered_in_an_earlier_run(version: Version) -> None:
    for one in rounds(CSMS, version):
        end = against_station(one, registered=True)
        assert end.verdict.is_good, (one.id, end.reason)


@each_version
def test_a_station_that_was_registered_in_an_earlier_run_need_not_boot(version: Version) -> None:
    (one,) = [one for one in rounds(CSMS, version) if one.scenario.name == "out of service and back"]
    end = against_station(one, registered=True)
    assert end.verdict is Verdict.PASSED, end.reason
    said = [entry.parts()[2] for entry in end.journal if entry.kind == "call"]
    assert "BootNotification" not in said
    assert said.index("TriggerMessage") < said.index("ChangeAvailability")


def test_there_are_enough_of_both_and_on_each_version() -> None:
    for table in (CENTRAL, STATION):
        count = Counter(param.values[1] for param in every(table))
        assert set(count) == set(VERSIONS)
        assert min(count.values()) >= 15
        assert {param.values[1] for param in spread(table)} == set(VERSIONS)


def test_the_page_is_what_the_table_says() -> None:
    script = ROOT / "scripts" / "docs_seeded.py"
    done = subprocess.run(
        [sys.executable, str(script), "--check"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
