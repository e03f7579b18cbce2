"""Paying at a station of 2.1: cards at its terminal, settlements, and the QR code for paying on the web."""

from __future__ import annotations

from typing import Any

import pytest

from charge_point.definitions import FEATURES
from charge_point.display import cycle
from charge_point.hands import limit
from charge_point.outbox import Store
from charge_point.payment import pay, provider, terminal
from charge_point.payment_card import Card, card
from charge_point.web_payment import scan
from shared.clock import parse
from shared.dispatch import Refuse
from shared.totp import is_valid, totp
from shared.versions import V21
from tests.charge_point.sessions import AUT, EVC, PPC, Session

Payload = dict[str, Any]

TARIFF: Payload = {"tariffId": "adhoc", "currency": "EUR", "energy": {"prices": [{"priceKwh": 0.5}]}}
OTHER = Card("5555555555554444", "Mastercard")
VISA = [
    {"additionalIdToken": "Visa", "type": "PaymentBrand"},
    {"additionalIdToken": "411111", "type": "CardBin"},
    {"additionalIdToken": "1111", "type": "CardLast4Digits"},
]


class Shop(Session):
    """A station with a payment terminal, and drivers who pay at it."""

    @classmethod
    async def open(
        cls,
        start: str = PPC,
        stop: str = PPC,
        *,
        tariff: bool = True,
        store: Store | None = None,
        each: bool = False,
        **more: Any,
    ) -> Shop:
        """Booted; `tariff`: it reckons by the default tariff, 0.50 EUR a kWh. `each`: EVSEs have their own QR codes."""
        own = {name.replace("__", "."): value for name, value in more.items()}
        variables: Payload = {
            "SampledDataCtrlr.TxUpdatedInterval": 0,
            "TxStartPoint": start,
            "TxStopPoint": stop,
            "PaymentCtrlr.AuthorizationAmount": 20,
        }
        features = FEATURES | {"payment", "web_payments"} | ({"web_payments_per_evse"} if each else set())
        shop = cls(V21, evses=((1,), (1,)), features=features, variables=variables | own, store=store)
        await shop.start()
        if tariff:
            assert (await shop.ask("SetDefaultTariff", {"evseId": 0, "tariff": TARIFF}))[
                "status"
            ] == "Accepted"
        shop.forget()
        return shop

    async def pay(self, card: Card | None = None, evse: int | None = 1) -> str:
        outcome = await pay(self.station, evse, card)
        await self.settle()
        return outcome.outcome

    async def charge(self, seconds: float = 3600) -> None:
        """A card, a car, and so much time."""
        assert await self.pay() == "started"
        await self.plug()
        await self.settle(seconds)

    def settlements(self) -> list[tuple[str, float]]:
        return [(one["status"], one["settlementAmount"]) for one in self.of("NotifySettlement")]

    @property
    def cost(self) -> float:
        """What the last message of a transaction said that it cost."""
        (ended,) = [one for one in self.of("TransactionEvent") if one["eventType"] == "Ended"]
        cost: float = ended["costDetails"]["totalCost"]["total"]["exclTax"]
        return cost


# --- authorization: C18 ---------------------------------------------------------------------------------------


async def test_a_card_is_told_with_its_details_and_with_what_is_reserved() -> (
    None
):  # TC_C_106, C18.FR.03, .06
    shop = await Shop.open()
    assert await shop.pay() == "started"
    assert shop.of("Authorize") == []
    await shop.plug()
    started = shop.of("TransactionEvent")[0]
    assert (started["eventType"], started["transactionInfo"]["transactionLimit"]) == (
        "Started",
        {"maxCost": 20},
    )
    assert (started["idToken"]["type"], started["idToken"]["additionalInfo"]) == ("DirectPayment", VISA)
    assert started["idToken"]["idToken"].startswith("PSP-")
    assert shop.of("TransactionEvent")[-1]["transactionInfo"]["chargingState"] == "Charging"
    assert [e["transactionInfo"].get("transactionLimit") for e in shop.of("TransactionEvent")[1:]] == [
        None
    ] * (len(shop.of("TransactionEvent")) - 1)
    await shop.end()


