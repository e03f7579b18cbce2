"""Logs and diagnostics that are uploaded, and what is known of a customer: the conformance cases by their ids."""

from __future__ import annotations

from typing import Any

import pytest

from charge_point.authorization import Token, TokenInfo
from charge_point.transfer import patience
from shared.clock import text
from shared.transfer import Failure, TransferFailed
from shared.versions import V16, V21, V201, Version
from tests.charge_point.wired import WIDE, Wired
from tests.support import each_2x

Payload = dict[str, Any]

WHERE = "http://files.test/uploads/"
FAILED = TransferFailed("the server answered 307", code="RedirectNotAllowed")


async def get_log(wired: Wired, id: int = 1, kind: str = "DiagnosticsLog", **more: Any) -> Payload:
    repeat = {name: more.pop(name) for name in ("retries", "retryInterval") if name in more}
    request = {"requestId": id, "logType": kind, "log": {"remoteLocation": WHERE, **more}, **repeat}
    return await wired.ask("GetLog", request)


def told(wired: Wired) -> list[tuple[str, int | None]]:
    return [(p["status"], p.get("requestId")) for p in wired.of("LogStatusNotification")]


async def test_tc_n_25__a_diagnostics_log_is_uploaded(version: Version) -> None:
    wired = await Wired(version).start()
    answer = await get_log(wired)
    assert (answer["status"], bool(answer["filename"])) == ("Accepted", True)
    await wired.settle(5)
    assert told(wired) == [("Uploading", 1), ("Uploaded", 1)]
    ((where, name, content),) = wired.files.stored
    assert (where, name) == (WHERE, answer["filename"])
    lines = content.decode().splitlines()
    assert [line[:24] for line in lines] == sorted(line[:24] for line in lines)
    assert any("BootNotification" in line for line in lines)
    assert all(line.startswith("2026-01-01T10:") for line in lines)
    await wired.end()


async def test_tc_n_35__tc_079__a_security_log_holds_security_events(version: Version) -> None:
    wired = await Wired(version).start()
    assert (await get_log(wired, 3, "SecurityLog"))["status"] == "Accepted"
    await wired.settle(5)
    assert told(wired) == [("Uploading", 3), ("Uploaded", 3)]
    content = wired.files.stored[0][2].decode()
    assert [line.split(" ", 1)[1] for line in content.splitlines()] == ["StartupOfTheDevice"]
    await wired.end()


async def test_tc_n_100__a_data_collector_log_holds_samples() -> None:
    wired = await Wired(V21, variables=WIDE | {"SampledDataCtrlr.TxUpdatedInterval": 60}).start()
    assert (await get_log(wired, kind="DataCollectorLog"))["status"] == "Rejected"  # nothing was sampled
    await wired.charging()
    await wired.settle(150)
    assert (await get_log(wired, kind="DataCollectorLog"))["status"] == "Accepted"
    await wired.settle(5)
    content = wired.files.stored[0][2].decode()
    assert "Energy.Active.Import.Register" in content
    assert len(content.splitlines()[0].split(" ", 1)[1].split(",")) == 5
    await wired.end()


@pytest.mark.parametrize(
    ("failure", "status"),
    [
        (FAILED, "UploadFailure"),
        (TransferFailed("no", Failure.DENIED), "PermissionDenied"),
        (TransferFailed("no", Failure.BAD), "BadMessage"),
        (TransferFailed("no", Failure.UNSUPPORTED), "NotSupportedOperation"),
    ],
    ids=["failure", "denied", "bad", "unsupported"],
)
async def test_tc_n_26__tc_n_101__an_upload_that_fails_is_tried_again(
    version: Version, failure: TransferFailed, status: str
) -> None:
    wired = await Wired(version).start()
    wired.files.refuses = failure
    assert (await get_log(wired, retries=3, retryInterval=50))["status"] == "Accepted"
    await wired.settle(300)
    assert told(wired) == [("Uploading", 1), (status, 1)]
    first, *_ = wired.files.attempts
    assert [at - first for at in wired.files.attempts] == [0, 50, 100, 150]
    info = wired.of("LogStatusNotification")[1].get("statusInfo", {})
    assert info.get("reasonCode") == ((failure.code or "Unspecified") if version is V21 else None)
    await wired.end()


