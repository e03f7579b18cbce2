"""Whether what is referred to has the member that is asked for: `$start.tx` is there, `$start.txx` is not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from shared import roles
from shared.actions import ACTIONS
from shared.scenario.check import Schema, follow, schema_of
from shared.scenario.facts import ACTIONS_OF, FACTS
from shared.scenario.model import CHARGE_POINT
from shared.scenario.tree import Items, Node, ScenarioError, Table
from shared.suggest import advice, misspelt
from shared.versions import Version

PLAIN = ("me", "version", "seed", "now", "turn")
"""What is always one text or number."""

ANSWERED = ("token_status", "status", "tx", "interval", "code", "description", "details")
"""Members that can be read off an answer whatever it answers (`code` and those behind it: of a CALLERROR)."""


class Shape(NamedTuple):
    """What is known of a value that was kept: a message of one of `actions` (its answer, when `answer`), or a table."""

    actions: tuple[str, ...] = ()
    answer: bool = False
    members: tuple[str, ...] = ()


def shape_of(verb: str, actions: tuple[str, ...]) -> Shape | None:
    """What a step of `verb` keeps, a message of `actions`; None where that is known only when it is played."""
    if verb == "present":
        return Shape(members=("outcome", "reason"))
    if verb == "rollout":
        return Shape(members=("updated", "failed", "left"))
    if verb in ("expect", "send", "call", "command") and actions:
        return Shape(actions)
    return Shape(actions, answer=True) if verb == "answered" and actions else None


def check_path(
    name: str,
    path: str,
    line: int,
    *,
    stations: Iterable[str],
    values: Mapping[str, tuple[Node, ...]],
    shapes: Mapping[str, Shape],
    versions: tuple[Version, ...],
) -> str:
    """Refuse `$name.path` when nothing can be there; gives a warning, or "". Raises ScenarioError with `line`.

    `values` are parameters and cases with all that they may be, `shapes` what was kept.
    """
    steps = path.lstrip(".").split(".") if path else []
    if name == "tokens":
        return _token(steps, line)
    if not steps:
        return ""
    if name in shapes:
        _shape(name, shapes[name], steps, line, versions)
    elif name in PLAIN:
        raise ScenarioError(f"${name} is a single value and has no member {steps[0]!r}", line)
    elif name in stations:
        words = roles.questions(CHARGE_POINT)
        if path.lstrip(".") not in words:
            asked = path.lstrip(".")
            raise ScenarioError(f"a station has no {asked!r} to ask for{advice(asked, words)}", line)
    elif name in values:
        _value(name, values[name], steps, line)
    return ""


def _token(steps: list[str], line: int) -> str:
    from shared.scenario.runner import TOKENS  # which reads scenarios itself

    names = ", ".join(TOKENS)
    if not steps:
        raise ScenarioError(f"$tokens is a table; name one of it, as in $tokens.valid ({names})", line)
    if steps[0] in TOKENS:
        return ""
    near = misspelt(steps[0], TOKENS)
    if near:
        raise ScenarioError(f"$tokens has no member {steps[0]!r}; did you mean {near!r}? ({names})", line)
    return f"line {line}: $tokens.{steps[0]} is there only with --tokens {steps[0]}=TOKEN"


def _value(name: str, nodes: tuple[Node, ...], steps: list[str], line: int) -> None:
    for node in nodes:
        for step in steps:
            if isinstance(node, Table):
                below = node.get(step)
                if below is None:
                    raise ScenarioError(f"${name} has no member {step!r}{advice(step, node.keys())}", line)
                node = below
            elif not (isinstance(node, Items) and step.isdigit() and int(step) < len(node.items)):
                kind = "a list" if isinstance(node, Items) else "a single value"
                raise ScenarioError(f"${name} is {kind} and has no member {step!r}", line)
            else:
                node = node.items[int(step)]


def _shape(name: str, shape: Shape, steps: list[str], line: int, versions: tuple[Version, ...]) -> None:
    if shape.members:
        if steps[0] not in shape.members:
            raise ScenarioError(f"${name} has no member {steps[0]!r}{advice(steps[0], shape.members)}", line)
        return
    if any(action not in ACTIONS for action in shape.actions):
        return
    first, rest = steps[0], steps[1:]
    own, other = ("request", False) if shape.answer else ("answer", True)
    if first == own:
        _walked(name, shape.actions, rest, line, versions, answer=other, before=f"{own}.")
        return
    uniform = () if shape.answer else _uniform(shape.actions)
    if first in uniform and not rest:
        return
    kinds = (True,) if shape.answer else (False, True)
    if first in ANSWERED and not rest:
        return
    known: list[str] = []
    for answer in kinds:
        if _reaches(shape.actions, steps, versions, answer=answer, known=known):
            return
    words = list(dict.fromkeys([*uniform, *known, own]))
    what = f"{'the answer to ' if shape.answer else ''}{' or '.join(shape.actions)}"
    whole = ".".join(steps)
    raise ScenarioError(f"${name} is {what}, which has no {whole!r}{advice(whole, words)}", line)


def _uniform(actions: tuple[str, ...]) -> tuple[str, ...]:
    """The members of the facts that these messages can be."""
    facts = [fact for fact in FACTS if set(ACTIONS_OF[fact]) & set(actions)]
    return tuple(dict.fromkeys(member for fact in facts for member in FACTS[fact]))


def _walked(
    name: str,
    actions: tuple[str, ...],
    steps: list[str],
    line: int,
    versions: tuple[Version, ...],
    *,
    answer: bool,
    before: str,
) -> None:
    known: list[str] = []
    free = answer and steps[:1] and steps[0] in ANSWERED
    if not free and not _reaches(actions, steps, versions, answer=answer, known=known):
        whole = ".".join(steps)
        raise ScenarioError(
            f"${name}.{before}{whole} is in no {' or '.join(actions)}{advice(whole, known)}", line
        )


def _reaches(
    actions: tuple[str, ...],
    steps: list[str],
    versions: tuple[Version, ...],
    *,
    answer: bool,
    known: list[str],
) -> bool:
    """Whether the schema of one of these messages has what `steps` lead to; `known` gets the names that it has."""
    found = False
    for root in [r for a in actions for v in versions if (r := schema_of(v, a, answer)) is not None]:
        known += root.get("properties", {})
        found |= _leads(root, root, steps)
    return found


def _leads(schema: Schema | None, root: Schema, steps: list[str]) -> bool:
    schema = follow(schema, root)
    if not steps or schema is None:
        return schema is not None
    if "items" in schema:
        return steps[0].isdigit() and _leads(schema["items"], root, steps[1:])
    if "properties" not in schema:
        return schema.get("type", "object") == "object" or "anyOf" in schema
    if steps[0] not in schema["properties"]:
        return schema.get("additionalProperties", True) is not False
    return _leads(schema["properties"][steps[0]], root, steps[1:])
