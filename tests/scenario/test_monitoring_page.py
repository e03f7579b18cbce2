"""docs/monitoring.md: its scenarios are there, and what it says can be typed is sent and accepted by our station."""

from __future__ import annotations

import re

from scripts.processes import ROOT
from shared.scenario.load import shipped
from shared.versions import Version
from tests.pair.pair import Over, Pair
from tests.support import each_2x

PAGE = (ROOT / "docs" / "monitoring.md").read_text(encoding="utf-8")


def block(language: str) -> str:
    found = re.search(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)
    assert found, language
    return found[1]


def test_the_scenarios_are_there() -> None:
    names = re.findall(r"run (\S+)", block("sh"))
    assert len(names) == 2
    assert set(names) <= set(shipped())


@each_2x
async def test_what_is_typed_is_accepted(version: Version) -> None:
    async with Pair(Over(sockets=False), version) as p:
        await p.accepted()
        for line in block("csms").splitlines():
            name, _, arguments = line.partition(" ")
            outcome = await p.command(name, arguments.replace(" ", ","))
            assert outcome.status in ("Accepted", "NotFound"), line  # the third monitor may have another id
