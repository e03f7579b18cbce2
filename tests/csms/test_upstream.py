"""The mock server that this one supersedes: what it answered and sent, expectation by expectation.

`--compat upstream` brings its answers back where they differ from the standard's. Its own tests amount to 52
numbered expectations; each is met by a test here (`@meets`), by one elsewhere, or differs for a reason.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import pytest

from csms.conductor import conduct
from csms.option_values import AUTH_MODES
from csms.options import CsmsOptions, resolve
from csms.timetable import Step
from shared.option_fields import UsageError
from shared.peer import CallRefused
from shared.versions import V16, V21, V201, Version
from tests.csms.dialled import (
    BOOT,
    SILENCE,
    Fails,
    GotError,
    Payload,
    RawStation,
    Serving,
    authorize,
    event,
    info_of,
    serving,
    start,
    stop,
)
from tests.csms.office import sample
from tests.support import each_2x

Test = TypeVar("Test", bound=Callable[..., Any])

MET: dict[int, list[str]] = {}


def meets(*numbers: int) -> Callable[[Test], Test]:
    """Marks a test of these expectations."""

    def mark(test: Test) -> Test:
        for number in numbers:
            MET.setdefault(number, []).append(test.__name__)
        return test

    return mark


def upstream(*args: str) -> Serving:
    """The CSMS with `--compat upstream`."""
    return serving("--compat", "upstream", *args)


# --- numbers and ids ------------------------------------------------------------------------------------------


@meets(1)
@pytest.mark.parametrize(("text", "seconds"), [("5", 5.0), ("3.14", 3.14)])
def test_seconds_are_numbers(text: str, seconds: float) -> None:
    assert resolve(["--delay", text], {}).delay == seconds


@meets(2, 3, 4)
@pytest.mark.parametrize("flag", ["--delay", "--period", "--auth-cache-expiry"])
@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("0", "not positive"),
        ("-1", "not positive"),
        ("soon", "not a number"),
        ("inf", "not finite"),
        ("nan", "not finite"),
    ],
)
def test_seconds_are_positive_finite_numbers(flag: str, text: str, fault: str) -> None:
    with pytest.raises(UsageError, match=f"^{flag}: '{text}' is {fault}$"):
        resolve([f"{flag}={text}"], {})


@meets(5)
@each_2x
async def test_request_ids_are_whole_numbers_of_31_bits(version: Version) -> None:
    async with upstream() as csms:
        station = await csms.booted(version)
        for _ in range(200):
            await command(csms, "GetBaseReport")
        ids = [asked.payload["requestId"] for asked in station.asked]
        assert all(type(id) is int and 1 <= id <= 2**31 - 1 for id in ids)
        assert len(set(ids)) == 200


async def command(csms: Serving, name: str, options: str = "") -> Any:
    return await conduct(csms.csms.sessions["CP1"], Step(name, options))


# --- authorization --------------------------------------------------------------------------------------------


async def status_of(station: RawStation, token: str) -> str:
    answer = await station.call("Authorize", authorize(station.version, token))
    return str(info_of(answer)["status"])


@meets(6, 7, 8, 9)
@pytest.mark.parametrize(
    ("mode", "token", "status"),
    [
        ("normal", "any_token", "Accepted"),
        ("normal", "blocked_token", "Accepted"),
        ("normal", "", "Accepted"),
        ("whitelist", "valid_token", "Accepted"),
        ("whitelist", "stranger", "Blocked"),
        ("whitelist", "", "Blocked"),
        ("blacklist", "blocked_token", "Blocked"),
        ("blacklist", "stranger", "Accepted"),
        ("blacklist", "", "Accepted"),
        ("rate_limit", "valid_token", "NotAtThisTime"),
    ],
)
async def test_each_mode(version: Version, mode: str, token: str, status: str) -> None:
    if version is V16 and mode == "rate_limit":
        status = "Blocked"  # its 1.6 server had no such mode
    async with upstream("--auth-mode", mode) as csms:
        station = await csms.booted(version)
        assert await status_of(station, token) == status


@meets(10)
async def test_offline_fails_authorize(version: Version) -> None:
    async with upstream("--offline") as csms:
        station = await csms.booted(version)
        with pytest.raises(GotError) as refused:
            await status_of(station, "valid_token")
        assert refused.value.code == "InternalError"


@meets(11, 12)
async def test_group_and_expiry_come_with_authorize_and_start(version: Version) -> None:
    flags = ("--auth-group-id", "G", "--auth-cache-expiry", "3600", "--auth-mode", "whitelist")
    async with upstream(*flags) as csms:
        station = await csms.booted(version)
        answers = [await station.call("Authorize", authorize(version, "stranger"))]
        if version is V16:
            answers.append(await station.call("StartTransaction", start("stranger")))
            began = answers[-1]["transactionId"]
            answers.append(await station.call("StopTransaction", stop(began, idTag="stranger")))
        else:
            answers.append(await station.call("TransactionEvent", event("Started", 0, token="stranger")))
        for answer in answers:
            info = info_of(answer)
            assert info["status"] == "Blocked"  # they come with every status
            if version is V16:
                assert info["parentIdTag"] == "G"
                assert csms.time_of(info["expiryDate"]) == pytest.approx(3600)
            else:
                assert info["groupIdToken"] == {"idToken": "G", "type": "Central"}
                assert csms.time_of(info["cacheExpiryDateTime"]) == pytest.approx(3600)


@meets(13)
async def test_neither_comes_by_itself(version: Version) -> None:
    async with upstream() as csms:
        station = await csms.booted(version)
        assert info_of(await station.call("Authorize", authorize(version, "T"))) == {"status": "Accepted"}


@meets(14)
def test_the_defaults_of_authorization() -> None:
    options = CsmsOptions()
    assert (options.auth_mode, options.offline) == ("normal", False)
    assert AUTH_MODES == ("normal", "whitelist", "blacklist", "rate_limit")
    assert options.whitelist == ("valid_token", "test_token", "authorized_user")
    assert options.blacklist == ("blocked_token", "invalid_user")


# --- boot -----------------------------------------------------------------------------------------------------


@meets(15, 16, 17)
@pytest.mark.parametrize("flags", [(), ("--boot-status", "Rejected"), ("--boot-status", "Pending")])
async def test_one_status_for_ever_with_an_interval_of_60(version: Version, flags: tuple[str, ...]) -> None:
    async with upstream(*flags) as csms:
        station = csms.station(version)
        for _ in range(3):
            answer = await station.call("BootNotification", BOOT[version])
            assert (answer["status"], answer["interval"]) == (flags[-1] if flags else "Accepted", 60)
            assert "T" in answer["currentTime"]


@meets(18, 19)
async def test_a_sequence_is_one_for_all_stations_and_stays_at_its_end(version: Version) -> None:
    async with upstream("--boot-status-sequence", "Pending,Pending,Accepted") as csms:
        said = []
        for name in ("CP1", "CP2", "CP1", "CP3"):  # each dials anew
            answer = await csms.station(version, name).call("BootNotification", BOOT[version])
            said.append((answer["status"], answer["interval"]))
        assert said == [("Pending", 60), ("Pending", 60), ("Accepted", 60), ("Accepted", 60)]


async def test_the_standard_s_sequence_is_each_station_s_own(version: Version) -> None:
    async with serving("--boot-status-sequence", "Pending,Accepted") as csms:
        for name in ("CP1", "CP2"):
            answer = await csms.station(version, name).call("BootNotification", BOOT[version])
            assert (answer["status"], answer["interval"]) == ("Pending", 5)


@meets(20)
@pytest.mark.parametrize("text", ["", ",", " "])
def test_an_empty_sequence_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match=r"^--boot-status-sequence: at least one status is required$"):
        resolve(["--boot-status-sequence", text], {})


async def test_requests_are_answered_in_every_state_of_registration(version: Version) -> None:
    async with upstream("--boot-status", "Rejected") as csms:
        station = csms.station(version)
        assert await status_of(station, "T") == "Accepted"
        await station.call("BootNotification", BOOT[version])
        assert await status_of(station, "T") == "Accepted"


# --- what it answered -------------------------------------------------------------------------------------------

EMPTY: Payload = {}
NOTIFICATIONS = (
    "StatusNotification",
    "MeterValues",
    "NotifyReport",
    "FirmwareStatusNotification",
    "LogStatusNotification",
    "SecurityEventNotification",
    "NotifyCustomerInformation",
)
ANSWERS_2X: dict[str, Payload] = {
    **dict.fromkeys(NOTIFICATIONS, EMPTY),
    "DataTransfer": {"status": "Accepted"},
    "Get15118EVCertificate": {"status": "Accepted", "exiResponse": "mock_exi_response_data"},
    "GetCertificateStatus": {"status": "Accepted"},
    "SignCertificate": {"status": "Accepted"},
}
ANSWERS_16: dict[str, Payload] = {
    "StatusNotification": EMPTY,
    "MeterValues": EMPTY,
    "FirmwareStatusNotification": EMPTY,
    "DiagnosticsStatusNotification": EMPTY,
    "DataTransfer": {"status": "Accepted"},
}
STANDARD: dict[str, Payload] = {
    "DataTransfer": {"status": "UnknownVendorId"},
    "Get15118EVCertificate": {"status": "Failed", "exiResponse": ""},
    "GetCertificateStatus": {"status": "Failed"},
    "SignCertificate": {"status": "Rejected"},
}
"""What the standard's answer is without `--compat upstream`, where it is another."""


