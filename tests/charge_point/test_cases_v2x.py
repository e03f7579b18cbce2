"""Bidirectional charging (2.1 Q) and what came with it: the ids are the OCTT's, of which only the titles are known."""

from __future__ import annotations

from typing import Any

import pytest

from charge_point.authorization import Token
from charge_point.ev import vehicle
from charge_point.smart_charging.balancing import Thresholds, balanced, measured
from charge_point.smart_charging.limits import external_limit
from charge_point.smart_charging.profiles import Profiles
from shared.versions import V21
from tests.charge_point.charging import Charging
from tests.charge_point.wired import TOKEN

Payload = dict[str, Any]

CAR = {"battery": 60_000, "soc": 50, "discharge": 11_000, "reserve": 20, "iso15118": "20"}
BALANCE = {"UpperThreshold": 10_000, "LowerThreshold": -2000, "UpperOffset": 0, "LowerOffset": 0}


async def v2x(car: Payload = CAR, *, balance: Payload | None = None, **variables: Any) -> Charging:
    """A car that can give back, plugged in and authorized; the CSMS sends no schedule by itself."""
    own = {f"V2XChargingCtrlr.LocalLoadBalancing[{name}]": value for name, value in (balance or {}).items()}
    at = Charging(V21, variables=own | variables)
    at.script["NotifyEVChargingNeeds"] = lambda request: {"status": "NoChargingProfile"}
    at.script["NotifyEVChargingSchedule"] = lambda request: {"status": "Accepted"}
    await at.start()
    at.station.plug_in(1, ev=vehicle(car))
    await at.settle()
    await at.station.present(TOKEN, 1)
    await at.settle(2)
    return at


def in_mode(at: Charging, mode: str, *, unit: str = "W", **period: Any) -> Payload:
    """A TxProfile whose one period is in an operation mode; it has only what `period` says."""
    more = {
        name: period.pop(name)
        for name in ("kind", "start", "duration", "maxOfflineDuration")
        if name in period
    }
    transaction = at.station.evses[0].transaction
    assert transaction is not None
    made = at.profile((0, 0.0), purpose="TxProfile", transactionId=transaction.id, unit=unit, **more)
    (one,) = made["chargingSchedule"][0]["chargingSchedulePeriod"]
    del one["limit"]
    one |= {"operationMode": mode} | period
    return made


DYNAMIC = {"kind": "Dynamic", "start": None}


def watts(at: Charging) -> float:
    return at.station.evses[0].meter.watts


def sleeps(at: Charging) -> list[bool]:
    return [one.get("evseSleep", False) for one in at.of("TransactionEvent")]


# --- measurands (Q01) ----------------------------------------------------------------------------------------------


async def test_tc_q_100_each_mode_may_have_measurands_of_its_own() -> None:
    own = {"V2XChargingCtrlr.TxUpdatedMeasurands[CentralSetpoint]": "Power.Active.Export,Power.Active.Import"}
    at = await v2x(**own, **{"SampledDataCtrlr.TxUpdatedInterval": "60"})

    async def sampled() -> set[str]:
        at.forget()
        await at.settle(60)
        (told,) = [one for one in at.of("TransactionEvent") if one["triggerReason"] == "MeterValuePeriodic"]
        return {value["measurand"] for value in told["meterValue"][0]["sampledValue"]}

    assert await sampled() == {"Energy.Active.Import.Register"}
    assert await at.send(1, in_mode(at, "CentralSetpoint", setpoint=-3000.0)) == "Accepted"
    assert await sampled() == {"Energy.Active.Import.Register", "Power.Active.Export", "Power.Active.Import"}
    assert await at.send(1, in_mode(at, "Idle")) == "Accepted"  # Q01.FR.35: of the present mode alone
    assert await sampled() == {"Energy.Active.Import.Register"}
    await at.end()


# --- energy transfer (Q01, Q02) ----------------------------------------------------------------------------------


def allowing(at: Charging, *modes: str) -> None:
    at.script["Authorize"] = lambda request: {
        "idTokenInfo": {"status": "Accepted"},
        "allowedEnergyTransfer": list(modes),
    }


