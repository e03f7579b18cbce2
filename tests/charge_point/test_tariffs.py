"""Tariffs at a 2.1 station: set, listed, cleared, changed, brought along by drivers, and what they come to."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from charge_point.authorization import Token
from charge_point.definitions import FEATURES
from charge_point.display import cycle
from charge_point.hands import limit
from charge_point.outbox import Store
from charge_point.payment import pay
from charge_point.payment_card import card
from charge_point.tariffs import refuse_tariff
from shared.clock import text
from shared.versions import V21
from tests.charge_point.wired import TOKEN, Wired

Payload = dict[str, Any]

HOUR = 3600.0


def tariff(id: str = "T1", price: float = 0.25, **more: Any) -> Payload:
    """So much per kWh, with 20 % of tax."""
    energy = {"prices": [{"priceKwh": price}], "taxRates": [{"type": "vat", "tax": 20}]}
    return {"tariffId": id, "currency": "EUR", "energy": energy} | more


CONDITIONAL = {"energy": {"prices": [{"priceKwh": 1, "conditions": {"startTimeOfDay": "08:00"}}]}}
LONG = {"energy": {"prices": [{"priceKwh": 1}] * 11}}
WRONG = {"energy": {"prices": [{"priceKwh": 1, "conditions": {"startTimeOfDay": "8:00"}}]}}


async def station(**setup: Any) -> Wired:
    return await Wired(V21, **{"evses": ((1,), (1,))} | setup).start()


async def put(wired: Wired, one: Payload, evse: int = 0) -> str:
    return str((await wired.ask("SetDefaultTariff", {"evseId": evse, "tariff": one}))["status"])


async def listed(wired: Wired, evse: int = 0) -> Any:
    answer = await wired.ask("GetTariffs", {"evseId": evse})
    found = answer.get("tariffAssignments", [])
    return [(one["tariffId"], one.get("evseIds"), one.get("idTokens")) for one in found] or answer["status"]


def brings(wired: Wired, one: Payload) -> None:
    """Every driver has a tariff of their own from now on."""
    wired.script["Authorize"] = lambda request: {"idTokenInfo": {"status": "Accepted"}, "tariff": one}


async def stop(wired: Wired) -> Payload:
    """The driver stops; the costDetails of the last message."""
    wired.forget()
    await wired.station.present(TOKEN, 1)
    await wired.settle(1)
    last = wired.of("TransactionEvent")[-1]
    assert last["eventType"] == "Ended"
    return dict(last.get("costDetails", {}))


# --- setting, listing, clearing (I07, I09, I10) ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("presets", "asked", "evse", "status"),
    [
        ({}, {}, 0, "Accepted"),
        ({}, {"tariffId": "T0"}, 1, "DuplicateTariffId"),  # I07.FR.04
        ({}, LONG, 0, "TooManyElements"),  # TC_I_102
        (
            {"TariffCostCtrlr.ConditionsSupported[Tariff]": False},
            CONDITIONAL,
            0,
            "ConditionNotSupported",
        ),  # TC_I_105
        ({}, CONDITIONAL, 0, "Accepted"),
        ({}, WRONG, 0, "Rejected"),  # TC_I_106
        ({}, {"currency": "eu"}, 0, "Rejected"),
        ({}, {}, 3, "Rejected"),  # I07.FR.06
    ],
)
async def test_a_default_tariff_is_looked_at_before_it_is_taken(
    presets: Payload, asked: Payload, evse: int, status: str
) -> None:
    wired = await station(variables=presets)
    await put(wired, tariff("T0"))
    assert await put(wired, tariff() | asked, evse) == status
    taken = [("T1", [1, 2], None)] if status == "Accepted" else [("T0", [1, 2], None)]
    assert await listed(wired) == taken
    await wired.end()


@pytest.mark.parametrize("without", ["feature", "switch"])
async def test_a_station_that_calculates_nothing_says_so(without: str) -> None:  # TC_I_103, TC_I_112
    wired = await (
        station(features=FEATURES - {"tariff"})
        if without == "feature"
        else station(variables={"TariffCostCtrlr.Enabled[Tariff]": False})
    )
    assert await wired.refused("SetDefaultTariff", {"evseId": 0, "tariff": tariff()}) == "NotSupported"
    change = {"transactionId": "any", "tariff": tariff()}
    assert await wired.refused("ChangeTransactionTariff", change) == "NotSupported"
    assert await listed(wired) == "NoTariff"
    await wired.end()


async def test_one_evse_can_have_another_tariff_and_all_are_kept(tmp_path: Path) -> None:  # I07.FR.11-.13
    store = Store(tmp_path)
    wired = await station(store=store)
    await put(wired, tariff("T1"))
    await put(wired, tariff("T2"), 2)
    assert await listed(wired) == [("T1", [1], None), ("T2", [2], None)]
    await wired.tasks.end()
    again = await station(store=store)
    assert await listed(again, 2) == [("T2", [2], None)]
    await again.end()


async def test_a_tariff_holds_from_its_date_on_and_takes_the_place_of_others() -> (
    None
):  # TC_I_100, I07.FR.19-.23
    wired = await station(evses=((1,),))
    now = wired.station.clock.time()
    await put(wired, tariff("later", validFrom=text(now + 2 * HOUR)))
    await put(wired, tariff("soon", validFrom=text(now + HOUR)))
    await put(wired, tariff("now"))
    assert [id for id, _, _ in await listed(wired)] == ["now", "soon", "later"]
    await wired.settle(HOUR)
    assert [id for id, _, _ in await listed(wired)] == ["soon", "later"]
    await wired.settle(HOUR)
    assert [id for id, _, _ in await listed(wired)] == ["later"]
    await wired.end()


@pytest.mark.parametrize(
    ("asked", "cleared", "left"),
    [
        ({}, ["T1", "T2"], "NoTariff"),  # I10.FR.01
        ({"tariffIds": ["T2", "T9"]}, ["T2"], [("T1", [1], None)]),  # TC_I_110
        ({"evseId": 1}, ["T1"], [("T2", [2], None)]),
        ({"evseId": 1, "tariffIds": ["T2"]}, [None], [("T1", [1], None), ("T2", [2], None)]),
    ],
)
async def test_tariffs_are_cleared_by_id_and_evse(asked: Payload, cleared: list[str], left: Any) -> None:
    wired = await station()
    await put(wired, tariff("T1"), 1)
    await put(wired, tariff("T2"), 2)
    results = (await wired.ask("ClearTariffs", asked))["clearTariffsResult"]
    assert [one.get("tariffId") for one in results] == cleared
    assert {one["status"] for one in results} == {"NoTariff" if cleared == [None] else "Accepted"}
    assert await listed(wired) == left
    await wired.end()


async def test_a_transaction_goes_on_by_a_tariff_that_is_cleared() -> None:  # TC_I_111
    wired = await station()
    await put(wired, tariff())
    await wired.charging()
    results = (await wired.ask("ClearTariffs", {}))["clearTariffsResult"]
    assert results == [{"tariffId": "T1", "status": "Accepted"}]
    assert await listed(wired) == "NoTariff"
    await wired.settle(HOUR - 10)
    details = await stop(wired)
    assert details["totalCost"]["total"]["exclTax"] == pytest.approx(22.08 * 0.25, abs=0.05)
    wired.station.unplug(1)
    await wired.charging()
    assert await stop(wired) == {}
    await wired.end()


# --- what a transaction comes to (I07, I08, I12) --------------------------------------------------------------


async def test_the_default_tariff_is_told_once_and_the_cost_at_the_end() -> None:  # TC_I_104, TC_I_118
    wired = await station()
    await put(wired, tariff())
    wired.forget()
    wired.station.plug_in(1)
    await wired.station.present(TOKEN, 1)
    await wired.settle(HOUR)
    told = [event["transactionInfo"].get("tariffId") for event in wired.of("TransactionEvent")]
    assert [id for id in told if id] == ["T1"]
    details = await stop(wired)
    used = details["totalUsage"]["energy"]
    assert used == pytest.approx(22_080, rel=0.001)  # three phases, 32 A, an hour
    assert details["totalCost"]["total"]["exclTax"] == pytest.approx(used / 1000 * 0.25, abs=1e-4)
    assert details["totalCost"]["total"]["inclTax"] == pytest.approx(used / 1000 * 0.30, abs=1e-4)
    assert details["chargingPeriods"][0]["tariffId"] == "T1"
    await wired.end()


async def test_time_that_the_car_does_not_charge_is_idle() -> None:  # TC_I_119
    wired = await station()
    minute = {"prices": [{"priceMinute": 0.1}]}
    await put(wired, tariff(idleTime=minute, chargingTime={"prices": [{"priceMinute": 0.02}]}))
    await wired.charging()
    await wired.settle(HOUR - 10.5)
    wired.station.evses[0].ev_pauses()
    await wired.settle(HOUR / 2)
    cost = (await stop(wired))["totalCost"]
    assert cost["chargingTime"]["exclTax"] == pytest.approx(60 * 0.02, abs=0.01)
    assert cost["idleTime"]["exclTax"] == pytest.approx(30 * 0.1, abs=0.01)
    await wired.end()


async def test_running_costs_are_told_at_their_interval() -> None:  # I12.FR.02, .03
    wired = await station(
        variables={
            "TariffCostCtrlr.Enabled[RunningCost]": True,
            "TariffCostCtrlr.Interval[Cost]": 600,
            "SampledDataCtrlr.TxUpdatedInterval": 0,
        }
    )
    await put(wired, tariff())
    id = await wired.charging()
    wired.forget()
    await wired.settle(1801)
    told = wired.of("TransactionEvent")
    assert [event["triggerReason"] for event in told] == ["RunningCost"] * 3
    assert all("chargingPeriods" not in event["costDetails"] for event in told)
    costs = [event["costDetails"]["totalCost"]["total"]["inclTax"] for event in told]
    assert costs == pytest.approx([1.104, 2.208, 3.312], abs=0.03)
    assert await wired.ask("CostUpdated", {"transactionId": id, "totalCost": 99}) == {}
    await wired.end()


async def test_a_driver_brings_a_tariff_along_for_one_transaction() -> None:  # TC_I_109, I08.FR.04-.06
    wired = await station(variables={"AuthCacheCtrlr.Enabled": False})
    await put(wired, tariff("T1"))
    brings(wired, tariff("D1", 1.0))
    await wired.charging()
    assert ("D1", [1], [TOKEN.id]) in await listed(wired)
    await wired.settle(HOUR - 11)
    assert (await stop(wired))["totalCost"]["total"]["exclTax"] == pytest.approx(22.08, abs=0.05)
    assert await listed(wired) == [("T1", [1, 2], None)]
    await wired.end()


@pytest.mark.parametrize(
    ("how", "outcome", "told"),
    [("Deauthorize", "refused", ""), ("UseDefaultTariff", "started", "T1"), ("CentralCost", "started", "")],
)
async def test_a_tariff_that_cannot_be_used_has_its_consequence(how: str, outcome: str, told: str) -> None:
    wired = await station(variables={"TariffCostCtrlr.HandleFailedTariff[Tariff]": how})  # TC_I_107, TC_I_108
    await put(wired, tariff("T1"))
    brings(wired, tariff("D1") | LONG)
    wired.forget()
    wired.station.plug_in(1)
    assert (await wired.station.present(TOKEN, 1)).outcome == outcome
    await wired.settle(5)
    problems = [
        event["eventData"][0]
        for event in wired.of("NotifyEvent")
        if event["eventData"][0]["variable"]["name"] == "Problem"
    ]
    assert [(one["actualValue"], one["techCode"]) for one in problems] == [("true", "TooManyElements")]
    assert wired.station.model.text("TariffCostCtrlr.Problem") == "true"
    ids = [event["transactionInfo"].get("tariffId", "") for event in wired.of("TransactionEvent")]
    assert [id for id in ids if id] == ([told] if told else [])
    brings(wired, tariff("D2"))
    await wired.station.present(Token("OTHER"), 2)
    await wired.settle(1)
    assert wired.station.model.text("TariffCostCtrlr.Problem") == "false"  # I08.FR.35
    await wired.end()


async def test_a_driver_who_does_not_accept_the_tariff_pays_nothing() -> None:  # I07.FR.30
    wired = await station()
    await put(wired, tariff())
    await wired.charging()
    refuse_tariff(wired.station)
    await wired.settle(1)
    last = wired.of("TransactionEvent")[-1]
    assert last["triggerReason"] == "TariffNotAccepted"
    assert "costDetails" not in last
    with pytest.raises(ValueError, match="nobody is authorized"):
        refuse_tariff(wired.station, 2)
    await wired.end()


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        (LONG, "TooManyElements"),  # TC_I_113
        (CONDITIONAL, "ConditionNotSupported"),  # TC_I_114
        ({"transactionId": "none"}, "TxNotFound"),  # TC_I_117
        ({"currency": "USD"}, "NoCurrencyChange"),
        (WRONG, "Rejected"),
    ],
)
async def test_a_change_of_tariff_can_be_refused(asked: Payload, status: str) -> None:
    wired = await station(variables={"TariffCostCtrlr.ConditionsSupported[Tariff]": asked is not CONDITIONAL})
    await put(wired, tariff())
    id = await wired.charging()
    changed = tariff("T2") | {name: value for name, value in asked.items() if name != "transactionId"}
    request = {"transactionId": asked.get("transactionId", id), "tariff": changed}
    assert (await wired.ask("ChangeTransactionTariff", request))["status"] == status
    await wired.end()


async def test_another_tariff_holds_from_the_change_on() -> None:  # TC_I_115, TC_I_116
    wired = await station()
    await put(wired, tariff())
    id = await wired.charging()
    await wired.settle(HOUR - 11)
    wired.forget()
    change = {"transactionId": id, "tariff": tariff("T2", 1.0)}
    assert (await wired.ask("ChangeTransactionTariff", change))["status"] == "Accepted"
    event = wired.of("TransactionEvent")[0]
    assert (event["triggerReason"], event["transactionInfo"]["tariffId"]) == ("TariffChanged", "T2")
    await put(wired, tariff("T3", 9.0))  # I07.FR.24: not for this transaction
    await wired.settle(HOUR)
    details = await stop(wired)
    assert [period["tariffId"] for period in details["chargingPeriods"]] == ["T1", "T2"]
    assert details["totalCost"]["total"]["exclTax"] == pytest.approx(22.08 * 1.25, abs=0.1)
    await wired.end()


async def test_a_limit_of_the_cost_holds_the_energy_back_when_it_is_reached() -> None:  # E16.FR.05, TC_C_103
    wired = await station()
    await put(wired, tariff())
    wired.station.plug_in(1)
    limit(wired.station, 1, cost=3.0)
    await wired.station.present(TOKEN, 1)
    await wired.settle(HOUR)
    event = next(one for one in wired.of("TransactionEvent") if one["triggerReason"] == "CostLimitReached")
    assert event["transactionInfo"]["chargingState"] == "SuspendedEVSE"
    assert wired.station.evses[0].meter.watts == 0
    assert (await stop(wired))["totalCost"]["total"]["inclTax"] == pytest.approx(3.0, abs=0.01)
    await wired.end()


async def test_what_was_reckoned_survives_the_end_of_the_process(tmp_path: Path) -> None:
    store = Store(tmp_path)
    presets = {"TariffCostCtrlr.Enabled[RunningCost]": True, "TxCtrlr.ResumptionTimeout": 600}
    wired = await station(store=store, variables=presets)
    await put(wired, tariff(fixedFee={"prices": [{"priceFixed": 2.0}]}))
    await wired.charging()
    await wired.settle(HOUR)
    await wired.tasks.end()
    again = await station(store=store, variables=presets)
    await again.settle(60)
    details = await stop(again)
    assert details["totalCost"]["fixed"]["exclTax"] == 2.0
    assert details["totalCost"]["total"]["exclTax"] >= 2 + 5.4
    await again.end()


EVENING = {"startTimeOfDay": "18:00", "endTimeOfDay": "06:00"}
BY_HOUR = {"energy": {"prices": [{"priceKwh": 0.1, "conditions": EVENING}, {"priceKwh": 1.0}]}}


async def ahead_of(wired: Wired, clock: str) -> None:
    """Wait until it is so late by the station's clock, in UTC."""
    now = wired.station.clock.time() % 86_400
    hours, minutes = clock.split(":")
    await wired.settle((int(hours) * 3600 + int(minutes) * 60 - now) % 86_400)


