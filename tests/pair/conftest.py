"""The fixture `pair`: a CSMS and a station, in memory and virtual time and once more over real sockets."""

from __future__ import annotations

from typing import Any

import pytest

from shared.versions import V16, V201, Version
from tests.pair.pair import Over, Pair

once_over_sockets = pytest.mark.once_over_sockets
"""For what takes a second of real time: over sockets on 2.0.1 only, as the plan has it; in memory on every version."""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    extra = [item for item in items if item.get_closest_marker("once_over_sockets") and _is_extra(item)]
    if extra:
        config.hook.pytest_deselected(items=extra)
        items[:] = [item for item in items if item not in extra]


def _is_extra(item: pytest.Item) -> bool:
    assert isinstance(item, pytest.Function)
    return item.callspec.params["over"] == "sockets" and item.callspec.params["version"] is not V201


class Make:
    """Makes the pair of a test; `after`, `whole` and `delay` turn the plan's seconds into the test's."""

    def __init__(self, over: Over, version: Version) -> None:
        self.over = over
        self.version = version
        self.after = over.after
        self.whole = over.whole
        self.delay = over.delay

    def metered_every(self, seconds: int) -> str:
        """The station's option for a meter value so often."""
        return f"--set SampledDataCtrlr.TxUpdatedInterval={self.whole(seconds)}"

    @property
    def is_16(self) -> bool:
        """Whether this is OCPP 1.6."""
        return self.version is V16

    def __call__(self, csms: str = "", station: str = "", **more: Any) -> Pair:
        """The pair for `async with`: the options of both programs as they are typed."""
        return Pair(self.over, self.version, csms, station, **more)


@pytest.fixture(params=["memory", pytest.param("sockets", marks=pytest.mark.sockets)])
def over(request: pytest.FixtureRequest) -> Over:
    """What the pair talks over."""
    return Over(sockets=request.param == "sockets")


@pytest.fixture
def pair(over: Over, version: Version) -> Make:
    """Makes the pair, on each version unless the test says otherwise."""
    return Make(over, version)
