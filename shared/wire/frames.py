"""Frames as text: writing the errors, and saying in a few words what is wrong with what came."""

from __future__ import annotations

from typing import Any

import orjson

from shared.versions import (
    ARITY,
    BAD_ID,
    BINARY,
    ERROR_CODES,
    LONG_ID,
    NOT_UTF8,
    NUMERIC_ID,
    V16,
    V21,
    V201,
    Version,
)
from shared.wire.events import ANSWER_REFUSED, Unusable

CALL, ANSWER, ERROR, ANSWER_ERROR, SEND = 2, 3, 4, 5, 6

MAX_ID = 36
"""Characters of a message id (1.6 Table 3, 2.x part 4 Table 4)."""

MAX_DESCRIPTION = 255
"""Characters of an error description (2.x part 4 Table 7); 1.6 sets none, and gets the same."""

_ALL_ERROR_CODES = ERROR_CODES[V16] | ERROR_CODES[V201] | ERROR_CODES[V21]
"""Peers of one version that use another's spelling are common; no finding is made of that."""


def error_of(unique_id: str, code: str, description: str, details: Any, sort: int = ERROR) -> str:
    """A CALLERROR, or another `sort`, with its description cut to what is allowed and its details an object."""
    text = description if len(description) <= MAX_DESCRIPTION else f"{description[: MAX_DESCRIPTION - 3]}..."
    return orjson.dumps([sort, unique_id, code, text, details or {}]).decode()


def flaws(message: list[Any], version: Version) -> str:
    """How a CALLERROR breaks §4.2.3, in words; "" when it does not."""
    if len(message) != 5:
        return f"{len(message)} elements, not 5"
    _, _, code, description, details = message
    if not isinstance(code, str) or code not in _ALL_ERROR_CODES:
        return f"{shown(code)} is no error code"
    if not isinstance(description, str):
        return f"the description is {shown(description)}, not a string"
    if version is not V16 and len(description) > MAX_DESCRIPTION:  # 1.6 sets no limit
        return f"a description of {len(description)} characters, not at most {MAX_DESCRIPTION}"
    return "" if isinstance(details, dict) else f"the details are {shown(details)}, not an object"


def what_is_odd(message: list[Any]) -> tuple[str, str, str, str]:
    """What is wrong with a CALL whose id or number of elements is: the symptom, in words, and its id and action."""
    unique_id = message[1] if len(message) > 1 else None
    action = message[2] if len(message) > 2 and isinstance(message[2], str) else ""
    if type(unique_id) in (int, float):
        unique_id = json_of(unique_id)
        return NUMERIC_ID, f"message id {unique_id}", unique_id, action
    if not isinstance(unique_id, str) or not unique_id:
        return BAD_ID, shown(unique_id), "", action
    if len(unique_id) > MAX_ID:
        return LONG_ID, f"{len(unique_id)} characters", unique_id, action
    return ARITY, f"{len(message)} elements, not 4", unique_id, action


def shown(value: object) -> str:
    """What came in a place where it does not belong, in a few words: it may be huge, or nested a thousand deep."""
    if isinstance(value, str):
        return repr(value[:100])
    if isinstance(value, dict):
        return "an object"
    return "an array" if isinstance(value, list) else json_of(value)


def json_of(scalar: object) -> str:
    """A number, boolean or null as it was on the wire."""
    return orjson.dumps(scalar).decode()


def sort_of_bytes(frame: bytes) -> str:
    """The symptom of a message that came as bytes: a binary frame, or text that is not UTF-8."""
    try:
        frame.decode()
    except UnicodeDecodeError:
        return NOT_UTF8
    return BINARY


def answer_refused(message: list[Any]) -> Unusable:
    """CALLRESULTERROR: our answer was invalid. It closes nothing and is not answered (2.1 §4.2.3)."""
    unique_id = message[1] if len(message) > 1 and isinstance(message[1], str) else ""
    words = ": ".join(shown(part) for part in message[2:4])
    return Unusable(ANSWER_REFUSED, words, unique_id[:MAX_ID])
