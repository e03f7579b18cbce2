"""The other spellings of facts and their members: `status` is `plug`, and a transaction's `id` its `tx`."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

import pytest

from scripts.docs_facts import PAGE, page
from shared.report.events import Verdict
from shared.scenario.explain import explained
from shared.scenario.facts import ACTIONS_OF, FACTS, MEMBER_ALIASES
from shared.scenario.load import load_text
from shared.scenario.schema import schema
from shared.scenario.tree import ScenarioError
from shared.versions import V16, V21, VERSIONS, Version
from tests.scenario.played import play

SESSION = """\
  - use: booted
  - plug_in
  - present: $tokens.valid
  - {expect: tx.started, as: start}
"""


def test_the_id_of_a_kept_transaction_is_its_tx_on_every_version() -> None:
    steps = """\
  - check: {$start.id: $start.tx}
  - {expect: {meter: {tx: $start.id}}, within: 2min}
  - present: $tokens.valid
  - expect: {tx.ended: {id: $start.id}}
  - expect: {tx.ended: {tx: $start.id}}
    since: start
"""
    play(SESSION + steps).passes()


def test_an_id_that_stands_in_the_answer_is_waited_for() -> None:
    steps = "  - {answer: StartTransaction, at: csms, after: 5s}\n" + SESSION.partition("\n")[2]
    played = play(
        f"  - use: booted\n{steps}  - check: {{$start.id: '> 0'}}\n", versions=[V16], head="role: pair"
    )
    played.passes()
    assert played.finished[0].protocol_seconds >= 5


def test_another_transaction_is_not_the_one_with_this_id() -> None:
    played = play(f"{SESSION}  - {{expect: {{tx.started: {{id: made up}}}}, since: start, within: 1s}}\n")
    assert played.verdicts == {Verdict.FAILED}
    assert play(f"{SESSION}  - check: {{$start.id: made up}}\n").verdicts == {Verdict.FAILED}


@pytest.mark.parametrize(
    ("head", "versions"),
    [("", VERSIONS), ("\nstation: {status_by: notification}", [V21])],
    ids=["as each version has it", "2.1 by StatusNotification"],
)
def test_the_fact_status_is_the_fact_plug(head: str, versions: Sequence[Version]) -> None:
    steps = """\
  - expect: {status: {evse: 1, state: available}}
    since: start
    as: first
  - check: {$first.state: available, $first.evse: 1}
  - {plug_in: {evse: 1}}
  - expect: {status: {evse: 1, state: occupied}}
  - {expect: {plug: {evse: 1, state: occupied}}, since: first}
  - {forbid: {status: {state: faulted}}, until: 1s}
"""
    play(f"  - use: booted\n{steps}", versions=versions, head=f"role: charge_point{head}").passes()


def test_a_status_that_differs_is_told_by_the_word_that_was_written() -> None:
    played = play(
        "  - use: booted\n  - expect: {status: {state: faulted}}\n    since: start\n    within: 5s\n"
    )
    assert played.verdicts == {Verdict.FAILED}
    assert {e.failure.path for e in played.finished if e.failure is not None} == {"status.state"}
    assert "available, not faulted" in played.reason


@pytest.mark.parametrize(
    ("step", "words"),
    [
        ("expect: {status: {state: ocupied}}", "'ocupied' is not a state; did you mean 'occupied'?"),
        ("expect: {status: {status: Availabel}}", "'Availabel' is not a status; did you mean 'Available'?"),
        ("expect: {status: {colour: red}}", "status has no member 'colour'"),
        ("expect: {status: {evse: one}}", "status.evse is a number, not 'one'"),
        ("expect: {status: Available}", "what is wanted of status is a table"),
        ("expect: {plug: {id: 1}}", "plug has no member 'id'"),
        ("check: {$s.identity: 1}", "has no 'identity'"),
    ],
)
def test_lint_judges_the_other_spellings_like_the_first(step: str, words: str) -> None:
    text = f"scenario: a\nsteps:\n  - {{expect: status, as: s}}\n  - {step}\n"
    with pytest.raises(ScenarioError) as wrong:
        load_text(text, "x")
    assert words in str(wrong.value)
    assert wrong.value.line == 4


def test_only_a_transaction_has_an_id() -> None:
    assert [fact for fact, names in FACTS.items() if "id" in names] == [
        f for f in FACTS if f.startswith("tx.")
    ]
    for members, (alias, name) in product(FACTS.values(), MEMBER_ALIASES.items()):
        assert name in members or alias not in members


def test_schema_and_explanation_know_the_other_spellings() -> None:
    properties = schema()["$defs"]["pattern"]["anyOf"][1]["properties"]
    assert properties["status"] == properties["plug"]
    assert "id" in properties["tx.ended"]["properties"]
    assert set(ACTIONS_OF["status"]) == set(ACTIONS_OF["plug"])
    (one,) = load_text("scenario: a\nsteps:\n  - expect: {status: {state: faulted}}\n", "x")
    assert "expect status: state: faulted" in explained(one).replace("{", "").replace("}", "")


def test_the_page_of_facts_is_what_the_tables_say() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert text == page(), "run python scripts/docs_facts.py"
    assert "| `plug` or `status` | StatusNotification, NotifyEvent | `evse`," in text
    assert "| `tx.ended` | StopTransaction, TransactionEvent | `tx` or `id`, `token`," in text
