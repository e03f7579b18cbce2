"""The JSON schemas bundled with the `ocpp` package, compiled when first needed.

The files are read by path (importing `ocpp`'s dataclasses costs 0.4 s) and compiled by `jsonschema_rs`, in the
dialect that the standard names: draft 4 for 1.6, draft 6 for 2.x (J-errata 3.8; 2.x part 3), where 1.0 is an
integer. The 22 files of the 1.6 security extension declare draft 6 although the standard is a draft 4 one;
they are read as 1.6. RFC 3339 timestamps are enforced in 2.x (part 2 §3.1); 1.6 asks for ISO 8601, which a
receiver takes in all its forms (1.6 §3.14), so there only the shape is looked at, in `shared.clock.parse`.
"""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

import jsonschema_rs
import orjson

from shared.actions import ACTIONS, SENDS
from shared.versions import (
    BAD_VALUE,
    COUNT,
    EXTRA,
    MISSING,
    NOT_OBJECT,
    V16,
    VERSIONS,
    WRONG_TYPE,
    Version,
)

Payload = dict[str, Any]
"""A wire payload: an object in OCPP's own camelCase spelling."""

Validator = jsonschema_rs.Draft4Validator | jsonschema_rs.Draft6Validator


class Violation(NamedTuple):
    """One breach of a schema: where (`/meterValue/0/timestamp`), which symptom, and in words."""

    path: str
    symptom: str
    message: str

    def __str__(self) -> str:
        return f"{self.path or '/'}: {self.message}"


def in_words(violations: list[Violation] | tuple[()]) -> str:
    """The first five of `violations` in one line."""
    return "; ".join(str(violation) for violation in violations[:5])


_SYMPTOM_OF_KEYWORD = {
    "type": WRONG_TYPE,
    "required": MISSING,
    "minItems": COUNT,
    "maxItems": COUNT,
    "additionalProperties": EXTRA,
}

_SECRETS = frozenset(
    [("ChangeConfiguration", "value"), ("SetVariables", "attributeValue")]
    + [
        ("SetNetworkProfile", name)
        for name in ("apnPassword", "simPin", "password", "key", "basicAuthPassword")
    ]
)
"""(action, member) whose value may be a password: the words of a violation, which are sent and logged, leave it out."""

MAX_NODES = 5000
MAX_DEPTH = 60
MIN_ITEMS = 4
"""What of a payload is looked through for all its violations; OCPP nests ten deep, and asks for one item at most."""

_GRAVITY = (NOT_OBJECT, WRONG_TYPE, MISSING, COUNT, BAD_VALUE, EXTRA)
"""Which symptom names the error code when there are several: the one that explains the others first."""


class Schemas:
    """All schemas of one version. `requests[action]` and `answers[action]` are compiled validators."""

    __slots__ = ("answers", "requests", "version")

    def __init__(self, version: Version) -> None:
        self.version = version
        self.requests = _Compiled(version, answers=False)
        self.answers = _Compiled(version, answers=True)

    def violations(self, action: str, payload: object, *, answer: bool = False) -> list[Violation]:
        """Every breach of the schema of `action`'s request (or answer), the one that decides the code first."""
        if not isinstance(payload, dict):
            return [Violation("", NOT_OBJECT, f"{_kind(payload)} is not an object")]
        validator = (self.answers if answer else self.requests)[action]
        found = [_violation(action, error) for error in validator.iter_errors(_head(payload, [MAX_NODES]))]
        if not found:
            return _first_violation(action, validator, payload)
        found.sort(key=lambda v: (_GRAVITY.index(v.symptom), v.path, v.message))
        return found


class _Compiled(dict[str, Validator]):
    """Action -> validator, compiled at the first use of each."""

    __slots__ = ("answers", "version")

    def __init__(self, version: Version, *, answers: bool) -> None:
        super().__init__()
        self.version = version
        self.answers = answers

    def __missing__(self, action: str) -> Validator:
        schema = document(self.version, action, answer=self.answers)
        validator = self[action] = _compile(self.version, schema)
        return validator


def _compile(version: Version, schema: Payload) -> Validator:
    if version is V16:
        return jsonschema_rs.Draft4Validator(schema, validate_formats=False)
    return jsonschema_rs.Draft6Validator(schema, validate_formats=True)


def document(version: Version, action: str, *, answer: bool = False) -> Payload:
    """The JSON schema itself of `action`'s request or answer; KeyError when `version` has none."""
    if action not in ACTIONS or version not in ACTIONS[action].versions or (answer and action in SENDS):
        raise KeyError(f"OCPP {version} has no {'answer' if answer else 'request'} {action}")
    suffix = "Response" if answer else "" if action in SENDS else version.schema_suffix
    text = (_folder() / version.folder / "schemas" / f"{action}{suffix}.json").read_bytes()
    schema: Payload = orjson.loads(text.removeprefix(b"\xef\xbb\xbf"))
    return schema


def _folder() -> Path:
    module = sys.modules.get("ocpp")
    spec = module.__spec__ if module else find_spec("ocpp")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("the package 'ocpp', which holds the JSON schemas, is not installed")
    return Path(spec.origin).parent


def _head(value: Any, nodes: list[int], depth: int = 0) -> Any:
    """`value` with its long lists cut once `nodes` members were seen, and emptied below `MAX_DEPTH`.

    A megabyte of rubbish breaks its schema half a million times, and each breach costs 14 us.
    """
    if isinstance(value, dict):
        nodes[0] -= len(value)
        if depth == MAX_DEPTH:
            return {}
        return {name: _head(member, nodes, depth + 1) for name, member in value.items()}
    if isinstance(value, list):
        kept = value[: max(nodes[0], MIN_ITEMS)]
        nodes[0] -= len(kept)
        return [] if depth == MAX_DEPTH else [_head(item, nodes, depth + 1) for item in kept]
    return value


def _first_violation(action: str, validator: Validator, payload: Payload) -> list[Violation]:
    """The first breach in what `_head` leaves out; none when there is none."""
    try:
        validator.validate(payload)
    except jsonschema_rs.ValidationError as error:
        return [_violation(action, error)]
    except ValueError as problem:  # nested beyond what the library reads
        return [Violation("", BAD_VALUE, str(problem))]
    return []


def _violation(action: str, error: jsonschema_rs.ValidationError) -> Violation:
    steps = [str(step) for step in error.instance_path]
    keyword = str(error.schema_path[-1]) if error.schema_path else "type"
    symptom = _SYMPTOM_OF_KEYWORD.get(keyword, BAD_VALUE)
    message = error.message
    if steps and (action, steps[-1]) in _SECRETS:
        message = f"a value that must not be shown breaks {keyword!r}"
    elif len(message) > 300:
        message = f"{message[:300]}..."
    return Violation("".join(f"/{step}" for step in steps), symptom, message)


def _kind(value: object) -> str:
    if value is None:
        return "null"
    return {str: "a string", list: "an array", bool: "a boolean"}.get(type(value), "a number")


_SCHEMAS = {v: Schemas(v) for v in VERSIONS}


def schemas(version: Version) -> Schemas:
    """The schemas of `version`; one object per process."""
    return _SCHEMAS[version]
