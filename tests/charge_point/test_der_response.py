"""What DER controls ask for at a frequency and a voltage of the grid, in numbers."""

from __future__ import annotations

from math import hypot, sqrt, tan
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charge_point.der.control import FIELDS, Control, read
from charge_point.der.response import Rating, Shares, Situation, monitored, reactive, shares, thresholds
from shared.versions import V21
from shared.wire.schema import document

Payload = dict[str, Any]

RATING = Rating(10_000, 10_000, 4_400)
TYPES: list[str] = document(V21, "SetDERControl")["definitions"]["DERControlEnumType"]["enum"]


def control(type_: str, setting: Payload | None = None, *points: tuple[float, float], **more: Any) -> Control:
    """A default control of this type; of a curve its points."""
    name = FIELDS.get(type_, "curve")
    setting = {"priority": 1, **(setting or {}), **more}
    if name == "curve":
        setting = {
            "yUnit": "PctMaxW",
            "curveData": [{"x": x, "y": y} for x, y in points or [(0, 0)]],
        } | setting
    return read({"isDefault": True, "controlId": type_, "controlType": type_, name: setting})


@pytest.mark.parametrize("type_", TYPES)
def test_every_type_can_be_set_and_says_nothing_of_a_healthy_grid_without_points(type_: str) -> None:
    assert control(type_).report()[1]["id"] == type_


@pytest.mark.parametrize(
    ("one", "now", "wanted"),
    [
        # the direction that makes it worse, and no other
        (control("FreqWatt", None, (49, 0), (49.8, 100), (50.2, 100), (51, 0)), Situation(49.4), (0.5, 1)),
        (control("FreqWatt", None, (49, 0), (49.8, 100), (50.2, 100), (51, 0)), Situation(50.6), (1, 0.5)),
        (control("FreqWatt", None, (49, 30), (51, 30)), Situation(50), (0.3, 0.3)),
        (control("VoltWatt", None, (106, 100), (110, 0)), Situation(percent=108), (1, 0.5)),
        (control("VoltWatt", None, (243.8, 100), (253, 0)), Situation(percent=108), (1, 0.5)),  # in volts
        (control("VoltWatt", None, (90, 0), (94, 100)), Situation(percent=91), (0.25, 1)),
        (control("FreqDroop", {"overFreq": 50.2, "underFreq": 49.8, "overDroop": 0.02, "underDroop": 0.02}),
         Situation(50.7), (1, 0.5)),
        (control("FreqDroop", {"overFreq": 50.2, "underFreq": 49.8, "overDroop": 0.02, "underDroop": 0.02}),
         Situation(49.3), (0.5, 1)),
        (control("FreqDroop", {"overFreq": 50.2, "underFreq": 49.8, "overDroop": 0, "underDroop": 0}),
         Situation(45), (1, 1)),
        (control("LimitMaxDischarge", {"pctMaxDischargePower": 40}), Situation(), (1, 0.4)),
        (control("VoltVar", None, (92, 44), (108, -44)), Situation(percent=92), (1, 1)),
    ],
)  # fmt: skip
def test_a_control_of_active_power_limits_one_direction(one: Control, now: Situation, wanted: Shares) -> None:
    assert shares(one, now) == pytest.approx(wanted)


@pytest.mark.parametrize(
    ("one", "now", "watts", "var"),
    [
        (control("FixedVar", {"setpoint": 50, "unit": "PctMaxVar"}), Situation(), 5_000, -2_200),
        (control("FixedVar", {"setpoint": -20, "unit": "PctMaxW"}), Situation(), 5_000, 2_000),
        (control("FixedVar", {"setpoint": -100, "unit": "PctWAvail"}), Situation(), 9_000, 1_000),
        (control("FixedVar", {"setpoint": -100, "unit": "PctVarAvail"}), Situation(), 9_500, sqrt(1e8 - 9_500**2)),
        (control("FixedVar", {"setpoint": -90, "unit": "PctMaxW"}), Situation(), 5_000, 4_400),  # it cannot do more
        (control("FixedPFAbsorb", {"displacement": 0.95, "excitation": True}), Situation(), 5_000,
         5_000 * sqrt(1 / 0.95**2 - 1)),
        (control("FixedPFAbsorb", {"displacement": 0.95, "excitation": False}), Situation(), 5_000,
         -5_000 * sqrt(1 / 0.95**2 - 1)),
        (control("FixedPFInject", {"displacement": 0.95, "excitation": True}), Situation(), -5_000,
         5_000 * sqrt(1 / 0.95**2 - 1)),
        (control("FixedPFAbsorb", {"displacement": 0.5, "excitation": True}), Situation(), 9_000, 4_400),
        (control("FixedPFInject", {"displacement": 0.95, "excitation": True}), Situation(), 5_000, None),
        (control("FixedPFAbsorb", {"displacement": 0.95, "excitation": True}), Situation(), -5_000, None),
        (control("VoltVar", {"yUnit": "PctMaxVar"}, (92, 50), (98, 0), (102, 0), (108, -50)),
         Situation(percent=95), 0, -1_100),
        (control("VoltVar", {"yUnit": "PctMaxVar"}, (92, 50), (98, 0), (102, 0), (108, -50)),
         Situation(percent=108), 0, 2_200),
        (control("VoltVar", {"yUnit": "PctMaxVar", "reactivePowerParams": {"vRef": 104}},
                 (92, 50), (98, 0), (102, 0), (108, -50)), Situation(percent=104), 0, 0),
        (control("WattVar", {"yUnit": "PctMaxVar"}, (50, 0), (100, -50)), Situation(), -7_500, 1_100),
        (control("WattVar", {"yUnit": "PctMaxVar"}, (-100, 40), (0, 0), (100, -40)), Situation(), 5_000, -880),
        (control("WattPF", {"yUnit": "Not_Applicable"}, (50, 1), (100, 0.9)), Situation(), -7_500,
         7_500 * sqrt(1 / 0.95**2 - 1)),
        (control("WattPF", {"yUnit": "Not_Applicable"}, (0, -0.9), (100, 0.9)), Situation(), -5_000, 0),  # through 1
        (control("FreqWatt", None, (49, 0), (50, 100)), Situation(49), 5_000, None),
    ],
)  # fmt: skip
def test_a_control_of_reactive_power_gives_so_many_var(
    one: Control, now: Situation, watts: float, var: float | None
) -> None:
    found = reactive([one], now, watts, RATING)
    if var is None:
        assert found is None
    else:
        assert found is not None
        assert found.slope * abs(watts) + found.base == pytest.approx(var, abs=1e-6)


