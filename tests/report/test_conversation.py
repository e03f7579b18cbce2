"""A journal read as frames that went over and calls with their answers."""

from __future__ import annotations

import pytest

from shared.journal.entry import Entry
from shared.report.conversation import CARRIED, LOST, STOPPED, UNSENT, exchanges, passages
from shared.report.events import ScenarioFinished, ScenarioStarted, StepStarted, Verdict
from shared.report.transcript import transcript
from shared.report.words import Telling
from shared.versions import V16, V201, Version
from tests.report.runs import CSMS, STATION, Talk, both_ends, charging, small_talk
from tests.support import each_version


def test_an_answer_belongs_to_the_call_with_its_id_in_the_other_direction() -> None:
    talk = Talk("2.0.1")
    talk.frame("out", 2, "1", "Heartbeat", {})
    talk.frame("in", 2, "1", "Reset", {"type": "Immediate"})
    talk.frame("out", 4, "1", "NotSupported", "no", {})
    talk.frame("in", 3, "1", {"currentTime": "now"})
    beat, reset = exchanges(passages(talk.entries))
    assert (beat.sender, beat.action, beat.answer, beat.answer_seq) == (
        STATION,
        "Heartbeat",
        {"currentTime": "now"},
        5,
    )
    assert (reset.sender, reset.action, reset.error, reset.version) == (CSMS, "Reset", "NotSupported", V201)


@pytest.mark.parametrize("end", [STATION, CSMS])
def test_who_sent_a_frame_does_not_depend_on_the_end_that_tells(end: str) -> None:
    talk = Talk(end=end)
    talk.exchange("Heartbeat", {}, {}, by=STATION)
    talk.exchange("Reset", {"type": "Hard"}, {"status": "Accepted"}, by=CSMS)
    assert [x.sender for x in exchanges(passages(talk.entries))] == [STATION, CSMS]


def _frame(seq: int, end: str, way: str, what: str) -> Entry:
    return Entry(seq, 0.0, end, "CP1", way, "frame", what)


def test_a_journal_of_both_ends_tells_each_frame_once_and_what_the_wire_did_to_it() -> None:
    lines = passages(
        [
            _frame(1, STATION, "out", "a"),
            _frame(2, CSMS, "in", "a"),
            _frame(3, STATION, "out", "lost"),
            _frame(4, CSMS, "in", "spoiled"),
            _frame(5, STATION, "held", "never sent"),
            _frame(6, CSMS, "in", "early"),
            _frame(7, STATION, "out", "early"),
        ]
    )
    assert [(line.entry.what, line.state, line.seqs) for line in lines] == [
        ("a", CARRIED, [1, 2]),
        ("lost", LOST, [3]),
        ("spoiled", UNSENT, [4]),
        ("never sent", STOPPED, [5]),
        ("early", CARRIED, [6, 7]),
    ]


def test_a_copy_that_only_the_receiver_saw_is_one_that_nobody_sent() -> None:
    lines = passages([_frame(1, STATION, "out", "a"), _frame(2, CSMS, "in", "a"), _frame(3, CSMS, "in", "a")])
    assert [line.state for line in lines] == [CARRIED, UNSENT]


def test_a_journal_of_one_end_has_no_lost_frames() -> None:
    assert {line.state for line in passages(small_talk().entries)} == {CARRIED}


def test_a_call_that_did_not_arrive_was_not_exercised() -> None:
    talk = Talk()
    talk.frame("held", 2, "1", "Heartbeat", {})
    assert list(exchanges(passages(talk.entries))) == []


def test_a_station_without_a_told_connection_speaks_the_version_of_the_scenario() -> None:
    talk = small_talk()
    assert {line.version for line in passages(talk.entries[1:], "1.6")} == {V16}
    assert {line.version for line in passages(talk.entries[1:], "?")} == {None}


@each_version
def test_both_ends_of_a_real_conversation_agree(version: Version) -> None:
    station, csms, _ = charging(version)
    whole = passages(both_ends(station, csms))
    assert {line.state for line in whole} == {CARRIED}
    calls = [(x.sender, x.action, x.request, x.answer) for x in exchanges(whole)]
    assert calls == [(x.sender, x.action, x.request, x.answer) for x in exchanges(passages(station))]
    assert len(calls) > 6
    assert all(answer is not None for *_, answer in calls)


HOSTILE = [
    *["", "[", "[]", "[2]", "[2,3,4,{}]", '[2,"1",null]', '[3,"1"]', '[3,"1",7]', '[4,"1"]', "[4,{},[],1]"],
    *["[" * 90_000, "[9,[]]", '[2,"\x00\u202e","\x1b[2J",{}]', "\ud800", '{"a":1}', b"\xff\x00"],
    *['[5,"1","x"]', '[6,"1","y",[]]'],
]


def test_whatever_was_sent_can_be_told_in_plain_text() -> None:
    talk = Talk("2.1")
    for what in HOSTILE:
        talk.add("in", "frame", what)
    telling = Telling()
    telling.take(ScenarioStarted("s", "n", "f", 1, STATION, "2.1"))
    told = telling.take(ScenarioFinished("s", Verdict.PASSED, journal=tuple(talk.entries)))
    assert told is not None
    lines = transcript(told).split("\n")
    assert len(lines) == len(HOSTILE) + 1
    assert all(line.isprintable() for line in lines)


def test_a_step_stands_before_the_frames_that_came_in_it() -> None:
    telling = Telling()
    telling.take(ScenarioStarted("s", "n", "f", 1, STATION, "1.6"))
    telling.take(StepStarted("s", "steps", 1, 1, "by number", 9.0, seq=1))
    telling.take(StepStarted("s", "steps", 2, 1, "by time", 0.4))
    told = telling.take(ScenarioFinished("s", Verdict.PASSED, journal=tuple(small_talk().entries)))
    assert told is not None
    assert [line.split()[1] for line in transcript(told).splitlines()] == [
        "CP1",
        "--",
        "CP1",
        "CP1",
        "--",
        "CP1",
        "CP1",
    ]
