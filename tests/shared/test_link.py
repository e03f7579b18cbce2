"""The link in memory."""

from __future__ import annotations

import asyncio

import pytest

from shared.link import LinkClosed, MemoryLink
from tests.support import until


async def test_what_one_end_sends_the_other_receives_in_order() -> None:
    one, two = MemoryLink.pair()
    for frame in ("a", b"\xff", "c"):
        await one.send(frame)
    await two.send("back")
    assert [await two.recv() for _ in range(3)] == ["a", b"\xff", "c"]
    assert await one.recv() == "back"


async def test_a_reader_waits_for_the_next_message() -> None:
    one, two = MemoryLink.pair()
    reading = asyncio.create_task(two.recv())
    await asyncio.sleep(3600)
    assert not reading.done()
    await one.send("late")
    assert await reading == "late"


async def test_a_reader_that_is_cancelled_loses_nothing() -> None:
    one, two = MemoryLink.pair()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(1):
            await two.recv()
    await one.send("a")
    assert await two.recv() == "a"


async def test_a_close_ends_both_ends_with_its_code_and_reason() -> None:
    one, two = MemoryLink.pair()
    reading = asyncio.create_task(two.recv())
    await until(lambda: two._reader)
    await one.close(1001, "bye")
    for attempt in (reading, one.recv(), one.send("x"), two.send("x")):
        with pytest.raises(LinkClosed, match="1001 bye") as ended:
            await attempt
        assert (ended.value.code, ended.value.reason) == (1001, "bye")


async def test_what_was_sent_before_the_close_is_received_before_it() -> None:
    one, two = MemoryLink.pair()
    await one.send("last words")
    await one.close()
    assert await two.recv() == "last words"
    with pytest.raises(LinkClosed):
        await two.recv()


async def test_an_abort_has_no_close_frame() -> None:
    one, two = MemoryLink.pair()
    one.abort()
    with pytest.raises(LinkClosed) as ended:
        await two.recv()
    assert ended.value.code == 1006


async def test_only_the_first_end_counts() -> None:
    one, two = MemoryLink.pair()
    await one.close(4000, "replaced")
    two.abort()
    await two.close(1000)
    with pytest.raises(LinkClosed, match="4000 replaced"):
        await two.recv()
