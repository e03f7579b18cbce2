"""Remote start and stop on the wire: the answer, what follows it, and where that leads."""

from __future__ import annotations

from typing import Any

import pytest

from shared.versions import V16, V21, Version
from tests.charge_point.wired import TOKEN, WIDE, Wired


def start_of(version: Version, evse: int | None = 1, token: str = TOKEN.id, kind: str = "ISO14443") -> Any:
    """The action and payload that ask for a start at `evse`, whose only connector has the same number in 1.6."""
    if version is V16:
        return "RemoteStartTransaction", {"idTag": token} | ({"connectorId": evse} if evse else {})
    payload = {"idToken": {"idToken": token, "type": kind}, "remoteStartId": 42}
    return "RequestStartTransaction", payload | ({"evseId": evse} if evse else {})


def stop_of(version: Version, id: str | int) -> Any:
    if version is V16:
        return "RemoteStopTransaction", {"transactionId": id}
    return "RequestStopTransaction", {"transactionId": str(id)}


# --- start -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("authorize", [False, True], ids=["at once", "after Authorize"])
async def test_a_remote_start_with_the_car_plugged_in_charges(version: Version, authorize: bool) -> None:
    wired = await Wired(version, variables=WIDE | {"AuthorizeRemoteTxRequests": authorize}).start()
    wired.station.plug_in()
    await wired.settle()
    before = wired.station.evses[0].transaction
    wired.forget()
    action, request = start_of(version)
    answer = await wired.ask(action, request)
    assert answer["status"] == "Accepted"
    asked = ["Authorize"] if authorize else []
    if version is V16:
        assert wired.actions("StatusNotification") == [f"> {action}", *asked, "StartTransaction"]
        assert wired.of("StartTransaction")[0]["idTag"] == TOKEN.id
        assert wired.statuses() == [(0, 1, "Charging")]
    else:
        assert before is not None
        assert answer["transactionId"] == before.id  # F01.FR.13
        assert wired.actions() == [f"> {action}", *asked, "TransactionEvent", "TransactionEvent"]
        first = wired.of("TransactionEvent")[0]
        assert wired.events()[0] == ("Updated", "RemoteStart", "")
        assert first["transactionInfo"]["remoteStartId"] == 42
        assert first["idToken"] == {"idToken": TOKEN.id, "type": "ISO14443"}
    await wired.end()


async def test_a_remote_start_before_the_plug_waits_for_it(version: Version) -> None:
    wired = await Wired(version, variables=WIDE).start()
    answer = await wired.ask(*start_of(version))
    assert answer == {"status": "Accepted"}
    if version is not V16:
        assert wired.events() == [("Started", "RemoteStart", "")]
    wired.station.plug_in()
    await wired.settle()
    if version is V16:
        assert wired.actions("StatusNotification")[1:] == ["StartTransaction"]
        assert wired.statuses() == [(0, 1, "Preparing"), (0, 1, "Charging")]
    else:
        assert [event[:2] for event in wired.events()] == [
            ("Started", "RemoteStart"),
            ("Updated", "CablePluggedIn"),
            ("Updated", "ChargingStateChanged"),
        ]
    await wired.end()


async def test_a_remote_start_that_nobody_follows_times_out(version: Version) -> None:
    wired = await Wired(version, variables=WIDE | {"EVConnectionTimeOut": 20}).start()
    await wired.ask(*start_of(version))
    wired.forget()
    await wired.settle(21)
    if version is V16:
        assert wired.statuses() == [(0, 1, "Available")]
        assert "StartTransaction" not in wired.actions()
    else:
        assert wired.events() == [("Ended", "EVConnectTimeout", "Timeout")]
    assert not wired.station.evses[0].is_authorized
    await wired.end()


async def test_a_remote_start_with_a_token_that_is_refused_starts_nothing(version: Version) -> None:
    wired = await Wired(version, variables={"AuthorizeRemoteTxRequests": True}).start()
    wired.script["Authorize"] = lambda request: wired.info("Invalid")
    action, request = start_of(version)
    assert (await wired.ask(action, request))["status"] == "Accepted"
    assert wired.actions() == [f"> {action}", "Authorize"]
    assert not wired.station.evses[0].is_authorized
    await wired.end()


