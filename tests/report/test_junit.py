"""JUnit XML, read with a parser that others wrote."""

from __future__ import annotations

import io
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from junitparser import Error, JUnitXml, Properties, Skipped, TestCase, TestSuite
from junitparser import Failure as JUnitFailure

from shared.report.events import Event, Failure, Verdict
from tests.report.runs import FAILURE, report, run, scenario, small_talk

ELEMENTS = {
    Verdict.PASSED: None,
    Verdict.FAILED: JUnitFailure,
    Verdict.UNEXPECTED_PASS: JUnitFailure,
    Verdict.ERROR: Error,
    Verdict.INCONCLUSIVE: Error,
    Verdict.NOT_APPLICABLE: Skipped,
    Verdict.EXPECTED_FAILURE: Skipped,
}


def read(path: Path, events: list[Event], *, allow_inconclusive: bool = False) -> JUnitXml:
    report("junit", path, events, allow_inconclusive=allow_inconclusive)
    found = JUnitXml.fromfile(str(path))
    assert isinstance(found, JUnitXml)
    return found


def cases(xml: JUnitXml) -> list[TestCase]:
    return [case for suite in xml for case in suite]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "out.xml"


@pytest.mark.parametrize("verdict", Verdict)
def test_each_verdict_has_its_element_and_says_why(path: Path, verdict: Verdict) -> None:
    (case,) = cases(read(path, run(scenario(verdict, reason="that is why"))))
    element = ELEMENTS[verdict]
    if element is None:
        assert case.is_passed
        return
    (result,) = case.result
    assert type(result) is element
    assert (result.type, result.message) == (str(verdict), "that is why")


def test_inconclusive_is_skipped_only_when_the_run_takes_it_for_good(path: Path) -> None:
    (case,) = cases(read(path, run(scenario(Verdict.INCONCLUSIVE)), allow_inconclusive=True))
    assert case.is_skipped


def test_a_report_is_green_exactly_when_the_run_is(path: Path) -> None:
    for verdict in Verdict:
        xml = read(path, run(scenario(), scenario(verdict)))
        assert (xml.failures + xml.errors == 0) is verdict.is_good, verdict


def test_the_totals_are_those_of_the_cases(path: Path) -> None:
    scenarios = [scenario(verdict, file=f"{at % 3}/a.yaml") for at, verdict in enumerate([*Verdict] * 5)]
    xml = read(path, run(*scenarios))
    counted = Counter(type(result) for case in cases(xml) for result in case.result)
    assert (xml.tests, xml.failures, xml.errors, xml.skipped) == (35, 10, 10, 10)
    assert (xml.failures, xml.errors, xml.skipped) == (
        counted[JUnitFailure],
        counted[Error],
        counted[Skipped],
    )
    told = [(suite.tests, suite.failures, suite.errors, suite.skipped) for suite in xml]
    xml.update_statistics()
    assert told == [(suite.tests, suite.failures, suite.errors, suite.skipped) for suite in xml]


def test_a_suite_is_a_file_and_a_case_is_a_version_of_a_scenario(path: Path) -> None:
    xml = read(path, run(scenario(case="evse=1"), scenario(version="2.1"), scenario(file="b.yaml", name="b")))
    suites = [suite for suite in xml if isinstance(suite, TestSuite)]
    assert [suite.name for suite in suites] == ["scenarios/happy_path/complete_session.yaml", "b.yaml"]
    assert {p.name: p.value for p in suites[0].properties()} == {
        "seed": "7",
        "role": "charge_point",
        "target": "ws://csms",
        "planned": "3",
    }
    assert [(case.classname, case.name) for case in cases(xml)] == [
        ("scenarios.happy_path.complete_session", "complete_session [evse=1] (1.6)"),
        ("scenarios.happy_path.complete_session", "complete_session (2.1)"),
        ("b", "b (1.6)"),
    ]
    assert suites[0].timestamp == "2026-11-18T11:06:40"


def test_a_failure_has_its_place_and_values_and_the_conversation_is_in_the_output(path: Path) -> None:
    talk = small_talk().entries
    (case,) = cases(
        read(path, run(scenario(Verdict.FAILED, failure=FAILURE, journal=talk, details={"tx": 7})))
    )
    text = case.result[0].text
    for part in ("scenarios/happy_path/token.yaml:14", "expected: Accepted", "actual: Expired", "frame: 5"):
        assert part in text
    assert "CP1 > BootNotification V M" in case.system_out
    assert "-- steps 2: expect authorize  [failed]" in case.system_out
    properties = {p.name: p.value for p in next(iter(case.iterchildren(Properties)))}
    assert properties["verdict"] == "failed"
    assert properties["tx"] == "7"
    assert case.time == pytest.approx(0.04)


def test_an_interrupted_run_is_never_green(path: Path) -> None:
    xml = read(path, run(scenario(), interrupted=True))
    assert xml.errors == 1
    assert "interrupted" in next(result.message for case in cases(xml) for result in case.result)


def test_a_scenario_that_never_ended_is_an_error(path: Path) -> None:
    xml = read(path, run(scenario(), scenario(name="cut"))[:-2])
    assert [case.name for case in cases(xml) if case.result] == ["cut (1.6)", "the run"]
    assert xml.errors == 2


def test_a_run_of_nothing_is_still_a_report(path: Path) -> None:
    assert read(path, run()).tests == 0


def test_secrets_do_not_reach_the_report(path: Path) -> None:
    talk = small_talk()
    talk.exchange(
        "ChangeConfiguration", {"key": "AuthorizationKey", "value": "hunter2"}, {"status": "Accepted"}
    )
    failure = Failure("no", path="password", expected="hunter2", actual="hunter2")
    read(path, run(scenario(Verdict.FAILED, journal=talk.entries, failure=failure)))
    assert "hunter2" not in path.read_text()


def test_thousands_of_scenarios_are_read_back(path: Path) -> None:
    talk = small_talk().entries
    xml = read(path, run(*[scenario(name=f"n{at}", journal=talk) for at in range(3000)]))
    assert xml.tests == 3000


@given(text=st.text(alphabet=st.characters(), max_size=80))
def test_any_text_makes_a_report_that_can_be_read(text: str) -> None:
    out = io.StringIO()
    talk = small_talk()
    talk.frame(
        "in", 3, text.encode("utf-8", "replace").decode(), {"x": text.encode("utf-8", "replace").decode()}
    )
    talk.add("in", "frame", text)
    talk.add("", "note", text, note="remark")
    failure = Failure(text, text, 1, text, text, text, text, 1, (text,))
    events = run(
        scenario(
            Verdict.FAILED,
            name=text,
            case=text,
            file=text,
            reason=text,
            failure=failure,
            journal=talk.entries,
        )
    )
    report("junit", "-", events, out)
    (case,) = cases(JUnitXml.fromstring(out.getvalue().encode("utf-8", "backslashreplace")))
    assert len(case.result) == 1
