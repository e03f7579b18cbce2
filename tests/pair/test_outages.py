"""Nothing is lost: whichever frame of a session the connection is cut at, the CSMS has each message once and in order.

The link is cut once, at frame number n of both directions together: either the frame is lost with it, or it is the last
to get through (then its answer is lost), or the CSMS cannot be reached for a while after it. What must hold afterwards
is the same for every n.
"""

from __future__ import annotations

import asyncio
from typing import Any, NamedTuple

import pytest

from charge_point.authorization import Token
from charge_point.driver import Driver, Wish
from shared.clock import parse
from shared.dialer import DialFailed
from shared.journal.entry import FRAME, IN
from shared.link import Link, LinkClosed
from shared.versions import V16, Version
from tests.pair.conversation import Payload
from tests.pair.pair import Over, Pair
from tests.support import each_version

MOST_FRAMES = 48
"""More than the frames of the session below on any version: `test_the_session_has_fewer_frames` sees to it."""

STATION = "--set SampledDataCtrlr.TxUpdatedInterval=10"
SESSIONS = 2
MOST_TRIES = 8

AWAY = 100.0
"""Seconds for which the CSMS cannot be reached: longer than a session, and than OfflineThreshold."""


class Scissors:
    """Counts the frames of all links that it wraps, and cuts at number `at` (from 1), once.

    `delivered`: the frame still gets through. For `away` seconds afterwards every attempt to connect fails.
    """

    def __init__(self, at: int, *, delivered: bool = False, away: float = 0.0) -> None:
        self.at = at
        self.delivered = delivered
        self.count = 0
        self._away = away
        self._back = 0.0

    def wrap(self, link: Link) -> Link:
        if asyncio.get_running_loop().time() < self._back:
            link.abort()
            raise DialFailed("nobody can be reached")
        return _Cut(link, self)

    def due(self) -> bool:
        """Count one more frame; whether it is the one."""
        self.count += 1
        if self.count != self.at:
            return False
        self._back = asyncio.get_running_loop().time() + self._away
        return True


class _Cut:
    """A link that is cut when its scissors say so. The sender of a lost frame learns nothing from sending it."""

    def __init__(self, link: Link, scissors: Scissors) -> None:
        self._link = link
        self._scissors = scissors
        self.close = link.close
        self.abort = link.abort

    async def recv(self) -> str | bytes:
        frame = await self._link.recv()
        if self._scissors.due():
            self._link.abort()
            if not self._scissors.delivered:
                raise LinkClosed(1006)
        return frame

    async def send(self, text: str | bytes) -> None:
        due = self._scissors.due()
        if not due or self._scissors.delivered:
            await self._link.send(text)
        if due:
            self._link.abort()


async def _sessions(p: Pair) -> list[str]:
    """Two sessions of 25 s with a meter value every 10 s; gives the station's ids of the transactions it made.

    A driver who is turned away, for nobody can be asked, comes again.
    """
    made: list[str] = []
    driver = Driver(p.station)
    for _ in range(MOST_TRIES):
        if len(made) == SESSIONS:
            break
        await p.station.until(lambda: p.station.registration.accepted)
        result = await driver.session(Wish(Token("test_token"), duration=25.0))
        if result.transaction:
            made.append(result.transaction)
        await asyncio.sleep(30)
    await asyncio.sleep(600)  # every retry and reconnect is over
    assert not len(p.station.outbox)
    return made


@pytest.mark.parametrize("how", ["lost", "delivered", "away"])
@pytest.mark.parametrize("at", range(1, MOST_FRAMES + 1))
@each_version
async def test_a_cut_at_any_frame_loses_nothing_of_a_transaction(version: Version, at: int, how: str) -> None:
    scissors = Scissors(at, delivered=how == "delivered", away=AWAY if how == "away" else 0.0)
    async with Pair(Over(sockets=False), version, station=STATION, wrap=scissors.wrap) as p:
        made = await _sessions(p)
        assert len(made) == SESSIONS
        _each_is_billed_once(p, made)
        assert p.station.registration.accepted
        assert p.record.registration == "Accepted"
        assert p.csms_status == "Available"
        assert p.transaction == ""


