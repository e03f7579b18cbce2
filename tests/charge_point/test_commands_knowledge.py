"""What the CSMS keeps and asks of the station's knowledge: local list, cache, transactions, customers, vendors."""

from __future__ import annotations

import json
from typing import Any

import pytest

from charge_point.vendors import vendors
from shared.versions import V16, V21, V201, Version
from tests.charge_point.wired import TOKEN, WIDE, Wired

Payload = dict[str, Any]


def entry(version: Version, id: str, status: str | None = "Accepted") -> Payload:
    if version is V16:
        return {"idTag": id} | ({"idTagInfo": {"status": status}} if status else {})
    token = {"idToken": {"idToken": id, "type": "ISO14443"}}
    return token | ({"idTokenInfo": {"status": status}} if status else {})


def update(version: Version, number: int, kind: str, *entries: Payload) -> Payload:
    name = "listVersion" if version is V16 else "versionNumber"
    return {name: number, "updateType": kind} | ({"localAuthorizationList": list(entries)} if entries else {})


async def send(wired: Wired, number: int, kind: str, *entries: Payload) -> str:
    answer = await wired.ask("SendLocalList", update(wired.version, number, kind, *entries))
    return str(answer["status"])


async def number(wired: Wired) -> int:
    answer = await wired.ask("GetLocalListVersion")
    return int(answer["listVersion" if wired.version is V16 else "versionNumber"])


def listed(wired: Wired) -> dict[str, str]:
    return {key: info.status for key, info in (wired.station.authorizer.listed or {}).items()}


# --- the local list ----------------------------------------------------------------------------------------


async def test_a_full_list_replaces_and_a_differential_one_changes(version: Version) -> None:
    wired = await Wired(version).start()
    assert await number(wired) == 0  # D02.FR.02
    assert await send(wired, 2, "Full", entry(version, "A"), entry(version, "B")) == "Accepted"
    assert (await number(wired), listed(wired)) == (2, {"a": "Accepted", "b": "Accepted"})
    changes = (entry(version, "A", None), entry(version, "B", "Blocked"), entry(version, "C"))
    assert await send(wired, 5, "Differential", *changes) == "Accepted"
    assert (await number(wired), listed(wired)) == (5, {"b": "Blocked", "c": "Accepted"})
    assert await send(wired, 3, "Full", entry(version, "D")) == "Accepted"  # a full one may go back
    assert (await number(wired), listed(wired)) == (3, {"d": "Accepted"})
    await wired.end()


async def test_a_differential_list_that_is_not_newer_is_a_mismatch(version: Version) -> None:
    wired = await Wired(version).start()
    await send(wired, 5, "Full", entry(version, "A"))
    for old in (4, 5):
        assert await send(wired, old, "Differential", entry(version, "B")) == "VersionMismatch"
    assert (await number(wired), listed(wired)) == (5, {"a": "Accepted"})
    await wired.end()


async def test_an_empty_list(version: Version) -> None:
    wired = await Wired(version).start()
    await send(wired, 1, "Full", entry(version, "A"))
    assert await send(wired, 2, "Differential") == "Accepted"  # D01.FR.05
    assert (await number(wired), listed(wired)) == (2, {"a": "Accepted"})
    assert await send(wired, 3, "Full") == "Accepted"  # D01.FR.04
    assert listed(wired) == {}
    assert await number(wired) == (0 if version is V16 else 3)  # 1.6 §5.10
    await wired.end()


@pytest.mark.parametrize("case", ["version 0", "version -1", "twice", "no info", "too many", "too full"])
async def test_an_update_that_is_not_right_fails_and_changes_nothing(version: Version, case: str) -> None:
    wired = await Wired(version).start()
    await send(wired, 1, "Full", entry(version, "OLD"))
    kind, at, entries = "Full", 2, [entry(version, "A")]
    if case.startswith("version"):
        at = int(case.split()[1])
    elif case == "twice":
        entries.append(entry(version, "a"))  # ids differ in case only (CiString20Type, identifierString)
    elif case == "no info":
        entries.append(entry(version, "B", None))
    elif case == "too many":
        entries = [entry(version, f"T{at}") for at in range(101)]
    else:
        wired.station.authorizer.listed = {
            f"t{at}": wired.station.authorizer.listed["old"]  # type: ignore[index]
            for at in range(1000)
        }
        kind = "Differential"
    before = listed(wired)
    assert await send(wired, at, kind, *entries) == "Failed"
    assert (await number(wired), listed(wired)) == (1, before)
    await wired.end()