@meets(21, 23, 25, 26)
@pytest.mark.parametrize(
    ("version", "action"),
    [*((v, a) for a in ANSWERS_2X for v in (V201, V21)), *((V16, a) for a in ANSWERS_16)],
    ids=str,
)
async def test_what_was_answered_is_answered(version: Version, action: str) -> None:
    answers = ANSWERS_16 if version is V16 else ANSWERS_2X
    async with upstream() as csms:
        station = await csms.booted(version)
        assert await station.call(action, sample(version, action)) == answers[action]
    async with serving() as csms:
        station = await csms.booted(version)
        expected = STANDARD.get(action, answers[action])
        assert await station.call(action, sample(version, action)) == expected


@meets(21, 22)
async def test_a_heartbeat_is_told_the_time(version: Version) -> None:
    async with upstream() as csms:
        station = await csms.booted(version)
        assert csms.time_of((await station.call("Heartbeat"))["currentTime"]) == 0


NOT_THERE = (
    "ClearedChargingLimit NotifyChargingLimit NotifyDisplayMessages NotifyEVChargingNeeds NotifyEVChargingSchedule "
    "NotifyEvent NotifyMonitoringReport PublishFirmwareStatusNotification ReportChargingProfiles "
    "ReservationStatusUpdate"
).split()


