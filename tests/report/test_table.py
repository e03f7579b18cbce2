"""Asking for reports: what may be written, what is refused before anything starts, and what failing does."""

from __future__ import annotations

import errno
import io
import os
from pathlib import Path

import pytest

from shared.option_fields import UsageError
from shared.report.base import Settings
from shared.report.events import Event, Verdict
from shared.report.table import REPORTS, Kind, Wanted, consumers, parse_report
from tests.report.conftest import Terminal
from tests.report.runs import run, scenario, small_talk


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("junit:out.xml", Wanted("junit", "out.xml", {})),
        ("console", Wanted("console", "", {})),
        ("jsonl:-", Wanted("jsonl", "-", {})),
        ("html:a, b.html", Wanted("html", "a, b.html", {})),
        ("junit:C:/out.xml", Wanted("junit", "C:/out.xml", {})),
        ("coverage", Wanted("coverage", "", {})),
        ("coverage:minimum=100", Wanted("coverage", "", {"minimum": "100"})),
        (
            "coverage:c.json,merge=c.json,minimum=90",
            Wanted("coverage", "c.json", {"merge": "c.json", "minimum": "90"}),
        ),
    ],
)
def test_a_report_is_a_name_with_a_path_and_its_options(text: str, wanted: Wanted) -> None:
    assert parse_report(text) == wanted


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("junti:x", "'junti' is not a report; did you mean 'junit'? (console, junit, jsonl, html, coverage)"),
        ("", "'' is not a report (console, junit, jsonl, html, coverage)"),
        ("junit", "report junit: where to? write junit:FILE, or junit:- for standard output"),
        ("html:", "report html: where to? write html:FILE, or html:- for standard output"),
        (
            "coverage:c.json,minimun=3",
            "report coverage: 'minimun' is not an option of it; did you mean 'minimum'? "
            "(merge, minimum, messages, values, versions)",
        ),
        ("junit:o.xml,minimum=3", "report junit: 'minimum' is not an option of it; it has none"),
        ("coverage:c.json,minimum=3,minimum=4", "report coverage: minimum is given twice"),
    ],
)
def test_what_is_no_report_is_refused_with_what_was_meant(text: str, message: str) -> None:
    with pytest.raises(UsageError) as refused:
        parse_report(text)
    assert str(refused.value) == message


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ("minimum=101", "minimum: '101' is not a percentage from 0 to 100"),
        ("values=many", "values: 'many' is not a percentage from 0 to 100"),
        ("values=nan", "values: 'nan' is not a percentage from 0 to 100"),
        ("versions=1.6+2.2", "versions: '2.2' is not an OCPP version; did you mean '2.1'? (1.6, 2.0.1, 2.1)"),
        ("merge=", "merge= needs the file of an earlier run"),
    ],
)
def test_a_wrong_option_of_the_coverage_is_refused(option: str, message: str) -> None:
    with pytest.raises(UsageError, match="report coverage: ") as refused:
        consumers([f"coverage:{option}"], io.StringIO())
    assert str(refused.value) == f"report coverage: {message}"


@pytest.mark.parametrize("name", sorted(REPORTS))
def test_a_path_that_cannot_be_written_is_refused_before_the_run(name: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=f"report {name}: cannot write .*Is a directory"):
        consumers([f"{name}:{tmp_path}"], io.StringIO())
    with pytest.raises(UsageError, match=f"report {name}: cannot write .*No such file or directory"):
        consumers([f"{name}:{tmp_path / 'nowhere' / 'out'}"], io.StringIO())


def test_an_earlier_result_stays_when_the_run_cannot_start_and_goes_when_it_does(tmp_path: Path) -> None:
    earlier = tmp_path / "out.xml"
    earlier.write_text("the last good result")
    with pytest.raises(UsageError):
        consumers([f"junit:{earlier}", f"html:{tmp_path}"], io.StringIO())
    assert earlier.read_text() == "the last good result"
    reports = consumers([f"junit:{earlier}"], io.StringIO())
    assert earlier.read_text() == ""
    reports.close()


def test_two_reports_are_not_written_to_one_place(tmp_path: Path) -> None:
    path = tmp_path / "out"
    with pytest.raises(UsageError, match="two reports are to be written to"):
        consumers([f"junit:{path}", f"html:{tmp_path}/./out"], io.StringIO())
    with pytest.raises(UsageError, match="two reports are to be written to standard output"):
        consumers(["junit:-", "jsonl:-"], io.StringIO())


def test_the_console_is_always_there_and_makes_room_for_a_report_on_standard_output() -> None:
    out, errors = io.StringIO(), io.StringIO()
    reports = consumers(["jsonl:-"], out, errors=errors)
    for event in run(scenario()):
        reports(event)
    assert reports.close() == []
    assert all(line.startswith('{"event":') for line in out.getvalue().splitlines())
    assert "1 passed" in errors.getvalue()


def test_one_run_feeds_every_report(tmp_path: Path) -> None:
    names = ["junit", "jsonl", "html", "coverage"]
    out = io.StringIO()
    reports = consumers([f"{name}:{tmp_path / name}" for name in names], out)
    for event in run(scenario(journal=small_talk().entries)):
        reports(event)
    assert reports.close() == []
    assert reports.bugs == []
    assert all((tmp_path / name).stat().st_size > 100 for name in names)
    assert "1 passed" in out.getvalue()
    assert reports.close() == []


@pytest.mark.parametrize("name", ["junit", "jsonl", "html", "coverage", "console"])
@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no device that is always full")
def test_a_full_disk_makes_the_run_red_and_does_not_stop_it(name: str) -> None:
    reports = consumers([f"{name}:/dev/full"], io.StringIO())
    for event in run(*[scenario(journal=small_talk().entries) for _ in range(30)]):
        reports(event)
    assert reports.close() == [f"report {name}: /dev/full: {os.strerror(errno.ENOSPC)}; it is not complete"]
    assert reports.bugs == []


def test_a_terminal_that_went_away_makes_the_run_red_and_does_not_stop_it(tmp_path: Path) -> None:
    class Gone(io.StringIO):
        def write(self, text: str) -> int:
            raise BrokenPipeError(errno.EPIPE, "Broken pipe")

    reports = consumers([f"junit:{tmp_path / 'out.xml'}"], Gone())
    for event in run(scenario()):
        reports(event)
    assert reports.close() == ["report console: standard output: Broken pipe; it is not complete"]
    assert "testcase" in (tmp_path / "out.xml").read_text()


def test_an_error_of_our_own_in_one_report_is_kept_and_stops_no_other(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    class Broken:
        problems: list[str] = []

        def __init__(self, settings: Settings) -> None:
            self.settings = settings

        def __call__(self, event: Event) -> None:
            raise ZeroDivisionError

        def close(self) -> None:
            raise AssertionError("a report that broke is not asked again")

    monkeypatch.setitem(REPORTS, "broken", Kind(Broken, "breaks", needs_path=False))
    out = io.StringIO()
    reports = consumers(["broken"], out)
    for event in run(scenario(Verdict.PASSED)):
        reports(event)
    reports.close()
    assert [type(bug) for bug in reports.bugs] == [ZeroDivisionError]
    assert "1 passed" in out.getvalue()


def test_every_report_has_words_for_the_help() -> None:
    assert all(kind.help and not kind.help.endswith(".") for kind in REPORTS.values())


def test_the_terminal_is_a_terminal(terminal: Terminal) -> None:
    consumers([], terminal)(run(scenario())[0])
    assert "running 1 scenario" in terminal.getvalue()
