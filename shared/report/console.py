"""The run on a terminal: what is running now, a line for each scenario, why it failed, and the totals.

    failed           expired_tag (1.6)                                     scenarios/expired_tag.yaml:3
      scenarios/expired_tag.yaml:14: expect authorize
      answer.idTagInfo.status of frame 12
        expected  Expired
        actual    Accepted
      last frames
            0.003  CP1 > Authorize 04A1
            0.004  CP1 < Authorize answer Accepted

On a terminal the last line says which scenario and step is running, and is written over. Elsewhere nothing is ever
written over, and no line has colour. NO_COLOR is honoured. Lines have at most 80 columns, or those of the terminal.
"""

from __future__ import annotations

import os
import textwrap
import time
from collections import Counter
from collections.abc import Callable

from shared.console import columns, is_terminal, wants_colour
from shared.digest_forms import cut
from shared.report.base import Settings
from shared.report.events import (
    Event,
    Failure,
    RunFinished,
    RunStarted,
    ScenarioFinished,
    ScenarioStarted,
    StepStarted,
    Verdict,
)
from shared.report.sink import STANDARD
from shared.report.words import Telling, Told, counted, duration, place, title, visible

_COLOURS = {
    Verdict.PASSED: "32",
    Verdict.FAILED: "31;1",
    Verdict.UNEXPECTED_PASS: "31;1",
    Verdict.ERROR: "35;1",
    Verdict.INCONCLUSIVE: "33",
    Verdict.NOT_APPLICABLE: "2",
    Verdict.EXPECTED_FAILURE: "36",
}
_DIM = "2"
_MOST_LISTED = 250
"""Runs of more scenarios do not list those that passed."""
_NAME = 16
_WIDEST = 120
_LONGEST = len("59.9 s")
"""Characters of the real time that nearly every scenario stays within."""
_REFRESH = 0.1
"""Seconds of real time between two looks at what is running."""
_MOST_LINES = 6
"""Lines that one value or frame may take."""


