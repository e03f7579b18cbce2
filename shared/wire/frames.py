"""Frames as text: writing the errors, and saying in a few words what is wrong with what came."""

from __future__ import annotations

from typing import Any

import orjson

from shared.versions import BINARY, ERROR_CODES, NOT_UTF8, V16, V21, V201, Version

CALL, ANSWER, ERROR, ANSWER_ERROR, SEND = 2, 3, 4, 5, 6

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
