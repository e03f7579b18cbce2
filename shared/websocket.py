"""The link over a real WebSocket: connections of the `websockets` library that hand over what came.

The library closes a connection on text that is not UTF-8 (1007); OCPP 2.x wants an answer (part 4 §4.2.3). So
these connections give the bytes of such a message instead, as they do for a binary one. A message over the
limit still closes the connection with 1009, which the library does by itself.

Nearly every message is one whole text frame in one piece, not compressed. Such a one takes a short way here, in and
out: the library's general one costs more than all the rest of a call (`scripts/bench --only trips`). Whatever is
not exactly that (fragments, control frames, half a frame, compression, a closing connection) goes the library's way.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable
from socket import SO_LINGER, SOL_SOCKET
from struct import Struct
from typing import Any

from websockets.asyncio.client import ClientConnection
from websockets.asyncio.connection import Connection
from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed, WebSocketException
from websockets.frames import Frame, Opcode
from websockets.protocol import CLIENT, OPEN, Event
from websockets.streams import StreamReader

from shared.link import ABNORMAL, NORMAL, LinkClosed, TextBytes

apply_mask: Callable[[bytes, bytes], bytes]
try:
    from websockets.speedups import apply_mask
except ImportError:
    from websockets.utils import apply_mask

NO_CODE = 1005
"""Says of a close frame that there is no code in it (RFC 6455 §7.4.1)."""

TOO_BIG = 1009
"""The close code after a message over the limit (RFC 6455 §7.4.1)."""

# RFC 6455 §5.2: FIN and opcode 1; the mask bit with a length of 7 bits, or 126 and one of 16 bits
_WHOLE_TEXT = 0x81
_MASKED = 0x80
_LONGER = 126
_LONGEST_SHORT_WAY = 0xFFFF
_SHORT_HEAD = Struct("!BB").pack
_LONG_HEAD = Struct("!BBH").pack

_NO_LINGERING = Struct("ii").pack(1, 0)  # close at once and with a reset (socket(7), SO_LINGER)

CLOSE_TIMEOUT = 10.0
"""Seconds that a connection which is closing gets to end, where its maker did not say."""

_BETWEEN_FRAMES = StreamReader.at_eof.__code__


class _Tolerant(Connection):
    """What both ends add to a connection.

    In slots: with more members than thirty, the library's 27 included, each connection would get a table of its own
    for their names, 1.3 KiB that are cold in the cache whenever one of thousands speaks up.
    """

    __slots__ = (
        "_cutting",
        "_in_fragments",
        "_is_between",
        "_limit",
        "_reader",
        "admitted",
        "chosen",
        "hear",
    )

    _is_asked = False
    """Whether we are the server, whose clients mask what they send (RFC 6455 §5.3)."""

    def __init__(self, *args: Any, **more: Any) -> None:
        self._reader: asyncio.Future[bytes | None] | None = None
        """Who waits for the next message: gets it when it is a whole text, or None to look into the queue."""
        self.hear: Callable[[str], bool] | None = None
        """Who is told of a whole text before the waiting reader is: see `shared.link.TellingLink`."""
        self._is_between = False
        """Whether the library's parser is known to be between two frames, where it stays as long as it gets nothing."""
        self._in_fragments = False
        self._limit = 0
        self._cutting: asyncio.TimerHandle | None = None
        self.admitted: Any = None
        """What was decided about the station at the handshake: free for the server."""
        self.chosen: str | None = None
        """The subprotocol that was chosen for it."""
        super().__init__(*args, **more)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        limits = (getattr(self.protocol, f"max_{what}_size", 0) for what in ("message", "fragment"))
        self._limit = min(_LONGEST_SHORT_WAY if limit is None else limit for limit in limits)

    # --- in ----------------------------------------------------------------------------------------------

    async def recv_as_it_came(self) -> str | bytes:
        """The next message; bytes when it is binary, `TextBytes` when it is not UTF-8. `LinkClosed` at the end."""
        messages = self.recv_messages
        if not messages.closed and not len(messages.frames):
            self._reader = self.loop.create_future()
            try:
                whole = await self._reader
            except asyncio.CancelledError:
                if self._reader.done() and not self._reader.cancelled() and (came := self._reader.result()):
                    messages.frames.put_back([Frame(Opcode.TEXT, came)])
                raise
            finally:
                self._reader = None
            if whole is not None:
                try:
                    return whole.decode()
                except UnicodeDecodeError:
                    return TextBytes(whole)
        return await self._recv_from_queue()

    async def _recv_from_queue(self) -> str | bytes:
        try:
            return await self.recv_messages.get()
        except UnicodeDecodeError as problem:
            return TextBytes(problem.object)
        except EOFError:
            pass
        except WebSocketException as problem:  # too many fragments: as good as over the limit
            await self.close(TOO_BIG, str(problem))
            raise LinkClosed(TOO_BIG, str(problem)) from None
        try:
            return await self.recv()  # the stream has ended: waits for the close and says how it went
        except ConnectionClosed as ended:
            raise closed(ended) from None

    def data_received(self, data: bytes) -> None:
        whole = self._whole_text(data)
        if whole is None:
            self._is_between = False
            super().data_received(data)
            if self._cutting is None and self.protocol.close_expected():
                # the library waits for the other side to let go, which a broken one may never do
                self._cutting = self.loop.call_later(
                    self.close_timeout or CLOSE_TIMEOUT, self.transport.abort
                )
        elif (reader := self._reader) is None or reader.done():
            self.process_event(Frame(Opcode.TEXT, whole))
        elif self.hear is None:
            reader.set_result(whole)
        else:
            try:
                if not self.hear(whole.decode()):
                    reader.set_result(whole)
            except UnicodeDecodeError:
                reader.set_result(whole)
            except BaseException as error:
                reader.set_exception(error)

    def _whole_text(self, data: bytes) -> bytes | None:
        """The text in `data` if that is one whole text frame between two others, and nothing else."""
        size = len(data)
        if size < 2 or data[0] != _WHOLE_TEXT or self.protocol.state is not OPEN:
            return None
        at = 2
        length = data[1]
        if self._is_asked:
            if length < _MASKED:
                return None
            length -= _MASKED
            at = 6
        if length == _LONGER and size > at + 2:
            length = data[2] << 8 | data[3]
            at += 2
        if size != at + length or length > self._limit or self._in_fragments:
            return None
        if not self._is_between and not self._look_between():
            return None
        return apply_mask(data[at:], data[at - 4 : at]) if self._is_asked else data[at:]

    def _look_between(self) -> bool:
        """Whether the library's parser is between two frames, and stays there: extensions would want to see them."""
        parser: Any = self.protocol.parser
        while parser is not None and parser.gi_code is not _BETWEEN_FRAMES:
            parser = parser.gi_yieldfrom
        self._is_between = parser is not None and not self.protocol.extensions
        return self._is_between

    def process_event(self, event: Event) -> None:
        super().process_event(event)
        if type(event) is Frame and event.opcode in (Opcode.TEXT, Opcode.BINARY, Opcode.CONT):
            self._in_fragments = not event.fin
        self._wake()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        if self._cutting is not None:
            self._cutting.cancel()
        self._wake()

    def _wake(self) -> None:
        """Have the reader look into the queue."""
        if self._reader is not None and not self._reader.done():
            self._reader.set_result(None)

    # --- out ---------------------------------------------------------------------------------------------

    async def send_as_it_is(self, message: str | bytes) -> None:
        """Send text as a text frame, bytes as a binary one. Raises `LinkClosed`."""
        if type(message) is str and self._write(message):
            if self.paused or self.transport.is_closing():
                await self.drain()
            return
        try:
            # TextBytes is bytes that are to travel as a text frame
            await self.send(message, text=True if type(message) is TextBytes else None)
        except ConnectionClosed as ended:
            raise closed(ended) from None

    def send_at_once(self, text: str) -> bool:
        """Send `text` as a text frame if nobody has to wait for that; False: nothing was sent."""
        return not self.paused and not self.transport.is_closing() and self._write(text)

    def _write(self, text: str) -> bool:
        """Write `text` as one frame; False when that is the library's business."""
        protocol = self.protocol
        if protocol.state is not OPEN or protocol.extensions or protocol.expect_continuation_frame:
            return False
        body = text.encode()
        size = len(body)
        if size > _LONGEST_SHORT_WAY:
            return False
        bit = _MASKED if protocol.side is CLIENT else 0
        if size < _LONGER:
            head = _SHORT_HEAD(_WHOLE_TEXT, bit | size)
        else:
            head = _LONG_HEAD(_WHOLE_TEXT, bit | _LONGER, size)
        if bit:
            mask = _fresh_mask()
            head += mask
            body = apply_mask(body, mask)
        try:
            self.transport.write(head + body)
        except Exception:  # the transport is gone: the library knows how to say so
            return False
        return True


