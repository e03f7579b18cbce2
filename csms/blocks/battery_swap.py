"""Battery swap (2.1)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from csms.blocks.answers import NOTHING, answers
from shared.dispatch import Payload, on
from shared.versions import V21

if TYPE_CHECKING:
    from csms.session import Session


@on("BatterySwap", V21)
@answers(
    NOTHING,
    "the swap is kept; one that goes on with another token is a finding",
    clause="S03.FR.01, S03.FR.03, S03.FR.06",
)
def battery_swap(session: Session, request: Payload) -> Payload:
    """Take what went into or out of the slots."""
    before = (session.station.last or {}).get("BatterySwap")
    if before is not None and before["requestId"] == request["requestId"]:
        one, other = (each["idToken"]["idToken"] for each in (before, request))
        if one.lower() != other.lower():
            words = f"swap {request['requestId']} is of {one}, and {request['eventType']} of {other}"
            session.note("swap_of_another", words, clause="S03.FR.03")
    session.station.remember("BatterySwap", request)
    return {}
