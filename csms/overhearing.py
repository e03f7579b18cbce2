"""What can be told of a conversation by listening to it: which rules the station breaks, and which the central system.

A forwarder says nothing itself, so here nothing is answered or refused. For each end there is an `Ear` that takes what
this end says as the other end would: an `Rpc` whose answers are never sent. What the station says goes through the
CSMS's own handlers, for what they remember and note (ledger, reports, statuses); what they would answer is dropped.
Two messages have to wait for the central system's answer, since its answer is what counts: BootNotification, and
StartTransaction with its number.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

import orjson

from csms.session import Session
from shared.actions import CSMS, STATION, of
from shared.dispatch import NoAnswer, Payload, Refuse, Table
from shared.faults.effects import Message, read
from shared.faults.scribe import Tale
from shared.findings import called_early, excused
from shared.journal.entry import IN
from shared.remarks import Remarks
from shared.setting import OFF, Setting
from shared.versions import DUPLICATE_ID, Version
from shared.wire import events
from shared.wire.events import Answered, Called, Event, Refused, Sent, Unusable
from shared.wire.frames import CALL
from shared.wire.rpc import MAX_IN_WORK, Rpc
from shared.wire.schema import in_words

log = logging.getLogger("ocpp")

WHOSE = {STATION: "station", CSMS: "central system"}
"""How a finding names the end that broke the rule."""

MOST_TWICE = 100
"""Ids that were given to two calls and are remembered, so that nobody is blamed for answering both."""


class Asked(NamedTuple):
    """A call that is not answered: its action, payload (None where it is not valid), and number in the journal."""

    action: str
    payload: Payload | None
    ref: int
    timer: asyncio.TimerHandle | None = None


class OverheardSession(Session):
    """A session in which we only listen: what breaks a rule here was the station's doing."""

    __slots__ = ()

    def note(self, name: str, text: str = "", *, clause: str = "", **detail: Any) -> None:
        """Remark on the frame that was heard; with a `clause`, the station broke a rule."""
        super().note(name, *_blamed(STATION, text, clause, detail), clause=clause, **detail)


def _blamed(role: str, text: str, clause: str, detail: dict[str, Any]) -> tuple[str]:
    """The words of a note, and in its detail who broke the rule that it is about."""
    if not clause:
        return (text,)
    detail["whose"] = WHOSE[role]
    return (f"{WHOSE[role]}: {text}",)


class _Passive(Rpc):
    """The other end of who is heard, as far as it can be known: `asked` are its calls that are not answered."""

    __slots__ = ("asked",)

    def __init__(self, version: Version, role: str, *, check: bool) -> None:
        offered = frozenset(action.name for action in of(version, role))
        super().__init__(version, offered, enforce=False, check=check)
        self.asked: dict[str, Asked] = {}

    def _receive_answer(self, message: list[Any]) -> Event:
        self._recall(message)
        return super()._receive_answer(message)

    def _receive_error(self, message: list[Any]) -> Event:
        self._recall(message)
        return super()._receive_error(message)

    def _recall(self, message: list[Any]) -> None:
        """Have the call be outstanding that `message` answers: more than one may be, although that is not allowed."""
        unique_id = message[1] if len(message) > 1 else None
        if isinstance(unique_id, str) and unique_id in self.asked:
            self._open_id, self._open_action = unique_id, self.asked[unique_id].action

    def forget(self, unique_id: str, action: str) -> None:
        """The patience with a call has ended: an answer that still comes is late."""
        self._open_id, self._open_action = unique_id, action
        self.give_up()


_OVERHEARD = {
    events.LATE_ANSWER: "an answer after the time for it was over",
    events.UNKNOWN_ANSWER: "an answer to a call that was never made",
    events.ANSWER_REFUSED: "refuses an answer that it was given",
    events.UNREADABLE_CALL: "could not read a message that it was given",
}
"""How symptoms are told by somebody who is neither end."""


