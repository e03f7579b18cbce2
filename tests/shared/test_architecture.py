"""The rules of the tree that a program can check."""

from __future__ import annotations

import ast
import importlib.util
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("shared", "csms", "charge_point")
MODULES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("*.py"))
SCRIPTS = sorted((ROOT / "scripts").rglob("*.py"))


def each(paths: list[Path]) -> Callable[[Callable[[Path], None]], Callable[[], None]]:
    """One test of a rule for all of `paths`, which names every file that breaks it."""

    def of(rule: Callable[[Path], None]) -> Callable[[], None]:
        def test() -> None:
            broken = []
            for path in paths:
                try:
                    rule(path)
                except AssertionError as failure:
                    broken.append(f"{path.relative_to(ROOT)}: {failure}")
            assert not broken, "\n".join(broken)

        test.__doc__ = rule.__doc__
        return test

    return of


each_module = each(MODULES)


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def imported(path: Path) -> Iterator[str]:
    """Every module that `path` imports, wherever in it, by its absolute name."""
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            package = list(path.relative_to(ROOT).parent.parts)
            base = package[: len(package) - node.level + 1] if node.level else []
            yield ".".join([*base, *([node.module] if node.module else [])])
            yield from (".".join([*base, *filter(None, [node.module]), alias.name]) for alias in node.names)


