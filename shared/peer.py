"""A peer: one end of a live connection. Pumps a link through an `Rpc`, serves handlers, makes calls.

Reading never stops: a synchronous handler is answered inline, an asynchronous one in a task of its own, so
that a handler may itself call the other side. A call fails at once when the link goes.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any

from shared.dispatch import Answer, Consequence, Handler, NoAnswer, Payload, Refuse, Table
from shared.findings import clause
from shared.journal.entry import IN, OUT
from shared.journal.journal import Journal
from shared.link import Link, LinkClosed
from shared.tasks import Tasks
from shared.versions import DUPLICATE_ID, ERROR_CODES, INTERNAL, NOT_REGISTERED, Version, refusal
from shared.wire import rpc
from shared.wire.rpc import Answered, Called, Refused, Rpc, Sent, Unusable
from shared.wire.schema import Violation
from shared.wire.typed import as_wire

log = logging.getLogger("ocpp")

STRICT, WARN, OFF = "strict", "warn", "off"
DEFAULT_TIMEOUT = 30.0
"""Seconds to wait for an answer (2.x part 2 §3.2 suggests 30 s to begin with)."""


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


class Setting:
    """What the peers of one program have in common.

    `end` is "csms" or "charge_point"; `schema` says how what is received is held against its schema; `gate` is
    asked before each handler and may raise `Refuse` or `NoAnswer`; `crashed` hears of errors that are ours.
    """

    __slots__ = ("crashed", "end", "gate", "journal", "schema", "tasks", "timeout")

    def __init__(
        self,
        end: str,
        journal: Journal,
        tasks: Tasks,
        *,
        gate: Callable[[Any, str, Payload], None] | None = None,
        schema: str = STRICT,
        timeout: float = DEFAULT_TIMEOUT,
        crashed: Callable[[BaseException], object] = lambda error: None,
    ) -> None:
        self.end = end
        self.journal = journal
        self.tasks = tasks
        self.gate = gate
        self.schema = schema
        self.timeout = timeout
        self.crashed = crashed


class Peer:
    """One connection. `context` is what handlers get first; `id_prefix` begins each of our message ids."""

    __slots__ = (
        "_answer_due",
        "_busy",
        "_count",
        "_ended",
        "_link",
        "_setting",
        "_then",
        "_waiting",
        "context",
        "handlers",
        "id_prefix",
        "last_sent",
        "ref",
        "rpc",
        "station",
        "version",
    )

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
        self._link = link
        self._setting = setting
        self.version = version
        self.handlers = handlers
        self.context = context
        self.station = station
        self.id_prefix = id_prefix
        self.rpc = Rpc(version, handlers, enforce=setting.schema == STRICT, check=setting.schema != OFF)
        self.ref = 0
        """The journal's number of the frame that is being handled."""
        self.last_sent = setting.journal.clock.elapsed()
        """When something was sent last, on the clock's elapsed scale (heartbeats: G02.FR.05)."""
        self._count = 0
        self._busy = False
        self._waiting: deque[asyncio.Future[None]] | None = None
        self._answer_due: asyncio.Future[Answered | Refused] | None = None
        self._then: dict[str, Consequence] | None = None
        self._ended: LinkClosed | None = None

    # --- reading -----------------------------------------------------------------------------------------

    async def run(self) -> LinkClosed:
        """Serve the connection until it ends; gives how it ended. Cancelling it is the owner's business."""
        recv = self._link.recv
        to_send = self.rpc.frames_to_send
        try:
            while True:
                self._take(await recv())
                if to_send:
                    await self._flush()
        except LinkClosed as ended:
            self._end(ended)
            return ended
        finally:
            self._end(LinkClosed(1006, "no longer served"))

    def _take(self, frame: str | bytes) -> None:
        setting = self._setting
        self.ref = setting.journal.frame(setting.end, self.station, IN, frame)
        event = self.rpc.receive(frame)
        if type(event) is Called:
            if event.violations:
                self._find("invalid_request", f"{event.action}: {_words(event.violations)}")
            handler = self.handlers[event.action]
            if handler.is_async:
                setting.tasks.spawn(self._serve_slowly(handler, event))
            else:
                self._serve(handler, event)
        elif type(event) is Answered or type(event) is Refused:
            due = self._answer_due
            if due is not None and not due.done():
                due.set_result(event)
        elif type(event) is Sent:
            self._serve_send(self.handlers[event.action], event)
        else:
            assert isinstance(event, Unusable)
            self._remark(event)

    def _serve(self, handler: Handler, event: Called) -> None:
        """A synchronous handler, answered before the next message is read."""
        try:
            if self._setting.gate is not None:
                self._setting.gate(self.context, event.action, event.payload)
            answer = handler.function(self.context, event.payload)
        except Exception as error:
            self._answer_error(event, error)
        else:
            self._answer(event, answer)

    async def _serve_slowly(self, handler: Handler, event: Called) -> None:
        """An asynchronous handler, in a task of its own."""
        try:
            if self._setting.gate is not None:
                self._setting.gate(self.context, event.action, event.payload)
            answer = await handler.function(self.context, event.payload)
        except Exception as error:
            self._answer_error(event, error)
        else:
            self._answer(event, answer)
        if self._ended is None:
            try:
                await self._flush()
            except LinkClosed:
                pass  # run() reads the end of the link and reports it

    def _serve_send(self, handler: Handler, event: Sent) -> None:
        """A SEND's handler: what goes wrong in it cannot be answered (2.1 FR.07)."""
        if event.violations:
            self._find("invalid_request", f"{event.action}: {_words(event.violations)}")
        try:
            if self._setting.gate is not None:
                self._setting.gate(self.context, event.action, event.payload)
            handler.function(self.context, event.payload)
        except (Refuse, NoAnswer):
            pass
        except Exception as error:
            if not event.violations:
                self._crash(event.action, error)

    def _answer(self, event: Called, answer: Any) -> None:
        if type(answer) is Answer:
            if self._then is None:
                self._then = {}
            self._then[event.id] = answer.then
            answer = answer.payload
        payload = answer if type(answer) is dict else as_wire(self.version, answer)
        if type(payload) is dict and self.rpc.schemas.answers[event.action].is_valid(payload):
            self.rpc.answer(event.id, payload)
            return
        violations = self.rpc.schemas.violations(event.action, payload, answer=True)
        self._answer_error(event, InvalidPayload(f"our answer to {event.action}", violations))

    def _answer_error(self, event: Called, error: Exception) -> None:
        if self._then is not None:
            self._then.pop(event.id, None)
        if isinstance(error, NoAnswer):
            self.rpc.drop(event.id)
        elif isinstance(error, Refuse):
            if error.code not in ERROR_CODES[self.version]:
                self._crash(event.action, ValueError(f"{error.code} is no error code of {self.version}"))
            self.rpc.refuse(event.id, error.code, error.description, error.details)
        elif event.violations:  # the handler could not live with what the schema would have refused
            first = event.violations[0]
            code = refusal(self.version, first.symptom).code or "GenericError"
            self.rpc.refuse(event.id, code, _words(event.violations))
        else:
            self._crash(event.action, error)
            self.rpc.refuse(
                event.id, "InternalError", f"{type(error).__name__} while handling {event.action}"
            )

    def _crash(self, action: str, error: Exception) -> None:
        """An error of ours: into the log with its traceback, and into the verdict of the run."""
        log.error("%s ! our handler of %s failed", self.station, action, exc_info=error)
        self._setting.crashed(error)

    # --- calling -----------------------------------------------------------------------------------------

    async def call(
        self, action: str, payload: Any, *, timeout: float | None = None, valid: bool = True
    ) -> Payload:
        """Call the other side, after the calls before this one have ended, and give its answer's payload.

        `timeout` is in seconds from the sending. `valid=False` sends what breaks the schema all the same.
        Raises `InvalidPayload` before anything is sent, else a `CallFailed`.
        """
        wire = as_wire(self.version, payload)
        if valid:
            self._insist_on_valid(action, wire)
        await self._turn()
        try:
            return await self._call(action, wire, self._setting.timeout if timeout is None else timeout)
        finally:
            self._next_turn()

    async def send(self, action: str, payload: Any, *, valid: bool = True) -> None:
        """SEND a message, which is never answered (2.1 §4.2.4). Raises `InvalidPayload`, `ConnectionLost`."""
        wire = as_wire(self.version, payload)
        if valid:
            self._insist_on_valid(action, wire)
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

    async def _call(self, action: str, wire: Payload, timeout: float) -> Payload:
        unique_id = self.new_id()
        loop = asyncio.get_running_loop()
        due = self._answer_due = loop.create_future()
        frame = self.rpc.call(unique_id, action, wire)
        timer = loop.call_later(timeout, _expire, due)
        try:
            await self._put(frame)
            event = await due
        except LinkClosed as ended:
            raise ConnectionLost(f"{action}: the connection is closed ({ended})") from None
        except TimeoutError:
            self._find("unanswered_call", f"{action} {unique_id} had no answer within {timeout:g} s")
            raise CallTimedOut(f"{action} had no answer within {timeout:g} s") from None
        finally:
            timer.cancel()
            self._answer_due = None
            self.rpc.give_up()
        if type(event) is Refused:
            raise CallRefused(action, event.code, event.description, event.details)
        assert type(event) is Answered
        if event.violations:
            self._find("invalid_answer", f"{action}: {_words(event.violations)}")
            if self._setting.schema == STRICT:
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

    def _insist_on_valid(self, action: str, wire: Any) -> None:
        try:
            validator = self.rpc.schemas.requests[action]
        except KeyError:
            raise InvalidPayload(
                action, [Violation("", INTERNAL, f"OCPP {self.version} has no such action")]
            ) from None
        if type(wire) is not dict or not validator.is_valid(wire):
            raise InvalidPayload(action, self.rpc.schemas.violations(action, wire))

    # --- the wire ----------------------------------------------------------------------------------------

    async def close(self, code: int = 1000, reason: str = "") -> None:
        """Close the connection; `run` then gives how it ended."""
        self._end(LinkClosed(code, reason))
        await self._link.close(code, reason)

    def abort(self) -> None:
        """Cut the connection without a close frame."""
        self._link.abort()

    @property
    def is_open(self) -> bool:
        """Whether the connection has not ended, as far as we know."""
        return self._ended is None

    async def _flush(self) -> None:
        """Send the answers that are due, in order, each followed by its consequence."""
        to_send = self.rpc.frames_to_send
        while to_send:
            unique_id, frame = to_send.popleft()
            await self._put(frame)
            if self._then:
                then = self._then.pop(unique_id, None)
                if then is not None:
                    self._follow_up(then)

    async def _put(self, frame: str | bytes) -> None:
        if self._ended is not None:
            raise self._ended
        setting = self._setting
        journal = setting.journal
        journal.frame(setting.end, self.station, OUT, frame)
        self.last_sent = journal.clock.elapsed()
        await self._link.send(frame)

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
        why = ConnectionLost(f"the connection was lost ({ended})")
        for waiting in (self._answer_due, *(self._waiting or ())):
            if waiting is not None and not waiting.done():
                waiting.set_exception(why)
        self._waiting = None
        self._then = None

    # --- remarks -----------------------------------------------------------------------------------------

    def _find(self, finding: str, text: str, **detail: Any) -> None:
        setting = self._setting
        setting.journal.note(
            self.station,
            finding,
            text,
            end=setting.end,
            ref=self.ref,
            clause=clause(self.version, finding),
            **detail,
        )

    def _remark(self, event: Unusable) -> None:
        """Write down what could not be used."""
        finding = _FINDING_OF_SYMPTOM.get(event.symptom, "unusable_message")
        words = f"{event.symptom}: {event.why}" if event.why else event.symptom
        if event.violations:
            finding = "invalid_request"
            words = f"{event.action}: {_words(event.violations)}"
        self._find(finding, words, refused_with=event.refused_with)


_FINDING_OF_SYMPTOM = {
    rpc.LATE_ANSWER: "late_answer",
    rpc.DUPLICATE_ANSWER: "duplicate_answer",
    rpc.UNKNOWN_ANSWER: "unknown_answer",
    DUPLICATE_ID: "duplicate_id",
    NOT_REGISTERED: "not_registered",
}


async def _await(outcome: Awaitable[object]) -> None:
    await outcome


def _expire(due: asyncio.Future[Any]) -> None:
    if not due.done():
        due.set_exception(TimeoutError())


def _words(violations: list[Violation] | tuple[()]) -> str:
    return "; ".join(str(violation) for violation in violations[:5])

