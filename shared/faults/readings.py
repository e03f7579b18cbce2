"""Readings as some stations write them: in another unit, or without saying what they are."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import orjson

from shared.chance import Stream
from shared.faults.effects import Deliver, Effects, Frame
from shared.faults.registry import Fault, fault, setting

_PHASES = ("L1", "L2", "L3")


@fault
class Readings(Fault):
    """Write the meter's values in another way: energy in `kWh`, named so or still called Wh (`kWh_as_Wh`); without
    their `unit` or `measurand`; phases as L1-N (`neutral`) or not at all (`none`)."""

    energy: str = setting("Wh", "its unit", words=("Wh", "kWh", "kWh_as_Wh"))
    unit: bool = setting(True, "false leaves the units out")
    measurand: bool = setting(True, "false leaves the measurands out")
    phases: str = setting("as_they_are", "how phases are named", words=("as_they_are", "neutral", "none"))

    def spoil(self, frame: Frame, roll: Stream) -> Effects | None:
        if not isinstance(frame.payload, dict):
            return None
        payload = orjson.loads(orjson.dumps(frame.payload))
        for value in _values(payload):
            self._write(value)
        if self.energy == "kWh_as_Wh":
            for name in (
                "meterStart",
                "meterStop",
            ):  # 1.6: whole numbers of Wh, of which nobody names the unit
                if isinstance(payload.get(name), int):
                    payload[name] = round(payload[name] / 1000)
        return [Deliver(frame.holding(payload))] if payload != frame.payload else None

    def _write(self, value: dict[str, Any]) -> None:
        measurand = str(value.get("measurand", "Energy.Active.Import.Register"))
        if self.energy != "Wh" and measurand.startswith("Energy"):
            _in_kwh(value, named=self.energy == "kWh")
        if not self.unit:
            value.pop("unit", None)
            value.pop("unitOfMeasure", None)
        if not self.measurand:
            value.pop("measurand", None)
        if self.phases == "none":
            value.pop("phase", None)
        elif self.phases == "neutral" and value.get("phase") in _PHASES:
            value["phase"] += "-N"


def _in_kwh(value: dict[str, Any], *, named: bool) -> None:
    """Divide by a thousand: 1.6 has texts with a unit, 2.x numbers with a unitOfMeasure."""
    reading = value.get("value")
    try:
        scaled = float(reading) / 1000 if isinstance(reading, str | int | float) else None
    except ValueError:  # a signed value
        return
    if scaled is None:
        return
    value["value"] = f"{scaled:.10g}" if isinstance(reading, str) else scaled
    if named and isinstance(reading, str):
        value["unit"] = str(value.get("unit", "Wh")).replace("Wh", "kWh", 1)
    elif named:
        unit = value.get("unitOfMeasure") or {"unit": "Wh"}
        value["unitOfMeasure"] = {**unit, "unit": f"k{unit.get('unit', 'Wh')}"}


def _values(payload: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Every sampled value of a message."""
    for name in ("meterValue", "transactionData"):
        for one in payload.get(name) or ():
            if isinstance(one, dict):
                yield from (each for each in one.get("sampledValue") or () if isinstance(each, dict))
