"""The plan, groups 6, 14, 17 and a case of group 7: transactions from start to end, and what ends them early."""

from __future__ import annotations

from uuid import UUID

import pytest

from shared.versions import V16
from tests.pair.conftest import Make, once_over_sockets
from tests.pair.conversation import ANY, CSMS, Exchange, Fact, asked, said
from tests.pair.pair import Pair
from tests.pair.words import (
    START,
    STOP,
    authorized,
    booted,
    ended,
    fallback,
    metered,
    remote_start,
    remote_stop,
    started,
    status,
    token_status,
)
from tests.support import each_2x

ACCEPTED = "--boot-status Accepted"
PLAN_MEASURANDS = ("Power.Active.Import", "Current.Import", "Voltage", "Energy.Active.Import.Register")
MEASURANDS = f"--set SampledDataCtrlr.TxUpdatedMeasurands={','.join(PLAN_MEASURANDS)}"

on_16 = pytest.mark.parametrize("version", [V16], ids=str)


def _metered_every(pair: Make, seconds: int) -> str:
    return f"--set SampledDataCtrlr.TxUpdatedInterval={pair.whole(seconds)}"


def _events(p: Pair) -> list[Exchange]:
    return p.charger.talk.of("TransactionEvent")


def _gapless(p: Pair) -> None:
    """The events of the one transaction are numbered from 0, and the CSMS has them all."""
    if p.version is V16:
        assert [
            e.action for e in p.charger.talk.exchanges if e.action in ("StartTransaction", "StopTransaction")
        ] == [
            "StartTransaction",
            "StopTransaction",
        ]
        return
    assert [e.request["seqNo"] for e in _events(p)] == list(range(len(_events(p))))
    assert len({e.request["transactionInfo"]["transactionId"] for e in _events(p)}) == 1


async def _is_over(p: Pair) -> None:
    """The connector is free, and neither side knows of a transaction."""
    await p.sees(status(p.version, "Available"))
    await p.settled()
    assert p.transaction == ""
    assert p.open_transactions == 0
    assert p.csms_status == "Available"


def _is_billed(p: Pair, reason: str) -> None:
    """The CSMS has closed one transaction, for this reason."""
    (bill,) = p.csms.ledger.billed(p.record)
    assert bill.reason == reason
    assert bill.energy is not None
    assert bill.energy >= 0


# --- remote lifecycle ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("first", ["plug", "start"])
async def test_tc_f01__a_transaction_starts_remotely(pair: Make, first: str) -> None:
    async with pair(f"{ACCEPTED} --command {START} {pair.delay(5)}") as p:
        await p.sees(status(p.version, "Available"))
        if first == "plug":
            p.station.plug_in(1)
        request = await p.commanded(remote_start(p.version, "Accepted"))
        if first == "start":
            p.station.plug_in(1)
        begun = await p.sees(started(p.version, {"triggerReason": "RemoteStart", "evse.id": 1}))
        await p.settled()
        assert begun.seq > request.answer_seq
        assert p.open_transactions == 1
        _is_its(p, begun, request)
        assert p.csms_status in ("Occupied", "Charging")


def _is_its(p: Pair, begun: Exchange, request: Exchange) -> None:
    """The transaction is the one that was asked for, on both sides."""
    if p.version is V16:
        assert begun.request["idTag"] == request.request["idTag"] == "test_token"
        assert p.csms.ledger.open(p.record)[0].id == (begun.answer or {})["transactionId"]
        return
    info = begun.request["transactionInfo"]
    assert info["remoteStartId"] == request.request["remoteStartId"]
    assert str(UUID(info["transactionId"])) == info["transactionId"] == p.transaction
    assert p.csms.ledger.open(p.record)[0].remote_start_id == request.request["remoteStartId"]


@once_over_sockets
async def test_tc_f03__a_running_transaction_is_stopped_remotely(pair: Make) -> None:
    stop = 1 if pair.over.sockets else 30
    start_on = "--start-on accepted" if pair.over.sockets else ""
    commands = f"--commands {START}:{pair.after(5)},{STOP}:{stop} {start_on}"
    async with pair(f"{ACCEPTED} {commands}") as p:
        await p.sees(status(p.version, "Available"))
        p.station.plug_in(1)
        await p.commanded(remote_start(p.version, "Accepted"))
        begun = await p.sees(started(p.version, {"triggerReason": "RemoteStart"}))
        id = (begun.answer or {})["transactionId"] if p.version is V16 else p.transaction
        await p.commanded(remote_stop(p.version, "Accepted", id))
        await p.sees(ended(p.version, "Remote", {"triggerReason": "RemoteStop"}))
        await p.settled()
        p.station.unplug(1)
        await _is_over(p)
        _gapless(p)
        _is_billed(p, "Remote")


