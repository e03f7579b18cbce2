"""Limits from outside: the station follows them, and tells the CSMS."""

from __future__ import annotations

from typing import Any

import pytest

from charge_point.connector import NotNow
from charge_point.smart_charging.limits import external_limit
from shared.versions import V2X, V16, V21, V201, Version
from tests.charge_point.charging import Charging, ids

Payload = dict[str, Any]


async def charging(version: Version, **variables: str) -> Charging:
    at = Charging(
        version, variables={f"SmartChargingCtrlr.{name}": value for name, value in variables.items()}
    )
    await at.start()
    await at.charging()
    return at


async def test_an_external_limit_is_followed_told_and_released(version: Version) -> None:
    at = await charging(version)
    external_limit(at.station, 10.0)
    await at.settle()
    assert at.amps == 10
    assert await at.composite(1, 60) == [(0, 10)]
    external_limit(at.station, None)
    await at.settle()
    assert at.amps == 32
    told = at.actions("> GetCompositeSchedule", "MeterValues")
    if version is V16:
        assert told == []
    else:  # K11.FR.02, .04; K13.FR.02, .03
        assert told == ["NotifyChargingLimit", "TransactionEvent", "ClearedChargingLimit", "TransactionEvent"]
        assert at.of("NotifyChargingLimit") == [{"chargingLimit": {"chargingLimitSource": "EMS"}}]
        assert at.of("ClearedChargingLimit") == [{"chargingLimitSource": "EMS"}]
        assert {trigger for _, trigger, _ in at.events()} == {"ChargingRateChanged"}
    await at.end()


async def test_the_least_of_what_csms_and_others_allow_holds(version: Version) -> None:
    at = await charging(version)
    await at.set(1, (0, 12.0))
    external_limit(at.station, 16.0)
    external_limit(at.station, 4600.0, unit="W", source="SO", evse=1)
    assert at.amps == pytest.approx(4600 / 690, abs=0.01)
    external_limit(at.station, None, source="SO", evse=1)
    assert at.amps == 12
    await at.end()


async def test_small_changes_are_followed_but_not_told(version_2x: Version) -> None:
    at = await charging(version_2x, LimitChangeSignificance="20")
    for limit in (20.0, 18.0, 15.0):
        external_limit(at.station, limit)
        await at.settle()
        assert at.amps == limit
    assert len(at.of("NotifyChargingLimit")) == 2  # 20, and 15 by which it is 25 per cent
    await at.end()


async def test_the_schedule_is_told_where_that_is_wanted(version_2x: Version) -> None:
    at = await charging(version_2x, NotifyChargingLimitWithSchedules="true")
    external_limit(at.station, 10.0, evse=1, source="SO", critical=True, duration=600)
    await at.settle()
    (told,) = at.of("NotifyChargingLimit")
    assert told["chargingLimit"] == {"chargingLimitSource": "SO", "isGridCritical": True}
    assert told["evseId"] == 1
    (schedule,) = told["chargingSchedule"]
    assert (schedule["duration"], schedule["chargingSchedulePeriod"]) == (
        600,
        [{"startPeriod": 0, "limit": 10.0}],
    )
    await at.settle(600)
    assert at.amps == 32
    await at.end()


@pytest.mark.parametrize("version", V2X, ids=str)
async def test_tc_k_52_it_is_reported_as_an_external_constraint_and_cannot_be_cleared(
    version: Version,
) -> None:
    at = Charging(version)
    await at.start()
    external_limit(at.station, 10.0)
    purpose = "ChargingStationExternalConstraints"
    (report,) = await at.reported(chargingProfilePurpose=purpose)
    (profile,) = report["chargingProfile"]
    assert (report["evseId"], report["chargingLimitSource"], profile["id"]) == (0, "EMS", -1)
    assert profile["chargingProfileKind"] == ("Dynamic" if version is V21 else "Absolute")
    assert await at.clear(id=-1) == "Unknown NotFound"  # K10.FR.09
    assert await at.clear(purpose=purpose) == "Unknown NotFound"  # K10.FR.08
    assert await at.set(1, id=-1) == "Rejected InvalidProfileId"  # K01.FR.05
    assert await at.set(1, id=5) == "Accepted"
    assert await at.clear(stack=0) == "Accepted"
    assert ids(await at.reported(stackLevel=0)) == [(0, -1)]  # K10.FR.04
    await at.end()


async def test_what_happens_offline_is_told_afterwards(version_2x: Version) -> None:
    at = await charging(version_2x)
    at.connection.go_offline()
    await at.settle(1)
    external_limit(at.station, 10.0)
    assert at.amps == 10
    at.connection.come_online()
    await at.settle(5)
    assert len(at.of("NotifyChargingLimit")) == 1
    await at.end()


async def test_external_signals_can_be_switched_off(version_2x: Version) -> None:
    at = await charging(version_2x, ExternalControlSignalsEnabled="false")
    assert not external_limit(at.station, 10.0)
    assert at.amps == 32
    await at.end()


async def test_what_cannot_be_meant_is_refused_in_words() -> None:
    at = Charging(V201)
    await at.start()
    wrong: list[Payload] = [{"source": "EMSS"}, {"unit": "kW"}, {"evse": 7}, {"generation": True}]
    for how in wrong:
        with pytest.raises(ValueError, match=r"EMS|kW|EVSE 7|2\.1"):
            external_limit(at.station, 10.0, **how)
    with pytest.raises(NotNow, match="no limit in force"):
        external_limit(at.station, None)
    await at.end()


async def test_local_generation_adds_to_what_profiles_allow() -> None:
    at = await charging(V21)
    await at.set(1, (0, 10.0))
    external_limit(at.station, 4.0, generation=True)
    await at.settle()
    assert at.amps == 14  # K27
    assert at.of("NotifyChargingLimit") == [
        {"chargingLimit": {"chargingLimitSource": "EMS", "isLocalGeneration": True}}
    ]
    await at.end()


async def test_a_limit_can_be_typed_at_the_station() -> None:
    from charge_point.terminal import Terminal

    at = await charging(V201)
    prompt = Terminal(at.station, None, lambda: None).prompt
    for typed, amps in (
        ("external_limit 10", 10),
        ("external_limit 4140W 1", 6),
        ("external_limit none 1", 10),
    ):
        await prompt.obey(typed)
        await at.settle()
        assert at.amps == amps
    await at.end()


async def test_watts_from_outside_are_those_of_the_phases_that_there_are() -> None:
    at = Charging(V201, phases=1)
    await at.start()
    await at.charging()
    external_limit(at.station, 2300.0, unit="W")
    assert at.amps == 10
    await at.end()
