"""What a station owes its CSMS: kept, in order, retried, given up, marked offline, and found again on disk."""

from __future__ import annotations

import asyncio
from functools import partial
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from charge_point.authorization import Token
from charge_point.outbox import Store
from shared.versions import V16, VERSIONS, Version
from tests.charge_point.scripted import REFUSED, ScriptedCsms, Stage

Payload = dict[str, Any]

TOKEN = Token("04A1B2C3")
WIDE = {"TxStartPoint": "EVConnected,Authorized", "TxStopPoint": "EVConnected,Authorized"}


async def test_a_session_offline_is_delivered_in_order_with_its_own_times(version: Version) -> None:
    stage = Stage(version, variables=WIDE | {"AllowOfflineTxForUnknownId": True})
    await stage.booted()
    stage.cut()
    began = stage.station.clock.now()
    stage.station.plug_in()
    await stage.station.present(TOKEN)
    await stage.settle(150)
    await stage.station.present(TOKEN)
    stage.station.unplug()
    await stage.settle(100)
    csms = stage.connect()
    await stage.settle()
    if version is V16:
        calls = csms.actions("StatusNotification")
        assert calls == ["StartTransaction", "MeterValues", "MeterValues", "StopTransaction"]
        assert {p["transactionId"] for p in csms.of("MeterValues") + csms.of("StopTransaction")} == {1000}
        assert csms.of("StartTransaction")[0]["timestamp"] == began
    else:
        events = csms.of("TransactionEvent")
        assert [event["seqNo"] for event in events] == [0, 1, 2, 3, 4, 5]
        assert all(event["offline"] for event in events)
        assert events[0]["timestamp"] == began


async def test_what_is_still_queued_when_the_link_drops_is_offline(version_2x: Version) -> None:
    stage = Stage(version_2x, variables=WIDE)
    csms = await stage.booted()
    csms.script["TransactionEvent"] = [{}, None]
    stage.station.plug_in()
    await stage.settle()
    await stage.station.present(TOKEN)  # its events wait behind one that is not answered
    await stage.settle()
    stage.cut()
    stage.csms.script.clear()
    csms = stage.connect()
    await stage.settle()
    events = csms.of("TransactionEvent")
    assert [(event["seqNo"], event["offline"]) for event in events] == [(1, True), (2, True)]


async def test_a_refused_message_is_retried_at_growing_distances_and_given_up(version: Version) -> None:
    variables = {"TransactionMessageAttempts": 3, "TransactionMessageRetryInterval": 60}
    stage = Stage(version, variables=variables)
    csms = await stage.booted()
    action = "StartTransaction" if version is V16 else "TransactionEvent"
    csms.script[action] = REFUSED
    stage.station.plug_in()
    await stage.station.present(TOKEN)
    await stage.settle(185)
    first = csms.of(action)[0]
    times = [got.at for got in csms.got if got.action == action and got.payload == first]
    assert [round(b - a) for a, b in pairwise(times)] == [60, 120]
    assert "given_up" in stage.notes()


async def test_an_unanswered_message_counts_its_timeout_before_the_wait(version: Version) -> None:
    stage = Stage(version, variables={"TransactionMessageAttempts": 2, "TransactionMessageRetryInterval": 20})
    csms = await stage.booted()
    action = "StartTransaction" if version is V16 else "TransactionEvent"
    csms.script[action] = [None, *([{"transactionId": 5} | csms.token_info()] if version is V16 else [{}])]
    stage.station.plug_in()
    await stage.station.present(TOKEN)
    await stage.settle(59)
    first = csms.of(action)[0]
    times = [got.at for got in csms.got if got.action == action and got.payload == first]
    assert [round(b - a) for a, b in pairwise(times)] == [50]
    assert "given_up" not in stage.notes()