async def test_a_card_that_comes_after_the_cable_is_told_with_its_amount_too() -> None:  # C18.FR.06
    shop = await Shop.open(EVC, EVC)
    await shop.plug()
    shop.forget()
    assert await shop.pay() == "started"
    (told,) = [e for e in shop.of("TransactionEvent") if "idToken" in e]
    assert told["transactionInfo"]["transactionLimit"] == {"maxCost": 20}
    await shop.end()


async def test_the_central_system_is_asked_where_it_wants_to_be() -> None:  # TC_C_107, C18.FR.04, .05
    shop = await Shop.open(PaymentCtrlr__AuthorizeDirectPayment=True, PaymentCtrlr__PaymentDetails="CardBin")
    assert await shop.pay() == "started"
    (asked,) = shop.of("Authorize")
    assert asked["idToken"]["type"] == "DirectPayment"
    assert asked["idToken"]["additionalInfo"] == VISA[1:2]
    await shop.plug()
    assert shop.of("TransactionEvent")[0]["idToken"] == asked["idToken"]
    await shop.end()


async def test_what_the_central_system_refuses_is_released() -> None:  # TC_C_105, C18.FR.07
    shop = await Shop.open(PaymentCtrlr__AuthorizeDirectPayment=True)
    shop.script["Authorize"] = lambda request: shop.info("Blocked")
    assert await shop.pay() == "refused"
    shop.script["Authorize"] = lambda request: {"idTokenInfo": {"status": "Accepted", "evseId": [2]}}
    assert await shop.pay() == "refused"
    assert not shop.station.evses[0].is_authorized
    assert terminal(shop.station).held == {}
    assert sum(entry.note == "payment_released" for entry in shop.journal) == 2
    await shop.end()


@pytest.mark.parametrize("how", ["declines", "away", "broken"])
async def test_a_card_that_is_not_authorized_is_not_asked_about(how: str) -> None:  # C18, error handling
    shop = await Shop.open(PaymentCtrlr__AuthorizeDirectPayment=True)
    provider(shop.station, how)
    assert await shop.pay() == "refused"
    assert shop.actions() == []
    asked = [
        {"component": {"name": "PaymentCtrlr"}, "variable": {"name": n}} for n in ("Connected", "Problem")
    ]
    answer = await shop.ask("GetVariables", {"getVariableData": asked})
    shown = [one["attributeValue"] for one in answer["getVariableResult"]]
    assert shown == [str(how == "declines").lower(), str(how == "broken").lower()]
    await shop.end()


async def test_a_terminal_that_is_switched_off_takes_no_card() -> None:
    shop = await Shop.open(PaymentCtrlr__Enabled=False)
    assert await shop.pay() == "refused"
    await shop.end()


async def test_without_a_terminal_nobody_pays() -> None:
    plain = await Session.at(V21)
    with pytest.raises(ValueError, match="no payment terminal"):
        await pay(plain.station)
    await plain.end()


async def test_each_card_has_a_session_of_its_own() -> None:
    shop = await Shop.open()
    assert await shop.pay(evse=None) == "started"
    assert await shop.pay(OTHER, evse=None) == "started"
    assert [evse.is_authorized for evse in shop.station.evses] == [True, True]
    assert await shop.pay(Card("6011000990139424"), evse=None) == "ignored"
    refs = {one.ref for one in terminal(shop.station).held.values()}
    assert len(refs) == 2
    await shop.end()


# --- VAT numbers: C18.FR.08 -----------------------------------------------------------------------------------


@pytest.mark.parametrize("valid", [True, False])
async def test_a_vat_number_stands_in_the_settlement_if_it_is_valid(valid: bool) -> None:  # TC_C_108
    shop = await Shop.open()
    company = {"name": "Example", "address1": "Road 1", "city": "Town", "country": "NL"}
    status = {"status": "Accepted", "company": company} if valid else {"status": "Rejected"}
    shop.script["VatNumberValidation"] = lambda request: request | status
    await shop.charge()
    assert await terminal(shop.station).validate_vat("NL123", 1) is valid
    assert shop.of("VatNumberValidation") == [{"vatNumber": "NL123", "evseId": 1}]
    await shop.pay()
    (told,) = shop.of("NotifySettlement")
    known = {name: told[name] for name in ("vatNumber", "vatCompany") if name in told}
    assert known == ({"vatNumber": "NL123", "vatCompany": company} if valid else {})
    await shop.end()


