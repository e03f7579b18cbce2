"""Charging profiles as the CSMS sets, clears and asks for them, whatever the version."""

from __future__ import annotations

from collections.abc import Iterator
from math import floor, inf
from typing import TYPE_CHECKING, Any, NamedTuple

from charge_point.parts import existing
from charge_point.smart_charging import effect
from charge_point.smart_charging.checking import Question, Unfit, check, rate_units
from charge_point.smart_charging.composite import Allowed, Step, Supply, in_unit, schedule_of
from charge_point.smart_charging.negotiation import Negotiations, talk_of
from charge_point.smart_charging.profile import EXTERNAL, TX, Payload, Profile, read
from charge_point.smart_charging.profiles import Profiles, place_of, supply_of
from shared.versions import V16

if TYPE_CHECKING:
    from charge_point.authorization import Token
    from charge_point.evse import Evse
    from charge_point.station import Station


def places(station: Station, place: int) -> tuple[Evse, ...]:
    """The EVSEs that a 2.x evseId or a 1.6 connectorId means; all for 0, none for one that is not there."""
    if not place:
        return station.evses
    if station.version is V16:
        found = station.numbered(place)
        return () if found is None else (found[0],)
    one = station.evse(place)
    return () if one is None else (one,)


# --- setting -----------------------------------------------------------------------------------------------


def set_profile(station: Station, place: int, wire: Payload) -> Profile:
    """Install the profile at `place` (EVSE, in 1.6 connector), which is there. Raises Unfit (K01; 1.6 §5.16)."""
    part = station.part(Profiles)
    transaction = ""
    if wire["chargingProfilePurpose"] == TX and place:
        transaction = _transaction(station, place, wire)
    if wire["chargingProfileKind"] == "Dynamic" and "dynUpdateTime" not in wire:
        wire = wire | {"dynUpdateTime": station.clock.text(part.now)}  # K28.FR.05
    profile = examined(station, place, wire, transaction)
    part.install(profile)
    return profile


def examined(station: Station, place: int, wire: Payload, transaction: str) -> Profile:
    """The profile, if it may be set. Raises Unfit."""
    part = station.part(Profiles)
    try:
        profile = read(wire, place, part.now, transaction=transaction, zone=part.zone)
    except ValueError as wrong:
        raise Unfit("InvalidProfile", str(wrong)) from None
    known = part.held.get(profile.id)
    if known is not None and known.purpose == EXTERNAL:  # K01.FR.05
        raise Unfit("InvalidProfileId", f"profile {profile.id} is an external limit")
    supplies = tuple(supply_of(one) for one in places(station, place))
    negotiates = talk_of(station, transaction) is not None
    check(Question(station.model, profile, part.others(profile), supplies, negotiates))
    return profile


def _transaction(station: Station, place: int, wire: Payload) -> str:
    """Our id of the transaction that a TxProfile is for. Raises Unfit (K01.FR.03, .09, .33; 1.6 §3.13.1, §7.8)."""
    running = [
        one for one in places(station, place) if one.transaction is not None and place_of(one) == place
    ]
    if not running or running[0].transaction is None:
        raise Unfit("TxNotFound", "no transaction is running there")
    transaction, named = running[0].transaction, wire.get("transactionId")
    car = running[0].ev
    if (
        station.version is not V16
        and car is not None
        and car.kind.iso15118
        and not talk_of(station, transaction.id)
    ):
        raise Unfit("InvalidMessageSeq", "the car has not told its needs yet")  # K15.FR.17
    if station.version is V16:
        if named is not None and named != station.number_of(transaction):
            raise Unfit("TxNotFound", "another transaction is running there")
        return transaction.id
    if named is None:
        raise Unfit("MissingParam", "a TxProfile names its transaction")
    if named != transaction.id:
        raise Unfit("TxNotFound", "another transaction is running there")
    return transaction.id


def check_remote(station: Station, place: int | None, wire: Payload) -> None:
    """Whether a remote start may bring this profile (K05; 1.6 §5.16.2). Raises Unfit."""
    if wire["chargingProfilePurpose"] != TX:  # K05.FR.02; 1.6 §5.11
        raise Unfit("InvalidProfile", "a remote start brings a TxProfile")
    if "transactionId" in wire:  # F01.FR.11; 1.6 errata 3.41
        raise Unfit("InvalidProfile", "the transaction has no id yet")
    examined(station, place or 1, wire, " ")  # of no transaction yet, so that no other is in its way


def wait_remote(station: Station, evse: Evse, token: Token, wire: Payload) -> None:
    """Keep the profile of an accepted remote start until its transaction has begun or its energy is offered."""
    part = station.part(Profiles)
    part.waiting[evse.id] = (token, read(wire, place_of(evse), part.now))


# --- clearing and asking -----------------------------------------------------------------------------------