@once_over_sockets
async def test_tc_f03__a_running_transaction_is_stopped_by_its_driver(pair: Make) -> None:
    async with pair(ACCEPTED, _metered_every(pair, 5)) as p:
        await p.accepted()
        await p.generator_start()
        await p.sees(started(p.version))
        await p.sees(metered(p.version))
        await p.generator_stop()
        await p.sees(ended(p.version, "Local"))
        await _is_over(p)
        _gapless(p)
        _is_billed(p, "Local")


async def _nothing_is_stopped(pair: Make) -> None:
    async with pair(f"{ACCEPTED} --command {STOP} {pair.delay(5)}") as p:
        await p.commanded(remote_stop(p.version, "Rejected", fallback(p.version)))
        await p.time(10)
        await p.settled()
        assert not _events(p)
        p.never("StopTransaction")
        assert p.csms_status == "Available"
        assert p.transaction == ""


async def test_tc_f03b__without_a_transaction_a_remote_stop_is_rejected(pair: Make) -> None:
    await _nothing_is_stopped(pair)


async def test_tc_e_stop_none__without_a_transaction_nothing_is_stopped(pair: Make) -> None:
    await _nothing_is_stopped(pair)


@once_over_sockets
async def test_tc_e01_atg__a_session_runs_from_its_authorization_to_its_end(pair: Make) -> None:
    async with pair(ACCEPTED, _metered_every(pair, 10)) as p:
        await p.accepted()
        result = await p.generator(30)
        assert result.outcome == "charged"
        await p.sees(status(p.version, "Preparing" if p.version is V16 else "Occupied"))
        await p.sees(authorized(p.version, "test_token", "Accepted"))
        await p.sees(started(p.version, {"triggerReason": "Authorized"}, token_status(p.version, "Accepted")))
        if p.version is not V16:
            charging = {"eventType": "Updated", "transactionInfo.chargingState": "Charging"}
            await p.sees(said("TransactionEvent", charging | {"triggerReason": "ChargingStateChanged"}))
        await p.sees(metered(p.version))
        await p.sees(ended(p.version, "Local", {"triggerReason": "StopAuthorized"}))
        await _is_over(p)
        _gapless(p)
        _is_billed(p, "Local")
        if not p.over.sockets:
            count, energy = p.csms.energy(p.station.id)
            assert count == 1
            assert energy == pytest.approx(result.energy, abs=1)


def _sampled(context: str) -> Fact:
    """Meter values with this context, of each of the plan's measurands if periodic."""

    def holds(values: object) -> bool:
        assert isinstance(values, list)
        found = {
            s.get("measurand", "Energy.Active.Import.Register")
            for v in values
            for s in v["sampledValue"]
            if s.get("context", "Sample.Periodic") == context
        }
        return found >= set(PLAN_MEASURANDS) if context == "Sample.Periodic" else bool(found)

    return Fact(f"meter values with context {context}", holds)


@once_over_sockets
async def test_tc_j02__meter_values_come_at_begin_periodically_and_at_the_end(pair: Make) -> None:
    every = "--set StopTxnSampledData=Energy.Active.Import.Register" if pair.is_16 else ""
    async with pair(ACCEPTED, f"{_metered_every(pair, 10)} {MEASURANDS} {every}") as p:
        await p.accepted()
        await p.generator(30)
        if p.version is V16:
            begun = await p.sees(started(p.version))
            await p.sees(
                said("MeterValues", {"transactionId": ANY, "meterValue": _sampled("Sample.Periodic")})
            )
            stopped = {"transactionData": _sampled("Transaction.End"), "meterStop": ANY}
            over = await p.sees(said("StopTransaction", stopped))
            assert over.request["meterStop"] > begun.request["meterStart"]
        else:
            await p.sees(started(p.version, {"meterValue": _sampled("Transaction.Begin")}))
            await p.sees(metered(p.version, {"meterValue": _sampled("Sample.Periodic")}))
            await p.sees(ended(p.version, "Local", {"meterValue": _sampled("Transaction.End")}))
        _gapless(p)