async def asks(*modes: str, car: Payload = CAR) -> tuple[Charging, Payload]:
    """A car of a driver to whom Authorize allows `modes`, and the needs that it tells."""
    at = Charging(V21)
    if modes:
        allowing(at, *modes)
    at.script["NotifyEVChargingNeeds"] = lambda request: {"status": "NoChargingProfile"}
    await at.start()
    at.station.plug_in(1, ev=vehicle(car))
    await at.station.present(TOKEN, 1)
    await at.settle(2)
    (needs,) = at.of("NotifyEVChargingNeeds")
    return at, dict(needs["chargingNeeds"])


@pytest.mark.parametrize(
    ("case", "modes", "asked"),
    [
        ("TC_Q_101", ("AC_three_phase", "AC_BPT"), "AC_BPT"),
        ("TC_Q_102", (), "AC_three_phase"),  # Q02.FR.04
        ("TC_Q_102", ("AC_three_phase",), "AC_three_phase"),
        ("TC_Q_102", ("DC", "DC_BPT"), "AC_three_phase"),
    ],
)
async def test_a_car_asks_for_both_ways_where_it_is_allowed(
    case: str, modes: tuple[str, ...], asked: str
) -> None:
    at, about = await asks(*modes)
    assert about["requestedEnergyTransfer"] == asked
    assert about["availableEnergyTransfer"] == ["AC_three_phase", "AC_BPT"]
    assert about["controlMode"] == "ScheduledControl"
    await at.end()


async def test_the_car_is_named_with_its_driver() -> None:
    at, _ = await asks("AC_BPT")  # Q01.FR.02
    told = [one["idToken"] for one in at.of("TransactionEvent") if "idToken" in one]
    assert told
    for token in told:
        (info,) = token["additionalInfo"]
        assert (info["type"], len(info["additionalIdToken"])) == ("EVCCID", 12)
    await at.end()


async def test_tc_q_103_a_rejected_energy_transfer_ends_the_transaction() -> None:
    at = Charging(V21)
    at.script["NotifyEVChargingNeeds"] = lambda request: {"status": "Rejected"}
    await at.start()
    at.station.plug_in(1, ev=vehicle(CAR))
    await at.station.present(TOKEN, 1)
    await at.settle(2)
    assert at.events()[-1] == ("Ended", "AbnormalCondition", "ReqEnergyTransferRejected")  # Q01.FR.06
    await at.end()


async def test_tc_q_104_and_107_a_car_is_charged_only_until_both_ways_are_allowed() -> None:
    at, about = await asks()
    assert about["requestedEnergyTransfer"] == "AC_three_phase"
    assert watts(at) > 10_000
    transaction = at.station.evses[0].transaction
    assert transaction is not None
    request = {"transactionId": transaction.id, "allowedEnergyTransfer": ["AC_three_phase", "AC_BPT"]}
    at.forget()
    assert (await at.ask("NotifyAllowedEnergyTransfer", request))["status"] == "Accepted"  # Q02.FR.06
    (needs,) = at.of("NotifyEVChargingNeeds")
    assert needs["chargingNeeds"]["requestedEnergyTransfer"] == "AC_BPT"  # Q02.FR.07
    at.forget()
    request["allowedEnergyTransfer"] = ["AC_three_phase"]
    assert (await at.ask("NotifyAllowedEnergyTransfer", request))["status"] == "Accepted"
    (needs,) = at.of("NotifyEVChargingNeeds")
    assert needs["chargingNeeds"]["requestedEnergyTransfer"] == "AC_three_phase"
    at.forget()
    at.script["NotifyEVChargingNeeds"] = lambda request: {
        "status": "Rejected"
    }  # the renegotiation is refused
    assert (await at.ask("NotifyAllowedEnergyTransfer", request))["status"] == "Accepted"
    await at.settle(2)
    assert at.events()[-1] == ("Ended", "AbnormalCondition", "ReqEnergyTransferRejected")
    await at.end()


