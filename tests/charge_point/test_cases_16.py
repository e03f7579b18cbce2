"""The core cases of the 1.6 certification suite with the charge point under test, by their ids, in virtual time."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from charge_point.authorization import Token, TokenInfo
from shared.clock import parse
from shared.versions import V16
from tests.charge_point.sessions import Session
from tests.charge_point.wired import TOKEN

Payload = dict[str, Any]
SECOND = Token("04FFFFFF")
QUIET: Payload = {"SampledDataCtrlr__TxUpdatedInterval": 0}


async def at_16(evses: int = 1, tethered: bool = False, **keys: Any) -> Session:
    """A booted 1.6 station with these keys."""
    named = {key: value for key, value in keys.items() if "_" not in key}
    made = Session(
        V16, evses=((1,),) * evses, tethered=tethered, variables={"MeterValueSampleInterval": 0} | named
    )
    await made.start()
    return made


async def charging(at: Session) -> Session:
    """State Charging: plug first, then the remote start."""
    await at.plug()
    assert await start(at) == "Accepted"
    assert at.states() == ["Preparing", "Charging"]
    assert len(at.of("StartTransaction")) == 1
    at.forget()
    return at


async def start(at: Session, tag: str = TOKEN.id, connector: int = 1) -> str:
    answer = await at.ask("RemoteStartTransaction", {"connectorId": connector, "idTag": tag})
    return str(answer["status"])


async def set_key(at: Session, key: str, value: str) -> None:
    assert await at.ask("ChangeConfiguration", {"key": key, "value": value}) == {"status": "Accepted"}


def stops(at: Session) -> list[str]:
    return [p.get("reason", "") for p in at.of("StopTransaction")]


# --- booting --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("refused", ["Rejected", "Pending"], ids=["TC_001", "TC_002"])
async def test_tc_001_002__booting_is_repeated_until_it_is_accepted(refused: str) -> None:
    at = Session(V16, variables={"MeterValueSampleInterval": 0})
    boots: list[float] = []

    def boot(request: Payload) -> Payload:
        boots.append(at.station.clock.elapsed())
        status = "Accepted" if len(boots) > 1 else refused
        return {"currentTime": at.journal.clock.now(), "interval": 40, "status": status}

    at.script["BootNotification"] = boot
    at.tasks.spawn(at.connection.run())
    await at.settle()
    if refused == "Pending":
        assert (await at.ask("GetConfiguration"))["configurationKey"]
        await set_key(at, "MeterValueSampleInterval", "30")
    assert at.states() == []
    await at.settle(150)
    assert boots[1] - boots[0] >= 40
    assert [(number, status) for _, number, status in at.statuses()] == [(0, "Available"), (1, "Available")]
    beats = [e.t for e in at.journal if e.end == "csms" and '"Heartbeat"' in str(e.what)]
    assert {round(b - a) for a, b in pairwise(beats)} == {40}
    await at.end()


async def test_tc_021__a_key_that_was_changed_is_read_back() -> None:
    at = await at_16()
    await set_key(at, "MeterValueSampleInterval", "17")
    (entry,) = (await at.ask("GetConfiguration", {"key": ["MeterValueSampleInterval"]}))["configurationKey"]
    assert entry["value"] == "17"
    await at.end()


# --- starting and stopping ------------------------------------------------------------------------------------


async def test_tc_003__plugging_in_first() -> None:
    at = await at_16()
    await at.plug()
    assert at.states() == ["Preparing"]
    await at.present()
    assert at.of("Authorize") == [{"idTag": TOKEN.id}]
    assert at.actions()[-2:] in (
        ["StartTransaction", "StatusNotification"],
        ["StatusNotification", "StartTransaction"],
    )
    assert at.states()[-1] == "Charging"
    await at.end()


async def test_tc_004_1__identifying_first() -> None:
    at = await at_16()
    await at.present()
    assert at.states() == ["Preparing"]
    await at.plug()
    assert len(at.of("StartTransaction")) == 1
    assert at.states()[-1] == "Charging"
    await at.end()


async def test_tc_004_2__identifying_and_never_plugging_in() -> None:
    at = await at_16(ConnectionTimeOut=20)
    await at.present()
    await at.settle(21)
    assert at.states() == ["Preparing", "Available"]
    assert not at.of("StartTransaction")
    await at.end()


async def test_tc_068__only_the_token_that_began_ends_it() -> None:
    at = await charging(await at_16())
    assert await at.present(SECOND) == "ignored"
    assert at.actions() == []
    await at.present()
    assert at.of("StopTransaction")[0]["idTag"] == TOKEN.id
    assert at.states() == ["Finishing"]
    await at.end()


async def test_tc_069__a_token_of_the_same_parent_ends_it() -> None:
    at = await at_16(AuthorizeRemoteTxRequests=True)
    info = {"idTagInfo": {"status": "Accepted", "parentIdTag": "PARENT"}}
    at.script["Authorize"] = lambda request: info
    await charging(at)
    await at.present(SECOND)
    assert at.of("Authorize") == [{"idTag": SECOND.id}]
    assert at.of("StopTransaction")[0]["idTag"] == SECOND.id
    assert at.states() == ["Finishing"]
    await at.end()


async def test_tc_005_1__unplugging_the_car_stops_and_unlocks() -> None:
    at = await charging(
        await at_16(StopTransactionOnEVSideDisconnect=True, UnlockConnectorOnEVSideDisconnect=True)
    )
    await at.unplug_ev()
    assert stops(at) == ["EVDisconnected"]
    assert at.states() == ["Finishing"]
    assert await at.unplug()
    await at.end()


async def test_tc_005_2__unplugging_the_car_stops_and_stays_locked() -> None:
    at = await charging(
        await at_16(StopTransactionOnEVSideDisconnect=True, UnlockConnectorOnEVSideDisconnect=False)
    )
    await at.unplug_ev()
    assert stops(at) == ["EVDisconnected"]
    assert not await at.unplug()
    assert await at.ask("UnlockConnector", {"connectorId": 1}) == {"status": "Unlocked"}
    assert await at.unplug()
    await at.end()


@pytest.mark.parametrize("tethered", [False, True])
async def test_tc_005_3__unplugging_the_car_keeps_the_transaction(tethered: bool) -> None:
    at = await at_16(
        tethered=tethered, StopTransactionOnEVSideDisconnect=False, UnlockConnectorOnEVSideDisconnect=False
    )
    await charging(at)
    await at.unplug_ev()
    (report,) = at.of("StatusNotification")
    assert report["status"] == "SuspendedEV"
    assert report["info"] == "EV side disconnected"
    at.forget()
    await at.ask("RemoteStopTransaction", {"transactionId": at.number})
    assert stops(at) == ["Remote"]
    assert at.states() == ["Available" if tethered else "Finishing"]
    await at.end()


# --- from the central system ----------------------------------------------------------------------------------


async def test_tc_010__a_remote_start_with_the_cable_in() -> None:
    at = await charging(await at_16())
    await at.end()


@pytest.mark.parametrize("asks", [False, True])
async def test_tc_011_1__a_remote_start_before_the_cable(asks: bool) -> None:
    at = await at_16(AuthorizeRemoteTxRequests=asks)
    assert await start(at) == "Accepted"
    assert bool(at.of("Authorize")) is asks
    assert at.states() == ["Preparing"]
    await at.plug()
    assert len(at.of("StartTransaction")) == 1
    assert at.states()[-1] == "Charging"
    await at.end()


async def test_tc_011_2__a_remote_start_and_nobody_plugs_in() -> None:
    at = await at_16(ConnectionTimeOut=20)
    await start(at)
    await at.settle(21)
    assert at.states() == ["Preparing", "Available"]
    await at.end()


async def test_tc_012__a_remote_stop() -> None:
    at = await charging(await at_16())
    assert await at.ask("RemoteStopTransaction", {"transactionId": at.number}) == {"status": "Accepted"}
    assert stops(at) == ["Remote"]
    assert at.states() == ["Finishing"]
    await at.end()


@pytest.mark.parametrize("kind", ["Hard", "Soft"], ids=["TC_013", "TC_014"])
async def test_tc_013_014__a_reset_without_a_transaction(kind: str) -> None:
    at = await at_16(evses=2)
    await at.ask("ChangeAvailability", {"connectorId": 1, "type": "Inoperative"})
    assert at.states() == ["Unavailable"]
    at.forget()
    assert await at.ask("Reset", {"type": kind}) == {"status": "Accepted"}
    await at.settle(10)
    assert len(at.of("BootNotification")) == 1
    assert {(number, status) for _, number, status in at.statuses() if number} == {
        (1, "Unavailable"),
        (2, "Available"),
    }
    await at.ask("ChangeAvailability", {"connectorId": 1, "type": "Operative"})
    assert at.states()[-1] == "Available"
    await at.end()


@pytest.mark.parametrize("kind", ["Hard", "Soft"], ids=["TC_015", "TC_016"])
async def test_tc_015_016__a_reset_in_a_transaction(kind: str) -> None:
    at = await charging(await at_16(evses=2))
    assert await at.ask("Reset", {"type": kind}) == {"status": "Accepted"}
    await at.settle(10)
    assert stops(at) == [f"{kind}Reset"]
    actions = at.actions()
    assert actions.index("StopTransaction") < actions.index("BootNotification")
    booted = actions.index("BootNotification")
    told = [p for action, p in at.heard()[booted:] if action == "StatusNotification"]
    assert {(p["connectorId"], p["status"]) for p in told if p["connectorId"]} <= {
        (1, "Finishing"),
        (1, "Preparing"),
        (2, "Available"),
    }
    await at.end()


@pytest.mark.parametrize(
    ("tethered", "status"), [(False, "Unlocked"), (True, "NotSupported")], ids=["TC_017_1", "TC_017_2"]
)
async def test_tc_017__unlocking_without_a_transaction(tethered: bool, status: str) -> None:
    at = await at_16(tethered=tethered)
    assert await at.ask("UnlockConnector", {"connectorId": 1}) == {"status": status}
    await at.end()


async def test_tc_018_1__unlocking_ends_the_transaction() -> None:
    at = await charging(await at_16())
    assert await at.ask("UnlockConnector", {"connectorId": 1}) == {"status": "Unlocked"}
    assert stops(at) == ["UnlockCommand"]
    assert at.states() == ["Finishing"]
    assert await at.unplug()
    assert at.states()[-1] == "Available"
    await at.end()


async def test_tc_018_2__a_fixed_cable_is_not_unlocked() -> None:
    at = await charging(await at_16(tethered=True))
    assert await at.ask("UnlockConnector", {"connectorId": 1}) == {"status": "NotSupported"}
    assert stops(at) == []
    await at.end()


async def test_tc_030_031__a_lock_that_fails_and_one_that_is_not_there() -> None:
    at = await at_16()
    at.station.evses[0].active.lock_fails = True
    assert await at.ask("UnlockConnector", {"connectorId": 1}) == {"status": "UnlockFailed"}
    assert await at.ask("UnlockConnector", {"connectorId": 9}) == {"status": "NotSupported"}
    await at.end()


# --- what must not happen -------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", ["Invalid", "Expired", "Blocked"])
@pytest.mark.parametrize("remotely", [False, True], ids=["TC_023_4", "TC_023_5"])
async def test_tc_023__a_token_that_is_not_accepted_starts_nothing(status: str, remotely: bool) -> None:
    at = await at_16(LocalPreAuthorize=True, AuthorizeRemoteTxRequests=True)
    at.script["Authorize"] = lambda request: at.info(status)
    await at.plug()
    assert at.states() == ["Preparing"]
    if remotely:
        assert await start(at) == "Accepted"
    else:
        assert await at.present() == "refused"
    assert len(at.of("Authorize")) == 1
    await at.settle(60)
    assert not at.of("StartTransaction")
    await at.end()


async def test_tc_024__a_plug_that_cannot_be_locked_is_a_fault() -> None:
    at = await at_16()
    assert await start(at) == "Accepted"
    assert at.states() == ["Preparing"]
    at.forget()
    at.station.evses[0].active.lock_fails = True
    await at.plug()
    (report,) = at.of("StatusNotification")
    assert (report["status"], report["errorCode"]) == ("Faulted", "ConnectorLockFailure")
    assert not at.of("StartTransaction")
    await at.end()


async def test_tc_026_027_028__what_cannot_be_started_or_stopped_is_refused() -> None:
    at = await charging(await at_16())
    assert await start(at) == "Rejected"
    assert await start(at, connector=0) == "Rejected"
    assert await at.ask("RemoteStopTransaction", {"transactionId": 4711}) == {"status": "Rejected"}
    assert at.actions("> RemoteStartTransaction", "> RemoteStopTransaction") == []
    await at.end()


# --- power and link -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("backup", [True, False], ids=["TC_032_1", "TC_032_2"])
async def test_tc_032__the_power_fails_in_a_transaction(backup: bool) -> None:
    at = await charging(await at_16(evses=2))
    at.station.power_cycle(10, backup=backup)
    await at.settle(20)
    assert stops(at) == ["PowerLoss"]
    assert len(at.of("BootNotification")) == 1
    last = {number: status for _, number, status in at.statuses()}
    assert last[1] in ("Finishing", "Preparing")
    assert last[2] == "Available"
    told = at.actions()
    assert (told.index("StopTransaction") < told.index("BootNotification")) is backup
    if backup:  # before the power is gone
        before = at.of("StatusNotification")[0]
        assert (before["connectorId"], before["status"]) == (1, "Finishing")
    await at.end()


async def test_tc_034__what_is_unavailable_stays_so() -> None:
    at = await at_16(evses=2)
    await at.ask("ChangeAvailability", {"connectorId": 0, "type": "Inoperative"})
    assert sorted(at.statuses()) == [(0, n, "Unavailable") for n in (0, 1, 2)]
    at.forget()
    at.station.power_cycle(5)
    await at.settle(20)
    assert sorted(at.statuses()) == [(0, n, "Unavailable") for n in (0, 1, 2)]
    await at.end()


async def test_tc_036__what_was_metered_offline_comes_before_anything_new() -> None:
    at = await at_16()
    await set_key(at, "MeterValueSampleInterval", "10")
    await charging(at)
    await at.away(35)
    at.forget()
    await at.back()
    await at.settle(20)
    times = [parse(p["meterValue"][0]["timestamp"]) for p in at.of("MeterValues")]
    assert len(times) >= 5
    assert {round(b - a) for a, b in pairwise(times)} == {10}
    await at.end()


async def offline_start(status: str, **keys: Any) -> Session:
    """A transaction that was begun offline with a token of the local list, which the CSMS then finds `status`."""
    at = await at_16(LocalAuthorizeOffline=True, LocalAuthListEnabled=True, **keys)
    at.station.authorizer.listed = {TOKEN.key: TokenInfo("Accepted")}
    at.script["StartTransaction"] = lambda request: {"transactionId": 5} | at.info(status)
    await at.away(2)
    await at.plug()
    assert await at.present() == "started"
    await at.settle(30)
    at.forget()
    await at.back()
    return at


async def test_tc_037_1__a_start_offline_with_a_valid_token() -> None:
    at = await offline_start("Accepted")
    assert len(at.of("StartTransaction")) == 1
    assert at.states()[-1] == "Charging"
    await at.end()


async def test_tc_037_2__a_start_offline_with_a_token_that_is_refused_and_goes_on() -> None:
    at = await offline_start("Invalid", StopTransactionOnInvalidId=False, MaxEnergyOnInvalidId=0)
    assert stops(at) == []
    assert at.states()[-1] == "SuspendedEVSE"
    await at.end()


async def test_tc_037_3__a_start_offline_with_a_token_that_is_refused_and_stops() -> None:
    at = await offline_start("Invalid", StopTransactionOnInvalidId=True)
    assert stops(at) == ["DeAuthorized"]
    assert at.states()[-1] == "Finishing"
    await at.end()


async def test_tc_038__a_stop_offline() -> None:
    at = await charging(await at_16())
    await at.away(2)
    await at.present()
    at.forget()
    await at.back()
    assert stops(at) == ["Local"]
    assert at.states() == ["Finishing"]
    await at.end()


async def test_tc_039__a_whole_transaction_offline() -> None:
    at = await at_16(LocalAuthorizeOffline=True, LocalAuthListEnabled=True)
    at.station.authorizer.listed = {TOKEN.key: TokenInfo("Accepted")}
    await at.away(2)
    await at.plug()
    await at.present()
    await at.settle(60)
    await at.present()
    await at.unplug()
    at.forget()
    await at.back()
    assert [a for a in at.actions() if a.endswith("Transaction")] == ["StartTransaction", "StopTransaction"]
    assert stops(at) == ["Local"]
    await at.end()
