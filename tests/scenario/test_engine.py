"""What steps do and what verdicts come of them; both roles in one process, in virtual time."""

from __future__ import annotations

import pytest

from shared.report.events import Verdict
from shared.versions import V2X, V16, V21
from tests.scenario.played import Played, play
from tests.scenario.samples import SAMPLES

STARTED = "  - use: booted\n  - plug_in\n  - present: $tokens.valid\n"


@pytest.mark.parametrize("over", ["memory", "sockets"])
def test_one_scenario_for_each_role_and_for_the_pair_runs_on_every_version(over: str) -> None:
    played = Played(SAMPLES, over=over)
    played.passes()
    assert len(played.rounds) == 3 + 4 * 3 + 3
    assert played.verdicts == {Verdict.PASSED}


def test_the_same_seed_gives_the_same_journal_and_another_the_same_verdict() -> None:
    one, two, other = Played(SAMPLES), Played(SAMPLES), Played(SAMPLES, seed=7)
    assert one.journals == two.journals
    assert one.journals != other.journals
    assert [e.verdict for e in other.finished] == [e.verdict for e in one.finished]


def test_a_failure_names_step_line_path_and_both_values() -> None:
    played = play("  - expect: {booted: {status: Pending}}\n    within: 5s", versions=[V16])
    failure = played.failure
    assert (failure.file, failure.line) == ("test.yaml", 4)
    assert (failure.path, failure.expected, failure.actual) == ("booted.status", "Pending", "Accepted")
    assert failure.seq > 0
    assert any("BootNotification" in frame for frame in failure.last_frames)
    assert played.verdicts == {Verdict.FAILED}


def test_what_never_came_is_told_with_what_came_instead() -> None:
    played = play("  - expect: tx.started\n    within: 90s", versions=[V16])
    assert played.finished[0].protocol_seconds == pytest.approx(90)
    assert "BootNotification" in played.reason
    assert "Heartbeat" in played.reason


def test_a_failure_in_what_is_given_is_inconclusive() -> None:
    played = play("  - wait: 1s", head="role: charge_point\ngiven: [{expect: tx.started, within: 1s}]")
    assert played.verdicts == {Verdict.INCONCLUSIVE}
    assert played.steps("steps") == []


def test_finally_takes_place_after_a_failure() -> None:
    played = play(
        "  - {expect: tx.started, within: 1s}", head="role: charge_point\nfinally: [wait: 1s, wait: 1s]"
    )
    assert played.verdicts == {Verdict.FAILED}
    assert played.steps("finally") == [Verdict.PASSED] * 6


def test_what_a_version_lacks_makes_it_not_applicable() -> None:
    played = play("  - use: booted\n  - command: get_base_report", head="role: csms")
    assert [e.verdict for e in played.finished] == [Verdict.NOT_APPLICABLE, Verdict.PASSED, Verdict.PASSED]


def test_an_expected_failure_that_passes_turns_the_run_red() -> None:
    head = "role: charge_point\nexpected_failure: it is known"
    assert play("  - {expect: tx.started, within: 1s}", head=head).verdicts == {Verdict.EXPECTED_FAILURE}
    passed = play("  - expect: booted", head=head)
    assert passed.verdicts == {Verdict.UNEXPECTED_PASS}
    assert not any(v.is_good for v in passed.verdicts)


def test_a_step_may_be_for_one_version_only() -> None:
    played = play("  - use: booted\n  - {only: 1.6, expect: {StopTransaction: {}}, within: 1s}")
    assert [e.verdict for e in played.finished] == [Verdict.FAILED, Verdict.PASSED, Verdict.PASSED]


def test_a_physical_act_that_is_not_possible_fails_its_step() -> None:
    played = play("  - use: booted\n  - unplug\n  - plug_in\n  - plug_in")
    assert played.verdicts == {Verdict.FAILED}
    assert played.failure.line == 7
    assert "plugged_in is not possible" in played.reason


