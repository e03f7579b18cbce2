"""The ends that are tried: stand-ins, in memory and over sockets."""

from __future__ import annotations

import pytest

from shared.actions import CSMS, STATION
from tests.hostile.sides import Side, StandIn


@pytest.fixture(params=[CSMS, STATION])
def side(request: pytest.FixtureRequest) -> Side:
    """An end under test: over sockets in a test that is marked so, else in memory."""
    return StandIn(request.param, sockets=request.node.get_closest_marker("sockets") is not None)
