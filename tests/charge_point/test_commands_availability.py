"""ChangeAvailability on the wire: for connectors, EVSEs and the station, at once and behind a transaction."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from charge_point.authorization import Token
from charge_point.outbox import Store
from shared.versions import V16, V201, Version
from tests.charge_point.wired import TOKEN, WIDE, Wired

TWO: dict[str, Any] = {"evses": ((1,), (1,))}


def change(version: Version, operative: bool, evse: int | None = None, connector: int | None = None) -> Any:
    kind = "Operative" if operative else "Inoperative"
    if version is V16:
        return "ChangeAvailability", {"connectorId": evse or 0, "type": kind}
    place = {} if evse is None else {"evse": {"id": evse} | ({"connectorId": connector} if connector else {})}
    return "ChangeAvailability", {"operationalStatus": kind} | place


def place(version: Version, evse: int, status: str) -> tuple[int, int, str]:
    return (0, evse, status) if version is V16 else (evse, 1, status)


async def test_an_evse_is_taken_out_of_service_and_back(version: Version) -> None:
    wired = await Wired(version, **TWO).start()
    assert await wired.ask(*change(version, False, 2)) == {"status": "Accepted"}
    assert wired.actions()[0] == "> ChangeAvailability"
    assert wired.statuses() == [place(version, 2, "Unavailable")]
    assert (await wired.station.present(TOKEN, 2)).outcome == "ignored"
    assert await wired.ask(*change(version, True, 2)) == {"status": "Accepted"}
    assert wired.statuses()[1:] == [place(version, 2, "Available")]
    await wired.end()


async def test_the_whole_station_is_taken_out_of_service_and_back(version: Version) -> None:
    wired = await Wired(version, **TWO).start()
    assert await wired.ask(*change(version, False)) == {"status": "Accepted"}
    station = [(0, 0, "Unavailable")] if version is V16 else []
    assert wired.statuses() == station + [place(version, evse, "Unavailable") for evse in (1, 2)]
    wired.forget()
    assert await wired.ask(*change(version, True)) == {"status": "Accepted"}
    station = [(0, 0, "Available")] if version is V16 else []
    assert wired.statuses() == station + [place(version, evse, "Available") for evse in (1, 2)]
    await wired.end()


@pytest.mark.parametrize("operative", [True, False])
async def test_a_change_to_what_is_already_so_is_accepted_and_nothing_is_reported(
    version: Version, operative: bool
) -> None:
    wired = await Wired(version, variables=WIDE, **TWO).start()
    if not operative:
        await wired.ask(*change(version, False, 2))
    await wired.charging(1)
    assert await wired.ask(*change(version, operative, 2)) == {"status": "Accepted"}  # G03.FR.03
    assert wired.statuses() == []
    await wired.end()


async def test_a_transaction_is_waited_for(version: Version) -> None:
    wired = await Wired(version, variables=WIDE, **TWO).start()
    await wired.charging(1)
    assert await wired.ask(*change(version, False)) == {"status": "Scheduled"}  # G03.FR.05, G04.FR.06
    assert place(version, 2, "Unavailable") in wired.statuses()
    assert wired.station.evses[0].transaction is not None
    assert await wired.ask(*change(version, False)) == {"status": "Scheduled"}
    wired.forget()
    await wired.station.present(TOKEN, 1)
    await wired.settle()
    assert wired.statuses()[-1] == place(version, 1, "Unavailable")
    await wired.end()


async def test_a_scheduled_change_is_taken_back(version: Version) -> None:
    wired = await Wired(version, variables=WIDE).start()
    await wired.charging(1)
    assert await wired.ask(*change(version, False, 1)) == {"status": "Scheduled"}
    assert await wired.ask(*change(version, True, 1)) == {"status": "Accepted"}
    await wired.station.present(TOKEN, 1)
    wired.station.unplug()
    await wired.settle()
    assert wired.statuses()[-1] == place(version, 1, "Available")
    await wired.end()


async def test_the_connector_beside_a_transaction_is_taken_out_at_once(version: Version) -> None:
    wired = await Wired(version, variables=WIDE, evses=((1, 2),)).start()
    await wired.charging(1)
    request = change(V16, False, 2) if version is V16 else change(version, False, 1, 2)
    assert await wired.ask(*request) == {"status": "Accepted"}
    # in 1.6 it was out of use already, as the other one of its EVSE is used (§7.7)
    assert wired.statuses() == ([] if version is V16 else [(1, 2, "Unavailable")])
    assert wired.station.evses[0].transaction is not None
    wired.station.unplug(1)
    await wired.settle(2)
    assert not [one for one in wired.statuses() if one[1] == 2 and one[2] == "Available"]  # and stays it
    await wired.end()


async def test_a_connector_keeps_what_it_was_set_to_below_its_evse_and_station(version_2x: Version) -> None:
    wired = await Wired(version_2x, evses=((1, 2), (1,))).start()
    await wired.ask(*change(version_2x, False, 1, 2))
    for evse in (1, None):
        await wired.ask(*change(version_2x, False, evse))
        wired.forget()
        assert await wired.ask(*change(version_2x, True, evse)) == {"status": "Accepted"}
        assert (1, 1, "Available") in wired.statuses()
        assert not any(where[:2] == (1, 2) for where in wired.statuses())  # G03.FR.07, G04.FR.08
    await wired.ask(*change(version_2x, True, 1, 2))
    assert wired.statuses()[-1] == (1, 2, "Available")
    await wired.end()


async def test_what_is_above_a_connector_keeps_it_unavailable(version_2x: Version) -> None:
    wired = await Wired(version_2x).start()
    await wired.ask(*change(version_2x, False))
    wired.forget()
    assert await wired.ask(*change(version_2x, True, 1, 1)) == {"status": "Accepted"}
    assert wired.statuses() == []
    assert (await wired.station.present(TOKEN, 1)).outcome == "ignored"
    await wired.end()


async def test_on_16_a_connector_can_be_set_apart_from_the_station() -> None:
    wired = await Wired(V16, **TWO).start()
    await wired.ask(*change(V16, False))
    wired.forget()
    await wired.ask(*change(V16, True, 1))
    assert wired.statuses() == [(0, 1, "Available")]
    await wired.end()


async def test_what_does_not_exist_is_rejected(version: Version) -> None:
    wired = await Wired(version).start()
    answer = await wired.ask(*change(version, False, 9))
    assert answer["status"] == "Rejected"
    if version is not V16:
        assert answer["statusInfo"]["reasonCode"] == "UnknownEvse"
        answer = await wired.ask(*change(version, False, 1, 9))
        assert (answer["status"], answer["statusInfo"]["reasonCode"]) == ("Rejected", "UnknownConnectorId")
    if version is V201:  # 2.1's schema excludes it
        assert (await wired.ask(*change(version, False, 0)))["status"] == "Rejected"
    assert set(wired.actions()) == {"> ChangeAvailability"}
    await wired.end()


async def test_availability_survives_a_reset(version: Version) -> None:
    wired = await Wired(version, **TWO).start()
    await wired.ask(*change(version, False, 2))
    await wired.ask("Reset", {"type": "Hard" if version is V16 else "OnIdle"})
    wired.forget()
    await wired.settle(10)
    assert wired.actions()[0] == "BootNotification"
    expected = [place(version, 1, "Available"), place(version, 2, "Unavailable")]  # B11.FR.02; 1.6 §5.14
    assert [status for status in wired.statuses() if status[:2] != (0, 0)] == expected
    await wired.end()


async def test_availability_and_the_local_list_survive_the_process(version: Version, tmp_path: Path) -> None:
    first = Store(tmp_path)
    wired = await Wired(version, store=first, **TWO).start()
    await wired.ask(*change(version, False, 2))
    token: Any = {"idTag": "L1"} if version is V16 else {"idToken": {"idToken": "L1", "type": "ISO14443"}}
    info = {"idTagInfo" if version is V16 else "idTokenInfo": {"status": "Accepted"}}
    number = "listVersion" if version is V16 else "versionNumber"
    update = {number: 7, "updateType": "Full", "localAuthorizationList": [token | info]}
    assert await wired.ask("SendLocalList", update) == {"status": "Accepted"}
    await wired.end()
    first.close()
    second = Store(tmp_path)
    again = Wired(version, store=second, **TWO)
    again.tasks.spawn(again.connection.run())
    await again.settle()
    expected = [place(version, 1, "Available"), place(version, 2, "Unavailable")]
    assert [status for status in again.statuses() if status[:2] != (0, 0)] == expected
    assert await again.ask("GetLocalListVersion") == {number: 7}
    known = again.station.authorizer.known(Token("L1"), again.station.model, again.station.clock.time())
    assert known is not None
    assert known.accepted
    await again.end()
    second.close()