@pytest.mark.parametrize(
    ("wanted", "passes"),
    [
        ("{meter: 0}", True),
        ('{meter: ">= 0", token: /^test_/}', True),
        ('{meter: "> 0"}', False),
        ("{token: [someone, test_token]}", True),
        ("{token: [someone, else]}", False),
        ('{token: "!= test_token"}', False),
        ("{reason: absent}", True),
        ("{token: absent}", False),
        ("{token: any, evse: 1}", True),
        ("{token: {any_of: [/other/, $tokens.valid]}}", True),
        ("{token: '${tokens.valid}'}", True),
        ("{token: 'x${tokens.valid}'}", False),
    ],
)
def test_members_are_compared_matched_and_picked(wanted: str, passes: bool) -> None:
    steps = f"{STARTED}  - expect: {{tx.started: {wanted}}}\n    within: 5s"
    assert play(steps).verdicts == {Verdict.PASSED if passes else Verdict.FAILED}


def test_what_a_token_came_to_is_told_with_its_reason() -> None:
    begin = "  - use: booted\n  - plug_in\n"
    started = play(begin + "  - {present: $tokens.valid, outcome: refused}", versions=[V16])
    assert started.reason == "test_token was started (it is Accepted, at EVSE 1), not refused"
    own = "  - present: $tokens.valid\n  - {present: $tokens.valid, outcome: ignored}"
    assert play(begin + own, versions=[V16]).reason == (
        "test_token was stopped (the session was its own), not ignored"
    )


def test_a_list_is_expected_in_order_unless_any_order_will_do() -> None:
    steps = f"{STARTED}  - expect: [tx.started, authorize]\n    within: 5s"
    assert play(steps).verdicts == {Verdict.FAILED}
    assert play(f"{steps}\n    any_order: true").verdicts == {Verdict.PASSED}


def test_a_count_is_exact_and_zero_is_absence() -> None:
    assert play("  - use: booted\n  - {expect: heartbeat, count: 5, within: 301s}").verdicts == {
        Verdict.PASSED
    }
    assert play("  - use: booted\n  - {expect: heartbeat, count: 4, within: 301s}").verdicts == {
        Verdict.FAILED
    }
    assert play("  - use: booted\n  - {expect: heartbeat, count: 0, within: 30s}").verdicts == {
        Verdict.PASSED
    }
    assert play("  - use: booted\n  - {expect: heartbeat, at_least: 3, within: 301s}").verdicts == {
        Verdict.PASSED
    }


def test_what_is_forbidden_must_not_come_before_the_next_match() -> None:
    steps = "  - use: booted\n  - forbid: heartbeat\n  - plug_in\n  - expect: plug"
    assert play(f"{steps}\n  - wait: 90s").verdicts == {Verdict.PASSED}
    late = "  - use: booted\n  - forbid: heartbeat\n  - wait: 90s\n  - plug_in\n  - expect: {plug: {state: occupied}}"
    assert play(late).verdicts == {Verdict.FAILED}
    assert play("  - use: booted\n  - {forbid: heartbeat, until: 50s}").verdicts == {Verdict.PASSED}
    assert play("  - use: booted\n  - {forbid: heartbeat, until: 70s}").verdicts == {Verdict.FAILED}
    assert play("  - use: booted\n  - forbid: heartbeat\n  - wait: 70s").verdicts == {Verdict.FAILED}


def test_never_watches_while_other_steps_are_done() -> None:
    assert play("  - use: booted\n  - {never: heartbeat, while: [wait: 50s]}").verdicts == {Verdict.PASSED}
    failed = play("  - use: booted\n  - {never: [finding: any, call: Heartbeat], while: [wait: 70s]}")
    assert failed.verdicts == {Verdict.FAILED}
    assert "must not come" in failed.reason


def test_a_finding_of_the_other_end_counts_too() -> None:
    steps = "  - use: booted\n  - {never: {finding: any}, while: [{send: {Heartbeat: {x: 1}}, error: any}]}"
    failed = play(steps)
    assert failed.verdicts == {Verdict.FAILED}
    assert "invalid_request" in failed.reason or "finding" in failed.reason


