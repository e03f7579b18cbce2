"""Every key that the file of a persona may hold: what it must be, and what it does. The documentation is made of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from shared.option_values import kind_of
from shared.suggest import advice, not_one_of

CONNECT, BEFORE_BOOT_ANSWER, BOOT, ACCEPTED = "connect", "before_boot_answer", "boot", "accepted"
MOMENTS = (CONNECT, BEFORE_BOOT_ANSWER, BOOT, ACCEPTED)
FORMS = ("utc", "no_offset", "local", "microseconds", "whole_seconds")
LIST, FIRST, ONLY, UNTRIMMED = "list", "first", "only", "untrimmed"
READINGS = (LIST, FIRST, ONLY, UNTRIMMED)
VERSION_NAMES = ("1.6", "2.0.1", "2.1", "2.x")


class Key(NamedTuple):
    """One key: `check` gives its value, or raises ValueError with one clause."""

    check: Callable[[Any], Any]
    help: str
    of: str
    """What it must be, in a word or two."""


def _typed(kind: type | tuple[type, ...], noun: str) -> Callable[[Any], Any]:
    def check(value: Any) -> Any:
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
            raise ValueError(f"expected {noun}, not {kind_of(value)}")
        return value

    return check


_text, _table = _typed(str, "a text"), _typed(dict, "a table")
_truth = _typed(bool, "true or false")


def _words(value: Any, allowed: tuple[str, ...] = ()) -> list[str]:
    """A text, or a list of texts."""
    several = value if isinstance(value, list) else [value]
    for each in several:
        if _text(each) not in (allowed or (each,)):
            raise ValueError(not_one_of(each, "one of the words", allowed))
    if not several or not all(several):
        raise ValueError("must not be empty")
    return several


def _one_of(*allowed: str) -> Callable[[Any], Any]:
    return lambda value: _words(_text(value), allowed)[0]


def _number(least: float | None = None) -> Callable[[Any], Any]:
    def check(value: Any) -> Any:
        if _typed((int, float), "a number")(value) != value or (least is not None and value < least):
            raise ValueError(f"{value} is less than {least:g}")
        return value

    return check


def _whole(least: int) -> Callable[[Any], Any]:
    def check(value: Any) -> Any:
        return _number(least)(_typed(int, "a whole number")(value))

    return check


def _ids(value: Any) -> tuple[int, ...]:
    if not isinstance(value, list) or not value:
        raise ValueError("expected a list of whole numbers")
    return tuple(_typed(int, "a whole number")(each) for each in value)


def _list(value: Any) -> Any:
    return _typed(list, "a list")(value)


def _close_code(value: Any) -> int:
    code = int(_whole(0)(value))
    if code and not (1000 <= code <= 1014 and code not in (1004, 1005, 1006)) and not 3000 <= code <= 4999:
        raise ValueError(f"{code} must not stand in a close frame (RFC 6455 §7.4; 0 sends none)")
    return code


TOP: Mapping[str, Key] = {
    "about": Key(_text, "what it does, in one sentence; must be there", "text"),
    "transaction_ids": Key(
        _ids, "1.6: the numbers of transactions, one after another and then again from the first", "numbers"
    ),
    "faults": Key(_list, "faults on the wire as `--inject` takes them, texts or tables", "list"),
    "options": Key(_table, "options of `python -m csms` by their names, with underscores", "table"),
    "answers": Key(_list, "what answers are like, `[[answers]]`", "tables"),
    "clock": Key(_table, "what time it is: `currentTime` in every answer", "table"),
    "commands": Key(_list, "what it sends on its own, `[[commands]]`, each once for a station", "tables"),
    "handshake": Key(_table, "how it reads and answers `Sec-WebSocket-Protocol`", "table"),
    "socket": Key(_table, "how it treats the connection", "table"),
}

ANSWERS: Mapping[str, Key] = {
    "action": Key(_words, "the answers to these actions, and to no others", "text or texts"),
    "versions": Key(
        lambda value: _words(value, VERSION_NAMES), "only on these: 1.6, 2.0.1, 2.1, 2.x", "texts"
    ),
    "station": Key(_text, "only to this station; `*` stands for anything", "text"),
    "where": Key(
        _table, "only answers in which these members have these values, by their dotted paths", "table"
    ),
    "nth": Key(_whole(1), "the nth of them and no other; for each station by itself", "number"),
    "every": Key(_whole(1), "every nth of them", "number"),
    "times": Key(_whole(1), "at most so often", "number"),
    "exact": Key(_table, "this payload in the place of the one meant", "table"),
    "set": Key(_table, "these members, merged into the payload", "table"),
    "remove": Key(_words, "without these members, named by their dotted paths", "text or texts"),
    "null": Key(_words, "with null in these members", "text or texts"),
    "error": Key(_text, "a CALLERROR with this code instead, made up or not", "text"),
    "description": Key(_text, "what the CALLERROR says", "text"),
    "silence": Key(_truth, "no answer at all", "true or false"),
    "after": Key(_number(0), "so many seconds late, while everything else goes on", "seconds"),
    "behind": Key(_whole(1), "after so many later messages: out of order", "number"),
    "copies": Key(_whole(1), "so many more of it", "number"),
    "gap": Key(_number(0), "seconds between the copies", "seconds"),
    "wrong_id": Key(_truth, "under the id of no call", "true or false"),
}

CLOCK: Mapping[str, Key] = {
    "ahead": Key(_number(), "seconds that it is ahead of the true time (negative: behind)", "seconds"),
    "form": Key(_one_of(*FORMS), f"how it is written: {', '.join(FORMS)}", "text"),
    "hours": Key(_number(), "the offset of a local time from UTC, in hours (2 unless given)", "number"),
}

COMMANDS: Mapping[str, Key] = {
    "send": Key(_text, "a command with its options, as `--command` takes it", "text"),
    "call": Key(_table, "or a call as it stands, valid or not: `{action = ..., payload = {...}}`", "table"),
    "when": Key(
        _one_of(*MOMENTS), f"what it waits for: {', '.join(MOMENTS)} (`accepted` unless given)", "text"
    ),
    "after": Key(
        _number(0), "seconds to wait then, or after the command before it of that moment", "seconds"
    ),
    "versions": Key(
        lambda value: _words(value, VERSION_NAMES), "only to stations of these: 1.6, 2.0.1, 2.1, 2.x", "texts"
    ),
    "wait": Key(
        _truth, "false: the next one goes out without waiting for the answer to this one", "true or false"
    ),
}

HANDSHAKE: Mapping[str, Key] = {
    "reads": Key(
        _one_of(*READINGS),
        "`list`: as it should; `first`: looks at the first name alone; `only`: takes the header for a single name; "
        "`untrimmed`: takes the blanks behind commas for part of the names",
        "text",
    ),
    "answers": Key(
        _text,
        "`chosen`: as it should; `nothing`: no header; `last`: the last it knows; else this very text",
        "text",
    ),
}

SOCKET: Mapping[str, Key] = {
    "pongs": Key(_truth, "false: pings are never answered", "true or false"),
    "close_idle_after": Key(
        _number(0.001), "closes a connection on which nothing came for so long", "seconds"
    ),
    "close_code": Key(
        _close_code, "with this code (1000 unless given); 0 cuts without a close frame", "number"
    ),
}

SECTIONS: Mapping[str, Mapping[str, Key]] = {
    "": TOP,
    "answers": ANSWERS,
    "clock": CLOCK,
    "commands": COMMANDS,
    "handshake": HANDSHAKE,
    "socket": SOCKET,
}
"""Table of the file -> its keys. [options] has the options of the program."""


def checked(section: str, key: str, value: Any) -> Any:
    """The value of a key. Raises ValueError with one clause when there is no such key, or it cannot be this."""
    keys = SECTIONS[section]
    if key not in keys:
        raise ValueError(f"no such key{advice(key, keys)}")
    return keys[key].check(value)
