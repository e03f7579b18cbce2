"""Our calls: one outstanding, the others in a queue, each with a good answer or a reason why there is none.

The next call goes out when the one before is answered or its time is up (1.6 §4.1.1, 2.x FR.01). A caller that is
cancelled changes nothing about that: the peer has its call, so the queue waits for the answer in its stead.
"""

from __future__ import annotations

import asyncio
from collections import deque
from functools import partial
from typing import Any

from shared.actions import ACTIONS, SENDS
from shared.dispatch import Payload
from shared.link import LinkClosed
from shared.remarks import Remarks
from shared.setting import STRICT, Setting
from shared.versions import NOT_OBJECT, UNKNOWN_ACTION, WRONG_TYPE, Version
from shared.wire.events import Answered, Refused
from shared.wire.rpc import Rpc
from shared.wire.schema import Violation, in_words
from shared.wire.typed import as_wire


class CallFailed(Exception):
    """A call of ours had no good answer."""


class CallRefused(CallFailed):
    """The peer answered with a CALLERROR."""

    def __init__(self, action: str, code: str, description: str, details: Any) -> None:
        super().__init__(f"{action} was refused: {code}{': ' if description else ''}{description}")
        self.action = action
        self.code = code
        self.description = description
        self.details = details


class CallTimedOut(CallFailed):
    """No answer came in time."""


class ConnectionLost(CallFailed):
    """The connection went before the answer came, or is not there."""


class InvalidAnswer(CallFailed):
    """The answer breaks the schema; `violations` says where."""

    def __init__(self, action: str, violations: list[Violation]) -> None:
        super().__init__(f"the answer to {action} breaks its schema: {'; '.join(map(str, violations[:5]))}")
        self.violations = violations


class InvalidPayload(ValueError):
    """What we were about to send breaks the schema; nothing was sent."""

    def __init__(self, action: str, violations: list[Violation]) -> None:
        super().__init__(f"{action} would break its schema: {'; '.join(map(str, violations[:5]))}")
        self.violations = violations