async def test_a_list_that_is_switched_off(version: Version) -> None:
    wired = await Wired(version, variables={"LocalAuthListEnabled": False}).start()
    assert await number(wired) == (-1 if version is V16 else 0)  # 1.6 §5.10; D02.FR.03
    assert await send(wired, 1, "Full", entry(version, "A")) == (
        "NotSupported" if version is V16 else "Failed"
    )
    await wired.end()


async def test_a_listed_token_starts_without_asking(version: Version) -> None:
    variables = WIDE | {"LocalPreAuthorize": True, "AuthorizeRemoteTxRequests": True}
    wired = await Wired(version, variables=variables).start()
    await send(wired, 1, "Full", entry(version, TOKEN.id))
    wired.station.plug_in()
    await wired.settle()
    wired.forget()
    await wired.station.present(TOKEN)
    await wired.settle()
    assert "Authorize" not in wired.actions()
    assert wired.station.evses[0].is_authorized
    await wired.end()


# --- the cache ---------------------------------------------------------------------------------------------


async def test_a_cleared_cache_asks_again(version: Version) -> None:
    wired = await Wired(version, variables={"LocalPreAuthorize": True}).start()
    for expected in (["Authorize"], [], ["> ClearCache", "Authorize"]):
        wired.forget()
        if expected[:1] == ["> ClearCache"]:
            assert await wired.ask("ClearCache") == {"status": "Accepted"}
        await wired.station.decide(TOKEN)
        assert wired.actions() == expected
    await wired.end()


async def test_a_cache_that_is_switched_off_is_not_cleared(version: Version) -> None:
    wired = await Wired(version, variables={"AuthCacheEnabled": False}).start()
    answer = await wired.ask("ClearCache")
    assert answer["status"] == "Rejected"  # C11.FR.04
    assert version is V16 or answer["statusInfo"]["reasonCode"] == "NotEnabled"
    await wired.end()


# --- transactions ------------------------------------------------------------------------------------------


async def test_the_status_of_transactions(version_2x: Version) -> None:
    wired = await Wired(version_2x, variables=WIDE).start()
    asked: Payload = {"transactionId": "never"}
    assert await wired.ask("GetTransactionStatus") == {"messagesInQueue": False}  # E14.FR.06, .08
    nothing = {"ongoingIndicator": False, "messagesInQueue": False}
    assert await wired.ask("GetTransactionStatus", asked) == nothing  # E14.FR.01
    id = await wired.charging()
    asked = {"transactionId": id}
    assert await wired.ask("GetTransactionStatus", asked) == nothing | {"ongoingIndicator": True}
    await wired.station.present(TOKEN)
    await wired.settle()
    assert await wired.ask("GetTransactionStatus", asked) == nothing  # E14.FR.03, .05
    await wired.end()


async def test_messages_that_wait_are_told_of(version_2x: Version) -> None:
    wired = Wired(version_2x, variables=WIDE, transactions_before_accepted=True)
    wired.pending("Pending")
    await wired.start()
    wired.station.plug_in()
    await wired.settle()
    transaction = wired.station.evses[0].transaction
    assert transaction is not None
    waiting = {"ongoingIndicator": True, "messagesInQueue": True}
    assert await wired.ask("GetTransactionStatus", {"transactionId": transaction.id}) == waiting  # E14.FR.04
    assert await wired.ask("GetTransactionStatus") == {"messagesInQueue": True}  # E14.FR.07
    assert "TransactionEvent" not in wired.actions()
    await wired.end()