async def test_an_answer_about_another_evse_is_a_finding() -> None:  # C18.FR.10
    shop = await Shop.open()
    shop.script["VatNumberValidation"] = lambda request: request | {"status": "Accepted", "evseId": 2}
    await shop.pay()
    await terminal(shop.station).validate_vat("NL123", 1)
    assert [entry.note for entry in shop.journal if entry.is_finding] == ["vat_number_misplaced"]
    with pytest.raises(ValueError, match="nobody pays by card"):
        await terminal(shop.station).validate_vat("NL123", 2)
    await shop.tasks.end()


# --- cancelling: C19, C20 -------------------------------------------------------------------------------------


@pytest.mark.parametrize("by", ["timeout", "driver"])
@pytest.mark.parametrize("asked", [False, True], ids=["terminal only", "central system asked"])
async def test_who_does_not_charge_does_not_pay(asked: bool, by: str) -> None:  # TC_C_109-TC_C_112
    shop = await Shop.open(PaymentCtrlr__AuthorizeDirectPayment=asked)
    await shop.pay()
    (ref,) = terminal(shop.station).held
    if by == "driver":
        assert await shop.pay() == "stopped"
    await shop.settle(61)
    assert not shop.station.evses[0].is_authorized
    assert shop.of("TransactionEvent") == []
    assert [one["pspRef"] for one in shop.of("NotifySettlement")] == ([ref] if asked else [])  # C19.FR.02
    if asked:
        (told,) = shop.of("NotifySettlement")
        assert (told["status"], "transactionId" in told) == ("Canceled", False)
    assert terminal(shop.station).held == {}
    await shop.end()


@pytest.mark.parametrize(("by", "trigger"), [("timeout", "EVConnectTimeout"), ("driver", "StopAuthorized")])
async def test_a_transaction_that_cost_nothing_is_cancelled(by: str, trigger: str) -> None:  # TC_C_113, C20
    shop = await Shop.open(AUT, AUT)
    await shop.pay()
    if by == "driver":
        await shop.pay()
    await shop.settle(61)
    (ended,) = [one for one in shop.of("TransactionEvent") if one["eventType"] == "Ended"]
    assert ended["triggerReason"] == trigger
    (told,) = shop.of("NotifySettlement")
    assert (told["status"], told["settlementAmount"], told["transactionId"]) == ("Canceled", 0, shop.running)
    await shop.end()


# --- settling: C21, C22 ---------------------------------------------------------------------------------------


async def test_what_the_station_reckons_is_settled_with_a_receipt_of_the_terminal() -> None:  # TC_C_114
    shop = await Shop.open()
    await shop.charge(600)
    assert await shop.pay() == "stopped"
    (told,) = shop.of("NotifySettlement")
    assert told["settlementAmount"] == pytest.approx(shop.cost, abs=0.006)
    assert told["status"] == "Settled"
    assert told["receiptUrl"] == "https://receipts.example/" + told["receiptId"]
    assert shop.actions().index("NotifySettlement") > shop.actions().index("TransactionEvent")
    assert any(told["receiptUrl"] in text for text in cycle(shop.station))
    await shop.end()


async def test_the_central_system_settles_where_it_wants_to() -> None:  # TC_C_115, C21.FR.05-.07
    shop = await Shop.open(PaymentCtrlr__SettlementByCSMS=True)
    await shop.charge(600)
    await shop.pay()
    assert shop.settlements() == []
    assert any("https://receipts.example/" in text for text in cycle(shop.station))
    await shop.end()


async def test_the_central_system_gives_the_receipt_where_it_wants_to() -> None:  # TC_C_116, C21.FR.03
    shop = await Shop.open(PaymentCtrlr__ReceiptByCSMS=True)
    shop.script["NotifySettlement"] = lambda request: {"receiptUrl": "https://csms.example/r/1"}
    await shop.charge(600)
    await shop.pay()
    (told,) = shop.of("NotifySettlement")
    assert "receiptUrl" not in told
    assert any("https://csms.example/r/1" in text for text in cycle(shop.station))
    await shop.end()


