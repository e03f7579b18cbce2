"""Links over real WebSockets: what comes as it came, and how a connection ends."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from websockets.asyncio.client import connect
from websockets.asyncio.server import serve
from websockets.exceptions import ConnectionClosed
from websockets.frames import Frame, Opcode

from shared.link import LinkClosed
from shared.websocket import ClientSide, ServerSide, WebSocketLink

pytestmark = pytest.mark.sockets

LIMIT = 100_000

Raw = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@asynccontextmanager
async def listening(
    talk: Callable[[WebSocketLink], Awaitable[object]], compression: str | None = None
) -> AsyncIterator[int]:
    """A server that lets `talk` have each connection, and its port."""

    async def handler(connection: ServerSide) -> None:
        await talk(WebSocketLink(connection))

    server = await serve(
        handler,  # type: ignore[arg-type]
        "127.0.0.1",
        0,
        create_connection=ServerSide,
        max_size=LIMIT,
        compression=compression,
        close_timeout=2,
    )
    async with server:
        yield next(iter(server.sockets)).getsockname()[1]


@asynccontextmanager
async def linked(compression: str | None = None) -> AsyncIterator[tuple[WebSocketLink, WebSocketLink]]:
    """The client's and the server's link of one connection."""
    server_side: asyncio.Future[WebSocketLink] = asyncio.get_running_loop().create_future()
    done = asyncio.Event()

    async def talk(link: WebSocketLink) -> None:
        server_side.set_result(link)
        await done.wait()

    async with listening(talk, compression) as port:
        url = f"ws://127.0.0.1:{port}/CP1"
        async with connect(url, create_connection=ClientSide, max_size=LIMIT, compression=compression) as client:  # type: ignore[arg-type]  # fmt: skip
            assert isinstance(client, ClientSide)
            try:
                yield WebSocketLink(client), await server_side
            finally:
                done.set()


async def send_as(link: WebSocketLink, opcode: Opcode, data: bytes, *, fin: bool = True) -> None:
    """Put a frame on the wire that the library itself would not send."""
    connection = link.connection
    connection.protocol.send_frame(Frame(opcode, data, fin=fin))
    connection.send_data()
    await connection.drain()


async def raw_client(port: int) -> Raw:
    """A TCP connection on which the handshake is done, and nothing else will be."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(
        b"GET /CP1 HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
    )
    assert b"101" in await reader.readuntil(b"\r\n\r\n")
    return reader, writer


@pytest.mark.parametrize("compression", [None, "deflate"])
async def test_text_and_bytes_arrive_as_they_were_sent(compression: str | None) -> None:
    async with linked(compression) as (client, server):
        for one, other in ((client, server), (server, client)):
            for message in ("", '[2,"é\U0001f50c"]', b"", b"\x00\xff", "x" * LIMIT):
                await one.send(message)
                assert await other.recv() == message


@pytest.mark.parametrize("data", [b"\xff", b'[2,"caf\xe9"]', b"\xed\xa0\x80", b"ok \xf0\x9f"])
async def test_text_that_is_not_utf_8_comes_as_bytes_and_the_connection_lives_on(data: bytes) -> None:
    async with linked() as (client, server):
        for one, other in ((client, server), (server, client)):
            await send_as(one, Opcode.TEXT, data)
            await one.send("after")
            assert await other.recv() == data
            assert await other.recv() == "after"
            await other.send("and back")
            assert await one.recv() == "and back"


async def test_a_message_in_fragments_is_one_message() -> None:
    async with linked() as (client, server):
        await send_as(client, Opcode.TEXT, b'[2,"', fin=False)
        await send_as(client, Opcode.CONT, b'1"', fin=False)
        await send_as(client, Opcode.CONT, b"]")
        assert await server.recv() == '[2,"1"]'


async def test_a_message_over_the_limit_closes_with_1009() -> None:
    async with linked() as (client, server):
        await client.send("x" * (LIMIT + 1))
        for end in (server, client):
            with pytest.raises(LinkClosed) as ended:
                await end.recv()
            assert ended.value.code == 1009


async def test_so_does_one_that_grows_over_it_in_fragments() -> None:
    async with linked() as (client, server):
        await send_as(client, Opcode.TEXT, b"x" * 60_000, fin=False)
        await send_as(client, Opcode.CONT, b"x" * 60_000, fin=False)
        with pytest.raises(LinkClosed) as ended:
            await server.recv()
        assert ended.value.code == 1009


