"""The run as JSON Lines: each event as it happens, one object a line, flushed; secrets redacted.

    {"event": "scenario_finished", "id": "s1", "verdict": "failed", "failure": {"file": ..., "line": 12, ...}, ...}

The entries of a scenario's journal are lines of their own (`"event": "journal"`, with the scenario's `id` as
`scenario`), in the journal file's own form, directly before its `scenario_finished`.
"""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import orjson

from shared.journal.redaction import redacted
from shared.report.base import Settings
from shared.report.events import (
    Event,
    Failure,
    RunFinished,
    RunStarted,
    ScenarioFinished,
    ScenarioStarted,
    StepFinished,
    StepStarted,
)
from shared.report.words import unsecret, unsecret_details, unsecret_failure

_NAMES: dict[type[Any], str] = {
    RunStarted: "run_started",
    ScenarioStarted: "scenario_started",
    StepStarted: "step_started",
    StepFinished: "step_finished",
    ScenarioFinished: "scenario_finished",
    RunFinished: "run_finished",
}


class JsonLines:
    """Writes each event as it comes, so that another program can follow the run."""

    def __init__(self, settings: Settings) -> None:
        self._sink = settings.sink

    @property
    def problems(self) -> list[str]:
        """Whether something could not be written."""
        return [self._sink.problem] if self._sink.problem else []

    def __call__(self, event: Event) -> None:
        """Write one event, and the journal that it brings."""
        lines = []
        if isinstance(event, ScenarioFinished):
            for entry in event.journal:
                line = redacted(entry.line(event.epoch))
                lines.append(as_json({"event": "journal", "scenario": event.id} | line))
        lines.append(as_json(object_of(event)))
        self._sink.write("".join(lines), flush=True)

    def close(self) -> None:
        """Close the file."""
        self._sink.close()


def object_of(event: Event) -> dict[str, Any]:
    """`event` as a JSON object, without what has no value and without a scenario's journal."""
    members: dict[str, Any] = {"event": _NAMES[type(event)]}
    for field in dataclasses.fields(event):
        value = getattr(event, field.name)
        if field.name == "journal" or value is None or value in ("", ()):
            continue
        if isinstance(value, Failure):
            value = _failure(value)
        elif field.name in ("reason", "text") and isinstance(value, str):
            value = unsecret(value)
        elif field.name == "counts":
            value = {str(verdict): count for verdict, count in value.items()}
        elif field.name == "details":
            value = unsecret_details(value)
        members[field.name] = value
    return members


def _failure(failure: Failure) -> dict[str, Any]:
    safe = unsecret_failure(failure)
    assert safe is not None
    return {name: value for name, value in dataclasses.asdict(safe).items() if value not in ("", 0, ())}


def as_json(line: dict[str, Any]) -> str:
    """One line of JSON with its end; what JSON does not know is written as text."""
    try:
        return orjson.dumps(line, default=str, option=orjson.OPT_NON_STR_KEYS).decode() + "\n"
    except TypeError:  # half a surrogate pair, or a number beyond 64 bits
        return json.dumps(line, default=str, separators=(",", ":")) + "\n"
