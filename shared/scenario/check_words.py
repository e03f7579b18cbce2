"""Words of a step that are wrong before anything is started: of verbs, commands, answers and questions."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from shared import roles
from shared.actions import ACTIONS
from shared.option_fields import UsageError
from shared.scenario.check import OPERATORS, literals, members, schema_of
from shared.scenario.facts import ACTIONS_OF, FACTS, WORDS_OF
from shared.scenario.model import CHARGE_POINT, CSMS
from shared.scenario.tree import Items, Node, Scalar, ScenarioError, Table, value_of
from shared.suggest import advice, did_you_mean, not_one_of
from shared.versions import ERROR_CODES, V16, VERSIONS, Version

_SIDES = (CSMS, CHARGE_POINT)
_WORDS: dict[tuple[str, str], tuple[str, tuple[str, ...]]] = {
    ("network", "state"): ("a state of the network", ("up", "down")),
    ("restore", "what"): ("something to restore", ("config",)),
    ("ev", "does"): ("something that a car does", ("pauses", "resumes", "stops")),
    ("present", "outcome"): (
        "what comes of a token",
        ("started", "stopped", "unlocked", "refused", "ignored"),
    ),
    ("meter_fault", "kind"): (
        "a fault of a meter",
        ("frozen", "rolled_back", "drifting", "missing_phase", "none"),
    ),
    ("expect", "by"): ("a sender", _SIDES),
}
"""What a member of a verb may be, and what that is."""

STATION_NEEDS = (
    "remote_start",
    "remote_stop",
    "local_list",
    "reservation",
    "smart_charging",
    "monitoring",
    "firmware",
    "logs",
    "evses",
)
"""What scenarios can need of a station."""
NEEDS = {"csms": ("token", "status", "files"), "station": STATION_NEEDS}

_UNIFORM = ("token_status", "status", "tx", "code", "interval", "any_of")
"""Members of an answer that are the same on every version."""

_QUESTION = re.compile(r"(csms|station|charge_point)\.([\w.]+)(?:\([^)]*\))?")


def check_words(
    verb: str, arguments: Mapping[str, Any], only: tuple[Version, ...], about: Mapping[str, tuple[str, ...]]
) -> tuple[str, ...]:
    """Refuse a word that cannot be meant. `about`: which actions the messages are that were kept by name.

    Gives warnings about words that are most likely misspelt, and may be meant. Raises ScenarioError.
    """
    for (name, member), (noun, words) in _WORDS.items():
        if name == verb and isinstance(node := arguments.get(member), Scalar):
            for text in literals(node):
                if text.text not in words:
                    raise ScenarioError(not_one_of(text.text, noun, words), text.line)
    if verb == "fault":
        _error_code(arguments.get("error"))
    elif verb == "answer":
        _times(arguments.get("times"))
    elif verb == "check":
        _questions(arguments["what"])
    if verb in ("send", "call", "command"):
        _code(arguments.get("error"))
    if (node := arguments.get("with_" if verb == "answered" else "answered")) is not None:
        _answer(node, actions_of(verb, arguments, about), only)
    if verb == "command":
        _command(arguments["what"], only)
    return tuple(_likely(verb, arguments))


def actions_of(
    verb: str, arguments: Mapping[str, Any], about: Mapping[str, tuple[str, ...]]
) -> tuple[str, ...]:
    """The actions of the message that a step keeps; nothing where that cannot be told."""
    if verb == "answered":
        return about.get(arguments["name"].text, ())
    node = arguments.get("message" if verb in ("send", "call") else "what")
    name = _name(node)
    if name is None:
        return ()
    if verb == "command":
        try:
            return tuple(roles.actions_of_command(name.text))
        except UsageError as wrong:
            raise ScenarioError(str(wrong), name.line) from None
    return ACTIONS_OF.get(name.text, (name.text,) if name.text in ACTIONS else ())


def check_needs(part: str, node: Node) -> None:
    """Refuse what nobody can see to. Raises ScenarioError."""
    for text in _need_words(node):
        if part in NEEDS and text.text not in NEEDS[part]:
            raise ScenarioError(not_one_of(text.text, f"something that a {part} has", NEEDS[part]), text.line)


def _need_words(node: Node) -> Iterator[Scalar]:
    if isinstance(node, Table):
        yield from (key for key, _ in node)
    elif isinstance(node, Items):
        for item in node:
            yield from _need_words(item)
    elif not node.is_null:
        yield from literals(node)


def _name(node: Node | None) -> Scalar | None:
    """The word that a body begins with."""
    if isinstance(node, Scalar):
        return node
    return node.entries[0][0] if isinstance(node, Table) and len(node.entries) == 1 else None


def _error_code(node: Node | None) -> None:
    """An error of a connector, as 1.6 has them (§7.6)."""
    schema = schema_of(V16, "StatusNotification") or {}
    words = schema["properties"]["errorCode"]["enum"]
    for text in literals(node) if node is not None else ():
        if text.text not in words:
            raise ScenarioError(not_one_of(text.text, "an error of a connector", words), text.line)


def _times(node: Node | None) -> None:
    for text in literals(node) if node is not None else ():
        if text.text != "always" and not text.text.isdigit():
            raise ScenarioError(f"times is a number or 'always', not {text.text!r}", text.line)


def _code(node: Node | None) -> None:
    """The code of a CALLERROR: one that somebody made up may be expected, a misspelt one not."""
    codes = sorted({code for version in VERSIONS for code in ERROR_CODES[version]})
    for text in literals(node) if node is not None else ():
        if text.text not in codes and (near := did_you_mean(text.text, codes)):
            raise ScenarioError(f"{text.text!r} is not an error code{near}", text.line)


def _questions(node: Node) -> None:
    for key, _ in node if isinstance(node, Table) else ():
        found = _QUESTION.fullmatch(key.text)
        if found is None:
            continue
        role = CSMS if found[1] == CSMS else CHARGE_POINT
        words = roles.questions(role)
        if found[2] not in words:
            raise ScenarioError(not_one_of(found[2], f"a question to a {role}", words), key.line)


def _answer(node: Node, actions: tuple[str, ...], only: tuple[Version, ...]) -> None:
    """What is wanted of the answer to a call of one of these actions."""
    if isinstance(node, Scalar):
        node = Table(((Scalar("status", node.line), node),), node.line)
    if not isinstance(node, Table) or not actions:
        return
    if isinstance(several := node.get("any_of"), Items):
        for item in several:
            _answer(item, actions, only)
    _status(node.get("token_status"), WORDS_OF["", "token_status"])
    roots = [root for a in actions for v in only if (root := schema_of(v, a, answer=True)) is not None]
    if not roots:
        return
    words = [w for root in roots for w in root["properties"].get("status", {}).get("enum", ())]
    for root in roots:
        name = root["properties"].get("status", {}).get("$ref", "").rpartition("/")[2]
        words += root.get("definitions", {}).get(name, {}).get("enum", ())
    if any(name in root["properties"] for root in roots for name in ("idTagInfo", "idTokenInfo")):
        words += WORDS_OF["", "token_status"]
    _status(node.get("status"), tuple(dict.fromkeys(words)))
    rest = Table(tuple(entry for entry in node.entries if entry[0].text not in _UNIFORM), node.line)
    if len(actions) == 1:
        members(rest, actions[0], only, answer=True)


def _status(node: Node | None, words: tuple[str, ...]) -> None:
    for text in literals(node) if node is not None and words else ():
        if text.text not in words:
            raise ScenarioError(not_one_of(text.text, "a status of this answer", words), text.line)


def _command(node: Node, only: tuple[Version, ...]) -> None:
    name = _name(node)
    if name is None:
        return
    body = node.entries[0][1] if isinstance(node, Table) else None
    options = {key.text: _plain(value) for key, value in body} if isinstance(body, Table) else {}
    try:
        roles.judge_command(name.text, options, only)
    except UsageError as wrong:
        near = [k for k, _ in body if repr(k.text) in str(wrong)] if isinstance(body, Table) else []
        raise ScenarioError(str(wrong), near[0].line if near else name.line) from None


def _plain(node: Node) -> Any:
    """The value of a node; None where it refers to what is known only later."""
    return None if "$" in str(value_of(node)) else value_of(node)


def _likely(verb: str, arguments: Mapping[str, Any]) -> Iterator[str]:
    """Words that may be anybody's, but look like one of ours."""
    if verb in ("send", "call"):
        name, words = _name(arguments["message"]), list(ACTIONS)
    elif verb == "operator":
        name, words = _name(arguments["what"]), roles.acts(CHARGE_POINT)
    else:
        return
    if name is not None and name.text not in words and not name.text.startswith(("$", *OPERATORS)):
        near = advice(name.text, words).partition(" (")[0]
        if near:
            yield f"line {name.line}: {verb}: {name.text!r} is not known{near}"


__all__ = ["FACTS", "STATION_NEEDS", "actions_of", "check_needs", "check_words"]
