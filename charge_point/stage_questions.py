"""What a scenario can ask a station of ours about itself."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from operator import attrgetter
from typing import Any

from charge_point.blocks.availability import status_of
from charge_point.display import showing
from charge_point.generator import Generator
from charge_point.generator_counts import KINDS
from charge_point.parts import existing
from charge_point.station import Station


def _soc(station: Station) -> float | None:
    """The state of charge of the first car that has one."""
    for one in station.evses:
        one.meter.advance(station.clock.elapsed())
    socs = [one.ev.soc for one in station.evses if one.ev is not None]
    return next((soc for soc in socs if soc is not None), None)


def _delivered(station: Station) -> float:
    running = 0.0
    for one in station.evses:
        if one.transaction is not None:
            running += one.meter.advance(station.clock.elapsed()) - one.transaction.meter_start
    return station.charged + running


def _drivers(name: str, station: Station) -> int:
    """What came of the generator, at all EVSEs together."""
    generator = existing(station, Generator)
    counts = generator.counts.values() if generator is not None else ()
    return sum(attrgetter(name)(count) for count in counts)


QUESTIONS: dict[str, Callable[[Station], Any]] = {
    "meter.delivered": _delivered,
    "power": lambda station: sum(one.meter.watts for one in station.evses),
    "soc": _soc,
    "status": lambda station: status_of(station, station.evses[0], station.evses[0].active),
    "registration": lambda station: station.registration.status,
    "transactions": lambda station: sum(one.transaction is not None for one in station.evses),
    "sessions": lambda station: station.sessions,
    "online": lambda station: station.is_online,
    "firmware": lambda station: station.firmware,
    "owed": lambda station: len(station.outbox),
    "display": showing,
    **{
        f"drivers.{name}": partial(_drivers, name)
        for name in (
            *("came", "begun", "charged", "refused", "failed", "skipped"),
            *(f"{kind}.{said}" for kind in KINDS for said in ("accepted", "rejected", "ignored")),
        )
    },
    "tx": lambda station: next((one.transaction.id for one in station.evses if one.transaction), ""),
}
"""What can be asked of a station of ours."""
