"""Whole sessions, message by message, on each version."""

from __future__ import annotations

from charge_point.authorization import Token
from charge_point.driver import Driver, Wish
from shared.versions import V16, V201, Version
from tests.charge_point.scripted import Stage

TOKEN = Token("04A1B2C3")
WIDE = {"TxStartPoint": "EVConnected,Authorized", "TxStopPoint": "EVConnected,Authorized"}


async def test_a_session_with_the_plug_first_on_16() -> None:
    stage = Stage(V16)
    csms = await stage.booted()
    station = stage.station
    station.plug_in()
    await station.present(TOKEN)
    await stage.settle(130)
    await station.present(TOKEN)
    station.unplug()
    await stage.settle()

    assert csms.actions("StatusNotification") == [
        "Authorize",
        "StartTransaction",
        "MeterValues",
        "MeterValues",
        "StopTransaction",
    ]
    assert csms.statuses() == ["Preparing", "Charging", "Finishing", "Available"]
    start, stop = csms.of("StartTransaction")[0], csms.of("StopTransaction")[0]
    assert (start["connectorId"], start["idTag"], start["meterStart"]) == (1, TOKEN.id, 0)
    assert (stop["transactionId"], stop["idTag"], stop["reason"]) == (1000, TOKEN.id, "Local")
    assert stop["meterStop"] == round(230 * 32 * 3 * 130 / 3600)
    assert csms.of("MeterValues")[0]["transactionId"] == 1000
    sampled = csms.of("MeterValues")[0]["meterValue"][0]["sampledValue"][0]
    assert (sampled["context"], sampled["measurand"]) == ("Sample.Periodic", "Energy.Active.Import.Register")


async def test_a_session_with_the_token_first_on_16() -> None:
    stage = Stage(V16)
    csms = await stage.booted()
    await stage.station.present(TOKEN)
    stage.station.plug_in()
    await stage.settle()
    assert csms.actions() == [
        "Authorize",
        "StatusNotification",
        "StartTransaction",
        "StatusNotification",
    ]
    assert csms.statuses() == ["Preparing", "Charging"]


async def test_a_token_without_a_plug_times_out_on_16() -> None:
    stage = Stage(V16)
    csms = await stage.booted()
    await stage.station.present(TOKEN)
    await stage.settle(61)
    assert csms.statuses() == ["Preparing", "Available"]
    assert "StartTransaction" not in csms.actions()


async def test_16_leaves_out_what_lasts_less_than_the_minimum() -> None:
    stage = Stage(V16, variables={"MinimumStatusDuration": 10})
    csms = await stage.booted()
    stage.station.plug_in()
    plugged = stage.station.clock.now()
    await stage.settle(9)
    assert csms.statuses() == []
    await stage.settle(2)
    assert csms.statuses() == ["Preparing"]
    assert csms.of("StatusNotification")[0]["timestamp"] == plugged
    await stage.station.present(TOKEN)
    await stage.settle(5)
    await stage.station.present(TOKEN)
    await stage.settle(15)
    assert csms.statuses() == ["Preparing", "Finishing"]


async def test_a_station_that_is_switched_off_leaves_no_timer(version: Version) -> None:
    stage = Stage(version, variables={"ClockAlignedDataInterval": 60})
    csms = await stage.booted()
    stage.station.plug_in()
    await stage.station.present(TOKEN)
    await stage.settle(5)
    stage.station.switch_off()
    csms.got.clear()
    await stage.settle(1000)
    assert csms.got == []


async def test_a_session_with_the_plug_first_on_2x(version_2x: Version) -> None:
    stage = Stage(version_2x, variables=WIDE)
    csms = await stage.booted()
    station = stage.station
    station.plug_in()
    await station.present(TOKEN)
    await stage.settle(61)
    await station.present(TOKEN)
    station.unplug()
    await stage.settle()

    assert csms.events() == [
        ("Started", "CablePluggedIn", "EVConnected"),
        ("Updated", "Authorized", "EVConnected"),
        ("Updated", "ChargingStateChanged", "Charging"),
        ("Updated", "MeterValuePeriodic", "Charging"),
        ("Ended", "StopAuthorized", "EVConnected"),
    ]
    events = csms.of("TransactionEvent")
    assert [event["seqNo"] for event in events] == [0, 1, 2, 3, 4]
    assert len({event["transactionInfo"]["transactionId"] for event in events}) == 1
    assert [event.get("idToken", {}).get("idToken") for event in events] == [
        None,
        TOKEN.id,
        None,
        None,
        TOKEN.id,
    ]
    assert [event.get("evse") for event in events] == [{"id": 1, "connectorId": 1}, None, None, None, None]
    contexts = [
        [value["context"] for meter in event.get("meterValue", ()) for value in meter["sampledValue"]]
        for event in events
    ]
    assert contexts == [
        ["Transaction.Begin"],
        [],
        [],
        ["Sample.Periodic"],
        ["Transaction.Begin", "Transaction.End"],
    ]
    assert events[4]["transactionInfo"]["stoppedReason"] == "Local"
    assert events[2]["numberOfPhasesUsed"] == 3
    assert not any("offline" in event for event in events)
    assert csms.statuses() == ["Occupied", "Available"]


