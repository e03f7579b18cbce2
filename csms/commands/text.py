r"""The options of a command as somebody types them.

    reset:kind=OnIdle,evse=1                     after a colon, commas between (command line, configuration)
    CP1 reset kind=OnIdle evse=1                 blanks between (prompt)
    trigger_message:Heartbeat                    a word without a key is the first option
    get_variables:A.B,C.D    keys=A,B            an option that takes several goes on until the next key
    set_charging_profile:chargingProfile.stackLevel=2        a member of the request by its dotted path
    reset:{"type":"OnIdle"}                      JSON, merged over the defaults (null removes a member)
    reset:={"type":"OnIdle"}                     JSON, instead of the defaults

A value is taken without blanks around it. It may be quoted (`text="Hello, world"`), hold JSON
(`idToken={"idToken":"A","type":"Central"}`), or escape a separator, a quote or a backslash with a backslash
(`text=Hello\, world`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import NamedTuple

from csms.commands.registry import Payload, wrong

_JSON = json.JSONDecoder()


class Setting(NamedTuple):
    """One `key=value`. `parts` are the values it was given (several where commas separated them)."""

    key: str
    parts: tuple[object, ...]
    whole: object
    """The value if it is one; `SEVERAL` when it can only be several."""


class _Several:
    """The mark of a setting that was given several values."""

    def __repr__(self) -> str:
        return "SEVERAL"


SEVERAL = _Several()


class Options(NamedTuple):
    """What was asked for beside the command's name."""

    words: tuple[str, ...] = ()
    """Bare words before the first key."""
    settings: tuple[Setting, ...] = ()
    merged: tuple[Payload, ...] = ()
    """JSON objects to be merged over the defaults, in order."""
    exact: Payload | None = None
    """The payload to be sent instead of the defaults."""


def split(text: str) -> tuple[str, Options]:
    """The name and the options of `name`, `name:key=value,key=value` or `name:{json}`; UsageError."""
    name, _, rest = text.strip().partition(":")
    return name.strip(), parse(rest)


def parse(text: str, *, blanks: bool = False) -> Options:
    """The options in `text`, separated by commas, or by blanks as at a prompt; UsageError when unreadable."""
    found = Options()
    position = 0
    while True:
        position = _skip(text, position, blanks)
        if position >= len(text):
            return found
        start = position
        if text[position] == "{":
            value, position = _json(text, position, blanks)
            found = found._replace(merged=(*found.merged, value))
            continue
        if text.startswith("={", position):
            value, position = _json(text, position + 1, blanks)
            found = found._replace(exact=value)
            continue
        key, position = _key(text, position, blanks)
        if key is None:
            parts, position = _value(text, start, blanks)
            found = _bare(found, parts, blanks)
        else:
            parts, position = _value(text, position, blanks)
            whole = ",".join(parts) if blanks else parts[0]
            found = found._replace(settings=(*found.settings, Setting(key, parts, whole)))


def given(options: Mapping[str, object]) -> Options:
    """`options` as a program gives them: keys as typed, values as text or in their own type."""
    settings = []
    for key, value in options.items():
        several = isinstance(value, (list, tuple))
        parts = tuple(value) if isinstance(value, (list, tuple)) else (value,)
        settings.append(Setting(key, parts, list(parts) if several else value))
    return Options(settings=tuple(settings))


def _skip(text: str, position: int, blanks: bool) -> int:
    while position < len(text) and (text[position].isspace() or (text[position] == "," and not blanks)):
        position += 1
    return position


def _ends(text: str, position: int, blanks: bool) -> bool:
    """Whether a setting ends at `position`."""
    if position >= len(text):
        return True
    return text[position].isspace() if blanks else text[position] == ","


def _trim(text: str, position: int, blanks: bool) -> int:
    """`position`, or where the blanks there end, unless they separate."""
    while not blanks and position < len(text) and text[position].isspace():
        position += 1
    return position


def _key(text: str, position: int, blanks: bool) -> tuple[str | None, int]:
    """The key that begins at `position` and where its value begins; None when this is a bare word."""
    end = position
    if text[position] == "[":
        return None, position
    while not _ends(text, end, blanks) and text[end] not in "=\"'{\\":
        end += 1
    if end >= len(text) or text[end] != "=":
        return None, position
    key = text[position:end].strip()
    if not key:
        raise wrong(f"{text[position:]!r} has no key before '=' (key=value, or ={{...}} for a whole payload)")
    return key, end + 1


def _value(text: str, position: int, blanks: bool) -> tuple[tuple[str, ...], int]:
    """The value that begins at `position`, split at its commas when blanks separate, and where it ends."""
    position = _trim(text, position, blanks)
    if position < len(text) and text[position] in "\"'":
        quoted, position = _quoted(text, position, blanks)
        return (quoted,), position
    if position < len(text) and text[position] in "{[":
        end = _json_end(text, position, blanks)
        if end is not None:
            return (text[position:end],), end
    parts = [""]
    while not _ends(text, position, blanks):
        letter = text[position]
        if letter == "\\" and position + 1 < len(text) and text[position + 1] in ",\\\"' \t":
            position += 1
            parts[-1] += text[position]
        elif letter == "," and blanks:
            parts.append("")
        else:
            parts[-1] += letter
        position += 1
    return tuple(parts) if blanks else (parts[0].strip(),), position


def _quoted(text: str, position: int, blanks: bool) -> tuple[str, int]:
    """The quoted text at `position`; a backslash escapes the quote and itself, `\\n` is a line feed."""
    quote, start = text[position], position
    letters: list[str] = []
    position += 1
    while position < len(text) and text[position] != quote:
        if text[position] == "\\" and position + 1 < len(text):
            position += 1
            escaped = text[position]
            letters.append("\n" if escaped == "n" else escaped if escaped in "\\\"'" else "\\" + escaped)
        else:
            letters.append(text[position])
        position += 1
    if position >= len(text):
        raise wrong(f"{text[start:]!r} has no closing {quote}")
    position = _trim(text, position + 1, blanks)
    if not _ends(text, position, blanks):
        raise wrong(
            f"{text[position:]!r} follows a closing quote; {'a blank' if blanks else 'a comma'} is missing"
        )
    return "".join(letters), position


def _json_end(text: str, position: int, blanks: bool) -> int | None:
    """Where the JSON value at `position` ends, or None when what stands there is not JSON."""
    try:
        _, end = _JSON.raw_decode(text, position)
    except ValueError:
        return None
    end = _trim(text, end, blanks)
    return end if _ends(text, end, blanks) else None


def _json(text: str, position: int, blanks: bool) -> tuple[Payload, int]:
    try:
        value, end = _JSON.raw_decode(text, position)
    except ValueError as error:
        raise wrong(f"{text[position:]!r} is not JSON: {error}") from None
    end = _trim(text, end, blanks)
    if not _ends(text, end, blanks):
        raise wrong(f"{text[end:]!r} follows the JSON; {'a blank' if blanks else 'a comma'} is missing")
    return value, end


def _bare(found: Options, parts: tuple[str, ...], blanks: bool) -> Options:
    """`found` with a word that has no key: one more value of the key before it, or of the first option."""
    if not found.settings:
        return found._replace(words=(*found.words, *parts))
    if blanks:
        raise wrong(f"{','.join(parts)!r} is not key=value; quote a value that holds blanks")
    last = found.settings[-1]
    longer = Setting(last.key, (*last.parts, *parts), SEVERAL)
    return found._replace(settings=(*found.settings[:-1], longer))
