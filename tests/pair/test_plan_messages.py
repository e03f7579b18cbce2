"""The plan, groups 4 and 15: every message of a station is answered, and leaves the station as it was."""

from __future__ import annotations

import asyncio
from itertools import pairwise
from typing import Any

import pytest

from shared.versions import V16, V21, Version
from tests.pair.conftest import Make
from tests.pair.conversation import ANY, Fields, said
from tests.pair.pair import Pair
from tests.pair.words import MODEL, VENDOR, booted, status_payload
from tests.support import each_2x

UPSTREAM = "--compat upstream"
"""The answers that the plan was written against, where the specification wants something behind an Accepted."""

HASHES = {
    "hashAlgorithm": "SHA256",
    "issuerNameHash": "mock_issuer_name_hash",
    "issuerKeyHash": "mock_issuer_key_hash",
    "serialNumber": "mock_serial_number",
}
CSR = "-----BEGIN CERTIFICATE REQUEST-----\nMIIBmock\n-----END CERTIFICATE REQUEST-----"

FIRMWARE_STATUSES = (
    "Downloaded DownloadFailed Downloading DownloadScheduled DownloadPaused Idle InstallationFailed Installing "
    "Installed InstallRebooting InstallScheduled InstallVerificationFailed InvalidSignature SignatureVerified"
).split()


def _state(p: Pair) -> object:
    """All that a message must leave as it was."""
    station = p.station
    evse = station.evses[0]
    return (
        station.registration.status,
        [(c.told, c.availability, c.cable, c.health) for c in evse.connectors],
        evse.transaction,
        p.record.registration,
        p.open_transactions,
    )


async def _is_answered(
    p: Pair, action: str, payload: dict[str, Any], answer: Fields, *, empty: bool = False
) -> None:
    """The station sends it, and gets this answer; nothing else comes of it."""
    await p.accepted()
    before, said_before = _state(p), len(p.charger.talk.exchanges)
    await p.send(action, payload)
    exchange = p.saw(said(action, {}, answer))
    if empty:
        assert exchange.answer == {}
    await p.settled()
    assert _state(p) == before
    assert len(p.charger.talk.exchanges) == said_before + 1
    assert p.csms.find(p.station.id) is not None


async def test_tc_g02__a_heartbeat_is_answered_with_the_time(pair: Make) -> None:
    async with pair("--boot-status Accepted") as p:
        await _is_answered(p, "Heartbeat", {}, {"currentTime": ANY})


async def test_tc_g01__a_status_is_answered_and_known(pair: Make) -> None:
    async with pair("--boot-status Accepted") as p:
        payload = status_payload(p.version, "Available", p.now())
        await _is_answered(p, "StatusNotification", payload, {}, empty=True)
        assert p.csms_status == "Available"


async def test_tc_b06_mcp__a_second_boot_of_the_running_station_is_accepted(pair: Make) -> None:
    async with pair("--boot-status Accepted") as p:
        box: dict[str, Any] = {"vendorName": VENDOR, "model": MODEL}
        payload = {"reason": "PowerUp", "chargingStation": box}
        if p.version is V16:
            payload = {"chargePointVendor": VENDOR, "chargePointModel": MODEL}
        await _is_answered(p, "BootNotification", payload, {"status": "Accepted", "interval": 60})
        p.charger.talk.cursor = 0
        p.saw(booted(p.version, "Accepted"))
        p.saw(booted(p.version, "Accepted", interval=60))
        assert p.record.boots == 2
        assert p.record.boot == payload


def _measured(version: Version, at: str, *samples: tuple[str, float, str]) -> dict[str, Any]:
    """MeterValues of EVSE (1.6: connector) 1: measurand, value, unit."""
    if version is V16:
        sampled = [{"measurand": name, "value": f"{value}", "unit": unit} for name, value, unit in samples]
        return {"connectorId": 1, "meterValue": [{"timestamp": at, "sampledValue": sampled}]}
    values = [{"measurand": m, "value": value, "unitOfMeasure": {"unit": u}} for m, value, u in samples]
    return {"evseId": 1, "meterValue": [{"timestamp": at, "sampledValue": values}]}


