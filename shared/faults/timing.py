"""Faults of time: messages that come late, on a slow line, or long after anybody waits for them."""

from __future__ import annotations

from shared.chance import Stream
from shared.faults.effects import Deliver, Effects, Frame
from shared.faults.registry import Fault, fault, setting


@fault
class Delay(Fault):
    """Let each message take longer, as a bad mobile link does. Later messages wait behind it: the order is kept."""

    after: float = setting(1.0, "seconds", least=0)
    jitter: float = setting(0.0, "up to so many seconds more, drawn for each message", least=0)

    def spoil(self, frame: Frame, roll: Stream) -> Effects:
        return [Deliver(frame.text, after=self.after + roll.uniform(0, self.jitter))]


@fault
class LateAnswer(Fault):
    """Hold an answer back while everything else passes, as a busy back end does. After the other side's patience (often
    30 s) nobody waits for it any more."""

    kinds = ("answer", "error")

    after: float = setting(40.0, "seconds", least=0)
    jitter: float = setting(0.0, "up to so many seconds more, drawn for each answer", least=0)

    def spoil(self, frame: Frame, roll: Stream) -> Effects:
        return [Deliver(frame.text, after=self.after + roll.uniform(0, self.jitter), aside=True)]


@fault
class Throttle(Fault):
    """Let messages pass one after another over a line of so many bytes in a second."""

    rate: float = setting(1200.0, "bytes in a second (9600 baud give 1200)", least=0.001)

    def spoil(self, frame: Frame, roll: Stream) -> Effects:
        return [Deliver(frame.text, takes=len(frame.raw()) / self.rate)]
