"""The short way of whole text frames: it takes nothing that is not one, and changes nothing that can be seen."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from websockets.asyncio.client import connect
from websockets.asyncio.server import serve

from shared.link import LinkClosed
from shared.websocket import ClientSide, ServerSide, WebSocketLink

pytestmark = pytest.mark.sockets

LIMIT = 70_000
MASK = b"\x01\x02\x03\x04"

HANDSHAKE = (
    b"GET /CP1 HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)


class Raw:
    """A client that writes bytes, and the link that the server has to it."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, link: WebSocketLink
    ) -> None:
        self.reader = reader
        self.writer = writer
        self.link = link

    async def write(self, data: bytes) -> None:
        """Send these bytes, in a segment of their own as far as that can be had."""
        self.writer.write(data)
        await self.writer.drain()
        await asyncio.sleep(0.02)


@asynccontextmanager
async def raw(limit: int = LIMIT) -> AsyncIterator[Raw]:
    """A connection whose client side is bytes, of at most `limit` a message."""
    server_side: asyncio.Future[WebSocketLink] = asyncio.get_running_loop().create_future()

    async def handler(connection: ServerSide) -> None:
        server_side.set_result(WebSocketLink(connection))
        await connection.wait_closed()

    server = await serve(
        handler,  # type: ignore[arg-type]
        "127.0.0.1",
        0,
        create_connection=ServerSide,
        max_size=limit,
        compression=None,
        close_timeout=0.2,
        ping_interval=None,  # nothing else may end a connection that its client does not let go
    )
    async with server:
        port = next(iter(server.sockets)).getsockname()[1]
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(HANDSHAKE)
        await reader.readuntil(b"\r\n\r\n")
        try:
            yield Raw(reader, writer, await server_side)
        finally:
            writer.transport.abort()


def frame(text: bytes, *, first: int = 0x81) -> bytes:
    """A masked frame."""
    size = len(text)
    if size < 126:
        head = struct.pack("!BB", first, 0x80 | size)
    elif size < 65536:
        head = struct.pack("!BBH", first, 0x80 | 126, size)
    else:
        head = struct.pack("!BBQ", first, 0x80 | 127, size)
    return head + MASK + bytes(byte ^ MASK[at % 4] for at, byte in enumerate(text))