def dotted(node: ast.expr) -> str:
    """`a.b.c` of an expression, "" when it is none."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute) and (before := dotted(node.value)):
        return f"{before}.{node.attr}"
    return ""


def aliases(path: Path) -> dict[str, str]:
    """What each imported name in `path` stands for."""
    names: dict[str, str] = {}
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Import):
            names |= {alias.asname or alias.name: alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names |= {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}
    return names


def called(path: Path) -> Iterator[tuple[int, str]]:
    """The line and the full name of whatever is named in `path`: functions as well as their mere mention."""
    known = aliases(path)
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Attribute | ast.Name):
            name = dotted(node)
            first, _, rest = name.partition(".")
            full = known.get(first, first)
            yield node.lineno, f"{full}.{rest}" if rest else full


def test_there_is_something_to_check() -> None:
    assert len(MODULES) > 50
    assert {path.relative_to(ROOT).parts[0] for path in MODULES} == set(PACKAGES)


@each_module
def test_the_roles_never_import_each_other_and_shared_imports_neither(path: Path) -> None:
    own = path.relative_to(ROOT).parts[0]
    forbidden = {"shared": {"csms", "charge_point"}, "csms": {"charge_point"}, "charge_point": {"csms"}}[own]
    assert {name.partition(".")[0] for name in imported(path)} & forbidden == set()


@each_module
def test_nothing_imports_tests_or_scripts(path: Path) -> None:
    assert {name.partition(".")[0] for name in imported(path)} & {"tests", "scripts"} == set()


@each_module
def test_only_one_file_names_the_other_role_to_load_it(path: Path) -> None:
    """The one door is a table of names in shared/roles.py, loaded with import_module."""
    if path.relative_to(ROOT) == Path("shared/roles.py"):
        return
    own = path.relative_to(ROOT).parts[0]
    others = [package for package in ("csms", "charge_point") if package != own]
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Call) and dotted(node.func).rpartition(".")[2] in (
            "import_module",
            "__import__",
        ):
            words = [arg.value for arg in node.args if isinstance(arg, ast.Constant)]
            assert not [word for word in words if str(word).partition(".")[0] in others]


CLOCKS = {
    "time.time",
    "time.time_ns",
    "time.localtime",
    "datetime.datetime.now",
    "datetime.datetime.utcnow",
    "datetime.datetime.today",
    "datetime.date.today",
}
CHANCES = {"random", "secrets", "uuid.uuid1", "uuid.uuid4", "os.urandom", "numpy.random"}


def is_one_of(name: str, forbidden: set[str]) -> bool:
    return any(name == each or name.startswith(f"{each}.") for each in forbidden)


@each_module
def test_only_the_clock_reads_the_time(path: Path) -> None:
    if path.relative_to(ROOT) == Path("shared/clock.py"):
        return
    assert [(line, name) for line, name in called(path) if is_one_of(name, CLOCKS)] == []


@each_module
def test_only_the_seeded_streams_draw_lots(path: Path) -> None:
    if path.relative_to(ROOT) == Path("shared/chance.py"):
        return
    if path.relative_to(ROOT) == Path("shared/websocket.py"):
        # a WebSocket mask must be unpredictable (RFC 6455 §5.3), and the journal never sees it
        assert {name for name in aliases(path).values() if is_one_of(name, CHANCES)} == {"secrets"}
        return
    known = set(aliases(path).values())
    assert not [name for name in known if is_one_of(name, CHANCES)]
    assert [
        (line, name) for line, name in called(path) if is_one_of(name, {"os.urandom", "uuid.uuid4"})
    ] == []


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("import time\ntime.time()", "time.time"),
        ("from time import time\ntime()", "time.time"),
        ("from datetime import datetime\ndatetime.now(None)", "datetime.datetime.now"),
        ("import datetime as d\nf = d.datetime.utcnow", "datetime.datetime.utcnow"),
        ("import os\nos.urandom(4)", "os.urandom"),
        ("from uuid import uuid4 as new\nnew()", "uuid.uuid4"),
    ],
)
def test_the_search_would_find_them(source: str, name: str, tmp_path: Path) -> None:
    path = tmp_path / "module.py"
    path.write_text(source)
    assert name in {full for _, full in called(path)}
    assert is_one_of(name, CLOCKS | CHANCES)


@each_module
def test_every_module_says_what_it_is(path: Path) -> None:
    if path.name == "__init__.py" and not path.read_text().strip():
        return
    docstring = ast.get_docstring(tree_of(path))
    assert docstring, "a module begins with a docstring"
    assert docstring.splitlines()[0].strip()


@each_module
def test_every_public_class_and_function_says_what_it_is(path: Path) -> None:
    lacking = []
    for node in tree_of(path).body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            is_handler = any(dotted(d.func if isinstance(d, ast.Call) else d) in ("on", "command") for d in node.decorator_list)  # fmt: skip # noqa: E501
            if not node.name.startswith("_") and not is_handler and not ast.get_docstring(node):
                lacking.append(node.name)
    assert lacking == []


@each_module
def test_no_module_is_longer_than_400_lines(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= 400


@each([*MODULES, *TESTS, *SCRIPTS])
def test_no_file_names_a_place_on_somebodys_machine(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    places = ["/" + "work/", "/" + "home/", "/" + "Users/", "/" + "root/", "C:" + "\\\\"]
    assert [place for place in places if place in text] == []


@each_module
def test_nothing_asks_for_a_version_by_its_name(path: Path) -> None:
    """Versions are V16, V201, V21 and V2X: `version is V16`, never `version == "1.6"`."""
    asked = []
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Compare):
            sides = [node.left, *node.comparators]
            words = {side.value for side in sides if isinstance(side, ast.Constant)}
            if words & {"1.6", "2.0.1", "2.1", "ocpp1.6", "ocpp2.0.1", "ocpp2.1"}:
                asked.append(node.lineno)
    assert asked == []


def test_importing_a_role_imports_nothing_heavy() -> None:
    """`--help` is fast only as long as `ocpp`'s dataclasses and the WebSocket library come when they are used."""
    for package in ("csms", "charge_point", "shared"):
        spec = importlib.util.find_spec(package)
        assert spec is not None
        assert spec.origin is not None
        body = tree_of(Path(spec.origin)).body
        assert not [node for node in body if isinstance(node, ast.Import | ast.ImportFrom)], package


@each_module
def test_the_dataclasses_of_ocpp_are_never_imported(path: Path) -> None:
    """They take 0.4 s; the schemas are read by path, and dataclasses come from whoever uses them."""
    assert not [name for name in imported(path) if name == "ocpp" or name.startswith("ocpp.")]
