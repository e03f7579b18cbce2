"""Battery swap of 2.1: a station whose EVSEs are slots, each with a battery that charges or nothing (S01 to S04).

A battery in a slot is a car that never drives: inserting it plugs it in and starts a transaction of its own, which
charges it to MaxSoc and is held there. A swap begins with a driver's token, or by RequestBatterySwap; then the driver
inserts what is empty and takes what is full: one battery, or a set of several, each in a slot of its own, which are
told of together once all of them are in or out. What is inserted without a swap is the operator's, and nobody is told
but by the transaction. What is in the slots outlives the process, and charges in new transactions after a start.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from charge_point import power
from charge_point.authorization import Token
from charge_point.connector import (
    AUTHORIZATION,
    Availability,
    Cable,
    Energy,
    Health,
    NotNow,
    follow,
)
from charge_point.ev import Ev, Vehicle, vehicle
from charge_point.parts import Part, tell_parts
from charge_point.transaction import Point
from charge_point.transaction_limits import TransactionLimits
from shared.versions import V21

if TYPE_CHECKING:
    from charge_point.catalogue import Slot
    from charge_point.evse import Evse
    from charge_point.station import Station
    from charge_point.transaction import Transaction

Payload = dict[str, Any]

_CONTROLLER = "BatterySwapCtrlr"


@dataclass(frozen=True, slots=True)
class Battery:
    """What is in a slot besides its charge: its serial number, its health in percent, its capacity in Wh."""

    serial: str
    health: float
    capacity: float


@dataclass(slots=True)
class Swap:
    """A swap under way: whose, of how many batteries, the slots where they came in, those from which as many may be
    taken, and what is told of those that were."""

    token: Token
    request: int
    size: int = 1
    inserted: list[int] = field(default_factory=list)
    offered: list[int] = field(default_factory=list)
    taken: list[Payload] = field(default_factory=list)


class BatterySwaps(Part):
    """The slots of one station. Owns what is in them, the swap under way and its timer."""

    __slots__ = ("_made", "_timer", "slots", "swap")

    name = "battery swap"

    def __init__(self, station: Station) -> None:
        super().__init__(station)
        self.slots: dict[int, Battery] = {}
        self.swap: Swap | None = None
        self._made = 0
        self._timer: asyncio.TimerHandle | None = None

    # --- beginning ----------------------------------------------------------------------------------------

    def ready(self) -> list[int]:
        """The slots whose batteries are charged enough to be given away, the fullest first (S04.FR.05)."""
        least = self.station.model.integer(f"{_CONTROLLER}.TargetSoc")
        full = {id: self.charge(id) for id in self.slots if self.charge(id) >= least}
        return sorted(full, key=lambda id: (-full[id], id))

    def charge(self, slot: int) -> float:
        """The state of charge of the battery in a slot, in percent."""
        one = self.station.evses[slot - 1]
        one.meter.advance(self.station.clock.elapsed())
        return 0.0 if one.ev is None or one.ev.soc is None else one.ev.soc

    def begin(self, token: Token, request: int | None = None, size: int = 1) -> bool:
        """Let the driver of `token` swap so many batteries; False when there are not enough of them, no room for as
        many, or a swap under way. Of a swap that the CSMS has asked for, its driver may say how many they are."""
        room = len(self.station.evses) - len(self.slots)
        if room < size or len(self.ready()) < size:
            return False  # S02.FR.04, S03.FR.05
        if self.swap is not None:
            if request is not None or not self.is_awaited(token):
                return False
            self.swap.size = size
            return True
        self._made += 1
        self.swap = Swap(token, self._made if request is None else request, size)
        self._wait("In", self._abort)
        self.station.changed()
        return True

    def is_awaited(self, token: Token) -> bool:
        """Whether the driver of `token` is to insert what they bring, and has not begun to."""
        swap = self.swap
        return swap is not None and swap.token.key == token.key and not swap.inserted

    def _abort(self) -> None:
        """Nothing was inserted in time, or not all (S01.FR.02, S02.FR.05); nothing is kept from who takes it back."""
        swap = self.swap
        some = (
            f"{len(swap.inserted)} of {swap.size} batteries were"
            if swap and swap.inserted
            else "no battery was"
        )
        self.station.note("swap_aborted", f"{some} inserted in time")
        self._over()

    # --- in and out ---------------------------------------------------------------------------------------

    def insert(self, slot: int, *, soc: float, health: float, serial: str, capacity: float) -> None:
        """A battery is put into an empty slot, and charges (S03.FR.01, S04.FR.01-.03). Raises ValueError, NotNow."""
        evse = self._slot(slot)
        if slot in self.slots:
            raise NotNow(f"there is a battery in slot {slot}; possible: take_battery")
        if self.swap is not None and len(self.swap.inserted) == self.swap.size:
            raise NotNow("the driver has inserted a battery; possible: take_battery")
        kind = vehicle({"battery": str(capacity), "soc": str(soc)}, self.station.setup.ev)
        before = evse.points()
        self._put(evse, kind)
        self.slots[slot] = Battery(serial or self._serial(slot), health, capacity)
        self._charge(evse, before)
        self.keep()
        if self.swap is not None:
            self._inserted(self.swap, slot)
        self.station.changed()

    def _inserted(self, swap: Swap, slot: int) -> None:
        """The driver's battery is in; once all of them are, as many are offered."""
        swap.inserted.append(slot)
        if len(swap.inserted) < swap.size:
            return
        self._tell("BatteryIn", self._said(swap.inserted))
        swap.offered = [one for one in self.ready() if one not in swap.inserted][: swap.size]
        self._wait("Out", self._not_taken)

    def take(self, slot: int) -> None:
        """A battery is taken out of its slot (S03.FR.03, S04.FR.07). Raises ValueError, NotNow."""
        evse = self._slot(slot)
        if slot not in self.slots:
            raise NotNow(f"there is no battery in slot {slot}; possible: insert_battery")
        swap = self.swap
        if swap is not None and slot not in swap.offered:
            raise NotNow(f"slot {slot} is locked; offered is {swap.offered or 'nothing yet'}")
        if swap is not None:
            swap.taken += self._said([slot])
            swap.offered.remove(slot)
            if not swap.offered:
                self._tell("BatteryOut", swap.taken)
        if evse.active.cable is Cable.BOTH_ENDS:
            evse.ev_side_out()
        if not self.station.unplug(slot) and evse.token is not None:
            evse.active.turn_lock("unlock")
            self.station.unplug(slot)
        del self.slots[slot]
        self.keep()
        if swap is not None and not swap.offered:
            self._over()
        self.station.changed()

    def _serial(self, slot: int) -> str:
        """A serial number that no battery in the slots has."""
        numbers = self.station.stream(f"battery {slot} of run {self.station.setup.run_id}")
        used = {one.serial for one in self.slots.values()}
        while (made := f"BATTERY-{numbers.hex(8)}") in used:
            pass
        return made

    def _not_taken(self) -> None:
        """What was offered was not taken in time, or not all (S03.FR.06)."""
        swap = self.swap
        if swap is not None and swap.taken:
            self._tell("BatteryOut", swap.taken)
        if swap is not None and swap.offered:
            self._tell("BatteryOutTimeout", self._said(swap.offered))
        self._over()

    def _slot(self, slot: int) -> Evse:
        evse = self.station.evse(slot)
        if evse is None or not offers(self.station):
            raise ValueError(f"{self.station.id} has no slot {slot} for batteries")
        return evse

    def _said(self, slots: list[int]) -> list[Payload]:
        """BatteryDataType of what is in these slots."""
        return [
            {
                "evseId": slot,
                "serialNumber": self.slots[slot].serial,
                "soC": round(self.charge(slot), 1),
                "soH": self.slots[slot].health,
            }
            for slot in slots
        ]

    def _tell(self, event: str, told: list[Payload]) -> None:
        assert self.swap is not None
        token = {"idToken": self.swap.token.id, "type": self.swap.token.type}
        payload = {"eventType": event, "requestId": self.swap.request, "idToken": token, "batteryData": told}
        self.station.say("BatterySwap", payload)

    # --- charging -----------------------------------------------------------------------------------------

    def _put(self, evse: Evse, kind: Vehicle) -> None:
        """The battery is in its slot. Raises NotNow while there is something in it."""
        evse.active.move_cable("plugged_in")
        evse.ev = Ev(kind)
        evse.cancel_timer()

    def _charge(self, evse: Evse, before: Point) -> None:
        """Charge what is in the slot: a transaction whose first message tells all of it (S04.FR.01-.03)."""
        sound = evse.active.health is Health.SOUND and evse.active.availability is Availability.OPERATIVE
        if sound:
            own = self.station.model.text(f"{_CONTROLLER}.IdToken")
            evse.token, evse.group = Token(own, "Central") if own else Token("", "NoAuthorization"), ""
            evse.authorization = follow(AUTHORIZATION, evse.authorization, "granted")
            tell_parts(self.station, lambda part: part.energy_offered(evse))
            nothing = power.ceiling(evse).amount <= 0
            power.draw(evse, Energy.HELD_BY_STATION if nothing else Energy.FLOWING)
        evse.happened("CablePluggedIn", before)
        self.station.report(evse, evse.active)
        if sound:
            power.share(self.station)
            self._hold(evse)
            power.follow_limits(evse)

    def _hold(self, evse: Evse) -> None:
        """No battery is charged beyond MaxSoc; its transaction goes on (S04.FR.06)."""
        if evse.transaction is not None:
            most = self.station.model.number(f"{_CONTROLLER}.MaxSoc")
            self.station.part(TransactionLimits).hold_at(evse, most)

    def setting_changed(self, path: str) -> None:
        if path == f"{_CONTROLLER}.MaxSoc":
            for slot in self.slots:
                self._hold(self.station.evses[slot - 1])

    def tells(self, evse: Evse, transaction: Transaction, sort: str) -> Payload:
        if evse.id in self.slots:
            self.keep()
        return {}

    # --- the station's life -------------------------------------------------------------------------------

    def accepted(self) -> None:
        """After a start every battery has a transaction again (S04.FR.11)."""
        for slot in self.slots:
            evse = self.station.evses[slot - 1]
            if evse.transaction is None and evse.active.cable is Cable.BOTH_ENDS:
                self._charge(evse, Point.NONE)

    def as_kept(self) -> Any:
        kept = [
            [slot, one.serial, one.health, one.capacity, self.charge(slot)]
            for slot, one in self.slots.items()
        ]
        return {"slots": kept, "made": self._made} if kept or self._made else None

    def restore(self, kept: Any) -> None:
        self._made = kept["made"]
        for slot, serial, health, capacity, soc in kept["slots"]:
            evse = self.station.evse(slot)
            if evse is None:
                continue  # it has fewer slots now
            self.slots[slot] = Battery(serial, health, capacity)
            evse.active.cable = Cable.BOTH_ENDS
            evse.ev = Ev(vehicle({"battery": str(capacity), "soc": str(soc)}, self.station.setup.ev))

    # --- time ---------------------------------------------------------------------------------------------

    def _wait(self, name: str, then: Any) -> None:
        self._cancel()
        seconds = self.station.model.seconds(f"{_CONTROLLER}.Timeout[{name}]")
        self._timer = asyncio.get_running_loop().call_later(seconds, then)

    def _over(self) -> None:
        self._cancel()
        self.swap = None
        self.station.changed()

    def _cancel(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def power_off(self) -> None:
        self._over()


_BULK = 80.0
"""Percent up to which a battery takes a constant current."""


def cartridge(station: Station, slot: Slot) -> str | None:
    """A variable of the BatteryCartridge in a slot, and of its door (2.1 part 2 chapter 2.20)."""
    swaps, evse = station.part(BatterySwaps), station.evses[slot.evse - 1]
    battery, name = swaps.slots.get(evse.id), slot.definition.variable
    if name == "SlotStatus":
        offered = swaps.swap is not None and evse.id in swaps.swap.offered
        faulted = evse.active.health is Health.FAULTED
        return "Faulted" if faulted else "Open" if battery is None or offered else "Locked"
    if name == "Available":
        return "false" if battery is None else "true"
    soc = swaps.charge(evse.id)
    if name in ("SoC", "SoH"):  # without a battery they mean nothing
        return "0" if battery is None else str(round(soc if name == "SoC" else battery.health))
    if battery is None:
        return "Standby"
    if evse.energy is not Energy.FLOWING:
        return "Full" if soc >= min(station.model.number(f"{_CONTROLLER}.MaxSoc"), 100.0) - 0.01 else "Ready"
    return "CC" if soc < _BULK else "CV"


def why_not(station: Station, slot: Slot, text: str) -> str | None:
    """Why a variable of the controller cannot be so: TargetSoc is not above MaxSoc (S04.FR.10); None when it can."""
    other = {"TargetSoc": "MaxSoc", "MaxSoc": "TargetSoc"}[slot.definition.variable]
    values = {slot.definition.variable: int(text), other: station.model.integer(f"{_CONTROLLER}.{other}")}
    return "TargetSoc cannot be above MaxSoc" if values["TargetSoc"] > values["MaxSoc"] else None


def offers(station: Station) -> bool:
    """Whether the station swaps batteries."""
    return station.version is V21 and station.model.has(f"{_CONTROLLER}.TargetSoc")


def insert_battery(
    station: Station,
    slot: int = 1,
    *,
    soc: float = 20.0,
    health: float = 95.0,
    serial: str = "",
    capacity: float = 2000.0,
) -> None:
    """Somebody inserts a battery of so many Wh, `soc` and `health` in percent. Raises ValueError, NotNow."""
    station.part(BatterySwaps).insert(slot, soc=soc, health=health, serial=serial, capacity=capacity)


def take_battery(station: Station, slot: int = 1) -> None:
    """Somebody takes the battery out of a slot. Raises ValueError, NotNow."""
    station.part(BatterySwaps).take(slot)


async def swap_battery(station: Station, token: Token | str, batteries: int = 1) -> bool:
    """A driver wants to swap so many batteries: the CSMS is asked, as for charging (S01), unless it has asked for the
    swap itself. False when it is refused, or there are not enough."""
    if not offers(station):
        raise ValueError(f"{station.id} swaps no batteries")
    if batteries < 1:
        raise ValueError(f"a set has one battery at least, not {batteries}")
    one, swaps = Token(token) if isinstance(token, str) else token, station.part(BatterySwaps)
    if not swaps.is_awaited(one) and not (await station.decide(one)).accepted:
        return False
    return swaps.begin(one, size=batteries)
