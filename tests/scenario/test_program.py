"""`run` and `scenario` of both programs, as somebody types them."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable, Iterator
from pathlib import Path

import jsonschema_rs
import pytest
import yaml

from charge_point.__main__ import main as station
from csms.__main__ import main as csms
from shared.scenario import registry
from shared.scenario.load import FILES, shipped
from shared.scenario.schema import schema

ROOT = Path(__file__).resolve().parents[2]
PASS = "scenario: it passes\nrole: charge_point\nsteps: [expect: booted]\n"
FAIL = (
    "scenario: it fails\nrole: charge_point\nsteps:\n  - {expect: {booted: {status: Pending}}, within: 1s}\n"
)
GIVEN = "scenario: never asked\nrole: charge_point\ngiven: [{expect: tx.started, within: 1s}]\nsteps: [wait: 1s]\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in (("pass", PASS), ("fail", FAIL), ("given", GIVEN)):
        (tmp_path / f"{name}.yaml").write_text(text)
    return tmp_path


def test_a_scenario_is_run_by_its_name_on_every_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert station(["run", "happy_path/complete_session"]) == 0
    assert "3 passed" in capsys.readouterr().out


@pytest.mark.parametrize("main", [station, csms], ids=["charge_point", "csms"])
def test_either_program_plays_the_pair(
    main: object, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["run", "--pair", str(folder / "pass.yaml")]) == 0  # type: ignore[operator]
    assert "3 passed" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("files", "options", "status"),
    [
        (["pass"], [], 0),
        (["pass", "fail"], [], 1),
        (["given"], [], 4),
        (["given"], ["--allow-inconclusive"], 0),
        (["given", "fail"], ["--allow-inconclusive"], 1),
        (["pass"], ["--sockets"], 0),
    ],
)
def test_the_exit_status_tells_the_worst_verdict(
    folder: Path, files: list[str], options: list[str], status: int
) -> None:
    words = [str(folder / f"{name}.yaml") for name in files]
    assert station(["run", *words, "--pair", "--ocpp-version", "2.0.1", *options]) == status


def test_a_failure_is_told_with_its_place(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    station(["run", str(folder), "--ocpp-version", "1.6"])
    out = re.sub(r"\s+", "", capsys.readouterr().out)  # a long path is broken at the width of the terminal
    assert "fail.yaml:4" in out
    assert "booted.status" in out


def test_wrong_files_are_all_named_and_nothing_is_started(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "a.yaml").write_text(PASS.replace("expect: booted", "expct: booted"))
    (folder / "b.yaml").write_text("scenario: [")
    assert station(["run", str(folder)]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert f"{folder}/a.yaml:3: no verb 'expct'; did you mean 'expect'?" in told.err
    assert f"{folder}/b.yaml:1: not YAML" in told.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "which scenarios?"),
        (["nowhere.yaml"], "nowhere.yaml: no such file"),
        (["nowhere"], "nowhere: no such file, folder or installed scenario"),
        (
            ["complete_session.yaml"],
            "no such file; installed is happy_path/complete_session, without .yaml",
        ),
        (["happy_path", "--csms", "http://x"], "is not a WebSocket address"),
        (["happy_path", "--csms", "ws://x", "--pair"], "--pair: plays the CSMS too"),
        (["happy_path", "--time-scale", "5"], "--time-scale: is for a foreign system"),
        (["happy_path", "--report", "junitt:x"], "'junitt' is not a report; did you mean 'junit'"),
        (["happy_path", "--state", "."], "--state: has no use here"),
        (["happy_path", "--interactive"], "--interactive: has no use here"),
        (["happy_path", "--sesions", "5"], "--sesions: no such option"),
    ],
)
def test_wrong_usage_ends_with_2(words: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    try:
        status = station(["run", *words])
    except SystemExit as ended:
        status = int(str(ended.code))
    assert status == 2
    assert said in capsys.readouterr().err


@pytest.mark.parametrize("main", [station, csms], ids=["charge_point", "csms"])
@pytest.mark.parametrize("flag", ["--ocpp-version", "--versions"])
def test_either_program_takes_the_versions_by_either_name(
    main: Callable[[list[str]], int], flag: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["run", "--pair", str(folder / "pass.yaml"), flag, "1.6,2.1", "--id", "X9"]) == 0
    assert "2 passed" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("main", "flag", "said"),
    [
        (station, "--port", "csms run"),
        (station, "--tls-cert", "--ca"),
        (csms, "--csms", "python -m charge_point run --csms URL"),
        (csms, "--password", "--passwords FILE"),
        (csms, "--id", "add --pair"),
    ],
)
def test_a_flag_of_the_other_program_is_refused_with_what_to_do(
    main: Callable[[list[str]], int], flag: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["run", "happy_path", flag, "1"])
    assert ended.value.code == 2
    assert said in capsys.readouterr().err


def test_a_fault_of_our_own_ends_with_70(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(role: str) -> None:
        raise RuntimeError("no such stage")

    monkeypatch.setattr("shared.roles.stage", broken)
    assert station(["run", str(folder / "pass.yaml")]) == 70


def test_the_installed_scenarios_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert station(["run", "--list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert {line.split()[0] for line in lines} == set(shipped())


def test_reports_and_the_journal_are_written(folder: Path) -> None:
    words = ["--report", f"junit:{folder}/out.xml", "--report", f"jsonl:{folder}/out.jsonl"]
    assert station(["run", str(folder / "pass.yaml"), *words, "--journal", f"{folder}/frames.jsonl"]) == 0
    assert len(ElementTree.parse(folder / "out.xml").findall(".//testcase")) == 3
    assert len((folder / "out.jsonl").read_text().splitlines()) > 3
    frames = [json.loads(line) for line in (folder / "frames.jsonl").read_text().splitlines()]
    assert sum(frame.get("action") == "BootNotification" for frame in frames) == 6


def test_the_same_seed_writes_the_same_journal_to_the_byte(folder: Path) -> None:
    for name, seed in (("one", "5"), ("two", "5"), ("three", "6")):
        words = ["--seed", seed, "--journal", f"{folder}/{name}.jsonl"]
        assert station(["run", "happy_path", *words]) == 0
    one, two, three = ((folder / f"{name}.jsonl").read_bytes() for name in ("one", "two", "three"))
    assert one == two
    assert one != three


def test_faults_are_injected_from_the_command_line_at_the_programs_own_end(folder: Path) -> None:
    words = [
        "--pair",
        str(folder / "pass.yaml"),
        "--fail-on-findings",
        "--inject",
        "respell_id:times=1",
    ]
    assert station(["run", *words]) == 1
    assert csms(["run", *words[:-2]]) == 0


def test_a_parameter_and_tokens_are_given_on_the_command_line(folder: Path) -> None:
    path = folder / "given.yaml"
    path.write_text(
        "scenario: p\nrole: charge_point\nparameters: {wanted: A}\n"
        "steps: [check: {$wanted: B}, check: {$tokens.valid: C}]\n"
    )
    assert station(["run", str(path)]) == 1
    assert station(["run", str(path), "--param", "wanted=B", "--tokens", "valid=C"]) == 0


def test_nobody_listening_ends_with_3_and_says_so_once(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--csms", "ws://127.0.0.1:9", "--wait-for", "0.2", "--ocpp-version", "1.6"]
    assert station(["run", "happy_path/complete_session", "happy_path/statuses", *words]) == 3
    assert "nothing listens there" in re.sub(r"\s+", " ", capsys.readouterr().out)


def test_a_station_cannot_turn_handshakes_down(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        station(["run", "happy_path/reset", "--inject", "refuse:lasts=3"])
    assert ended.value.code == 2
    assert "--inject: refuse: only a CSMS is connected to" in capsys.readouterr().err


# --- against another process ----------------------------------------------------------------------------------


@pytest.fixture
def server() -> Iterator[str]:
    process = subprocess.Popen(
        [sys.executable, "-m", "csms", "--port", "0", "--no-interactive", "--log-level", "error"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    yield process.stdout.readline().split()[-1]
    process.send_signal(signal.SIGTERM)
    assert process.wait(20) == 0
    process.stdout.close()


def test_files_run_against_a_central_system_in_another_process(
    server: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    guide = tmp_path / "guide.yaml"
    guide.write_text(
        "scenario:\n  - boot_notification: {expect_status: Accepted}\n  - start_transaction\n  - stop_transaction\n"
    )
    words = ["happy_path/statuses", "error_handling/bad_input", "happy_path/remote_start_stop", str(guide)]
    assert station(["run", *words, "--csms", server, "--time-scale", "20", "--id", "Mine"]) == 0
    assert "3 not applicable, 9 passed" in capsys.readouterr().out


def test_ids_are_never_used_again_towards_a_foreign_system(server: str, tmp_path: Path) -> None:
    guide, frames = tmp_path / "guide.yaml", tmp_path / "frames.jsonl"
    guide.write_text("scenario:\n  - boot_notification\n  - start_transaction\n  - stop_transaction\n")
    native = tmp_path / "native.yaml"
    native.write_text(
        "scenario: a\nrole: charge_point\nsteps:\n  - expect: {booted: {status: Accepted}}\n"
        "  - plug_in\n  - present: $tokens.valid\n  - expect: tx.started\n"
    )
    words = ["run", str(guide), str(native), "--csms", server, "--journal", str(frames)]
    for _ in range(2):
        assert station([*words, "--ocpp-version", "2.0.1,2.1"]) == 0
    lines = [json.loads(line) for line in frames.read_text().splitlines()]
    calls = [json.loads(one["frame"]) for one in lines if one.get("kind") == "call" and one["dir"] == "out"]
    ids = [call[1] for call in calls]
    assert len(set(ids)) == len(ids)
    begun = [call[3] for call in calls if call[2] == "TransactionEvent" and call[3]["eventType"] == "Started"]
    assert len({event["transactionInfo"]["transactionId"] for event in begun}) == len(begun) == 8


def test_a_need_that_a_foreign_system_may_not_meet_is_inconclusive(
    server: str, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["run", "error_handling/token_refused", "--csms", server, "--ocpp-version", "1.6"]
    assert station([*words, "--time-scale", "100"]) == 4
    assert "--tokens NAME=expired_token" in re.sub(r"\s+", " ", capsys.readouterr().out)
    assert station([*words, "--time-scale", "100", "--assume-needs"]) == 1


def test_a_central_system_that_is_not_set_up_leaves_the_other_scenarios_to_be_played(
    server: str, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["run", "happy_path/boot_accepted", "happy_path/statuses", "--csms", server]
    assert station([*words, "--time-scale", "100", "--ocpp-version", "1.6"]) == 4
    out = re.sub(r"\s+", " ", capsys.readouterr().out)
    assert "a need is not met: the central system must be set up with heartbeat_interval 30" in out
    assert "1 inconclusive, 1 passed" in out


@pytest.mark.parametrize(
    ("number", "status", "in_background"),
    [(signal.SIGINT, 130, False), (signal.SIGTERM, 143, False), (signal.SIGTERM, 143, True)],
)
def test_an_interrupted_run_is_never_green(
    number: int, status: int, in_background: bool, tmp_path: Path, server: str
) -> None:
    """In the background of a script (`... &`) interrupts are ignored; being terminated must not be."""
    path = tmp_path / "long.yaml"
    path.write_text("scenario: long\nrole: charge_point\nsteps: [expect: booted, wait: 1h]\n")
    frames = tmp_path / "frames.jsonl"
    words = ["run", str(path), "--csms", server, "--journal", str(frames)]
    before = signal.signal(signal.SIGINT, signal.SIG_IGN if in_background else signal.default_int_handler)
    process = subprocess.Popen(
        [sys.executable, "-m", "charge_point", *words],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    try:
        signal.signal(signal.SIGINT, before)
        while not (frames.exists() and "Accepted" in frames.read_text()):
            assert process.poll() is None
        os.kill(process.pid, number)
        out, _ = process.communicate(timeout=20)
    finally:
        process.kill()
    assert process.returncode == status, out.decode()


# --- about scenarios ------------------------------------------------------------------------------------------


def test_installed_scenarios_are_copied_into_a_folder(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert station(["scenario", "copy", "happy_path/complete_session", str(tmp_path)]) == 0
    copy = tmp_path / "happy_path" / "complete_session.yaml"
    assert copy.read_bytes() == (FILES / "happy_path" / "complete_session.yaml").read_bytes()
    assert station(["run", str(copy)]) == 0
    assert station(["scenario", "copy", "happy_path/complete_session", str(tmp_path)]) == 1
    assert "is there already" in capsys.readouterr().err


def test_lint_names_every_mistake(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert csms(["scenario", "lint", str(folder)]) == 0
    (folder / "wrong.yaml").write_text(PASS.replace("booted", "botted"))
    assert csms(["scenario", "lint", str(folder)]) == 2
    out = capsys.readouterr().out
    assert "wrong.yaml:3: no fact or action 'botted'; did you mean 'booted'" in out
    assert "4 files, 1 with a mistake" in out


@pytest.mark.parametrize("name", shipped())
def test_every_scenario_can_be_explained(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert station(["scenario", "explain", name]) == 0
    out = capsys.readouterr().out
    assert "Steps:" in out
    assert "1." in out


@pytest.mark.parametrize("words", [["scenario", "lnt"], ["scenario", "lint"], ["scenario"]])
def test_unknown_words_end_with_2(words: list[str]) -> None:
    assert station(words) == 2


def test_every_installed_scenario_fits_the_schema_for_editors() -> None:
    validator = jsonschema_rs.Draft202012Validator(schema())
    for name in shipped():
        for document in yaml.safe_load_all((FILES / f"{name}.yaml").read_text(encoding="utf-8")):
            assert not [str(error) for error in validator.iter_errors(document)], name
    assert not validator.is_valid({"scenario": "a", "steps": ["plug"]})
    assert not validator.is_valid({"scenario": "a", "steps": [{"expect": "botted"}]})
    assert not validator.is_valid({"scenario": "a", "stepz": []})
    assert not validator.is_valid({"scenario": "a", "steps": [{"expectt": "booted"}]})
    assert not validator.is_valid(
        {"scenario": "a", "steps": [{"expectt": {"booted": {"status": "Accepted"}}}]}
    )
    assert validator.is_valid({"scenario": "a", "steps": [{"A": "unplug"}, {"A": {"expect": "booted"}}]})


def test_every_verb_says_what_it_does() -> None:
    for name, verb in registry.load().items():
        assert len(verb.help) > 10, name
