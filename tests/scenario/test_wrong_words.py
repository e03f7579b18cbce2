"""Wrong words, keys and values of scenario files: each is told with file, line and advice, and nothing is started."""

from __future__ import annotations

from pathlib import Path

import pytest

import shared.scenario.program
from charge_point.__main__ import main as station
from csms.__main__ import main as csms
from shared.scenario.load import load_text

HEAD = "scenario: wrong\nrole: charge_point\nsteps:\n"  # the steps begin in line 4
KEPT = "  - {expect: booted, as: boot}\n"

WRONG = [
    # reasons, triggers, statuses and states of facts
    ("  - expect: {tx.ended: {reason: Remot}}", 4, "'Remot' is not a reason; did you mean 'Remote'"),
    ("  - expect: {tx.ended: {reason: [Local, EVDisconected]}}", 4, "did you mean 'EVDisconnected'"),
    ("  - {only: 1.6, expect: {tx.ended: {reason: StoppedByEV}}}", 4, "'StoppedByEV' is not a reason"),
    ("  - {only: 2.x, expect: {tx.ended: {reason: HardReset}}}", 4, "'HardReset' is not a reason"),
    ("  - {only: 2.x, expect: {booted: {reason: PowerUpp}}}", 4, "'PowerUpp' is not a reason; did you mean 'PowerUp'"),
    ("  - expect: {tx.updated: {trigger: MeterValuePeriodc}}", 4, "did you mean 'MeterValuePeriodic'"),
    ("  - forbid: {tx.started: {trigger: CablePluggedInn}}", 4, "did you mean 'CablePluggedIn'"),
    ("  - expect: {plug: {state: ocupied}}", 4, "'ocupied' is not a state; did you mean 'occupied'"),
    ("  - expect: {plug: {status: Faultd}}", 4, "'Faultd' is not a status; did you mean 'Faulted'"),
    ("  - expect: {plug: {error: GroundFailur}}", 4, "'GroundFailur' is not a error; did you mean 'GroundFailure'"),
    ("  - expect: {meter: {context: Sample.Periodik}}", 4, "did you mean 'Sample.Periodic'"),
    # numbers and truths
    ("  - expect: {tx.started: {evse: one}}", 4, "tx.started.evse is a number, not 'one'"),
    ("  - expect: {meter: {meter: '>= plenty'}}", 4, "meter.meter is a number, not 'plenty'"),
    ("  - expect: {tx.started: {offline: flase}}", 4, "'flase' is not a truth; did you mean 'false'"),
    ("  - {only: 1.6, expect: {StartTransaction: {meterStart: zero}}}", 4, "StartTransaction.meterStart is a number"),
    ("  - {only: 2.x, expect: {TransactionEvent: {offline: perhaps}}}", 4, "TransactionEvent.offline is true or false"),
    # findings and notes
    ("  - expect: {finding: seqno_gapp}", 4, "'seqno_gapp' is not a finding; did you mean 'seqno_gap'"),
    ("  - never: [finding: late_event]", 4, "'late_event' is a note, not a finding"),
    ("  - expect: {note: thined}", 4, "'thined' is not a note; did you mean 'thinned'"),
    # members of what was kept
    (KEPT + "  - capture: $boot.foo", 5, "$boot is BootNotification, which has no 'foo'"),
    (KEPT + "  - wait: $boot.intervall", 5, "which has no 'intervall'; did you mean 'interval'"),
    (KEPT + "  - capture: $boot.answer.intervl", 5, "is in no BootNotification; did you mean 'interval'"),
    (
        "  - {expect: tx.started, as: tx}\n  - expect: {tx.ended: {tx: $tx.foo}}",
        5,
        "$tx is StartTransaction or TransactionEvent, which has no 'foo'",
    ),
    (
        "  - {send: {Heartbeat: {}}, as: beat}\n  - capture: $beat.currenTime",
        5,
        "did you mean 'currentTime'",
    ),
    ("  - {present: T, as: hand}\n  - capture: $hand.outcom", 5, "did you mean 'outcome'"),
    ("  - capture: $tokens.vald", 4, "$tokens has no member 'vald'; did you mean 'valid'"),
    ("  - capture: $tokens", 4, "$tokens is a table; name one of it"),
    ("  - capture: $CP1.meter.deliverd", 4, "did you mean 'meter.delivered'"),
    ("  - capture: $version.name", 4, "$version is a single value and has no member 'name'"),
    # keys of settings
    ("  - command: {set_config: {HeartbeatIntervall: 5}}", 4, "did you mean 'HeartbeatInterval'"),
    ("  - command: {set_config: {heartbeat_intervall: 5}}", 4, "did you mean 'heartbeat_interval'"),
    ("  - command: {set_config: {OCPPComCtrlr.HeartbeatInterval: 5}}", 4, "'OCPPCommCtrlr.HeartbeatInterval'"),
    ("  - {only: 1.6, command: {get_config: {names: ConectionTimeOut}}}", 4, "did you mean 'ConnectionTimeOut'"),
    ("  - command: {get_variables: {names: [TxCtrlr.EVConectionTimeOut]}}", 4, "'TxCtrlr.EVConnectionTimeOut'"),
    # actions
    ("  - {send: {Heartbeet: {}}, error: NotImplemented}", 4, "'Heartbeet' is not an action; did you mean 'Heartbeat'"),
    ("  - call: Resett", 4, "call: 'Resett' is not an action; did you mean 'Reset'"),
    ("  - send: NoSuchAction", 4, "a message that nobody knows needs `error: NotImplemented`"),
    ("  - command: trigger_mesage", 4, "'trigger_mesage' is not a command; did you mean 'trigger_message'"),
    ("  - operator: plugin", 4, "operator: 'plugin' is not known; did you mean 'plug_in'"),
    ("  - operator: {plug_in: {conector: 1}}", 4, "plug_in has no member 'conector'; did you mean 'connector'"),
    # payloads of messages
    ("  - send: {StatusNotification: {status: Availabel}}", 4, "did you mean 'Available'"),
    ("  - {only: 1.6, send: {Authorize: {idTagg: A}}}", 4, "Authorize has no member 'idTagg'; did you mean 'idTag'"),
    ("  - {only: 1.6, send: {Authorize: {}}}", 4, "required property (say `valid: false` when it is meant)"),
    (
        "  - only: 1.6\n    send:\n      Authorize:\n        idTag: this token is too long\n",
        7,
        'Authorize.idTag: "this token is too long" is longer than 20 characters',
    ),
    (
        "  - only: 1.6\n    send:\n      MeterValues:\n        connectorId: 1\n        meterValue:\n"
        "          - timestamp: '2026-01-01T00:00:00Z'\n            sampledValue:\n"
        "              - {value: '1', measurand: Energy.Activ.Import.Register}\n",
        11,
        "did you mean 'Energy.Active.Import.Register'",
    ),
    (
        "  - only: 2.x\n    expect:\n      MeterValues:\n        meterValue:\n          sampledValue:\n"
        "            unitOfMeasure: {unit: kWhh}\n",
        9,
        "'kWhh' is not a unit; did you mean 'kWh'",
    ),
    ("  - expect: {answer: {Heartbeat: {currenTime: any}}}", 4, "Heartbeat has no member 'currenTime'"),
    ("  - expect: {error: NotImplementd}", 4, "'NotImplementd' is not an error code; did you mean 'NotImplemented'"),
    # words of verbs
    ("  - 'use: booted'", 4, "'use: booted' is one text; a step with a body has no quotes"),
    ("  - firmware: InstalationFailed", 4, "did you mean 'InstallationFailed'"),
    ("  - uploads: UploadFailur", 4, "did you mean 'UploadFailure'"),
    ("  - files: missng:path=fw", 4, "files: 'missng' is not"),
    ("  - {external_limit: {amps: 10}, source: EMX}", 4, "'EMX' is not a source of limits; did you mean 'EMS'"),
    ("  - plug_in: {ev: {batery: 60000}}", 4, "a car has no 'batery'; did you mean 'battery'"),
    ("  - status_notification: {status: Avialable}", 4, "did you mean 'Available'"),
    ("  - stop_transaction: {reason: Locale}", 4, "did you mean 'Local'"),
    ("  - wait: -5s", 4, "wait: seconds: -5s is negative"),
    ("  - {expect: booted, count: -1}", 4, "expect: count: -1 is negative"),
]  # fmt: skip


