"""Dynamic charging profiles of 2.1: updated by the CSMS, asked for by the station, set by others (K28, K29, Q05)."""

from __future__ import annotations

import asyncio
from copy import deepcopy
from typing import TYPE_CHECKING

from charge_point.smart_charging import effect
from charge_point.smart_charging.composite import LINE_VOLTS, saying
from charge_point.smart_charging.profile import DEFAULT, PHASES, TX, Payload, Profile, read

if TYPE_CHECKING:
    from charge_point.smart_charging.profiles import Profiles

_FOLLOWED = {"ExternalLimits": "limit", "ExternalSetpoint": "setpoint"}


def update(part: Profiles, profile: Profile, values: Payload) -> None:
    """Take `values` (ChargingScheduleUpdateType) into the one period of a Dynamic profile (K28.FR.06, .09)."""
    wire = deepcopy(profile.wire)
    wire["chargingSchedule"][0]["chargingSchedulePeriod"][0] |= values
    wire["dynUpdateTime"] = part.station.clock.text(part.now)
    part.install(read(wire, profile.place, part.now, transaction=profile.transaction, source=profile.source))
    effect.follow(part)


def arm(part: Profiles) -> None:
    """Ask for updates of those profiles that say how often, and of no others (K28.FR.10)."""
    for id in [id for id in part.pulls if id not in part.held or not _every(part.held[id])]:
        part.pulls.pop(id).cancel()
    for profile in part.held.values():
        if _every(profile) and profile.id not in part.pulls:
            _next(part, profile)


def stop(part: Profiles) -> None:
    """Ask no more."""
    for timer in part.pulls.values():
        timer.cancel()
    part.pulls.clear()


def _every(profile: Profile) -> float:
    return float(profile.wire.get("dynUpdateInterval", 0)) if profile.kind == "Dynamic" else 0.0


def _next(part: Profiles, profile: Profile) -> None:
    """One interval after the last update, whoever made it."""
    wait = max(profile.received + _every(profile) - part.now, 0.001)
    part.pulls[profile.id] = asyncio.get_running_loop().call_later(wait, _pull, part, profile.id)


def _pull(part: Profiles, id: int) -> None:
    part.pulls.pop(id, None)
    profile = part.held.get(id)
    if profile is None:
        return
    if profile.received + _every(profile) > part.now:  # it was updated meanwhile
        _next(part, profile)
        return

    def answered(answer: Payload) -> None:
        """K28.FR.08."""
        known = part.held.get(id)
        if known is not None and answer["status"] == "Accepted":
            update(part, known, answer.get("scheduleUpdate", {}))

    part.station.say("PullDynamicScheduleUpdate", {"chargingProfileId": id}, answered)
    part.pulls[id] = asyncio.get_running_loop().call_later(_every(profile), _pull, part, id)


def take_external(part: Profiles, limit: float, unit: str, evse: int) -> bool:
    """Let what an external system says be the value of profiles that want it so (K29.FR.03, Q05); False for none."""
    taken = False
    for one in part.station.evses:
        if evse not in (0, one.id):
            continue
        for profile in part.case(one, part.now).own:
            period = saying(profile, part.now, part.session(one, part.now))
            if period is None:
                continue
            name = _FOLLOWED.get(period.mode)
            if profile.kind == "Dynamic" and profile.purpose in (TX, DEFAULT) and name is not None:
                phases = PHASES if period.phases is None else period.phases
                update(part, profile, {name: _in_unit(limit, unit, profile.schedule.unit, phases)})
                taken = True
            break
    return taken


def _in_unit(limit: float, unit: str, wanted: str, phases: int) -> float:
    if unit == wanted:
        return limit
    return round(limit * LINE_VOLTS * phases if wanted == "W" else limit / (LINE_VOLTS * phases), 1)
