"""A charging profile for the needs of a car of ISO 15118: what it can take, within what it may get (K15 to K20, Q01).

The profile is one schedule of one period from now until the car leaves, so that every car can hold it. In A per phase
for AC of ISO 15118-2, else in W; of kind Dynamic where the car is in dynamic control mode (K19).
"""

from __future__ import annotations

import asyncio
from math import inf
from typing import TYPE_CHECKING, NamedTuple

from csms.option_needs import BEYOND, NONE, PROCESSING, PROMISE, REJECTED
from shared.clock import parse, text
from shared.dispatch import Payload
from shared.peer import CallFailed
from shared.versions import V21, Version

if TYPE_CHECKING:
    from csms.option_needs import NeedsOptions
    from csms.session import Session

PROFILE_ID = 1000
"""Of the profile for EVSE 1, the next ones follow: above what external systems use (MaxExternalConstraintsId)."""

LINE_VOLTS = 230.0
MOST_DAYS = 86_400
TRIES = 3
"""How often a schedule is set anew that the car did not keep to (K15.FR.13)."""

_PHASES = {"AC_single_phase": 1, "AC_two_phase": 2}


class Wanted(NamedTuple):
    """What a car can take: `most` and `least` in `unit`, on so many phases, and W that it can give back."""

    unit: str
    most: float
    least: float = 0.0
    phases: int | None = None
    gives: float = 0.0


def wanted(needs: Payload) -> Wanted:
    """What a ChargingNeedsType says of the car's limits; inf where it says nothing."""
    if "v2xChargingParameters" in needs:  # K18.FR.06
        found = needs["v2xChargingParameters"]
        return Wanted("W", _watts(found, "Charge"), gives=_watts(found, "Discharge", none=0.0))
    if "dcChargingParameters" in needs:
        found = needs["dcChargingParameters"]
        most = found.get("evMaxPower", found["evMaxCurrent"] * found["evMaxVoltage"])
        return Wanted("W", float(most))
    phases = _PHASES.get(needs["requestedEnergyTransfer"], 3)
    found = needs.get("acChargingParameters", {})
    return Wanted("A", found.get("evMaxCurrent", inf), found.get("evMinCurrent", 0.0), phases)


def _watts(parameters: Payload, way: str, none: float = inf) -> float:
    """The most in W that the phases make together."""
    found = [parameters.get(f"max{way}Power{phase}") for phase in ("", "_L2", "_L3")]
    if any(one is not None for one in found):
        return float(sum(one for one in found if one is not None))
    return none


def refuses_transfer(options: NeedsOptions | None, needs: Payload, version: Version) -> bool:
    """Whether the kind of energy transfer is one that is not allowed (Q01.FR.04, K18.FR.22)."""
    allowed = options.allowed_energy_transfer if options is not None else ()
    return version is V21 and bool(allowed) and needs["requestedEnergyTransfer"] not in allowed


def status_of(session: Session, request: Payload) -> str:
    """NotifyEVChargingNeedsResponse.status."""
    options = _options(session)
    none = "NoChargingProfile" if session.version is V21 else "Rejected"
    if refuses_transfer(options, request["chargingNeeds"], session.version):
        return "Rejected"
    if options is None or options.charging_needs == NONE:
        return none
    if options.charging_needs == REJECTED:
        return "Rejected"
    if options.charging_needs != PROMISE and _transaction(session, request["evseId"]) is None:
        session.note(
            "needs_without_transaction", f"EVSE {request['evseId']} has no transaction for a profile"
        )
        return none
    return "Processing" if options.charging_needs == PROCESSING else "Accepted"  # K15.FR.03, .05


def begin(session: Session, request: Payload) -> None:
    """Let the promised profile follow (K15.FR.07); nothing where it is to be missed."""
    options = _options(session)
    if options is not None and options.charging_needs != PROMISE:
        session.csms.tasks.spawn(_send(session, request, options.charging_needs_delay))


def renegotiates(session: Session, evse: int) -> bool:
    """Whether a schedule that the car did not keep to was ours, and is to be set anew (K15.FR.13, K16)."""
    options = _options(session)
    profile = (session.station.schedules or {}).get(evse)
    if options is None or profile is None or profile["id"] != PROFILE_ID + evse - 1:
        return False
    return bool(profile["chargingSchedule"][0]["id"] < TRIES)