@pytest.mark.parametrize(("offset", "clock"), [("", "17:30"), ("+02:00", "15:30"), ("-06:00", "23:30")])
async def test_the_price_changes_with_the_time_of_day(offset: str, clock: str) -> None:  # TC_I_101
    wired = await station(variables={"ClockCtrlr.TimeOffset": offset} if offset else {})
    assert await put(wired, tariff() | BY_HOUR) == "Accepted"
    await ahead_of(wired, clock)
    await wired.charging()
    await wired.settle(HOUR - 10)
    details = await stop(wired)
    assert details["totalCost"]["energy"]["exclTax"] == pytest.approx(11.04 * 1.0 + 11.04 * 0.1, abs=0.02)
    starts = [period["startPeriod"][14:19] for period in details["chargingPeriods"]]
    assert starts[-1] == "00:00"
    await wired.end()


async def test_the_time_of_day_follows_the_clocks_when_they_change() -> None:  # I12.FR.37
    wired = await station()
    assert await put(wired, tariff() | BY_HOUR) == "Accepted"
    await ahead_of(wired, "15:30")
    now = wired.station.clock.time()
    for name, value in (
        ("NextTimeOffsetTransitionDateTime", text(now + 1800)),
        ("TimeOffset[NextTransition]", "+02:00"),
    ):
        wired.station.model.put(f"ClockCtrlr.{name}", value)
    await wired.charging()
    await wired.settle(HOUR - 10)
    details = await stop(wired)  # at 16:00 it is 18:00
    assert details["totalCost"]["energy"]["exclTax"] == pytest.approx(11.04 * 1.0 + 11.04 * 0.1, abs=0.02)
    await wired.end()


