"""Charging profiles: setting, reading and clearing them, and what they come to."""

from __future__ import annotations

from csms.commands.defaults import chosen, connector_16, evse_2x, present, spelled, two
from csms.commands.defaults import transaction as transaction_of
from csms.commands.profile import STATION_WIDE, UNTIMED, charging_profile
from csms.commands.registry import Payload, Sent, Session, command
from shared.versions import V16


def _complete(to: Session, action: str, payload: Payload, named: list[str]) -> str:
    """Give a TxProfile its transaction (K01.FR.03) and take the start from a schedule that has none."""
    profile = payload.get("csChargingProfiles" if to.version is V16 else "chargingProfile")
    if not isinstance(profile, dict):
        return action
    if profile.get("chargingProfilePurpose") == "TxProfile" and "transactionId" not in profile:
        place = payload.get("connectorId") if to.version is V16 else payload.get("evseId")
        known = place if isinstance(place, int) and place > 0 else None
        profile["transactionId"] = transaction_of(to, None, known, None)
    timed = any(path.endswith(("startSchedule", "chargingSchedule")) for path in named)
    if profile.get("chargingProfileKind") in UNTIMED and not timed:
        schedules = profile.get("chargingSchedule")
        for schedule in schedules if isinstance(schedules, list) else [schedules]:
            if isinstance(schedule, dict):
                schedule.pop("startSchedule", None)
    return action


@command("SetChargingProfile", settle=_complete)
def set_charging_profile(
    to: Session,
    *,
    limit: float | None = None,
    unit: str | None = None,
    purpose: str | None = None,
    evse: int | None = None,
    connector: int | None = None,
    kind: str | None = None,
    stack: int | None = None,
    phases: int | None = None,
    duration: int | None = None,
    start: str | None = None,
    profile: int | None = None,
    transaction: str | None = None,
) -> Sent:
    """Set a charging profile: a limit for a station, an EVSE or a transaction.

    limit: default 16; unit: A (default) or W. purpose: TxDefaultProfile (default), TxProfile (of the open
    transaction, or of the one named), ChargingStationMaxProfile, ... evse, connector: default 1, for a
    station-wide purpose 0. kind: Absolute (default), Relative, Recurring, in 2.1 Dynamic. stack: its level,
    default 0. profile: its id, default 1. start: seconds from now or a timestamp. duration: seconds.
    phases: how many may be used.
    """
    wanted = chosen(purpose, "TxDefaultProfile")
    whole = wanted in STATION_WIDE
    named = None
    if wanted == "TxProfile" or transaction is not None:
        named = transaction_of(to, transaction, evse, connector)
    made = charging_profile(
        to,
        wanted,
        id=profile,
        stack=stack,
        kind=kind,
        limit=limit,
        unit=unit,
        phases=phases,
        duration=duration,
        start=start,
        transaction=named,
    )
    if to.version is V16:
        place = 0 if whole and evse is None and connector is None else connector_16(to, evse, connector)
        return {"connectorId": place, "csChargingProfiles": made}
    return {"evseId": evse_2x(evse, connector, 0 if whole else 1), "chargingProfile": made}


@command("ClearChargingProfile", either=("chargingProfileId", "chargingProfileCriteria"))
def clear_charging_profile(
    to: Session,
    *,
    profile: int | None = None,
    purpose: str | None = None,
    evse: int | None = None,
    connector: int | None = None,
    stack: int | None = None,
) -> Sent:
    """Clear charging profiles: one by its id, or all that fit.

    profile: its id. purpose, evse, connector, stack: of those to be cleared. Default: the profile with id 1,
    which set_charging_profile sets by default. `{"id": null}` clears every profile of a 1.6 station.
    """
    fits = any(x is not None for x in (purpose, evse, connector, stack))
    id = 1 if profile is None and not fits else profile
    word = None if purpose is None else spelled(to, purpose)
    if to.version is V16:
        place = None if evse is None and connector is None else connector_16(to, evse, connector)
        return present(id=id, connectorId=place, chargingProfilePurpose=word, stackLevel=stack)
    place = evse_2x(evse, connector, None)
    criteria = present(evseId=place, chargingProfilePurpose=word, stackLevel=stack)
    # K10.FR.02: either an id, or at least one criterion
    return present(chargingProfileId=id, chargingProfileCriteria=criteria or None)


@command("GetChargingProfiles")
def get_charging_profiles(
    to: Session,
    *,
    purpose: str | None = None,
    evse: int | None = None,
    connector: int | None = None,
    stack: int | None = None,
    profiles: list[int] | None = None,
    sources: list[str] | None = None,
    request: int | None = None,
) -> Sent:
    """Ask for the charging profiles that fit.

    purpose: default TxDefaultProfile unless something else is asked for. profiles: ids, separated by commas.
    stack: level. sources: EMS, Other, SO, CSO. evse (or connector): default all.
    request: its id, else made up.
    """
    # K09.FR.03: a list of ids, or one or more of the other criteria
    criteria = present(
        chargingProfilePurpose=None if purpose is None else spelled(to, purpose),
        stackLevel=stack,
        chargingProfileId=profiles,
        chargingLimitSource=sources,
    )
    return {
        "requestId": to.new_request_id() if request is None else request,
        "chargingProfile": criteria or {"chargingProfilePurpose": "TxDefaultProfile"},
    } | present(evseId=evse_2x(evse, connector, None))


@command("GetCompositeSchedule")
def get_composite_schedule(
    to: Session,
    *,
    duration: int | None = None,
    unit: str | None = None,
    evse: int | None = None,
    connector: int | None = None,
) -> Sent:
    """Ask what the profiles of an EVSE or connector come to.

    duration: seconds, default 3600. unit: A or W. evse, connector: default 1; 0 is the whole station.
    """
    asked = {"duration": chosen(duration, 3600)} | present(chargingRateUnit=unit)
    if two(to):
        return {"evseId": evse_2x(evse, connector)} | asked
    return {"connectorId": connector_16(to, evse, connector)} | asked


@command("UpdateDynamicSchedule")
def update_dynamic_schedule(
    to: Session, *, limit: float | None = None, setpoint: float | None = None, profile: int | None = None
) -> Sent:
    """Change the limit or setpoint of a Dynamic charging profile (2.1).

    limit: default 16 when no setpoint is given, in the unit of the profile. setpoint: negative discharges.
    profile: its id, default 1.
    """
    values = present(limit=limit, setpoint=setpoint) or {"limit": 16}
    return {"chargingProfileId": chosen(profile, 1), "scheduleUpdate": values}


@command("UsePriorityCharging")
def use_priority_charging(
    to: Session,
    *,
    activate: bool | None = None,
    transaction: str | None = None,
    evse: int | None = None,
    connector: int | None = None,
) -> Sent:
    """Switch priority charging of a transaction on or off (2.1).

    activate: true (default) or false. transaction: its id, default the
    oldest open one (of the evse and connector, if named).
    """
    return {
        "transactionId": transaction_of(to, transaction, evse, connector),
        "activate": chosen(activate, True),
    }
