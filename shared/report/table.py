"""The reports by name, and how a person asks for one.

    --report console                    on the terminal (always there unless another report writes to it)
    --report junit:out.xml              JUnit XML
    --report jsonl:run.jsonl            every event as JSON Lines; `jsonl:-` to standard output
    --report html:run.html              one page to read in a browser
    --report coverage                   what was exercised, in words on the terminal
    --report coverage:cov.json,merge=cov.json,minimum=100,messages=60

A report's own options follow its path after commas, as name=value.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from typing import NamedTuple, TextIO

from shared.option_fields import UsageError
from shared.report.base import Report, Settings
from shared.report.events import Event
from shared.report.sink import STANDARD
from shared.suggest import advice


def _console(settings: Settings) -> Report:
    from shared.report.console import Progress

    return Progress(settings)


def _junit(settings: Settings) -> Report:
    from shared.report.junit import JUnit

    return JUnit(settings)


def _jsonl(settings: Settings) -> Report:
    from shared.report.jsonl import JsonLines

    return JsonLines(settings)


def _html(settings: Settings) -> Report:
    from shared.report.html import Html

    return Html(settings)


def _coverage(settings: Settings) -> Report:
    from shared.report.coverage import CoverageReport

    return CoverageReport(settings)


class Kind(NamedTuple):
    """A kind of report: what makes one, whether it needs a path, and which options it knows."""

    make: Callable[[Settings], Report]
    help: str
    needs_path: bool = True
    options: tuple[str, ...] = ()


REPORTS: dict[str, Kind] = {
    "console": Kind(_console, "progress, failures and totals on the terminal", needs_path=False),
    "junit": Kind(_junit, "JUnit XML, for CI servers"),
    "jsonl": Kind(_jsonl, "every event as JSON Lines, as it happens"),
    "html": Kind(_html, "one page with every conversation as a sequence diagram"),
    "coverage": Kind(
        _coverage,
        "which messages and values were exercised; as JSON in a file that ends in .json, else as text",
        needs_path=False,
        options=("merge", "minimum", "messages", "values", "versions"),
    ),
}
"""Every report by its name."""


class Wanted(NamedTuple):
    """A report that was asked for: `path` is "" when none was given, "-" for standard output."""

    name: str
    path: str
    options: dict[str, str]


def parse_report(text: str) -> Wanted:
    """`junit:out.xml` as a report that can be made; UsageError with a suggestion when it cannot.

    What follows a comma is an option when it looks like one (`name=value`); else it is part of the path.
    """
    name, _, rest = text.partition(":")
    name = name.strip()
    kind = REPORTS.get(name)
    if kind is None:
        raise UsageError(f"{name!r} is not a report{advice(name, REPORTS)}")
    pieces = rest.split(",")
    options: dict[str, str] = {}
    while pieces and (len(pieces) > 1 or not kind.needs_path) and _is_option(pieces[-1]):
        option, _, value = pieces.pop().partition("=")
        option = option.strip()
        if option not in kind.options:
            known = advice(option, kind.options) if kind.options else "; it has none"
            raise UsageError(f"report {name}: {option!r} is not an option of it{known}")
        if option in options:
            raise UsageError(f"report {name}: {option} is given twice")
        options[option] = value.strip()
    path = ",".join(pieces).strip()
    if kind.needs_path and not path:
        raise UsageError(f"report {name}: where to? write {name}:FILE, or {name}:- for standard output")
    return Wanted(name, path, dict(reversed(options.items())))


def _is_option(piece: str) -> bool:
    name, equals, _ = piece.partition("=")
    return bool(equals) and name.strip().replace("_", "").replace("-", "").isalpha()


class Reports:
    """All reports of one run as one consumer of its events; `close` ends them, however the run ended.

    A report that fails never stops the run or another report. `problems` are sentences about what makes the run red
    although its scenarios may be green: a report that could not be written, a coverage below its threshold. `bugs`
    are errors of our own in a report (exit status 70).
    """

    def __init__(self, reports: Sequence[Report]) -> None:
        self._reports = list(reports)
        self._closed: list[Report] = []
        self.bugs: list[BaseException] = []

    def __call__(self, event: Event) -> None:
        """Hand `event` to every report."""
        for report in list(self._reports):
            try:
                report(event)
            except Exception as bug:
                self.bugs.append(bug)
                self._reports.remove(report)

    def close(self) -> list[str]:
        """Write what is left to be written; gives `problems`. Closing again does nothing."""
        reports, self._reports = self._reports, []
        for report in reports:
            try:
                report.close()
            except Exception as bug:
                self.bugs.append(bug)
            self._closed.append(report)
        return self.problems

    @property
    def problems(self) -> list[str]:
        """What makes the run red besides its scenarios."""
        return [problem for report in [*self._closed, *self._reports] for problem in report.problems]


def consumers(
    specs: Sequence[str],
    stream: TextIO,
    *,
    errors: TextIO | None = None,
    colour: bool | None = None,
    width: int | None = None,
    allow_inconclusive: bool = False,
) -> Reports:
    """The reports that `specs` ask for (`"junit:out.xml"`), ready to take a run's events.

    `console` is always among them. It writes to `stream`; when another report writes there (`jsonl:-`), to `errors`
    (standard error). `colour` and `width` are the terminal's own if None. Every file is opened here: UsageError when
    one cannot be, or is asked for twice, so that nothing has started by then.
    """
    wanted = [parse_report(spec) for spec in specs]
    paths = [
        each.path if each.path == STANDARD else os.path.realpath(each.path) for each in wanted if each.path
    ]
    for path in paths:
        if paths.count(path) > 1:
            where = "standard output" if path == STANDARD else path
            raise UsageError(f"two reports are to be written to {where}")
    if all(each.name != "console" for each in wanted):
        wanted.insert(0, Wanted("console", "", {}))
    taken = STANDARD in paths
    places = []
    try:
        for name, path, options in wanted:
            aside = taken and path != STANDARD
            settings = Settings(
                name,
                path,
                options,
                (errors or sys.stderr) if aside else stream,
                colour=colour,
                width=width,
                allow_inconclusive=allow_inconclusive,
            )
            places.append(settings)
        reports = [REPORTS[settings.name].make(settings) for settings in places]
    except UsageError:
        for settings in places:
            settings.sink.close()
        raise
    for settings in places:
        if "merge" not in settings.options:  # what is added to stays until the sum is known
            settings.sink.begin()
    return Reports(reports)
