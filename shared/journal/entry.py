"""One line of the journal: a frame that crossed the wire, or a note about one."""

from __future__ import annotations

from base64 import b64encode
from typing import Any, NamedTuple

import orjson

from shared.clock import microseconds

IN, OUT, HELD = "in", "out", "held"
FRAME, OPEN, CLOSE, NOTE = "frame", "open", "close", "note"

_KIND_OF_TYPE = {2: "call", 3: "answer", 4: "error", 5: "answer_error", 6: "send"}


class Entry(NamedTuple):
    """What happened, in the cheapest form that says it all; the parts of a frame are read when asked for.

    `seq` counts from 1 in one journal; `t` is seconds of protocol time since it was opened; `what` is the frame as
    it was (text, or bytes for a binary frame or broken UTF-8) or the words of a note. Of a frame that a fault had to
    do with, `note` is the fault's name and `ref` the frame that it stands for.
    """

    seq: int
    t: float
    end: str
    station: str
    dir: str
    sort: str
    what: str | bytes
    ref: int = 0
    note: str = ""
    clause: str = ""
    detail: dict[str, Any] | None = None

    @property
    def fault(self) -> str:
        """The name of the fault that this entry tells of, "" when it tells of none."""
        if self.sort == FRAME:
            return self.note
        return str(self.detail.get("fault", "")) if self.detail else ""

    @property
    def is_finding(self) -> bool:
        """Whether this is a note that the peer broke a rule."""
        return bool(self.clause)

    def parts(self) -> list[Any]:
        """The frame as a list, empty when it is not a JSON array or not a frame."""
        if self.sort is not FRAME and self.sort != FRAME:
            return []
        try:
            parsed = orjson.loads(self.what)
        except ValueError:
            return []
        return parsed if isinstance(parsed, list) else []

    @property
    def kind(self) -> str:
        """call, answer, error, answer_error, send, unreadable; or open, close, note."""
        if self.sort != FRAME:
            return self.sort
        parts = self.parts()
        return _KIND_OF_TYPE.get(parts[0], "unreadable") if parts and type(parts[0]) is int else "unreadable"

    def line(self, epoch: float) -> dict[str, Any]:
        """The entry as a journal line, members without a value left out (secrets are not yet redacted)."""
        parts = self.parts()
        kind = self.kind
        members: dict[str, Any] = {
            "seq": self.seq,
            "at": microseconds(epoch + self.t),
            "t": round(self.t, 6),
            "end": self.end,
            "station": self.station,
            "dir": self.dir,
            "kind": kind,
        }
        if len(parts) > 1 and isinstance(parts[1], str):
            members["id"] = parts[1]
        if kind in ("call", "send") and len(parts) > 2 and isinstance(parts[2], str):
            members["action"] = parts[2]
        if self.sort == FRAME:
            if isinstance(self.what, str):
                members["frame"] = self.what
            else:
                members["bytes"] = b64encode(self.what).decode()
            members["fault"] = self.fault
            members["ref"] = self.ref
        else:
            members["note"] = self.note
            members["text"] = self.what
            members["clause"] = self.clause
            members["detail"] = {k: v for k, v in (self.detail or {}).items() if k != "fault"} or None
            members["fault"] = self.fault
            members["ref"] = self.ref
        return {name: value for name, value in members.items() if value not in (None, "", 0) or name == "t"}
