"""The plan, groups 1 to 3 and 11 to 12: booting, being turned away, coming back."""

from __future__ import annotations

import pytest

from shared.clock import parse
from tests.pair.conftest import Make, once_over_sockets
from tests.pair.conversation import Exchange, Fact
from tests.pair.pair import Pair
from tests.pair.words import booted, status

TIMESTAMP = Fact("a timestamp", lambda text: parse(text) > 0)


async def _restarted(p: Pair) -> None:
    """Stop the station, five seconds, start it."""
    await p.charger.stop()
    await p.time(5)
    p.charger.start()


def _is_apart(pair: Make, first: Exchange, again: Exchange, interval: int) -> None:
    """The second came when the interval was over: not before and, in virtual time, not after."""
    apart = again.at - first.at
    assert apart >= interval - 0.01
    if not pair.over.sockets:
        assert apart == pytest.approx(interval, abs=0.1)


async def test_tc_b01__a_boot_is_accepted_and_the_connector_reported_available(pair: Make) -> None:
    async with pair("--boot-status Accepted") as p:
        await p.sees(booted(p.version, "Accepted"))
        await _restarted(p)
        await p.sees(booted(p.version, "Accepted", "PowerUp", interval=60, currentTime=TIMESTAMP))
        await p.sees(status(p.version, "Available"))
        await p.settled()
        assert p.station.registration.accepted
        assert p.record.registration == "Accepted"
        assert p.record.boots == 2
        assert p.csms_status == "Available"


@once_over_sockets
async def test_tc_b03__a_rejected_station_is_silent_until_it_may_boot_again(pair: Make) -> None:
    interval = pair.whole(5)
    async with pair(f"--boot-status Rejected --retry-interval {interval}") as p:
        first = await p.sees(booted(p.version, "Rejected", "PowerUp", interval=interval))
        again = await p.sees(booted(p.version, "Rejected", interval=interval))
        _is_apart(pair, first, again, interval)
        p.only("BootNotification")
        assert p.station.registration.status == "Rejected"
        assert p.record.registration == "Rejected"
        assert not p.record.statuses


@once_over_sockets
async def test_tc_b02__a_pending_station_sends_nothing_but_boots(pair: Make) -> None:
    interval = pair.whole(5)
    async with pair(f"--boot-status Pending --retry-interval {interval}") as p:
        first = await p.sees(booted(p.version, "Pending", "PowerUp", interval=interval))
        again = await p.sees(booted(p.version, "Pending", interval=interval))
        _is_apart(pair, first, again, interval)
        p.only("BootNotification")
        assert p.station.registration.status == "Pending"
        assert p.record.registration == "Pending"
        assert not p.record.statuses