RESERVED = {
    "reservationTime": {"prices": [{"priceMinute": 0.1}]},
    "reservationFixed": {"prices": [{"priceFixed": 2}], "taxRates": [{"type": "vat", "tax": 10}]},
}


@pytest.mark.parametrize("mine", [True, False], ids=["reserved", "not reserved"])
async def test_a_reservation_costs_from_its_request_to_the_start(
    mine: bool,
) -> None:  # TC_I_120, I12.FR.06-.08
    wired = await station()
    await put(wired, tariff() | RESERVED)
    if mine:
        reserve = {"id": 1, "expiryDateTime": text(wired.station.clock.time() + 7200), "evseId": 1}
        token = {"idToken": TOKEN.id, "type": TOKEN.type}
        assert (await wired.ask("ReserveNow", reserve | {"idToken": token}))["status"] == "Accepted"
    await wired.settle(1200)
    await wired.charging()
    details = await stop(wired)
    told = details["totalCost"]
    assert ("reservationTime" in told, "reservationFixed" in told) == (mine, mine)
    if mine:
        assert details["totalUsage"]["reservationTime"] == pytest.approx(1200, abs=2)
        assert told["reservationTime"]["exclTax"] == pytest.approx(2, abs=0.01)
        assert told["reservationFixed"]["inclTax"] == pytest.approx(2.2)
        wired.station.unplug(1)
        await wired.charging()
        assert "reservationFixed" not in (await stop(wired))["totalCost"]  # once
    await wired.end()


