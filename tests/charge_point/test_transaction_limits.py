"""Limits of a transaction: set by driver or CSMS, told once, kept, and lifted when they are raised (2.1 E16)."""

from __future__ import annotations

from typing import Any

import pytest

from charge_point.ev import vehicle
from charge_point.hands import limit
from charge_point.power import set_limit
from shared.versions import V16, V21, V201, Version
from tests.charge_point.sessions import AUT, ET, PPC, Session

Payload = dict[str, Any]


def limits(at: Session) -> list[Payload]:
    """The transactionLimits told since `forget`."""
    infos = [p["transactionInfo"] for p in at.of("TransactionEvent")]
    return [info["transactionLimit"] for info in infos if "transactionLimit" in info]


def energy(at: Session) -> float:
    evse = at.station.evses[0]
    transaction = evse.transaction or evse.last
    assert transaction is not None
    return evse.meter.advance(at.station.clock.elapsed()) - transaction.meter_start


def answered(at: Session, *wire: Payload) -> None:
    """The CSMS answers the next TransactionEvents with these limits, one each."""
    left = list(wire)

    def answer(request: Payload) -> Payload:
        own = at.info() if "idToken" in request else {}
        return own | ({"transactionLimit": left.pop(0)} if left else {})

    at.script["TransactionEvent"] = answer


async def test_a_limit_of_the_driver_is_told_once_and_holds_the_energy_back() -> None:
    at = await Session.at(V21, PPC, AUT)
    limit(at.station, 1, energy=1_000)
    await at.plug()
    await at.present()
    assert at.told()[0][:2] == ("Started", "Authorized")
    assert at.told()[1][:2] == ("Updated", "LimitSet")
    await at.settle(600)
    assert at.told()[-1] == ("Updated", "EnergyLimitReached", "SuspendedEVSE", "")
    assert limits(at) == [{"maxEnergy": 1_000}]
    assert energy(at) == pytest.approx(1_000, abs=0.1)
    await at.end()


async def test_a_limit_that_is_raised_lets_energy_flow_again() -> None:
    at = await Session.at(V21, PPC, AUT)
    await at.transfer()
    limit(at.station, 1, energy=500)
    await at.settle(600)
    at.forget()
    limit(at.station, 1, energy=900)
    await at.settle()
    assert [t[1:3] for t in at.told()] == [
        ("LimitSet", "SuspendedEVSE"),
        ("ChargingStateChanged", "Charging"),
    ]
    await at.settle(600)
    assert energy(at) == pytest.approx(900, abs=0.1)
    await at.end()


async def test_what_the_csms_sets_is_confirmed_and_is_the_last_word() -> None:
    at = await Session.at(V21, PPC, AUT)
    answered(at, {"maxEnergy": 800.0, "maxTime": 5_000})
    await at.transfer()
    assert limits_of_all(at) == [{"maxEnergy": 800.0, "maxTime": 5_000}]
    limit(at.station, 1, energy=10_000)  # E16.FR.04: no more than the CSMS allows
    await at.settle(600)
    assert limits(at) == [{"maxEnergy": 800.0}]
    assert energy(at) == pytest.approx(800, abs=0.1)
    await at.end()


def limits_of_all(at: Session) -> list[Payload]:
    """Of the whole session, also what was forgotten."""
    since, at._since = at._since, 0
    found = limits(at)
    at._since = since
    return found


async def test_a_limit_that_the_station_does_not_have_is_not_confirmed() -> None:
    supported = {"TxCtrlr__SupportedLimits": "maxEnergy"}
    at = await Session.at(V21, PPC, AUT, **supported)  # type: ignore[arg-type]
    answered(at, {"maxCost": 1.0})
    await at.transfer()
    assert limits_of_all(at) == []
    await at.end()


async def test_a_limit_that_is_exceeded_already_acts_at_once() -> None:
    at = await Session.at(V21, PPC, AUT)
    await at.transfer()
    limit(at.station, 1, energy=-1)
    await at.settle()
    assert [t[1] for t in at.told()] == ["LimitSet", "EnergyLimitReached"]
    await at.end()


@pytest.mark.parametrize(
    ("wanted", "trigger"),
    [
        ({"energy": 300.0}, "EnergyLimitReached"),
        ({"time": 200.0}, "TimeLimitReached"),
        ({"soc": 51.0}, "SoCLimitReached"),
    ],
)
async def test_with_stop_point_energy_the_limit_ends_the_transaction(
    wanted: dict[str, float], trigger: str
) -> None:
    at = await Session.at(V21, PPC, ET, ev=vehicle({"battery": 30_000, "soc": 50}))
    await at.transfer()
    limit(at.station, 1, **wanted)
    await at.settle(900)
    assert at.told()[-1][:2] == ("Ended", trigger)
    await at.end()


async def test_the_time_counts_from_the_beginning_of_the_transaction() -> None:
    at = await Session.at(V21, AUT, AUT, TxCtrlr__EVConnectionTimeOut=600)
    await at.present()
    limit(at.station, 1, time=100)
    await at.settle(80)
    await at.plug()
    at.forget()
    await at.settle(18)
    assert at.told() == []
    await at.settle(2)
    assert at.told() == [("Updated", "TimeLimitReached", "SuspendedEVSE", "")]
    await at.end()


async def test_the_cost_is_what_the_csms_says_it_is() -> None:
    at = await Session.at(V21, PPC, AUT)
    answered(at, {"maxCost": 10.0})
    await at.transfer()
    await at.ask("CostUpdated", {"totalCost": 9.0, "transactionId": at.running})
    assert at.told() == []
    await at.ask("CostUpdated", {"totalCost": 10.0, "transactionId": at.running})
    assert at.told() == [("Updated", "CostLimitReached", "SuspendedEVSE", "")]
    await at.end()


@pytest.mark.parametrize("version", [V16, V201], ids=str)
async def test_before_21_a_limit_of_the_driver_ends_the_session(version: Version) -> None:
    at = await Session.at(version, PPC, AUT)
    limit(at.station, 1, energy=500)
    await at.plug()
    await at.present()
    await at.settle(600)
    if version is V16:
        assert [p["reason"] for p in at.of("StopTransaction")] == ["Other"]
    else:
        assert at.told()[-1][:2] == ("Ended", "EnergyLimitReached")
        assert at.told()[-1][3] == "EnergyLimitReached"
    assert limits_of_all(at) == []
    await at.end()


async def test_an_unknown_limit_is_refused_with_advice() -> None:
    at = await Session.at(V21)
    with pytest.raises(ValueError, match="no limit of 'energie'; did you mean 'energy'"):
        limit(at.station, 1, energie=1)
    await at.end()


async def test_a_limit_that_is_reached_while_energy_is_held_back_is_told_all_the_same() -> None:
    at = await Session.at(V21, PPC, AUT)
    await at.transfer()
    limit(at.station, 1, time=100)
    set_limit(at.station.evses[0], "test", 0)
    await at.settle(100)
    assert [t[1:3] for t in at.told()] == [
        ("LimitSet", "Charging"),
        ("ChargingStateChanged", "SuspendedEVSE"),
        ("TimeLimitReached", "SuspendedEVSE"),
    ]
    at.forget()
    set_limit(at.station.evses[0], "test", None)
    await at.settle(100)
    assert at.told() == []
    await at.end()
