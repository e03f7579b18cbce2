from __future__ import annotations

import pytest

from csms.tariff import Tariff
from shared.dispatch import Payload
from shared.versions import V2X, V21, Version
from tests.csms.office import Office


def reading(value: float) -> list[Payload]:
    return [{"timestamp": "2026-01-01T10:00:00Z", "sampledValue": [{"value": value}]}]


@pytest.mark.parametrize("version", V2X, ids=str)
def test_running_cost_comes_with_updates_and_the_final_cost_with_the_end(version: Version) -> None:
    """I02.FR.01, I03.FR.02."""
    station = Office(tariff=Tariff(12.5)).station(version)

    answers = [station.event(kind, n) for n, kind in enumerate(("Started", "Updated", "Ended"))]

    assert answers == [{}, {"totalCost": 12.5}, {"totalCost": 12.5}]


@pytest.mark.parametrize("version", V2X, ids=str)
def test_upstream_tells_no_final_cost(version: Version) -> None:
    station = Office(upstream=True, tariff=Tariff(12.5, upstream=True)).station(version)
    station.event("Started", 0)

    assert station.event("Updated", 1, token="T") == {"totalCost": 12.5}
    assert station.event("Ended", 2, token="T") == {}


@pytest.mark.parametrize("version", V2X, ids=str)
def test_a_free_transaction_costs_nothing_but_says_so(version: Version) -> None:
    """I03.FR.04."""
    station = Office(tariff=Tariff(0.0)).station(version)
    station.event("Started", 0)

    assert station.event("Ended", 1)["totalCost"] == 0.0


@pytest.mark.parametrize("version", V2X, ids=str)
def test_a_price_per_kwh_makes_the_cost_grow(version: Version) -> None:
    station = Office(tariff=Tariff(1.0, per_kwh=0.4)).station(version)

    station.event("Started", 0, meterValue=reading(10_000))
    running = station.event("Updated", 1, meterValue=reading(12_000))
    final = station.event("Ended", 2, meterValue=reading(13_333))

    assert (running["totalCost"], final["totalCost"]) == (1.8, 2.33)


def test_what_the_station_calculated_itself_is_the_cost() -> None:
    """I12.FR.01: a 2.1 station with a tariff tells the cost that it shows its driver."""
    station = Office().station(V21)
    station.event("Started", 0)
    details = {
        "totalCost": {
            "currency": "EUR",
            "typeOfCost": "NormalCost",
            "total": {"exclTax": 4.0, "inclTax": 4.8},
        },
        "totalUsage": {"energy": 1.0, "chargingTime": 1, "idleTime": 0},
    }

    upstream = Office(upstream=True).station(V21)
    upstream.event("Started", 0)

    assert upstream.event("Updated", 1, costDetails=details)["totalCost"] == 10.0
    assert station.event("Updated", 1, costDetails=details)["totalCost"] == 4.8
    assert station.event("Ended", 2, costDetails={**details, "failureToCalculate": True})["totalCost"] == 10.0


@pytest.mark.parametrize("wrong", [float("inf"), float("nan")])
def test_a_price_is_a_finite_number(wrong: float) -> None:
    with pytest.raises(ValueError, match="finite"):
        Tariff(wrong)
    with pytest.raises(ValueError, match="finite"):
        Tariff(1.0, per_kwh=wrong)
