"""One station's variables: what differs from the catalogue it shares, and the ways to read and write them.

The store is the same on every version: components and variables of OCPP 2.x, of which the 1.6 configuration keys
are views (`charge_point.configuration`). Station logic reads typed values by neutral names and so does not know
the version it speaks: `model.seconds("HeartbeatInterval")`, `model.flag("StopTransactionOnInvalidId")`,
`model.members("TxStartPoint")`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import NamedTuple

from charge_point.catalogue import (
    Catalogue,
    Override,
    Settable,
    Slot,
    Topology,
    Vendor,
    as_text,
    catalogue,
    vendor_row,
)
from charge_point.definitions import FEATURES, READ_ONLY, READ_WRITE, WRITE_ONLY, definitions
from charge_point.values import TYPES, Fault, fault, members, settled
from shared.versions import V16, VERSIONS, Version

Preset = Settable | Override | Vendor
Overrides = Mapping[str, Preset]
"""Name (as for `Catalogue.find`, or `EVSE.Power` for all EVSEs) -> another value, or more than the value; or a new
name -> a variable of the vendor's own."""

Live = Callable[..., str | None]
Consent = Callable[[Slot, str], str | None]
Listener = Callable[[Slot, str, str], object]


class Written(NamedTuple):
    """What became of a write: refused for `fault`, or taken, with `reboot` when it waits for a restart."""

    fault: Fault | None = None
    reboot: bool = False


