"""A peer: one end of a live connection. Pumps a link through an `Rpc`, serves handlers, makes calls.

Reading never stops: a synchronous handler is answered inline, an asynchronous one in a task of its own, so
that a handler may itself call the other side. A call fails at once when the link goes.

This module reads, serves and answers; calling is in `shared.calling`, what is noted about the peer in `shared.remarks`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sized
from typing import Any

from shared.calling import (
    CallFailed,
    Calling,
    CallRefused,
    CallTimedOut,
    ConnectionLost,
    InvalidAnswer,
    InvalidPayload,
)
from shared.dispatch import Answer, Consequence, Handler, NoAnswer, Payload, Refuse, Table
from shared.journal.entry import IN, OUT
from shared.link import Link, LinkClosed, RecordingLink
from shared.remarks import Pile, call_in, handling
from shared.setting import DEFAULT_TIMEOUT, OFF, STRICT, WARN, Setting
from shared.versions import ERROR_CODES, Version, refusal
from shared.wire.events import Answered, Called, Refused, Sent, Unusable
from shared.wire.rpc import Rpc
from shared.wire.schema import Violation, in_words
from shared.wire.typed import as_wire

__all__ = [
    "DEFAULT_TIMEOUT",
    "OFF",
    "STRICT",
    "WARN",
    "CallFailed",
    "CallRefused",
    "CallTimedOut",
    "ConnectionLost",
    "InvalidAnswer",
    "InvalidPayload",
    "Peer",
    "Setting",
]


class Peer(Calling):
    """One connection. `context` is what handlers get first; `id_prefix` begins each of our message ids."""

    __slots__ = ("_link", "_send_at_once", "_tap", "_then", "context", "handlers", "last_sent")

    def __init__(
        self,
        link: Link,
        version: Version,
        handlers: Table,
        context: Any,
        setting: Setting,
        *,
        station: str,
        id_prefix: str,
    ) -> None:
        rpc = Rpc(version, handlers, enforce=setting.schema == STRICT, check=setting.schema != OFF)
        super().__init__(version, rpc, setting, station, id_prefix)
        self._link = link
        self._send_at_once: Callable[[str], bool] | None = getattr(link, "send_at_once", None)
        """How a message goes out without a wait: see `PromptLink`."""
        self._tap: RecordingLink | None = None
        """Our link where it writes the journal by itself, below the faults; None where we do."""
        self.handlers = handlers
        self.context = context
        self.last_sent = setting.journal.clock.elapsed()
        """When something was sent last, on the clock's elapsed scale (heartbeats: G02.FR.05)."""
        self._then: dict[str, Consequence] | None = None
        if setting.faults is not None and setting.faults.spoil:
            self.spoil()

    # --- reading -----------------------------------------------------------------------------------------

    async def run(self) -> LinkClosed:
        """Serve the connection until it ends; gives how it ended. Cancelling it is the owner's business."""
        tap = self._tap
        recv = self._link.recv
        waiting: Sized | None = getattr(self._link, "waiting", None)  # a `QueueingLink`
        pile: Pile | None = None
        to_send = self.rpc.frames_to_send
        is_heard = True
        tell: Callable[[Callable[[str], bool] | None], None] | None = getattr(self._link, "tell", None)
        if tell is not None:  # a `TellingLink`
            tell(self._hear)
        try:
            while True:
                frame = await recv()
                if tap is not self._tap:  # faults came over the link while we were reading
                    tap = self._tap
                    assert tap is not None
                    recv = tap.recv
                    tap.came(frame)
                    continue
                if self._ended is not None:  # closed by us: what was still on its way is not served any more
                    if tap is None:
                        self._setting.journal.frame(self._setting.end, self.station, IN, frame)
                    continue
                answered = self._answer_due
                if waiting or pile is not None:
                    pile = self._take_from_pile(pile, frame)
                    pile = pile if waiting else None
                else:
                    self._take(frame)
                if answered is not None and answered.done():
                    # who waited goes on first: a command may have come together with the answer to a boot
                    await asyncio.sleep(0)
                if to_send and is_heard:
                    if self._flush_at_once():
                        continue
                    try:
                        await self._flush()
                    except LinkClosed:
                        is_heard = False  # nobody takes answers any more, but what came before the end counts
                if not is_heard:
                    to_send.clear()
        except LinkClosed as ended:
            self._end(ended)
            return ended
        finally:
            self._end(LinkClosed(1006, "no longer served"))
            if tell is not None:
                tell(None)
            if self._tap is not None:
                self._tap.forsake()

    def _take_from_pile(self, pile: Pile | None, frame: str | bytes) -> Pile:
        """Take one of several messages that came before we could answer the first of them."""
        if pile is None:
            silence = self._setting.journal.clock.elapsed() - self.last_sent
            pile = Pile("", silence < self._setting.timeout and self.rpc.idle)
        self._take(frame)
        call = call_in(frame)
        self._note_haste(pile, call)
        due = self.rpc.frames_to_send
        return pile._replace(answered=call[0] if call and due and due[-1][0] == call[0] else "")

    def _hear(self, frame: str) -> bool:
        """Take a message from a link that tells us of it, as `run` does with what it reads; False: `run` must.

        Only while `run` waits for this very message, so that all before it has been taken.
        """
        to_send = self.rpc.frames_to_send
        if to_send or self._ended is not None or self._tap is not None:
            return False
        self._take(frame)
        if to_send and not self._flush_at_once():
            self._setting.tasks.spawn(self._flush_rest())
        return True

    async def _flush_rest(self) -> None:
        try:
            await self._flush()
        except LinkClosed:
            pass  # run() reads the end of the link and reports it

    def _take(self, frame: str | bytes) -> None:
        setting = self._setting
        tap = self._tap
        self._ref = setting.journal.frame(setting.end, self.station, IN, frame) if tap is None else tap.ref
        event: Any = self.rpc.take(frame)
        if type(event) is tuple:  # nearly always
            unique_id, action, payload = event
            handler = self.handlers[action]
            if handler.is_async:
                self._begin(handler, Called(unique_id, action, payload))
            else:
                self._serve(handler, unique_id, action, payload)
        elif type(event) is Called:
            self._take_odd_call(event)
        elif type(event) is Answered or type(event) is Refused:
            self._answered(event)
        elif type(event) is Sent:
            self._serve_send(self.handlers[event.action], event)
        else:
            assert isinstance(event, Unusable)
            self._remark(event)

    def _take_odd_call(self, event: Called) -> None:
        """A call that breaks its schema, or comes while another is in work."""
        if event.violations:
            self._find("invalid_request", f"{event.action}: {in_words(event.violations)}")
        if len(self.rpc.in_work) > 1:
            self._note_overlap(event)
        handler = self.handlers[event.action]
        if handler.is_async:
            self._begin(handler, event)
        else:
            self._serve(handler, *event)

    def _begin(self, handler: Handler, event: Called) -> None:
        """An asynchronous handler, in a task of its own."""
        if len(self.rpc.in_work) == 1:
            self._in_work_since = self._setting.journal.clock.elapsed()
        self._setting.tasks.spawn(self._serve_slowly(handler, event, self._ref))

    def _serve(
        self,
        handler: Handler,
        unique_id: str,
        action: str,
        payload: Payload,
        violations: list[Violation] | tuple[()] = (),
    ) -> None:
        """A synchronous handler, answered before the next message is read."""
        context, gate = self.context, self._setting.gate
        try:
            if gate is not None:
                gate(context, action, payload)
            answer = handler.function(context, payload)
            if type(answer) is dict and self.rpc.answers[action].is_valid(answer):
                self.rpc.answer(unique_id, answer)
                return
        except Exception as error:
            self._answer_error(Called(unique_id, action, payload, violations), error)
        else:
            self._answer(Called(unique_id, action, payload, violations), answer)

    async def _serve_slowly(self, handler: Handler, event: Called, ref: int) -> None:
        """An asynchronous handler, in a task of its own."""
        handling.set((self, ref))
        try:
            if self._setting.gate is not None:
                self._setting.gate(self.context, event.action, event.payload)
            answer = await handler.function(self.context, event.payload)
        except asyncio.CancelledError:
            self.rpc.drop(event.id)
            raise
        except Exception as error:
            self._answer_error(event, error)
        else:
            self._answer(event, answer)
        if self._ended is None:
            await self._flush_rest()

    def _serve_send(self, handler: Handler, event: Sent) -> None:
        """A SEND's handler: what goes wrong in it cannot be answered (2.1 FR.07)."""
        if event.violations:
            self._find("invalid_request", f"{event.action}: {in_words(event.violations)}")
        try:
            if self._setting.gate is not None:
                self._setting.gate(self.context, event.action, event.payload)
            outcome = handler.function(self.context, event.payload)
        except (Refuse, NoAnswer):
            pass
        except Exception as error:
            if not self._violations(event):
                self._crash(event.action, error)
        else:
            if handler.is_async:
                self._setting.tasks.spawn(outcome)

    def _answer(self, event: Called, answer: Any) -> None:
        action, rpc = event.action, self.rpc
        try:
            if type(answer) is Answer:
                if self._then is None:
                    self._then = {}
                self._then[event.id] = answer.then
                answer = answer.payload
            payload = answer if type(answer) is dict else as_wire(self.version, answer)
            if type(payload) is dict and rpc.answers[action].is_valid(payload):
                rpc.answer(event.id, payload)
                return
            violations = rpc.schemas.violations(action, payload, answer=True)
        except (TypeError, ValueError) as error:  # what the handler gave cannot be written as JSON
            self._answer_error(event, error)
        else:
            self._answer_error(event, InvalidPayload(f"our answer to {action}", violations))

    def _answer_error(self, event: Called, error: Exception) -> None:
        if self._then is not None:
            self._then.pop(event.id, None)
        if isinstance(error, NoAnswer):
            self.rpc.drop(event.id)
        elif isinstance(error, Refuse):
            self._refuse(event, error)
        elif self._ended is not None and isinstance(error, CallFailed):
            self.rpc.drop(event.id)  # what the handler called has gone, and so has who waits for the answer
        elif violations := self._violations(event):  # of these the handler could make nothing
            code = refusal(self.version, violations[0].symptom).code or "GenericError"
            self.rpc.refuse(event.id, code, in_words(violations))
        else:
            self._crash(event.action, error)
            self.rpc.refuse(
                event.id, "InternalError", f"{type(error).__name__} while handling {event.action}"
            )

    def _refuse(self, event: Called, refused: Refuse) -> None:
        """What a handler refuses on purpose; a refusal that cannot be sent so is a bug of ours."""
        try:
            if refused.code not in ERROR_CODES[self.version]:
                raise ValueError(f"{refused.code} is no error code of OCPP {self.version}")
            self.rpc.refuse(event.id, refused.code, refused.description, refused.details)
        except (TypeError, ValueError) as error:
            self._crash(event.action, error)
            self.rpc.refuse(event.id, "InternalError", refused.description)

    # --- the wire ----------------------------------------------------------------------------------------

    async def close(self, code: int = 1000, reason: str = "") -> None:
        """Close the connection; `run` then gives how it ended."""
        self._end(LinkClosed(code, reason))
        await self._link.close(code, reason)

    def spoil(self) -> None:
        """Have what crosses the wire from now on go through the faults of the program; no message is lost by that."""
        faults = self._setting.faults
        if self._tap is None and faults is not None and self._ended is None:
            self._link = self._tap = faults.link(self._link, self.station, self.version)
            self._send_at_once = None

    def abort(self) -> None:
        """Cut the connection without a close frame."""
        self._link.abort()

    @property
    def is_open(self) -> bool:
        """Whether the connection has not ended, as far as we know."""
        return self._ended is None

    def _flush_at_once(self) -> bool:
        """Send the answers that are due as `_flush` does, as far as that takes no wait; False when some are left."""
        to_send = self.rpc.frames_to_send
        while to_send:
            unique_id, frame = to_send[0]
            if not self._put_at_once(frame):
                return False
            del to_send[0]
            if self._then and (then := self._then.pop(unique_id, None)) is not None:
                self._follow_up(then)
        return True

    async def _flush(self) -> None:
        """Send the answers that are due, in order, each followed by its consequence."""
        to_send = self.rpc.frames_to_send
        while to_send:
            unique_id, frame = to_send.pop(0)
            await self._put(frame)
            if self._then:
                then = self._then.pop(unique_id, None)
                if then is not None:
                    self._follow_up(then)

    def _put_at_once(self, frame: str) -> bool:
        send = self._send_at_once
        if send is None or self._ended is not None or not send(frame):
            return False
        setting = self._setting
        journal = setting.journal
        journal.frame(setting.end, self.station, OUT, frame)
        self.last_sent = journal.last
        return True

    async def _put(self, frame: str | bytes) -> None:
        if self._ended is not None:
            raise LinkClosed(self._ended.code, self._ended.reason)
        setting = self._setting
        journal = setting.journal
        if self._tap is not None:  # which writes down what becomes of the frame
            self.last_sent = journal.clock.elapsed()
            await self._tap.send(frame)
            return
        ref = journal.frame(setting.end, self.station, OUT, frame)
        self.last_sent = journal.last
        try:
            await self._link.send(frame)
        except LinkClosed as ended:
            words = f"the connection had ended already: {ended}"
            journal.note(self.station, "not_sent", words, end=setting.end, ref=ref)
            raise

    def _follow_up(self, then: Consequence) -> None:
        try:
            outcome = then()
        except Exception as error:
            self._crash("what follows an answer", error)
        else:
            if outcome is not None:
                self._setting.tasks.spawn(_await(outcome))

    def _end(self, ended: LinkClosed) -> None:
        """The link has gone: what waits for it fails now, not when its time runs out."""
        if self._ended is None:
            self._ended = ended
        self._lose_calls(ended)
        self._then = None


async def _await(outcome: Awaitable[object]) -> None:
    await outcome