@pytest.mark.parametrize("action", NOT_THERE)
async def test_what_it_did_not_know_is_answered_all_the_same(action: str) -> None:
    async with upstream() as csms:
        station = await csms.booted(V201)
        await station.call(action, sample(V201, action))


async def events(csms: Serving, version: Version, *, token: str = "T") -> list[Payload]:
    """What Started, Updated and Ended are answered, each with a token (or none)."""
    station = await csms.booted(version)
    kinds = ("Started", "Updated", "Ended")
    return [
        await station.call("TransactionEvent", event(kind, number, token=token))
        for number, kind in enumerate(kinds)
    ]


@meets(24)
@each_2x
@pytest.mark.parametrize(("flags", "cost"), [((), 10.0), (("--total-cost", "25.5"), 25.5)])
async def test_the_status_comes_with_started_and_the_cost_with_updated(
    version: Version, flags: tuple[str, ...], cost: float
) -> None:
    async with upstream(*flags) as csms:
        assert await events(csms, version) == [
            {"idTokenInfo": {"status": "Accepted"}},
            {"totalCost": cost},
            {},
        ]
    info = {"idTokenInfo": {"status": "Accepted"}}
    async with serving(*flags) as csms:
        # idTokenInfo is due whenever a token came, the final cost belongs in Ended
        assert await events(csms, version) == [
            info,
            {**info, "totalCost": cost},
            {**info, "totalCost": cost},
        ]