async def test_a_transfer_cannot_be_allowed_to_whom_does_not_negotiate() -> None:
    at = await v2x(CAR | {"iso15118": ""})
    transaction = at.station.evses[0].transaction
    assert transaction is not None
    request = {"transactionId": transaction.id, "allowedEnergyTransfer": ["AC_BPT"]}
    assert (await at.ask("NotifyAllowedEnergyTransfer", request))["status"] == "Rejected"
    await at.end()


# --- setpoints from the CSMS (Q03, Q04) -----------------------------------------------------------------------


async def test_tc_q_109_a_setpoint_is_pushed() -> None:
    at = await v2x()
    assert await at.send(1, in_mode(at, "CentralSetpoint", setpoint=5000.0, **DYNAMIC)) == "Accepted"
    assert watts(at) == pytest.approx(5000, abs=1)
    update = {"chargingProfileId": 1, "scheduleUpdate": {"setpoint": -4000.0}}
    assert (await at.ask("UpdateDynamicSchedule", update))["status"] == "Accepted"
    assert watts(at) == -4000
    await at.end()


async def test_tc_q_110_a_setpoint_is_pulled() -> None:
    at = await v2x()
    at.script["PullDynamicScheduleUpdate"] = lambda request: {
        "status": "Accepted",
        "scheduleUpdate": {"setpoint": -3000.0},
    }
    profile = in_mode(at, "CentralSetpoint", setpoint=5000.0, **DYNAMIC) | {"dynUpdateInterval": 30}
    assert await at.send(1, profile) == "Accepted"
    await at.settle(31)
    assert at.of("PullDynamicScheduleUpdate") == [{"chargingProfileId": 1}]
    assert watts(at) == -3000
    await at.end()


# --- values from an external system (Q05) ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("case", "mode", "name"),
    [("TC_Q_111", "ExternalSetpoint", "setpoint"), ("TC_Q_112", "ExternalLimits", "limit")],
)
async def test_an_external_system_gives_the_value_of_the_period(case: str, mode: str, name: str) -> None:
    at = await v2x()
    assert await at.send(1, in_mode(at, mode, **DYNAMIC)) == "Accepted"
    external_limit(at.station, 4600.0, unit="W", evse=1)
    assert watts(at) == pytest.approx(4600, abs=1)
    (report,) = await at.reported(chargingProfileId=[1])
    profile = report["chargingProfile"][0]
    assert profile["chargingSchedule"][0]["chargingSchedulePeriod"][0][name] == 4600  # Q05.FR.05, .06
    assert "dynUpdateTime" in profile
    await at.end()


async def test_tc_q_113_without_news_an_external_value_holds_for_its_duration() -> None:
    at = await v2x()  # Q05.FR.07
    assert await at.send(1, in_mode(at, "ExternalLimits", duration=60, **DYNAMIC)) == "Accepted"
    external_limit(at.station, 4600.0, unit="W", evse=1)
    await at.settle(50)
    assert watts(at) == pytest.approx(4600, abs=1)
    await at.settle(11)
    assert watts(at) > 10_000
    await at.end()


@pytest.mark.parametrize("evse", [0, 1])
async def test_tc_q_114_and_115_an_external_setpoint_is_followed_told_and_released(evse: int) -> None:
    at = await v2x()
    external_limit(at.station, -3000.0, unit="W", evse=evse, setpoint=True)
    await at.settle()
    assert watts(at) == -3000
    (report,) = await at.reported(chargingProfilePurpose="ChargingStationExternalConstraints")
    profile = report["chargingProfile"][0]
    (period,) = profile["chargingSchedule"][0]["chargingSchedulePeriod"]
    assert (profile["chargingProfileKind"], period["operationMode"], period["setpoint"]) == (
        "Dynamic",
        "ExternalSetpoint",
        -3000,
    )  # Q06.FR.04
    at.forget()
    external_limit(at.station, 5000.0, unit="W", evse=evse, setpoint=True)
    await at.settle()
    assert watts(at) == pytest.approx(5000, abs=1)  # Q06.FR.06
    assert at.of("NotifyChargingLimit")[0]["chargingLimit"]["chargingLimitSource"] == "EMS"  # Q06.FR.12
    (period,) = (await at.schedule(1, 60, "W"))["chargingSchedulePeriod"]
    assert period["setpoint"] == 5000
    external_limit(at.station, None, evse=evse)
    assert watts(at) > 10_000
    await at.end()