class Progress:
    """Writes to the stream of its settings, or to a file, which then gets what is no terminal gets."""

    def __init__(self, settings: Settings, now: Callable[[], float] = time.monotonic) -> None:
        self._sink = settings.sink
        terminal = settings.path in ("", STANDARD) and is_terminal(settings.stream)
        self._live = terminal and os.environ.get("TERM") != "dumb"
        self._coloured = wants_colour(terminal) if settings.colour is None else settings.colour
        self._width = settings.width or (min(columns(settings.stream), _WIDEST) if terminal else 80)
        self._now = now
        self._shown_at = -_REFRESH
        self._is_shown = False
        self._telling = Telling()
        self._planned = 0
        self._counts: Counter[Verdict] = Counter()
        self._bad: list[str] = []
        self._is_over = False

    @property
    def problems(self) -> list[str]:
        """Whether it could not be written."""
        return [self._sink.problem] if self._sink.problem else []

    def __call__(self, event: Event) -> None:
        """Take the next event."""
        told = self._telling.take(event)
        if told is not None:
            self._scenario(told)
        elif isinstance(event, RunStarted):
            self._begin(event)
        elif isinstance(event, RunFinished):
            self._end(event)
        elif self._live and isinstance(event, ScenarioStarted | StepStarted):
            self._look(event)

    def close(self) -> None:
        """Say that the run was cut short, if it was."""
        if not self._is_over:
            self._wipe()
            self._totals(self._counts, None, interrupted=True)
        self._sink.close()

    def _begin(self, event: RunStarted) -> None:
        self._planned = event.planned
        what = "1 scenario" if event.planned == 1 else f"{event.planned} scenarios"
        against = f" against {event.target}" if event.target else ""
        self._line(f"running {what} as {event.role}{against}, seed {event.seed}")

    # --- while it runs ------------------------------------------------------------------------------------

    def _look(self, event: ScenarioStarted | StepStarted) -> None:
        now = self._now()
        told = self._telling.open.get(event.id)
        if told is None or now - self._shown_at < _REFRESH:
            return
        self._shown_at = now
        done = self._counts.total()
        step = f"  {event.part} {event.label}: {event.text}" if isinstance(event, StepStarted) else ""
        bad = sum(count for verdict, count in self._counts.items() if not verdict.is_good)
        bad_text = f" {bad} bad" if bad else ""
        text = f"[{done}/{self._planned}{bad_text}] {title(told.started)}{step}"
        self._sink.write(f"\r\x1b[K{cut(_flat(text), self._width - 1)}")
        self._is_shown = True

    def _wipe(self) -> None:
        if self._is_shown:
            self._sink.write("\r\x1b[K")
            self._is_shown = False

    # --- what came of it ----------------------------------------------------------------------------------

    def _scenario(self, told: Told) -> None:
        finished = told.finished
        assert finished is not None
        verdict = finished.verdict
        self._counts[verdict] += 1
        if verdict is not Verdict.PASSED or self._planned <= _MOST_LISTED:
            self._wipe()
            self._headline(told, finished)
            self._why(finished)
        if not verdict.is_good:
            where = place(told.started.file, told.started.line)
            self._bad.append(f"{verdict}: {title(told.started)}  {where}".rstrip())
        self._milestone()

    def _headline(self, told: Told, finished: ScenarioFinished) -> None:
        head = f"{finished.verdict:<{_NAME}} "
        right = place(told.started.file, told.started.line)
        if finished.verdict is Verdict.PASSED:
            right = duration(finished.wall_seconds)
            if finished.protocol_seconds >= max(60.0, 2 * finished.wall_seconds):
                right = f"{duration(finished.protocol_seconds)} in {right}"
        right = _flat(right)
        room = self._width - len(head) - len(right) - 2
        # whether a name has room must not hang on how fast this machine was
        spare = _LONGEST - len(duration(finished.wall_seconds)) if finished.verdict is Verdict.PASSED else 0
        name = _flat(title(told.started))
        if len(name) > room - max(spare, 0):
            self._line(cut(head + name, self._width), _COLOURS[finished.verdict], len(head))
            if finished.verdict is not Verdict.PASSED:
                self._wrapped(right, "  ", _DIM)
        else:
            self._line(f"{head}{name:<{room}}  {right}", _COLOURS[finished.verdict], len(head))

    def _why(self, finished: ScenarioFinished) -> None:
        failure = finished.failure
        message = failure.message if failure else ""
        if finished.reason and finished.reason != message:
            self._wrapped(finished.reason, "  ")
        if failure is not None:
            self._failure(failure)

    def _failure(self, failure: Failure) -> None:
        where = place(failure.file, failure.line)
        step = f"{where}: {failure.step}" if where and failure.step else where or failure.step
        self._wrapped(step, "  ", "1")
        self._wrapped(failure.message, "  ")
        frame = f"frame {failure.seq}" if failure.seq else ""
        self._wrapped(" of ".join(part for part in (failure.path, frame) if part), "  ", _DIM)
        if failure.expected or failure.actual:
            self._wrapped(f"expected  {failure.expected or '-'}", "    ", "32", hang=10)
            self._wrapped(f"actual    {failure.actual or '-'}", "    ", "31", hang=10)
        if failure.last_frames:
            self._line("  last frames", _DIM)
            for line in failure.last_frames:
                self._wrapped(line, "    ", _DIM, hang=4)

    def _milestone(self) -> None:
        """In a long run that is not watched live, a line for every tenth of it."""
        done = self._counts.total()
        if self._live or self._planned <= _MOST_LISTED or done == self._planned:
            return
        if done * 10 // self._planned != (done - 1) * 10 // self._planned:
            self._line(f"{done} of {self._planned}: {counted(self._counts)}", _DIM)

    # --- the end ------------------------------------------------------------------------------------------

    def _end(self, event: RunFinished) -> None:
        self._is_over = True
        self._wipe()
        self._totals(Counter(dict(event.counts)), event.wall_seconds, interrupted=event.interrupted)

    def _totals(self, counts: Counter[Verdict], seconds: float | None, *, interrupted: bool) -> None:
        self._line("")
        if self._bad and self._planned > 1:
            for line in self._bad:
                self._wrapped(line, "", hang=4)
            self._line("")
        took = f" in {duration(seconds)}" if seconds is not None else ""
        colour = _COLOURS[Verdict.PASSED]
        if interrupted or any(count and not verdict.is_good for verdict, count in counts.items()):
            colour = _COLOURS[Verdict.FAILED]
        if interrupted:
            rest = self._planned - sum(counts.values())
            self._line(f"interrupted, {rest} of {self._planned} not finished", colour)
        self._line(f"{counted(counts)}{took}", colour)

    # --- lines --------------------------------------------------------------------------------------------

    def _wrapped(self, text: str, indent: str, colour: str = "", hang: int = 0) -> None:
        """`text` with its own line breaks, wrapped at the width; a value of many lines is cut and says so."""
        if not text:
            return
        lines: list[str] = []
        for part in visible(text).split("\n"):
            lines += textwrap.wrap(
                part,
                max(self._width, 20),
                initial_indent=indent if not lines else indent + " " * hang,
                subsequent_indent=indent + " " * hang,
                break_on_hyphens=False,
                max_lines=_MOST_LINES,
                placeholder=" ..",
                drop_whitespace=True,
            )
        for line in lines[:_MOST_LINES]:
            self._line(line, colour)
        if len(lines) > _MOST_LINES:
            self._line(f"{indent}{' ' * hang}.. {len(lines) - _MOST_LINES} lines more", _DIM)

    def _line(self, text: str, colour: str = "", coloured: int | None = None) -> None:
        """One line; of it the first `coloured` characters in colour, or all."""
        text = visible(text, keep="").rstrip()
        if colour and self._coloured and text:
            at = len(text) if coloured is None else coloured
            text = f"\x1b[{colour}m{text[:at]}\x1b[0m{text[at:]}"
        self._sink.write(text + "\n")


def _flat(text: str) -> str:
    return visible(text, keep="")
