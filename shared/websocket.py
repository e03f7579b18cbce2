"""The link over a real WebSocket: connections of the `websockets` library that hand over what came.

The library closes a connection on text that is not UTF-8 (1007); OCPP 2.x wants an answer (part 4 §4.2.3). So
these connections give the bytes of such a message instead, as they do for a binary one. A message over the
limit still closes the connection with 1009, which the library does by itself.
"""

from __future__ import annotations

from websockets.asyncio.client import ClientConnection
from websockets.asyncio.connection import Connection
from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed, WebSocketException

from shared.link import ABNORMAL, NORMAL, LinkClosed

TOO_BIG = 1009
"""The close code after a message over the limit (RFC 6455 §7.4.1)."""


class _Tolerant(Connection):
    """What both ends add to a connection."""

    async def recv_as_it_came(self) -> str | bytes:
        """The next message; bytes when it is binary or not UTF-8. Raises `LinkClosed` at the end."""
        try:
            return await self.recv_messages.get()
        except UnicodeDecodeError as problem:
            return bytes(problem.object)
        except EOFError:
            pass
        except WebSocketException as problem:  # too many fragments: as good as over the limit
            await self.close(TOO_BIG, str(problem))
            raise LinkClosed(TOO_BIG, str(problem)) from None
        try:
            return await self.recv()  # the stream has ended: waits for the close and says how it went
        except ConnectionClosed as ended:
            raise closed(ended) from None


class ServerSide(_Tolerant, ServerConnection):
    """A connection that a station opened to us."""


class ClientSide(_Tolerant, ClientConnection):
    """A connection that we opened to a central system."""


def closed(ended: ConnectionClosed) -> LinkClosed:
    """How a connection ended: by the close frame that came, else by the one we sent, else 1006."""
    frame = ended.rcvd or ended.sent
    return LinkClosed(frame.code, frame.reason) if frame else LinkClosed(ABNORMAL, "no close frame")


class WebSocketLink:
    """A `Link` over a connection of either side."""

    __slots__ = ("connection", "recv")

    def __init__(self, connection: ServerSide | ClientSide) -> None:
        self.connection = connection
        self.recv = connection.recv_as_it_came

    async def send(self, text: str | bytes) -> None:
        try:
            await self.connection.send(text)
        except ConnectionClosed as ended:
            raise closed(ended) from None

    async def close(self, code: int = NORMAL, reason: str = "") -> None:
        # the reason of a close frame has at most 123 bytes (RFC 6455 §5.5)
        await self.connection.close(code, reason.encode()[:123].decode(errors="ignore"))

    def abort(self) -> None:
        self.connection.transport.abort()
