"""The conformance cases of smart charging that test a station, each under its id."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from shared.versions import V16, V21, V201, Version
from tests.charge_point.charging import Charging, ids

Payload = dict[str, Any]
Case = Callable[[Charging], Awaitable[None]]

CASES: dict[str, tuple[Case, dict[str, Any]]] = {}
TWO = {"evses": ((1,), (1,))}
AMPS_ONLY = {"variables": {"SmartChargingCtrlr.RateUnit": "A"}}
MOST = "ChargingStationMaxProfile"
LOCAL = 32.0


def case(id: str, **setup: Any) -> Callable[[Case], Case]:
    def register(function: Case) -> Case:
        assert id not in CASES
        CASES[id] = (function, setup)
        return function

    return register


def near(found: list[tuple[int, float]], *wanted: tuple[int, float]) -> bool:
    """Whether the limits are those, from those seconds on; commands take their time, so within three seconds."""
    same = [limit for _, limit in found] == [limit for _, limit in wanted]
    return same and all(abs(one[0] - other[0]) <= 3 for one, other in zip(found, wanted, strict=True))


async def tx(at: Charging) -> Payload:
    """What makes a profile one of the transaction that now begins."""
    id = await at.charging()
    at.station.model.put("SmartChargingCtrlr.LimitChangeSignificance", 1.0) if at.version is not V16 else None
    return {"purpose": "TxProfile", "transactionId": at.number if at.version is V16 else id}


# --- K: setting ----------------------------------------------------------------------------------------------


@case("TC_K_01")
async def default_of_one_evse(at: Charging) -> None:
    profile = at.profile((0, 6.0), duration=300, period={"numberPhases": 3})
    assert await at.send(1, profile) == "Accepted"
    (report,) = await at.reported(chargingProfileId=[1])
    assert (report["evseId"], report["chargingProfile"]) == (1, [profile])


@case("TC_K_02")
async def tx_profile_without_a_transaction(at: Charging) -> None:
    assert await at.set(1, purpose="TxProfile", transactionId="UNKNOWN") == "Rejected TxNotFound"


@case("TC_K_03")
async def station_maximum(at: Charging) -> None:
    assert await at.set(0, purpose=MOST, duration=300, period={"numberPhases": 3}) == "Accepted"
    assert ids(await at.reported(chargingProfileId=[1])) == [(0, 1)]


@case("TC_K_04")
async def the_same_id_replaces(at: Charging) -> None:
    await at.set(1, (0, 6.0))
    after = at.profile((0, 10.0))
    assert await at.send(1, after) == "Accepted"
    assert [report["chargingProfile"] for report in await at.reported(chargingProfileId=[1])] == [[after]]


@case("TC_K_10")
async def default_of_all_evses(at: Charging) -> None:
    assert await at.set(0, (0, 6.0)) == "Accepted"
    assert ids(await at.reported(chargingProfileId=[1])) == [(0, 1)]


@case("TC_K_11")
async def tx_profile_of_the_station(at: Charging) -> None:
    assert await at.set(0, purpose="TxProfile", transactionId="X") == "Rejected InvalidProfile"


@case("TC_K_12", **AMPS_ONLY)
async def unit_not_supported(at: Charging) -> None:
    assert await at.set(1, (0, 6000.0), unit="W") == "Rejected UnsupportedRateUnit"


@case("TC_K_13")
async def it_survives_a_reboot(at: Charging) -> None:
    await at.set(1, (0, 6.0))
    await at.ask("Reset", {"type": "Immediate"})
    await at.settle(30)
    assert ids(await at.reported(chargingProfileId=[1])) == [(1, 1)]


@case("TC_K_14")
async def unknown_evse(at: Charging) -> None:
    assert await at.set(2) == "Rejected UnknownEvse"


@case("TC_K_15", features=frozenset())
async def no_smart_charging(at: Charging) -> None:
    request = {"evseId": 1, "chargingProfile": at.profile()}
    assert await at.refused("SetChargingProfile", request) == "NotSupported"


@case("TC_K_16")
async def another_transaction(at: Charging) -> None:
    await at.charging()
    assert await at.set(1, purpose="TxProfile", transactionId="UNKNOWN") == "Rejected TxNotFound"


@case("TC_K_19")
async def recurring(at: Charging) -> None:
    assert await at.set(1, kind="Recurring", recurrencyKind="Daily", duration=300) == "Accepted"
    assert await at.set(1, kind="Recurring", recurrencyKind="Weekly", duration=300) == "Accepted"


@case("TC_K_60")
async def tx_profile(at: Charging) -> None:
    profile = at.profile((0, 6.0), kind="Relative", period={"numberPhases": 3}, **await tx(at))
    assert await at.send(1, profile) == "Accepted"
    assert [report["chargingProfile"] for report in await at.reported(chargingProfileId=[1])] == [[profile]]


# --- K: validity in the composite schedule -------------------------------------------------------------------


@case("TC_K_21")
async def valid_later(at: Charging) -> None:
    assert await at.set(1, kind="Relative", validFrom=300) == "Accepted"
    assert await at.composite(1, 400) == [(0, LOCAL), (300, 6)]


@case("TC_K_22", **TWO)
async def valid_no_more(at: Charging) -> None:
    assert await at.set(0, validFrom=-4, validTo=300) == "Accepted"
    for evse in (1, 2):
        assert near(await at.composite(evse, 400), (0, 6), (300, LOCAL))
    assert (await at.composite(0, 400))[0] == (0, 12)


@case("TC_K_23")
async def starting_later(at: Charging) -> None:
    assert await at.set(1, start=60) == "Accepted"
    assert await at.composite(1, 300) == [(0, LOCAL), (60, 6)]


@case("TC_K_28")
async def default_during_a_transaction(at: Charging) -> None:
    await tx(at)
    assert await at.set(1, start=-4, duration=404) == "Accepted"
    assert await at.composite(1, 300) == [(0, 6)]
    assert at.amps == 6


# --- K: clearing ---------------------------------------------------------------------------------------------


@case("TC_K_05")
async def cleared_by_id(at: Charging) -> None:
    await at.set(1)
    assert await at.clear(id=1) == "Accepted"
    assert await at.reported(chargingProfileId=[1]) == []


@case("TC_K_06")
async def cleared_by_purpose_and_level(at: Charging) -> None:
    await at.set(1, stack=2)
    await tx(at)
    assert await at.clear(purpose="TxDefaultProfile", stack=2) == "Accepted"
    assert await at.reported(chargingProfilePurpose="TxDefaultProfile", stackLevel=2) == []


@case("TC_K_07")
async def nothing_fits(at: Charging) -> None:
    await at.set(1, stack=1)
    assert await at.clear(purpose=MOST, stack=0) == "Unknown NotFound"


@case("TC_K_08")
async def nothing_there(at: Charging) -> None:
    assert await at.clear(id=4711) == "Unknown NotFound"


@case("TC_K_09")
async def default_cleared_in_a_transaction(at: Charging) -> None:
    await at.set(1, duration=404)
    await tx(at)
    assert (at.amps, await at.composite(1, 300)) == (6, [(0, 6)])
    assert await at.clear(purpose="TxDefaultProfile") == "Accepted"
    assert (at.amps, await at.composite(1, 300)) == (LOCAL, [(0, LOCAL)])


@case("TC_K_24", **TWO)
async def several_fit(at: Charging) -> None:
    await at.set(1, id=1)
    await at.set(2, id=2)
    assert await at.clear(purpose="TxDefaultProfile", stack=0) == "Accepted"
    assert await at.reported(chargingProfilePurpose="TxDefaultProfile", stackLevel=0) == []


# --- K: reporting --------------------------------------------------------------------------------------------


async def two_profiles(at: Charging, *, stack: int = 0) -> None:
    await at.set(0, id=1, purpose=MOST)
    await at.set(1, id=2, stack=stack)


@case("TC_K_29")
async def of_the_station(at: Charging) -> None:
    await two_profiles(at)
    (report,) = await at.reported(0, stackLevel=0)
    assert [one["chargingProfilePurpose"] for one in report["chargingProfile"]] == [MOST]


@case("TC_K_30")
async def of_an_evse(at: Charging) -> None:
    await two_profiles(at)
    assert ids(await at.reported(1, stackLevel=0)) == [(1, 2)]


@case("TC_K_31")
async def of_all(at: Charging) -> None:
    await two_profiles(at)
    assert ids(await at.reported(stackLevel=0)) == [(0, 1), (1, 2)]


@case("TC_K_32")
async def by_id(at: Charging) -> None:
    await two_profiles(at)
    assert ids(await at.reported(chargingProfileId=[1])) == [(0, 1)]


@case("TC_K_33")
async def by_level(at: Charging) -> None:
    await two_profiles(at, stack=3)
    assert ids(await at.reported(1, stackLevel=3)) == [(1, 2)]
    assert await at.reported(1, stackLevel=0) == []


@case("TC_K_34")
async def by_source(at: Charging) -> None:
    await two_profiles(at, stack=1)
    (report,) = await at.reported(1, chargingLimitSource=["CSO"])
    assert report["chargingLimitSource"] == "CSO"
    assert await at.reported(1, chargingLimitSource=["EMS"]) == []


@case("TC_K_35")
async def by_purpose(at: Charging) -> None:
    await two_profiles(at)
    await tx(at)
    assert ids(await at.reported(1, chargingProfilePurpose="TxDefaultProfile")) == [(1, 2)]


@case("TC_K_36")
async def by_purpose_and_level(at: Charging) -> None:
    await two_profiles(at)
    found = await at.reported(1, chargingProfilePurpose="TxDefaultProfile", stackLevel=0)
    assert ids(found) == [(1, 2)]


# --- K: remote start -----------------------------------------------------------------------------------------


def remote(profile: Payload) -> Payload:
    token = {"idToken": "04A1B2C3", "type": "ISO14443"}
    return {"idToken": token, "remoteStartId": 1, "evseId": 1, "chargingProfile": profile}


@case("TC_K_37")
async def profile_of_a_remote_start(at: Charging) -> None:
    at.station.plug_in(1)
    await at.settle()
    profile = at.profile((0, 6.0), purpose="TxProfile", kind="Relative", period={"numberPhases": 3})
    answer = await at.ask("RequestStartTransaction", remote(profile))
    assert answer["status"] == "Accepted"
    assert "transactionId" in answer
    await at.settle(5)
    assert at.events()[-1][1] in ("RemoteStart", "ChargingStateChanged")
    assert at.amps == 6
    assert [report["chargingProfile"] for report in await at.reported(chargingProfileId=[1])] == [[profile]]


@case("TC_K_38", features=frozenset())
async def profile_ignored_without_smart_charging(at: Charging) -> None:
    at.station.plug_in(1)
    await at.settle()
    profile = at.profile((0, 6.0), purpose="TxProfile", kind="Relative")
    assert (await at.ask("RequestStartTransaction", remote(profile)))["status"] == "Accepted"
    await at.settle(5)
    assert "RemoteStart" in [trigger for _, trigger, _ in at.events()]
    assert at.amps == LOCAL


# --- K: composite schedule -----------------------------------------------------------------------------------


@case("TC_K_39")
async def nothing_installed(at: Charging) -> None:
    before = at.now()
    schedule = await at.schedule(0, 300, "A")
    assert (schedule["evseId"], schedule["chargingRateUnit"]) == (0, "A")
    assert schedule["chargingSchedulePeriod"][0]["startPeriod"] == 0
    assert schedule["scheduleStart"][:18] == before[:18]


@case("TC_K_40")
async def levels(at: Charging) -> None:
    await at.set(1, (0, 6.0), (100, 8.0), (200, 10.0), id=1, duration=404)
    await at.set(1, (0, 7.0), (100, 9.0), id=2, stack=1, duration=150)
    assert near(await at.composite(1, 350), (0, 7), (100, 9), (150, 8), (200, 10))


@case("TC_K_41")
async def purposes(at: Charging) -> None:
    own = await tx(at)
    start = at.now()
    for place, profile in (
        (0, at.profile((0, 10.0), id=1, purpose=MOST, duration=86_400)),
        (1, at.profile((0, 6.0), (60, 10.0), (120, 8.0), (180, 15.0), (260, 8.0), id=2, duration=300)),
        (
            1,
            at.profile((0, 8.0), (50, 11.0), (140, 16.0), (200, 6.0), (240, 12.0), id=3, duration=260, **own),
        ),
    ):
        schedule = profile["chargingSchedule"]
        (schedule if at.version is V16 else schedule[0])["startSchedule"] = start
        assert await at.send(place, profile) == "Accepted"
    found = await at.composite(1, 400)
    assert near(found, (0, 8), (50, 10), (200, 6), (240, 10), (260, 8), (300, 10))


@case("TC_K_42", **AMPS_ONLY)
async def composite_in_an_unsupported_unit(at: Charging) -> None:
    answer = await at.ask("GetCompositeSchedule", {"evseId": 0, "duration": 300, "chargingRateUnit": "W"})
    assert answer["status"] == "Rejected"
    assert "schedule" not in answer


@case("TC_K_47")
async def composite_of_an_unknown_evse(at: Charging) -> None:
    answer = await at.ask("GetCompositeSchedule", {"evseId": 2, "duration": 300})
    assert answer["status"] == "Rejected"
    assert "schedule" not in answer


# --- 1.6 -----------------------------------------------------------------------------------------------------


@case("TC_056_CS")
async def default_16(at: Charging) -> None:
    assert await at.set(1, (0, 6.0), duration=300, period={"numberPhases": 3}) == "Accepted"
    schedule = await at.schedule(1, 300, "A")
    assert schedule["chargingRateUnit"] == "A"
    assert schedule["startSchedule"][:18] == at.now()[:18]
    assert (await at.composite(1, 299))[0] == (0, 6)


@case("TC_057_CS")
async def tx_profile_16(at: Charging) -> None:
    assert await at.set(1, (0, 6.0), duration=300, **await tx(at)) == "Accepted"
    assert await at.composite(1, 200) == [(0, 6)]


@case("TC_058_1_CS")
async def tx_profile_without_a_transaction_16(at: Charging) -> None:
    assert await at.set(1, purpose="TxProfile", transactionId=1) == "Rejected"


@case("TC_058_2_CS")
async def wrong_transaction_16(at: Charging) -> None:
    await at.charging()
    assert await at.set(1, purpose="TxProfile", transactionId=at.number + 1) == "Rejected"


@case("TC_059_CS")
async def remote_start_16(at: Charging) -> None:
    at.station.plug_in(1)
    profile = at.profile((0, 6.0), purpose="TxProfile", duration=300)
    request = {"idTag": "04A1B2C3", "connectorId": 1, "chargingProfile": profile}
    assert (await at.ask("RemoteStartTransaction", request))["status"] == "Accepted"
    await at.settle(5)
    assert (at.amps, await at.composite(1, 200)) == (6, [(0, 6)])


@case("TC_060_CS")
async def remote_start_with_a_default_16(at: Charging) -> None:
    request = {"idTag": "04A1B2C3", "connectorId": 1, "chargingProfile": at.profile()}
    assert (await at.ask("RemoteStartTransaction", request))["status"] == "Rejected"


@case("TC_066_CS")
async def purposes_16(at: Charging) -> None:
    await purposes(at)


@case("TC_067_CS")
async def clearing_16(at: Charging) -> None:
    await at.set(1, (0, 6.0), (60, 8.0), (200, 10.0), id=1, stack=1, duration=400)
    await at.set(1, (0, 7.0), (100, 9.0), id=2, duration=400)
    await at.set(0, (0, 11.0), (200, 12.0), id=3, purpose=MOST, duration=86_400)
    assert await at.clear(id=1) == "Accepted"
    assert [limit for _, limit in await at.composite(1, 350)] == [7, 9]
    assert await at.clear(purpose="TxDefaultProfile", stack=0) == "Accepted"
    assert [limit for _, limit in await at.composite(1, 350)] == [11, 12]
    assert await at.clear() == "Accepted"
    assert await at.composite(1, 350) == [(0, LOCAL)]


@case("TC_072_CS")
async def levels_16(at: Charging) -> None:
    await levels(at)


@case("TC_082_CS")
async def default_in_a_transaction_16(at: Charging) -> None:
    await at.charging()
    await default_16(at)
    assert at.amps == 6


# --- running them --------------------------------------------------------------------------------------------

ROWS = [
    pytest.param(version, id, id=f"{id}-{version.name}")
    for id in CASES
    for version in ((V16,) if id.endswith("_CS") else (V201, V21))
]


@pytest.mark.parametrize(("version", "id"), ROWS)
async def test_the_station_passes(version: Version, id: str) -> None:
    course, setup = CASES[id]
    at = Charging(version, **setup)
    await at.start()
    await course(at)
    await at.end()