async def test_the_running_cost_reaches_the_transaction(version_2x: Version) -> None:
    wired = await Wired(version_2x, variables=WIDE).start()
    id = await wired.charging()
    for cost in (0.01, 0.02):
        assert await wired.ask("CostUpdated", {"totalCost": cost, "transactionId": id}) == {}
        assert wired.station.evses[0].transaction.cost == cost  # type: ignore[union-attr]
    assert await wired.ask("CostUpdated", {"totalCost": 9.0, "transactionId": "never"}) == {}
    assert wired.station.evses[0].transaction.cost == 0.02  # type: ignore[union-attr]
    assert any(entry.note == "unknown_transaction" for entry in wired.journal)
    await wired.end()


# --- customers ---------------------------------------------------------------------------------------------


def customer(report: bool, clear: bool, **reference: Any) -> Payload:
    return {"requestId": 7, "report": report, "clear": clear} | reference


OURS = {"idToken": {"idToken": TOKEN.id, "type": "ISO14443"}}


async def test_what_is_known_of_a_customer_is_reported_and_forgotten(version_2x: Version) -> None:
    wired = await Wired(version_2x, variables=WIDE).start()
    await send(wired, 1, "Full", entry(version_2x, "OTHER"))
    await wired.charging()
    await wired.station.present(TOKEN)
    await wired.settle()
    wired.forget()
    assert await wired.ask("CustomerInformation", customer(True, False, **OURS)) == {"status": "Accepted"}
    assert wired.actions() == ["> CustomerInformation", "NotifyCustomerInformation"]
    told = wired.of("NotifyCustomerInformation")[0]
    assert (told["requestId"], told["seqNo"], told["tbc"]) == (7, 0, False)
    assert "authorization cache: Accepted" in told["data"]
    assert "last transaction of EVSE 1" in told["data"]
    await wired.ask("CustomerInformation", customer(False, True, **OURS))  # N10.FR.06
    assert wired.of("NotifyCustomerInformation")[-1]["data"] == "data cleared"
    assert not wired.station.authorizer.cache
    await wired.ask("CustomerInformation", customer(True, True, **OURS))  # N09.FR.06, N10.FR.04
    assert wired.of("NotifyCustomerInformation")[-1]["data"] == "no data found"
    await wired.end()


async def test_the_local_list_is_not_touched_for_a_customer(version_2x: Version) -> None:
    wired = await Wired(version_2x).start()
    await send(wired, 1, "Full", entry(version_2x, TOKEN.id))
    await wired.ask("CustomerInformation", customer(True, True, **OURS))  # N10.FR.02, .03
    assert wired.of("NotifyCustomerInformation")[0]["data"] == "local list: Accepted"
    assert listed(wired) == {TOKEN.key: "Accepted"}
    await wired.end()


async def test_a_long_report_comes_in_parts(version_2x: Version) -> None:
    wired = await Wired(version_2x).start()
    group = {"groupIdToken": {"idToken": "G" * 36, "type": "Central"}}
    known = entry(version_2x, TOKEN.id)
    known["idTokenInfo"] |= group
    await send(wired, 1, "Full", known)
    wired.station.authorizer.listed = {
        TOKEN.key: (wired.station.authorizer.listed or {})[TOKEN.key]._replace(group="G" * 1500)
    }
    await wired.ask("CustomerInformation", customer(True, False, **OURS))
    parts = wired.of("NotifyCustomerInformation")
    assert [(part["seqNo"], part["tbc"]) for part in parts] == [(0, True), (1, True), (2, False)]
    assert "".join(part["data"] for part in parts).count("G") == 1500
    await wired.end()


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (customer(True, False), "Invalid"),  # N09.FR.09
        (customer(True, False, customerIdentifier="X", **OURS), "Invalid"),
        (customer(False, False, **OURS), "Rejected"),  # N09.FR.07
    ],
    ids=["nobody", "two references", "nothing asked"],
)
async def test_a_question_about_a_customer_that_is_not_right(
    version_2x: Version, request_: Payload, status: str
) -> None:
    wired = await Wired(version_2x).start()
    assert (await wired.ask("CustomerInformation", request_))["status"] == status
    assert wired.actions() == ["> CustomerInformation"]
    await wired.end()


