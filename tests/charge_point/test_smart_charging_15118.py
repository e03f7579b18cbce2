"""Cars that speak ISO 15118: they tell their needs, get a schedule, tell their own, and keep to it."""

from __future__ import annotations

from typing import Any

import pytest

from charge_point.ev import vehicle
from charge_point.smart_charging.negotiation import ev_needs
from shared.versions import V16, V21, V201, Version
from tests.charge_point.charging import Charging
from tests.charge_point.wired import TOKEN

Payload = dict[str, Any]

CAR = {"iso15118": "true", "battery": 60_000, "soc": 50, "amps": 16, "departure": 7200}


async def arrived(version: Version, status: str = "Accepted", car: Payload = CAR, **setup: Any) -> Charging:
    """Plugged in and authorized; the CSMS answers the needs of the car with `status`."""
    at = Charging(version, **setup)
    at.script["NotifyEVChargingNeeds"] = lambda request: {"status": status}
    at.script["NotifyEVChargingSchedule"] = lambda request: {"status": "Accepted"}
    await at.start()
    at.station.plug_in(1, ev=vehicle(car))
    await at.settle()
    await at.station.present(TOKEN, 1)
    await at.settle(2)
    return at


def mine(at: Charging, *periods: tuple[int, float], **more: Any) -> Payload:
    transaction = at.station.evses[0].transaction
    assert transaction is not None
    own = at.number if at.version is V16 else transaction.id
    return at.profile(*periods, purpose="TxProfile", transactionId=own, **more)


async def test_tc_k_53_energy_waits_for_the_schedule(version_2x: Version) -> None:
    at = await arrived(version_2x)
    (told,) = at.of("NotifyEVChargingNeeds")
    about = told["chargingNeeds"]
    assert (told["evseId"], about["requestedEnergyTransfer"]) == (1, "AC_three_phase")
    assert about["acChargingParameters"] == {
        "energyAmount": 30_000,
        "evMinCurrent": 6,
        "evMaxCurrent": 16,
        "evMaxVoltage": 400,
    }
    assert about["departureTime"][:16] == at.now(7198)[:16]
    assert (at.amps, at.station.evses[0].energy.value) == (0, "off")
    assert await at.send(1, mine(at, (0, 6.0), (600, 20.0))) == "Accepted"
    (schedule,) = at.of("NotifyEVChargingSchedule")
    periods = schedule["chargingSchedule"]["chargingSchedulePeriod"]
    assert [(one["startPeriod"], one["limit"]) for one in periods] == [
        (0, 4140),
        (600, 11_040),
    ]  # 16 A of the car
    assert schedule.get("selectedChargingScheduleId") == (1 if version_2x is V21 else None)
    assert at.amps == 6
    assert at.events()[-1][1] == "ChargingStateChanged"
    assert at.actions().index("NotifyEVChargingSchedule") < len(at.actions()) - 1
    await at.end()


async def test_tc_k_54_without_a_schedule_the_default_holds(version_2x: Version) -> None:
    at = Charging(version_2x)
    await at.start()
    await at.set(1, (0, 10.0))
    at.script["NotifyEVChargingNeeds"] = lambda request: {
        "status": "NoChargingProfile" if version_2x is V21 else "Rejected"
    }
    at.station.plug_in(1, ev=vehicle(CAR))
    await at.station.present(TOKEN, 1)
    await at.settle(2)
    assert (at.amps, at.of("NotifyEVChargingSchedule")) == (10, [])
    await at.end()


async def test_a_promised_schedule_that_never_comes_is_not_waited_for_longer_than_a_minute(
    version_2x: Version,
) -> None:
    at = await arrived(version_2x)
    await at.settle(50)
    assert at.amps == 0
    await at.settle(10)
    assert at.amps == 16
    await at.end()


async def test_a_schedule_that_is_still_thought_about_is_not_waited_for(version_2x: Version) -> None:
    at = await arrived(version_2x, "Processing")
    assert at.amps == 16  # K15.FR.05
    assert await at.send(1, mine(at, (0, 8.0))) == "Accepted"
    assert (at.amps, len(at.of("NotifyEVChargingSchedule"))) == (8, 1)
    await at.end()


async def test_tc_k_56_offline_the_car_charges_by_the_default(version_2x: Version) -> None:
    at = Charging(
        version_2x, variables={"LocalAuthorizeOffline": "true", "OfflineTxForUnknownIdEnabled": "true"}
    )
    at.script["NotifyEVChargingNeeds"] = lambda request: {"status": "Processing"}
    await at.start()
    await at.set(1, (0, 6.0))
    at.connection.go_offline()
    await at.settle(1)
    at.station.plug_in(1, ev=vehicle(CAR))
    assert (await at.station.present(TOKEN, 1)).outcome == "started"
    await at.settle(10)
    assert at.amps == 6
    at.connection.come_online()
    await at.settle(5)
    if version_2x is V21:  # K15.FR.20
        (told,) = at.of("NotifyEVChargingNeeds")
        assert told["timestamp"] < at.now(-10)
    await at.end()


async def test_tc_k_57_the_car_asks_anew(version_2x: Version) -> None:
    at = await arrived(version_2x)
    await at.send(1, mine(at, (0, 10.0)))
    at.forget()
    ev_needs(at.station, departure=600, energy=5000)
    await at.settle()
    (told,) = at.of("NotifyEVChargingNeeds")
    assert told["chargingNeeds"]["acChargingParameters"]["energyAmount"] == 5000
    assert at.amps == 10  # it goes on meanwhile
    assert await at.send(1, mine(at, (0, 15.0))) == "Accepted"
    assert (at.amps, len(at.of("NotifyEVChargingSchedule"))) == (15, 1)
    assert "ChargingRateChanged" in [trigger for _, trigger, _ in at.events()]
    await at.end()


