"""Priority charging (2.1): asked for by the CSMS or by the driver (K21, K22)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from charge_point.connector import NotNow
from charge_point.smart_charging import effect
from charge_point.smart_charging.profile import PRIORITY
from charge_point.smart_charging.profiles import Profiles, place_of
from shared.versions import V21

if TYPE_CHECKING:
    from charge_point.evse import Evse
    from charge_point.station import Station


def has_profile(part: Profiles, evse: Evse) -> bool:
    """Whether a PriorityCharging profile is installed that counts at `evse` (K21.FR.01)."""
    return any(one.purpose == PRIORITY and one.place in (0, place_of(evse)) for one in part.held.values())


def turn(part: Profiles, evse: Evse, on: bool) -> None:
    """Charge with priority at `evse`, or as before, and tell it (K21.FR.04-.08)."""
    transaction = evse.transaction
    if transaction is None or (transaction.id in part.priority) is on:
        return
    if on:
        part.priority.add(transaction.id)
    else:
        part.priority.discard(transaction.id)
    effect.follow(part)
    part.station.say("NotifyPriorityCharging", {"transactionId": transaction.id, "activated": on})


def priority(station: Station, evse: int = 1, on: bool = True) -> None:
    """The driver asks for priority at `evse`, or gives it up (K22).

    Raises ValueError for an EVSE that is not there, NotNow where it is not possible, in words for the driver.
    """
    one = station.evse(evse)
    if one is None:
        raise ValueError(f"{station.id} has no EVSE {evse}")
    part = station.part(Profiles)
    if station.version is not V21 or one.transaction is None:
        raise NotNow("there is nothing that could charge with priority")
    if on and not has_profile(part, one):  # K22.FR.01
        raise NotNow("this station cannot charge with priority")
    turn(part, one, on)