@pytest.mark.parametrize("size", [0, 1, 125, 126, 127, 65535, 65536, LIMIT])
async def test_text_of_any_length_comes_and_goes_whole(size: int) -> None:
    text = "é" * (size // 2) + "x" * (size % 2)

    async def echo(connection: ServerSide) -> None:
        link = WebSocketLink(connection)
        await link.send(await link.recv())
        await connection.wait_closed()

    server = await serve(
        echo,  # type: ignore[arg-type]
        "127.0.0.1",
        0,
        create_connection=ServerSide,
        max_size=LIMIT,
        compression=None,
    )
    async with server:
        port = next(iter(server.sockets)).getsockname()[1]
        async with connect(
            f"ws://127.0.0.1:{port}/",
            create_connection=ClientSide,
            compression=None,
            max_size=LIMIT,
        ) as client:
            assert isinstance(client, ClientSide)
            link = WebSocketLink(client)
            await link.send(text)
            assert await link.recv() == text


async def test_a_frame_in_two_pieces_whose_second_looks_like_a_whole_frame_is_one_message() -> None:
    inner = frame(b"[3]")
    outer = frame(bytes(byte ^ MASK[at % 4] for at, byte in enumerate(inner)))
    assert outer.endswith(inner)
    async with raw() as peer:
        reading = asyncio.ensure_future(peer.link.recv())
        await peer.write(outer[: -len(inner)])
        await peer.write(inner)
        await peer.write(frame(b"next"))
        assert await reading == bytes(byte ^ MASK[at % 4] for at, byte in enumerate(inner))
        assert await peer.link.recv() == "next"


@pytest.mark.parametrize("cut", [1, 2, 4, 6, 8])
async def test_a_frame_cut_anywhere_is_put_together(cut: int) -> None:
    async with raw() as peer:
        whole = frame(b"[2,1]")
        await peer.write(whole[:cut])
        await peer.write(whole[cut:])
        await peer.write(frame(b"next"))
        assert [await peer.link.recv(), await peer.link.recv()] == ["[2,1]", "next"]


async def test_messages_are_read_in_the_order_in_which_they_came() -> None:
    async with raw() as peer:
        await peer.write(frame(b"1"))  # nobody reads yet
        await peer.write(frame(b"2") + frame(b"3"))
        await peer.write(frame(b"4"))
        assert [await peer.link.recv() for _ in range(4)] == ["1", "2", "3", "4"]
        reading = asyncio.ensure_future(peer.link.recv())
        await peer.write(frame(b"5") + frame(b"6"))
        await peer.write(frame(b"7"))
        assert [await reading, await peer.link.recv(), await peer.link.recv()] == ["5", "6", "7"]


async def test_a_text_between_the_fragments_of_another_is_a_protocol_error() -> None:
    async with raw() as peer:
        await peer.write(frame(b"begun", first=0x01))
        await peer.write(frame(b"between"))
        with pytest.raises(LinkClosed) as ended:
            await peer.link.recv()
        assert ended.value.code == 1002


@pytest.mark.parametrize("limit", [128, 1000, LIMIT])
async def test_a_frame_over_the_limit_closes_with_1009(limit: int) -> None:
    async with raw(limit) as peer:
        await peer.write(frame(b"x" * limit))
        assert await peer.link.recv() == "x" * limit
        await peer.write(frame(b"x" * (limit + 1)))
        with pytest.raises(LinkClosed) as ended:
            await peer.link.recv()
        assert ended.value.code == 1009


@pytest.mark.parametrize("data", [b"\x81\x03[3]", b"\x81\x7dx"], ids=["whole", "begun"])
async def test_an_unmasked_frame_of_a_client_is_a_protocol_error(data: bytes) -> None:
    async with raw() as peer:
        await peer.write(data)
        with pytest.raises(LinkClosed) as ended:
            await peer.link.recv()
        assert ended.value.code == 1002


async def test_text_that_is_not_utf_8_comes_as_bytes_and_the_next_is_read() -> None:
    async with raw() as peer:
        reading = asyncio.ensure_future(peer.link.recv())
        await peer.write(frame(b"\xff\xfe"))
        await peer.write(frame(b"next"))
        assert [await reading, await peer.link.recv()] == [b"\xff\xfe", "next"]


async def test_a_reader_that_is_cancelled_as_a_message_comes_does_not_lose_it() -> None:
    async with raw() as peer:
        reading = asyncio.ensure_future(peer.link.recv())
        await asyncio.sleep(0)
        peer.link.connection.data_received(frame(b"kept"))
        reading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reading
        assert await peer.link.recv() == "kept"


async def test_a_ping_between_messages_is_answered() -> None:
    async with raw() as peer:
        await peer.write(frame(b"1"))
        await peer.write(frame(b"hello", first=0x89))
        assert await peer.reader.readexactly(7) == b"\x8a\x05hello"
        await peer.write(frame(b"2"))
        assert [await peer.link.recv(), await peer.link.recv()] == ["1", "2"]


async def test_nothing_is_sent_once_a_close_is_under_way() -> None:
    async with raw() as peer:
        closing = asyncio.ensure_future(peer.link.close(1000, "over"))
        await asyncio.sleep(0.02)
        sending = asyncio.ensure_future(peer.link.send("late"))
        await peer.write(frame(b"\x03\xe8", first=0x88))
        await closing
        with pytest.raises(LinkClosed):
            await sending
        assert b"late" not in await peer.reader.read()


# --- who is told of a message before the reader wakes ------------------------------------------------------------


async def test_what_is_heard_does_not_wake_the_reader_and_what_is_not_does() -> None:
    heard: list[str] = []

    def hear(text: str) -> bool:
        heard.append(text)
        return text != "mine"

    async with raw() as peer:
        peer.link.tell(hear)
        reading = asyncio.ensure_future(peer.link.recv())
        await asyncio.sleep(0)
        for text in (b"a", b"b", b"mine", b"c"):
            peer.link.connection.data_received(frame(text))
        assert await reading == "mine"
        assert heard == ["a", "b", "mine"], "nobody waits any more: the next belongs to the queue"
        assert await peer.link.recv() == "c"


async def test_a_message_that_cannot_be_read_or_comes_in_pieces_is_the_readers() -> None:
    heard: list[str] = []
    async with raw() as peer:
        peer.link.tell(lambda text: not heard.append(text))  # type: ignore[func-returns-value]
        for data, came in (
            (frame(b"\xff"), b"\xff"),
            (frame(b"par", first=0x01) + frame(b"ts", first=0x80), "parts"),
        ):
            reading = asyncio.ensure_future(peer.link.recv())
            await asyncio.sleep(0)
            peer.link.connection.data_received(data)
            assert await reading == came
        assert heard == []


async def test_what_goes_wrong_in_hearing_is_raised_where_messages_are_read() -> None:
    def hear(text: str) -> bool:
        raise LookupError(text)

    async with raw() as peer:
        peer.link.tell(hear)
        reading = asyncio.ensure_future(peer.link.recv())
        await asyncio.sleep(0)
        peer.link.connection.data_received(frame(b"oh"))
        with pytest.raises(LookupError, match="oh"):
            await reading
        peer.link.tell(None)
        peer.link.connection.data_received(frame(b"well"))
        assert await peer.link.recv() == "well"


async def test_nothing_is_sent_at_once_while_the_other_side_takes_nothing() -> None:
    async with raw() as peer:
        peer.link.connection.pause_writing()
        assert not peer.link.send_at_once("later")
        peer.link.connection.resume_writing()
        assert peer.link.send_at_once("now")
