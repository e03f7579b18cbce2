"""Transactions that outlive a cut, a watchdog or a Reset, and those that do not (2.1 E17, B13)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from charge_point.hands import limit
from charge_point.outbox import Store
from charge_point.restarting import watchdog
from shared.versions import V21, Version
from tests.charge_point.sessions import AUT, EVC, Session

SURVIVES: dict[str, Any] = {"TxCtrlr__ResumptionTimeout": 60}
GOES_ON: dict[str, Any] = SURVIVES | {"TxCtrlr__AllowEnergyTransferResumption": True}


async def interrupted(seconds: float = 20, stop: str = AUT, **more: Any) -> Session:
    """A 2.1 session whose station was without power for so long, and what it told since."""
    at = await Session.at(V21, EVC, stop, **more)
    await at.plug()
    await at.transfer()
    at.station.power_cycle(seconds)
    await at.settle(seconds + 5)
    return at


async def test_it_goes_on_as_it_was_where_that_is_allowed() -> None:
    at = await interrupted(**GOES_ON)
    assert at.told() == [("Updated", "TxResumed", "Charging", "")]
    (event,) = at.of("TransactionEvent")
    assert event["evse"] == {"id": 1, "connectorId": 1}
    assert {v["context"] for one in event["meterValue"] for v in one["sampledValue"]} == {"Interruption.End"}
    assert at.station.evses[0].meter.watts > 0
    assert await at.present() == "stopped"
    await at.end()


async def test_without_that_it_goes_on_without_energy() -> None:
    at = await interrupted(**SURVIVES)
    assert at.told() == [("Updated", "TxResumed", "SuspendedEVSE", "")]
    await at.settle(3_600)
    assert at.station.evses[0].meter.watts == 0
    await at.present()
    await at.unplug()
    await at.transfer()  # the next one is not held back
    assert at.station.evses[0].meter.watts > 0
    await at.end()


async def test_energy_comes_back_after_a_random_time() -> None:
    at = await interrupted(**GOES_ON, TxCtrlr__EnergyTransferResumptionRandomRange=300)
    assert at.told()[0][1:3] == ("TxResumed", "SuspendedEVSE")
    await at.settle(300)
    assert at.told()[-1][1:3] == ("ChargingStateChanged", "Charging")
    await at.end()


@pytest.mark.parametrize(("seconds", "more"), [(61, GOES_ON), (20, {})])
async def test_a_long_cut_or_no_timeout_ends_it(seconds: float, more: dict[str, Any]) -> None:
    at = await interrupted(seconds, **more)
    assert at.told() == [("Ended", "AbnormalCondition", "EVConnected", "PowerLoss")]
    await at.end()


async def test_a_watchdog_ends_it_with_its_own_reason() -> None:
    at = await Session.at(V21, EVC, AUT)
    await at.plug()
    await at.transfer()
    watchdog(at.station)
    await at.settle(10)
    assert at.told() == [("Ended", "AbnormalCondition", "EVConnected", "Reboot")]
    assert at.of("BootNotification")[0]["reason"] == "Watchdog"
    await at.end()


@pytest.mark.parametrize(("stop", "told"), [(AUT, ("Updated", "TxResumed", "Idle", "")), (EVC, None)])
async def test_who_has_left_meanwhile(stop: str, told: tuple[str, ...] | None) -> None:
    at = await Session.at(V21, AUT, stop, **GOES_ON)
    await at.present()
    at.forget()
    at.station.power_cycle(5)
    await at.settle(10)
    wanted = told or ("Ended", "EVCommunicationLost", "Idle", "EVDisconnected")
    assert at.told() == [wanted]
    await at.end()


async def test_a_reset_that_asks_for_it_resumes_however_long_it_takes() -> None:
    at = await Session.at(V21, EVC, AUT, reboot_seconds=100.0, **GOES_ON)
    await at.plug()
    await at.transfer()
    assert (await at.ask("Reset", {"type": "ImmediateAndResume"}))["status"] == "Accepted"
    await at.settle(110)
    assert [t[:3] for t in at.told()] == [
        ("Updated", "ResetCommand", "SuspendedEVSE"),
        ("Updated", "TxResumed", "Charging"),
    ]
    await at.end()


async def test_a_reset_cannot_ask_for_it_without_a_timeout_and_need_not_without_a_transaction() -> None:
    at = await Session.at(V21)
    assert (await at.ask("Reset", {"type": "ImmediateAndResume"}))["status"] == "Rejected"
    at.station.model.put("TxCtrlr.ResumptionTimeout", 60)
    assert (await at.ask("Reset", {"type": "ImmediateAndResume"}))["status"] == "Accepted"
    await at.settle(10)
    assert at.of("BootNotification")[0]["reason"] == "RemoteReset"
    await at.end()


async def test_limits_hold_after_the_interruption() -> None:
    at = await Session.at(V21, EVC, AUT, **GOES_ON)
    await at.plug()
    await at.transfer()
    limit(at.station, 1, time=120)
    at.station.power_cycle(20)
    await at.settle(60)
    at.forget()
    await at.settle(60)
    assert at.told() == [("Updated", "TimeLimitReached", "SuspendedEVSE", "")]
    await at.end()


async def killed(folder: Path, version: Version, seconds: float, **more: Any) -> Session:
    """A session in one process, which is killed, and a new process on the same folder `seconds` later."""
    at = await Session.at(version, EVC, AUT, store=Store(folder), **more)
    await at.plug()
    await at.transfer()
    at.station.power_cycle(10_000)  # its timers stop; nothing else is told any more
    await at.settle(seconds)
    again = await Session.at(version, EVC, AUT, store=Store(folder), **more)
    again._since = 0
    return again


async def test_a_new_process_takes_the_transaction_up(tmp_path: Path) -> None:
    at = await killed(tmp_path, V21, 20, **GOES_ON)
    assert [t[:3] for t in at.told()] == [("Updated", "TxResumed", "Charging")]
    assert await at.present() == "stopped"
    assert at.told()[-1] == ("Ended", "StopAuthorized", "EVConnected", "Local")
    assert [p["seqNo"] for p in at.of("TransactionEvent")] == [3, 4]
    await at.end()


async def test_a_new_process_that_comes_too_late_ends_the_transaction(tmp_path: Path) -> None:
    at = await killed(tmp_path, V21, 200, **GOES_ON)
    assert at.told() == [("Ended", "AbnormalCondition", "Idle", "PowerLoss")]
    await at.end()
