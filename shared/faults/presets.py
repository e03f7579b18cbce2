"""Bad input by name: what real stations and central systems have been seen to send, made of the message at hand.

Each preset gets the message and gives what travels in its place, or None when it cannot be made of this one (nothing
is required of a Heartbeat). The ones about members look into the schema of the version that is spoken.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any, NamedTuple

from shared.actions import ACTIONS, SENDS
from shared.chance import Stream
from shared.faults.effects import Frame, Message, as_message, written
from shared.versions import Version
from shared.wire.schema import document

Preset = Callable[[Frame, Stream], Message | None]

PRESETS: dict[str, Preset] = {}
"""Name -> preset; the first line of its docstring is its help."""

OVERSIZED = 2 * 1024 * 1024
"""Bytes of an oversized frame: twice what both programs accept unless told otherwise."""

_UNKNOWN_TYPES = (0, 1, 7, 9, -2)


def preset(function: Preset) -> Preset:
    """Register a preset under its own name."""
    PRESETS[function.__name__] = function
    return function


# --- no message at all ----------------------------------------------------------------------------------------


@preset
def broken_json(frame: Frame, roll: Stream) -> Message | None:
    """JSON whose last bracket is missing"""
    raw = frame.raw().rstrip()
    return as_message(raw[:-1]) if raw else None


@preset
def empty_frame(frame: Frame, roll: Stream) -> Message | None:
    """a text frame with nothing in it"""
    return ""


@preset
def binary_frame(frame: Frame, roll: Stream) -> Message | None:
    """the message as a binary frame"""
    return frame.raw()


@preset
def invalid_utf8(frame: Frame, roll: Stream) -> Message | None:
    """a text frame with a byte in it that UTF-8 does not have"""
    raw = frame.raw()
    at = roll.integer(0, len(raw))
    return as_message(raw[:at] + b"\xff" + raw[at:])


@preset
def not_an_array(frame: Frame, roll: Stream) -> Message | None:
    """a JSON object where a message is an array"""
    return written_object(frame) if frame.parts else '{"id":"1"}'


@preset
def oversized_frame(frame: Frame, roll: Stream) -> Message | None:
    """two MiB of blanks behind the message, still valid JSON"""
    return as_message(frame.raw().ljust(OVERSIZED))


# --- a message that is formed wrongly ---------------------------------------------------------------------------


@preset
def wrong_message_type(frame: Frame, roll: Stream) -> Message | None:
    """a message type number that no version has"""
    return frame.having(0, roll.choice(_UNKNOWN_TYPES)) if frame.parts else None


@preset
def wrong_arity(frame: Frame, roll: Stream) -> Message | None:
    """an element too few, or one too many"""
    if not frame.parts:
        return None
    return written([*frame.parts[:-1]] if roll.random() < 0.5 else [*frame.parts, {}])


@preset
def unknown_action(frame: Frame, roll: Stream) -> Message | None:
    """a call of an action that no version has"""
    return frame.having(2, "NoSuchAction") if frame.kind in ("call", "send") else None


@preset
def unknown_answer_id(frame: Frame, roll: Stream) -> Message | None:
    """an answer under the id of no call"""
    return frame.having(1, roll.uuid()) if frame.kind in ("answer", "error") else None


# --- a payload that breaks its schema ----------------------------------------------------------------------------


@preset
def missing_field(frame: Frame, roll: Stream) -> Message | None:
    """a required member left out"""
    schema, payload = _schema(frame), frame.payload
    present = [name for name in schema.get("required", ()) if isinstance(payload, dict) and name in payload]
    if not present:
        return None
    gone = roll.choice(present)
    return frame.holding({name: value for name, value in payload.items() if name != gone})


@preset
def extra_field(frame: Frame, roll: Stream) -> Message | None:
    """a member that the schema does not know"""
    payload = frame.payload
    return frame.holding({**payload, "unexpected": roll.hex(8)}) if isinstance(payload, dict) else None


@preset
def wrong_type(frame: Frame, roll: Stream) -> Message | None:
    """a member of another type: a list where there was none, a text where there was one"""
    leaves = [leaf for leaf in _leaves(frame) if len(leaf.path) == 1]
    if not leaves:
        return None
    leaf = roll.choice(leaves)
    return frame.holding(replaced(frame.payload, leaf.path, "text" if isinstance(leaf.value, list) else [17]))


@preset
def long_string(frame: Frame, roll: Stream) -> Message | None:
    """a text that is one character longer than its schema allows"""
    leaves = [leaf for leaf in _leaves(frame) if isinstance(leaf.value, str) and "maxLength" in leaf.schema]
    if not leaves:
        return None
    leaf = roll.choice(leaves)
    return frame.holding(replaced(frame.payload, leaf.path, "x" * (leaf.schema["maxLength"] + 1)))


@preset
def bad_enum(frame: Frame, roll: Stream) -> Message | None:
    """a word that is none of those that the schema lists"""
    leaves = [leaf for leaf in _leaves(frame) if "enum" in leaf.schema]
    if not leaves:
        return None
    return frame.holding(replaced(frame.payload, roll.choice(leaves).path, "NoSuchValue"))


# --- schemas and paths --------------------------------------------------------------------------------------------


class Leaf(NamedTuple):
    """A member of a payload with its schema."""

    path: tuple[str | int, ...]
    schema: dict[str, Any]
    value: Any


def replaced(value: Any, path: tuple[str | int, ...], new: Any) -> Any:
    """`value` with what stands at `path` replaced; what is not on the way is shared with `value`."""
    if not path:
        return new
    copy: Any = dict(value) if isinstance(value, dict) else list(value)
    copy[path[0]] = replaced(copy[path[0]], path[1:], new)
    return copy


def written_object(frame: Frame) -> str:
    """The parts of a message as the members of an object."""
    import orjson

    return orjson.dumps({str(at): part for at, part in enumerate(frame.parts)}).decode()


def _schema(frame: Frame) -> dict[str, Any]:
    """The schema of the frame's payload, an empty one where there is none."""
    action, version = frame.action, frame.version
    if version is None or frame.payload is None or action not in ACTIONS:
        return {}
    is_answer = frame.kind == "answer"
    if version not in ACTIONS[action].versions or (is_answer and action in SENDS):
        return {}
    return _document(version, action, is_answer)


@lru_cache(maxsize=256)
def _document(version: Version, action: str, is_answer: bool) -> dict[str, Any]:
    return document(version, action, answer=is_answer)


def _leaves(frame: Frame) -> list[Leaf]:
    """Every member of the payload that its schema knows, however deep."""
    schema = _schema(frame)
    return list(_walk(schema, schema.get("definitions", {}), frame.payload, ()))


def _walk(
    schema: dict[str, Any], definitions: dict[str, Any], value: Any, path: tuple[str | int, ...]
) -> Iterator[Leaf]:
    reference = schema.get("$ref", "")
    if reference:
        schema = definitions.get(reference.rpartition("/")[2], {})
    if path:
        yield Leaf(path, schema, value)
    if isinstance(value, dict):
        for name, member in value.items():
            below = schema.get("properties", {}).get(name)
            if below is not None:
                yield from _walk(below, definitions, member, (*path, name))
    elif isinstance(value, list) and isinstance(schema.get("items"), dict):
        for at, item in enumerate(value):
            yield from _walk(schema["items"], definitions, item, (*path, at))
