"""Our station under the commands of a central system written with `ocpp`, over real sockets, on every version."""

from __future__ import annotations

from typing import Any

import pytest

from shared.versions import V16, Version
from tests.peers.foreign_csms import NUMBER, foreign_csms
from tests.peers.ours import our_station
from tests.peers.told import TOKEN, charging, on, settled, statuses
from tests.support import each_2x, each_version, eventually

pytestmark = pytest.mark.sockets


@each_version
async def test_it_is_started_and_stopped_from_afar(version: Version) -> None:
    async with foreign_csms() as central, our_station(central.url, on(version)) as ours:
        await ours.accepted()
        system = await central.connection()
        ours.station.plug_in(1)
        if version is V16:
            answer = await system.asks("RemoteStartTransaction", id_tag=TOKEN.id, connector_id=1)
            assert answer.status == "Accepted"
            assert (await system.seen.hears("StartTransaction"))["idTag"] == TOKEN.id
            await settled(ours)
            assert (await system.asks("RemoteStopTransaction", transaction_id=7)).status == "Rejected"
            assert (await system.asks("RemoteStopTransaction", transaction_id=NUMBER)).status == "Accepted"
            assert (await system.seen.hears("StopTransaction"))["reason"] == "Remote"
            return
        token = {"id_token": TOKEN.id, "type": "Central"}
        answer = await system.asks("RequestStartTransaction", id_token=token, remote_start_id=99, evse_id=1)
        assert answer.status == "Accepted"
        await eventually(
            lambda: any(
                e["transactionInfo"].get("remoteStartId") == 99 for e in central.heard("TransactionEvent")
            )
        )
        await settled(ours)
        running = central.heard("TransactionEvent")[0]["transactionInfo"]["transactionId"]
        assert (await system.asks("RequestStopTransaction", transaction_id="unknown")).status == "Rejected"
        assert (await system.asks("RequestStopTransaction", transaction_id=running)).status == "Accepted"
        ended = await system.seen.hears("TransactionEvent", eventType="Ended")
        assert ended["triggerReason"] == "RemoteStop"
        assert ended["transactionInfo"]["stoppedReason"] == "Remote"


@each_version
async def test_what_is_triggered_comes(version: Version) -> None:
    # 1.6 errata 3.40: no BootNotification may be triggered once it is accepted
    may_find = ("called_too_early",) if version is V16 else ()
    async with foreign_csms() as central, our_station(central.url, on(version), may_find=may_find) as ours:
        await ours.accepted()
        await settled(ours)
        system = await central.connection()
        assert (await system.asks("TriggerMessage", requested_message="Heartbeat")).status == "Accepted"
        await system.seen.hears("Heartbeat")
        place: dict[str, Any] = (
            {"connector_id": 1} if version is V16 else {"evse": {"id": 1, "connector_id": 1}}
        )
        before = len(statuses(central))
        answer = await system.asks("TriggerMessage", requested_message="StatusNotification", **place)
        assert answer.status == "Accepted"
        await eventually(lambda: len(statuses(central)) > before)
        refused = await system.asks("TriggerMessage", requested_message="BootNotification")
        assert refused.status == "Rejected"  # it is accepted already (F06.FR.17)
        assert len(central.heard("BootNotification")) == 1


@each_version
async def test_it_goes_out_of_service_and_back(version: Version) -> None:
    async with foreign_csms() as central, our_station(central.url, on(version)) as ours:
        await ours.accepted()
        await settled(ours)
        system = await central.connection()
        for status, shown in (("Inoperative", "Unavailable"), ("Operative", "Available")):
            members: dict[str, Any] = (
                {"connector_id": 1, "type": status} if version is V16 else {"operational_status": status}
            )
            assert (await system.asks("ChangeAvailability", **members)).status == "Accepted"
            await eventually(lambda shown=shown: statuses(central)[-1] == shown)  # type: ignore[misc]


