"""Payment at the station (2.1)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from csms.blocks.answers import NOTHING, answers
from shared.dispatch import Payload, on
from shared.versions import V21

if TYPE_CHECKING:
    from csms.session import Session


@on("NotifySettlement", V21)
@answers(
    NOTHING,
    "the settlement is kept; no receipt server stands behind us, so no receiptUrl",
    clause="C21.FR.02",
)
def settlement(session: Session, request: Payload) -> Payload:
    """Take what the payment terminal settled."""
    session.station.remember("NotifySettlement", request)
    return {}


@on("VatNumberValidation", V21)
@answers(
    "status, vatNumber, evseId",
    "Rejected: nothing here validates VAT numbers; vatNumber and evseId as asked",
    clause="C18.FR.09, C18.FR.10",
)
def vat_number(session: Session, request: Payload) -> Payload:
    """Say that the number was not validated."""
    answer: Payload = {"status": "Rejected", "vatNumber": request["vatNumber"]}
    if "evseId" in request:
        answer["evseId"] = request["evseId"]
    return answer
