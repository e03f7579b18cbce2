"""The transaction messages that a station owes its CSMS: kept, in order, until delivered or given up.

The rules (1.6 §3.7, errata 3.18; 2.x part 2 E11-E13):

* One queue per station, oldest first; a new message waits until those before it are settled. Other messages may
  overtake. Nothing leaves before the registration is accepted (B01.FR.08).
* A message is what it was when it arose: timestamp, seqNo and data stay. Only `offline` turns true for what is
  still here when the link drops (E11.FR.07).
* A CALLERROR or no answer in time is a failed attempt. The next one waits the interval times the attempts so far
  (E13.FR.03); after the last one the message is given up, which the journal notes (E13.FR.04; 1.6: SHOULD). Being
  offline is no attempt, nor is the end of the process while one is under way; what was counted before it still
  counts after it. A refusal inside an answer is no failure.
* A 1.6 message that was made before its StartTransaction was answered gets the transactionId when it leaves, -1 if
  the start was given up (errata 3.18).

With a `Store` (`charge_point.store`) the queue is on disk as well: every change is in the file before the next step is
taken, and changes that belong together are there together, so that `kill -9` loses nothing.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, Any

from charge_point.parts import tell_parts
from charge_point.store import Owed, Store, together
from shared.peer import CallFailed, ConnectionLost, InvalidAnswer, InvalidPayload
from shared.versions import V16

if TYPE_CHECKING:
    from charge_point.station import Station

__all__ = ["MAX_OWED", "UNDELIVERED", "Outbox", "Owed", "Store", "is_between"]

Payload = dict[str, Any]

UNDELIVERED = -1
"""The transactionId of a 1.6 transaction whose StartTransaction was never delivered (errata 3.18)."""


MAX_OWED = 5000
"""Messages that a station holds before it begins to leave out updates."""


def is_between(owed: Owed) -> bool:
    """Whether a message is neither the first nor the last of its transaction."""
    return owed.action == "MeterValues" or owed.payload.get("eventType") == "Updated"


class Outbox:
    """The queue of one station. Owns the order, the attempts and the 1.6 transaction ids."""

    __slots__ = ("_busy", "_queue", "_station", "_timer", "numbers", "stale", "store")

    def __init__(self, station: Station, store: Store | None = None) -> None:
        self._station = station
        self._queue: deque[Owed] | None = None
        self._busy = False
        self._timer: asyncio.TimerHandle | None = None
        self.store = store
        if store is not None:
            store.told_by(station.note)
        self.stale = 0
        """The transactionId that was given last, for stations that mix them up."""
        self.numbers: dict[str, int] | None = None
        """Our id of a 1.6 transaction -> the CSMS's transactionId."""

    def __len__(self) -> int:
        return len(self._queue) if self._queue else 0

    def owes(self, transaction: str) -> bool:
        """Whether a message of the transaction with this id is still here (E14.FR.04)."""
        return any(owed.transaction == transaction for owed in self._queue or ())

    def add(self, action: str, payload: Payload, transaction: str) -> None:
        """Owe a message, and deliver it as soon as its turn comes."""
        if how := self._station.setup.quirks.offline_transaction_id:
            payload = self._misnumbered(how, action, payload, transaction)
        owed = Owed(action, payload, transaction, self._station.version)
        if self.store is not None:
            owed.row = self.store.owe(self._station.id, owed)
        if self._queue is None:
            self._queue = deque()
        self._queue.append(owed)
        if len(self._queue) > (self._station.setup.offline_queue or MAX_OWED):
            self._thin()
        if self._station.setup.quirks.status_order == "before":  # a status overtakes what comes of the same
            asyncio.get_running_loop().call_later(0.05, self.deliver)
        else:
            self.deliver()

    def _misnumbered(self, how: str, action: str, payload: Payload, transaction: str) -> Payload:
        """What a station with this quirk writes before its start was answered (1.6 errata 3.18 has -1 for later)."""
        number = (self.numbers or {}).get(transaction)
        late = action in ("StopTransaction", "MeterValues") and self._station.version is V16
        if number is not None or not late:
            return payload
        return payload | {"transactionId": {"zero": 0, "minus_one": -1}.get(how, self.stale)}

    def _thin(self) -> None:
        """Low on memory: every second message in between goes, never a first or last one (E04.FR.07, .08, E12.FR.05;
        1.6 errata 3.14)."""
        assert self._queue is not None
        between = [owed for owed in list(self._queue)[1:] if is_between(owed)]  # the first may be on its way
        gone = between[::2]
        for owed in gone:
            self._queue.remove(owed)
            if self.store is not None:
                self.store.settle(owed)
        self._station.note("thinned", f"{len(gone)} updates of transactions were dropped for lack of memory")

    def restore(self) -> int:
        """Take up what an earlier process left on disk; gives how many messages that is."""
        if self.store is None:
            return 0
        left = self.store.owed(self._station.id)
        self.numbers = self.store.numbers(self._station.id) or self.numbers
        if left:
            self._queue = deque([*left, *(self._queue or ())])
        for owed in left:
            self._mark_offline(owed)
        return len(left)

    # --- connection ---------------------------------------------------------------------------------------

    def went_offline(self) -> None:
        """The link is gone: what is still here counts as offline (E11.FR.07), and no attempt is running."""
        self._cancel_timer()
        with together(self.store):
            for owed in self._queue or ():
                self._mark_offline(owed)

    def _mark_offline(self, owed: Owed) -> None:
        if owed.version is not V16 and not owed.payload.get("offline"):
            owed.payload = owed.payload | {"offline": True}
            if self.store is not None:
                self.store.change(owed)

    def deliver(self) -> None:
        """Begin to deliver unless that is under way, or has to wait."""
        if self._queue and not self._busy and self._timer is None and self._station.may_send:
            self._busy = True
            self._station.tasks.spawn(self._deliver())

    async def _deliver(self) -> None:
        try:
            while self._queue and self._timer is None and self._station.may_send:
                await self._deliver_first(self._queue[0])
        finally:
            self._busy = False
        self._station.changed()

    async def _deliver_first(self, owed: Owed) -> None:
        station = self._station
        if owed.version is not station.version:
            self._give_up(owed, f"it was made for OCPP {owed.version}, the CSMS speaks {station.version}")
            return
        try:
            answer = await station.call(owed.action, self._complete(owed))
        except ConnectionLost:
            if station.may_send:  # the peer knows it before the station does
                self._wait(0.1)
        except InvalidAnswer as broken:
            # It was answered, so it was taken; the peer has noted what is wrong with the answer.
            with together(self.store):
                self._settle(owed)
                station.delivered(owed, {}, str(broken))
        except CallFailed as failed:
            self._failed(owed, failed)
        except InvalidPayload as ours:
            self._give_up(owed, str(ours))  # it would block the queue for ever
            asyncio.get_running_loop().call_soon(self.deliver)
            raise
        else:
            with together(self.store):  # a start without its number could not be stopped
                self._settle(owed)
                station.delivered(owed, answer)

    def _failed(self, owed: Owed, failed: CallFailed) -> None:
        owed.attempts += 1
        model = self._station.model
        most = max(model.integer("TransactionMessageAttempts"), 1)
        if owed.attempts >= most:
            self._give_up(owed, f"{owed.attempts} of {most} attempts failed; the last: {failed}")
        else:
            if self.store is not None:
                self.store.attempted(owed)
            self._wait(model.seconds("TransactionMessageRetryInterval") * owed.attempts)

    def _give_up(self, owed: Owed, why: str) -> None:
        words = f"{owed.action} of transaction {owed.transaction} was given up: {why}"
        self._station.note(
            "given_up", words, lost=owed.payload
        )  # before it is gone: nothing goes without a word
        with together(self.store):
            self._settle(owed)
            if owed.action == "StartTransaction":
                self.number(owed.transaction, UNDELIVERED)
            elif owed.action == "StopTransaction":
                self.forget(owed.transaction)
        tell_parts(self._station, lambda part: part.given_up(owed))

    def _settle(self, owed: Owed) -> None:
        assert self._queue is not None
        self._queue.popleft()
        if self.store is not None:
            self.store.settle(owed)

    def _wait(self, seconds: float) -> None:
        self._timer = asyncio.get_running_loop().call_later(seconds, self._waited)

    def _waited(self) -> None:
        self._timer = None
        self.deliver()

    def _cancel_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def stop(self) -> None:
        """The station is closed: nothing more is sent; what is owed stays on disk."""
        self._cancel_timer()

    # --- 1.6 transaction ids ------------------------------------------------------------------------------

    def number(self, transaction: str, number: int) -> None:
        """The CSMS gave the transaction with our id `transaction` its number."""
        if self.numbers is None:
            self.numbers = {}
        self.numbers[transaction] = self.stale = number
        if self.store is not None:
            self.store.number(self._station.id, transaction, number)

    def forget(self, transaction: str) -> None:
        """The last message of the transaction with our id `transaction` is settled."""
        if self.numbers and self.numbers.pop(transaction, None) is not None and self.store is not None:
            self.store.forget_number(self._station.id, transaction)

    def _complete(self, owed: Owed) -> Payload:
        if owed.action not in ("StopTransaction", "MeterValues") or "transactionId" in owed.payload:
            return owed.payload
        known = (self.numbers or {}).get(owed.transaction, UNDELIVERED)
        return owed.payload | {"transactionId": known}