@meets(24)
@each_2x
@pytest.mark.parametrize(("mode", "status"), [("normal", "Accepted"), ("whitelist", "Blocked")])
async def test_a_start_without_a_token_was_judged_as_an_empty_one(
    version: Version, mode: str, status: str
) -> None:
    async with upstream("--auth-mode", mode) as csms:
        assert (await events(csms, version, token=""))[0] == {"idTokenInfo": {"status": status}}
    async with serving("--auth-mode", mode) as csms:
        assert (await events(csms, version, token=""))[0] == {}  # no token is not a blocked token


async def test_on_1_6_a_transaction_has_a_drawn_number_and_a_stop_is_judged_by_its_tag() -> None:
    async with upstream("--blacklist", "B", "--auth-mode", "blacklist") as csms:
        station = await csms.booted(V16)
        ids = []
        for connector, token in ((1, "A"), (2, "B")):
            began = await station.call("StartTransaction", start(token, connector))
            ids.append(began["transactionId"])
        assert all(1 <= id <= 2**31 - 1 for id in ids)
        assert ids != [1000, 1001]
        assert await station.call("StopTransaction", stop(ids[0])) == {}
        answer = await station.call("StopTransaction", stop(ids[1], idTag="B"))
        assert answer == {"idTagInfo": {"status": "Blocked"}}
    async with serving() as csms:
        station = await csms.booted(V16)
        assert (await station.call("StartTransaction", start()))["transactionId"] == 1000


# --- transactions -----------------------------------------------------------------------------------------------


@meets(27, 28, 30, 31)
@each_2x
async def test_a_transaction_is_tracked_from_its_start_to_its_end(version: Version) -> None:
    async with upstream() as csms:
        station = await csms.booted(version)
        for action in ("RequestStopTransaction", "GetTransactionStatus"):
            await command(csms, action)
            assert station.asked[-1].payload == {"transactionId": "test_transaction_123"}
        await station.call("TransactionEvent", event("Started", 0, "TX-9", evse={"id": 3}))
        record = csms.csms.records["CP1"]
        assert [(t.id, t.evse) for t in csms.csms.ledger.open(record)] == [("TX-9", 3)]
        for action in ("RequestStopTransaction", "GetTransactionStatus"):
            await command(csms, action)
            assert station.asked[-1].payload == {"transactionId": "TX-9"}
        await station.call("TransactionEvent", event("Ended", 1, "TX-9"))
        assert csms.csms.ledger.open(record) == []
        await station.call("TransactionEvent", event("Ended", 5, "unknown"))
        assert csms.csms.ledger.open(record) == []


@meets(29)
@each_2x
async def test_an_empty_transaction_id_is_answered_and_not_kept(version: Version) -> None:
    async with upstream() as csms:
        station = await csms.booted(version)
        answer = await station.call("TransactionEvent", event("Started", 0, "", token="T"))
        assert answer == {"idTokenInfo": {"status": "Accepted"}}
        assert csms.csms.ledger.open(csms.csms.records["CP1"]) == []


async def test_on_1_6_a_remote_stop_names_the_open_transaction_or_1() -> None:
    async with upstream() as csms:
        station = await csms.booted(V16)
        await command(csms, "RemoteStopTransaction")
        began = await station.call("StartTransaction", start())
        await command(csms, "RemoteStopTransaction")
        ids = [asked.payload["transactionId"] for asked in station.asked]
        assert ids == [1, began["transactionId"]]


# --- what it sent -----------------------------------------------------------------------------------------------

