"""Data transfer: messages that only a vendor understands."""

from __future__ import annotations

from typing import TYPE_CHECKING

from csms.blocks.answers import answers
from shared.dispatch import Payload, on

if TYPE_CHECKING:
    from csms.session import Session


@on("DataTransfer")
@answers(
    "status, data",
    "the configured vendors and messages; any other vendor UnknownVendorId, any other message of a known one "
    "UnknownMessageId, both without data; `--compat upstream`: Accepted",
    clause="1.6 §4.3; P02.FR.06, P02.FR.07",
    state=True,
)
def data_transfer(session: Session, request: Payload) -> Payload:
    """Answer a vendor's message, if it is one that somebody taught us."""
    vendors = session.csms.policies.vendors
    return vendors.answer(request["vendorId"], request.get("messageId"), session.version)
