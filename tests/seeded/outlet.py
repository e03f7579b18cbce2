"""One EVSE of the foreign station, with its plug, its transaction and its meter; and what can be seeded into it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.seeded.station import Box

Job = Callable[[Any], Awaitable[object]]

POWER = 11_000.0
"""W that the car takes."""


class Transaction:
    """One transaction: `id` is the station's in 2.x, the central system's in 1.6. Readings in Wh."""

    def __init__(self, id: str, evse: int, token: str, meter: float, remote_start_id: int | None) -> None:
        self.id: Any = id
        self.evse = evse
        self.token = token
        self.meter_start = meter
        self.remote_start_id = remote_start_id
        self.seq = 0


class Outlet:
    """The EVSE `evse` of `box`, with one connector."""

    def __init__(self, box: Box, evse: int) -> None:
        self.box = box
        self.evse = evse
        self.plugged = False
        self.granted: tuple[str, int | None] | None = None
        """The token that may charge as soon as the cable is in, and the request from afar that brought it."""
        self.transaction: Transaction | None = None
        self._wh = 1_000.0
        self._since = 0.0
        self._told = ""
        self._sampling: asyncio.Task[Any] | None = None

    def plug_in(self) -> None:
        """The cable is put in."""
        self.plugged = True
        self.tell_status()
        if self.granted is not None:
            self._begin(*self.granted)

    def unplug(self) -> None:
        """The cable is taken out."""
        self.plugged = False
        self.granted = None
        if self.transaction is not None:
            self.end("EVDisconnected")
        if self.box.defect == "stays occupied after the cable is out":
            return
        if self.box.defect == "reports the free plug late":
            asyncio.get_running_loop().call_later(45, self.tell_status)
            return
        self.tell_status()

    def grant(self, token: str, remote_start_id: int | None) -> None:
        """A token may charge: at once, or when the cable is in."""
        if self.plugged:
            self._begin(token, remote_start_id)
        else:
            self.granted = (token, remote_start_id)

    def restart(self, reason: str) -> None:
        """End what runs."""
        if self.transaction is not None and self.box.defect != "forgets its transaction at a reset":
            self.end(reason)
        self.transaction = None
        if self._sampling is not None:
            self._sampling.cancel()

    # --- what it says of itself ---------------------------------------------------------------------------

    @property
    def status(self) -> str:
        """How the connector is, in the words of 1.6."""
        if self.transaction is not None:
            return "Charging"
        if not self.box.operative:
            return "Unavailable"
        return "Preparing" if self.plugged else "Available"

    @property
    def meter(self) -> float:
        """The energy register, Wh."""
        if self.transaction is None:
            return self._wh
        return self._wh + POWER / 3600 * (asyncio.get_running_loop().time() - self._since)

    def forget_what_was_told(self) -> None:
        """The status is to be told again."""
        self._told = ""

    def tell_status(self) -> None:
        """Tell the status if it is another one."""
        word, at = self.status, self.box.now()
        if word != self._told and self.box.accepted:
            self._told = word
            self.box.say(lambda wire: wire.status(self.evse, word, at))

    @property
    def is_free(self) -> bool:
        """Whether a transaction may begin here now."""
        if self.box.defect == "starts on a plug in use" and self.transaction is not None:
            return True
        box = self.box
        return box.accepted and box.operative and self.transaction is None and self.granted is None

    def _begin(self, token: str, remote_start_id: int | None) -> None:
        self.granted = None
        self._since = asyncio.get_running_loop().time()
        one = Transaction(self.box.next_id(), self.evse, token, self._wh, remote_start_id)
        self.transaction = one
        self.box.say(self.make_event("Started", one))
        self.tell_status()
        self._sampling = self.box.spawn(self._sample(one))

    async def _sample(self, one: Transaction) -> None:
        while self.transaction is one:
            await asyncio.sleep(float(self.box.settings["MeterValueSampleInterval"]))
            if self.transaction is one:
                self.box.say(self.make_event("Updated", one))

    def end(self, reason: str) -> None:
        """The transaction is over."""
        one, self._wh = self.transaction, self.meter
        assert one is not None
        self.transaction = None
        if self._sampling is not None:
            self._sampling.cancel()
        if self.box.defect == "calls a remote stop local" and reason == "Remote":
            reason = "Local"
        self.box.say(self.make_event("Ended", one, reason))
        if self.box.defect == "tells the end twice":
            self.box.say(self.make_event("Ended", one, reason))
        if self.box.defect == "goes on after the end":
            self.box.say(self.make_event("Updated", one))
        self.tell_status()

    def judged(self, one: Transaction, status: str) -> None:
        """What the central system says of the token when the transaction has begun (1.6 §4.8, 2.x C10/E05)."""
        refused = status != "Accepted" and self.box.is_set("StopTransactionOnInvalidId")
        if self.box.defect == "charges on when the start is refused":
            return
        if refused and self.transaction is one:
            self.end("DeAuthorized")

    def make_event(self, kind: str, one: Transaction, reason: str = "") -> Job:
        """Something of a transaction, with the time, reading and number that it has now."""
        defect = self.box.defect
        at, meter, offline = self.box.now(), self.meter, self.box.wire is None
        number, one.seq = one.seq, one.seq + 1
        if defect == "skips a sequence number" and kind == "Started":
            one.seq += 1
        if defect == "ends below where it began" and kind == "Ended":
            meter = one.meter_start - 500
        if defect == "never says that it was offline":
            offline = False
        if defect == "gives late messages the time of sending":
            return lambda wire: wire.event(kind, one, number, self.box.now(), meter, offline, reason)
        return lambda wire: wire.event(kind, one, number, at, meter, offline, reason)
