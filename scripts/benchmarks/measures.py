"""What is measured, and what each figure has to reach.

A group is sampled once a round and gives a reading for each of its rows: ours beside what it is held against, from the
same round. The figure is the median over the rounds of the ratio of the two.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import median

from scripts.benchmarks.stage import Stage
from scripts.benchmarks.workers import ROOT, Ends, Failed


@dataclass(frozen=True)
class Reading:
    """One round's two figures, in `unit`."""

    ours: float
    other: float


@dataclass(frozen=True)
class Row:
    """One line of the table.

    `more` says that a larger ratio is better. `bound` must be reached, `aim` is hoped for; None is for information.
    `speed`: readings are seconds, and the ratio is other/ours; else it is ours/other. `seconds`: the figure is not a
    ratio but ours, in seconds.
    """

    name: str
    words: str
    unit: str
    bound: float | None = None
    aim: float | None = None
    more: bool = False
    absolute: bool = False

    def figure(self, readings: list[Reading]) -> float:
        """What is held against the bound."""
        if self.absolute:
            return median(reading.ours for reading in readings)
        return median(reading.ours / reading.other for reading in readings)

    def meets(self, figure: float, wanted: float | None) -> bool:
        """Whether `figure` is as good as `wanted`."""
        return wanted is None or (figure >= wanted if self.more else figure <= wanted)


Sample = Callable[[Stage], Mapping[str, Reading]]


@dataclass(frozen=True)
class Group:
    """Rows that are measured together, so many times."""

    name: str
    rounds: int
    rows: tuple[Row, ...]
    sample: Sample


# --- without a socket -----------------------------------------------------------------------------------------


def inbound(stage: Stage) -> dict[str, Reading]:
    """Calls fed to either end with the same handlers, and to our CSMS with all that it does; calls a second."""
    ours, theirs = stage.worker("our_csms"), stage.worker("their_csms")
    found = {}
    for kind in ("meter_values", "transaction_event"):
        # batches of one size, so that both find their frames as warm as they would come from a socket
        other = theirs.do("inbound", kind=kind, count=200)
        mine = ours.do("inbound", kind=kind, count=200, batches=stage.scaled(20), plain=True)
        found[f"inbound-{kind}"] = Reading(1 / mine, 1 / other)
        whole = ours.do("inbound", kind=kind, count=200, batches=stage.scaled(20))
        found[f"inbound-{kind}-csms"] = Reading(1 / whole, 1 / other)
    return found


# --- over one connection, and over many -----------------------------------------------------------------------


def trips(stage: Stage) -> dict[str, Reading]:
    """Round trips a second over one connection, both ends on one CPU."""
    found = {}
    for action, name, count in (("Heartbeat", "heartbeat", 400), ("MeterValues", "meter_values", 200)):
        count = stage.scaled(count)
        rate = {
            side: _rate(stage.pair(side, 1), action, count if side == "their" else count * 8)
            for side in ("their", "our", "echo")
        }
        filed = _rate(stage.pair("our", 1, journal_file=True), action, count * 8)
        found[f"{name}-trips"] = Reading(rate["our"], rate["their"])
        found[f"{name}-echo"] = Reading(rate["our"], rate["echo"])
        found[f"{name}-file"] = Reading(filed, rate["their"])
    return found


def capacity(stage: Stage) -> dict[str, Reading]:
    """Round trips a second over 32 connections, each end on a CPU of its own."""
    found = {}
    for action, name, count in (("Heartbeat", "heartbeat", 1600), ("MeterValues", "meter_values", 640)):
        count = stage.scaled(count)
        other = _rate(stage.pair("their", 32, both=True), action, count, 32)
        mine = _rate(stage.pair("our", 32, both=True), action, count * 8, 32)
        found[f"{name}-capacity"] = Reading(mine, other)
    return found


def _rate(ends: Ends, action: str, count: int, stations: int = 1) -> float:
    seconds: float = ends.stations.do("trips", action=action, count=count, stations=stations)
    return count / seconds


# --- fleets ---------------------------------------------------------------------------------------------------

WARM = 100
"""Stations that connect before memory is looked at, so that code and caches are in it already."""


def fleet(stage: Stage) -> dict[str, Reading]:
    """A whole fleet boots: boots a second, memory at either end."""
    rate, at_csms, at_station = {}, {}, {}
    for side in ("their", "our"):
        with Ends(side, stage.one, stage.two) as ends:
            ends.lift_limit(stage.stations + WARM)
            ends.connect(WARM)
            ends.stations.do("settle")
            before = ends.csms.do("memory"), ends.stations.do("memory")
            rate[side] = stage.stations / ends.connect(stage.stations)
            ends.stations.do("settle")
            at_csms[side] = (ends.csms.do("memory") - before[0]) / stage.stations / 1024
            at_station[side] = (ends.stations.do("memory") - before[1]) / stage.stations / 1024
    return {
        "storm": Reading(rate["our"], rate["their"]),
        "connection-memory": Reading(at_csms["our"], at_csms["their"]),
        "station-memory": Reading(at_station["our"], at_station["their"]),
    }


