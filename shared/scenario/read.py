"""From the tree of a file to scenarios: every word is known, every capture was made, or nothing is started."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from shared import roles
from shared.option_fields import UsageError
from shared.scenario.check_words import check_needs
from shared.scenario.model import CHARGE_POINT, CSMS, ROLES, Scenario
from shared.scenario.steps import Names, StepReader
from shared.scenario.tree import Items, Node, Scalar, ScenarioError, Table, in_words, value_of
from shared.suggest import advice, nearest, not_one_of
from shared.versions import V2X, V16, V21, V201, VERSIONS, Version

MEMBERS = (
    "scenario",
    "about",
    "role",
    "versions",
    "builds_on",
    "station",
    "stations",
    "csms",
    "needs",
    "parameters",
    "cases",
    "given",
    "steps",
    "finally",
    "fragments",
    "expected_failure",
)
_VERSIONS: dict[str, tuple[Version, ...]] = {
    "1.6": (V16,),
    "1.6J": (V16,),
    "2.0.1": (V201,),
    "2.1": (V21,),
    "2.x": V2X,
    "all": VERSIONS,
}
BUILT_IN = ("tokens", "me", "version", "seed", "now")
"""What can be referred to in every scenario."""

FIRST_STATION = "CP1"


def versions_of(node: Node) -> tuple[Version, ...]:
    """The versions that `only:` or `versions:` name: one, several, `2.x` or `all`."""
    named: list[Version] = []
    for item in node if isinstance(node, Items) else [node]:
        if not isinstance(item, Scalar) or item.text not in _VERSIONS:
            raise ScenarioError(_no_version(in_words(item)), item.line)
        named += _VERSIONS[item.text]
    return tuple(v for v in VERSIONS if v in named)


def _no_version(text: str) -> str:
    """The advice about `text`. A guess at some 2.something is told which there are, not the name of both alone."""
    near = nearest(text, _VERSIONS)
    group = near == ["2.x"] and text.casefold() != "2.x"
    if not group and (near or not text.startswith("2")):
        return not_one_of(text, "a version", _VERSIONS)
    real = ", ".join(repr(version.name) for version in V2X)
    return f"{text!r} is not a version; did you mean {real} or '2.x', which is both? ({', '.join(_VERSIONS)})"


def read(document: Node, file: str, library: Mapping[str, Node]) -> Scenario:
    """The scenario in `document`. `library` are the fragments that every scenario may use. Raises ScenarioError."""
    if not isinstance(document, Table):
        raise ScenarioError("a scenario is a table that begins with 'scenario: NAME'", document.line, file)
    try:
        from shared.scenario.dialects import translated

        table, dialect, warnings = translated(document)
        return _native(table, file, library, dialect, warnings)
    except ScenarioError as wrong:
        raise ScenarioError(wrong.text, wrong.line or document.line, wrong.file or file) from None


def _native(
    table: Table, file: str, library: Mapping[str, Node], dialect: str, warnings: tuple[str, ...]
) -> Scenario:
    for key, _ in table:
        if key.text not in MEMBERS:
            raise ScenarioError(f"a scenario has no member {key.text!r}{advice(key.text, MEMBERS)}", key.line)
    name, role = _text(table, "scenario", file), _text(table, "role", CHARGE_POINT)
    role_node = table.get("role")
    if role not in ROLES:
        raise ScenarioError(not_one_of(role, "a role", ROLES), role_node.line if role_node else table.line)
    versions = table.get("versions")
    stations = _stations(table, role)
    parameters, cases = _table(table, "parameters"), _cases(table)
    known = {*BUILT_IN, *parameters, *cases, *stations}
    own = _table(table, "fragments")
    fragments = {**library, **own}
    spoken = versions_of(versions) if versions is not None else VERSIONS
    values = {**cases, **{name: (node,) for name, node in parameters.items()}}
    names = Names(known, tuple(stations), spoken, values)
    reader = StepReader(file, fragments, library.keys() - own.keys(), names, versions_of)
    given = reader.steps(table.get("given"))
    steps = reader.steps(table.get("steps"))
    if not steps:
        raise ScenarioError("there are no steps", table.line)
    ending = reader.steps(table.get("finally"))
    needs = _table(table, "needs")
    for part, node in needs.items():
        if part not in ("csms", "station", "operator", "sut"):
            raise ScenarioError(
                not_one_of(part, "something that can be needed", ("csms", "station", "operator", "sut")),
                node.line,
            )
        check_needs(part, node)
    return Scenario(
        name=name,
        file=file,
        line=table.line,
        role=role,
        versions=spoken,
        steps=steps,
        given=given,
        finally_=ending,
        stations=stations,
        settings=_settings(table),
        needs=needs,
        parameters=parameters,
        cases=cases,
        about=_text(table, "about", ""),
        expected_failure=_text(table, "expected_failure", ""),
        dialect=dialect,
        warnings=(*warnings, *names.warnings),
    )


def _text(table: Table, key: str, default: str) -> str:
    node = table.get(key)
    if node is None:
        return default
    if not isinstance(node, Scalar) or not node.text:
        raise ScenarioError(f"{key} is a text", node.line)
    return node.text


def _table(table: Table, key: str) -> dict[str, Node]:
    node = table.get(key)
    if node is None or (isinstance(node, Scalar) and node.is_null):
        return {}
    if not isinstance(node, Table):
        raise ScenarioError(f"{key} is a table", node.line)
    return {name.text: member for name, member in node}


def _values(table: Table, key: str) -> dict[str, Any]:
    return {name: value_of(node) for name, node in _table(table, key).items()}


def _settings(table: Table) -> dict[str, Any]:
    """The settings of the central system, which judges them."""
    values = _values(table, CSMS)
    if not values:
        return values
    try:
        roles.judge(CSMS, values)
    except UsageError as wrong:
        option = str(wrong).partition(":")[0].removeprefix("--").replace("-", "_")
        node = _table(table, CSMS).get(option) or table.get(CSMS) or table
        raise ScenarioError(f"csms: {wrong}", node.line) from None
    return values


def _stations(table: Table, role: str) -> dict[str, dict[str, Any]]:
    one, many = table.get("station"), table.get("stations")
    if one is not None and many is not None:
        raise ScenarioError("'station' and 'stations' exclude each other", many.line)
    if many is None:
        usual = {"evses": [[1], [1]]} if role == CSMS else {}  # what a foreign station has nobody says
        return {FIRST_STATION: _judged(_values(table, "station"), one) or usual}
    if isinstance(many, Scalar) and many.text.isdigit() and 0 < int(many.text) <= 10_000:
        return {f"CP{n}": {} for n in range(1, int(many.text) + 1)}
    if isinstance(many, Table) and many.get("count") is not None:
        return _alike(many)
    named = _table(table, "stations")
    if not named:
        raise ScenarioError("stations is a table of names, or a number", many.line)
    found = {}
    for name, node in named.items():
        settings = value_of(node)
        if settings is not None and not isinstance(settings, dict):
            raise ScenarioError(f"the settings of station {name} are a table", node.line)
        found[name] = _judged(settings or {}, node)
    return found


def _alike(many: Table) -> dict[str, dict[str, Any]]:
    """`{count: 100, persona: ...}`: so many stations of one kind."""
    settings = value_of(many)
    count = settings.pop("count")
    if not isinstance(count, int) or not 0 < count <= 10_000:
        raise ScenarioError("count is a number from 1 to 10000", many.line)
    return {f"CP{n}": dict(_judged(settings, many)) for n in range(1, count + 1)}


def _judged(settings: dict[str, Any], node: Node | None) -> dict[str, Any]:
    """The settings of a station, which judges them where nothing in them is known only later."""
    if settings and "$" not in str(settings):
        try:
            roles.judge(CHARGE_POINT, settings)
        except UsageError as wrong:
            keys = [key for key, _ in node if repr(key.text) in str(wrong)] if isinstance(node, Table) else []
            line = keys[0].line if keys else node.line if node is not None else 0
            raise ScenarioError(f"station: {wrong}", line) from None
    return settings


def _cases(table: Table) -> dict[str, tuple[Node, ...]]:
    found = {}
    for name, node in _table(table, "cases").items():
        if not isinstance(node, Items) or not node.items:
            raise ScenarioError(f"case {name} is a list of values", node.line)
        found[name] = node.items
    return found
