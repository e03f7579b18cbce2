"""The remote control and availability cases (F, G) of the certification suite with the station under test, by id."""

from __future__ import annotations

from typing import Any

import pytest

from charge_point.authorization import Token
from charge_point.definitions import FEATURES
from shared.versions import V16, Version
from tests.charge_point.sessions import AUT, EVC, PB, PPC, Session
from tests.charge_point.wired import TOKEN, Wired
from tests.support import each_2x

Payload = dict[str, Any]


def starts(at: Session) -> list[Payload]:
    return [p for p in at.of("TransactionEvent") if p["triggerReason"] == "RemoteStart"]


def is_charging(at: Wired, evse: int = 1) -> bool:
    return at.station.evses[evse - 1].energy.value == "flowing"


async def trigger(at: Wired, message: str, evse: int | None = None, connector: int | None = None) -> str:
    place = {} if evse is None else {"evse": {"id": evse} | ({"connectorId": connector} if connector else {})}
    answer = await at.ask("TriggerMessage", {"requestedMessage": message} | place)
    assert at.actions()[0] == "> TriggerMessage"  # F06.FR.04
    return str(answer["status"])


async def unlock(at: Wired, connector: int = 1) -> str:
    return str((await at.ask("UnlockConnector", {"evseId": 1, "connectorId": connector}))["status"])


async def change(at: Wired, operative: bool, *place: int) -> str:
    asked: Payload = {"operationalStatus": "Operative" if operative else "Inoperative"}
    if place:
        asked["evse"] = dict(zip(("id", "connectorId"), place, strict=False))
    return str((await at.ask("ChangeAvailability", asked))["status"])


# --- remote start and stop ------------------------------------------------------------------------------------


@each_2x
@pytest.mark.parametrize("start", [EVC, f"{EVC},{AUT}", PPC])
async def test_tc_f_01__a_remote_start_with_the_cable_in(version: Version, start: str) -> None:
    at = await Session.at(version, start=start)
    await at.plug()
    at.forget()
    answer = await at.start_remotely()
    waits = {"transactionId": at.running} if EVC in start else {}  # F01.FR.13
    assert answer == {"status": "Accepted"} | waits
    first = at.of("TransactionEvent")[0]
    assert first["triggerReason"] == "RemoteStart"  # F01.FR.19
    assert first["transactionInfo"]["remoteStartId"] == 7  # F01.FR.25
    assert first["eventType"] == ("Updated" if waits else "Started")
    assert len(starts(at)) == 1
    await at.settle(5)
    assert is_charging(at)
    await at.end()


@each_2x
@pytest.mark.parametrize("asks", [True, False])
async def test_tc_f_02_03__a_remote_start_before_the_cable(version: Version, asks: bool) -> None:
    at = await Session.at(version, start=AUT, AuthCtrlr__AuthorizeRemoteStart=asks)
    assert await at.start_remotely() == {"status": "Accepted"}
    assert len(at.of("Authorize")) == asks
    (first,) = starts(at)
    assert (first["eventType"], first["transactionInfo"]["remoteStartId"]) == ("Started", 7)
    assert first["idToken"] == {"idToken": TOKEN.id, "type": TOKEN.type}
    await at.plug()
    assert is_charging(at)
    await at.end()


@each_2x
@pytest.mark.parametrize("start", [PB, AUT])
async def test_tc_f_04__nobody_plugs_in_after_a_remote_start(version: Version, start: str) -> None:
    at = await Session.at(version, start=start, stop=AUT, TxCtrlr__EVConnectionTimeOut=20)
    if start == PB:
        await at.drive_in()
    await at.start_remotely()
    at.forget()
    await at.settle(21)
    assert at.news() == [("Ended", "EVConnectTimeout", "Idle", "Timeout")]
    assert (await at.start_remotely())["status"] == "Accepted"
    await at.end()


@each_2x
async def test_tc_f_08_09__a_remote_stop_of_what_runs_and_of_what_does_not(version: Version) -> None:
    at = await Session.at(version, start=AUT, stop=AUT)
    await at.transfer()
    assert await at.ask("RequestStopTransaction", {"transactionId": "another"}) == {
        "status": "Rejected",
        "statusInfo": {"reasonCode": "TxNotFound", "additionalInfo": "there is no such transaction"},
    }
    assert is_charging(at)
    assert (await at.stop_remotely())["status"] == "Accepted"
    assert at.told()[-1][:2] == ("Ended", "RemoteStop")
    assert at.told()[-1][3] == "Remote"
    await at.end()