FEW = 10
"""Connections over which the calls go that a call among a fleet is held against."""


def flat(stage: Stage) -> dict[str, Reading]:
    """What a call costs among a fleet, beside ten connections; and the same of a plain echo.

    Either ten stations talk and all the others are idle, or each talks in its turn: then nothing of a connection is in
    the caches when it does, in the kernel's part as little as in ours, which is what the echo shows.
    """
    sides = ("our", "echo")
    alone = {side: stage.pair(side, FEW, both=True) for side in sides}
    among = {side: stage.pair(side, stage.stations, both=True) for side in sides}
    count = stage.scaled(10_000)
    took: dict[tuple[str, str], list[float]] = {}
    for _ in range(3):
        for side in sides:
            for way, ends, talking in (
                ("alone", alone, FEW),
                ("among", among, FEW),
                ("in turn", among, stage.stations),
            ):
                took.setdefault((side, way), []).append(_cost(ends[side], count, talking))
    cost = {key: median(each) for key, each in took.items()}
    growth = {side: cost[side, "in turn"] / cost[side, "alone"] for side in sides}
    return {
        "flat-connections": Reading(cost["our", "among"], cost["our", "alone"]),
        "flat-in-turn": Reading(growth["our"], growth["echo"]),
        "in-turn": Reading(cost["our", "in turn"], cost["our", "alone"]),
        "in-turn-echo": Reading(cost["echo", "in turn"], cost["echo", "alone"]),
    }


def _cost(ends: Ends, count: int, stations: int) -> float:
    """Microseconds of CPU at the CSMS for each of `count` heartbeats, spread over so many stations, ten at a time."""
    before = ends.csms.do("cpu")
    ends.stations.do("trips", action="Heartbeat", count=count, stations=stations, width=FEW)
    cost: float = (ends.csms.do("cpu") - before) / count * 1e6
    return cost


def offered_deflate(stage: Stage) -> dict[str, Reading]:
    """The same foreign stations, which offer compression, at either central system."""
    count, kib = stage.scaled(1000), {}
    for side in ("their", "our"):
        with Ends(side, stage.one, stage.two) as ends:
            foreign = Ends("their", stage.one, stage.two) if side == "our" else ends
            foreign.port = ends.port
            for each in {ends, foreign}:
                each.lift_limit(count + WARM)
            foreign.connect(WARM)
            before = ends.csms.do("memory")
            foreign.connect(count)
            kib[side] = (ends.csms.do("memory") - before) / count / 1024
            if foreign is not ends:
                foreign.end()
    return {"foreign-memory": Reading(kib["our"], kib["their"])}


def million(stage: Stage) -> dict[str, Reading]:
    """Microseconds for a call when the journal is full with a million frames, beside the usual ten thousand.

    In turn, a few milliseconds each, so that both see the machine in the same mood.
    """
    worker = stage.worker("our_csms")
    took: tuple[list[float], list[float]] = ([], [])
    for _ in range(stage.scaled(40)):
        for is_full in (False, True):
            took[is_full].append(
                worker.do("inbound", kind="heartbeat", count=200, batches=5, million=is_full)
            )
    return {"flat-journal": Reading(median(took[True]) * 1e6, median(took[False]) * 1e6)}


# --- programs -------------------------------------------------------------------------------------------------


def start_up(stage: Stage) -> dict[str, Reading]:
    """Milliseconds from the start of a process to its end."""
    url = f"ws://127.0.0.1:{stage.pair('our', 10, both=True).port}"
    python = [sys.executable]
    nothing = _milliseconds([*python, "-c", "pass"], stage)
    found = {}
    for program in ("csms", "charge_point"):
        found[f"help-{program}"] = Reading(_milliseconds([*python, "-m", program, "--help"], stage), nothing)
    station = [*python, "-m", "charge_point", "--csms", url, "--id", "STARTED"]
    mine = _milliseconds(station, stage, typed="wait accepted\nquit\n")
    theirs = [*python, "-m", "scripts.benchmarks.their_boot", "--csms", url]
    alone = _milliseconds([*theirs, "--versions", "1.6"], stage)
    found["boot-and-exit"] = Reading(mine, _milliseconds(theirs, stage))
    found["boot-and-exit-16"] = Reading(mine, alone)
    found["boot-libraries-16"] = Reading(_milliseconds([*python, "-c", LIBRARIES], stage), alone)
    return found


