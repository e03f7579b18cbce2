"""One end of an OCPP-J connection, without a socket and without a clock: text in, events and text out.

    rpc.receive(text)   -> an event: Called, Sent, Answered, Refused, Unusable
    rpc.call(...)       -> the frame of our call; only while `idle` (one outstanding call per side: OCPP-J 1.6
                           §4.1.1, 2.x FR.01). What comes next is decided above.
    rpc.answer(id, ...) -> answers leave in the order in which the calls came, however long each takes;
    rpc.refuse(id, ...)    so what there is to send is taken from `frames_to_send` after each step.

Both ends of a connection are the same automaton: it does not know which role it plays but for the table of
actions that it offers. Whatever cannot be used is an `Unusable` event that says what was wrong, and the answer
which the version foresees (the table in `shared.versions`) is already among the frames to send. Nothing that
the peer sends raises, and nothing it sends is kept longer than until its own answer: at most one call of ours is
open, the ids that were given up are a bounded memory, and of the peer's calls at most `MAX_IN_WORK` are kept, the
others being refused at once. Since answers are matched by id, only an answer under an id that is in work twice
can be taken for another.

Registration, queues, retries and timeouts live above (registration.py, outbox.py, peer.py).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Container
from typing import Any

from orjson import dumps, loads

from shared.actions import SENDS, known
from shared.versions import (
    ARITY,
    BAD_ACTION,
    DUPLICATE_ID,
    INTERNAL,
    NO_ID,
    NO_TYPE,
    NOT_ARRAY,
    NOT_JSON,
    NOT_OFFERED,
    UNKNOWN_ACTION,
    UNKNOWN_TYPE,
    Refusal,
    Version,
    refusal,
)
from shared.wire.events import (
    BROKEN_ANSWER,
    DUPLICATE_ANSWER,
    LATE_ANSWER,
    UNKNOWN_ANSWER,
    UNREADABLE_CALL,
    Answered,
    Called,
    Event,
    GoodCall,
    Refused,
    Sent,
    Unusable,
)
from shared.wire.frames import (
    ANSWER,
    ANSWER_ERROR,
    CALL,
    ERROR,
    MAX_ID,
    SEND,
    answer_refused,
    error_of,
    flaws,
    shown,
    sort_of_bytes,
    what_is_odd,
)
from shared.wire.schema import Payload, Schemas, Violation, in_words, schemas

_NO_REASON: tuple[Any, ...] = ("", "", {})

MAX_IN_WORK = 1000
"""Calls of the peer that may be in work at once before further ones are refused as our InternalError."""

GIVEN_UP_MEMORY = 100

_new = tuple.__new__  # past the named tuples' own __new__: what nearly every message becomes


class Rpc:
    """The state of one end: the open call, the calls in work, and the frames that wait to be sent.

    `offered` holds the actions that this end serves; any other known one is NotSupported. `enforce` refuses
    requests that break their schema; without it they come as events with their violations.
    """

    __slots__ = (
        "_done",
        "_given_up",
        "_offered",
        "_open_action",
        "_open_id",
        "_requests",
        "answers",
        "check",
        "enforce",
        "frames_to_send",
        "in_work",
        "schemas",
        "version",
    )

    def __init__(
        self, version: Version, offered: Container[str], *, enforce: bool = True, check: bool = True
    ) -> None:
        self.version = version
        self.schemas: Schemas = schemas(version)
        self._requests = self.schemas.requests
        self.answers = self.schemas.answers
        self.enforce = enforce
        self.check = check
        """Whether what is received is held against the schema at all."""
        self._offered = offered
        self._open_id = ""  # our outstanding call
        self._open_action = ""
        self.in_work: dict[str, str | None] = {}
        """The peer's calls that are not answered on the wire: id -> our answer, once there is one."""
        self._given_up: deque[str] | None = None  # ids whose answer may still come
        self._done = ""  # the id that was answered last
        self.frames_to_send: list[tuple[str, str]] = []  # rarely two: a deque would take half a KiB
        """(message id, frame) of what must be sent now, in order: take from the left until it is empty. The id is
        that of the call in work which the frame answers, "" when it answers none."""

    # --- what we do --------------------------------------------------------------------------------------

    @property
    def idle(self) -> bool:
        """Whether no call of ours is outstanding."""
        return not self._open_id

    def call(self, unique_id: str, action: str, payload: Any) -> str:
        """The frame of a call, which is outstanding from now on.

        Raises RuntimeError unless `idle`, TypeError when `payload` cannot be written as JSON.
        """
        if self._open_id:
            raise RuntimeError(f"{self._open_action} {self._open_id} is still outstanding")
        frame = dumps([CALL, unique_id, action, payload]).decode()
        self._open_id = unique_id
        self._open_action = action
        return frame

    def send(self, unique_id: str, action: str, payload: Any) -> str:
        """The frame of a SEND (2.1 §4.2.4), which is never answered and needs no wait."""
        return dumps([SEND, unique_id, action, payload]).decode()

    def give_up(self) -> str:
        """Stop waiting for the open call's answer, and give its id; the next call may go out."""
        unique_id, self._open_id, self._open_action = self._open_id, "", ""
        if unique_id:
            if self._given_up is None:
                self._given_up = deque(maxlen=GIVEN_UP_MEMORY)
            self._given_up.append(unique_id)
        return unique_id

    def answer(self, unique_id: str, payload: Any) -> None:
        """Answer the peer's call; the frame leaves when those that came before it are answered."""
        frame = dumps([ANSWER, unique_id, payload]).decode()
        in_work = self.in_work
        if len(in_work) == 1 and unique_id in in_work:  # as `_settle` does it, for what nearly always happens
            in_work.clear()
            self.frames_to_send.append((unique_id, frame))
        else:
            self._settle(unique_id, frame)

    def refuse(self, unique_id: str, code: str, description: str = "", details: Any = None) -> None:
        """Answer the peer's call with a CALLERROR."""
        self._settle(unique_id, error_of(unique_id, code, description, details))

    def refuse_answer(self, unique_id: str, code: str, description: str) -> None:
        """Tell the peer that its answer was invalid: CALLRESULTERROR (2.1 FR.06; nothing before 2.1)."""
        if self.version.has_send:
            self._send(error_of(unique_id, code, description, None, ANSWER_ERROR))

    def drop(self, unique_id: str) -> None:
        """Leave the peer's call without an answer, as a rejected 1.6 station must (1.6 §4.2)."""
        self._settle(unique_id, "")

    # --- what the peer does ------------------------------------------------------------------------------

    def receive(self, frame: str | bytes) -> Event:
        """Take in one message: text as it came, or bytes for a binary frame or text that is not UTF-8."""
        event: Any = self.take(frame)
        taken: Event = Called(*event) if type(event) is tuple else event
        return taken

    def take(self, frame: str | bytes) -> Event | GoodCall:
        """As `receive`, but what nearly every message is takes a shorter form: a call that is right in every way and
        comes when no other is in work."""
        if isinstance(frame, bytes):
            return self._unusable(sort_of_bytes(frame), f"{len(frame)} bytes that are no text")
        try:
            message = loads(frame)
        except ValueError as problem:
            return self._unusable(NOT_JSON, str(problem) if frame else "an empty frame")
        if type(message) is list and len(message) == 4 and not self.in_work:
            sort, unique_id, action, payload = message
            if (
                type(sort) is int
                and sort == CALL
                and type(unique_id) is str
                and 0 < len(unique_id) <= MAX_ID
                and type(action) is str
                and action in self._offered
                and action not in SENDS
                and type(payload) is dict
                and (not self.check or self._requests[action].is_valid(payload))
            ):
                self.in_work[unique_id] = None
                return unique_id, action, payload
        if type(message) is not list:
            return self._unusable(NOT_ARRAY, f"a JSON {type(message).__name__}")
        if not message or type(message[0]) is not int:
            return self._unusable(NO_TYPE, "the first element is no integer" if message else "an empty array")
        sort = message[0]
        if sort == CALL:
            return self._receive_call(message)
        if sort == ANSWER:
            return self._receive_answer(message)
        if sort == ERROR:
            return self._receive_error(message)
        if self.version.has_send:
            if sort == SEND:
                return self._receive_send(message)
            if sort == ANSWER_ERROR:
                return answer_refused(message)
        unique_id = message[1] if len(message) > 1 and isinstance(message[1], str) else ""
        if not unique_id:  # 2.0.1 answers an unknown type only under an id that it can read
            return Unusable(UNKNOWN_TYPE, f"message type {sort}")
        return self._unusable(UNKNOWN_TYPE, f"message type {sort}", unique_id)

    def _receive_call(self, message: list[Any]) -> Event:
        if len(message) != 4:
            return self._unusable(*what_is_odd(message))
        _, unique_id, action, payload = message
        if type(unique_id) is not str or len(unique_id) > MAX_ID or not unique_id:
            return self._unusable(*what_is_odd(message))
        in_work = self.in_work
        if unique_id in in_work:  # answered beside the answer that is still to come for the first
            return self._refused_at_once(DUPLICATE_ID, f"{shown(action)} {unique_id}", unique_id, action)
        if len(in_work) >= MAX_IN_WORK:
            why = f"{MAX_IN_WORK} calls are in work already"
            return self._refused_at_once(INTERNAL, why, unique_id, action)
        in_work[unique_id] = None
        if type(action) is not str:
            return self._refused(BAD_ACTION, shown(action), unique_id)
        if action not in self._offered or action in SENDS:
            symptom = NOT_OFFERED if known(self.version, action) else UNKNOWN_ACTION
            return self._refused(symptom, action[:100], unique_id, action)
        if payload is None:
            payload = {}  # 1.6 Table 4, 2.x part 4 §4.1.5: null is another way to write no payload
        if type(payload) is dict and (not self.check or self._requests[action].is_valid(payload)):
            return Called(unique_id, action, payload)
        violations = self.schemas.violations(action, payload)
        if self.enforce or type(payload) is not dict:
            first = violations[0]
            return self._refused(first.symptom, in_words(violations), unique_id, action, violations)
        return Called(unique_id, action, payload, violations)

    def _receive_send(self, message: list[Any]) -> Event:
        """A SEND is never answered, not even when it is invalid (2.1 §4.2.4, FR.07)."""
        if len(message) != 4 or not isinstance(message[1], str) or not isinstance(message[2], str):
            return Unusable(ARITY, "a SEND that is not formed as one")
        _, unique_id, action, payload = message
        if action not in SENDS or action not in self._offered:
            symptom = NOT_OFFERED if known(self.version, action) else UNKNOWN_ACTION
            return Unusable(symptom, f"SEND {action[:100]}", unique_id, action)
        is_object = type(payload) is dict
        violations = self.schemas.violations(action, payload) if self.check or not is_object else []
        if violations and (self.enforce or not is_object):
            return Unusable(violations[0].symptom, in_words(violations), unique_id, action, None, violations)
        return Sent(unique_id, action, payload, violations)

    def _receive_answer(self, message: list[Any]) -> Event:
        unique_id = message[1] if len(message) > 1 else None
        if not self._open_id or unique_id != self._open_id:
            return self._stray(unique_id)
        action = self._open_action
        payload = message[2] if len(message) > 2 else None
        if payload is None:
            payload = {}
        self._close()
        if (
            len(message) == 3
            and type(payload) is dict
            and (not self.check or self._is_valid(action, payload))
        ):
            return _new(Answered, (self._done, action, payload, ()))
        violations = self._violations_of_answer(action, payload)
        if len(message) != 3:
            violations.insert(0, Violation("", ARITY, f"{len(message)} elements, not 3"))
        if type(payload) is not dict or self.enforce:
            code = refusal(self.version, violations[0].symptom).code or "GenericError"
            self.refuse_answer(self._done, code, in_words(violations))
        return Answered(self._done, action, payload if type(payload) is dict else {}, violations)

    def _is_valid(self, action: str, answer: Payload) -> bool:
        try:
            return self.schemas.answers[action].is_valid(answer)
        except KeyError:  # we called what the version does not know, on purpose: nothing to hold it against
            return True

    def _violations_of_answer(self, action: str, answer: Any) -> list[Violation]:
        try:
            if self.check or type(answer) is not dict:
                return self.schemas.violations(action, answer, answer=True)
        except KeyError:
            pass
        return []

    def _receive_error(self, message: list[Any]) -> Event:
        unique_id = message[1] if len(message) > 1 else None
        code, description, details = [*message[2:5], *_NO_REASON[max(len(message) - 2, 0) :]][:3]
        if unique_id == NO_ID:
            return Unusable(UNREADABLE_CALL, f"{shown(code)}: {shown(description)}", NO_ID)
        if not self._open_id or unique_id != self._open_id:
            return self._stray(unique_id)
        action = self._open_action
        self._close()
        flawed = flaws(message, self.version)
        if not isinstance(code, str) or not code:
            code = "GenericError"
        if not isinstance(description, str):
            description = ""
        return Refused(self._done, action, code, description, details, flawed)

    def _stray(self, unique_id: object) -> Unusable:
        """An answer that nothing waits for: dropped, never answered (an error to an error would loop)."""
        if not isinstance(unique_id, str):
            return Unusable(BROKEN_ANSWER, "its message id is no string")
        shown = unique_id[:MAX_ID]
        if unique_id == self._done:
            return Unusable(DUPLICATE_ANSWER, f"to {shown}", shown)
        if self._given_up is not None and unique_id in self._given_up:
            self._given_up.remove(unique_id)
            self._done = unique_id
            return Unusable(LATE_ANSWER, f"to {shown}", shown)
        return Unusable(UNKNOWN_ANSWER, f"to {shown}", shown)

    # --- inside ------------------------------------------------------------------------------------------

    def _close(self) -> None:
        self._done, self._open_id, self._open_action = self._open_id, "", ""

    def _send(self, frame: str) -> None:
        """Send what answers no call in work, ahead of the answers that are not due yet."""
        self.frames_to_send.append(("", frame))

    def _settle(self, unique_id: str, frame: str) -> None:
        """Take note of the answer to a call in work ("": none); it leaves when none before it is open."""
        in_work = self.in_work
        if unique_id not in in_work:
            raise KeyError(f"no call {unique_id} is in work")
        in_work[unique_id] = frame
        while in_work:
            first = next(iter(in_work))
            ready = in_work[first]
            if ready is None:
                return
            del in_work[first]
            if ready:
                self.frames_to_send.append((first, ready))

    def _refused(
        self,
        symptom: str,
        why: str,
        unique_id: str,
        action: str = "",
        violations: list[Violation] | tuple[()] = (),
    ) -> Unusable:
        """A call in work that cannot be served, with the answer in its turn among the frames to send."""
        code = refusal(self.version, symptom).code
        assert code is not None, f"a call in work is always answered, but {symptom} is not"
        details = {"violations": [str(v) for v in violations[:20]]} if violations else None
        self.refuse(unique_id, code, f"{symptom}: {why}", details)
        return Unusable(symptom, why, unique_id, action[:100], code, violations)

    def _refused_at_once(self, symptom: str, why: str, unique_id: str, action: object) -> Unusable:
        """A readable call that must not be taken into work, answered out of its turn."""
        code = refusal(self.version, symptom).code
        assert code is not None, f"a readable call is always answered, but {symptom} is not"
        self._send(error_of(unique_id, code, f"{symptom}: {why}", None))
        return Unusable(symptom, why, unique_id, action[:100] if isinstance(action, str) else "", code)

    def _unusable(self, symptom: str, why: str, unique_id: str = "", action: str = "") -> Unusable:
        """A message that is no call at all, with the answer that the version foresees, if any."""
        rule: Refusal = refusal(self.version, symptom)
        if rule.code is not None:
            answered_as = unique_id if rule.echo and unique_id else NO_ID
            self._send(error_of(answered_as, rule.code, f"{symptom}: {why}", None))
        return Unusable(symptom, why, unique_id[:MAX_ID], action[:100], rule.code)