async def test_tc_k_58_the_csms_asks_anew(version_2x: Version) -> None:
    at = await arrived(version_2x)
    await at.send(1, mine(at, (0, 10.0)))
    at.forget()
    assert await at.send(1, mine(at, (0, 8.0))) == "Accepted"
    assert (at.amps, len(at.of("NotifyEVChargingSchedule"))) == (8, 1)
    assert at.of("NotifyEVChargingNeeds") == []  # K16.FR.09
    await at.end()


async def test_a_car_may_choose_among_several_schedules(version_2x: Version) -> None:
    at = await arrived(version_2x)
    profile = mine(at, (0, 10.0))
    profile["chargingSchedule"].append(profile["chargingSchedule"][0] | {"id": 2})
    assert await at.send(1, profile) == "Accepted"
    assert at.amps == 10
    await at.end()


async def test_a_profile_before_the_needs_is_too_early(version_2x: Version) -> None:
    at = Charging(version_2x)
    await at.start()
    at.station.plug_in(1, ev=vehicle(CAR))  # the transaction begins with the plug
    await at.settle()
    assert await at.send(1, mine(at)) == "Rejected InvalidMessageSeq"  # K15.FR.17
    await at.end()


async def test_a_dc_car_tells_its_battery(version_2x: Version) -> None:
    at = await arrived(version_2x, current="DC", amps=125.0, tethered=True)
    (told,) = at.of("NotifyEVChargingNeeds")
    about = told["chargingNeeds"]
    assert about["requestedEnergyTransfer"] == "DC"
    assert about["dcChargingParameters"]["stateOfCharge"] == 50
    assert about["dcChargingParameters"]["evEnergyCapacity"] == 60_000
    await at.end()


async def test_part_20_has_parameters_of_its_own_and_a_refusal_ends_the_transaction() -> None:
    at = await arrived(V21, "Rejected", CAR | {"iso15118": "20"})
    about = at.of("NotifyEVChargingNeeds")[0]["chargingNeeds"]
    assert about["controlMode"] == "ScheduledControl"
    assert about["v2xChargingParameters"]["evTargetEnergyRequest"] == 30_000
    assert at.events()[-1] == ("Ended", "AbnormalCondition", "ReqEnergyTransferRejected")  # K18.FR.23
    await at.end()


async def test_16_knows_nothing_of_it() -> None:
    at = await arrived(V16)
    assert at.amps == 16
    assert at.of("NotifyEVChargingNeeds") == []
    await at.end()


@pytest.mark.parametrize("version", [V201, V21], ids=str)
async def test_a_negotiation_ends_with_its_transaction(version: Version) -> None:
    at = await arrived(version)
    at.station.evses[0].end_authorization("RemoteStop", "Remote")
    await at.settle(120)
    assert at.amps == 0
    assert at.station.evses[0].transaction is None or not at.station.evses[0].is_authorized
    await at.end()


async def test_tc_k_115_in_dynamic_control_mode_the_schedule_of_the_csms_is_that_of_the_car() -> None:
    at = await arrived(V21, "Accepted", CAR | {"iso15118": "20", "dynamic": True})
    assert at.of("NotifyEVChargingNeeds")[0]["chargingNeeds"]["controlMode"] == "DynamicControl"
    assert await at.send(1, mine(at, (0, 20.0))) == "Accepted"
    (told,) = at.of("NotifyEVChargingSchedule")
    assert told["chargingSchedule"]["chargingSchedulePeriod"] == [
        {"startPeriod": 0, "limit": 13_800}
    ]  # K19.FR.10
    assert at.amps == 16
    await at.end()


async def test_tc_k_116_in_dynamic_control_mode_the_car_may_want_something_else() -> None:
    at = await arrived(V21, "Accepted", CAR | {"iso15118": "20", "dynamic": True})  # K20
    await at.send(1, mine(at, (0, 10.0)))
    at.forget()
    ev_needs(at.station, departure=600, energy=4000)
    await at.settle()
    (told,) = at.of("NotifyEVChargingNeeds")
    about = told["chargingNeeds"]
    assert (about["controlMode"], about["v2xChargingParameters"]["evTargetEnergyRequest"]) == (
        "DynamicControl",
        4000,
    )  # K20.FR.01
    assert about["departureTime"][:16] == at.now(600)[:16]
    assert at.amps == 10  # until the CSMS has thought about it
    assert await at.send(1, mine(at, (0, 14.0), kind="Dynamic", start=None)) == "Accepted"  # K20.FR.03
    assert at.amps == 14
    await at.end()


async def test_tc_k_113_and_114_part_20_renegotiates_either_way() -> None:
    at = await arrived(V21, "Accepted", CAR | {"iso15118": "20"})
    await at.send(1, mine(at, (0, 10.0)))
    await at.send(1, mine(at, (0, 8.0)))
    assert (at.amps, len(at.of("NotifyEVChargingSchedule"))) == (8, 2)
    ev_needs(at.station, departure=600)
    await at.settle()
    await at.send(1, mine(at, (0, 12.0)))
    assert (at.amps, len(at.of("NotifyEVChargingNeeds"))) == (12, 2)
    await at.end()
