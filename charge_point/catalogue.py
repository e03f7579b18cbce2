"""Which variables one kind of station has: the definitions laid out over its EVSEs and connectors.

A `Catalogue` is immutable and built once for each combination of version, topology, features and overrides, so
that the stations of a fleet share one. It finds a `Slot` by the station's own names or by those on the wire.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import NamedTuple

from charge_point.definitions import NETWORK_SLOTS, READ_WRITE, Definition, definitions
from shared.versions import VERSIONS, Version

Topology = tuple[tuple[int, ...], ...]
"""The connector ids of EVSE 1, 2, ...: `((1,), (1, 2))` is two EVSEs, the second with two connectors."""

Settable = str | int | float | bool | tuple[str, ...]


class Override(NamedTuple):
    """How a station's variable differs from the standard row; what is None stays. `absent` removes it."""

    value: Settable | None = None
    low: float | None = None
    high: float | None = None
    values: tuple[str, ...] | None = None
    access: str | None = None
    reboot: bool | None = None
    absent: bool = False


class Vendor(NamedTuple):
    """A variable of the vendor's own, by the name that it is given under in the variables of a setup.

    `Component.Variable` is that in 2.x, and `Variable` the key in 1.6; a name without a component belongs to
    CustomizationCtrlr in 2.x. `type` is a DataEnumType, `low` and `high` bound a number or the length of a text.
    """

    type: str = "string"
    value: Settable = ""
    access: str = READ_WRITE
    unit: str = ""
    low: float | None = None
    high: float | None = None
    values: tuple[str, ...] = ()
    reboot: bool = False


def vendor_row(name: str, vendor: Vendor) -> Definition:
    """The definition of a vendor's variable."""
    component, _, variable = name.rpartition(".")
    return Definition(
        variable,
        component or "CustomizationCtrlr",
        variable,
        "",
        vendor.type,
        vendor.unit,
        vendor.access,
        vendor.low,
        vendor.high,
        vendor.values,
        as_text(vendor.value),
        frozenset({"reboot"} if vendor.reboot else ()),
        "",
    )


class Slot:
    """One variable of one component at its place: `evse` and `connector` are 0 where they do not apply.

    `path` is its name in state files and overrides: `OCPPCommCtrlr.MessageAttempts[TransactionEvent]`,
    `EVSE#1.Power`, `Connector#1.2.ConnectorType`, `NetworkConfiguration[1].OcppCsmsUrl`.
    """

    __slots__ = ("component_instance", "connector", "definition", "evse", "path", "writable")

    def __init__(self, definition: Definition, evse: int, connector: int, component_instance: str) -> None:
        self.definition = definition
        self.evse = evse
        self.connector = connector
        self.component_instance = component_instance
        self.writable = definition.access != "ReadOnly"
        where = f"#{evse}.{connector}" if connector else f"#{evse}" if evse else ""
        part = f"[{component_instance}]" if component_instance else ""
        self.path = f"{definition.component}{where}{part}.{definition.name}"

    def __repr__(self) -> str:
        return f"<Slot {self.path}>"


ComponentKey = tuple[str, str, int, int]
"""A component on the wire, in lower case: name, instance, EVSE id, connector id."""


class Catalogue:
    """The slots of one kind of station, in the order of the table."""

    __slots__ = ("_names", "components", "evses", "features", "keys", "slots", "version")

    def __init__(
        self, version: Version, evses: Topology, features: frozenset[str], slots: list[Slot]
    ) -> None:
        self.version = version
        self.evses = evses
        self.features = features
        self.slots = tuple(slots)
        self.components: dict[ComponentKey, dict[tuple[str, str], Slot]] = {}
        """Component -> its variables by (name, instance), all in lower case: names are case-insensitive."""
        self.keys: dict[str, Slot] = {}
        """Lower-case 1.6 configuration key -> slot, of the rows that carry one."""
        self._names: dict[str, Slot] = {}
        for slot in slots:
            row = slot.definition
            component = (row.component.lower(), slot.component_instance.lower(), slot.evse, slot.connector)
            self.components.setdefault(component, {})[(row.variable.lower(), row.instance.lower())] = slot
            self._names[slot.path.lower()] = slot
            if row.key:
                self.keys[row.key.lower()] = slot
        self._names |= _short_names(slots, self._names)

    def find(self, name: str) -> Slot | None:
        """The slot of `name`: a path, a 1.6 configuration key, or a variable's name that occurs once.

        `AuthCacheEnabled` stands for `AuthCacheCtrlr.Enabled`, as in the section titles of the standard.
        """
        return self._names.get(name.lower())


def _short_names(slots: Iterable[Slot], paths: Mapping[str, Slot]) -> dict[str, Slot]:
    named: dict[str, list[Slot]] = {}
    for slot in slots:
        if slot.evse or slot.component_instance:
            continue  # whether such a name is unique would depend on the topology
        row = slot.definition
        title = row.component.lower().removesuffix("ctrlr") + row.variable.lower()
        for name in (row.variable.lower(), title):
            named.setdefault(name, []).append(slot)
    short = {}
    for name, found in named.items():
        plain = [slot for slot in found if not slot.definition.instance]
        if len(plain or found) == 1:
            short[name] = (plain or found)[0]
    for key, path in _key_paths().items():
        if path in paths:
            short[key] = paths[path]
    return short


