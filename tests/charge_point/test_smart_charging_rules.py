"""What charging profile a station does not take, and what it says then."""

from __future__ import annotations

from typing import Any

import pytest

from shared.versions import V2X, V16, V21, V201, VERSIONS, Version
from tests.charge_point.charging import Charging

Payload = dict[str, Any]

MOST = "ChargingStationMaxProfile"

# versions, EVSE, what is special, the status and reason code (2.x), the clause
ROWS: list[tuple[tuple[Version, ...], int, Payload, str, str]] = [
    (VERSIONS, 1, {}, "Accepted", "K01.FR.07"),
    (V2X, 1, {"purpose": "ChargingStationExternalConstraints"}, "Rejected InvalidProfile", "K01.FR.22"),
    (VERSIONS, 1, {"purpose": MOST}, "Rejected InvalidProfile", "K04.FR.03"),
    (V2X, 0, {"purpose": MOST, "kind": "Relative"}, "Rejected InvalidProfile", "K01.FR.38"),
    (V2X, 1, {"purpose": "TxProfile"}, "Rejected TxNotFound", "K01.FR.09"),
    (VERSIONS, 1, {"stack": 10}, "Rejected InvalidStackLevel", "1.6 §9.4.1"),
    (V2X, 1, {"start": None}, "Rejected InvalidSchedule", "K01.FR.40"),
    ((V16,), 1, {"start": None}, "Accepted", "1.6 §7.13"),
    (V2X, 1, {"kind": "Relative", "start": 0}, "Rejected InvalidSchedule", "K01.FR.41"),
    (VERSIONS, 1, {"kind": "Recurring"}, "Rejected InvalidProfile", "1.6 errata 3.56"),
    (VERSIONS, 1, {"validFrom": 60, "validTo": 0}, "Rejected InvalidProfile", "K01.FR.37"),
    (VERSIONS, 1, {"periods": [(5, 6.0)]}, "Rejected InvalidSchedule", "K01.FR.31"),
    (VERSIONS, 1, {"periods": [(0, 6.0), (60, 8.0), (60, 9.0)]}, "Rejected InvalidSchedule", "K01.FR.35"),
    ((V16, V201), 1, {"periods": [(0, -6.0)]}, "Rejected InvalidSchedule", "ChargingSchedulePeriod.limit"),
    (VERSIONS, 1, {"periods": [(at, 6.0) for at in range(25)]}, "Rejected TooManyElements", "1.6 §9.4.3"),
    (VERSIONS, 1, {"period": {"numberPhases": 2}}, "Rejected InvalidSchedule", "K01.FR.43"),
    (VERSIONS, 1, {"period": {"numberPhases": 1}}, "Accepted", "K01.FR.47"),
    (V2X, 1, {"period": {"numberPhases": 1, "phaseToUse": 1}}, "Accepted", "K01.FR.46"),
    (V2X, 1, {"period": {"numberPhases": 1, "phaseToUse": 2}}, "Rejected InvalidSchedule", "K01.FR.48"),
    (V2X, 1, {"period": {"numberPhases": 3, "phaseToUse": 1}}, "Rejected InvalidSchedule", "K01.FR.19"),
]


@pytest.mark.parametrize(
    ("version", "place", "more", "said"),
    [
        pytest.param(version, place, more, said, id=f"{version.name}-{clause}-{at}")
        for at, (versions, place, more, said, clause) in enumerate(ROWS)
        for version in versions
    ],
)
async def test_a_profile_is_taken_or_refused_for_its_reason(
    version: Version, place: int, more: Payload, said: str
) -> None:
    at = Charging(version)
    await at.start()
    more = dict(more)
    wanted = said.partition(" ")[0] if version is V16 else said
    assert await at.set(place, *more.pop("periods", []), **more) == wanted
    assert (await at.clear(id=1) == "Accepted") is (wanted == "Accepted")
    await at.end()


async def test_a_connector_that_is_not_there_is_a_mistake_in_16() -> None:
    at = Charging(V16)
    await at.start()
    request = {"connectorId": 2, "csChargingProfiles": at.profile()}
    assert await at.refused("SetChargingProfile", request) == "PropertyConstraintViolation"
    request = {"connectorId": 2, "duration": 60}
    assert await at.ask("GetCompositeSchedule", request) == {"status": "Rejected"}
    await at.end()


async def test_a_unit_that_a_16_station_lacks_is_not_supported() -> None:
    at = Charging(V16, variables={"ChargingScheduleAllowedChargingRateUnit": "Current"})
    await at.start()
    assert await at.set(1, (0, 6000.0), unit="W") == "NotSupported"
    await at.end()