async def test_a_central_token_is_not_asked_about(version_2x: Version) -> None:
    wired = await Wired(version_2x, variables=WIDE | {"AuthorizeRemoteTxRequests": True}).start()
    await wired.ask(*start_of(version_2x, kind="Central"))
    assert wired.actions()[1:] == ["TransactionEvent"]  # C05.FR.01
    assert not wired.station.authorizer.cache  # C05.FR.02
    await wired.end()


async def test_without_an_evse_the_one_with_a_car_is_taken(version: Version) -> None:
    wired = await Wired(version, evses=((1,), (1,), (1,))).start()
    wired.station.fault(1)
    wired.station.plug_in(3)
    await wired.settle()
    assert (await wired.ask(*start_of(version, None)))["status"] == "Accepted"
    assert [one.is_authorized for one in wired.station.evses] == [False, False, True]
    await wired.end()


async def test_the_second_connector_of_an_evse_can_be_started_at_on_16() -> None:
    wired = await Wired(V16, evses=((1, 2),)).start()
    answer = await wired.ask("RemoteStartTransaction", {"connectorId": 2, "idTag": TOKEN.id})
    assert answer == {"status": "Accepted"}
    wired.station.plug_in(1, 2)
    await wired.settle()
    assert wired.of("StartTransaction")[0]["connectorId"] == 2
    wired.forget()
    assert (await wired.ask("RemoteStartTransaction", {"connectorId": 1, "idTag": "X"}))[
        "status"
    ] == "Rejected"
    await wired.end()


@pytest.mark.parametrize("case", ["unknown", "in use", "unavailable", "faulted", "all faulted", "zero"])
async def test_a_remote_start_is_rejected_and_nothing_follows(version: Version, case: str) -> None:
    wired = await Wired(version, variables=WIDE).start()
    evse: int | None = {"unknown": 9, "all faulted": None}.get(case, 1)
    if case == "in use":
        await wired.charging()
    elif case == "unavailable":
        wired.station.set_availability(False, 1).then()  # type: ignore[misc]
    elif "faulted" in case:
        wired.station.fault(1)
    await wired.settle()
    wired.forget()
    action, request = start_of(version, evse, token="OTHER")
    if case == "zero" and version is V21:
        pytest.skip("the schema of 2.1 does not let evseId be 0")
    if case == "zero":
        request["connectorId" if version is V16 else "evseId"] = 0
    answer = await wired.ask(action, request)
    assert answer["status"] == "Rejected"
    if version is not V16:
        code = {"unknown": "UnknownEvse", "zero": "UnknownEvse", "in use": "TxInProgress"}.get(
            case, "Unspecified"
        )
        assert answer["statusInfo"]["reasonCode"] == code
    assert wired.actions("MeterValues") == [f"> {action}"]
    await wired.end()


async def test_a_running_session_goes_on_when_a_second_start_is_rejected(version: Version) -> None:
    wired = await Wired(version, variables=WIDE).start()
    id = await wired.charging()
    await wired.ask(*start_of(version, token="OTHER"))
    one = wired.station.evses[0]
    assert one.transaction is not None
    assert (one.transaction.id, one.energy.value) == (id, "flowing")
    await wired.end()


