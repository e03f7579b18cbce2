"""What a station knows of a transaction that is reckoned by a tariff: where it is, how it is paid for, its reservation.

The reckoning itself (`charge_point.tariff_costs`) knows no station.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from charge_point.parts import existing
from charge_point.smart_charging.local_time import local_time_of
from charge_point.tariff_costs import Place, Reckoning

if TYPE_CHECKING:
    from charge_point.evse import Evse
    from charge_point.station import Station
    from charge_point.transaction import Transaction

_EXACT = 1e-3


def place(evse: Evse) -> Place:
    """Where and how one pays at an EVSE: the current there, local time, and the card of who is authorized."""
    brand = recognition = ""
    token, station = evse.token, evse.station
    if token is not None and token.type == "DirectPayment":
        from charge_point.payment import Payments  # few pay at the station

        payments, told = existing(station, Payments), dict(token.details)
        paid = payments.held.get(token.id) if payments is not None else None
        brand = paid.brand if paid is not None else told.get("PaymentBrand", "")
        recognition = paid.recognition if paid is not None else told.get("PaymentRecognition", "")
    return Place(
        evse.outlet.current, local_time_of(station.model).ahead(station.clock.time()), brand, recognition
    )


def reserve(one: Reckoning, evse: Evse, transaction: Transaction) -> None:
    """What the reservation that was used for the transaction costs, once (I12.FR.06, .07)."""
    from charge_point.reservations import Reservations

    reservations = existing(evse.station, Reservations)
    since = reservations.used.get(evse.id) if reservations is not None else None
    if since is not None:
        one.reserve(max(transaction.time - since, 0.0))


def advance(
    one: Reckoning, station: Station, now: float, energy: float, *, charging: bool, current: float
) -> None:
    """Go on to `now` and `energy`, in two steps where local time shifts between: times of day follow it (I12.FR.37)."""
    local, before = local_time_of(station.model), one.state["time"]
    one.place = one.place._replace(offset=local.ahead(before))
    if now > before and local.ahead(before) != local.ahead(now):
        early, late = before, now
        while late - early > _EXACT:
            middle = (early + late) / 2
            early, late = (middle, late) if local.ahead(middle) == local.ahead(before) else (early, middle)
        share = (late - before) / (now - before)
        one.advance(
            late,
            one.state["energy"] + share * (energy - one.state["energy"]),
            charging=charging,
            current=current,
        )
        one.place = one.place._replace(offset=local.ahead(now))
    one.advance(now, energy, charging=charging, current=current)


def station_feeds(station: Station) -> bool:
    """Whether a car gives energy back, so that less than nothing is no mistake of the meter."""
    return any(one.ev is not None and one.ev.feeding > 0 for one in station.evses)
