"""The keypad of a station: who guesses has to wait longer and longer (C04.FR.06).

Two mistakes are free. After each further one the keypad is closed for a time that doubles, also across a restart; a
code that is right opens it for good.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from charge_point.parts import Part

if TYPE_CHECKING:
    from charge_point.station import Station

FREE = 2
"""Mistakes without a consequence."""

SHORTEST, LONGEST = 10.0, 600.0
"""Seconds that it is closed for at first, and at most."""

WRONG = frozenset({"Invalid", "Unknown"})
"""What a code that nobody has is (C04.FR.01); one that is blocked or expired was not guessed."""


class KeyCodes(Part):
    """Owns the number of mistakes in a row, and until when the keypad is closed (Unix seconds)."""

    __slots__ = ("mistakes", "until")

    name = "key codes"

    def __init__(self, station: Station) -> None:
        super().__init__(station)
        self.mistakes = 0
        self.until = 0.0

    @property
    def closed(self) -> float:
        """Seconds for which it takes no code yet."""
        return max(self.until - self.station.clock.time(), 0.0)

    def judged(self, outcome: str, reason: str) -> None:
        """What became of a code: the outcome and reason of presenting it."""
        if outcome == "refused" and reason in WRONG:
            self.mistakes += 1
            if self.mistakes > FREE:
                wait = min(SHORTEST * 2 ** (self.mistakes - FREE - 1), LONGEST)
                self.until = self.station.clock.time() + wait
                self.station.note("keypad_closed", f"{self.mistakes} wrong codes: closed for {wait:g} s")
        elif outcome in ("started", "stopped", "unlocked"):
            self.mistakes, self.until = 0, 0.0
        else:
            return
        self.keep()

    def as_kept(self) -> Any:
        return [self.mistakes, self.until]

    def restore(self, kept: Any) -> None:
        self.mistakes, self.until = kept
