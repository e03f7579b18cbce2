"""Whether a message is what was wanted: partial payloads, comparisons, patterns, any of several; and why not."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, NamedTuple

from shared.clock import parse
from shared.scenario import facts
from shared.scenario.check import OPERATORS
from shared.scenario.facts import FACTS, NOTHING, PENDING, answer_member, facts_of
from shared.scenario.talk import Message, Talk
from shared.scenario.tree import Items, Node, Scalar, Table, in_words, number
from shared.versions import Version

Resolve = Callable[[str], Any]


class Mismatch(NamedTuple):
    """Where a message differs from what was wanted; `pending` when an answer has yet to say."""

    path: str
    expected: str
    actual: str
    pending: bool = False


class Context(NamedTuple):
    """What is needed to read a message: its version, the whole conversation, and what references mean."""

    version: Version
    talk: Talk
    resolve: Resolve


def against(node: Node | None, message: Message, context: Context) -> Mismatch | None:
    """Why `message` is not what `node` describes, None when it is. `node` is a pattern, as `expect` has it."""
    if isinstance(node, Scalar):
        return _one(node.text, None, message, context)
    if isinstance(node, Items):
        return _any_of(node, message, context)
    assert isinstance(node, Table)
    for name, body in node:
        wrong = _one(name.text, body, message, context)
        if wrong is not None:
            return wrong
    return None


def concerns(node: Node, message: Message, end: str) -> bool:
    """Whether `message` is at least of the kind that `node` describes: one whose difference is worth telling at `end`.

    Of raw texts these are the frames of the other side.
    """
    names = [node.text] if isinstance(node, Scalar) else node.keys() if isinstance(node, Table) else []
    if "raw" in names:
        return message.by != end and message.kind not in ("open", "close", "note")
    return any(name == message.action or name in facts_of(message) for name in names)


def agreed(node: Node, wrong: Mismatch) -> int:
    """How many members of `node` were as wanted before the one of `wrong`."""
    if not isinstance(node, Table) or not node.entries:
        return 0
    name, body = node.entries[0]
    members = body.keys() if isinstance(body, Table) else []
    if wrong.path.startswith("answer") or wrong.path == "by":
        return len(members)
    member = wrong.path.removeprefix(f"{name.text}.")
    return next((n for n, one in enumerate(members) if f"{member}.".startswith(f"{one}.")), 0)


def _any_of(node: Node, message: Message, context: Context) -> Mismatch | None:
    wrongs = [against(item, message, context) for item in node] if isinstance(node, Items) else []
    return next((w for w in wrongs if w is None), wrongs[0] if wrongs else Mismatch("", "any of nothing", ""))


def _one(name: str, body: Node | None, message: Message, context: Context) -> Mismatch | None:
    if name == "any_of" and body is not None:
        return _any_of(body, message, context)
    if name in FACTS:
        return _fact(name, body, message, context)
    if name in _SPECIAL:
        return _SPECIAL[name](body, message, context)
    if not message.is_call or message.action != name:
        return Mismatch("", name, message.action or message.kind)
    return value_against(body, message.payload, context, name)


def _fact(name: str, body: Node | None, message: Message, context: Context) -> Mismatch | None:
    if name not in facts_of(message):
        return Mismatch("", name, message.action or message.kind)
    for member, wanted in body if isinstance(body, Table) else ():
        actual = facts.member(message, name, member.text, context.version, context.talk)
        path = f"{name}.{member.text}"
        if actual is PENDING:
            return Mismatch(path, in_words(wanted), "no answer yet", pending=True)
        wrong = value_against(wanted, actual, context, path)
        if wrong is not None:
            return wrong
    return None


def answer_against(node: Node, answer: Message, context: Context) -> Mismatch | None:
    """Why an answer is not what was wanted; uniform members (token_status, status, tx) and those of the payload."""
    if isinstance(node, Scalar):
        node = Table(((Scalar("status"), node),), node.line)
    if answer.kind == "error" and (not isinstance(node, Table) or node.get("code") is None):
        return Mismatch("answer", in_words(node), f"CALLERROR {answer.text}")
    if isinstance(node, Table) and isinstance(several := node.get("any_of"), Items):
        found = [answer_against(item, answer, context) for item in several]
        return None if None in found else Mismatch("answer", in_words(node), shown(answer.payload))
    payload = answer.payload if isinstance(answer.payload, dict) else {}
    for member, wanted in node if isinstance(node, Table) else ():
        actual = payload.get(member.text, NOTHING)
        if actual is NOTHING:
            actual = answer_member(answer, member.text)
        wrong = value_against(wanted, actual, context, f"answer.{member.text}")
        if wrong is not None:
            return wrong
    return None


def _kind(kind: str, by_action: bool) -> Callable[[Node | None, Message, Context], Mismatch | None]:
    def compare(body: Node | None, message: Message, context: Context) -> Mismatch | None:
        if message.kind != kind:
            return Mismatch("", kind, message.kind)
        if body is None or not by_action:
            return None
        if isinstance(body, Table):
            return value_against(body, message.payload, context, kind)
        return value_against(body, message.action or message.text, context, kind)

    return compare


def _call(body: Node | None, message: Message, context: Context) -> Mismatch | None:
    if not message.is_call:
        return Mismatch("", "a call", message.kind)
    return None if body is None else value_against(body, message.action, context, "call")


def _finding(body: Node | None, message: Message, context: Context) -> Mismatch | None:
    if message.kind != "note" or not message.payload["clause"]:
        return Mismatch("", "a finding", message.kind)
    return None if body is None else value_against(body, message.payload["note"], context, "finding")


def _answer(body: Node | None, message: Message, context: Context) -> Mismatch | None:
    if message.kind != "answer":
        return Mismatch("", "an answer", message.kind)
    if isinstance(body, Table) and message.request is not None:
        for action, wanted in body:
            if message.request.action != action.text:
                return Mismatch("answer", action.text, message.request.action)
            return value_against(wanted, message.payload, context, f"answer.{action.text}")
    return None


def _raw(body: Node | None, message: Message, context: Context) -> Mismatch | None:
    if message.kind in ("open", "close", "note"):
        return Mismatch("", "a frame", message.kind)
    return None if body is None else value_against(body, message.text, context, "raw")


_SPECIAL: dict[str, Callable[[Node | None, Message, Context], Mismatch | None]] = {
    "call": _call,
    "answer": _answer,
    "error": _kind("error", True),
    "finding": _finding,
    "note": _kind("note", True),
    "closed": _kind("close", False),
    "opened": _kind("open", False),
    "raw": _raw,
}


# --- values ---------------------------------------------------------------------------------------------------


def value_against(wanted: Node | None, actual: Any, context: Context, path: str) -> Mismatch | None:
    """Why `actual` is not `wanted`: a table is part of it, a list any of it (or, of a list, its items in order)."""
    if wanted is None:
        return None
    if isinstance(wanted, Table):
        return _table(wanted, actual, context, path)
    if isinstance(wanted, Items):
        return _items(wanted, actual, context, path)
    if not wanted.text and wanted.plain:
        return None
    if actual is NOTHING:
        return None if wanted.text == "absent" else Mismatch(path, _said(wanted, context), "absent")
    if wanted.text in ("any", "absent"):
        return None if wanted.text == "any" else Mismatch(path, "absent", shown(actual))
    return (
        None
        if _fits(wanted.text, actual, context.resolve)
        else Mismatch(path, _said(wanted, context), shown(actual))
    )


def _said(wanted: Scalar, context: Context) -> str:
    """What was wanted, with the values that it refers to."""
    text = wanted.text
    operator = next((one for one in OPERATORS if text.startswith(one)), "")
    rest = text[len(operator) :].strip()
    meant = context.resolve(rest)
    return text if meant is rest else f"{operator} {shown(meant)} ({text})".lstrip()


def _table(wanted: Table, actual: Any, context: Context, path: str) -> Mismatch | None:
    several = wanted.get("any_of")
    if several is not None and isinstance(several, Items):
        wrongs = [value_against(item, actual, context, path) for item in several]
        return None if None in wrongs else Mismatch(path, in_words(wanted), shown(actual))
    if (same := wanted.get("equals")) is not None and len(wanted.entries) == 1 and isinstance(same, Scalar):
        return None if _same(same.text, actual) else Mismatch(path, same.text, shown(actual))
    if isinstance(actual, list):  # a list holds what is wanted when one of its items does
        wrongs = [value_against(wanted, item, context, f"{path}.{n}") for n, item in enumerate(actual)]
        return None if None in wrongs else (wrongs[0] if wrongs else Mismatch(path, in_words(wanted), "[]"))
    if not isinstance(actual, dict):
        return Mismatch(path, in_words(wanted), shown(actual))
    for name, member in wanted:
        wrong = value_against(member, actual.get(name.text, NOTHING), context, f"{path}.{name.text}")
        if wrong is not None:
            return wrong
    return None


def _items(wanted: Items, actual: Any, context: Context, path: str) -> Mismatch | None:
    if not isinstance(actual, list):
        wrongs = [value_against(item, actual, context, path) for item in wanted]
        return None if None in wrongs else Mismatch(path, f"one of {in_words(wanted)}", shown(actual))
    at = 0
    for item in wanted:
        while at < len(actual) and value_against(item, actual[at], context, path) is not None:
            at += 1
        if at == len(actual):
            return Mismatch(path, f"{in_words(item)} in it", shown(actual))
        at += 1
    return None


def _fits(text: str, actual: Any, resolve: Resolve) -> bool:
    if len(text) > 1 and text[0] == text[-1] == "/":
        return re.search(text[1:-1], actual if isinstance(actual, str) else shown(actual)) is not None
    for operator in OPERATORS:
        if text.startswith(operator):
            return _compare(operator, resolve(text[len(operator) :].strip()), actual)
    return _same(resolve(text), actual)


def _compare(operator: str, wanted: Any, actual: Any) -> bool:
    if operator == "!=":
        return not _same(wanted, actual)
    left, right = _as_number(actual), _as_number(wanted)
    if left is None or right is None:
        if not isinstance(actual, str) or not isinstance(wanted, str):
            return False
        before, after = _as_moment(actual), _as_moment(wanted)
        if before is None or after is None:
            less, equal = actual < wanted, actual == wanted
        else:
            less, equal = before < after, before == after
    else:
        less, equal = left < right, left == right
    return {">=": not less, "<=": less or equal, ">": not less and not equal, "<": less}[operator]


def _same(wanted: Any, actual: Any) -> bool:
    """Whether they are the same, a text being typed by what it is compared with."""
    if isinstance(actual, bool) or isinstance(wanted, bool):
        return str(wanted).lower() == str(actual).lower()
    if isinstance(actual, (int, float)) or isinstance(wanted, (int, float)):
        left, right = _as_number(actual), _as_number(wanted)
        return left is not None and left == right
    if isinstance(actual, str) or isinstance(wanted, str):
        return str(wanted) == str(actual)
    return bool(wanted == actual)


def _as_number(value: Any) -> float | None:
    if isinstance(value, bool):
        return None
    try:
        return float(value if isinstance(value, (int, float)) else number(str(value)))
    except ValueError:
        return None


def _as_moment(text: str) -> float | None:
    """The moment that a timestamp means, whatever its offset and precision."""
    try:
        return parse(text)
    except ValueError:
        return None


def shown(value: Any) -> str:
    """A value as a person reads it, not too long."""
    import json

    if value is NOTHING:
        return "absent"
    text = value if isinstance(value, str) else json.dumps(value, default=str)
    return text if len(text) <= 200 else f"{text[:197]}..."
