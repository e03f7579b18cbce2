"""Money at the CSMS: prepaid tokens, limits of remote starts, settlements that cannot be, QR codes of others."""

from __future__ import annotations

from typing import Any

import pytest

from csms import commands
from csms.learning import learn as learn_variables
from csms.options import parser
from csms.payments import Payments
from csms.record import StationRecord
from csms.tariff import Tariff
from csms.web_payments import Page, learn, opened
from shared.option_fields import UsageError
from shared.totp import totp
from shared.versions import V21, V201
from tests.csms.dialled import event, serving, tries
from tests.csms.office import EPOCH, Office, Station

Payload = dict[str, Any]


def told(kind: str, number: int, token: str = "", **about: Any) -> Payload:
    """A TransactionEvent of 2.1."""
    return event(kind, number, **({"token": token} if token else {}), **about)


def prepaid(amount: float) -> Station:
    return Office(payments=Payments({"CARD": amount}), tariff=Tariff(4.0)).station(V21)


# --- prepaid tokens: C17 --------------------------------------------------------------------------------------


def test_a_prepaid_token_may_spend_what_is_on_it_and_is_told_so_once() -> None:  # TC_C_103, C17.FR.01, .03
    station = prepaid(10)
    token = {"idToken": "card", "type": "ISO14443"}
    info = station.ask("Authorize", idToken=token)["idTokenInfo"]
    assert (info["status"], info["cacheExpiryDateTime"]) == ("Accepted", station.office.csms.clock.now())
    started = station.ask("TransactionEvent", told("Started", 0, "card"))
    assert started["transactionLimit"] == {"maxCost": 10}
    assert "transactionLimit" not in station.ask("TransactionEvent", told("Updated", 1, "card"))
    ended = station.ask("TransactionEvent", told("Ended", 2, "card"))
    assert "transactionLimit" not in ended
    assert station.office.policies.payments.balance("CARD") == 6


def test_what_was_spent_is_spent() -> None:  # TC_C_104, C17.FR.02
    station = prepaid(4)
    station.ask("TransactionEvent", told("Started", 0, "CARD"))
    station.ask("TransactionEvent", told("Ended", 1))
    station.ask("TransactionEvent", told("Ended", 1))  # the same again costs nothing
    info = station.ask("Authorize", idToken={"idToken": "CARD", "type": "ISO14443"})["idTokenInfo"]
    assert info["status"] == "NoCredit"
    assert station.office.policies.payments.balance("CARD") == 0


# --- limits of remote starts: F07, C24, C25 -------------------------------------------------------------------


def test_a_remote_start_sets_its_limits_in_the_first_answer_alone() -> None:  # TC_C_126, C24.FR.02, C25.FR.24
    station = Office().station(V21)
    wanted = {
        "token": "PSP-1",
        "token_type": "DirectPayment",
        "request": 7,
        "max_cost": 20.0,
        "max_time": 600,
    }
    request = commands.build(station.session, "remote_start", commands.given(wanted))
    assert request.payload["idToken"] == {"idToken": "PSP-1", "type": "DirectPayment"}
    assert "maxCost" not in str(request.payload)
    record = StationRecord.from_json(station.record.to_json())  # it outlives the process
    assert record.limits == {7: {"maxCost": 20.0, "maxTime": 600}}
    first = told("Started", 0, "PSP-1")
    first["transactionInfo"]["remoteStartId"] = 7
    assert station.ask("TransactionEvent", first)["transactionLimit"] == {"maxCost": 20.0, "maxTime": 600}
    assert "transactionLimit" not in station.ask("TransactionEvent", told("Updated", 1))


def test_before_2_1_a_remote_start_has_no_limits() -> None:

    with pytest.raises(commands.NotOnThisVersion, match="max_cost"):
        commands.build(Office().station(V201).session, "remote_start", commands.given({"max_cost": 1.0}))


# --- settlements: C21, C22 ------------------------------------------------------------------------------------

SETTLED: Payload = {
    "pspRef": "P1",
    "status": "Settled",
    "settlementAmount": 7.5,
    "settlementTime": "2026-01-01T10:00:00Z",
    "transactionId": "T1",
}


