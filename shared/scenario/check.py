"""What can be found wrong with a step before anything is started: actions, members, statuses, facts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, Protocol

from shared.actions import ACTIONS, SENDS
from shared.scenario.tree import Items, Node, Scalar, ScenarioError, Table
from shared.suggest import advice, did_you_mean, not_one_of
from shared.versions import ERROR_CODES, VERSIONS, Version
from shared.wire.schema import document

Schema = dict[str, Any]

OPERATORS = (">=", "<=", "!=", ">", "<")
HTTP_MEMBERS = ("url", "method", "json", "body", "headers", "expect", "timeout")
"""What the `http` of a hook may say."""

WORDS = ("any", "absent")
"""Texts that mean more than themselves in an expectation."""

SPECIAL = ("call", "answer", "error", "finding", "note", "closed", "opened", "any_of", "raw")
"""What else can be expected beside facts and actions."""


class Known(Protocol):
    """What the check needs to know of the scenario."""

    known: set[str]
    stations: tuple[str, ...]


@lru_cache(maxsize=512)
def schema_of(version: Version, action: str, answer: bool = False) -> Schema | None:
    """The JSON schema of an action's request or answer, None where there is none."""
    try:
        return document(version, action, answer=answer)
    except KeyError:
        return None


def follow(schema: Schema | None, root: Schema | None) -> Schema | None:
    """`schema`, or what its reference leads to."""
    while schema is not None and "$ref" in schema and root is not None:
        schema = root.get("definitions", {}).get(schema["$ref"].rpartition("/")[2])
    return schema


def typed(node: Node, schema: Schema | None, root: Schema | None, resolve: Callable[[str], Any]) -> Any:
    """The value of `node` as a member with `schema`; `resolve` gives what a text refers to, or the text."""
    from shared.scenario.tree import value_of

    schema = follow(schema, root)
    if isinstance(node, Table):
        members = (schema or {}).get("properties", {})
        return {key.text: typed(member, members.get(key.text), root, resolve) for key, member in node}
    if isinstance(node, Items):
        below = (schema or {}).get("items")
        return [typed(item, below, root, resolve) for item in node]
    value = resolve(node.text)
    if value is not node.text:
        return value
    kind = (schema or {}).get("type")
    if kind == "string" and not (node.plain and node.text == "null"):
        return node.text
    if kind in ("integer", "number", "boolean", "array", "object"):
        return value_of(Scalar(node.text, node.line, plain=True))
    return value_of(node)


def check(verb: str, arguments: Mapping[str, Any], only: tuple[Version, ...], names: Known) -> None:
    """Refuse what no version can have. Raises ScenarioError with the line."""
    checker = _CHECKS.get(verb)
    if checker is not None:
        checker(arguments, only, names)


def _check_expect(arguments: Mapping[str, Any], only: tuple[Version, ...], names: Known) -> None:
    check_pattern(arguments["what"], only)
    since = arguments.get("since")
    if isinstance(since, Scalar) and since.text not in names.known and since.text != "start":
        raise ScenarioError(
            f"{since.text} was never made{advice(since.text, sorted(names.known))}", since.line
        )


def _check_what(arguments: Mapping[str, Any], only: tuple[Version, ...], names: Known) -> None:
    check_pattern(arguments["what"], only)


def _check_answered(arguments: Mapping[str, Any], only: tuple[Version, ...], names: Known) -> None:
    name = arguments["name"]
    if name.text not in names.known:
        raise ScenarioError(f"{name.text} was never made{advice(name.text, sorted(names.known))}", name.line)


def _check_message(arguments: Mapping[str, Any], only: tuple[Version, ...], names: Known) -> None:
    """`send`: a message by its name; what stands in it may be anything, but not a misspelt name."""
    node = arguments["message"]
    name = node if isinstance(node, Scalar) else node.entries[0][0] if isinstance(node, Table) else None
    if name is None:
        raise ScenarioError("a message is its action, or its action with a payload", node.line)
    if isinstance(node, Table) and len(node.entries) != 1:
        raise ScenarioError("one message has one action", node.line)