class Ear(Remarks):
    """Hears one end (`role`: "charge_point" or "csms") and notes what it does against the rules."""

    __slots__ = ("_is_twice", "asked_twice", "role")

    def __init__(self, role: str, version: Version, setting: Setting, station: str) -> None:
        # whose peer is heard: the remarks tell by it in which direction an action may go
        as_peer = Setting(
            STATION if role == CSMS else CSMS, setting.journal, setting.tasks, faults=setting.faults
        )
        as_peer.timeout = setting.timeout
        self.rpc: _Passive
        super().__init__(version, _Passive(version, role, check=setting.schema != OFF), as_peer, station)
        self.role = role
        self.asked_twice: deque[str] = deque(maxlen=MOST_TWICE)
        """Ids that the other end gave to two calls: this one may well answer both."""
        self._is_twice = False

    def hear(self, message: Message, ref: int) -> Event:
        """What `message` is; whatever is wrong with it is noted on frame `ref`."""
        self._ref = ref
        event = self.rpc.receive(message)
        self.rpc.frames_to_send.clear()  # nobody is answered by us
        if isinstance(event, Unusable):
            self._is_twice = event.id in self.asked_twice
            self._remark(event)
            self._is_twice = False
        elif isinstance(event, Refused):
            if event.flaws:
                self._find("invalid_error", f"{event.action}: {event.flaws}")
        elif event.violations:
            finding = "invalid_answer" if isinstance(event, Answered) else "invalid_request"
            self._find(finding, f"{event.action}: {in_words(event.violations)}")
        if isinstance(event, Called):
            if len(self.rpc.in_work) == 1:
                self._in_work_since = self._setting.journal.clock.elapsed()
            else:
                self._note_overlap(event)
        return event

    def did_not_answer(self, unique_id: str, asked: Asked) -> None:
        """A call to this end had no answer in time."""
        words = f"{asked.action} {unique_id} had no answer within {self._setting.timeout:g} s"
        self._find("unanswered_call", words, ref=asked.ref, ids=(unique_id,))

    def broke(self, finding: str, text: str, rule: str) -> None:
        """A rule that is not of the wire."""
        text, rule = excused(self._setting.faults, self.station, finding, text, rule, self._ref)
        self._note(finding, text, ref=self._ref, clause=rule)

    def _note(self, name: str, text: str, *, ref: int, **detail: Any) -> None:
        detail.pop("refused_with", None)  # it passes all the same
        head, colon, rest = text.partition(": ")
        text = f"{_OVERHEARD.get(head, head)}{colon}{rest}"
        clause = detail.pop("clause", "")
        if self._is_twice:
            clause, text = "", f"{text}; two calls had this id"
        if clause:
            (text,) = _blamed(self.role, text, clause, detail)
        else:
            text = f"{WHOSE[self.role]}: {text}"
        self._setting.journal.note(self.station, name, text, end=CSMS, ref=ref, clause=clause, **detail)


