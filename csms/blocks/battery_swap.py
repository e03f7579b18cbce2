"""Battery swap (2.1)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from csms.blocks.answers import NOTHING, answers
from shared.dispatch import Payload, on
from shared.versions import V21

if TYPE_CHECKING:
    from csms.session import Session


@on("BatterySwap", V21)
@answers(NOTHING, "the swap is kept", clause="S03.FR.01, S03.FR.03")
def battery_swap(session: Session, request: Payload) -> Payload:
    """Take what went into or out of the slots."""
    session.station.remember("BatterySwap", request)
    return {}