@once_over_sockets
@each_2x
async def test_tc_i01__every_update_is_answered_with_the_cost_so_far(pair: Make) -> None:
    async with pair(f"{ACCEPTED} --total-cost 25.50", _metered_every(pair, 10)) as p:
        await p.accepted()
        await p.generator_start()
        await p.sees(metered(p.version, None, {"totalCost": 25.5}))
        await p.settled()
        running = p.station.evses[0].transaction
        assert running is not None
        assert running.cost == 25.5, "the station knows"
        await p.generator_stop()
        await p.sees(ended(p.version, "Local", None, {"totalCost": 25.5}))
        await _is_over(p)
        updates = [e for e in _events(p) if e.request["eventType"] == "Updated"]
        assert len(updates) >= 2
        assert all(e.answer == {"totalCost": 25.5} for e in updates)


@each_2x
async def test_tc_e01_direct__a_transaction_sent_by_hand_is_kept(pair: Make) -> None:
    async with pair(ACCEPTED) as p:
        await p.accepted()

        def event(kind: str, number: int, trigger: str, **more: object) -> dict[str, object]:
            info = {
                "transactionId": "mcp-direct-test-001",
                **({"stoppedReason": "Local"} if number == 2 else {}),
            }
            fixed = {"eventType": kind, "seqNo": number, "triggerReason": trigger, "timestamp": p.now()}
            return {**fixed, "transactionInfo": info, **more}

        token = {"idToken": "test_token", "type": "ISO14443"}
        sampled = [{"value": 1500.0, "measurand": "Power.Active.Import"}]
        begun = await p.send(
            "TransactionEvent", event("Started", 0, "Authorized", idToken=token, evse={"id": 1})
        )
        assert begun == {"idTokenInfo": {"status": "Accepted"}}
        assert p.open_transactions == 1
        values = [{"timestamp": p.now(), "sampledValue": sampled}]
        going = await p.send("TransactionEvent", event("Updated", 1, "MeterValuePeriodic", meterValue=values))
        assert going == {"totalCost": 10.0}
        over = await p.send("TransactionEvent", event("Ended", 2, "StopAuthorized"))
        assert over == {"totalCost": 10.0}, "the final cost belongs in Ended (I02)"
        assert p.open_transactions == 0
        assert [bill.transaction for bill in p.csms.ledger.billed(p.record)] == ["mcp-direct-test-001"]


@each_2x
async def test_tc_e01_direct__the_end_is_answered_with_nothing_as_upstream_does(pair: Make) -> None:
    async with pair(f"{ACCEPTED} --compat upstream") as p:
        await p.accepted()
        fixed = {"timestamp": p.now(), "transactionInfo": {"transactionId": "mcp-direct-test-001"}}
        begun = {"eventType": "Started", "seqNo": 0, "triggerReason": "Authorized", **fixed}
        over = {"eventType": "Ended", "seqNo": 1, "triggerReason": "StopAuthorized", **fixed}
        assert (await p.send("TransactionEvent", begun))["idTokenInfo"]["status"] == "Accepted"
        assert await p.send("TransactionEvent", over) == {}


@on_16
async def test_tc_e01_direct__a_transaction_sent_by_hand_is_numbered(pair: Make) -> None:
    async with pair(ACCEPTED) as p:
        await p.accepted()
        begun = await p.send(
            "StartTransaction",
            {"connectorId": 1, "idTag": "test_token", "meterStart": 0, "timestamp": p.now()},
        )
        assert begun["idTagInfo"]["status"] == "Accepted"
        assert p.open_transactions == 1
        id = begun["transactionId"]
        stop = {"transactionId": id, "meterStop": 1500, "timestamp": p.now(), "reason": "Local"}
        assert await p.send("StopTransaction", stop) == {}
        assert p.open_transactions == 0
        assert [(bill.transaction, bill.energy) for bill in p.csms.ledger.billed(p.record)] == [(id, 1500)]


# --- a token that is refused --------------------------------------------------------------------------------------


async def test_tc_e05_wl__a_remote_start_for_a_token_that_is_blocked_charges_nothing(pair: Make) -> None:
    whitelist = "--auth-mode whitelist --whitelist valid_token"
    async with pair(f"{ACCEPTED} {whitelist} --command {START} {pair.delay(5)}") as p:
        await p.sees(status(p.version, "Available"))
        p.station.plug_in(1)
        await p.commanded(remote_start(p.version, "Accepted"))
        begun = await p.sees(started(p.version, None, token_status(p.version, "Blocked")))
        await p.sees(ended(p.version, "DeAuthorized", {"triggerReason": "Deauthorized"}))
        await p.settled()
        assert p.open_transactions == 0
        assert p.transaction == ""
        assert begun.answer
        await _taken_home(p)


