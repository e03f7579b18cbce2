"""How what the station decided is put into an answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from shared.dispatch import Answer
from shared.versions import V16, Version

if TYPE_CHECKING:
    from charge_point.orders import Outcome
    from charge_point.station import Station

Payload = dict[str, Any]

LONGEST_CODE, LONGEST_WORDS = 20, 512
"""StatusInfoType of 2.0.1; 2.1 allows 1024 characters of additionalInfo."""


def status(version: Version, status: str, code: str = "", words: str = "") -> Payload:
    """An answer with a status and, in 2.x, a reason code (part 2 appendix, chapter 5) with words for a person."""
    payload: Payload = {"status": status}
    if code and version is not V16:
        payload["statusInfo"] = {"reasonCode": code[:LONGEST_CODE]}
        if words:
            payload["statusInfo"]["additionalInfo"] = words[:LONGEST_WORDS]
    return payload


def told(station: Station, outcome: Outcome) -> Payload | Answer:
    """The answer that says `outcome`; what is to follow it follows once it has left."""
    payload = status(station.version, outcome.status, outcome.code, outcome.reason)
    return payload if outcome.then is None else Answer(payload, outcome.then)
