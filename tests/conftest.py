"""Every `async def` test runs in virtual time; one marked `sockets` runs on the real loop, for two minutes at most."""

from __future__ import annotations

import inspect
from typing import Any

import pytest
from hypothesis import settings

from shared.versions import V2X, VERSIONS, Version
from tests.support import in_real_time, in_virtual_time

# the same examples in every run, however slow the machine; `--hypothesis-profile=explore` tries new ones
settings.register_profile("suite", deadline=None, derandomize=True)
settings.register_profile("explore", deadline=None)
settings.load_profile("suite")


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    function = pyfuncitem.obj
    run = in_real_time if pyfuncitem.get_closest_marker("sockets") else in_virtual_time
    property_of = getattr(function, "hypothesis", None)
    if property_of is not None and inspect.iscoroutinefunction(inner := property_of.inner_test):
        # each example of a property gets a loop of its own
        property_of.inner_test = lambda *values, **named: run(inner(*values, **named))
        return None
    if not inspect.iscoroutinefunction(function):
        return None
    arguments: dict[str, Any] = {name: pyfuncitem.funcargs[name] for name in pyfuncitem._fixtureinfo.argnames}
    run(function(**arguments))
    return True


@pytest.fixture(params=VERSIONS, ids=str)
def version(request: pytest.FixtureRequest) -> Version:
    """Each of the three versions."""
    return request.param


@pytest.fixture(params=V2X, ids=str)
def version_2x(request: pytest.FixtureRequest) -> Version:
    """2.0.1 and 2.1."""
    return request.param
