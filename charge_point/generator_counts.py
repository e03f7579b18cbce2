"""What came of the generator at one EVSE, in numbers and dates."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from charge_point.driver import Result


@dataclass(slots=True)
class Tally:
    """What was said to requests of one kind. `ignored`: nothing, or nothing that can be read."""

    accepted: int = 0
    rejected: int = 0
    ignored: int = 0

    def take(self, status: str) -> None:
        """Count one by the status in its answer; none in it: nobody said anything."""
        name = "ignored" if not status else "accepted" if status == "Accepted" else "rejected"
        setattr(self, name, getattr(self, name) + 1)

    @property
    def requests(self) -> int:
        """How many there were."""
        return self.accepted + self.rejected + self.ignored

    def __str__(self) -> str:
        return f"{self.accepted} accepted, {self.rejected} rejected, {self.ignored} ignored"


KINDS = ("authorize", "start", "stop")


@dataclass(slots=True)
class Count:
    """What came of the generator at one EVSE. Dates are wire timestamps, empty before the first."""

    came: int = 0
    """Drivers who plugged in."""
    begun: int = 0
    """Transactions that began."""
    charged: int = 0
    refused: int = 0
    """Tokens that were not accepted, when they were asked about or with the start."""
    failed: int = 0
    skipped: int = 0
    """Times that nobody came, by chance."""
    skipped_in_a_row: int = 0
    energy: float = 0.0
    last: str = ""
    """When the last driver came."""
    started: str = ""
    """When it was started the last time."""
    ends: str = ""
    """When its hours are over; empty when it has none."""
    stopped: str = ""
    """When it was stopped, or its hours were over; empty while it runs."""
    authorize: Tally = field(default_factory=Tally)
    """Decisions about tokens, the station's own among them."""
    start: Tally = field(default_factory=Tally)
    """StartTransaction, or the first TransactionEvent."""
    stop: Tally = field(default_factory=Tally)

    def take(self, result: Result) -> None:
        """Count what became of a session."""
        setattr(self, result.outcome, getattr(self, result.outcome) + 1)
        self.begun += bool(result.transaction)
        self.energy += result.energy

    def tally(self, kind: str) -> Tally:
        """What was said to the requests of one of `KINDS`."""
        found: Tally = getattr(self, kind)
        return found

    def as_kept(self) -> dict[str, Any]:
        """What `kept_count` makes this of again (JSON)."""
        return asdict(self)

    def in_words(self, name: str, *, on: bool) -> str:
        """Two lines about it."""
        nobody = f"{self.skipped} times nobody"
        if self.skipped_in_a_row:
            nobody += f" ({self.skipped_in_a_row} in a row)"
        first = (
            f"{name}: {'on' if on else 'off'}, {self.came} came, {self.begun} began, {self.charged} charged, "
            f"{self.refused} refused, {self.failed} failed, {nobody}, {self.energy:.0f} Wh"
        )
        dates = (("started", self.started), ("until", self.ends if on else ""), ("stopped", self.stopped))
        told = [f"{words} {date}" for words, date in (*dates, ("the last came", self.last)) if date]
        second = [f"{kind}: {self.tally(kind)}" for kind in KINDS] + ([", ".join(told)] if told else [])
        return f"{first}\n  {'; '.join(second)}"


def kept_count(kept: dict[str, Any]) -> Count:
    """The count that `Count.as_kept` wrote down."""
    return Count(**(kept | {kind: Tally(**kept[kind]) for kind in KINDS if kind in kept}))