def again(session: Session, evse: int) -> None:
    """Set the schedule anew, by the needs that were told last."""
    needs = (session.station.last or {}).get("NotifyEVChargingNeeds")
    if needs is not None and needs["evseId"] == evse:
        session.csms.tasks.spawn(_send(session, needs, 0.0))


async def _send(session: Session, request: Payload, delay: float) -> None:
    if delay:
        await asyncio.sleep(delay)
    evse = request["evseId"]
    transaction = _transaction(session, evse)
    options = _options(session)
    if transaction is None or options is None:
        return  # it has ended meanwhile
    before = (session.station.schedules or {}).get(evse)
    known = before is not None and before.get("transactionId") == transaction
    number = before["chargingSchedule"][0]["id"] + 1 if known and before is not None else 1
    profile = profile_for(request, options, session.version, session.csms.clock.time())
    profile |= {"id": PROFILE_ID + evse - 1, "transactionId": transaction}
    profile["chargingSchedule"][0]["id"] = number
    try:
        await session.csms.call(session, "SetChargingProfile", {"evseId": evse, "chargingProfile": profile})
    except CallFailed as failed:
        session.note("call_failed", f"SetChargingProfile: {failed}")


def profile_for(request: Payload, options: NeedsOptions, version: Version, now: float) -> Payload:
    """A ChargingProfileType for a NotifyEVChargingNeedsRequest, without `id` and `transactionId`."""
    needs = request["chargingNeeds"]
    car = wanted(needs)
    dynamic = version is V21 and needs.get("controlMode") == "DynamicControl"
    schedule: Payload = {
        "id": 1,
        "chargingRateUnit": car.unit,
        "chargingSchedulePeriod": [_period(car, needs, options, version)],
    }
    if not dynamic:
        schedule["startSchedule"] = text(now)
        if "departureTime" in needs:
            left = parse(needs["departureTime"]) - now
            schedule |= {"duration": max(1, min(round(left), MOST_DAYS))}
    return {
        "stackLevel": 0,
        "chargingProfilePurpose": "TxProfile",
        "chargingProfileKind": "Dynamic" if dynamic else "Absolute",
        "chargingSchedule": [schedule],
    }


def _period(car: Wanted, needs: Payload, options: NeedsOptions, version: Version) -> Payload:
    """From 0 on: what the car can take, and not more than it may get; pausing where that is too little for it."""
    cap = options.charging_power if options.charging_power is not None else inf
    if car.unit == "A":
        cap /= LINE_VOLTS * (car.phases or 1)
    limit = min(car.most, cap)
    if options.charging_needs == BEYOND:
        limit = 2 * (car.most if car.most < inf else 32.0 if car.unit == "A" else 22_000.0)
    elif limit == inf:
        limit = 16.0 if car.unit == "A" else 11_000.0
    elif limit < car.least:
        limit = 0.0
    period: Payload = {"startPeriod": 0}
    if car.phases:
        period["numberPhases"] = car.phases
    if version is V21 and "BPT" in needs["requestedEnergyTransfer"] and options.v2x_setpoint is not None:
        setpoint = max(-car.gives, min(options.v2x_setpoint, limit))
        if options.charging_needs == BEYOND:
            setpoint = options.v2x_setpoint
        return period | {"operationMode": "CentralSetpoint", "setpoint": _rounded(setpoint)}  # Q03.FR.01, .02
    return period | {"limit": _rounded(limit)}


def _rounded(amount: float) -> float:
    """With the one decimal that a limit has (ChargingSchedulePeriodType), never more than `amount`."""
    return int(amount * 10) / 10


def _options(session: Session) -> NeedsOptions | None:
    found: NeedsOptions | None = session.csms.policies.options
    return found if found is not None and hasattr(found, "charging_needs") else None


def _transaction(session: Session, evse: int) -> str | int | None:
    found = session.csms.ledger.open(session.station, evse=evse)
    return found[0].id if found else None
