"""What the CSMS makes of the charging needs of cars: a profile within their limits, or one of several wrongs."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from csms.needs import wanted
from csms.option_needs import WORDS
from shared.clock import text
from shared.versions import V2X, V21, V201, Version
from tests.csms.dialled import RawStation, Serving, tries

Payload = dict[str, Any]

AC: Payload = {
    "requestedEnergyTransfer": "AC_three_phase",
    "acChargingParameters": {
        "energyAmount": 30_000,
        "evMinCurrent": 6,
        "evMaxCurrent": 20,
        "evMaxVoltage": 400,
    },
}
DC: Payload = {
    "requestedEnergyTransfer": "DC",
    "dcChargingParameters": {"evMaxCurrent": 200, "evMaxVoltage": 400, "evMaxPower": 50_000},
}
V2G: Payload = {
    "requestedEnergyTransfer": "AC_BPT",
    "controlMode": "DynamicControl",
    "v2xChargingParameters": {"maxChargePower": 11_000, "maxDischargePower": 7000},
}
ACCEPTED: Payload = {"status": "Accepted"}


async def charging(serving: Serving, version: Version, **script: Any) -> RawStation:
    """A station with a transaction on EVSE 1."""
    station = await serving.booted(version, **({"SetChargingProfile": ACCEPTED} | script))
    await station.call(
        "TransactionEvent",
        {
            "eventType": "Started",
            "timestamp": serving.csms.clock.now(),
            "triggerReason": "CablePluggedIn",
            "seqNo": 0,
            "transactionInfo": {"transactionId": "TX1"},
            "evse": {"id": 1, "connectorId": 1},
        },
    )
    return station


async def tells(station: RawStation, needs: Payload, evse: int = 1) -> str:
    answer = await station.call(
        "NotifyEVChargingNeeds", {"evseId": evse, "maxScheduleTuples": 24, "chargingNeeds": needs}
    )
    return str(answer["status"])


async def profile(station: RawStation, **of: Any) -> Payload:
    asked = await station.asks("SetChargingProfile", **of)
    assert asked.payload["evseId"] == 1
    found: Payload = asked.payload["chargingProfile"]
    assert (found["chargingProfilePurpose"], found["transactionId"]) == ("TxProfile", "TX1")
    return found


def period(found: Payload) -> Payload:
    (schedule,) = found["chargingSchedule"]
    (one,) = schedule["chargingSchedulePeriod"]
    return dict(one)


PROFILE = ("--charging-needs", "profile")


@pytest.mark.parametrize("version", V2X, ids=str)
async def test_k15_a_profile_follows_within_the_cars_limits_until_it_leaves(version: Version) -> None:
    async with Serving(PROFILE) as serving:
        station = await charging(serving, version)
        departs = text(serving.csms.clock.time() + 7200)
        assert await tells(station, AC | {"departureTime": departs}) == "Accepted"
        found = await profile(station)
        assert (found["id"], found["chargingProfileKind"]) == (1000, "Absolute")
        (schedule,) = found["chargingSchedule"]
        assert (schedule["chargingRateUnit"], schedule["duration"]) == ("A", 7200)
        assert abs(serving.time_of(schedule["startSchedule"])) < 1
        assert period(found) == {"startPeriod": 0, "limit": 20, "numberPhases": 3}


@tries("charging_power")
@pytest.mark.parametrize(
    ("needs", "watts", "limit"),
    [(AC, 6900, 10), (AC, 3000, 0), (AC, 50_000, 20), (DC, 22_000, 22_000), (DC, 90_000, 50_000)],
)
async def test_a_car_gets_no_more_than_the_site_has_and_nothing_below_its_minimum(
    needs: Payload, watts: int, limit: float
) -> None:
    async with Serving([*PROFILE, "--charging-power", str(watts)]) as serving:
        station = await charging(serving, V201)
        await tells(station, needs)
        assert period(await profile(station))["limit"] == limit


@tries("v2x_setpoint")
@pytest.mark.parametrize(
    ("setpoint", "told"), [(-5000, -5000), (-9000, -7000), (3000, 3000), (20_000, 11_000)]
)
async def test_k19_and_q_a_car_that_gives_back_gets_a_setpoint_within_what_it_can(
    setpoint: int, told: int
) -> None:
    async with Serving([*PROFILE, "--v2x-setpoint", str(setpoint)]) as serving:
        station = await charging(serving, V21)
        assert await tells(station, V2G) == "Accepted"
        found = await profile(station)
        assert found["chargingProfileKind"] == "Dynamic"
        assert "startSchedule" not in found["chargingSchedule"][0]  # K01.FR.41
        assert period(found) == {
            "startPeriod": 0,
            "operationMode": "CentralSetpoint",
            "setpoint": told,
        }


async def test_k18_in_scheduled_control_mode_the_profile_has_a_beginning() -> None:
    async with Serving(PROFILE) as serving:
        station = await charging(serving, V21)
        await tells(
            station,
            V2G | {"controlMode": "ScheduledControl", "requestedEnergyTransfer": "AC_three_phase"},
        )
        found = await profile(station)
        assert found["chargingProfileKind"] == "Absolute"
        assert period(found) == {"startPeriod": 0, "limit": 11_000}


ANSWERS = [
    ("none", "Rejected", "NoChargingProfile", False),
    ("profile", "Accepted", "Accepted", True),
    ("processing", "Processing", "Processing", True),
    ("promise", "Accepted", "Accepted", False),
    ("beyond", "Accepted", "Accepted", True),
    ("rejected", "Rejected", "Rejected", False),
]


@tries("charging_needs", "charging_needs_delay")
@pytest.mark.parametrize(("word", "old", "new", "follows"), ANSWERS, ids=[one[0] for one in ANSWERS])
@pytest.mark.parametrize("version", V2X, ids=str)
async def test_each_answer_is_followed_by_what_it_says(
    version: Version, word: str, old: str, new: str, follows: bool
) -> None:
    assert {one[0] for one in ANSWERS} == set(WORDS)
    async with Serving(["--charging-needs", word, "--charging-needs-delay", "100"]) as serving:
        station = await charging(serving, version)
        assert await tells(station, AC) == (old if version is V201 else new)
        await asyncio.sleep(99)
        assert [one.action for one in station.asked] == []
        await asyncio.sleep(2)
        assert [one.action for one in station.asked] == ["SetChargingProfile"] * follows
        if follows:
            assert period(await profile(station))["limit"] == (40 if word == "beyond" else 20)


async def test_without_a_transaction_nothing_is_promised() -> None:
    async with Serving(PROFILE) as serving:
        station = await charging(serving, V21)
        assert await tells(station, AC, evse=2) == "NoChargingProfile"
        assert len(serving.notes("needs_without_transaction")) == 1


@tries("allowed_energy_transfer")
async def test_tc_q_102_and_103_what_energy_transfer_is_allowed_is_told_and_kept_to() -> None:
    async with Serving([*PROFILE, "--allowed-energy-transfer", "AC_three_phase,AC_BPT"]) as serving:
        token = {"idToken": {"idToken": "T", "type": "ISO14443"}}
        old = await (await charging(serving, V201)).call("Authorize", token)
        assert "allowedEnergyTransfer" not in old
        station = await charging(serving, V21)
        assert (await station.call("Authorize", token))["allowedEnergyTransfer"] == [
            "AC_three_phase",
            "AC_BPT",
        ]
        assert await tells(station, DC) == "Rejected"  # Q01.FR.04
        assert await tells(station, V2G) == "Accepted"


@pytest.mark.parametrize("version", V2X, ids=str)
async def test_k16_a_schedule_beyond_ours_is_rejected_and_ours_set_anew_but_not_for_ever(
    version: Version,
) -> None:
    async with Serving(PROFILE) as serving:
        station = await charging(serving, version)
        await tells(station, AC)
        schedule = {
            "id": 1,
            "chargingRateUnit": "A",
            "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 32}],
        }
        for count in (1, 2, 3, 3):
            await asyncio.sleep(1)
            assert len([one for one in station.asked if one.action == "SetChargingProfile"]) == count
            answer = await station.call(
                "NotifyEVChargingSchedule",
                {"timeBase": serving.csms.clock.now(), "evseId": 1, "chargingSchedule": schedule},
            )
            assert answer == {"status": "Rejected"}
        assert [
            one.payload["chargingProfile"]["chargingSchedule"][0]["id"]
            for one in station.asked
            if one.action == "SetChargingProfile"
        ] == [1, 2, 3]


def test_what_a_car_does_not_say_is_no_limit() -> None:
    assert wanted({"requestedEnergyTransfer": "AC_single_phase"}).most == float("inf")
    assert wanted({"requestedEnergyTransfer": "AC_single_phase"}).phases == 1
    assert wanted({"v2xChargingParameters": {"maxChargePower": 1000, "maxChargePower_L2": 500}}).most == 1500
    assert wanted({"dcChargingParameters": {"evMaxCurrent": 100, "evMaxVoltage": 400}, "x": 1}).most == 40_000
