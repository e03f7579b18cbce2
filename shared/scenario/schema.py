"""The JSON Schema of the scenario language, made from the verbs there are: for editors that complete and check."""

from __future__ import annotations

from typing import Any

from shared.actions import ACTIONS
from shared.scenario import registry
from shared.scenario.check import SPECIAL
from shared.scenario.facts import FACTS, WORDS_OF
from shared.scenario.model import ROLES
from shared.scenario.read import MEMBERS

Schema = dict[str, Any]

_DURATION: Schema = {"type": ["string", "number"], "description": "as in 250ms, 90s, 10min, 8h"}
_VERSION: Schema = {"enum": ["1.6", "2.0.1", "2.1", "2.x", "all", 1.6, 2.1]}
_VERSIONS: Schema = {"anyOf": [_VERSION, {"type": "array", "items": _VERSION}]}
_STEPS: Schema = {"anyOf": [{"$ref": "#/$defs/step"}, {"type": "array", "items": {"$ref": "#/$defs/step"}}]}
_BRANCHES: Schema = {
    "anyOf": [
        {"type": "array", "items": {"$ref": "#/$defs/steps"}},
        {"type": "object", "additionalProperties": {"$ref": "#/$defs/steps"}},
    ]
}
_NAMES: Schema = {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}
_BASE: Schema = {"anyOf": [{"type": "string"}, {"type": "object", "additionalProperties": _NAMES}]}
_BASES: Schema = {
    "description": "scenarios whose rule it repeats under worse conditions: a file, or {file: scenario}",
    "anyOf": [_BASE, {"type": "array", "items": _BASE}],
}


def schema() -> Schema:
    """The schema of one document of a scenario file, in draft 2020-12."""
    verbs = {name: verb for name, verb in sorted(registry.load().items()) if not verb.hidden}
    members: Schema = dict.fromkeys(MEMBERS, True)
    members |= {
        "scenario": {"type": "string", "description": "its name"},
        "about": {"type": "string"},
        "role": {"enum": list(ROLES)},
        "versions": _VERSIONS,
        "builds_on": _BASES,
        "station": {"type": "object"},
        "stations": {"type": ["object", "integer"]},
        "csms": {"type": "object", "description": "options of the central system, when it is ours"},
        "needs": {"type": "object"},
        "parameters": {"type": "object"},
        "cases": {"type": "object", "additionalProperties": {"type": "array", "minItems": 1}},
        "given": {"$ref": "#/$defs/steps"},
        "steps": {"$ref": "#/$defs/steps"},
        "finally": {"$ref": "#/$defs/steps"},
        "fragments": {"type": "object"},
        "expected_failure": {"type": "string"},
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A scenario for OCPP stations and central systems",
        "type": "object",
        "properties": members,
        "required": ["scenario", "steps"],
        "additionalProperties": False,
        "$defs": {
            "steps": _STEPS,
            "step": {"anyOf": [_bare(verbs), _table(verbs)]},
            "pattern": _pattern(),
        },
    }


def _bare(verbs: dict[str, registry.Verb]) -> Schema:
    """Verbs that need nothing beside their name."""
    free = [name for name, verb in verbs.items() if not any(p.required for p in verb.parameters.values())]
    return {"enum": free}


def _table(verbs: dict[str, registry.Verb]) -> Schema:
    """A step with its members; other members are stations, with steps of their own."""
    properties: Schema = {"only": _VERSIONS, "at": {"type": "string"}, "as": {"type": "string"}}
    for verb in verbs.values():
        for parameter in verb.parameters.values():
            properties.setdefault(parameter.name, True)
    for name, verb in verbs.items():
        # what is also a member of other verbs (`answered`) may be anything that those take
        properties[name] = {"description": verb.help} if name in properties else _verb(verb)
    has_a_verb: Schema = {"anyOf": [{"type": "string"}, *({"required": [name]} for name in verbs)]}
    station: Schema = {"allOf": [{"$ref": "#/$defs/step"}, has_a_verb]}
    return {"type": "object", "properties": properties, "minProperties": 1, "additionalProperties": station}


def _verb(verb: registry.Verb) -> Schema:
    first = verb.first
    found: Schema = {"description": verb.help}
    if first is None:
        return found | {"type": "null"}
    body = _kind(first, verb)
    if first.kind in registry.WHOLE:
        return found | body
    members = {p.name: _kind(p, verb) for p in verb.parameters.values()}
    table = {"type": "object", "properties": members, "additionalProperties": False}
    return found | {"anyOf": [body, table, {"type": "null"}]}


def _kind(parameter: registry.Parameter, verb: registry.Verb) -> Schema:
    if parameter.kind == registry.STEPS:
        return {"$ref": "#/$defs/steps"}
    if parameter.kind == registry.BRANCHES:
        return _BRANCHES
    if parameter.kind == registry.SECONDS:
        return _DURATION
    if verb.name in ("expect", "forbid", "never") and parameter.name == "what":
        return {"$ref": "#/$defs/pattern"}
    simple = {"int": ["integer", "string"], "float": ["number", "string"], "bool": ["boolean", "string"]}
    if parameter.kind in simple:
        return {"type": simple[parameter.kind]}
    return {"type": ["string", "number", "boolean"]} if parameter.kind == "str" else {}


def _pattern() -> Schema:
    """What can be expected: facts with their members, actions, and the special words."""
    names = [*FACTS, *SPECIAL, *ACTIONS]
    facts = {
        fact: {
            "type": ["object", "null"],
            "properties": {member: _member(fact, member) for member in members},
            "additionalProperties": False,
        }
        for fact, members in FACTS.items()
    }
    properties = {**{name: {} for name in names}, **facts}
    table = {"type": "object", "properties": properties, "additionalProperties": False, "minProperties": 1}
    several = {"type": "array", "items": {"$ref": "#/$defs/pattern"}}
    return {"anyOf": [{"enum": names}, table, several]}


def _member(fact: str, member: str) -> Schema:
    words = WORDS_OF.get((fact, member)) or WORDS_OF.get(("", member))
    return {"examples": list(words)} if words else {}
