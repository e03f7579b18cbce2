"""Costs by any tariff and any course of charging are those of a naive model that looks at every single second."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from charge_point.tariff_costs import Place, Reckoning, tax_factor
from shared.clock import parse

Payload = dict[str, Any]
Leg = tuple[int, int, bool]
"""Seconds, W, and whether the car charges."""

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MIDNIGHT = parse("2026-01-05T00:00:00Z")
"""Of a Monday."""


# --- the model ------------------------------------------------------------------------------------------------


class Naive:
    """Adds up second by second what each costs, by the first price whose conditions hold in its middle."""

    def __init__(self, tariff: Payload, start: int, offset: int) -> None:
        self.tariff, self.start, self.offset = tariff, start, offset
        self.time = self.energy = self.charging = self.idle = self.idle_now = 0.0
        self.net = self.gross = 0.0
        self.full = False
        for price in tariff.get("fixedFee", {}).get("prices", ()):
            if self.holds(price.get("conditions", {}), 0.0):
                self.add(tariff["fixedFee"], price["priceFixed"])
                break

    def add(self, part: Payload, cost: float) -> None:
        with_tax = cost
        for stack in (0, 1, 2):
            with_tax += (
                with_tax * sum(r["tax"] for r in part.get("taxRates", ()) if r.get("stack", 0) == stack) / 100
            )
        self.net += cost
        self.gross += with_tax

    def holds(self, conditions: Payload, watts: float) -> bool:
        local = (self.start + self.time + self.offset) % (7 * 86_400)
        clock, day = local % 86_400, DAYS[int(local // 86_400)]
        now = {
            "Energy": self.energy,
            "Power": watts,
            "Time": self.time,
            "ChargingTime": self.charging,
            "IdleTime": self.idle_now,
        }
        for name, value in conditions.items():
            limit, what = name[:3], name[3:]
            if name == "dayOfWeek":
                fits = day in value
            elif name.endswith("TimeOfDay"):
                fits = self.is_between(conditions, clock)
            else:
                fits = now[what] >= value if limit == "min" else now[what] < value
            if not fits:
                return False
        return True

    @staticmethod
    def is_between(conditions: Payload, clock: float) -> bool:
        start, end = (
            int(conditions[name][:2]) * 3600 + int(conditions[name][3:]) * 60
            for name in ("startTimeOfDay", "endTimeOfDay")
        )
        return start <= clock < end if start < end else clock >= start or clock < end

    def second(self, watts: int, charging: bool) -> None:
        """One second goes by; the state is looked at in its middle."""
        wh = watts / 3600
        self.step(0.5, wh / 2, charging)
        kinds = [("energy", "priceKwh", wh / 1000)]
        kinds.append(
            ("chargingTime", "priceMinute", 1 / 60) if charging else ("idleTime", "priceMinute", 1 / 60)
        )
        due = []
        for kind, name, amount in kinds:
            for price in self.tariff.get(kind, {}).get("prices", ()):
                if self.holds(price.get("conditions", {}), watts):
                    due.append((self.tariff[kind], price[name] * amount))
                    break
        if not self.full:
            for part, cost in due:
                self.add(part, cost)
        most = self.tariff.get("maxCost", {})
        self.full = (
            self.full or self.net >= most.get("exclTax", 1e9) or self.gross >= most.get("inclTax", 1e9)
        )
        self.step(0.5, wh / 2, charging)

    def step(self, seconds: float, wh: float, charging: bool) -> None:
        self.time += seconds
        self.energy += wh
        if charging:
            self.charging += seconds
            self.idle_now = 0.0
        else:
            self.idle += seconds
            self.idle_now += seconds


# --- what is tried --------------------------------------------------------------------------------------------

CLOCKS = st.sampled_from(
    [f"{hour:02}:{minute:02}" for hour in (0, 1, 11, 12, 23) for minute in (0, 5, 30, 55)]
)
SECONDS = st.integers(1, 900)


@st.composite
def conditions(draw: st.DrawFn) -> Payload:
    found: Payload = {}
    if draw(st.booleans()):
        start, end = draw(CLOCKS), draw(CLOCKS)
        if start != end and end != "00:00":  # the latter is the end of the day, which the examples have
            found |= {"startTimeOfDay": start, "endTimeOfDay": end}
    if draw(st.integers(0, 3)) == 0:
        found["dayOfWeek"] = draw(st.lists(st.sampled_from(DAYS), min_size=1, max_size=4, unique=True))
    for name, values in (
        ("Energy", st.integers(1, 3000)),
        ("Power", st.integers(1, 22_000)),
        ("Time", SECONDS),
        ("ChargingTime", SECONDS),
        ("IdleTime", SECONDS),
    ):
        if draw(st.integers(0, 3)) == 0:
            found[f"{draw(st.sampled_from(['min', 'max']))}{name}"] = draw(values)
    return found


@st.composite
def parts(draw: st.DrawFn, name: str, most: float, conditional: bool = True) -> Payload:
    prices = []
    for _ in range(draw(st.integers(1, 3))):
        price: Payload = {name: draw(st.floats(0, most).map(lambda value: round(value, 3)))}
        if conditional and (held := draw(conditions())):
            price["conditions"] = held
        prices.append(price)
    part: Payload = {"prices": prices}
    if draw(st.booleans()):
        rate = st.builds(
            lambda tax, stack: {"type": "tax", "tax": tax, "stack": stack},
            st.integers(0, 25),
            st.integers(0, 2),
        )
        part["taxRates"] = draw(st.lists(rate, min_size=1, max_size=3))
    return part


KINDS = (("energy", "priceKwh", 2.0), ("chargingTime", "priceMinute", 0.5), ("idleTime", "priceMinute", 0.5))


@st.composite
def tariffs(draw: st.DrawFn) -> Payload:
    found: Payload = {"tariffId": "T", "currency": "EUR"}
    for kind, name, most in (
        ("energy", "priceKwh", 2.0),
        ("chargingTime", "priceMinute", 0.5),
        ("idleTime", "priceMinute", 0.5),
    ):
        if draw(st.integers(0, 3)):
            found[kind] = draw(parts(name, most))
    if draw(st.booleans()):
        found["fixedFee"] = draw(parts("priceFixed", 1.0, conditional=False))
    if draw(st.integers(0, 2)) == 0:
        found["maxCost"] = {draw(st.sampled_from(["exclTax", "inclTax"])): draw(st.integers(1, 6))}
    return found


LEGS = st.lists(
    st.builds(
        lambda seconds, watts, charging: (seconds, watts if charging else 0, charging),
        st.integers(1, 700),
        st.integers(100, 22_000),
        st.booleans(),
    ),
    min_size=1,
    max_size=4,
)
STARTS = st.builds(
    lambda day, clock, minute: day * 86_400 + clock * 60 - minute,
    st.integers(0, 6),
    st.sampled_from([0, 1, 60, 690, 720, 1435]),
    st.integers(0, 600),
)


def dearest(tariff: Payload, watts: int) -> float:
    """What one second costs at most, with tax."""
    cost = 0.0
    for kind, name, amount in (
        ("energy", "priceKwh", watts / 3.6e6),
        ("chargingTime", "priceMinute", 1 / 60),
        ("idleTime", "priceMinute", 1 / 60),
    ):
        part = tariff.get(kind, {"prices": []})
        cost += (
            max((price[name] for price in part["prices"]), default=0.0)
            * amount
            * tax_factor(part.get("taxRates"))
        )
    return cost


@settings(max_examples=70, deadline=None)
@given(tariffs(), LEGS, STARTS, st.sampled_from([0, 3600, -7200]))
def test_any_course_costs_what_its_seconds_cost(
    tariff: Payload, legs: list[Leg], start: int, offset: int
) -> None:
    naive = Naive(tariff, start, offset)
    # a real register does not begin at nothing
    reckoning = Reckoning(tariff, Place("AC", float(offset)), MIDNIGHT + start, 50_000.0)
    now, register = MIDNIGHT + start, 50_000.0
    for seconds, watts, charging in legs:
        for _ in range(seconds):
            naive.second(watts, charging)
        now, register = now + seconds, register + watts * seconds / 3600
        reckoning.advance(now, register, charging=charging)
    # where a price gives way to another, and where the most is reached, the second may be either's
    turns = len(reckoning.details(final=True).get("chargingPeriods", ())) + 1
    slack = turns * dearest(tariff, max(watts for _, watts, _ in legs)) + 1e-6
    net, gross, _ = reckoning.total()
    assert net == pytest.approx(naive.net, abs=slack)
    assert gross == pytest.approx(naive.gross, abs=slack)
    usage = reckoning.details(final=True)["totalUsage"]
    assert usage["energy"] == pytest.approx(naive.energy, abs=0.01)
    assert (usage["chargingTime"], usage["idleTime"]) == (round(naive.charging), round(naive.idle))


@settings(max_examples=40, deadline=None)
@given(tariffs(), LEGS, STARTS, st.integers(1, 97))
def test_looking_more_often_changes_nothing(tariff: Payload, legs: list[Leg], start: int, every: int) -> None:
    once, often = (Reckoning(tariff, Place(), MIDNIGHT + start, 0.0) for _ in range(2))
    now, register = MIDNIGHT + start, 0.0
    for seconds, watts, charging in legs:
        for done in (*range(every, seconds, every), seconds):
            often.advance(now + done, register + watts * done / 3600, charging=charging)
        now, register = now + seconds, register + watts * seconds / 3600
        once.advance(now, register, charging=charging)
    assert often.total()[:2] == pytest.approx(once.total()[:2], abs=1e-6)
    periods = [
        [
            (one["startPeriod"], one["tariffId"])
            for one in reckoning.details(final=True).get("chargingPeriods", ())
        ]
        for reckoning in (once, often)
    ]
    assert periods[0] == periods[1]
