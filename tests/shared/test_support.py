"""The runners of the tests themselves."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.clock import VirtualLoop
from shared.versions import VERSIONS, Version
from tests import support


async def test_an_async_test_runs_in_virtual_time() -> None:
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualLoop)
    before = loop.time()
    await asyncio.sleep(86_400)
    assert loop.time() == pytest.approx(before + 86_400)


@pytest.mark.sockets
async def test_one_that_is_marked_sockets_runs_on_the_real_loop() -> None:
    assert not isinstance(asyncio.get_running_loop(), VirtualLoop)


async def test_fixtures_reach_async_tests(version: Version) -> None:
    assert version in VERSIONS


@settings(max_examples=5)
@given(st.integers())
async def test_a_property_may_be_async_too(number: int) -> None:
    assert isinstance(asyncio.get_running_loop(), VirtualLoop)


def test_an_error_that_nobody_awaits_fails_the_test() -> None:
    async def main() -> None:
        asyncio.get_running_loop().call_soon(lambda: 1 / 0)
        await asyncio.sleep(1)

    with pytest.raises(AssertionError, match="ZeroDivisionError"):
        support.in_virtual_time(main())


def test_an_endless_virtual_test_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(support, "WALL_CLOCK_LIMIT", 0.2)

    async def main() -> None:
        while True:  # noqa: ASYNC110
            await asyncio.sleep(1)

    with pytest.raises(pytest.fail.Exception, match="still running after"):
        support.in_virtual_time(main())


def test_a_real_test_that_waits_for_ever_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(support, "WALL_CLOCK_LIMIT", 0.1)
    with pytest.raises(TimeoutError):
        support.in_real_time(asyncio.Event().wait())


def test_in_virtual_time_waiting_for_nothing_is_an_error() -> None:
    with pytest.raises(RuntimeError, match="virtual time stands still"):
        support.in_virtual_time(asyncio.Event().wait())