class Criteria(NamedTuple):
    """What a profile has to be to be meant; None for anything."""

    ids: frozenset[int] | None = None
    place: int | None = None
    purpose: str | None = None
    stack: int | None = None
    sources: frozenset[str] | None = None

    def fits(self, profile: Profile) -> bool:
        """Whether all hold (K09.FR.04-06, K10.FR.04; 1.6 errata 3.25)."""
        return (
            (self.ids is None or profile.id in self.ids)
            and (self.place is None or profile.place == self.place)
            and (self.purpose is None or profile.purpose == self.purpose)
            and (self.stack is None or profile.stack == self.stack)
            and (self.sources is None or profile.source in self.sources)
        )


def clear(station: Station, criteria: Criteria) -> bool:
    """Remove the profiles that fit; False when there is none."""
    return station.part(Profiles).clear(criteria.fits)


def matching(station: Station, criteria: Criteria) -> list[Profile]:
    """The installed profiles that fit, those of one EVSE and source together."""
    found = [one for one in station.part(Profiles).held.values() if criteria.fits(one)]
    return sorted(found, key=lambda one: (one.place, one.source))


PAGE = 4
"""Profiles in one ReportChargingProfiles."""


def pages(profiles: list[Profile], request_id: int) -> Iterator[Payload]:
    """The ReportChargingProfiles: each of one EVSE and source, `tbc` on all but the last (K09.FR.01, .02)."""
    groups: list[list[Profile]] = []
    for one in profiles:
        last = groups[-1] if groups else []
        if not last or (last[0].place, last[0].source) != (one.place, one.source) or len(last) == PAGE:
            groups.append([])
        groups[-1].append(one)
    for at, group in enumerate(groups):
        yield {
            "requestId": request_id,
            "chargingLimitSource": group[0].source,
            "evseId": group[0].place,
            "tbc": at < len(groups) - 1,
            "chargingProfile": [_as_2x(one) for one in group],
        }


def _as_2x(profile: Profile) -> Payload:
    """The profile as it came; one that came from a CSMS of 1.6 in the words of 2.x."""
    wire = profile.wire
    if "id" in wire:
        return wire
    kept = {name: value for name, value in wire.items() if name not in ("chargingProfileId", "transactionId")}
    schedule = {"id": 1} | wire["chargingSchedule"]
    return kept | {
        "id": profile.id,
        "chargingProfilePurpose": profile.purpose,
        "chargingSchedule": [schedule],
    }


# --- the composite schedule --------------------------------------------------------------------------------


class Composite(NamedTuple):
    """A composite schedule from `start` (Unix seconds) on; `duration` in s, limits in `unit`."""

    start: float
    duration: int
    unit: str
    steps: list[Step]

    def periods(self) -> list[dict[str, Any]]:
        """Its ChargingSchedulePeriods, with numberPhases where there are any (AC)."""
        found: dict[int, dict[str, Any]] = {}
        for step in self.steps:
            at = round(step.start)
            found[at] = {"startPeriod": at, "limit": step.limit}
            if step.phases:
                found[at]["numberPhases"] = step.phases
            if step.setpoint is not None:
                found[at]["setpoint"] = step.setpoint
        return list(found.values())


def composite(station: Station, place: int, duration: int, unit: str | None) -> Composite:
    """The composite schedule of an EVSE (1.6: connector), or of all for 0. Raises Unfit (K08; 1.6 §5.7)."""
    evses = places(station, place)
    if not evses:
        raise Unfit("UnknownEvse", f"there is no {'connector' if station.version is V16 else 'EVSE'} {place}")
    allowed = rate_units(station.model)
    if unit is not None and unit not in allowed:  # K08.FR.07
        raise Unfit("UnsupportedRateUnit", f"the rate units are {', '.join(allowed)}")
    if duration < 0:
        raise Unfit("InvalidValue", "a duration is not negative")
    if unit is None:
        usual = "W" if supply_of(evses[0], place).is_dc else "A"
        unit = usual if usual in allowed else allowed[0]
    part = station.part(Profiles)
    now = part.now
    cases = [part.case(one, now, place) for one in evses]
    steps, covered = schedule_of(cases, unit, now, max(duration, 1), _from_grid(station, unit))
    return Composite(now, min(duration, floor(covered)), unit, steps)


def _from_grid(station: Station, unit: str) -> float:
    """What the grid gives the whole station, in `unit`."""
    setup = station.setup
    if not setup.supply:
        return inf
    supply = Supply(setup.supply, 0 if setup.is_dc else setup.phases)
    return in_unit(Allowed(*supply), unit, supply)


def changed(station: Station, profile: Profile | None = None) -> None:
    """Follow what was set or cleared (K01.FR.07, K10.FR.05); a car that negotiates hears of its new `profile`."""
    effect.follow(station.part(Profiles))
    talks = existing(station, Negotiations)
    if profile is not None and talks is not None and profile.purpose == TX:
        for one in station.evses:
            talks.profile_set(one, profile)