async def test_tc_n_34__without_an_entry_there_is_nothing_to_upload(version: Version) -> None:
    wired = await Wired(version).start()
    answer = await get_log(wired, latestTimestamp="2001-01-01T00:00:00Z")
    assert (answer["status"], "filename" in answer) == ("Rejected", False)
    await wired.settle(5)
    assert told(wired) == []
    await wired.end()


async def test_tc_n_36__a_second_request_takes_the_place_of_the_first(version: Version) -> None:
    wired = await Wired(version).start()
    wired.files.takes = 60
    assert (await get_log(wired, 1))["status"] == "Accepted"
    await wired.settle(5)
    assert (await get_log(wired, 2))["status"] == "AcceptedCanceled"
    await wired.settle(120)
    canceled: list[tuple[str, int | None]] = [] if version is V16 else [("AcceptedCanceled", 1)]
    assert told(wired) == [("Uploading", 1), *canceled, ("Uploading", 2), ("Uploaded", 2)]
    assert len(wired.files.stored) == 1
    await wired.end()


async def test_only_what_happened_in_the_time_asked_for_is_in_the_file(version: Version) -> None:
    wired = await Wired(version).start()
    await wired.settle(1000)
    since = text(wired.journal.clock.time() - 100)
    await wired.ask("DataTransfer", {"vendorId": "late"})
    await get_log(wired, oldestTimestamp=since)
    await wired.settle(5)
    content = wired.files.stored[0][2].decode()
    assert "late" in content
    assert "BootNotification" not in content
    await wired.end()


async def test_no_password_is_in_a_log() -> None:
    wired = await Wired(V201).start()
    data = [{"component": {"name": "SecurityCtrlr"}, "variable": {"name": "BasicAuthPassword"}, "attributeValue": "s3cret-s3cret-s3c"}]  # fmt: skip # noqa: E501
    await wired.ask("SetVariables", {"setVariableData": data})
    await get_log(wired)
    await wired.settle(5)
    assert b"SetVariables" in wired.files.stored[0][2]
    assert b"s3cret" not in wired.files.stored[0][2]
    await wired.end()


@pytest.mark.parametrize("good", [True, False], ids=["TC_045_1", "TC_045_2"])
async def test_tc_045__diagnostics_of_16(good: bool) -> None:
    wired = await Wired(V16).start()
    wired.files.refuses = None if good else FAILED
    answer = await wired.ask("GetDiagnostics", {"location": "ftp://files.test/logs", "retries": 0})
    await wired.settle(5)
    statuses = [p["status"] for p in wired.of("DiagnosticsStatusNotification")]
    assert statuses == ["Uploading", "Uploaded" if good else "UploadFailed"]
    if good:
        assert wired.files.stored[0][:2] == ("ftp://files.test/logs/", answer["fileName"])
    never = {"location": "ftp://files.test/", "stopTime": "2001-01-01T00:00:00Z"}
    assert await wired.ask("GetDiagnostics", never) == {}
    await wired.end()


async def test_an_upload_that_runs_is_told_when_asked(version: Version) -> None:
    wired = await Wired(version).start()
    wired.files.takes = 60
    await get_log(wired, 9)
    await wired.settle(5)
    for after, wanted in ((0, {"status": "Uploading", "requestId": 9}), (100, {"status": "Idle"})):
        await wired.settle(after + 0.1)
        wired.forget()
        action = "ExtendedTriggerMessage" if version is V16 else "TriggerMessage"
        await wired.ask(action, {"requestedMessage": "LogStatusNotification"})
        assert wired.of("LogStatusNotification") == [wanted]
    await wired.end()


async def test_diagnostics_that_run_are_told_when_asked() -> None:
    wired = await Wired(V16).start()
    wired.files.takes = 60
    await wired.ask("GetDiagnostics", {"location": WHERE})
    wired.forget()
    await wired.ask("TriggerMessage", {"requestedMessage": "DiagnosticsStatusNotification"})
    assert wired.of("DiagnosticsStatusNotification") == [{"status": "Uploading"}]
    await wired.end()


async def test_a_power_cut_ends_an_upload(version: Version) -> None:
    wired = await Wired(version).start()
    wired.files.takes = 60
    await get_log(wired)
    await wired.settle(5)
    wired.station.power_cycle(10)
    await wired.settle(200)
    assert told(wired) == [("Uploading", 1)]
    assert wired.files.stored == []
    await wired.end()


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ({}, (0, 30.0)),
        ({"retries": 3, "retryInterval": 5}, (3, 5.0)),
        ({"retries": -3, "retryInterval": -5}, (0, 0.0)),
        ({"retries": "many", "retryInterval": None}, (0, 30.0)),
    ],
)
def test_retries_that_are_no_numbers_are_as_good_as_none(given: Payload, wanted: tuple[int, float]) -> None:
    found = patience(given)
    assert (found["retries"], found["interval"]) == wanted


