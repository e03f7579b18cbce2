"""What a failure says: the message that comes nearest to what was wanted, and both values."""

from __future__ import annotations

from shared.report.events import Verdict
from shared.versions import V16, V201
from tests.scenario.played import play

TWO = "role: charge_point\nstation: {persona: dc_two}"


def test_the_message_that_comes_nearest_is_told_of() -> None:
    steps = (
        "  - use: booted\n  - plug_in: 2\n  - plug_in: 1\n"
        "  - {expect: {plug: {evse: 2, state: faulted}}, within: 5s}"
    )
    played = play(steps, versions=(V16,), head=TWO)
    assert (played.failure.path, played.failure.actual) == ("plug.state", "occupied")


def test_of_an_answer_that_differs_it_is_the_answer() -> None:
    steps = "  - use: booted\n  - {expect: {plug: {evse: 1}}, since: start, answered: {x: 1}, within: 5s}"
    played = play(steps, versions=(V16,))
    assert (played.failure.path, played.failure.actual) == ("answer.x", "absent")


def test_of_a_raw_text_it_is_what_the_other_side_sent_last() -> None:
    steps = (
        '  - use: booted\n  - send: Heartbeat\n  - {expect: {raw: "/no-such-id/"}, since: start, within: 5s}'
    )
    played = play(steps, versions=(V16,))
    assert played.failure.path == "raw"
    assert "currentTime" in played.failure.actual
    assert "/no-such-id/" in played.reason


def test_a_comparison_is_told_with_what_it_refers_to() -> None:
    steps = "  - {capture: 7, as: kept}\n  - check: {station.transactions: '> $kept'}"
    assert play(steps, versions=(V201,)).failure.expected == "> 7 (> $kept)"


def test_a_member_that_is_absent_is_told_with_what_was_wanted() -> None:
    steps = "  - {capture: 7, as: kept}\n  - {expect: {booted: {serial: $kept}}, within: 5s}"
    assert play(steps, versions=(V201,)).failure.expected == "7 ($kept)"


def test_what_is_forbidden_since_a_message_may_have_come_before_the_step() -> None:
    steps = "  - {expect: booted, as: boot}\n  - {expect: plug, within: 5s}\n  - {forbid: plug, until: 1s%s}"
    assert play(steps % "", versions=(V16,)).verdicts == {Verdict.PASSED}
    assert play(steps % ", since: boot", versions=(V16,)).verdicts == {Verdict.FAILED}
