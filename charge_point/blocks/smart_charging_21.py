"""Smart charging of 2.1: dynamic schedules, priority, bidirectional charging (K21, K28, Q02, Q08)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from charge_point.smart_charging import is_on
from charge_point.statuses import status
from shared.answers import answers
from shared.dispatch import Answer, on
from shared.versions import V21

if TYPE_CHECKING:
    from charge_point.station import Station

Payload = dict[str, Any]


@on("UpdateDynamicSchedule", V21)
@answers(
    "status",
    "Rejected for a profile that is not there or not Dynamic; else Accepted, and its values hold at once",
    clause="K28.FR.06, K28.FR.09, K28.FR.11",
    state=True,
)
def update_dynamic(station: Station, request: Payload) -> Payload | Answer:
    """Take new limits or setpoints into a Dynamic profile."""
    from charge_point.smart_charging import dynamic
    from charge_point.smart_charging.profile import CSO
    from charge_point.smart_charging.profiles import Profiles

    part = station.part(Profiles)
    profile = part.held.get(request["chargingProfileId"])
    if not is_on(station) or profile is None or profile.kind != "Dynamic" or profile.source != CSO:
        return status(V21, "Rejected", "InvalidProfile", "there is no such dynamic charging profile")
    found, values = profile, request["scheduleUpdate"]
    return Answer(status(V21, "Accepted"), lambda: dynamic.update(part, found, values))


@on("UsePriorityCharging", V21)
@answers(
    "status",
    "Rejected for a transaction that does not run; NoProfile without a PriorityCharging profile for it; else Accepted, "
    "and NotifyPriorityCharging follows when that is a change",
    clause="K21.FR.01-K21.FR.08",
    state=True,
)
def use_priority(station: Station, request: Payload) -> Payload | Answer:
    """Charge with priority, or as before."""
    from charge_point.smart_charging import priority
    from charge_point.smart_charging.profiles import Profiles

    evse = station.transaction(request["transactionId"])
    if evse is None:
        return status(V21, "Rejected", "TxNotFound", "there is no such transaction")
    part, activate = station.part(Profiles), request["activate"]
    if activate and not (is_on(station) and priority.has_profile(part, evse)):
        return status(V21, "NoProfile", "NotFound", "there is no profile for priority charging")
    found = evse
    return Answer(status(V21, "Accepted"), lambda: priority.turn(part, found, activate))


@on("AFRRSignal", V21)
@answers(
    "status",
    "Rejected while no transaction is in a LocalFrequency period with a signal curve; else Accepted, and the power "
    "follows the curve from the time given on",
    clause="Q08.FR.10, Q08.FR.11",
    state=True,
)
def afrr_signal(station: Station, request: Payload) -> Payload | Answer:
    """Support the grid as a signal asks."""
    from charge_point.smart_charging import frequency

    if not is_on(station) or not frequency.has_signal_curve(station):
        return status(V21, "Rejected", "NoSignalWattCurve", "no signal curve is active")
    try:
        wait = frequency.seconds_until(station, request["timestamp"])
    except ValueError as wrong:
        return status(V21, "Rejected", "InvalidValue", str(wrong))
    return Answer(status(V21, "Accepted"), lambda: frequency.signal(station, request["signal"], wait))


@on("NotifyAllowedEnergyTransfer", V21)
@answers(
    "status",
    "Rejected for a transaction without a car that speaks ISO 15118-20; else Accepted, and its needs are told anew",
    clause="Q02.FR.06, Q02.FR.07",
    state=True,
)
def allowed_transfer(station: Station, request: Payload) -> Payload | Answer:
    """Negotiate the energy transfer anew."""
    from charge_point.smart_charging.negotiation import Negotiations, talk_of

    evse = station.transaction(request["transactionId"])
    talks = evse is not None and talk_of(station, request["transactionId"]) is not None
    if evse is None or not talks or evse.ev is None or evse.ev.kind.iso15118 != "20":
        return status(V21, "Rejected", "TxNotFound" if evse is None else "UnsupportedRequest")
    found, allowed = evse, tuple(request["allowedEnergyTransfer"])
    return Answer(
        status(V21, "Accepted"), lambda: station.part(Negotiations).renew(found, None, None, allowed)
    )
