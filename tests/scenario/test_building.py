"""Scenarios that build on others: played after them, and inconclusive where those failed for the same."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema_rs
import pytest

from charge_point.__main__ import main as station
from csms.__main__ import main as csms
from shared import lifecycle
from shared.report.events import ScenarioFinished, Verdict
from shared.scenario.building import in_order
from shared.scenario.explain import explained
from shared.scenario.load import find, load, load_text
from shared.scenario.schema import schema
from shared.scenario.tree import ScenarioError
from shared.versions import V16, V201
from tests.scenario.played import Played

PASSES = "  - {expect: {booted: {status: Accepted}}}\n"
FAILS = "  - {expect: {booted: {status: Pending}}, within: 1s}\n"
FAILS_ON_16 = "  - {only: 1.6, expect: {booted: {status: Pending}}, within: 1s}\n  - wait: 1s\n"


def one(name: str, steps: str, *head: str) -> str:
    return "\n".join(["---", f"scenario: {name}", "role: charge_point", *head, "steps:", steps])


def verdicts(played: Played) -> dict[str, Verdict]:
    return {event.id.partition(":")[2]: event.verdict for event in played.finished}


def test_it_is_played_after_what_it_builds_on_and_does_not_say_the_same_twice() -> None:
    text = one("last", FAILS, "builds_on: first") + one("other", PASSES) + one("first", FAILS)
    played = Played(text, versions=(V201,))
    assert list(verdicts(played).items()) == [
        ("first 2.0.1", Verdict.FAILED),
        ("last 2.0.1", Verdict.INCONCLUSIVE),
        ("other 2.0.1", Verdict.PASSED),
    ]
    last = played.finished[1]
    assert last.reason == "it builds on test.yaml: first, which failed"
    assert last.failure is not None
    assert last.failure.line == 6
    assert last.details == {"builds_on": "test.yaml: first"}


@pytest.mark.parametrize(("steps", "verdict"), [(PASSES, Verdict.PASSED), (FAILS, Verdict.FAILED)])
def test_it_stands_for_itself_where_what_it_builds_on_has_passed(steps: str, verdict: Verdict) -> None:
    played = Played(one("first", PASSES) + one("last", steps, "builds_on: first"), versions=(V16,))
    assert verdicts(played)["last 1.6"] is verdict


def test_what_passes_has_passed_whatever_became_of_what_it_builds_on() -> None:
    played = Played(one("first", FAILS) + one("last", PASSES, "builds_on: first"), versions=(V16,))
    assert verdicts(played) == {"first 1.6": Verdict.FAILED, "last 1.6": Verdict.PASSED}


@pytest.mark.parametrize(
    "head",
    ["needs: {operator: plug_in}\ngiven: [expect: {booted: {status: Pending}}]", "expected_failure: known"],
)
def test_what_was_not_judged_or_was_to_fail_hides_no_failure(head: str) -> None:
    played = Played(one("first", FAILS, head) + one("last", FAILS, "builds_on: first"), versions=(V16,))
    assert verdicts(played)["first 1.6"] is not Verdict.FAILED
    assert verdicts(played)["last 1.6"] is Verdict.FAILED


def test_each_version_is_judged_on_its_own() -> None:
    text = one("first", FAILS_ON_16) + one("last", FAILS, "builds_on: [first]")
    played = Played(text, versions=(V16, V201))
    assert verdicts(played) == {
        "first 1.6": Verdict.FAILED,
        "first 2.0.1": Verdict.PASSED,
        "last 1.6": Verdict.INCONCLUSIVE,
        "last 2.0.1": Verdict.FAILED,
    }


def test_a_chain_ends_at_the_one_that_all_build_on() -> None:
    text = one("c", FAILS, "builds_on: b") + one("b", FAILS, "builds_on: a") + one("a", FAILS)
    found = verdicts(Played(text, versions=(V16,)))
    assert list(found) == ["a 1.6", "b 1.6", "c 1.6"]
    assert [verdict for verdict in found.values() if verdict is Verdict.FAILED] == [Verdict.FAILED]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for part in ("a", "b"):
        (tmp_path / part).mkdir()
    (tmp_path / "b" / "base.yaml").write_text(one("first", FAILS) + one("second", PASSES))
    return tmp_path


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        ("b/base", [""]),
        ("{b/base: second}", ["second"]),
        ("{b/base.yaml: [first, second]}", ["first", "second"]),
        ("[b/base, edge_cases/station_pending]", ["", ""]),
        ("station_pending", [""]),
    ],
)
def test_files_are_found_beside_above_and_among_the_installed(
    folder: Path, words: str, meant: list[str]
) -> None:
    path = folder / "a" / "on.yaml"
    path.write_text(one("last", FAILS, f"builds_on: {words}"))
    (scenario,) = load(path)
    assert [base.scenario for base in scenario.builds_on] == meant
    assert any(base.file == "edge_cases/station_pending" for base in scenario.builds_on) is (
        "pending" in words
    )


def test_a_file_has_one_identity_however_it_is_named(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "a" / "on.yaml").write_text(one("last", FAILS, "builds_on: b/base"))
    monkeypatch.chdir(folder / "a")
    scenarios = [each for path in find(["on.yaml", "../b"]) for each in load(path)]
    assert [scenario.name for scenario in in_order(scenarios)] == ["first", "second", "last"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            one("last", FAILS, "builds_on: frist") + one("first", PASSES),
            "boot.yaml:4: it builds on 'frist', and there is no such file or scenario; did you mean 'first'",
        ),
        (one("last", FAILS, "builds_on: station_pendin"), "did you mean 'station_pending'"),
        (
            one("last", FAILS, "builds_on:", "  station_pending: a pending station aks again"),
            "boot.yaml:5: station_pending has no scenario 'a pending station aks again'; did you mean 'a pending",
        ),
        (one("last", FAILS, "builds_on: last"), "boot.yaml:4: it builds on itself: last -> last"),
        (
            one("a", FAILS, "builds_on: b")
            + one("b", FAILS, "builds_on: c")
            + one("c", FAILS, "builds_on: a"),
            "boot.yaml:4: it builds on itself: a -> b -> c -> a",
        ),
        (one("last", FAILS, "builds_on:"), "boot.yaml:4: it builds on '', and there is no such file"),
    ],
)
def test_a_name_that_there_is_not_and_a_circle_are_refused_with_their_line(text: str, said: str) -> None:
    with pytest.raises(ScenarioError) as wrong:
        load_text(text, "boot.yaml")
    assert said in str(wrong.value)


def test_a_circle_over_two_files_is_found_and_a_broken_file_is_named(folder: Path) -> None:
    on, base = folder / "a" / "on.yaml", folder / "b" / "base.yaml"
    on.write_text(one("last", FAILS, "builds_on: b/base"))
    base.write_text(one("first", FAILS, "builds_on: a/on"))
    with pytest.raises(ScenarioError, match="it builds on itself: last -> first -> last"):
        load(on)
    base.write_text("scenario: [")
    with pytest.raises(ScenarioError, match=r"b/base\.yaml:\d+: not YAML"):
        load(on)


def test_a_run_with_a_failure_stays_red_and_reports_say_what_the_other_builds_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, lines = tmp_path / "two.yaml", tmp_path / "run.jsonl"
    path.write_text(one("first", FAILS) + one("last", FAILS, "builds_on: first"))
    words = ["run", str(path), "--ocpp-version", "1.6", "--report", f"jsonl:{lines}", "--report", "console"]
    assert station(words) == lifecycle.FAILED
    assert "which failed" in " ".join(capsys.readouterr().out.split())
    ended = [json.loads(line) for line in lines.read_text().splitlines() if "verdict" in line]
    assert any("first" in str(each.get("details", {}).get("builds_on", "")) for each in ended)
    assert station([*words, "--allow-inconclusive"]) == lifecycle.FAILED


def test_lint_explain_and_the_schema_know_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "two.yaml"
    path.write_text(one("last", FAILS, "builds_on: firts") + one("first", FAILS))
    assert csms(["scenario", "lint", str(path)]) == lifecycle.USAGE
    assert "two.yaml:4: it builds on 'firts'" in capsys.readouterr().out
    (scenario,) = load_text(
        one("last", FAILS, "builds_on: {station_pending: a pending station asks again}"), "f"
    )
    said = (
        "Builds on edge_cases/station_pending: a pending station asks again: when that failed in the same run"
    )
    assert said in explained(scenario)
    valid = jsonschema_rs.validator_for(schema())
    document = {"scenario": "x", "steps": ["plug_in"]}
    for good in ("a", ["a", {"b": "c"}], {"b": ["c", "d"]}):
        assert valid.is_valid(document | {"builds_on": good})
    assert not valid.is_valid(document | {"builds_on": 3})


def test_an_event_of_a_run_is_what_the_scenario_ended_with() -> None:
    played = Played(one("first", FAILS) + one("last", FAILS, "builds_on: first"), versions=(V16,))
    assert [e for e in played.events if isinstance(e, ScenarioFinished)] == played.finished
