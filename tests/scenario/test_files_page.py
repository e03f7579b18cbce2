"""What docs/files.md shows works, and what it lists is all there is."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import pytest

from charge_point.firmware_habits import FAILURES, FirmwareHabits
from csms.files_faults import FAULTS
from csms.files_options import FileOptions
from scripts.processes import ROOT, Program, command, environment, url_of
from shared.options import CommonOptions
from shared.scenario.runner import MEMORY
from shared.versions import VERSIONS
from tests.scenario.played import Played

PAGE = (ROOT / "docs" / "files.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE, flags=re.MULTILINE | re.DOTALL)


def first_column(heading: str) -> list[str]:
    section = PAGE.split(f"## {heading}\n")[1].split("\n## ")[0]
    rows = [line.split("|")[1] for line in section.splitlines() if line.startswith("| `")]
    return [name for row in rows for name in re.findall(r"`([^`]+)`", row)]


@pytest.mark.parametrize("text", blocks("yaml"))
def test_the_scenarios_of_the_page_pass(text: str) -> None:
    Played(text, versions=tuple(VERSIONS), over=MEMORY).passes()


def programs() -> Iterator[list[str]]:
    for block in blocks("sh"):
        for line in block.splitlines():
            python, dash_m, *words = shlex.split(line)
            assert (python, dash_m) == ("python", "-m")
            yield words


@pytest.mark.sockets
def test_the_commands_of_the_page_work_in_their_order(tmp_path: Path) -> None:
    serving, charging, playing = programs()
    (tmp_path / "firmware").mkdir()
    env = environment(PYTHONPATH=str(ROOT))
    with Program([*command(serving[0]), *_free(serving[1:])], env=env, cwd=tmp_path) as csms:
        url = url_of(csms)
        csms.line(r"^files at http://127.0.0.1:\d+$")
        csms.line(r"^files at ftp://127.0.0.1:\d+$")
        words = [url if word == "ws://localhost:9000" else word for word in charging[1:]]
        with Program([*command(charging[0]), *words], env=env, cwd=tmp_path) as station:
            station.line("LogStatusNotification Uploaded")
            assert station.stop() == 0
        assert csms.stop() == 0
    (log,) = (tmp_path / "firmware" / "uploads" / "CP1").iterdir()
    assert "BootNotification" in log.read_text(encoding="utf-8")
    with Program([*command(playing[0]), *playing[1:]], env=env, cwd=tmp_path) as played:
        assert played.end() == 0, played.said
        assert "9 passed" in played.said


def _free(words: list[str]) -> list[str]:
    return ["0" if word == "9000" else word for word in words]


def test_the_page_lists_every_fault_flag_and_habit() -> None:
    assert first_column("What goes wrong with files") == list(FAULTS)
    own = {field.name for field in fields(FileOptions)} - {field.name for field in fields(CommonOptions)}
    assert first_column("The file server") == [
        f"--{name.replace('_', '-')}"
        for name in (
            *("files", "files_port", "ftp_port", "files_password", "files_limit", "files_fault"),
            *("signing_cert", "signing_key"),
        )
    ]
    assert len(own) == len(first_column("The file server"))
    assert first_column("What the station does") == [field.name for field in fields(FirmwareHabits)]
    assert all(f"`{word}`" in PAGE for word in FAILURES)
