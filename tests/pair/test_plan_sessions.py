"""The plan, group 6 and what belongs to it in 7 and 17: transactions from start to end."""

from __future__ import annotations

from uuid import UUID

import pytest

from shared.versions import V16
from tests.pair.conftest import Make, once_over_sockets
from tests.pair.conversation import ANY, Exchange, Fact, said
from tests.pair.pair import Pair
from tests.pair.words import (
    START,
    STOP,
    authorized,
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
        await p.is_over()
        p.is_gapless()
        _is_billed(p, "Remote")


@once_over_sockets
async def test_tc_f03__a_running_transaction_is_stopped_by_its_driver(pair: Make) -> None:
    async with pair(ACCEPTED, pair.metered_every(5)) as p:
        await p.accepted()
        await p.generator_start()
        await p.sees(started(p.version))
        await p.sees(metered(p.version))
        await p.generator_stop()
        await p.sees(ended(p.version, "Local"))
        await p.is_over()
        p.is_gapless()
        _is_billed(p, "Local")


async def _nothing_is_stopped(pair: Make) -> None:
    async with pair(f"{ACCEPTED} --command {STOP} {pair.delay(5)}") as p:
        await p.commanded(remote_stop(p.version, "Rejected", fallback(p.version)))
        await p.time(10)
        await p.settled()
        assert not p.events
        p.never("StopTransaction")
        assert p.csms_status == "Available"
        assert p.transaction == ""


async def test_tc_f03b__without_a_transaction_a_remote_stop_is_rejected(pair: Make) -> None:
    await _nothing_is_stopped(pair)


async def test_tc_e_stop_none__without_a_transaction_nothing_is_stopped(pair: Make) -> None:
    await _nothing_is_stopped(pair)


@once_over_sockets
async def test_tc_e01_atg__a_session_runs_from_its_authorization_to_its_end(pair: Make) -> None:
    async with pair(ACCEPTED, pair.metered_every(10)) as p:
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
        await p.is_over()
        p.is_gapless()
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
    async with pair(ACCEPTED, f"{pair.metered_every(10)} {MEASURANDS} {every}") as p:
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
        p.is_gapless()


@once_over_sockets
@each_2x
async def test_tc_i01__every_update_is_answered_with_the_cost_so_far(pair: Make) -> None:
    async with pair(f"{ACCEPTED} --total-cost 25.50", pair.metered_every(10)) as p:
        await p.accepted()
        await p.generator_start()
        await p.sees(metered(p.version, None, {"totalCost": 25.5}))
        await p.settled()
        running = p.station.evses[0].transaction
        assert running is not None
        assert running.cost == 25.5, "the station knows"
        await p.generator_stop()
        await p.sees(ended(p.version, "Local", None, {"totalCost": 25.5}))
        await p.is_over()
        updates = [e for e in p.events if e.request["eventType"] == "Updated"]
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
    async with pair(f"{ACCEPTED} --compat upstream", may_find=("authorized_without_token",)) as p:
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
        await p.is_over()
        assert not p.events
        p.never("StartTransaction")


async def _taken_home(p: Pair) -> None:
    """The cable of a refused driver is theirs: presenting the token again opens the lock (E05.FR.11)."""
    if not p.station.unplug(1):
        token = p.station.evses[0].token  # of the type that the remote start gave it (C01.FR.25)
        assert token is not None
        assert (await p.station.present(token, 1)).outcome == "unlocked"
        assert p.station.unplug(1)
    await p.is_over()