@pytest.mark.parametrize(
    ("changes", "finding"),
    [
        ({}, ""),
        ({"status": "Canceled", "transactionId": ""}, ""),
        ({"transactionId": ""}, "settlement_of_nothing"),
        ({"status": "Failed", "receiptId": "1"}, "receipt_of_nothing"),
        ({"status": "Rejected", "receiptUrl": "https://r.example"}, "receipt_of_nothing"),
    ],
)
def test_a_settlement_that_cannot_be_is_a_finding(changes: Payload, finding: str) -> None:
    station = Office().station(V21)
    station.ask("NotifySettlement", {k: v for k, v in (SETTLED | changes).items() if v != ""})
    assert [entry.note for entry in station.office.journal if entry.is_finding] == (
        [finding] if finding else []
    )


def leaves_settling_to_us(value: str = "true", status: str = "Accepted") -> Station:
    """A station that was told who settles, and its answer."""
    station = Office(tariff=Tariff(4.0)).station(V21)
    place = {"component": {"name": "PaymentCtrlr"}, "variable": {"name": "SettlementByCSMS"}}
    request = {"setVariableData": [place | {"attributeValue": value}]}
    answer = {"setVariableResult": [place | {"attributeStatus": status}]}
    learn_variables(station.record, "SetVariables", request, answer)
    return station


def paid_at_the_terminal(station: Station, kind: str = "DirectPayment") -> list[str]:
    """A transaction of the reference P1 from begin to end, with what the station reckons; gives our notes of it."""
    token = {"idToken": {"idToken": "P1", "type": kind}}
    station.ask("TransactionEvent", told("Started", 0) | token)
    cost = {"totalCost": {"currency": "EUR", "typeOfCost": "NormalCost", "total": {"inclTax": 7.5}}}
    usage = {"totalUsage": {"energy": 10.0, "chargingTime": 600, "idleTime": 0}}
    station.ask("TransactionEvent", told("Ended", 1, costDetails=cost | usage))
    return [str(entry.what) for entry in station.office.journal if entry.note == "settled"]


def test_we_settle_ourselves_where_the_station_leaves_it_to_us() -> None:  # TC_C_117, C21.FR.05
    station = leaves_settling_to_us()
    (words,) = paid_at_the_terminal(station)
    assert words == "P1 is charged 7.50; receipt https://receipts.example/csms/CP1-1"
    (settlement,) = (station.record.settlements or {}).values()
    assert (settlement["status"], settlement["settlementAmount"]) == ("Settled", 7.5)
    assert [entry.note for entry in station.office.journal if entry.is_finding] == []
    station.ask("NotifySettlement", SETTLED | {"transactionId": settlement["transactionId"]})  # C21.FR.06
    assert [entry.note for entry in station.office.journal if entry.is_finding] == ["settled_by_both"]


@pytest.mark.parametrize(
    ("value", "status", "kind"),
    [
        ("false", "Accepted", "DirectPayment"),
        ("true", "Rejected", "DirectPayment"),
        ("true", "Accepted", "ISO14443"),
    ],
)
def test_who_settles_himself_or_pays_otherwise_is_not_charged_by_us(
    value: str, status: str, kind: str
) -> None:
    station = leaves_settling_to_us(value, status)
    assert paid_at_the_terminal(station, kind) == []
    assert not station.record.settlements


# --- QR codes: C25 --------------------------------------------------------------------------------------------

NAMES = {
    "URLTemplate": "https://p.example/{chargingStationId}/{evse}/{totp}/{version}",
    "SharedSecret": "s3cret",
}


def known(**names: str) -> StationRecord:
    """A station that has taken our template and secret."""
    data = [
        {"component": {"name": "WebPaymentsCtrlr"}, "variable": {"name": name}, "attributeValue": value}
        for name, value in (NAMES | names).items()
    ]
    record = StationRecord("CP1")
    learn(
        record,
        {"setVariableData": data},
        {"setVariableResult": [{"attributeStatus": "Accepted"}] * len(data)},
    )
    return record


