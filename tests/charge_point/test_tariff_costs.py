"""Costs by a tariff, held against sums done by hand; the examples are those of OCPP 2.1 part 2, I §1.2 and §1.3."""

from __future__ import annotations

from typing import Any

import pytest

from charge_point.tariff_costs import Moment, Place, Reckoning, holds, tax_factor
from shared.clock import parse

Payload = dict[str, Any]

WEDNESDAY = parse("2023-04-05T00:00:00Z")
HOUR = 3600.0

KWH = {
    "tariffId": "10",
    "currency": "USD",
    "energy": {
        "taxRates": [{"type": "federal", "tax": 6.0}, {"type": "state", "tax": 4.0}],
        "prices": [{"priceKwh": 0.25}],
    },
}
OFFICE = {"startTimeOfDay": "08:00", "endTimeOfDay": "18:00"}
DAYTIME = {
    "tariffId": "11",
    "currency": "EUR",
    "energy": {
        "taxRates": [{"type": "vat", "tax": 4}],
        "prices": [{"priceKwh": 0.4, "conditions": OFFICE}, {"priceKwh": 0.25}],
    },
    "idleTime": {
        "taxRates": [{"type": "vat", "tax": 4}],
        "prices": [{"priceMinute": 1, "conditions": OFFICE}],
    },
}
HOURLY = {
    "tariffId": "12",
    "currency": "EUR",
    "fixedFee": {
        "taxRates": [{"type": "vat", "tax": 10.0}],
        "prices": [{"priceFixed": 3.0, "conditions": {"paymentRecognition": "CC"}}, {"priceFixed": 2.5}],
    },
    "chargingTime": {
        "taxRates": [{"type": "vat", "tax": 15.0}],
        "prices": [
            {"priceMinute": 1.0, "conditions": {"maxPower": 11_000}},
            {"priceMinute": 2.0, "conditions": {"minPower": 11_000}},
        ],
    },
    "idleTime": {
        "prices": [
            {
                "priceMinute": 1.0,
                "conditions": {
                    "startTimeOfDay": "09:00",
                    "endTimeOfDay": "18:00",
                    "minIdleTime": 300,
                    "dayOfWeek": ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday"],
                },
            },
            {
                "priceMinute": 0.6,
                "conditions": {"startTimeOfDay": "10:00", "endTimeOfDay": "17:00", "dayOfWeek": ["Saturday"]},
            },
        ]
    },
}


def test_ten_kwh_at_25_cents_are_two_and_a_half_dollars_and_two_75_with_both_taxes() -> None:
    reckoning = Reckoning(KWH, Place(), WEDNESDAY + 14 * HOUR, energy=5000)
    reckoning.advance(WEDNESDAY + 15 * HOUR, 15_000, charging=True)
    assert reckoning.details(final=True) == {
        "chargingPeriods": [
            {
                "tariffId": "10",
                "startPeriod": "2023-04-05T14:00:00.000Z",
                "dimensions": [{"type": "Energy", "volume": 10_000}],
            }
        ],
        "totalCost": {
            "currency": "USD",
            "typeOfCost": "NormalCost",
            "energy": {"exclTax": 2.5, "inclTax": 2.75, "taxRates": KWH["energy"]["taxRates"]},  # type: ignore[index]
            "total": {"exclTax": 2.5, "inclTax": 2.75},
        },
        "totalUsage": {"energy": 10_000, "chargingTime": 3600, "idleTime": 0},
    }
    assert "chargingPeriods" not in reckoning.details(final=False)


def test_six_kwh_at_the_high_price_and_four_at_the_low_one_are_two_periods() -> None:
    """The specification's example says 3.10 without tax for 6 kWh at 0.25 and 4 kWh at 0.40."""
    reckoning = Reckoning(DAYTIME, Place(), WEDNESDAY + 7.4 * HOUR)
    reckoning.advance(WEDNESDAY + 8.4 * HOUR, 10_000, charging=True)  # 0.6 h before eight, 0.4 h after
    details = reckoning.details(final=True)
    assert details["totalCost"]["energy"]["exclTax"] == 3.1
    assert details["totalCost"]["total"] == {"exclTax": 3.1, "inclTax": pytest.approx(3.1 * 1.04)}
    assert [(one["startPeriod"], one["dimensions"][0]["volume"]) for one in details["chargingPeriods"]] == [
        ("2023-04-05T07:24:00.000Z", 6000),
        ("2023-04-05T08:00:00.000Z", 4000),
    ]


