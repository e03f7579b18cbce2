"""Limits, interruptions and triggers of 2.1 (E, F, C) of the certification suite with the station under test, by id."""

from __future__ import annotations

from typing import Any

import pytest

from charge_point.hands import limit
from shared.versions import V21, Version
from tests.charge_point.sessions import AUT, EVC, PPC, Session
from tests.charge_point.watching import place
from tests.charge_point.wired import TOKEN
from tests.support import each_2x

Payload = dict[str, Any]
TARIFF = {
    "tariffId": "T1",
    "currency": "EUR",
    "energy": {"prices": [{"priceKwh": 1.0}]},
}


def limits(at: Session) -> list[Payload]:
    """What was told of limits since `forget`."""
    infos = [p["transactionInfo"] for p in at.of("TransactionEvent") if p["triggerReason"] == "LimitSet"]
    return [info["transactionLimit"] for info in infos]


def sets(at: Session, **own: float) -> None:
    """The CSMS answers the first TransactionEvent with these limits."""
    left = [own]

    def answer(request: Payload) -> Payload:
        about = at.info() if "idToken" in request else {}
        return about | ({"transactionLimit": left.pop()} if left else {})

    at.script["TransactionEvent"] = answer


async def start(at: Session) -> None:
    await at.plug()
    await at.present()
    await at.settle(2)


def reached(at: Session) -> list[tuple[str, str]]:
    """Trigger and state of each limit that was reached."""
    return [(step[1], step[2]) for step in at.told() if step[1].endswith("LimitReached")]


# --- limits (E16) ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("own", "trigger"),
    [
        ({"maxEnergy": 800.0}, "EnergyLimitReached"),  # TC_E_100, TC_E_104
        ({"maxTime": 120}, "TimeLimitReached"),  # TC_E_105
        ({"maxEnergy": 800.0, "maxTime": 7_200}, "EnergyLimitReached"),
    ],
)
async def test_a_limit_of_the_csms_is_confirmed_and_holds_the_energy_back(
    own: dict[str, float], trigger: str
) -> None:
    at = await Session.at(V21, PPC, AUT)
    sets(at, **own)
    await start(at)
    assert limits(at) == [own]
    await at.settle(900)
    assert reached(at) == [(trigger, "SuspendedEVSE")]
    assert at.station.evses[0].transaction is not None
    await at.end()


async def cost(at: Session, total: float) -> None:
    await at.ask("CostUpdated", {"totalCost": total, "transactionId": at.running})


@pytest.mark.parametrize("first", ["cost", "energy"])
async def test_tc_e_101_102__the_limit_of_the_cost_goes_by_what_the_csms_says(first: str) -> None:
    at = await Session.at(V21, PPC, AUT)
    sets(at, maxCost=10.0, maxEnergy=2_000.0)
    await start(at)
    assert limits(at) == [{"maxCost": 10.0, "maxEnergy": 2_000.0}]
    await cost(at, 9.0)
    assert reached(at) == []
    if first == "cost":
        await cost(at, 10.0)
        assert reached(at) == [("CostLimitReached", "SuspendedEVSE")]
    else:
        await at.settle(900)
        assert reached(at) == [("EnergyLimitReached", "SuspendedEVSE")]
    await at.end()


@pytest.mark.parametrize("by", ["csms", "driver"], ids=["TC_E_103", "TC_E_108"])
async def test_the_limit_of_the_cost_goes_by_what_the_station_reckons(by: str) -> None:
    at = await Session.at(V21, PPC, AUT)
    assert (await at.ask("SetDefaultTariff", {"evseId": 0, "tariff": TARIFF}))["status"] == "Accepted"
    if by == "csms":
        sets(at, maxCost=0.5)
    else:
        limit(at.station, 1, cost=0.5)
    await start(at)
    assert limits(at) == [{"maxCost": 0.5}]
    await at.settle(900)
    assert reached(at) == [("CostLimitReached", "SuspendedEVSE")]
    assert at.station.evses[0].meter.energy == pytest.approx(500, abs=1)  # at 1 per kWh
    await at.end()


@pytest.mark.parametrize(
    ("own", "wire", "trigger"),
    [
        ({"energy": 500.0}, {"maxEnergy": 500.0}, "EnergyLimitReached"),
        ({"time": 100.0}, {"maxTime": 100}, "TimeLimitReached"),
    ],
    ids=["TC_E_106", "TC_E_107"],
)
async def test_a_limit_of_the_station_is_told_and_kept(
    own: dict[str, float], wire: Payload, trigger: str
) -> None:
    at = await Session.at(V21, PPC, AUT)
    limit(at.station, 1, **own)
    await start(at)
    assert limits(at) == [wire]
    await at.settle(900)
    assert reached(at) == [(trigger, "SuspendedEVSE")]
    await at.end()


