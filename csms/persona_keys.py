"""Every key that the file of a persona may hold: what it must be, and what it does. The documentation is made of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from shared.persona_keys import (
    ANSWERS,
    FORMS,
    Key,
    Sections,
    a_list,
    number,
    one_of,
    table,
    text,
    truth,
    typed,
    versions,
    whole,
)

CONNECT, BEFORE_BOOT_ANSWER, BOOT, ACCEPTED = "connect", "before_boot_answer", "boot", "accepted"
MOMENTS = (CONNECT, BEFORE_BOOT_ANSWER, BOOT, ACCEPTED)
LIST, FIRST, ONLY, UNTRIMMED = "list", "first", "only", "untrimmed"
READINGS = (LIST, FIRST, ONLY, UNTRIMMED)


def _ids(value: Any) -> tuple[int, ...]:
    if not isinstance(value, list) or not value:
        raise ValueError("expected a list of whole numbers")
    return tuple(typed(int, "a whole number")(each) for each in value)


def _close_code(value: Any) -> int:
    code = int(whole(0)(value))
    if code and not (1000 <= code <= 1014 and code not in (1004, 1005, 1006)) and not 3000 <= code <= 4999:
        raise ValueError(f"{code} must not stand in a close frame (RFC 6455 §7.4; 0 sends none)")
    return code


TOP: Mapping[str, Key] = {
    "about": Key(text, "what it does, in one sentence; must be there", "text"),
    "transaction_ids": Key(
        _ids, "1.6: the numbers of transactions, one after another and then again from the first", "numbers"
    ),
    "faults": Key(a_list, "faults on the wire as `--inject` takes them, texts or tables", "list"),
    "options": Key(table, "options of `python -m csms` by their names, with underscores", "table"),
    "answers": Key(a_list, "what answers are like, `[[answers]]`", "tables"),
    "clock": Key(table, "what time it is: `currentTime` in every answer", "table"),
    "commands": Key(a_list, "what it sends on its own, `[[commands]]`, each once for a station", "tables"),
    "handshake": Key(table, "how it reads and answers `Sec-WebSocket-Protocol`", "table"),
    "socket": Key(table, "how it treats the connection", "table"),
}

CLOCK: Mapping[str, Key] = {
    "ahead": Key(number(), "seconds that it is ahead of the true time (negative: behind)", "seconds"),
    "form": Key(one_of(*FORMS), f"how it is written: {', '.join(FORMS)}", "text"),
    "hours": Key(number(), "the offset of a local time from UTC, in hours (2 unless given)", "number"),
}

COMMANDS: Mapping[str, Key] = {
    "send": Key(text, "a command with its options, as `--command` takes it", "text"),
    "call": Key(table, "or a call as it stands, valid or not: `{action = ..., payload = {...}}`", "table"),
    "when": Key(
        one_of(*MOMENTS), f"what it waits for: {', '.join(MOMENTS)} (`accepted` unless given)", "text"
    ),
    "after": Key(number(0), "seconds to wait then, or after the command before it of that moment", "seconds"),
    "versions": Key(versions, "only to stations of these: 1.6, 2.0.1, 2.1, 2.x", "texts"),
    "wait": Key(
        truth, "false: the next one goes out without waiting for the answer to this one", "true or false"
    ),
}

HANDSHAKE: Mapping[str, Key] = {
    "reads": Key(
        one_of(*READINGS),
        "`list`: as it should; `first`: looks at the first name alone; `only`: takes the header for a single name; "
        "`untrimmed`: takes the blanks behind commas for part of the names",
        "text",
    ),
    "answers": Key(
        text,
        "`chosen`: as it should; `nothing`: no header; `last`: the last it knows; else this very text",
        "text",
    ),
}

SOCKET: Mapping[str, Key] = {
    "pongs": Key(truth, "false: pings are never answered", "true or false"),
    "close_idle_after": Key(
        number(0.001), "closes a connection on which nothing came for so long", "seconds"
    ),
    "close_code": Key(
        _close_code, "with this code (1000 unless given); 0 cuts without a close frame", "number"
    ),
}

SECTIONS: Sections = {
    "": TOP,
    "answers": ANSWERS,
    "clock": CLOCK,
    "commands": COMMANDS,
    "handshake": HANDSHAKE,
    "socket": SOCKET,
}
"""Table of the file -> its keys. [options] has the options of the program."""