def test_times_of_day_are_local() -> None:
    reckoning = Reckoning(DAYTIME, Place(offset=2 * HOUR), WEDNESDAY + 5.4 * HOUR)
    reckoning.advance(WEDNESDAY + 6.4 * HOUR, 10_000, charging=True)
    assert reckoning.details(final=True)["totalCost"]["energy"]["exclTax"] == 3.1


def test_an_hour_below_11_kw_and_half_an_hour_above_is_priced_by_power() -> None:
    start = WEDNESDAY + 14 * HOUR
    reckoning = Reckoning(HOURLY, Place(), start)
    reckoning.advance(start + HOUR, 10_500, charging=True)
    reckoning.advance(start + 1.5 * HOUR, 10_500 + 11_000, charging=True)
    details = reckoning.details(final=True)
    cost = details["totalCost"]
    assert (cost["fixed"]["exclTax"], cost["fixed"]["inclTax"]) == (2.5, 2.75)
    assert cost["chargingTime"]["exclTax"] == 60 * 1.0 + 30 * 2.0
    assert cost["chargingTime"]["inclTax"] == pytest.approx(138.0)
    assert [{d["type"]: d["volume"] for d in one["dimensions"]} for one in details["chargingPeriods"]] == [
        {"ChargingTime": 3600, "IdleTIme": 0, "MinPower": 10_500, "MaxPower": 10_500},
        {"ChargingTime": 1800, "IdleTIme": 0, "MinPower": 22_000, "MaxPower": 22_000},
    ]


@pytest.mark.parametrize(
    ("day", "hour", "minutes", "cost"),
    [
        (0, 12, 15, 10.0),  # Wednesday: the first five minutes are free
        (0, 17, 75, 55.0),  # until six, less the first five minutes
        (3, 9.5, 45, 9.0),  # Saturday: from ten, fifteen minutes at 0.60
        (4, 12, 60, 0.0),  # Sunday
    ],
)
def test_idle_time_costs_by_weekday_and_after_a_while(
    day: int, hour: float, minutes: int, cost: float
) -> None:
    start = WEDNESDAY + day * 24 * HOUR + hour * HOUR
    reckoning = Reckoning(HOURLY, Place(recognition="CC"), start)
    reckoning.advance(start + minutes * 60, 0, charging=False)
    sums = reckoning.details(final=True)["totalCost"]
    assert sums["fixed"]["exclTax"] == 3.0
    assert sums.get("idleTime", {"exclTax": 0.0})["exclTax"] == pytest.approx(cost)


def test_what_has_no_price_costs_nothing_and_has_no_sum() -> None:
    reckoning = Reckoning(KWH, Place(), WEDNESDAY)
    reckoning.advance(WEDNESDAY + HOUR, 0, charging=False)
    assert reckoning.details(final=True)["totalCost"]["total"]["exclTax"] == 0
    assert "idleTime" not in reckoning.details(final=True)["totalCost"]


def test_the_price_of_energy_changes_with_the_amount() -> None:
    tariff = KWH | {
        "energy": {
            "prices": [
                {"priceKwh": 0.5, "conditions": {"maxEnergy": 20_000}},
                {"priceKwh": 0.3, "conditions": {"minEnergy": 20_000, "maxEnergy": 50_000}},
                {"priceKwh": 0.1},
            ]
        }
    }
    reckoning = Reckoning(tariff, Place(), WEDNESDAY)
    reckoning.advance(WEDNESDAY + HOUR, 60_000, charging=True)
    assert reckoning.cost == pytest.approx(10 + 9 + 1)
    assert "inclTax" not in reckoning.details(final=True)["totalCost"]["total"]


def test_what_no_tariff_and_no_charging_time_covers_is_free() -> None:
    tariff = KWH | {"energy": {"prices": [{"priceKwh": 1, "conditions": {"minTime": 600, "maxTime": 1200}}]}}
    reckoning = Reckoning(tariff, Place(), WEDNESDAY)
    reckoning.advance(WEDNESDAY + 1800, 3000, charging=True)
    assert reckoning.cost == pytest.approx(1.0)


def test_taxes_of_one_stack_add_up_and_stacks_go_on_top_of_each_other() -> None:  # I12.FR.13
    rates = [
        {"type": "a", "tax": 5},
        {"type": "b", "tax": 5, "stack": 0},
        {"type": "vat", "tax": 20, "stack": 1},
    ]
    assert tax_factor(rates) == pytest.approx(1.1 * 1.2)
    assert tax_factor(None) == 1


