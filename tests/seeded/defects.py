"""What is seeded: each defect with the scenario that must fail for it, the step at which it must, and what is told.

The rows are in `central_defects.py` and `station_defects.py`. `Row.name` is the switch in `central.py`, or in
`station.py`, `wires.py` or `frames.py`; `step` is how the failing step begins in the scenario's file, `actual`
stands in the failure's message. A `charge_point` plays its scenarios against the central system, a `csms` against the
station.
"""

from __future__ import annotations

from typing import NamedTuple

from shared.scenario.load import FILES
from shared.versions import V16, VERSIONS, Version


class Row(NamedTuple):
    """One defect: its switch, the step that must fail, what is told, and the versions that can have it."""

    name: str
    step: str
    actual: str
    versions: tuple[Version, ...] = VERSIONS


class Defect(NamedTuple):
    """One defect, and what finds it."""

    against: str
    file: str
    scenario: str
    row: Row

    @property
    def line(self) -> int:
        """The line of the step in the scenario's file. Raises LookupError when there is no such step."""
        lines = (FILES / f"{self.file}.yaml").read_text(encoding="utf-8").splitlines()
        begin = lines.index(f"scenario: {self.scenario}")
        for number, line in enumerate(lines):
            if number > begin and _step(line).startswith(self.row.step):
                return number + 1
        raise LookupError(f"{self.file}: {self.scenario!r} has no step {self.row.step!r}")


def _step(line: str) -> str:
    """A line of a file without what makes it an item or a flow mapping."""
    return line.strip().removeprefix("- ").removeprefix("{")


def of(against: str, file: str, scenario: str, *rows: Row) -> list[Defect]:
    """The defects that one scenario finds."""
    return [Defect(against, file, scenario, row) for row in rows]


OLD = (V16,)

IDS = (
    Row("cuts long message ids", "expect: {raw: '/^", 'raw is [3, "An-Id.May_Have-36-Ch"'),
    Row(
        "gives ids back in lower case",
        "expect: {raw: '/^",
        'raw is [3, "an-id.may_have-36-characters-0123456"',
    ),
    Row("answers twice", "expect: {raw: '/An-Id", "1 came"),
)
"""What either side can do wrong with the id of a call."""
