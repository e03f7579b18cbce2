"""The state of a functional block, which a station has only once the block is used.

A `Part` is made at the first use (`station.part(Profiles)`), so that an idle station of a fleet pays nothing for
blocks that nobody asked for. The station tells its parts what happens to it (`tell_parts`); one with a name is kept
on disk and made again at the start of the next process.
"""

from __future__ import annotations

from importlib import import_module
from math import inf
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from charge_point.authorization import Token
    from charge_point.evse import Evse
    from charge_point.outbox import Owed
    from charge_point.station import Station
    from charge_point.transaction import Transaction

KEPT: dict[str, str] = {
    "battery swap": "charge_point.battery_swap:BatterySwaps",
    "certificates": "charge_point.certificates:Certificates",
    "firmware": "charge_point.firmware:Firmware",
    "charging profiles": "charge_point.smart_charging.profiles:Profiles",
    "drivers": "charge_point.generator:Generator",
    "display messages": "charge_point.display:DisplayMessages",
    "key codes": "charge_point.key_codes:KeyCodes",
    "monitor events": "charge_point.monitoring.events:MonitorEvents",
    "monitors": "charge_point.monitoring.monitors:Monitors",
    "der controls": "charge_point.der.controls:DerControls",
    "certificate statuses": "charge_point.certificate_statuses:CertificateStatuses",
    "plug and charge": "charge_point.plug_and_charge:PlugAndCharge",
    "network profiles": "charge_point.network:NetworkProfiles",
    "reservations": "charge_point.reservations:Reservations",
    "security events": "charge_point.security_events:SecurityEvents",
    "tariffs": "charge_point.tariffs:Tariffs",
    "payments": "charge_point.payment:Payments",
    "signing": "charge_point.meter_signing:SigningMeters",
}
"""Name -> "module:Class" of each part that is kept on disk: a row for each, so that none is imported in vain."""

_PREFIX = "part "


class Part:
    """What one block knows of one station. All hooks may be left as they are."""

    __slots__ = ("station",)

    name = ""
    """Under which it is kept on disk, with its row in `KEPT`; empty for what does not outlive the process."""

    closes = False
    """Whether no connector may be used as long as this part says so."""

    def __init__(self, station: Station) -> None:
        self.station = station

    def connected(self) -> None:
        """The link is up (the registration may still be due)."""

    def disconnected(self) -> None:
        """The link is gone."""

    def accepted(self) -> None:
        """The registration was accepted after a start."""

    def power_off(self) -> None:
        """The station goes down, to restart or for ever: cancel every timer, forget what is volatile."""

    def refuses(self, evse: Evse, token: Token, group: str | None) -> str:
        """Why who presents `token`, of this group (None: not known yet), may not use `evse`; empty when they may."""
        return ""

    def driver_came(self, evse: Evse) -> None:
        """A driver was authorized at `evse`; nothing follows from it yet."""

    def driver_left(self, evse: Evse) -> None:
        """The driver's authorization at `evse` is over, and there is no transaction."""

    def place_changed(self, evse: Evse) -> None:
        """Cable, driver, availability or health of `evse` may have changed."""

    def energy_offered(self, evse: Evse) -> None:
        """The power path of `evse` is about to be closed: its driver is authorized and its car connected."""

    def energy_drawn(self, evse: Evse) -> None:
        """Another power flows at `evse`, or it is held back."""

    def energy_stopped(self, evse: Evse) -> None:
        """The power path of `evse` has been opened."""

    def transaction_began(self, evse: Evse) -> None:
        """A transaction has begun at `evse`; its first message is owed."""

    def transaction_ended(self, evse: Evse, transaction: Transaction) -> None:
        """`transaction` has ended at `evse`; its last message is owed."""

    def cost_changed(self, evse: Evse) -> None:
        """Something else is known of what the transaction at `evse` costs so far."""

    def cost_mark(self, evse: Evse) -> float:
        """The cost of the transaction at `evse` at which this part wants to look at it; inf for none."""
        return inf

    def answered(self, owed: Owed, answer: dict[str, Any]) -> None:
        """A message of a transaction was answered, or given up (then the answer is empty)."""

    def given_up(self, owed: Owed) -> None:
        """A message of a transaction was given up: nobody took it."""
        self.answered(owed, {})

    def decided(self, token: Token, status: str) -> None:
        """It was decided about a token that was presented; "" when nobody answered who was asked."""

    def shows(self, evse: Evse) -> list[str]:
        """What this part has to say to the driver at `evse`, or to those who come to it, on the display."""
        return []

    def tells(self, evse: Evse, transaction: Transaction, sort: str) -> dict[str, Any]:
        """What this part has to say in the message of `transaction` that is being made: `tariffId`, `costDetails`."""
        return {}

    def grid_changed(self) -> None:
        """The grid has another frequency or voltage."""

    def setting_changed(self, path: str) -> None:
        """The variable at `path` (`Component.Variable`) has a new value."""

    def as_kept(self) -> Any:
        """What is written to disk (JSON); None for nothing."""
        return None

    def restore(self, kept: Any) -> None:
        """Take up what `as_kept` gave an earlier process."""

    def keep(self) -> None:
        """Write it to disk, where the station keeps anything there."""
        if self.station.store is not None:
            self.station.store.keep(self.station.id, _PREFIX + self.name, self.as_kept())


P = TypeVar("P", bound=Part)


def part(station: Station, kind: type[P]) -> P:
    """The station's part of this kind, made now if it is the first time."""
    if station.parts is None:
        station.parts = {}
    found = station.parts.get(kind)
    if found is None:
        found = station.parts[kind] = kind(station)
    assert isinstance(found, kind)
    return found


def existing(station: Station, kind: type[P]) -> P | None:
    """The station's part of this kind if it was ever used: for what only has to look."""
    found = (station.parts or {}).get(kind)
    return found if isinstance(found, kind) else None


def tell_parts(station: Station, tell: Callable[[Part], object]) -> None:
    """Let `tell` call a hook of every part that the station has."""
    for one in tuple((station.parts or {}).values()):
        tell(one)


def cost_changed(evse: Evse) -> None:
    """Tell them that something else is known of a cost, and let the energy go on or stop by it."""
    from charge_point.power import reconsider  # it needs the modules that need this one

    tell_parts(evse.station, lambda part: part.cost_changed(evse))
    reconsider(evse)


def refusal(station: Station, evse: Evse, token: Token, group: str | None = None) -> str:
    """Why a part does not let who presents `token` use `evse`; empty when none has a reason."""
    found = (part.refuses(evse, token, group) for part in (station.parts or {}).values())
    return next(filter(None, found), "")


def restore_parts(station: Station, kept: Mapping[str, Any]) -> None:
    """Make the parts again that an earlier process has kept."""
    for name, value in kept.items():
        where = KEPT.get(name.removeprefix(_PREFIX)) if name.startswith(_PREFIX) else None
        if where is not None:
            module, _, kind = where.partition(":")
            part(station, getattr(import_module(module), kind)).restore(value)
