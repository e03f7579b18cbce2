"""Ad hoc payment: somebody pays on the web (2.1 C25). What the terminal does is `charge_point.payment`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from shared.answers import NOTHING, answers
from shared.dispatch import on
from shared.versions import V21

if TYPE_CHECKING:
    from charge_point.station import Station

Payload = dict[str, Any]


@on("NotifyWebPaymentStarted", V21)
@answers(
    NOTHING,
    "the EVSE (0: every one) is kept until RequestStartTransaction comes or the time is over, and its driver is told; "
    "an EVSE that does not exist is a line in the journal",
    clause="C25.FR.22, C25.FR.27",
)
def web_payment_started(station: Station, request: Payload) -> Payload:
    """Keep others from beginning at the EVSE that somebody pays for; also with a QR code that is a sticker."""
    from charge_point.web_payment import WebPayments

    evse = request["evseId"]
    if evse and station.evse(evse) is None:
        station.note("unknown_evse", f"NotifyWebPaymentStarted for EVSE {evse}, which there is not")
        return {}
    station.part(WebPayments).began(evse, request["timeout"])
    return {}
