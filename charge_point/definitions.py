"""What a station's variables are: the rows of `standard_variables.csv`, read once per version and shared by all.

A row says which variable of which component exists on which versions, its type, unit, access, limits, values and
default. The `key` column is the OCPP 1.6 configuration key that is a view on the same variable; a row that a 1.6
station has without a key steers its behaviour but is not seen on the wire. `needs` names the feature without
which the row does not exist. Sources: OCPP 2.0.1 and 2.1 part 2 chapter "Referenced Components and Variables",
part 4 chapter 8; OCPP 1.6 chapter 9 with errata; 1.6 security whitepaper chapter 7.

Words in `traits`: `live` (the station is asked for the value each time), `constant` (never changes), `reboot`
(a change waits for a restart, unless a list that `shrinks` only loses members), `monitor` (can be monitored), `slot`
(one per network configuration slot), `consent` (a write needs the station's own yes), `asks` (the same, where there is
a station), `target`, `minset`, `maxset` (it has that attribute as well), `no_actual` (and no other), and checks of the
text: see `charge_point.values`.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

from shared.versions import V2X, V16, V21, V201, VERSIONS, Version

READ_ONLY, READ_WRITE, WRITE_ONLY = "ReadOnly", "ReadWrite", "WriteOnly"
LIST_TYPES = ("OptionList", "MemberList", "SequenceList")

FEATURES = frozenset(
    "auth_switch cache cache_life cache_policy certificates cost der display event_streams evse_reset"
    " firmware idle_only iso15118 limits local_list local_only master_pass monitoring phase_totals post_authorize"
    " reservation resumption sampling_switch signed_values smart_charging tariff transaction_ids upstream".split()
)
"""The optional features that a station offers by itself in this release: all whose variables have their effect."""

NETWORK_SLOTS = ("1", "2")
"""Two network configuration slots, the least that is allowed (B09.FR.06)."""

_MEASURANDS_16 = (
    "Energy.Active.Import.Register",
    "Energy.Active.Export.Register",
    "Energy.Reactive.Import.Register",
    "Energy.Reactive.Export.Register",
    "Energy.Active.Import.Interval",
    "Energy.Active.Export.Interval",
    "Energy.Reactive.Import.Interval",
    "Energy.Reactive.Export.Interval",
    "Power.Active.Import",
    "Power.Active.Export",
    "Power.Reactive.Import",
    "Power.Reactive.Export",
    "Power.Factor",
    "Power.Offered",
    "Current.Import",
    "Current.Export",
    "Current.Offered",
    "Voltage",
    "Frequency",
    "Temperature",
    "SoC",
)
_MEASURANDS_201 = (
    *(name for name in _MEASURANDS_16 if name != "Temperature"),
    "Energy.Active.Net",
    "Energy.Reactive.Net",
    "Energy.Apparent.Import",
    "Energy.Apparent.Export",
    "Energy.Apparent.Net",
)
_MEASURANDS_21 = (
    *_MEASURANDS_201,
    "Power.Import.Offered",
    "Current.Import.Offered",
    "Current.Import.Minimum",
    "Display.PresentSOC",
    "Display.TargetSOC",
    "Display.MaximumSOC",
    "Display.RemainingTimeToTargetSOC",
    "Display.ChargingComplete",
    "Display.BatteryEnergyCapacity",
    "EnergyRequest.Target",
    "EnergyRequest.Minimum",
    "EnergyRequest.Maximum",
    "EnergyRequest.Bulk",
    "Power.Active.Setpoint",
    "Power.Active.Residual",
    "Power.Import.Minimum",
    "Power.Export.Offered",
    "Current.Export.Offered",
    "Voltage.Minimum",
    "Voltage.Maximum",
    "Display.MinimumSOC",
)
_MEASURANDS_V2X = (
    # valuesList has 1000 characters at most (2.1 part 2 VariableCharacteristicsType), and all measurands more: what
    # an operation mode adds to a transaction (Q01.FR.33-.35) is chosen from what is left, and what V2X is about
    "Energy.Active.Import.Register",
    "Energy.Active.Export.Register",
    "Energy.Active.Import.Interval",
    "Energy.Active.Export.Interval",
    "Energy.Active.Net",
    "Power.Active.Import",
    "Power.Active.Export",
    "Current.Import",
    "Current.Export",
    "Voltage",
    "Frequency",
    "SoC",
    "Energy.Active.Import.CableLoss",
    "Energy.Active.Import.LocalGeneration.Register",
    "Energy.Active.Setpoint.Interval",
    "Power.Active.Setpoint",
    "Power.Active.Residual",
    "Power.Import.Minimum",
    "Power.Import.Offered",
    "Power.Export.Minimum",
    "Power.Export.Offered",
    "Current.Import.Minimum",
    "Current.Export.Minimum",
    "Current.Export.Offered",
    "Voltage.Minimum",
    "Voltage.Maximum",
    "Display.PresentSOC",
    "Display.MinimumSOC",
    "Display.RemainingTimeToMinimumSOC",
    "Display.RemainingTimeToTargetSOC",
    "Display.RemainingTimeToMaximumSOC",
    "Display.InletHot",
    "EnergyRequest.Target",
    "EnergyRequest.Bulk",
    "EnergyRequest.Minimum.V2X",
    "EnergyRequest.Maximum.V2X",
)
_MEASURANDS_UPSTREAM = tuple(
    name for name in _MEASURANDS_201 if name not in ("SoC", "Power.Offered", "Current.Offered")
)
MEASURANDS: dict[Version, tuple[str, ...]] = {V16: _MEASURANDS_16, V201: _MEASURANDS_201, V21: _MEASURANDS_21}
"""The measurands a station measures unless an override says otherwise: those of each version that have a meaning."""

_LISTS: dict[str, tuple[str, ...]] = {
    "@measurands_v2x": _MEASURANDS_V2X,
    "@measurands_upstream": _MEASURANDS_UPSTREAM,
    "@slots": NETWORK_SLOTS,
    "@availability": ("Available", "Occupied", "Reserved", "Unavailable", "Faulted"),
    # DataSigned means nothing as a stop point (part 2, TxStopPoint values; errata 2025-09 E06.FR.05)
    "@start_points": (
        "ParkingBayOccupancy",
        "EVConnected",
        "Authorized",
        "DataSigned",
        "PowerPathClosed",
        "EnergyTransfer",
    ),
    "@stop_points": ("ParkingBayOccupancy", "EVConnected", "Authorized", "PowerPathClosed", "EnergyTransfer"),
}

_ACCESS = {"R": READ_ONLY, "RW": READ_WRITE, "W": WRITE_ONLY}
_VERSIONS = {"*": VERSIONS, "2": V2X, "1.6": (V16,), "2.0.1": (V201,), "2.1": (V21,)}


class Definition(NamedTuple):
    """One variable as a version defines it. `low` and `high` bound a number, or the length of a text or list."""

    key: str
    component: str
    variable: str
    instance: str
    type: str
    unit: str
    access: str
    low: float | None
    high: float | None
    values: tuple[str, ...]
    default: str
    traits: frozenset[str]
    needs: str

    @property
    def is_number(self) -> bool:
        """Whether the limits bound a value, not a length."""
        return self.type in ("integer", "decimal")

    @property
    def name(self) -> str:
        """`HeartbeatInterval`, or `MessageAttempts[TransactionEvent]` with an instance."""
        return f"{self.variable}[{self.instance}]" if self.instance else self.variable


@cache
def definitions(version: Version) -> tuple[Definition, ...]:
    """Every row that `version` has, of offered and not offered features, in the order of the table."""
    found = []
    traits: dict[str, frozenset[str]] = {}  # most rows share one of a dozen sets
    for cells in _rows():
        if version not in _VERSIONS[cells[0]]:
            continue
        words = cells[12]
        if words not in traits:
            # a measurand carries its phase in the list only in 1.6 (chapter 9.1, MeterValuesSampledData)
            kept = words.split() if version is V16 else [word for word in words.split() if word != "phased"]
            traits[words] = frozenset(kept)
        found.append(_definition(cells, traits[words], version))
    return tuple(found)


def _rows() -> Iterator[list[str]]:
    table = Path(__file__).with_name("standard_variables.csv").read_text("utf-8")
    for line in table.splitlines()[1:]:
        if line and not line.startswith("#"):
            yield line.split(",")  # no cell holds a comma: lists are separated by spaces


def _definition(cells: list[str], traits: frozenset[str], version: Version) -> Definition:
    _, key, component, variable, instance, type_, unit, access, low, high, values, default, _, needs = cells
    if values == "@measurands":
        members = MEASURANDS[version]
    else:
        members = _LISTS[values] if values.startswith("@") else tuple(values.split())
    if default == "@all":
        default = ",".join(members)
    elif type_ in LIST_TYPES:
        default = default.replace(" ", ",")
    return Definition(
        key,
        component,
        variable,
        instance,
        type_,
        unit,
        _ACCESS[access],
        float(low) if low else None,
        float(high) if high else None,
        members,
        default,
        traits,
        needs,
    )