@pytest.mark.parametrize(
    ("how", "status"),
    [("fails_settlement", "Failed"), ("rejects_settlement", "Rejected")],
    ids=["TC_C_119", "TC_C_120"],
)
async def test_a_settlement_that_comes_to_nothing_is_told_without_a_receipt(how: str, status: str) -> None:
    shop = await Shop.open()
    provider(shop.station, how)
    await shop.charge(600)
    await shop.pay()
    await shop.settle(30)
    (told,) = shop.of("NotifySettlement")
    assert (told["status"], "receiptUrl" in told, "receiptId" in told) == (
        status,
        False,
        False,
    )  # C22.FR.01, .02
    assert told["settlementAmount"] == pytest.approx(shop.cost, abs=0.006)
    assert told["statusInfo"]
    await shop.end()


async def test_the_terminal_tries_again_before_it_fails() -> None:  # C22, alternative scenario
    shop = await Shop.open()
    await shop.charge(600)
    provider(shop.station, "away")
    await shop.pay()
    assert shop.settlements() == []
    provider(shop.station, "approves")
    await shop.settle(11)
    assert [status for status, _ in shop.settlements()] == ["Settled"]
    await shop.end()


async def test_what_the_central_system_reckons_is_settled_as_far_as_it_is_reserved() -> None:  # C18, remark
    shop = await Shop.open(tariff=False)
    shop.script["TransactionEvent"] = lambda request: (
        {"totalCost": 7.5} if request["eventType"] == "Ended" else {}
    )
    await shop.charge(600)
    await shop.pay()
    shop.script["TransactionEvent"] = lambda request: (
        {"totalCost": 75} if request["eventType"] == "Ended" else {}
    )
    await shop.pay()
    await shop.settle(600)
    await shop.pay()
    assert shop.settlements() == [("Settled", 7.5), ("Settled", 20)]
    await shop.end()


async def test_a_cost_that_is_never_told_is_not_settled() -> None:
    shop = await Shop.open(tariff=False)
    await shop.charge(600)
    shop.station.model.put("OCPPCommCtrlr.MessageAttempts[TransactionEvent]", 1)

    def refuse(request: Payload) -> Payload:
        raise Refuse("InternalError", "no")

    shop.script["TransactionEvent"] = refuse
    await shop.pay()
    await shop.settle(60)
    assert shop.settlements() == [("Canceled", 0)]
    assert terminal(shop.station).held == {}
    await shop.tasks.end()


async def test_a_settlement_waits_for_the_link_and_for_the_end_of_its_transaction() -> None:
    shop = await Shop.open()
    await shop.charge(600)
    await shop.away(1)
    await shop.pay()
    await shop.settle(60)
    assert len(terminal(shop.station).owed) == 1
    await shop.back()
    assert shop.of("TransactionEvent")[-1]["eventType"] == "Ended"
    assert shop.actions("NotifyEvent")[-2:] == ["TransactionEvent", "NotifySettlement"]
    assert terminal(shop.station).owed == []
    await shop.end()


async def test_what_was_reserved_outlives_the_process(tmp_path: Any) -> None:
    shop = await Shop.open(
        store=Store(tmp_path),
        PaymentCtrlr__AuthorizeDirectPayment=True,
        SampledDataCtrlr__TxUpdatedInterval=60,
    )
    await shop.charge(600)
    await shop.pay(OTHER, evse=2)
    assert len(terminal(shop.station).held) == 2
    shop.station.switch_off()
    await shop.tasks.end()
    again = Shop(V21, evses=((1,), (1,)), features=FEATURES | {"payment"}, store=Store(tmp_path))
    assert len(terminal(again.station).owed) == 2  # the power loss has ended both
    await again.start()
    await again.settle(2)
    told = {p["status"]: p for entry in again.journal if (p := settled(entry))}
    assert set(told) == {"Canceled", "Settled"}  # nobody had plugged in at the other
    assert told["Settled"]["settlementAmount"] == pytest.approx(600 / 3600 * 22.08 * 0.5, abs=0.05)
    await again.end()


def settled(entry: Any) -> Payload | None:
    parts = entry.parts()
    if entry.end == "csms" and entry.dir == "in" and parts and parts[2:3] == ["NotifySettlement"]:
        found: Payload = parts[3]
        return found
    return None


# --- increasing: C23 ------------------------------------------------------------------------------------------


def limits(shop: Shop) -> list[tuple[str, float]]:
    return [
        (one["triggerReason"], one["transactionInfo"]["transactionLimit"]["maxCost"])
        for one in shop.of("TransactionEvent")
        if "transactionLimit" in one["transactionInfo"]
    ]