TOKEN = {"idToken": "test_token", "type": "ISO14443"}
RANDOM = "(a random id)"
IN_AN_HOUR = "(a time in an hour)"
NOW = "(the present)"
GENUINE = "(a genuine certificate)"  # it sent a text of the shape of one, which no station could have read
HASHES = {
    "hashAlgorithm": "SHA256",
    "issuerNameHash": "mock_issuer_name_hash",
    "issuerKeyHash": "mock_issuer_key_hash",
    "serialNumber": "mock_serial_number",
}
PROFILE = {
    "ocppVersion": "OCPP20",
    "ocppTransport": "JSON",
    "ocppCsmsUrl": "ws://127.0.0.1:9000",
    "messageTimeout": 30,
    "securityProfile": 0,
    "ocppInterface": "Wired0",
}
INTERVAL = {"component": {"name": "OCPPCommCtrlr"}, "variable": {"name": "HeartbeatInterval"}}
STATE = {"component": {"name": "ChargingStation"}, "variable": {"name": "AvailabilityState"}}
SENT_2X: dict[str, Payload] = {
    "CancelReservation": {"reservationId": 1},
    "CertificateSigned": {"certificateChain": GENUINE, "certificateType": "ChargingStationCertificate"},
    "ChangeAvailability": {"operationalStatus": "Operative"},
    "ClearCache": {},
    "CustomerInformation": {
        "requestId": RANDOM,
        "report": True,
        "clear": False,
        "customerIdentifier": "test_customer_001",
    },
    "DataTransfer": {"vendorId": "TestVendor", "messageId": "TestMessage", "data": "test_data"},
    "DeleteCertificate": {"certificateHashData": HASHES},
    "GetBaseReport": {"requestId": RANDOM, "reportBase": "FullInventory"},
    "GetInstalledCertificateIds": {"certificateType": ["CSMSRootCertificate"]},
    "GetLocalListVersion": {},
    "GetLog": {
        "logType": "DiagnosticsLog",
        "requestId": RANDOM,
        "log": {"remoteLocation": "https://example.com/logs"},
    },
    "GetTransactionStatus": {"transactionId": "test_transaction_123"},
    "GetVariables": {"getVariableData": [STATE]},
    "InstallCertificate": {"certificateType": "CSMSRootCertificate", "certificate": GENUINE},
    "RequestStartTransaction": {"idToken": TOKEN, "evseId": 1, "remoteStartId": RANDOM},
    "RequestStopTransaction": {"transactionId": "test_transaction_123"},
    "ReserveNow": {
        "id": 1,
        "expiryDateTime": IN_AN_HOUR,
        "idToken": {"idToken": "reserved_token", "type": "ISO14443"},
        "evseId": 1,
    },
    "Reset": {"type": "Immediate"},
    "SendLocalList": {
        "versionNumber": 1,
        "updateType": "Full",
        "localAuthorizationList": [{"idToken": TOKEN, "idTokenInfo": {"status": "Accepted"}}],
    },
    "SetNetworkProfile": {"configurationSlot": 1, "connectionData": PROFILE},
    "SetVariables": {"setVariableData": [{**INTERVAL, "attributeValue": "30"}]},
    "TriggerMessage": {"requestedMessage": "StatusNotification"},
    "UnlockConnector": {"evseId": 1, "connectorId": 1},
    "UpdateFirmware": {
        "requestId": RANDOM,
        "firmware": {"location": "https://example.com/firmware/v2.0.bin", "retrieveDateTime": NOW},
    },
}
SENT_16: dict[str, Payload] = {
    "TriggerMessage": {"requestedMessage": "StatusNotification", "connectorId": 1},
    "RemoteStartTransaction": {"idTag": "test_token", "connectorId": 1},
    "RemoteStopTransaction": {"transactionId": 1},
    "Reset": {"type": "Hard"},
    "ChangeAvailability": {"connectorId": 1, "type": "Operative"},
    "UpdateFirmware": {"location": "https://example.com/firmware/v1.6.bin", "retrieveDate": NOW},
    "GetDiagnostics": {"location": "https://example.com/diagnostics"},
    "ReserveNow": {
        "connectorId": 1,
        "expiryDate": IN_AN_HOUR,
        "idTag": "reserved_tag",
        "reservationId": 1,
    },
    "CancelReservation": {"reservationId": 1},
}


