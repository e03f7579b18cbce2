"""What a transaction costs by a tariff of OCPP 2.1: a pure calculation, told when something changes.

`Reckoning.advance` takes the transaction from one moment to the next, between which energy came evenly and the car
either charged or did not. It cuts that stretch wherever a condition can change by itself (a time of day, a duration,
an amount of energy), and prices each piece by the first element of each kind whose conditions hold (I12.FR.33, .34).
Money is not rounded before it is told.

Sources: OCPP 2.1 part 2, I §1.2, §1.3, I12, TariffType and the types that it is made of.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from math import inf
from typing import Any, NamedTuple

from shared.clock import text

Payload = dict[str, Any]

ENERGY, CHARGING, IDLE = "energy", "chargingTime", "idleTime"
METERED = (ENERGY, CHARGING, IDLE)
_PRICE = {ENERGY: ("priceKwh", 1000.0), CHARGING: ("priceMinute", 60.0), IDLE: ("priceMinute", 60.0)}
_DIGITS = 6
_TINY = 1e-9


class Place(NamedTuple):
    """What conditions ask of where and how one charges: AC or DC, `offset` of local time in s, how it is paid for."""

    kind: str = "AC"
    offset: float = 0.0
    brand: str = ""
    recognition: str = ""


class Moment(NamedTuple):
    """What conditions ask of a moment; energy in Wh, power in W, current in A, durations in s."""

    time: float
    duration: float = 0.0
    energy: float = 0.0
    power: float = 0.0
    current: float = 0.0
    charging: float = 0.0
    idle: float = 0.0


def tax_factor(rates: list[Payload] | None) -> float:
    """What a price without tax is multiplied by: the rates of one stack are added up, each stack goes on top of the
    one below (I12.FR.13)."""
    factor = 1.0
    for stack in sorted({int(rate.get("stack", 0)) for rate in rates or ()}):
        factor *= 1 + sum(rate["tax"] for rate in rates or () if int(rate.get("stack", 0)) == stack) / 100
    return factor


# --- conditions -----------------------------------------------------------------------------------------------


def holds(conditions: Payload | None, place: Place, now: Moment) -> bool:
    """Whether all of `conditions` (TariffConditionsType or TariffConditionsFixedType) hold."""
    if not conditions:
        return True
    local = datetime.fromtimestamp(now.time + place.offset, UTC)
    return bool(
        conditions.get("evseKind", place.kind) == place.kind
        and conditions.get("paymentBrand", place.brand) == place.brand
        and conditions.get("paymentRecognition", place.recognition) == place.recognition
        and _day_fits(conditions, local)
        and _time_fits(conditions, local)
        and all(_within(conditions, name, value) for name, value in _measured(now))
    )


def _measured(now: Moment) -> tuple[tuple[str, float], ...]:
    return (
        ("Energy", now.energy),
        ("Power", now.power),
        ("Current", now.current),
        ("Time", now.duration),
        ("ChargingTime", now.charging),
        ("IdleTime", now.idle),
    )


def _within(conditions: Payload, name: str, value: float) -> bool:
    """From min (inclusive) to max (exclusive); min is the one closer to zero, also of what flows back."""
    low, high = conditions.get(f"min{name}"), conditions.get(f"max{name}")
    if low is not None and (value < low if low >= 0 else value > low):
        return False
    return high is None or (value < high if high >= 0 else value > high)


def _day_fits(conditions: Payload, local: datetime) -> bool:
    days = conditions.get("dayOfWeek")
    if days and local.strftime("%A") not in days:
        return False
    day = local.date().isoformat()
    first, after = str(conditions.get("validFromDate", day)), str(conditions.get("validToDate", "9999-99-99"))
    return first <= day < after


def _time_fits(conditions: Payload, local: datetime) -> bool:
    """An end before the start wraps around midnight, and 00:00 is the end of the day."""
    now = local.hour * 60 + local.minute + local.second / 60 + local.microsecond / 60e6
    start = _minutes(conditions.get("startTimeOfDay", "00:00"))
    end = _minutes(conditions.get("endTimeOfDay", "00:00")) or 1440
    return start <= now < end if start < end else now >= start or now < end


def _minutes(clock: str) -> int:
    return int(clock[:2]) * 60 + int(clock[3:5])


def applicable(part: Payload | None, place: Place, now: Moment) -> int:
    """The first of the prices of `part` whose conditions hold, as an index; -1 for none (I12.FR.34)."""
    for at, price in enumerate(part["prices"] if part else ()):
        if holds(price.get("conditions"), place, now):
            return at
    return -1


# --- reckoning ------------------------------------------------------------------------------------------------


class Reckoning:
    """What one transaction has come to. `state` is all of it, and can be written as JSON."""

    __slots__ = ("place", "state", "tariff")

    def __init__(self, tariff: Payload, place: Place, now: float, energy: float = 0.0) -> None:
        """From `now` (Unix s) on, at `energy` (Wh), it is reckoned by `tariff`; the fixed fee is due at once."""
        self.tariff = tariff
        self.place = place
        self.state: Payload = {
            "time": now,
            "began": now,
            "energy": energy,
            "charged": 0.0,
            CHARGING: 0.0,
            IDLE: 0.0,
            "idle": 0.0,  # since the car last took something
            "sums": {},
            "periods": [],
            "used": None,
            "frozen": False,
        }
        fee = applicable(tariff.get("fixedFee"), place, Moment(now))  # I12.FR.30
        if fee >= 0:
            self._add("fixed", tariff["fixedFee"], tariff["fixedFee"]["prices"][fee]["priceFixed"])

    def reserve(self, seconds: float) -> None:
        """The transaction was reserved for, so long before it began (I12.FR.06-.08)."""
        now = Moment(self.state["began"], duration=seconds)
        fixed, timed = self.tariff.get("reservationFixed"), self.tariff.get("reservationTime")
        at = applicable(fixed, self.place, now)
        if fixed and at >= 0:
            self._add("reservationFixed", fixed, fixed["prices"][at]["priceFixed"])
        at = applicable(timed, self.place, now)
        if timed and at >= 0:
            self.state["reserved"] = seconds
            self._add("reservationTime", timed, timed["prices"][at]["priceMinute"] * seconds / 60)

    def change(self, tariff: Payload) -> None:
        """From here on another tariff holds; what was reckoned stays (I11.FR.08)."""
        self.tariff = tariff
        self.state["used"] = None

    def advance(self, now: float, energy: float, *, charging: bool, current: float = 0.0) -> None:
        """Go on to `now` (Unix s) and `energy` (Wh of the register, as at the start); `charging` until then."""
        state = self.state
        span, amount = now - state["time"], energy - state["energy"]
        if span <= 0 and not amount:
            return
        power = round(amount * 3600 / span, _DIGITS) if span > 0 else 0.0  # 11 kW is not 10.999999999
        cuts = [0.0, *self._cuts(span, amount, charging), 1.0]
        began, taken = state["time"], state["energy"]
        for start, end in pairwise(cuts):
            self._piece((end - start) * span, (end - start) * amount, power, current, charging)
        state["time"], state["energy"] = began + span, taken + amount

    def _piece(self, span: float, amount: float, power: float, current: float, charging: bool) -> None:
        """One stretch within which no condition changes, priced by what holds in its middle."""
        state = self.state
        half = span / 2
        idle = 0.0 if charging else state["idle"] + half
        spent = state[CHARGING] + (half if charging else 0.0)
        now = Moment(
            state["time"] + half,
            state["time"] + half - state["began"],
            state["charged"] + amount / 2,
            power,
            current,
            spent,
            idle,
        )
        used = [applicable(self.tariff.get(kind), self.place, now) for kind in METERED]
        self._period(used, now)
        volumes = {ENERGY: amount, CHARGING: span if charging else 0.0, IDLE: 0.0 if charging else span}
        self._price(used, volumes)
        state["charged"] += amount
        state[CHARGING] += volumes[CHARGING]
        state[IDLE] += volumes[IDLE]
        state["idle"] = 0.0 if charging else state["idle"] + span
        state["time"] += span
        self._measure(volumes, power, current)

    def _cuts(self, span: float, amount: float, charging: bool) -> list[float]:
        """Where in the stretch a condition can change, as shares of it between 0 and 1."""
        state = self.state
        found: set[float] = set()
        for kind in METERED:
            for price in (self.tariff.get(kind) or {}).get("prices", ()):
                conditions = price.get("conditions") or {}
                times = [
                    *_marks(conditions, "Time", state["time"] - state["began"]),
                    *_marks(conditions, "ChargingTime", state[CHARGING] if charging else inf),
                    *_marks(conditions, "IdleTime", inf if charging else state["idle"]),
                    *self._clock_marks(conditions, span),
                ]
                found |= {at / span for at in times if span > 0 and _TINY < at < span - _TINY}
                for at in _marks(conditions, "Energy", state["charged"]):
                    if amount and 0 < at / amount < 1:
                        found.add(at / amount)
        return sorted(found)

    def _clock_marks(self, conditions: Payload, span: float) -> list[float]:
        """Seconds from the start of the stretch to each time of day, and midnight, at which a condition can turn."""
        if not conditions.keys() & {
            "startTimeOfDay",
            "endTimeOfDay",
            "dayOfWeek",
            "validFromDate",
            "validToDate",
        }:
            return []
        local = datetime.fromtimestamp(self.state["time"] + self.place.offset, UTC)
        midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
        names = ("startTimeOfDay", "endTimeOfDay")
        clocks = {0, *(_minutes(conditions[name]) for name in names if name in conditions)}
        days = range(int(span // 86_400) + 2)
        at = (midnight + timedelta(days=day, minutes=clock) - local for day in days for clock in clocks)
        return [one.total_seconds() for one in at]

    # --- money --------------------------------------------------------------------------------------------

    def _price(self, used: list[int], volumes: dict[str, float]) -> None:
        """Add what the volumes cost, up to maxCost (I12.FR.39)."""
        if self.state["frozen"]:
            return
        costs = []
        for kind, at in zip(METERED, used, strict=True):
            if at >= 0:
                part = self.tariff[kind]
                name, per = _PRICE[kind]
                costs.append((kind, part, part["prices"][at][name] * volumes[kind] / per))
        share = self._share(costs)
        for kind, part, cost in costs:
            self._add(kind, part, cost * share)
        self.state["frozen"] = share < 1 or self._share([]) <= 0

    def _share(self, costs: list[tuple[str, Payload, float]]) -> float:
        """How much of `costs` may still be added; 0 when what is there is the most already."""
        most: Payload = self.tariff.get("maxCost") or {}
        exclusive, inclusive, _ = self.total()
        added = sum(cost for _, _, cost in costs)
        taxed = sum(cost * tax_factor(part.get("taxRates")) for _, part, cost in costs)
        share = 1.0
        for name, now, more in (("exclTax", exclusive, added), ("inclTax", inclusive, taxed)):
            if name in most and now + more >= most[name] - _TINY:
                share = min(share, max((most[name] - now) / more, 0.0) if more else 0.0)
        return share

    def _add(self, name: str, part: Payload, cost: float) -> None:
        sums, rates = self.state["sums"], part.get("taxRates")
        one = sums.setdefault(name, [0.0, 0.0, rates])
        one[0] += cost
        one[1] += cost * tax_factor(rates)
        one[2] = rates

    def total(self) -> tuple[float, float, bool]:
        """The cost without tax, with it, and whether there is any tax (I12.FR.17)."""
        sums = self.state["sums"].values()
        taxed = any(rates for _, _, rates in sums)
        return sum(one[0] for one in sums), sum(one[1] for one in sums), taxed

    @property
    def cost(self) -> float:
        """What the driver has to pay so far, with tax."""
        return float(self.total()[1])

    # --- telling ------------------------------------------------------------------------------------------

    def _period(self, used: list[int], now: Moment) -> None:
        """Another list of used elements begins another period (I12.FR.35, .36)."""
        state = self.state
        if state["used"] != used:
            state["used"] = used
            start = state["time"]
            state["periods"].append({"tariffId": self.tariff["tariffId"], "start": start, "volumes": {}})

    def _measure(self, volumes: dict[str, float], power: float, current: float) -> None:
        period = self.state["periods"][-1]["volumes"]
        for kind, name in ((ENERGY, "Energy"), (CHARGING, "ChargingTime"), (IDLE, "IdleTIme")):
            if self.tariff.get(kind):  # the schema spells it IdleTIme
                period[name] = period.get(name, 0.0) + volumes[kind]
        asked = {name for kind in METERED for name in _asked(self.tariff.get(kind))}
        for what, value in (("Power", power), ("Current", current)):
            if {f"min{what}", f"max{what}"} & asked:
                period[f"Min{what}"] = min(period.get(f"Min{what}", inf), value)
                period[f"Max{what}"] = max(period.get(f"Max{what}", -inf), value)

    def details(self, *, final: bool) -> Payload:
        """CostDetailsType; with the periods, and with minCost, only when `final` (I12.FR.02, .38)."""
        state = self.state
        usage: Payload = {
            "energy": round(state["charged"], 3),
            "chargingTime": round(state[CHARGING]),
            "idleTime": round(state[IDLE]),
        }
        if "reserved" in state:
            usage["reservationTime"] = round(state["reserved"])
        details: Payload = {"totalCost": self._total_cost(final), "totalUsage": usage}
        periods = [_wire(one) for one in state["periods"]] if final else []
        return details | ({"chargingPeriods": periods} if periods else {})

    def _total_cost(self, final: bool) -> Payload:
        exclusive, inclusive, taxed = self.total()
        told: Payload = {"currency": self.tariff["currency"], "typeOfCost": "NormalCost"}
        least: Payload = self.tariff.get("minCost") or {}
        if final and (exclusive < least.get("exclTax", -inf) or inclusive < least.get("inclTax", -inf)):
            total = {name: least[name] for name in ("exclTax", "inclTax") if name in least}
            return told | {"typeOfCost": "MinCost", "fixed": least, "total": total}
        if self.state["frozen"]:
            told["typeOfCost"] = "MaxCost"
        for name, (cost, with_tax, rates) in self.state["sums"].items():
            told[name] = {"exclTax": round(cost, _DIGITS)}
            if rates:
                told[name] |= {"inclTax": round(with_tax, _DIGITS), "taxRates": rates}
        told["total"] = {"exclTax": round(exclusive, _DIGITS)}
        if taxed:
            told["total"]["inclTax"] = round(inclusive, _DIGITS)
        return told


def _asked(part: Payload | None) -> set[str]:
    return {name for price in (part or {}).get("prices", ()) for name in price.get("conditions") or ()}


def _marks(conditions: Payload, name: str, now: float) -> list[float]:
    """How far it is from `now` to the limits of a condition."""
    names = (f"min{name}", f"max{name}")
    return [conditions[one] - now for one in names if one in conditions and now < inf]


def _wire(period: Payload) -> Payload:
    """A ChargingPeriodType."""
    dimensions = [{"type": name, "volume": round(value, 3)} for name, value in period["volumes"].items()]
    told = {"tariffId": period["tariffId"], "startPeriod": text(period["start"])}
    return told | ({"dimensions": dimensions} if dimensions else {})
