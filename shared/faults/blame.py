"""What our own faults bring about at the peer is no finding against it: here is remembered what they did, and to what.

A finding has a frame, a message id and an action. It is ours when a fault was done to that frame, to another message
with its id (the call of an answer, the answer of a call), or, where a finding is about a series (a gap in seqNo, a
boot that came early), to an earlier message of its action at this station.
"""

from __future__ import annotations

from shared.faults.effects import OUT, Frame, Message, read

MOST = 4096
"""Frames and ids that are remembered, of all stations together."""

PATIENCE = 60.0
"""Seconds after a stall in which what is missing or late is put down to it."""

_ANSWERS_TO_NOBODY = frozenset({"unknown_answer", "duplicate_answer", "late_answer", "invalid_error"})
_OF_TIME = frozenset(
    {"unanswered_call", "late_answer", "overlapping_calls", "duplicate_answer", "early_boot"}
)
_BOOT = "BootNotification"
_BY_THE_BOOT = frozenset({"not_registered", "called_too_early", "called_while_rejected", "early_boot"})
"""Findings that follow from what a BootNotification and its answer said, and when."""


class Blame:
    """What faults did at the stations of one program. Owned by its `Faults`."""

    def __init__(self) -> None:
        self._frames: dict[int, tuple[str, str]] = {}
        """Number in the journal -> message id and action."""
        self._ids: dict[tuple[str, str], str] = {}
        """Station and message id -> the fault."""
        self._actions: dict[tuple[str, str], str] = {}
        self._changed: dict[str, str] = {}
        """Station -> the fault that put something else on the wire than we meant, or what was no message at all."""
        self._stalls: dict[str, tuple[str, float | None]] = {}

    def passes(self, ref: int, frame: Frame) -> None:
        """A message passes the faults under this number of the journal."""
        self._frames[ref] = (frame.id, frame.action)
        _keep_short(self._frames)

    def done(self, station: str, frame: Frame, fault: str, changed: Message | None = None) -> None:
        """`fault` was done to a message, which became `changed` if it is another now."""
        station = station.lower()
        if frame.action:
            self._actions[station, frame.action] = fault
        ids = [frame.id] if frame.id else []
        if changed is not None:
            parts, kind = read(changed)
            ids += [parts[1]] if kind and isinstance(parts[1], str) else []
            if frame.direction == OUT:
                self._changed[station] = fault
        for id in ids:
            self._ids[station, id] = fault
        _keep_short(self._ids)

    def waits(self, station: str, ref: int, fault: str) -> None:
        """A message waits behind what `fault` holds back."""
        id, action = self._frames.get(ref, ("", ""))
        if id:
            self._ids[station.lower(), id] = fault
        if action:
            self._actions[station.lower(), action] = fault

    def stalled(self, station: str, fault: str, over: float | None) -> None:
        """The connection stands still, or did until `over` in the clock's seconds."""
        self._stalls[station.lower()] = (fault, over)

    def cause(self, station: str, finding: str, ref: int, now: float, *ids: str) -> str:
        """The fault that a finding is the consequence of; "" when it is the peer's own."""
        station = station.lower()
        id, action = self._frames.get(ref, ("", ""))
        for each in (id, *ids):
            if each and (station, each) in self._ids:
                return self._ids[station, each]
        if finding in _ANSWERS_TO_NOBODY and station in self._changed:
            return self._changed[station]
        if finding in _OF_TIME and station in self._stalls:
            fault, over = self._stalls[station]
            if over is None or now - over < PATIENCE:
                return fault
        if finding in _BY_THE_BOOT:
            action = _BOOT
        return self._actions.get((station, action), "") if finding not in _OF_ONE_MESSAGE else ""


_OF_ONE_MESSAGE = frozenset(
    {"unanswered_call", "invalid_request", "invalid_answer", "invalid_error", "unusable_message"}
    | {"unknown_action", "wrong_direction", "wrong_message_type", "duplicate_id", "unknown_answer"}
    | {"duplicate_answer", "late_answer", "overlapping_calls"}
)
"""Findings that a message bears alone: what was done to another one of its action does not matter."""


def _keep_short(remembered: dict[int, tuple[str, str]] | dict[tuple[str, str], str]) -> None:
    if len(remembered) > MOST:
        remembered.pop(next(iter(remembered)))  # type: ignore[call-overload]