async def test_tc_j01__meter_values_without_a_transaction_are_answered(pair: Make) -> None:
    async with pair("--boot-status Accepted") as p:
        payload = _measured(p.version, p.now(), ("Voltage", 230.0, "V"))
        await _is_answered(p, "MeterValues", payload, {}, empty=True)


@pytest.mark.parametrize(
    ("options", "word"), [("", "UnknownVendorId"), (UPSTREAM, "Accepted")], ids=["honest", "upstream"]
)
async def test_tc_p01__data_of_a_vendor_is_answered(pair: Make, options: str, word: str) -> None:
    async with pair(f"--boot-status Accepted {options}") as p:
        payload = {"vendorId": "TestVendor", "messageId": "TestMessage", "data": "test_payload"}
        await _is_answered(p, "DataTransfer", payload, {"status": word})


async def test_tc_a04__a_security_event_is_answered(pair: Make) -> None:
    async with pair("--boot-status Accepted") as p:
        payload = {"type": "FirmwareUpdated", "timestamp": p.now()}
        await _is_answered(p, "SecurityEventNotification", payload, {}, empty=True)


async def test_tc_l01_fw__the_progress_of_an_update_is_answered_and_known(pair: Make) -> None:
    async with pair("--boot-status Accepted") as p:
        payload = {"status": "Installed"} | ({} if p.version is V16 else {"requestId": 1})
        await _is_answered(p, "FirmwareStatusNotification", payload, {}, empty=True)
        assert (p.record.last or {})["FirmwareStatusNotification"] == payload


async def test_tc_n01_log__the_progress_of_a_log_upload_is_answered_and_known(pair: Make) -> None:
    async with pair("--boot-status Accepted") as p:
        payload = {"status": "Uploaded", "requestId": 1}
        await _is_answered(p, "LogStatusNotification", payload, {}, empty=True)
        assert (p.record.last or {})["LogStatusNotification"] == payload


@each_2x
async def test_tc_b07__a_report_without_data_is_answered(pair: Make) -> None:
    async with pair("--boot-status Accepted") as p:
        payload = {"requestId": 1, "generatedAt": p.now(), "seqNo": 0, "tbc": False}
        await _is_answered(p, "NotifyReport", payload, {}, empty=True)
        assert p.record.report(1, "NotifyReport").complete


@each_2x
async def test_tc_n02__customer_information_is_answered(pair: Make) -> None:
    async with pair("--boot-status Accepted") as p:
        payload = {"requestId": 1, "generatedAt": p.now(), "seqNo": 0, "data": "name: Jane"}
        await _is_answered(p, "NotifyCustomerInformation", payload, {}, empty=True)
        assert p.record.report(1, "NotifyCustomerInformation").parts == [payload]


@each_2x
@pytest.mark.parametrize(
    ("options", "word"), [("", "Failed"), (UPSTREAM, "Accepted")], ids=["honest", "upstream"]
)
async def test_tc_m01__the_request_for_a_contract_certificate_is_answered(
    pair: Make, options: str, word: str
) -> None:
    async with pair(f"--boot-status Accepted {options}") as p:
        payload = {
            "iso15118SchemaVersion": "urn:iso:15118:2:2013:MsgDef",
            "action": "Install",
            "exiRequest": "bW9jayBleGkgcmVxdWVzdA==",
        }
        await _is_answered(p, "Get15118EVCertificate", payload, {"status": word, "exiResponse": ANY})


@each_2x
@pytest.mark.parametrize(
    ("options", "word"), [("", "Failed"), (UPSTREAM, "Accepted")], ids=["honest", "upstream"]
)
async def test_tc_m06__the_request_for_a_certificate_status_is_answered(
    pair: Make, options: str, word: str
) -> None:
    async with pair(f"--boot-status Accepted {options}") as p:
        payload = {"ocspRequestData": {**HASHES, "responderURL": "https://ocsp.example.com"}}
        await _is_answered(p, "GetCertificateStatus", payload, {"status": word})