async def test_tc_q_116_a_schedule_of_setpoints_ends() -> None:
    at = await v2x()
    external_limit(at.station, -3000.0, unit="W", setpoint=True, duration=60)
    (report,) = await at.reported(chargingProfilePurpose="ChargingStationExternalConstraints")
    assert report["chargingProfile"][0]["chargingProfileKind"] == "Absolute"  # Q06.FR.03
    assert watts(at) == -3000
    await at.settle(61)
    assert watts(at) > 10_000
    await at.end()


@pytest.mark.parametrize(("first", "found"), [("ExternalSystem", -3000), ("CSMS", -6000)])
async def test_whose_setpoint_goes_first_is_a_setting(first: str, found: float) -> None:
    at = await v2x(**{"SmartChargingCtrlr.SetpointPriority": first})  # Q06.FR.21, .22
    assert await at.send(1, in_mode(at, "CentralSetpoint", setpoint=-6000.0)) == "Accepted"
    external_limit(at.station, -3000.0, unit="W", setpoint=True)
    assert watts(at) == found
    external_limit(at.station, None)
    assert watts(at) == -6000
    await at.end()


async def test_limits_of_the_session_hold_for_an_external_setpoint() -> None:
    at = await v2x()
    assert await at.send(1, in_mode(at, "ChargingOnly", limit=5000.0)) == "Accepted"
    external_limit(at.station, 9000.0, unit="W", setpoint=True)
    assert watts(at) == pytest.approx(5000, abs=1)
    await at.end()


async def test_a_setpoint_for_the_station_is_divided_among_those_that_charge() -> None:
    at = Charging(V21, evses=((1,), (1,)))  # Q06.FR.31
    at.script["NotifyEVChargingNeeds"] = lambda request: {"status": "NoChargingProfile"}
    await at.start()
    for evse in (1, 2):
        at.station.plug_in(evse, ev=vehicle(CAR))
        await at.station.present(Token(f"DRIVER{evse}"), evse)
        await at.settle(2)
    external_limit(at.station, -8000.0, unit="W", setpoint=True)
    assert [one.meter.watts for one in at.station.evses] == [-4000, -4000]
    at.station.evses[1].end_authorization("StopAuthorized", "Local")
    assert watts(at) == -8000
    await at.end()


async def test_a_setpoint_is_of_21_and_nothing_that_a_roof_makes() -> None:
    at = await v2x()
    with pytest.raises(ValueError, match="no local generation"):
        external_limit(at.station, 5.0, setpoint=True, generation=True)
    at.station.model.put("SmartChargingCtrlr.ExternalConstraintsProfileDisallowed", "true")
    assert not external_limit(at.station, -3000.0, unit="W", setpoint=True)  # Q06.FR.08
    assert watts(at) > 10_000
    await at.tasks.end()


# --- frequency support (Q07, Q08) ------------------------------------------------------------------------------


async def test_tc_q_117_and_118_central_frequency_support_ends_without_news() -> None:
    at = await v2x()
    profile = in_mode(at, "CentralFrequency", setpoint=2000.0, duration=60, **DYNAMIC)
    assert await at.send(1, profile) == "Accepted"
    update = {"chargingProfileId": 1, "scheduleUpdate": {"setpoint": -2000.0}}
    await at.settle(30)
    assert (await at.ask("UpdateDynamicSchedule", update))["status"] == "Accepted"
    await at.settle(50)
    assert watts(at) == -2000
    await at.settle(15)
    assert watts(at) > 10_000
    await at.end()


