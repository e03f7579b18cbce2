"""What a car has told the station about itself: the component ConnectedEV of its EVSE (2.1 part 2 chapter 2.17).

A car that speaks neither ISO 15118 nor CHAdeMO is only seen to be there; all its other variables are empty, as those
of a place without a car are.
"""

from __future__ import annotations

from collections.abc import Callable
from math import inf
from typing import TYPE_CHECKING
from zlib import crc32

from charge_point.connector import Cable
from charge_point.outlets import CHADEMO
from charge_point.parts import existing

if TYPE_CHECKING:
    from charge_point.catalogue import Slot
    from charge_point.ev import Ev
    from charge_point.evse import Evse
    from charge_point.smart_charging.negotiation import Talk
    from charge_point.station import Station

COMPONENT = "ConnectedEV"

PROTOCOLS = {"2": "urn:iso:15118:2:2013:MsgDef,2,0", "20": "urn:iso:std:iso:15118:-20:{},1,0"}
"""What a car of each part of the standard agrees on with the station (supportedAppProtocolReq)."""

Told = Callable[["Evse", "Ev"], "str | float | None"]


def _speaks_chademo(evse: Evse) -> bool:
    return evse.outlet.kind == CHADEMO


def _protocol(evse: Evse, ev: Ev) -> str:
    if _speaks_chademo(evse):
        return "CHAdeMO,3"
    return PROTOCOLS[ev.kind.iso15118].format(evse.outlet.current)


def vehicle_id(evse: Evse, ev: Ev) -> str:
    """The EVCCID: six bytes, of which the first says that they are locally administered (ISO 15118-2); by CHAdeMO
    three messages of eight bytes."""
    own = f"{crc32(f'{evse.station.id} {evse.id} {ev.kind!r}'.encode()):08X}"
    return own * 6 if _speaks_chademo(evse) else f"0201{own}"


def _talk(evse: Evse) -> Talk | None:
    from charge_point.smart_charging.negotiation import Negotiations  # only a report asks

    part = existing(evse.station, Negotiations)
    return None if part is None else part.talks.get(evse.id)


def _departure(evse: Evse, ev: Ev) -> str | None:
    talk = _talk(evse)
    return None if talk is None or talk.departs == inf else evse.station.clock.text(talk.departs)


def _wanted(evse: Evse, ev: Ev) -> float | None:
    talk = _talk(evse)
    return None if talk is None else talk.energy


def _seconds_left(evse: Evse, ev: Ev) -> float | None:
    flow = evse.meter.flow
    return None if flow is None or ev.soc is None else flow.seconds_until(ev.enough)


def _full(evse: Evse, ev: Ev) -> str:
    return "true" if ev.is_full else "false"


def _on(current: str, told: Told) -> Told:
    """What a car tells only where this current flows."""
    return lambda evse, ev: told(evse, ev) if evse.outlet.current == current else None


def _of_20(told: Told) -> Told:
    """What only ISO 15118-20 has a message for."""
    return lambda evse, ev: told(evse, ev) if ev.kind.iso15118 == "20" else None


_TOLD: dict[tuple[str, str], Told] = {
    ("VehicleId", "Actual"): vehicle_id,
    ("VehicleID", "Actual"): vehicle_id,  # as the appendix of 2.0.1 spells it
    ("ProtocolAgreed", "Actual"): _protocol,
    ("ProtocolSupportedByEV", "Actual"): _protocol,
    ("ACCurrent", "MinSet"): _on("AC", lambda evse, ev: ev.kind.min_amps),
    ("ACCurrent", "MaxSet"): _on("AC", lambda evse, ev: ev.kind.amps),
    ("DCVoltage", "MinSet"): _on("DC", lambda evse, ev: ev.kind.volts[0]),
    ("DCVoltage", "MaxSet"): _on("DC", lambda evse, ev: ev.kind.volts[1]),
    ("Power", "MaxSet"): lambda evse, ev: ev.kind.peak,
    ("DischargePower", "MaxSet"): _of_20(lambda evse, ev: ev.kind.discharge),
    ("EnergyImport", "MaxSet"): lambda evse, ev: ev.kind.battery,
    ("EnergyImport", "Target"): _wanted,
    ("BatteryCapacity", "Actual"): lambda evse, ev: ev.kind.battery,
    ("DepartureTime", "Actual"): _departure,
    ("RemainingTimeFull", "Actual"): _seconds_left,
    ("StateOfCharge", "Actual"): lambda evse, ev: None if ev.soc is None else int(ev.soc),
    ("StateOfCharge", "MaxSet"): lambda evse, ev: round(ev.kind.target),
    ("ChargingCompleteFull", "Actual"): _full,
}
"""Variable and attribute -> what the car says."""


def told(station: Station, slot: Slot, attribute: str = "Actual") -> str:
    """The value of an attribute of a variable of ConnectedEV; empty when the car has not told it."""
    evse = station.evses[slot.evse - 1]
    ev = evse.ev if evse.active.cable is Cable.BOTH_ENDS else None
    row = slot.definition
    if row.variable == "Available":
        return "true" if ev is not None else "false"
    speaks = ev is not None and (ev.kind.iso15118 or _speaks_chademo(evse))
    of = _TOLD.get((row.variable, attribute))
    value = of(evse, ev) if of is not None and ev is not None and speaks else None
    if value is None or isinstance(value, str):
        return value or ""
    if value == inf:
        return ""
    return str(round(value)) if row.type == "integer" else f"{value:.10g}"
