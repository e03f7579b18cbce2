"""When a transaction begins and ends, by every start and stop point, and what its messages carry."""

from __future__ import annotations

import pytest

from charge_point.authorization import Token
from charge_point.connector import Authorization, Cable, Energy, NotNow, Regions, follow
from charge_point.measurands import Sample
from charge_point.transaction import MAX_SAMPLES, PHASE, Phase, Point, Transaction, points, reached
from shared.versions import V16, V21, V201, Version
from tests.charge_point.scripted import Stage

TOKEN = Token("04A1B2C3")

CABLE_FIRST, TOKEN_FIRST = "cable first", "token first"


async def staged(start: str, stop: str, **more: object) -> Stage:
    stage = Stage(V201, variables={"TxStartPoint": start, "TxStopPoint": stop} | more)
    await stage.booted()
    return stage


@pytest.mark.parametrize(
    ("start", "order", "first"),
    [
        ("EVConnected", CABLE_FIRST, ("Started", "CablePluggedIn", "EVConnected")),
        ("EVConnected", TOKEN_FIRST, ("Started", "CablePluggedIn", "EVConnected")),
        ("Authorized", CABLE_FIRST, ("Started", "Authorized", "EVConnected")),
        ("Authorized", TOKEN_FIRST, ("Started", "Authorized", "Idle")),
        ("PowerPathClosed", CABLE_FIRST, ("Started", "Authorized", "EVConnected")),
        ("PowerPathClosed", TOKEN_FIRST, ("Started", "CablePluggedIn", "EVConnected")),
        ("EnergyTransfer", CABLE_FIRST, ("Started", "ChargingStateChanged", "Charging")),
        ("EnergyTransfer", TOKEN_FIRST, ("Started", "ChargingStateChanged", "Charging")),
        ("ParkingBayOccupancy", CABLE_FIRST, ("Started", "EVDetected", "Idle")),
    ],
)
async def test_a_transaction_begins_at_its_start_point(
    start: str, order: str, first: tuple[str, str, str]
) -> None:
    stage = await staged(start, start)
    station = stage.station
    station.drive_in()
    if order == CABLE_FIRST:
        station.plug_in()
        await station.present(TOKEN)
    else:
        await station.present(TOKEN)
        station.plug_in()
    await stage.settle()
    events = stage.csms.of("TransactionEvent")
    assert stage.csms.events()[0] == first
    assert stage.csms.events()[-1][2] == "Charging"
    assert sum("idToken" in event for event in events) == 1
    assert sum(event.get("evse") == {"id": 1, "connectorId": 1} for event in events) == 1
    begins = [event for event in events for meter in event.get("meterValue", ())]
    assert len(begins) == 1


@pytest.mark.parametrize(
    ("stop", "events", "reason"),
    [
        ("Authorized", [("Ended", "StopAuthorized", "EVConnected")], "Local"),
        ("PowerPathClosed", [("Ended", "StopAuthorized", "EVConnected")], "Local"),
        (
            "EnergyTransfer",
            [("Updated", "StopAuthorized", "Charging"), ("Ended", "ChargingStateChanged", "EVConnected")],
            "Local",
        ),
        (
            "EVConnected",
            [
                ("Updated", "StopAuthorized", "Charging"),
                ("Updated", "ChargingStateChanged", "EVConnected"),
                ("Ended", "EVCommunicationLost", "Idle"),
            ],
            "Local",
        ),
        (
            "ParkingBayOccupancy",
            [
                ("Updated", "StopAuthorized", "Charging"),
                ("Updated", "ChargingStateChanged", "EVConnected"),
                ("Updated", "EVCommunicationLost", "Idle"),
                ("Ended", "EVDeparted", "Idle"),
            ],
            "Local",
        ),
    ],
)
async def test_a_stop_by_token_ends_it_at_its_stop_point(
    stop: str, events: list[tuple[str, str, str]], reason: str
) -> None:
    stage = await staged("PowerPathClosed", stop)
    station = stage.station
    station.drive_in()
    station.plug_in()
    await station.present(TOKEN)
    await stage.settle()
    stage.csms.got.clear()
    await station.present(TOKEN)
    station.unplug()
    station.drive_off()
    await stage.settle()
    assert stage.csms.events() == events
    assert stage.csms.of("TransactionEvent")[-1]["transactionInfo"]["stoppedReason"] == reason
    assert station.evses[0].transaction is None


@pytest.mark.parametrize("stop", ["EVConnected", "Authorized", "PowerPathClosed", "EnergyTransfer"])
async def test_an_unplugged_car_ends_it_whatever_the_stop_point(stop: str) -> None:
    stage = await staged("PowerPathClosed", stop)
    stage.station.plug_in()
    await stage.station.present(TOKEN)
    await stage.settle()
    stage.csms.got.clear()
    stage.station.unplug_ev()
    await stage.settle()
    assert stage.csms.events() == [("Ended", "EVCommunicationLost", "Idle")]
    assert stage.csms.of("TransactionEvent")[0]["transactionInfo"]["stoppedReason"] == "EVDisconnected"


