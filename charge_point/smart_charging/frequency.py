"""Frequency support (2.1): the grid's frequency as the station measures it, and signals of the grid (Q08)."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from charge_point.smart_charging import effect
from charge_point.smart_charging.composite import prevailing
from charge_point.smart_charging.profiles import Profiles
from shared.clock import parse

if TYPE_CHECKING:
    from charge_point.station import Station


def measured(station: Station, hertz: float) -> None:
    """The grid has this frequency, in Hz; power follows beyond LocalFrequencyUpdateThreshold (Q08.FR.07)."""
    part = station.part(Profiles)
    names = [f"V2XChargingCtrlr#{one.id}.LocalFrequencyUpdateThreshold" for one in station.evses]
    least = min((station.model.number(name) for name in names if station.model.has(name)), default=0.0)
    if abs(hertz - part.grid.frequency) * 1000 >= least:
        part.grid = part.grid._replace(frequency=hertz)
        effect.follow(part)


def has_signal_curve(station: Station) -> bool:
    """Whether a transaction is in a LocalFrequency period that says what a signal means (Q08.FR.11)."""
    part = station.part(Profiles)
    for one in station.evses:
        if one.transaction is None:
            continue
        case = part.case(one, part.now)
        found = prevailing(case.own, part.now, case.session)
        if found is not None and found[1].mode == "LocalFrequency" and found[1].signals:
            return True
    return False


def seconds_until(station: Station, timestamp: str) -> float:
    """How long until the signal holds; raises ValueError for a bad timestamp."""
    return max(parse(timestamp) - station.clock.time(), 0.0)


def signal(station: Station, value: int, wait: float) -> None:
    """The signal holds `wait` seconds from now, until the next one (Q08.FR.10)."""
    asyncio.get_running_loop().call_later(wait, _take, station, value)


def _take(station: Station, value: int) -> None:
    part = station.part(Profiles)
    part.grid = part.grid._replace(signal=value)
    effect.follow(part)
