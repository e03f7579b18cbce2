"""What our own faults bring about at a correct peer is no finding against it."""

from __future__ import annotations

import json

import pytest

from shared.faults.registry import FAULTS
from shared.journal.entry import Entry
from shared.versions import V16, V21, Version
from tests.scenario.played import Played, play

SESSION = """\
scenario: a session over a bad line
role: pair
steps:
  - wait: 200s
  - plug_in
  - at: charge_point
    present: $tokens.valid
  - wait: 200s
  - repeat: {times: 3, steps: [{send: {DataTransfer: {vendorId: x}}, no_wait: true, at: csms}, wait: 45s]}
  - unplug
  - wait: 200s
"""
EVERYWHERE = {
    "hang_up": "hang_up:before_answer_to=BootNotification,times=1",
    "respell_id": "respell_id:spelling=upper",
    "retime": "retime:ahead=3600,direction=both",
    "half_open": "half_open:hold=70,nth=6,direction=both",
    "refuse": "refuse:lasts=30",
}
"""Faults that choose their messages by themselves."""

SETTINGS = {
    "change": "change:path=status,value=Nonsense",
    "delay": "delay:after=40",
    "late_answer": "late_answer:after=40",
    "bad": "bad:preset=broken_json",
    "throttle": "throttle:rate=20",
    "merge": "merge:value='{\"nobody\":1}'",
    "readings": "readings:unit=false",
}
"""What the others need to be told, beside which messages they are done to."""


def specs() -> list[str]:
    """Every fault, done to messages of either direction."""
    found = []
    for name in sorted(FAULTS):
        if name in EVERYWHERE:
            found.append(EVERYWHERE[name])
            continue
        words = SETTINGS.get(name, name)
        found += [f"{words}{',' if ':' in words else ':'}every=3,direction={way}" for way in ("in", "out")]
    return found


def findings_against_the_peer(fault: str, end: str, version: Version) -> list[Entry]:
    """What the end whose own faults they were has found against the other, which is as it must be."""
    inject = json.dumps({"at": end, "inject": fault})
    played = Played(SESSION.replace("steps:\n", f"steps:\n  - {inject}\n"), versions=(version,))
    (journal,) = played.journals
    done = any(e.note == "fault" and e.end == end for e in journal)
    # no answer of a station has a currentTime, and nobody reads a meter to it
    assert done or fault.startswith(("refuse", "retime", "readings")), played.reason
    return [e for e in journal if e.end == end and e.clause]


TRIED = [(fault, end) for fault in specs() for end in ("csms", "charge_point")]


# each on the one or the other version, the next with the other
@pytest.mark.parametrize(
    ("fault", "end", "version"), [(*each, (V16, V21)[(n + n // 2) % 2]) for n, each in enumerate(TRIED)]
)
def test_a_correct_peer_is_not_blamed_for_what_we_did(fault: str, end: str, version: Version) -> None:
    if not (fault.startswith("refuse") and end == "charge_point"):  # a station is not connected to
        assert findings_against_the_peer(fault, end, version) == []


def test_what_is_the_peers_own_doing_stays_a_finding_while_faults_are_in_force() -> None:
    steps = (
        '  - {at: charge_point, inject: "duplicate:action=StatusNotification"}\n'
        '  - {at: charge_point, inject: "drop:action=MeterValues"}\n'
        "  - use: booted\n"
        "  - {answer: Heartbeat, silence: true, at: csms}\n"
        "  - {send: Heartbeat, no_wait: true}\n"
        "  - wait: 60s\n"
    )
    played = play(steps, head="role: pair", versions=(V16,))
    found = [e for e in played.journals[0] if e.end == "charge_point" and e.clause]
    assert [e.note for e in found] == ["unanswered_call"]
    assert "Heartbeat" in str(found[0].what)


def test_what_is_excused_is_still_told_with_its_fault() -> None:
    steps = (
        '  - {at: csms, inject: "corrupt:direction=in,action=Heartbeat"}\n'
        "  - use: booted\n  - {send: Heartbeat, no_wait: true}\n  - wait: 5s\n"
    )
    played = play(steps, head="role: pair", versions=(V16,))
    told = [str(e.what) for e in played.journals[0] if e.end == "csms" and e.note == "unusable_message"]
    assert told
    assert all(words.endswith("; no finding: our own fault corrupt is behind it") for words in told)
