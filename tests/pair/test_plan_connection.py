"""The plan, groups 11, 12 and 16: connections that end and come back.

The plan was written for a simulator that boots anew after every reconnect. By the specification it does not (1.6J
§5.4, part 4 §5.3): each case runs both ways, and by the specification there is no BootNotification.
"""

from __future__ import annotations

import pytest

from shared.clock import parse
from shared.journal.entry import CLOSE, OPEN
from shared.versions import V16
from tests.pair.conftest import Make, once_over_sockets
from tests.pair.pair import Pair
from tests.pair.words import IDENTITY, booted, ended, metered, started, status

AS_PLANNED = "--boot-on-reconnect"
both_ways = pytest.mark.parametrize("station", [AS_PLANNED, ""], ids=["plan", "specification"])


async def _is_back(p: Pair, station: str) -> None:
    """The station has reconnected: with a boot and its statuses, or as if nothing had been."""
    await p.charger.station.until(lambda: p.station.is_online, p.over.patience)
    if station == AS_PLANNED:
        await p.sees(booted(p.version, "Accepted", "Unknown"))
        await p.sees(status(p.version, "Available"))
    else:
        since = p.charger.talk.cursor
        await p.time(15)
        assert await p.send("Heartbeat")
        assert not p.charger.talk.of("BootNotification", since=since)
    await p.settled()
    assert p.station.registration.accepted
    assert p.csms.find(IDENTITY) is not None


def _closes(p: Pair) -> list[str]:
    return [str(entry.what) for entry in p.csms_journal if entry.sort == CLOSE]


@both_ways
async def test_tc_conn_01__a_station_that_closes_and_comes_back_is_available(
    pair: Make, station: str
) -> None:
    async with pair("--boot-status Accepted", station) as p:
        await p.accepted()
        p.charger.hang_up(5)
        await p.station.until(lambda: not p.station.is_online)
        await _is_back(p, station)
        assert len(_closes(p)) == 1
        assert p.csms_status == "Available"
        assert p.record.boots == (2 if station else 1)


@both_ways
async def test_tc_conn_02__a_station_that_is_given_another_address_goes_there_and_back(
    pair: Make, station: str
) -> None:
    async with pair("--boot-status Accepted", station) as p:
        await p.accepted()
        first = p.session.base_url
        for other in (first.replace("127.0.0.1", "localhost") + "/other", first):
            p.charger.connect_to(other)
            await p.station.until(lambda: not p.station.is_online)
            await _is_back(p, station)
            assert p.session.base_url == other
        assert len(_closes(p)) == 2
        assert p.csms_status == "Available"


async def test_tc_sim_01__a_station_that_is_stopped_and_started_boots_anew(pair: Make) -> None:
    async with pair("--boot-status Accepted") as p:
        await p.accepted()
        await p.charger.stop()
        await p.time(5)
        assert _closes(p) == ["1000 the station is switched off"]
        assert p.csms.find(IDENTITY) is None, "stopped"
        p.charger.start()
        await p.sees(booted(p.version, "Accepted", "PowerUp"))
        await p.sees(status(p.version, "Available"))
        await p.settled()
        assert p.csms_status == "Available"


async def test_tc_sim_02__a_station_can_be_added_and_taken_away(pair: Make) -> None:
    async with pair("--boot-status Accepted") as p:
        await p.accepted()
        added = p.add_charger("CS-KEBA-OCPP2-00002")
        await added.talk.wait_for(booted(p.version, "Accepted"), p.over.patience)
        await added.talk.wait_for(status(p.version, "Available"), p.over.patience)
        assert len(p.csms.sessions) == 2
        await p.time(15)
        await added.stop()
        await p.until(lambda: len(p.csms.sessions) == 1)
        assert _closes(p) == ["1000 the station is switched off"]
        assert p.session.id == IDENTITY
        assert (await p.send("Heartbeat"))["currentTime"]


@both_ways
async def test_tc_b04_offline__a_station_comes_back_to_a_csms_that_was_killed(
    pair: Make, station: str
) -> None:
    async with pair("--boot-status Accepted", station) as p:
        await p.accepted()
        await p.kill_csms()
        await p.until(lambda: len(p.charger.attempts) >= 3)
        waits = p.charger.attempts[:3]
        assert waits == sorted(waits), "each attempt waits longer"
        assert waits[2] > 1.3 * waits[1], "and the waits grow exponentially"
        await p.start_csms()
        await _is_back(p, station)
        assert p.record.registration == ("Accepted" if station else None)
        assert p.csms_status == ("Available" if station else "")


@pytest.mark.parametrize("over", ["memory"], indirect=True)
async def test_tc_b04_offline__after_a_long_outage_every_connector_is_reported_without_a_boot(
    pair: Make,
) -> None:
    async with pair("--boot-status Accepted", "--evses 2") as p:
        await p.accepted()
        await p.kill_csms()
        await p.time(90)  # B04.FR.01: longer than OfflineThreshold, which is 60 s
        await p.start_csms()
        await p.sees(status(p.version, "Available", 1))
        await p.sees(status(p.version, "Available", 2))
        assert len(p.charger.talk.of("BootNotification")) == 1
        assert p.csms_status == "Available"


@once_over_sockets
@both_ways
async def test_tc_b04_offline_txn__what_a_transaction_brings_while_offline_comes_afterwards_in_order(
    pair: Make, station: str
) -> None:
    async with pair("--boot-status Accepted", f"{station} {pair.metered_every(10)}") as p:
        await p.accepted()
        await p.generator_start()
        await p.sees(started(p.version))
        await p.time(7)
        await p.quiet()
        id = p.transaction
        await p.kill_csms()
        down = p.clock.time()
        await p.until(lambda: len(p.station.outbox))
        await p.start_csms()
        if station:
            await p.sees(booted(p.version, "Accepted", "Unknown"))
        await p.sees(metered(p.version, {"offline": True}))
        assert p.transaction == id, "the transaction goes on"
        await p.time(3)
        await p.generator_stop()
        await p.sees(ended(p.version, "Local"))
        await p.sees(status(p.version, "Available"))
        await p.settled()
        _is_complete(p, down)
        assert p.open_transactions == 0
        assert p.csms_status == "Available"


def _is_complete(p: Pair, down: float) -> None:
    """Every message went out, in order, and those that arose while the CSMS was down say so (E04.FR.03)."""
    if p.version is V16:
        stops = p.charger.talk.of("StopTransaction")
        assert [e.request["transactionId"] for e in stops] == [1000], "the number that the first CSMS gave"
        return
    events = [e.request for e in p.charger.talk.of("TransactionEvent") if e.answer_seq]
    assert [event["seqNo"] for event in events] == list(range(len(events)))
    opened = [entry.t for entry in p.charger.journal if entry.sort == OPEN]
    up = p.charger.journal.epoch + opened[-1]
    for event in events:
        arose = parse(event["timestamp"])
        assert event.get("offline", False) is (down <= arose <= up), event
