"""Faults of delivery: messages that get lost, come twice, or overtake each other."""

from __future__ import annotations

from shared.chance import Stream
from shared.faults.effects import Deliver, Effects, Frame
from shared.faults.registry import Fault, fault, setting


@fault
class Drop(Fault):
    """Lose the message. The connection stays, and nobody is told."""

    def spoil(self, frame: Frame, roll: Stream) -> Effects:
        return []


@fault
class Duplicate(Fault):
    """Send the message again, as a station with a nervous retry does."""

    gap: float = setting(0.0, "seconds between the copies; other messages may pass meanwhile", least=0)
    copies: int = setting(1, "how many more than the one", least=1)

    def spoil(self, frame: Frame, roll: Stream) -> Effects:
        later = self.gap > 0
        more = [Deliver(frame.text, after=self.gap * n, aside=later) for n in range(1, self.copies + 1)]
        return [Deliver(frame.text), *more]


@fault
class Reorder(Fault):
    """Let the messages after this one overtake it."""

    behind: int = setting(1, "how many messages overtake it", least=1)
    within: float = setting(5.0, "seconds after which it goes although fewer have", least=0)

    def spoil(self, frame: Frame, roll: Stream) -> Effects:
        return [Deliver(frame.text, after=self.within, aside=True, behind=self.behind)]


@fault
class BlackHole(Fault):
    """Lose everything in both directions; the connection stays, and pings are still answered. `lasts=60` ends it."""

    direction = "both"

    def spoil(self, frame: Frame, roll: Stream) -> Effects:
        return []
