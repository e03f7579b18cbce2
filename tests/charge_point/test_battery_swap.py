"""Battery swaps: asked for by a driver or the CSMS, in and out of slots, in time or not."""

from __future__ import annotations

from typing import Any

import pytest

from charge_point.battery_swap import BatterySwaps, insert_battery, swap_battery, take_battery
from charge_point.connector import NotNow
from charge_point.definitions import FEATURES
from shared.versions import V21
from tests.charge_point.wired import TOKEN, Wired

Payload = dict[str, Any]

SLOTS: dict[str, Any] = {
    "evses": ((1,), (1,), (1,)),
    "features": FEATURES | {"battery_swap"},
    "current": "DC",
    "variables": {"TxStartPoint": "EVConnected", "TxStopPoint": "EVConnected"},
}
ASKED = {"requestId": 7, "idToken": {"idToken": "DRIVER", "type": "Central"}}


async def stocked(*charges: float) -> Wired:
    """A swap station with so full batteries in its first slots."""
    wired = await Wired(V21, **SLOTS).start()
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


async def test_a_battery_charges_in_a_transaction_without_a_driver() -> None:  # S04.FR.01-.05
    wired = await stocked(10)
    swaps = wired.station.part(BatterySwaps)
    assert swaps.ready() == []
    await wired.settle(3600)
    assert swaps.ready() == [1]
    await wired.end()


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