@pytest.fixture(autouse=True)
def _nothing_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    def started(*words: object) -> int:
        raise AssertionError("something was started")

    monkeypatch.setattr(shared.scenario.program, "_run", started)


@pytest.mark.parametrize(("steps", "line", "said"), WRONG, ids=[row[0].strip()[:60] for row in WRONG])
def test_a_wrong_word_ends_the_run_before_it_begins(
    steps: str, line: int, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "wrong.yaml"
    file.write_text(HEAD + steps)
    main = csms if line % 2 else station  # either program reads the same way
    assert main(["run", "--pair", str(file)]) == 2
    told = capsys.readouterr().err
    assert told.startswith(f"{file}:{line}: ")
    assert said in told
    assert told.count("\n") == 1


@pytest.mark.parametrize(
    "step",
    [
        "{send: {Heartbeet: {}}, valid: false}",
        "{send: {NoSuchAction: {}}, error: NotImplemented}",
        "{send: {NoSuchAction: {}}, valid: false, no_wait: true}",
        "{only: 1.6, send: {Authorize: {}}, valid: false}",
        "{send: {Authorize: {}}, error: [/Violation/, ProtocolError]}",
        "{call: {Reset: {type: Warm}}, valid: false}",
        "command: {set_config: {AcmeLedColour: red}}",
        "command: {set_config: {HEARTBEATINTERVAL: 5}}",
        "expect: {note: something_else}",
        "expect: {finding: /seqno/}",
        "{only: 2.1, send: {Authorize: {idToken: {idToken: A, type: AcmeBadge}}}}",
        "{expect: {meter: {meter: '>= $tokens.valid'}}}",
        "status_notification: {status: Sleeping}",
        "operator: shake_the_box",
        "set_clock: -2h",
    ],
)
def test_what_may_be_meant_is_no_mistake(step: str) -> None:
    (scenario,) = load_text(f"{HEAD}  - {step}\n", "right.yaml")
    assert scenario.warnings == ()


def test_what_a_fragment_is_given_hides_what_was_kept_by_its_name() -> None:
    text = (
        "scenario: a\nparameters: {place: {evse: 1}}\nfragments:\n"
        "  at: {parameters: {boot: {x: 1}, place: {socket: 2}}, steps: [capture: $boot.x, capture: $place.socket]}\n"
        "steps:\n  - {expect: booted, as: boot}\n  - use: at\n  - {capture: $place.evse, as: e}\n"
    )
    (scenario,) = load_text(text, "right.yaml")
    assert scenario.warnings == ()


def test_parameters_and_cases_have_the_members_that_they_have() -> None:
    from shared.scenario.tree import ScenarioError

    for head, wrong in (
        ("parameters: {place: {evse: 1}}", "$place has no member 'evs'; did you mean 'evse'? (evse)"),
        ("cases: {place: [{evse: 1}, {evs: 2}]}", "$place has no member 'evs'; did you mean 'evse'? (evse)"),
        ("parameters: {place: 3}", "$place is a single value and has no member 'evs'"),
    ):
        with pytest.raises(ScenarioError) as told:
            load_text(f"scenario: a\n{head}\nsteps:\n  - capture: $place.evs\n", "wrong.yaml")
        assert str(told.value) == f"wrong.yaml:4: {wrong}"
