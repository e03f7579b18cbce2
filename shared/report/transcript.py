"""A scenario in plain text: its steps with their verdicts, and between them what was said, a line for each frame."""

from __future__ import annotations

from collections.abc import Iterator

from shared.actions import STATION
from shared.digest import digest
from shared.digest_forms import clean
from shared.journal.entry import FRAME, Entry
from shared.journal.redaction import redacted
from shared.report.conversation import CARRIED, STOPPED, UNSENT, Passage, passages
from shared.report.events import StepFinished, StepStarted
from shared.report.words import Told
from shared.versions import VERSIONS

STATES = {"lost": "never seen to arrive", UNSENT: "not sent like this", STOPPED: "held back"}
"""What is said of a frame that did not simply go over."""

_LONGEST = 400


def transcript(told: Told) -> str:
    """The steps and frames of `told` in their order; of a conversation that is gone, the steps alone."""
    return "\n".join(_lines(told))


def _lines(told: Told) -> Iterator[str]:
    for item in timeline(told):
        if isinstance(item, Passage):
            yield f"{item.entry.t:10.3f}  {describe(item)}"
        else:
            started, finished = item
            verdict = finished.verdict if finished else "not ended"
            words = f"{started.part} {started.label}: {started.text}  [{verdict}]"
            yield f"{started.t:10.3f}  {'  ' * len(started.path)}-- {words}"


Step = tuple[StepStarted, StepFinished | None]


def timeline(told: Told) -> list[Passage | Step]:
    """The conversation with each step where it began."""
    finished = told.finished
    lines = passages(finished.journal if finished else (), told.started.version)
    steps = list(told.steps.values())
    at = 0
    merged: list[Passage | Step] = []
    for started, ended in steps:
        while at < len(lines) and _is_before(lines[at].entry, started):
            merged.append(lines[at])
            at += 1
        merged.append((started, ended))
    merged.extend(lines[at:])
    return merged


def _is_before(entry: Entry, step: StepStarted) -> bool:
    return entry.seq <= step.seq if step.seq else entry.t < step.t


def describe(line: Passage) -> str:
    """`CP1 > BootNotification Keba KC-P30`: one line of a conversation, seen from the station."""
    entry = line.entry
    if entry.sort != FRAME:
        mark = "!" if entry.is_finding else "="
        clause = f"  [{clean(entry.clause, 80)}]" if entry.clause else ""
        words = f"{entry.note} {text_of(entry)}".strip() if entry.note else f"{entry.sort} {text_of(entry)}"
        return f"{clean(entry.station, 48)} {mark} {words}{clause}"
    arrow = ">" if line.sender == STATION else "<"
    action, words = label(line)
    state = f"  ({STATES[line.state]})" if line.state != CARRIED else ""
    return f"{clean(entry.station, 48)} {arrow} {action} {words}".rstrip() + state


def label(line: Passage) -> tuple[str, str]:
    """What a frame is called, and its decisive fields; nothing in it steers a terminal, no secret is in it."""
    parts, kind, exchange = line.parts, line.kind, line.exchange
    spoken = line.version or VERSIONS[-1]
    if kind in ("call", "send") and len(parts) > 3 and isinstance(parts[2], str):
        return clean(parts[2], 48), digest(spoken, parts[2], parts[3])
    if kind == "answer" and len(parts) > 2:
        action = exchange.action if exchange else ""
        name = f"{clean(action, 48)} answer" if action else "answer to nothing that was asked"
        return name, digest(spoken, action, parts[2], answer=True)
    if kind in ("error", "answer_error") and len(parts) > 2:
        action = f"{clean(exchange.action, 48)} " if exchange else ""
        why = clean(parts[3], _LONGEST) if len(parts) > 3 else ""
        name = "CALLERROR" if kind == "error" else "CALLRESULTERROR"
        return f"{action}{name}", f"{clean(parts[2], 48)} {why}".strip()
    return "unreadable", text_of(line.entry)[:80]


def text_of(entry: Entry) -> str:
    """The words of a note, or a frame as it was, on one line and without its secrets."""
    if isinstance(entry.what, bytes):
        return f"{len(entry.what)} bytes: {entry.what[:40].hex(' ')}"
    name = "frame" if entry.sort == FRAME else "text"
    return clean(redacted({name: entry.what})[name], _LONGEST)
