"""Battery swaps that the CSMS asks for (2.1 S02)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from charge_point.authorization import Token
from charge_point.statuses import status
from shared.answers import answers
from shared.dispatch import on
from shared.versions import V21

if TYPE_CHECKING:
    from charge_point.station import Station

Payload = dict[str, Any]


@on("RequestBatterySwap", V21)
@answers(
    "status",
    "Rejected without a battery that is charged to TargetSoc, without an empty slot, while somebody swaps, and by a "
    "station that has no slots; else Accepted, and BatterySwap follows when the driver inserts and takes",
    clause="S02.FR.01-S02.FR.05",
    state=True,
)
def request_battery_swap(station: Station, request: Payload) -> Payload:
    """Let the driver of a token swap."""
    from charge_point.battery_swap import BatterySwaps, offers

    token = Token(request["idToken"]["idToken"], request["idToken"]["type"])
    if offers(station) and station.part(BatterySwaps).begin(token, request["requestId"]):
        return status(V21, "Accepted")
    return status(V21, "Rejected", "NoBatteryAvailable", "there is no battery, or no room, for a swap")
