"""Battery swaps: asked for by a driver or the CSMS, in and out of slots, in time or not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from charge_point.authorization import Token
from charge_point.battery_swap import BatterySwaps, insert_battery, swap_battery, take_battery
from charge_point.block_words import block_words
from charge_point.connector import Energy, NotNow
from charge_point.definitions import FEATURES
from charge_point.outbox import Store
from shared.option_fields import UsageError
from shared.versions import V21
from tests.charge_point.wired import TOKEN, Wired

Payload = dict[str, Any]

SLOTS: dict[str, Any] = {
    "evses": ((1,), (1,), (1,)),
    "features": FEATURES | {"battery_swap"},
    "current": "DC",
}
ASKED = {"requestId": 7, "idToken": {"idToken": "DRIVER", "type": "Central"}}


async def stocked(*charges: float, slots: int = 3) -> Wired:
    """A swap station with so full batteries in its first slots."""
    wired = await Wired(V21, **SLOTS | {"evses": ((1,),) * slots}).start()
    for slot, soc in enumerate(charges, 1):
        insert_battery(wired.station, slot, soc=soc)
    await wired.settle(1)
    wired.forget()
    return wired


def told(wired: Wired) -> list[tuple[str, int, int, float]]:
    return [
        (swap["eventType"], swap["requestId"], data["evseId"], data["soC"])
        for swap in wired.of("BatterySwap")
        for data in swap["batteryData"]
    ]


async def test_a_driver_swaps_an_empty_battery_for_the_fullest() -> None:  # TC_S_102, S03.FR.01, .03
    wired = await stocked(90, 100)
    assert await swap_battery(wired.station, TOKEN)
    insert_battery(wired.station, 3, soc=15)
    await wired.settle(1)
    with pytest.raises(NotNow, match="slot 1 is locked"):
        take_battery(wired.station, 1)
    take_battery(wired.station, 2)
    await wired.settle(1)
    assert told(wired) == [("BatteryIn", 1, 3, 15.0), ("BatteryOut", 1, 2, 100.0)]
    assert {swap["idToken"]["idToken"] for swap in wired.of("BatterySwap")} == {TOKEN.id}
    events = [(e["eventType"], e["triggerReason"]) for e in wired.of("TransactionEvent")]
    assert ("Started", "CablePluggedIn") in events
    assert ("Ended", "EVCommunicationLost") in events  # S04.FR.07
    assert wired.station.part(BatterySwaps).swap is None
    await wired.end()


@pytest.mark.parametrize(("id", "type"), [("", "NoAuthorization"), ("BSS-001", "Central")])
async def test_a_battery_charges_in_a_transaction_without_a_driver(
    id: str, type: str
) -> None:  # S04.FR.01-.05
    wired = await Wired(V21, **SLOTS, variables={"BatterySwapCtrlr.IdToken": id}).start()
    insert_battery(wired.station, 1, soc=10)
    await wired.settle(1)
    (started,) = wired.of("TransactionEvent")
    assert (started["eventType"], started["triggerReason"]) == ("Started", "CablePluggedIn")
    assert started["transactionInfo"]["chargingState"] == "Charging"
    assert started["idToken"] == {"idToken": id, "type": type}
    assert started["evse"] == {"id": 1, "connectorId": 1}
    assert wired.statuses() == [(1, 1, "Occupied")]  # S03.FR.02
    swaps = wired.station.part(BatterySwaps)
    assert swaps.ready() == []
    await wired.settle(3600)
    assert swaps.ready() == [1]
    measured = [
        value["measurand"]
        for event in wired.of("TransactionEvent")
        if event["triggerReason"] == "MeterValuePeriodic"
        for value in event["meterValue"][0]["sampledValue"]
    ]
    assert "SoC" in measured  # S04.FR.04
    take_battery(wired.station, 1)
    await wired.settle(1)
    ended = wired.of("TransactionEvent")[-1]
    about = ended["transactionInfo"]
    assert (ended["eventType"], ended["triggerReason"]) == ("Ended", "EVCommunicationLost")  # S04.FR.07
    assert (about["chargingState"], about["stoppedReason"]) == ("Idle", "EVDisconnected")
    assert wired.statuses()[-1] == (1, 1, "Available")  # S03.FR.04
    await wired.end()


async def test_no_battery_is_charged_beyond_what_is_allowed() -> None:  # S04.FR.06
    wired = await Wired(V21, **SLOTS, variables={"BatterySwapCtrlr.MaxSoc": 85}).start()
    swaps = wired.station.part(BatterySwaps)
    insert_battery(wired.station, 1, soc=10)
    insert_battery(wired.station, 2, soc=95)
    await wired.settle(5)
    (held,) = [e for e in wired.of("TransactionEvent") if e["triggerReason"] == "EnergyLimitReached"]
    assert held["transactionInfo"]["chargingState"] == "SuspendedEVSE"
    assert "transactionLimit" not in held["transactionInfo"]
    await wired.settle(2 * 3600)
    assert swaps.charge(1) == pytest.approx(85, abs=0.01)
    assert swaps.charge(2) == 95
    assert [one.energy for one in wired.station.evses[:2]] == [Energy.HELD_BY_STATION] * 2
    assert all(one.transaction is not None for one in wired.station.evses[:2])  # kept alive
    wired.forget()
    assert await changed(wired, "MaxSoc", "90") == "Accepted"
    await wired.settle(3600)
    assert [swaps.charge(1), swaps.charge(2)] == pytest.approx([90, 95], abs=0.01)
    told = [
        e["triggerReason"] for e in wired.of("TransactionEvent") if e["triggerReason"] != "MeterValuePeriodic"
    ]
    assert told == ["ChargingStateChanged", "EnergyLimitReached"]
    await wired.end()


async def changed(wired: Wired, name: str, value: str, component: str = "BatterySwapCtrlr") -> str:
    """What setting a variable is answered."""
    data = {"component": {"name": component}, "variable": {"name": name}, "attributeValue": value}
    answer = await wired.ask("SetVariables", {"setVariableData": [data]})
    status: str = answer["setVariableResult"][0]["attributeStatus"]
    return status


async def test_what_is_good_enough_is_never_more_than_what_is_allowed() -> None:  # S04.FR.10
    wired = await stocked()
    assert await changed(wired, "MaxSoc", "79") == "Rejected"
    assert await changed(wired, "TargetSoc", "70") == "Accepted"
    assert await changed(wired, "MaxSoc", "79") == "Accepted"
    assert await changed(wired, "TargetSoc", "80") == "Rejected"
    await wired.end()


async def test_transactions_are_as_long_as_the_batteries_are_there() -> None:  # S04.FR.08, .09
    wired = await stocked()
    for name in ("TxStartPoint", "TxStopPoint"):
        assert wired.station.model.text(name) == "EVConnected"
        assert await changed(wired, name, "Authorized", "TxCtrlr") == "Rejected"
    await wired.end()


def begun(wired: Wired) -> list[int]:
    """The slots in which a transaction has begun by itself, with all that belongs to it."""
    return [
        event["evse"]["id"]
        for event in wired.of("TransactionEvent")
        if (event["eventType"], event["triggerReason"]) == ("Started", "CablePluggedIn")
        and "idToken" in event
    ]


@pytest.mark.parametrize("how", ["reset", "power"])
async def test_after_a_restart_every_battery_has_a_transaction_again(how: str) -> None:  # S04.FR.11
    wired = await stocked(20, 100)
    if how == "reset":
        await wired.ask("Reset", {"type": "Immediate"})
    else:
        wired.station.power_cycle(5)
    await wired.settle(60)
    assert [e["eventType"] for e in wired.of("TransactionEvent")].count("Ended") == 2
    assert begun(wired) == [1, 2]
    assert wired.station.evses[0].energy is Energy.FLOWING
    await wired.end()


async def test_what_is_in_the_slots_outlives_the_process(tmp_path: Path) -> None:  # S04.FR.11
    first = Wired(V21, **SLOTS, store=Store(tmp_path))
    await first.start()
    insert_battery(first.station, 1, soc=20, serial="ONE")
    insert_battery(first.station, 3, soc=100, serial="THREE", health=90)
    await first.settle(600)
    before = first.station.part(BatterySwaps)
    charged = before.charge(1)
    take_battery(first.station, 3)
    insert_battery(first.station, 3, soc=100, serial="THREE", health=90)
    await first.settle(1)
    await first.tasks.end()  # as if killed
    again = Wired(V21, **SLOTS, store=Store(tmp_path))
    swaps = again.station.part(BatterySwaps)
    assert swaps.slots == before.slots
    assert swaps.charge(1) == pytest.approx(charged, abs=0.5)
    await again.start()
    assert [id for event in again.journal if (id := started_at(event))] == [1, 3]
    assert await swap_battery(again.station, TOKEN)
    insert_battery(again.station, 2, soc=5)
    take_battery(again.station, 3)
    await again.settle(1)
    assert [(event, slot) for event, _, slot, _ in told(again)] == [("BatteryIn", 2), ("BatteryOut", 3)]
    assert again.of("BatterySwap")[-1]["batteryData"][0]["serialNumber"] == "THREE"
    await again.end()


def started_at(entry: Any) -> int:
    """The slot of a Started event that came to the CSMS; 0 for anything else."""
    parts = entry.parts()
    if entry.end != "csms" or entry.dir != "in" or not parts or parts[2:3] != ["TransactionEvent"]:
        return 0
    return int(parts[3]["evse"]["id"]) if parts[3]["eventType"] == "Started" else 0


async def test_the_central_system_asks_for_a_swap_with_its_own_id() -> None:  # TC_S_103, S02.FR.01, .02
    wired = await stocked(95)
    assert (await wired.ask("RequestBatterySwap", ASKED))["status"] == "Accepted"
    insert_battery(wired.station, 2, soc=30)
    take_battery(wired.station, 1)
    await wired.settle(1)
    assert [(event, id) for event, id, _, _ in told(wired)] == [("BatteryIn", 7), ("BatteryOut", 7)]
    await wired.end()


@pytest.mark.parametrize("charges", [(), (20,), (95, 95, 95)], ids=["empty", "not charged", "no room"])
async def test_without_a_battery_or_room_a_swap_is_rejected(charges: tuple[float, ...]) -> None:  # S02.FR.04
    wired = await stocked(*charges)
    answer = await wired.ask("RequestBatterySwap", ASKED)
    assert (answer["status"], answer["statusInfo"]["reasonCode"]) == ("Rejected", "NoBatteryAvailable")
    assert not await swap_battery(wired.station, TOKEN)
    await wired.end()


async def test_who_inserts_nothing_in_time_has_no_swap() -> None:  # S01.FR.02, S02.FR.05, TC_S_104
    wired = await stocked(95)
    await swap_battery(wired.station, TOKEN)
    await wired.settle(61)
    assert wired.station.part(BatterySwaps).swap is None
    assert told(wired) == []
    await wired.end()


async def test_who_takes_nothing_in_time_is_told_of() -> None:  # S03.FR.06, TC_S_105
    wired = await stocked(100)
    await swap_battery(wired.station, TOKEN)
    insert_battery(wired.station, 2, soc=15)
    await wired.settle(61)
    assert [(event, slot) for event, _, slot, _ in told(wired)] == [
        ("BatteryIn", 2),
        ("BatteryOutTimeout", 1),
    ]
    await wired.end()


async def set_of_two(*charges: float) -> Wired:
    """A swap station of six slots, at which somebody wants to swap two batteries at once."""
    wired = await stocked(*charges, slots=6)
    assert await swap_battery(wired.station, TOKEN, 2)
    return wired


async def test_a_set_of_batteries_is_told_of_once_all_of_it_is_in_or_out() -> None:  # S03.FR.01, .03
    wired = await set_of_two(90, 20, 100, 95)
    insert_battery(wired.station, 5, soc=15)
    await wired.settle(1)
    with pytest.raises(NotNow, match="offered is nothing yet"):
        take_battery(wired.station, 3)
    assert told(wired) == []
    insert_battery(wired.station, 6, soc=10)
    with pytest.raises(NotNow, match="locked"):
        take_battery(wired.station, 1)  # the two fullest are given
    take_battery(wired.station, 4)
    await wired.settle(1)
    assert [event for event, *_ in told(wired)] == ["BatteryIn"] * 2
    take_battery(wired.station, 3)
    await wired.settle(1)
    swaps = wired.of("BatterySwap")
    assert [swap["eventType"] for swap in swaps] == ["BatteryIn", "BatteryOut"]
    assert [[data["evseId"] for data in swap["batteryData"]] for swap in swaps] == [[5, 6], [4, 3]]
    assert len({swap["requestId"] for swap in swaps}) == 1
    assert wired.station.part(BatterySwaps).swap is None
    await wired.end()


@pytest.mark.parametrize(
    ("charges", "slots"), [((95, 20), 6), ((95, 95, 95), 4)], ids=["not enough of them", "no room"]
)
async def test_a_set_wants_as_many_batteries_and_as_much_room(charges: tuple[float, ...], slots: int) -> None:
    wired = await stocked(*charges, slots=slots)  # S03.FR.05
    assert not await swap_battery(wired.station, TOKEN, 2)
    assert await swap_battery(wired.station, TOKEN, 1)
    with pytest.raises(ValueError, match="one battery at least"):
        await swap_battery(wired.station, TOKEN, 0)
    await wired.end()


async def test_a_set_that_is_not_whole_in_time_is_no_swap() -> None:  # S01.FR.02
    wired = await set_of_two(95, 95)
    insert_battery(wired.station, 3, soc=15)
    await wired.settle(61)
    assert wired.station.part(BatterySwaps).swap is None
    assert told(wired) == []
    assert [entry.what for entry in wired.journal if entry.note == "swap_aborted"] == [
        "1 of 2 batteries were inserted in time"
    ]
    take_battery(wired.station, 3)  # and the driver has it back
    await wired.end()


async def test_what_is_left_of_a_set_is_told_of() -> None:  # S03.FR.06
    wired = await set_of_two(95, 96)
    for slot in (3, 4):
        insert_battery(wired.station, slot, soc=15)
    take_battery(wired.station, 1)
    await wired.settle(61)
    assert [(event, slot) for event, _, slot, _ in told(wired)] == [
        ("BatteryIn", 3),
        ("BatteryIn", 4),
        ("BatteryOut", 1),
        ("BatteryOutTimeout", 2),
    ]
    await wired.end()


async def test_whom_the_central_system_has_announced_says_how_many_they_are() -> None:
    wired = await stocked(95, 96, slots=6)
    assert (await wired.ask("RequestBatterySwap", ASKED))["status"] == "Accepted"
    assert (await wired.ask("RequestBatterySwap", ASKED))["status"] == "Rejected"
    assert not await swap_battery(wired.station, TOKEN, 2)  # it is somebody else's
    wired.forget()
    assert await swap_battery(wired.station, Token("DRIVER", "Central"), 2)
    assert wired.of("Authorize") == []
    for slot in (3, 4):
        insert_battery(wired.station, slot, soc=15)
    await wired.settle(1)
    assert [(event, id, slot) for event, id, slot, _ in told(wired)] == [
        ("BatteryIn", 7, 3),
        ("BatteryIn", 7, 4),
    ]
    await wired.end()


async def test_a_token_that_is_refused_swaps_nothing() -> None:
    wired = await stocked(95)
    wired.script["Authorize"] = lambda request: wired.info("Blocked")
    assert not await swap_battery(wired.station, TOKEN)
    await wired.end()


async def test_a_station_that_charges_cars_swaps_nothing() -> None:
    wired = await Wired(V21).start()
    assert (await wired.ask("RequestBatterySwap", ASKED))["status"] == "Rejected"
    with pytest.raises(ValueError, match="no slot"):
        insert_battery(wired.station)
    await wired.end()


async def seen(wired: Wired, slot: int) -> list[str]:
    """The door of a slot, and of its battery: whether there is one, charge, health and mode."""
    connector = {"name": "Connector", "evse": {"id": slot, "connectorId": 1}}
    battery = {"name": "BatteryCartridge", "evse": {"id": slot}}
    asked = [{"component": connector, "variable": {"name": "SlotStatus"}}]
    asked += [
        {"component": battery, "variable": {"name": name}}
        for name in ("Available", "SoC", "SoH", "WorkingMode")
    ]
    answer = await wired.ask("GetVariables", {"getVariableData": asked})
    return [one["attributeValue"] for one in answer["getVariableResult"]]


async def test_what_is_in_a_slot_can_be_read() -> None:  # 2.1 part 2 chapter 2.20
    wired = await stocked(10, 90, 100)
    assert await seen(wired, 1) == ["Locked", "true", "10", "95", "CC"]
    assert await seen(wired, 2) == ["Locked", "true", "90", "95", "CV"]
    assert (await seen(wired, 3))[4] == "Full"
    take_battery(wired.station, 1)
    assert await seen(wired, 1) == ["Open", "false", "0", "0", "Standby"]
    assert await swap_battery(wired.station, TOKEN)
    insert_battery(wired.station, 1, soc=50, health=80)
    assert (await seen(wired, 3))[0] == "Open"  # offered
    assert (await seen(wired, 2))[0] == "Locked"
    wired.station.evses[1].ev_pauses()
    assert (await seen(wired, 2))[4] == "Ready"
    wired.station.fault(2)
    assert (await seen(wired, 2))[0] == "Faulted"
    await wired.end()


async def test_a_battery_is_put_in_at_the_prompt_with_its_charge() -> None:
    wired = await stocked(slots=2)
    (insert,) = [word for word in block_words(wired.station) if word.name == "insert_battery"]
    assert not insert.run("")
    assert not insert.run("2 85")
    charges = [evse.ev and evse.ev.soc for evse in wired.station.evses]
    assert charges == pytest.approx([20, 85], abs=0.1)
    for wrong in ("1 2 3", "two", "2 150", "7"):
        with pytest.raises(UsageError):
            insert.run(wrong)