@pytest.mark.parametrize("authorize", ["AuthCtrlr.AuthorizeRemoteStart"])
async def test_tc_e05_wl__a_station_that_asks_first_does_not_even_begin(pair: Make, authorize: str) -> None:
    whitelist = "--auth-mode whitelist --whitelist valid_token"
    kind = "" if pair.is_16 else ":token_type=ISO14443"  # nobody asks about a Central one (C05.FR.01)
    csms = f"{ACCEPTED} {whitelist} --command {START}{kind} {pair.delay(5)}"
    async with pair(csms, f"--set {authorize}=true") as p:
        await p.sees(status(p.version, "Available"))
        p.station.plug_in(1)
        await p.commanded(remote_start(p.version, "Accepted"))
        await p.sees(authorized(p.version, "test_token", "Blocked"))
        await p.settled()
        p.station.unplug(1)
        await _is_over(p)
        assert not _events(p)
        p.never("StartTransaction")


async def _taken_home(p: Pair) -> None:
    """The cable of a refused driver is theirs: presenting the token again opens the lock (E05.FR.11)."""
    if not p.station.unplug(1):
        assert (await p.station.present("test_token", 1)).outcome == "unlocked"
        assert p.station.unplug(1)
    await _is_over(p)


# --- resets and second starts -------------------------------------------------------------------------------------


@once_over_sockets
async def test_tc_b12__a_reset_ends_the_transaction_before_the_station_goes(pair: Make) -> None:
    async with pair(ACCEPTED, _metered_every(pair, 5)) as p:
        await p.accepted()
        await p.generator_start()
        await p.sees(started(p.version))
        await p.time(8)
        await p.restart_csms(f"{ACCEPTED} --command Reset --delay {pair.after(3)}")
        kind = "Hard" if p.version is V16 else "Immediate"
        reset = await p.commanded(asked("Reset", {"type": kind}, {"status": "Accepted"}))
        reason = "HardReset" if p.version is V16 else "ImmediateReset"
        over = await p.sees(ended(p.version, reason, {"triggerReason": "ResetCommand"}))
        assert over.seq > reset.answer_seq
        again = await p.sees(booted(p.version, "Accepted", "RemoteReset"))
        assert again.seq > over.answer_seq
        await p.accepted()
        p.station.unplug(1)
        await _is_over(p)
        _gapless(p)


@once_over_sockets
@each_2x
async def test_tc_b12__a_reset_on_idle_waits_for_the_end_of_the_transaction(pair: Make) -> None:
    async with pair(ACCEPTED) as p:
        await p.accepted()
        await p.generator_start()
        await p.sees(started(p.version))
        await p.settled()
        assert (await p.command("Reset", "kind=OnIdle")).status == "Scheduled"
        await p.time(30)
        assert p.transaction, "it goes on"
        await p.generator_stop()
        over = await p.sees(ended(p.version, "Local"))
        again = await p.sees(booted(p.version, "Accepted", "ScheduledReset"))
        assert again.seq > over.answer_seq
        await _is_over(p)


@once_over_sockets
async def test_tc_e_double_start__a_second_start_is_rejected_and_the_transaction_goes_on(pair: Make) -> None:
    async with pair(ACCEPTED, _metered_every(pair, 5)) as p:
        await p.accepted()
        await p.generator_start()
        await p.sees(started(p.version))
        await p.settled()
        id = p.transaction
        await p.restart_csms(f"{ACCEPTED} --command {START} --delay {pair.after(3)}")
        await p.commanded(remote_start(p.version, "Rejected"))
        await p.sees(metered(p.version))
        assert p.transaction == id
        assert p.station.evses[0].connectors[0].told in ("Occupied", "Charging")
        assert len([e for e in _events(p) if e.request["eventType"] == "Started"]) == (0 if pair.is_16 else 1)
        await p.generator_stop()
        await p.sees(ended(p.version, "Local"))
        await _is_over(p)


async def test_tc_b11_pending__a_pending_station_can_be_reset(pair: Make) -> None:
    retry = pair.whole(60)
    boot = f"--boot-status Pending --retry-interval {retry}"
    async with pair(f"{boot} --command Reset --delay {pair.after(8)} --start-on boot") as p:
        await p.sees(booted(p.version, "Pending", "PowerUp"))
        await p.commanded(asked("Reset", {}, {"status": "Accepted"}))
        await p.sees(booted(p.version, "Pending", "RemoteReset"))
        p.only("BootNotification")
        await p.settled()
        assert p.station.registration.status == "Pending"
        assert p.record.registration == "Pending"
        assert len(p.charger.talk.of("Reset", by=CSMS)) == 1