async def test_customer_information_is_rejected_while_pending(version_2x: Version) -> None:
    wired = Wired(version_2x)
    wired.pending("Pending")
    await wired.start()
    assert (await wired.ask("CustomerInformation", customer(True, False, **OURS)))["status"] == "Rejected"
    assert wired.actions() == ["> CustomerInformation"]
    await wired.end()


# --- vendors -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("vendor", "message", "status"),
    [
        ("TestVendor", "TestMessage", "Accepted"),
        ("testvendor", None, "Accepted"),
        ("TestVendor", "Other", "UnknownMessageId"),
        ("org.example", "TestMessage", "UnknownVendorId"),
        ("org.example", None, "UnknownVendorId"),
    ],
)
async def test_only_known_vendors_and_messages_are_taken(
    version: Version, vendor: str, message: str | None, status: str
) -> None:
    wired = await Wired(version).start()
    request = {"vendorId": vendor, "data": "hello"} | ({"messageId": message} if message else {})
    assert await wired.ask("DataTransfer", request) == {"status": status}
    noted = [entry for entry in wired.journal if entry.note == "data_transfer"]
    assert [(entry.detail or {})["data"] for entry in noted] == (["hello"] if status == "Accepted" else [])
    await wired.end()


@pytest.mark.parametrize("version", [V16, V201, V21], ids=str)
async def test_vendors_and_their_answers_are_configured(version: Version) -> None:
    wired = await Wired(version, vendors={"com.acme": {"Ping": {"pong": 1}}}).start()
    answer = await wired.ask("DataTransfer", {"vendorId": "com.acme", "messageId": "Ping"})
    assert answer == {"status": "Accepted", "data": '{"pong":1}' if version is V16 else {"pong": 1}}
    assert (await wired.ask("DataTransfer", {"vendorId": "TestVendor"}))["status"] == "UnknownVendorId"
    await wired.end()


MINE = {
    "Text": "pong",
    "Nothing": None,
    "Number": 3,
    "List": {"status": "Accepted", "data": [1, "b"]},
    "No": {"status": "Rejected", "data": {"why": "closed"}},
    "Gone": {"status": "UnknownMessageId"},
    "Whose": {"status": "UnknownVendorId"},
}


@pytest.mark.parametrize(
    ("message", "status", "data"),
    [
        ("Text", "Accepted", "pong"),
        ("Nothing", "Accepted", None),
        ("Number", "Accepted", 3),
        ("List", "Accepted", [1, "b"]),
        ("No", "Rejected", {"why": "closed"}),
        ("Gone", "UnknownMessageId", None),
        ("Whose", "UnknownVendorId", None),
        ("Other", "UnknownMessageId", None),
        ("", "Accepted", None),
    ],
)
@pytest.mark.parametrize("any", [False, True], ids=["", "and any other"])
async def test_a_table_says_what_each_message_is_answered(
    version: Version, any: bool, message: str, status: str, data: Any
) -> None:
    wired = await Wired(
        version, vendors={"Mine": MINE | ({"*": {"status": "Rejected"}} if any else {})}
    ).start()
    answer = await wired.ask(
        "DataTransfer", {"vendorId": "Mine"} | ({"messageId": message} if message else {})
    )
    if any and message in ("Other", ""):
        assert answer == {"status": "Rejected"}
    else:
        assert answer["status"] == status
        text = version is V16 and not isinstance(data, str) and data is not None
        assert answer.get("data") == (json.dumps(data, separators=(",", ":")) if text else data)
    await wired.end()


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ("Mine", "table of vendors"),
        ({"Mine": "pong"}, "Mine: expected a table of messageIds"),
        ({"Mine": {"Ping": {"status": "Acepted"}}}, "did you mean 'Accepted'"),
        ({"Mine": {"Ping": {"status": "Accepted", "text": 1}}}, "not text"),
        ({"Mine": {"P" * 51: "pong"}}, "messageId 50"),
    ],
)
def test_a_table_of_vendors_that_cannot_be_is_refused(value: Any, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        vendors(value)