@lru_cache(maxsize=1)
def _key_paths() -> dict[str, str]:
    """Lower-case 1.6 key -> lower-case path, for all versions: station logic may use the key's name on any."""
    return {
        row.key.lower(): f"{row.component}.{row.name}".lower() for row in definitions(VERSIONS[0]) if row.key
    }


@lru_cache(maxsize=256)
def catalogue(
    version: Version,
    evses: Topology,
    features: frozenset[str],
    overrides: frozenset[tuple[str, Override | Vendor]] = frozenset(),
) -> Catalogue:
    """The one shared catalogue of this kind of station.

    `overrides` are by path, by a path without its `#`, or of a whole component at its place (`DCDERCtrlr#2`).
    """
    by_name = {name.lower(): override for name, override in overrides if isinstance(override, Override)}
    own_rows = sorted((name, given) for name, given in overrides if isinstance(given, Vendor))
    slots: list[Slot] = []
    for row in (*definitions(version), *(vendor_row(*each) for each in own_rows)):
        if row.needs and row.needs not in features:
            continue
        row = row._replace(default=_default(row, evses, features))
        for number, (evse, connector, part) in enumerate(_places(row, evses, features), 1):
            # a key for each connector has its number
            own = row._replace(key=f"{row.key[:-1]}{number}") if row.key.endswith("#") else row
            slot = Slot(own, evse, connector, part)
            override = (
                by_name.get(slot.path.lower())
                or by_name.get(f"{row.component}.{row.name}".lower())
                or by_name.get(f"{row.component}#{evse}".lower())
            )
            if override is not None and override.absent:
                continue
            slots.append(Slot(_overridden(own, override), evse, connector, part) if override else slot)
    return Catalogue(version, evses, features, slots)


_OF_EVSES = (
    "EVSE",
    "BatteryCartridge",
    "FiscalMetering",
    "V2XChargingCtrlr",
    "ConnectedEV",
    "ACDERCtrlr",
    "DCDERCtrlr",
    "CHAdeMOCtrlr",
)
"""There is one in each EVSE (2.1 part 2 chapters 2.15, 2.17 to 2.20)."""


_EACH = {"WebPaymentsCtrlr": "web_payments_per_evse"}
"""Of these there is one in each EVSE for a station with that feature, else one in the station (2.1 part 2, C25)."""


def _places(row: Definition, evses: Topology, features: frozenset[str]) -> list[tuple[int, int, str]]:
    """Where the row's component exists: EVSE id, connector id, component instance."""
    if row.component in _OF_EVSES or _EACH.get(row.component) in features:
        return [(evse, 0, "") for evse in range(1, len(evses) + 1)]
    if row.component in ("Connector", "ConnectorPlugRetentionLock"):
        return [(evse, connector, "") for evse, ids in enumerate(evses, 1) for connector in ids]
    if "slot" in row.traits:
        return [(0, 0, part) for part in NETWORK_SLOTS]  # B09.FR.08 (2.1): an instance for every slot
    return [(0, 0, "")]


def _overridden(row: Definition, override: Override) -> Definition:
    traits = row.traits
    if override.reboot is not None:
        traits = traits | {"reboot"} if override.reboot else traits - {"reboot"}
    return row._replace(
        low=row.low if override.low is None else override.low,
        high=row.high if override.high is None else override.high,
        values=row.values if override.values is None else override.values,
        access=override.access or row.access,
        traits=traits,
        default=row.default if override.value is None else as_text(override.value),
    )


def as_text(value: Settable) -> str:
    """A Python value in the form of the wire: `true`, `300`, `A,B`."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple):
        return ",".join(value)
    return f"{value:.10g}" if isinstance(value, float) else str(value)


def _default(row: Definition, evses: Topology, features: frozenset[str]) -> str:
    if not row.default.startswith("@"):
        return row.default
    word = row.default[1:]
    if word in _COMPUTED:
        return _COMPUTED[word](sum(map(len, evses)), features)
    return as_text(word in features)  # Available of an optional block


def _profiles(connectors: int, features: frozenset[str]) -> str:
    """1.6 §3.3: what the station really offers, in the order of the standard."""
    optional = {
        "FirmwareManagement": "firmware",
        "LocalAuthListManagement": "local_list",
        "Reservation": "reservation",
        "SmartCharging": "smart_charging",
    }
    offered = [profile for profile, feature in optional.items() if feature in features]
    return ",".join(["Core", *offered, "RemoteTrigger"])


_COMPUTED: dict[str, Callable[[int, frozenset[str]], str]] = {
    "connectors": lambda connectors, features: str(connectors),
    "rotations": lambda connectors, features: ",".join(f"{n}.RST" for n in range(connectors + 1)),
    "rotation_items": lambda connectors, features: str(connectors + 1),
    "profiles": _profiles,
}
