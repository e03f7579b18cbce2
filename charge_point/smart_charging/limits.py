"""Limits that others than the CSMS impose: an energy management system, the grid (K11-K13, K27, K29)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from charge_point.connector import NotNow
from charge_point.smart_charging import dynamic, effect, is_on
from charge_point.smart_charging.profile import EXTERNAL, LOCAL, Payload, Profile, read
from charge_point.smart_charging.profiles import Profiles
from shared.suggest import not_one_of
from shared.versions import V16, V21

if TYPE_CHECKING:
    from charge_point.station import Station

SOURCES = ("EMS", "Other", "SO")
"""Who may impose a limit (ChargingLimitSourceEnumType); CSO is the CSMS itself (K11.FR.05)."""

UNITS = ("A", "W")


def external_limit(
    station: Station,
    limit: float | None,
    *,
    unit: str = "A",
    evse: int = 0,
    source: str = "EMS",
    critical: bool | None = None,
    generation: bool = False,
    setpoint: bool = False,
    duration: int | None = None,
) -> bool:
    """An external system limits the station (EVSE 0) or one EVSE to `limit`, None: it does so no more.

    In A per phase or W. `critical` for the grid; `generation`: it is not a limit but what local generation adds
    (2.1); `setpoint`: it is what cars are to take, below 0 to give back (2.1 Q06). `duration` in seconds. Gives
    whether it is followed. Raises ValueError for what cannot be meant, NotNow when there is nothing to release.
    """
    _look_at(station, limit, unit, evse, source, generation, setpoint)
    part = station.part(Profiles)
    known = _known(part, evse, source, generation)
    if limit is None:
        if known is None:
            raise NotNow(f"{source} has no limit in force that could be released")
        del part.held[known.id]
        part.limits_told.pop(known.id, None)
        _say(part, "ClearedChargingLimit", _cleared(station, evse, source, generation))  # K13.FR.02
        effect.follow(part)
        return True
    refused = _disallowed(station)
    if refused:
        station.note("external_limit_ignored", refused)
        return False
    if not generation and dynamic.take_external(part, limit, unit, evse):
        return True
    id = known.id if known else _new_id(part)
    wire = _wire(station, id, limit, unit, generation, duration, "setpoint" if setpoint else "limit")
    profile = read(wire, evse, part.now, source=source)
    part.held[profile.id] = profile
    _notify(part, profile, limit, critical)
    effect.follow(part)
    return True


def _look_at(
    station: Station,
    limit: float | None,
    unit: str,
    evse: int,
    source: str,
    generation: bool,
    setpoint: bool,
) -> None:
    if not is_on(station):
        raise NotNow(f"{station.id} does no smart charging")
    if evse and station.evse(evse) is None:
        raise ValueError(f"{station.id} has no EVSE {evse}")
    if source not in SOURCES:
        raise ValueError(not_one_of(source, "a source of limits", SOURCES))
    if unit not in UNITS:
        raise ValueError(not_one_of(unit, "a unit of limits", UNITS))
    if setpoint and (generation or station.version is not V21):
        raise ValueError("a setpoint is told of OCPP 2.1, and no local generation")
    if limit is not None and limit < 0 and not setpoint:
        raise ValueError(f"a limit is not negative: {limit:g}")
    if generation and (station.version is not V21 or evse):
        raise ValueError("local generation is told of OCPP 2.1, for the whole station")


def _disallowed(station: Station) -> str:
    """Why the station does not follow others than the CSMS; empty when it does."""
    model = station.model
    name = "SmartChargingCtrlr.ExternalControlSignalsEnabled"
    if model.has(name) and not model.flag(name):
        return "ExternalControlSignalsEnabled is false"
    if model.flag("SmartChargingCtrlr.ExternalConstraintsProfileDisallowed"):
        return "ExternalConstraintsProfileDisallowed is true"
    return ""


def _known(part: Profiles, evse: int, source: str, generation: bool) -> Profile | None:
    purpose = LOCAL if generation else EXTERNAL
    of_it = (one for one in part.held.values() if one.purpose == purpose and one.source == source)
    return next((one for one in of_it if one.place == evse), None)


def _new_id(part: Profiles) -> int:
    """A negative id, so that the CSMS is not likely to use it (K11.FR.06), and as low as it demands (K01.FR.82)."""
    name, model = "SmartChargingCtrlr.MaxExternalConstraintsId", part.station.model
    highest = model.integer(name) if model.has(name) and model.text(name) else -1
    return min([min(highest, -1) + 1, *part.held]) - 1


def _wire(
    station: Station, id: int, limit: float, unit: str, generation: bool, duration: int | None, name: str
) -> Payload:
    """The limit as a ChargingProfile: Dynamic where that exists and it is a single value (K29.FR.04)."""
    dynamic = station.version is V21 and duration is None
    schedule: Payload = {"id": 1, "chargingRateUnit": unit}
    period: Payload = {"startPeriod": 0, name: limit}
    if unit == "W" and not station.setup.is_dc:
        period["numberPhases"] = station.setup.phases  # it is the sum of those that there are
    profile: Payload = {
        "id": id,
        "stackLevel": 0,
        "chargingProfilePurpose": LOCAL if generation else EXTERNAL,
        "chargingProfileKind": "Dynamic" if dynamic else "Absolute",
        "chargingSchedule": [schedule | {"chargingSchedulePeriod": [period]}],
    }
    if dynamic:
        profile["dynUpdateTime"] = station.clock.now()  # K29.FR.06
    if dynamic or name == "setpoint":
        period["operationMode"] = "ExternalSetpoint" if name == "setpoint" else "ExternalLimits"
    if not dynamic:
        profile["chargingSchedule"][0]["startSchedule"] = station.clock.now()
    if duration is not None:
        profile["chargingSchedule"][0]["duration"] = duration
    return profile


def _notify(part: Profiles, profile: Profile, limit: float, critical: bool | None) -> None:
    """NotifyChargingLimit, when it changed by more than LimitChangeSignificance (K11.FR.02, K12.FR.02)."""
    station = part.station
    before = part.limits_told.get(profile.id)
    if station.version is V16 or (before is not None and not effect.significant(station, before, limit)):
        return
    part.limits_told[profile.id] = limit
    about: Payload = {"chargingLimitSource": profile.source}
    if critical is not None:
        about["isGridCritical"] = critical
    if profile.purpose == LOCAL:  # K27.FR.03
        about["isLocalGeneration"] = True
    payload: Payload = {"chargingLimit": about}
    if profile.place:
        payload["evseId"] = profile.place
    if station.model.flag("SmartChargingCtrlr.NotifyChargingLimitWithSchedules"):  # K11.FR.03, K12.FR.03
        payload["chargingSchedule"] = profile.wire["chargingSchedule"]
    _say(part, "NotifyChargingLimit", payload)


def _cleared(station: Station, evse: int, source: str, generation: bool) -> Payload:
    payload: Payload = {"chargingLimitSource": source}
    return payload | ({"evseId": evse} if evse else {})


def _say(part: Profiles, action: str, payload: Payload) -> None:
    """Tell it now, or when the CSMS listens again: it is always to be informed (SC.02)."""
    if part.station.version is not V16 and not part.station.say(action, payload):
        part.untold.append((action, payload))
