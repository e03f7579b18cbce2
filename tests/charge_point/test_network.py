"""Network profiles: set, given a priority, dialled after a restart, and left again when nobody is there (B09, B10)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from charge_point.outbox import Store
from shared.versions import V21, Version
from tests.charge_point.moving import NEW, OLD, Moving, moving
from tests.charge_point.watching import place
from tests.charge_point.wired import Wired
from tests.support import each_2x

Payload = dict[str, Any]


@each_2x
async def test_tc_b_45__a_station_moves_to_the_profile_of_highest_priority(version: Version) -> None:
    m = await moving(version)
    assert await m.profile(messageTimeout=25) == "Accepted"
    assert await m.prefer("2,1") == "RebootRequired"
    assert await m.value("OCPPCommCtrlr.ActiveNetworkProfile") == "1"  # not yet
    m.forget()
    assert await m.reset() == [NEW]
    assert "BootNotification" in m.actions()
    assert await m.value("OCPPCommCtrlr.ActiveNetworkProfile") == "2"
    assert m.station.model.text("OCPPCommCtrlr.MessageTimeout[Default]") == "25"
    m.connection.go_offline()
    m.connection.come_online()
    await m.settle(10)
    assert m.tried == [NEW, NEW]  # a lost connection is no reason to go back
    await m.end()


@each_2x
async def test_tc_b_46__after_its_attempts_the_next_profile_is_tried(version: Version) -> None:
    m = await moving(version, NetworkProfileConnectionAttempts=2)
    await m.profile()
    await m.prefer("2,1")
    m.closed = {NEW}
    assert await m.reset() == [NEW, NEW, OLD]
    assert await m.value("OCPPCommCtrlr.ActiveNetworkProfile") == "1"
    await m.end()


@each_2x
async def test_tc_b_49__when_nobody_answers_it_stays_with_the_last_that_did(version: Version) -> None:
    m = await moving(version, NetworkProfileConnectionAttempts=1)
    await m.profile()
    await m.prefer("2,1")
    m.closed = {NEW, OLD}
    assert (await m.reset(8))[:4] == [NEW, OLD, OLD, OLD]
    m.closed = {NEW}
    await m.settle(5)
    assert m.station.is_online
    await m.end()


@each_2x
async def test_b10_fr_02__a_priority_names_slots_with_a_profile_only(version: Version) -> None:
    m = await moving(version)
    assert await m.prefer("2,1") == "Rejected"
    assert await m.prefer("1") in ("Accepted", "RebootRequired")
    await m.profile()
    assert await m.prefer("1,2") == "RebootRequired"
    assert await m.prefer("3") == "Rejected"
    await m.end()


@each_2x
async def test_a_move_outlives_the_process(version: Version, tmp_path: Path) -> None:
    m = await moving(version, Store(tmp_path))
    await m.profile()
    await m.prefer("2,1")
    assert await m.reset() == [NEW]
    await m.end()
    again = Moving(version, Store(tmp_path))
    await again.start()
    assert again.tried == [NEW]
    await again.end()


async def test_tc_b_100__what_is_set_is_shown_slot_by_slot() -> None:
    m = await moving(V21)
    assert await m.profile(identity="OTHER", basicAuthPassword="0123456789abcdef") == "Accepted"
    for name, value in (
        ("OcppCsmsUrl", NEW),
        ("Identity", "OTHER"),
        ("MessageTimeout", "30"),
        ("SecurityProfile", "0"),
    ):
        assert await m.value(f"NetworkConfiguration.{name}", "2") == value  # B09.FR.09
    assert await m.value("NetworkConfiguration.VpnEnabled", "2") == "false"
    await m.end()


@each_2x
@pytest.mark.parametrize(
    ("slot", "more", "status"),
    [
        (999, {}, "Rejected"),  # TC_B_43
        (2, {"securityProfile": 4}, "Rejected"),
        (2, {"apn": {"apn": "a", "apnAuthentication": "NONE"}}, "Failed"),
    ],
)
async def test_tc_b_43__a_profile_that_cannot_be_is_not_taken(
    version: Version, slot: int, more: Payload, status: str
) -> None:
    m = await moving(version)
    assert await m.profile(slot, **more) == status
    assert await m.prefer("2,1") == "Rejected"
    await m.end()


async def test_the_first_slot_shows_where_the_station_was_started_to_dial() -> None:
    m = await Wired(V21, csms="wss://example.com/ocpp").start()
    found = {}
    for name in ("OcppCsmsUrl", "Identity", "MessageTimeout", "SecurityProfile"):
        asked = place(f"NetworkConfiguration.{name}")
        asked["component"]["instance"] = "1"
        result = (await m.ask("GetVariables", {"getVariableData": [asked]}))["getVariableResult"][0]
        found[name] = result["attributeValue"]
    assert found == {
        "OcppCsmsUrl": "wss://example.com/ocpp",
        "Identity": "CP1",
        "MessageTimeout": "30",
        "SecurityProfile": "0",
    }
    await m.end()
