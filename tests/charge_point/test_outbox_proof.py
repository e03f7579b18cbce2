"""Whatever happens at whatever point: each message is in the ledger once and in order, or the journal says why not."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.versions import Version
from tests.charge_point.cutting import Ordeal
from tests.support import each_version

CUTS = 40
"""In one ordeal."""

ORDEALS = int(os.environ.get("OUTBOX_ORDEALS", "25"))
"""For each version: of three, 3000 cuts. `OUTBOX_ORDEALS=1000` tries 120,000."""

KINDS: Counter[str] = Counter()


@each_version
@settings(max_examples=ORDEALS, deadline=None, derandomize="OUTBOX_ORDEALS" not in os.environ)
@given(seed=st.integers(0, 2**32))
async def test_no_blow_loses_doubles_or_reorders_a_message(version: Version, seed: int) -> None:
    with TemporaryDirectory() as folder:
        ordeal = Ordeal(version, Path(folder), seed, CUTS)
        await ordeal.run()
        ordeal.check()
        KINDS.update(ordeal.kinds)
        KINDS["given up"] += len(ordeal.given_up)
        KINDS["copies"] += ordeal.receiver.copies
        KINDS["tried again by another process"] += ordeal.resumed
        KINDS["messages"] += len(ordeal.made)


def test_the_ordeals_were_some() -> None:
    if not KINDS:
        pytest.skip("another process has run them")
    assert KINDS["given up"] > 10
    assert KINDS["copies"] > 100
    assert KINDS["tried again by another process"] > 10
    for when in ("before", "before the answer", "after the answer"):
        assert all(KINDS[f"{how} {when}"] > 10 for how in ("cut", "kill", "power"))
    assert KINDS["kill between changes"] > 10
    assert KINDS["at any time"] > 10
