"""A charging profile in one form for all versions, read from the wire (1.6 §7.8; 2.x ChargingProfileType)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import inf
from typing import Any, NamedTuple

from charge_point.smart_charging.local_time import WORLD, LocalTime
from shared.clock import parse

Payload = dict[str, Any]

MAX, DEFAULT, TX = "ChargingStationMaxProfile", "TxDefaultProfile", "TxProfile"
EXTERNAL, PRIORITY, LOCAL = "ChargingStationExternalConstraints", "PriorityCharging", "LocalGeneration"

DAY = 86_400.0
EVERY = {"Daily": DAY, "Weekly": 7 * DAY}
"""Seconds after which a recurring schedule begins again (1.6 errata 3.79)."""

_ZONE = re.compile(r"(?:Z|[+-]\d\d:?\d\d)$", re.IGNORECASE)

PHASES = 3
"""The phases of a period that does not say (K01.FR.49; 1.6 §7.12)."""

CSO = "CSO"
"""The source of what the CSMS has set (ChargingLimitSourceEnumType)."""


class Period(NamedTuple):
    """One period of a schedule, in the unit of the schedule; `start` in seconds from its beginning.

    `limit` is the least of the phases where each has its own; `each` says that it is of one phase, not of all
    (2.1: with limit_L2, a limit in W is that of L1). The rest is 2.1's: what the EV may feed back (not above 0),
    what it shall follow, the mode, and for LocalFrequency W by Hz over a `baseline`, and by signal; `reactive` is the
    setpoint of reactive power, in W of all phases together, above 0 for inductive.
    """

    start: float
    limit: float | None
    phases: int | None = None
    each: bool = False
    discharge: float | None = None
    setpoint: float | None = None
    mode: str = "ChargingOnly"
    curve: tuple[tuple[float, float], ...] = ()
    baseline: float = 0.0
    signals: tuple[tuple[float, float], ...] = ()
    sleep: bool = False
    reactive: float | None = None


class Schedule(NamedTuple):
    """When which period holds. `start` is Unix seconds, None where the session or the receipt decides; `local`: it is
    local time instead."""

    id: int
    unit: str
    start: float | None
    duration: float
    periods: tuple[Period, ...]
    minimum: float | None = None
    delay: int = 0
    soc: float | None = None
    soc_limit: float = 0.0
    local: bool = False


@dataclass(frozen=True, slots=True)
class Profile:
    """A charging profile. `place` is the EVSE (1.6: connector) it was set on, 0 for the station.

    `transaction` is the station's own id of the transaction of a TxProfile. `received` is when it was set, in Unix
    seconds. `wire` is the profile as it came.
    """

    id: int
    place: int
    purpose: str
    stack: int
    kind: str
    every: float
    valid_from: float
    valid_to: float
    transaction: str
    source: str
    received: float
    schedules: tuple[Schedule, ...]
    wire: Payload
    offline: float = inf
    """Seconds offline after which it does not hold (2.1 maxOfflineDuration)."""
    zone: LocalTime = WORLD
    """What local time is for schedules in it (2.1 useLocalTime)."""

    @property
    def schedule(self) -> Schedule:
        """The schedule that is followed: the first, where an EV chooses none."""
        return self.schedules[0]

    @property
    def is_plain(self) -> bool:
        """Whether no period says anything of reactive power."""
        return all(period.reactive is None for period in self.schedule.periods)


def read(
    wire: Payload,
    place: int,
    received: float,
    *,
    transaction: str = "",
    source: str = CSO,
    zone: LocalTime = WORLD,
) -> Profile:
    """The profile that `wire` (ChargingProfile of any version) describes. Raises ValueError for a bad timestamp."""
    schedules = wire["chargingSchedule"]
    recurrency = wire.get("recurrencyKind", "")
    return Profile(
        id=wire["id"] if "id" in wire else wire["chargingProfileId"],
        place=place,
        purpose=MAX
        if wire["chargingProfilePurpose"] == "ChargePointMaxProfile"
        else wire["chargingProfilePurpose"],
        stack=wire["stackLevel"],
        kind=wire["chargingProfileKind"],
        every=EVERY[recurrency] if wire["chargingProfileKind"] == "Recurring" and recurrency else 0.0,
        valid_from=parse(wire["validFrom"]) if "validFrom" in wire else -inf,
        valid_to=parse(wire["validTo"]) if "validTo" in wire else inf,
        transaction=transaction,
        source=source,
        received=received,
        schedules=tuple(
            _schedule(one) for one in (schedules if isinstance(schedules, list) else [schedules])
        ),
        wire=wire,
        offline=wire.get("maxOfflineDuration", inf),
        zone=zone,
    )


def _schedule(wire: Payload) -> Schedule:
    capped = wire.get("limitAtSoC", {})
    return Schedule(
        id=wire.get("id", 0),
        unit=wire["chargingRateUnit"],
        start=_start(wire),
        duration=wire.get("duration", inf),
        periods=tuple(_period(one, wire["chargingRateUnit"]) for one in wire["chargingSchedulePeriod"]),
        minimum=wire.get("minChargingRate"),
        delay=wire.get("randomizedDelay", 0),
        soc=capped.get("soc"),
        soc_limit=capped.get("limit", 0.0),
        local=bool(wire.get("useLocalTime")),
    )


def _start(wire: Payload) -> float | None:
    if "startSchedule" not in wire:
        return None
    said: str = wire["startSchedule"]
    if wire.get("useLocalTime"):  # K01.FR.90: whatever time zone it is said in
        return parse(_ZONE.sub("", said) + "Z")
    return parse(said)


def _period(wire: Mapping[str, Any], unit: str) -> Period:
    limits, reactive = _phases_of(wire, "limit"), _phases_of(wire, "setpointReactive")
    return Period(
        start=wire["startPeriod"],
        limit=min(limits) if limits else None,
        phases=wire.get("numberPhases"),
        each=len(limits) > 1,
        discharge=max(_phases_of(wire, "dischargeLimit"), default=None),
        setpoint=min(_phases_of(wire, "setpoint"), key=abs, default=None),
        mode=wire.get("operationMode", "ChargingOnly"),
        curve=_points(wire.get("v2xFreqWattCurve", ()), "frequency"),
        baseline=wire.get("v2xBaseline", 0.0),
        signals=_points(wire.get("v2xSignalWattCurve", ()), "signal"),
        sleep=bool(wire.get("evseSleep")),
        reactive=sum(reactive) / (1 if unit == "W" else len(reactive)) if reactive else None,
    )


def _points(wire: Iterable[Payload], name: str) -> tuple[tuple[float, float], ...]:
    return tuple(sorted((float(one[name]), float(one["power"])) for one in wire))


def _phases_of(wire: Mapping[str, Any], name: str) -> list[float]:
    return [wire[f"{name}{phase}"] for phase in ("", "_L2", "_L3") if f"{name}{phase}" in wire]
