"""What the station itself has to say to a driver: the tariff, the cost so far, the total, and what stands in for them.

Sources: OCPP 2.x part 2, I01 to I06; of a 2.1 station that calculates by itself also I07.FR.14 and I12.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from charge_point.connector import Cable
from charge_point.display import pick
from charge_point.parts import Part, existing
from shared.versions import V21

if TYPE_CHECKING:
    from charge_point.authorization import Token
    from charge_point.evse import Evse
    from charge_point.outbox import Owed
    from charge_point.station import Station
    from charge_point.transaction import Transaction

Payload = dict[str, Any]

LINGERS = 60.0
"""Seconds for which a total is seen after the car has left."""

MOST = 50
"""Drivers whose language and tariff are remembered; of more the oldest are forgotten."""

_SAID = ("personalMessage", "personalMessageExtra", "language1", "language2")


class Screen(Part):
    """What a station knows to show its drivers. Owns it; made when a CSMS says such a thing for the first time."""

    __slots__ = ("drivers", "totals", "updates")

    def __init__(self, station: Station) -> None:
        super().__init__(station)
        self.drivers: dict[str, Payload] = {}
        """Of each token, by its key, what the CSMS said of it for the display (`_SAID`)."""
        self.updates: dict[str, list[Payload]] = {}
        """MessageContentTypes that took the place of the driver's, by transaction (I06)."""
        self.totals: dict[int, tuple[str, float, float]] = {}
        """EVSE -> the transaction that ended there, what it cost and when that was said (Unix s)."""

    def transaction_ended(self, evse: Evse, transaction: Transaction) -> None:
        self.updates.pop(transaction.id, None)

    def power_off(self) -> None:
        self.drivers.clear()
        self.totals.clear()


# --- what the CSMS says ---------------------------------------------------------------------------------------


def heard_of(station: Station, token: Token, wire: Payload) -> None:
    """The idTokenInfo of `token` came: keep what is for the driver's eyes (I01.FR.03)."""
    said = {name: wire[name] for name in _SAID if name in wire}
    screen = station.part(Screen) if said else existing(station, Screen)
    if screen is None:
        return
    before = screen.drivers.pop(token.key, {})
    if before or said:
        screen.drivers[token.key] = before | said
    while len(screen.drivers) > MOST:
        del screen.drivers[next(iter(screen.drivers))]


def heard(station: Station, owed: Owed, answer: Payload) -> None:
    """A TransactionEvent was answered: cost so far, total, another text (I02.FR.04, I03.FR.03, I06.FR.03)."""
    if "updatedPersonalMessage" in answer:
        extra = answer.get("updatedPersonalMessageExtra", ())
        station.part(Screen).updates[owed.transaction] = [answer["updatedPersonalMessage"], *extra]
    cost = answer.get("totalCost")
    if owed.payload.get("eventType") != "Ended" or owed.payload.get("offline") or cost is None:
        return
    for evse in station.evses:
        if evse.last is not None and evse.last.id == owed.transaction:
            totals = station.part(Screen).totals
            totals[evse.id] = (owed.transaction, float(cost), station.clock.time())


# --- what is shown --------------------------------------------------------------------------------------------


def language(station: Station, transaction: str | None = None) -> tuple[str, ...]:
    """The languages to show a text in, the best first: those of the driver there, then the station's own."""
    screen = existing(station, Screen)
    found: tuple[str, ...] = ()
    for evse in station.evses if screen is not None else ():
        here = transaction is None or (evse.transaction is not None and evse.transaction.id == transaction)
        if screen is not None and here and evse.token is not None and evse.is_authorized:
            said = screen.drivers.get(evse.token.key, {})
            found = tuple(said[name] for name in ("language1", "language2") if name in said)
            break
    own = "DisplayMessageCtrlr.Language"
    return (*found, station.model.text(own)) if station.model.has(own) else found


def own_texts(station: Station) -> list[str]:
    """The station's own texts, EVSE by EVSE, each once."""
    return list(dict.fromkeys(text for evse in station.evses for text in _texts_of(evse) if text))


def _texts_of(evse: Evse) -> list[str]:
    if evse.station.version is V21 and "web_payments" in evse.station.setup.features:
        from charge_point.web_payment import WebPayments  # it shows its code without being asked (C25.FR.01)

        evse.station.part(WebPayments)
    parts = (evse.station.parts or {}).values()
    return [*_of_session(evse), *(text for part in parts for text in part.shows(evse))]


def _of_session(evse: Evse) -> list[str]:
    if evse.is_authorized:
        tariff = tariff_text(evse)
        cost = evse.transaction.cost if evse.transaction is not None else None
        return [tariff, "" if cost is None else amount(evse.station, cost)]
    if evse.transaction is None and evse.last is not None:
        total = _total(evse, evse.last)
        if total:
            return [total]
    described = description(evse)  # of a free EVSE, so that one sees it before one plugs in
    return [pick(described, language(evse.station))] if described else []


def tariff_text(evse: Evse) -> str:
    """What the driver at `evse` is told of prices: their own, the default one, or what stands in (I01, I04, I06)."""
    station, screen = evse.station, existing(evse.station, Screen)
    wanted = (*language(station, evse.transaction.id if evse.transaction is not None else None), "en")
    if screen is not None and evse.token is not None:
        update = screen.updates.get(evse.transaction.id) if evse.transaction is not None else None
        said = screen.drivers.get(evse.token.key, {})
        if update:
            return pick(update, wanted)
        if "personalMessage" in said:
            return pick([said["personalMessage"], *said.get("personalMessageExtra", ())], wanted)
    described = description(evse)
    if described:
        return pick(described, wanted)
    if not station.is_online:
        offline = _setting(station, "OfflineTariffFallbackMessage")
        if offline:
            return offline
    return _setting(station, "TariffFallbackMessage")  # I04.FR.01


def description(evse: Evse) -> list[Payload]:
    """The words of the tariff by which a driver at `evse` pays (I07.FR.14), in its languages."""
    if evse.station.version is not V21 or not evse.station.parts:
        return []
    from charge_point.tariffs import Tariffs  # nobody pays for it who has no tariff

    tariffs = existing(evse.station, Tariffs)
    tariff = None if tariffs is None else tariffs.due(evse)
    return list(tariff.get("description", ())) if tariff is not None else []


def amount(station: Station, cost: float) -> str:
    """A sum of money as it is shown."""
    return f"{cost:.2f} {_setting(station, 'Currency')}".rstrip()


def _total(evse: Evse, last: Transaction) -> str:
    station, screen = evse.station, existing(evse.station, Screen)
    there = evse.active.cable is not Cable.OUT
    total = screen.totals.get(evse.id) if screen is not None else None
    if total is not None and total[0] == last.id:
        fresh = station.clock.time() - total[2] < LINGERS
        return amount(station, total[1]) if there or fresh else ""
    if there and (not station.is_online or not station.outbox.owes(last.id)):
        return _setting(station, "TotalCostFallbackMessage")  # I05.FR.02
    return ""


def _setting(station: Station, name: str) -> str:
    """A variable of TariffCostCtrlr; 2.1 has the messages by language."""
    for path in (f"TariffCostCtrlr.{name}", f"TariffCostCtrlr.{name}[en]"):
        if station.model.has(path):
            return station.model.text(path)
    return ""