@pytest.mark.parametrize(
    ("options", "word"), [("", "Rejected"), (UPSTREAM, "Accepted")], ids=["honest", "upstream"]
)
async def test_tc_a03__the_request_to_sign_a_certificate_is_answered(
    pair: Make, options: str, word: str
) -> None:
    async with pair(f"--boot-status Accepted {options}") as p:
        payload = {"csr": CSR}
        if p.version is not V16:
            payload["certificateType"] = "ChargingStationCertificate"
        if p.version is V21:
            payload["requestId"] = 1  # type: ignore[assignment]
        await _is_answered(p, "SignCertificate", payload, {"status": word})
        p.never("CertificateSigned", by="csms")


async def test_tc_err_01__every_status_of_a_connector_is_answered(pair: Make) -> None:
    words = ["Available", "Occupied", "Reserved", "Unavailable", "Faulted"]
    if pair.version is V16:
        words = ["Preparing", "Charging", "SuspendedEV", "SuspendedEVSE", "Finishing", *words]
        words.remove("Occupied")
    async with pair("--boot-status Accepted") as p:
        await p.accepted()
        before = _state(p)
        for word in words:
            payload = status_payload(p.version, word, p.now())
            assert await p.send("StatusNotification", payload) == {}
            member = "status" if p.version is V16 else "connectorStatus"
            p.saw(said("StatusNotification", {member: word}))
            assert p.csms_status == word
        assert _state(p) == before


async def test_tc_err_02__heartbeats_at_once_go_one_after_another(pair: Make) -> None:
    async with pair("--boot-status Accepted") as p:
        await p.accepted()
        answers = await asyncio.gather(*(p.send("Heartbeat") for _ in range(5)))
        assert all(answer["currentTime"] for answer in answers)
        beats = [p.saw(said("Heartbeat", {}, {"currentTime": ANY})) for _ in range(5)]
        for before, after in pairwise(beats):
            assert before.answer_seq < after.seq, "one call at a time"


async def test_tc_err_03__meter_values_of_many_measurands_are_answered(pair: Make) -> None:
    async with pair("--boot-status Accepted") as p:
        payload = _measured(
            p.version,
            p.now(),
            ("Voltage", 230.0, "V"),
            ("Power.Active.Import", 7360.0, "W"),
            ("Current.Import", 32.0, "A"),
            ("Energy.Active.Import.Register", 15000.0, "Wh"),
        )
        await _is_answered(p, "MeterValues", payload, {}, empty=True)


@each_2x
async def test_tc_err_04__every_status_of_an_update_is_answered(pair: Make) -> None:
    async with pair("--boot-status Accepted") as p:
        await p.accepted()
        before = _state(p)
        for word in FIRMWARE_STATUSES:
            assert await p.send("FirmwareStatusNotification", {"status": word, "requestId": 1}) == {}
            p.saw(said("FirmwareStatusNotification", {"status": word, "requestId": 1}))
            assert (p.record.last or {})["FirmwareStatusNotification"]["status"] == word
        assert len(p.charger.talk.of("FirmwareStatusNotification")) == 14
        assert _state(p) == before


@pytest.mark.parametrize("version", [V16], ids=str)
async def test_tc_err_04__every_status_of_a_signed_update_is_answered(pair: Make) -> None:
    async with pair("--boot-status Accepted") as p:
        await p.accepted()
        for word in FIRMWARE_STATUSES:
            payload = {"status": word, "requestId": 1}
            assert await p.send("SignedFirmwareStatusNotification", payload) == {}
        assert len(p.charger.talk.of("SignedFirmwareStatusNotification")) == 14


async def test_tc_err_05__the_progress_of_a_log_nobody_asked_for_is_answered(pair: Make) -> None:
    async with pair("--boot-status Accepted") as p:
        payload = {"status": "Idle", "requestId": 999}
        await _is_answered(p, "LogStatusNotification", payload, {}, empty=True)


async def test_tc_err_06__the_progress_of_an_update_nobody_asked_for_is_answered(pair: Make) -> None:
    async with pair("--boot-status Accepted") as p:
        payload = {"status": "Idle"} | ({} if p.version is V16 else {"requestId": 999})
        await _is_answered(p, "FirmwareStatusNotification", payload, {}, empty=True)