# --- customer information: N09, N10 --------------------------------------------------------------------------


async def ask_about(wired: Wired, *, report: bool, clear: bool, **who: Any) -> tuple[str, list[Payload]]:
    """The status, and the notifications that followed."""
    wired.forget()
    request = {"requestId": 4, "report": report, "clear": clear, **who}
    answer = await wired.ask("CustomerInformation", request)
    await wired.settle(2)
    return answer["status"], wired.of("NotifyCustomerInformation")


def token(id: str = "CUSTOMER1") -> Payload:
    return {"idToken": {"idToken": id, "type": "ISO14443"}}


async def known(version: Version, count: int = 1) -> Wired:
    """A station that has tokens of the group COMPANY in its cache, and the first in its list."""
    wired = await Wired(version).start()
    now = wired.station.clock.time()
    own = wired.station.authorizer
    for number in range(count):
        own.learn(Token(f"CUSTOMER{number + 1}"), TokenInfo("Accepted", "COMPANY"), wired.station.model, now)
    own.listed = {Token("CUSTOMER1").key: TokenInfo("Accepted")}
    return wired


@pytest.mark.parametrize(
    ("case", "report", "clear", "says", "then"),
    [
        ("TC_N_27", True, False, "authorization cache", "authorization cache"),
        ("TC_N_30", True, True, "authorization cache", "local list"),
        ("TC_N_32", False, True, "data cleared", "local list"),
    ],
)
@each_2x
async def test_tc_n_27_30_32__a_known_token(
    version: Version, case: str, report: bool, clear: bool, says: str, then: str
) -> None:
    wired = await known(version)
    status, parts = await ask_about(wired, report=report, clear=clear, **token())
    assert (status, [part["tbc"] for part in parts]) == ("Accepted", [False])
    assert says in parts[0]["data"]
    _, parts = await ask_about(wired, report=True, clear=False, **token())
    assert parts[0]["data"].startswith(then), "the local list is the CSMS's"
    await wired.end()


@pytest.mark.parametrize(("case", "clear"), [("TC_N_28", False), ("TC_N_31", True)])
@each_2x
async def test_tc_n_28_31__an_unknown_token(version: Version, case: str, clear: bool) -> None:
    wired = await Wired(version).start()
    status, parts = await ask_about(wired, report=True, clear=clear, **token())
    assert (status, [part["data"] for part in parts]) == ("Accepted", ["no data found"])
    assert not parts[0]["tbc"]
    await wired.end()


@each_2x
async def test_tc_n_62__a_customer_identifier_means_tokens_and_groups(version: Version) -> None:
    wired = await known(version, 30)
    status, parts = await ask_about(wired, report=True, clear=True, customerIdentifier="company")
    assert status == "Accepted"
    assert [part["seqNo"] for part in parts] == list(range(len(parts)))
    assert [part["tbc"] for part in parts] == [True] * (len(parts) - 1) + [False]
    assert len(parts) > 1
    assert all(len(part["data"]) <= 512 for part in parts)
    assert "".join(part["data"] for part in parts).count("authorization cache") == 30
    _, parts = await ask_about(wired, report=True, clear=False, customerIdentifier="company")
    assert parts[0]["data"] == "no data found"
    await wired.end()


@each_2x
async def test_tc_n_63__nothing_is_known_of_a_certificate(version: Version) -> None:
    wired = await known(version)
    hashes = {
        "hashAlgorithm": "SHA256",
        "issuerNameHash": "00",
        "issuerKeyHash": "00",
        "serialNumber": "1",
    }
    status, parts = await ask_about(wired, report=True, clear=True, customerCertificate=hashes)
    assert (status, parts[0]["data"]) == ("Accepted", "no data found")
    await wired.end()


@each_2x
async def test_tc_n_29_33__what_names_nobody_or_two_is_invalid(version: Version) -> None:
    wired = await known(version)
    for clear in (False, True):
        for who in ({}, token() | {"customerIdentifier": "company"}):
            status, parts = await ask_about(wired, report=True, clear=clear, **who)
            assert (status, parts) == ("Invalid", [])
    await wired.end()