async def test_more_is_reserved_before_it_is_used_up() -> None:  # TC_C_121, C23.FR.01, .02
    shop = await Shop.open(
        PaymentCtrlr__IncrementalAuthorizationAmount=10, PaymentCtrlr__IncrementalAuthorizationThreshold=2
    )
    await shop.charge(3 * 3600)
    assert limits(shop)[1:] == [("LimitSet", 30), ("LimitSet", 40)]
    raised = [one for one in shop.of("TransactionEvent") if one["triggerReason"] == "LimitSet"]
    began = parse(shop.of("TransactionEvent")[0]["timestamp"])
    hours = (parse(raised[0]["timestamp"]) - began) / 3600
    assert hours * 22.08 * 0.5 == pytest.approx(18, abs=0.1)  # the cost when it was raised
    assert shop.station.evses[0].energy.value == "flowing"
    await shop.end()


@pytest.mark.parametrize("how", ["not allowed", "refused"])
async def test_without_more_the_energy_stops_at_what_is_reserved(how: str) -> None:  # TC_C_122, C23, remark
    shop = await Shop.open(PaymentCtrlr__IncrementalAuthorizationAmount=10 if how == "refused" else 0)
    provider(shop.station, "refuses_increase")
    await shop.charge(3 * 3600)
    assert len(limits(shop)) == 1
    told = shop.of("TransactionEvent")[-1]
    assert (told["triggerReason"], told["transactionInfo"]["chargingState"]) == (
        "CostLimitReached",
        "SuspendedEVSE",
    )
    await shop.pay()
    (settlement,) = shop.settlements()
    assert settlement[0] == "Settled"
    assert settlement[1] == pytest.approx(20, abs=0.02)
    await shop.end()


async def test_a_driver_who_wants_to_spend_less_does_not_reserve_more() -> None:
    shop = await Shop.open(PaymentCtrlr__IncrementalAuthorizationAmount=10)
    limit(shop.station, cost=5)
    await shop.charge(2 * 3600)
    assert limits(shop)[-1] == ("LimitSet", 5)
    assert shop.of("TransactionEvent")[-1]["triggerReason"] == "CostLimitReached"
    await shop.end()


async def test_the_central_system_lets_nobody_spend_more_than_is_reserved() -> None:
    shop = await Shop.open()
    shop.script["TransactionEvent"] = lambda request: {"transactionLimit": {"maxCost": 100}} | shop.info()
    await shop.charge(3 * 3600)
    assert shop.of("TransactionEvent")[-1]["triggerReason"] == "CostLimitReached"
    assert max(most for _, most in limits(shop)) == 20
    await shop.end()


# --- on the web: C24, C25 -------------------------------------------------------------------------------------

SET = {
    "URLTemplate": "https://pay.example/{chargingStationId}/{evse}/{totp}/{version}",
    "SharedSecret": "s3cret",
}


async def coded(**more: Any) -> Shop:
    """A station whose QR code the CSMS has set up."""
    shop = await Shop.open(**more)
    data = [
        {"component": {"name": "WebPaymentsCtrlr"}, "variable": {"name": name}, "attributeValue": value}
        for name, value in SET.items()
    ]
    answer = await shop.ask("SetVariables", {"setVariableData": data})
    assert [one["attributeStatus"] for one in answer["setVariableResult"]] == ["Accepted", "Accepted"]
    return shop


def test_the_password_is_that_of_other_implementations() -> None:
    at = parse("2024-05-23T00:23:05Z")
    assert totp("secure!Charging!", at, 30, 12) == "CN63y502maVh"
    assert totp("secure!Charging!", at, 60, 12) == "XJZr0L1DGKn0"
    assert totp("secure!Charging!", at, 30, 23) == "CN63y502maVhAsv27Sd7JlE"
    for near in (at - 30, at, at + 30):
        assert is_valid(totp("secure!Charging!", near, 30, 8), "secure!Charging!", at, 30)
    assert not is_valid(totp("secure!Charging!", at - 60, 30, 8), "secure!Charging!", at, 30)
    assert not is_valid("", "secure!Charging!", at, 30)


