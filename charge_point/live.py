"""Variables whose value is the station's present state: component and variable -> how to read it."""

from __future__ import annotations

from collections.abc import Callable
from math import copysign, hypot
from typing import TYPE_CHECKING

from charge_point.authorization import ENTRY_BYTES
from charge_point.connector import Cable, Energy, Health, Lock, charging_state, status_2x
from charge_point.measurands import warmth
from charge_point.parts import existing
from charge_point.power import offered

if TYPE_CHECKING:
    from charge_point.catalogue import Slot
    from charge_point.evse import Evse
    from charge_point.station import Station

Value = Callable[["Station", "Slot"], str | None]


def _evse(station: Station, slot: Slot) -> Evse:
    return station.evses[slot.evse - 1]


def _station_state(station: Station, slot: Slot) -> str:
    return "Available" if station.operative else "Unavailable"


def _evse_state(station: Station, slot: Slot) -> str:
    one = _evse(station, slot)
    return status_2x(one.regions(one.active))


def _connector_state(station: Station, slot: Slot) -> str | None:
    one = _evse(station, slot)
    connector = one.connector(slot.connector)
    return None if connector is None else status_2x(one.regions(connector))


def _power(station: Station, slot: Slot) -> str:
    return f"{max(0.0, _evse(station, slot).meter.watts):.10g}"


def _given_back(station: Station, slot: Slot) -> str:
    return f"{max(0.0, -_evse(station, slot).meter.watts):.10g}"


def _current(station: Station, slot: Slot) -> float:
    """A per conductor in use."""
    meter = _evse(station, slot).meter
    if meter.flow is None:
        return 0.0
    volts = meter.volts * meter.used if meter.phases else meter.flow.volts
    whole = hypot(meter.watts, meter.flow.vars) if meter.phases else meter.watts
    return copysign(whole, meter.watts) / volts if volts else 0.0


def _amps(station: Station, slot: Slot) -> str:
    return f"{_current(station, slot):.6g}"


def _warmth(station: Station, slot: Slot) -> str:
    """Of the body, as the measurand has it."""
    return f"{warmth(abs(_current(station, slot))):.6g}"


def _problem(station: Station, slot: Slot) -> str:
    """Whether a connector, any of an EVSE, or any of the station is faulted."""
    faulted = any(
        c.health is Health.FAULTED
        for evse in station.evses_of(slot.evse)
        for c in evse.connectors
        if slot.connector in (0, c.id)
    )
    return "true" if faulted else "false"


def _lock_problem(station: Station, slot: Slot) -> str:
    """Whether the plug could not be locked in (G05.FR.02)."""
    c = _evse(station, slot).connector(slot.connector)
    failed = c is not None and c.health is Health.FAULTED and c.error == "ConnectorLockFailure"
    return "true" if failed else "false"


def _locked(station: Station, slot: Slot) -> str:
    c = _evse(station, slot).connector(slot.connector)
    return "true" if c is not None and c.lock is Lock.LOCKED else "false"


NETWORK = (
    "OcppCsmsUrl",
    "OcppInterface",
    "OcppTransport",
    "OcppVersion",
    "MessageTimeout",
    "SecurityProfile",
    "Identity",
)


def _network(station: Station, slot: Slot) -> str | None:
    from charge_point.network import shown  # only a report asks

    return shown(station, slot)


def _has_vehicle(station: Station, slot: Slot) -> str:
    """Whether a car at this EVSE says that it may be charged."""
    one = _evse(station, slot)
    there = one.ev is not None and one.ev.ready and one.active.cable is Cable.BOTH_ENDS
    return "true" if there else "false"


def _maker(station: Station, slot: Slot) -> str:
    """The code of the car's maker; 0 without a car, and for a maker that nobody knows."""
    return "1" if _has_vehicle(station, slot) == "true" else "0"


def _identity(station: Station, slot: Slot) -> str:
    from charge_point.network import identity

    return identity(station)


def _slot_in_use(station: Station, slot: Slot) -> str:
    from charge_point.network import active

    return active(station, slot)


def _base(station: Station, slot: Slot) -> str:
    from charge_point.monitoring.monitors import base_of  # only a report asks

    return base_of(station)


def _level(station: Station, slot: Slot) -> str:
    from charge_point.monitoring.monitors import level_of

    return str(level_of(station))


def _offered(station: Station, slot: Slot) -> str:
    """What a car would get now, in W; nothing as long as nothing is offered to one."""
    one = _evse(station, slot)
    return f"{offered(one)[1] if one.energy is not Energy.OFF else 0.0:.10g}"


def _charging(station: Station, slot: Slot) -> str:
    return charging_state(_evse(station, slot).regions())


def _transaction(station: Station, slot: Slot) -> str | None:
    transaction = _evse(station, slot).transaction
    return transaction.id if transaction is not None else None


def _transactions(station: Station, slot: Slot) -> str:
    """Also of one that has no EVSE yet, which our station keeps at the first free one."""
    return ",".join(one.transaction.id for one in station.evses if one.transaction is not None)


