"""Faults of the connection: it stalls, breaks, is closed, or is not made at all."""

from __future__ import annotations

from shared.chance import Stream
from shared.faults.effects import Close as CloseIt
from shared.faults.effects import Cut, Deliver, Effect, Effects, Frame, Refusal, Stall
from shared.faults.registry import Fault, fault, setting

BEFORE, AFTER = "before", "after"
_MOMENTS = (BEFORE, AFTER)

_CODES = frozenset((1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014))


def _placed(frame: Frame, moment: str, act: Effect) -> Effects:
    """`act` in the place of the message, or behind it."""
    return [act] if moment == BEFORE else [Deliver(frame.text), act]


@fault
class HalfOpen(Fault):
    """Stop reading and writing from this message on while the connection stays open, as after a lost network that told
    nobody. What was to be sent is kept, and goes out when it ends."""

    direction = "both"

    hold: float = setting(0.0, "seconds until it reads and writes again; 0 for never", least=0)

    def spoil(self, frame: Frame, roll: Stream) -> Effects:
        return [Stall(self.hold or None), Deliver(frame.text)]


@fault
class Reset(Fault):
    """Cut the connection without a close frame: a TCP reset."""

    direction = "both"

    moment: str = setting(BEFORE, "before or after the message passes", words=_MOMENTS)

    def spoil(self, frame: Frame, roll: Stream) -> Effects:
        return _placed(frame, self.moment, Cut())


@fault
class Close(Fault):
    """Close the connection properly, with a code and a reason."""

    direction = "both"

    code: int = setting(1011, "a close code of RFC 6455 §7.4, or 3000-4999")
    reason: str = setting("", "the reason in the close frame, at most 123 bytes")
    moment: str = setting(BEFORE, "before or after the message passes", words=_MOMENTS)

    def check(self) -> None:
        if self.code not in _CODES and not 3000 <= self.code <= 4999:
            codes = ", ".join(map(str, sorted(_CODES)))
            raise ValueError(f"code: {self.code} must not stand in a close frame ({codes}, 3000-4999)")
        if len(self.reason.encode()) > 123:
            raise ValueError("reason: a close frame has room for 123 bytes")

    def spoil(self, frame: Frame, roll: Stream) -> Effects:
        return _placed(frame, self.moment, CloseIt(self.code, self.reason))


@fault
class HangUp(Fault):
    """Cut the connection when the answer to a message is due: the one who called never knows whether it was heard."""

    direction = "both"
    kinds = ("answer", "error")

    before_answer_to: str = setting("", "the message whose answer gets lost (StartTransaction, tx.started)")
    after_answer_to: str = setting("", "the message whose answer is the last thing that passes")

    def check(self) -> None:
        if bool(self.before_answer_to) is bool(self.after_answer_to):
            raise ValueError("needs before_answer_to or after_answer_to, one of the two")

    def names(self) -> tuple[str, ...]:
        return (self.before_answer_to or self.after_answer_to,)

    def spoil(self, frame: Frame, roll: Stream) -> Effects:
        return _placed(frame, AFTER if self.after_answer_to else BEFORE, Cut())


@fault
class Refuse(Fault):
    """Turn down every attempt to connect, with an HTTP status or by cutting it; only a CSMS can. `lasts=60` or
    `times=3` ends it."""

    at_handshake = True

    status: int = setting(503, "the HTTP status (400-599); 0 cuts the TCP connection", least=0)
    reason: str = setting("refused on purpose", "the text of the response")

    def check(self) -> None:
        if self.status and not 400 <= self.status <= 599:
            raise ValueError(f"status: {self.status} is no HTTP status of a refusal (400-599, or 0 to cut)")

    def refuse(self) -> Refusal:
        return Refusal(self.status or None, self.reason)
