"""What a scenario file holds, before anybody knows what it means: tables, lists and texts, each with its line.

YAML, JSON and TOML give the same tree. A scalar is kept as the text it was and typed where it is used, by the member
it stands for, so that `2.10`, `0123` and `on` mean what they say.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

MAX_DEPTH = 60


class ScenarioError(Exception):
    """A scenario file is wrong: one clause, with the file and the line in front."""

    def __init__(self, text: str, line: int = 0, file: str = "") -> None:
        super().__init__(text)
        self.text = text
        self.line = line
        self.file = file

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}: " if self.line else f"{self.file}: " if self.file else ""
        return f"{where}{self.text}"


@dataclass(frozen=True, slots=True)
class Scalar:
    """One text. `plain` is whether it stood without quotes, so that it may be a number, a truth or nothing."""

    text: str
    line: int = 0
    plain: bool = True

    @property
    def is_null(self) -> bool:
        """Whether nothing stands there."""
        return self.plain and self.text in ("", "~", "null")


@dataclass(frozen=True, slots=True)
class Table:
    """Members in order; no key occurs twice."""

    entries: tuple[tuple[Scalar, Node], ...]
    line: int = 0

    def get(self, key: str) -> Node | None:
        """The member called `key`."""
        return next((node for name, node in self.entries if name.text == key), None)

    def keys(self) -> list[str]:
        """The names of the members."""
        return [name.text for name, _ in self.entries]

    def __iter__(self) -> Iterator[tuple[Scalar, Node]]:
        return iter(self.entries)


@dataclass(frozen=True, slots=True)
class Items:
    """A list."""

    items: tuple[Node, ...]
    line: int = 0

    def __iter__(self) -> Iterator[Node]:
        return iter(self.items)


Node = Scalar | Table | Items

_NUMBER = re.compile(r"-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?")
_DURATION = re.compile(r"(-?\d+(?:\.\d+)?)\s*(ms|s|sec|min|m|h|d)?")
_UNITS = {"": 1.0, "ms": 0.001, "s": 1.0, "sec": 1.0, "min": 60.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


def value_of(node: Node) -> Any:
    """What `node` is where nothing says what type it has: numbers, truths and nothing as JSON spells them."""
    if isinstance(node, Table):
        return {name.text: value_of(member) for name, member in node}
    if isinstance(node, Items):
        return [value_of(item) for item in node]
    if not node.plain:
        return node.text
    if node.is_null:
        return None
    if node.text in ("true", "false"):
        return node.text == "true"
    return number(node.text) if _NUMBER.fullmatch(node.text) else node.text


def number(text: str) -> int | float:
    """The number in `text`; ValueError."""
    return int(text) if re.fullmatch(r"-?\d+", text) else float(text)


def seconds(text: str) -> float:
    """`90s`, `10min`, `8h`, `250ms` or plain seconds; ValueError with one clause."""
    found = _DURATION.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"{text!r} is not a duration (as in 250ms, 90s, 10min, 8h)")
    return float(found[1]) * _UNITS[found[2] or ""]


_NOW = re.compile(r"\$now(?:\s*([+-])\s*(\S+))?")


def ahead_of_now(text: str) -> float | None:
    """How many seconds `$now`, `$now - 1min` or `$now + 2h` is ahead of the present; None for any other text.

    ValueError with one clause for what is no duration.
    """
    found = _NOW.fullmatch(text.strip())
    if found is None:
        return None
    ahead = seconds(found[2]) if found[2] else 0.0
    return -ahead if found[1] == "-" else ahead


def in_words(node: Node | None, most: int = 120) -> str:
    """`node` in one line, as in a flow of YAML."""
    text = _words(node)
    return text if len(text) <= most else f"{text[: most - 3]}..."


def _words(node: Node | None) -> str:
    if node is None:
        return ""
    if isinstance(node, Scalar):
        return node.text
    if isinstance(node, Items):
        return f"[{', '.join(map(_words, node))}]"
    return f"{{{', '.join(f'{name.text}: {_words(member)}' for name, member in node)}}}"


def from_value(value: Any, line: int = 0) -> Node:
    """The tree of a Python value."""
    if isinstance(value, dict):
        return Table(tuple((Scalar(str(k), line), from_value(v, line)) for k, v in value.items()), line)
    if isinstance(value, (list, tuple)):
        return Items(tuple(from_value(item, line) for item in value), line)
    if isinstance(value, bool):
        return Scalar("true" if value else "false", line)
    if value is None:
        return Scalar("", line)
    return Scalar(str(value), line, plain=not isinstance(value, str))
