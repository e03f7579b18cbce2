"""What is wrong with a scenario file is said with its line, before anything starts."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from shared.scenario.load import find, load, load_text, shipped
from shared.scenario.tree import Scalar, ScenarioError, Table, in_words, seconds
from shared.versions import V2X, VERSIONS

HEAD = "scenario: a test\nrole: charge_point\nsteps:\n"


def complaint(text: str, **how: bool) -> str:
    with pytest.raises(ScenarioError) as wrong:
        load_text(text, "boot.yaml", **how)
    return str(wrong.value)


@pytest.mark.parametrize(
    ("steps", "said"),
    [
        ("  - plug", "boot.yaml:4: no verb 'plug'; did you mean 'plug_in'"),
        ("  - wait: 1s\n  - expct: booted", "boot.yaml:5: no verb 'expct'; did you mean 'expect'"),
        ("  - plug_in: {evs: 1}", "boot.yaml:4: plug_in has no member 'evs'; did you mean 'evse'?"),
        (
            "  - {expect: booted, whitin: 5s}",
            "boot.yaml:4: expect has no member 'whitin'; did you mean 'within'?",
        ),
        ("  - {expect: booted, within: soon}", "boot.yaml:4: expect: within: 'soon' is not a duration"),
        ("  - plug_in: one", "boot.yaml:4: plug_in: evse: 'one' is not a whole number"),
        (
            "  - expect: {booted: {status: Acepted}}",
            "boot.yaml:4: 'Acepted' is not a status; did you mean 'Accepted'?",
        ),
        (
            "  - expect: {tx.start: {}}",
            "boot.yaml:4: no fact or action 'tx.start'; did you mean 'tx.started'",
        ),
        ("  - expect: {tx.started: {tokn: A}}", "tx.started has no member 'tokn'; did you mean 'token'?"),
        (
            "  - expect: {StatusNotification: {status: Availabel}}",
            "'Availabel' is not a value of StatusNotification.status; did you mean 'Available'?",
        ),
        ("  - expect: {Authorize: {idTagg: A}}", "Authorize has no member 'idTagg'; did you mean 'idTag'?"),
        ("  - sut: {boot: {http: {ur: x}}}", "boot.yaml:4: http has no member 'ur'; did you mean 'url'?"),
        ("  - operator: {plug_in: {http: {url: lab}}}", "boot.yaml:4: http: url is missing, or no address"),
        ("  - answer: {Autorize: {}}", "'Autorize' is not an action; did you mean 'Authorize'?"),
        ("  - present: $tokns.valid", "boot.yaml:4: $tokns was never made; did you mean 'tokens'?"),
        (
            "  - present: $tokens.$token",
            "boot.yaml:4: '$tokens.$token' has a reference inside a path; give $token the whole value",
        ),
        ("  - present: $tokens/valid", "boot.yaml:4: '$tokens/valid' is not a reference; one stands alone"),
        ("  - present: a ${tokens", "boot.yaml:4: 'a ${tokens' is not a reference"),
        ("  - expect: {tx.started: {meter: '>= $frst.meter'}}", "boot.yaml:4: $frst was never made"),
        ("  - {answered: first}", "boot.yaml:4: first was never made"),
        ("  - {expect: booted, since: first}", "boot.yaml:4: first was never made"),
        ("  - {only: 3.0, expect: booted}", "boot.yaml:4: '3.0' is not a version"),
        ("  - {expect: booted, at: CP9}", "'CP9' is not a station or role of this scenario"),
        ("  - use: bootd", "boot.yaml:4: 'bootd' is not a fragment; did you mean 'booted'?"),
        (
            "  - use: {plugged_in: {evs: 1}}",
            "fragment plugged_in has no parameter 'evs'; did you mean 'evse'?",
        ),
        ("  - wait", "boot.yaml:4: wait: seconds is missing"),
        (
            "  - inject: {duplicat: {}}",
            "boot.yaml:4: inject: 'duplicat' is not a fault; did you mean 'duplicate'?",
        ),
        (
            "  - inject: {hang_up: {before: x}}",
            "boot.yaml:4: inject: hang_up: 'before' is not one of its settings",
        ),
        ("  - emergency_stop: now", "boot.yaml:4: emergency_stop takes nothing"),
        ("  - {send: {Heartbeat: {at: $now - soon}}}", "boot.yaml:4: 'soon' is not a duration"),
        ("  - network: don", "boot.yaml:4: 'don' is not a state of the network; did you mean 'down'?"),
        ("  - restore: confg", "boot.yaml:4: 'confg' is not something to restore; did you mean 'config'?"),
        ("  - ev: stps", "boot.yaml:4: 'stps' is not something that a car does; did you mean 'stops'?"),
        (
            "  - {present: X, outcome: startd}",
            "'startd' is not what comes of a token; did you mean 'started'?",
        ),
        ("  - {meter_fault: frozn}", "'frozn' is not a fault of a meter; did you mean 'frozen'?"),
        ("  - {fault: GroundFailur}", "'GroundFailur' is not an error of a connector; did you mean"),
        ("  - {expect: booted, by: csm}", "boot.yaml:4: 'csm' is not a sender; did you mean 'csms'?"),
        ("  - {answer: Heartbeat, times: alwys}", "boot.yaml:4: times is a number or 'always', not 'alwys'"),
        ("  - {check: {csms.opn(CP1): 0}}", "'opn' is not a question to a csms; did you mean 'open'?"),
        (
            "  - {check: {station.statsu: x}}",
            "'statsu' is not a question to a charge_point; did you mean 'stat",
        ),
        ("  - command: resett", "boot.yaml:4: 'resett' is not a command; did you mean 'reset'?"),
        (
            "  - {command: {reset: {knd: $me}}}",
            "boot.yaml:4: reset: 'knd' is not an option of it; did you me",
        ),
        (
            "  - {command: {reset: {kind: Hrd}}}",
            "'Hrd' is not one of the words it takes; did you mean 'Hard'?",
        ),
        (
            "  - {command: reset, answered: {status: Acepted}}",
            "'Acepted' is not a status of this answer; did ",
        ),
        ("  - {command: reset, answered: Acepted}", "'Acepted' is not a status of this answer; did you mean"),
        (
            "  - {send: Authorize, answered: {token_status: Blockd}}",
            "'Blockd' is not a status of this answer",
        ),
        (
            "  - {expect: booted, as: b}\n  - {answered: b, with: {any_of: [{status: Acepted}]}}",
            "boot.yaml:5: 'Acepted' is not a status of this answer; did you mean 'Accepted'?",
        ),
        (
            "  - {send: Heartbeat, answered: {curentTime: any}}",
            "Heartbeat has no member 'curentTime'; did you",
        ),
        ("  - {send: Heartbeat, error: NotImplementd}", "'NotImplementd' is not an error code; did you mean"),
    ],
)
def test_a_wrong_step_is_named_with_its_line(steps: str, said: str) -> None:
    assert said in complaint(HEAD + steps)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("scenario: [unclosed", "boot.yaml:1: not YAML"),
        (
            "scenario: a\ncsms: {boot_stats: Pending}\nsteps: [wait: 1s]",
            "boot.yaml:2: csms: --boot-stats: no such option; did you mean",
        ),
        (
            "scenario: a\ncsms:\n  seed: 1\n  persona: slow_answer\nsteps: [wait: 1s]",
            "boot.yaml:4: csms: --persona: 'slow_answer' is not a persona; did you mean 'slow_answers'?",
        ),
        ("scenario: a\ncsms: {persona: list}\nsteps: [wait: 1s]", "boot.yaml:2: csms: --persona: "),
        (
            "scenario: a\nsteps: [wait: 1s]\nstep: []",
            "boot.yaml:3: a scenario has no member 'step'; did you mean",
        ),
        (
            "scenario: a\nstation: {persona: generic_acc}\nsteps: [wait: 1s]",
            "boot.yaml:2: station: 'generic_acc' is not a persona; did you mean 'generic_ac'?",
        ),
        ("scenario: a\nstation: {colour: red}\nsteps: [wait: 1s]", "a station has no setting 'colour'"),
        (
            "scenario: a\nstation: {tx_start: whenever}\nsteps: [wait: 1s]",
            "'whenever' is not ",
        ),
        (
            "scenario: a\nstations:\n  A: {}\n  B:\n    tx_strt: x\nsteps: [wait: 1s]",
            "boot.yaml:5: station: a station has no setting 'tx_strt'; did you mean 'tx_start' or",
        ),
        (
            "scenario: a\nneeds: {csms: {tokn: x}}\nsteps: [wait: 1s]",
            "'tokn' is not something that a csms has",
        ),
        ("scenario: a\nneeds: {station: [remote_strt]}\nsteps: [wait: 1s]", "did you mean 'remote_start'?"),
        ("scenario: a\nrole: station\nsteps: [wait: 1s]", "boot.yaml:2: 'station' is not a role"),
        ("scenario: a\nversions: [1.7]\nsteps: [wait: 1s]", "boot.yaml:2: '1.7' is not a version"),
        (
            "scenario: a\nversions: 2.2\nsteps: [wait: 1s]",
            "boot.yaml:2: '2.2' is not a version; did you mean '2.0.1', '2.1' or '2.x', which is both? "
            "(1.6, 1.6J, 2.0.1, 2.1, 2.x, all)",
        ),
        (
            "scenario: a\nsteps:\n  - {only: [2], wait: 1s}",
            "did you mean '2.0.1', '2.1' or '2.x', which is both?",
        ),
        ("scenario: a\nversions: 2.0\nsteps: [wait: 1s]", "'2.0' is not a version; did you mean '2.0.1'?"),
        ("scenario: a\nrole: pair", "boot.yaml:1: there are no steps"),
        ("scenario: a\nscenario: b\nsteps: [wait: 1s]", "boot.yaml:2: 'scenario' stands here twice"),
        ("", "boot.yaml:1: there is no scenario in it"),
        ("- 1", "boot.yaml:1: a scenario is a table"),
        ("a: &a [*a]\nscenario: x", "nested too deeply"),
        ("scenario: a\nsteps: [wait: 1s]\nneeds: {clock: 1}", "boot.yaml:3: 'clock' is not something"),
        ("scenario: \x01", "boot.yaml:1: not YAML"),
    ],
)
def test_a_wrong_file_is_named_with_its_line(text: str, said: str) -> None:
    assert said in complaint(text)


def test_a_circle_of_fragments_is_told_in_full() -> None:
    text = "scenario: a\nfragments:\n  one: [use: two]\n  two: [use: one]\nsteps: [use: one]"
    assert "a circle: one uses two uses one; take one of these `use` out" in complaint(text)


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ("scenario: [a", "close what [ or { has opened"),
        ('scenario: "a', "close the quotes"),
        ("scenario: a: b", "quote a text that holds ': '"),
        ("scenario:\n\trole: pair", "indent with blanks, not with tabs"),
        ('scenario: "\\q"', "write a backslash in double quotes twice"),
        ("scenario: *all", "quote a text that begins with *"),
        ("- a\nscenario: b", "look at the indentation"),
    ],
)
def test_what_is_not_yaml_is_told_with_what_to_do(text: str, advice: str) -> None:
    assert advice in complaint(text)


def test_a_capture_must_stand_before_its_use() -> None:
    before = "  - {expect: tx.started, as: first}\n  - expect: {tx.ended: {tx: $first.tx}}"
    after = "  - expect: {tx.ended: {tx: $first.tx}}\n  - {expect: tx.started, as: first}"
    load_text(HEAD + before, "x")
    assert "boot.yaml:4: $first was never made" in complaint(HEAD + after)


def test_a_folder_with_a_scenarios_name_is_no_scenario(tmp_path: Path) -> None:
    (tmp_path / "boot.yaml").mkdir()
    with pytest.raises(ScenarioError, match="a folder without scenarios"):
        find([str(tmp_path / "boot.yaml")])


def test_a_file_that_is_not_there_gets_a_suggestion() -> None:
    with pytest.raises(ScenarioError, match=r"complete_sesion: no such file.*did you mean"):
        find(["happy_path/complete_sesion"])


def test_a_folder_gives_what_is_in_it_and_a_pattern_what_it_fits(tmp_path: Path) -> None:
    for name in ("b.yaml", "a/c.yml", "a/d.json", "a/e.toml", "a/readme.md"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("scenario: x")
    names = [p.relative_to(tmp_path).as_posix() for p in find([str(tmp_path)])]
    assert names == ["a/c.yml", "a/d.json", "a/e.toml", "b.yaml"]
    found = find([f"{tmp_path}/**/*.yaml", str(tmp_path / "b.yaml")])
    assert [p.name for p in found] == ["b.yaml"]


def test_bytes_that_are_no_text_are_named_with_their_line(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    path.write_bytes(b"scenario: a\nsteps: \xff\n")
    with pytest.raises(ScenarioError, match=r"x\.yaml:2: not UTF-8"):
        load(path)


TOML = """\
scenario = "a test"
role = "charge_point"

