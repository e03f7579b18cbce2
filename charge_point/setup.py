"""What kind of station it is: shared by all stations of a fleet that are alike, and never changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from charge_point.catalogue import Override, Settable, Topology
from charge_point.custom_triggers import custom_triggers
from charge_point.definitions import FEATURES
from charge_point.ev import ANY_CAR, Vehicle
from charge_point.firmware_habits import USUAL, FirmwareHabits
from charge_point.monitoring.factory import USUAL as USUAL_MONITORS
from charge_point.monitoring.factory import FactoryMonitor
from charge_point.outlets import CHADEMO, CONNECTOR_TYPES, Outlet, laid_out, nameplate, outlet
from charge_point.quirks import NONE, Quirks
from shared.suggest import not_one_of

KNOWN_VENDORS: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {"TestVendor": MappingProxyType({"TestMessage": None})}
)
"""DataTransfer, as `charge_point.vendors` has it. By default one for trying it out."""

_ALIKE: Mapping[tuple[int, int], Outlet] = MappingProxyType({})
_OF_SLOTS: Mapping[str, Settable | Override] = MappingProxyType(
    {
        "TxCtrlr.TxStartPoint": Override(
            "EVConnected", values=("EVConnected",), access="ReadOnly"
        ),  # S04.FR.08
        "TxCtrlr.TxStopPoint": Override(
            "EVConnected", values=("EVConnected",), access="ReadOnly"
        ),  # S04.FR.09
        "SampledDataCtrlr.TxUpdatedMeasurands": ("Energy.Active.Import.Register", "SoC"),  # S04.FR.04
    }
)
"""What the variables of a station of battery slots are."""

_NOTHING: Mapping[str, Settable | Override] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class StationSetup:
    """Identity, layout, electrics and habits of a kind of station.

    `csms`: the address that its first network slot holds. `evses`: the connector ids of EVSE 1, 2, ...
    `current`: AC or DC. `amps` per phase, or of the DC cable; `power`: W that a DC EVSE delivers at
    most (0: 400 V times `amps`). `supply`: what the grid gives all EVSEs together, in A per phase or W (0: enough).
    `connector_type`: a ConnectorEnumType, by default what `current` and `tethered` say. `connectors`: where they are
    not all alike, the type of each in the order of `evses`: the type says what flows and whether there is a cable;
    then `amps` and `phases` are of AC, `dc_power` and `dc_amps` of DC. One EVSE delivers through one at a time.
    `resolution`: of the register, in Wh. `ev`: the car that comes when no other is named.
    `status_by` says how 2.1 reports a status ("event": NotifyEvent; "notification": StatusNotification).
    `run_id` keeps ids apart from those of an earlier start (0 in memory). `reboot_seconds`: from a reset to the
    next connection. `transactions_before_accepted`: C16 §4.2.1, B02.FR.03. `heartbeat`: seconds between
    heartbeats whatever the CSMS says, 0 to do as it says. `offline_queue`: how many messages of transactions it keeps,
    0 for very many. `vendors`: whose DataTransfer the station knows, as
    `KNOWN_VENDORS`. `variables` are presets; a version takes those that it has. `updates`: how it takes new
    firmware. `register`: Wh that its meters stand at when new. `monitors`: those that it comes with.
    `quirks`: what it does otherwise than it should; `faults`: what goes wrong on its wire by itself.
    `sample_on_change`: read the meter (context Other) whenever the charging state changes.
    """

    vendor: str = "Example"
    model: str = "Mock station"
    serial: str = ""
    firmware: str = "1.0.0"
    iccid: str = ""
    imsi: str = ""
    evses: Topology = ((1,),)
    csms: str = ""
    current: str = "AC"
    phases: int = 3
    amps: float = 32.0
    power: float = 0.0
    supply: float = 0.0
    connector_type: str = ""
    connectors: tuple[tuple[str, ...], ...] = ()
    dc_power: float = 50_000.0
    dc_amps: float = 0.0
    resolution: float = 1.0
    ev: Vehicle = ANY_CAR
    tethered: bool = False
    noise: bool = False
    sample_on_change: bool = False
    status_by: str = "event"
    boot_on_reconnect: bool = False
    heartbeat: float = 0.0
    offline_queue: int = 0
    transactions_before_accepted: bool = False
    reboot_seconds: float = 5.0
    seed: int = 0
    run_id: str = "0"
    variables: Mapping[str, Settable | Override] = field(default_factory=lambda: _NOTHING)
    features: frozenset[str] = FEATURES
    vendors: Mapping[str, Mapping[str, Any]] = field(default_factory=lambda: KNOWN_VENDORS)
    updates: FirmwareHabits = USUAL
    register: float = 0.0
    monitors: tuple[FactoryMonitor, ...] = USUAL_MONITORS
    quirks: Quirks = NONE
    faults: tuple[Any, ...] = ()
    plain: Outlet = field(init=False, repr=False, compare=False)
    """What all connectors are like that `connectors` does not name."""
    outlets: Mapping[tuple[int, int], Outlet] = field(init=False, repr=False, compare=False)
    """(EVSE id, connector id) -> its outlet, where they are not alike."""

    def __post_init__(self) -> None:
        """Raises ValueError for hardware that there cannot be."""
        if self.current not in ("AC", "DC"):
            raise ValueError(f"the current is AC or DC, not {self.current!r}")
        if self.phases not in (1, 2, 3):
            raise ValueError(f"an EVSE has 1 to 3 phases, not {self.phases!r}")
        if self.connector_type and self.connector_type not in CONNECTOR_TYPES:
            raise ValueError(not_one_of(self.connector_type, "a type of connector", CONNECTOR_TYPES))
        for name in ("amps", "resolution"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} is more than 0, not {getattr(self, name)!r}")
        if self.connectors and tuple(map(len, self.connectors)) != tuple(map(len, self.evses)):
            raise ValueError(f"connectors {self.connectors} do not go with the EVSEs {self.evses}")
        object.__setattr__(self, "plain", self._plain())
        object.__setattr__(self, "outlets", self._laid_out())

    def _plain(self) -> Outlet:
        direct = self.current == "DC"
        slots = "battery_swap" in self.features
        usual = "bBatterySlot" if slots else "cCCS2" if direct else "cType2" if self.tethered else "sType2"
        kind = self.connector_type or usual
        phases = 0 if direct else self.phases
        watts = self.power or self.amps * (400.0 if direct else 230.0 * self.phases)
        return Outlet(kind, self.tethered, self.amps, phases, watts)

    def _laid_out(self) -> Mapping[tuple[int, int], Outlet]:
        if not self.connectors:
            return _ALIKE
        kinds = {kind for several in self.connectors for kind in several}
        made = {
            kind: outlet(
                kind, amps=self.amps, phases=self.phases, dc_amps=self.dc_amps, dc_watts=self.dc_power
            )
            for kind in kinds
        }
        return laid_out(self.evses, self.connectors, made)

    @property
    def is_dc(self) -> bool:
        """Whether all its EVSEs deliver direct current."""
        return self.plain.is_dc if not self.outlets else all(one.is_dc for one in self.outlets.values())

    @property
    def watts(self) -> float:
        """The most that one EVSE delivers, in W."""
        return max((one.watts for one in self.outlets.values()), default=self.plain.watts)

    def outlet(self, evse: int, connector: int) -> Outlet:
        """What hangs on a connector, by the ids of 2.x."""
        return self.outlets.get((evse, connector), self.plain)

    def share_of(self, outlet: Outlet, supply: float) -> float:
        """`supply`, in A per phase of the grid or, where all EVSEs deliver DC, in W, in the unit of `outlet`."""
        return supply * 230.0 * 3 if outlet.is_dc and not self.is_dc else supply

    @property
    def presets(self) -> Mapping[str, Settable | Override]:
        """What the hardware makes of the variables, and what is preset over that."""
        triggers = custom_triggers(self.vendors)
        found: dict[str, Settable | Override] = {
            "CustomizationCtrlr.CustomTriggers": Override(
                value=triggers, values=triggers, absent=not triggers
            ),
        }
        for at, ids in enumerate(self.evses, 1):
            several = [self.outlet(at, id) for id in ids]
            if at == 1 or self.outlets:
                # a name without a place is of all EVSEs, which are alike then
                found |= self._of_evse(f"#{at}" if self.outlets else "", several)
                found |= self._of_connectors(at, ids)
            found |= self._inverters(at, several)
            if not any(one.kind == CHADEMO for one in several):
                found[f"CHAdeMOCtrlr#{at}"] = Override(absent=True)
        slots = "battery_swap" in self.features
        return {**found, **(_OF_SLOTS if slots else _NOTHING), **self.variables}

    def _of_evse(self, at: str, outlets: list[Outlet]) -> dict[str, Settable | Override]:
        first, watts = outlets[0], max(one.watts for one in outlets)
        modes = tuple(dict.fromkeys(mode for one in outlets for mode in one.transfer_modes))
        return {
            f"EVSE{at}.SupplyPhases": max(one.phases for one in outlets),
            f"EVSE{at}.PhaseRotation": next(
                (one.rotation for one in outlets if one.rotation), first.rotation
            ),
            f"EVSE{at}.Power": Override(high=watts),
            f"EVSE{at}.DischargePower": Override(high=watts),
            f"V2XChargingCtrlr{at}.SupportedEnergyTransferModes": modes,
        }

    def _of_connectors(self, evse: int, ids: tuple[int, ...]) -> dict[str, Settable | Override]:
        found: dict[str, Settable | Override] = {}
        for id in ids if self.outlets else ids[:1]:
            one, at = self.outlet(evse, id), f"#{evse}.{id}" if self.outlets else ""
            lock = Override(absent=one.tethered)  # a fixed cable has none at the station
            found |= {
                f"ConnectorPlugRetentionLock{at}.Problem": lock,
                f"ConnectorPlugRetentionLock{at}.Active": lock,
                f"Connector{at}.SupplyPhases": one.phases,
                f"Connector{at}.ConnectorType": one.kind,
                f"Connector{at}.PhaseRotation": one.rotation,
            }
        return found

    def _inverters(self, evse: int, outlets: list[Outlet]) -> dict[str, Settable | Override]:
        """The nameplate of an inverter for direct current (R01.FR.01); on AC it is the car that has one (R03)."""
        if "der" not in self.features:
            return {}
        found: dict[str, Settable | Override] = {}
        if all(one.is_dc for one in outlets):
            found[f"ACDERCtrlr#{evse}"] = Override(absent=True)
        direct = max((one.watts for one in outlets if one.is_dc), default=0.0)
        if not direct:
            return found | {f"DCDERCtrlr#{evse}": Override(absent=True)}
        return found | {f"DCDERCtrlr#{evse}.{name}": value for name, value in nameplate(direct).items()}
