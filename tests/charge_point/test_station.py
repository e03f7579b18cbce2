"""Whatever is done to a station, in whatever order, what it tells makes sense."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from itertools import pairwise
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from charge_point.authorization import Token
from charge_point.connector import NotNow
from charge_point.hands import ev_stops, limit
from charge_point.power import set_limit
from charge_point.restarting import watchdog
from shared.versions import V16, VERSIONS, Version
from tests.charge_point.scripted import ScriptedCsms, Stage

TOKEN, OTHER = Token("04A1B2C3"), Token("04FFFFFF")
POINTS = [
    "ParkingBayOccupancy",
    "EVConnected",
    "Authorized",
    "PowerPathClosed",
    "DataSigned",
    "EnergyTransfer",
]

LEGAL_16 = {
    # 1.6 §4.9, table of transitions; Faulted and Unavailable may come from and lead to anything
    ("Available", "Preparing"),
    ("Preparing", "Available"),
    ("Preparing", "Charging"),
    ("Preparing", "SuspendedEV"),
    ("Preparing", "SuspendedEVSE"),
    ("Preparing", "Finishing"),
    ("Charging", "Available"),
    ("Charging", "SuspendedEV"),
    ("Charging", "SuspendedEVSE"),
    ("Charging", "Finishing"),
    ("SuspendedEV", "Available"),
    ("SuspendedEV", "Charging"),
    ("SuspendedEV", "SuspendedEVSE"),
    ("SuspendedEV", "Finishing"),
    ("SuspendedEVSE", "Available"),
    ("SuspendedEVSE", "Charging"),
    ("SuspendedEVSE", "SuspendedEV"),
    ("SuspendedEVSE", "Finishing"),
    ("Finishing", "Available"),
    ("Finishing", "Preparing"),
}

STEPS = (
    "plug_in unplug unplug_ev present other pause resume hold limit fault repair stop disable enable"
    " offline online wait sample reset drive_in drive_off red_button ev_stops unlock energy_limit time_limit"
    " power_cut backed_cut watchdog"
).split()


async def do(stage: Stage, step: str) -> None:
    """One thing that can happen to a station; what is not possible now is refused."""
    station = stage.station
    evse = station.evses[0]
    simple: dict[str, Callable[[], Any]] = {
        "plug_in": lambda: station.plug_in(1),
        "unplug": lambda: station.unplug(1),
        "unplug_ev": lambda: station.unplug_ev(1),
        "pause": evse.ev_pauses,
        "drive_in": station.drive_in,
        "drive_off": station.drive_off,
        "red_button": station.emergency_stop,
        "ev_stops": lambda: ev_stops(station),
        "energy_limit": lambda: limit(station, 1, energy=20),
        "time_limit": lambda: limit(station, 1, time=5),
        "resume": evse.ev_resumes,
        "hold": lambda: set_limit(evse, "test", 0),
        "limit": lambda: set_limit(evse, "test", 16),
        "fault": lambda: station.fault(1),
        "repair": lambda: station.clear_fault(1),
        "offline": stage.cut,
    }
    try:
        if step in simple:
            simple[step]()
        elif step in ("present", "other"):
            await station.present(TOKEN if step == "present" else OTHER, 1)
        elif step == "online" and not station.is_online:
            stage.connect()
        elif step in ("wait", "sample"):
            await stage.settle(61 if step == "wait" else 10)
        elif step == "stop" and evse.transaction is not None:
            follow(stage, station.remote_stop(evse.transaction.id).then)
        elif step in ("disable", "enable"):
            follow(stage, station.set_availability(step == "enable", 1).then)
        elif step == "unlock":
            follow(stage, station.unlock(1, 1).then)
        elif step in ("power_cut", "watchdog"):
            station.power_cycle(4) if step == "power_cut" else watchdog(station)
            await stage.settle(6)
        elif step == "backed_cut":
            station.power_cycle(4, backup=True)
            await stage.settle(11)
        elif step == "reset":
            follow(stage, station.reset("Hard").then)
            await stage.settle(6)
    except NotNow:
        pass
    check(stage)
    await asyncio.sleep(1)
    check(stage)


def follow(stage: Stage, then: Callable[[], Any] | None) -> None:
    following = then() if then is not None else None
    if asyncio.iscoroutine(following):
        stage.tasks.spawn(following)


def check(stage: Stage) -> None:
    """Energy flows only for an authorized, connected car at a sound and operative connector."""
    evse = stage.station.evses[0]
    if evse.meter.watts:
        assert evse.is_authorized
        assert evse.active.cable.name == "BOTH_ENDS"
        assert evse.active.health.name == "SOUND"
        assert evse.active.availability.name != "INOPERATIVE"


def sane_2x(events: list[dict[str, Any]]) -> None:
    """Each transaction: one Started first, one Ended last at most, no gap between, its times in order."""
    by_transaction: dict[str, list[dict[str, Any]]] = {}
    for event in events:
        mine = by_transaction.setdefault(event["transactionInfo"]["transactionId"], [])
        if not mine or mine[-1]["seqNo"] != event["seqNo"]:  # one whose answer was cut off comes again
            mine.append(event)
    for mine in by_transaction.values():
        assert [event["seqNo"] for event in mine] == list(range(len(mine)))
        types = [event["eventType"] for event in mine]
        assert types[0] == "Started"
        assert types.count("Started") == 1
        assert "Ended" not in types[:-1]
        assert all(a["timestamp"] <= b["timestamp"] for a, b in pairwise(mine))
        for before, after in pairwise(mine):
            states = [event["transactionInfo"]["chargingState"] for event in (before, after)]
            if after["triggerReason"] == "ChargingStateChanged" and after["eventType"] == "Updated":
                assert states[0] != states[1]
        if types[-1] == "Ended":
            assert "stoppedReason" in mine[-1]["transactionInfo"]


def sane_16(csms: list[ScriptedCsms]) -> None:
    """Starts and stops alternate, and no status follows another that cannot."""
    got = [one for peer in csms for one in peer.got]
    owed = [one for one in got if one.action in ("StartTransaction", "StopTransaction")]
    again = [b for a, b in pairwise(owed) if a.payload == b.payload]  # its answer was cut off
    calls = [one.action for one in owed if one not in again]
    assert all(a != b for a, b in pairwise(["StopTransaction", *calls]))
    for peer in csms:
        for before, after in pairwise(peer.statuses()):
            anything = {before, after} & {"Faulted", "Unavailable"}
            assert anything or before == after or (before, after) in LEGAL_16, (before, after)


@settings(max_examples=150, deadline=None)
@given(
    version=st.sampled_from(VERSIONS),
    start=st.lists(st.sampled_from(POINTS), min_size=1, max_size=4, unique=True),
    stop=st.lists(
        st.sampled_from([p for p in POINTS if p != "DataSigned"]), min_size=1, max_size=4, unique=True
    ),
    flags=st.tuples(st.booleans(), st.booleans(), st.booleans(), st.booleans(), st.booleans()),
    steps=st.lists(st.sampled_from(STEPS), max_size=25),
)
async def test_whatever_happens_the_messages_make_sense(
    version: Version, start: list[str], stop: list[str], flags: tuple[bool, ...], steps: list[str]
) -> None:
    stage = Stage(
        version,
        tethered=flags[0],
        variables={
            "TxStartPoint": ",".join(start),
            "TxStopPoint": ",".join(stop),
            "StopTransactionOnEVSideDisconnect": flags[1],
            "UnlockConnectorOnEVSideDisconnect": flags[2],
            "AllowOfflineTxForUnknownId": True,
            "TxUpdatedInterval": 7,
            "SampledDataCtrlr.SignReadings": flags[4],
            "TxCtrlr.ResumptionTimeout": 4 * flags[4],
            "AllowEnergyTransferResumption": flags[1],
        },
    )
    if flags[3]:
        stage.csms.script["Authorize"] = stage.csms.token_info("Blocked")
    await stage.booted()
    peers = [stage.csms]
    for step in steps:
        await do(stage, step)
        if stage.csms not in peers:
            peers.append(stage.csms)
    if not stage.station.is_online:
        peers.append(stage.connect())
    await stage.settle(30)
    assert await stage.station.until(lambda: stage.station.has_said_all, within=5)
    if version is V16:
        sane_16(peers)
    else:
        sane_2x([event for peer in peers for event in peer.of("TransactionEvent")])


async def test_waiting_ends_when_it_is_so_or_when_the_time_is_up(version: Version) -> None:
    stage = Stage(version)
    await stage.booted()
    waiting = stage.tasks.spawn(stage.station.until(lambda: stage.station.evses[0].is_authorized, within=100))
    assert not await stage.station.until(lambda: False, within=5)
    await stage.station.present(TOKEN)
    assert await waiting


def test_transaction_ids_come_from_the_seed_and_differ_by_run() -> None:
    async def ids(**setup: Any) -> list[str]:
        station = Stage(V16, **setup).station
        return [station.new_transaction_id() for _ in range(3)]

    first, again = asyncio.run(ids(seed=1)), asyncio.run(ids(seed=1))
    other_run, other_seed = asyncio.run(ids(seed=1, run_id="2")), asyncio.run(ids(seed=2))
    assert first == again
    assert len({*first, *other_run, *other_seed}) == 9
