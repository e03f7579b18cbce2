"""Reservation: how reservations end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from csms.blocks.answers import NOTHING, answers
from csms.ledger import use_reservation
from shared.dispatch import Payload, on
from shared.versions import V2X

if TYPE_CHECKING:
    from csms.session import Session


@on("ReservationStatusUpdate", *V2X)
@answers(NOTHING, "the reservation is taken off the station's list", clause="H04.FR.01, H01.FR.16")
def reservation_status(session: Session, request: Payload) -> Payload:
    """Forget a reservation that expired, was removed, or brought no transaction."""
    use_reservation(session.station, request["reservationId"])
    session.station.remember("ReservationStatusUpdate", request)
    return {}
