"""`ocpp`'s `call.X` and `call_result.X` dataclasses as wire payloads.

The library's own conversion garbles 43 of 2.1's 555 member names (`receipt_url` becomes `receiptURL`) and the
keys inside `customData`; here each field is matched with the member that the version's schemas know.
"""

from __future__ import annotations

from dataclasses import fields
from enum import Enum
from typing import Any

from shared.actions import ACTIONS, SENDS
from shared.versions import Version
from shared.wire.schema import document

_NAMES: dict[Version, dict[str, str]] = {}


def as_wire(version: Version, payload: Any) -> Any:
    """`payload` as a wire dict: a dict as it is, a dataclass in OCPP's spelling without its None members,
    None as an empty object."""
    if type(payload) is dict:
        return payload
    if payload is None:
        return {}
    return _convert(payload, _names(version))


def _convert(value: Any, names: dict[str, str]) -> Any:
    if hasattr(value, "__dataclass_fields__"):
        members = ((f.name, getattr(value, f.name)) for f in fields(value))
        return _members(members, names)
    if isinstance(value, dict):
        return _members(value.items(), names)
    if isinstance(value, list | tuple):
        return [_convert(item, names) for item in value]
    return value.value if isinstance(value, Enum) else value


def _members(members: Any, names: dict[str, str]) -> dict[str, Any]:
    return {
        (wire := names.get(_key(name), name)): member if wire == "customData" else _convert(member, names)
        for name, member in members
        if member is not None
    }


def _names(version: Version) -> dict[str, str]:
    """Member names of all the version's schemas, by their letters alone."""
    if version not in _NAMES:
        found: dict[str, str] = {}
        for action in ACTIONS.values():
            if version in action.versions:
                for answer in (False,) if action.name in SENDS else (False, True):
                    _collect(document(version, action.name, answer=answer), found)
        _NAMES[version] = found
    return _NAMES[version]


def _collect(schema: Any, found: dict[str, str]) -> None:
    if isinstance(schema, dict):
        for name in schema.get("properties") or ():
            found[_key(name)] = name
        for part in schema.values():
            _collect(part, found)
    elif isinstance(schema, list):
        for part in schema:
            _collect(part, found)


def _key(name: str) -> str:
    return name.replace("_", "").lower()
