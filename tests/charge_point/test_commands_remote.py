"""Remote start and stop, triggers and unlocking, on the wire: the answer, what follows it, and where that leads."""

from __future__ import annotations

from typing import Any

import pytest

from shared.versions import V16, V21, V201, Version
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


def place(version: Version, evse: int, connector: int = 1) -> dict[str, Any]:
    if version is V16:
        return {"connectorId": evse}
    return {"evse": {"id": evse, "connectorId": connector}}


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


# --- trigger -----------------------------------------------------------------------------------------------

TRIGGERED = [
    (V16, "TriggerMessage", "Heartbeat", "Heartbeat", {}),
    (
        V16,
        "TriggerMessage",
        "DiagnosticsStatusNotification",
        "DiagnosticsStatusNotification",
        {"status": "Idle"},
    ),
    (V16, "TriggerMessage", "FirmwareStatusNotification", "FirmwareStatusNotification", {"status": "Idle"}),
    (V16, "ExtendedTriggerMessage", "Heartbeat", "Heartbeat", {}),
    (V16, "ExtendedTriggerMessage", "LogStatusNotification", "LogStatusNotification", {"status": "Idle"}),
    (
        V16,
        "ExtendedTriggerMessage",
        "FirmwareStatusNotification",
        "SignedFirmwareStatusNotification",
        {"status": "Idle"},
    ),
    *(
        (version, "TriggerMessage", message, message, payload)
        for version in (V201, V21)
        for message, payload in (
            ("Heartbeat", {}),
            ("LogStatusNotification", {"status": "Idle"}),
            ("FirmwareStatusNotification", {"status": "Idle"}),
        )
    ),
]


@pytest.mark.parametrize(("version", "action", "message", "sent", "payload"), TRIGGERED, ids=str)
@pytest.mark.parametrize("status", ["Accepted", "Pending"])
async def test_a_triggered_message_follows_the_answer(
    version: Version, action: str, message: str, sent: str, payload: dict[str, Any], status: str
) -> None:
    wired = Wired(version)
    wired.pending(status)
    await wired.start()
    # a place that does not exist does not matter for these (F06.FR.03; 1.6 §5.17)
    assert await wired.ask(action, {"requestedMessage": message} | place(version, 99)) == {
        "status": "Accepted"
    }
    assert wired.heard() == [(f"> {action}", {"status": "Accepted"}), (sent, payload)]
    await wired.end()


def trigger_names(version: Version) -> list[str]:
    return ["TriggerMessage", "ExtendedTriggerMessage"] if version is V16 else ["TriggerMessage"]


async def test_status_and_meter_values_can_be_triggered_for_one_place_or_all(version: Version) -> None:
    wired = await Wired(version, evses=((1,), (1,))).start()
    for action in trigger_names(version):
        wired.forget()
        await wired.ask(action, {"requestedMessage": "StatusNotification"} | place(version, 2))
        assert wired.actions() == [f"> {action}", "StatusNotification"]
        assert [where[:2] for where in wired.statuses()] == [(0, 2) if version is V16 else (2, 1)]
        wired.forget()
        await wired.ask(action, {"requestedMessage": "StatusNotification"})
        every = [(0, 0), (0, 1), (0, 2)] if version is V16 else [(1, 1), (2, 1)]
        assert [where[:2] for where in wired.statuses()] == every
        wired.forget()
        await wired.ask(action, {"requestedMessage": "MeterValues"} | place(version, 2))
        values = wired.of("MeterValues")
        assert [value.get("evseId", value.get("connectorId")) for value in values] == [2]
        assert values[0]["meterValue"][0]["sampledValue"][0]["context"] == "Trigger"
        wired.forget()
        await wired.ask(action, {"requestedMessage": "MeterValues"})
        assert [value.get("evseId", value.get("connectorId")) for value in wired.of("MeterValues")] == [1, 2]
    if version is V16:
        wired.forget()
        await wired.ask("TriggerMessage", {"requestedMessage": "StatusNotification", "connectorId": 0})
        assert wired.statuses() == [(0, 0, "Available")]
    await wired.end()


@pytest.mark.parametrize("message", ["StatusNotification", "MeterValues"])
async def test_a_trigger_for_a_place_that_is_not_there_is_rejected(version: Version, message: str) -> None:
    wired = await Wired(version).start()
    for action in trigger_names(version):
        wired.forget()
        answer = await wired.ask(action, {"requestedMessage": message} | place(version, 9))
        assert answer["status"] == "Rejected"
        assert wired.actions() == [f"> {action}"]
    if version is not V16:
        answer = await wired.ask("TriggerMessage", {"requestedMessage": message} | place(version, 1, 9))
        assert answer["statusInfo"]["reasonCode"] == "UnknownConnectorId"
    else:
        extended = {"requestedMessage": message, "connectorId": 0}
        assert (await wired.ask("ExtendedTriggerMessage", extended))["status"] == "Rejected"
    await wired.end()


async def test_boot_notification_is_triggered_while_pending_and_rejected_once_accepted(
    version: Version,
) -> None:
    wired = Wired(version)
    wired.pending("Pending", "Accepted")
    await wired.start()
    for action in trigger_names(version)[:1]:
        assert await wired.ask(action, {"requestedMessage": "BootNotification"}) == {"status": "Accepted"}
        assert wired.actions()[:2] == [f"> {action}", "BootNotification"]
        assert version is V16 or wired.of("BootNotification")[0]["reason"] == "Triggered"
        assert wired.station.registration.accepted
    for action in trigger_names(version):
        wired.forget()
        answer = await wired.ask(action, {"requestedMessage": "BootNotification"})  # F06.FR.17; errata 3.35
        assert answer["status"] == "Rejected"
        assert wired.actions() == [f"> {action}"]
    await wired.end()


