"""Each test that is said to show an action lets it cross the wire; `SHOWN` in the environment: where all are noted."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.charge_point import shown


@pytest.fixture(autouse=True)
def _shows(request: pytest.FixtureRequest) -> Iterator[None]:
    shown.seen.clear()
    yield
    notes = os.environ.get("SHOWN")
    if notes:
        line = json.dumps([request.node.nodeid, sorted(shown.seen)])
        with Path(notes, os.environ.get("PYTEST_XDIST_WORKER", "main")).open("a", encoding="utf-8") as file:
            file.write(line + "\n")
        return
    missing = shown.missing(request.node.nodeid)
    assert not missing, f"shown.csv says that this test shows {missing}: run scripts/docs_shown.py"