def likened(csms: Serving, wanted: Any, found: Any) -> Any:
    """`found` with what `wanted` leaves open in its words."""
    if isinstance(wanted, dict) and isinstance(found, dict):
        return {name: likened(csms, wanted.get(name), value) for name, value in found.items()}
    holds: dict[str, Callable[[], bool]] = {
        RANDOM: lambda: type(found) is int and 1 <= found <= 2**31 - 1,
        IN_AN_HOUR: lambda: csms.time_of(found) == pytest.approx(3600),
        NOW: lambda: csms.time_of(found) == pytest.approx(0),
        GENUINE: lambda: found.startswith("-----BEGIN CERTIFICATE-----\n"),
    }
    return wanted if isinstance(wanted, str) and wanted in holds and holds[wanted]() else found


@meets(32, 33)
@pytest.mark.parametrize(
    ("version", "action"),
    [*((v, a) for a in SENT_2X for v in (V201, V21)), *((V16, a) for a in SENT_16)],
    ids=str,
)
async def test_what_was_sent_is_sent(version: Version, action: str) -> None:
    wanted = (SENT_16 if version is V16 else SENT_2X)[action]
    async with upstream() as csms:
        station = await csms.booted(version)
        await command(csms, action)
        (asked,) = station.asked
        assert (asked.action, likened(csms, wanted, asked.payload)) == (action, wanted)


TWO_SET = [
    {"component": {"name": "A"}, "variable": {"name": "B"}, "attributeValue": "1"},
    {"component": {"name": "C"}, "variable": {"name": "D"}, "attributeValue": "x y"},
]
OVERRIDES_2X: list[tuple[str, str, Payload]] = [
    ("TriggerMessage", "--trigger-message=BootNotification", {"requestedMessage": "BootNotification"}),
    ("Reset", "--reset-type=OnIdle", {"type": "OnIdle"}),
    ("ChangeAvailability", "--availability-status=Inoperative", {"operationalStatus": "Inoperative"}),
    ("SetVariables", "--set-variables=A.B=1,C.D=x y", {"setVariableData": TWO_SET}),
]
OVERRIDES_16: list[tuple[str, str, Payload]] = [
    (
        "TriggerMessage",
        "--trigger-message=BootNotification",
        {"requestedMessage": "BootNotification", "connectorId": 1},
    ),
    (
        "TriggerMessage",
        "--connector-id=2",
        {"requestedMessage": "StatusNotification", "connectorId": 2},
    ),
    ("Reset", "--reset-type=Soft", {"type": "Soft"}),
    (
        "ChangeAvailability",
        "--availability-type=Inoperative",
        {"connectorId": 1, "type": "Inoperative"},
    ),
]


@meets(35, 36, 37, 38)
@pytest.mark.parametrize(
    ("version", "action", "flag", "payload"),
    [*((v, *row) for row in OVERRIDES_2X for v in (V201, V21)), *((V16, *row) for row in OVERRIDES_16)],
)
async def test_what_a_flag_overrode_it_overrides(
    version: Version, action: str, flag: str, payload: Payload
) -> None:
    async with upstream(flag) as csms:
        station = await csms.booted(version)
        await command(csms, action)
        assert station.asked[0].payload == payload


JUDGED = {
    "CertificateSigned": "Rejected",
    "ChangeAvailability": "Rejected",
    "ClearCache": "Rejected",
    "CustomerInformation": "Rejected",
    "DataTransfer": "Rejected",
    "DeleteCertificate": "Failed",
    "GetBaseReport": "Rejected",
    "GetInstalledCertificateIds": "NotFound",
    "GetLog": "Rejected",
    "InstallCertificate": "Rejected",
    "Reset": "Rejected",
    "SetNetworkProfile": "Rejected",
    "TriggerMessage": "Rejected",
    "UnlockConnector": "UnlockFailed",
    "UpdateFirmware": "Rejected",
}


