"""Scenario files of other tools, turned into ours: the testing guide's list and mockpoint's `action` steps.

The guide's has a list under `scenario`, one word of OCPP in snake_case for each step; mockpoint's has a list under
`steps` whose members have an `action` in camelCase. Both name 1.6's messages; on 2.x they are translated.
"""

from __future__ import annotations

import re

from shared.actions import ACTIONS
from shared.scenario.tree import Items, Node, Scalar, ScenarioError, Table
from shared.suggest import advice

GUIDE, MOCKPOINT, NATIVE = "guide", "mockpoint", "native"

_OWN = frozenset(
    "boot_notification heartbeat status_notification authorize start_transaction meter_values stop_transaction "
    "diagnostics_status_notification sleep".split()
)
_KNOWN_TOPS = ("name", "seed", "master_seed", "version", "charge_points", "csms", "description")


def translated(document: Table) -> tuple[Table, str, tuple[str, ...]]:
    """`document` in our own words, its dialect, and what is to be warned about. Raises ScenarioError."""
    named, steps = document.get("scenario"), document.get("steps")
    if isinstance(named, Items):
        return _scenario(document, named, "scenario", _guide_step), GUIDE, _warnings(document, "scenario")
    if isinstance(steps, Items) and named is None and any(_is_action(step) for step in steps):
        return _scenario(document, steps, "steps", _mockpoint_step), MOCKPOINT, _warnings(document, "steps")
    if named is None:
        raise ScenarioError("a scenario begins with 'scenario: NAME'", document.line)
    return document, NATIVE, ()


def _is_action(step: Node) -> bool:
    return isinstance(step, Table) and step.get("action") is not None


def _warnings(document: Table, own: str) -> tuple[str, ...]:
    return tuple(
        f"line {key.line}: {key.text!r} is not known in this dialect, and means nothing"
        for key, _ in document
        if key.text not in (own, *_KNOWN_TOPS)
    )


def _scenario(document: Table, steps: Items, own: str, translate: object) -> Table:
    name = document.get("name")
    text = name if isinstance(name, Scalar) and name.text else Scalar("", document.line)
    made = Items(tuple(translate(step) for step in steps), steps.line)  # type: ignore[operator]
    entries: list[tuple[Scalar, Node]] = [
        (Scalar("role", document.line), Scalar("charge_point", document.line)),
        (Scalar("steps", steps.line), made),
    ]
    if text.text:
        entries.append((Scalar("scenario", text.line), text))
    return Table(tuple(entries), document.line)


def _guide_step(step: Node) -> Node:
    """`- authorize: {id_tag: ...}`; also a bare word, and arguments that stand beside an empty word."""
    if isinstance(step, Scalar):
        return _message(step, ())
    if not isinstance(step, Table) or not step.entries:
        raise ScenarioError("a step is one word with what belongs to it", step.line)
    word, body = step.entries[0]
    siblings = step.entries[1:]
    if isinstance(body, Table):
        return _message(word, (*body.entries, *siblings))
    if isinstance(body, Scalar) and body.is_null:
        return _message(word, siblings)
    return Table(((word, body), *siblings), step.line)


def _mockpoint_step(step: Node) -> Node:
    if not isinstance(step, Table) or not isinstance(action := step.get("action"), Scalar):
        raise ScenarioError("a step has an action", step.line)
    word = Scalar(_snake(action.text), action.line)
    return _message(word, tuple(entry for entry in step.entries if entry[0].text != "action"), action.text)


def _message(word: Scalar, entries: tuple[tuple[Scalar, Node], ...], written: str = "") -> Node:
    """The step for one message: a verb of ours, or any action of OCPP with its payload."""
    if word.text in _OWN:
        body = Table(entries, word.line) if entries else Scalar("", word.line)
        return Table(((word, body),), word.line)
    action = next((name for name in ACTIONS if _snake(name) == word.text), None)
    if action is None:
        names = list(dict.fromkeys([*_OWN, *map(_snake, ACTIONS)]))
        said = written or word.text
        if written:
            names = [_camel(name) for name in names]
        raise ScenarioError(f"no step {said!r}{advice(said, names)}", word.line)
    expected = [(Scalar("answered", k.line), v) for k, v in entries if k.text == "expect_status"]
    payload = Table(
        tuple((Scalar(_camel(k.text), k.line), v) for k, v in entries if k.text != "expect_status"), word.line
    )
    message = Table(((Scalar(action, word.line), payload),), word.line)
    return Table(((Scalar("send", word.line), message), *expected), word.line)


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)


__all__ = ["GUIDE", "MOCKPOINT", "NATIVE", "translated"]