ANSWERS = """\
  - use: booted
  - at: csms
    answer: {Authorize: {%s: {status: Blocked}}}
  - {answer: Authorize, at: csms, error: InternalError}
  - {answer: Authorize, at: csms, after: 10s}
  - {send: {Authorize: {%s}}, answered: {token_status: Blocked}}
  - {send: {Authorize: {%s}}, error: InternalError}
  - {send: {Authorize: {%s}}, answered: {token_status: Accepted}, as: late}
  - {send: {Authorize: {%s}}, answered: {token_status: Accepted}}
"""


def test_answers_are_given_in_order_and_then_as_usual() -> None:
    old, new = "idTag: A", "idToken: {idToken: A, type: Central}"
    one = play(ANSWERS % ("idTagInfo", old, old, old, old), versions=[V16])
    one.passes()
    assert one.finished[0].protocol_seconds == pytest.approx(10, abs=1)
    play(ANSWERS % ("idTokenInfo", new, new, new, new), versions=V2X).passes()


def test_silence_and_a_wrong_id_leave_a_call_without_its_answer() -> None:
    for how in ("silence: true", "id: wrong"):
        steps = f"  - use: booted\n  - {{answer: Heartbeat, at: csms, {how}}}\n  - {{send: Heartbeat, within: 5s}}"
        played = play(steps)
        assert played.verdicts == {Verdict.FAILED}
        assert "no answer within 5 s" in played.reason


def test_an_answer_against_its_schema_is_sent_all_the_same() -> None:
    stub = "{answer: {Heartbeat: {currentTime: yesterday}}, at: csms, exact: true}"
    steps = f"  - use: booted\n  - {stub}\n  - send: Heartbeat"
    played = play(steps, versions=V2X)
    assert played.verdicts == {Verdict.FAILED}
    assert "breaks its schema" in played.reason


def test_what_is_sent_may_be_anything() -> None:
    steps = """\
  - use: booted
  - {send: {NoSuchAction: {a: 1}}, error: NotImplemented}
  - {send: {StatusNotification: {}}, error: /Violation|Error/}
  - send_raw: '[2,"x","Heartbeat",{"extra":true}]'
  - expect: {error: /Violation|Error/}
"""
    play(steps).passes()


def test_branches_meet_at_a_barrier() -> None:
    steps = """\
  - use: booted
  - parallel:
      - [wait: 10s, barrier: here, {capture: "${me}", as: one}]
      - [wait: 20s, barrier: here]
  - check: {$one: CP1}
"""
    played = play(steps, versions=[V16])
    played.passes()
    assert played.finished[0].protocol_seconds == pytest.approx(20, abs=1)


def test_a_branch_that_fails_ends_the_others() -> None:
    played = play("  - use: booted\n  - parallel:\n    - [wait: 1h]\n    - [{expect: tx.ended, within: 5s}]")
    assert played.verdicts == {Verdict.FAILED}
    assert played.finished[0].protocol_seconds < 10
    assert played.failure.line == 7


def test_steps_are_repeated_at_a_pace() -> None:
    played = play(
        "  - use: booted\n  - {repeat: 3, every: 10s, steps: [send: Heartbeat]}\n  - {expect: heartbeat, at_least: 3}"
    )
    played.passes()
    assert played.finished[0].protocol_seconds == pytest.approx(20, abs=1)


def test_a_check_reads_how_things_stand() -> None:
    play(
        "  - use: booted\n  - check: {csms.boots: 1, station.registration: Accepted, csms.connected(CP1): true}"
    ).passes()
    assert play("  - use: booted\n  - check: {csms.boots: 2}").verdicts == {Verdict.FAILED}


def test_settings_of_the_central_system_are_its_options() -> None:
    head = 'role: charge_point\ncsms: {boot_status_sequence: "Pending,Accepted", retry_interval: 20}'
    steps = "  - expect: {booted: {status: Pending, interval: 20}}\n  - expect: {booted: {status: Accepted}}"
    played = play(steps, head=head)
    played.passes()
    assert played.finished[0].protocol_seconds == pytest.approx(20, abs=1)


