"""Smart charging: profiles that are set are followed at the plug, minute by minute."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from charge_point.outbox import Store
from shared.versions import V2X, V16, V21, Version
from tests.charge_point.charging import Charging, ids

Payload = dict[str, Any]


async def charging(version: Version, **setup: Any) -> tuple[Charging, str]:
    """A station that charges at EVSE 1, and the id of the transaction."""
    wired = Charging(version, **setup)
    await wired.start()
    return wired, await wired.charging()


def tx(wired: Charging, id: str) -> Payload:
    """What makes a profile one of the transaction."""
    return {"purpose": "TxProfile", "transactionId": wired.number if wired.version is V16 else id}


# --- the car's power follows ---------------------------------------------------------------------------------


async def test_the_car_follows_the_periods_of_a_profile(version: Version) -> None:
    wired, _ = await charging(version)
    assert await wired.set(1, (0, 10.0), (60, 16.0), (120, 6.0), duration=180) == "Accepted"
    seen = []
    for _ in range(4):
        seen.append(wired.amps)
        await wired.settle(60)
    assert seen == [10, 16, 6, 32]
    await wired.end()


async def test_nothing_allowed_suspends_and_goes_on_by_itself(version: Version) -> None:
    wired, _ = await charging(version)
    await wired.set(1, (0, 0.0), (60, 16.0))
    await wired.settle(1)
    states = wired.statuses() if version is V16 else wired.of("TransactionEvent")
    assert "SuspendedEVSE" in str(states[-1])
    assert wired.amps == 0
    await wired.settle(60)
    states = wired.statuses() if version is V16 else wired.of("TransactionEvent")
    assert "Charging" in str(states[-1])
    assert wired.amps == 16
    await wired.end()


async def test_a_profile_in_watts_is_divided_by_the_phases(version: Version) -> None:
    wired, _ = await charging(version)
    await wired.set(1, (0, 6900.0), unit="W")
    assert wired.amps == 10
    await wired.end()


async def test_a_default_profile_waits_for_the_session_and_a_relative_one_begins_with_it(
    version: Version,
) -> None:
    wired = Charging(version)
    await wired.start()
    assert await wired.set(1, (0, 8.0), (30, 16.0), kind="Relative") == "Accepted"
    await wired.settle(300)
    await wired.charging()  # 10 s of it
    assert wired.amps == 8
    await wired.settle(25)
    assert wired.amps == 16
    await wired.end()


async def test_a_profile_of_the_transaction_overrules_the_default_until_it_ends(version: Version) -> None:
    wired, id = await charging(version)
    await wired.set(1, (0, 8.0))
    assert await wired.set(1, (0, 16.0), id=2, duration=60, **tx(wired, id)) == "Accepted"
    assert wired.amps == 16
    await wired.settle(61)
    assert wired.amps == 8  # K02.FR.08
    await wired.end()


async def test_a_profile_of_the_transaction_is_gone_with_it(version: Version) -> None:
    wired, id = await charging(version)
    await wired.set(1, (0, 10.0), **tx(wired, id))
    wired.station.evses[0].end_authorization("RemoteStop", "Remote")
    await wired.settle()
    assert await wired.clear(id=1) in ("Unknown", "Unknown NotFound")
    await wired.end()


async def test_the_limit_of_the_station_is_shared(version: Version) -> None:
    wired = Charging(version, evses=((1,), (1,), (1,)))
    await wired.start()
    await wired.set(0, (0, 30.0), purpose="ChargingStationMaxProfile")
    await wired.charging(1)
    assert [wired.flowing(evse) for evse in (1, 2, 3)] == [30, 0, 0]
    await wired.charging(2)
    assert [wired.flowing(evse) for evse in (1, 2, 3)] == [15, 15, 0]
    await wired.set(2, (0, 8.0), id=2)
    assert [wired.flowing(evse) for evse in (1, 2, 3)] == [22, 8, 0]
    await wired.set(0, (0, 16.0), purpose="ChargingStationMaxProfile")
    await wired.charging(3)
    assert [wired.flowing(evse) for evse in (1, 2, 3)] == [8, 8, 0]  # less than 6 A each would serve nobody
    wired.station.evses[0].end_authorization("RemoteStop", "Remote")
    await wired.settle()
    assert [wired.flowing(evse) for evse in (1, 2, 3)] == [0, 8, 8]
    await wired.end()


async def test_a_default_for_all_is_for_each(version: Version) -> None:
    wired = Charging(version, evses=((1,), (1,)))
    await wired.start()
    await wired.set(0, (0, 10.0))
    await wired.charging(1)
    await wired.charging(2)
    assert [wired.flowing(evse) for evse in (1, 2)] == [10, 10]
    await wired.end()


async def test_an_idle_station_runs_no_timer_for_its_profiles(version: Version) -> None:
    from charge_point.smart_charging.profiles import Profiles

    wired = Charging(version)
    await wired.start()
    await wired.set(1, (0, 6.0), (60, 10.0))
    part = wired.station.part(Profiles)
    assert part.timer is None
    await wired.charging()
    assert part.timer is not None
    wired.station.evses[0].end_authorization("RemoteStop", "Remote")
    assert part.timer is None
    await wired.end()


async def test_a_changed_rate_is_told_when_it_is_significant(version_2x: Version) -> None:
    wired, _ = await charging(version_2x, variables={"SmartChargingCtrlr.LimitChangeSignificance": "20"})
    await wired.set(1, (0, 30.0), (10, 24.0), (20, 23.0), (30, 16.0))
    await wired.settle(40)
    changes = [kind for _, kind, _ in wired.events()]
    assert changes == ["ChargingRateChanged", "ChargingRateChanged"]  # 32 -> 24 -> 16
    await wired.end()


# --- keeping -------------------------------------------------------------------------------------------------


async def test_profiles_outlive_the_process_and_those_of_transactions_do_not(
    version: Version, tmp_path: Path
) -> None:
    store = Store(tmp_path)
    wired, id = await charging(version, store=store)
    await wired.set(1, (0, 10.0), id=1)
    await wired.set(0, (0, 20.0), id=2, purpose="ChargingStationMaxProfile")
    await wired.set(1, (0, 8.0), id=3, **tx(wired, id))
    wired.station.switch_off()
    await wired.end()
    store.close()
    again = Charging(version, store=Store(tmp_path))
    await again.start()
    assert [await again.clear(id=number) for number in (1, 2)] == ["Accepted", "Accepted"]
    assert (await again.clear(id=3)).startswith("Unknown")
    await again.end()


async def test_profiles_outlive_a_reset(version: Version) -> None:
    wired = Charging(version)
    await wired.start()
    await wired.set(1, (0, 10.0))
    await wired.ask("Reset", {"type": "Hard" if version is V16 else "Immediate"})
    await wired.settle(30)
    await wired.charging()
    assert wired.amps == 10
    await wired.end()


async def test_offline_a_profile_holds_on(version: Version) -> None:
    wired, id = await charging(version)
    await wired.set(1, (0, 10.0), (300, 12.0), **tx(wired, id))
    wired.connection.go_offline()
    await wired.settle(310)
    assert wired.amps == 12  # K06.FR.01; 1.6 §3.13.6
    wired.connection.come_online()
    await wired.settle(5)
    await wired.end()


# --- remote start --------------------------------------------------------------------------------------------


def start(version: Version, profile: Payload) -> tuple[str, Payload]:
    if version is V16:
        return "RemoteStartTransaction", {"idTag": "04A1B2C3", "connectorId": 1, "chargingProfile": profile}
    token = {"idToken": "04A1B2C3", "type": "ISO14443"}
    return "RequestStartTransaction", {
        "idToken": token,
        "remoteStartId": 1,
        "evseId": 1,
        "chargingProfile": profile,
    }


@pytest.mark.parametrize("plugged", [True, False])
async def test_a_remote_start_brings_its_profile(version: Version, plugged: bool) -> None:
    wired = Charging(version)
    await wired.start()
    if plugged:
        wired.station.plug_in(1)
    profile = wired.profile((0, 10.0), purpose="TxProfile", kind="Relative")
    assert (await wired.ask(*start(version, profile)))["status"] == "Accepted"
    await wired.settle(5)
    if not plugged:
        wired.station.plug_in(1)
        await wired.settle(5)
    assert wired.amps == 10
    if version in V2X:
        assert [
            report["chargingProfile"][0] for report in await wired.reported(1, chargingProfileId=[1])
        ] == [profile]
    wired.station.evses[0].end_authorization("RemoteStop", "Remote")
    assert (await wired.clear(id=1)).startswith("Unknown")
    await wired.end()


@pytest.mark.parametrize("more", [{"purpose": "TxDefaultProfile"}, {"purpose": "TxProfile", "stack": 99}])
async def test_a_remote_start_with_an_unfit_profile_is_rejected(version: Version, more: Payload) -> None:
    wired = Charging(version)
    await wired.start()
    wired.station.plug_in(1)
    answer = await wired.ask(*start(version, wired.profile((0, 10.0), kind="Relative", **more)))
    assert answer["status"] == "Rejected"
    assert not wired.station.evses[0].is_authorized
    await wired.end()


# --- a station without ---------------------------------------------------------------------------------------


async def test_a_station_without_smart_charging_says_so(version: Version) -> None:
    wired = Charging(version, features=frozenset())
    await wired.start()
    wired.station.plug_in(1)
    place = {"connectorId": 1} if version is V16 else {"evseId": 1}
    profile = wired.profile()
    request = {"csChargingProfiles" if version is V16 else "chargingProfile": profile}
    assert await wired.refused("SetChargingProfile", place | request) == "NotSupported"
    assert (await wired.ask("GetCompositeSchedule", place | {"duration": 60}))["status"] == "Rejected"
    assert (await wired.clear(id=1)).startswith("Unknown")
    if version in V2X:
        assert await wired.reported() == []
    answer = await wired.ask(*start(version, profile))
    assert answer["status"] == "Accepted"  # K05.FR.04: the profile is ignored
    await wired.settle(5)
    assert wired.amps == 32
    await wired.end()


async def test_switched_off_it_is_a_station_without(version_2x: Version) -> None:
    wired, _ = await charging(version_2x)
    await wired.set(1, (0, 10.0))
    wired.station.model.put("SmartChargingCtrlr.Enabled", False)
    assert wired.amps == 32
    wired.station.model.put("SmartChargingCtrlr.Enabled", True)
    assert wired.amps == 10
    assert ids(await wired.reported()) == [(1, 1)]
    await wired.end()


async def test_the_profile_of_a_start_that_came_to_nothing_is_not_that_of_the_next(version: Version) -> None:
    wired = Charging(version, variables={"EVConnectionTimeOut": "30"})
    await wired.start()
    profile = wired.profile((0, 10.0), purpose="TxProfile", kind="Relative")
    assert (await wired.ask(*start(version, profile)))["status"] == "Accepted"
    await wired.settle(120)  # nobody plugs in
    await wired.charging()
    assert wired.amps == 32
    await wired.end()


async def test_what_the_grid_gives_the_station_is_in_the_composite_schedule(version: Version) -> None:
    wired = Charging(version, evses=((1,), (1,)), supply=40.0)
    await wired.start()
    assert await wired.composite(0, 60) == [(0, 40)]
    assert await wired.composite(0, 60, "W") == [(0, 27_600)]
    assert await wired.composite(1, 60) == [(0, 32)]
    await wired.end()


async def test_a_profile_of_16_is_reported_in_the_words_of_2x(tmp_path: Path) -> None:
    store = Store(tmp_path)
    old = Charging(V16, store=store)
    await old.start()
    await old.set(0, (0, 20.0), purpose="ChargingStationMaxProfile")
    old.station.switch_off()
    await old.end()
    store.close()
    new = Charging(V21, store=Store(tmp_path))
    await new.start()
    (report,) = await new.reported(
        0, chargingProfilePurpose="ChargingStationMaxProfile"
    )  # it is valid, or this raises
    assert report["chargingProfile"][0]["chargingSchedule"][0]["chargingSchedulePeriod"][0]["limit"] == 20
    await new.end()


async def test_a_station_that_loses_power_tells_nothing_of_limits(version_2x: Version) -> None:
    wired = Charging(version_2x, evses=((1,), (1,)))
    await wired.start()
    await wired.set(0, (0, 20.0), purpose="ChargingStationMaxProfile")
    await wired.charging(1)
    await wired.charging(2)
    assert [wired.flowing(evse) for evse in (1, 2)] == [10, 10]
    wired.forget()
    wired.station.power_cycle(5.0)
    await wired.settle(30)
    assert "ChargingRateChanged" not in [trigger for _, trigger, _ in wired.events()]
    await wired.end()