def _check_answer(arguments: Mapping[str, Any], only: tuple[Version, ...], names: Known) -> None:
    node = arguments["message"]
    name = node if isinstance(node, Scalar) else node.entries[0][0] if isinstance(node, Table) else None
    if name is None:
        raise ScenarioError("answer is followed by an action", node.line)
    if name.text not in ACTIONS:
        raise ScenarioError(not_one_of(name.text, "an action", ACTIONS), name.line)
    if isinstance(node, Table):
        members(node.entries[0][1], name.text, only, answer=True)


def check_pattern(node: Node, only: tuple[Version, ...]) -> None:
    """What is expected: a fact, an action, or one of the special words, alone or several of them."""
    from shared.scenario.check_values import check_noted
    from shared.scenario.facts import FACTS

    if isinstance(node, Items):
        for item in node:
            check_pattern(item, only)
        return
    pairs = [(node, None)] if isinstance(node, Scalar) else list(node)
    for name, body in pairs:
        if name.text == "any_of" and body is not None:
            check_pattern(body, only)
        elif name.text == "call" and body is not None:
            for text in literals(body):
                _action(text)
        elif name.text in ("finding", "note"):
            check_noted(name.text, body)
        elif name.text == "answer" and isinstance(body, Table):
            for action, wanted in body:
                _action(action)
                members(wanted, action.text, only, answer=True)
        elif name.text == "error" and body is not None:
            check_code(body)
        elif name.text in FACTS:
            _fact(name, body, only)
        elif name.text in SPECIAL:
            continue
        else:
            _action(name, [*FACTS, *SPECIAL])
            members(body, name.text, only, answer=False)


def _action(name: Scalar, others: list[str] | None = None) -> None:
    if name.text not in ACTIONS:
        allowed = [*ACTIONS, *(others or [])]
        raise ScenarioError(f"no fact or action {name.text!r}{advice(name.text, allowed)}", name.line)


def check_code(node: Node | None) -> None:
    """The code of a CALLERROR: one that somebody made up may be meant, a misspelt one not. Raises ScenarioError."""
    codes = sorted({code for version in VERSIONS for code in ERROR_CODES[version]})
    for text in literals(node) if node is not None else ():
        if text.text not in codes and (near := did_you_mean(text.text, codes)):
            raise ScenarioError(f"{text.text!r} is not an error code{near}", text.line)


def _fact(name: Scalar, body: Node | None, only: tuple[Version, ...]) -> None:
    from shared.scenario.check_values import check_fact
    from shared.scenario.facts import FACTS, WORDS_OF

    if body is None or (isinstance(body, Scalar) and body.is_null):
        return
    if not isinstance(body, Table):
        raise ScenarioError(f"what is wanted of {name.text} is a table", body.line)
    for member, wanted in body:
        if member.text not in FACTS[name.text]:
            raise ScenarioError(
                f"{name.text} has no member {member.text!r}{advice(member.text, FACTS[name.text])}",
                member.line,
            )
        words = WORDS_OF.get((name.text, member.text)) or WORDS_OF.get(("", member.text))
        for text in literals(wanted) if words else ():
            if text.text not in (words or ()):
                raise ScenarioError(not_one_of(text.text, f"a {member.text}", words or ()), text.line)
        check_fact(name.text, member, wanted, only)


def literals(node: Node) -> list[Scalar]:
    """The texts in a wanted value that mean just themselves."""
    if isinstance(node, Items):
        return [text for item in node for text in literals(item)]
    if not isinstance(node, Scalar) or node.text in WORDS or node.is_null:
        return []
    if node.text[:1] in "$/" or node.text.startswith(OPERATORS) or "${" in node.text:
        return []
    return [node]


def members(node: Node | None, action: str, only: tuple[Version, ...], *, answer: bool) -> None:
    """Members and enumerated values that no version in question has."""
    if node is None or isinstance(node, Scalar):
        return
    roots = [r for v in only if (r := schema_of(v, action, answer)) is not None]
    if not roots or (answer and action in SENDS):
        return
    _walk(node, [(root, root) for root in roots], action)


