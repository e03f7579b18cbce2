"""The EVSEs of a station as its setup has them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from charge_point.connector import Connector
from charge_point.evse import Evse
from charge_point.meter import Meter

if TYPE_CHECKING:
    from charge_point.station import Station


def built(station: Station) -> tuple[Evse, ...]:
    """The EVSEs; connectors are numbered through for 1.6. One meter counts what goes through all of an EVSE's."""
    setup, evses, number = station.setup, [], 0
    for at, ids in enumerate(setup.evses, 1):
        connectors = []
        for id in ids:
            number += 1
            connectors.append(Connector(id, number, tethered=setup.outlet(at, id).tethered))
        noise = station.stream(f"meter {at}") if setup.noise else None
        phases = [setup.outlet(at, id).phases for id in ids]
        meter = Meter(phases[0], noise, setup.register, setup.resolution, conductors=max(phases))
        evses.append(Evse(station, at, tuple(connectors), meter))
    return tuple(evses)