def test_the_least_cost_takes_the_place_of_the_sums_at_the_end_only() -> None:  # I12.FR.38
    reckoning = Reckoning(KWH | {"minCost": {"exclTax": 5.0, "inclTax": 5.5}}, Place(), WEDNESDAY)
    reckoning.advance(WEDNESDAY + HOUR, 10_000, charging=True)
    assert reckoning.details(final=False)["totalCost"]["typeOfCost"] == "NormalCost"
    assert reckoning.details(final=True)["totalCost"] == {
        "currency": "USD",
        "typeOfCost": "MinCost",
        "fixed": {"exclTax": 5.0, "inclTax": 5.5},
        "total": {"exclTax": 5.0, "inclTax": 5.5},
    }


def test_the_most_cost_is_frozen_while_usage_goes_on() -> None:  # I12.FR.39, .40
    reckoning = Reckoning(KWH | {"maxCost": {"inclTax": 2.2}}, Place(), WEDNESDAY)
    reckoning.advance(WEDNESDAY + HOUR, 10_000, charging=True)
    reckoning.advance(WEDNESDAY + 2 * HOUR, 20_000, charging=True)
    details = reckoning.details(final=True)
    assert details["totalCost"]["typeOfCost"] == "MaxCost"
    assert details["totalCost"]["total"] == {"exclTax": 2.0, "inclTax": 2.2}
    assert details["totalUsage"]["energy"] == 20_000


def test_a_reservation_costs_by_the_minute_and_once() -> None:  # I12.FR.06-.08
    tariff = KWH | {
        "reservationTime": {"prices": [{"priceMinute": 0.1}]},
        "reservationFixed": {"prices": [{"priceFixed": 2}], "taxRates": [{"type": "vat", "tax": 10}]},
    }
    reckoning = Reckoning(tariff, Place(), WEDNESDAY)
    reckoning.reserve(1200)
    cost = reckoning.details(final=True)
    assert cost["totalCost"]["reservationTime"]["exclTax"] == pytest.approx(2)
    assert cost["totalCost"]["reservationFixed"]["inclTax"] == pytest.approx(2.2)
    assert cost["totalUsage"]["reservationTime"] == 1200


def test_another_tariff_holds_from_its_change_on() -> None:  # I11.FR.08
    reckoning = Reckoning(KWH, Place(), WEDNESDAY)
    reckoning.advance(WEDNESDAY + HOUR, 10_000, charging=True)
    reckoning.change(DAYTIME | {"currency": "USD"})
    reckoning.advance(WEDNESDAY + 2 * HOUR, 20_000, charging=True)
    assert reckoning.total()[0] == pytest.approx(2.5 + 2.5)
    assert [one["tariffId"] for one in reckoning.details(final=True)["chargingPeriods"]] == ["10", "11"]


@pytest.mark.parametrize(
    ("conditions", "now", "true"),
    [
        ({"startTimeOfDay": "22:00", "endTimeOfDay": "06:00"}, {"time": WEDNESDAY + 23 * HOUR}, True),
        ({"startTimeOfDay": "22:00", "endTimeOfDay": "06:00"}, {"time": WEDNESDAY + 5 * HOUR}, True),
        ({"startTimeOfDay": "22:00", "endTimeOfDay": "06:00"}, {"time": WEDNESDAY + 6 * HOUR}, False),
        ({"startTimeOfDay": "22:00", "endTimeOfDay": "00:00"}, {"time": WEDNESDAY + 23.9 * HOUR}, True),
        ({"validFromDate": "2023-04-05", "validToDate": "2023-04-06"}, {"time": WEDNESDAY}, True),
        ({"validToDate": "2023-04-05"}, {"time": WEDNESDAY}, False),
        ({"validFromDate": "2023-04-06"}, {"time": WEDNESDAY}, False),
        ({"evseKind": "DC"}, {}, False),
        ({"minCurrent": 5}, {"current": 5.0}, True),
        ({"maxCurrent": 5}, {"current": 5.0}, False),
        ({"minPower": -10, "maxPower": -50}, {"power": -30.0}, True),
        ({"minPower": -10, "maxPower": -50}, {"power": -60.0}, False),
        ({"minChargingTime": 60}, {"charging": 59.0}, False),
        ({"paymentBrand": "VISA"}, {}, False),
        (None, {}, True),
    ],
)
def test_conditions(conditions: Payload | None, now: Payload, true: bool) -> None:
    assert holds(conditions, Place(), Moment(**({"time": WEDNESDAY} | now))) is true