class DeviceModel:
    """The variables of one station: its own changes over the values that all stations of its kind share.

    Owns the changed values. `evses` is the topology, `features` the optional functions offered, `overrides` what
    distinguishes the kind of station (a persona); pass the same objects for a whole fleet. Raises ValueError for
    an override that names no variable of any version or has a value that the variable does not take.

    `live`, when set, is asked for the value of every slot that has the trait `live` and may answer None for "the
    stored one". `consent`, when set, is asked before a write from the CSMS to a slot with the trait `consent`
    and answers None for yes or the reason why not; without it such a write is refused.
    """

    __slots__ = ("_before", "_changed", "_given", "_listeners", "catalogue", "consent", "live")

    def __init__(
        self,
        version: Version,
        evses: Topology = ((1,),),
        overrides: Overrides | None = None,
        features: frozenset[str] = FEATURES,
    ) -> None:
        self.catalogue, self._given = _kind(
            version, evses, features, frozenset(overrides.items()) if overrides else frozenset()
        )
        self._changed: dict[Slot, str] | None = None
        self._before: dict[Slot, str] | None = None  # in force until the restart that a change waits for
        self._listeners: tuple[Listener, ...] = ()
        self.live: Live | None = None
        self.consent: Consent | None = None

    @property
    def version(self) -> Version:
        """The version whose variables these are."""
        return self.catalogue.version

    # --- reading, by the station ---------------------------------------------------------------------------

    def has(self, name: str, variable: str = "", instance: str = "") -> bool:
        """Whether the station has this variable."""
        return self._find(name, variable, instance) is not None

    def slot(self, name: str, variable: str = "", instance: str = "") -> Slot:
        """The slot of a short name or path, or of component, variable and instance; KeyError when there is none."""
        found = self._find(name, variable, instance)
        if found is None:
            raise KeyError(
                f"{_joined(name, variable, instance)} is no variable of this {self.version!r} station"
            )
        return found

    def text(self, name: str, variable: str = "", instance: str = "") -> str:
        """The value in force, as text; empty when it has none. A change that waits for a restart is not in force."""
        slot = self.slot(name, variable, instance)
        if self._before is not None and slot in self._before:
            return self._before[slot]
        return self.read(slot) or ""

    def integer(self, name: str, variable: str = "", instance: str = "") -> int:
        """The value in force, as an integer."""
        return int(self.text(name, variable, instance))

    def number(self, name: str, variable: str = "", instance: str = "") -> float:
        """The value in force, as a number in the unit of the variable."""
        return float(self.text(name, variable, instance))

    def seconds(self, name: str, variable: str = "", instance: str = "") -> float:
        """The value in force of a variable whose unit is seconds."""
        return float(self.text(name, variable, instance))

    def flag(self, name: str, variable: str = "", instance: str = "") -> bool:
        """The value in force of a boolean; False when the station does not have it (1.6 §9: function absent)."""
        found = self._find(name, variable, instance)
        return found is not None and self.text(found.path) == "true"

    def members(self, name: str, variable: str = "", instance: str = "") -> tuple[str, ...]:
        """The value in force of a list, in its order."""
        return members(self.text(name, variable, instance))

    def _find(self, name: str, variable: str, instance: str) -> Slot | None:
        return self.catalogue.find(_joined(name, variable, instance) if variable else name)

    # --- reading and writing, for the wire -----------------------------------------------------------------

    def read(self, slot: Slot) -> str | None:
        """The present value of `slot` as reported; None when it was never set. Access is the caller's matter."""
        if self.live is not None and "live" in slot.definition.traits:
            present = self.live(slot)
            if present is not None:
                return present
        if self._changed is not None and slot in self._changed:
            return self._changed[slot]
        return self._given.get(slot, slot.definition.default) or None

    def target(self, slot: Slot) -> str | None:
        """What the station aims at for `slot` (the Target attribute); None for what has no such thing."""
        return self.attribute(slot, "Target")

    def attribute(self, slot: Slot, kind: str) -> str | None:
        """The value of Target, MinSet or MaxSet of `slot`; None for what has no such attribute."""
        if kind.lower() not in slot.definition.traits:
            return None
        return (self.live(slot, kind) if self.live is not None else None) or ""

    def write(self, slot: Slot, text: str) -> Written:
        """Set `slot` as the CSMS asks, or say why not (B05.FR.07-10; 1.6 §5.3)."""
        row = slot.definition
        if not slot.writable:
            return Written(Fault("ReadOnly", f"{row.name} is read-only"))
        if row.type == "boolean" and not self.catalogue.version.order:
            text = text.lower()  # 1.6 §6.9: a value is a case-insensitive string
        found = fault(row, text) or self._refused(slot, text)
        if found is not None:
            return Written(found)
        reboot = "reboot" in row.traits and not ("shrinks" in row.traits and self._shrinks(slot, text))
        if reboot:
            self._before = self._before or {}
            self._before.setdefault(slot, self.read(slot) or "")
        self._store(slot, settled(row, text))
        return Written(reboot=reboot)

    def _shrinks(self, slot: Slot, text: str) -> bool:
        """Whether the new list only lacks members of the present one (2.1 B09.FR.20)."""
        return set(members(text)) < set(members(self.read(slot) or ""))

    def _refused(self, slot: Slot, text: str) -> Fault | None:
        row = slot.definition
        if "rising" in row.traits and int(text) <= int(self.read(slot) or 0):
            return Fault("ValueTooLow", f"{row.name} can only be raised")  # 1.6 whitepaper A05.FR.01
        if "consent" in row.traits or ("asks" in row.traits and self.consent is not None):
            why = self.consent(slot, text) if self.consent else "this station cannot act on it"
            return Fault("Unspecified", why) if why is not None else None
        return None

    # --- the station's own changes -------------------------------------------------------------------------

    def put(self, name: str, value: Settable) -> None:
        """Set a variable from within the station, whatever its access, in force at once.

        Raises KeyError for a name that it does not have and ValueError for a value that it does not take.
        """
        slot = self.slot(name)
        text = as_text(value)
        found = fault(slot.definition, text)
        if found is not None:
            raise ValueError(f"{slot.path}: {found.text}")
        self._store(slot, settled(slot.definition, text))

    def _store(self, slot: Slot, text: str) -> None:
        old = self.read(slot) or ""
        if self._changed is None:
            self._changed = {}
        self._changed[slot] = text
        for listener in self._listeners:
            listener(slot, old, text)

    def on_change(self, listener: Listener) -> None:
        """Call `listener(slot, old, new)` after every change, by the CSMS or the station itself."""
        self._listeners = (*self._listeners, listener)

    def rebooted(self) -> None:
        """The station restarted: changes that waited for it are in force."""
        self._before = None

    def changes(self) -> dict[str, str]:
        """What was changed, by path, to be kept on disk. Passwords are among it in clear (1.6 A01.FR.10)."""
        return {slot.path: text for slot, text in (self._changed or {}).items()}

    def restore(self, changes: Mapping[str, str]) -> list[str]:
        """Take back what `changes` gave. Returns the paths that this station does not have or accept any more."""
        left = []
        for path, text in changes.items():
            slot = self.catalogue.find(path)
            if slot is None or fault(slot.definition, text) is not None:
                left.append(path)
                continue
            if self._changed is None:
                self._changed = {}
            self._changed[slot] = text
        return left