@each_version
async def test_a_reset_ends_the_session_and_boots_with_its_reason(version: Version) -> None:
    kind = "Soft" if version is V16 else "Immediate"
    async with foreign_csms() as central, our_station(central.url, on(version)) as ours:
        await charging(ours)
        system = await central.connection()
        assert (await system.asks("Reset", type=kind)).status == "Accepted"
        again = await central.connection(2)
        boot = await again.seen.hears("BootNotification")
        if version is V16:
            (stop,) = central.heard("StopTransaction")
            assert stop["reason"] == "SoftReset"
            return
        assert boot["reason"] == "RemoteReset"
        (ended,) = [e for e in central.heard("TransactionEvent") if e["eventType"] == "Ended"]
        assert ended["triggerReason"] == "ResetCommand"
        assert ended["transactionInfo"]["stoppedReason"] == "ImmediateReset"


async def test_configuration_is_read_and_changed() -> None:
    async with foreign_csms() as central, our_station(central.url, on(V16)) as ours:
        await ours.accepted()
        system = await central.connection()
        read = await system.asks(
            "GetConfiguration", key=["HeartbeatInterval", "NumberOfConnectors", "Nonsense"]
        )
        values = {row["key"]: (row["value"], row["readonly"]) for row in read.configuration_key}
        assert values == {"HeartbeatInterval": ("300", False), "NumberOfConnectors": ("1", True)}
        assert read.unknown_key == ["Nonsense"]
        every = await system.asks("GetConfiguration")
        assert len(every.configuration_key) > 20
        assert (
            await system.asks("ChangeConfiguration", key="HeartbeatInterval", value="77")
        ).status == "Accepted"
        for key, value, status in (
            ("NumberOfConnectors", "2", "Rejected"),
            ("HeartbeatInterval", "often", "Rejected"),
            ("Nonsense", "1", "NotSupported"),
        ):
            assert (await system.asks("ChangeConfiguration", key=key, value=value)).status == status
        again = await system.asks("GetConfiguration", key=["HeartbeatInterval"])
        assert again.configuration_key[0]["value"] == "77"


@each_2x
async def test_variables_are_read_and_set(version: Version) -> None:
    interval = {"component": {"name": "OCPPCommCtrlr"}, "variable": {"name": "HeartbeatInterval"}}
    nothing = {"component": {"name": "OCPPCommCtrlr"}, "variable": {"name": "Nonsense"}}
    nobody = {"component": {"name": "Nobody"}, "variable": {"name": "HeartbeatInterval"}}
    async with foreign_csms() as central, our_station(central.url, on(version)) as ours:
        await ours.accepted()
        system = await central.connection()
        read = await system.asks("GetVariables", get_variable_data=[interval, nothing, nobody])
        assert [row["attribute_status"] for row in read.get_variable_result] == [
            "Accepted",
            "UnknownVariable",
            "UnknownComponent",
        ]
        assert read.get_variable_result[0]["attribute_value"] == "300"
        changes = [interval | {"attribute_value": "77"}, interval | {"attribute_value": "often"}]
        for change, status in zip(changes, ("Accepted", "Rejected"), strict=True):
            wrote = await system.asks("SetVariables", set_variable_data=[change])
            assert wrote.set_variable_result[0]["attribute_status"] == status
        again = await system.asks("GetVariables", get_variable_data=[interval])
        assert again.get_variable_result[0]["attribute_value"] == "77"


@each_2x
async def test_a_base_report_comes_in_numbered_parts(version: Version) -> None:
    async with foreign_csms() as central, our_station(central.url, on(version)) as ours:
        await ours.accepted()
        system = await central.connection()
        answer = await system.asks("GetBaseReport", request_id=5, report_base="FullInventory")
        assert answer.status == "Accepted"
        while (await system.seen.hears("NotifyReport")).get("tbc", False):
            pass
        parts = central.heard("NotifyReport")
        assert {part["requestId"] for part in parts} == {5}
        assert [part["seqNo"] for part in parts] == list(range(len(parts)))
        assert all(part["tbc"] for part in parts[:-1])
        names = {row["variable"]["name"] for part in parts for row in part["reportData"]}
        assert {"HeartbeatInterval", "AvailabilityState"} <= names
        refused = await system.asks("GetBaseReport", request_id=6, report_base="SummaryInventory")
        assert refused.status in ("Accepted", "NotSupported", "EmptyResultSet")
