"""Reservations: who has one, which EVSEs are kept for them, and how each of them ends.

A reservation is for one EVSE, or for any that fits it: any at all (1.6 connector 0), or any with a connector type. What
counts is one question, asked of the EVSEs that are free: can all who reserved still be served, each at an EVSE of
their own? An EVSE that cannot be spared is kept for them, whoever named it, and is Reserved (H01.FR.07, .09, .20,
.23, .24; 1.6 §5.13). In 1.6 too it is an EVSE that is kept, with all its connectors: they share one power path.

It ends when it is cancelled, when its time is over, when what it is for is lost (H01.FR.16, .17), and by use. Used is
it in 2.x when its token is presented (H03.FR.09), in 1.6 when the transaction starts (§5.13).
"""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from charge_point.authorization import Token, same_group
from charge_point.connector import Authorization, Availability, Cable, Connector, Health
from charge_point.parts import Part
from shared.versions import V16, V21

if TYPE_CHECKING:
    from charge_point.evse import Evse
    from charge_point.station import Station

SWITCH = "ReservationCtrlr.Enabled"
ANYWHERE = "ReservationCtrlr.NonEvseSpecific"


class Reservation(NamedTuple):
    """One reservation. `evse` is 0 for any, `kind` a ConnectorEnumType or empty; `expires` is Unix s.

    In 1.6 a connector is named, of which the EVSE is kept: `kind` is its type where that EVSE has several.
    """

    id: int
    expires: float
    token: Token
    group: str = ""
    evse: int = 0
    kind: str = ""
    since: float = 0.0
    """When it was asked for (Unix s)."""

    def is_for(self, token: Token, group: str | None) -> bool:
        """Whether who presents `token` may use it; without knowing their group (None) they might."""
        if token.key == self.token.key:
            return True
        return bool(self.group) if group is None else same_group(self.group, group)  # H03.FR.04-06


class Verdict(NamedTuple):
    """A ReserveNow's status, with words and a reason code for what is no status of a connector."""

    status: str
    words: str = ""
    code: str = ""


