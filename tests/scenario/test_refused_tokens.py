"""A session that never begins since its token was refused: the expectation that misses it says so."""

from __future__ import annotations

import pytest

from shared.report.events import Verdict
from shared.versions import V16, V201, VERSIONS
from tests.scenario.played import play

PENDING = 'role: charge_point\ncsms: {boot_status_sequence: "Pending,Accepted", retry_interval: 20}'
EARLY = "  - wait: 1200ms\n  - plug_in\n"
MISSED = "  - {expect: tx.started, within: 5s}\n"
UNREGISTERED = "; CP1 refused test_token at 1.2 s: the station is not registered"


@pytest.mark.parametrize("step", ["present: $tokens.valid", "operator: {present: {token: $tokens.valid}}"])
def test_a_token_before_the_boot_is_accepted_is_named_where_its_session_is_missed(step: str) -> None:
    played = play(f"{EARLY}  - {step}\n{MISSED}", versions=[V16, V201], head=PENDING)
    assert played.verdicts == {Verdict.FAILED}
    assert [e.reason.endswith(UNREGISTERED) for e in played.finished] == [True, True], played.reason


def test_an_exact_number_that_is_missed_names_it_too() -> None:
    steps = f"{EARLY}  - present: $tokens.valid\n  - {{expect: tx.started, count: 1, within: 5s}}\n"
    assert play(steps, versions=[V16], head=PENDING).reason.endswith(UNREGISTERED)


def test_another_reason_of_the_station_is_named() -> None:
    steps = f"  - present: {{token: {'A' * 21}}}\n{MISSED}"
    played = play(steps, versions=[V16])
    assert "; CP1 refused AAAAAAAAAAAAAAAAAAAAA at 0 s: an OCPP 1.6 token has at most 20" in played.reason


@pytest.mark.parametrize(
    "steps",
    [
        "  - present: {token: $tokens.valid, outcome: refused}\n",
        "  - present: $tokens.valid\n  - wait: 30s\n  - present: $tokens.valid\n  - expect: tx.started\n",
    ],
    ids=["that was asked for", "that was made up for"],
)
def test_a_refusal_is_not_named(steps: str) -> None:
    played = play(f"{EARLY}{steps}{MISSED}", versions=[V16], head=PENDING)
    assert played.verdicts == {Verdict.FAILED}
    assert "expected tx.started within 5 s" in played.reason
    assert "refused" not in played.reason


@pytest.mark.parametrize("wait", ["registered", "use: accepted"])
def test_a_central_system_goes_on_once_the_station_knows_that_it_is_accepted(wait: str) -> None:
    """Before, it went on when it had decided, and a correct station turned the driver away."""
    late = 'role: csms\ncsms: {inject: ["late_answer:after=5,action=BootNotification"]}'
    steps = f"  - {wait}\n  - operator: plug_in\n  - operator: {{present: {{token: $tokens.valid}}}}\n"
    played = play(f"{steps}{MISSED}", versions=VERSIONS, head=late)
    assert played.verdicts == {Verdict.PASSED}, played.reason