async def test_the_code_on_the_display_changes_with_the_time() -> None:  # TC_C_127, C25.FR.01, .51, .52
    shop = await coded()
    first, second = cycle(shop.station)
    now = shop.station.clock.time()
    assert first == f"https://pay.example/CP1/1/{totp('s3cret', now, 30, 8)}/v1"
    assert second == f"https://pay.example/CP1/2/{totp('s3cret', now, 30, 8)}/v1"
    await shop.settle(31)
    assert cycle(shop.station)[0] != first
    await shop.end()


@pytest.mark.parametrize(
    ("wanted", "query", "told"),
    [
        ({"time": 600}, "maxtime=600", {"maxTime": 600}),
        ({"cost": 2.5}, "maxcost=2.5", {"maxCost": 2.5}),
        ({"energy": 5000}, "maxenergy=5000", {"maxEnergy": 5000}),
    ],
    ids=["TC_C_128", "TC_C_129", "TC_C_130"],
)
async def test_what_a_driver_wants_stands_in_the_address_and_holds(
    wanted: dict[str, float], query: str, told: Payload
) -> None:
    shop = await coded()
    assert scan(shop.station, 1, **wanted).endswith(f"/v1?{query}")
    await shop.ask("NotifyWebPaymentStarted", {"evseId": 1, "timeout": 60})
    start = {"idToken": {"idToken": "PSP-7", "type": "DirectPayment"}, "evseId": 1, "remoteStartId": 7}
    assert (await shop.ask("RequestStartTransaction", start))["status"] == "Accepted"
    await shop.plug()
    found = [e["transactionInfo"].get("transactionLimit") for e in shop.of("TransactionEvent")]
    assert told in found
    await shop.stop_remotely()
    assert shop.settlements() == []  # nobody paid at the terminal
    await shop.end()


async def test_while_somebody_pays_on_the_web_nobody_else_begins() -> None:  # C25.FR.22, C25.FR.27
    shop = await coded()
    assert await shop.ask("NotifyWebPaymentStarted", {"evseId": 1, "timeout": 60}) == {}
    assert await shop.present(evse=1) == "refused"
    assert await shop.pay(evse=1) == "ignored"
    assert any("go on with your payment" in text for text in cycle(shop.station))
    assert await shop.present(evse=2) == "started"
    await shop.settle(61)
    assert await shop.pay(evse=1) == "started"
    await shop.end()


async def test_a_remote_start_is_what_was_waited_for() -> None:  # C25.FR.22
    shop = await coded()
    await shop.ask("NotifyWebPaymentStarted", {"evseId": 1, "timeout": 60})
    assert (await shop.start_remotely(token="PSP-9"))["status"] == "Accepted"
    assert shop.station.evses[0].is_authorized
    await shop.end()


async def test_who_does_not_pay_in_time_leaves_no_limit_behind() -> None:
    shop = await coded()
    scan(shop.station, 1, energy=10)
    await shop.ask("NotifyWebPaymentStarted", {"evseId": 1, "timeout": 60})
    await shop.settle(61)
    assert await shop.present(evse=1) == "started"
    await shop.plug()
    await shop.settle(600)
    assert shop.station.evses[0].energy.value == "flowing"
    await shop.end()


@pytest.mark.parametrize("local", [True, False], ids=["TC_C_123", "TC_C_124"])
async def test_who_paid_at_a_kiosk_is_reckoned_with_here_or_there(local: bool) -> None:  # C24
    shop = await Shop.open(tariff=local)
    shop.script["TransactionEvent"] = lambda request: (
        {"transactionLimit": {"maxCost": 9}}
        if request["eventType"] == "Started"
        else {}
        if local or request["eventType"] != "Ended"
        else {"totalCost": 7.5}
    )
    card_at_kiosk = [{"type": "CardLast4Digits", "additionalIdToken": "1111"}]
    token = {"idToken": "PSP-K", "type": "DirectPayment", "additionalInfo": card_at_kiosk}
    start = {"idToken": token, "evseId": 1, "remoteStartId": 7}
    assert (await shop.ask("RequestStartTransaction", start))["status"] == "Accepted"
    await shop.plug()
    await shop.settle(600)
    told = shop.of("TransactionEvent")
    assert [event["idToken"] for event in told if "idToken" in event] == [token]
    assert [
        e["transactionInfo"]["transactionLimit"] for e in told if "transactionLimit" in e["transactionInfo"]
    ] == [{"maxCost": 9}]  # C24.FR.03: once
    await shop.stop_remotely()
    ended = shop.of("TransactionEvent")[-1]
    assert ("costDetails" in ended) is local
    assert local or "7.50 EUR" in cycle(shop.station)
    assert shop.settlements() == []
    await shop.end()


