"""Runs to report on: streams of events made up for a test, and conversations as a journal has them."""

from __future__ import annotations

import asyncio
import io
from collections import Counter, deque
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson

from shared.clock import run_virtual
from shared.journal.entry import Entry
from shared.report.base import Report, Settings
from shared.report.events import (
    Event,
    Failure,
    RunFinished,
    RunStarted,
    ScenarioFinished,
    ScenarioStarted,
    StepFinished,
    StepStarted,
    Verdict,
)
from shared.report.table import REPORTS
from shared.versions import Version
from tests.pair.pair import Over, Pair

AT = 1_795_000_000.0
STATION, CSMS = "charge_point", "csms"


class Talk:
    """A journal written by hand, as seen at `end`; an entry every tenth of a second."""

    def __init__(self, version: str = "1.6", end: str = STATION, station: str = "CP1") -> None:
        self.entries: list[Entry] = []
        self.end = end
        self.station = station
        self.add("", "open", f"ocpp{version} ws://mock/{station}")

    def add(self, direction: str, sort: str, what: str | bytes, **more: Any) -> int:
        """Any entry."""
        seq = len(self.entries) + 1
        more = {"end": self.end, "station": self.station} | more
        self.entries.append(Entry(seq=seq, t=seq / 10, dir=direction, sort=sort, what=what, **more))
        return seq

    def frame(self, direction: str, *parts: Any, **more: Any) -> int:
        """A frame of these parts."""
        return self.add(direction, "frame", orjson.dumps(parts).decode(), **more)

    def exchange(self, action: str, request: Any, answer: Any = None, *, by: str = STATION) -> int:
        """A call of `by`, and its answer unless that is None; gives the number of the last frame."""
        out, back = ("out", "in") if by == self.end else ("in", "out")
        id = f"m{len(self.entries)}"
        seq = self.frame(out, 2, id, action, request)
        return seq if answer is None else self.frame(back, 3, id, answer)

    def refused(self, action: str, request: Any, code: str, *, by: str = STATION) -> int:
        """A call of `by` that is answered with a CALLERROR."""
        out, back = ("out", "in") if by == self.end else ("in", "out")
        id = f"m{len(self.entries)}"
        self.frame(out, 2, id, action, request)
        return self.frame(back, 4, id, code, "not so", {})


def small_talk() -> Talk:
    """A boot and a refused token."""
    talk = Talk()
    talk.exchange(
        "BootNotification",
        {"chargePointVendor": "V", "chargePointModel": "M"},
        {"status": "Accepted", "interval": 60, "currentTime": "2026-11-18T10:00:00Z"},
    )
    talk.exchange("Authorize", {"idTag": "04A1"}, {"idTagInfo": {"status": "Expired"}})
    return talk


FAILURE = Failure(
    "the token was not accepted",
    file="scenarios/happy_path/token.yaml",
    line=14,
    step="expect authorize",
    expected="Accepted",
    actual="Expired",
    path="idTagInfo.status",
    seq=5,
    last_frames=("0.4  CP1 > Authorize 04A1", "0.5  CP1 < Authorize answer Expired"),
)


def scenario(
    verdict: Verdict = Verdict.PASSED,
    *,
    id: str = "s1",
    name: str = "complete_session",
    case: str = "",
    file: str = "scenarios/happy_path/complete_session.yaml",
    version: str = "1.6",
    reason: str = "",
    failure: Failure | None = None,
    journal: Iterable[Entry] = (),
    steps: Sequence[str] = ("send BootNotification", "expect authorize"),
    details: dict[str, Any] | None = None,
    epoch: float = AT,
) -> list[Event]:
    """The events of one scenario; its last step has the scenario's verdict when that is not good."""
    events: list[Event] = [ScenarioStarted(id, name, file, 3, STATION, version, case)]
    for number, text in enumerate(steps, 1):
        last = number == len(steps) and not verdict.is_good
        events.append(StepStarted(id, "steps", number, 10 + number, text, number * 0.2, number * 2 - 1))
        events.append(
            StepFinished(
                id,
                "steps",
                number,
                verdict if last else Verdict.PASSED,
                number * 0.2,
                failure=failure if last else None,
            )
        )
    events.append(
        ScenarioFinished(id, verdict, reason, 12.5, 0.04, failure, tuple(journal), epoch, details or {})
    )
    return events


def run(*scenarios: list[Event], interrupted: bool = False, target: str = "ws://csms") -> list[Event]:
    """A whole run of these scenarios, each with an id of its own."""
    events: list[Event] = [RunStarted(len(scenarios), 7, AT, STATION, target)]
    counts: Counter[Verdict] = Counter()
    for number, each in enumerate(scenarios):
        for event in each:
            assert not isinstance(event, RunStarted | RunFinished)
            events.append(replace(event, id=f"s{number}"))
            if isinstance(event, ScenarioFinished):
                counts[event.verdict] += 1
    events.append(RunFinished(counts, 2.5, interrupted))
    return events


def report(
    name: str, path: Path | str, events: Iterable[Event], stream: io.StringIO | None = None, **more: Any
) -> Report:
    """Make the report `name`, have it take the events, and close it."""
    options = {key: more.pop(key) for key in list(more) if key in REPORTS[name].options}
    settings = Settings(name, str(path), options, stream or io.StringIO(), **more)
    made = REPORTS[name].make(settings)
    settings.sink.begin()
    for event in events:
        made(event)
    made.close()
    return made


def charging(version: Version) -> tuple[list[Entry], list[Entry], float]:
    """A charging session of both programs in memory: the journals of the station and of the CSMS, and their epoch."""

    async def session() -> tuple[list[Entry], list[Entry], float]:
        async with Pair(Over(sockets=False), version, "--boot-status-sequence Pending,Accepted") as pair:
            await pair.accepted()
            await pair.generator(30)
            await pair.settled()
            await asyncio.sleep(1)
            return list(pair.charger.journal), list(pair.csms_journal), pair.charger.journal.epoch

    return run_virtual(session())


def both_ends(station: list[Entry], csms: list[Entry]) -> list[Entry]:
    """The two journals as one journal of both ends would be, numbered anew: nothing comes before it was sent."""
    heads = [deque(station), deque(csms)]
    sent: Counter[str | bytes] = Counter()
    merged: list[Entry] = []
    while any(heads):
        ready = [queue for queue in heads if queue and (queue[0].dir != "in" or sent[queue[0].what])]
        entry = min(ready, key=lambda queue: (queue[0].t, queue[0].dir != "in")).popleft()
        sent[entry.what] += {"out": 1, "in": -1}.get(entry.dir, 0)
        merged.append(entry._replace(seq=len(merged) + 1, ref=0))
    return merged
