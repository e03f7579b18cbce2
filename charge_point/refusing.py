"""Honest answers that depend on what was asked, for what this station does not do. `blocks.refusals` has the table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from charge_point.definitions import NETWORK_SLOTS
from charge_point.statuses import status

if TYPE_CHECKING:
    from charge_point.station import Station

Payload = dict[str, Any]


def set_network_profile(station: Station, request: Payload) -> Payload:
    """Rejected for what no station may take, Failed for the rest: this one cannot move to another CSMS."""
    asked = request["connectionData"]
    why = ""
    if str(request["configurationSlot"]) not in NETWORK_SLOTS:  # B09.FR.05
        why = f"the configuration slots are {', '.join(NETWORK_SLOTS)}"
    elif not _is_websocket(asked["ocppCsmsUrl"]) or asked.get("ocppTransport") == "SOAP":  # B09.FR.02
        why = "a CSMS is reached by a ws or wss address"
    elif asked["securityProfile"] < station.model.integer("SecurityCtrlr.SecurityProfile"):  # B09.FR.04
        why = "the security profile is lower than the present one"
    if why:
        return status(station.version, "Rejected", "InvalidValue", why)
    words = "this station cannot move to another network profile"
    return status(station.version, "Failed", "UnsupportedRequest", words)  # B09.FR.03


def _is_websocket(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in ("ws", "wss") and bool(parts.hostname)
