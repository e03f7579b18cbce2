"""Words of a step that are wrong before anything is started: of verbs, commands, answers and questions."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from shared import roles
from shared.actions import ACTIONS
from shared.option_fields import UsageError
from shared.scenario.check import OPERATORS, check_code, literals, members, schema_of
from shared.scenario.check_values import check_sent, enumerated
from shared.scenario.facts import ACTIONS_OF, FACTS, WORDS_OF
from shared.scenario.model import CHARGE_POINT, CSMS
from shared.scenario.tree import Items, Node, Scalar, ScenarioError, Table, in_words, value_of
from shared.suggest import advice, misspelt, not_one_of
from shared.versions import V16, V201, Version

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
        check_code(arguments.get("error"))
    if (node := arguments.get("with_" if verb == "answered" else "answered")) is not None:
        _answer(node, actions_of(verb, arguments, about), only)
    if verb == "command":
        _command(arguments["what"], only)
    elif verb in _LISTED:
        _listed(verb, arguments)
    elif verb == "plug_in" and isinstance(car := arguments.get("ev"), Table):
        _car(car)
    elif verb == "generate":
        _drivers(arguments["drivers"])
    elif verb == "files":
        _file_fault(arguments["fault"])
    return tuple(_likely(verb, arguments, only))


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
    if name.text in ("set_config", "get_config", "set_variables", "get_variables"):
        _settings(name.text, node, only)
    body = node.entries[0][1] if isinstance(node, Table) else None
    options = {key.text: _plain(value) for key, value in body} if isinstance(body, Table) else {}
    try:
        roles.judge_command(name.text, options, only)
    except UsageError as wrong:
        near = [k for k, _ in body if repr(k.text) in str(wrong)] if isinstance(body, Table) else []
        raise ScenarioError(str(wrong), near[0].line if near else name.line) from None


def _settings(command: str, node: Node, only: tuple[Version, ...]) -> None:
    """Names of settings: those of vendors are anything but a slip in the name of a standard one."""
    body = node.entries[0][1] if isinstance(node, Table) else None
    if not isinstance(body, Table):
        return
    names = [key for key, _ in body if command.startswith("set_") and key.text not in _OWN_OPTIONS]
    names += [
        text
        for key, value in body
        if key.text in ("key", "keys", "name", "names")
        for text in literals(value)
    ]
    known = roles.settings(only)
    for name in names:
        bare = name.text.partition("[")[0]
        if name.text.casefold() in {word.casefold() for word in known} or bare in known:
            continue  # names do not heed case (1.6 CiString50Type, 2.x identifierString)
        if near := misspelt(name.text, known):
            raise ScenarioError(
                f"{command}: {name.text!r} is not a setting; did you mean {near!r}?", name.line
            )


_OWN_OPTIONS = ("key", "value", "component", "variable", "instance", "attribute", "evse", "connector")
"""Members of `set_config` that are not names of settings."""


def _plain(node: Node) -> Any:
    """The value of a node; None where it refers to what is known only later."""
    return None if "$" in str(value_of(node)) else value_of(node)


_LISTED: dict[str, tuple[str, str, Callable[[], Iterable[str]]]] = {
    "firmware": ("fails", "what can go wrong with firmware", lambda: roles.failures("firmware")),
    "uploads": ("fails", "what can go wrong with an upload", lambda: roles.failures("uploads")),
    "status_notification": (
        "status",
        "a status of a connector",
        lambda: enumerated([("StatusNotification", ("status",))], (V16,)),
    ),
    "diagnostics_status_notification": (
        "status",
        "a status of an upload",
        lambda: enumerated([("DiagnosticsStatusNotification", ("status",))], (V16,)),
    ),
    "stop_transaction": (
        "reason",
        "a reason",
        lambda: enumerated([("StopTransaction", ("reason",))], (V16,)),
    ),
    "external_limit": (
        "source",
        "a source of limits",
        lambda: enumerated([("NotifyChargingLimit", ("chargingLimit", "chargingLimitSource"))], (V201,)),
    ),
}
"""Verb -> a member of it, what that is, and the words that it may be."""


def _listed(verb: str, arguments: Mapping[str, Any]) -> None:
    """A member that is one of few words: where they end up on the wire a made-up one may be meant, a slip not."""
    member, noun, words_of = _LISTED[verb]
    node = arguments.get(member)
    for text in literals(node) if isinstance(node, Scalar) else ():
        words = list(words_of())
        free = verb not in ("firmware", "uploads", "external_limit")
        if text.text not in words and not (free and not misspelt(text.text, words)):
            raise ScenarioError(not_one_of(text.text, noun, words), text.line)


def _car(node: Table) -> None:
    """The car of `plug_in`, unless some of it is known only later."""
    if "$" in in_words(node, 10_000):
        return
    try:
        roles.judge_car(value_of(node))
    except ValueError as wrong:
        near = [key.line for key, _ in node if repr(key.text) in str(wrong)]
        raise ScenarioError(f"plug_in: {wrong}", near[0] if near else node.line) from None


def _drivers(node: Node) -> None:
    """How drivers come, unless some of it is known only later."""
    if "$" in in_words(node, 10_000):
        return
    try:
        roles.judge_drivers(value_of(node))
    except ValueError as wrong:
        keys = node if isinstance(node, Table) else ()
        near = [key.line for key, _ in keys if key.text in str(wrong)]
        raise ScenarioError(f"generate: {wrong}", near[0] if near else node.line) from None


def _file_fault(node: Node) -> None:
    for text in literals(node):
        try:
            roles.judge_file_fault(text.text)
        except ValueError as wrong:
            raise ScenarioError(f"files: {wrong}", text.line) from None


def _likely(verb: str, arguments: Mapping[str, Any], only: tuple[Version, ...]) -> Iterator[str]:
    """Words that may be anybody's: refused when they are a slip in one of ours, warned of when they look like one."""
    if verb in ("send", "call"):
        meant = arguments.get("valid")
        on_purpose = isinstance(meant, Scalar) and meant.text in ("false", "no")
        refused = arguments.get("error") is not None
        warning = check_sent(verb, arguments["message"], only, on_purpose=on_purpose, refused=refused)
        if warning:
            yield warning
    elif verb == "operator":
        name = _name(arguments["what"])
        if name is not None and not name.text.startswith(("$", *OPERATORS)):
            yield from _act(name, arguments["what"])


def _act(name: Scalar, what: Node) -> Iterator[str]:
    """What somebody at the station is to do, with the members of our own verb where it is one."""
    from shared.scenario.registry import VERBS

    words = roles.acts(CHARGE_POINT)
    if name.text in words:
        body = what.entries[0][1] if isinstance(what, Table) else None
        known = list(VERBS[name.text].parameters) if name.text in VERBS else []
        for key, _ in body if isinstance(body, Table) and known else ():
            if key.text not in known and (near := misspelt(key.text, known)):
                words_ = f"operator: {name.text} has no member {key.text!r}; did you mean {near!r}?"
                raise ScenarioError(words_, key.line)
        return
    if near := misspelt(name.text, words):
        raise ScenarioError(f"operator: {name.text!r} is not known; did you mean {near!r}?", name.line)
    near = advice(name.text, words).partition(" (")[0]
    if near:
        yield f"line {name.line}: operator: {name.text!r} is not known{near}"


__all__ = ["FACTS", "STATION_NEEDS", "actions_of", "check_needs", "check_words"]
