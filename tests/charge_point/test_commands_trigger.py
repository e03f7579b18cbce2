"""TriggerMessage, ExtendedTriggerMessage and UnlockConnector on the wire: the answer, and what follows it."""

from __future__ import annotations

from typing import Any

import pytest

from charge_point.definitions import FEATURES
from shared.versions import V16, V21, V201, Version
from tests.charge_point.wired import WIDE, Wired


def place(version: Version, evse: int, connector: int = 1) -> dict[str, Any]:
    if version is V16:
        return {"connectorId": evse}
    return {"evse": {"id": evse, "connectorId": connector}}


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
        (V201, {"requestedMessage": "SignCombinedCertificate"}),
        (V21, {"requestedMessage": "CustomTrigger", "customTrigger": "Anything"}),
    ],
    ids=str,
)
async def test_a_message_that_the_station_does_not_send_is_not_implemented(
    version: Version, request_: dict[str, Any]
) -> None:
    wired = await Wired(version, features=FEATURES - {"iso15118"}).start()
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
