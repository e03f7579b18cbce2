"""A scenario as it is played: read, checked, and not yet started."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

from shared.scenario.tree import Node
from shared.versions import VERSIONS, Version

CHARGE_POINT, CSMS, PAIR = "charge_point", "csms", "pair"
ROLES = (CHARGE_POINT, CSMS, PAIR)


@dataclass(frozen=True)
class Step:
    """One step: a verb with its arguments, as nodes or as steps of its own.

    `only` limits it to versions; `at` is the station, or `csms` or `charge_point`, at which it happens; `name` is
    what its result is kept as.
    """

    verb: str
    arguments: Mapping[str, Node | tuple[Step, ...] | tuple[tuple[Step, ...], ...]]
    line: int
    text: str
    file: str = ""
    only: tuple[Version, ...] = VERSIONS
    at: str = ""
    name: str = ""


def every_step(steps: Iterable[Step]) -> Iterator[Step]:
    """`steps`, and those inside them."""
    for step in steps:
        yield step
        for inside in step.arguments.values():
            if isinstance(inside, tuple):
                for each in inside:
                    yield from every_step([each] if isinstance(each, Step) else each)


class Base(NamedTuple):
    """What a scenario builds on: a scenario of a file, or any that is in it when none is named; where the file is."""

    file: str
    scenario: str
    path: Path

    def means(self, other: Scenario) -> bool:
        """Whether it is this one."""
        if self.scenario not in ("", other.name):
            return False
        return other.file == self.file or Path(other.file).resolve() == self.path


@dataclass(frozen=True)
class Scenario:
    """One scenario of a file. `stations` are their identities with their settings; `settings` those of the CSMS."""

    name: str
    file: str
    line: int
    role: str
    versions: tuple[Version, ...]
    steps: tuple[Step, ...]
    given: tuple[Step, ...] = ()
    finally_: tuple[Step, ...] = ()
    stations: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    needs: Mapping[str, Node] = field(default_factory=dict)
    parameters: Mapping[str, Node] = field(default_factory=dict)
    cases: Mapping[str, tuple[Node, ...]] = field(default_factory=dict)
    about: str = ""
    expected_failure: str = ""
    builds_on: tuple[Base, ...] = ()
    """The scenarios whose rule it repeats under worse conditions (`building.py`)."""
    dialect: str = "native"
    warnings: tuple[str, ...] = ()
    alias: Mapping[str, str] = field(default_factory=dict)
    """Names that stations have in the file, and the identities that they go by in this run."""

    def rounds(self) -> list[dict[str, Node]]:
        """The values of the parameters in each of the cases; one empty round without cases."""
        names = list(self.cases)
        return [dict(zip(names, values, strict=True)) for values in product(*self.cases.values())]
