"""Controls of distributed energy resources (2.1)."""

from __future__ import annotations

from copy import deepcopy

from csms.commands.defaults import chosen, moment, present
from csms.commands.registry import Payload, Sent, Session, command

_SETTINGS: dict[str, tuple[str, Payload]] = {
    "EnterService": (
        "enterService",
        {"priority": 1, "highVoltage": 110, "lowVoltage": 85, "highFreq": 50.2, "lowFreq": 49.5, "delay": 60},
    ),
    "FreqDroop": (
        "freqDroop",
        {
            "priority": 1,
            "overFreq": 50.2,
            "underFreq": 49.8,
            "overDroop": 0.05,
            "underDroop": 0.05,
            "responseTime": 2,
        },
    ),
    "FixedPFAbsorb": ("fixedPFAbsorb", {"priority": 1, "displacement": 0.95, "excitation": False}),
    "FixedPFInject": ("fixedPFInject", {"priority": 1, "displacement": 0.95, "excitation": True}),
    "FixedVar": ("fixedVar", {"priority": 1, "setpoint": 10, "unit": "PctMaxVar"}),
    "Gradients": ("gradient", {"priority": 1, "gradient": 10, "softGradient": 10}),
    "LimitMaxDischarge": ("limitMaxDischarge", {"priority": 1, "pctMaxDischargePower": 80}),
}
"""Control type -> the member that holds its settings, and harmless ones. Every other type is a curve (R04)."""

_CURVES: dict[str, tuple[str, tuple[tuple[float, float], ...]]] = {
    "FreqWatt": ("PctMaxW", ((50.2, 100), (51.5, 0))),
    "VoltVar": ("PctMaxVar", ((92, 44), (98, 0), (102, 0), (108, -44))),
    "VoltWatt": ("PctMaxW", ((106, 100), (110, 0))),
    "WattPF": ("Not_Applicable", ((50, 1), (100, 0.95))),
    "WattVar": ("PctMaxVar", ((50, 0), (100, -44))),
    "PowerMonitoringMustTrip": ("PctMaxW", ((1, 105), (10, 100))),
}
"""Curves by their own axes; the trip curves have the measured quantity on x and seconds on y (R04 scenario 3)."""

_TRIPS = {"HF": ((51.5, 300), (52, 0.16)), "LF": ((47, 0.16), (47.5, 300))}
_TRIPS_BY_VOLTAGE = {"HV": ((110, 12), (120, 0.16)), "LV": ((45, 0.16), (88, 12))}


def _setting(kind: str) -> tuple[str, Payload]:
    """The member for control type `kind` and settings for it."""
    if kind in _SETTINGS:
        return deepcopy(_SETTINGS[kind])
    unit, points = _CURVES.get(kind, ("PctEffectiveV", _TRIPS_BY_VOLTAGE.get(kind[:2], ((100, 0), (100, 1)))))
    if kind[:2] in _TRIPS and kind not in _CURVES:
        unit, points = "Not_Applicable", _TRIPS[kind[:2]]
    return "curve", {"curveData": [{"x": x, "y": y} for x, y in points], "priority": 1, "yUnit": unit}


def _fitting_setting(to: Session, action: str, payload: Payload, named: list[str]) -> str:
    """Bring the settings in line with a controlType that was named by its path."""
    if "controlType" in named:
        member, setting = _setting(str(payload.get("controlType")))
        given = {path.partition(".")[0] for path in named}
        for other in {"curve", *(m for m, _ in _SETTINGS.values())} - given:
            payload.pop(other, None)
        payload.setdefault(member, setting)
    return action


@command("SetDERControl", settle=_fitting_setting)
def set_der_control(
    to: Session,
    *,
    kind: str | None = None,
    default: bool | None = None,
    control: str | None = None,
    start: str | None = None,
    duration: float | None = None,
    priority: int | None = None,
) -> Sent:
    """Set a control of a distributed energy resource (2.1).

    kind: a control type, default LimitMaxDischarge; its settings follow it (others by their path). default:
    true (default) or false: a scheduled control, which has start (seconds from now or a timestamp) and
    duration (seconds, default 3600). control: its id. priority: 0 is the highest, default 1.
    """
    wanted = chosen(kind, "LimitMaxDischarge")
    scheduled = start is not None or duration is not None if default is None else not default
    member, setting = _setting(wanted)
    if priority is not None:
        setting["priority"] = priority
    if scheduled and member not in ("enterService", "gradient"):
        setting |= {"startTime": moment(to, start, 0), "duration": chosen(duration, 3600)}
    return {
        "isDefault": not scheduled,
        "controlId": chosen(control, "control-1"),
        "controlType": wanted,
        member: setting,
    }


@command("GetDERControl")
def get_der_control(
    to: Session,
    *,
    kind: str | None = None,
    default: bool | None = None,
    control: str | None = None,
    request: int | None = None,
) -> Sent:
    """Ask for controls of distributed energy resources (2.1).

    kind: a control type. default: only default (true) or scheduled (false) ones. control: the id of one.
    Default: all. request: its id, else made up.
    """
    return {"requestId": to.new_request_id() if request is None else request} | present(
        isDefault=default, controlType=kind, controlId=control
    )


@command("ClearDERControl", either=("controlId", "controlType"))
def clear_der_control(
    to: Session, *, control: str | None = None, kind: str | None = None, default: bool | None = None
) -> Sent:
    """Clear controls of distributed energy resources (2.1).

    control: the id of one (default control-1, as set_der_control sets it). kind: all of a control type.
    default: true (default) or false: default or scheduled controls.
    """
    id = "control-1" if control is None and kind is None else control
    return {"isDefault": chosen(default, True)} | present(controlId=id, controlType=kind)
