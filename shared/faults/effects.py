"""What a fault sees, a frame, and what it can have done to it: effects, which are data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import orjson

from shared.link import TextBytes
from shared.versions import Version

IN, OUT = "in", "out"

Message = str | bytes
"""What a link carries: text, or bytes for a binary frame (`TextBytes`: for a text frame that is no text)."""

_KIND_OF_TYPE = {2: "call", 3: "answer", 4: "error", 5: "answer_error", 6: "send"}
KINDS = tuple(_KIND_OF_TYPE.values())

_MOMENTS = {"Started": "tx.started", "Updated": "tx.updated", "Ended": "tx.ended"}
FACTS = {"StartTransaction": "tx.started", "StopTransaction": "tx.ended"}
"""Names of the trade for what the versions spell differently."""


class Frame(NamedTuple):
    """One message on its way, `text` as it is at this point of the chain.

    `parts` is the message as a list, empty when it is none; `kind` is one of `KINDS`, or "" for what cannot be read.
    `action` is a call's own, or of the call that an answer belongs to; `names` are all the names that it goes by.
    `before` is the last id of an earlier message of that kind in the same direction, "" when there was none.
    """

    text: Message
    direction: str
    version: Version | None = None
    parts: tuple[Any, ...] = ()
    kind: str = ""
    id: str = ""
    action: str = ""
    names: tuple[str, ...] = ()
    before: str = ""

    @property
    def payload(self) -> Any:
        """A call's, SEND's or answer's payload; None for what has none."""
        at = {"call": 3, "send": 3, "answer": 2}.get(self.kind)
        return self.parts[at] if at is not None and len(self.parts) > at else None

    def having(self, at: int, value: Any) -> str:
        """The message with element `at` replaced."""
        parts = list(self.parts)
        parts[at] = value
        return written(parts)

    def holding(self, payload: Any) -> str:
        """The message with another payload."""
        return self.having(2 if self.kind == "answer" else 3, payload)

    def raw(self) -> bytes:
        """The message as bytes."""
        return self.text.encode() if isinstance(self.text, str) else bytes(self.text)


def read(text: Message) -> tuple[list[Any], str]:
    """The parts and the kind of a message; neither when it is no message."""
    try:
        parts = orjson.loads(text)
    except ValueError:
        return [], ""
    if not isinstance(parts, list) or len(parts) < 3 or type(parts[0]) is not int:
        return [], ""
    kind = _KIND_OF_TYPE.get(parts[0], "")
    return (parts, kind) if kind and isinstance(parts[1], str) else ([], "")


def names_of(kind: str, parts: list[Any]) -> tuple[str, ...]:
    """What a call or SEND may be called: its action, and the fact that it tells (`tx.started`)."""
    if kind not in ("call", "send") or not isinstance(parts[2], str):
        return ()
    action = parts[2]
    payload = parts[3] if len(parts) > 3 and isinstance(parts[3], dict) else {}
    fact = _MOMENTS.get(str(payload.get("eventType"))) if action == "TransactionEvent" else FACTS.get(action)
    return (action, fact) if fact else (action,)


def written(parts: list[Any]) -> str:
    """A message as it travels."""
    return orjson.dumps(parts).decode()


def as_message(raw: bytes) -> Message:
    """Bytes as a text frame: as text where they are UTF-8."""
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return TextBytes(raw)


# --- effects --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Deliver:
    """Let `text` pass, after `after` seconds and `takes` more for each message in turn (a slow line).

    Later messages wait behind it, unless it stands `aside`: then they overtake it. With `behind` it stands aside until
    so many have done so, or its seconds are over.
    """

    text: Message
    after: float = 0.0
    takes: float = 0.0
    aside: bool = False
    behind: int = 0


@dataclass(frozen=True)
class Close:
    """Close the connection with this code and reason (RFC 6455 §7.4)."""

    code: int
    reason: str = ""


@dataclass(frozen=True)
class Cut:
    """Cut the connection without a close frame: a TCP reset where there is TCP."""


@dataclass(frozen=True)
class Stall:
    """Neither read nor write for `seconds` (None: until the fault is removed), with the connection open."""

    seconds: float | None = None


Effect = Deliver | Close | Cut | Stall
Effects = list[Effect]


@dataclass(frozen=True)
class Refusal:
    """How a handshake is turned down: with an HTTP status, or (None) by cutting the connection."""

    status: int | None
    reason: str = ""
