"""Every action that a CSMS can send has a handler, a row and a valid answer."""

from __future__ import annotations

import re
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from charge_point.blocks import MODULES
from charge_point.connection import handlers
from shared import dispatch
from shared.actions import CSMS, of
from shared.answers import row_of
from shared.peer import CallRefused
from shared.versions import V2X, V16, V21, V201, VERSIONS, Version
from tests.charge_point.wired import WIDE, Wired
from tests.csms.office import sample

Payload = dict[str, Any]

ROWS = [(version, action.name) for version in VERSIONS for action in of(version, CSMS)]

each_row = pytest.mark.parametrize(("version", "action"), ROWS, ids=str)


# --- the catalogue -----------------------------------------------------------------------------------------


def test_there_are_26_40_and_55_of_them() -> None:
    assert [len(of(version, CSMS)) for version in VERSIONS] == [26, 40, 55]


def test_every_action_of_the_catalogue_has_one_handler_and_no_other_has_one(version: Version) -> None:
    assert set(dispatch.table(version, MODULES)) == {action.name for action in of(version, CSMS)}


@each_row
def test_every_handler_has_a_row_and_says_what_it_does(version: Version, action: str) -> None:
    function = handlers(version)[action].function
    row = row_of(function)
    assert all((row.fields, row.source, row.clause))
    assert (function.__doc__ or "").strip()


@each_row
def test_no_row_of_2x_speaks_of_16_alone(version: Version, action: str) -> None:
    row = row_of(handlers(version)[action].function)
    words = row.source.replace(",", " ").split()
    wrong = [word for word in words if word in {"StartTransaction", "StopTransaction"}]
    if version is not V16:
        assert (wrong, bool(re.search(r"[A-Z]\d\d|part [24]|J-", row.clause))) == ([], True), row.clause


def test_the_page_of_answers_is_what_the_source_says() -> None:
    script = Path(__file__).parents[2] / "scripts" / "docs_answers.py"
    done = subprocess.run([sys.executable, script, "--check"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    page = (script.parents[1] / "docs" / "station-answers.md").read_text(encoding="utf-8")
    for action in {name for _, name in ROWS}:
        assert f"\n| {action} |" in page


# --- every action, on the wire -----------------------------------------------------------------------------


@each_row
@pytest.mark.parametrize("full", [False, True], ids=["required members", "all members"])
@pytest.mark.parametrize("status", ["Accepted", "Pending"])
async def test_every_request_is_answered_by_its_schema(
    version: Version, action: str, full: bool, status: str
) -> None:
    wired = Wired(version, variables=WIDE)
    wired.pending(status)
    await wired.start()
    if status == "Accepted":
        await wired.charging()
    with suppress(CallRefused):
        await wired.ask(action, sample(version, action, full=full))  # an answer that is not valid raises
    await wired.settle(20)
    first, payload = wired.heard()[0]
    assert first == f"> {action}" or (first, payload) == (f"! {action}", {"code": "NotSupported"})
    assert wired.station.is_online
    assert (await wired.ask("DataTransfer", {"vendorId": "any"}))["status"] == "UnknownVendorId"
    await wired.end()


PROFILE = {
    "ocppInterface": "Wired0",
    "ocppTransport": "JSON",
    "ocppVersion": "OCPP20",
    "messageTimeout": 30,
    "ocppCsmsUrl": "wss://other.example/ocpp",
    "securityProfile": 1,
}


@pytest.mark.parametrize(
    ("slot", "changes", "status"),
    [
        (2, {}, "Accepted"),  # B09.FR.01
        (2, {"securityProfile": 3}, "Accepted"),  # what lacks is seen when it gets a priority (A05.FR.03)
        (2, {"securityProfile": 2, "ocppCsmsUrl": "ws://other.example"}, "Rejected"),
        (999, {}, "Rejected"),  # B09.FR.05
        (2, {"ocppCsmsUrl": "http://other.example"}, "Rejected"),  # B09.FR.02
        (2, {"ocppCsmsUrl": "wss://[broken"}, "Rejected"),
        (2, {"ocppTransport": "SOAP"}, "Rejected"),
        (2, {"securityProfile": 0}, "Rejected"),  # B09.FR.04
    ],
)
async def test_a_network_profile_is_looked_at_before_it_is_taken(
    version_2x: Version, slot: int, changes: Payload, status: str
) -> None:
    wired = await Wired(version_2x).start()
    wired.station.model.put("SecurityCtrlr.SecurityProfile", 1)
    request = {"configurationSlot": slot, "connectionData": PROFILE | changes}
    assert (await wired.ask("SetNetworkProfile", request))["status"] == status
    await wired.end()


@pytest.mark.parametrize(
    ("version", "kind", "event"),
    [
        (V16, None, "InvalidChargePointCertificate"),
        (V201, None, "InvalidChargingStationCertificate"),
        (V21, "ChargingStationCertificate", "InvalidChargingStationCertificate"),
        (V21, "V2GCertificate", None),
    ],
    ids=str,
)
async def test_a_certificate_that_nobody_asked_for_is_a_security_event(
    version: Version, kind: str | None, event: str | None
) -> None:
    wired = await Wired(version).start()
    request = {"certificateChain": "-----BEGIN CERTIFICATE-----"} | (
        {"certificateType": kind} if kind else {}
    )
    assert (await wired.ask("CertificateSigned", request))["status"] == "Rejected"
    assert [payload["type"] for payload in wired.of("SecurityEventNotification")] == (
        [event] if event else []
    )
    assert wired.actions()[0] == "> CertificateSigned"
    await wired.end()


@pytest.mark.parametrize("version", V2X, ids=str)
async def test_probes_of_firmware_and_logs_do_no_harm(version: Version) -> None:
    wired = await Wired(version).start()
    firmware = {
        "location": "dummy://dummy",
        "retrieveDateTime": "2026-01-01T00:00:00Z",
        "signature": "nonsense",
    }
    assert (await wired.ask("UpdateFirmware", {"requestId": 1, "firmware": firmware}))["status"] == "Rejected"
    log = {"requestId": 2, "logType": "DiagnosticsLog", "log": {"remoteLocation": "ftp://nowhere.invalid/"}}
    assert (await wired.ask("GetLog", log))["status"] == "Accepted"
    await wired.settle(60)
    assert wired.actions() == ["> UpdateFirmware", "> GetLog", *["LogStatusNotification"] * 2]
    assert [told["status"] for told in wired.of("LogStatusNotification")] == ["Uploading", "UploadFailure"]
    await wired.end()
