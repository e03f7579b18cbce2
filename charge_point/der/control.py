"""One DER control as the CSMS sets it (R04)."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import Any

from shared.clock import parse

Payload = dict[str, Any]

FIELDS = {
    "EnterService": "enterService",
    "FixedPFAbsorb": "fixedPFAbsorb",
    "FixedPFInject": "fixedPFInject",
    "FixedVar": "fixedVar",
    "FreqDroop": "freqDroop",
    "Gradients": "gradient",
    "LimitMaxDischarge": "limitMaxDischarge",
}
"""Type of control -> the member that holds its setting; of all others it is `curve`."""

TYPES = (
    *FIELDS,
    *"FreqWatt HFMustTrip HFMayTrip HVMustTrip HVMomCess HVMayTrip LFMustTrip LVMustTrip LVMomCess LVMayTrip".split(),
    *"PowerMonitoringMustTrip VoltVar VoltWatt WattPF WattVar".split(),
)
"""All of DERControlEnumType."""

_REPORTED = {"FixedPFAbsorb": "fixedPF", "FixedPFInject": "fixedPF"}
_WITHOUT_FLAGS = ("EnterService", "Gradients")
"""Types that are reported without isDefault and isSuperseded, and are never scheduled."""


class Unfit(Exception):
    """A control that cannot be set, in words."""


@dataclass(slots=True)
class Control:
    """A control; `start` and `end` are Unix seconds, without limits for a default. `told`: its start was notified."""

    id: str
    type: str
    default: bool
    priority: int
    start: float
    end: float
    setting: Payload
    superseded: bool = False
    told: bool = False

    def active(self, now: float) -> bool:
        """Whether it is its time, superseded or not."""
        return self.start <= now < self.end

    def report(self) -> tuple[str, Payload]:
        """The member of ReportDERControl that it belongs in, and what is put there."""
        name = FIELDS.get(self.type, "curve")
        found: Payload = {"id": self.id, _REPORTED.get(self.type, name): self.setting}
        if self.type not in _WITHOUT_FLAGS:
            found |= {"isDefault": self.default, "isSuperseded": self.superseded}
        if name == "curve":
            found["curveType"] = self.type
        return name, found


def read(request: Payload) -> Control:
    """The control of a SetDERControl. Raises Unfit when it does not have what its type needs."""
    type_, default = request["controlType"], request["isDefault"]
    name = FIELDS.get(type_, "curve")
    given = {member for member in (*FIELDS.values(), "curve") if member in request}
    if given != {name}:
        raise Unfit(f"{type_} is set by {name}, and by nothing else")
    setting = request[name]
    timed = "startTime" in setting or "duration" in setting
    if default and timed:
        raise Unfit("a default control has no startTime and no duration")
    if not default and not ("startTime" in setting and "duration" in setting):
        raise Unfit("a scheduled control has a startTime and a duration")
    mean = setting.get("voltageParams", {})
    if ("hv10MinMeanValue" in mean) is not ("hv10MinMeanTripDelay" in mean):  # VoltageParamsType
        raise Unfit("hv10MinMeanValue and hv10MinMeanTripDelay go together")
    try:
        start = -inf if default else parse(setting["startTime"])
    except ValueError as wrong:
        raise Unfit(str(wrong)) from None
    end = inf if default else start + setting["duration"]
    return Control(request["controlId"], type_, default, setting["priority"], start, end, setting)