def test_a_parameter_can_be_overridden() -> None:
    from shared.scenario.tree import Scalar

    head = "role: charge_point\nparameters: {pause: 5s}"
    assert play("  - wait: $pause", head=head).finished[0].protocol_seconds == pytest.approx(5, abs=0.1)
    longer = play("  - wait: $pause", head=head, parameters={"pause": Scalar("50s")})
    assert longer.finished[0].protocol_seconds == pytest.approx(50, abs=0.1)


LACKS = """\
  - {answer: %s, at: charge_point, %s}
  - {%s, answered: {status: Accepted}}
"""
LIST = "command: {send_local_list: {tokens: [a], version: 1}}"


@pytest.mark.parametrize(
    ("answer", "step", "verdict"),
    [
        ("error: NotImplemented", LIST, Verdict.NOT_APPLICABLE),
        ("error: NotSupported", LIST, Verdict.NOT_APPLICABLE),
        ("error: InternalError", LIST, Verdict.FAILED),
        (
            "error: NotImplemented",
            "command: reset",
            Verdict.FAILED,
        ),  # 1.6 §3.3: everybody has the Core profile
    ],
)
def test_what_the_other_side_may_lack_makes_it_not_applicable(
    answer: str, step: str, verdict: Verdict
) -> None:
    action = "Reset" if "reset" in step else "SendLocalList"
    head = "role: csms\ngiven: [use: accepted]"
    played = play(LACKS % (action, answer, step), head=head)
    assert played.verdicts == {verdict}, played.reason


def test_an_answer_that_says_not_supported_is_one_too() -> None:
    stub = "  - {answer: {SendLocalList: {status: NotSupported}}, at: charge_point}\n"
    played = play(
        f"{stub}  - {{{LIST}, answered: Accepted}}",
        head="role: csms\ngiven: [use: accepted]",
        versions=(V16,),
    )
    assert played.verdicts == {Verdict.NOT_APPLICABLE}
    assert played.reason == "the answer to send_local_list: answer.status is NotSupported, not Accepted"


def test_a_finding_fails_a_scenario_when_it_is_to() -> None:
    steps = "  - use: booted\n  - {send: {Heartbeat: {x: 1}}, error: any}"
    assert play(steps).verdicts == {Verdict.PASSED}
    assert play(steps, fail_on_findings=True).verdicts == {Verdict.FAILED}


FAULTS = """\
  - use: booted
  - inject: {duplicate: {action: [Heartbeat], times: 1}}
  - send: Heartbeat
  - {expect: heartbeat, at_least: 2, within: 5s}
  - inject: reset
  - {inject: "drop:action=Heartbeat", at: csms}
  - {send: Heartbeat, within: 5s}
"""


def test_faults_come_over_the_wire_and_are_gone_at_once() -> None:
    played = play(FAULTS)
    assert played.verdicts == {Verdict.FAILED}
    assert played.failure.line == 10
    assert "no answer within 5 s" in played.reason
    reset = FAULTS.replace("  - {send", "  - {inject: reset, at: csms}\n  - {send")
    assert play(reset).verdicts == {Verdict.PASSED}


def test_a_car_with_a_battery_is_plugged_in_and_a_meter_lies() -> None:
    played = play(
        "  - expect: {booted: {status: Accepted}}\n"
        "  - plug_in: {ev: {battery: 40000, soc: 50, phases: 1}}\n"
        "  - present: 04A1\n"
        "  - wait: 1h\n"
        "  - check: {station.power: 7360, station.soc: '> 68'}\n"
        "  - meter_fault: {kind: missing_phase, by: 1}\n"
        "  - meter_fault: none\n",
    )
    played.passes()


