"""Several connectors at one EVSE, of which one is used: what is said of the others, reserved and limited."""

from __future__ import annotations

from typing import Any

import pytest

from charge_point.authorization import Token
from charge_point.connector import NotNow
from charge_point.ev import vehicle
from shared.versions import V16, Version
from tests.charge_point.charging import Charging
from tests.charge_point.test_outlets import CAR, MIXED
from tests.support import each_2x

TOKEN = Token("04A1B2C3")
Payload = dict[str, Any]


async def mixed(version: Version, **more: Any) -> Charging:
    """EVSE 1 has a CCS cable and a Type 2 cable, EVSE 2 CCS, EVSE 3 a Type 2 socket."""
    at = Charging(version, **MIXED, **more)
    await at.start()
    at.forget()
    return at


def statuses(at: Charging) -> list[tuple[int, int, str]]:
    """EVSE, connector and status of each report since the last look."""
    found = []
    for action, payload in ((name, p) for name in ("StatusNotification", "NotifyEvent") for p in at.of(name)):
        if action == "NotifyEvent":
            for one in payload["eventData"]:
                if one["variable"]["name"] == "AvailabilityState" and one["component"]["name"] == "Connector":
                    evse = one["component"]["evse"]
                    found.append((evse["id"], evse["connectorId"], one["actualValue"]))
        elif at.version is V16:
            found.append((0, payload["connectorId"], payload["status"]))
        else:
            found.append((payload["evseId"], payload["connectorId"], payload["connectorStatus"]))
    at.forget()
    return found


# --- status -----------------------------------------------------------------------------------------------------


async def test_in_1_6_the_other_connector_is_unavailable_while_one_is_used() -> None:
    at = await mixed(V16)
    at.station.plug_in(1, 1, ev=vehicle(CAR))
    await at.settle(1)
    assert statuses(at) == [(0, 1, "Preparing"), (0, 2, "Unavailable")]  # §7.7
    await at.station.present(TOKEN, 1)
    await at.settle(2)
    assert statuses(at) == [(0, 1, "Charging")]
    with pytest.raises(NotNow):
        at.station.plug_in(1, 2, ev=vehicle({}))
    await at.station.present(TOKEN, 1)
    await at.settle(2)
    assert statuses(at) == [(0, 1, "Finishing")]
    at.station.unplug(1)
    await at.settle(1)
    assert statuses(at) == [(0, 1, "Available"), (0, 2, "Available")]
    await at.end()


async def test_in_1_6_a_driver_may_take_the_other_connector_than_the_first() -> None:
    at = await mixed(V16)
    await at.station.present(TOKEN, 1)
    await at.settle(1)
    assert statuses(at) == [(0, 1, "Preparing")]
    at.station.plug_in(1, 2, ev=vehicle({}))
    await at.settle(2)
    told = statuses(at)
    assert [one for one in told if one[1] == 1] == [
        (0, 1, "Available"),
        (0, 1, "Unavailable"),
    ]  # B1, A8 of §4.9
    assert [one for one in told if one[1] == 2] == [(0, 2, "Preparing"), (0, 2, "Charging")]
    await at.end()


async def test_in_1_6_the_other_connector_is_told_unavailable_when_asked_for_and_after_a_reconnect() -> None:
    at = await mixed(V16)
    at.station.plug_in(1, 1, ev=vehicle(CAR))
    await at.settle(1)
    at.forget()
    trigger = {"requestedMessage": "StatusNotification", "connectorId": 2}
    assert (await at.ask("TriggerMessage", trigger))["status"] == "Accepted"
    await at.settle(1)
    assert statuses(at) == [(0, 2, "Unavailable")]
    at.station.report_all()
    await at.settle(1)
    told = statuses(at)
    assert [one for one in told if one[1] in (1, 2)] == [(0, 1, "Preparing"), (0, 2, "Unavailable")]
    await at.end()


@each_2x
async def test_in_2x_nothing_is_said_of_the_other_connector(version: Version) -> None:
    at = await mixed(version)
    at.station.plug_in(1, 1, ev=vehicle(CAR))
    await at.station.present(TOKEN, 1)
    await at.settle(2)
    assert statuses(at) == [(1, 1, "Occupied")]  # G01.FR.08
    await at.station.present(TOKEN, 1)
    await at.settle(1)
    at.station.unplug(1)
    await at.settle(1)
    assert statuses(at) == [(1, 1, "Available")]
    await at.end()


# --- reservations -----------------------------------------------------------------------------------------------


