"""DER controls of 2.1: set, asked for, cleared by the CSMS (R04)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from charge_point.statuses import status
from shared.answers import answers
from shared.dispatch import Answer, on
from shared.versions import V21

if TYPE_CHECKING:
    from charge_point.der.control import Control
    from charge_point.station import Station

Payload = dict[str, Any]


def _modes(station: Station) -> set[str]:
    """The types of controls that an inverter of an EVSE has, or that an EVSE emulates for a car (R03.FR.03)."""
    names = [
        f"{kind}#{one.id}.ModesSupported" for one in station.evses for kind in ("ACDERCtrlr", "DCDERCtrlr")
    ]
    return {type_ for name in names if station.model.has(name) for type_ in station.model.members(name)}


def _supports(station: Station, type_: str) -> bool:
    return type_ in _modes(station)


def _not_supported(type_: str) -> Payload:
    return status(V21, "NotSupported", "UnsupportedParam", f"there is no control {type_}")


@on("SetDERControl", V21)
@answers(
    "status, supersededIds",
    "NotSupported for a type in no EVSE's ModesSupported; Rejected for one whose setting or times do not "
    "fit its type; else Accepted, with what it supersedes by its priority, perhaps itself, and the control is kept",
    clause="R04.FR.01-R04.FR.17",
    state=True,
)
def set_control(station: Station, request: Payload) -> Payload | Answer:
    """Take a control."""
    from charge_point.der.control import Unfit, read
    from charge_point.der.controls import DerControls

    if not _supports(station, request["controlType"]):
        return _not_supported(request["controlType"])
    try:
        control = read(request)
    except Unfit as unfit:
        return status(V21, "Rejected", "InvalidValue", str(unfit))
    part = station.part(DerControls)
    if part.now >= control.end:
        return status(V21, "Rejected", "InvalidValue", "its time is over")
    superseded = part.set(control)
    answer = status(V21, "Accepted")
    if superseded:
        answer["supersededIds"] = superseded
    return Answer(answer, part.follow)


@on("GetDERControl", V21)
@answers(
    "status",
    "NotSupported for a type in no EVSE's ModesSupported; NotFound when no control fits; else Accepted, "
    "and ReportDERControl follow",
    clause="R04.FR.30-R04.FR.37",
    state=True,
)
def get_controls(station: Station, request: Payload) -> Payload | Answer:
    """Report the controls that fit."""
    from charge_point.der.controls import DerControls

    if "controlType" in request and not _supports(station, request["controlType"]):
        return _not_supported(request["controlType"])
    part = station.part(DerControls)
    found = [one for one in part.held.values() if _fits(one, request)]
    if not found:
        return status(V21, "NotFound", "NotFound", "there is no such control")

    def report() -> None:
        for page in part.pages(found, request["requestId"]):
            station.say("ReportDERControl", page, asked=True)

    return Answer(status(V21, "Accepted"), report)


@on("ClearDERControl", V21)
@answers(
    "status",
    "NotSupported for a type in no EVSE's ModesSupported; NotFound when no control has the id, or of the "
    "type; else Accepted, and those that fit are gone",
    clause="R04.FR.41-R04.FR.46",
    state=True,
)
def clear_controls(station: Station, request: Payload) -> Payload | Answer:
    """Remove the controls that fit."""
    from charge_point.der.controls import DerControls

    if "controlType" in request and not _supports(station, request["controlType"]):
        return _not_supported(request["controlType"])
    if not _modes(station):
        return status(V21, "NotSupported" if "controlId" not in request else "NotFound")
    part = station.part(DerControls)
    named = "controlType" in request or "controlId" in request
    if not part.clear(lambda one: _fits(one, request)) and named:
        return status(V21, "NotFound", "NotFound", "there is no such control")
    return Answer(status(V21, "Accepted"), part.follow)


def _fits(one: Control, wanted: Payload) -> bool:
    return (
        wanted.get("isDefault", one.default) is one.default
        and wanted.get("controlType", one.type) == one.type
        and wanted.get("controlId", one.id) == one.id
    )