async def test_the_timeout_that_the_csms_sets_counts() -> None:
    stage = Stage(V16, variables={"TransactionMessageAttempts": 2, "TransactionMessageRetryInterval": 20})
    csms = await stage.booted()
    csms.script["StartTransaction"] = [None, {"transactionId": 5} | csms.token_info()]
    stage.station.model.put("MessageTimeout", 7)
    stage.station.plug_in()
    await stage.station.present(TOKEN)
    await stage.settle(40)
    times = [got.at for got in csms.got if got.action == "StartTransaction"]
    assert [round(b - a) for a, b in pairwise(times)] == [27]


async def test_a_transaction_whose_start_was_given_up_goes_on_as_minus_one() -> None:
    stage = Stage(V16, variables={"TransactionMessageAttempts": 1})
    csms = await stage.booted()
    csms.script["StartTransaction"] = REFUSED
    stage.station.plug_in()
    await stage.station.present(TOKEN)
    await stage.settle(61)
    await stage.station.present(TOKEN)
    await stage.settle()
    assert csms.of("MeterValues")[0]["transactionId"] == -1
    assert csms.of("StopTransaction")[0]["transactionId"] == -1


async def test_a_status_overtakes_a_queue_that_waits(version: Version) -> None:
    stage = Stage(version, evses=((1,), (1,)))
    csms = await stage.booted()
    csms.script["StartTransaction"] = csms.script["TransactionEvent"] = REFUSED
    stage.station.plug_in(1)
    await stage.station.present(TOKEN, 1)
    await stage.settle()
    stage.station.plug_in(2)
    await stage.settle()
    assert len(csms.statuses(2)) == 1


async def test_nothing_owed_leaves_before_a_new_boot_is_accepted(version: Version) -> None:
    stage = Stage(version)
    csms = await stage.booted()
    stage.station.plug_in()
    await stage.station.present(TOKEN)
    await stage.settle()
    csms.script["StopTransaction"] = csms.script["TransactionEvent"] = lambda request: None
    stage.station.power_cycle(5, backup=True)
    await stage.settle(10)
    stage.csms.script = {
        "BootNotification": [
            {"currentTime": stage.clock.now(), "status": "Pending", "interval": 30},
            {"currentTime": stage.clock.now(), "status": "Accepted", "interval": 30},
        ]
    }
    csms = stage.connect()
    await stage.settle(20)
    assert csms.actions() == ["BootNotification"]
    await stage.settle(20)
    last = csms.of("StopTransaction" if version is V16 else "TransactionEvent")[-1]
    reason = last["reason"] if version is V16 else last["transactionInfo"]["stoppedReason"]
    assert reason == "PowerLoss"


async def test_a_killed_process_finds_everything_again(version: Version, tmp_path: Path) -> None:
    stage = Stage(version, store=Store(tmp_path), variables=WIDE)
    await stage.booted()
    assert not (tmp_path / "stations.sqlite").exists()  # an idle station pays nothing
    stage.station.plug_in()
    await stage.station.present(TOKEN)
    await stage.settle(61)
    known = dict(stage.station.outbox.numbers or {})
    stage.cut()
    await stage.settle(60)  # one more sample, offline
    stage.station.set_availability(False, 1).then()  # type: ignore[misc]
    await stage.settle()

    # killed: nothing is said or closed; another process begins with what is on disk
    again = Stage(version, store=Store(tmp_path), variables=WIDE, run_id="1")
    csms = again.connect()
    await again.settle()
    assert csms.actions()[0] == "BootNotification"
    if version is V16:
        number = next(iter(known.values()))
        owed = csms.actions("BootNotification", "StatusNotification")
        assert owed == ["MeterValues", "StopTransaction"]
        assert csms.of("MeterValues")[0]["transactionId"] == number
        stop = csms.of("StopTransaction")[0]
        assert (stop["transactionId"], stop["reason"]) == (number, "PowerLoss")
        assert stop["meterStop"] > 0
    else:
        events = csms.of("TransactionEvent")
        assert [event["seqNo"] for event in events] == [4, 5]
        assert events[1]["transactionInfo"]["stoppedReason"] == "PowerLoss"
        assert all(event["offline"] for event in events)