async def test_so_does_one_in_too_many_fragments(monkeypatch: pytest.MonkeyPatch) -> None:
    messages = pytest.importorskip("websockets.asyncio.messages")
    if not hasattr(messages, "MAX_FRAGMENTS"):
        pytest.skip("this release of websockets has no such limit")
    monkeypatch.setattr(messages, "MAX_FRAGMENTS", 10)
    async with linked() as (client, server):
        await send_as(client, Opcode.TEXT, b"", fin=False)
        for _ in range(12):
            await send_as(client, Opcode.CONT, b"", fin=False)
        for end in (server, client):
            with pytest.raises(LinkClosed) as ended:
                await end.recv()
            assert ended.value.code == 1009


@pytest.mark.parametrize(("code", "reason"), [(1000, ""), (1001, "shutting down"), (4000, "replaced")])
async def test_a_close_arrives_with_its_code_and_reason(code: int, reason: str) -> None:
    async with linked() as (client, server):
        await server.close(code, reason)
        with pytest.raises(LinkClosed) as ended:
            await client.recv()
        assert (ended.value.code, ended.value.reason) == (code, reason)
        with pytest.raises(LinkClosed):
            await client.send("x")
        with pytest.raises(LinkClosed):
            await server.recv()


async def test_a_long_reason_in_any_script_is_cut_to_what_a_close_frame_holds() -> None:
    async with linked() as (client, server):
        await server.close(1001, "ü" * 200)
        with pytest.raises(LinkClosed) as ended:
            await client.recv()
        assert ended.value.reason == "ü" * 61


async def test_closing_twice_or_after_the_end_does_nothing() -> None:
    async with linked() as (client, server):
        await server.close()
        await server.close(1001)
        await client.close()
        client.abort()


async def test_an_abort_is_1006_at_both_ends() -> None:
    async with linked() as (client, server):
        client.abort()
        for end in (server, client):
            with pytest.raises(LinkClosed) as ended:
                await end.recv()
            assert ended.value.code == 1006


async def ends_of(break_off: Callable[[Raw], Awaitable[object]]) -> list[LinkClosed]:
    """How the server sees a raw client's connection end that `break_off` breaks off."""
    ends: list[LinkClosed] = []
    over = asyncio.Event()

    async def talk(link: WebSocketLink) -> None:
        try:
            while True:
                await link.recv()
        except LinkClosed as ended:
            ends.append(ended)
            over.set()

    async with listening(talk) as port:
        raw = await raw_client(port)
        await break_off(raw)
        await over.wait()
        raw[1].close()
    return ends


async def test_a_half_closed_connection_ends() -> None:
    async def half_close(raw: Raw) -> None:
        raw[1].write_eof()

    assert [end.code for end in await ends_of(half_close)] == [1006]


async def test_so_does_one_that_is_half_closed_in_the_middle_of_a_frame() -> None:
    async def half_close(raw: Raw) -> None:
        raw[1].write(b"\x81\xfe\x00\xff")  # a frame of 255 bytes begins
        raw[1].write_eof()

    assert [end.code for end in await ends_of(half_close)] == [1006]


async def test_a_reset_connection_ends() -> None:
    async def reset(raw: Raw) -> None:
        raw[1].transport.abort()

    assert [end.code for end in await ends_of(reset)] == [1006]


@pytest.mark.parametrize(
    "data", [b"\x83\x80\x00\x00\x00\x00", b"\x81\x05hello", b"\xff" * 50, b"GET / HTTP/1.1\r\n\r\n"]
)
async def test_what_is_no_websocket_frame_closes_with_1002(data: bytes) -> None:
    """A reserved opcode, no mask from a client (RFC 6455 §5.1), noise."""

    async def noise(raw: Raw) -> None:
        raw[1].write(data)
        await raw[0].read()  # until the server is done with us
        raw[1].close()

    assert [end.code for end in await ends_of(noise)] == [1002]


async def test_a_reader_may_be_cancelled_and_come_back() -> None:
    async with linked() as (client, server):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.02):
                await server.recv()
        await client.send("a")
        assert await server.recv() == "a"


async def test_the_library_itself_would_have_closed_on_what_we_take() -> None:
    """The reason for our own reading: with plain `recv` the connection is gone after broken UTF-8."""
    async with linked() as (client, server):
        await send_as(client, Opcode.TEXT, b"\xff")
        with pytest.raises(ConnectionClosed):
            await server.connection.recv()