def test_what_a_car_cannot_be_fails_the_step_with_advice() -> None:
    known_later = "role: charge_point\nparameters: {car: {batery: 1}}"
    wrong = play("  - plug_in: {ev: $car}\n", versions=[V16], head=known_later)
    assert "did you mean 'battery'" in str(wrong.failure)


def test_a_driver_limits_the_session_a_car_ends_it_and_a_watchdog_bites() -> None:
    played = play(
        "  - expect: {booted: {status: Accepted}}\n"
        "  - driver_limit: {energy: 1000}\n"
        "  - plug_in:\n"
        "  - present: 04A1\n"
        "  - expect: {tx.started: {}}\n"
        "  - wait: 10m\n"
        "  - check: {station.power: 0, station.transactions: 1}\n"
        "  - ev: stops\n"
        "  - expect: {tx.ended: {}}\n"
        "  - watchdog:\n"
        "  - expect: {booted: {status: Accepted}}\n",
        versions=[V21],
    )
    played.passes()


def test_what_a_driver_cannot_limit_or_a_car_do_fails_the_step() -> None:
    nothing = play("  - ev: stops\n", versions=[V16])
    assert "the car cannot end its session" in str(nothing.failure)


def test_a_time_is_compared_with_the_present_whatever_its_offset() -> None:
    steps = """\
  - {expect: booted, as: boot}
  - {at: csms, answer: {Heartbeat: {currentTime: "2026-01-01T12:00:00+02:00"}}}
  - {send: Heartbeat, answered: {currentTime: ">= $now - 1s"}}
  - wait: 1h
  - {send: Heartbeat, as: beat}
  - {answered: beat, with: {currentTime: "> $now - 1s"}}
  - {answered: beat, with: {currentTime: "<= $now"}}
  - check: {$boot.answer.currentTime: "< $now - 59min"}
"""
    play(steps).passes()
    late = play(
        "  - {expect: booted, as: boot}\n  - answered: boot\n    with: {currentTime: '> $now + 1min'}\n"
    )
    assert late.verdicts == {Verdict.FAILED}
    assert late.failure.expected == "> 2026-01-01T10:01:00.000Z (> $now + 1min)"
    assert late.failure.actual == "2026-01-01T10:00:00.000Z"


def test_a_time_that_is_sent_is_the_present() -> None:
    one = play(
        "  - expect: booted\n  - wait: 90s\n  - send: {DataTransfer: {vendorId: x, data: $now - 30s}}\n"
    )
    (sent,) = [e for e in one.journals[0] if e.kind == "call" and "DataTransfer" in e.what and e.dir == "out"]
    assert sent.parts()[3]["data"] == "2026-01-01T10:01:00.000Z"


def test_an_answer_may_be_one_of_several() -> None:
    one = "command: {get_variables: OCPPCommCtrlr.HeartbeatInterval}"
    several = "{any_of: [{configurationKey: any}, {getVariableResult: {attributeStatus: Accepted}}]}"
    play(f"  - use: booted\n  - {{at: csms, {one}, answered: {several}}}\n").passes()
    wrong = play(f"  - use: booted\n  - {{at: csms, {one}, answered: {{any_of: [{{a: 1}}, {{b: 2}}]}}}}\n")
    assert wrong.verdicts == {Verdict.FAILED}
    assert "not {any_of: [{a: 1}, {b: 2}]}" in wrong.reason


def test_a_station_that_is_away_cannot_be_told_to_boot() -> None:
    one = play("  - use: booted\n  - go_offline\n  - boot\n")
    assert one.verdicts == {Verdict.FAILED}
    assert "it is not connected" in one.reason


def test_handshakes_are_turned_down_in_memory_too() -> None:
    one = play(
        "  - use: booted\n  - {at: csms, inject: {refuse: {times: 2}}}\n  - reconnect\n"
        "  - {expect: [closed, opened, heartbeat], within: 5min}\n"
    )
    one.passes()
    told = [e.what for e in one.journals[0] if e.note == "fault"]
    assert told == ["refuse: a connection of CP1 is turned down: status 503"] * 2
