"""What reports are told of scenarios: steps inside steps, and both ends of a conversation."""

from __future__ import annotations

import io

from shared.report.base import Settings
from shared.report.conversation import CARRIED, passages
from shared.report.events import StepFinished, StepStarted, Verdict
from shared.report.html import Html
from shared.report.transcript import transcript
from shared.report.words import Telling
from shared.versions import V16
from tests.scenario.played import Played, play

NESTED = """\
  - use: booted
  - repeat: {times: 2, steps: [send: Heartbeat, wait: 1s]}
  - parallel:
      - [wait: 1s]
      - [wait: 2s, {expect: tx.started, within: 1s}]
"""


def started(played: Played) -> dict[str, str]:
    return {e.label: e.text for e in played.events if isinstance(e, StepStarted)}


def test_steps_inside_steps_are_told_with_their_place() -> None:
    played = play(NESTED, versions=[V16])
    told = started(played)
    assert list(told)[:2] == ["1", "1.1"]
    assert [n for n in told if n[0] == "2"] == ["2", "2.1.1", "2.1.2", "2.2.1", "2.2.2"]
    assert (told["2.2.1"], told["3.2.1"]) == ("send: Heartbeat", "wait: 2s")
    ended = {(e.number, *e.path): e.verdict for e in played.events if isinstance(e, StepFinished)}
    assert (ended[3, 1, 1], ended[3, 2, 2], ended[3,]) == (Verdict.PASSED, Verdict.FAILED, Verdict.FAILED)


def test_reports_show_steps_inside_steps() -> None:
    played = play(NESTED, versions=[V16])
    telling = Telling()
    (told,) = [one for event in played.events if (one := telling.take(event)) is not None]
    lines = transcript(told).splitlines()
    assert any(line.endswith("    -- steps 2.2.1: send: Heartbeat  [passed]") for line in lines)
    assert any("-- steps 3.2.2: expect: tx.started, within: 1s  [failed]" in line for line in lines)
    page = io.StringIO()
    report = Html(Settings("html", "", {}, page))
    for event in played.events:
        report(event)
    report.close()
    assert "<span class=n>3.2.2</span>" in page.getvalue()
    assert page.getvalue().count("expected tx.started within 1 s of CP1") >= 1


def test_both_ends_are_one_conversation_and_what_was_held_stays_visible() -> None:
    played = play(
        "  - use: booted\n  - inject: {drop: {action: Heartbeat}}\n  - {send: Heartbeat, no_wait: true}",
        head="role: pair",
        versions=[V16],
    )
    lines = passages(played.finished[0].journal, "1.6")
    boots = [line for line in lines if line.kind == "call" and line.parts[2] == "BootNotification"]
    assert [(line.state, len(line.seqs)) for line in boots] == [(CARRIED, 2)]
    assert len([line for line in lines if line.kind == "open"]) == 1
    beats = [line.state for line in lines if line.kind == "call" and line.parts[2] == "Heartbeat"]
    assert beats == ["held"]


def test_what_the_other_end_threw_away_is_told_with_its_fault() -> None:
    steps = "  - use: booted\n  - {inject: {drop: {action: Heartbeat}}, at: csms}\n  - {send: Heartbeat, no_wait: true}"
    played = play(steps, head="role: pair", versions=[V16])
    lines = passages(played.finished[0].journal, "1.6")
    (beat,) = [line for line in lines if line.kind == "call" and line.parts[2] == "Heartbeat"]
    assert (beat.state, len(beat.seqs)) == (CARRIED, 2)
    assert any(line.entry.note == "fault" for line in lines)