@each_2x
async def test_f01_fr_20__without_an_evse_the_station_chooses_one_that_can_be_used(version: Version) -> None:
    at = await Session.at(version, start=AUT, evses=3)
    at.station.fault(1)
    await change(at, False, 2)
    answer = await at.ask(
        "RequestStartTransaction", {"idToken": {"idToken": "T", "type": "Central"}, "remoteStartId": 1}
    )
    assert answer["status"] == "Accepted"
    assert at.station.evses[2].is_authorized
    await at.end()


@each_2x
async def test_a_group_in_the_request_may_stop_the_transaction(version: Version) -> None:
    at = await Session.at(version, start=AUT, stop=AUT)
    await at.plug()
    group = {"idToken": "G", "type": "Central"}
    await at.ask(
        "RequestStartTransaction",
        {
            "idToken": {"idToken": "T", "type": "Central"},
            "groupIdToken": group,
            "remoteStartId": 1,
            "evseId": 1,
        },
    )
    at.script["Authorize"] = lambda request: {"idTokenInfo": {"status": "Accepted", "groupIdToken": group}}
    assert await at.present(Token("04FFFFFF"), 1) == "stopped"
    await at.end()


@each_2x
async def test_a_charging_profile_in_the_request_limits_the_transaction(version: Version) -> None:
    at = await Session.at(version, start=AUT)
    await at.plug()
    schedule = {
        "id": 1,
        "chargingRateUnit": "A",
        "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 10.0, "numberPhases": 3}],
    }
    profile = {
        "id": 1,
        "stackLevel": 0,
        "chargingProfilePurpose": "TxProfile",
        "chargingProfileKind": "Relative",
        "chargingSchedule": [schedule],
    }
    request = {"idToken": {"idToken": "T", "type": "Central"}, "remoteStartId": 1, "evseId": 1}
    wrong = profile | {"chargingProfilePurpose": "TxDefaultProfile"}
    answer = await at.ask("RequestStartTransaction", request | {"chargingProfile": wrong})
    assert answer["status"] == "Rejected"  # F01.FR.26
    assert not is_charging(at)
    answer = await at.ask("RequestStartTransaction", request | {"chargingProfile": profile})
    assert answer["status"] == "Accepted"
    await at.settle(30)
    watts = at.station.evses[0].meter.watts
    assert 0 < watts <= 10 * 3 * 230 * 1.001
    await at.end()


# --- unlocking ------------------------------------------------------------------------------------------------


@each_2x
async def test_tc_f_05_06_07_10__unlocking(version: Version) -> None:
    at = await Session.at(version, start=AUT, stop=AUT)
    assert await unlock(at) == "Unlocked"  # TC_F_07, and TC_F_06
    assert await unlock(at, 999) == "UnknownConnector"  # TC_F_10
    await at.transfer()
    assert await unlock(at) == "OngoingAuthorizedTransaction"  # TC_F_05
    assert is_charging(at)
    assert at.told() == []
    await at.stop_remotely()
    at.station.evses[0].active.lock_fails = True
    assert await unlock(at) == "UnlockFailed"  # F05.FR.05
    await at.end()


# --- messages on demand ---------------------------------------------------------------------------------------


@each_2x
@pytest.mark.parametrize(("evse", "told"), [(2, [2]), (None, [1, 2])])
async def test_tc_f_11_12__meter_values(version: Version, evse: int | None, told: list[int]) -> None:
    at = await Session.at(version, evses=2)
    assert await trigger(at, "MeterValues", evse) == "Accepted"
    sent = at.of("MeterValues")
    assert [p["evseId"] for p in sent] == told
    values = [v for p in sent for m in p["meterValue"] for v in m["sampledValue"]]
    assert {v["context"] for v in values} == {"Trigger"}
    await at.end()


@each_2x
@pytest.mark.parametrize(("evse", "told"), [(2, [2]), (None, [1, 2])])
async def test_tc_f_13_14__transaction_events(version: Version, evse: int | None, told: list[int]) -> None:
    at = await Session.at(version, start=AUT, evses=2)
    for one in (1, 2):
        await at.plug(one)
        await at.present(Token(f"0{one}"), one)
    await at.settle(5)
    at.forget()
    assert await trigger(at, "TransactionEvent", evse) == "Accepted"
    sent = at.of("TransactionEvent")
    assert [p["evse"]["id"] for p in sent] == told
    assert {(p["triggerReason"], p["transactionInfo"]["chargingState"]) for p in sent} == {
        ("Trigger", "Charging")
    }
    values = [v for p in sent for m in p["meterValue"] for v in m["sampledValue"]]
    assert {v["context"] for v in values} == {"Trigger"}
    await at.end()