LIBRARIES = "import asyncio, websockets.asyncio.client, uvloop, orjson, jsonschema_rs"
"""What a station of ours needs of other people: no program that imports it starts faster than that."""


def _milliseconds(command: list[str], stage: Stage, typed: str = "") -> float:
    name = " ".join(command[1:])
    if name not in stage.started:  # the first time is for the bytecode and the disk
        stage.started.add(name)
        _milliseconds(command, stage, typed)

    def pinned() -> None:
        os.sched_setaffinity(0, stage.one)

    begun = time.perf_counter()
    ended = subprocess.run(
        command,
        cwd=ROOT,
        env=stage.environment,
        input=typed,
        text=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        preexec_fn=pinned if stage.one else None,
        check=False,
    )
    milliseconds = (time.perf_counter() - begun) * 1000
    if ended.returncode:
        raise Failed(f"{name}: status {ended.returncode}: {ended.stderr.strip()[-500:]}")
    return milliseconds


def lost(stage: Stage) -> dict[str, Reading]:
    """Milliseconds from the loss of a connection to the failure of a call that waits on it, the worst of ten."""
    worst = stage.worker("our_stations").do("lost", rounds=10)
    return {"lost-call": Reading(worst * 1000, 1.0)}


GROUPS = (
    Group(
        "inbound",
        7,
        (
            Row("inbound-meter_values", "MeterValues in, no socket / MH", "calls/s", 60, 90, more=True),
            Row(
                "inbound-transaction_event", "TransactionEvent in, same / MH", "calls/s", 100, 150, more=True
            ),
            Row(
                "inbound-meter_values-csms", "MeterValues, our whole CSMS / MH", "calls/s", 60, 90, more=True
            ),
            Row(
                "inbound-transaction_event-csms",
                "TransactionEvent, same / MH",
                "calls/s",
                100,
                150,
                more=True,
            ),
        ),
        inbound,
    ),
    Group(
        "trips",
        7,
        (
            Row("heartbeat-trips", "Heartbeat, one CPU / MH", "trips/s", 6, 10, more=True),
            Row("meter_values-trips", "MeterValues, one CPU / MH", "trips/s", 10, 13, more=True),
            Row("heartbeat-echo", "Heartbeat / websockets echo", "trips/s", 0.7, 0.85, more=True),
            Row("meter_values-echo", "MeterValues / websockets echo", "trips/s", 0.7, 0.85, more=True),
            Row("heartbeat-file", "Heartbeat, journal file / MH", "trips/s", more=True),
            Row("meter_values-file", "MeterValues, journal file / MH", "trips/s", more=True),
        ),
        trips,
    ),
    Group(
        "capacity",
        3,
        (
            Row("heartbeat-capacity", "Heartbeat, 2 CPUs, 32 conn. / MH", "trips/s", more=True),
            Row("meter_values-capacity", "MeterValues, same / MH", "trips/s", more=True),
        ),
        capacity,
    ),
    Group(
        "start-up",
        7,
        (
            Row("help-csms", "csms --help / python -c pass", "ms", 4.5, 3.5),
            Row("help-charge_point", "charge_point --help / same", "ms", 4.5, 3.5),
            Row("boot-and-exit", "a station boots and exits / MH", "ms", 0.5, 0.35),
            Row("boot-and-exit-16", "same / MH that knows 1.6 alone", "ms"),
            Row("boot-libraries-16", "import of libraries alone / same", "ms"),
        ),
        start_up,
    ),
    Group("lost-call", 3, (Row("lost-call", "a call fails after the loss", "ms", 50, absolute=True),), lost),
    Group(
        "flat-journal",
        5,
        (Row("flat-journal", "call, journal of 1M frames / 10k", "us", 1.25, 1.1),),
        million,
    ),
    Group(
        "fleet",
        3,
        (
            Row("storm", "boots, fleet with state / MH bare", "boots/s", 2, 3, more=True),
            Row("connection-memory", "CSMS memory, connection / MH", "KiB", 0.4, 0.3),
            Row("station-memory", "station with state / MH bare", "KiB", 0.6, 0.4),
        ),
        fleet,
    ),
    Group(
        "flat",
        5,
        (
            Row("flat-connections", "call, 10 of the fleet talk / 10", "us", 1.5, 1.25),
            Row("flat-in-turn", "growth, all in turn / echo's growth", "times", 1.5, 1.1),
            Row("in-turn", "call, all in turn / 10", "us"),
            Row("in-turn-echo", "echo, all in turn / 10", "us"),
        ),
        flat,
    ),
    Group(
        "foreign-memory",
        2,
        (Row("foreign-memory", "CSMS memory, MH stations / MH", "KiB"),),
        offered_deflate,
    ),
)
"""In the order of the table."""
