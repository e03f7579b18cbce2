"""Authorization: what the station asks, how a token is spelled, and the cache that the CSMS may clear."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from charge_point.authorization import Token, TokenInfo, info_of
from charge_point.keeping import keep_cache
from charge_point.screen import heard_of
from charge_point.statuses import status
from shared.answers import answers
from shared.dispatch import on
from shared.versions import V16, V21

if TYPE_CHECKING:
    from charge_point.station import Station

Payload = dict[str, Any]


def id_token(token: Token) -> Payload:
    """A token as 2.x's IdTokenType."""
    wire: Payload = {"idToken": token.id, "type": token.type}
    if token.details:
        wire["additionalInfo"] = [{"additionalIdToken": value, "type": kind} for kind, value in token.details]
    return wire


async def authorize(station: Station, token: Token, proof: Payload | None = None) -> TokenInfo:
    """Ask the CSMS about `token` (1.6 §4.1; 2.x C01). Raises CallFailed.

    `proof` is what an AuthorizeRequest has besides: the certificates of a contract (C07).
    """
    if station.version is V16:
        answer = await station.call("Authorize", {"idTag": token.id})
        return info_of(answer.get("idTagInfo"))
    answer = await station.call("Authorize", {"idToken": id_token(token)} | (proof or {}))
    wire = answer.get("idTokenInfo")
    if isinstance(wire, dict) and len(wire) > 1:
        heard_of(station, token, wire)
    info = info_of(wire)
    if station.version is V21 and isinstance(answer.get("allowedEnergyTransfer"), list):
        from charge_point.smart_charging.negotiation import Negotiations  # few CSMSs say

        station.part(Negotiations).allow(token, answer["allowedEnergyTransfer"])
    if station.version is V21 and isinstance(answer.get("tariff"), dict):
        from charge_point.tariffs import Tariffs  # few CSMSs give one

        info = station.part(Tariffs).received(token, answer["tariff"], info)
    return info


@on("ClearCache")
@answers(
    "status",
    "Accepted, and the cache is empty; Rejected when there is none or it is switched off",
    clause="1.6 §5.4; C11.FR.01-C11.FR.05",
    state=True,
)
def clear_cache(station: Station, request: Payload) -> Payload:
    """Forget what the CSMS said of tokens."""
    if station.authorizer.clear_cache(station.model):
        keep_cache(station)
        return status(station.version, "Accepted")
    return status(station.version, "Rejected", "NotEnabled", "there is no cache, or it is switched off")
