"""`ocpp`'s `call.X` and `call_result.X` dataclasses as wire payloads.

The library's own conversion garbles 43 of 2.1's 555 member names (`receipt_url` becomes `receiptURL`) and the
keys inside `customData`; here each field is matched with the member that the message's schema has in that very place.
(Less would not do: 1.6 has both `fileName` and `filename`, 2.1 `priceScheduleId` and `priceScheduleID` in one message.)
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields
from enum import Enum
from typing import Any

from shared.actions import ACTIONS, SENDS
from shared.versions import Version
from shared.wire.schema import document

Schema = dict[str, Any]

_SCHEMAS: dict[tuple[Version, str, bool], Schema] = {}


def as_wire(version: Version, payload: Any) -> Any:
    """`payload` as a wire dict: a dict as it is, a dataclass in OCPP's spelling without its None members,
    None as an empty object."""
    if type(payload) is dict:
        return payload
    if payload is None:
        return {}
    kind = type(payload)
    schema = _schema(version, kind.__name__, kind.__module__.endswith("call_result"))
    return _convert(payload, schema, schema)


def _convert(value: Any, schema: Schema, root: Schema) -> Any:
    """`value` as JSON, its members named as `schema`, a part of `root`, has them."""
    if "$ref" in schema:
        schema = root["definitions"][schema["$ref"].rpartition("/")[2]]
    if hasattr(value, "__dataclass_fields__"):
        return _members(((f.name, getattr(value, f.name)) for f in fields(value)), schema, root)
    if isinstance(value, dict):
        return _members(value.items(), schema, root)
    if isinstance(value, list | tuple):
        return [_convert(item, schema.get("items", {}), root) for item in value]
    return value.value if isinstance(value, Enum) else value


def _members(members: Iterable[tuple[str, Any]], schema: Schema, root: Schema) -> dict[str, Any]:
    known: Schema = schema.get("properties", {})
    by_letters = {_letters(name): name for name in known}
    converted: dict[str, Any] = {}
    for name, member in members:
        if member is not None:
            wire = name if name in known else by_letters.get(_letters(name), name)
            opaque = wire == "customData"  # somebody else's: part 4 §9
            converted[wire] = member if opaque else _convert(member, known.get(wire, {}), root)
    return converted


def _schema(version: Version, action: str, answer: bool) -> Schema:
    """The schema of one message, an empty one when there is no such message."""
    key = version, action, answer
    if key not in _SCHEMAS:
        catalogued = ACTIONS.get(action)
        exists = catalogued and version in catalogued.versions and not (answer and action in SENDS)
        _SCHEMAS[key] = document(version, action, answer=answer) if exists else {}
    return _SCHEMAS[key]


def _letters(name: str) -> str:
    return name.replace("_", "").lower()
