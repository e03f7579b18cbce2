"""What docs/cars-and-meters.md shows works, and what it lists is there."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import pytest

from charge_point.ev import Vehicle
from charge_point.making import setup_of
from charge_point.meter_faults import KINDS
from charge_point.options import resolve
from charge_point.setup import StationSetup
from shared.scenario.runner import MEMORY
from shared.versions import VERSIONS
from tests.scenario.played import Played

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "cars-and-meters.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    """The fenced blocks of the page in one language; of none, the commands."""
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE, flags=re.MULTILINE | re.DOTALL)


def table_after(heading: str) -> set[str]:
    """The names in the first column of the tables of one section."""
    section = PAGE.split(f"## {heading}\n")[1].split("\n## ")[0]
    cells = [line.split("|")[1] for line in section.splitlines() if line.startswith("| `")]
    return {name for cell in cells for name in re.findall(r"`([^`]+)`", cell)}


@pytest.mark.parametrize("text", blocks("yaml"))
def test_the_scenarios_of_the_page_pass(text: str) -> None:
    Played(text, versions=tuple(VERSIONS), over=MEMORY).passes()


def test_the_command_of_the_page_is_one() -> None:
    commands = [
        block.strip().removeprefix("python -m charge_point ") for block in blocks("") if "python" in block
    ]
    assert commands
    for command in commands:
        assert setup_of(resolve(command.split(), {}), "0").is_dc


def test_the_page_lists_what_there_is() -> None:
    assert table_after("The car") <= {field.name for field in fields(Vehicle)}
    assert table_after("Meters that lie") == set(KINDS)
    keys = {name for name in table_after("The hardware") if not name.startswith("--")}
    assert keys <= {field.name for field in fields(StationSetup)}
