"""Chance that belongs to a seed: small generators, each keyed by what it is for.

    Stream(seed, "CP1", "meter noise", boot).uniform(0.98, 1.02)

Streams with different keys do not disturb each other, so adding a draw in one place changes nothing elsewhere.
A stream is one integer of state (SplitMix64: Steele, Lea, Flood, "Fast splittable pseudorandom number
generators", OOPSLA 2014) where `random.Random` holds 2.5 KiB, which a thousand stations would feel.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from hashlib import blake2b
from typing import TypeVar

T = TypeVar("T")
_MASK = (1 << 64) - 1


class Stream:
    """A deterministic sequence of draws for one key (any values with a stable `str`)."""

    __slots__ = ("_state",)

    def __init__(self, *key: object) -> None:
        digest = blake2b("\x1f".join(map(str, key)).encode(), digest_size=8).digest()
        self._state = int.from_bytes(digest, "big")

    def bits(self) -> int:
        """64 random bits."""
        self._state = (self._state + 0x9E3779B97F4A7C15) & _MASK
        z = self._state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & _MASK
        return z ^ (z >> 31)

    def random(self) -> float:
        """A float in [0, 1)."""
        return (self.bits() >> 11) / (1 << 53)

    def uniform(self, low: float, high: float) -> float:
        """A float in [low, high)."""
        return low + (high - low) * self.random()

    def integer(self, low: int, high: int) -> int:
        """An integer from `low` to `high`, both included."""
        return low + self.bits() % (high - low + 1)

    def choice(self, items: Sequence[T]) -> T:
        """One of `items`, which must not be empty."""
        return items[self.bits() % len(items)]

    def hex(self, digits: int) -> str:
        """`digits` lower-case hexadecimal digits."""
        drawn = "".join(f"{self.bits():016x}" for _ in range((digits + 15) // 16))
        return drawn[:digits]

    def uuid(self) -> str:
        """A version 4 UUID (RFC 9562) as text of 36 characters."""
        value = ((self.bits() << 64) | self.bits()) & ~(0xF << 76) & ~(0x3 << 62) | (4 << 76) | (2 << 62)
        h = f"{value:032x}"
        return f"{h[:8]}-{h[8:12]}-{h[12:16]}-{h[16:20]}-{h[20:]}"


def fresh_run_id() -> str:
    """A run id that no other start of a program has: what keeps message ids unique for a station's lifetime
    (J-errata 3.1; 2.x part 4 §4.1.4) although everything else comes from the seed."""
    return os.urandom(5).hex()
