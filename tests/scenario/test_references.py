"""What a step refers to may stand in an answer that is still on its way: the step waits for it."""

from __future__ import annotations

import pytest

from shared.report.events import Verdict
from shared.versions import V16
from tests.scenario.played import play

HEAD = "role: pair"
LATE = """\
  - use: booted
  - {answer: StartTransaction, at: csms, after: %s}
  - plug_in
  - present: $tokens.valid
  - {expect: tx.started, as: start}
"""


@pytest.mark.parametrize(
    "step",
    [
        "{at: csms, command: {remote_stop: {transaction: $start.tx}}, answered: {status: Accepted}}",
        "{at: csms, command: {remote_stop: {transaction: $start.answer.transactionId}}}",
        "check: {$start.tx: '> 0'}",
        "{expect: {meter: {tx: $start.tx}}, within: 2min}",
        "{parallel: [[check: {$start.tx: '!= 0'}], [wait: 1s]]}",
    ],
)
def test_a_step_waits_for_the_answer_that_it_refers_to(step: str) -> None:
    play(LATE % "5s" + f"  - {step}\n", versions=[V16], head=HEAD).passes()


def test_an_answer_that_does_not_come_is_not_waited_for_for_ever() -> None:
    played = play(LATE % "2min" + "  - check: {$start.tx: '> 0'}\n", versions=[V16], head=HEAD, timeout=300.0)
    assert played.verdicts == {Verdict.FAILED}
    assert played.reason == "$start.tx is not there"


def test_what_stands_in_the_message_itself_is_there_at_once() -> None:
    played = play(LATE % "5s" + "  - check: {$start.token: $tokens.valid}\n", versions=[V16], head=HEAD)
    played.passes()
    assert played.finished[0].protocol_seconds < 1
