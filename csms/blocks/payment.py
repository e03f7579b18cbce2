"""Payment at the station (2.1)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from csms.blocks.answers import answers
from shared.dispatch import Payload, on
from shared.versions import V21

if TYPE_CHECKING:
    from csms.session import Session


@on("NotifySettlement", V21)
@answers(
    "receiptId, receiptUrl",
    "the settlement is kept; one that is Settled and brings no receipt of its own gets one (`--receipts`), the same "
    "again when it comes again; nothing else does",
    clause="C21.FR.03, C21.FR.04",
    state=True,
)
def settlement(session: Session, request: Payload) -> Payload:
    """Take what the payment terminal settled."""
    session.station.remember("NotifySettlement", request)
    return session.csms.policies.payments.settle(session, request)


@on("VatNumberValidation", V21)
@answers(
    "status, company, vatNumber, evseId",
    "the table of valid numbers (`--vat-number`): Accepted with their company, all others Rejected; vatNumber and "
    "evseId as asked",
    clause="C18.FR.09, C18.FR.10",
    state=True,
)
def vat_number(session: Session, request: Payload) -> Payload:
    """Say whether a VAT number is valid."""
    return session.csms.policies.payments.validate(request)
