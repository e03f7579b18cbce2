"""Sessions one after another, each with its result."""

from __future__ import annotations

import pytest

from charge_point.authorization import Token
from charge_point.driver import Driver, Wish
from charge_point.power import set_limit
from shared.versions import V16, Version
from tests.charge_point.scripted import REFUSED, Stage

TOKEN = Token("04A1B2C3")


@pytest.mark.parametrize("token_first", [False, True], ids=["plug first", "token first"])
async def test_a_driver_charges_for_as_long_as_asked(version: Version, token_first: bool) -> None:
    stage = Stage(version)
    await stage.booted()
    steps: list[str] = []
    driver = Driver(stage.station, steps.append)
    assert await driver.sessions(Wish(TOKEN, duration=600, token_first=token_first), 1)
    result = driver.results[0]
    assert result.outcome == "charged"
    assert result.energy == pytest.approx(230 * 32 * 3 * 600 / 3600, abs=2)
    assert steps[-1].startswith("charged")
    assert stage.station.evses[0].active.cable.name == "OUT"


async def test_a_driver_waits_until_the_station_is_accepted(version: Version) -> None:
    stage = Stage(version)
    stage.csms.script["BootNotification"] = [
        {"currentTime": stage.clock.now(), "status": "Pending", "interval": 100},
        {"currentTime": stage.clock.now(), "status": "Accepted", "interval": 100},
    ]
    stage.connect()
    assert await Driver(stage.station).sessions(Wish(TOKEN, duration=10), 1)
    assert stage.clock.elapsed() > 100


async def test_a_driver_sees_a_transaction_ended_by_the_csms(version: Version) -> None:
    stage = Stage(version)
    await stage.booted()
    driver = Driver(stage.station)
    running = stage.tasks.spawn(driver.sessions(Wish(TOKEN, duration=600), 1))
    await stage.settle(60)
    transaction = stage.station.evses[0].transaction
    assert transaction is not None
    outcome = stage.station.remote_stop(1000 if version is V16 else transaction.id)
    assert outcome.then is not None
    outcome.then()
    assert not await running
    assert driver.results[0][:2] == ("failed", "ended early: Remote")


async def test_a_driver_gives_up_on_a_station_that_gives_nothing(version: Version) -> None:
    stage = Stage(version)
    await stage.booted()
    set_limit(stage.station.evses[0], "test", 0)
    driver = Driver(stage.station)
    assert not await driver.sessions(Wish(TOKEN, energy=1000), 1)
    assert driver.results[0].reason == "no more than 0 Wh came"


async def test_a_driver_stays_until_the_last_message_is_delivered(version: Version) -> None:
    stage = Stage(version)
    csms = await stage.booted()
    last = "StopTransaction" if version is V16 else "TransactionEvent"
    csms.script[last] = [REFUSED, {}]
    assert await Driver(stage.station).sessions(Wish(TOKEN, duration=10), 1)
    assert not len(stage.station.outbox)


async def test_a_driver_finds_no_free_evse(version: Version) -> None:
    stage = Stage(version)
    await stage.booted()
    stage.station.fault(1)
    driver = Driver(stage.station)
    assert not await driver.sessions(Wish(TOKEN), 1)
    assert driver.results[0].outcome == "failed"


async def test_a_session_goes_on_through_an_outage(version: Version) -> None:
    stage = Stage(version)
    await stage.booted()
    driver = Driver(stage.station)
    running = stage.tasks.spawn(driver.sessions(Wish(TOKEN, energy=5000), 1))
    await stage.settle(60)
    stage.cut()
    await stage.settle(1500)
    assert not running.done()  # charged, but the CSMS does not know yet
    csms = stage.connect()
    assert await running
    assert driver.results[0].energy == pytest.approx(5000, abs=2)
    if version is V16:
        assert csms.of("StopTransaction")[0]["meterStop"] == 5000
