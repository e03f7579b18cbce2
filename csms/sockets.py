"""What a persona does to connections below OCPP: closes idle ones, answers no ping."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from websockets.frames import Frame, Opcode

from shared.link import ABNORMAL, Link, LinkClosed

if TYPE_CHECKING:
    from csms.persona import Socket
    from shared.websocket import ServerSide

REASON = "idle"


class IdleLink:
    """A `Link` that is closed when nothing has come over it for a while, as proxies do."""

    def __init__(self, link: Link, habits: Socket) -> None:
        assert habits.close_idle_after is not None
        self._link = link
        self._patience = habits.close_idle_after
        self._code = habits.close_code
        self._heard = asyncio.get_running_loop().time()

    async def recv(self) -> str | bytes:
        """The next message. Raises `LinkClosed`."""
        try:
            async with asyncio.timeout_at(self._heard + self._patience):
                message = await self._link.recv()
        except TimeoutError:
            if not self._code:
                self._link.abort()
                raise LinkClosed(ABNORMAL, REASON) from None
            await self._link.close(self._code, REASON)
            raise LinkClosed(self._code, REASON) from None
        self._heard = asyncio.get_running_loop().time()
        return message

    async def send(self, text: str | bytes) -> None:
        """Send one message. Raises `LinkClosed`."""
        await self._link.send(text)

    async def close(self, code: int = 1000, reason: str = "") -> None:
        """End the connection. Never raises."""
        await self._link.close(code, reason)

    def abort(self) -> None:
        """Cut the connection without a word."""
        self._link.abort()

    def __getattr__(self, name: str) -> Any:
        """What sockets can do beside (`stall`, `reset`); not the ways past `recv`, by which nobody would be heard."""
        if name in ("tell", "send_at_once"):
            raise AttributeError(name)
        return getattr(self._link, name)


def never_pong(connection: ServerSide) -> None:
    """Let pings go unanswered (RFC 6455 §5.5.2 wants a pong), on a connection of `websockets`."""
    protocol: Any = connection.protocol
    send_frame = protocol.send_frame

    def all_but_pongs(frame: Frame) -> None:
        if frame.opcode is not Opcode.PONG:
            send_frame(frame)

    protocol.send_frame = all_but_pongs
