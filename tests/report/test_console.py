"""The run on a terminal and in the log of a CI server."""

from __future__ import annotations

import io
import itertools
import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.report.base import Settings
from shared.report.console import Progress
from shared.report.events import Event, Failure, RunStarted, ScenarioFinished, Verdict
from tests.report.conftest import Terminal
from tests.report.runs import AT, FAILURE, run, scenario


def printed(events: list[Event], stream: io.StringIO | None = None, *, close: bool = True) -> str:
    stream = stream or io.StringIO()
    ticks = itertools.count()
    progress = Progress(Settings("console", "", {}, stream), now=lambda: float(next(ticks)))
    for event in events:
        progress(event)
    if close:
        progress.close()
    return stream.getvalue()


def test_a_green_run_is_a_line_for_each_scenario_and_the_totals() -> None:
    text = printed(run(scenario(), scenario(case="evse=2")))
    assert text.splitlines() == [
        "running 2 scenarios as charge_point against ws://csms, seed 7",
        f"{'passed           complete_session (1.6)':<73}  40 ms",
        f"{'passed           complete_session [evse=2] (1.6)':<73}  40 ms",
        "",
        "2 passed in 2.5 s",
    ]


@pytest.mark.parametrize("length", [50, 55, 56, 57, 60])
def test_whether_a_name_leaves_room_for_the_time_does_not_hang_on_the_time(length: int) -> None:
    """Before, a slow machine printed a name without its time where a quick one printed both."""
    said = []
    for wall in (0.003, 0.04, 0.5, 7.0):
        events = run(scenario(case="x" * (length - len("complete_session [] (1.6)"))))
        events = [replace(e, wall_seconds=wall) if isinstance(e, ScenarioFinished) else e for e in events]
        said.append(printed(events).splitlines()[1].endswith((" ms", " s")))
    assert said == [length <= 55] * 4


def test_a_failure_names_the_step_the_path_the_values_and_the_last_frames() -> None:
    text = printed(run(scenario(Verdict.FAILED, failure=FAILURE, file="scenarios/token.yaml")))
    assert text.splitlines()[1:] == [
        f"{'failed           complete_session (1.6)':<56}  scenarios/token.yaml:3",
        "  scenarios/happy_path/token.yaml:14: expect authorize",
        "  the token was not accepted",
        "  idTagInfo.status of frame 5",
        "    expected  Accepted",
        "    actual    Expired",
        "  last frames",
        "    0.4  CP1 > Authorize 04A1",
        "    0.5  CP1 < Authorize answer Expired",
        "",
        "1 failed in 2.5 s",
    ]


def test_every_verdict_is_counted_and_the_bad_ones_are_listed_again_at_the_end() -> None:
    text = printed(
        run(*[scenario(verdict, name=f"n{at}", reason="so") for at, verdict in enumerate(Verdict)])
    )
    listing, totals = text.rstrip().split("\n\n")[1:]
    assert totals == (
        "1 failed, 1 unexpected pass, 1 error, 1 inconclusive, 1 expected failure, 1 not applicable, 1 passed in 2.5 s"
    )
    bad = [verdict for verdict in Verdict if not verdict.is_good]
    assert [line.partition(":")[0] for line in listing.splitlines() if line[0] != " "] == [*map(str, bad)]


def test_nothing_is_coloured_or_written_over_in_a_log() -> None:
    text = printed(run(scenario(Verdict.FAILED, failure=FAILURE), scenario()))
    assert not re.search(r"[\x00-\x09\x0b-\x1f]", text)


def test_a_terminal_shows_what_is_running_and_takes_it_away(terminal: Terminal) -> None:
    text = printed(run(scenario(), scenario(Verdict.FAILED, failure=FAILURE)), terminal)
    live = re.findall(r"\r\x1b\[K([^\r\n]+)", text)
    assert live[:2] == [
        "[0/2] complete_session (1.6)",
        "[0/2] complete_session (1.6)  steps 1: send BootNotification",
    ]
    assert "\x1b[31;1mfailed" in text
    settled = "".join(re.sub(r".*\x1b\[K", "", line) + "\n" for line in text.split("\n"))
    assert "[0/2]" not in settled
    assert settled.count("complete_session (1.6)") == 3


def test_no_color_is_honoured_on_a_terminal(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    text = printed(run(scenario(Verdict.FAILED, failure=FAILURE)), terminal)
    assert "\x1b[" in text  # the live line
    assert not re.search(r"\x1b\[[\d;]*m", text)


def test_a_dumb_terminal_gets_no_control_sequences(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", "dumb")
    assert "\x1b" not in printed(run(scenario()), terminal)


def test_the_live_line_is_not_written_more_often_than_can_be_read(terminal: Terminal) -> None:
    progress = Progress(Settings("console", "", {}, terminal), now=lambda: 5.0)
    for event in run(*[scenario() for _ in range(50)]):
        progress(event)
    assert len(re.findall(r"\[\d+/50\]", terminal.getvalue())) == 1


def test_thousands_of_good_scenarios_are_milestones_and_each_bad_one_is_a_line() -> None:
    many = [scenario(Verdict.FAILED if at == 777 else Verdict.PASSED, name=f"n{at}") for at in range(2000)]
    text = printed(run(*many))
    lines = text.splitlines()
    assert len(lines) < 30
    assert next(line for line in lines if line.startswith("failed")).startswith("failed           n777")
    assert "1000 of 2000: 1 failed, 999 passed" in lines


def test_a_run_that_was_cut_short_says_so() -> None:
    events = run(scenario(), scenario())
    text = printed(events[:-2])
    assert text.splitlines()[-2:] == ["interrupted, 1 of 2 not finished", "1 passed"]
    told = printed(run(scenario(), interrupted=True))
    assert "interrupted, 0 of 1 not finished" in told


def test_a_run_of_nothing_says_so() -> None:
    assert printed(run()).splitlines()[-1] == "nothing was run in 2.5 s"


def test_a_password_in_a_failure_is_not_printed() -> None:
    failure = Failure(
        "refused",
        expected="hunter2",
        actual="hunter3",
        path="connectionData.basicAuthPassword",
        last_frames=('0.1 CP1 < [2,"1","ChangeConfiguration",{"key":"AuthorizationKey","value":"hunter4"}]',),
    )
    assert "hunter" not in printed(run(scenario(Verdict.FAILED, failure=failure)))


ANYTHING = st.text(alphabet=st.characters(), max_size=300)


@given(name=ANYTHING, message=ANYTHING, expected=ANYTHING, frame=ANYTHING, reason=ANYTHING)
def test_no_text_steers_the_terminal_or_leaves_its_80_columns(
    name: str, message: str, expected: str, frame: str, reason: str
) -> None:
    failure = Failure(message, "f.yaml", 3, name, expected, "x" * 500, message, 4, (frame,))
    text = printed(
        [RunStarted(3, 7, AT, "pair"), *scenario(Verdict.FAILED, name=name, reason=reason, failure=failure)]
    )
    assert all(line.isprintable() and len(line) <= 80 for line in text.split("\n"))