async def test_a_payment_for_an_evse_that_is_not_there_is_noted() -> None:
    shop = await coded()
    assert await shop.ask("NotifyWebPaymentStarted", {"evseId": 9, "timeout": 60}) == {}
    assert await shop.present(evse=1) == "started"
    assert [entry.note for entry in shop.journal if entry.note == "unknown_evse"] == ["unknown_evse"]
    await shop.end()


async def test_also_a_station_with_a_sticker_keeps_the_evse() -> None:  # C25, scenario 2
    plain = await Session.at(V21)
    assert await plain.ask("NotifyWebPaymentStarted", {"evseId": 0, "timeout": 60}) == {}
    assert await plain.present() == "refused"
    with pytest.raises(ValueError, match="shows no QR code"):
        scan(plain.station)
    await plain.end()


@pytest.mark.parametrize(
    ("template", "status"),
    [
        ("https://x.example/{roamingevseid}/{totp}/{version}", "Accepted"),
        ("https://x.example/{chargingstationid}/{version}", "Rejected"),
        ("https://x.example/{totp}/{version}", "Rejected"),
    ],
)
async def test_a_template_without_what_it_needs_is_rejected(
    template: str, status: str
) -> None:  # C25.FR.50, .53
    shop = await Shop.open(WebPaymentsCtrlr__RoamingEvseId="DE*ABC*E1")
    data = {"component": {"name": "WebPaymentsCtrlr"}, "variable": {"name": "URLTemplate"}}
    answer = await shop.ask("SetVariables", {"setVariableData": [data | {"attributeValue": template}]})
    assert answer["setVariableResult"][0]["attributeStatus"] == status
    if status == "Accepted":
        assert scan(shop.station).startswith("https://x.example/DE%2AABC%2AE1/")
    await shop.end()


def of_evse(evse: int, name: str, value: str | None = None) -> Payload:
    """An item of SetVariables, or of GetVariables without a value."""
    component = {"name": "WebPaymentsCtrlr", "evse": {"id": evse}}
    return {"component": component, "variable": {"name": name}} | (
        {} if value is None else {"attributeValue": value}
    )


async def test_each_evse_may_have_a_controller_of_its_own() -> None:  # C25, WebPaymentsCtrlr at the EVSE tier
    shop = await Shop.open(each=True)
    template = "https://qr.example/{roamingevseid}/{totp}/{version}"
    for evse, secret in ((1, "one"), (2, "two")):
        wanted = {"RoamingEvseId": f"DE*ABC*E{evse}", "SharedSecret": secret, "URLTemplate": template}
        items = [of_evse(evse, name, value) for name, value in wanted.items()]
        answer = await shop.ask("SetVariables", {"setVariableData": items})
        assert {one["attributeStatus"] for one in answer["setVariableResult"]} == {"Accepted"}
    now = shop.station.clock.time()
    assert list(cycle(shop.station)) == [
        f"https://qr.example/DE%2AABC%2AE1/{totp('one', now, 30, 8)}/v1",
        f"https://qr.example/DE%2AABC%2AE2/{totp('two', now, 30, 8)}/v1",
    ]
    off = await shop.ask("SetVariables", {"setVariableData": [of_evse(1, "Enabled", "false")]})
    assert off["setVariableResult"][0]["attributeStatus"] == "Accepted"
    (left,) = cycle(shop.station)
    assert left.startswith("https://qr.example/DE%2AABC%2AE2/")
    with pytest.raises(ValueError, match="no QR code"):
        scan(shop.station, 1)
    assert scan(shop.station, 2) == left
    whole = {"component": {"name": "WebPaymentsCtrlr"}, "variable": {"name": "URLTemplate"}}
    (there,) = (await shop.ask("GetVariables", {"getVariableData": [whole]}))["getVariableResult"]
    assert there["attributeStatus"] == "UnknownComponent"
    await shop.end()


def test_a_card_has_a_number() -> None:
    assert card("4000 0000 0000 0002").number == "4000000000000002"
    with pytest.raises(ValueError, match="12 to 19 digits"):
        card("4000-1")
