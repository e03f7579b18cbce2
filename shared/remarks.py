"""What a connection writes into the journal about its peer.

Each note refers to the frame in question: a finding with its clause when the peer broke a rule (`shared.findings`), a
remark without one when it did not.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextvars import ContextVar
from typing import Any

from shared.actions import ACTIONS, CSMS, SENDS, STATION
from shared.findings import clause, excused
from shared.setting import Setting
from shared.versions import DUPLICATE_ID, INTERNAL, NOT_OFFERED, UNKNOWN_ACTION, Version
from shared.wire import events
from shared.wire.events import Called, Unusable
from shared.wire.rpc import Rpc
from shared.wire.schema import in_words

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