def _public_key(station: Station, slot: Slot) -> str:
    from charge_point.meter_signing import SigningMeters

    return station.part(SigningMeters).public_key(slot.evse)


def _messages(station: Station, slot: Slot) -> str:
    from charge_point.display import DisplayMessages

    found = existing(station, DisplayMessages)
    return str(len(found.held) if found is not None else 0)


def _tariff_problem(station: Station, slot: Slot) -> str:
    from charge_point.tariffs import Tariffs

    found = existing(station, Tariffs)
    return "true" if found is not None and found.problem else "false"


def _terminal_problem(station: Station, slot: Slot) -> str:
    from charge_point.payment import Payments

    found = existing(station, Payments)
    return "true" if found is not None and found.provider == "broken" else "false"


def _terminal_connected(station: Station, slot: Slot) -> str:
    from charge_point.payment import Payments

    found = existing(station, Payments)
    return "false" if found is not None and found.provider in ("away", "broken") else "true"


def _cartridge(station: Station, slot: Slot) -> str | None:
    from charge_point.battery_swap import cartridge  # few stations swap batteries

    return cartridge(station, slot)


def _certificates(station: Station, slot: Slot) -> str | None:
    from charge_point.certificates import Certificates

    found = existing(station, Certificates)
    return str(len(found.installed) if found is not None else 0)


def _profiles(station: Station, slot: Slot) -> str:
    from charge_point.smart_charging.profiles import Profiles  # only a report asks

    found = existing(station, Profiles)
    return str(len(found.held) if found is not None else 0)


VALUES: dict[tuple[str, str], Value] = {
    ("CHAdeMOCtrlr", "VehicleStatus"): _has_vehicle,
    ("CHAdeMOCtrlr", "AutoManufacturerCode"): _maker,
    ("ClockCtrlr", "DateTime"): lambda station, slot: station.clock.now(),
    ("SecurityCtrlr", "Identity"): _identity,
    ("ChargingStation", "AvailabilityState"): _station_state,
    ("EVSE", "AvailabilityState"): _evse_state,
    ("EVSE", "Power"): _power,
    ("EVSE", "DischargePower"): _given_back,
    ("OCPPCommCtrlr", "ActiveNetworkProfile"): _slot_in_use,
    **{("NetworkConfiguration", name): _network for name in NETWORK},
    ("EVSE", "ACCurrent"): _amps,
    ("EVSE", "Temperature"): _warmth,
    ("ChargingStation", "Problem"): _problem,
    ("EVSE", "Problem"): _problem,
    ("Connector", "Problem"): _problem,
    ("ConnectorPlugRetentionLock", "Problem"): _lock_problem,
    ("ConnectorPlugRetentionLock", "Active"): _locked,
    ("MonitoringCtrlr", "ActiveMonitoringBase"): _base,
    ("MonitoringCtrlr", "ActiveMonitoringLevel"): _level,
    ("EVSE", "ChargingState"): _charging,
    ("EVSE", "ActiveTransactionId"): _transaction,
    ("ChargingStation", "ActiveTransactionId"): _transactions,
    ("Connector", "AvailabilityState"): _connector_state,
    ("FiscalMetering", "PublicKey"): _public_key,
    ("Connector", "MeterPublicKey"): _public_key,
    ("SmartChargingCtrlr", "Entries"): _profiles,
    ("DisplayMessageCtrlr", "DisplayMessages"): _messages,
    ("TariffCostCtrlr", "Problem"): _tariff_problem,
    **{("BatteryCartridge", name): _cartridge for name in ("Available", "SoC", "SoH", "WorkingMode")},
    ("Connector", "SlotStatus"): _cartridge,
    ("PaymentCtrlr", "Problem"): _terminal_problem,
    ("PaymentCtrlr", "Connected"): _terminal_connected,
    ("SecurityCtrlr", "CertificateEntries"): _certificates,
    ("LocalAuthListCtrlr", "Entries"): lambda station, slot: str(len(station.authorizer.listed or ())),
    ("LocalAuthListCtrlr", "Storage"): lambda station, slot: str(
        ENTRY_BYTES * len(station.authorizer.listed or ())
    ),
    ("AuthCacheCtrlr", "Storage"): lambda station, slot: str(
        ENTRY_BYTES * len(station.authorizer.cache or ())
    ),
}

TARGETS: dict[tuple[str, str], Value] = {("EVSE", "Power"): _offered}
"""What the station aims at, for the variables that have a Target attribute."""


def present(station: Station, slot: Slot, attribute: str = "Actual") -> str | None:
    """The value of an attribute of a `live` variable; None where the station does not know better than its store."""
    row = slot.definition
    if row.component == "ConnectedEV":
        from charge_point.connected_ev import told

        return told(station, slot, attribute)
    value = (VALUES if attribute == "Actual" else TARGETS).get((row.component, row.variable))
    return None if value is None else value(station, slot)