async def test_a_schedule_without_periods_is_refused_where_the_schema_lets_it_pass() -> None:
    at = Charging(V16)
    await at.start()
    profile = at.profile()
    profile["chargingSchedule"]["chargingSchedulePeriod"] = []
    assert await at.send(1, profile) == "Rejected"
    await at.end()


async def test_16_replaces_what_2x_calls_a_duplicate(version: Version) -> None:
    at = Charging(version)
    await at.start()
    await at.set(1, (0, 10.0), id=1)
    second = await at.set(1, (0, 12.0), id=2)
    if version is V16:  # §3.13.2
        assert second == "Accepted"
        assert await at.clear(id=1) == "Unknown"
        assert await at.composite(1, 60) == [(0, 12)]
    else:  # K01.FR.06
        assert second == "Rejected DuplicateProfile"
        assert await at.set(1, (0, 12.0), id=2, stack=1) == "Accepted"
        assert await at.set(1, (0, 12.0), id=3, stack=2, validTo=60) == "Accepted"
        assert (
            await at.set(1, (0, 12.0), id=4, stack=2, validFrom=60, validTo=90) == "Accepted"
        )  # one after the other
    await at.end()


async def test_a_default_of_all_and_of_one_exclude_each_other_in_2x(version_2x: Version) -> None:
    at = Charging(version_2x, evses=((1,), (1,)))
    await at.start()
    await at.set(1, id=1)
    assert await at.set(0, id=2) == "Rejected DuplicateProfile"  # K01.FR.52
    assert await at.set(0, id=2, stack=1) == "Accepted"
    assert await at.set(2, id=3, stack=1) == "Rejected DuplicateProfile"  # K01.FR.53
    assert await at.set(0, id=1) == "Accepted"  # K01.FR.05: the same id moves
    await at.end()


async def test_16_replaces_the_default_of_one_connector_only() -> None:
    at = Charging(V16, evses=((1,), (1,)))
    await at.start()
    await at.set(0, (0, 10.0), id=1)
    assert await at.set(1, (0, 12.0), id=2) == "Accepted"
    assert (await at.composite(1, 60), await at.composite(2, 60)) == ([(0, 12)], [(0, 10)])
    await at.end()


async def test_no_more_are_taken_than_there_is_room_for(version: Version) -> None:
    from charge_point.catalogue import Override

    path = "SmartChargingCtrlr.Entries[ChargingProfiles]"
    room = {path: "2"} if version is V16 else {path: Override(high=2)}
    at = Charging(version, variables=room)
    await at.start()
    assert [await at.set(1, id=n, stack=n) for n in (1, 2)] == ["Accepted", "Accepted"]
    assert await at.set(1, id=3, stack=3) == ("Rejected" if version is V16 else "Rejected OutOfStorage")
    assert await at.set(1, id=2, stack=3) == "Accepted"
    if version is not V16:
        assert at.station.model.text(path) == "2"
    await at.end()


async def test_a_dc_evse_takes_no_choice_of_phases_in_21(version_2x: Version) -> None:
    at = Charging(version_2x, current="DC", amps=125.0, tethered=True)
    await at.start()
    said = await at.set(1, (0, 20_000.0), unit="W", period={"numberPhases": 3})
    assert said == ("Rejected NoPhaseForDC" if version_2x is V21 else "Accepted")  # K01.FR.44
    assert await at.set(1, (0, 20_000.0), unit="W") == "Accepted"
    await at.charging()
    assert at.station.evses[0].meter.watts == pytest.approx(20_000, rel=0.02)
    assert await at.composite(1, 60) == [(0, 20_000)]
    await at.end()


async def test_a_profile_of_another_transaction_is_refused(version: Version) -> None:
    at = Charging(version)
    await at.start()
    id = await at.charging()
    own: Any = at.number if version is V16 else id
    wrong: Any = at.number + 1 if version is V16 else "another"
    assert (await at.set(1, purpose="TxProfile", transactionId=wrong)).startswith("Rejected")
    assert await at.set(1, purpose="TxProfile", transactionId=own) == "Accepted"
    without = await at.set(1, id=2, stack=1, purpose="TxProfile")
    assert without == ("Accepted" if version is V16 else "Rejected MissingParam")  # 1.6 §7.8; K01.FR.03
    await at.end()


async def test_several_schedules_are_for_a_car_that_can_choose() -> None:
    at = Charging(V201)
    await at.start()
    id = await at.charging()
    profile = at.profile(purpose="TxProfile", transactionId=id)
    profile["chargingSchedule"] *= 2
    assert await at.send(1, profile) == "Rejected InvalidProfile"
    await at.end()
