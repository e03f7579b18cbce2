"""What a connection writes into the journal about its peer.

Each note refers to the frame in question: a finding with its clause when the peer broke a rule (`shared.findings`), a
remark without one when it did not.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable
from contextvars import ContextVar
from typing import Any, NamedTuple

from shared.actions import ACTIONS, CSMS, SENDS, STATION
from shared.findings import clause, excused
from shared.setting import OFF, Setting
from shared.versions import DUPLICATE_ID, INTERNAL, NOT_OFFERED, UNKNOWN_ACTION, Version
from shared.wire import events
from shared.wire.events import Called, Sent, Unusable
from shared.wire.rpc import Rpc
from shared.wire.schema import Violation, in_words

log = logging.getLogger("ocpp")

_NAME_OF_SYMPTOM = {
    events.LATE_ANSWER: "late_answer",
    events.DUPLICATE_ANSWER: "duplicate_answer",
    events.UNKNOWN_ANSWER: "unknown_answer",
    events.ANSWER_REFUSED: "answer_refused",
    events.UNREADABLE_CALL: "unreadable_call",
    DUPLICATE_ID: "duplicate_id",
    UNKNOWN_ACTION: "unknown_action",
    NOT_OFFERED: "not_offered",
    INTERNAL: "overloaded",
}

_REMARKS = frozenset({"answer_refused", "unreadable_call", "not_offered", "overloaded"})
"""What breaks no rule: it is about us, or within the peer's rights."""

handling: ContextVar[tuple[Any, int]] = ContextVar("handling")
"""The peer and the number of the frame whose asynchronous handler runs: other frames come in meanwhile."""

_NOTHING: tuple[Any, int] = (None, 0)

_CALL = re.compile(r'\s*\[\s*2\s*,\s*"([^"\\]*)"\s*,\s*"(\w*)"')


def call_in(frame: str | bytes) -> tuple[str, str] | None:
    """The id and action of the call that `frame` begins as; None when it is none."""
    found = _CALL.match(frame) if isinstance(frame, str) else None
    return (found[1], found[2]) if found is not None else None


class Pile(NamedTuple):
    """Messages that came together: the id of the last one, if it is a call whose answer is about to leave, and whether
    all can only have been sent lately.

    They can where we have talked within our patience, and nothing of ours is due: else the peer may have sent them one
    after another, giving each up, over a network that held them back.
    """

    answered: str
    is_fresh: bool


class Remarks:
    """The part of a peer that knows which frame is being handled and notes what is odd about it."""

    __slots__ = ("_in_work_since", "_ref", "_setting", "rpc", "station", "version")

    def __init__(self, version: Version, rpc: Rpc, setting: Setting, station: str) -> None:
        self.version = version
        self.rpc = rpc
        self.station = station
        self._setting = setting
        self._ref = 0
        self._in_work_since = 0.0

    @property
    def ref(self) -> int:
        """The journal's number of the frame that is being handled."""
        of, ref = handling.get(_NOTHING)
        return ref if of is self else self._ref

    def _find(
        self,
        finding: str,
        text: str,
        *,
        ref: int = 0,
        symptom: str = "",
        ids: Iterable[str] = (),
        **detail: Any,
    ) -> None:
        """Note a finding of the table in `shared.findings`, on frame `ref` or the one being handled.

        `ids` are those of other messages that it is about.
        """
        rule = clause(self.version, finding, symptom)
        text, rule = excused(self._setting.faults, self.station, finding, text, rule, ref or self._ref, *ids)
        self._note(finding, text, ref=ref or self._ref, clause=rule, **detail)

    def _note(self, name: str, text: str, *, ref: int, **detail: Any) -> None:
        self._setting.journal.note(self.station, name, text, end=self._setting.end, ref=ref, **detail)

    def _note_overlap(self, event: Called) -> None:
        """A call although the one before is not answered: SHOULD NOT in 1.6, SHALL NOT in 2.x (§4.1.1).

        No rule is broken when the peer may have given up waiting, so after our own patience it is a remark.
        """
        since = self._setting.journal.clock.elapsed() - self._in_work_since
        before = next(iter(self.rpc.in_work))
        words = f"{event.action} {event.id} came while {before} was not answered ({since:.3f} s)"
        if since < self._setting.timeout:
            self._find("overlapping_calls", words, ids=self.rpc.in_work)
        else:
            self._note("overlapping_calls", words, ref=self._ref)

    def _note_haste(self, pile: Pile, call: tuple[str, str] | None) -> None:
        """A call that was here before the answer to another had left broke the same rule; not who sends it again."""
        if call and pile.answered and pile.is_fresh and pile.answered != call[0]:
            words = f"{call[1]} {call[0]} came before {pile.answered} could be answered"
            self._find("overlapping_calls", words, ids=(pile.answered, call[0]))

    def _violations(self, event: Called | Sent) -> list[Violation]:
        """What the schema would have refused, also when it is off and nobody has looked before."""
        if self._setting.schema != OFF:
            return list(event.violations)
        violations = self.rpc.schemas.violations(event.action, event.payload)
        if violations:
            self._find("invalid_request", f"{event.action}: {in_words(violations)}", ref=self.ref)
        return violations

    def _crash(self, action: str, error: Exception) -> None:
        """An error of ours: into the log with its traceback, and into the verdict of the run."""
        log.error("%s ! our handler of %s failed", self.station, action, exc_info=error)
        self._setting.crashed(error)

    def _remark(self, event: Unusable) -> None:
        """Write down what could not be used."""
        detail: dict[str, Any] = {"refused_with": event.refused_with} if event.refused_with else {}
        words = f"{event.symptom}: {event.why}" if event.why else event.symptom
        name = _NAME_OF_SYMPTOM.get(event.symptom, "unusable_message")
        if event.violations:
            name = "invalid_request"
            words = f"{event.action}: {in_words(event.violations)}"
        elif event.symptom == NOT_OFFERED:
            peers_role = STATION if self._setting.end == CSMS else CSMS
            if not ACTIONS[event.action].sent_by(peers_role):
                name = "wrong_direction"
            elif (event.action in SENDS) is (event.refused_with is not None):
                name = "wrong_message_type"
        if name in _REMARKS:
            self._note(name, words, ref=self._ref, **detail)
        else:
            self._find(name, words, symptom=event.symptom, ids=(event.id,), **detail)
