"""Our CSMS against stations written with `ocpp`, over real sockets, on every version."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from ocpp.exceptions import OCPPError

from shared.versions import V16, V21, Version
from tests.peers.foreign_stations import TRANSACTION, foreign_station
from tests.peers.ours import our_csms
from tests.peers.wire import at
from tests.support import each_2x, each_version, eventually

pytestmark = pytest.mark.sockets


def status_of(answer: Any) -> str:
    """What an answer says of the token."""
    info = getattr(answer, "id_tag_info", None) or getattr(answer, "id_token_info", None)
    assert info is not None, answer
    return str(info["status"])


def last(station: Any, action: str) -> Any:
    """How our CSMS answered the station's last call of `action`, as it was on the wire."""
    return [answer for called, answer in station.seen.answers if called == action][-1]


@each_version
async def test_a_station_boots_pending_and_then_accepted_and_its_haste_is_noted(version: Version) -> None:
    arguments = "--boot-status-sequence Pending,Accepted --retry-interval 7 --heartbeat-interval 33"
    async with (
        our_csms(arguments, may_find=("early_boot",)) as office,
        foreign_station(office.url, version) as station,
    ):
        first = await station.boot()
        assert (first.status, first.interval) == ("Pending", 7)
        second = await station.boot()
        assert (second.status, second.interval) == ("Accepted", 33)
        assert last(station, "BootNotification")["currentTime"].endswith("Z")
        assert (await station.does("Heartbeat")).current_time


@each_version
async def test_a_pending_station_that_sends_something_else_gets_a_security_error(version: Version) -> None:
    async with (
        our_csms("--boot-status Pending", may_find=("not_registered",)) as office,
        foreign_station(office.url, version) as station,
    ):
        await station.boot()
        with pytest.raises(OCPPError):
            await station.status("Available")
        assert last(station, "StatusNotification") == "SecurityError"


@each_version
async def test_statuses_are_remembered(version: Version) -> None:
    async with our_csms() as office, foreign_station(office.url, version) as station:
        await station.boot()
        await station.status("Available")
        place = (0, 1) if version is V16 else (1, 1)
        assert (office.record().statuses or {})[place] == "Available"


@each_version
async def test_a_known_token_is_accepted_and_another_is_not(version: Version) -> None:
    async with (
        our_csms("--auth-mode whitelist --whitelist GOOD") as office,
        foreign_station(office.url, version) as station,
    ):
        await station.boot()
        assert await station.authorize("GOOD") == "Accepted"
        assert await station.authorize("BAD") in ("Invalid", "Unknown", "Blocked")


@each_version
async def test_a_session_is_billed_with_its_energy(version: Version) -> None:
    async with (
        our_csms("--total-cost 4.2") as office,
        foreign_station(office.url, version) as station,
    ):
        await station.boot()
        assert status_of(await station.begin("TOKEN", 0, 1000)) == "Accepted"
        assert office.open() == 1
        await station.measure(60, 1250)
        assert status_of(await station.finish("TOKEN", 120, 1600)) == "Accepted"
        (bill,) = office.bills()
        assert (bill.energy, bill.token, bill.connector, bill.reason) == (600.0, "TOKEN", 1, "Local")
        assert (bill.started, bill.stopped) == (at(0), at(120))
        assert office.open() == 0
        if version is not V16:
            assert bill.transaction == TRANSACTION
            assert last(station, "TransactionEvent")["totalCost"] == 4.2


@each_version
async def test_a_session_is_started_and_stopped_from_afar_with_its_real_id(version: Version) -> None:
    async with our_csms() as office, foreign_station(office.url, version) as station:
        await station.boot()
        assert (await office.command("start_transaction", "token=REMOTE")).status == "Accepted"
        await eventually(lambda: office.open() == 1)
        assert (await office.command("stop_transaction")).status == "Accepted"
        await eventually(office.bills)
        (bill,) = office.bills()
        assert (bill.token, bill.reason, bill.energy) == ("REMOTE", "Remote", 500.0)
        if version is V16:
            (stop,) = station.seen.heard("RemoteStopTransaction")
            assert stop == {"transactionId": station.transaction}
        else:
            (start,) = station.seen.heard("RequestStartTransaction")
            assert start["remoteStartId"] > 0
            assert station.seen.heard("RequestStopTransaction") == [{"transactionId": TRANSACTION}]


@each_version
async def test_what_is_triggered_comes_even_from_a_pending_station(version: Version) -> None:
    async with (
        our_csms("--boot-status-sequence Pending,Accepted") as office,
        foreign_station(office.url, version) as station,
    ):
        await station.boot()
        assert (await office.command("trigger_message", "Heartbeat")).status == "Accepted"
        await eventually(lambda: any(action == "Heartbeat" for action, _ in station.seen.answers))
        assert "currentTime" in last(station, "Heartbeat")
        assert (await office.command("trigger_message", "BootNotification")).status == "Accepted"
        await eventually(lambda: office.record().registration == "Accepted")
        assert (await office.command("trigger_message", "MeterValues")).status == "NotImplemented"


@each_version
async def test_reset_and_availability_are_commanded(version: Version) -> None:
    kind = "Soft" if version is V16 else "OnIdle"
    async with our_csms() as office, foreign_station(office.url, version) as station:
        await station.boot()
        assert (await office.command("reset", f"kind={kind}")).status == "Accepted"
        assert station.seen.heard("Reset") == [{"type": kind}]
        assert (await office.command("change_availability", "Inoperative")).status == "Scheduled"
        (asked,) = station.seen.heard("ChangeAvailability")
        assert "Inoperative" in (asked.get("type"), asked.get("operationalStatus"))


