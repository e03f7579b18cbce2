"""Charging profiles as a CSMS sends them, and what a station answers, for the tests of smart charging."""

from __future__ import annotations

from typing import Any

from shared.clock import text
from shared.versions import V16, Version
from tests.charge_point.wired import WIDE, Wired

Payload = dict[str, Any]


class Charging(Wired):
    """A station on the wire, and a CSMS that sets profiles."""

    def __init__(self, version: Version, **setup: Any) -> None:
        setup.setdefault("variables", {})
        setup["variables"] = {**WIDE, "AuthorizeRemoteTxRequests": "false", **setup["variables"]}
        super().__init__(version, **setup)

    def now(self, ahead: float = 0) -> str:
        """A timestamp, `ahead` seconds from now."""
        return text(self.journal.clock.time() + ahead)

    def profile(self, *periods: tuple[int, float], **more: Any) -> Payload:
        """A TxDefaultProfile, Absolute from now on, of (start, limit) in A; `more` in the spelling of 2.x."""
        kind = more.pop("kind", "Absolute")
        schedule: Payload = {
            "chargingRateUnit": more.pop("unit", "A"),
            "chargingSchedulePeriod": [
                {"startPeriod": at, "limit": limit} for at, limit in periods or [(0, 6.0)]
            ],
        }
        start = more.pop("start", 0 if kind != "Relative" else None)
        if start is not None:
            schedule["startSchedule"] = self.now(start)
        for name in ("duration", "minChargingRate", "randomizedDelay", "limitAtSoC", "useLocalTime"):
            if name in more:
                schedule[name] = more.pop(name)
        for period in schedule["chargingSchedulePeriod"]:
            period |= more.get("period", {})
        more.pop("period", None)
        for name in ("validFrom", "validTo"):
            if name in more:
                more[name] = self.now(more[name])
        old = self.version is V16
        purpose = more.pop("purpose", "TxDefaultProfile")
        if old and purpose == "ChargingStationMaxProfile":
            purpose = "ChargePointMaxProfile"
        return {
            "chargingProfileId" if old else "id": more.pop("id", 1),
            "stackLevel": more.pop("stack", 0),
            "chargingProfilePurpose": purpose,
            "chargingProfileKind": kind,
            "chargingSchedule": schedule if old else [{"id": 1} | schedule],
            **more,
        }

    async def set(self, place: int, *periods: tuple[int, float], **more: Any) -> str:
        """Set such a profile on an EVSE or connector; gives the status, in 2.x with the reason code."""
        return await self.send(place, self.profile(*periods, **more))

    async def send(self, place: int, profile: Payload) -> str:
        """Set this profile; gives the status, in 2.x with the reason code."""
        if self.version is V16:
            answer = await self.ask(
                "SetChargingProfile", {"connectorId": place, "csChargingProfiles": profile}
            )
        else:
            answer = await self.ask("SetChargingProfile", {"evseId": place, "chargingProfile": profile})
        return spoken(answer)

    async def composite(self, place: int, duration: int, unit: str | None = None) -> list[tuple[int, float]]:
        """The periods of the composite schedule."""
        schedule = await self.schedule(place, duration, unit)
        return [(one["startPeriod"], one["limit"]) for one in schedule["chargingSchedulePeriod"]]

    async def schedule(self, place: int, duration: int, unit: str | None = None) -> Payload:
        """The composite schedule."""
        asked: Payload = {"duration": duration} | ({"chargingRateUnit": unit} if unit else {})
        old = self.version is V16
        answer = await self.ask("GetCompositeSchedule", {"connectorId" if old else "evseId": place} | asked)
        assert answer["status"] == "Accepted", answer
        found: Payload = answer["chargingSchedule" if old else "schedule"]
        assert found["duration"] == duration
        return found

    async def clear(self, **criteria: Any) -> str:
        """Clear profiles: by `id`, or by `place`, `purpose` and `stack`."""
        id = criteria.pop("id", None)
        old = self.version is V16
        names = {
            "place": "connectorId" if old else "evseId",
            "purpose": "chargingProfilePurpose",
            "stack": "stackLevel",
        }
        wanted = {names[name]: value for name, value in criteria.items()}
        if id is not None:
            return spoken(await self.ask("ClearChargingProfile", {"id" if old else "chargingProfileId": id}))
        if old:
            return spoken(await self.ask("ClearChargingProfile", wanted))
        return spoken(
            await self.ask("ClearChargingProfile", {"chargingProfileCriteria": wanted} if wanted else {})
        )

    async def reported(self, place: int | None = None, **criteria: Any) -> list[Payload]:
        """The ReportChargingProfiles that GetChargingProfiles (2.x) brings; none for NoProfiles."""
        self.forget()
        request: Payload = {"requestId": 7, "chargingProfile": criteria}
        if place is not None:
            request["evseId"] = place
        answer = await self.ask("GetChargingProfiles", request)
        reports = self.of("ReportChargingProfiles")
        assert (answer["status"] == "Accepted") is bool(reports)
        assert all(report["requestId"] == 7 for report in reports)
        assert [report["tbc"] for report in reports] == [True] * (len(reports) - 1) + [False] * bool(reports)
        return reports

    @property
    def amps(self) -> float:
        """What flows at EVSE 1 per phase."""
        return self.flowing(1)

    def flowing(self, evse: int) -> float:
        """What flows at an EVSE per phase."""
        meter = self.station.evses[evse - 1].meter
        return round(meter.watts / 230 / max(meter.phases, 1), 2)


def spoken(answer: Payload) -> str:
    """The status of an answer with its reason code, if there is one: `Rejected TxNotFound`."""
    return " ".join(
        [answer["status"], *([answer["statusInfo"]["reasonCode"]] if "statusInfo" in answer else [])]
    )


def ids(reports: list[Payload]) -> list[tuple[int, int]]:
    """The EVSE and id of each profile that was reported."""
    return [(report["evseId"], one["id"]) for report in reports for one in report["chargingProfile"]]