async def test_what_the_csms_taught_survives_the_process(version: Version, tmp_path: Path) -> None:
    stage = Stage(version, store=Store(tmp_path))
    await stage.booted()
    stage.station.plug_in()
    await stage.station.present(TOKEN)
    await stage.settle(60)
    await stage.station.present(TOKEN)
    stage.station.unplug()
    await stage.settle()
    stage.station.model.put("LocalPreAuthorize", True)
    register = stage.station.evses[0].meter.energy

    again = Stage(version, store=Store(tmp_path), run_id="1")
    csms = await again.booted()
    assert again.station.evses[0].meter.energy == register > 0
    again.station.plug_in()
    assert (await again.station.present(TOKEN)).outcome == "started"
    await again.settle()
    assert "Authorize" not in csms.actions()
    assert stage.station.outbox.numbers in ({}, None)


async def test_a_token_that_the_version_cannot_carry_is_refused_at_the_reader() -> None:
    stage = Stage(V16)
    csms = await stage.booted()
    presented = await stage.station.present("4" * 21)
    assert presented[::2] == ("refused", "an OCPP 1.6 token has at most 20 characters, this one 21")
    assert (await stage.station.present("")).reason == "the token is empty"
    assert csms.actions() == []


async def test_a_station_low_on_memory_leaves_out_updates_from_the_middle(
    version: Version, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("charge_point.outbox.MAX_OWED", 20)
    stage = Stage(version, variables=WIDE | {"TxUpdatedInterval": 10, "AllowOfflineTxForUnknownId": True})
    await stage.booted()
    stage.cut()
    stage.station.plug_in()
    await stage.station.present(TOKEN)
    await stage.settle(1000)
    await stage.station.present(TOKEN)
    assert len(stage.station.outbox) <= 21
    csms = stage.connect()
    await stage.settle()
    assert "thinned" in stage.notes()
    if version is V16:
        calls = csms.actions("StatusNotification")
        assert (calls[0], calls[-1], set(calls[1:-1])) == (
            "StartTransaction",
            "StopTransaction",
            {"MeterValues"},
        )
    else:
        events = csms.of("TransactionEvent")
        assert (events[0]["eventType"], events[-1]["eventType"]) == ("Started", "Ended")
        numbers = [event["seqNo"] for event in events]
        assert numbers == sorted(numbers)


class Ledger:
    """What a CSMS books that never books a message twice, and whose answers get lost at random."""

    def __init__(self, version: Version, lost: list[bool]) -> None:
        self.version = version
        self.rows: list[tuple[str, Payload]] = []
        self._lost = iter([*lost, *[False] * 10_000])
        self._numbers: dict[str, int] = {}

    def script(self, csms: ScriptedCsms) -> None:
        """Answer transaction messages from this ledger."""
        for action in ("StartTransaction", "StopTransaction", "MeterValues", "TransactionEvent"):
            csms.script[action] = partial(self._take, csms, action)

    def _take(self, csms: ScriptedCsms, action: str, payload: Payload) -> Payload | None:
        booked = {name: value for name, value in payload.items() if name != "offline"}
        if (action, booked) not in self.rows:
            self.rows.append((action, booked))
        answer: Payload = csms.token_info() if "idToken" in payload or "idTag" in payload else {}
        if action == "StartTransaction":
            number = self._numbers.setdefault(payload["timestamp"], len(self._numbers) + 1)
            answer |= {"transactionId": number}
        return None if next(self._lost) else answer

    def check(self) -> None:
        """Every transaction is there from its first message to its last, in order and without a gap."""
        if self.version is V16:
            self._check_16()
            return
        by_transaction: dict[str, list[Payload]] = {}
        for _, row in self.rows:
            by_transaction.setdefault(row["transactionInfo"]["transactionId"], []).append(row)
        for mine in by_transaction.values():
            assert [row["seqNo"] for row in mine] == list(range(len(mine)))
            assert (mine[0]["eventType"], mine[-1]["eventType"]) == ("Started", "Ended")

    def _check_16(self) -> None:
        number, times = 0, []
        for action, row in self.rows:
            if action == "StartTransaction":
                assert number == 0
                number = self._numbers[row["timestamp"]]
            else:
                assert row["transactionId"] == number
            times.append(row.get("timestamp") or row["meterValue"][0]["timestamp"])
            if action == "StopTransaction":
                number = 0
        assert number == 0
        assert times == sorted(times)


def killed(stage: Stage, path: Path, run: int) -> Stage:
    """The process of `stage` is gone from one moment to the next; another begins with what is on disk."""
    old = stage.station
    if old.store is not None:
        old.store.close()
    old.store = old.outbox.store = None  # whatever the dead still do, the disk does not see it
    stage.cut()
    old.switch_off()
    return Stage(stage.version, store=Store(path), run_id=str(run), variables=LEDGERED)


LEDGERED: dict[str, Any] = WIDE | {
    "AllowOfflineTxForUnknownId": True,
    "TxUpdatedInterval": 7,
    "TransactionMessageAttempts": 100,
    "TransactionMessageRetryInterval": 1,
}


@settings(max_examples=80, deadline=None)
@given(
    version=st.sampled_from(VERSIONS),
    blows=st.lists(
        st.tuples(
            st.sampled_from(["cut", "cut", "kill", "present", "plug"]),
            st.floats(0.1, 40.0),
            st.floats(0.0, 20.0),
        ),
        max_size=12,
    ),
    lost=st.lists(st.booleans(), max_size=20),
)
async def test_whatever_is_cut_or_killed_the_ledger_is_complete_and_in_order(
    version: Version, blows: list[tuple[str, float, float]], lost: list[bool]
) -> None:
    with TemporaryDirectory() as folder:
        path, ledger = Path(folder), Ledger(version, lost)
        stage = Stage(version, store=Store(path), variables=LEDGERED)
        await stage.booted()
        ledger.script(stage.csms)
        stage.station.plug_in()
        await stage.station.present(TOKEN)
        for number, (blow, before, away) in enumerate(blows, 1):
            await asyncio.sleep(before)
            if blow == "present":
                await stage.station.present(TOKEN)
            elif blow == "plug":
                await replug(stage)
            else:
                if blow == "kill":
                    stage = killed(stage, path, number)
                else:
                    stage.cut()
                await asyncio.sleep(away)
                ledger.script(stage.connect())
                await asyncio.sleep(0)
        stage.station.emergency_stop()
        assert await stage.station.until(lambda: stage.station.has_said_all, within=20_000)
        ledger.check()
        assert "given_up" not in stage.notes()
        stage.station.switch_off()
        assert stage.station.store is not None
        stage.station.store.close()


async def replug(stage: Stage) -> None:
    """Somebody takes the cable out, or puts it in and presents the token."""
    one = stage.station.evses[0]
    if one.active.cable.name == "OUT":
        stage.station.plug_in()
        await stage.station.present(TOKEN)
    else:
        stage.station.unplug()


def test_a_store_that_was_never_used_has_no_file(tmp_path: Path) -> None:
    store = Store(tmp_path / "deep")
    assert store.owed("CP1") == []
    assert store.kept("CP1") == {}
    store.keep("CP1", "nothing", None)
    store.close()
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("value", [{"a": [1, 2]}, "text", 5])
def test_a_store_gives_back_what_it_keeps(tmp_path: Path, value: object) -> None:
    store = Store(tmp_path)
    store.keep("CP1", "thing", value)
    store.close()
    assert Store(tmp_path).kept("CP1") == {"thing": value}