async def test_a_charging_profile_is_ignored_by_a_station_without_smart_charging(version: Version) -> None:
    wired = await Wired(version).start()
    action, request = start_of(version)
    schedule = {"chargingRateUnit": "A", "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 6.0}]}
    profile = {"stackLevel": 0, "chargingProfilePurpose": "TxProfile", "chargingProfileKind": "Relative"}
    if version is V16:
        request["chargingProfile"] = profile | {"chargingProfileId": 1, "chargingSchedule": schedule}
    else:
        request["chargingProfile"] = profile | {"id": 1, "chargingSchedule": [schedule | {"id": 1}]}
    assert (await wired.ask(action, request))["status"] == "Accepted"  # F01.FR.12; 1.6 §5.11
    await wired.end()


# --- stop --------------------------------------------------------------------------------------------------


async def test_a_remote_stop_ends_the_transaction(version: Version) -> None:
    wired = await Wired(version, variables=WIDE).start()
    id = await wired.charging()
    id_of_csms = wired.number if version is V16 else id
    action, request = stop_of(version, id_of_csms)
    assert await wired.ask(action, request) == {"status": "Accepted"}
    if version is V16:
        assert wired.actions("StatusNotification") == [f"> {action}", "StopTransaction"]
        stop = wired.of("StopTransaction")[0]
        assert (stop["reason"], stop["transactionId"], "idTag" in stop) == ("Remote", id_of_csms, False)
        assert wired.statuses() == [(0, 1, "Finishing")]
    else:
        assert wired.actions() == [f"> {action}", "TransactionEvent"]
        assert wired.events() == [("Ended", "RemoteStop", "Remote")]
    assert wired.station.evses[0].transaction is None
    assert (await wired.ask(action, request))["status"] == "Rejected"
    await wired.end()


async def test_a_remote_stop_only_stops_energy_when_the_stop_point_is_the_plug(version_2x: Version) -> None:
    points = {"TxStartPoint": "EVConnected", "TxStopPoint": "EVConnected"}
    wired = await Wired(version_2x, variables=points).start()
    id = await wired.charging()
    await wired.ask(*stop_of(version_2x, id))
    assert wired.events()[0][:2] == ("Updated", "RemoteStop")  # F03.FR.02
    wired.station.unplug()
    await wired.settle()
    assert wired.events()[-1] == ("Ended", "EVCommunicationLost", "Remote")  # F04.FR.03
    await wired.end()


@pytest.mark.parametrize("stop_point", ["PowerPathClosed", "EVConnected"])
async def test_a_session_stopped_before_the_plug_leaves_the_evse_free(
    version_2x: Version, stop_point: str
) -> None:
    points = {"TxStartPoint": "Authorized", "TxStopPoint": stop_point}
    wired = await Wired(version_2x, variables=points).start()
    await wired.ask(*start_of(version_2x))
    transaction = wired.station.evses[0].transaction
    assert transaction is not None
    assert await wired.ask(*stop_of(version_2x, transaction.id)) == {"status": "Accepted"}
    assert wired.events() == [("Started", "RemoteStart", ""), ("Ended", "RemoteStop", "Remote")]
    assert (await wired.ask(*start_of(version_2x)))["status"] == "Accepted"
    await wired.end()


@pytest.mark.parametrize("id", ["test_transaction_123", 1])
async def test_a_stop_of_a_transaction_that_never_was_is_rejected(version: Version, id: str | int) -> None:
    wired = await Wired(version, variables=WIDE).start()
    await wired.charging()
    action, request = stop_of(version, 1 if version is V16 else id)
    answer = await wired.ask(action, request)
    assert answer["status"] == "Rejected"
    assert version is V16 or answer["statusInfo"]["reasonCode"] == "TxNotFound"
    assert wired.actions() == [f"> {action}"]
    await wired.end()


async def test_start_and_stop_are_rejected_while_pending(version: Version) -> None:
    wired = Wired(version)
    wired.pending("Pending")
    await wired.start()
    for action, request in (start_of(version), stop_of(version, 1)):
        answer = await wired.ask(action, request)
        assert answer["status"] == "Rejected"  # B02.FR.05
        assert version is V16 or answer["statusInfo"]["reasonCode"] == "CSNotAccepted"
    await wired.end()


async def test_a_number_written_with_a_point_is_the_same_number(version_2x: Version) -> None:
    wired = await Wired(version_2x).start()
    action, request = start_of(version_2x)
    assert (await wired.ask(action, request | {"evseId": 1.0}))["status"] == "Accepted"  # valid by the schema
    assert (await wired.ask("UnlockConnector", {"evseId": 1.0, "connectorId": 1.0}))["status"] == "Unlocked"
    await wired.end()
