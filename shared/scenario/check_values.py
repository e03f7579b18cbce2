"""What is wrong with the values of a step before anything starts: messages against their schemas, words of facts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

from shared.actions import ACTIONS
from shared.scenario.check import follow, literals, members, schema_of, typed
from shared.scenario.facts import ALIASES
from shared.scenario.tree import Items, Node, Scalar, ScenarioError, Table, in_words, number
from shared.suggest import advice, did_you_mean, misspelt, not_one_of
from shared.versions import V16, V201, VERSIONS, Version
from shared.wire.schema import Violation, schemas

ON_PURPOSE = "say `valid: false` when it is meant"


def check_sent(verb: str, message: Node, only: Sequence[Version], *, on_purpose: bool, refused: bool) -> str:
    """Refuse a message that `send` or `call` can only have been written wrong; gives a warning, or "".

    `refused`: a CALLERROR is expected, so the message may be unknown or invalid. `on_purpose`: nothing is looked at.
    Raises ScenarioError.
    """
    name, body = _parts(message)
    if on_purpose or name.text.startswith("$"):
        return ""
    if name.text not in ACTIONS:
        near = misspelt(name.text, ACTIONS)
        if near:
            words = f"{verb}: {name.text!r} is not an action; did you mean {near!r}? ({ON_PURPOSE})"
            raise ScenarioError(words, name.line)
        if refused:
            return ""
        words = (
            did_you_mean(name.text, ACTIONS) + "; a message that nobody knows needs `error: NotImplemented`"
        )
        raise ScenarioError(f"{verb}: {name.text!r} is not an action{words}, or `valid: false`", name.line)
    if refused or not isinstance(body, (Table, Items, Scalar)):
        return ""
    return _payload(name, body, [v for v in only if v in ACTIONS[name.text].versions])


def _parts(message: Node) -> tuple[Scalar, Node | None]:
    if isinstance(message, Scalar):
        return message, Scalar("", message.line)
    assert isinstance(message, Table)
    return message.entries[0]


def _payload(name: Scalar, body: Node, versions: list[Version]) -> str:
    """Refuse a payload that no version can take; what is referred to counts as right."""
    if not versions:
        return ""
    members(body, name.text, tuple(versions), answer=False)
    if "$" in in_words(body, 1_000_000):
        return ""
    wrong: dict[Version, Violation] = {}
    for version in versions:
        schema = schema_of(version, name.text)
        nothing = isinstance(body, Scalar) and body.is_null
        payload = {} if nothing else typed(body, schema, schema, lambda text: text)
        found = schemas(version).violations(name.text, payload)
        if found:
            wrong[version] = found[0]
    if not wrong:
        return ""
    version, first = next(iter(wrong.items()))
    at = f"{name.text}{first.path.replace('/', '.')}"
    if len(wrong) == len(versions):
        raise ScenarioError(f"{at}: {first.message} ({ON_PURPOSE})", _line_of(body, first.path) or name.line)
    names = ", ".join(v.name for v in wrong)
    return f"line {name.line}: on OCPP {names} {at}: {first.message}; say `only:` which version it is for"


def _line_of(node: Node, path: str) -> int:
    """The line of what `path` leads to, or of the last part of it that is there."""
    line = node.line
    for part in path.split("/")[1:]:
        below: Node | None = None
        if isinstance(node, Table):
            below = node.get(part)
        elif isinstance(node, Items) and part.isdigit() and int(part) < len(node.items):
            below = node.items[int(part)]
        if below is None:
            break
        node, line = below, below.line or line
    return line


# --- the words of facts ---------------------------------------------------------------------------------------

_NUMBERS = frozenset({"interval", "evse", "connector", "meter", "seq"})
_TRUTHS = frozenset({"offline", "more"})
_ENUMS: dict[tuple[str, str], tuple[tuple[str, tuple[str, ...]], ...]] = {
    ("booted", "reason"): (("BootNotification", ("reason",)),),
    ("tx", "reason"): (
        ("StopTransaction", ("reason",)),
        ("TransactionEvent", ("transactionInfo", "stoppedReason")),
    ),
    ("tx", "trigger"): (("TransactionEvent", ("triggerReason",)),),
    ("plug", "status"): (("StatusNotification", ("status",)), ("StatusNotification", ("connectorStatus",))),
    ("power", "status"): (("StatusNotification", ("status",)), ("StatusNotification", ("connectorStatus",))),
    ("plug", "error"): (("StatusNotification", ("errorCode",)),),
    ("meter", "context"): (
        ("MeterValues", ("meterValue", "sampledValue", "context")),
        ("TransactionEvent", ("meterValue", "sampledValue", "context")),
    ),
}
"""Fact (`tx` stands for its four) and member -> where the messages of the versions have the word."""


def check_fact(fact: str, member: Scalar, wanted: Node, only: tuple[Version, ...]) -> None:
    """Refuse a value that this member of a fact never has on these versions. Raises ScenarioError."""
    kind = ALIASES.get(fact, fact).partition(".")[0]
    if member.text in _NUMBERS:
        for text in _compared(wanted):
            if not is_number(text.text):
                raise ScenarioError(f"{fact}.{member.text} is a number, not {text.text!r}", text.line)
    elif member.text in _TRUTHS:
        for text in literals(wanted):
            if text.text.lower() not in ("true", "false"):
                words = not_one_of(text.text, "a truth", ("true", "false"))
                raise ScenarioError(f"{fact}.{member.text}: {words}", text.line)
    elif (kind, member.text) in _ENUMS:
        words_of = enumerated(_ENUMS[kind, member.text], only)
        for text in literals(wanted):
            if words_of and text.text not in words_of:
                raise ScenarioError(not_one_of(text.text, f"a {member.text}", words_of), text.line)


def _compared(node: Node) -> list[Scalar]:
    """The literals of a wanted value, those behind a comparison as well."""
    if isinstance(node, Items):
        return [text for item in node for text in _compared(item)]
    if isinstance(node, Scalar) and node.text[:1] in "<>!" and node.text:
        rest = node.text.lstrip("<>!=").strip()
        return literals(Scalar(rest, node.line, node.plain))
    return literals(node)


def is_number(text: str) -> bool:
    """Whether a text is a number as JSON spells it."""
    try:
        number(text)
    except ValueError:
        return False
    return True


def enumerated(places: Iterable[tuple[str, tuple[str, ...]]], versions: Iterable[Version]) -> tuple[str, ...]:
    """The words that a member may be in these messages of these versions: each (action, path of names)."""
    chosen = [(v, action, path) for v in versions for action, path in places]
    return tuple(dict.fromkeys(word for one in chosen for word in _enum(*one)))


@lru_cache(maxsize=256)
def _enum(version: Version, action: str, path: tuple[str, ...]) -> tuple[str, ...]:
    root = schema_of(version, action)
    schema: dict[str, Any] | None = root
    for name in path:
        schema = follow(schema, root)
        if schema is not None and "items" in schema:
            schema = follow(schema["items"], root)
        schema = (schema or {}).get("properties", {}).get(name)
    return tuple((follow(schema, root) or {}).get("enum", ()))


# --- words that later versions leave free ---------------------------------------------------------------------

_VALUE = ("meterValue", "sampledValue")
_FREE: dict[str, tuple[tuple[Version, str, tuple[str, ...]], ...]] = {
    "measurand": tuple((v, "MeterValues", (*_VALUE, "measurand")) for v in (V16, V201)),
    "unit": ((V16, "MeterValues", (*_VALUE, "unit")),),
    "location": tuple((v, "MeterValues", (*_VALUE, "location")) for v in VERSIONS),
    "phase": tuple((v, "MeterValues", (*_VALUE, "phase")) for v in VERSIONS),
}
"""Members that are any text on some version, and where their words stand on the others."""


def check_free(member: str, text: Scalar) -> None:
    """Refuse a slip in a word that the schema leaves free: of other words, nobody knows. Raises ScenarioError."""
    known = [word for place in _FREE.get(member, ()) for word in _enum(*place)]
    near = misspelt(text.text, known) if known and text.text not in known else ""
    if near:
        raise ScenarioError(f"{text.text!r} is not a {member}; did you mean {near!r}?", text.line)


# --- what is noted ---------------------------------------------------------------------------------------------


def check_noted(kind: str, wanted: Node | None) -> None:
    """Refuse the name of a finding that there is not, or a slip in that of a note. Raises ScenarioError."""
    from shared.findings import NAMES, NOTES

    for text in literals(wanted) if wanted is not None else ():
        if kind == "finding" and text.text not in NAMES:
            if text.text in NOTES:
                words = f"{text.text!r} is a note, not a finding: it breaks no rule (note: {text.text})"
                raise ScenarioError(words, text.line)
            raise ScenarioError(f"{text.text!r} is not a finding{advice(text.text, NAMES)}", text.line)
        if (
            kind == "note"
            and text.text not in (*NAMES, *NOTES)
            and (near := misspelt(text.text, (*NAMES, *NOTES)))
        ):
            raise ScenarioError(f"{text.text!r} is not a note; did you mean {near!r}?", text.line)