@meets(34)
@pytest.mark.parametrize("action", JUDGED)
@each_2x
async def test_a_negative_status_is_a_failure(version: Version, action: str) -> None:
    async with upstream() as csms:
        station = await csms.booted(version)
        station.script[action] = {"status": JUDGED[action]}
        outcome = await command(csms, action)
        assert (outcome.status, outcome.ok) == (JUDGED[action], False)


# --- sending ----------------------------------------------------------------------------------------------------


@meets(39)
async def test_a_command_that_goes_wrong_stops_nothing(version: Version) -> None:
    commands = ("--commands", "ClearCache:1,Reset:1,UnlockConnector:1")
    async with upstream(*commands) as csms:
        station = csms.station(version, ClearCache=SILENCE, Reset=Fails("NotSupported", "no"))
        await station.asks("UnlockConnector")
        statuses = [outcome.status for outcome in csms.csms.outcomes]
        assert statuses == ["Unanswered", "NotSupported"]
        with pytest.raises(CallRefused):
            await csms.csms.call(csms.csms.sessions["CP1"], "Reset", reset_of(version))
        station.link.abort()
        await station.served
        assert csms.csms.sessions == {}


def reset_of(version: Version) -> Payload:
    return {"type": "Soft" if version is V16 else "OnIdle"}


@meets(41)
async def test_a_sequence_is_run_in_its_order(version: Version) -> None:
    async with upstream("--commands", "Reset:5,ClearCache:10") as csms:
        station = csms.station(version)
        await asyncio.sleep(100)
        assert [(a.at, a.action) for a in station.asked] == [(5, "Reset"), (15, "ClearCache")]


@meets(46, 49)
@pytest.mark.parametrize(
    ("flags", "times"),
    [
        (("-c", "ClearCache", "-d", "5"), [5]),
        (("-c", "ClearCache", "-p", "5"), [5, 10, 15, 20]),
        (("-d", "5"), []),
        ((), []),
    ],
)
async def test_a_delay_is_one_shot_and_a_period_repeats(
    version: Version, flags: tuple[str, ...], times: list[float]
) -> None:
    async with upstream(*flags) as csms:
        station = csms.station(version)
        await asyncio.sleep(3)
        await station.call("BootNotification", BOOT[version])  # begins nothing anew
        await asyncio.sleep(20)
        assert [asked.at for asked in station.asked] == times


@meets(49, 50)
async def test_timers_belong_to_a_connection(version: Version) -> None:
    async with upstream("--commands", "Reset:5,ClearCache:10") as csms:
        first = csms.station(version)
        await first.asks("Reset")
        first.link.abort()
        await first.served
        assert csms.csms.sessions == {}
        await asyncio.sleep(100)
        assert len(csms.csms.outcomes) == 1  # cancelled with its connection
        second = csms.station(version)
        await asyncio.sleep(100)
        assert [(a.at, a.action) for a in second.asked] == [(110, "Reset"), (120, "ClearCache")]


@meets(48)
@pytest.mark.parametrize("id", ["CP1", "a/b"])
async def test_a_station_that_dials_is_connected(version: Version, id: str) -> None:
    async with upstream() as csms:
        station = csms.station(version, id)
        await station.call("Heartbeat")
        assert list(csms.csms.sessions) == [id]


# --- its command lines ------------------------------------------------------------------------------------------

BOTH = (
    "--host 127.0.0.1 --port 9000 --boot-status-sequence Pending,Accepted --whitelist a b --blacklist c --offline "
    "--reservation-id 1 --commands Reset:5,TriggerMessage:2.5"
)
OF_2X = (
    "--total-cost 10.0 --trigger-message SignCombinedCertificate --reset-type OnIdle --availability-status Operative "
    "--reserve-id-token reserved_token --reserve-evse-id 1 --auth-mode rate_limit --auth-group-id G "
    "--auth-cache-expiry 60 --set-variables A.B=1,C.D=2 --get-variables A.B --local-list-tokens x y"
)
OF_16 = (
    "--connector-id 1 --trigger-message DiagnosticsStatusNotification --reset-type Soft --availability-type Operative "
    "--reserve-connector-id 1 --reserve-id-tag reserved_tag --auth-mode blacklist --auth-parent-id-tag P"
)


