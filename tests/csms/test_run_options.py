"""`python -m csms run`: the personas and files of a whole run, and what a scenario says itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from csms.__main__ import main
from csms.run_options import parser
from shared.option_fields import UsageError

OWN = 'about = "Ours."\n[options]\nheartbeat_interval = 17\nretry_interval = 3\n'
BOOTED = "scenario: s\nrole: charge_point\n{csms}steps:\n  - expect: {{booted: {{interval: {interval}}}}}\n"


@pytest.fixture
def persona(tmp_path: Path) -> str:
    path = tmp_path / "own.toml"
    path.write_text(OWN)
    return str(path)


@pytest.mark.parametrize(
    ("csms", "interval"),
    [
        ("", 17),
        ("csms: {heartbeat_interval: 5}\n", 5),
        ("csms: {persona: interval_one_second}\n", 1),
        ("csms: {persona: slow_answers}\n", 60),
    ],
    ids=["the run's", "an option before it", "a persona in its place", "which is alone"],
)
def test_a_scenario_comes_before_the_persona_of_the_run(
    csms: str, interval: int, persona: str, tmp_path: Path
) -> None:
    file = tmp_path / "s.yaml"
    file.write_text(BOOTED.format(csms=csms, interval=interval))
    assert main(["run", "--pair", "--ocpp-version", "1.6", "--persona", persona, str(file)]) == 0
    file.write_text(BOOTED.format(csms=csms, interval=interval + 1))
    assert main(["run", "--pair", "--ocpp-version", "1.6", "--persona", persona, str(file)]) == 1


def test_what_the_command_line_says_comes_before_the_persona(persona: str) -> None:
    made = parser().resolve(["x", "--persona", persona, "--host", "0.0.0.0", "--seed", "4"], {})[0].of_csms()
    assert (made.heartbeat_interval, made.retry_interval, made.host, made.seed) == (17, 3, "0.0.0.0", 4)
    assert made.persona is not None


def test_the_personas_are_listed_and_a_wrong_one_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "--persona", "list"]) == 0
    assert capsys.readouterr().out.startswith("answers_out_of_order")
    with pytest.raises(SystemExit) as ended:
        main(["run", "--pair", "x", "--persona", "slow_answer"])
    assert ended.value.code == 2
    assert "did you mean 'slow_answers'?" in capsys.readouterr().err


def test_files_of_a_directory_are_fetched_by_the_stations_of_a_pair(tmp_path: Path) -> None:
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "fw-7.7.7.bin").write_bytes(b"firmware 7.7.7\n" * 20)
    file = tmp_path / "s.yaml"
    file.write_text(
        "scenario: s\nrole: csms\nversions: 2.0.1\nsteps:\n  - use: accepted\n"
        "  - {command: {update_firmware: {file: fw-7.7.7.bin}}, answered: {status: Accepted}}\n"
        "  - {expect: {firmware: {status: Downloaded}}, within: 60s}\n"
    )
    words = ["run", "--pair", str(file), "--files", str(tmp_path / "files")]
    assert main(words) == 0
    assert main([*words, "--files-fault", "missing:path=fw-*"]) == 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--files", "nowhere"], "--files: nowhere: no such directory (make it first: mkdir nowhere)"),
        (["--ftp-port", "0"], "--ftp-port: needs --files"),
        (["--pair", "--files", ".", "--files-port", "1"], "a pair takes its files from memory"),
        (["--signing-key", __file__], "--signing-key: needs --signing-cert"),
    ],
)
def test_files_that_cannot_be_are_told(words: list[str], said: str) -> None:
    with pytest.raises(UsageError) as wrong:
        parser().resolve(["x", *words], {})
    assert said in str(wrong.value)


def test_a_forwarder_serves_no_files() -> None:
    from csms.options import resolve

    with pytest.raises(UsageError, match="--files: not together with --forward"):
        resolve(["--forward", "ws://127.0.0.1:1", "--files", "."], {})
