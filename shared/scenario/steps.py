"""Reads the steps of a scenario: which verb, with which members, and what it may refer to."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from typing import Any

from shared.scenario import registry
from shared.scenario.check import OPERATORS, check
from shared.scenario.check_references import Shape, check_path, shape_of
from shared.scenario.check_words import actions_of, check_words
from shared.scenario.model import CHARGE_POINT, CSMS, Step
from shared.scenario.registry import BRANCHES, NODE, SECONDS, STEPS, WHOLE, Parameter, Verb
from shared.scenario.tree import (
    Items,
    Node,
    Scalar,
    ScenarioError,
    Table,
    ahead_of_now,
    in_words,
    number,
    seconds,
)
from shared.suggest import advice, did_you_mean, not_one_of
from shared.versions import VERSIONS, Version

COMMON = ("only", "at", "as")
"""Members that every step may have."""

LIBRARY = "fragments"
"""What the file of the installed fragments is called."""

_WHOLE_REFERENCE = re.compile(r"\$([A-Za-z_][\w-]*)((?:\.[\w-]+)*)")
_INNER_REFERENCE = re.compile(r"\$\{([A-Za-z_][\w-]*)((?:\.[\w-]+)*)\}")


_NEVER_NEGATIVE = frozenset(
    "within for until every after seconds count at_least times parties patience".split()
)
"""Members that are a number of times or of seconds ahead."""

_LOOKS_LIKE_ONE = re.compile(r"\$[A-Za-z_]|.*\$\{", re.DOTALL)


def references(text: str) -> list[tuple[str, str]]:
    """What `text` refers to, name and path: all of it (`$first.time`), or parts of it (`${first.time}`)."""
    whole = _WHOLE_REFERENCE.fullmatch(text)
    if whole:
        return [(whole[1], whole[2])]
    return [(found[1], found[2]) for found in _INNER_REFERENCE.finditer(text)]


def _referring(node: Scalar) -> list[tuple[str, str]]:
    """What a value refers to, behind a comparison as well (`>= $first.meter`). Raises ScenarioError for what only
    looks like a reference and would be sent as it stands."""
    text = node.text
    for operator in OPERATORS:
        if text.startswith(operator):
            text = text[len(operator) :].strip()
            break
    try:
        if ahead_of_now(text) is not None:
            return []
    except ValueError as wrong:
        raise ScenarioError(str(wrong), node.line) from None
    found = references(text)
    rest = "" if _WHOLE_REFERENCE.fullmatch(text) else _INNER_REFERENCE.sub("", text)
    if _LOOKS_LIKE_ONE.match(rest) is None:
        return found
    if (inner := re.search(r"\.\$\{?([\w-]+)", text)) is not None:
        raise ScenarioError(
            f"{text!r} has a reference inside a path; give ${inner[1]} the whole value, as in "
            f"cases: {{{inner[1]}: [{text[: inner.start()]}.NAME]}}",
            node.line,
        )
    raise ScenarioError(
        f"{text!r} is not a reference; one stands alone, as in $first.time, or in braces in a text, as in "
        "until ${first.time}",
        node.line,
    )


class Names:
    """What can be referred to at one place of a scenario, growing with every capture; and its stations."""

    def __init__(
        self,
        known: set[str],
        stations: tuple[str, ...],
        versions: tuple[Version, ...] = VERSIONS,
        values: Mapping[str, tuple[Node, ...]] | None = None,
    ) -> None:
        self.known = known
        self.stations = stations
        self.versions = versions
        self.values: Mapping[str, tuple[Node, ...]] = values or {}
        """Parameters and cases, with all that they may be."""
        self.about: dict[str, tuple[str, ...]] = {}
        """The actions of the messages that are kept by a name."""
        self.shapes: dict[str, Shape] = {}
        """What is known of the values that are kept by a name."""
        self.warnings: tuple[str, ...] = ()

    def check_path(self, name: str, path: str, line: int, only: tuple[Version, ...]) -> None:
        """Refuse `$name.path` when the name was never made or has no such member. Raises ScenarioError."""
        if name not in self.known:
            raise ScenarioError(f"${name} was never made{advice(name, sorted(self.known))}", line)
        warning = check_path(
            name,
            path,
            line,
            stations=self.stations,
            values=self.values,
            shapes=self.shapes,
            versions=only,
        )
        self.warnings += (warning,) if warning else ()


class StepReader:
    """Reads lists of steps of one file."""

    def __init__(
        self,
        file: str,
        fragments: Mapping[str, Node],
        library: Collection[str],
        names: Names,
        versions_of: Callable[[Node], tuple[Version, ...]],
    ) -> None:
        self._file = file
        self._fragments = fragments
        self._library = library
        self._names = names
        self._versions_of = versions_of
        self._verbs = registry.load()
        self._stack: list[str] = []

    def steps(self, node: Node | None) -> tuple[Step, ...]:
        """The steps in `node`: a list, or a single one. Raises ScenarioError."""
        if node is None or (isinstance(node, Scalar) and node.is_null):
            return ()
        return tuple(self.step(item) for item in (node if isinstance(node, Items) else [node]))

    def step(self, node: Node) -> Step:
        """One step."""
        if isinstance(node, Items):
            raise ScenarioError("a step is a verb, not a list", node.line)
        table = Table(((node, Scalar("", node.line)),), node.line) if isinstance(node, Scalar) else node
        if not table.entries:
            raise ScenarioError("an empty step", table.line)
        verbs = [key for key, _ in table if key.text in self._verbs]
        # `answered` is a verb, and what other verbs say of their answer
        found = next((key for key in verbs if key.text != "answered"), next(iter(verbs), None))
        if found is None:
            return self._at_a_station(table)
        return self._with_verb(self._verbs[found.text], table, found)

    def _at_a_station(self, table: Table) -> Step:
        """`A: unplug`, `{A: {expect: ...}, within: 5s}`: the step of one station."""
        places = (*self._names.stations, CSMS, CHARGE_POINT)
        key = next((key for key, _ in table if key.text in places), None)
        if key is None:
            word = next((key for key, _ in table if key.text not in COMMON), table.entries[0][0])
            if word.text.partition(":")[0] in self._verbs and ":" in word.text:
                raise ScenarioError(f"{word.text!r} is one text; a step with a body has no quotes", word.line)
            verbs = [verb.name for verb in self._verbs.values() if not verb.hidden]
            raise ScenarioError(
                f"no verb {word.text!r}{_meant(word.text, [*verbs, *places[:10]])}", word.line
            )
        inner = table.get(key.text)
        if isinstance(inner, Scalar):
            inner = Table(((inner, Scalar("", inner.line)),), inner.line)
        if not isinstance(inner, Table):
            raise ScenarioError(f"what {key.text} does is one step", key.line)
        rest = tuple((name, member) for name, member in table if name is not key)
        at = (Scalar("at", key.line), Scalar(key.text, key.line))
        return self.step(Table((*inner.entries, *rest, at), table.line))

    def _with_verb(self, verb: Verb, table: Table, key: Scalar) -> Step:
        body = table.get(key.text)
        assert body is not None
        members: dict[str, Node] = {}
        self._take_body(verb, body, members, key)
        common: dict[str, Node] = {}
        for name, member in table:
            if name is key:
                continue
            if name.text in verb.parameters:
                if name.text in members:
                    raise ScenarioError(f"{name.text!r} of {verb.name} stands here twice", name.line)
                members[name.text] = member
            elif name.text in COMMON:
                common[name.text] = member
            else:
                allowed = (*verb.parameters, *COMMON)
                raise ScenarioError(
                    f"{verb.name} has no member {name.text!r}{advice(name.text, allowed)}", name.line
                )
        return self._made(verb, members, common, table, key)

    def _take_body(self, verb: Verb, body: Node, members: dict[str, Node], key: Scalar) -> None:
        first = verb.first
        if isinstance(body, Scalar) and body.is_null:
            return
        if first is None:
            raise ScenarioError(f"{verb.name} takes nothing", key.line)
        if isinstance(body, Table) and first.kind not in WHOLE:
            for name, member in body:
                if name.text not in verb.parameters:
                    tail = advice(name.text, verb.parameters)
                    raise ScenarioError(f"{verb.name} has no member {name.text!r}{tail}", name.line)
                members[name.text] = member
        else:
            members[first.name] = body

    def _made(
        self, verb: Verb, members: dict[str, Node], common: dict[str, Node], table: Table, key: Scalar
    ) -> Step:
        missing = [p.name for p in verb.parameters.values() if p.required and p.name not in members]
        if missing and verb.name != "use":
            raise ScenarioError(f"{verb.name}: {missing[0]} is missing", key.line)
        only = self._versions_of(common["only"]) if "only" in common else VERSIONS
        spoken = tuple(v for v in only if v in self._names.versions) or only
        at, name = self._word(common.get("at")), self._word(common.get("as"))
        places = (*self._names.stations, CSMS, CHARGE_POINT)
        if at and at not in places:
            raise ScenarioError(
                not_one_of(at, "a station or role of this scenario", places), common["at"].line
            )
        text = in_words(Table(tuple(e for e in table.entries if e[0].text != "at"), table.line))[1:-1]
        text = text.removesuffix(": ")
        if verb.name == "use":
            arguments: dict[str, Any] = self._use(members, key)
        else:
            arguments = {}
            for word, node in members.items():
                parameter = verb.parameters[word]
                arguments[parameter.keyword] = self._argument(verb, parameter, node, spoken)
            check(verb.name, arguments, spoken, self._names)
            self._names.warnings += check_words(verb.name, arguments, spoken, self._names.about)
        if name:
            self._keep(name, verb.name, arguments)
        return Step(verb.name, arguments, key.line, text, self._file, only, at, name)

    def _keep(self, name: str, verb: str, arguments: dict[str, Any]) -> None:
        """Take note of what a step keeps, for those that refer to it."""
        names = self._names
        names.known.add(name)
        about = actions_of(verb, arguments, names.about)
        shape = shape_of(verb, about)
        names.about.pop(name, None)
        names.shapes.pop(name, None)
        if verb in ("expect", "send", "call", "command"):
            names.about[name] = about
        if shape is not None:
            names.shapes[name] = shape

    def _word(self, node: Node | None) -> str:
        if node is None:
            return ""
        if not isinstance(node, Scalar) or not node.text:
            raise ScenarioError("a name is a word", node.line)
        return node.text

    def _argument(self, verb: Verb, parameter: Parameter, node: Node, only: tuple[Version, ...]) -> Any:
        if parameter.kind == STEPS:
            return self.steps(node)
        if parameter.kind == BRANCHES:
            if isinstance(node, Table):
                return tuple(self.steps(branch) for _, branch in node)
            if not isinstance(node, Items):
                raise ScenarioError(f"{verb.name}: a list of branches, each a list of steps", node.line)
            return tuple(self.steps(branch) for branch in node)
        self._check_references(node, only)
        if parameter.kind not in (NODE, "Value"):
            if not isinstance(node, Scalar):
                raise ScenarioError(f"{verb.name}: {parameter.name} is a single value", node.line)
            if not references(node.text):
                try:
                    value = converted(parameter.kind, node.text)
                    if parameter.name in _NEVER_NEGATIVE and isinstance(value, (int, float)) and value < 0:
                        raise ValueError(f"{node.text} is negative")
                except ValueError as wrong:
                    raise ScenarioError(f"{verb.name}: {parameter.name}: {wrong}", node.line) from None
        return node

    def _check_references(self, node: Node, only: tuple[Version, ...]) -> None:
        if isinstance(node, Scalar):
            for name, path in _referring(node):
                self._names.check_path(name, path, node.line, only)
            return
        for item in node:
            for each in item if isinstance(item, tuple) else (item,):
                self._check_references(each, only)

    # --- fragments ----------------------------------------------------------------------------------------

    def _use(self, members: dict[str, Node], key: Scalar) -> dict[str, Any]:
        """The steps of a fragment, and the values that it is given."""
        body = members.get("fragment")
        name, values = key, Table((), key.line)
        if isinstance(body, Scalar):
            name = body
        elif isinstance(body, Table) and len(body.entries) == 1:
            name, inner = body.entries[0]
            if not isinstance(inner, Table):
                raise ScenarioError(f"what fragment {name.text} is given is a table", name.line)
            values = inner
        else:
            raise ScenarioError("use is followed by the name of a fragment", key.line)
        fragment = self._fragments.get(name.text)
        if fragment is None:
            raise ScenarioError(not_one_of(name.text, "a fragment", list(self._fragments)), name.line)
        if name.text in self._stack:
            circle = " uses ".join([*self._stack[self._stack.index(name.text) :], name.text])
            raise ScenarioError(f"a circle: {circle}; take one of these `use` out", name.line)
        self._check_references(values, self._names.versions)
        defaults, steps = _fragment(fragment)
        for given, _ in values:
            if given.text not in defaults:
                tail = advice(given.text, list(defaults))
                raise ScenarioError(f"fragment {name.text} has no parameter {given.text!r}{tail}", given.line)
        entries = {**defaults, **{k.text: v for k, v in values}}
        local = set(defaults) - self._names.known
        self._names.known |= local
        outer = (self._names.shapes, self._names.values)
        self._names.shapes = {k: v for k, v in outer[0].items() if k not in defaults}
        self._names.values = {k: v for k, v in outer[1].items() if k not in defaults}
        self._stack.append(name.text)
        file = self._file
        if name.text in self._library:
            self._file = LIBRARY
        try:
            made = self.steps(steps)
        finally:
            self._file = file
            self._stack.pop()
            self._names.known -= local
            self._names.shapes, self._names.values = outer
        table = Table(tuple((Scalar(k), v) for k, v in entries.items()), key.line)
        return {"fragment": Scalar(name.text, name.line), "steps": made, "with_": table}


def _meant(word: str, words: list[str]) -> str:
    """What somebody meant who wrote the beginning of a word, or something near one."""
    begins = [each for each in words if len(word) > 2 and each.startswith(word)]
    return f"; did you mean {begins[0]!r}?" if begins else did_you_mean(word, words)


def _fragment(node: Node) -> tuple[dict[str, Node], Node]:
    """The parameters of a fragment with their defaults, and its steps."""
    if isinstance(node, Table) and node.get("steps") is not None:
        parameters, steps = node.get("parameters"), node.get("steps")
        assert steps is not None
        return {k.text: v for k, v in parameters} if isinstance(parameters, Table) else {}, steps
    return {}, node


def converted(kind: str, text: str) -> Any:
    """`text` as a value of `kind`; ValueError with one clause."""
    if kind == SECONDS:
        return seconds(text)
    if kind == "bool":
        if text not in ("true", "false", "yes", "no"):
            raise ValueError(f"{text!r} is neither true nor false")
        return text in ("true", "yes")
    if kind in ("int", "float"):
        try:
            return int(text) if kind == "int" else float(number(text))
        except ValueError:
            raise ValueError(f"{text!r} is not a {'whole ' if kind == 'int' else ''}number") from None
    return text
