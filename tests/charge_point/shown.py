"""Which test shows what the station does with an action: for every action and version one, in `shown.csv`.

The tests' CSMS notes each action that crosses it (`crossed`). A test that `shown.csv` names and that does not let its
action cross fails (`conftest.py`); one that is not there any more fails `test_shown.py`. `scripts/docs_shown.py`
chooses the tests anew.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

from shared.actions import CSMS, STATION, of
from shared.versions import VERSIONS, Version

FILE = Path(__file__).with_name("shown.csv")
FOLDER = "tests/charge_point/"

Row = tuple[str, str]
"""Version and action."""

seen: set[Row] = set()
"""What has crossed in the test that runs."""


class Shown(NamedTuple):
    """The test that shows an action: file, and name with its parameters."""

    file: str
    name: str

    @property
    def id(self) -> str:
        """As pytest has it."""
        return f"{FOLDER}{self.file}.py::{self.name}"

    @property
    def words(self) -> str:
        """As a page has it."""
        name = self.name.partition("[")[0].removeprefix("test_")
        return f"`{self.file}: {name.replace('__', ': ').replace('_', ' ')}`"


def crossed(version: Version, action: str) -> None:
    """The CSMS of a test has sent `action` to the station, or heard it."""
    seen.add((version.name, action))


def wanted() -> Iterator[Row]:
    """Every action of every version, whoever sends it."""
    for version in VERSIONS:
        for name in dict.fromkeys(
            action.name for sender in (CSMS, STATION) for action in of(version, sender)
        ):
            yield version.name, name


@cache
def shown() -> dict[Row, Shown]:
    """(version, action) -> its test."""
    found = {}
    for line in FILE.read_text("utf-8").splitlines()[1:]:
        version, action, file, name = line.split(",", 3)
        found[version, action] = Shown(file, name)
    return found


@cache
def promised() -> dict[str, set[Row]]:
    """Test -> what it has to let cross."""
    found: dict[str, set[Row]] = {}
    for row, test in shown().items():
        found.setdefault(test.id, set()).add(row)
    return found


def missing(test: str) -> set[Row]:
    """What this test has to let cross and has not."""
    return promised().get(test, set()) - seen
