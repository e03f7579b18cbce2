"""What kind of station it is: shared by all stations of a fleet that are alike, and never changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from charge_point.catalogue import Override, Settable, Topology
from charge_point.definitions import FEATURES
from charge_point.ev import ANY_CAR, Vehicle
from charge_point.firmware_habits import USUAL, FirmwareHabits
from charge_point.monitoring.factory import USUAL as USUAL_MONITORS
from charge_point.monitoring.factory import FactoryMonitor
from charge_point.quirks import NONE, Quirks
from shared.suggest import not_one_of

KNOWN_VENDORS: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {"TestVendor": MappingProxyType({"TestMessage": None})}
)
"""DataTransfer: vendorId -> messageId -> the data of the answer, or None. By default one for trying it out."""

CONNECTOR_TYPES = tuple(
    # 2.0.1 part 2 ConnectorEnumType; 2.1 appendix ConnectorEnumStringType and errata 2025-09
    "bBatterySlot cCCS1 cCCS1-NACS cCCS2 cChaoJi cG105 cGBT cGBT-DC cLECCS cMCS cNACS cNACS-CCS1 cTesla cType1 cType2"
    " cUltraChaoJi s309-1P-16A s309-1P-32A s309-3P-16A s309-3P-32A sBS1361 sCEE-7-7 sType1 sType2 sType3 wInductive"
    " wResonant OppCharge Other1PhMax16A Other1PhOver16A Other3Ph Pan Undetermined Unknown".split()
)

_NOTHING: Mapping[str, Settable | Override] = MappingProxyType({})


def nameplate(watts: float) -> dict[str, float]:
    """The ratings of an inverter that delivers `watts`, as DCDERCtrlr has them (IEEE 1547-2018 table 7, category B)."""
    excited = round(0.9 * watts)
    return {
        "MaxW": watts,
        "OverExcitedW": excited,
        "UnderExcitedW": excited,
        "MaxVA": watts,
        "MaxVar": round(0.44 * watts),
        "MaxVarNeg": round(0.44 * watts),
        "MaxChargeRateW": watts,
        "MaxChargeRateVA": watts,
    }


@dataclass(frozen=True, slots=True)
class StationSetup:
    """Identity, layout, electrics and habits of a kind of station.

    `csms`: the address that its first network slot holds. `evses`: the connector ids of EVSE 1, 2, ...
    `current`: AC or DC. `amps` per phase, or of the DC cable; `power`: W that a DC EVSE delivers at
    most (0: 400 V times `amps`). `supply`: what the grid gives all EVSEs together, in A per phase or W (0: enough).
    `connector_type`: a ConnectorEnumType, by default what `current` and `tethered` say.
    `resolution`: of the register, in Wh. `ev`: the car that comes when no other is named.
    `status_by` says how 2.1 reports a status ("event": NotifyEvent; "notification": StatusNotification).
    `run_id` keeps ids apart from those of an earlier start (0 in memory). `reboot_seconds`: from a reset to the
    next connection. `transactions_before_accepted`: C16 §4.2.1, B02.FR.03. `heartbeat`: seconds between
    heartbeats whatever the CSMS says, 0 to do as it says. `vendors`: whose DataTransfer the station knows, as
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
    resolution: float = 1.0
    ev: Vehicle = ANY_CAR
    tethered: bool = False
    noise: bool = False
    sample_on_change: bool = False
    status_by: str = "event"
    boot_on_reconnect: bool = False
    heartbeat: float = 0.0
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

    @property
    def is_dc(self) -> bool:
        """Whether its EVSEs deliver direct current."""
        return self.current == "DC"

    @property
    def watts(self) -> float:
        """The most that one EVSE delivers, in W."""
        return self.power or self.amps * (400.0 if self.is_dc else 230.0 * self.phases)

    @property
    def transfer_modes(self) -> tuple[str, ...]:
        """The EnergyTransferModeEnumTypes that its EVSEs are capable of."""
        if self.is_dc:
            return "DC", "DC_BPT"
        return (*("AC_single_phase", "AC_two_phase", "AC_three_phase")[: self.phases], "AC_BPT")

    @property
    def presets(self) -> Mapping[str, Settable | Override]:
        """What the hardware makes of the variables, and what is preset over that."""
        kind = self.connector_type or ("cCCS2" if self.is_dc else "cType2" if self.tethered else "sType2")
        phases = 0 if self.is_dc else self.phases
        rotation = ("", "Rxx", "RSx", "RST")[phases]
        lock = Override(absent=self.tethered)  # a fixed cable has none at the station
        return {
            "ConnectorPlugRetentionLock.Problem": lock,
            "ConnectorPlugRetentionLock.Active": lock,
            "EVSE.SupplyPhases": phases,
            "Connector.SupplyPhases": phases,
            "Connector.ConnectorType": kind,
            "EVSE.PhaseRotation": rotation,
            "Connector.PhaseRotation": rotation,
            "EVSE.Power": Override(high=self.watts),
            "EVSE.DischargePower": Override(high=self.watts),
            "V2XChargingCtrlr.SupportedEnergyTransferModes": self.transfer_modes,
            **self._inverters,
            **self.variables,
        }

    @property
    def _inverters(self) -> Mapping[str, Settable | Override]:
        """The nameplates of the inverters for direct current (R01.FR.01); on AC it is the car that has one (R03)."""
        if "der" not in self.features:
            return {}
        other = "ACDERCtrlr" if self.is_dc else "DCDERCtrlr"
        found: dict[str, Settable | Override] = {
            f"{other}#{at}": Override(absent=True) for at in range(1, len(self.evses) + 1)
        }
        return found | {
            f"DCDERCtrlr.{name}": value for name, value in nameplate(self.watts).items() if self.is_dc
        }
