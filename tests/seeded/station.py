"""A correct station as a foreign maker may write it, whatever its version spells; and what can be seeded into it.

One EVSE with one connector. The box knows the physical world and what is to be said of it; a `Wire` (`wires.py`) is
one connection and knows how it is spelled. `defect` is the name of one in `station_defects.py`.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from typing import Any

from ocpp.exceptions import OCPPError, UnknownCallErrorCodeError
from websockets.exceptions import ConnectionClosed

from tests.seeded.memory import Connection

Job = Callable[[Any], Awaitable[object]]

POWER = 11_000.0
"""W that the car takes."""


class Transaction:
    """One transaction: `id` is the station's in 2.x, the central system's in 1.6. Readings in Wh."""

    def __init__(self, id: str, token: str, meter: float, remote_start_id: int | None) -> None:
        self.id: Any = id
        self.token = token
        self.meter_start = meter
        self.remote_start_id = remote_start_id
        self.seq = 0


class Box:
    """The station. `dial` opens a connection, `now` is the time as text, `make` a `Wire` on a connection."""

    def __init__(
        self,
        identity: str,
        dial: Callable[[], Awaitable[Connection]],
        now: Callable[[], str],
        make: Callable[[Box, Connection], Any],
        defect: str = "",
    ) -> None:
        self.identity = identity
        self.dial = dial
        self.now = now
        self.make = make
        self.defect = defect
        self.wire: Any = None
        self.accepted = False
        self.boot_reason = "PowerUp"
        self.settings = {
            "HeartbeatInterval": "300",
            "MeterValueSampleInterval": "60",
            "StopTransactionOnInvalidId": "true",
        }
        self.plugged = False
        self.operative = True
        self.granted: tuple[str, int | None] | None = None
        """The token that may charge as soon as the cable is in, and the request from afar that brought it."""
        self.transaction: Transaction | None = None
        self.outbox: deque[Job] = deque()
        self._news = asyncio.Event()
        self._up = asyncio.Event()
        self._up.set()
        self._wh = 1_000.0
        self._since = 0.0
        self._told = ""
        self._count = 0
        self._tasks: set[asyncio.Task[Any]] = set()
        self._heart: asyncio.Task[Any] | None = None
        self._sampling: asyncio.Task[Any] | None = None

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
                await asyncio.sleep(1)
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
            await asyncio.sleep(1)

    async def _work(self, wire: Any) -> None:
        """Register if need be, then say what there is to say, in order."""
        try:
            if self.defect == "boots on every reconnect":
                self.accepted = False
            if not self.accepted:
                await self._register(wire)
            else:
                await asyncio.sleep(0.5)  # first see that the connection holds
            self._tell_status()
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
        self.accepted, self._told = True, ""
        self.settings["HeartbeatInterval"] = str(answer.interval or 300)
        self.beat()

    async def _too_early(self, wire: Any) -> None:
        """Say what may not be said yet, and think nothing of it when it is refused."""
        with suppress(OCPPError, UnknownCallErrorCodeError):
            await wire.status("Available", self.now())

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

    def plug_in(self) -> None:
        """The cable is put in."""
        self.plugged = True
        self._tell_status()
        if self.granted is not None:
            self._begin(*self.granted)

    def unplug(self) -> None:
        """The cable is taken out."""
        self.plugged = False
        self.granted = None
        if self.transaction is not None:
            self.end("EVDisconnected")
        if self.defect == "stays occupied after the cable is out":
            return
        if self.defect == "reports the free plug late":
            asyncio.get_running_loop().call_later(45, self._tell_status)
            return
        self._tell_status()

    async def present(self, token: str) -> None:
        """A token is presented."""
        if self.transaction is not None:
            if token == self.transaction.token:
                self.end("Local")
            return
        if self.wire is None or not self.accepted:
            return
        try:
            status = await self.wire.authorize(token)
        except (OCPPError, UnknownCallErrorCodeError, TimeoutError):
            return  # nobody has said that it may charge
        if status == "Accepted" or self.defect == "charges on a refused token":
            self.grant(token, None)

    def grant(self, token: str, remote_start_id: int | None) -> None:
        """A token may charge: at once, or when the cable is in."""
        if self.plugged:
            self._begin(token, remote_start_id)
        else:
            self.granted = (token, remote_start_id)

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
        if self.transaction is not None and self.defect != "forgets its transaction at a reset":
            self.end(reason)
        self.transaction = None
        while self.outbox:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
        self.accepted, self.boot_reason, self._told = False, "RemoteReset", ""
        for task in (self._heart, self._sampling):
            if task is not None:
                task.cancel()
        self._heart = None
        if self.wire is not None:
            await self.wire.connection.close()

    def operate(self, operative: bool) -> None:
        """It is put into service or out of it."""
        if self.defect == "stays in service":
            return
        self.operative = operative
        self._tell_status()

    # --- what it says of itself ---------------------------------------------------------------------------

    @property
    def status(self) -> str:
        """How the connector is, in the words of 1.6."""
        if self.transaction is not None:
            return "Charging"
        if not self.operative:
            return "Unavailable"
        return "Preparing" if self.plugged else "Available"

    @property
    def meter(self) -> float:
        """The energy register, Wh."""
        if self.transaction is None:
            return self._wh
        return self._wh + POWER / 3600 * (asyncio.get_running_loop().time() - self._since)

    def _tell_status(self) -> None:
        word, at = self.status, self.now()
        if word != self._told and self.accepted:
            self._told = word
            self.say(lambda wire: wire.status(word, at))

    def may_start(self) -> bool:
        """Whether a transaction may begin now."""
        if self.defect == "starts on a plug in use" and self.transaction is not None:
            return True
        return self.accepted and self.operative and self.transaction is None and self.granted is None

    def runs(self, id: object) -> bool:
        """Whether it is the transaction with this id that runs."""
        if self.defect == "stops what it does not run":
            return True
        return self.transaction is not None and self.transaction.id == id

    def _begin(self, token: str, remote_start_id: int | None) -> None:
        self.granted = None
        self._count += 1
        self._since = asyncio.get_running_loop().time()
        one = Transaction(f"foreign-{self._count}", token, self._wh, remote_start_id)
        self.transaction = one
        self.say(self.make_event("Started", one))
        self._tell_status()
        self._sampling = self.spawn(self._sample(one))

    async def _sample(self, one: Transaction) -> None:
        while self.transaction is one:
            await asyncio.sleep(float(self.settings["MeterValueSampleInterval"]))
            if self.transaction is one:
                self.say(self.make_event("Updated", one))

    def end(self, reason: str) -> None:
        """The transaction is over."""
        one, self._wh = self.transaction, self.meter
        assert one is not None
        self.transaction = None
        if self._sampling is not None:
            self._sampling.cancel()
        if self.defect == "calls a remote stop local" and reason == "Remote":
            reason = "Local"
        self.say(self.make_event("Ended", one, reason))
        if self.defect == "tells the end twice":
            self.say(self.make_event("Ended", one, reason))
        if self.defect == "goes on after the end":
            self.say(self.make_event("Updated", one))
        self._tell_status()

    def judged(self, one: Transaction, status: str) -> None:
        """What the central system says of the token when the transaction has begun (1.6 §4.8, 2.x C10/E05)."""
        refused = status != "Accepted" and self.settings["StopTransactionOnInvalidId"] == "true"
        if self.defect == "charges on when the start is refused":
            return
        if refused and self.transaction is one:
            self.end("DeAuthorized")

    def make_event(self, kind: str, one: Transaction, reason: str = "") -> Job:
        """Something of a transaction, with the time, reading and number that it has now."""
        at, meter, offline = self.now(), self.meter, self.wire is None
        number, one.seq = one.seq, one.seq + 1
        if self.defect == "skips a sequence number" and kind == "Started":
            one.seq += 1
        if self.defect == "ends below where it began" and kind == "Ended":
            meter = one.meter_start - 500
        if self.defect == "never says that it was offline":
            offline = False
        if self.defect == "gives late messages the time of sending":
            return lambda wire: wire.event(kind, one, number, self.now(), meter, offline, reason)
        return lambda wire: wire.event(kind, one, number, at, meter, offline, reason)