class Calling(Remarks):
    """The part of a peer that calls. `id_prefix` begins each of our message ids."""

    __slots__ = (
        "_answer_due",
        "_answer_ref",
        "_busy",
        "_count",
        "_ended",
        "_sender",
        "_waiting",
        "id_prefix",
    )

    def __init__(self, version: Version, rpc: Rpc, setting: Setting, station: str, id_prefix: str) -> None:
        super().__init__(version, rpc, setting, station)
        self.id_prefix = id_prefix
        self._count = 0
        self._busy = False
        self._waiting: deque[asyncio.Future[None]] | None = None
        self._answer_due: asyncio.Future[Answered | Refused] | None = None
        self._answer_ref = 0
        self._sender: asyncio.Task[Any] | None = None  # who waits for the link to take our call
        self._ended: LinkClosed | None = None

    def _put_at_once(self, frame: str) -> bool:
        """Send `frame` if that takes no wait; False: nothing was sent."""
        raise NotImplementedError

    async def _put(self, frame: str | bytes) -> None:
        """Send `frame`. Raises `LinkClosed`."""
        raise NotImplementedError

    async def call(
        self, action: str, payload: Any, *, timeout: float | None = None, valid: bool = True
    ) -> Payload:
        """Call the other side, after the calls before this one have ended, and give its answer's payload.

        `timeout` is in seconds from the sending. `valid=False` sends what breaks the schema all the same.
        Raises `InvalidPayload` before anything is sent, else a `CallFailed`.
        """
        wire = as_wire(self.version, payload)
        if valid:
            self._insist_on_valid(action, wire, sent=False)
        await self._turn()
        try:
            unique_id = self.new_id()
            frame = self.rpc.call(unique_id, action, wire)
        except BaseException:
            self._next_turn()
            raise
        return await self._await_answer(
            action, unique_id, frame, self._setting.timeout if timeout is None else timeout
        )

    async def send(self, action: str, payload: Any, *, valid: bool = True) -> None:
        """SEND a message, which is never answered (2.1 §4.2.4). Raises `InvalidPayload`, `ConnectionLost`."""
        wire = as_wire(self.version, payload)
        if valid:
            self._insist_on_valid(action, wire, sent=True)
        await self.send_raw(self.rpc.send(self.new_id(), action, wire))

    async def send_raw(self, frame: str | bytes) -> None:
        """Put `frame` on the wire as it is, whatever it is."""
        try:
            await self._put(frame)
        except LinkClosed as ended:
            raise ConnectionLost(f"the connection is closed ({ended})") from None

    def new_id(self) -> str:
        """A message id that this end has not used before."""
        self._count += 1
        return f"{self.id_prefix}{self._count}"

    async def _await_answer(self, action: str, unique_id: str, frame: str, timeout: float) -> Payload:
        """Send our call, whose turn it is, and give its answer's payload. The turn ends with it."""
        loop = asyncio.get_running_loop()
        due = self._answer_due = loop.create_future()
        timer = loop.call_later(timeout, self._expire, due)
        ref = self._setting.journal.seq + 1
        try:
            if not self._put_at_once(frame):
                self._sender = asyncio.current_task()
                await self._put(frame)
                self._sender = None
            event = await due
        except LinkClosed as ended:
            raise ConnectionLost(f"{action}: the connection is closed ({ended})") from None
        except TimeoutError:
            raise self._timed_out(action, unique_id, ref, timeout) from None
        except asyncio.CancelledError:
            if self._stuck(due):
                raise self._timed_out(action, unique_id, ref, timeout) from None
            # the peer has the call: the next may go only when it is answered or its time is up (§4.1.1)
            rest = loop.create_future()
            rest.add_done_callback(partial(self._concluded, action, unique_id, ref, timeout))
            loop.call_at(timer.when(), self._expire, rest)
            self._answer_due = rest
            raise
        finally:
            timer.cancel()
            self._sender = None
            if self._answer_due is due:
                self._close_call(due)
        return self._judged(action, event)

    def _stuck(self, due: asyncio.Future[Any]) -> bool:
        """Whether it was `_expire` that cancelled us, since the link would not take our call."""
        task = asyncio.current_task()
        expired = due.done() and not due.cancelled() and isinstance(due.exception(), TimeoutError)
        return expired and self._sender is not None and task is not None and task.uncancel() == 0

    def _expire(self, due: asyncio.Future[Any]) -> None:
        if not due.done():
            due.set_exception(TimeoutError())
            if self._sender is not None:
                self._sender.cancel()

    def _concluded(
        self, action: str, unique_id: str, ref: int, timeout: float, due: asyncio.Future[Any]
    ) -> None:
        """A call whose caller was cancelled has its answer, or will have none."""
        self._close_call(due)
        error = due.exception()
        if isinstance(error, TimeoutError):
            self._timed_out(action, unique_id, ref, timeout)
        elif error is None:
            try:
                self._judged(action, due.result())
            except CallFailed:
                pass  # its finding is noted; nobody waits for it any more

    def _close_call(self, due: asyncio.Future[Any]) -> None:
        self._answer_due = None
        self.rpc.give_up()
        due.cancel()  # even when it is done: its error need not be awaited, the link may have told us first
        self._next_turn()

    def _timed_out(self, action: str, unique_id: str, ref: int, timeout: float) -> CallTimedOut:
        words = f"{action} {unique_id} had no answer within {timeout:g} s"
        self._find("unanswered_call", words, ref=ref, ids=(unique_id,))
        return CallTimedOut(f"{action} had no answer within {timeout:g} s")

    def _judged(self, action: str, event: Answered | Refused) -> Payload:
        """The payload of an answer. Raises `CallRefused` and `InvalidAnswer`."""
        if type(event) is Refused:
            if event.flaws:
                self._find("invalid_error", f"{action}: {event.flaws}", ref=self._answer_ref)
            raise CallRefused(action, event.code, event.description, event.details)
        assert type(event) is Answered
        if event.violations:
            self._find("invalid_answer", f"{action}: {in_words(event.violations)}", ref=self._answer_ref)
            if self._setting.schema == STRICT or any(v.symptom == NOT_OBJECT for v in event.violations):
                raise InvalidAnswer(action, list(event.violations))
        return event.payload

    async def _turn(self) -> None:
        """Wait until no call that came before is outstanding."""
        if self._ended is not None:
            raise ConnectionLost(f"the connection is closed ({self._ended})")
        if not self._busy:
            self._busy = True
            return
        turn = asyncio.get_running_loop().create_future()
        if self._waiting is None:
            self._waiting = deque()
        self._waiting.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled() and turn.exception() is None:
                self._next_turn()
            raise

    def _next_turn(self) -> None:
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                return
        self._busy = False

    def _insist_on_valid(self, action: str, wire: Any, *, sent: bool) -> None:
        """Raise `InvalidPayload` unless `wire` may travel as a SEND (`sent`) or as a CALL."""
        if self._may_go(action, sent) is False:
            words = f"is {'no' if sent else 'a'} SEND" if action in ACTIONS else "is no action"
            raise InvalidPayload(action, [Violation("", UNKNOWN_ACTION, f"{words} of OCPP {self.version}")])
        try:
            if type(wire) is dict and self.rpc.schemas.requests[action].is_valid(wire):
                return
            violations = self.rpc.schemas.violations(action, wire)
        except ValueError as problem:  # what JSON has no form for
            violations = [Violation("", WRONG_TYPE, str(problem))]
        raise InvalidPayload(action, violations)

    def _may_go(self, action: str, sent: bool) -> bool:
        known = ACTIONS.get(action)
        return known is not None and self.version in known.versions and (action in SENDS) is sent

    def _answered(self, event: Answered | Refused) -> None:
        """Hand the answer that came to whoever waits for it."""
        due = self._answer_due
        if due is not None and not due.done():
            self._answer_ref = self._ref
            due.set_result(event)

    def _lose_calls(self, ended: LinkClosed) -> None:
        """Fail what waits for an answer or for its turn."""
        for waiting in (self._answer_due, *(self._waiting or ())):
            if waiting is not None and not waiting.done():
                waiting.set_exception(ConnectionLost(f"the connection was lost ({ended})"))
        self._waiting = None
