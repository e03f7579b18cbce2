"""One self-contained page about a run, for a person: verdicts, filters, conversations as sequence diagrams, coverage.

The page needs nothing but itself. Without scripts everything can be read, opened and printed; the script adds the
filters, the search and the choice of light or dark. What a peer sent can do nothing in it: it is escaped, and a content
security policy allows no script but the page's own and no request at all.
"""

from __future__ import annotations

import codecs
import tempfile
from base64 import b64encode
from collections import Counter
from hashlib import sha256
from importlib.resources import files

from shared.clock import text as clock_text
from shared.report.base import Settings
from shared.report.coverage_matrix import Matrix
from shared.report.diagram import Diagram, esc, symbols
from shared.report.events import Event, RunFinished, RunStarted, ScenarioFinished, Verdict
from shared.report.html_coverage import coverage_section
from shared.report.words import MARKS, ORDER, Telling, Told, duration, place, title

MOST_BYTES = 24_000_000
"""Beyond this size of the page, scenarios with a good verdict come without their conversation: it must still open."""
_MOST_LINKS = 200


class Html:
    """Writes down each scenario as it ends, to a temporary file, and puts the page together when the run is over."""

    def __init__(self, settings: Settings) -> None:
        self._sink = settings.sink
        self._spool = tempfile.SpooledTemporaryFile(max_size=4_000_000)  # noqa: SIM115
        self._telling = Telling()
        self._matrix = Matrix()
        self._run: RunStarted | None = None
        self._finished: RunFinished | None = None
        self._counts: Counter[Verdict] = Counter()
        self._versions: dict[str, None] = {}
        self._symbols: set[tuple[int, int, str]] = set()
        self._bad: list[str] = []
        self._number = 0
        self._bytes = 0
        self._left_out = 0

    @property
    def problems(self) -> list[str]:
        """Whether the page could not be written."""
        return [self._sink.problem] if self._sink.problem else []

    def __call__(self, event: Event) -> None:
        """Take the next event."""
        if isinstance(event, RunStarted):
            self._run = event
            self._matrix.runs = 1
        elif isinstance(event, RunFinished):
            self._finished = event
        elif (told := self._telling.take(event)) is not None:
            self._add(told)

    def close(self) -> None:
        """Write the page."""
        for told in self._telling.open.values():
            told.finished = ScenarioFinished(
                told.started.id, Verdict.ERROR, "the run ended before this scenario did"
            )
            self._add(told)
        self._sink.write(self._before())
        try:
            self._spool.seek(0)
            decoder = codecs.getincrementaldecoder("utf-8")()
            while chunk := self._spool.read(1 << 20):
                self._sink.write(decoder.decode(chunk))
            self._spool.close()
        except OSError as problem:
            self._sink.fail(problem)
        self._sink.write(self._after())
        self._sink.close()

    def _add(self, told: Told) -> None:
        assert told.finished is not None
        self._number += 1
        verdict = told.finished.verdict
        self._counts[verdict] += 1
        self._versions[told.started.version] = None
        if told.finished.journal:
            self._matrix.take(told.finished.journal, told.started.version, told.finished.epoch)
        if not verdict.is_good and len(self._bad) < _MOST_LINKS:
            failure = told.finished.failure
            why = (failure.message if failure else "") or told.finished.reason
            self._bad.append(
                f"<li class={_class(verdict)}><span class=badge>{MARKS[verdict]} {esc(verdict)}</span> "
                f"<a href='#s{self._number}'>{esc(title(told.started))}</a> {esc(why)}</li>"
            )
        leave_out = verdict.is_good and self._bytes > MOST_BYTES
        self._left_out += leave_out
        page = self._scenario(told, told.finished, leave_out).encode("utf-8", "backslashreplace")
        self._bytes += len(page)
        if not self._sink.problem:
            try:
                self._spool.write(page)
            except OSError as problem:
                self._sink.fail(problem)

    # --- one scenario ---------------------------------------------------------------------------------------

    def _scenario(self, told: Told, finished: ScenarioFinished, leave_out: bool) -> str:
        started, verdict = told.started, finished.verdict
        diagram = Diagram(told, f"s{self._number}", self._symbols)
        case = f" <small>{esc(started.case)}</small>" if started.case else ""
        took = duration(finished.wall_seconds)
        if finished.protocol_seconds:
            took = f"{duration(finished.protocol_seconds)} <small>in {took}</small>"
        summary = (
            f"<summary><span class=badge>{MARKS[verdict]} {esc(verdict)}</span>"
            f"<span class=name>{esc(started.name)}{case}</span>"
            f"<span>{esc(started.version)}</span><span class=took>{took}</span></summary>"
        )
        talk = (
            "<p class=quiet>The page would be too large with this conversation; it is in the JSON Lines report.</p>"
            if leave_out
            else "".join(diagram.html())
        )
        opened = "" if verdict.is_good else " open"
        return (
            f"<details class='scenario {_class(verdict)}' id=s{self._number} data-verdict='{esc(verdict)}' "
            f"data-version='{esc(started.version)}' data-words='{esc(_searched(told, diagram))}'{opened}>"
            f"{summary}<div class=body>{_top(told, finished, diagram)}{talk}</div></details>\n"
        )

    # --- the page around them --------------------------------------------------------------------------------

    def _before(self) -> str:
        script, style = _asset("page.js"), _asset("page.css")
        digest = b64encode(sha256(script.encode()).digest()).decode()
        policy = (
            f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'; "
            "base-uri 'none'; form-action 'none'"
        )
        return (
            "<!DOCTYPE html>\n<html lang=en><head><meta charset=utf-8>"
            f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
            "<meta name=viewport content='width=device-width, initial-scale=1'>"
            f"<title>{esc(self._headline())}</title><style>{style}</style></head>\n<body>"
            f"{symbols(self._symbols)}{self._header()}{self._controls()}"
            f"{self._went_wrong()}<main aria-label=scenarios>\n"
        )

    def _after(self) -> str:
        left = (
            f"<p class=quiet>{self._left_out} conversations of good verdict were left out to keep the page usable.</p>"
            if self._left_out
            else ""
        )
        return (
            f"</main>{left}{coverage_section(self._matrix)}"
            "<footer>Times are protocol seconds since the journal began. Arrows to the right are from a station, to "
            "the left from the CSMS; dashed ones are answers.</footer>\n"
            f"<script>{_asset('page.js')}</script></body></html>\n"
        )

    def _headline(self) -> str:
        total = self._counts.total()
        good = sum(count for verdict, count in self._counts.items() if verdict.is_good)
        if self._is_cut:
            planned = self._run.planned if self._run else 0
            return f"Interrupted after {total} of {max(planned, total)} scenarios"
        if not total:
            return "Nothing was run"
        if good == total:
            return f"All {total} scenarios are green" if total > 1 else "The scenario is green"
        return f"{total - good} of {total} {'scenario is' if total == 1 else 'scenarios are'} not green"

    @property
    def _is_cut(self) -> bool:
        return self._finished is None or self._finished.interrupted

    def _header(self) -> str:
        red = self._is_cut or not self._counts or any(not verdict.is_good for verdict in self._counts)
        facts = []
        if (run := self._run) is not None:
            facts = [
                f"role {esc(run.role)}",
                f"against {esc(run.target)}" if run.target else "",
                f"seed {run.seed}",
                esc(clock_text(run.at).partition(".")[0].replace("T", " ") + " UTC"),
            ]
        if self._finished is not None:
            facts.append(f"took {duration(self._finished.wall_seconds)}")
        bars = "".join(
            f"<i class={_class(verdict)} style='flex:{self._counts[verdict]}'></i>"
            for verdict in ORDER
            if self._counts[verdict]
        )
        return (
            f"<header><div class=top><h1 class={'red' if red else 'green'}>{esc(self._headline())}</h1>"
            "<button id=theme type=button hidden>Theme</button></div>"
            f"<p>{' · '.join(fact for fact in facts if fact)}</p>"
            f"<div class=share aria-hidden=true>{bars}</div></header>"
        )

    def _controls(self) -> str:
        chips = "".join(
            f"<button type=button class='chip {_class(verdict)}' value='{esc(verdict)}' aria-pressed=true "
            f"title='show or hide; with Shift only these'><b>{self._counts[verdict]}</b> {esc(verdict)}</button>"
            for verdict in ORDER
            if self._counts[verdict]
        )
        versions = [each for each in sorted(self._versions) if each]
        chooser = ""
        if len(versions) > 1:
            options = "".join(f"<option>{esc(each)}</option>" for each in versions)
            chooser = f"<select id=version aria-label=version><option value=''>all versions</option>{options}</select>"
        return (
            f"<div class=bar hidden role=search>{chips}{chooser}"
            "<input id=search type=search placeholder='Search name, file, message  ( / )' aria-label=search>"
            "<button id=open type=button>Open / close all</button>"
            "<span id=count class=quiet role=status></span></div>"
        )

    def _went_wrong(self) -> str:
        if not self._bad or self._counts.total() <= 3:
            return ""
        bad = sum(count for verdict, count in self._counts.items() if not verdict.is_good)
        more = f"<li class=quiet>and {bad - len(self._bad)} more</li>" if bad > len(self._bad) else ""
        return f"<section><h2>Not green</h2><ul class=bad>{''.join(self._bad)}{more}</ul></section><h2>Scenarios</h2>"


