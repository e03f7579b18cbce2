"""The person at the plug: sessions one after another, as a driver makes them, and what became of each."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from charge_point.authorization import Token
from charge_point.connector import Cable, NotNow
from charge_point.ev import Vehicle

if TYPE_CHECKING:
    from charge_point.evse import Evse
    from charge_point.station import Station
    from charge_point.transaction import Transaction

PATIENCE = 120.0
"""Seconds that a driver waits for something to happen before giving the session up."""

DAY = 86_400.0


@dataclass(frozen=True, slots=True)
class Wish:
    """What a driver wants: so much energy (Wh) or so long (s) with this token; on any EVSE unless one is named."""

    token: Token
    energy: float = 0.0
    duration: float = 60.0
    evse: int | None = None
    token_first: bool = False
    ev: Vehicle | None = None
    """The car, if it is not the one that comes to this kind of station."""
    trusted: bool = False
    """Whether the driver charges without the token being asked about."""
    pace: float = 1.0
    """Seconds from one thing that the driver does to the next."""


class Result(NamedTuple):
    """What became of a session: charged, refused or failed; `energy` in Wh."""

    outcome: str
    reason: str = ""
    energy: float = 0.0
    transaction: str = ""

    @property
    def as_asked(self) -> bool:
        """Whether it charged as the driver wanted."""
        return self.outcome == "charged"


class Driver:
    """Makes sessions at one station, one at a time. `said` hears of each step, in words."""

    __slots__ = ("_station", "results", "said")

    def __init__(self, station: Station, said: Callable[[str], object] = lambda words: None) -> None:
        self._station = station
        self.results: list[Result] = []
        self.said = said

    async def sessions(self, wish: Wish, count: int, pause: float = 1.0) -> bool:
        """Make `count` sessions, `pause` seconds apart; True when each charged as asked.

        Waits for the station to be accepted before the first, and until all is delivered after the last.
        """
        for at in range(count):
            if at:
                await asyncio.sleep(pause)
            await self._station.until(lambda: self._station.registration.accepted)
            self.results.append(await self.session(wish))
        # without a limit: every message is delivered or given up once the CSMS is there
        await self._station.until(lambda: self._station.has_said_all)
        return all(result.as_asked for result in self.results)

    async def session(self, wish: Wish) -> Result:
        """One session: plug in, present the token, charge, present it again, unplug."""
        station = self._station
        evse = self._choose(wish)
        if evse is None:
            return Result("failed", "no EVSE is free")
        try:
            if not wish.token_first:
                station.plug_in(evse.id, ev=wish.ev)
                self.said(f"plugged in at EVSE {evse.id}")
                await asyncio.sleep(wish.pace)
            result = await self._charge(evse, wish)
        except NotNow as wrong:
            result = Result("failed", str(wrong))
        await self._leave(evse, wish)
        self.said(f"{result.outcome}{': ' if result.reason else ''}{result.reason}, {result.energy:.0f} Wh")
        return result

    def _choose(self, wish: Wish) -> Evse | None:
        if wish.evse is not None:
            return self._station.evse(wish.evse)
        return next((e for e in self._station.evses if e.is_free and e.active.cable is Cable.OUT), None)

    async def _charge(self, evse: Evse, wish: Wish) -> Result:
        station = self._station
        if wish.trusted:
            evse.grant(wish.token)
        else:
            presented = await station.present(wish.token, evse.id)
            if presented.outcome == "refused":
                return Result("refused", presented.reason)
            if presented.outcome != "started":
                return Result("failed", f"the token was {presented.outcome}: {presented.reason}")
        if wish.token_first:
            await asyncio.sleep(wish.pace)
            station.plug_in(evse.id, ev=wish.ev)
        if not await station.until(lambda: evse.transaction is not None, within=PATIENCE):
            return Result("failed", "no transaction began")
        transaction = evse.transaction
        assert transaction is not None
        self.said(f"charging in transaction {transaction.id}")
        await self._wait_until_served(evse, transaction, wish)
        energy = evse.meter.advance(station.clock.elapsed()) - transaction.meter_start
        if evse.transaction is transaction and evse.is_authorized:
            await station.present(wish.token, evse.id)
            if energy < wish.energy - 1:
                return Result("failed", f"no more than {energy:.0f} Wh came", energy, transaction.id)
            return Result("charged", "", energy, transaction.id)
        if transaction.refused:
            return Result("refused", "the CSMS refused the token", energy, transaction.id)
        return Result("failed", f"ended early: {transaction.stopping or 'unknown'}", energy, transaction.id)

    async def _wait_until_served(self, evse: Evse, transaction: Transaction, wish: Wish) -> None:
        """Until the energy or the time is there, or the transaction is over or refused."""
        station, clock = self._station, self._station.clock
        began = clock.elapsed()

        def is_over() -> bool:
            return evse.transaction is not transaction or not evse.is_authorized or transaction.refused

        while not is_over():
            if wish.energy:
                missing = wish.energy - (evse.meter.advance(clock.elapsed()) - transaction.meter_start)
                flow = evse.meter.flow
                wait = min(flow.seconds_for(missing), DAY) if flow is not None else PATIENCE
            else:
                wait = missing = wish.duration - (clock.elapsed() - began)
            if missing <= 1e-6:
                return
            before = evse.meter.energy
            await station.until(is_over, within=max(wait, 0.001))
            if wish.energy and evse.meter.advance(clock.elapsed()) == before and evse.meter.flow is None:
                return  # nothing flows, and nothing has for as long as a driver waits

    async def _leave(self, evse: Evse, wish: Wish) -> None:
        """Take the cable home; a lock that still holds it opens for its owner's token."""
        station = self._station
        if evse.active.cable is Cable.OUT:
            return
        await asyncio.sleep(wish.pace)
        if not station.unplug(evse.id):
            opened = await station.present(wish.token, evse.id)
            if opened.outcome == "unlocked":
                station.unplug(evse.id)
        self.said(f"unplugged from EVSE {evse.id}")

    async def go_home(self, within: float) -> None:
        """Stop what charges, as a driver who is called away does, and let the CSMS hear of it if it listens."""
        for evse in self._station.evses:
            if evse.transaction is not None:
                evse.end_authorization("StopAuthorized", "Local", token=evse.token, ends=True)
        if self._station.is_online:
            await self._station.until(lambda: self._station.has_said_all, within=within)