_masks: list[bytes] = []


def _fresh_mask() -> bytes:
    """Four bytes that nobody can foresee (RFC 6455 §5.3), drawn from the system's source a thousand at a time."""
    if not _masks:
        pool = secrets.token_bytes(4096)
        _masks.extend(pool[at : at + 4] for at in range(0, len(pool), 4))
    return _masks.pop()


class ServerSide(_Tolerant, ServerConnection):
    """A connection that a station opened to us."""

    _is_asked = True


class ClientSide(_Tolerant, ClientConnection):
    """A connection that we opened to a central system."""


def closed(ended: ConnectionClosed) -> LinkClosed:
    """How a connection ended: by the close frame that came, else by the one we sent, else 1006."""
    frame = ended.rcvd or ended.sent
    return LinkClosed(frame.code, frame.reason) if frame else LinkClosed(ABNORMAL, "no close frame")


class WebSocketLink:
    """A `Link` over a connection of either side."""

    __slots__ = ("connection", "recv", "send", "send_at_once", "waiting")

    def __init__(self, connection: ServerSide | ClientSide) -> None:
        self.connection = connection
        self.recv = connection.recv_as_it_came
        self.send = connection.send_as_it_is
        self.send_at_once = connection.send_at_once
        self.waiting = connection.recv_messages.frames.queue

    def tell(self, hear: Callable[[str], bool] | None) -> None:
        self.connection.hear = hear

    async def close(self, code: int = NORMAL, reason: str = "") -> None:
        if code == NO_CODE:
            await self.connection.close(None)  # type: ignore[arg-type]  # what the library has for it
            return
        # the reason of a close frame has at most 123 bytes (RFC 6455 §5.5)
        await self.connection.close(code, reason.encode()[:123].decode(errors="ignore"))

    def abort(self) -> None:
        self.connection.transport.abort()

    def reset(self) -> None:
        """Cut the connection so that the other side sees a TCP reset, not the end of a stream."""
        transport = self.connection.transport
        socket = transport.get_extra_info("socket")
        if socket is not None:
            socket.setsockopt(SOL_SOCKET, SO_LINGER, _NO_LINGERING)
        transport.abort()

    def stall(self, stalled: bool) -> None:
        """Read nothing from the socket any more, not even pings and the end; or read again."""
        transport: Any = self.connection.transport
        if transport.is_closing():
            return
        if stalled:
            transport.pause_reading()
        else:
            transport.resume_reading()