async def reserve(at: Charging, kind: str = "", evse: int = 0, id: int = 1) -> str:
    """Reserve for TOKEN by type and EVSE, or in 1.6 by connector; gives the status."""
    if at.version is V16:
        request: Payload = {
            "connectorId": evse,
            "expiryDate": at.now(600),
            "idTag": TOKEN.id,
            "reservationId": id,
        }
    else:
        request = {
            "id": id,
            "expiryDateTime": at.now(600),
            "idToken": {"idToken": TOKEN.id, "type": "ISO14443"},
        }
        request |= {"connectorType": kind} if kind else {}
        request |= {"evseId": evse} if evse else {}
    answer: Payload = await at.ask("ReserveNow", request)
    await at.settle(1)
    return str(answer["status"])


@each_2x
async def test_a_reservation_by_type_needs_a_connector_of_the_type_that_works(version: Version) -> None:
    at = await mixed(version)
    at.station.fault(1, 2, "GroundFailure")
    at.station.fault(3, 1, "GroundFailure")
    await at.settle(1)
    at.forget()
    assert await reserve(at, "cType2") == "Faulted"  # H01.FR.12
    assert await reserve(at, "cType2", 1) == "Faulted"
    assert await reserve(at, "cCCS2", 1) == "Accepted"
    assert statuses(at) == [(1, 1, "Reserved")]  # the other is Faulted, and stays that (H01.FR.20)
    assert await reserve(at, "cCCS2", 1, id=2) == "Occupied"
    await at.end()


@each_2x
async def test_a_reservation_by_type_is_lost_with_the_last_connector_of_the_type(version: Version) -> None:
    at = await mixed(version)
    assert await reserve(at, "cType2") == "Accepted"
    assert statuses(at) == [(1, 1, "Reserved"), (1, 2, "Reserved")]  # H01.FR.24: all of its EVSE
    at.station.fault(1, 2, "GroundFailure")
    await at.settle(1)
    (told,) = at.of("ReservationStatusUpdate")
    assert told == {"reservationId": 1, "reservationUpdateStatus": "Removed"}  # H01.FR.17
    assert (1, 1, "Available") in statuses(at)
    await at.end()


async def test_in_1_6_it_is_the_connector_that_is_named_that_has_to_work() -> None:
    at = await mixed(V16)
    at.station.fault(1, 2, "GroundFailure")
    assert await reserve(at, evse=2) == "Faulted"
    assert await reserve(at, evse=1) == "Accepted"
    at.station.clear_fault(1, 2)
    assert (await at.ask("CancelReservation", {"reservationId": 1}))["status"] == "Accepted"
    await at.ask("ChangeAvailability", {"connectorId": 2, "type": "Inoperative"})
    assert await reserve(at, evse=2) == "Unavailable"
    at.station.plug_in(1, 1, ev=vehicle(CAR))
    assert await reserve(at, evse=1) == "Occupied"
    await at.end()


# --- smart charging ---------------------------------------------------------------------------------------------


async def test_in_1_6_a_connector_has_its_own_schedule_while_the_other_is_used() -> None:
    at = await mixed(V16)
    at.station.plug_in(1, 1, ev=vehicle(CAR))
    await at.station.present(TOKEN, 1)
    await at.settle(2)
    assert await at.set(2, (0, 10.0)) == "Accepted"
    assert at.station.evses[0].meter.watts == 40_000  # that of the other connector
    assert await at.composite(2, 60, "A") == [(0, 10)]
    assert await at.composite(1, 60, "W") == [(0, 50_000)]
    await at.station.present(TOKEN, 1)
    await at.settle(2)
    at.station.unplug(1)
    at.station.plug_in(1, 2, ev=vehicle({}))
    await at.station.present(TOKEN, 1)
    await at.settle(2)
    assert at.flowing(1) == 10
    assert await at.composite(2, 60, "A") == [(0, 10)]
    await at.end()


@each_2x
async def test_in_2x_a_profile_of_the_evse_holds_at_whichever_connector_is_used(version: Version) -> None:
    at = await mixed(version)
    assert await at.send(1, at.profile((0, 6_900.0), unit="W")) == "Accepted"
    for connector, watts in ((1, 6_900), (2, 6_900)):
        at.station.plug_in(1, connector, ev=vehicle(CAR))
        await at.station.present(TOKEN, 1)
        await at.settle(2)
        assert at.station.evses[0].meter.watts == pytest.approx(watts)
        await at.station.present(TOKEN, 1)
        await at.settle(2)
        at.station.unplug(1)
    await at.end()
