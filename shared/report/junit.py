"""JUnit XML as CI servers read it: a test suite for each scenario file, a test case for each version and case.

    verdict             element
    passed              none
    failed              <failure type="failed">
    unexpected pass     <failure type="unexpected pass">
    error               <error type="error">
    inconclusive        <error type="inconclusive">: the run is not green, so neither is its report;
                        <skipped> where the run takes inconclusive for good (--allow-inconclusive)
    not applicable      <skipped type="not applicable">
    expected failure    <skipped type="expected failure">

An interrupted run, and a scenario that never came to its end, are errors. The format has no standard; what is
written is the common subset of the schemas of Jenkins and of Apache Ant, with `file` and `line` beside.
"""

from __future__ import annotations

import re
from pathlib import PurePath
from xml.etree import ElementTree as Xml

from shared.clock import text as clock_text
from shared.report.base import Settings
from shared.report.events import Event, Failure, RunFinished, RunStarted, ScenarioFinished, Verdict
from shared.report.transcript import transcript
from shared.report.words import Telling, Told, place, visible

_MOST_OUTPUT = 32_000
_ILLEGAL = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 §2.2 has no place for, not even escaped."""

_ELEMENTS = {
    Verdict.FAILED: "failure",
    Verdict.UNEXPECTED_PASS: "failure",
    Verdict.ERROR: "error",
    Verdict.INCONCLUSIVE: "error",
    Verdict.NOT_APPLICABLE: "skipped",
    Verdict.EXPECTED_FAILURE: "skipped",
}


class JUnit:
    """Collects a test case of each scenario, and writes the file when the run is over."""

    def __init__(self, settings: Settings) -> None:
        self._sink = settings.sink
        self._elements = dict(_ELEMENTS)
        if settings.allow_inconclusive:
            self._elements[Verdict.INCONCLUSIVE] = "skipped"
        self._telling = Telling()
        self._suites: dict[str, Xml.Element] = {}
        self._run: RunStarted | None = None
        self._finished: RunFinished | None = None

    @property
    def problems(self) -> list[str]:
        """Whether the file could not be written."""
        return [self._sink.problem] if self._sink.problem else []

    def __call__(self, event: Event) -> None:
        """Take the next event."""
        if isinstance(event, RunStarted):
            self._run = event
        elif isinstance(event, RunFinished):
            self._finished = event
        elif (told := self._telling.take(event)) is not None:
            self._add(told)

    def close(self) -> None:
        """Write the file."""
        for told in self._telling.open.values():
            told.finished = ScenarioFinished(
                told.started.id, Verdict.ERROR, "the run ended before this scenario did"
            )
            self._add(told)
        if self._finished is None or self._finished.interrupted:
            case = Xml.SubElement(self._suite("the run"), "testcase", name="the run", classname="the run")
            problem = Xml.SubElement(case, "error", type="interrupted")
            problem.set("message", "the run was interrupted; what it did not come to is not in this report")
        root = self._root()
        Xml.indent(root)
        text = Xml.tostring(root, encoding="unicode")
        self._sink.write(f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n')
        self._sink.close()

    def _root(self) -> Xml.Element:
        root = Xml.Element("testsuites", name="ocpp scenarios")
        for number, suite in enumerate(self._suites.values()):
            cases = suite.findall("testcase")
            _total(suite, cases)
            suite.set("time", _seconds(sum(float(case.get("time", "0")) for case in cases)))
            suite.set("id", str(number))
            if self._run is not None:
                suite.set("timestamp", clock_text(self._run.at).partition(".")[0])
            suite.insert(0, self._properties())
            root.append(suite)
        _total(root, [case for suite in self._suites.values() for case in suite.findall("testcase")])
        root.set("time", _seconds(self._finished.wall_seconds if self._finished else 0.0))
        return root

    def _properties(self) -> Xml.Element:
        run = self._run
        if run is None:
            return Xml.Element("properties")
        return _properties(
            {"seed": str(run.seed), "role": run.role, "target": run.target, "planned": str(run.planned)}
        )

    def _suite(self, file: str) -> Xml.Element:
        name = file or "scenarios"
        if name not in self._suites:
            self._suites[name] = Xml.Element("testsuite", name=_legal(name))
        return self._suites[name]

    def _add(self, told: Told) -> None:
        started, finished = told.started, told.finished
        assert finished is not None
        suite = self._suite(started.file)
        case = Xml.SubElement(suite, "testcase")
        name = f"{started.name} [{started.case}]" if started.case else started.name
        case.set("name", _legal(f"{name} ({started.version})" if started.version else name))
        case.set("classname", _legal(_class_name(started.file) or started.name))
        case.set("time", _seconds(finished.wall_seconds))
        if started.file:
            case.set("file", _legal(started.file))
            case.set("line", str(started.line))
        case.append(
            _properties(
                {
                    "verdict": str(finished.verdict),
                    "version": started.version,
                    "role": started.role,
                    "case": started.case,
                    "protocol_seconds": f"{finished.protocol_seconds:.3f}",
                }
                | {str(name): str(value) for name, value in finished.details.items()}
            )
        )
        self._result(case, finished)
        output = Xml.SubElement(case, "system-out")
        output.text = _legal(visible(_shortened(transcript(told)), keep="\n"))

    def _result(self, case: Xml.Element, finished: ScenarioFinished) -> None:
        element = self._elements.get(finished.verdict)
        if element is None:
            return
        failure = finished.failure
        message = finished.reason or (failure.message if failure else "") or str(finished.verdict)
        result = Xml.SubElement(case, element, type=str(finished.verdict), message=_legal(message))
        if failure is not None:
            result.text = _legal(_shortened(_words(failure)))


def _words(failure: Failure) -> str:
    lines = [
        failure.message,
        f"at {place(failure.file, failure.line)}" if failure.file or failure.line else "",
        f"step: {failure.step}" if failure.step else "",
        f"path: {failure.path}" if failure.path else "",
        f"expected: {failure.expected}" if failure.expected else "",
        f"actual: {failure.actual}" if failure.actual else "",
        f"frame: {failure.seq}" if failure.seq else "",
        "last frames:" if failure.last_frames else "",
        *(f"  {line}" for line in failure.last_frames),
    ]
    return "\n".join(line for line in lines if line)


def _class_name(file: str) -> str:
    """`happy_path.complete_session` of its file: what CI servers group by."""
    path = PurePath(file)
    return ".".join(part for part in (*path.parts[-3:-1], path.stem) if part not in ("/", ".", "..", ""))


def _properties(values: dict[str, str]) -> Xml.Element:
    properties = Xml.Element("properties")
    for name, value in values.items():
        if value:
            Xml.SubElement(properties, "property", name=_legal(name), value=_legal(value))
    return properties


def _total(element: Xml.Element, cases: list[Xml.Element]) -> None:
    element.set("tests", str(len(cases)))
    for name, attribute in (("failure", "failures"), ("error", "errors"), ("skipped", "skipped")):
        element.set(attribute, str(sum(case.find(name) is not None for case in cases)))


def _shortened(text: str) -> str:
    if len(text) <= _MOST_OUTPUT:
        return text
    half = _MOST_OUTPUT // 2
    return f"{text[:half]}\n.. {len(text) - _MOST_OUTPUT} characters left out ..\n{text[-half:]}"


def _seconds(seconds: float) -> str:
    return f"{seconds:.3f}"


def _legal(text: str) -> str:
    """`text` with what XML cannot hold spelled as an escape."""
    return _ILLEGAL.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
