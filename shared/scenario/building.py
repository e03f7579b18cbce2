"""Scenarios that build on others: they repeat a rule of those under worse conditions, so that one mistake is red once.

    builds_on: edge_cases/station_pending                         any scenario of that file
    builds_on: {edge_cases/station_pending: the name of one}      one of them
    builds_on: the name of a scenario in this file
    builds_on: [edge_cases/station_pending, ...]                  several

A file is looked for beside the one that names it, in the folder above, and among those that are installed. In one run
those that are named are played first. When one of them failed on the version, a failure of the other is inconclusive:
it may say the same once more, and the run is red already. Everything else stays as it is; where they are not in the
run, or were not judged, it fails on its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from shared.report.events import Verdict
from shared.scenario.engine import Result
from shared.scenario.model import Base, Scenario
from shared.scenario.parse import parse
from shared.scenario.tree import Items, Node, Scalar, ScenarioError, Table
from shared.suggest import advice
from shared.versions import Version

# --- reading --------------------------------------------------------------------------------------------------


class Shelf:
    """Where files are found by name, and read once; `folder` holds those that are installed, `names` are theirs."""

    def __init__(self, folder: Path, names: Sequence[str], suffixes: Sequence[str]) -> None:
        self._folder = folder
        self._names = names
        self._suffixes = suffixes
        self._read: dict[Path, list[Node]] = {}

    def bases(self, document: Node, path: Path, documents: list[Node]) -> tuple[Base, ...]:
        """What one of the `documents` of the file at `path` builds on.

        Raises ScenarioError, with the line, for a name that there is not, and for one that builds on itself.
        """
        path = path.resolve()
        self._read[path] = documents
        node = document.get("builds_on") if isinstance(document, Table) else None
        if node is None:
            return ()
        found = tuple(self._meant(node, path))
        start = Base(self.called(path), _name(document), path)
        for circle in self._ways(start, found):
            raise ScenarioError(f"it builds on itself: {' -> '.join(circle)}", node.line)
        return found

    def called(self, path: Path) -> str:
        """What the file at `path` is called: an installed one by its name."""
        if path.is_relative_to(self._folder):
            return path.relative_to(self._folder).with_suffix("").as_posix()
        here = Path.cwd()
        return str(path.relative_to(here) if path.is_relative_to(here) else path)

    def _ways(self, start: Base, found: Iterable[Base]) -> Iterator[list[str]]:
        """The ways from `start` back to it, as names of scenarios; every other one is passed once."""
        todo = [(base, [start.scenario]) for base in found]
        seen: set[tuple[Path, str]] = set()
        while todo:
            base, way = todo.pop()
            for document in self._documents(base.path):
                name = _name(document)
                if base.scenario not in ("", name) or (base.path, name) in seen:
                    continue
                seen.add((base.path, name))
                if (base.file, name) == start[:2]:
                    yield [*way, name]
                below = document.get("builds_on") if isinstance(document, Table) else None
                if below is not None:
                    todo += [(further, [*way, name]) for further in self._meant(below, base.path)]

    def _meant(self, node: Node, path: Path) -> Iterator[Base]:
        """What stands behind `builds_on` in the file at `path`."""
        if isinstance(node, Items):
            for item in node:
                yield from self._meant(item, path)
        elif isinstance(node, Table):
            for word, names in node:
                yield from self._named(word, names, path)
        elif node.text in (own := [_name(document) for document in self._documents(path)]):
            yield Base(self.called(path), node.text, path)
        else:
            where = self._find(node, path, own)
            yield Base(self.called(where), "", where)

    def _named(self, word: Scalar, names: Node, path: Path) -> Iterator[Base]:
        """The scenarios called `names` in the file that `word` means."""
        where = self._find(word, path)
        inside = [_name(document) for document in self._documents(where)]
        for name in names if isinstance(names, Items) else [names]:
            text = name.text if isinstance(name, Scalar) else ""
            if text not in inside:
                raise ScenarioError(f"{word.text} has no scenario {text!r}{advice(text, inside)}", name.line)
            yield Base(self.called(where), text, where)

    def _find(self, word: Scalar, path: Path, own: Sequence[str] = ()) -> Path:
        """The file that `word` means in the file at `path`."""
        for folder in (path.parent, path.parent.parent) if word.text else ():
            for suffix in ("", *self._suffixes):
                if (found := folder / f"{word.text}{suffix}").is_file():
                    return found.resolve()
        short = {name.rpartition("/")[2]: name for name in self._names} | {name: name for name in self._names}
        if word.text in short:
            return self._folder / f"{short[word.text]}.yaml"
        words = f"it builds on {word.text!r}, and there is no such file or scenario"
        raise ScenarioError(f"{words}{advice(word.text, [*own, *short])}", word.line)

    def _documents(self, path: Path) -> list[Node]:
        if path not in self._read:
            try:
                text = path.read_text(encoding="utf-8-sig")
                self._read[path] = parse(text, toml=path.suffix == ".toml")
            except (OSError, UnicodeDecodeError) as problem:
                raise ScenarioError(f"it cannot be read: {problem}", file=str(path)) from None
            except ScenarioError as wrong:
                raise ScenarioError(wrong.text, wrong.line, str(path)) from None
        return self._read[path]


def _name(document: Node) -> str:
    name = document.get("scenario") if isinstance(document, Table) else None
    return name.text if isinstance(name, Scalar) else ""


# --- a run ----------------------------------------------------------------------------------------------------


def in_order(scenarios: Sequence[Scenario]) -> list[Scenario]:
    """`scenarios` as they come, but each after those that it builds on."""
    order: dict[int, Scenario] = {}
    begun: set[int] = set()

    def place(number: int) -> None:
        if number in begun:
            return
        begun.add(number)
        wanted = scenarios[number].builds_on
        for other, scenario in enumerate(scenarios) if wanted else ():
            if any(base.means(scenario) for base in wanted):
                place(other)
        order[number] = scenarios[number]

    for number in range(len(scenarios)):
        place(number)
    return list(order.values())


@dataclass
class Failures:
    """What failed in a run, and on which version. The run owns it."""

    found: list[tuple[Scenario, Version]] = field(default_factory=list)

    def judged(self, scenario: Scenario, version: Version, result: Result, details: dict[str, Any]) -> Result:
        """A failure of `scenario`, or what it comes to, and a word about it in `details`, where a base has failed."""
        under = next(
            (
                f"{failed.file}: {failed.name}"
                for failed, on in self.found
                if on is version and any(base.means(failed) for base in scenario.builds_on)
            ),
            "",
        )
        self.found.append((scenario, version))
        if not under:
            return result
        details["builds_on"] = under
        words = f"it builds on {under}, which failed"
        reason = words if result.failure is not None else f"{words}: {result.reason}"
        return result._replace(verdict=Verdict.INCONCLUSIVE, reason=reason)
