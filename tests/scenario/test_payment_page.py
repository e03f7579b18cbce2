"""docs/payment.md: its persona is one, what it says can be typed does what it says, and its scenario passes."""

from __future__ import annotations

import re
from pathlib import Path

from charge_point.persona import load, setup
from charge_point.terminal import Terminal
from scripts.processes import ROOT
from shared.report.events import Verdict
from shared.versions import V21
from tests.charge_point.wired import Wired
from tests.scenario.played import Played

PAGE = (ROOT / "docs" / "payment.md").read_text(encoding="utf-8")


def block(language: str) -> str:
    found = re.search(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)
    assert found, language
    return found[1]


def test_the_scenario_of_the_page_passes() -> None:
    over = Played(block("yaml"), file="payment.md", over="memory", seed=0)
    assert over.verdicts == {Verdict.PASSED}, [(e.id, e.reason, e.failure) for e in over.finished]


async def test_what_is_typed_at_the_station_of_the_page_does_what_it_says(tmp_path: Path) -> None:
    file = tmp_path / "paid.toml"
    file.write_text(block("toml"), encoding="utf-8")
    kind = setup(load(str(file)).settings)
    wired = await Wired(V21, features=kind.features, variables=kind.variables).start()
    wired.script["TransactionEvent"] = lambda request: (
        {"totalCost": 7.5} if request["eventType"] == "Ended" else {}
    )
    prompt = Terminal(wired.station, None, lambda: None).prompt
    said = []
    for line in block("station").splitlines():
        said.append(await prompt.obey(line) or "")
        assert "usage" not in said[-1], line
        await wired.settle(2)
    assert said[0].startswith("the card was started: 20 are reserved")
    assert "20.00 EUR reserved" in said[2]
    assert said[4].startswith("the card was stopped")
    assert said[5].startswith("https://pay.example/CP1/1/")
    assert [one["status"] for one in wired.of("NotifySettlement")] == ["Rejected"]
    await wired.end()