CURVE = [{"frequency": 49.8, "power": -8000}, {"frequency": 50.2, "power": 8000}]
SIGNALS = [{"signal": -1, "power": -2000}, {"signal": 1, "power": 2000}]


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"v2xBaseline": 0}, "Rejected NoFreqWattCurve"),  # Q08.FR.03
        ({"v2xBaseline": 0, "v2xFreqWattCurve": CURVE[:1]}, "Rejected NoFreqWattCurve"),
        ({"v2xFreqWattCurve": CURVE}, "Rejected NoFreqWattCurve"),
        (
            {"v2xBaseline": 0, "v2xFreqWattCurve": CURVE, "limit": 1.0},
            "Rejected InvalidSchedule",
        ),  # Q08.FR.04
        ({"v2xBaseline": 0, "v2xFreqWattCurve": CURVE, "setpoint": 1.0}, "Rejected InvalidSchedule"),
        ({"v2xBaseline": 0, "v2xFreqWattCurve": CURVE, "unit": "A"}, "Rejected InvalidSchedule"),  # Q08.FR.05
        ({"v2xBaseline": 0, "v2xFreqWattCurve": CURVE}, "Accepted"),
    ],
)
async def test_tc_q_119_frequency_support_needs_its_curve(more: Payload, said: str) -> None:
    at = await v2x()
    assert await at.send(1, in_mode(at, "LocalFrequency", **more)) == said
    await at.end()


async def test_tc_q_120_a_signal_of_the_grid_adds_to_it() -> None:
    at = await v2x()
    signal = {"timestamp": at.now(5), "signal": -1}
    assert (await at.ask("AFRRSignal", signal))["statusInfo"][
        "reasonCode"
    ] == "NoSignalWattCurve"  # Q08.FR.11
    mode = {"v2xBaseline": 0, "v2xFreqWattCurve": CURVE, "v2xSignalWattCurve": SIGNALS}
    assert await at.send(1, in_mode(at, "LocalFrequency", **mode)) == "Accepted"
    assert (await at.ask("AFRRSignal", signal | {"timestamp": at.now(5)}))["status"] == "Accepted"
    assert watts(at) == 0
    await at.settle(6)
    assert watts(at) == -2000  # Q08.FR.10
    await at.end()


# --- local load balancing (Q09) --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("load", "present", "found"),
    [(12_000, 0, -2000), (10_000, 0, 0), (-5000, 0, 3000), (0, -1500, -1500), (14_000, 3000, -1000)],
)
def test_what_is_balanced_is_moved_by_what_exceeds_the_thresholds(
    load: float, present: float, found: float
) -> None:
    assert balanced(load, present, Thresholds(10_000, -2000)) == found


def test_offsets_move_it_further() -> None:
    at = Thresholds(10_000, -5000, 1000, -1000)  # the example of the chapter: between +11 kW and -6 kW
    assert 12_000 + balanced(12_000, 0, at) == 11_000
    assert -7000 + balanced(-7000, 0, at) == -6000


async def test_tc_q_122_and_123_a_car_makes_up_for_the_load_of_the_building() -> None:
    at = await v2x(balance=BALANCE)
    assert await at.send(1, in_mode(at, "LocalLoadBalancing")) == "Accepted"
    assert watts(at) == 0
    events = at.of("TransactionEvent")[-1]
    assert (events["triggerReason"], events["transactionInfo"]["operationMode"]) == (
        "OperationModeChanged",
        "LocalLoadBalancing",
    )
    for building, car in ((14_000, -4000), (13_000, -4000), (-1000, -1000), (-8000, 6000), (-8500, 6500)):
        measured(at.station, building)
        assert watts(at) == pytest.approx(car, abs=1), building
    (period,) = (await at.schedule(1, 60, "W"))["chargingSchedulePeriod"]
    assert period["setpoint"] == 6500
    measured(at.station, 40_000)
    assert watts(at) == -11_000  # what the car can
    measured(at.station, 9000 + 11_000)
    assert watts(at) == -11_000  # its 9 kW are within the thresholds: nothing is to be done
    at.station.model.put("V2XChargingCtrlr#1.LocalLoadBalancing[UpperThreshold]", "12000")
    measured(at.station, 0)
    assert watts(at) == -2000
    await at.clear(id=1)
    assert (watts(at) > 10_000, at.station.part(Profiles).balance) == (True, {})
    await at.end()


