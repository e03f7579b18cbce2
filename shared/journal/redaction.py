"""Secrets out of journal lines: passwords and keys, wherever OCPP or a header puts them. Id tokens are no secrets."""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from typing import Any

import orjson

REDACTED = "***"

_NAMES = frozenset(
    "authorizationkey basicauthpassword password apnpassword vpnpassword vpnkey simpin".split()
)
"""Members and variables whose value is a secret, in lower case (1.6 §9 and 2.x variables know no case)."""

_VALUES = frozenset({"value", "attributevalue", "actualvalue"})
"""Members that hold a variable's value: 1.6 ChangeConfiguration and GetConfiguration; 2.x SetVariables,
GetVariables and NotifyReport; NotifyEvent."""

_HINT = re.compile(
    r"passw|authorizationkey|vpn|simpin|private key|authorization\W{0,9}(basic|bearer)|//[^/\s]*@|\\u00",
    re.IGNORECASE,
)
"""Whether a text is worth the trouble; an escape of a plain letter may hide one of the words."""

_HEADER = re.compile(r"(authorization\W{0,9}(?:basic|bearer)\s+)[\w+/=.~-]+", re.IGNORECASE)
_URL_PASSWORD = re.compile(r"(//[^/\s:@]*):[^/\s@]+@")


def redacted(line: dict[str, Any]) -> dict[str, Any]:
    """`line` of a journal file without its secrets: in its frame, its bytes, its words and its detail."""
    changed: dict[str, Any] = {}
    frame, raw, detail = line.get("frame"), line.get("bytes"), line.get("detail")
    if isinstance(frame, str) and _HINT.search(frame):
        changed["frame"] = _frame(frame)
    if isinstance(raw, str):
        text = b64decode(raw).decode(errors="replace")
        if _HINT.search(text):
            changed["bytes"] = b64encode(_frame(text).encode()).decode()
    if isinstance(line.get("text"), str):
        changed["text"] = words_without_secrets(line["text"])
    if detail:
        changed["detail"] = _without_secrets(detail)
    return line | changed if changed else line


def _frame(frame: str) -> str:
    """A frame without its secrets; one that cannot be read is replaced altogether."""
    try:
        return orjson.dumps(_without_secrets(orjson.loads(frame))).decode()
    except (ValueError, TypeError, RecursionError):
        return f"{REDACTED} ({len(frame)} characters that look like a secret and cannot be read)"


def words_without_secrets(text: str) -> str:
    """`text` without the passwords of addresses and of Authorization headers in it."""
    return _URL_PASSWORD.sub(rf"\1:{REDACTED}@", _HEADER.sub(rf"\1{REDACTED}", text))


def _without_secrets(value: Any, named: str = "") -> Any:
    """`value` without what stands beside a secret's name; `named` is the variable that the values inside belong to."""
    if isinstance(value, str):
        return _string(value)
    if isinstance(value, list):
        return [_without_secrets(item, named) for item in value]
    if not isinstance(value, dict):
        return value
    variable = value.get("variable")
    own = variable.get("name") if isinstance(variable, dict) else value.get("key")
    if isinstance(own, str):
        named = own.lower()
    # {"key": ..., "value": ...} of 1.6 names a variable; in the VPN settings of 2.x "key" is the shared secret
    key_is_secret = "server" in value and "user" in value
    members: dict[str, Any] = {}
    for name, item in value.items():
        lower = name.lower()
        hidden = (
            lower in _NAMES or (named in _NAMES and lower in _VALUES) or (lower == "key" and key_is_secret)
        )
        members[name] = REDACTED if hidden else _without_secrets(item, named)
    return members


def _string(value: str) -> str:
    if "PRIVATE KEY" in value:
        return REDACTED
    if value[:1] in ("{", "[") and _HINT.search(value):  # JSON within a string, as DataTransfer has it
        return _frame(value)
    return words_without_secrets(value)