async def test_a_running_transaction_can_be_triggered(version_2x: Version) -> None:
    wired = await Wired(version_2x, variables=WIDE).start()
    asked = {"requestedMessage": "TransactionEvent", "evse": {"id": 1}}
    answer = await wired.ask("TriggerMessage", asked)
    assert (answer["status"], answer["statusInfo"]["reasonCode"]) == ("Rejected", "TxNotFound")
    await wired.charging()
    assert await wired.ask("TriggerMessage", asked) == {"status": "Accepted"}
    assert wired.actions() == ["> TriggerMessage", "TransactionEvent"]
    event = wired.of("TransactionEvent")[0]
    assert (event["triggerReason"], event["transactionInfo"]["chargingState"]) == ("Trigger", "Charging")
    assert event["meterValue"][0]["sampledValue"]
    await wired.end()


@pytest.mark.parametrize(
    ("version", "request_"),
    [
        (V16, {"requestedMessage": "SignChargePointCertificate"}),
        (V201, {"requestedMessage": "SignChargingStationCertificate"}),
        (V201, {"requestedMessage": "SignCombinedCertificate"}),
        (V201, {"requestedMessage": "PublishFirmwareStatusNotification"}),
        (V21, {"requestedMessage": "SignV2G20Certificate"}),
        (V21, {"requestedMessage": "CustomTrigger", "customTrigger": "Anything"}),
    ],
    ids=str,
)
async def test_a_message_that_the_station_does_not_send_is_not_implemented(
    version: Version, request_: dict[str, Any]
) -> None:
    wired = await Wired(version).start()
    action = "ExtendedTriggerMessage" if version is V16 else "TriggerMessage"
    assert await wired.ask(action, request_) == {"status": "NotImplemented"}  # F06.FR.08, .19
    assert wired.actions() == [f"> {action}"]
    await wired.end()


async def test_nothing_else_is_triggered_before_boot_notification_is_answered(version: Version) -> None:
    wired = Wired(version)
    early: list[str] = []

    async def ask_early() -> None:
        assert wired.peer is not None
        answer = await wired.peer.call("TriggerMessage", {"requestedMessage": "Heartbeat"})
        early.append(answer["status"])

    plain = wired.answer

    def boot(request: dict[str, Any]) -> dict[str, Any]:
        wired.script["BootNotification"] = None
        return plain("BootNotification", request)

    wired.script["BootNotification"] = boot
    wired.tasks.spawn(wired.connection.run())
    while wired.peer is None:
        await wired.settle(0)
    await ask_early()
    await wired.settle()
    assert early == ["Rejected"]  # B01.FR.08
    await wired.end()


# --- unlock ------------------------------------------------------------------------------------------------


def lock_of(version: Version, evse: int, connector: int = 1) -> dict[str, Any]:
    return {"connectorId": evse} if version is V16 else {"evseId": evse, "connectorId": connector}


async def test_a_connector_is_unlocked_with_a_cable_and_without(version: Version) -> None:
    wired = await Wired(version).start()
    assert await wired.ask("UnlockConnector", lock_of(version, 1)) == {"status": "Unlocked"}  # F05.FR.06
    await wired.charging()
    wired.station.evses[0].end_authorization("StopAuthorized", "Local", keep_locked=True)
    await wired.settle()
    assert not wired.station.unplug()
    assert await wired.ask("UnlockConnector", lock_of(version, 1)) == {"status": "Unlocked"}
    assert wired.station.unplug()
    await wired.end()


async def test_unlocking_in_a_transaction_ends_it_on_16_and_is_refused_on_2x(version: Version) -> None:
    wired = await Wired(version, variables=WIDE).start()
    await wired.charging()
    answer = await wired.ask("UnlockConnector", lock_of(version, 1))
    if version is V16:
        assert answer == {"status": "Unlocked"}
        assert wired.actions("StatusNotification") == ["> UnlockConnector", "StopTransaction"]
        assert wired.of("StopTransaction")[0]["reason"] == "UnlockCommand"
        assert wired.station.unplug()
    else:
        assert answer["status"] == "OngoingAuthorizedTransaction"  # F05.FR.02
        assert wired.actions() == ["> UnlockConnector"]
        assert wired.station.evses[0].transaction is not None
    await wired.end()


async def test_an_unknown_connector_a_fixed_cable_and_a_jammed_lock_are_told_apart(version: Version) -> None:
    wired = await Wired(version).start()
    unknown = "NotSupported" if version is V16 else "UnknownConnector"
    for evse in (9, 0):
        assert (await wired.ask("UnlockConnector", lock_of(version, evse)))["status"] == unknown
    if version is not V16:
        assert (await wired.ask("UnlockConnector", lock_of(version, 1, 999)))[
            "status"
        ] == unknown  # F05.FR.03
    wired.station.evses[0].active.lock_fails = True
    assert (await wired.ask("UnlockConnector", lock_of(version, 1)))["status"] == "UnlockFailed"  # F05.FR.05
    await wired.end()
    fixed = await Wired(version, tethered=True).start()
    expected = "NotSupported" if version is V16 else "UnlockFailed"
    assert (await fixed.ask("UnlockConnector", lock_of(version, 1)))["status"] == expected
    await fixed.end()


async def test_a_number_written_with_a_point_is_the_same_number(version_2x: Version) -> None:
    wired = await Wired(version_2x).start()
    action, request = start_of(version_2x)
    assert (await wired.ask(action, request | {"evseId": 1.0}))["status"] == "Accepted"  # valid by the schema
    assert (await wired.ask("UnlockConnector", {"evseId": 1.0, "connectorId": 1.0}))["status"] == "Unlocked"
    await wired.end()
