"""Meter values that come by themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from csms.blocks.answers import NOTHING, answers
from shared.dispatch import Payload, on
from shared.versions import V2X, V16

if TYPE_CHECKING:
    from csms.session import Session


@on("MeterValues", V16)
@answers(NOTHING, "readings go to their transaction in the ledger", clause="1.6 §4.7")
def meter_values_16(session: Session, request: Payload) -> Payload:
    """Take readings; those that name a transaction belong to it."""
    ledger, values = session.csms.ledger, request["meterValue"]
    named = request.get("transactionId")
    transaction = None if named is None else ledger.find_16(session, named, values)
    ledger.sample(session, transaction, values)
    return {}


@on("MeterValues", *V2X)
@answers(NOTHING, "signed values are noted; in 2.x these belong to no transaction", clause="J01.FR.18")
def meter_values_2x(session: Session, request: Payload) -> Payload:
    """Take readings outside a transaction."""
    session.csms.ledger.sample(session, None, request["meterValue"])
    return {}
