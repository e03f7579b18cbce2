"""Choose for every action and version the test that shows best what the station does with it.

All tests of the station are run, which takes a minute, and note what crosses their wire. Of those that let an action
cross the best is the one whose file and name speak of it, and which lets the fewest other actions cross.
The choice goes to `tests/charge_point/shown.csv`, and `scripts/docs_answers.py` puts it on the page.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.charge_point.shown import FILE, FOLDER, Row, wanted  # noqa: E402

BY_ROTE = ("test_every_request_is_answered_by_its_schema", "test_every_type_")
"""Tests of all actions alike: they show the least."""

_REFUSES = re.compile("nothing|reject|refus|pending|without|switched_off|cannot|does_not")
"""Words of tests in which it does not do what is asked."""

_WORD = re.compile(r"[A-Z][a-z]+|[A-Z]+(?![a-z])|\d+")


class Noted(NamedTuple):
    """A test, and what crossed its wire."""

    id: str
    rows: frozenset[Row]

    @property
    def file(self) -> str:
        """Without folder and ending."""
        return self.id.partition("::")[0].removeprefix(FOLDER).removesuffix(".py")

    @property
    def name(self) -> str:
        """With its parameters."""
        return self.id.partition("::")[2]


def run() -> list[Noted]:
    """Run all tests of the station; gives what each has let cross."""
    with tempfile.TemporaryDirectory() as notes:
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", FOLDER]
        done = subprocess.run(command, cwd=ROOT, env=os.environ | {"SHOWN": notes}, check=False)
        if done.returncode > 1:  # a test that fails is its own affair
            raise SystemExit(done.returncode)
        return list(_read(Path(notes)))


def _read(notes: Path) -> Iterator[Noted]:
    for file in sorted(notes.iterdir()):
        for line in file.read_text("utf-8").splitlines():
            id, rows = json.loads(line)
            yield Noted(id, frozenset((version, action) for version, action in rows))


def best(row: Row, tests: list[Noted]) -> Noted | None:
    """The test that shows the action best."""
    able = [test for test in tests if row in test.rows]
    return max(able, key=lambda test: _worth(row, test), default=None)


def _worth(row: Row, test: Noted) -> tuple[bool, int, int, str]:
    words = {word.lower()[:6] for word in _WORD.findall(row[1])} - {
        "get",
        "set",
        "notify",
        "request",
        "status",
    }
    name = test.name.partition("[")[0]
    speaks = sum(word in f"{test.file} {name}".lower() for word in words)
    bare = len(_REFUSES.findall(name))
    worth = 3 * speaks + name.startswith("test_tc_") - 2 * bare - len(test.rows)
    return (not name.startswith(BY_ROTE), worth, -len(test.id), test.id)


def main() -> int:
    """Write the table; gives the exit status."""
    tests, lines, without = run(), ["version,action,file,test"], []
    for row in wanted():
        test = best(row, tests)
        if test is None:
            without.append(" ".join(row))
        else:
            lines.append(f"{row[0]},{row[1]},{test.file},{test.name}")
    FILE.write_text("\n".join(lines) + "\n", encoding="utf-8")
    for each in without:
        print(f"no test shows {each}", file=sys.stderr)
    return 1 if without else 0


if __name__ == "__main__":
    sys.exit(main())