def _top(told: Told, finished: ScenarioFinished, diagram: Diagram) -> str:
    """Where a scenario stands, why it has its verdict, and what else is known of it."""
    started = told.started
    where = place(started.file, started.line)
    role = f" · role {esc(started.role)}" if started.role else ""
    parts = [f"<p class='quiet file'>{esc(where)}{role}</p>"] if where or role else []
    failure = finished.failure
    if finished.reason and (failure is None or finished.reason != failure.message):
        parts.append(f"<p>{esc(finished.reason)}</p>")
    if failure is not None:
        told_there = any(ended and ended.failure == failure for _, ended in told.steps.values())
        if not (told_there and not finished.journal):
            parts.append(diagram.failure(failure))
        if failure.last_frames and not finished.journal:
            parts.append(
                f"<h3>Last frames</h3><pre tabindex=0>{esc(chr(10).join(failure.last_frames))}</pre>"
            )
    if finished.details:
        rows = "".join(
            f"<dt>{esc(name)}</dt><dd>{esc(value)}</dd>" for name, value in finished.details.items()
        )
        parts.append(f"<dl>{rows}</dl>")
    return "".join(parts)


def _searched(told: Told, diagram: Diagram) -> str:
    """What the search looks through, in lower case."""
    finished = told.finished
    assert finished is not None
    words = [title(told.started), told.started.file, told.started.role, finished.reason]
    if finished.failure is not None:
        words += [finished.failure.message, finished.failure.step]
    return " ".join(" ".join([*words, *sorted(diagram.actions())]).lower().split())[:2000]


def _class(verdict: Verdict) -> str:
    return str(verdict).replace(" ", "-")


def _asset(name: str) -> str:
    return (files("shared.report") / name).read_text(encoding="utf-8")