async def test_limits_bound_what_is_balanced() -> None:
    at = await v2x(balance=BALANCE)  # Q09.FR.05
    profile = in_mode(at, "LocalLoadBalancing", limit=4600.0, dischargeLimit=-1500.0)
    assert await at.send(1, profile) == "Accepted"
    for building, car in ((20_000, -1500), (-20_000, 4600)):
        measured(at.station, building)
        assert watts(at) == pytest.approx(car, abs=1)
    await at.end()


MISSING = [
    ("TC_Q_122", None, {}, "Rejected MissingDevModelInfo"),
    (
        "TC_Q_122",
        BALANCE | {"UpperThreshold": -2000},
        {},
        "Rejected MissingDevModelInfo",
    ),
    ("TC_Q_123", {"UpperThreshold": 1, "LowerThreshold": 0}, {}, "Rejected MissingDevModelInfo"),
    (
        "TC_Q_125",
        BALANCE,
        {"V2XChargingCtrlr.SupportedOperationModes": "ChargingOnly,Idle"},
        "Rejected UnsupportedParam",
    ),
]


@pytest.mark.parametrize(
    ("case", "balance", "variables", "said"),
    MISSING,
    ids=[f"{row[0]} {at}" for at, row in enumerate(MISSING)],
)
async def test_without_thresholds_and_support_nothing_is_balanced(
    case: str, balance: Payload | None, variables: Payload, said: str
) -> None:
    at = await v2x(balance=balance, **variables)
    assert await at.send(1, in_mode(at, "LocalLoadBalancing")) == said
    await at.end()


async def test_balancing_is_in_watts_and_has_no_setpoint() -> None:
    at = await v2x(balance=BALANCE)
    assert await at.send(1, in_mode(at, "LocalLoadBalancing", unit="A")) == "Rejected InvalidSchedule"
    assert await at.send(1, in_mode(at, "LocalLoadBalancing", setpoint=1.0)) == "Rejected InvalidSchedule"
    await at.end()


# --- idle (Q10) --------------------------------------------------------------------------------------------------


async def test_tc_q_126_an_idle_evse_sleeps_until_it_is_wanted() -> None:
    at = await v2x()
    at.forget()
    assert await at.send(1, in_mode(at, "Idle", evseSleep=True)) == "Accepted"
    assert watts(at) == 0
    assert sleeps(at)
    assert all(sleeps(at))  # Q10.FR.04
    at.forget()
    assert await at.send(1, in_mode(at, "CentralSetpoint", setpoint=5000.0)) == "Accepted"
    assert watts(at) == pytest.approx(5000, abs=1)
    assert sleeps(at)
    assert not any(sleeps(at))
    await at.end()


async def test_tc_q_127_an_evse_that_cannot_sleep_is_not_sent_to_sleep() -> None:
    at = await v2x(**{"SmartChargingCtrlr.SupportsFeature[EvseSleep]": "false"})
    assert await at.send(1, in_mode(at, "Idle", evseSleep=True)) == "Rejected InvalidSchedule"  # K01.FR.126
    assert await at.send(1, in_mode(at, "Idle")) == "Accepted"
    assert not any(sleeps(at))
    await at.end()


@pytest.mark.parametrize("name", ["limit", "dischargeLimit", "setpoint", "setpointReactive"])
async def test_tc_q_128_idle_has_no_limits(name: str) -> None:
    at = await v2x()
    value = -1.0 if name == "dischargeLimit" else 1.0
    assert await at.send(1, in_mode(at, "Idle", **{name: value})) == "Rejected InvalidSchedule"
    await at.end()


# --- offline (Q11) -------------------------------------------------------------------------------------------------


async def test_tc_q_130_a_setpoint_does_not_outlive_its_time_offline() -> None:
    at = await v2x()
    profile = in_mode(at, "CentralSetpoint", setpoint=-3000.0, maxOfflineDuration=60)
    assert await at.send(1, profile) == "Accepted"
    assert watts(at) == -3000
    at.station.disconnected()
    await at.settle(59)
    assert watts(at) == -3000
    await at.settle(2)
    assert watts(at) > 10_000
    await at.tasks.end()
