"""One transaction as the CSMS knows it, and which of its events have come.

A 2.x station numbers the events of a transaction (`seqNo`), a CSMS that has all numbers from Started to Ended
has everything (2.x part 2 E §1.3.2). `Sequence` remembers which came in two integers and the few ranges that are
missing, however long the transaction lasts.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from shared.versions import V16, Version

Payload = dict[str, Any]

FRESH = "fresh"
FILLS = "fills"
AGAIN = "again"

MOST_GAPS = 32
"""How many separate gaps are remembered; of more, the oldest count as never to come."""

Power = tuple[str, float, float]
"""Wire timestamp, W and Wh of a reading that tells both."""


class Sequence:
    """The sequence numbers that came: all from `low` to `high` but those in `gaps` (pairs, both inclusive)."""

    __slots__ = ("gaps", "high", "low")

    def __init__(self, first: int) -> None:
        self.low = first
        self.high = first
        self.gaps: list[tuple[int, int]] | None = None

    def take(self, number: int) -> str:
        """Enter `number`: FRESH when it is above all before it, FILLS when it was missing, AGAIN when it came."""
        if number == self.high + 1:  # what nearly always happens
            self.high = number
            return FRESH
        if number > self.high:
            self._open_gap(self.high + 1, number - 1)
            self.high = number
            return FRESH
        if number < self.low:
            if number < self.low - 1:
                self._open_gap(number + 1, self.low - 1)
            self.low = number
            return FILLS
        return FILLS if self._fill(number) else AGAIN

    @property
    def missing(self) -> int:
        """How many numbers between the lowest and the highest have not come."""
        return sum(last - first + 1 for first, last in self.gaps or ())

    def _open_gap(self, first: int, last: int) -> None:
        self.gaps = [*(self.gaps or ()), (first, last)][-MOST_GAPS:]

    def _fill(self, number: int) -> bool:
        for at, (first, last) in enumerate(self.gaps or ()):
            if first <= number <= last:
                rest = [(a, b) for a, b in ((first, number - 1), (number + 1, last)) if a <= b]
                gaps = [*(self.gaps or ())[:at], *rest, *(self.gaps or ())[at + 1 :]]
                self.gaps = gaps[-MOST_GAPS:] or None
                return True
        return False


class Transaction:
    """What is known of one transaction. The station's `Ledger` owns and changes it.

    `id` is the CSMS's integer in 1.6 and the station's string in 2.x. `evse` is 0 in 1.6, which knows connectors
    only, and where a 2.x station has not told it yet. Times are wire timestamps as the station wrote them, meter
    readings are Wh of the energy import register, None while unknown.
    """

    __slots__ = (
        "charging_state",
        "connector",
        "evse",
        "id",
        "last_event",
        "limited",
        "meter_last",
        "meter_start",
        "power",
        "reason",
        "remote_start_id",
        "reservation",
        "sequence",
        "start_key",
        "started",
        "stopped",
        "token",
        "token_type",
    )

    def __init__(self, id: int | str) -> None:
        self.id = id
        self.evse = 0
        self.connector = 0
        self.token = ""
        self.token_type = ""
        self.started = ""
        self.stopped = ""
        """Empty while the transaction is open."""
        self.reason = ""
        self.charging_state = ""
        self.meter_start: float | None = None
        self.meter_last: float | None = None
        self.power: Power | tuple[()] | None = None
        """The last reading that told both; empty once they were found to disagree."""
        self.remote_start_id: int | None = None
        self.reservation: int | None = None
        self.sequence: Sequence | None = None
        self.last_event: tuple[int, str, str] | None = None
        """Number, type and timestamp of the last event: tells a repeated one from a number used twice."""
        self.limited = False
        """Whether its prepaid token's balance was told as a limit (2.1)."""
        self.start_key: tuple[Any, ...] | None = None

    @property
    def energy(self) -> float | None:
        """Wh imported between the first and the last reading; None when fewer than two are known."""
        if self.meter_start is None or self.meter_last is None:
            return None
        return self.meter_last - self.meter_start

    def to_json(self) -> Payload:
        """Everything as plain JSON values; members that hold their default are left out."""
        empty = Transaction(self.id)
        found = {
            name: value
            for name in self.__slots__
            if name != "sequence" and (value := getattr(self, name)) != getattr(empty, name)
        }
        found["id"] = self.id
        if self.sequence is not None:
            found["sequence"] = [self.sequence.low, self.sequence.high, self.sequence.gaps or []]
        return found

    @classmethod
    def from_json(cls, saved: Payload) -> Transaction:
        """The transaction that `to_json` wrote."""
        made = cls(saved["id"])
        for name, value in saved.items():
            if name == "sequence":
                low, high, gaps = value
                made.sequence = Sequence(low)
                made.sequence.high = high
                made.sequence.gaps = [(first, last) for first, last in gaps] or None
            else:
                setattr(made, name, tuple(value) if isinstance(value, list) else value)
        return made


# --- meter values -----------------------------------------------------------------------------------------------

REGISTER = "Energy.Active.Import.Register"
"""The measurand of a sample that names none (1.6 §7.43; 2.x part 2 SampledValueType)."""

POWER = "Power.Active.Import"


def registers(
    meter_values: Iterable[Payload], version: Version
) -> tuple[float | None, float | None, int, float | None]:
    """The first and last reading of the import register (Wh) in `meter_values`, how many samples are signed, and the
    power (W) that its last entry tells beside a reading.

    Readings of one phase or of another place than the outlet are not the billing register and are passed over,
    as is what cannot be read as a number. All in one go: this is done for every message with readings.
    """
    first: float | None = None
    last: float | None = None
    watts: float | None = None
    signed = 0
    old = version is V16
    for meter_value in meter_values:
        power = reading = None
        for sample in meter_value["sampledValue"]:
            if (
                "format" in sample and sample["format"] == "SignedData"
                if old
                else "signedMeterValue" in sample
            ):
                signed += 1
            if "measurand" in sample and (measurand := sample["measurand"]) != REGISTER:
                if measurand == POWER and "phase" not in sample:
                    power = sample
            elif "phase" not in sample and (told := _wh(sample)) is not None:
                last = reading = told
                if first is None:
                    first = told
        watts = None if power is None or reading is None else _wh(power)
    return first, last, signed, watts


def _wh(sample: Payload) -> float | None:
    """The value in Wh, or in W: None for what is measured elsewhere, and for what is no number."""
    if "location" in sample and sample["location"] != "Outlet":
        return None
    try:
        value = float(sample["value"])  # a string in 1.6, a number in 2.x
    except (ValueError, TypeError):  # signed data, or a station that writes "n/a"
        return None
    if (
        "unitOfMeasure" in sample
    ):  # 2.x has the unit in an object of its own, with a multiplier, 1.6 beside the value
        sample = sample["unitOfMeasure"]
        if "multiplier" in sample and (multiplier := sample["multiplier"]):
            value *= 10.0**multiplier
    return value * 1000.0 if "unit" in sample and sample["unit"] in ("kWh", "kW") else value
