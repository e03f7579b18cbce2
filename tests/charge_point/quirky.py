"""Plays a station with quirks at our CSMS, and tells what went over the wire and what the CSMS found."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import lru_cache
from typing import Any, NamedTuple

from shared.journal.entry import FRAME, IN, OUT, Entry
from shared.report.events import Verdict
from shared.versions import Version
from tests.scenario.played import Played

READY = "  - registered\n"
SESSION = """\
  - registered
  - plug_in
  - present: 04a1b2c3
  - wait: 3min
  - present: 04a1b2c3
  - wait: 1min
  - unplug
  - wait: 3min
"""
AGAIN = SESSION.replace(READY, "")
TWO = SESSION + AGAIN
OFFLINE = f"{SESSION}  - go_offline\n{AGAIN.replace('3min', '1min')}  - come_online\n  - wait: 3min\n"
FAULT = f"{READY}  - fault: {{error: GroundFailure}}\n  - wait: 1min\n"
RESET = """\
  - registered
  - plug_in
  - present: 04a1b2c3
  - wait: 1min
  - command: reset
  - wait: 5min
"""


class Call(NamedTuple):
    """A call: seconds, its id, action and payload."""

    at: float
    id: str
    action: str
    payload: dict[str, Any]


class Wire:
    """What went over the wire at the station's end, and the notes of the CSMS."""

    def __init__(self, entries: list[Entry]) -> None:
        self.entries = entries
        frames = [e for e in entries if e.end == "charge_point" and e.sort == FRAME and e.dir in (IN, OUT)]
        self.frames = [(e.t, e.dir, json.loads(e.what)) for e in frames]
        self.calls = [Call(t, *f[1:4]) for t, way, f in self.frames if way == OUT and f[0] == 2]
        self.came = [Call(t, *f[1:4]) for t, way, f in self.frames if way == IN and f[0] == 2]
        notes = [e for e in entries if e.end == "csms" and e.note and e.note != "not_sent"]
        self.findings = {e.note for e in notes if e.clause}
        self.remarks = {e.note for e in notes if not e.clause}

    def of(self, *actions: str) -> list[Call]:
        """Its calls of these actions."""
        return [call for call in self.calls if call.action in actions]

    def tx(self, kind: str) -> list[Call]:
        """The first (Started), middle (Updated) or last (Ended) messages of transactions."""
        name = {"Started": "StartTransaction", "Ended": "StopTransaction"}.get(kind, "MeterValues")
        return [c for c in self.calls if c.action == name or c.payload.get("eventType") == kind]

    @property
    def statuses(self) -> list[str]:
        """The statuses of connector 1, however they were told."""
        found = []
        for c in self.of("StatusNotification", "NotifyEvent"):
            if c.action == "NotifyEvent":
                found += [
                    e["actualValue"]
                    for e in c.payload["eventData"]
                    if e["variable"]["name"] == "AvailabilityState"
                ]
            elif c.payload["connectorId"] == 1:
                found.append(c.payload.get("status") or c.payload["connectorStatus"])
        return found

    @property
    def samples(self) -> list[dict[str, Any]]:
        """Every sampled value that it sent."""
        return [v for c in self.calls for m in c.payload.get("meterValue", ()) for v in m["sampledValue"]]

    @property
    def token(self) -> str:
        """What it asked about first."""
        wire = self.of("Authorize")[0].payload
        return str(wire["idTag"] if "idTag" in wire else wire["idToken"]["idToken"])

    @property
    def most_open(self) -> int:
        """How many of its calls were without an answer at the same time."""
        waiting: set[str] = set()
        most = 0
        for _, way, frame in self.frames:
            if way == OUT and frame[0] == 2:
                waiting.add(frame[1])
                most = max(most, len(waiting))
            elif way == IN and frame[0] in (3, 4):
                waiting.discard(frame[1])
        return most

    def answered(self, action: str) -> list[tuple[float, Any]]:
        """How long its answers to calls of `action` took, and what they said: the payload, or the error's code."""
        asked = {c.id: c.at for c in self.came if c.action == action}
        return [
            (t - asked[f[1]], f[2])
            for t, way, f in self.frames
            if way == OUT and f[0] in (3, 4) and f[1] in asked
        ]


@lru_cache(maxsize=256)
def wire(
    quirks: str, version: Version, steps: str = SESSION, more: str = "", registration: str = "strict"
) -> Wire:
    """What a station with `quirks` does in `steps` at our CSMS, which must survive it."""
    station = f"register: 5000, meter_interval: 20, {more}quirks: {{{quirks}}}"
    head = f"role: pair\nstation: {{{station}}}\ncsms: {{registration: {registration}}}"
    played = Played(f"scenario: quirks\n{head}\nsteps:\n{steps}", versions=(version,), schema="warn")
    assert played.verdicts == {Verdict.PASSED}, (played.reason, played.finished[0].failure)
    return Wire(played.journals[0])


Shows = Callable[[Wire], bool]