async def test_configuration_is_read_and_changed() -> None:
    async with our_csms() as office, foreign_station(office.url, V16) as station:
        await station.boot()
        await office.command("get_variables", "HeartbeatInterval,Nonsense")
        assert station.seen.heard("GetConfiguration") == [{"key": ["HeartbeatInterval", "Nonsense"]}]
        assert (await office.command("set_variables", "HeartbeatInterval=20")).status == "Accepted"
        assert (await office.command("set_variables", "Nonsense=20")).status == "NotSupported"
        assert station.seen.heard("ChangeConfiguration")[0] == {"key": "HeartbeatInterval", "value": "20"}


@each_2x
async def test_variables_are_read_and_set(version: Version) -> None:
    async with our_csms() as office, foreign_station(office.url, version) as station:
        await station.boot()
        outcome = await office.command(
            "get_variables", "OCPPCommCtrlr.HeartbeatInterval,OCPPCommCtrlr.Nonsense"
        )
        assert outcome.sent
        assert "60" in outcome.text
        (asked,) = station.seen.heard("GetVariables")
        assert [row["variable"]["name"] for row in asked["getVariableData"]] == [
            "HeartbeatInterval",
            "Nonsense",
        ]
        await office.command("set_variables", "OCPPCommCtrlr.HeartbeatInterval=20")
        (told,) = station.seen.heard("SetVariables")
        assert told["setVariableData"][0]["attributeValue"] == "20"


@each_version
async def test_data_goes_both_ways(version: Version) -> None:
    async with our_csms() as office, foreign_station(office.url, version) as station:
        await station.boot()
        assert (await office.command("data_transfer", "vendor=Foreign,data=hello")).status == "Accepted"
        assert (await office.command("data_transfer", "vendor=Nobody")).status == "UnknownVendorId"
        answer = await station.does("DataTransfer", vendor_id="Foreign", data="snake_case CamelCase")
        assert answer.status in ("UnknownVendorId", "Accepted")


@each_version
async def test_a_station_that_reconnects_in_the_middle_of_a_session_need_not_boot(version: Version) -> None:
    async with our_csms() as office:
        async with foreign_station(office.url, version) as station:
            await station.boot()
            await station.begin("TOKEN", 0, 1000)
            number = getattr(station, "transaction", 0)
            station.seen.cut()
            await office.gone()
        async with foreign_station(office.url, version) as station:
            station.transaction, station.seq = number, 0
            await station.status("Occupied" if version is not V16 else "Charging")
            await station.finish("TOKEN", 120, 1600)
            (bill,) = office.bills()
            assert bill.energy == 600.0


async def test_messages_kept_while_offline_are_billed_once_however_often_they_come() -> None:
    async with our_csms() as office:
        async with foreign_station(office.url, V16) as station:
            await station.boot()
            await station.begin("TOKEN", 0, 1000)
            number = station.transaction
            await station.begin("TOKEN", 0, 1000)  # its answer got lost
            assert station.transaction == number
            station.seen.cut()
            await office.gone()
        async with foreign_station(office.url, V16) as station:
            station.transaction = number
            for _ in range(2):
                await station.finish("TOKEN", 120, 1600)
            (bill,) = office.bills()
            assert (bill.transaction, bill.energy, bill.stopped) == (number, 600.0, at(120))


@each_2x
async def test_events_kept_while_offline_are_billed_once_however_often_they_come(version: Version) -> None:
    async with our_csms() as office:
        async with foreign_station(office.url, version) as station:
            await station.boot()
            await station.begin("TOKEN", 0, 1000)
            station.seen.cut()
            await office.gone()
        async with foreign_station(office.url, version) as station:
            ended = {"stopped_reason": "Local"}
            await station.event("Updated", "MeterValuePeriodic", 60, 1200, seq=1, offline=True)
            await station.event("Updated", "MeterValuePeriodic", 60, 1200, seq=1, offline=True)
            await station.event("Ended", "EVDeparted", 120, 1600, seq=2, offline=True, info=ended)
            await station.event("Ended", "EVDeparted", 120, 1600, seq=2, offline=True, info=ended)
            (bill,) = office.bills()
            assert (bill.transaction, bill.energy, bill.stopped) == (TRANSACTION, 600.0, at(120))


@each_version
async def test_an_action_that_the_station_has_no_handler_for(version: Version) -> None:
    """`ocpp` says NotImplemented where the standard says NotSupported; on 2.1 it says nothing at all."""
    silent = version is V21
    async with (
        our_csms("--message-timeout 0.3", may_find=("unanswered_call",) if silent else ()) as office,
        foreign_station(office.url, version) as station,
    ):
        await station.boot()
        outcome = await office.command("clear_cache")
        assert outcome.status == ("Unanswered" if silent else "NotImplemented")
        assert (await office.command("reset")).status == "Accepted"  # and goes on


@each_version
async def test_a_second_connection_of_a_station_replaces_the_first(version: Version) -> None:
    async with our_csms() as office, foreign_station(office.url, version) as first:
        await first.boot()
        async with foreign_station(office.url, version) as second:
            async with asyncio.timeout(5):
                await first.seen.connection.wait_closed()
            assert first.seen.connection.close_code == 4000
            await second.status("Available")
            assert (await office.command("reset")).status == "Accepted"
            assert second.seen.heard("Reset")


@each_version
async def test_a_token_is_judged_by_its_status(version: Version) -> None:
    async with (
        our_csms("--token OLD=Expired") as office,
        foreign_station(office.url, version) as station,
    ):
        await station.boot()
        assert await station.authorize("OLD") == "Expired"
        assert status_of(await station.begin("OLD")) == "Expired"
        assert office.open() == 1  # it is entered all the same: the station decides what follows
