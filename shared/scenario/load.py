"""Scenario files: found by path, folder, pattern or the name of one that is installed, and read."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from shared.scenario.model import Scenario
from shared.scenario.parse import parse
from shared.scenario.read import read
from shared.scenario.tree import Node, ScenarioError, Table
from shared.suggest import advice

SUFFIXES = (".yaml", ".yml", ".json", ".toml")
FILES = Path(__file__).resolve().parent / "files"
"""Where the scenarios are that come with the package."""

_FRAGMENTS = FILES / "fragments.yaml"


def shipped() -> list[str]:
    """The names of the scenarios that come with the package: `happy_path/complete_session`."""
    found = [path for path in FILES.rglob("*.yaml") if path != _FRAGMENTS]
    return sorted(path.relative_to(FILES).with_suffix("").as_posix() for path in found)


@lru_cache(maxsize=1)
def library() -> dict[str, Node]:
    """The fragments that every scenario may use."""
    (document,) = parse(_FRAGMENTS.read_text(encoding="utf-8"))
    assert isinstance(document, Table)
    return {name.text: steps for name, steps in document}


def find(words: Iterable[str]) -> list[Path]:
    """The files that `words` mean, each once, in the order of the words. Raises ScenarioError when one means none.

    A word is a file, a folder (every scenario in and below it), a pattern (`**` too), or the name, or the first part of
    the name, of scenarios that are installed.
    """
    found: dict[Path, None] = {}
    for word in words:
        for path in _find(word):
            found.setdefault(path)
    return list(found)


def _find(word: str) -> list[Path]:
    path = Path(word)
    if path.exists() and not path.is_dir():  # a pipe too
        return [path]
    if path.is_dir():
        inside = sorted(
            p for p in path.rglob("*") if p.suffix in SUFFIXES and p.is_file() and p.resolve() != _FRAGMENTS
        )
        if not inside:
            raise ScenarioError(f"a folder without scenarios ({', '.join(SUFFIXES)})", file=word)
        return inside
    if any(letter in word for letter in "*?["):
        import glob

        names = sorted(
            p for p in map(Path, glob.glob(word, recursive=True)) if p.suffix in SUFFIXES and p.is_file()
        )
        if not names:
            raise ScenarioError("nothing is found by this pattern", file=word)
        return names
    if path.suffix in SUFFIXES:  # who names a file means that file, not the installed one of its name
        name = path.with_suffix("").as_posix()
        near = [n for n in shipped() if n == name or n.rpartition("/")[2] == name]
        hint = f"; installed is {near[0]}, without {path.suffix}" if near else advice(word, _beside(path))
        raise ScenarioError(f"no such file{hint}", file=word)
    return _installed(word)


def _beside(path: Path) -> list[str]:
    """The scenario files of the folder that `path` is said to be in."""
    try:
        return sorted(str(p) for p in path.parent.iterdir() if p.suffix in SUFFIXES)
    except OSError:
        return []


def _installed(word: str) -> list[Path]:
    name = word.strip("/")
    names = shipped()
    chosen = [n for n in names if n == name or n.startswith(f"{name}/")]
    chosen = chosen or [n for n in names if n.rpartition("/")[2] == name]
    if not chosen:
        words = [
            *names,
            *dict.fromkeys(n.partition("/")[0] for n in names),
            *(n.rpartition("/")[2] for n in names),
        ]
        raise ScenarioError(f"no such file, folder or installed scenario{advice(name, words)}", file=word)
    return [FILES / f"{n}.yaml" for n in chosen]


def shown_name(path: Path) -> str:
    """A file as it is called to a person: an installed one by its name."""
    if path.resolve().is_relative_to(FILES):
        return path.resolve().relative_to(FILES).with_suffix("").as_posix()
    return str(path)


def load(path: Path) -> list[Scenario]:
    """The scenarios in a file. Raises ScenarioError."""
    file = shown_name(path)
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as problem:
        raise ScenarioError((problem.strerror or str(problem)).lower(), file=str(path)) from None
    except UnicodeDecodeError as problem:
        line = path.read_bytes()[: problem.start].count(b"\n") + 1
        raise ScenarioError("not UTF-8", line, str(path)) from None
    return load_text(text, file, toml=path.suffix == ".toml", path=path)


def load_text(text: str, file: str, *, toml: bool = False, path: Path | None = None) -> list[Scenario]:
    """The scenarios in a text; `file` is what errors call it, `path` where it is. Raises ScenarioError."""
    try:
        documents = parse(text, toml=toml)
    except ScenarioError as wrong:
        raise ScenarioError(wrong.text, wrong.line, file) from None
    if not documents:
        raise ScenarioError("there is no scenario in it", 1, file)
    scenarios = [read(document, file, library()) for document in documents]
    if not any(isinstance(document, Table) and document.get("builds_on") for document in documents):
        return scenarios
    return _founded(scenarios, documents, file, path or Path(file))


def _founded(scenarios: list[Scenario], documents: list[Node], file: str, path: Path) -> list[Scenario]:
    """`scenarios` with what they build on."""
    from shared.scenario.building import Shelf

    shelf = Shelf(FILES, shipped(), SUFFIXES)
    try:
        return [
            replace(scenario, builds_on=shelf.bases(document, path, documents))
            for scenario, document in zip(scenarios, documents, strict=True)
        ]
    except ScenarioError as wrong:
        raise ScenarioError(wrong.text, wrong.line, wrong.file or file) from None
