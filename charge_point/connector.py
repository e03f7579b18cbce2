"""A connector as several small regions, each a table of its own, and what OCPP calls the whole.

A connector is never in "the state Charging": its cable is at both ends, its session authorized, its energy
flowing, it is operative and sound. The nine states of 1.6 and the five of 2.x are pure projections of these regions
(`status_16`, `status_2x`), so a state cannot be reported that the regions do not make true.
"""

from __future__ import annotations

from asyncio import TimerHandle
from collections.abc import Mapping
from enum import Enum
from typing import NamedTuple, TypeVar


class NotNow(Exception):
    """An event that the present state has no row for."""


class Region(Enum):
    """A region's states; its table says which event leads where."""


class Cable(Region):
    """The charging cable. A tethered one is either OUT or at BOTH_ENDS."""

    OUT = "out"
    STATION_END = "station end"
    BOTH_ENDS = "both ends"


class Lock(Region):
    """The lock that holds the plug in the station's socket."""

    UNLOCKED = "unlocked"
    LOCKED = "locked"


class Authorization(Region):
    """Whether energy may be offered. ENDED is what 1.6 calls finishing: over, but the cable is still in."""

    NONE = "none"
    GRANTED = "granted"
    ENDED = "ended"


class Energy(Region):
    """The power path: off, or closed with energy flowing, or held up by one side."""

    OFF = "off"
    FLOWING = "flowing"
    HELD_BY_EV = "held by the EV"
    HELD_BY_STATION = "held by the station"


class Availability(Region):
    """What the operator allows. LEAVING becomes INOPERATIVE when the transaction has ended (G03.FR.05)."""

    OPERATIVE = "operative"
    LEAVING = "leaving"
    INOPERATIVE = "inoperative"


class Health(Region):
    """Whether the hardware is sound."""

    SOUND = "sound"
    FAULTED = "faulted"


CABLE: dict[tuple[Cable, str], Cable] = {
    (Cable.OUT, "plugged_in"): Cable.BOTH_ENDS,
    (Cable.OUT, "station_side_in"): Cable.STATION_END,
    (Cable.STATION_END, "plugged_in"): Cable.BOTH_ENDS,
    (Cable.STATION_END, "ev_side_in"): Cable.BOTH_ENDS,
    (Cable.STATION_END, "station_side_out"): Cable.OUT,
    (Cable.BOTH_ENDS, "ev_side_out"): Cable.STATION_END,
    (Cable.BOTH_ENDS, "station_side_out"): Cable.OUT,
    (Cable.BOTH_ENDS, "unplugged"): Cable.OUT,
}

LOCK: dict[tuple[Lock, str], Lock] = {
    (Lock.UNLOCKED, "lock"): Lock.LOCKED,
    (Lock.LOCKED, "lock"): Lock.LOCKED,
    (Lock.LOCKED, "unlock"): Lock.UNLOCKED,
    (Lock.UNLOCKED, "unlock"): Lock.UNLOCKED,
}

AUTHORIZATION: dict[tuple[Authorization, str], Authorization] = {
    (Authorization.NONE, "granted"): Authorization.GRANTED,
    (Authorization.ENDED, "granted"): Authorization.GRANTED,
    (Authorization.GRANTED, "ended"): Authorization.ENDED,
    (Authorization.GRANTED, "cleared"): Authorization.NONE,
    (Authorization.ENDED, "cleared"): Authorization.NONE,
    (Authorization.NONE, "cleared"): Authorization.NONE,
}

ENERGY: dict[tuple[Energy, str], Energy] = {
    (Energy.OFF, "flows"): Energy.FLOWING,
    (Energy.OFF, "ev_pauses"): Energy.HELD_BY_EV,
    (Energy.OFF, "station_pauses"): Energy.HELD_BY_STATION,
    (Energy.FLOWING, "ev_pauses"): Energy.HELD_BY_EV,
    (Energy.FLOWING, "station_pauses"): Energy.HELD_BY_STATION,
    (Energy.HELD_BY_EV, "flows"): Energy.FLOWING,
    (Energy.HELD_BY_EV, "station_pauses"): Energy.HELD_BY_STATION,
    (Energy.HELD_BY_STATION, "flows"): Energy.FLOWING,
    (Energy.HELD_BY_STATION, "ev_pauses"): Energy.HELD_BY_EV,
    (Energy.FLOWING, "stopped"): Energy.OFF,
    (Energy.HELD_BY_EV, "stopped"): Energy.OFF,
    (Energy.HELD_BY_STATION, "stopped"): Energy.OFF,
}

