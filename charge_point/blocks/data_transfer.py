"""Data transfer: what is known to a vendor only (P01, P02; 1.6 §5.6)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from charge_point.vendors import answer
from shared.answers import answers
from shared.dispatch import on

if TYPE_CHECKING:
    from charge_point.station import Station

Payload = dict[str, Any]


@on("DataTransfer")
@answers(
    "status, data",
    "the table of known vendors and messages (`vendors` of a persona; TestVendor with TestMessage unless said "
    "otherwise), with the status and data that stand there, in 1.6 as text; what comes is noted in the journal; any "
    "other vendor UnknownVendorId, any other message of a known one UnknownMessageId",
    clause="1.6 §5.6; P01.FR.05-P01.FR.07",
    state=True,
)
def data_transfer(station: Station, request: Payload) -> Payload:
    """Take a vendor's message, if it is one that the station knows."""
    name = request.get("messageId", "")
    found, known = answer(station.setup.vendors, request["vendorId"], name, station.version)
    if known:
        station.note("data_transfer", f"{request['vendorId']} {name}".strip(), data=request.get("data"))
    return found
