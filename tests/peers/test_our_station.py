"""Our station against a central system written with `ocpp`, over real sockets, on every version."""

from __future__ import annotations

import pytest

from shared.versions import V16, V21, V201, Version
from tests.peers.foreign_csms import foreign_csms
from tests.peers.ours import our_station
from tests.peers.told import charging, on, settled, statuses
from tests.support import each_version, eventually

pytestmark = pytest.mark.sockets


@each_version
async def test_it_boots_reports_its_connectors_and_beats(version: Version) -> None:
    arguments = on(version, "--connectors 2 --vendor Acme --model Box")
    async with foreign_csms(heartbeat=1) as central, our_station(central.url, arguments) as ours:
        system = await central.connection()
        boot = await system.seen.hears("BootNotification")
        if version is V16:
            assert (boot["chargePointVendor"], boot["chargePointModel"]) == ("Acme", "Box")
        else:
            assert boot["reason"] == "PowerUp"
            assert (boot["chargingStation"]["vendorName"], boot["chargingStation"]["model"]) == (
                "Acme",
                "Box",
            )
        await ours.accepted()
        await system.seen.hears("Heartbeat")
        for connector in (0, 1, 2) if version is V16 else (1, 2):
            assert statuses(central, connector) == ["Available"], connector
        assert system.seen.calls[0].action == "BootNotification"
        assert system.id == "CP1"


@each_version
async def test_nothing_but_boots_comes_before_it_is_accepted(version: Version) -> None:
    async with foreign_csms("Pending", "Accepted") as central, our_station(central.url, on(version)) as ours:
        await ours.accepted()
        await eventually(lambda: statuses(central))
        (system,) = central.connections
        assert [call.action for call in system.seen.calls][:2] == ["BootNotification"] * 2
        assert len(central.heard("BootNotification")) == 2


async def test_the_choice_of_the_server_is_honoured() -> None:
    async with (
        foreign_csms(versions=(V201,)) as central,
        our_station(central.url, "--ocpp-version 2.1,2.0.1,1.6") as ours,
    ):
        await ours.accepted()
        assert ours.station.version is V201


@each_version
async def test_errors_in_answer_to_what_may_be_lost_do_no_harm(version: Version) -> None:
    errors = {"Heartbeat": 1, "StatusNotification": 1, "NotifyEvent": 1, "SecurityEventNotification": 1}
    async with foreign_csms(errors=errors) as central, our_station(central.url, on(version)) as ours:
        await ours.accepted()
        await settled(ours)
        system = await central.connection()
        for _ in range(2):
            await system.asks("TriggerMessage", requested_message="Heartbeat")
            await system.seen.hears("Heartbeat")
        await charging(ours)
        assert len(central.connections) == 1


@each_version
async def test_a_boot_that_is_answered_with_an_error_is_sent_again(version: Version) -> None:
    async with (
        foreign_csms(errors={"BootNotification": 1}) as central,
        our_station(central.url, on(version)) as ours,
    ):
        await eventually(lambda: any(entry.note == "boot_failed" for entry in ours.journal))
        assert not ours.station.registration.accepted
        ours.station.registration.boot()  # its own back-off is ten seconds
        await ours.accepted()
        assert len(central.heard("BootNotification")) == 2


async def test_statuses_go_as_status_notification_on_2_1_when_that_is_wanted() -> None:
    arguments = on(V21, "--status-by notification")
    async with foreign_csms() as central, our_station(central.url, arguments) as ours:
        await ours.accepted()
        await settled(ours)
        assert [payload["connectorStatus"] for payload in central.heard("StatusNotification")] == [
            "Available"
        ]
        assert not central.heard("NotifyEvent")