class Reservations(Part):
    """The reservations of a station. Owns them, their timer, and which EVSEs are kept (`Evse.reserved`)."""

    __slots__ = ("_is_looking", "claimed", "held", "timer", "untold", "used")

    name = "reservations"

    def __init__(self, station: Station) -> None:
        super().__init__(station)
        self.held: dict[int, Reservation] = {}
        """By id, in the order of their coming."""
        self.claimed: set[int] = set()
        """Those in whose name a driver was authorized and no transaction has begun yet (1.6)."""
        self.used: dict[int, float] = {}
        """EVSE -> since when it had been reserved for the driver who is authorized there (Unix s)."""
        self.untold: list[tuple[int, str]] = []
        """Ids and how they ended, of which the CSMS could not be told."""
        self.timer: asyncio.TimerHandle | None = None
        self._is_looking = False

    # --- what the CSMS asks -------------------------------------------------------------------------------

    def reserve(self, new: Reservation) -> Verdict:
        """Take the reservation, in place of one with its id, or say why not (H01.FR.01-.14; 1.6 §5.13)."""
        station = self.station
        wrong = self._unfit(new)
        if wrong is not None:
            return wrong
        meant = [one for one in station.evses if _suits(one, new)]
        others = [r for r in self._waiting() if r.id != new.id]  # H01.FR.02
        if not self._served([*others, new], self._free()):
            return Verdict(_why_not(meant, new.kind))
        self.held.pop(new.id, None)
        self.held[new.id] = new._replace(since=station.clock.time())
        self.keep()
        return Verdict("Accepted")

    def _unfit(self, new: Reservation) -> Verdict | None:
        station = self.station
        if station.version is not V16 and not station.model.flag(SWITCH):
            return Verdict("Rejected", "reservations are switched off", "NotEnabled")  # H01.FR.01
        if not new.evse and not station.model.flag(ANYWHERE):
            return Verdict("Rejected", "an EVSE has to be named", "UnsupportedParam")  # H01.FR.19
        if new.evse and station.evse(new.evse) is None:
            return Verdict("Rejected", f"there is no EVSE {new.evse}", "UnknownEvse")
        if not any(_suits(one, new) for one in station.evses):
            return Verdict("Rejected", f"there is no connector {new.kind} there", "UnknownConnectorType")
        if new.expires <= station.clock.time():
            return Verdict("Rejected", "its time is over already", "InvalidValue")
        return None

    def cancel(self, id: int) -> bool:
        """The CSMS takes it back (H02); False when there is none. `look` tells what follows."""
        if self.held.pop(id, None) is None:
            return False
        for one in self.station.evses:
            if one.reservation == id and id in self.claimed:
                one.reservation = None
        self.claimed.discard(id)
        self.keep()
        self._ends()
        return True

    def _ends(self) -> None:
        """One is over: who waits for that looks again, whether or not a status changes by it."""
        one = self.station.evses[0]
        asyncio.get_running_loop().call_soon(self.station.report, one, one.active)

    # --- what can be served -------------------------------------------------------------------------------

    def _waiting(self) -> list[Reservation]:
        """Those that nobody has come for."""
        return [r for r in self.held.values() if r.id not in self.claimed]

    def _free(self) -> list[Evse]:
        return [one for one in self.station.evses if _is_free(one)]

    def _served(self, waiting: list[Reservation], free: list[Evse]) -> bool:
        """Whether each of them can have an EVSE of their own (a matching, by augmenting paths)."""
        given: dict[Evse, Reservation] = {}

        def place(one: Reservation, tried: set[Evse]) -> bool:
            for evse in free:
                if evse not in tried and _suits(evse, one) and _is_there(evse, one.kind):
                    tried.add(evse)
                    if evse not in given or place(given[evse], tried):
                        given[evse] = one
                        return True
            return False

        return all(place(one, set()) for one in waiting)

    def look(self) -> None:
        """See what is over, what cannot be kept any more, and which EVSEs are to be kept; report what is news."""
        if self._is_looking:
            return
        self._is_looking = True
        try:
            self._expire()
            self._drop()
            waiting, free = self._waiting(), self._free()
            for one in self.station.evses:
                rest = [other for other in free if other is not one]
                kept = one in free and bool(waiting) and not self._served(waiting, rest)
                if kept is not one.reserved:
                    one.reserved = kept
                    for c in one.connectors:  # H01.FR.20, .23, .24; H04.FR.03: all of them
                        self.station.report(one, c)
            self._set_timer()
        finally:
            self._is_looking = False

    def _expire(self) -> None:
        now = self.station.clock.time()
        for one in [r for r in self._waiting() if r.expires <= now]:
            self._over(one, "Expired")  # H04.FR.01

    def _drop(self) -> None:
        """Give up what a fault or the operator has made impossible, the latest first (H01.FR.16, .17)."""
        while True:
            waiting = self._waiting()
            there = [one for one in self.station.evses if _is_there(one)]
            if self._served(waiting, there):
                return
            lost = next(
                (r for r in waiting if not any(_suits(e, r) and _is_there(e, r.kind) for e in there)),
                waiting[-1],
            )
            self._over(lost, "Removed")

    def _over(self, one: Reservation, how: str) -> None:
        self.held.pop(one.id, None)
        self.keep()
        self._ends()
        if self.station.version is not V16:  # in 1.6 the status of the connector says it
            self.untold.append((one.id, how))
            self._tell()

    def _set_timer(self) -> None:
        self._stop()
        if self.held:
            wait = min(r.expires for r in self.held.values()) - self.station.clock.time()
            # one that is claimed stays until its session is settled: see again then
            self.timer = asyncio.get_running_loop().call_later(max(wait, 1.0), self._time_is_over)

    def _time_is_over(self) -> None:
        self.timer = None
        self.look()

    def _stop(self) -> None:
        if self.timer is not None:
            self.timer.cancel()
            self.timer = None

    # --- who comes ----------------------------------------------------------------------------------------

    def refuses(self, evse: Evse, token: Token, group: str | None) -> str:
        if self.timer is None and self.held:
            self.look()  # not connected since the process began: their time may be over
        if not evse.reserved or self._own(evse, token, group) is not None:
            return ""
        return "it is reserved for somebody else"

    def _own(self, evse: Evse, token: Token, group: str | None) -> Reservation | None:
        """The reservation of theirs that is good here; one that names the EVSE first."""
        mine = [r for r in self._waiting() if r.is_for(token, group) and _suits(evse, r)]
        return min(mine, key=lambda r: not r.evse, default=None)

    def driver_came(self, evse: Evse) -> None:
        assert evse.token is not None
        own = self._own(evse, evse.token, evse.group)
        self.used.pop(evse.id, None)
        if own is None:
            return
        evse.reservation = own.id
        if own.since:  # what an earlier release kept does not say it
            self.used[evse.id] = own.since
        if self.station.version is V16:
            self.claimed.add(own.id)
        else:
            del self.held[own.id]  # H03.FR.09
            self.keep()
        self.look()

    def transaction_began(self, evse: Evse) -> None:
        for id in self.claimed - {
            one.reservation for one in self.station.evses
        }:  # its transaction was told of it
            self.claimed.discard(id)
            if self.held.pop(id, None) is not None:
                self.keep()

    def place_changed(self, evse: Evse) -> None:
        self.look()

    def driver_left(self, evse: Evse) -> None:
        id, evse.reservation = evse.reservation, None
        self.claimed.discard(id or 0)
        if id is not None and self.station.version is V21:
            self.untold.append((id, "NoTransaction"))  # H03.FR.11
            self._tell()
        self.look()

    # --- telling ------------------------------------------------------------------------------------------

    def connected(self) -> None:
        self.look()
        self._tell()

    def accepted(self) -> None:
        self._tell()

    def _tell(self) -> None:
        """ReservationStatusUpdate for each that has ended; what cannot be told now waits for the registration."""
        if not self.untold:
            return
        while self.untold and self.station.may_send:
            id, how = self.untold.pop(0)
            payload = {"reservationId": id, "reservationUpdateStatus": how}
            again = partial(asyncio.get_running_loop().call_soon, self._not_told, id, how)
            self.station.say("ReservationStatusUpdate", payload, failed=again)
        self.keep()

    def _not_told(self, id: int, how: str) -> None:
        """There was no answer: it waits if the link is gone; one that was refused is not said again."""
        if not self.station.is_online:
            self.untold.append((id, how))
            self.keep()

    # --- the power, and the disk --------------------------------------------------------------------------

    def power_off(self) -> None:
        self._stop()
        self.claimed.clear()
        for one in self.station.evses:
            one.reservation = None

    def as_kept(self) -> Any:
        if not self.held and not self.untold:
            return None
        held = [[*r[:2], [r.token.id, r.token.type], *r[3:]] for r in self.held.values()]
        return {"held": held, "untold": self.untold}

    def restore(self, kept: Any) -> None:
        """They outlive the process; those whose time is over meanwhile are told of when the CSMS is there."""
        for id, expires, token, *rest in kept["held"]:
            self.held[id] = Reservation(id, expires, Token(*token), *rest)
        self.untold = [(id, how) for id, how in kept["untold"]]
        waiting, free = self._waiting(), self._free()
        for one in self.station.evses:
            rest = [other for other in free if other is not one]
            one.reserved = one in free and not self._served(waiting, rest)  # B11.FR.05


