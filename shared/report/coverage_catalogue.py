"""What there is to exercise: every message of a version in its direction, and every value of its enumerations.

It comes from the catalogue of actions and from the schemas, so that a new edition of either arrives by itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any, NamedTuple

from shared.actions import CSMS, SENDS, STATION, of
from shared.versions import Version
from shared.wire.schema import document

REQUEST, ANSWER = "request", "answer"
_DEEPEST = 12


class Message(NamedTuple):
    """One message of a version: `sender` says who makes the call; its answer goes the other way."""

    sender: str
    action: str
    block: str

    @property
    def parts(self) -> tuple[str, ...]:
        """What of it travels: a SEND has no answer."""
        return (REQUEST,) if self.action in SENDS else (REQUEST, ANSWER)


def messages(version: Version) -> list[Message]:
    """All messages of `version`, those of the station first, in the catalogue's order."""
    return [Message(role, a.name, a.block) for role in (STATION, CSMS) for a in of(version, role)]


@cache
def enumerations(version: Version, action: str, part: str) -> dict[str, tuple[str, ...]]:
    """The enumerations in one part of a message: path (`idTagInfo.status`, `meterValue[].context`) -> its values."""
    if part == ANSWER and action in SENDS:
        return {}
    schema = document(version, action, answer=part == ANSWER)
    found: dict[str, tuple[str, ...]] = {}
    _walk(schema, schema.get("definitions", {}), "", found, 0)
    return found


def _walk(schema: Any, definitions: Any, path: str, found: dict[str, tuple[str, ...]], depth: int) -> None:
    if "$ref" in schema:
        schema = definitions[schema["$ref"].rpartition("/")[2]]
    if "enum" in schema:
        found[path] = tuple(map(str, schema["enum"]))
    if depth < _DEEPEST:
        for name, member in schema.get("properties", {}).items():
            _walk(member, definitions, f"{path}.{name}" if path else name, found, depth + 1)
        if isinstance(schema.get("items"), dict):
            _walk(schema["items"], definitions, f"{path}[]", found, depth + 1)


def values(payload: Any, wanted: dict[str, tuple[str, ...]], path: str = "") -> Iterator[tuple[str, str]]:
    """The values that `payload` has for the enumerations `wanted`: path and value, each as often as it is there."""
    if isinstance(payload, dict):
        for name, member in payload.items():
            yield from values(member, wanted, f"{path}.{name}" if path else str(name))
    elif isinstance(payload, list):
        for item in payload:
            yield from values(item, wanted, f"{path}[]")
    elif isinstance(payload, str) and payload in wanted.get(path, ()):
        yield path, payload
