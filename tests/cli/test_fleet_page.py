"""The commands of docs/fleet.md, as a reader types them."""

from __future__ import annotations

import re
import shlex

import pytest

from charge_point.fleet_terminal import FleetTerminal
from charge_point.options import ChargePointOptions
from scripts.processes import ROOT, url_of
from shared.option_fields import options_of
from tests.charge_point.test_fleet import fleet
from tests.cli.conftest import Start

PAGE = (ROOT / "docs" / "fleet.md").read_text(encoding="utf-8")


@pytest.mark.sockets
def test_every_command_of_the_page_works(start: Start) -> None:
    (block,) = re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)
    (_, _, csms, *words), *stations = [shlex.split(line) for line in block.splitlines()]
    central = start(csms, *("0" if word == "9000" else word for word in words))
    url = url_of(central)
    assert len(stations) == 3
    running = [  # all at once, which their names allow
        start(module, *(url if word == "ws://localhost:9000" else word for word in words))
        for _, _, module, *words in stations
    ]
    for program in running:
        assert program.end() == 0, program.said
    assert central.stop() == 0
    assert "WB-0003" in central.said


async def test_every_word_of_the_page_can_be_typed() -> None:
    _, terminal, quits = await fleet()
    assert isinstance(terminal, FleetTerminal)
    (typed,) = re.findall(r"```\n(CP-002.*?)```", PAGE, re.DOTALL)
    for line in typed.splitlines():
        said = await terminal.prompt.obey(line)
        assert "is neither a word" not in said
    assert quits


@pytest.mark.parametrize("word", sorted(set(re.findall(r"`(--[a-z-]+)", PAGE))))
def test_every_option_that_the_page_names_exists(word: str) -> None:
    assert word in {option.flag for option in options_of(ChargePointOptions)}
