"""The run as JSON Lines."""

from __future__ import annotations

import io
import json
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from shared.report.events import Failure, Verdict
from shared.report.table import consumers
from tests.report.runs import FAILURE, report, run, scenario, small_talk


def lines_of(text: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in text.splitlines()]


def test_every_event_is_an_object_on_a_line_with_the_journal_before_the_end(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    talk = small_talk()
    report(
        "jsonl",
        path,
        run(scenario(Verdict.FAILED, failure=FAILURE, journal=talk.entries, details={"tx": {"a": 1}})),
    )
    lines = lines_of(path.read_text())
    assert [line["event"] for line in lines] == [
        "run_started",
        "scenario_started",
        *["step_started", "step_finished"] * 2,
        *["journal"] * len(talk.entries),
        "scenario_finished",
        "run_finished",
    ]
    frame = lines[7]
    assert (frame["scenario"], frame["seq"], frame["action"]) == ("s0", 2, "BootNotification")
    assert lines[-2]["verdict"] == "failed"
    failure = lines[-2]["failure"]
    assert isinstance(failure, dict)
    assert (failure["line"], failure["path"], failure["actual"]) == (14, "idTagInfo.status", "Expired")
    assert lines[-2]["details"] == {"tx": {"a": 1}}
    assert lines[-1]["counts"] == {"failed": 1}


def test_each_event_can_be_read_as_soon_as_it_happened(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    reports = consumers([f"jsonl:{path}"], io.StringIO())
    for number, event in enumerate(run(scenario()), 1):
        reports(event)
        assert len(lines_of(path.read_text())) == number
    reports.close()


def test_secrets_do_not_reach_the_file(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    talk = small_talk()
    talk.exchange(
        "ChangeConfiguration", {"key": "AuthorizationKey", "value": "hunter2"}, {"status": "Accepted"}
    )
    failure = Failure("no", path="key.password", expected="hunter2")
    events = run(
        scenario(
            Verdict.FAILED,
            journal=talk.entries,
            failure=failure,
            details={"password": "hunter2"},
            steps=["dial ws://CP1:hunter2@host/CP1"],
        )
    )
    report("jsonl", path, events)
    assert "hunter2" not in path.read_text()
    assert "AuthorizationKey" in path.read_text()


@given(text=st.text(alphabet=st.characters(), max_size=60))
def test_any_text_is_a_line_of_json(text: str) -> None:
    out = io.StringIO()
    talk = small_talk()
    talk.add("in", "frame", text)
    events = run(
        scenario(
            Verdict.ERROR,
            name=text,
            reason=text,
            failure=Failure(text),
            journal=talk.entries,
            details={text: text},
        )
    )
    report("jsonl", "-", events, out)
    lines = [json.loads(line) for line in out.getvalue().split("\n")[:-1]]
    assert len(lines) == 8 + len(talk.entries)
    assert lines[1].get("name", "") == text


def test_a_detail_that_json_does_not_know_is_written_as_text() -> None:
    out = io.StringIO()
    report("jsonl", "-", run(scenario(details={"big": 1 << 90, "path": Path("x"), "set": {1}})), out)
    assert lines_of(out.getvalue())[-2]["details"] == {"big": 1 << 90, "path": "x", "set": "{1}"}
