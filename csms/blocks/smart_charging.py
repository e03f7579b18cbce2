"""Smart charging: what stations tell about limits, needs and schedules."""

from __future__ import annotations

from typing import TYPE_CHECKING

from csms.blocks.answers import NOTHING, answers
from csms.reports import take_part
from csms.schedules import within
from shared.dispatch import Answer, Payload, on
from shared.versions import V2X, V21

if TYPE_CHECKING:
    from csms.session import Session


@on("NotifyChargingLimit", *V2X)
@answers(NOTHING, "the limit is kept", clause="K11.FR.02, K11.FR.05")
def charging_limit(session: Session, request: Payload) -> Payload:
    """Take a limit that came from elsewhere; what we set ourselves is not told to us."""
    if request["chargingLimit"]["chargingLimitSource"] == "CSO":
        session.note(
            "limit_of_our_own", "a charging limit is notified whose source is CSO", clause="K11.FR.05"
        )
    session.station.remember("NotifyChargingLimit", request)
    return {}


@on("ClearedChargingLimit", *V2X)
@answers(NOTHING, "the event is kept", clause="K13.FR.02")
def cleared_limit(session: Session, request: Payload) -> Payload:
    """Take the end of a limit that came from elsewhere."""
    session.station.remember("ClearedChargingLimit", request)
    return {}


@on("NotifyEVChargingNeeds", *V2X)
@answers(
    "status",
    "none will come: Rejected (2.1: NoChargingProfile, as Rejected would refuse the energy transfer); with "
    "`--charging-needs` Accepted or Processing, and a TxProfile within the car's limits and `--charging-power` "
    "follows; Rejected for a kind of energy transfer that `--allowed-energy-transfer` has not (2.1)",
    clause="K15.FR.03-K15.FR.07, K18.FR.22, K19.FR.07, Q01.FR.04; NotifyEVChargingNeedsStatusEnumType",
)
def charging_needs(session: Session, request: Payload) -> Payload | Answer:
    """Take what a vehicle needs, and give it a schedule. Accepted owes a SetChargingProfile (K15.FR.07)."""
    session.station.remember("NotifyEVChargingNeeds", request)
    from csms import needs  # few cars tell any

    status = needs.status_of(session, request)
    if status in ("Accepted", "Processing"):
        return Answer({"status": status}, lambda: needs.begin(session, request))
    return {"status": status}


@on("NotifyEVChargingSchedule", *V2X)
@answers(
    "status",
    "Accepted when the schedule keeps within the TxProfile that we set on the EVSE, or we set none; else Rejected, and "
    "a schedule that `--charging-needs` made is set anew, twice at most",
    clause="K15.FR.11-K15.FR.13, K16.FR.06-K16.FR.08",
    state=True,
)
def charging_schedule(session: Session, request: Payload) -> Payload | Answer:
    """Check the vehicle's schedule against ours."""
    session.station.remember("NotifyEVChargingSchedule", request)
    evse = request["evseId"]
    profile = (session.station.schedules or {}).get(evse)
    if profile is None or within(request["chargingSchedule"], profile["chargingSchedule"]):
        return {"status": "Accepted"}
    from csms import needs

    if needs.renegotiates(session, evse):
        return Answer({"status": "Rejected"}, lambda: needs.again(session, evse))
    return {"status": "Rejected"}


@on("ReportChargingProfiles", *V2X)
@answers(NOTHING, "the profiles are put into the report of their requestId", clause="K09.FR.01, K09.FR.02")
def charging_profiles(session: Session, request: Payload) -> Payload:
    """Take a part of the list that GetChargingProfiles asked for."""
    take_part(session, "ReportChargingProfiles", request, clause="", number=None)
    return {}


@on("NotifyPriorityCharging", V21)
@answers(NOTHING, "the event is kept", clause="K21.FR.09, K22.FR.06")
def priority_charging(session: Session, request: Payload) -> Payload:
    """Take that priority charging began or ended."""
    session.station.remember("NotifyPriorityCharging", request)
    return {}


_MEMBERS = tuple(
    f"{name}{phase}"
    for name in ("limit", "dischargeLimit", "setpoint", "setpointReactive")
    for phase in ("", "_L2", "_L3")
)
"""What a ChargingScheduleUpdateType may hold, all of it taken from the profile's one period."""


@on("PullDynamicScheduleUpdate", V21)
@answers(
    "status, scheduleUpdate",
    "the limits of the dynamic profile that we set under this id, as last updated; Rejected with InvalidProfile "
    "when we set none",
    clause="K28.FR.07, K28.FR.12",
    state=True,
)
def dynamic_schedule(session: Session, request: Payload) -> Payload:
    """Give the limits of a dynamic profile of ours; it has one schedule with one period (K28.FR.01)."""
    profile = (session.station.dynamic_profiles or {}).get(request["chargingProfileId"])
    if profile is None:
        return {"status": "Rejected", "statusInfo": {"reasonCode": "InvalidProfile"}}
    period = profile["chargingSchedule"][0]["chargingSchedulePeriod"][0]
    update = {name: period[name] for name in _MEMBERS if name in period}
    return {"status": "Accepted", "scheduleUpdate": update} if update else {"status": "Accepted"}