def _walk(node: Node, schemas: list[tuple[Schema, Schema]], where: str) -> None:
    found = [(follow(schema, root), root) for schema, root in schemas]
    real = [(schema, root) for schema, root in found if schema]
    if not real:
        return
    if isinstance(node, Table):
        if not any("properties" in schema for schema, _ in real):
            if below := [(schema["items"], root) for schema, root in real if "items" in schema]:
                _walk(node, below, where)  # a list holds what is wanted when one of its items does
            return
        for key, member in node:
            if key.text == "any_of":
                continue
            below = [
                (schema["properties"][key.text], root)
                for schema, root in real
                if key.text in schema.get("properties", {})
            ]
            if not below:
                allowed = list(dict.fromkeys(name for s, _ in real for name in s.get("properties", {})))
                raise ScenarioError(
                    f"{where} has no member {key.text!r}{advice(key.text, allowed)}", key.line
                )
            _walk(member, below, f"{where}.{key.text}")
    elif isinstance(node, Items):
        below = [(schema["items"], root) for schema, root in real if "items" in schema]
        for item in node:
            _walk(item, below or schemas, where)
    else:
        words = list(dict.fromkeys(word for schema, _ in real for word in schema.get("enum", ())))
        if words and all("enum" in schema for schema, _ in real):
            for text in literals(node):
                if text.text not in words:
                    raise ScenarioError(not_one_of(text.text, f"a value of {where}", words), text.line)
        else:
            _check_kind(node, [schema for schema, _ in real], where)


_NUMBER = ("integer", "number")


def _check_kind(node: Scalar, schemas: list[Schema], where: str) -> None:
    """A number where only a number can be, a truth where only a truth; a slip in a word that is known."""
    from shared.scenario.check_values import check_free, is_number

    kinds = {schema.get("type") for schema in schemas}
    for text in literals(node):
        if kinds <= set(_NUMBER) and not is_number(text.text):
            raise ScenarioError(f"{where} is a number, not {text.text!r}", text.line)
        if kinds == {"boolean"} and text.text.lower() not in ("true", "false"):
            raise ScenarioError(f"{where} is true or false, not {text.text!r}", text.line)
        if kinds == {"string"}:
            check_free(where.rpartition(".")[2], text)


def _check_inject(arguments: Mapping[str, Any], only: tuple[Version, ...], names: Known) -> None:
    from shared.faults import parse
    from shared.option_fields import UsageError
    from shared.scenario.tree import in_words, value_of

    node = arguments["fault"]
    if "$" in in_words(node, 10_000) or (isinstance(node, Scalar) and node.text == "reset"):
        return  # what is referred to is known only when it is done
    try:
        parse(node.text if isinstance(node, Scalar) else value_of(node))
    except UsageError as wrong:
        raise ScenarioError(f"inject: {wrong}", node.line) from None


def _check_hook(arguments: Mapping[str, Any], only: tuple[Version, ...], names: Known) -> None:
    """`http` of a hook: a table with members that are known, and an address."""
    what = arguments["what"]
    for _, body in what if isinstance(what, Table) else ():
        http = body.get("http") if isinstance(body, Table) else None
        if http is None:
            continue
        if not isinstance(http, Table):
            raise ScenarioError("http is a table, as in {url: 'http://lab/plug', json: {}}", what.line)
        for key, _ in http:
            if key.text not in HTTP_MEMBERS:
                raise ScenarioError(
                    f"http has no member {key.text!r}{advice(key.text, HTTP_MEMBERS)}", key.line
                )
        url = http.get("url")
        if not isinstance(url, Scalar) or not (
            "$" in url.text or url.text.startswith(("http://", "https://"))
        ):
            raise ScenarioError("http: url is missing, or no address (http://host/path)", http.line)


_CHECKS: dict[str, Callable[[Mapping[str, Any], tuple[Version, ...], Known], None]] = {
    "expect": _check_expect,
    "forbid": _check_expect,
    "never": _check_what,
    "answered": _check_answered,
    "send": _check_message,
    "answer": _check_answer,
    "inject": _check_inject,
    "sut": _check_hook,
    "operator": _check_hook,
}