async def test_a_car_that_comes_back_goes_on_charging_where_that_is_wanted() -> None:
    stage = await staged(
        "Authorized", "Authorized", StopTxOnEVSideDisconnect=False, UnlockOnEVSideDisconnect=False
    )
    stage.station.plug_in()
    await stage.station.present(TOKEN)
    await stage.settle()
    stage.csms.got.clear()
    stage.station.unplug_ev()
    await stage.settle()
    stage.station.plug_in()
    await stage.settle()
    assert stage.csms.events() == [
        ("Updated", "EVCommunicationLost", "Idle"),
        ("Updated", "CablePluggedIn", "EVConnected"),
        ("Updated", "ChargingStateChanged", "Charging"),
    ]


async def test_16_suspends_for_a_car_that_was_pulled_out_where_that_is_wanted() -> None:
    keep = {
        "StopTransactionOnEVSideDisconnect": False,
        "UnlockConnectorOnEVSideDisconnect": False,
    }
    stage = Stage(V16, variables=keep)
    csms = await stage.booted()
    stage.station.plug_in()
    await stage.station.present(TOKEN)
    await stage.settle()
    stage.station.unplug_ev()
    await stage.settle()
    assert csms.of("StatusNotification")[-1]["status"] == "SuspendedEV"
    assert csms.of("StatusNotification")[-1]["info"] == "EV side disconnected"
    outcome = stage.station.remote_stop(1000)
    assert outcome.then is not None
    outcome.then()
    await stage.settle()
    assert csms.of("StopTransaction")[0]["reason"] == "Remote"
    assert csms.statuses()[-1] == "Finishing"


async def test_a_car_that_pauses_suspends_or_ends() -> None:
    for stop, last in (("EVConnected", "Updated"), ("EnergyTransfer", "Ended")):
        stage = await staged("PowerPathClosed", stop)
        stage.station.plug_in()
        await stage.station.present(TOKEN)
        await stage.settle()
        stage.station.evses[0].ev_pauses()
        await stage.settle()
        assert stage.csms.events()[-1] == (last, "ChargingStateChanged", "SuspendedEV")
        if last == "Updated":
            stage.station.evses[0].ev_resumes()
            await stage.settle()
            assert stage.csms.events()[-1] == ("Updated", "ChargingStateChanged", "Charging")


async def test_a_plug_that_never_comes_times_out(version_2x: Version) -> None:
    stage = Stage(
        version_2x,
        variables={"TxStartPoint": "Authorized", "TxStopPoint": "Authorized", "EVConnectionTimeOut": 30},
    )
    csms = await stage.booted()
    await stage.station.present(TOKEN)
    await stage.settle(31)
    assert csms.events() == [("Started", "Authorized", "Idle"), ("Ended", "EVConnectTimeout", "Idle")]
    assert csms.of("TransactionEvent")[1]["transactionInfo"]["stoppedReason"] == "Timeout"


async def test_a_session_begun_at_the_common_reader_follows_the_plug() -> None:
    stage = Stage(
        V201,
        evses=((1,), (1,)),
        variables={"TxStartPoint": "Authorized", "TxStopPoint": "Authorized"},
    )
    csms = await stage.booted()
    await stage.station.present(TOKEN)
    stage.station.plug_in(2)
    await stage.settle()
    assert [event.get("evse") for event in csms.of("TransactionEvent")] == [
        None,
        {"id": 2, "connectorId": 1},
        None,
    ]
    assert stage.station.evses[0].transaction is None
    assert stage.station.evses[1].meter.watts > 0


def test_the_phases_of_a_transaction_have_one_order() -> None:
    assert follow(PHASE, Phase.NONE, "Started") is Phase.ONGOING
    with pytest.raises(NotNow):
        follow(PHASE, Phase.OVER, "Updated")


def test_points_are_read_off_the_regions() -> None:
    assert points(["EVConnected", "Authorized", "Nonsense"]) == Point.EVConnected | Point.Authorized
    charging = Regions(Cable.BOTH_ENDS, Authorization.GRANTED, Energy.FLOWING)
    everything = reached(charging, bay=True, signed=True)
    assert everything == points(Point.__members__)
    assert reached(Regions()) == Point.NONE


def test_samples_kept_for_the_end_are_thinned_from_the_middle() -> None:
    transaction = Transaction("t", 0.0, 0.0)
    for number in range(MAX_SAMPLES + 1):
        transaction.keep(Sample(float(number), "Sample.Periodic", ()))
    assert transaction.samples is not None
    assert len(transaction.samples) <= MAX_SAMPLES
    assert (transaction.samples[0].time, transaction.samples[-1].time) == (0.0, float(MAX_SAMPLES))


async def test_the_device_model_knows_which_transactions_run() -> None:
    stage = Stage(V21, evses=((1,), (1,)))
    await stage.booted()
    model = stage.station.model
    assert model.text("ChargingStation.ActiveTransactionId") == ""
    for evse in (1, 2):
        stage.station.plug_in(evse)
        await stage.station.present(Token(f"T{evse}"), evse)
    ids = [one.transaction.id for one in stage.station.evses if one.transaction is not None]
    assert model.text("ChargingStation.ActiveTransactionId") == ",".join(ids)
    assert [model.text(f"EVSE#{evse}.ActiveTransactionId") for evse in (1, 2)] == ids
    assert model.text("EVSE#1.ChargingState") == "Charging"
