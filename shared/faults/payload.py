"""Faults of content: bytes that flip, messages that break off, members and ids that are not what they should be."""

from __future__ import annotations

from typing import Any

import orjson

from shared.chance import Stream
from shared.faults.effects import Deliver, Effects, Frame, as_message
from shared.faults.presets import PRESETS, replaced
from shared.faults.registry import Fault, fault, setting


@fault
class Corrupt(Fault):
    """Turn some bytes of the message into others."""

    count: int = setting(1, "how many bytes", least=1)

    def spoil(self, frame: Frame, roll: Stream) -> Effects | None:
        raw = bytearray(frame.raw())
        if not raw:
            return None
        left = list(range(len(raw)))
        for _ in range(min(self.count, len(raw))):
            at = left.pop(
                roll.integer(0, len(left) - 1)
            )  # each byte once: a second turn could undo the first
            raw[at] ^= roll.integer(1, 255)
        return [Deliver(bytes(raw) if type(frame.text) is bytes else as_message(bytes(raw)))]


@fault
class Truncate(Fault):
    """Break the message off."""

    keep: float = setting(0.5, "which share of it is left (0 to less than 1)", least=0)

    def check(self) -> None:
        if self.keep >= 1:
            raise ValueError(f"keep: {self.keep:g} would leave the message whole")

    def spoil(self, frame: Frame, roll: Stream) -> Effects | None:
        raw = frame.raw()
        if not raw:
            return None
        cut = raw[: int(len(raw) * self.keep)]
        return [Deliver(cut if type(frame.text) is bytes else as_message(cut))]


@fault
class Change(Fault):
    """Set a member of the payload to another value, or remove it. The path has dots, and numbers for the items of
    lists: `meterValue.0.timestamp`."""

    path: str = setting("", "which member")
    value: str = setting("", "its new value: JSON, or else a text as it stands")
    remove: bool = setting(False, "remove it instead")

    def check(self) -> None:
        if not all(self.path.split(".")):
            raise ValueError("path: needs the name of a member, as in path=idToken.type")
        if self.remove and self.value:
            raise ValueError("either value or remove, not both")

    def spoil(self, frame: Frame, roll: Stream) -> Effects | None:
        if not isinstance(frame.payload, dict):
            return None
        changed = _changed(frame.payload, self.path.split("."), self._set)
        return None if changed is None else [Deliver(frame.holding(changed))]

    def _set(self, parent: Any, key: str | int) -> Any:
        """`parent`, a copy of ours, with the member changed; None when there is nothing to change."""
        exists = key in parent if isinstance(parent, dict) else True
        if self.remove:
            if not exists:
                return None
            del parent[key]
        else:
            parent[key] = typed(self.value)
        return parent


def _changed(value: Any, path: list[str], act: Any) -> Any:
    """A copy of `value` with `act` done to what holds the last step of `path`; None when the path leads nowhere."""
    key: str | int = path[0]
    if isinstance(value, list):
        if not path[0].isdecimal() or int(path[0]) >= len(value):
            return None
        key = int(path[0])
    elif not isinstance(value, dict):
        return None
    if len(path) == 1:
        return act(list(value) if isinstance(value, list) else dict(value), key)
    if isinstance(value, dict) and key not in value:
        return None
    below = _changed(value[key], path[1:], act)
    return None if below is None else replaced(value, (key,), below)


def typed(text: str) -> Any:
    """The value that a text stands for: JSON where it is, else the text itself."""
    try:
        return orjson.loads(text)
    except ValueError:
        return text


@fault
class WrongId(Fault):
    """Give the message another id: an answer then belongs to no call, a call gets an answer that nobody expects."""

    id: str = setting("", "the id; a fresh one if empty")

    def spoil(self, frame: Frame, roll: Stream) -> Effects | None:
        return [Deliver(frame.having(1, self.id or roll.uuid()))] if frame.parts else None


@fault
class ReuseId(Fault):
    """Give the message the id of the last one of its kind, as a counter that starts anew does."""

    def spoil(self, frame: Frame, roll: Stream) -> Effects | None:
        if not frame.parts or not frame.before or frame.before == frame.id:
            return None
        return [Deliver(frame.having(1, frame.before))]


@fault
class Bad(Fault):
    """Send bad input in the place of the message, or before it. A preset's name stands for this fault as well:
    `broken_json:nth=3`."""

    preset: str = setting("any", "which", words=("any", *PRESETS))
    instead: bool = setting(True, "in the place of the message; else before it, so that the talk goes on")

    def spoil(self, frame: Frame, roll: Stream) -> Effects | None:
        names = list(PRESETS) if self.preset == "any" else [self.preset]
        made = None
        while names and made is None:
            made = PRESETS[names.pop(roll.integer(0, len(names) - 1))](frame, roll)
        if made is None:
            return None
        return [Deliver(made)] if self.instead else [Deliver(made), Deliver(frame.text)]
