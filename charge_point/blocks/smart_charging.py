"""Smart charging: profiles set, cleared and reported, and what they come to (K; 1.6 §5.5, §5.7, §5.16)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from charge_point.smart_charging import is_on
from charge_point.statuses import status
from shared.answers import answers
from shared.dispatch import Answer, Refuse, on
from shared.versions import V2X, V16

if TYPE_CHECKING:
    from charge_point.station import Station

Payload = dict[str, Any]

_OFF = "this station does no smart charging"


@on("SetChargingProfile", V16)
@answers(
    "status",
    "CALLERROR PropertyConstraintViolation for a connector that is not there; NotSupported for a rate unit that "
    "is not; Rejected for a TxProfile without its transaction or on connector 0, a ChargePointMaxProfile on any "
    "other, and beyond ChargeProfileMaxStackLevel, ChargingScheduleMaxPeriods and MaxChargingProfilesInstalled; "
    "else Accepted: it takes the place of the same id or the same purpose and stack level, and is followed",
    clause="1.6 §3.13, §5.16; errata 3.37-3.39",
    state=True,
)
def set_profile_16(station: Station, request: Payload) -> Payload | Answer:
    """Install a charging profile."""
    from charge_point.smart_charging import setting

    if not is_on(station):
        raise Refuse("NotSupported", _OFF)
    if not setting.places(station, request["connectorId"]):
        raise Refuse("PropertyConstraintViolation", f"there is no connector {request['connectorId']}")
    return _set(station, request["connectorId"], request["csChargingProfiles"])


@on("SetChargingProfile", *V2X)
@answers(
    "status",
    "CALLERROR NotSupported while SmartChargingCtrlr.Enabled is false; Rejected with its reason code for an unknown "
    "EVSE, a TxProfile without its transaction, a purpose on the wrong EVSE, a rate unit, stack level, number of "
    "periods or phases that is not supported, a schedule that contradicts itself or its kind, and one that has the "
    "purpose and stack level of another; else Accepted: it takes the place of the same id, and is followed",
    clause="K01.FR.04-K01.FR.53, K01.FR.70-K01.FR.126, K28.FR.01-K28.FR.05",
    state=True,
)
def set_profile_2x(station: Station, request: Payload) -> Payload | Answer:
    """Install a charging profile."""
    from charge_point.smart_charging import setting

    if not is_on(station):
        raise Refuse("NotSupported", _OFF)  # K01.FR.29
    if not setting.places(station, request["evseId"]):  # K01.FR.28
        return status(station.version, "Rejected", "UnknownEvse", f"there is no EVSE {request['evseId']}")
    return _set(station, request["evseId"], request["chargingProfile"])


def _set(station: Station, place: int, wire: Payload) -> Payload | Answer:
    from charge_point.smart_charging import setting
    from charge_point.smart_charging.checking import Unfit

    try:
        profile = setting.set_profile(station, place, wire)
    except Unfit as unfit:
        lacks = station.version is V16 and unfit.code == "UnsupportedRateUnit"  # 1.6 §7.11
        return status(station.version, "NotSupported" if lacks else "Rejected", unfit.code, str(unfit))
    return Answer(status(station.version, "Accepted"), lambda: setting.changed(station, profile))


@on("ClearChargingProfile", V16)
@answers(
    "status",
    "Accepted when profiles had the id, or else all that is given, and are gone (all of them when nothing is given); "
    "else Unknown",
    clause="1.6 §5.5; errata 3.25, 3.26",
    state=True,
)
def clear_16(station: Station, request: Payload) -> Payload | Answer:
    """Remove charging profiles."""
    from charge_point.smart_charging.profile import MAX
    from charge_point.smart_charging.setting import Criteria

    if "id" in request:  # errata 3.26: all other fields are ignored
        return _clear(station, Criteria(frozenset({request["id"]})))
    purpose = request.get("chargingProfilePurpose")
    if purpose == "ChargePointMaxProfile":
        purpose = MAX
    return _clear(station, Criteria(None, request.get("connectorId"), purpose, request.get("stackLevel")))


@on("ClearChargingProfile", *V2X)
@answers(
    "status",
    "Accepted when profiles of the CSMS had the id, or else all that is given, and are gone; else Unknown",
    clause="K10.FR.01-K10.FR.09",
    state=True,
)
def clear_2x(station: Station, request: Payload) -> Payload | Answer:
    """Remove charging profiles."""
    from charge_point.smart_charging.setting import Criteria

    if "chargingProfileId" in request:  # K10.FR.03
        return _clear(station, Criteria(frozenset({request["chargingProfileId"]})))
    wanted = request.get("chargingProfileCriteria", {})
    return _clear(
        station,
        Criteria(None, wanted.get("evseId"), wanted.get("chargingProfilePurpose"), wanted.get("stackLevel")),
    )


def _clear(station: Station, criteria: Any) -> Payload | Answer:
    from charge_point.smart_charging import setting

    if not is_on(station) or not setting.clear(station, criteria):
        return status(station.version, "Unknown", "NotFound", "there is no such charging profile")
    return Answer(status(station.version, "Accepted"), lambda: setting.changed(station))


@on("GetCompositeSchedule", V16)
@answers(
    "status, connectorId, scheduleStart, chargingSchedule",
    "Rejected for an unknown connector or a rate unit that is not supported; else Accepted with what the profiles "
    "and the hardware allow from now on, of connector 0 the sum of all",
    clause="1.6 §5.7",
    state=True,
)
def composite_16(station: Station, request: Payload) -> Payload:
    """What is allowed at a connector."""
    found = _composite(station, request["connectorId"], request)
    if isinstance(found, dict):
        return found
    start = station.clock.text(found.start)
    return {
        "status": "Accepted",
        "connectorId": request["connectorId"],
        "scheduleStart": start,
        "chargingSchedule": {
            "duration": found.duration,
            "startSchedule": start,
            "chargingRateUnit": found.unit,
            "chargingSchedulePeriod": found.periods(),
        },
    }


@on("GetCompositeSchedule", *V2X)
@answers(
    "status, schedule",
    "Rejected for an unknown EVSE or a rate unit that is not supported; else Accepted with what the profiles and the "
    "hardware allow from now on, of EVSE 0 the sum of all",
    clause="K08.FR.02-K08.FR.07",
    state=True,
)
def composite_2x(station: Station, request: Payload) -> Payload:
    """What is allowed at an EVSE."""
    found = _composite(station, request["evseId"], request)
    if isinstance(found, dict):
        return found
    schedule = {
        "evseId": request["evseId"],
        "duration": found.duration,
        "scheduleStart": station.clock.text(found.start),
        "chargingRateUnit": found.unit,
        "chargingSchedulePeriod": found.periods(),
    }
    return {"status": "Accepted", "schedule": schedule}


def _composite(station: Station, place: int, request: Payload) -> Any:
    """The composite schedule, or the answer that refuses it."""
    from charge_point.smart_charging import setting
    from charge_point.smart_charging.checking import Unfit

    if not is_on(station):
        return status(station.version, "Rejected", "UnsupportedRequest", _OFF)
    try:
        return setting.composite(station, place, request["duration"], request.get("chargingRateUnit"))
    except Unfit as unfit:
        return status(station.version, "Rejected", unfit.code, str(unfit))


@on("GetChargingProfiles", *V2X)
@answers(
    "status",
    "NoProfiles when none fits; else Accepted, and ReportChargingProfiles follow, one for each EVSE and source",
    clause="K09.FR.01-K09.FR.06",
    state=True,
)
def get_profiles(station: Station, request: Payload) -> Payload | Answer:
    """Report the installed profiles that fit."""
    from charge_point.smart_charging import setting

    wanted = request["chargingProfile"]
    criteria = setting.Criteria(
        frozenset(wanted["chargingProfileId"]) if "chargingProfileId" in wanted else None,
        request.get("evseId"),
        wanted.get("chargingProfilePurpose"),
        wanted.get("stackLevel"),
        frozenset(wanted["chargingLimitSource"]) if "chargingLimitSource" in wanted else None,
    )
    found = setting.matching(station, criteria) if is_on(station) else []
    if not found:
        return status(station.version, "NoProfiles", "NotFound", "there is no such charging profile")

    def report() -> None:
        for page in setting.pages(found, request["requestId"]):
            station.say("ReportChargingProfiles", page, asked=True)

    return Answer(status(station.version, "Accepted"), report)
