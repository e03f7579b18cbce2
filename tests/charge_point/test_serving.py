"""What a local controller offers, over real sockets: the same file over HTTP and FTP (L03, L04)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from charge_point.transfer import Network
from charge_point.transfer.serving import Served, serve
from shared.transfer import TransferFailed

pytestmark = pytest.mark.sockets

CONTENT = bytes(range(256)) * 2000
LARGE = CONTENT * 40
"""More than fits the pockets of two sockets."""
NEAR = "http://127.0.0.1:9/firmware.bin"


@asynccontextmanager
async def offered(content: bytes = CONTENT) -> AsyncIterator[Served]:
    found = await serve("image 2.bin", content, NEAR)
    try:
        yield found
    finally:
        await found.withdraw()


async def fetched(url: str) -> bytes:
    return b"".join([piece async for piece in Network().fetch(url)])


async def test_l03_fr_03_04__a_file_is_offered_over_every_protocol() -> None:
    async with offered() as file:
        assert [url.partition(":")[0] for url in file.urls] == ["http", "ftp"]
        for url in file.urls:
            assert "://127.0.0.1:" in url
            assert url.endswith("/image%202.bin")
            assert await fetched(url) == CONTENT
            with pytest.raises(TransferFailed):
                await fetched(url.replace("image", "another"))
        assert not file.busy


@pytest.mark.parametrize("protocol", [0, 1], ids=["http", "ftp"])
async def test_l04_fr_04__it_is_busy_while_somebody_fetches_it(protocol: int) -> None:
    async with offered(LARGE) as file:
        pieces = Network().fetch(file.urls[protocol])
        came = len(await anext(pieces))
        assert file.busy
        assert await fetched(file.urls[protocol]) == LARGE  # two at once, each from its own place
        async for piece in pieces:
            came += len(piece)
        assert came == len(LARGE)


async def test_nothing_is_taken_and_nothing_is_there_afterwards() -> None:
    async with offered() as file:
        urls = file.urls
        with pytest.raises(TransferFailed):
            await Network().store(urls[1].rpartition("/")[0] + "/", "mine.txt", b"x")
    for url in urls:
        with pytest.raises(TransferFailed):
            await fetched(url)
