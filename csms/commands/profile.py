"""The charging profile that commands send: one schedule of one period, complete by K01 and 1.6 §3.13."""

from __future__ import annotations

from csms.commands.defaults import chosen, moment, present, spelled
from csms.commands.registry import Payload, Session
from shared.versions import V16

STATION_WIDE = ("ChargePointMaxProfile", "ChargingStationMaxProfile", "ChargingStationExternalConstraints")
"""Purposes that only EVSE (or connector) 0 may have (1.6 §3.13.1; 2.x part 2 K §3.2)."""

UNTIMED = ("Relative", "Dynamic")
"""Kinds whose schedule begins by itself: startSchedule SHALL be absent (K01.FR.41)."""


def charging_profile(
    to: Session,
    purpose: str,
    *,
    id: int | None = None,
    stack: int | None = None,
    kind: str | None = None,
    limit: float | None = None,
    unit: str | None = None,
    phases: int | None = None,
    duration: int | None = None,
    start: str | None = None,
    transaction: int | str | None = None,
) -> Payload:
    """A ChargingProfile of the station's version; `limit` in A or, with unit W, in watts (default 16 A).

    Absolute from now on unless told otherwise, which every purpose may be: ChargingStationMaxProfile must not
    be Relative (K01.FR.38), Absolute and Recurring must have a startSchedule (K01.FR.40).
    """
    kind = chosen(kind, "Absolute")
    schedule: Payload = {
        "chargingRateUnit": chosen(unit, "A"),
        "chargingSchedulePeriod": [
            {"startPeriod": 0, "limit": _limit(limit, unit)} | present(numberPhases=phases)
        ],
    }
    if kind not in UNTIMED:
        schedule["startSchedule"] = moment(to, start, 0)
    schedule |= present(duration=duration)
    number = chosen(id, 1)
    old = to.version is V16
    return {
        "chargingProfileId" if old else "id": number,
        "stackLevel": stack or 0,
        "chargingProfilePurpose": spelled(to, purpose),
        "chargingProfileKind": kind,
        "chargingSchedule": schedule if old else [{"id": 1} | schedule],
    } | present(transactionId=transaction, recurrencyKind="Daily" if kind == "Recurring" else None)


def _limit(limit: float | None, unit: str | None) -> float:
    if limit is not None:
        return limit
    return 11000 if unit == "W" else 16
