"""Data transfer: what is known to a vendor only (P01, P02; 1.6 §5.6)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from shared.answers import answers
from shared.dispatch import on
from shared.versions import V16

if TYPE_CHECKING:
    from charge_point.station import Station

Payload = dict[str, Any]


@on("DataTransfer")
@answers(
    "status, data",
    "the table of known vendors and messages (`StationSetup.vendors`: TestVendor with TestMessage unless said "
    "otherwise; what comes is noted in the journal); any other vendor UnknownVendorId, any other message of a known "
    "one UnknownMessageId",
    clause="1.6 §5.6; P01.FR.05-P01.FR.07",
    state=True,
)
def data_transfer(station: Station, request: Payload) -> Payload:
    """Take a vendor's message, if it is one that the station knows."""
    vendors = {name.casefold(): messages for name, messages in station.setup.vendors.items()}
    messages = vendors.get(request["vendorId"].casefold())
    if messages is None:
        return {"status": "UnknownVendorId"}
    name = request.get("messageId", "")
    if name and name not in messages:
        return {"status": "UnknownMessageId"}
    station.note("data_transfer", f"{request['vendorId']} {name}".strip(), data=request.get("data"))
    answer: Payload = {"status": "Accepted"}
    data = messages.get(name)
    if data is not None:
        text = isinstance(data, str) or station.version is not V16
        answer["data"] = data if text else orjson.dumps(data).decode()
    return answer
