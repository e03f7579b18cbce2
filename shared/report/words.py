"""What all reports write alike: verdicts, durations, places, and texts of a peer that must neither steer nor leak."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from shared.journal.redaction import REDACTED, redacted
from shared.report.events import (
    Failure,
    ScenarioFinished,
    ScenarioStarted,
    StepFinished,
    StepStarted,
    Verdict,
)

ORDER = (
    Verdict.FAILED,
    Verdict.UNEXPECTED_PASS,
    Verdict.ERROR,
    Verdict.INCONCLUSIVE,
    Verdict.EXPECTED_FAILURE,
    Verdict.NOT_APPLICABLE,
    Verdict.PASSED,
)
"""The verdicts, the gravest first."""

MARKS = {
    Verdict.PASSED: "✓",
    Verdict.FAILED: "✗",
    Verdict.ERROR: "!",
    Verdict.INCONCLUSIVE: "?",
    Verdict.NOT_APPLICABLE: "-",
    Verdict.EXPECTED_FAILURE: "x",
    Verdict.UNEXPECTED_PASS: "✗",
}
"""One letter for each verdict, for where there is no room: never colour alone."""

_SECRETS = ("password", "authorizationkey", "simpin", "vpnkey")
_LONGEST_VALUE = 20_000


def title(scenario: ScenarioStarted) -> str:
    """`complete_session [evse=1] (2.0.1)`: a scenario as people tell it from the others."""
    case = f" [{scenario.case}]" if scenario.case else ""
    version = f" ({scenario.version})" if scenario.version else ""
    return f"{scenario.name}{case}{version}"


def place(file: str, line: int) -> str:
    """`file:line`, or as much of it as is known."""
    return f"{file}:{line}" if file and line else file or (f"line {line}" if line else "")


def duration(seconds: float) -> str:
    """`12 ms`, `3.4 s`, `8 h 0 min`: seconds as a person reads them."""
    if seconds < 0.9995:
        return f"{max(seconds, 0) * 1000:.0f} ms"
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    return f"{minutes // 60} h {minutes % 60} min"


def counted(counts: Mapping[Verdict, int]) -> str:
    """`12 passed, 1 failed`: the totals per verdict that are not zero, the gravest first."""
    words = [f"{counts[verdict]} {verdict}" for verdict in ORDER if counts.get(verdict)]
    return ", ".join(words) or "nothing was run"


def visible(text: str, *, keep: str = "\n") -> str:
    """`text` with every character that cannot be seen, or that steers what shows it, spelled as an escape."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c in keep else _escape(c) for c in text)


def _escape(letter: str) -> str:
    code = ord(letter)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def unsecret(text: str) -> str:
    """`text` without the secrets in it: a line that may hold a frame, whose JSON begins at its first bracket."""
    at = text.find("[")
    if at >= 0:
        found = str(redacted({"frame": text[at:]})["frame"])
        text = text[:at] + found
    return str(redacted({"text": text})["text"])


def unsecret_failure(failure: Failure | None) -> Failure | None:
    """`failure` as it may be written down: no secrets, and no value of a megabyte."""
    if failure is None:
        return None
    path = failure.path.lower()
    is_secret = any(word in path for word in _SECRETS)

    def value(text: str) -> str:
        return REDACTED if is_secret and text else _cut(unsecret(text))

    return dataclasses.replace(
        failure,
        message=_cut(unsecret(failure.message)),
        step=_cut(unsecret(failure.step)),
        expected=value(failure.expected),
        actual=value(failure.actual),
        last_frames=tuple(_cut(unsecret(line)) for line in failure.last_frames),
    )


def unsecret_details(details: Mapping[str, Any]) -> Mapping[str, Any]:
    """`details` without what stands beside a secret's name."""
    return dict(redacted({"detail": dict(details)})["detail"])


def _cut(text: str) -> str:
    rest = len(text) - _LONGEST_VALUE
    return text if rest <= 0 else f"{text[:_LONGEST_VALUE]} .. {rest} more characters"


@dataclasses.dataclass
class Told:
    """What one scenario has told so far: every report that writes at its end collects this."""

    started: ScenarioStarted
    steps: dict[tuple[str, int, tuple[int, ...]], tuple[StepStarted, StepFinished | None]] = (
        dataclasses.field(default_factory=dict)
    )
    finished: ScenarioFinished | None = None


class Telling:
    """Collects the events of scenarios that may overlap, by id; gives each back whole when it has ended."""

    def __init__(self) -> None:
        self.open: dict[str, Told] = {}

    def take(self, event: Any) -> Told | None:
        """The scenario that `event` ends, and forget it; None for every other event."""
        if isinstance(event, ScenarioStarted):
            self.open[event.id] = Told(event)
        elif isinstance(event, StepStarted):
            if event.id in self.open:
                event = dataclasses.replace(event, text=_cut(unsecret(event.text)))
                self.open[event.id].steps[event.part, event.number, event.path] = (event, None)
        elif isinstance(event, StepFinished):
            self._step(event)
        elif isinstance(event, ScenarioFinished):
            told = self.open.pop(event.id, None)
            if told is None:  # it failed before it could begin
                told = Told(ScenarioStarted(event.id, event.id, "", 0, "", ""))
            told.finished = dataclasses.replace(
                event,
                failure=unsecret_failure(event.failure),
                reason=_cut(unsecret(event.reason)),
                details=unsecret_details(event.details),
            )
            return told
        return None

    def _step(self, event: StepFinished) -> None:
        told = self.open.get(event.id)
        if told is None:
            return
        key = (event.part, event.number, event.path)
        known = told.steps.get(key)
        unknown = StepStarted(event.id, event.part, event.number, 0, "", event.t, path=event.path)
        started = known[0] if known else unknown
        event = dataclasses.replace(event, failure=unsecret_failure(event.failure))
        told.steps[key] = (started, event)
