"""What 2.1 adds to smart charging: dynamic schedules, priority, modes, delays, local time, battery and outage."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from charge_point.connector import NotNow
from charge_point.ev import vehicle
from charge_point.grid import grid
from charge_point.outbox import Store
from charge_point.smart_charging.limits import external_limit
from charge_point.smart_charging.modes import interpolated
from charge_point.smart_charging.priority import priority
from shared.versions import V21
from tests.charge_point.charging import Charging
from tests.charge_point.wired import TOKEN

Payload = dict[str, Any]


async def idle(*, store: Store | None = None, **variables: str) -> Charging:
    at = Charging(V21, variables=variables, store=store)
    await at.start()
    return at


async def charging(**variables: str) -> tuple[Charging, str]:
    at = await idle(**variables)
    return at, await at.charging()


def dynamic(at: Charging, limit: float | None = 10.0, **more: Any) -> Payload:
    """A Dynamic profile, which has no startSchedule."""
    return at.profile((0, limit if limit is not None else 0.0), kind="Dynamic", start=None, **more)


# --- dynamic -------------------------------------------------------------------------------------------------


async def test_tc_k_122_a_dynamic_schedule_is_updated_by_the_csms() -> None:
    at, _ = await charging()
    assert await at.send(1, dynamic(at)) == "Accepted"
    assert at.amps == 10
    update = {"chargingProfileId": 1, "scheduleUpdate": {"limit": 14.0}}
    assert (await at.ask("UpdateDynamicSchedule", update))["status"] == "Accepted"
    assert at.amps == 14
    (report,) = await at.reported(chargingProfileId=[1])
    (profile,) = report["chargingProfile"]
    assert profile["chargingSchedule"][0]["chargingSchedulePeriod"][0]["limit"] == 14
    assert "dynUpdateTime" in profile  # K28.FR.09
    await at.end()


async def test_only_a_dynamic_schedule_is_updated() -> None:
    at, _ = await charging()
    await at.set(1, (0, 10.0))
    for id in (1, 99):
        update = {"chargingProfileId": id, "scheduleUpdate": {"limit": 14.0}}
        assert (await at.ask("UpdateDynamicSchedule", update))["status"] == "Rejected"  # K28.FR.11
    assert at.amps == 10
    await at.end()


async def test_tc_k_121_the_station_asks_for_updates_at_their_interval() -> None:
    at, id = await charging()
    limits = iter([12.0, 14.0, 16.0, 18.0])
    at.script["PullDynamicScheduleUpdate"] = lambda request: {
        "status": "Accepted",
        "scheduleUpdate": {"limit": next(limits)},
    }
    profile = dynamic(at, purpose="TxProfile", transactionId=id, dynUpdateInterval=60)
    assert await at.send(1, profile) == "Accepted"
    seen = []
    for _ in range(3):
        seen.append(at.amps)
        await at.settle(60)
    assert seen == [10, 12, 14]
    at.station.evses[0].end_authorization("RemoteStop", "Remote")
    at.forget()
    await at.settle(300)
    assert at.of("PullDynamicScheduleUpdate") == []
    await at.end()


async def test_without_updates_a_dynamic_schedule_with_a_duration_ends() -> None:
    at, _ = await charging()
    await at.send(1, dynamic(at, duration=60))
    await at.settle(50)
    await at.ask("UpdateDynamicSchedule", {"chargingProfileId": 1, "scheduleUpdate": {"limit": 12.0}})
    await at.settle(50)
    assert at.amps == 12
    await at.settle(15)
    assert at.amps == 32
    await at.end()


async def test_tc_k_124_an_external_system_sets_the_value_of_a_profile_that_wants_it_so() -> None:
    at, id = await charging()
    profile = dynamic(at, purpose="TxProfile", transactionId=id, period={"operationMode": "ExternalLimits"})
    del profile["chargingSchedule"][0]["chargingSchedulePeriod"][0]["limit"]
    assert await at.send(1, profile) == "Accepted"
    assert at.amps == 32
    external_limit(at.station, 12.0)
    await at.settle()
    assert at.amps == 12
    assert await at.reported(chargingProfilePurpose="ChargingStationExternalConstraints") == []  # K29.FR.03
    await at.end()


async def test_tc_k_125_without_such_a_profile_an_external_value_is_a_dynamic_constraint() -> None:
    at, _ = await charging()
    external_limit(at.station, 12.0)
    await at.settle(5)
    assert at.amps == 12
    (notice,) = at.of("NotifyChargingLimit")
    assert notice["chargingLimit"]["chargingLimitSource"] == "EMS"

    async def reported() -> Payload:
        (report,) = await at.reported(chargingProfilePurpose="ChargingStationExternalConstraints")
        (profile,) = report["chargingProfile"]
        return dict(profile)

    first = await reported()
    (period,) = first["chargingSchedule"][0]["chargingSchedulePeriod"]
    assert (first["chargingProfileKind"], period["limit"]) == ("Dynamic", 12)  # K29.FR.04
    external_limit(at.station, 9.0)
    await at.settle(5)
    second = await reported()
    (period,) = second["chargingSchedule"][0]["chargingSchedulePeriod"]
    assert (second["id"], period["limit"], at.amps) == (first["id"], 9, 9)  # K29.FR.05
    assert second["dynUpdateTime"] > first["dynUpdateTime"]  # K29.FR.06
    await at.end()


INVALID_DYNAMIC: list[tuple[str, Payload, str]] = [
    ("K28.FR.01", {"periods": [(0, 6.0), (60, 8.0)]}, "Rejected InvalidSchedule"),
    ("K28.FR.02", {"periods": [(10, 6.0)]}, "Rejected InvalidSchedule"),
    ("K28.FR.02", {"start": 0}, "Rejected InvalidSchedule"),
    ("K28.FR.04", {"kind": "Relative", "dynUpdateInterval": 5}, "Rejected InvalidProfile"),
    ("K28.FR.06", {}, "Accepted"),
]


@pytest.mark.parametrize(
    ("more", "said"), [row[1:] for row in INVALID_DYNAMIC], ids=[row[0] for row in INVALID_DYNAMIC]
)
async def test_tc_k_123_a_dynamic_profile_is_looked_at(more: Payload, said: str) -> None:
    at = await idle()
    settings: dict[str, Any] = {"kind": "Dynamic", "start": None} | more
    assert await at.set(1, *settings.pop("periods", [(0, 6.0)]), **settings) == said
    if said == "Accepted":
        (report,) = await at.reported(chargingProfileId=[1])
        assert report["chargingProfile"][0]["dynUpdateTime"][:16] == at.now()[:16]  # K28.FR.05
    await at.end()


@pytest.mark.parametrize(
    ("case", "id", "said"),
    [("TC_K_109", 10, "Rejected InvalidProfileId"), ("TC_K_110", 11, "Accepted")],
)
async def test_ids_up_to_a_limit_are_those_of_external_constraints(case: str, id: int, said: str) -> None:
    at = await idle(**{"SmartChargingCtrlr.MaxExternalConstraintsId": "10"})
    assert await at.set(1, (0, 8.0), id=id) == said  # K01.FR.81
    external_limit(at.station, 9.0)
    external_limit(at.station, 12.0, source="SO")
    found = await at.reported(chargingProfilePurpose="ChargingStationExternalConstraints")
    own = [one["id"] for report in found for one in report["chargingProfile"]]
    assert len(set(own)) == 2
    assert max(own) <= 10  # K01.FR.82
    await at.end()


# --- priority ------------------------------------------------------------------------------------------------


async def test_tc_k_118_priority_overrules_the_profiles_of_the_transaction() -> None:
    at, id = await charging()
    await at.set(1, (0, 8.0), id=1)
    await at.set(0, (0, 20.0), id=2, purpose="ChargingStationMaxProfile")
    use = {"transactionId": id, "activate": True}
    assert (await at.ask("UsePriorityCharging", use))["status"] == "NoProfile"  # K21.FR.01
    assert await at.set(0, (0, 32.0), id=3, purpose="PriorityCharging") == "Accepted"
    assert (await at.ask("UsePriorityCharging", use))["status"] == "Accepted"
    assert at.amps == 20  # the maximum of the station still holds
    assert (await at.ask("UsePriorityCharging", use | {"activate": False}))["status"] == "Accepted"
    assert at.amps == 8
    told = at.of("NotifyPriorityCharging")
    assert told == [{"transactionId": id, "activated": True}, {"transactionId": id, "activated": False}]
    assert (await at.ask("UsePriorityCharging", {"transactionId": "?", "activate": True}))[
        "status"
    ] == "Rejected"
    await at.end()


async def test_tc_k_119_the_driver_asks_for_priority() -> None:
    at, id = await charging()
    await at.set(1, (0, 8.0), id=1)
    with pytest.raises(NotNow, match="cannot charge with priority"):
        priority(at.station)
    await at.set(1, (0, 30.0), id=3, purpose="PriorityCharging")
    priority(at.station)
    await at.settle()
    assert (at.amps, at.of("NotifyPriorityCharging")) == (30, [{"transactionId": id, "activated": True}])
    priority(at.station, on=False)
    assert at.amps == 8
    await at.end()


# --- rules ---------------------------------------------------------------------------------------------------

CENTRAL = {"operationMode": "CentralSetpoint", "setpoint": 8.0}
CURVE = [{"frequency": 49.9, "power": 0}, {"frequency": 50.1, "power": 4140}]
LOCAL = {"operationMode": "LocalFrequency", "v2xBaseline": 2070, "v2xFreqWattCurve": CURVE}
NO_LIMIT = {"limit": None}

RULES: list[tuple[str, Payload, str]] = [
    ("K01.FR.70", {"purpose": "PriorityCharging", "duration": 60}, "Rejected InvalidSchedule"),
    ("K01.FR.71", {"purpose": "PriorityCharging", "period": CENTRAL}, "Rejected InvalidSchedule"),
    ("K01.FR.81", {"id": -5}, "Rejected InvalidProfileId"),
    ("K01.FR.95", {"purpose": "PriorityCharging", "randomizedDelay": 5}, "Rejected InvalidSchedule"),
    ("K01.FR.122", {"dynUpdateInterval": 5}, "Rejected InvalidProfile"),
    ("K28.FR.02", {"kind": "Dynamic", "start": 0}, "Rejected InvalidSchedule"),
    ("Q10", {"period": {"operationMode": "Idle", **NO_LIMIT}}, "Accepted"),
    ("Q10.FR.02", {"period": {"operationMode": "Idle"}}, "Rejected InvalidSchedule"),
    ("Q08.FR.03", {"period": {"operationMode": "LocalFrequency", **NO_LIMIT}}, "Rejected NoFreqWattCurve"),
    ("Q08.FR.04", {"period": LOCAL, "unit": "W"}, "Rejected InvalidSchedule"),
    ("Q08.FR.05", {"period": LOCAL | NO_LIMIT}, "Rejected InvalidSchedule"),
    ("Q08", {"period": LOCAL | NO_LIMIT, "unit": "W"}, "Accepted"),
    ("V2X.05", {"period": CENTRAL}, "Rejected InvalidSchedule"),
    ("V2X.02", {"period": CENTRAL | NO_LIMIT}, "Accepted"),
    ("table 95", {"purpose": "LocalGeneration", "period": CENTRAL | NO_LIMIT}, "Rejected InvalidSchedule"),
    ("a limit is missing", {"period": NO_LIMIT}, "Rejected InvalidSchedule"),
]


def made(at: Charging, more: Payload) -> Payload:
    profile = at.profile((0, 6.0), **more)
    for period in profile["chargingSchedule"][0]["chargingSchedulePeriod"]:
        if period["limit"] is None:
            del period["limit"]
    return profile


@pytest.mark.parametrize(("more", "said"), [row[1:] for row in RULES], ids=[row[0] for row in RULES])
async def test_a_profile_of_21_is_taken_or_refused_for_its_reason(more: Payload, said: str) -> None:
    at = await idle()
    place = 0 if more.get("purpose") == "LocalGeneration" else 1
    assert await at.send(place, made(at, more)) == said
    await at.end()


@pytest.mark.parametrize(
    ("lacks", "more", "said"),
    [
        ("SupportsFeature[DynamicProfiles]", {"kind": "Dynamic", "start": None}, "Rejected UnsupportedKind"),
        ("SupportsFeature[UseLocalTime]", {"useLocalTime": True}, "Rejected InvalidSchedule"),
        ("SupportsFeature[RandomizedDelay]", {"randomizedDelay": 5}, "Rejected InvalidSchedule"),
        (
            "SupportsFeature[LimitAtSoC]",
            {"limitAtSoC": {"soc": 80, "limit": 6.0}},
            "Rejected InvalidSchedule",
        ),
        ("SupportsFeature[MaxOfflineDuration]", {"maxOfflineDuration": 60}, "Rejected InvalidProfile"),
        ("SupportedAdditionalPurposes", {"purpose": "PriorityCharging"}, "Rejected UnsupportedPurpose"),
    ],
)
async def test_tc_k_130_to_135_what_a_station_lacks_is_refused(lacks: str, more: Payload, said: str) -> None:
    value = "" if lacks == "SupportedAdditionalPurposes" else "false"
    at = await idle(**{f"SmartChargingCtrlr.{lacks}": value})
    assert await at.set(1, (0, 6.0), **more) == said
    await at.end()


# --- modes ---------------------------------------------------------------------------------------------------


async def test_tc_k_101_a_setpoint_is_followed_and_the_mode_told() -> None:
    at, _ = await charging()
    assert await at.send(1, made(at, {"period": CENTRAL | NO_LIMIT})) == "Accepted"
    assert at.amps == 8
    (told,) = [p for p in at.of("TransactionEvent") if p["triggerReason"] == "OperationModeChanged"]
    assert told["transactionInfo"]["operationMode"] == "CentralSetpoint"
    await at.clear(id=1)
    modes = [p["transactionInfo"].get("operationMode") for p in at.of("TransactionEvent")]
    assert [mode for mode in modes if mode] == ["CentralSetpoint", "ChargingOnly"]
    await at.end()


async def test_idle_takes_nothing() -> None:
    at, _ = await charging()
    await at.send(1, made(at, {"period": {"operationMode": "Idle", **NO_LIMIT}}))
    assert at.amps == 0
    await at.end()


async def test_power_follows_the_frequency_and_the_signals_of_the_grid() -> None:
    at, _ = await charging()
    signals = [{"signal": -1, "power": -2070}, {"signal": 0, "power": 0}, {"signal": 1, "power": 2070}]
    signal = {"timestamp": at.now(60), "signal": 1}
    assert (await at.ask("AFRRSignal", signal))["status"] == "Rejected"  # Q08.FR.11
    profile = made(at, {"period": LOCAL | NO_LIMIT | {"v2xSignalWattCurve": signals}, "unit": "W"})
    assert await at.send(1, profile) == "Accepted"
    assert at.amps == 6  # the baseline and half of the curve: 4140 W
    grid(at.station, hertz=50.1)
    assert at.amps == 9
    grid(at.station, hertz=50.105)  # less than LocalFrequencyUpdateThreshold
    assert (await at.ask("AFRRSignal", signal))["status"] == "Accepted"  # Q08.FR.10
    assert at.amps == 9
    await at.settle(60)
    assert at.amps == 12
    with pytest.raises(ValueError, match="40 to 70 Hz"):
        grid(at.station, hertz=16.7)
    await at.end()


def test_a_curve_is_straight_between_its_points_and_level_outside() -> None:
    points = [(49.0, -1000.0), (50.0, 0.0), (51.0, 500.0)]
    assert [interpolated(points, at) for at in (40, 49.5, 50, 50.5, 60)] == [-1000, -500, 0, 250, 500]


# --- time, battery, outage -----------------------------------------------------------------------------------


async def test_tc_k_106_and_112_random_delays_hold_for_one_transaction() -> None:
    at = await idle()
    periods = [(0, 6.0), (100, 8.0), (200, 10.0)]
    assert await at.set(1, *periods, kind="Relative", randomizedDelay=60) == "Accepted"
    assert await at.composite(1, 400) == periods  # K08.FR.06: as if there were none
    await at.charging()
    first = await at.composite(1, 400)
    assert [limit for _, limit in first] == [6, 8, 10]
    assert 85 <= first[1][0] <= 150
    again = await at.composite(1, 400)
    assert [abs(one[0] - other[0]) <= 1 for one, other in zip(first, again, strict=True)] == [True] * 3
    await at.end()


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"purpose": "ChargingStationMaxProfile"}, "Rejected InvalidSchedule"),  # K01.FR.95
        ({"purpose": "PriorityCharging"}, "Rejected InvalidSchedule"),
        ({"purpose": "TxDefaultProfile"}, "Accepted"),
    ],
)
async def test_tc_k_107_only_transactions_have_random_delays(more: Payload, said: str) -> None:
    at = await idle()
    assert await at.set(0, (0, 6.0), randomizedDelay=10, **more) == said
    await at.end()


async def test_tc_k_104_a_profile_for_priority_waits_until_it_is_used() -> None:
    at, id = await charging()
    assert await at.set(1, (0, 8.0), id=1) == "Accepted"
    assert await at.set(1, (0, 20.0), id=2, purpose="PriorityCharging") == "Accepted"
    assert at.amps == 8
    assert [
        one["chargingProfile"][0]["id"]
        for one in await at.reported(chargingProfilePurpose="PriorityCharging")
    ] == [2]
    assert (await at.ask("UsePriorityCharging", {"transactionId": id, "activate": True}))[
        "status"
    ] == "Accepted"
    assert at.amps == 20
    await at.end()


async def test_tc_k_120_what_a_house_allows_and_what_its_roof_adds() -> None:
    at, _ = await charging()
    external_limit(at.station, 10.0)
    external_limit(at.station, 6.0, generation=True)
    await at.settle(2)
    assert at.amps == 16  # K08.FR.04
    assert await at.composite(1, 60) == [(0, 16)]
    told = [one["chargingLimit"].get("isLocalGeneration", False) for one in at.of("NotifyChargingLimit")]
    assert told == [False, True]
    external_limit(at.station, None, generation=True)
    assert at.amps == 10
    await at.end()


async def test_tc_k_103_local_time_is_that_of_the_station() -> None:
    at = await idle(**{"ClockCtrlr.TimeOffset": "+02:00"})
    profile = at.profile((0, 6.0), useLocalTime=True)
    profile["chargingSchedule"][0]["startSchedule"] = "2026-01-01T12:05:00Z"  # 10:05 UTC; it is 10:00
    assert await at.send(1, profile) == "Accepted"
    found = await at.composite(1, 600)
    assert [limit for _, limit in found] == [32, 6]
    assert 290 <= found[1][0] <= 300
    at.station.model.put("ClockCtrlr.TimeOffset", "+03:00")
    assert await at.composite(1, 600) == [(0, 6)]
    await at.end()


async def test_tc_k_108_random_delays_hold_for_the_profile_of_a_transaction_too() -> None:
    at, id = await charging()
    profile = at.profile((0, 6.0), (60, 8.0), purpose="TxProfile", transactionId=id, randomizedDelay=100)
    assert await at.send(1, profile) == "Accepted"
    found = await at.composite(1, 400)
    assert [limit for _, limit in found] == [6, 8]
    assert found[1][0] != 60
    assert found[1][0] <= 160
    await at.end()


async def in_summer(**variables: str) -> Charging:
    """A station whose clock shows the last hour before summer time, by name or by announced offset."""
    at = await idle(**{f"ClockCtrlr.{name}": value for name, value in variables.items()})
    at.station.clock.offset += SUMMER_TIME - 1800 - at.station.clock.time()
    return at


SUMMER_TIME = 1_774_746_000.0
"""01:00 UTC on 29 March 2026, when clocks in Amsterdam go from 02:00 to 03:00."""

AMSTERDAM = [
    {"TimeZone": "Europe/Amsterdam"},
    {
        "TimeOffset": "+01:00",
        "TimeOffset[NextTransition]": "+02:00",
        "NextTimeOffsetTransitionDateTime": "2026-03-29T01:00:00Z",
    },
]


@pytest.mark.parametrize("variables", AMSTERDAM, ids=["zone", "announced offset"])
async def test_tc_k_136_a_daily_profile_keeps_its_local_time_when_summer_time_begins(
    variables: dict[str, str],
) -> None:
    at = await in_summer(**variables)
    profile = at.profile((0, 6.0), kind="Recurring", recurrencyKind="Daily", duration=600, useLocalTime=True)
    profile["chargingSchedule"][0]["startSchedule"] = "2026-03-01T03:15:00+07:00"  # whatever zone that is
    assert await at.send(1, profile) == "Accepted"
    # it is 01:30; 03:15 is an hour nearer than yesterday
    assert await at.composite(1, 86_400 + 3600) == [
        (0, 32),
        (2700, 6),
        (3300, 32),
        (2700 + 86_400, 6),
        (3300 + 86_400, 32),
    ]
    await at.end()


@pytest.mark.parametrize(
    ("path", "value", "status"),
    [
        ("TimeZone", "America/New_York", "Accepted"),
        ("TimeZone", "", "Accepted"),
        ("TimeZone", "Mars/Olympus", "Rejected"),
        ("TimeZone", "../secret", "Rejected"),
        ("TimeZone", "Europe", "Rejected"),
    ],
)
async def test_a_time_zone_is_one_that_there_is(path: str, value: str, status: str) -> None:
    at = await idle()
    wanted = {"component": {"name": "ClockCtrlr"}, "variable": {"name": path}, "attributeValue": value}
    answer = await at.ask("SetVariables", {"setVariableData": [wanted]})
    assert answer["setVariableResult"][0]["attributeStatus"] == status
    await at.end()


async def test_tc_k_102_less_is_given_to_a_battery_that_is_nearly_full() -> None:
    at = await idle()
    await at.set(1, (0, 32.0), limitAtSoC={"soc": 80, "limit": 8.0})
    at.station.plug_in(1, ev=vehicle({"battery": 40_000, "soc": 70, "curve": [(0, 1.0), (100, 1.0)]}))
    await at.station.present(TOKEN, 1)
    await at.settle(300)
    assert at.amps == 32
    await at.settle(600)  # 4000 Wh at 22 kW
    assert at.amps == 8
    await at.end()


@pytest.mark.parametrize("for_ever", [True, False])
async def test_tc_k_100_a_profile_may_hold_offline_for_a_while_only(for_ever: bool) -> None:
    at, _ = await charging()
    await at.set(1, (0, 8.0), id=1)
    more: Payload = {"invalidAfterOfflineDuration": True} if for_ever else {}
    await at.set(1, (0, 16.0), id=2, stack=1, maxOfflineDuration=60, **more)
    at.connection.go_offline()
    await at.settle(50)
    assert at.amps == 16
    await at.settle(20)
    assert at.amps == 8
    at.connection.come_online()
    await at.settle(5)
    assert at.amps == (8 if for_ever else 16)
    await at.end()


async def test_tc_k_105_and_129_what_persists() -> None:
    at = await idle()
    for id, purpose in enumerate(("ChargingStationMaxProfile", "PriorityCharging", "LocalGeneration"), 1):
        assert await at.set(0, (0, 6.0), id=id, purpose=purpose) == "Accepted"
    from charge_point.smart_charging.profiles import Profiles

    kept = at.station.part(Profiles).as_kept()
    assert [one["profile"]["id"] for one in kept] == [1, 2]  # K01.FR.27
    await at.end()


# --- a car that gives back -----------------------------------------------------------------------------------

V2X_CAR = {"battery": 60_000, "soc": 50, "discharge": 11_000, "reserve": 40, "iso15118": "20"}


async def bidirectional(*, store: Store | None = None) -> Charging:
    """A car that can discharge, plugged in and authorized; the CSMS sends no schedule by itself."""
    at = await idle(store=store)
    at.script["NotifyEVChargingNeeds"] = lambda request: {"status": "NoChargingProfile"}
    at.station.plug_in(1, ev=vehicle(V2X_CAR))
    await at.station.present(TOKEN, 1)
    await at.settle(2)
    return at


def discharging(at: Charging, watts: float = -6900.0, **more: Any) -> Payload:
    return made(
        at, {"period": {"operationMode": "CentralSetpoint", "setpoint": watts} | NO_LIMIT | more, "unit": "W"}
    )


async def test_a_negative_setpoint_is_energy_that_comes_back() -> None:
    at = await bidirectional()
    (needs,) = at.of("NotifyEVChargingNeeds")
    about = needs["chargingNeeds"]
    assert about["availableEnergyTransfer"] == ["AC_three_phase", "AC_BPT"]
    assert about["v2xChargingParameters"]["maxDischargePower"] == 11_000
    evse = at.station.evses[0]
    before, soc = evse.meter.energy, evse.ev.soc if evse.ev else None
    assert soc is not None
    at.forget()
    assert await at.send(1, discharging(at)) == "Accepted"
    assert (evse.meter.watts, evse.energy.value) == (-6900, "flowing")
    (period,) = (await at.schedule(1, 60, "W"))["chargingSchedulePeriod"]
    assert (period["limit"], period["setpoint"]) == (0, -6900)  # SC.04
    assert "SuspendedEVSE" not in str(at.of("TransactionEvent"))
    await at.settle(1800)
    names = ("Energy.Active.Export.Register", "Power.Active.Export", "Power.Active.Import", "Current.Export")
    values = {one.measurand: one.value for one in evse.read("Trigger", names).values if not one.phase}
    assert values["Energy.Active.Export.Register"] == pytest.approx(3450, abs=3)
    assert (values["Power.Active.Export"], values["Power.Active.Import"]) == (6900, 0)
    assert evse.meter.energy - before < 20  # two seconds of charging until the profile came
    assert evse.ev is not None
    assert evse.ev.soc == pytest.approx(soc - 100 * 3450 / 60_000, abs=0.1)
    await at.end()


async def test_it_gives_no_more_than_the_limits_allow_and_stops_at_the_reserve() -> None:
    at = await bidirectional()
    evse = at.station.evses[0]
    assert await at.send(1, discharging(at, -2000.0, dischargeLimit=-2000.0)) == "Accepted"
    assert evse.meter.watts == -2000
    update = {"chargingProfileId": 1, "scheduleUpdate": {"setpoint": -3000.0}}
    assert (await at.ask("UpdateDynamicSchedule", update))["status"] == "Rejected"  # it is not Dynamic
    assert await at.send(1, discharging(at, -50_000.0)) == "Accepted"
    assert evse.meter.watts == -11_000  # what the car can
    await at.settle(3600)
    assert evse.meter.watts == 0
    assert evse.ev is not None
    assert evse.ev.soc == pytest.approx(40, abs=0.1)
    assert at.of("TransactionEvent")[-1]["transactionInfo"]["chargingState"] == "SuspendedEV"
    await at.clear(id=1)
    assert evse.meter.watts > 0
    await at.end()


async def test_frequency_support_goes_both_ways() -> None:
    at = await bidirectional()
    curve = [
        {"frequency": 49.8, "power": -8000},
        {"frequency": 50.0, "power": 0},
        {"frequency": 50.2, "power": 8000},
    ]
    mode = {"operationMode": "LocalFrequency", "v2xBaseline": 0, "v2xFreqWattCurve": curve}
    assert await at.send(1, made(at, {"period": mode | NO_LIMIT, "unit": "W"})) == "Accepted"
    evse = at.station.evses[0]
    assert evse.meter.watts == 0
    for hertz, watts in ((50.15, 6000), (49.9, -4000), (50.2, 8000)):
        grid(at.station, hertz=hertz)
        assert evse.meter.watts == pytest.approx(watts, rel=0.001)
    await at.end()


async def test_the_prompt_knows_the_words_of_the_car_and_the_grid() -> None:
    from charge_point.terminal import Terminal

    at, _ = await charging()
    prompt = Terminal(at.station, None, lambda: None).prompt
    await at.set(1, (0, 8.0), id=1)
    await at.set(1, (0, 30.0), id=3, purpose="PriorityCharging")
    await prompt.obey("priority")
    assert at.amps == 30
    await prompt.obey("priority 1 off")
    assert at.amps == 8
    await prompt.obey("grid_frequency 49.9")
    for typed, why in (
        ("ev_needs 1 600", "no car that speaks ISO 15118"),
        ("grid_frequency fast", "no frequency"),
        ("external_limit much", "no limit"),
    ):
        assert why in await prompt.obey(typed)
    await at.end()


async def test_what_was_given_back_is_still_known_after_a_restart(tmp_path: Path) -> None:
    store = Store(tmp_path)
    at = await bidirectional(store=store)
    assert await at.send(1, discharging(at)) == "Accepted"
    await at.settle(600)
    at.station.evses[0].end_authorization("RemoteStop", "Remote")
    given = at.station.evses[0].meter.exported
    assert given > 1000
    at.station.switch_off()
    await at.end()
    store.close()
    again = Charging(V21, store=Store(tmp_path))
    assert again.station.evses[0].meter.exported == given
    await again.start()
    await again.end()
