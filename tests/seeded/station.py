"""A correct station as a foreign maker may write it, whatever its version spells; and what can be seeded into it.

The box knows the physical world (its EVSEs in `outlet.py`) and what is to be said of it; a `Wire` (`wires.py`) is one
connection and knows how it is spelled. `defect` is the name of one in `station_defects.py`.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from contextlib import suppress
from typing import Any

from ocpp.exceptions import OCPPError, UnknownCallErrorCodeError
from websockets.exceptions import ConnectionClosed

from tests.seeded.memory import Connection
from tests.seeded.outlet import Job, Outlet, Transaction


class Box:
    """The station, with so many `evses`: `dial` opens a connection, `make` puts a `Wire` on it.

    `now` gives the time as text, so many seconds ahead. It dials again `rest` seconds after the end of a
    connection, or after none has come about.
    """

    def __init__(
        self,
        identity: str,
        dial: Callable[[], Awaitable[Connection]],
        now: Callable[[float], str],
        make: Callable[[Box, Connection], Any],
        defect: str = "",
        evses: int = 1,
        rest: float = 1.0,
    ) -> None:
        self.identity = identity
        self.dial = dial
        self.now = lambda: now(-3600 if defect == "has a clock an hour behind" else 0)
        self.make = make
        self.defect = defect
        self.rest = rest
        self.wire: Any = None
        self.accepted = False
        self.boot_reason = "PowerUp"
        self.settings = {
            "HeartbeatInterval": "300",
            "MeterValueSampleInterval": "60",
            "StopTransactionOnInvalidId": "true",
            "AuthorizeRemoteTxRequests": "false",
        }
        self.operative = True
        self.outlets = [Outlet(self, number) for number in range(1, evses + 1)]
        self.outbox: deque[Job] = deque()
        self._news = asyncio.Event()
        self._up = asyncio.Event()
        self._up.set()
        self._count = 0
        self._tasks: set[asyncio.Task[Any]] = set()
        self._heart: asyncio.Task[Any] | None = None

    # --- its life -----------------------------------------------------------------------------------------

    def switch_on(self) -> None:
        """Begin."""
        self.spawn(self._live())

    async def switch_off(self) -> None:
        """End everything."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self.wire is not None:
            await self.wire.connection.close()

    def spawn(self, work: Coroutine[Any, Any, object]) -> asyncio.Task[Any]:
        """Do something beside everything else."""
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _live(self) -> None:
        while True:
            await self._up.wait()
            try:
                connection = await self.dial()
            except OSError:
                await asyncio.sleep(self.rest)
                continue
            self.wire = self.make(self, connection)
            working = self.spawn(self._work(self.wire))
            try:
                await self.wire.start()
            except ConnectionClosed:
                pass
            finally:
                self.wire = None
                working.cancel()
            await asyncio.sleep(self.rest)

    async def _work(self, wire: Any) -> None:
        """Register if need be, then say what there is to say, in order."""
        try:
            if self.defect == "boots on every reconnect":
                self.accepted = False
            if not self.accepted:
                await self._register(wire)
            else:
                await asyncio.sleep(0.5)  # first see that the connection holds
            self.tell_statuses()
            while True:
                while not self.outbox:
                    self._news.clear()
                    await self._news.wait()
                try:
                    await self.outbox[0](wire)
                except OCPPError:
                    pass  # refused: it will not be taken another time either
                except UnknownCallErrorCodeError:
                    if self.defect == "gets stuck at an unknown error":
                        await asyncio.Event().wait()
                except TimeoutError:
                    if self.defect != "tries once":
                        continue
                self.outbox.popleft()
        except ConnectionClosed:
            pass

    async def _register(self, wire: Any) -> None:
        if self.defect == "reports a status before it boots":
            await self._too_early(wire)
        while True:
            answer = await wire.boot(self.boot_reason)
            if answer.status == "Accepted":
                break
            if self.defect == "reports statuses while it is pending":
                await self._too_early(wire)
            if self.defect == "boots only once":
                await asyncio.Event().wait()
            own = 0.5 if self.defect == "takes an interval of 0 at its word" else 60
            # 1.6 §4.2, 2.x B02.FR.07: the interval is the least time until it asks again
            await asyncio.sleep(3 if self.defect == "asks again too soon" else answer.interval or own)
        self.accepted = True
        for outlet in self.outlets:
            outlet.forget_what_was_told()
        self.settings["HeartbeatInterval"] = str(answer.interval or 300)
        self.beat()

    async def _too_early(self, wire: Any) -> None:
        """Say what may not be said yet, and think nothing of it when it is refused."""
        with suppress(OCPPError, UnknownCallErrorCodeError):
            await wire.status(1, "Available", self.now())

    def say(self, job: Job) -> None:
        """Have something said as soon as what was to be said before it is."""
        self.outbox.append(job)
        self._news.set()

    def beat(self) -> None:
        """Send heartbeats at the interval that is set, from now on."""
        if self._heart is not None:
            if self.defect == "keeps its heartbeat interval":
                return
            self._heart.cancel()
        self._heart = self.spawn(self._beating(float(self.settings["HeartbeatInterval"])))

    async def _beating(self, every: float) -> None:
        while True:
            await asyncio.sleep(every)
            if self.wire is not None and self.accepted:
                self.say(lambda wire: wire.heartbeat())

    # --- what happens at it -------------------------------------------------------------------------------

    async def act(self, what: str, arguments: Mapping[str, Any]) -> None:
        """Have somebody do something at it. Raises IndexError for an EVSE that it has not, else LookupError."""
        evse = arguments.get("evse")
        if evse is not None and not 0 < int(evse) <= len(self.outlets):
            raise IndexError(f"the station has no EVSE {evse}")
        if what in ("plug_in", "unplug"):
            getattr(self.outlets[int(evse or 1) - 1], what)()
        elif what == "present":
            await self.present(str(arguments["token"]), evse and int(evse))
        elif what in ("go_offline", "come_online"):
            getattr(self, what)()
        else:
            raise LookupError(f"nobody can {what}")

    def outlet(self, evse: int | None = None) -> Outlet:
        """The EVSE with this number; without one the first that is plugged in and free, or free, or the first."""
        if evse is not None:
            return self.outlets[evse - 1]
        plugged = [each for each in self.outlets if each.plugged and each.is_free]
        return [*plugged, *(each for each in self.outlets if each.is_free), *self.outlets][0]

    def running(self, id: object) -> Outlet | None:
        """Where the transaction with this id runs."""
        known = (each for each in self.outlets if each.transaction is not None and each.transaction.id == id)
        return next(known, None)

    async def present(self, token: str, evse: int | None = None) -> None:
        """A token is presented."""
        there = self.outlets if evse is None else [self.outlet(evse)]
        for outlet in there:
            if outlet.transaction is not None and outlet.transaction.token == token:
                outlet.end("Local")
                return
        if all(outlet.transaction is not None for outlet in there) or not self.accepted:
            return
        if await self._may_charge(token) or self.defect == "charges on a refused token":
            self.outlet(evse).grant(token, None)

    async def _may_charge(self, token: str) -> bool:
        """Whether the central system says so; without an answer nobody has."""
        if self.wire is None:
            return False
        try:
            return bool(await self.wire.authorize(token) == "Accepted")
        except (OCPPError, UnknownCallErrorCodeError, TimeoutError):
            return False

    async def start(self, token: str, evse: int | None, remote_start_id: int | None) -> None:
        """Start as was asked for from afar, when the token may (1.6 §5.11, 2.x F01.FR.01)."""
        if self.is_set("AuthorizeRemoteTxRequests") and not await self._may_charge(token):
            return
        outlet = self.outlet(evse)
        if outlet.transaction is None and outlet.is_free:
            outlet.grant(token, remote_start_id)

    def go_offline(self) -> None:
        """The network is gone."""
        self._up.clear()
        if self.wire is not None:
            self.spawn(self.wire.connection.close())

    def come_online(self) -> None:
        """The network is back."""
        self._up.set()

    async def restart(self, reason: str) -> None:
        """End what runs, say so, and boot again."""
        for outlet in self.outlets:
            outlet.restart(reason)
        while self.outbox:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
        self.accepted, self.boot_reason = False, "RemoteReset"
        if self._heart is not None:
            self._heart.cancel()
        self._heart = None
        if self.wire is not None:
            await self.wire.connection.close()

    def operate(self, operative: bool) -> None:
        """It is put into service or out of it."""
        if self.defect == "stays in service":
            return
        self.operative = operative
        self.tell_statuses()

    # --- what it says of itself ---------------------------------------------------------------------------

    def tell_statuses(self) -> None:
        """Tell what has another status."""
        for outlet in self.outlets:
            outlet.tell_status()

    def is_set(self, name: str) -> bool:
        """Whether a setting is on."""
        return self.settings[name] == "true"

    def runs(self, id: object) -> bool:
        """Whether a transaction with this id runs."""
        return self.defect == "stops what it does not run" or self.running(id) is not None

    def next_id(self) -> str:
        """The id of a new transaction, on 2.x."""
        self._count += 1
        return f"foreign-{self._count}"

    def judged(self, one: Transaction, status: str) -> None:
        """What the central system says of the token when the transaction has begun."""
        self.outlet(one.evse).judged(one, status)