def _joined(name: str, variable: str, instance: str) -> str:
    if not variable:
        return name
    return f"{name}.{variable}[{instance}]" if instance else f"{name}.{variable}"


@lru_cache(maxsize=256)
def _kind(
    version: Version,
    evses: Topology,
    features: frozenset[str],
    overrides: frozenset[tuple[str, Preset]],
) -> tuple[Catalogue, dict[Slot, str]]:
    """The catalogue and the values that all stations of one kind share."""
    shapes = frozenset(
        _shape(name, given) for name, given in overrides if isinstance(given, Override | Vendor)
    )
    found = catalogue(version, evses, features, shapes)
    given: dict[Slot, str] = {}
    for name, value in sorted(overrides, key=lambda item: "#" in item[0]):  # one EVSE over all EVSEs
        if isinstance(value, Override | Vendor):
            continue
        for slot in _named(found, name):
            text = _spelled(slot, as_text(value), version)
            wrong = fault(slot.definition, text)
            if wrong is not None:
                raise ValueError(f"{name}: {wrong.text}")
            given[slot] = settled(slot.definition, text)
    return found, given


_RATE_UNITS = {"A": "Current", "W": "Power"}


def _spelled(slot: Slot, text: str, version: Version) -> str:
    """A preset in the words of the version: 1.6 has its own for the rate units (1.6 §9.4.2)."""
    if slot.definition.name != "RateUnit":
        return text
    words = _RATE_UNITS if version is V16 else {old: new for new, old in _RATE_UNITS.items()}
    return ",".join(words.get(word.strip(), word) for word in text.split(","))


def _shape(name: str, override: Override | Vendor) -> tuple[str, Override | Vendor]:
    """The override under the path that the catalogue knows it by."""
    paths = _paths()
    if isinstance(override, Vendor):
        _check_vendor(name, override, paths)
        return name, override
    if "#" not in name and name.lower() not in paths:
        raise ValueError(_unknown(name))
    return paths.get(name.lower(), name), override


def _check_vendor(name: str, vendor: Vendor, paths: Mapping[str, str]) -> None:
    if name.lower() in paths:
        raise ValueError(f"{name} is a standard variable: it cannot be the vendor's own as well")
    if vendor.access not in (READ_ONLY, READ_WRITE, WRITE_ONLY):
        raise ValueError(
            f"{name}: the access is {READ_ONLY}, {READ_WRITE} or {WRITE_ONLY}, not {vendor.access!r}"
        )
    if vendor.type not in TYPES:
        raise ValueError(f"{name}: no type {vendor.type!r}; the types are {', '.join(TYPES)}")
    row = vendor_row(name, vendor)
    wrong = fault(row, row.default) if row.default else None
    if wrong is not None:
        raise ValueError(f"{name}: {wrong.text}")


def _named(found: Catalogue, name: str) -> list[Slot]:
    """The slots that `name` means on this kind of station; none when only another version has the variable."""
    slot = found.find(name)
    if slot is not None:
        return [slot]
    slots = [
        s for s in found.slots if f"{s.definition.component}.{s.definition.name}".lower() == name.lower()
    ]
    if not slots and "#" not in name and name.lower() not in _paths():
        raise ValueError(_unknown(name))
    return slots


@lru_cache(maxsize=1)
def _paths() -> dict[str, str]:
    """Every lower-case name of any version that is not ambiguous -> its path without EVSE and connector."""
    named: dict[str, set[str]] = {}
    keys: dict[str, str] = {}
    for row in (row for version in VERSIONS for row in definitions(version)):
        path = f"{row.component}.{row.name}"
        keys[path.lower()] = path
        if row.key:
            keys[row.key.lower()] = path
        if "slot" not in row.traits:
            named.setdefault(row.variable.lower(), set()).add(path)
    return {name: next(iter(paths)) for name, paths in named.items() if len(paths) == 1} | keys


def _unknown(name: str) -> str:
    from difflib import get_close_matches  # only on the way to an error

    near = get_close_matches(name.lower(), _paths(), 1)
    return f"no variable {name!r}" + (f"; did you mean {_paths()[near[0]]!r}?" if near else "")
