"""What the station tells of authorization: Authorize, and how a token is spelled."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from charge_point.authorization import Token, TokenInfo, info_of
from shared.versions import V16

if TYPE_CHECKING:
    from charge_point.station import Station

Payload = dict[str, Any]


def id_token(token: Token) -> Payload:
    """A token as 2.x's IdTokenType."""
    return {"idToken": token.id, "type": token.type}


async def authorize(station: Station, token: Token) -> TokenInfo:
    """Ask the CSMS about `token` (1.6 §4.1; 2.x C01). Raises CallFailed."""
    if station.version is V16:
        answer = await station.call("Authorize", {"idTag": token.id})
        return info_of(answer["idTagInfo"])
    answer = await station.call("Authorize", {"idToken": id_token(token)})
    return info_of(answer["idTokenInfo"])