def _suits(evse: Evse, reservation: Reservation) -> bool:
    """Whether the EVSE is one that the reservation is for."""
    return (not reservation.evse or evse.id == reservation.evse) and bool(_meant(evse, reservation.kind))


def _meant(evse: Evse, kind: str) -> list[Connector]:
    """The connectors of `evse` with this type, all of them for none."""
    return [c for c in evse.connectors if not kind or kind == kind_of(evse, c)]


def kind_of(evse: Evse, connector: Connector) -> str:
    """The ConnectorEnumType of a connector."""
    if evse.station.version is V16:
        return evse.station.setup.outlet(evse.id, connector.id).kind
    return evse.station.model.text(f"Connector#{evse.id}.{connector.id}.ConnectorType")


def _is_there(evse: Evse, kind: str = "") -> bool:
    """Whether a connector of it, with this type if one is named, is in order and not out of service."""
    return any(
        c.availability is Availability.OPERATIVE and c.health is Health.SOUND for c in _meant(evse, kind)
    )


def _is_free(evse: Evse) -> bool:
    """Whether the EVSE could serve who has reserved: in order, without a driver and, if it is not kept, a cable."""
    if not _is_there(evse) or evse.authorization is not Authorization.NONE:
        return False
    driven = evse.transaction is not None and evse.transaction.starter is not None
    empty = all(c.cable is Cable.OUT for c in evse.connectors)
    return not driven and (empty or evse.reserved)  # G01.FR.09: a plug does not take it from them


def _why_not(meant: list[Evse], kind: str) -> str:
    """Occupied, Faulted or Unavailable: what is the matter with all that could be meant (H01.FR.11-.14)."""
    if any(_is_there(one, kind) for one in meant):
        return "Occupied"
    connectors = [c for one in meant for c in _meant(one, kind)]
    return "Faulted" if all(c.health is Health.FAULTED for c in connectors) else "Unavailable"
