"""The README and both `--help` texts are followed: every command in them is run, every word typed."""

from __future__ import annotations

import os
import re
import shlex
import tomllib
from collections.abc import Callable
from pathlib import Path
from signal import SIGTERM

import pytest

from charge_point.options import EXAMPLES as STATION_EXAMPLES
from csms.options import EXAMPLES as CSMS_EXAMPLES
from csms.options import resolve
from scripts.processes import ROOT, Program
from scripts.selftest_bench import make_certificate
from tests.cli.conftest import Start

README = (ROOT / "README.md").read_text(encoding="utf-8")
CONFIGURATION = ROOT / "pyproject.toml"
Serve = Callable[..., tuple[Program, str]]


def _blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


def _commands() -> list[str]:
    """Every command line in the README's shell blocks and in the examples of the two helps, without comments."""
    examples = f"{CSMS_EXAMPLES}\n{STATION_EXAMPLES}".splitlines()
    helps = [line for line in examples if line.startswith("  python ")]
    lines = [*(line for block in _blocks("sh") for line in block.splitlines()), *helps]
    commands = [shlex.join(shlex.split(line, comments=True)) for line in lines]
    return list(dict.fromkeys(command for command in commands if command))


COMMANDS = _commands()
OF_CSMS = [c for c in COMMANDS if c.startswith("python -m csms")]
OF_STATION = [c for c in COMMANDS if c.startswith("python -m charge_point")]
OTHERS = [c for c in COMMANDS if c not in (*OF_CSMS, *OF_STATION)]


def test_there_is_nothing_among_the_commands_that_nobody_runs() -> None:
    assert len(OF_CSMS) >= 5
    assert len(OF_STATION) >= 4
    run_elsewhere = {
        "scripts/demo": "test_demo.py",
        "scripts/test": "this suite",
        "scripts/selftest": "test_selftest.py",
        "pip install .": "test_packaging.py",
        "ocpp-csms --help": "test_packaging.py",
        "ocpp-charge-point --help": "test_packaging.py",
    }
    assert set(OTHERS) <= set(run_elsewhere), OTHERS
    for script in ("scripts/demo", "scripts/test", "scripts/selftest"):
        assert os.access(ROOT / script, os.X_OK)


@pytest.mark.parametrize("command", OF_CSMS)
def test_a_csms_of_the_readme_listens_and_ends_with_0(start: Start, command: str) -> None:
    options = shlex.split(command)[3:]
    csms = start("csms", *options, "--port", "0")  # the last flag wins: the tests take no fixed port
    host = options[options.index("--host") + 1] if "--host" in options else "127.0.0.1"
    csms.line(rf"^listening on ws://{re.escape(host)}:\d+$")
    assert csms.stop() == 0, csms.said


@pytest.mark.parametrize("command", OF_STATION)
def test_a_station_of_the_readme_boots_and_charges_when_it_should(
    serve: Serve, start: Start, tmp_path: Path, command: str
) -> None:
    """Where a foreign CSMS is named ours takes its place, with its certificate and its password."""
    options = shlex.split(command)[3:]
    at = options.index("--csms") + 1
    secure: list[str] = []
    if options[at].startswith("wss:"):
        certificate, key = make_certificate(tmp_path)
        secure = ["--tls-cert", certificate, "--tls-key", key]
        for flag, name in (("--ca", certificate), ("--password-file", "key.txt")):
            if flag in options:
                options[options.index(flag) + 1] = name
        options += [] if "--ca" in options else ["--ca", certificate]
        (tmp_path / "key.txt").write_text("secret\n")
        if "--password-file" in options:
            (tmp_path / "passwords").write_text("CP1:secret\n")
            secure += ["--passwords", "passwords"]
    csms, url = serve(*secure)
    options[at] = re.sub(r"^wss?://[^/]+", url, options[at])
    station = start("charge_point", *options)
    csms.line("BootNotification.*Accepted")
    if "--sessions" in options:
        station.line("charging in transaction")
        assert station.stop() == 128 + SIGTERM  # as the table of statuses says
    else:
        assert station.stop() == 0
    assert csms.stop() == 0


def test_the_configuration_file_of_the_readme_serves_both_programs(
    serve: Serve, start: Start, tmp_path: Path
) -> None:
    (text,) = _blocks("toml")
    (tmp_path / "pair.toml").write_text(text)
    csms, url = serve("--config", "pair.toml", "--port", "0")
    one = start("charge_point", "--config", "pair.toml", "--csms", url, "--reconnect-min", "0.1")
    csms.line("CP1 .*BootNotification.*Rejected")  # its own table
    two = start("charge_point", "--config", "pair.toml", "--csms", url, env={"OCPP_CP_ID": "CP2"})
    csms.line("CP2 .*BootNotification.*Pending")
    assert [program.stop() for program in (one, two, csms)] == [0, 0, 0]


def test_the_words_of_the_readme_can_be_typed(serve: Serve, start: Start) -> None:
    at_csms, at_station = (
        re.findall(r"`([^`]+)`", paragraph.replace("\n", " "))
        for paragraph in re.findall(r"^While it runs, type (.*?)\.$", README, re.MULTILINE | re.DOTALL)
    )
    csms, url = serve(stdin="pipe")
    station = start("charge_point", "--csms", url, "--ocpp-version", "1.6", stdin="pipe")
    station.type("wait accepted", *at_station)
    station.line("^04A1B2C3 started at EVSE 1")
    station.line("^CP1 OCPP 1.6, connected, Accepted")
    csms.type("wait CP1", *at_csms)
    csms.line("^CP1 reset.*: Accepted")
    csms.line("^CP1 +1.6 ")
    station.type("quit")
    assert station.end() == 0
    csms.type("quit")
    assert csms.end() == 0
    for program in (csms, station):
        assert "is not a word" not in "\n".join(program.out)


def test_the_tasks_and_the_pages_that_it_names_are_there() -> None:
    tasks = tomllib.loads(CONFIGURATION.read_text(encoding="utf-8"))["tool"]["taskipy"]["tasks"]
    named = re.findall(r"`task (\w+)`", README)
    assert {"check", "demo", "selftest", "bench"} <= set(named)
    assert set(named) <= set(tasks)
    for link in re.findall(r"\]\(([^)#:]+)\)", README):
        assert (ROOT / link).is_file(), link


def test_every_flag_and_variable_that_it_names_exists(start: Start) -> None:
    helps = {module: start(module, "--help") for module in ("csms", "charge_point")}
    known = "".join("\n".join(program.out) for program in helps.values() if program.end() == 0)
    for flag in set(re.findall(r"`(--[a-z-]+)", README)):
        assert re.search(rf"{flag}\b", known), flag
    assert resolve([], {"OCPP_CSMS_PORT": "9001"}).port == 9001


def test_the_command_texts_of_the_docs_are_taken() -> None:
    page = (ROOT / "docs" / "commands.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `([^`]+)` \| [^|]+ \|$", page.partition("\n## ")[0], re.MULTILINE)
    texts = [row for row in rows if not row.startswith("CP1 ")]
    assert len(texts) >= 8
    for text in texts:
        options = resolve(["--command", text, "--delay", "1"], {})
        assert options.command is not None