AVAILABILITY: dict[tuple[Availability, str], Availability] = {
    (Availability.OPERATIVE, "disabled"): Availability.INOPERATIVE,
    (Availability.OPERATIVE, "leave"): Availability.LEAVING,
    (Availability.OPERATIVE, "enabled"): Availability.OPERATIVE,
    (Availability.LEAVING, "leave"): Availability.LEAVING,
    (Availability.LEAVING, "disabled"): Availability.INOPERATIVE,
    (Availability.LEAVING, "enabled"): Availability.OPERATIVE,
    (Availability.INOPERATIVE, "leave"): Availability.INOPERATIVE,
    (Availability.INOPERATIVE, "disabled"): Availability.INOPERATIVE,
    (Availability.INOPERATIVE, "enabled"): Availability.OPERATIVE,
}

HEALTH: dict[tuple[Health, str], Health] = {
    (Health.SOUND, "fault"): Health.FAULTED,
    (Health.FAULTED, "fault"): Health.FAULTED,
    (Health.FAULTED, "repaired"): Health.SOUND,
}

R = TypeVar("R", bound=Enum)


def follow(table: Mapping[tuple[R, str], R], state: R, event: str) -> R:
    """The state that follows `state` on `event`, or NotNow, which names what would be possible."""
    after = table.get((state, event))
    if after is None:
        possible = ", ".join(other for before, other in table if before is state) or "nothing"
        region = type(state).__name__.lower()
        raise NotNow(f"{event} is not possible while the {region} is {state.name}; possible: {possible}")
    return after


class Regions(NamedTuple):
    """All that a connector's status depends on."""

    cable: Cable = Cable.OUT
    authorization: Authorization = Authorization.NONE
    energy: Energy = Energy.OFF
    availability: Availability = Availability.OPERATIVE
    health: Health = Health.SOUND
    reserved: bool = False


_ENERGY_16 = {
    Energy.FLOWING: "Charging",
    Energy.HELD_BY_EV: "SuspendedEV",
    Energy.HELD_BY_STATION: "SuspendedEVSE",
}


def status_16(regions: Regions) -> str:
    """What 1.6 calls it: one of the nine states of §4.9 and §7.7."""
    if regions.health is Health.FAULTED:
        return "Faulted"
    if regions.availability is Availability.INOPERATIVE:
        return "Unavailable"
    if regions.energy is not Energy.OFF:
        return _ENERGY_16[regions.energy]
    if regions.authorization is Authorization.GRANTED:
        return "Preparing"
    if regions.reserved:
        return "Reserved"  # until the identity that reserved is presented, cable or not (1.6 §4.9 G2)
    if regions.cable is not Cable.OUT:
        return "Finishing" if regions.authorization is Authorization.ENDED else "Preparing"
    return "Available"


def status_2x(regions: Regions) -> str:
    """What 2.x calls it: one of the five states of ConnectorStatusEnumType (G01.FR.01)."""
    if regions.health is Health.FAULTED:
        return "Faulted"
    if regions.availability is Availability.INOPERATIVE:
        return "Unavailable"
    if regions.reserved:
        return "Reserved"  # a plug does not change it: G01.FR.09
    return "Available" if regions.cable is Cable.OUT else "Occupied"


def charging_state(regions: Regions) -> str:
    """The transaction's chargingState (2.x ChargingStateEnumType): Idle without a connected EV."""
    if regions.cable is not Cable.BOTH_ENDS:
        return "Idle"
    if regions.energy is Energy.OFF:
        return "EVConnected"
    return _ENERGY_16[regions.energy]


class Connector:
    """One connector of an EVSE. Owns its cable, lock, availability and health.

    `id` counts within the EVSE, `number` through the whole station (the 1.6 connectorId). `told` is the status
    that the CSMS was last told. `lock_fails` and `tethered` are hardware; `error` is the 1.6 errorCode.
    """

    __slots__ = (
        "availability",
        "cable",
        "error",
        "health",
        "id",
        "info",
        "lock",
        "lock_fails",
        "number",
        "pending",
        "tethered",
        "told",
    )

    def __init__(self, id: int, number: int, *, tethered: bool = False) -> None:
        self.id = id
        self.number = number
        self.tethered = tethered
        self.cable = Cable.OUT
        self.lock = Lock.UNLOCKED
        self.availability = Availability.OPERATIVE
        self.health = Health.SOUND
        self.error = "NoError"
        self.info = ""
        self.lock_fails = False
        self.told = ""
        self.pending: TimerHandle | None = None
        """The status report that waits for MinimumStatusDuration (1.6 §9.1.20)."""

    def move_cable(self, event: str) -> None:
        """Follow the cable's table; a tethered cable that leaves the EV is out (it has no station end)."""
        after = follow(CABLE, self.cable, event)
        if self.lock is Lock.LOCKED and after is Cable.OUT and not self.tethered:
            raise NotNow(f"{event} is not possible while the lock is LOCKED; possible: unlock")
        self.cable = Cable.OUT if self.tethered and after is Cable.STATION_END else after

    def turn_lock(self, event: str) -> bool:
        """Lock or unlock; False when the lock fails. A tethered cable has no lock to turn."""
        if self.tethered:
            return True
        if self.lock_fails:
            return False
        self.lock = follow(LOCK, self.lock, event)
        return True
