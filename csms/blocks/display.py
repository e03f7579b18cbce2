"""Display: the messages that a station shows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from csms.blocks.answers import NOTHING, answers
from csms.reports import take_part
from shared.dispatch import Payload, on
from shared.versions import V2X

if TYPE_CHECKING:
    from csms.session import Session


@on("NotifyDisplayMessages", *V2X)
@answers(NOTHING, "the messages are put into the report of their requestId", clause="O03.FR.02, O03.FR.04")
def display_messages(session: Session, request: Payload) -> Payload:
    """Take a part of the list that GetDisplayMessages asked for."""
    take_part(session, "NotifyDisplayMessages", request, clause="", number=None)
    return {}
