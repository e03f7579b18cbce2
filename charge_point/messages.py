"""Any message by its name, typed at the station: told as a TriggerMessage would have it told, or with a payload."""

from __future__ import annotations

import json
from collections.abc import Awaitable
from typing import TYPE_CHECKING, Any

from charge_point import blocks, tellers
from charge_point.authorization import Token
from charge_point.blocks.authorization import authorize
from shared import actions
from shared.actions import SENDS, STATION
from shared.digest import digest
from shared.digest_forms import clean
from shared.option_fields import UsageError
from shared.peer import CallFailed, ConnectionLost, InvalidPayload
from shared.prompt import numbers
from shared.versions import V16

if TYPE_CHECKING:
    from charge_point.station import Station

Payload = dict[str, Any]


class Messages:
    """The messages that a station can be made to send. What is typed wrongly raises UsageError."""

    def __init__(self, station: Station) -> None:
        self._station = station

    def names(self) -> list[str]:
        """The messages that a station sends in the version that is spoken."""
        return [action.name for action in actions.of(self._station.version, STATION)]

    def about(self, word: str) -> str | None:
        """Help on one message, or on all of them; None for any other word."""
        if word == "messages":
            tells = tellers.table(self._station.version, blocks.MODULES)
            return "\n".join(
                name if name in tells else f"{name} {{{', '.join(self._needs(name))}}}"
                for name in self.names()
            )
        if word not in self.names():
            return None
        needs = "\n".join(f"  {name}" for name in self._needs(word)) or "  nothing"
        return f"{word} {{JSON}}\nsend it; OCPP {self._station.version} demands of the payload:\n{needs}"

    def _needs(self, name: str) -> list[str]:
        from shared.wire.schema import document

        required: list[str] = document(self._station.version, name).get("required", [])
        return required

    def tell(self, line: str) -> Awaitable[str | None] | None:
        """A message by its name; None when the version has no such message."""
        name, _, rest = line.partition(" ")
        return self._tell(name, rest.strip()) if name in self.names() else None

    async def _tell(self, name: str, rest: str) -> str:
        station = self._station
        if rest.startswith("{"):
            return await self._send(name, _payload(rest), valid=True)
        if name == "Authorize" and rest:
            return await _authorize(station, Token(rest))
        teller = tellers.table(station.version, blocks.MODULES).get(name)
        if teller is None:
            needs = self._needs(name)
            if needs or rest:
                raise UsageError(
                    f"{name} wants its payload: {name} {{JSON}}, with {', '.join(needs) or 'nothing'} in it"
                )
            return await self._send(name, {}, valid=True)
        if not station.is_online:
            raise UsageError("the station is offline")
        place = numbers(rest, 2, f"{name} [EVSE [CONNECTOR]]")
        evse, connector = (*place, None, None)[:2]
        if station.version is V16:
            evse, connector = None, evse if connector is None else connector
        try:
            teller(station, evse, connector)
        except ValueError as wrong:  # no such EVSE or connector
            raise UsageError(str(wrong)) from None
        return ""

    async def call(self, rest: str) -> str:
        """Send `ACTION {JSON}` as it is, valid or not; gives the answer in words."""
        name, _, text = rest.partition(" ")
        if not name:
            raise UsageError('call what? as in: call Heartbeat {"unknown": 1}')
        return await self._send(name, _payload(text.strip() or "{}"), valid=False)

    async def _send(self, name: str, payload: Payload, *, valid: bool) -> str:
        peer = self._station.peer
        if peer is None:
            raise UsageError("the station is offline")
        try:
            if name in SENDS:
                await peer.send(name, payload, valid=valid)
                return f"{name} sent"
            answer = await peer.call(name, payload, valid=valid)
        except InvalidPayload as wrong:
            raise UsageError(f"{wrong} (to send it all the same: call {name} ...)") from None
        except CallFailed as failure:
            return str(failure)
        return f"{name}: {digest(peer.version, name, answer, answer=True) or 'ok'}"

    async def raw(self, rest: str) -> str:
        """Put `rest` on the wire."""
        peer = self._station.peer
        if not rest:
            raise UsageError("raw what? the text that follows is sent as it stands")
        if peer is None:
            raise UsageError("the station is offline")
        try:
            await peer.send_raw(rest)
        except ConnectionLost as lost:
            return str(lost)
        return f"sent {len(rest)} characters"


def _payload(text: str) -> Payload:
    try:
        payload = json.loads(text)
    except ValueError as error:
        raise UsageError(f"{clean(text, 40)!r} is not JSON: {error}") from None
    if not isinstance(payload, dict):
        raise UsageError(f"{clean(text, 40)!r} is not an object")
    return payload


async def _authorize(station: Station, token: Token) -> str:
    try:
        return f"{clean(token.id)}: {clean((await authorize(station, token)).status)}"
    except CallFailed as failure:
        return str(failure)
