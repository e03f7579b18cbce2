"""A link with faults over it: what it is given and what it gives pass through the chain, each direction in its lane.

It writes into the journal what really crosses the wire below it, so whoever owns it does not (`shared.peer`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from shared.faults.effects import IN, OUT, Close, Cut, Deliver, Message, Stall
from shared.faults.lane import Item, Lane
from shared.faults.scribe import Memory, Scribe, Tale
from shared.journal.entry import HELD
from shared.link import NORMAL, Link, LinkClosed
from shared.versions import Version

if TYPE_CHECKING:
    from shared.faults.chain import Faults, Step
    from shared.faults.envelope import Handle

MOST_WAITING = 1000
"""Messages that may wait in a lane: who has more to send waits with it, and no more are read from the wire, as with
a socket that is full."""

CLOSE_PATIENCE = 5.0
"""Seconds that what waits gets to go out when we close the connection."""


class FaultyLink:
    """A `Link` that spoils what passes. Owns the two lanes; `ref` is the journal's number of what `recv` gave last."""

    def __init__(self, link: Link, faults: Faults, station: str, version: Version | None) -> None:
        self.ref = 0
        self._link = link
        self._faults = faults
        self._scribe = Scribe(faults.journal, faults.end, station)
        self._memory = Memory(version)
        self._station = station
        self._loop = asyncio.get_running_loop()
        self._in, self._out = Lane(), Lane()
        self._ended: LinkClosed | None = None
        self._read_until: asyncio.Timeout | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._room: asyncio.Future[None] | None = None
        self._is_draining = False
        self._stalled_by: Handle | None = None
        self._stall_timer: asyncio.TimerHandle | None = None
        self.heard: Callable[[str, Message, int, Tale], object] | None = None
        """Hears of each message before anything is done to it: which way (in, out), the message, its number in the
        journal, and what the faults make of it."""
        self._is_over = False  # the end has come from below
        self._is_closed = False
        faults.links[self] = None

    # --- in ------------------------------------------------------------------------------------------------

    async def recv(self) -> Message:
        """The next message as the faults leave it. Raises `LinkClosed` behind the last."""
        while True:
            item = self._in.pop(self._loop.time())
            if item is None:
                if self._is_over and not len(self._in):
                    assert self._ended is not None
                    raise LinkClosed(self._ended.code, self._ended.reason)
                await self._read()
            elif (act := item.act) is not None:
                self._do(act, item.handles)
            else:
                text = item.text
                assert text is not None
                self.ref = item.ref
                return text

    async def _read(self) -> None:
        """Take one message from below into the lane, or wait until something in it is due or has changed."""
        message: Message | None = None
        try:
            async with asyncio.timeout_at(self._in.next_due()) as self._read_until:
                if self._is_over or self._stalled_by is not None or len(self._in) >= MOST_WAITING:
                    await self._loop.create_future()  # never done: only time or a change ends it
                else:
                    message = await self._link.recv()
        except TimeoutError:
            pass
        except LinkClosed as ended:
            self._end(ended)
        finally:
            self._read_until = None
        if message is not None:
            self.came(message)

    def came(self, message: Message) -> None:
        """A message has come over the wire: write it down and take it up."""
        ref = self._scribe.frame(IN, message)
        if self._is_closed:  # by us: nobody is served any more
            return
        waits = not self._in.is_free
        steps, tale = self._spoiled(message, IN, ref)
        self._scribe.tell(ref, tale)
        if self.heard is not None:
            self.heard(IN, message, ref, tale)
        if waits and not tale:
            self._tell_of_waiting(ref, self._in)
        for step in steps:
            self._in.put(Item(step.effect, ref, step.handles), self._loop.time())

    def _wake_reader(self) -> None:
        """Have `recv` look into its lane again; what is being read meanwhile is not lost."""
        until = self._read_until
        if until is not None and not until.expired():
            until.reschedule(self._loop.time())

    # --- out -----------------------------------------------------------------------------------------------

    async def send(self, message: Message) -> None:
        """Send `message` as the faults leave it, now or later. Raises `LinkClosed`."""
        while len(self._out) >= MOST_WAITING and self._ended is None:
            if self._room is None:
                self._room = self._loop.create_future()
            await asyncio.shield(self._room)
        if self._ended is not None:
            ref = self._scribe.frame(HELD, message)
            self._not_sent(ref)
            raise LinkClosed(self._ended.code, self._ended.reason)
        self._put_out(message)
        await self._drain()

    def _put_out(self, message: Message) -> None:
        is_free = self._out.is_free and not self._is_draining
        steps, tale = self._spoiled(message, OUT, self._scribe.next)
        first = steps[0].effect if steps else None
        as_meant = is_free and isinstance(first, Deliver) and _is_untouched(first, message)
        waits = not is_free and not tale
        reason = "" if as_meant else "+".join(handle.name for handle, *_ in tale) or self._holder(self._out)
        ref = self._scribe.frame(OUT if as_meant else HELD, message, reason)
        self._scribe.tell(ref, tale)
        if self.heard is not None:
            self.heard(OUT, message, ref, tale)
        if waits:
            self._tell_of_waiting(ref, self._out)
        for at, step in enumerate(steps):
            label = "+".join(dict.fromkeys(handle.name for handle in step.handles))
            recorded = as_meant and at == 0
            fault = "" if recorded else label or ("" if is_free else reason)
            self._out.put(Item(step.effect, ref, step.handles, fault, recorded), self._loop.time())

    def _holder(self, lane: Lane) -> str:
        """The fault for which what comes now must wait; "" when it need not."""
        holder = self._stalled_by or lane.holder
        return holder.name if holder is not None else ""

    async def _drain(self) -> None:
        """Let pass what is due, one after another; for the rest a timer is set."""
        if self._is_draining:
            return
        self._is_draining = True
        try:
            while (item := self._out.pop(self._loop.time())) is not None:
                await self._cross(item)
        finally:
            self._is_draining = False
            self._set_timer()
            if self._room is not None and len(self._out) < MOST_WAITING:
                room, self._room = self._room, None
                room.set_result(None)

    async def _cross(self, item: Item) -> None:
        if (act := item.act) is not None:
            self._do(act, item.handles)
            return
        text = item.text
        assert text is not None
        if self._ended is not None:
            self._not_sent(item.ref)
            return
        ref = item.ref if item.recorded else self._scribe.frame(OUT, text, item.fault, item.ref)
        try:
            await self._link.send(text)
        except LinkClosed as ended:
            self._not_sent(ref, ended)
            raise

    def _set_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        due = self._out.next_due()
        if due is not None:
            self._timer = self._loop.call_at(due, self._drain_soon)

    def _drain_soon(self) -> None:
        self._timer = None
        if not self._is_draining and self._out.next_due() is not None:
            self._faults.tasks.spawn(self._drain_alone())

    async def _drain_alone(self) -> None:
        try:
            await self._drain()
        except LinkClosed:
            pass  # noted; recv() meets the end of the link and reports it

    # --- what is done to the connection ----------------------------------------------------------------------

    def _do(self, act: Close | Cut | Stall, handles: tuple[Handle, ...]) -> None:
        if isinstance(act, Stall):
            self._stall(act, handles[-1])
            return
        self._unstall()
        self._is_closed = True  # what has come behind it is lost
        if isinstance(act, Close):
            self._over_out(LinkClosed(act.code, act.reason))
            self._faults.tasks.spawn(self._link.close(act.code, act.reason))
            return
        self._over_out(LinkClosed(1006, "cut on purpose"))
        reset: Callable[[], None] = getattr(self._link, "reset", self._link.abort)
        reset()

    def _stall(self, stall: Stall, handle: Handle) -> None:
        self._unstall()
        if self._is_over or self._is_closed or handle not in self._faults:
            return
        self._stalled_by = handle
        self._faults.blame.stalled(self._station, handle.name, None)
        self._in.blocked = self._out.blocked = True
        self._pause_below(True)
        if stall.seconds is not None:
            self._stall_timer = self._loop.call_later(stall.seconds, self._unstall)
        self._wake_reader()

    def _unstall(self) -> None:
        """Read and write again."""
        if self._stall_timer is not None:
            self._stall_timer.cancel()
            self._stall_timer = None
        if self._stalled_by is None:
            return
        self._faults.blame.stalled(self._station, self._stalled_by.name, self._faults.journal.clock.elapsed())
        self._stalled_by = None
        self._in.blocked = self._out.blocked = False
        self._pause_below(False)
        self._wake_reader()
        self._drain_soon()

    def _pause_below(self, stalled: bool) -> None:
        pause: Callable[[bool], None] | None = getattr(self._link, "stall", None)
        if pause is not None:
            pause(stalled)

    def release(self, handle: Handle | None = None) -> None:
        """Let what `handle` (or any) held back pass now, and undo its stall."""
        if handle is None or handle is self._stalled_by:
            self._unstall()
        now = self._loop.time()
        for lane in (self._in, self._out):
            lane.release(now, handle)
        self._wake_reader()
        self._drain_soon()

    # --- the end ---------------------------------------------------------------------------------------------

    async def close(self, code: int = NORMAL, reason: str = "") -> None:
        """End the connection; what waits passes before that. Never raises."""
        self._is_closed = True
        self._unstall()
        self._in.release(self._loop.time())
        self._out.release(self._loop.time())
        self._wake_reader()
        try:
            async with asyncio.timeout(CLOSE_PATIENCE):
                await self._drain_alone()
        except TimeoutError:
            pass  # the socket is full: what did not go is noted below
        self._over_out(LinkClosed(code, reason))
        await self._link.close(code, reason)

    def abort(self) -> None:
        """Cut the connection; what waits in either direction is lost with it."""
        self._unstall()
        self._over_out(LinkClosed(1006))
        self._lose(self._in.clear())
        self._link.abort()
        self._wake_reader()

    def forsake(self) -> None:
        """Nobody reads any more: note what waits, and leave the faults."""
        self._over_out(LinkClosed(1006, "no longer served"))
        self._unstall()
        self._lose(self._in.clear())
        self._faults.links.pop(self, None)

    def _end(self, ended: LinkClosed) -> None:
        """The connection below has ended; what came before that is still handed over, in its order and time."""
        self._is_over = True
        self._over_out(ended, final=True)
        self._lose(self._in.clear(aside_only=True))

    def _over_out(self, ended: LinkClosed, *, final: bool = False) -> None:
        """Nothing can be sent any more; note what waited for it."""
        if self._ended is None or final:
            self._ended = ended
        for item in self._out.clear():
            if item.text is not None:
                self._not_sent(item.ref)
        self._set_timer()
        if self._room is not None:
            room, self._room = self._room, None
            room.set_result(None)

    def _lose(self, items: list[Item]) -> None:
        for item in items:
            if item.text is not None:
                words = "the connection ended before it was handed over"
                self._scribe.note("not_handed", words, item.ref)

    # --- the chain and the journal -----------------------------------------------------------------------------

    def _spoiled(self, message: Message, direction: str, ref: int) -> tuple[list[Step], Tale]:
        """What becomes of a message that gets, or got, number `ref` in the journal."""
        memory = self._memory
        frame = memory.frame(direction, message)
        if frame.kind in ("call", "send"):
            memory.remember(frame)
        read = partial(memory.frame, direction)
        steps, tale = self._faults.spoiled(message, self._station, read, self._stalled_by)
        for step in steps if tale and frame.kind == "call" else ():
            if isinstance(step.effect, Deliver):  # the answer comes under the id that travels
                memory.remember(read(step.effect.text), frame.names)
        memory.passed(frame)
        blame = self._faults.blame
        blame.passes(ref, frame)
        for handle, _, changed in tale:
            blame.done(self._station, frame, handle.name, changed)
        return steps, tale

    def _tell_of_waiting(self, ref: int, lane: Lane) -> None:
        name = self._holder(lane)
        self._faults.blame.waits(self._station, ref, name)
        self._scribe.note("held", f"waits behind what {name or 'a fault'} holds back", ref, fault=name)

    def _not_sent(self, ref: int, ended: LinkClosed | None = None) -> None:
        self._scribe.note("not_sent", f"the connection had ended already: {ended or self._ended}", ref)


def _is_untouched(delivery: Deliver, message: Message) -> bool:
    return delivery == Deliver(message) and type(delivery.text) is type(message)
