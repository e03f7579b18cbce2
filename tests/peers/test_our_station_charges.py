"""Sessions of our station at a central system written with `ocpp`, over real sockets, on every version."""

from __future__ import annotations

import pytest

from charge_point.driver import Driver, Wish
from shared.clock import parse
from shared.versions import V16, Version
from tests.peers.foreign_csms import NUMBER, Central, foreign_csms
from tests.peers.ours import our_station
from tests.peers.told import TOKEN, charging, on, settled, statuses
from tests.peers.wire import Payload
from tests.support import each_version

pytestmark = pytest.mark.sockets


def register(event: Payload) -> list[float]:
    """The readings of the energy register in a TransactionEvent."""
    return [
        sample["value"]
        for meter_value in event.get("meterValue", [])
        for sample in meter_value["sampledValue"]
        if sample.get("measurand", "Energy.Active.Import.Register") == "Energy.Active.Import.Register"
        and "phase" not in sample
    ]


@each_version
async def test_a_driver_makes_a_whole_session(version: Version) -> None:
    arguments = on(version, "--set SampledDataCtrlr.TxUpdatedInterval=1")
    async with foreign_csms() as central, our_station(central.url, arguments) as ours:
        driver = Driver(ours.station)
        assert await driver.sessions(Wish(TOKEN, duration=1.2, pace=0.01), 1)
        assert driver.results[0].energy > 0
        (asked,) = central.heard("Authorize")
        if version is V16:
            assert asked == {"idTag": TOKEN.id}
            _is_whole_16(central)
        else:
            assert asked["idToken"] == {"idToken": TOKEN.id, "type": "ISO14443"}
            _is_whole_2x(central)
        assert statuses(central)[0] == statuses(central)[-1] == "Available"


def _is_whole_16(central: Central) -> None:
    (start,), (stop,) = central.heard("StartTransaction"), central.heard("StopTransaction")
    assert (start["connectorId"], start["idTag"]) == (1, TOKEN.id)
    assert (stop["transactionId"], stop["idTag"]) == (NUMBER, TOKEN.id)
    assert stop["meterStop"] > start["meterStart"]
    assert parse(stop["timestamp"]) > parse(start["timestamp"])
    assert central.heard("MeterValues")
    assert {values["transactionId"] for values in central.heard("MeterValues")} == {NUMBER}
    assert statuses(central)[1:-1] == ["Preparing", "Charging", "Finishing"]


def _is_whole_2x(central: Central) -> None:
    events = central.heard("TransactionEvent")
    assert [event["seqNo"] for event in events] == list(range(len(events)))
    assert [events[0]["eventType"], events[-1]["eventType"]] == ["Started", "Ended"]
    assert {event["eventType"] for event in events[1:-1]} == {"Updated"}
    assert len({event["transactionInfo"]["transactionId"] for event in events}) == 1
    assert events[-1]["transactionInfo"]["stoppedReason"] == "Local"
    assert "MeterValuePeriodic" in [event["triggerReason"] for event in events]
    assert not any(event.get("offline") for event in events)
    readings = [register(event) for event in events]  # the last event holds those of the whole transaction
    assert all(each == sorted(each) for each in readings)
    newest = [each[-1] for each in readings if each]
    assert newest == sorted(newest)
    assert newest[-1] > newest[0]
    assert "Occupied" in statuses(central)


@each_version
async def test_a_refused_token_charges_nothing(version: Version) -> None:
    async with (
        foreign_csms(refused=(TOKEN.id,)) as central,
        our_station(central.url, on(version)) as ours,
    ):
        driver = Driver(ours.station)
        assert not await driver.sessions(Wish(TOKEN, duration=60, pace=0.01), 1)
        assert driver.results[0].outcome == "refused"
        assert central.heard("Authorize")
        assert not central.heard("StartTransaction")
        assert not [
            event
            for event in central.heard("TransactionEvent")
            if event["transactionInfo"].get("chargingState") == "Charging"
        ]


@each_version
async def test_a_transaction_message_that_is_answered_with_an_error_is_sent_again(version: Version) -> None:
    errors = {"StartTransaction": 1, "TransactionEvent": 1}
    interval = "OCPPCommCtrlr.MessageAttemptInterval[TransactionEvent]=1"
    async with (
        foreign_csms(errors=errors) as central,
        our_station(central.url, on(version, f"--set '{interval}'")) as ours,
    ):
        await charging(ours)
        if version is V16:
            first, second = central.heard("StartTransaction")
            assert first == second
        else:
            first, second = central.heard("TransactionEvent")[:2]
            assert first["eventType"] == "Started"
            assert first == second


@each_version
async def test_a_connection_cut_in_the_middle_of_a_session_costs_nothing(version: Version) -> None:
    async with foreign_csms() as central, our_station(central.url, on(version)) as ours:
        await charging(ours)
        ours.connection.go_offline()
        await ours.until(lambda: not ours.station.is_online)
        await ours.station.present(TOKEN, 1)
        ours.station.unplug(1)
        await ours.until(lambda: ours.station.evses[0].transaction is None)
        back = ours.station.clock.time() + 0.001  # timestamps have milliseconds
        ours.connection.come_online()
        system = await central.connection(2)
        if version is V16:
            stop = await system.seen.hears("StopTransaction")
            assert (stop["transactionId"], stop["reason"]) == (NUMBER, "Local")
            assert parse(stop["timestamp"]) <= back
        else:
            last = await system.seen.hears("TransactionEvent", eventType="Ended")
            assert last["offline"] is True
            assert parse(last["timestamp"]) <= back
            events = central.heard("TransactionEvent")
            assert [event["seqNo"] for event in events] == list(range(len(events)))
        await settled(ours)
        assert len(central.heard("BootNotification")) == 1


@each_version
async def test_a_connection_that_the_csms_loses_is_dialled_again_and_the_session_goes_on(
    version: Version,
) -> None:
    async with foreign_csms() as central, our_station(central.url, on(version)) as ours:
        await charging(ours)
        (await central.connection()).seen.cut()
        system = await central.connection(2)
        await ours.until(lambda: ours.station.is_online)
        await ours.station.present(TOKEN, 1)
        if version is V16:
            assert (await system.seen.hears("StopTransaction"))["transactionId"] == NUMBER
        else:
            last = await system.seen.hears("TransactionEvent", eventType="Ended")
            assert not last.get("offline", False)
        assert len(central.heard("BootNotification")) == 1