def test_of_several_controls_of_reactive_power_that_of_the_best_priority_prevails() -> None:
    fixed = control("FixedVar", {"setpoint": 10, "unit": "PctMaxVar"}, priority=2)
    curve = control("VoltVar", {"yUnit": "PctMaxVar"}, (90, 44), (110, -44), priority=1)
    inject = control("FixedPFInject", {"displacement": 0.95, "excitation": True}, priority=0)
    for order in ([fixed, curve, inject], [inject, curve, fixed]):
        found = reactive(order, Situation(percent=100), 1_000, RATING)  # nothing is injected
        assert found == pytest.approx((0.0, 0.0))
    assert reactive(
        [fixed, control("VoltVar", None, (90, 44), (110, -44), priority=2)], Situation(), 0, RATING
    ) == (pytest.approx((0.0, -440.0)))


@given(
    type_=st.sampled_from(["FixedVar", "FixedPFAbsorb", "FixedPFInject", "VoltVar", "WattPF", "WattVar"]),
    watts=st.floats(-10_000, 10_000),
    percent=st.floats(50, 130),
    points=st.lists(st.tuples(st.floats(-100, 120), st.floats(-100, 100)), min_size=1, max_size=10),
    part=st.floats(0, 1),
    excitation=st.booleans(),
)
def test_no_control_asks_an_inverter_for_more_var_than_it_has(
    type_: str, watts: float, percent: float, points: list[tuple[float, float]], part: float, excitation: bool
) -> None:
    setting = {
        "displacement": part,
        "excitation": excitation,
        "setpoint": 200 * part - 100,
        "unit": "PctMaxW",
    }
    own = setting if type_.startswith("Fixed") else {"yUnit": "PctMaxVar"}
    found = reactive([control(type_, own, *points)], Situation(percent=percent), watts, RATING)
    if found is not None:
        assert abs(found.slope * abs(watts) + found.base) <= RATING.var * (1 + 1e-9)


def test_trip_curves_have_the_limit_on_x_and_seconds_on_y() -> None:
    high = control("HFMustTrip", {"yUnit": "Not_Applicable"}, (51.5, 300), (52, 0.16))
    assert [(t.limit, t.high, t.seconds) for t in thresholds(high)] == [(51.5, True, 300), (52, True, 0.16)]
    low = control("LVMayTrip", {"yUnit": "Not_Applicable"}, (184, 1.5))  # in volts
    (one,) = thresholds(low)
    assert (one.limit, one.high, one.beyond(79), one.beyond(81)) == (pytest.approx(80), False, True, False)
    assert thresholds(control("FreqWatt", None, (49, 0))) == []


def test_power_is_monitored_by_a_curve_of_its_own_or_that_of_the_limit() -> None:
    curve = control("PowerMonitoringMustTrip", None, (0, 105), (10, 90))
    assert monitored(curve) == (90, [(0, 105), (10, 90)])
    inner = {"priority": 1, "yUnit": "PctMaxW", "curveData": [{"x": 0, "y": 80}, {"x": 20, "y": 50}]}
    limit = control("LimitMaxDischarge", {"pctMaxDischargePower": 50, "powerMonitoringMustTrip": inner})
    assert monitored(limit) == (50, [(0, 80), (20, 50)])
    assert shares(limit, Situation()) == (1, 1)  # the curve lets it be exceeded
    assert monitored(control("LimitMaxDischarge", {"pctMaxDischargePower": 50})) is None


def test_a_fixed_factor_keeps_its_angle_whatever_the_power() -> None:
    one = control("FixedPFAbsorb", {"displacement": 0.9, "excitation": True})
    found = reactive([one], Situation(), 100, RATING)
    assert found is not None
    assert hypot(1, found.slope) == pytest.approx(1 / 0.9)
    assert found.slope == pytest.approx(tan(0.45102681))