@each_2x
@pytest.mark.parametrize(
    ("message", "status"),
    [("LogStatusNotification", "Idle"), ("FirmwareStatusNotification", "Idle"), ("Heartbeat", None)],
)
async def test_tc_f_15_17_18_20__what_an_idle_station_tells(
    version: Version, message: str, status: str | None
) -> None:
    at = await Session.at(version)
    assert await trigger(at, message, 1) == "Accepted"  # F06.FR.03: the EVSE does not matter
    (sent,) = at.of(message)
    assert sent.get("status") == status
    await at.end()


@each_2x
async def test_tc_f_23_24__the_status_of_a_connector(version: Version) -> None:
    at = await Session.at(version)
    assert await trigger(at, "StatusNotification", 1, 1) == "Accepted"
    assert at.states() == ["Available"]
    await at.plug()
    at.forget()
    assert await trigger(at, "StatusNotification", 1, 1) == "Accepted"
    assert at.states() == ["Occupied"]
    await at.end()


@each_2x
async def test_a_reserved_connector_is_reported_so_when_it_is_asked_for(version: Version) -> None:
    at = await Session.at(version)
    until = at.journal.clock.text(at.journal.clock.time() + 60)
    await at.ask(
        "ReserveNow", {"id": 1, "expiryDateTime": until, "idToken": {"idToken": "T", "type": "Central"}}
    )
    at.forget()
    await trigger(at, "StatusNotification", 1, 1)
    assert at.states() == ["Reserved"]
    await at.end()


@each_2x
async def test_tc_f_26_27__what_is_not_triggered(version: Version) -> None:
    at = await Session.at(version, features=FEATURES - {"iso15118"})
    assert await trigger(at, "BootNotification") == "Rejected"
    at.forget()
    assert await trigger(at, "SignCombinedCertificate") == "NotImplemented"
    assert at.actions() == ["> TriggerMessage"]
    await at.end()


# --- availability ---------------------------------------------------------------------------------------------

PLACES = pytest.mark.parametrize("place", [(), (1,), (1, 1)], ids=["station", "evse", "connector"])


@each_2x
async def test_tc_g_01_02__a_connector_is_occupied_and_available(version: Version) -> None:
    at = await Session.at(version)
    await at.plug()
    await at.unplug()
    assert at.states() == ["Occupied", "Available"]
    await at.end()


@each_2x
@PLACES
async def test_tc_g_03_to_10_12_13_15_16__out_of_service_and_back(
    version: Version, place: tuple[int, ...]
) -> None:
    at = await Session.at(version, evses=2)
    meant = [1] if place else [1, 2]
    for operative, status in ((False, "Unavailable"), (False, ""), (True, "Available"), (True, "")):
        at.forget()
        assert await change(at, operative, *place) == "Accepted"
        assert at.statuses() == [(evse, 1, status) for evse in meant if status]
    await at.end()


@each_2x
@PLACES
async def test_tc_g_11_14_17__a_transaction_ends_first(version: Version, place: tuple[int, ...]) -> None:
    at = await Session.at(version, start=AUT, stop=AUT, evses=2)
    await at.transfer()
    assert await change(at, False, *place) == "Scheduled"
    assert at.statuses() == ([] if place else [(2, 1, "Unavailable")])  # TC_G_14: the others at once
    assert is_charging(at)
    at.forget()
    await at.present()
    assert at.statuses() == [(1, 1, "Unavailable")]
    await at.unplug()
    assert at.station.evses[0].is_startable is False
    await at.end()


@each_2x
@PLACES
async def test_tc_g_18_19_21__it_survives_a_reset(version: Version, place: tuple[int, ...]) -> None:
    at = await Session.at(version, evses=2)
    await change(at, False, *place)
    await at.ask("Reset", {"type": "Immediate"})
    at.forget()
    await at.settle(20)
    other = "Available" if place else "Unavailable"
    assert sorted(at.statuses()) == [(1, 1, "Unavailable"), (2, 1, other)]
    await at.end()


# --- 1.6 ------------------------------------------------------------------------------------------------------


async def at_16(**keys: Any) -> Session:
    made = Session(V16, evses=((1,), (1,)), variables={"MeterValueSampleInterval": 0} | keys)
    await made.start()
    return made