@each_version
async def test_the_session_has_fewer_frames_than_are_tried(version: Version) -> None:
    scissors = Scissors(0)
    async with Pair(Over(sockets=False), version, station=STATION, wrap=scissors.wrap) as p:
        made = await _sessions(p)
        stops = [e for e in p.charger.talk.exchanges if e.request.get("eventType") == "Ended"]
        last = (stops or p.charger.talk.of("StopTransaction"))[0].answer_seq
        frames = [entry for entry in p.charger.journal if entry.sort == FRAME and entry.seq <= last]
        assert len(made) == SESSIONS
        assert 20 <= len(frames) <= MOST_FRAMES


def _each_is_billed_once(p: Pair, made: list[str]) -> None:
    """The CSMS has every transaction of the station, closed, with everything that belongs to it."""
    ledger, record = p.csms.ledger, p.record
    bills = ledger.billed(record)
    assert ledger.open(record) == []
    assert len(bills) == len(made)
    first, again = _arrived(p)
    messages = [arrived.payload for arrived in first]
    _copies_are_noticed(p, again)
    if p.version is V16:
        _started_and_stopped_once(messages, [int(bill.transaction) for bill in bills])
    else:
        _late_ones_say_so(first)
        assert [bill.transaction for bill in bills] == made
        for id in made:
            _numbered_without_gap([m for m in messages if m["transactionInfo"]["transactionId"] == id])
            known = record.transactions.find(id)
            assert known is not None
            assert known.sequence is not None
            assert (known.sequence.low, known.sequence.missing) == (0, 0)
    times = [
        parse(m["timestamp"]) for m in messages if "timestamp" in m
    ]  # 1.6 MeterValues have one deeper down
    assert times == sorted(times), "each in its turn"
    for bill in bills:
        assert bill.energy is not None
        assert bill.energy > 0
        assert parse(bill.stopped) - parse(bill.started) == pytest.approx(25.0, abs=2.0)


class Arrived(NamedTuple):
    """A transaction message that the CSMS got. `at`: its Unix seconds."""

    action: str
    at: float
    payload: Payload


def _arrived(p: Pair) -> tuple[list[Arrived], list[Arrived]]:
    """The transaction messages that the CSMS got, each when it first came; and those that came again."""
    first: list[Arrived] = []
    again: list[Arrived] = []
    seen: list[Payload] = []
    for entry in p.csms_journal:
        if entry.sort != FRAME or entry.dir != IN or entry.kind != "call":
            continue
        _, _, action, payload = entry.parts()
        if action not in ("TransactionEvent", "StartTransaction", "MeterValues", "StopTransaction"):
            continue
        arrived = Arrived(action, p.csms_journal.epoch + entry.t, payload)
        said = {name: value for name, value in payload.items() if name != "offline"}
        (again if said in seen else first).append(arrived)
        seen.append(said)
    return first, again


def _copies_are_noticed(p: Pair, again: list[Arrived]) -> None:
    """Whatever came twice was entered once, and is on the record as a copy."""
    counts = p.csms.ledger.counts
    noted = sum(counts.get(name, 0) for name in ("seqno_duplicate", "duplicate_start", "duplicate_stop"))
    assert noted == len([arrived for arrived in again if arrived.action != "MeterValues"])


def _late_ones_say_so(first: list[Arrived]) -> None:
    """What did not get through at once is marked as from offline, and nothing else is (E11.FR.07)."""
    for _, at, payload in first:
        late = at - parse(payload["timestamp"]) > 0.002  # a message in memory takes no time
        assert payload.get("offline", False) is late, payload


def _started_and_stopped_once(messages: list[dict[str, Any]], numbers: list[int]) -> None:
    """A start, two meter values and a stop for each, which name the number that the start was given."""
    assert len(set(numbers)) == len(numbers)
    assert [m.get("transactionId") for m in messages] == [w for n in numbers for w in (None, n, n, n)]
    kinds = ["meterStart" in m or "meterStop" in m for m in messages]
    assert kinds == [True, False, False, True] * len(numbers)


def _numbered_without_gap(events: list[dict[str, Any]]) -> None:
    """From Started to Ended, from 0 upwards, as they first came."""
    assert [event["seqNo"] for event in events] == list(range(len(events)))
    assert [event["eventType"] for event in (events[0], events[-1])] == ["Started", "Ended"]
