"""The time-based one-time password in the address of a dynamic QR code (OCPP 2.1 part 2, C25, TOTP algorithm v1).

The printed alphabet of "base62" lacks the letter o in some editions; with it there are 62, and that is what the
published implementations of the algorithm use.
"""

from __future__ import annotations

import hmac

VERSION = "v1"

_BASE62 = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"


def totp(secret: str, at: float, validity: int, length: int) -> str:
    """The password of so many characters that holds at Unix time `at`, and for `validity` seconds in all."""
    return _of_interval(secret, int(at // validity), length)


def is_valid(text: str, secret: str, at: float, validity: int) -> bool:
    """Whether `text` is the password of this interval, the one before or the next (C25, validation of TOTP)."""
    now = int(at // validity)
    known = [_of_interval(secret, interval, len(text)) for interval in (now, now - 1, now + 1)]
    return bool(text) and any(hmac.compare_digest(text.encode(), one.encode()) for one in known)


def _of_interval(secret: str, interval: int, length: int) -> str:
    found = hmac.new(secret.encode(), max(interval, 0).to_bytes(8, "big"), "sha256").digest()
    offset = found[-1] & 0x0F
    return "".join(_BASE62[found[(offset + at) % len(found)] % len(_BASE62)] for at in range(length))