class Overhearing:
    """Listens to both ends of one connection. Owns the patience with every call that is not answered."""

    __slots__ = ("_after_answer", "_crashed", "_ears", "_handlers", "_session", "_timeout", "ref")

    def __init__(self, session: Session, setting: Setting, handlers: Table) -> None:
        self.ref = 0
        """The journal's number of the frame that is being heard."""
        self._session = session
        self._handlers = handlers
        self._timeout = setting.timeout
        self._crashed = setting.crashed
        self._ears = {role: Ear(role, session.version, setting, session.id) for role in (STATION, CSMS)}
        self._after_answer: dict[str, Callable[[Payload, Payload], None]] = {
            "BootNotification": partial(session.csms.registrar.overheard, session),
            "StartTransaction": self._begun,
        }

    def heard(self, direction: str, message: Message, ref: int, tale: Tale) -> None:
        """Take up a message of the station ("in") or the central system ("out"), numbered `ref` in the journal.

        `tale` is what faults do to it, for which nobody is blamed (`shared.faults.blame`). Never raises.
        """
        try:
            self._take(STATION if direction == IN else CSMS, message, ref, tale)
        except Exception as error:
            log.error("%s ! overhearing failed", self._session.id, exc_info=error)
            self._crashed(error)

    def end(self) -> None:
        """The connection has ended: nobody is waited for any more."""
        for ear in self._ears.values():
            for asked in ear.rpc.asked.values():
                if asked.timer is not None:
                    asked.timer.cancel()
            ear.rpc.asked.clear()

    # --- what was said -----------------------------------------------------------------------------------

    def _take(self, role: str, message: Message, ref: int, tale: Tale) -> None:
        self.ref = ref
        event = self._ears[role].hear(message, ref)
        if isinstance(event, Called):
            valid = self._is_valid(event.action, event.payload, event.violations)
            self._owe(role, event.id, Asked(event.action, event.payload if valid else None, ref))
            for _, _, changed in tale:  # it may travel under another id, and is answered under that
                for parts, kind in [read(changed)] if changed is not None else []:
                    if kind == "call" and parts[1] != event.id:
                        self._owe(role, parts[1], Asked(event.action, None, ref), due=False)
            if valid:
                self._called(role, event)
        elif isinstance(event, Sent):
            if self._is_valid(event.action, event.payload, event.violations):
                self._enter(event)
        elif isinstance(event, Answered | Refused):
            self._answered(role, event)
        elif (unique_id := _id_of_call(message, event)) and event.symptom != DUPLICATE_ID:
            # it cannot be used, but it is answered all the same, where the version does not want silence
            due = event.refused_with is not None
            self._owe(role, unique_id, Asked(event.action or "a message", None, ref), due=due)
        elif unique_id:
            self._ears[_OTHER[role]].asked_twice.append(unique_id)

    def _owe(self, role: str, unique_id: str, asked: Asked, *, due: bool = True) -> None:
        """The other end is to answer a call from now on; `due` says that it is at fault when it does not."""
        other = self._ears[_OTHER[role]]
        if unique_id in other.rpc.asked or len(other.rpc.asked) >= MAX_IN_WORK:
            other.asked_twice.append(unique_id)
            return
        if due:
            loop = asyncio.get_running_loop()
            asked = asked._replace(timer=loop.call_later(self._timeout, self._expire, role, unique_id))
        other.rpc.asked[unique_id] = asked

    def _called(self, role: str, event: Called) -> None:
        """A call that can be read for what it means."""
        session = self._session
        if role == CSMS:
            status = session.station.registration or ""
            breach = called_early(session.version, status, event.action, event.payload)
            if breach is not None:
                self._ears[CSMS].broke(*breach)
            session.csms.policies.expect(session, event.action, event.payload)
            return
        try:
            session.csms.policies.gate(session, event.action, event.payload)
        except Refuse:
            pass  # it is noted, and not ours to refuse
        if event.action not in self._after_answer:
            self._enter(event)

    def _answered(self, role: str, event: Answered | Refused) -> None:
        """The answer to a call of the other end."""
        asked = self._ears[role].rpc.asked.pop(event.id)
        self._ears[_OTHER[role]].rpc.in_work.pop(event.id, None)
        if asked.timer is not None:
            asked.timer.cancel()
        action, request, session = asked.action, asked.payload, self._session
        if request is None:
            return
        if isinstance(event, Refused):
            if role == STATION:
                session.csms.policies.refused(session, action, request)
        elif not self._is_valid(action, event.payload, event.violations, answer=True):
            return
        elif role == STATION:
            session.csms.policies.answered(session, action, request, event.payload)
        elif action in self._after_answer:
            self.ref = asked.ref
            self._after_answer[action](request, event.payload)

    def _is_valid(
        self, action: str, payload: Payload, found: Sequence[object], *, answer: bool = False
    ) -> bool:
        """Whether a payload can be read for what it means, also with `--schema off`, where nobody has looked yet."""
        rpc = self._ears[STATION].rpc
        return not found and (rpc.check or not rpc.schemas.violations(action, payload, answer=answer))

    def _expire(self, role: str, unique_id: str) -> None:
        """The other end has not answered a call of `role` in time."""
        silent = self._ears[_OTHER[role]]
        asked = silent.rpc.asked.pop(unique_id)
        self._ears[role].rpc.in_work.pop(unique_id, None)
        silent.rpc.forget(unique_id, asked.action)
        silent.did_not_answer(unique_id, asked)

    # --- what it means -----------------------------------------------------------------------------------

    def _enter(self, event: Called | Sent) -> None:
        """Have our own handler enter what the station says; what it would answer is nobody's business."""
        handler = self._handlers.get(event.action)
        if handler is None or handler.is_async:
            return
        try:
            handler.function(self._session, event.payload)
        except (Refuse, NoAnswer):
            pass

    def _begun(self, request: Payload, answer: Payload) -> None:
        """A 1.6 transaction has begun, under the number that the central system gave it (1.6 §4.8)."""
        ledger, number = self._session.csms.ledger, answer["transactionId"]
        ledger.next_id = number
        transaction = ledger.begin(
            self._session,
            connector=request["connectorId"],
            token=request["idTag"],
            timestamp=request["timestamp"],
            meter=request["meterStart"],
            reservation=request.get("reservationId"),
        )
        if transaction.id != number:
            words = f"the same start was transaction {transaction.id} before, and is {number} now"
            self._session.note("renumbered_transaction", words, transaction=number)


def _id_of_call(message: Message, event: Unusable) -> str:
    """The id under which a call that cannot be used may be answered; "" when it is no call, or has none."""
    try:
        parts = orjson.loads(message)
    except ValueError:
        return ""
    if not isinstance(parts, list) or len(parts) < 2 or parts[0] != CALL:
        return ""
    return parts[1] if isinstance(parts[1], str) else event.id


_OTHER = {STATION: CSMS, CSMS: STATION}
