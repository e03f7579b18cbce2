"""Personas as TOML files: found by name or path, read with their lines, so that a mistake is told with its place.

Both roles have personas, with keys of their own (`csms.persona`, `charge_point.persona`); here is what reading them
has in common: keys by a table, options of the program, faults, and answers that become faults.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from shared.option_fields import UsageError
from shared.persona_keys import Sections, checked
from shared.suggest import not_one_of

if TYPE_CHECKING:
    from shared.faults import Injection
    from shared.option_layers import Layer
    from shared.scenario.tree import Node

LIST = "list"
"""In the place of a name: tell which there are."""


def as_json(value: Any) -> str:
    """`value` in JSON; the module is imported only where somebody has a persona."""
    import json

    return json.dumps(value)


class Told(Protocol):
    """A persona: it says what it is about, in a sentence."""

    @property
    def about(self) -> str: ...


P = TypeVar("P", bound=Told)


class Shelf(Generic[P]):
    """The personas of one role: those that come with the program, in `folder`, and any other file.

    `read` makes one of a text, its name and its file; `listed` stands for the wish to be told which there are.
    """

    def __init__(self, folder: str, read: Callable[[str, str, str], P], listed: P) -> None:
        self._folder = folder
        self._read = lru_cache(maxsize=64)(read)
        self._listed = listed

    def names(self) -> list[str]:
        """The personas that come with the program."""
        return sorted(file[:-5] for file in os.listdir(self._folder) if file.endswith(".toml"))

    def listing(self) -> str:
        """Every one of them with what it is; a line each of at most 80 columns, more where it is long."""
        import textwrap

        abouts = {name: self.load(name).about for name in self.names()}
        width = max(map(len, abouts)) + 2
        lines = []
        for name, words in abouts.items():
            about = textwrap.wrap(words, 80 - width) or [""]
            lines += [f"{name if not at else '':<{width}}{line}" for at, line in enumerate(about)]
        return "".join(f"{line}\n" for line in lines)

    def named(self, text: str) -> P:
        """The persona that an option names; ValueError with one clause."""
        if text == LIST:
            return self._listed
        try:
            return self.load(text)
        except UsageError as wrong:
            raise ValueError(str(wrong)) from None

    def load(self, name: str) -> P:
        """A persona by its name, or by the path of a TOML file. Raises UsageError with file and line."""
        path = name if name.endswith(".toml") else os.path.join(self._folder, f"{name}.toml")
        if not name.endswith(".toml") and name not in (names := self.names()):
            advised = not_one_of(name, "a persona", names)
            raise UsageError(f"{advised}; --persona list names them, or give the path of a .toml file")
        try:
            with open(path, encoding="utf-8-sig") as file:  # some editors begin a file with a byte order mark
                text = file.read()
        except UnicodeDecodeError:
            raise UsageError(f"{path}: not UTF-8 text") from None
        except OSError as problem:
            raise UsageError(f"{path}: {(problem.strerror or 'cannot be read').lower()}") from None
        return self._read(text, os.path.basename(path)[:-5], path)


class Reader:
    """Reads one file by its tables of keys. Raises UsageError with file and line for what cannot be."""

    def __init__(self, text: str, file: str, sections: Sections) -> None:
        from shared.scenario.parse import parse
        from shared.scenario.tree import ScenarioError

        try:
            (tree,) = parse(text, toml=True)
        except ScenarioError as wrong:
            raise UsageError(f"{file}:{wrong.line}: {wrong.text}") from None
        import tomllib

        self.file = file
        self.table: dict[str, Any] = tomllib.loads(text)
        self._tree: Node = tree
        self._sections = sections

    def top(self) -> dict[str, Any]:
        """What stands at the top, checked; a persona says what it is about."""
        top = self.keys("", self.table, ())
        if not top.get("about"):
            raise UsageError(f'{self.file}:1: needs about = "...", one sentence that says what it does')
        return top

    def section(self, name: str) -> dict[str, Any]:
        """What stands in a table, checked."""
        return self.keys(name, self.table.get(name, {}), (name,))

    def each(self, name: str, made: Callable[[dict[str, Any], tuple[Any, ...]], Any]) -> Iterable[Any]:
        """What `made` makes of every table of a list of tables, and of where it stands."""
        for at, table in enumerate(self.table.get(name, ())):
            path = (name, at)
            if not isinstance(table, dict):
                raise self.wrong(path, f"{name}: expected tables, [[{name}]]")
            yield made(self.keys(name, table, path), path)

    def keys(self, section: str, table: dict[str, Any], path: tuple[Any, ...]) -> dict[str, Any]:
        """The checked members of a table."""
        members = {}
        for key, value in table.items():
            try:
                members[key] = checked(self._sections, section, key, value)
            except ValueError as wrong:
                where = f"[{section}] {key}" if section else key
                raise self.wrong((*path, key), f"{where}: {wrong}") from None
        return members

    def options(self, options_class: type[Any], but: frozenset[str]) -> Layer:
        """The options of the program, each as a configuration file would give it, without those of `but`."""
        from shared.option_fields import options_of
        from shared.option_layers import from_table

        known = [option for option in options_of(options_class) if option.name not in but]
        layer: Layer = {}
        for key, value in self.table.get("options", {}).items():
            try:
                layer |= from_table(known, {key: value}, self.file, "options")
            except UsageError as wrong:
                said = str(wrong).removeprefix(f"{self.file}: ")
                raise self.wrong(("options", key), said) from None
        return layer

    def fault(self, spec: Any, path: tuple[Any, ...]) -> Injection:
        """A fault as `--inject` takes it, a text or a table."""
        from shared.faults import parse

        try:
            return parse(dict(spec) if isinstance(spec, dict) else spec)
        except UsageError as wrong:
            raise self.wrong(path, str(wrong)) from None

    def faults(self) -> list[Injection]:
        """Those that `faults` lists."""
        specs: Sequence[Any] = self.table.get("faults", ())
        return [self.fault(spec, ("faults", at)) for at, spec in enumerate(specs)]

    def answers(self) -> list[Injection]:
        """What `[[answers]]` says is done to answers, as faults."""
        return [fault for answer in self.each("answers", self._answer) for fault in answer]

    def _answer(self, answer: dict[str, Any], path: tuple[Any, ...]) -> list[Injection]:
        """What is done to answers, as faults."""
        for key, needed in (("description", "error"), ("gap", "copies")):
            if key in answer and needed not in answer:
                raise self.wrong((*path, key), f"{key}: needs {needed}")
        try:
            specs = answer_faults(answer)
        except ValueError as wrong:
            raise self.wrong(path, str(wrong)) from None
        return [self.fault(spec, path) for spec in specs]

    def wrong(self, path: tuple[Any, ...], said: str) -> UsageError:
        """What is wrong with what stands at `path`, with its place."""
        return UsageError(f"{self.at(path)}: {said}")

    def at(self, path: tuple[Any, ...]) -> str:
        """The file and the line of what stands at `path`."""
        from shared.scenario.tree import Items, Table

        node, line = self._tree, 1
        for step in path:
            if isinstance(node, Table):
                below = [(name, value) for name, value in node if name.text == step]
                if not below:
                    break
                line, node = below[0][0].line, below[0][1]
            elif isinstance(node, Items) and isinstance(step, int) and step < len(node.items):
                node = node.items[step]
                line = node.line or line
        return f"{self.file}:{line}"


def answer_faults(answer: dict[str, Any]) -> list[dict[str, Any]]:
    """The faults that a table of `[[answers]]` means, in the order in which they are done: content, kind, way, id.

    Raises ValueError when it says nothing of the answer.
    """
    which: dict[str, Any] = {
        key: answer[key] for key in ("action", "station", "nth", "every", "times") if key in answer
    }
    which["kind"] = ["answer", "error"]
    if "versions" in answer:
        which["version"] = answer["versions"]
    which |= {f"where.{name}": value for name, value in answer.get("where", {}).items()}
    specs = [spec for key, made in _DONE.items() if key in answer for spec in made(answer)]
    if not specs:
        raise ValueError(f"says nothing of the answer ({', '.join(_DONE)})")
    return [{**spec, **which} for spec in specs]


_DONE: dict[str, Callable[[dict[str, Any]], list[dict[str, Any]]]] = {
    "exact": lambda a: [{"fault": "merge", "value": as_json(a["exact"]), "exact": True}],
    "set": lambda a: [{"fault": "merge", "value": as_json(a["set"])}],
    "remove": lambda a: [{"fault": "change", "path": path, "remove": True} for path in a["remove"]],
    "null": lambda a: [{"fault": "change", "path": path, "value": "null"} for path in a["null"]],
    "error": lambda a: [{"fault": "call_error", "code": a["error"], "description": a.get("description", "")}],
    "silence": lambda a: [{"fault": "drop"}] if a["silence"] else [],
    "after": lambda a: [{"fault": "late_answer", "after": a["after"]}],
    "behind": lambda a: [{"fault": "reorder", "behind": a["behind"]}],
    "copies": lambda a: [{"fault": "duplicate", "copies": a["copies"], "gap": a.get("gap", 0)}],
    "wrong_id": lambda a: [{"fault": "wrong_id"}] if a["wrong_id"] else [],
}
"""What can be done to an answer, in this order, and the faults that do it."""