def address(at: float = EPOCH, *, station: str = "CP1", version: str = "v1", query: str = "") -> str:
    return f"https://p.example/{station}/2/{totp('s3cret', at, 30, 8)}/{version}{query}"


def test_a_genuine_address_says_where_and_how_much() -> None:  # TC_C_131, C25.FR.09, .59, .60
    query = "?maxenergy=5000&maxTime=600&maxcost=2.5&colour=red"
    limits = {"maxEnergy": 5000.0, "maxTime": 600, "maxCost": 2.5}
    assert opened(known(), address(query=query), EPOCH) == Page(2, limits)
    assert opened(known(), address(EPOCH - 30), EPOCH).evse == 2
    template = "https://p.example/x?p={totp}&v={version}&cs={chargingstationid}"
    url = f"https://p.example/x?p={totp('s3cret', EPOCH, 60, 8)}&v=v1&cs=CP1&maxcost=3"
    assert opened(known(URLTemplate=template, ValidityTime="60"), url, EPOCH) == Page(0, {"maxCost": 3.0})


@pytest.mark.parametrize(
    ("url", "why"),
    [
        (address(EPOCH - 90), "one-time password"),  # TC_C_133, C25.FR.08
        (address(station="CP2"), "is of CP2"),  # TC_C_132
        (address(version="v2"), "version"),
        (address() + "/more", "is not like"),
        ("https://fake.example/CP1/2/x/v1", "is not like"),
        (address(query="?maxcost=much"), "no number"),
    ],
)
def test_an_address_that_is_not_ours_is_refused(url: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        opened(known(), url, EPOCH)


def test_an_address_may_be_that_of_one_evse() -> None:  # C25: RoamingEvseId at the EVSE tier
    record = StationRecord("CP1")
    for evse in (1, 2):
        place = {"name": "WebPaymentsCtrlr", "evse": {"id": evse}}
        names = {
            "URLTemplate": "https://p.example/{roamingevseid}/{totp}/{version}",
            "SharedSecret": f"s{evse}",
            "RoamingEvseId": f"E{evse}",
        }
        data = [
            {"component": place, "variable": {"name": name}, "attributeValue": value}
            for name, value in names.items()
        ]
        answer = {"setVariableResult": [{"attributeStatus": "Accepted"}] * 3}
        learn(record, {"setVariableData": data}, answer)
    for evse in (1, 2):
        secret = totp(f"s{evse}", EPOCH, 30, 8)
        assert opened(record, f"https://p.example/E{evse}/{secret}/v1", EPOCH) == Page(evse, {})
    with pytest.raises(ValueError, match=r"E2|password"):
        opened(record, f"https://p.example/E1/{totp('s2', EPOCH, 30, 8)}/v1", EPOCH)


def test_without_a_secret_no_address_is_genuine() -> None:
    with pytest.raises(ValueError, match="nobody has set"):
        opened(StationRecord("CP1"), address(), EPOCH)


# --- the options ----------------------------------------------------------------------------------------------


@tries("balances", "vat_numbers", "receipts")
async def test_the_options_say_who_has_money_and_which_numbers_are_valid() -> None:
    words = ("--balance", "A=5,B=0", "--vat-number", "NL1=Example BV", "--receipts", "https://r.example/")
    async with serving(*words) as csms:
        station = csms.station(V21)
        answers = [
            await station.call("Authorize", {"idToken": {"idToken": t, "type": "Central"}})
            for t in ("A", "B", "C")
        ]
        assert [answer["idTokenInfo"]["status"] for answer in answers] == ["Accepted", "NoCredit", "Accepted"]
        vat = await station.call("VatNumberValidation", {"vatNumber": "NL1"})
        assert vat["company"]["name"] == "Example BV"
        settled = await station.call("NotifySettlement", SETTLED)
        assert settled["receiptUrl"].startswith("https://r.example/")


@pytest.mark.parametrize(
    "words", [("--balance", "A"), ("--balance", "A=much"), ("--vat-number", f"A={'x' * 51}")]
)
def test_an_option_that_cannot_be_is_refused(words: tuple[str, str]) -> None:
    with pytest.raises(UsageError):
        parser().resolve(list(words), {})
