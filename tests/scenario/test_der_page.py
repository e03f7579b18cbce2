"""The scenario of docs/der-controls.md passes, and its table names every control that there is."""

from __future__ import annotations

import re
from pathlib import Path

from shared.scenario.runner import MEMORY
from shared.versions import V21
from shared.wire.schema import document
from tests.scenario.played import Played

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "der-controls.md").read_text(encoding="utf-8")


def test_the_scenario_of_the_page_passes() -> None:
    (text,) = re.findall(r"^```yaml\n(.*?)^```", PAGE, flags=re.MULTILINE | re.DOTALL)
    Played(text, versions=(V21,), over=MEMORY).passes()


def test_the_table_names_every_control() -> None:
    types = document(V21, "SetDERControl")["definitions"]["DERControlEnumType"]["enum"]
    named = [
        name for line in PAGE.splitlines() if line.startswith("| ") for name in line.split("|")[1].split(", ")
    ]
    assert sorted(name.strip() for name in named if name.strip() != "controls") == sorted(types)