async def test_tc_054__five_triggers() -> None:
    at = await at_16()
    for message in (
        "MeterValues",
        "Heartbeat",
        "StatusNotification",
        "DiagnosticsStatusNotification",
        "FirmwareStatusNotification",
    ):
        at.forget()
        answer = await at.ask("TriggerMessage", {"requestedMessage": message, "connectorId": 1})
        assert answer == {"status": "Accepted"}
        assert at.actions() == ["> TriggerMessage", message]
        if message in ("DiagnosticsStatusNotification", "FirmwareStatusNotification"):
            assert at.of(message) == [{"status": "Idle"}]
    await at.end()


async def test_tc_055__a_trigger_for_a_connector_that_is_not_there() -> None:
    at = await at_16()
    answer = await at.ask("TriggerMessage", {"requestedMessage": "MeterValues", "connectorId": 3})
    assert answer == {"status": "Rejected"}
    await at.settle(10)
    assert at.of("MeterValues") == []
    await at.end()


async def send_16(at: Session, kind: str, version: int, *tags: str) -> str:
    entries = [{"idTag": tag, "idTagInfo": {"status": "Accepted"}} for tag in tags]
    request: Payload = {"listVersion": version, "updateType": kind}
    answer = await at.ask("SendLocalList", request | ({"localAuthorizationList": entries} if tags else {}))
    return str(answer["status"])


async def version_16(at: Session) -> int:
    return int((await at.ask("GetLocalListVersion"))["listVersion"])


async def test_tc_042_043__the_local_list_and_its_versions() -> None:
    at = await at_16(LocalAuthListEnabled=False)
    assert await version_16(at) == -1  # TC_042_1
    assert await send_16(at, "Full", 1, "A") == "NotSupported"  # TC_043_1
    answer = await at.ask("ChangeConfiguration", {"key": "LocalAuthListEnabled", "value": "true"})
    assert answer == {"status": "Accepted"}
    assert await send_16(at, "Full", 1) == "Accepted"
    assert await version_16(at) == 0  # TC_042_2
    assert await send_16(at, "Full", 2, "A") == "Accepted"
    assert await version_16(at) == 2
    assert await send_16(at, "Differential", 5, "B") == "Accepted"  # TC_043
    assert await version_16(at) == 5
    assert await send_16(at, "Differential", 4, "C") == "VersionMismatch"  # TC_043_2
    assert await version_16(at) == 5
    assert set(at.station.authorizer.listed or ()) == {"a", "b"}
    await at.end()


async def test_tc_043_3__a_list_that_does_not_fit() -> None:
    at = await at_16()
    assert await send_16(at, "Full", 2, *(f"T{n}" for n in range(101))) == "Failed"  # SendLocalListMaxLength
    assert await version_16(at) == 0
    await at.end()


async def test_a_list_may_be_as_long_as_it_says() -> None:
    at = await at_16(LocalAuthListMaxLength=3)
    assert await send_16(at, "Full", 2, "A", "B", "C") == "Accepted"
    assert await send_16(at, "Differential", 3, "A") == "Accepted"
    assert await send_16(at, "Differential", 4, "D") == "Failed"
    assert await version_16(at) == 3
    assert set(at.station.authorizer.listed or ()) == {"a", "b", "c"}
    await at.end()


@pytest.mark.parametrize("place", ["list", "cache"])  # TC_008_1, TC_008_2, TC_007_1, TC_007_2
@pytest.mark.parametrize("remotely", [True, False])
async def test_tc_007_008__a_known_token_starts_without_authorize(place: str, remotely: bool) -> None:
    at = await at_16(LocalPreAuthorize=True, AuthorizeRemoteTxRequests=True)
    if place == "list":
        await send_16(at, "Full", 1, TOKEN.id)
    else:
        await at.station.decide(TOKEN)
    at.forget()
    await at.plug()
    if remotely:
        answer = await at.ask("RemoteStartTransaction", {"connectorId": 1, "idTag": TOKEN.id})
        assert answer == {"status": "Accepted"}
    else:
        await at.present()
    await at.settle(2)
    assert at.of("Authorize") == []
    assert len(at.of("StartTransaction")) == 1
    await at.end()


@pytest.mark.parametrize("remotely", [False, True], ids=["TC_061_1", "TC_061_2"])
async def test_tc_061__a_cleared_cache_asks_again(remotely: bool) -> None:
    at = await at_16(LocalPreAuthorize=True, AuthorizeRemoteTxRequests=True)
    await at.present()
    await at.present()
    assert await at.ask("ClearCache") == {"status": "Accepted"}
    at.forget()
    if remotely:
        await at.ask("RemoteStartTransaction", {"connectorId": 1, "idTag": TOKEN.id})
        await at.settle(2)
    else:
        await at.present()
    assert len(at.of("Authorize")) == 1
    await at.end()
