"""Every installed scenario passes on the pair: in memory and over sockets, and the same way every time."""

from __future__ import annotations

import pytest

from shared.report.coverage_matrix import Matrix
from shared.report.events import Verdict
from shared.scenario.load import FILES, load, shipped
from shared.scenario.model import ROLES
from shared.versions import V16, V201, Version
from tests.scenario.played import Played

FOLDERS = ("happy_path", "error_handling", "edge_cases")

each_scenario = pytest.mark.parametrize("name", shipped())


def played(name: str, over: str = "memory", seed: int = 0) -> Played:
    return Played((FILES / f"{name}.yaml").read_text(encoding="utf-8"), file=name, over=over, seed=seed)


def test_there_are_some_in_each_folder_and_for_each_role() -> None:
    assert {name.partition("/")[0] for name in shipped()} == set(FOLDERS)
    roles = {scenario.role for name in shipped() for scenario in load(FILES / f"{name}.yaml")}
    assert roles == set(ROLES)


@each_scenario
def test_it_passes_on_every_version_of_it_and_takes_the_same_course_each_time(name: str) -> None:
    one, again = played(name), played(name)
    assert one.verdicts == {Verdict.PASSED}, [(e.id, e.reason, e.failure) for e in one.finished]
    assert one.journals == again.journals


@pytest.mark.parametrize(
    ("name", "members"),
    [
        ("happy_path/plug_and_charge", ("exiResponse", "iso15118CertificateHashData")),
        ("happy_path/certificates", ("ocspResult", "csr", "certificateChain")),
    ],
)
def test_what_is_signed_and_wrapped_is_among_what_is_the_same_each_time(
    name: str, members: tuple[str, ...]
) -> None:
    frames = {str(entry.what) for journal in played(name).journals for entry in journal}
    assert [member for member in members if not any(f'"{member}":' in one for one in frames)] == []


@pytest.mark.parametrize(("version", "rows"), [(V16, 27), (V201, 23)], ids=str)
def test_together_they_exercise_the_minimum(version: Version, rows: int) -> None:
    matrix = Matrix()
    for name in shipped():
        if name != "edge_cases/reconnect_storm":  # a hundred stations add nothing but time
            text = (FILES / f"{name}.yaml").read_text(encoding="utf-8")
            for finished in Played(text, file=name, versions=(version,)).finished:
                matrix.take(finished.journal, version.name, finished.epoch)
    seen = {row for row, count in matrix.minimum[version].items() if count}
    assert len(seen) == rows == len(matrix.minimum[version])
    assert ("StatusNotification", "SuspendedEVSE") in seen or version is V201
    assert ("MeterValues", "Periodic") in seen


@each_scenario
def test_another_seed_has_the_same_verdict(name: str) -> None:
    assert played(name, seed=4711).verdicts == {Verdict.PASSED}


@each_scenario
def test_it_passes_over_real_sockets(name: str) -> None:
    over = played(name, over="sockets")
    assert over.verdicts == {Verdict.PASSED}, [(e.id, e.reason, e.failure) for e in over.finished]