@pytest.mark.parametrize(
    ("limits", "kind", "total"),
    [
        ({"minCost": {"exclTax": 8.0}}, "MinCost", 8.0),
        ({"maxCost": {"exclTax": 3.0}}, "MaxCost", 3.0),
        ({"minCost": {"exclTax": 1.0}, "maxCost": {"exclTax": 30.0}}, "NormalCost", 5.52),
    ],
)
async def test_a_transaction_costs_no_less_and_no_more(
    limits: Payload, kind: str, total: float
) -> None:  # TC_I_121, I12.FR.38-.41
    wired = await station()
    await put(wired, tariff() | limits)
    await wired.charging()
    await wired.settle(HOUR - 10)
    details = await stop(wired)
    assert details["totalCost"]["typeOfCost"] == kind
    assert details["totalCost"]["total"]["exclTax"] == pytest.approx(total, abs=0.02)
    assert details["totalUsage"]["energy"] == pytest.approx(22_080, abs=50)  # I12.FR.40
    await wired.end()


@pytest.mark.parametrize(("number", "fee"), [("", 3.0), ("5555555555554444", 2.5)])
async def test_a_fee_can_depend_on_the_card(number: str, fee: float) -> None:
    wired = await station(features=FEATURES | {"payment"})
    visa = {"conditions": {"paymentBrand": "Visa", "paymentRecognition": "CC"}, "priceFixed": 3.0}
    await put(wired, tariff(fixedFee={"prices": [visa, {"priceFixed": 2.5}]}))
    used = card(number, "Mastercard" if number else "")
    await pay(wired.station, 1, used)
    wired.station.plug_in(1)
    await wired.settle(60)
    await pay(wired.station, 1, used)
    await wired.settle(1)
    assert wired.of("TransactionEvent")[-1]["costDetails"]["totalCost"]["fixed"]["exclTax"] == fee
    await wired.end()


async def test_the_words_of_a_tariff_and_the_cost_are_seen() -> None:  # I07.FR.14, I02.FR.04
    wired = await station(evses=((1,),))
    words = [{"format": "UTF8", "language": "en", "content": "25 cents"}]
    await put(wired, tariff(description=words))
    assert cycle(wired.station) == ["25 cents"]
    await wired.charging()
    await wired.settle(HOUR - 11)
    wired.station.evses[0].ev_pauses()
    assert cycle(wired.station) == ["25 cents", "6.62 EUR"]
    await wired.end()