# --- interruptions (E17) --------------------------------------------------------------------------------------

RESUMES = ("Updated", "TxResumed", "Charging", "")
HELD = ("Updated", "TxResumed", "SuspendedEVSE", "")
LOST = ("Ended", "AbnormalCondition", "EVConnected", "PowerLoss")


@pytest.mark.parametrize(
    ("timeout", "flows", "away", "told"),
    [
        (60, False, 20, HELD),
        (60, True, 20, RESUMES),
        (None, True, 20, LOST),
        (0, True, 20, LOST),
        (60, True, 80, LOST),
    ],
    ids=["TC_E_112", "TC_E_113", "TC_E_114", "TC_E_115", "TC_E_116"],
)
async def test_a_transaction_after_a_cut_of_the_power(
    timeout: int | None, flows: bool, away: int, told: tuple[str, ...]
) -> None:
    more: Payload = {"TxCtrlr__AllowEnergyTransferResumption": flows}
    if timeout is not None:
        more["TxCtrlr__ResumptionTimeout"] = timeout
    at = await Session.at(V21, EVC, AUT, **more)
    await at.transfer()
    at.station.power_cycle(away)
    await at.settle(away + 10)
    assert at.told()[0] == told
    if told is LOST:
        at.forget()
        assert await at.present() == "started"  # TC_E_116: the next one
        assert at.told()[0][:2] == ("Started", "Authorized")
    await at.end()


# --- authorization and triggers -------------------------------------------------------------------------------


async def test_tc_c_100__who_is_authorized_and_never_plugs_in_has_begun_nothing() -> None:
    at = await Session.at(V21, PPC, PPC, TxCtrlr__EVConnectionTimeOut=30)
    assert await at.present() == "started"
    await at.settle(40)
    assert at.told() == []
    assert at.station.evses[0].is_startable
    await at.end()


async def test_tc_c_104__who_has_no_credit_does_not_charge() -> None:
    at = await Session.at(V21, PPC, AUT)
    at.script["Authorize"] = lambda request: at.info("NoCredit")
    await at.plug()
    assert await at.present() == "refused"
    assert at.told() == []
    await at.end()


async def test_tc_f_100__a_trigger_of_the_vendor_sends_what_it_stands_for() -> None:
    at = await Session.at(V21, vendors={"Mine": {"Lamp": "on", "Door": None}})
    named = place("CustomizationCtrlr.CustomTriggers")
    (result,) = (await at.ask("GetVariables", {"getVariableData": [named]}))["getVariableResult"]
    assert result["attributeValue"] == "Mine.Lamp,Mine.Door"
    for name, told in (("Mine.Lamp", {"data": "on"}), ("Mine.Door", {})):
        at.forget()
        asked = {"requestedMessage": "CustomTrigger", "customTrigger": name}
        assert await at.ask("TriggerMessage", asked) == {"status": "Accepted"}  # F06.FR.18
        assert at.of("DataTransfer") == [{"vendorId": "Mine", "messageId": name[5:]} | told]
    asked = {"requestedMessage": "CustomTrigger", "customTrigger": "Other"}
    assert (await at.ask("TriggerMessage", asked))["status"] == "NotImplemented"  # F06.FR.19
    await at.end()


async def test_a_station_of_no_vendor_has_no_custom_triggers() -> None:
    at = await Session.at(V21, vendors={})
    assert not at.station.model.has("CustomizationCtrlr.CustomTriggers")
    asked = {"requestedMessage": "CustomTrigger", "customTrigger": "Other"}
    assert (await at.ask("TriggerMessage", asked))["status"] == "NotImplemented"
    await at.end()


@each_2x
async def test_where_the_start_point_holds_still_the_next_driver_begins_a_transaction(
    version: Version,
) -> None:
    at = await Session.at(version, EVC, AUT)
    await at.transfer()
    await at.present()
    assert at.news()[-1][0] == "Ended"  # the cable stays in
    await at.present()
    assert at.told()[0][:2] == ("Started", "Authorized")
    assert at.of("TransactionEvent")[0]["idToken"]["idToken"] == TOKEN.id
    assert at.station.evses[0].transaction is not None
    await at.end()
