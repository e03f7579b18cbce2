"""Whether a station can do as a tariff of 2.1 says (I07.FR.02-.05, I11.FR.02, .03)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from charge_point.station import Station

Payload = dict[str, Any]

CONTROLLER = "TariffCostCtrlr"

PARTS = ("energy", "chargingTime", "idleTime", "fixedFee", "reservationTime", "reservationFixed")

_CLOCK = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]")
_DATE = re.compile(r"[12][0-9]{3}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])")


class Refused(NamedTuple):
    """Why a tariff is not taken: TooManyElements, ConditionNotSupported or Rejected, a reason code, and words."""

    status: str
    code: str
    words: str


def unfit(station: Station, tariff: Payload) -> Refused | None:
    """Why the station cannot calculate by `tariff`; None when it can."""
    most = station.model.integer(f"{CONTROLLER}.MaxElements[Tariff]")
    if any(len(tariff.get(part, {}).get("prices", ())) > most for part in PARTS):
        return Refused(
            "TooManyElements", "TooManyElements", f"{most} prices at most in each part of a tariff"
        )
    if any(_conditions(tariff)) and not station.model.flag(f"{CONTROLLER}.ConditionsSupported[Tariff]"):
        return Refused("ConditionNotSupported", "UnsupportedParam", "this station knows no conditions")
    wrong = next(_mistakes(tariff), "")
    return Refused("Rejected", "InvalidValue", wrong) if wrong else None


def _conditions(tariff: Payload) -> Iterator[Payload]:
    for part in PARTS:
        for price in tariff.get(part, {}).get("prices", ()):
            if "conditions" in price:
                yield price["conditions"]


def _mistakes(tariff: Payload) -> Iterator[str]:
    """What is wrong with a tariff that its schema allows."""
    if not re.fullmatch("[A-Z]{3}", tariff["currency"]):
        yield f"{tariff['currency']!r} is no currency of ISO 4217"
    for part in PARTS:
        for rate in tariff.get(part, {}).get("taxRates", ()):
            if rate["tax"] < 0:
                yield f"a tax of {rate['tax']} %"
    for one in _conditions(tariff):
        yield from _in_conditions(one)


def _in_conditions(one: Payload) -> Iterator[str]:
    for name, form in (
        ("startTimeOfDay", _CLOCK),
        ("endTimeOfDay", _CLOCK),
        ("validFromDate", _DATE),
        ("validToDate", _DATE),
    ):
        if name in one and not form.fullmatch(one[name]):
            yield f"{name} cannot be {one[name]!r}"
    for what in ("Energy", "Power", "Current", "Time", "ChargingTime", "IdleTime"):
        low, high = one.get(f"min{what}"), one.get(f"max{what}")
        if low is not None and high is not None and abs(low) >= abs(high):
            yield f"min{what} is not closer to zero than max{what}"
