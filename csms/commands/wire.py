"""A request's members by their dotted path, typed and completed by the schema of its action.

`chargingProfile.chargingSchedule.0.startSchedule` names one member; list items are named by their index. What
is set on the way comes into being: an optional object with the members that it must have, a list with as many
items as the index asks for. Text becomes what the member's schema says, so `0123` stays text where text is due.
"""

from __future__ import annotations

import json
import math
from typing import Any

from csms.commands.filling import made
from csms.commands.form import Form, Schema, child, member

Payload = dict[str, Any]

# --- values -----------------------------------------------------------------------------------------------


def typed(schema: Schema, text: str) -> object:
    """`text` as the value that `schema` asks for; ValueError says why it is none.

    Where the schema asks for nothing in particular, JSON objects and lists are read and all else is text.
    """
    kind = schema.get("type")
    if kind == "string":
        return text
    if kind == "integer":
        return _whole(text)
    if kind == "number":
        return _number(text)
    if kind == "boolean":
        return truth(text)
    return _structure(kind, text)


def _whole(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise ValueError(f"{text!r} is not a whole number") from None


def _number(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        raise ValueError(f"{text!r} is not a number") from None
    if not math.isfinite(value):
        raise ValueError(f"{text!r} is not finite")
    try:
        return int(text)
    except ValueError:
        return value


_TRUTH = dict.fromkeys(("true", "yes", "on", "1"), True) | dict.fromkeys(("false", "no", "off", "0"), False)


def truth(text: str) -> bool:
    """True or False as people write them; ValueError."""
    try:
        return _TRUTH[text.strip().lower()]
    except KeyError:
        raise ValueError(f"{text!r} is neither true nor false") from None


def _structure(kind: str | None, text: str) -> object:
    if text.lstrip()[:1] in ("{", "["):
        try:
            return json.loads(text)
        except ValueError as error:
            if kind is not None:
                raise ValueError(f"{text!r} is not JSON: {error}") from None
    if kind is None:
        return text
    raise ValueError(f"{text!r} is not a JSON {kind}")


# --- changing a payload -------------------------------------------------------------------------------------


def assign(form: Form, payload: Payload, path: str, value: object) -> None:
    """Set the member at `path` of `payload`, making what is missing on the way; NoMember, ValueError.

    Text is typed by the member's schema, anything else is set as it is.
    """
    schema = member(form, path)
    steps = path.split(".")
    place, here, name, parent = _descend(form, payload, steps[:-1])
    if isinstance(value, str):
        value = typed(schema, value)
    last = steps[-1]
    if isinstance(place, list):
        _lengthen(form, here, place, int(last), name, parent)
        place[int(last)] = value
    else:
        place[last] = value


def _descend(form: Form, payload: Payload, steps: list[str]) -> tuple[Any, Schema, str, str]:
    """The container that `steps` lead to, its schema, its name and its parent's name."""
    place: Any = payload
    schema, walked, name, parent = form.document, "", "", ""
    for step in steps:
        below = child(form, schema, step, walked)
        if isinstance(place, list):
            _lengthen(form, schema, place, int(step), name, parent)
            place = _entered(form, below, place, int(step), name, parent)
        else:
            place = _entered(form, below, place, step, step, name)
            name, parent = step, name
        schema, walked = below, f"{walked}.{step}" if walked else step
    return place, schema, name, parent


def _entered(form: Form, schema: Schema, place: Any, key: str | int, name: str, parent: str) -> Any:
    """The container at `key` of `place`; one that is missing, or no container, is made anew."""
    found = place.get(key) if isinstance(place, dict) else place[key]
    if not isinstance(found, (dict, list)):
        found = made(form, schema, name, parent) if schema else {}
        if not isinstance(found, (dict, list)):
            raise ValueError(f"{name} is not an object or a list")
        place[key] = found
    return found


def _lengthen(form: Form, schema: Schema, items: list[Any], index: int, name: str, parent: str) -> None:
    while len(items) <= index:
        items.append(made(form, schema["items"], name, parent))


def merge(payload: Payload, patch: Payload) -> None:
    """Lay `patch` over `payload` in place: objects by member, null removes, all else replaces (RFC 7386)."""
    for key, value in patch.items():
        if value is None:
            payload.pop(key, None)
        elif isinstance(value, dict):
            below = payload.get(key)
            if not isinstance(below, dict):
                below = payload[key] = {}
            merge(below, value)
        else:
            payload[key] = value


def paths(patch: Payload, prefix: str = "") -> list[str]:
    """The dotted path of every member that `patch` sets."""
    found = []
    for key, value in patch.items():
        path = f"{prefix}{key}"
        found.append(path)
        if isinstance(value, dict):
            found += paths(value, f"{path}.")
    return found