async def test_a_session_with_the_token_first_on_2x(version_2x: Version) -> None:
    stage = Stage(version_2x, variables=WIDE)
    csms = await stage.booted()
    await stage.station.present(TOKEN)
    await stage.settle()
    stage.station.plug_in()
    await stage.settle()
    assert csms.events() == [
        ("Started", "Authorized", "Idle"),
        ("Updated", "CablePluggedIn", "EVConnected"),
        ("Updated", "ChargingStateChanged", "Charging"),
    ]
    assert csms.of("TransactionEvent")[1]["evse"] == {"id": 1, "connectorId": 1}


async def test_a_refused_token_charges_nothing(version: Version) -> None:
    stage = Stage(version)
    csms = await stage.booted()
    csms.script["Authorize"] = csms.token_info("Blocked")
    driver = Driver(stage.station)
    assert not await driver.sessions(Wish(TOKEN), 1)
    assert driver.results[0][:2] == ("refused", "Blocked")
    assert not {"StartTransaction", "TransactionEvent"} & set(csms.actions())
    assert stage.station.evses[0].meter.energy == 0


async def test_a_driver_gets_the_energy_asked_for(version: Version) -> None:
    stage = Stage(version)
    csms = await stage.booted()
    driver = Driver(stage.station)
    assert await driver.sessions(Wish(TOKEN, energy=5000), 2)
    await stage.settle()
    assert [round(result.energy) for result in driver.results] == [5000, 5000]
    if version is V16:
        assert [stop["meterStop"] for stop in csms.of("StopTransaction")] == [5000, 10000]
    else:
        assert [event[:2] for event in csms.events()].count(("Ended", "StopAuthorized")) == 2
    assert csms.statuses()[-1] == "Available"


async def test_a_refused_start_ends_deauthorized_and_the_owner_gets_the_cable(version: Version) -> None:
    stage = Stage(version)
    csms = await stage.booted()
    if version is V16:
        csms.script["StartTransaction"] = {"transactionId": 7} | csms.token_info("Invalid")
    else:
        csms.script["TransactionEvent"] = [csms.token_info("Invalid"), {}]
    driver = Driver(stage.station)
    assert not await driver.sessions(Wish(TOKEN), 1)
    await stage.settle()
    assert driver.results[0].outcome == "refused"
    if version is V16:
        assert csms.of("StopTransaction")[0]["reason"] == "DeAuthorized"
        assert csms.statuses()[-2:] == ["Finishing", "Available"]
    else:
        last = csms.of("TransactionEvent")[-1]
        assert (last["eventType"], last["triggerReason"]) == ("Ended", "Deauthorized")
        assert last["transactionInfo"]["stoppedReason"] == "DeAuthorized"


async def test_an_unplugged_car_ends_the_transaction(version: Version) -> None:
    stage = Stage(version)
    csms = await stage.booted()
    stage.station.plug_in()
    await stage.station.present(TOKEN)
    await stage.settle(10)
    stage.station.unplug_ev()
    await stage.settle()
    if version is V16:
        assert csms.of("StopTransaction")[0]["reason"] == "EVDisconnected"
        assert csms.statuses()[-1] == "Finishing"
    else:
        assert csms.events()[-1] == ("Ended", "EVCommunicationLost", "Idle")
    stage.station.unplug()
    await stage.settle()
    assert csms.statuses()[-1] == "Available"


async def test_20_1_reports_a_status_by_notification() -> None:
    stage = Stage(V201)
    csms = await stage.booted()
    stage.station.plug_in()
    await stage.settle()
    assert csms.of("StatusNotification")[0]["connectorStatus"] == "Occupied"
