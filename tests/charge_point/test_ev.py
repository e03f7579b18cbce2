"""A car takes the least of what bounds it, and its battery fills exactly, however often somebody looks."""

from __future__ import annotations

from math import inf
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from charge_point.ev import CURVE, Ev, Flow, Vehicle, vehicle

HUMP = ((0.0, 0.4), (10.0, 1.0), (60.0, 0.6), (100.0, 0.1))
LEVEL = ((0.0, 1.0), (100.0, 1.0))

kinds = st.builds(
    Vehicle,
    battery=st.floats(5_000, 120_000),
    soc=st.floats(0, 99),
    target=st.floats(60, 100),
    watts=st.floats(1_000, 250_000),
    amps=st.floats(6, 500),
    phases=st.integers(1, 3),
    efficiency=st.floats(0.7, 1.0),
    curve=st.sampled_from([CURVE, HUMP, LEVEL]),
)
offers: st.SearchStrategy[dict[str, Any]] = st.one_of(
    st.builds(dict, amps=st.floats(6, 80), phases=st.integers(1, 3)),
    st.builds(dict, amps=st.floats(10, 500), watts=st.floats(3_000, 350_000)),
)


@settings(max_examples=60, deadline=None)
@given(kind=kinds, offer=offers, looks=st.lists(st.floats(0.01, 3_000), min_size=1, max_size=12))
def test_looking_in_between_changes_nothing(kind: Vehicle, offer: dict[str, Any], looks: list[float]) -> None:
    once, often = Flow(Ev(kind), **offer), Flow(Ev(kind), **offer)
    total = sum(often.take(seconds) for seconds in looks)
    assert once.take(sum(looks)) == pytest.approx(total, rel=1e-6, abs=1e-6)
    assert once.ev.stored == pytest.approx(often.ev.stored, rel=1e-9)
    assert once.watts == pytest.approx(often.watts, rel=1e-6)


@settings(max_examples=40, deadline=None)
@given(kind=kinds, offer=offers)
def test_the_energy_is_that_of_a_naive_integration(kind: Vehicle, offer: dict[str, Any]) -> None:
    exact, naive = Flow(Ev(kind), **offer), Ev(kind)
    steps, seconds, wh = 400, 1_800.0, 0.0
    flow = Flow(naive, **offer)
    for _ in range(steps):
        if naive.is_full:
            break
        step = flow.watts * seconds / steps / 3600
        wh += step
        naive.stored += step * kind.efficiency
    most = max(flow.watts, exact.watts) * seconds / steps / 3600  # the last step may go beyond full
    assert exact.take(seconds) == pytest.approx(wh, rel=0.01, abs=most)


@given(kind=kinds, offer=offers, seconds=st.floats(0, 20_000))
@settings(max_examples=60, deadline=None)
def test_no_bound_is_ever_exceeded(kind: Vehicle, offer: dict[str, Any], seconds: float) -> None:
    flow = Flow(Ev(kind), **offer)
    flow.take(seconds)
    near = 1 + 1e-9
    assert flow.watts <= kind.watts * near
    assert flow.watts <= kind.peak * near
    assert flow.watts <= offer.get("watts", inf) * near
    conductors = min(offer.get("phases", 0), kind.phases) or 1
    assert flow.watts / (flow.volts * conductors) <= min(offer["amps"], kind.amps) * near
    assert flow.ev.stored <= max(flow.ev.enough, kind.battery * kind.soc / 100) + 1e-6


@given(kind=kinds, offer=offers, wh=st.floats(1, 5_000))
@settings(max_examples=60, deadline=None)
def test_the_time_for_some_energy_is_the_time_in_which_it_comes(
    kind: Vehicle, offer: dict[str, Any], wh: float
) -> None:
    flow = Flow(Ev(kind), **offer)
    seconds = flow.seconds_for(wh)
    if seconds < inf:
        assert flow.take(seconds) == pytest.approx(wh, rel=1e-6)
    else:
        flow.take(1e7)
        assert flow.ev.is_full


def test_a_car_without_a_battery_takes_what_is_offered_for_ever() -> None:
    flow = Flow(Ev(), amps=16, phases=3)
    assert flow.take(1e6) == pytest.approx(230 * 16 * 3 * 1e6 / 3600)
    assert flow.ev.soc is None
    assert flow.seconds_until(flow.ev.enough) == inf


def test_a_car_that_is_full_ready_or_too_choosy_takes_nothing() -> None:
    assert Ev().takes(6)
    assert not Ev(vehicle({"min_amps": "13"})).takes(10)
    assert not Ev(vehicle({"battery": 50_000, "soc": 80, "target": 80})).takes(32)
    assert not Ev(vehicle({"ready": "false"})).takes(32)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"batery": 1}, "a car has no 'batery'; did you mean 'battery'?"),
        ({"soc": 120}, "the car's soc is from 0 to 100, not 120"),
        ({"battery": "big"}, "'big' is not what the car's battery can be"),
        ({"phases": 4}, "the car's phases is from 1 to 3, not 4"),
        ({"curve": [[0, 1], [50, 0.5]]}, "the car's curve goes from 0 to 100 percent"),
        ({"ready": "maybe"}, "'maybe' is not what the car's ready can be"),
        ({"watts": 0}, "the car's watts is at least 0.01, not 0"),
    ],
)
def test_what_a_car_cannot_be_is_said(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=r"car") as refused:
        vehicle(settings)
    assert str(refused.value).startswith(said)