[station]
persona = "generic_ac"

[[steps]]
expect = {booted = {status = "Accepted"}}
within = "5s"

[[steps]]
plug_in = {evse = 1}
"""


def test_yaml_json_and_toml_say_the_same() -> None:
    yaml = HEAD + "  - expect: {booted: {status: Accepted}}\n    within: 5s\n  - plug_in: {evse: 1}\n"
    yaml += "station: {persona: generic_ac}\n"
    as_json = json.dumps(
        {
            "scenario": "a test",
            "role": "charge_point",
            "steps": [
                {"expect": {"booted": {"status": "Accepted"}}, "within": "5s"},
                {"plug_in": {"evse": 1}},
            ],
            "station": {"persona": "generic_ac"},
        },
        indent=1,
    )
    told = []
    for text, toml in ((yaml, False), (as_json, False), (TOML, True)):
        (one,) = load_text(text, "x", toml=toml)
        told.append((one.name, one.role, [step.text for step in one.steps], one.stations))
    assert told[0] == told[1] == told[2]


def test_toml_has_lines_too() -> None:
    wrong = TOML.replace("plug_in = {evse", "plug = {evse")
    assert "boot.yaml:12: no verb 'plug'" in complaint(wrong, toml=True)
    assert "boot.yaml:1: not TOML" in complaint("scenario = ", toml=True)


def test_texts_stay_what_they_are() -> None:
    (one,) = load_text(
        HEAD + "  - send: {Authorize: {idTag: 0123}}\n  - send: {DataTransfer: {vendorId: on}}", "x"
    )
    node = one.steps[0].arguments["message"]
    assert isinstance(node, Table)
    assert in_words(node) == "{Authorize: {idTag: 0123}}"
    body = node.entries[0][1]
    assert isinstance(body, Table)
    assert body.get("idTag") == Scalar("0123", 4, True)


def test_versions_and_roles_have_defaults() -> None:
    (one,) = load_text("scenario: a\nsteps: [wait: 1s]", "x")
    assert one.versions == VERSIONS
    assert (one.role, list(one.stations)) == ("charge_point", ["CP1"])
    (two,) = load_text("scenario: a\nversions: 2.x\nsteps: [wait: 1s]", "x")
    assert two.versions == V2X


def test_durations_have_units() -> None:
    assert [seconds(t) for t in ("250ms", "90s", "10min", "8h", "1d", "3", "-2.5h")] == [
        0.25,
        90,
        600,
        28800,
        86400,
        3,
        -9000,
    ]


@pytest.mark.parametrize("name", shipped())
def test_every_installed_scenario_can_be_read(name: str) -> None:
    for path in find([name]):
        for scenario in load(path):
            assert scenario.about, "it says what it is about"
            assert scenario.steps


@pytest.mark.parametrize(
    ("step", "said"),
    [
        (
            "operator: plug_cable_in",
            "line 4: operator: 'plug_cable_in' is not known; did you mean 'plug_in'?",
        ),
        ("present: $tokens.guest", "line 4: $tokens.guest is there only with --tokens guest=TOKEN"),
        (
            "send: {Authorize: {idTag: A}}",
            'line 4: on OCPP 2.0.1, 2.1 Authorize: "idToken" is a required property; say `only:`',
        ),
    ],
)
def test_a_word_that_may_be_anybodys_but_looks_like_one_of_ours_is_warned_of(step: str, said: str) -> None:
    (scenario,) = load_text(f"{HEAD}  - {step}\n", "boot.yaml")
    (warning,) = scenario.warnings
    assert warning.startswith(said)


def test_words_that_others_made_up_are_not_warned_of() -> None:
    steps = "  - {send: {NoSuchAction: {}}, error: NotImplemented}\n  - operator: shake_the_box\n"
    steps += "  - {send: Heartbeat, error: MadeUpError}\n"
    (scenario,) = load_text(HEAD + steps, "boot.yaml")
    assert scenario.warnings == ()
