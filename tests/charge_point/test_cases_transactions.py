"""The transaction cases (block E) of the certification suite with the station under test, by their ids.

Where the errata of 2025-09 changed a case, their form holds. Cases that allow several courses are tried with ours.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from charge_point.authorization import Token, TokenInfo
from charge_point.ev import vehicle
from charge_point.hands import ev_stops
from shared.dispatch import NoAnswer, Refuse
from shared.versions import V21, V201, Version
from tests.charge_point.sessions import AUT, DS, ET, EVC, PB, PPC, Session
from tests.charge_point.wired import TOKEN
from tests.support import each_2x

Payload = dict[str, Any]
OTHER = Token("04FFFFFF")


def events(at: Session) -> list[Payload]:
    return at.of("TransactionEvent")


def is_about(payload: Payload, evse: int = 1) -> bool:
    return payload.get("evse") == {"id": evse, "connectorId": 1}


NO_PROFILE = {V201: "Rejected", V21: "NoChargingProfile"}
"""NotifyEVChargingNeedsStatusEnumType: there is no profile to wait for."""


def has_token(payload: Payload) -> bool:
    return payload.get("idToken") == {"idToken": TOKEN.id, "type": TOKEN.type}


# --- beginning ------------------------------------------------------------------------------------------------


@each_2x
async def test_tc_e_01__it_starts_when_the_power_path_closes(version: Version) -> None:
    at = await Session.at(version, start=PPC)
    await at.present()
    assert at.told() == []
    await at.plug()
    assert "Occupied" in at.states()
    first, second = events(at)
    assert at.told()[0][:2] == ("Started", "CablePluggedIn")
    assert is_about(first)
    assert has_token(first)
    assert at.told()[1][:3] == ("Updated", "ChargingStateChanged", "Charging")
    assert (first["seqNo"], second["seqNo"]) == (0, 1)
    await at.end()


@each_2x
@pytest.mark.parametrize("remotely", [False, True])
async def test_tc_e_02__it_starts_when_energy_flows(version: Version, remotely: bool) -> None:
    at = await Session.at(version, start=ET)
    if remotely:
        await at.start_remotely()
    else:
        await at.present()
    await at.plug()
    assert "Occupied" in at.states()
    (first,) = events(at)
    trigger = "RemoteStart" if remotely else "ChargingStateChanged"
    assert at.told() == [("Started", trigger, "Charging", "")]
    assert is_about(first)
    assert has_token(first)
    await at.end()


@each_2x
@pytest.mark.parametrize("start", [EVC, f"{EVC},{AUT}", PPC])
async def test_tc_e_03__plug_first_then_a_local_token(version: Version, start: str) -> None:
    at = await Session.at(version, start=start)
    await at.plug()
    assert "Occupied" in at.states()
    assert [t[:3] for t in at.news()] == [("Started", "CablePluggedIn", "EVConnected")] * (EVC in start)
    await at.present()
    told = at.told()
    assert told[0][1] == "Authorized"
    assert has_token(events(at)[0])
    assert told[-1][2] == "Charging"
    await at.end()


@each_2x
@pytest.mark.parametrize("start", [AUT, f"{EVC},{AUT}", PPC])
async def test_tc_e_04__a_local_token_first_then_the_plug(version: Version, start: str) -> None:
    at = await Session.at(version, start=start)
    await at.present()
    assert [t[:2] for t in at.news()] == [("Started", "Authorized")] * (AUT in start)
    await at.plug()
    assert is_about(events(at)[0])
    assert at.told()[0][1] == "CablePluggedIn"
    assert at.told()[-1][2] == "Charging"
    await at.end()


@each_2x
async def test_tc_e_05__who_never_plugs_in_may_begin_anew(version: Version) -> None:
    at = await Session.at(version, start=AUT, stop=AUT, TxCtrlr__EVConnectionTimeOut=20)
    await at.present()
    at.forget()
    await at.settle(20)
    assert at.news() == [("Ended", "EVConnectTimeout", "Idle", "Timeout")]
    await at.present()
    await at.plug()
    assert at.told()[0][:2] == ("Started", "Authorized")
    assert at.told()[-1][2] == "Charging"
    await at.end()


@each_2x
async def test_tc_e_09__it_starts_on_the_plug(version: Version) -> None:
    at = await Session.at(version, start=EVC)
    await at.plug()
    assert "Occupied" in at.states()
    (first,) = events(at)
    assert at.news() == [("Started", "CablePluggedIn", "EVConnected", "")]
    assert is_about(first)
    await at.present()
    assert [t[1] for t in at.news()] == ["Authorized", "ChargingStateChanged"]
    await at.end()


@each_2x
async def test_tc_e_10__it_starts_on_a_local_authorization(version: Version) -> None:
    at = await Session.at(version, start=AUT)
    await at.present()
    assert at.of("Authorize") == [{"idToken": {"idToken": TOKEN.id, "type": TOKEN.type}}]
    assert has_token(events(at)[0])
    assert at.news() == [("Started", "Authorized", "Idle", "")]
    await at.plug()
    assert [t[1] for t in at.news()] == ["CablePluggedIn", "ChargingStateChanged"]
    await at.end()


@each_2x
@pytest.mark.parametrize("remotely", [False, True])
async def test_tc_e_11__it_starts_on_a_signed_value(version: Version, remotely: bool) -> None:
    more: Payload = {"SampledDataCtrlr__SignStartedReadings": True}  # 2.0.1 has it in SignReadings
    at = await Session.at(version, start=DS, SampledDataCtrlr__SignReadings=True, **more)
    if remotely:
        await at.start_remotely()
    else:
        await at.present()
    await at.plug()
    assert "Occupied" in at.states()
    trigger = "RemoteStart" if remotely else "SignedDataReceived"
    assert [t[:2] for t in at.told()] == [("Started", trigger), ("Updated", "ChargingStateChanged")]
    assert at.told()[-1][2] == "Charging"
    first = events(at)[0]
    assert has_token(first)
    assert is_about(first)
    (value,) = first["meterValue"][0]["sampledValue"]
    assert value["context"] == "Transaction.Begin"
    wanted = {"encodingMethod", "publicKey", "signedMeterData", "signingMethod"}
    assert value["signedMeterValue"].keys() == wanted
    await at.end()


@each_2x
async def test_tc_e_12__it_starts_when_the_bay_is_occupied(version: Version) -> None:
    at = await Session.at(version, start=PB, stop=PB)
    await at.drive_in()
    assert [t[:2] for t in at.news()] == [("Started", "EVDetected")]
    await at.present()
    await at.plug()
    assert [t[1] for t in at.news()] == ["Authorized", "CablePluggedIn", "ChargingStateChanged"]
    await at.end()


@each_2x
@pytest.mark.parametrize("asks", [False, True])
async def test_tc_e_13__it_starts_on_a_remote_request(version: Version, asks: bool) -> None:
    at = await Session.at(version, start=AUT, AuthCtrlr__AuthorizeRemoteStart=asks)
    assert (await at.start_remotely())["status"] == "Accepted"
    assert bool(at.of("Authorize")) is asks
    first = events(at)[0]
    assert has_token(first)
    assert first["transactionInfo"]["remoteStartId"] == 7
    assert [t[:2] for t in at.news()] == [("Started", "RemoteStart")]
    await at.plug()
    assert [t[1] for t in at.news()] == ["CablePluggedIn", "ChargingStateChanged"]
    await at.end()


@each_2x
async def test_tc_e_38__a_car_that_is_not_ready_suspends_at_once(version: Version) -> None:
    at = await Session.at(version, start=AUT)
    await at.present()
    at.station.evses[0].ev_pauses()
    at.forget()
    await at.plug()
    assert at.told()[-1][1:3] == ("ChargingStateChanged", "SuspendedEV")
    await at.end()


@each_2x
async def test_tc_e_52__an_unknown_token_is_refused_without_asking(version: Version) -> None:
    at = await Session.at(version, start=AUT, AuthCtrlr__DisableRemoteAuthorization=True)
    assert await at.present() == "refused"
    assert not at.of("Authorize")
    await at.plug()
    assert "Charging" not in [t[2] for t in at.told()]
    await at.end()


# --- ending ---------------------------------------------------------------------------------------------------


def stopped(at: Session, trigger: str, reason: str, ends: bool) -> None:
    """The last event of what was told ends the transaction for this reason, or none does."""
    told = at.told()
    assert trigger in [t[1] for t in told]
    if ends:
        assert (told[-1][0], told[-1][3]) == ("Ended", reason)
    assert [t[0] for t in told].count("Ended") == ends


@each_2x
@pytest.mark.parametrize("stop", [AUT, PPC, ET, EVC, PB])
async def test_tc_e_06__a_local_stop_and_all_that_follows(version: Version, stop: str) -> None:
    at = await Session.at(version, start=f"{PB},{EVC},{AUT}", stop=stop)
    await at.drive_in()
    await at.transfer()
    assert await at.present() == "stopped"
    stopped(at, "StopAuthorized", "Local", stop in (AUT, PPC, ET))
    assert has_token(events(at)[0])
    assert at.told()[-1][2] == "EVConnected"
    at.forget()
    assert await at.unplug()
    assert at.states() == ["Available"]
    if stop in (EVC, PB):
        assert at.told()[-1][1:3] == ("EVCommunicationLost", "Idle")
        assert (at.told()[-1][0] == "Ended") is (stop == EVC)
    at.forget()
    await at.drive_off()
    assert [t[:2] for t in at.told()] == [("Ended", "EVDeparted")] * (stop == PB)
    await at.end()


@each_2x
async def test_tc_e_07__the_open_power_path_ends_it_locally(version: Version) -> None:
    at = await Session.at(version, stop=PPC)
    await at.transfer()
    await at.present()
    stopped(at, "StopAuthorized", "Local", True)
    await at.end()


@each_2x
async def test_tc_e_08__energy_that_stops_ends_it_for_the_driver(version: Version) -> None:
    at = await Session.at(version, stop=ET)
    await at.transfer()
    await at.present()
    stopped(at, "StopAuthorized", "Local", True)
    await at.end()


@each_2x
@pytest.mark.parametrize("remotely", [False, True])
async def test_tc_e_14__unplugging_at_the_station_ends_it(version: Version, remotely: bool) -> None:
    at = await Session.at(version, start=EVC, stop=EVC)
    await at.plug()
    await at.transfer()
    if remotely:
        await at.stop_remotely()
    else:
        await at.present()
    at.forget()
    await at.unplug()
    assert at.states() == ["Available"]
    assert at.told() == [("Ended", "EVCommunicationLost", "Idle", "Remote" if remotely else "Local")]
    await at.end()


@each_2x
async def test_tc_e_15__authorization_that_ends_locally_ends_it(version: Version) -> None:
    at = await Session.at(version, stop=AUT)
    await at.transfer()
    await at.present()
    assert at.told() == [("Ended", "StopAuthorized", "EVConnected", "Local")]
    await at.end()


@each_2x
@pytest.mark.parametrize("stop", [AUT, PPC, f"{AUT},{PPC}"])
async def test_tc_e_16__a_token_that_was_taken_offline_turns_out_invalid(version: Version, stop: str) -> None:
    at = await Session.at(
        version,
        stop=stop,
        AuthCtrlr__OfflineTxForUnknownIdEnabled=True,
        TxCtrlr__StopTxOnInvalidId=True,
    )
    await at.away(5)
    await at.present()
    await at.plug()
    at.script["TransactionEvent"] = lambda request: at.info("Invalid") if "idToken" in request else {}
    await at.back()
    told = at.told()
    queued = [p for p in events(at) if p["triggerReason"] != "Deauthorized"]
    assert len(queued) >= 2
    assert all(p.get("offline") for p in queued)
    assert told[-1][:2] == ("Ended", "Deauthorized")
    assert told[-1][3] == "DeAuthorized"
    await at.end()


@each_2x
@pytest.mark.parametrize("stop", [AUT, f"{AUT},{PPC}"])
@pytest.mark.parametrize("unlocks", [False, True])
async def test_tc_e_17_24_25__unplugging_the_car_deauthorizes(
    version: Version, unlocks: bool, stop: str
) -> None:
    at = await Session.at(
        version,
        stop=stop,
        TxCtrlr__StopTxOnEVSideDisconnect=True,
        OCPPCommCtrlr__UnlockOnEVSideDisconnect=unlocks,
    )
    await at.transfer()
    await at.suspend()
    at.forget()
    await at.unplug_ev()
    assert at.told() == [("Ended", "EVCommunicationLost", "Idle", "EVDisconnected")]
    if not unlocks:
        assert not await at.unplug()
        assert await at.present() == "unlocked"
    assert await at.unplug()
    assert at.states()[-1] == "Available"
    await at.end()


@each_2x
@pytest.mark.parametrize("remotely", [False, True])
async def test_tc_e_19__leaving_the_bay_ends_it(version: Version, remotely: bool) -> None:
    at = await Session.at(version, start=PB, stop=PB)
    await at.drive_in()
    await at.transfer()
    if remotely:
        await at.stop_remotely()
    else:
        await at.present()
    await at.unplug()
    at.forget()
    await at.drive_off()
    assert at.told() == [("Ended", "EVDeparted", "Idle", "Remote" if remotely else "Local")]
    await at.end()


HLC: Payload = {"iso15118": "2", "battery": 60_000}
"""A car that speaks with the station (high-level communication)."""


@each_2x
@pytest.mark.parametrize("car", [{}, HLC], ids=["E_20", "E_54"])
async def test_tc_e_20_54__unplugging_the_car_ends_it(version: Version, car: Payload) -> None:
    at = await Session.at(version, stop=EVC, TxCtrlr__StopTxOnEVSideDisconnect=False, ev=vehicle(car))
    at.script["NotifyEVChargingNeeds"] = lambda request: {"status": NO_PROFILE[version]}
    await at.transfer()
    assert at.station.evses[0].meter.watts > 0
    await at.suspend()
    at.forget()
    await at.unplug_ev()
    assert at.told() == [("Ended", "EVCommunicationLost", "Idle", "EVDisconnected")]
    await at.end()


@each_2x
async def test_tc_e_21__authorization_that_ends_remotely_ends_it(version: Version) -> None:
    at = await Session.at(version, stop=AUT)
    await at.transfer()
    assert (await at.stop_remotely())["status"] == "Accepted"
    assert at.told() == [("Ended", "RemoteStop", "EVConnected", "Remote")]
    await at.end()


@each_2x
async def test_tc_e_22__energy_that_the_car_stops_ends_it(version: Version) -> None:
    at = await Session.at(version, stop=ET)
    await at.transfer()
    await at.suspend()
    assert [(t[0], t[1], t[3]) for t in at.told()] == [("Ended", "ChargingStateChanged", "StoppedByEV")]
    await at.end()


@each_2x
@pytest.mark.parametrize("tethered", [False, True])
@pytest.mark.parametrize("stop", [AUT, PB, f"{AUT},{PB}"])
async def test_tc_e_26__a_car_that_is_plugged_in_again_goes_on(
    version: Version, stop: str, tethered: bool
) -> None:
    at = await Session.at(
        version,
        start=f"{PB},{AUT}",
        stop=stop,
        tethered=tethered,
        TxCtrlr__StopTxOnEVSideDisconnect=False,
        OCPPCommCtrlr__UnlockOnEVSideDisconnect=False,
    )
    await at.drive_in()
    await at.transfer()
    await at.suspend()
    at.forget()
    await at.unplug_ev()
    assert at.states() == ["Available"] * tethered
    assert at.news() == [("Updated", "EVCommunicationLost", "Idle", "")]
    at.station.evses[0].ev_resumes()
    await at.plug()
    assert at.told() == [
        ("Updated", "CablePluggedIn", "EVConnected", ""),
        ("Updated", "ChargingStateChanged", "Charging", ""),
    ]
    await at.end()


@each_2x
@pytest.mark.parametrize("stop", [AUT, PB])
async def test_tc_e_27__a_car_that_does_not_come_back_in_time(version: Version, stop: str) -> None:
    at = await Session.at(
        version,
        start=f"{PB},{AUT}",
        stop=stop,
        tethered=True,
        TxCtrlr__StopTxOnEVSideDisconnect=False,
        OCPPCommCtrlr__UnlockOnEVSideDisconnect=False,
        TxCtrlr__EVConnectionTimeOut=30,
    )
    await at.drive_in()
    await at.transfer()
    await at.suspend()
    at.forget()
    await at.unplug_ev()
    assert at.states() == ["Available"]
    assert at.news() == [("Updated", "EVCommunicationLost", "Idle", "")]
    await at.settle(31)
    reason = "Timeout" if stop == AUT else ""
    assert at.told() == [("Ended" if stop == AUT else "Updated", "EVConnectTimeout", "Idle", reason)]
    await at.end()


@each_2x
async def test_tc_e_35__the_open_power_path_ends_it_remotely(version: Version) -> None:
    at = await Session.at(version, stop=PPC)
    await at.transfer()
    await at.stop_remotely()
    stopped(at, "RemoteStop", "Remote", True)
    await at.end()


@each_2x
async def test_tc_e_37__a_car_that_is_unplugged_opens_the_power_path(version: Version) -> None:
    at = await Session.at(version, stop=PPC, TxCtrlr__StopTxOnEVSideDisconnect=False)
    await at.transfer()
    await at.suspend()
    at.forget()
    await at.unplug_ev()
    assert at.told() == [("Ended", "EVCommunicationLost", "Idle", "EVDisconnected")]
    await at.end()


@each_2x
@pytest.mark.parametrize("start", [PB, AUT])
async def test_tc_e_39__the_time_to_plug_in_runs_out(version: Version, start: str) -> None:
    at = await Session.at(version, start=start, stop=AUT, TxCtrlr__EVConnectionTimeOut=20)
    await at.drive_in()
    await at.present()
    at.forget()
    await at.settle(21)
    assert [(t[0], t[1], t[3]) for t in at.news()] == [("Ended", "EVConnectTimeout", "Timeout")]
    await at.plug()
    assert "Occupied" in at.states()
    assert "Charging" not in [t[2] for t in at.told()]
    await at.end()


@each_2x
@pytest.mark.parametrize("stop", [AUT, PPC, ET, EVC])
async def test_tc_e_46__the_car_ends_its_session(version: Version, stop: str) -> None:
    at = await Session.at(version, start=EVC, stop=stop, ev=vehicle(HLC))
    at.script["NotifyEVChargingNeeds"] = lambda request: {"status": NO_PROFILE[version]}
    await at.plug()
    await at.transfer()
    assert at.station.evses[0].meter.watts > 0
    ev_stops(at.station)
    await at.settle()
    stopped(at, "StopAuthorized", "StoppedByEV", stop != EVC)
    assert at.told()[-1][2] == "EVConnected"
    await at.end()


# --- what is queued -------------------------------------------------------------------------------------------

UPDATED: Payload = {"SampledDataCtrlr__TxUpdatedInterval": 10, "OCPPCommCtrlr__OfflineThreshold": 600}


async def status(at: Session, id: str = "") -> Payload:
    return await at.ask("GetTransactionStatus", {"transactionId": id} if id else {})


@each_2x
async def test_tc_e_28__of_an_unknown_transaction_nothing_is_queued(version: Version) -> None:
    at = await Session.at(version)
    assert await status(at, "nobody") == {"ongoingIndicator": False, "messagesInQueue": False}
    await at.end()


def while_queued(at: Session, id: str, answers: list[Payload]) -> None:
    """Ask for the status as soon as the link is back and before the first queued message is answered."""
    connected = at.connect

    async def connect(*, again: bool = False) -> Any:
        link = await connected(again=again)

        async def ask() -> None:
            assert at.peer is not None
            request = {"transactionId": id} if id else {}
            answers.append(await at.peer.call("GetTransactionStatus", request))

        at.tasks.spawn(ask())
        return link

    at.connect = connect  # type: ignore[method-assign]


@each_2x
@pytest.mark.parametrize("by_id", [True, False], ids=["E_29", "E_33"])
async def test_tc_e_29_33__what_a_running_transaction_owes_is_known(version: Version, by_id: bool) -> None:
    at = await Session.at(version, **UPDATED)
    await at.transfer()
    await at.away(35)
    answers: list[Payload] = []
    while_queued(at, at.running if by_id else "", answers)
    await at.back()
    assert answers == [{"messagesInQueue": True} | ({"ongoingIndicator": True} if by_id else {})]
    queued = [p for p in events(at) if p.get("offline")]
    assert queued
    assert all(p["eventType"] == "Updated" and "meterValue" in p for p in queued)
    await at.end()


@each_2x
async def test_tc_e_30__a_running_transaction_owes_nothing(version: Version) -> None:
    at = await Session.at(version)
    await at.transfer()
    assert await status(at, at.running) == {"ongoingIndicator": True, "messagesInQueue": False}
    await at.end()


@each_2x
async def test_tc_e_31__what_an_ended_transaction_owes_is_known(version: Version) -> None:
    at = await Session.at(version, **UPDATED)
    await at.transfer()
    await at.away(5)
    await at.present()
    await at.unplug()
    answers: list[Payload] = []
    while_queued(at, at.running, answers)
    await at.back()
    assert answers == [{"ongoingIndicator": False, "messagesInQueue": True}]
    assert at.told()[-1][:2] == ("Ended", "StopAuthorized")
    await at.end()


@each_2x
async def test_tc_e_32__an_ended_transaction_owes_nothing(version: Version) -> None:
    at = await Session.at(version)
    await at.transfer()
    await at.present()
    await at.unplug()
    assert await status(at, at.running) == {"ongoingIndicator": False, "messagesInQueue": False}
    await at.end()


@each_2x
async def test_tc_e_34__an_empty_queue_is_empty(version: Version) -> None:
    at = await Session.at(version)
    assert await status(at) == {"messagesInQueue": False}
    await at.end()


@each_2x
async def test_tc_e_40__what_was_metered_offline_comes_afterwards(version: Version) -> None:
    at = await Session.at(version, **UPDATED)
    await at.transfer()
    await at.away(35)
    at.forget()
    await at.back()
    assert {t[0] for t in at.told()} == {"Updated"}
    queued = [p for p in events(at) if p.get("offline")]
    assert len(queued) >= 3
    assert all("meterValue" in p for p in queued)
    await at.end()


@each_2x
async def test_tc_e_43__a_whole_transaction_offline_comes_afterwards(version: Version) -> None:
    at = await Session.at(version, start=EVC, AuthCtrlr__OfflineTxForUnknownIdEnabled=True)
    await at.away(5)
    await at.plug()
    await at.present()
    await at.settle(60)
    await at.present()
    await at.unplug()
    await at.back()
    assert all(p["offline"] for p in events(at))
    assert [t[0] for t in at.told()].count("Started") == [t[0] for t in at.told()].count("Ended") == 1
    await at.end()


@each_2x
@pytest.mark.parametrize("grouped", [False, True], ids=["E_44", "E_45"])
async def test_tc_e_44_45__a_stop_offline_comes_afterwards(version: Version, grouped: bool) -> None:
    at = await Session.at(version)
    info = at.info()
    if grouped:
        info["idTokenInfo"]["groupIdToken"] = {"idToken": "G1", "type": "Central"}
    at.script["Authorize"] = lambda request: info
    await at.transfer()
    at.station.authorizer.listed = {OTHER.key: TokenInfo("Accepted", "G1")}
    at.station.model.put("LocalAuthListEnabled", True)
    await at.away(5)
    assert await at.present(OTHER if grouped else TOKEN) == "stopped"
    await at.unplug()
    await at.back()
    assert all(p["offline"] for p in events(at))
    assert [t[0] for t in at.told()].count("Ended") == 1
    await at.end()


# --- what is sent again ---------------------------------------------------------------------------------------


async def retried(version: Version, attempts: int, answers: list[str]) -> tuple[list[float], Session]:
    """A first TransactionEvent that fails as `answers` say; gives the times at which it was sent."""
    sending: Payload = {
        "OCPPCommCtrlr__MessageAttempts[TransactionEvent]": attempts,
        "OCPPCommCtrlr__MessageAttemptInterval[TransactionEvent]": 10,
    }
    at = await Session.at(version, start=PPC, **sending)
    sent: list[float] = []
    left = list(answers)

    def answer(request: Payload) -> Payload:
        if request["seqNo"] == 0:
            sent.append(at.station.clock.elapsed())
            how = left.pop(0) if left else "error"
            if how == "error":
                raise Refuse("InternalError", "on purpose")
            if how == "silence":
                raise NoAnswer
        return at.info() if "idToken" in request else {}

    at.script["TransactionEvent"] = answer
    await at.present()
    await at.plug()
    await at.settle(600)
    return sent, at


def spacing(sent: list[float]) -> list[float]:
    return [round(after - before, 1) for before, after in pairwise(sent)]


@each_2x
async def test_tc_e_41__an_event_without_an_answer_is_sent_so_often(version: Version) -> None:
    sent, at = await retried(version, 3, ["silence"] * 9)
    assert spacing(sent) == [40.0, 50.0]  # the interval times the attempts so far, and 30 s without an answer
    await at.tasks.end()  # what was not answered is a finding


@each_2x
async def test_tc_e_42__an_event_that_is_answered_is_sent_no_more(version: Version) -> None:
    sent, at = await retried(version, 3, ["silence", "answer"])
    assert spacing(sent) == [40.0]
    await at.tasks.end()  # what was not answered is a finding


@each_2x
async def test_tc_e_50__an_event_that_is_refused_is_sent_so_often(version: Version) -> None:
    sent, at = await retried(version, 3, ["error"] * 9)
    assert spacing(sent) == [10.0, 20.0]
    await at.end()


@each_2x
async def test_tc_e_51__an_event_that_is_taken_at_last_is_sent_no_more(version: Version) -> None:
    sent, at = await retried(version, 3, ["error", "answer"])
    assert spacing(sent) == [10.0]
    await at.end()
