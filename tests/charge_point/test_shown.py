"""For every action of every version there is a test that shows what the station does with it."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts.docs_sent import SENT
from shared.actions import STATION, of
from shared.versions import VERSIONS
from tests.charge_point.shown import crossed, missing, promised, shown, wanted


def test_every_action_of_every_version_has_a_test_that_shows_it() -> None:
    assert set(shown()) == set(wanted()), "run scripts/docs_shown.py"


def test_the_tests_that_are_named_are_there(request: pytest.FixtureRequest) -> None:
    config = request.config
    if config.option.keyword or config.option.markexpr or any("::" in each for each in config.args):
        pytest.skip("not all tests are collected")
    collected = {item.nodeid for item in request.session.items}
    files = {each.partition("::")[0] for each in collected}
    gone = [test for test in promised() if test.partition("::")[0] in files and test not in collected]
    assert gone == [], "run scripts/docs_shown.py"


def test_the_files_that_are_named_are_there() -> None:
    here = Path(__file__).parent
    assert [test.file for test in shown().values() if not (here / f"{test.file}.py").exists()] == []


def test_a_test_that_does_not_let_its_action_cross_is_found() -> None:
    test, rows = next((test, rows) for test, rows in promised().items() if len(rows) == 1)
    (row,) = rows
    assert missing(test) == rows
    other = next(version for version in VERSIONS if version.name != row[0])
    crossed(other, row[1])  # on another version it does not count
    assert missing(test) == rows
    crossed(next(version for version in VERSIONS if version.name == row[0]), row[1])
    assert missing(test) == set()
    assert missing("tests/charge_point/test_x.py::test_of_nothing") == set()


def test_what_the_station_sends_by_itself_is_all_said() -> None:
    assert SENT.keys() == {action.name for version in VERSIONS for action in of(version, STATION)}