@pytest.mark.parametrize(("version", "flags"), [(V201, OF_2X), (V21, OF_2X), (V16, OF_16)], ids=str)
def test_every_flag_it_had_is_taken_on_its_version(version: Version, flags: str) -> None:
    options = resolve(["--versions", version.name, *BOTH.split(), *flags.split()], {})
    assert [step.delay for step in options.steps] == [5.0, 2.5]


@pytest.mark.parametrize("compat", [(), ("--compat", "upstream")])
@pytest.mark.parametrize(
    ("version", "action"),
    [*((v, a) for a in SENT_2X for v in (V201, V21)), *((V16, a) for a in SENT_16)],
    ids=str,
)
def test_every_command_it_had_is_taken_by_its_name(
    version: Version, action: str, compat: tuple[str, ...]
) -> None:
    options = resolve(["--versions", version.name, "-c", action, "-p", "1", *compat], {})
    assert options.steps[0].name == action


# --- the list ---------------------------------------------------------------------------------------------------

ELSEWHERE: dict[int, str] = {
    40: "test_options.py::test_an_unknown_or_wrongly_cased_command_is_answered_with_the_right_one",
    42: "test_options.py::test_a_sequence_of_commands",
    43: "test_options.py::test_faults_in_a_sequence",
    44: "test_options.py::test_variables_split_at_the_first_dot_and_the_first_equals_sign",
    45: "test_options.py::test_a_variable_to_set_without_its_parts_shows_the_form",
    47: "test_server.py::test_the_other_reading_completes_the_handshake_without_the_header_and_closes",
    51: "../shared/test_lifecycle.py::test_the_first_signal_drains_and_lets_the_program_end_by_itself",
    52: "test_timetable.py::test_a_period_is_waited_first_and_again_after_each_answer",
}
DIFFERENT: dict[int, str] = {
    19: "ours counts each station's boots for itself; --compat upstream shares the counter",
    24: "idTokenInfo with every token and the final cost in Ended; --compat upstream goes back. An event of an "
    "unknown type breaks the schema and is refused in both",
    25: "UnknownVendorId unless the file names the vendor; --compat upstream accepts",
    26: "nothing stands behind these, so they fail; --compat upstream accepts",
    27: "kept for the station, not for the connection; ids are learnt from Updated, too: a superset",
    33: "tokens are of type Central, addresses must be named, the network profile is where the station dialled, "
    "TriggerMessage names a connector, DeleteCertificate names our root; --compat upstream goes back, but for "
    "texts in the shape of a certificate: ours are genuine, so that a station can refuse them for what they are",
    34: "Scheduled, RebootRequired and AcceptedCanceled count as success, too: the station does as it was asked",
    40: "there is no action without a sender any more; what no version served knows is a usage error",
    47: "400 with a text is the default, --no-subprotocol close the old way; ocpp2.0 is not spoken",
    49: "once per station, not per connection; --rearm and --compat upstream go back",
}
"""Where the default differs, and why."""

LAST = 52


def test_every_expectation_is_met_or_told_elsewhere() -> None:
    assert set(MET) | set(ELSEWHERE) == set(range(1, LAST + 1))
    assert set(DIFFERENT) <= set(MET) | set(ELSEWHERE)


@pytest.mark.parametrize("where", ELSEWHERE.values())
def test_the_tests_elsewhere_exist(where: str) -> None:
    file, _, name = where.partition("::")
    text = (Path(__file__).parent / file).read_text("utf-8")
    assert re.search(rf"^(async )?def {name}\(", text, re.MULTILINE)
