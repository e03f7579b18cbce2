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
    """A whole fleet boots: boots a second, memory at either end; and what a call costs among so many."""
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
            if side == "our":
                among_many = _cost(ends, stage.scaled(20_000), stage.stations)
    few = _cost(stage.pair("our", 10, both=True), stage.scaled(20_000), 10)
    return {
        "storm": Reading(rate["our"], rate["their"]),
        "connection-memory": Reading(at_csms["our"], at_csms["their"]),
        "station-memory": Reading(at_station["our"], at_station["their"]),
        "flat-connections": Reading(among_many, few),
    }


def _cost(ends: Ends, count: int, stations: int) -> float:
    """Microseconds of CPU at the CSMS for each of `count` heartbeats, spread over all stations, ten at a time."""
    before = ends.csms.do("cpu")
    ends.stations.do("trips", action="Heartbeat", count=count, stations=stations, width=10)
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
    """Microseconds for a call when the journal holds a million frames, beside an empty one."""
    worker, batches = stage.worker("our_csms"), stage.scaled(60)
    empty = worker.do("inbound", kind="heartbeat", count=200, batches=batches)
    full = worker.do("inbound", kind="heartbeat", count=200, batches=batches, million=True)
    return {"flat-journal": Reading(full * 1e6, empty * 1e6)}


# --- programs -------------------------------------------------------------------------------------------------


def start_up(stage: Stage) -> dict[str, Reading]:
    """Milliseconds from the start of a process to its end."""
    url = f"ws://127.0.0.1:{stage.pair('our', 10, both=True).port}"
    python = [sys.executable]
    nothing = _milliseconds([*python, "-c", "pass"], stage)
    found = {}
    for program in ("csms", "charge_point"):
        found[f"help-{program}"] = Reading(_milliseconds([*python, "-m", program, "--help"], stage), nothing)
    theirs = _milliseconds([*python, "-m", "scripts.benchmarks.their_boot", "--csms", url], stage)
    station = [*python, "-m", "charge_point", "--csms", url]
    mine = _milliseconds(station, stage, typed="wait accepted\nquit\n")
    found["boot-and-exit"] = Reading(mine, theirs)
    return found


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
            Row("inbound-meter_values-csms", "MeterValues, our whole CSMS / MH", "calls/s", more=True),
            Row("inbound-transaction_event-csms", "TransactionEvent, same / MH", "calls/s", more=True),
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
        ),
        start_up,
    ),
    Group("lost-call", 3, (Row("lost-call", "a call fails after the loss", "ms", 50, absolute=True),), lost),
    Group(
        "flat-journal",
        5,
        (Row("flat-journal", "call, 1M frames in the journal / 0", "us", 1.25, 1.1),),
        million,
    ),
    Group(
        "fleet",
        3,
        (
            Row("storm", "boots, fleet with state / MH bare", "boots/s", 2, 3, more=True),
            Row("connection-memory", "CSMS memory, connection / MH", "KiB", 0.4, 0.3),
            Row("station-memory", "station with state / MH bare", "KiB", 0.6, 0.4),
            Row("flat-connections", "call among the fleet / among 10", "us", 1.5, 1.25),
        ),
        fleet,
    ),
    Group(
        "foreign-memory",
        2,
        (Row("foreign-memory", "CSMS memory, MH stations / MH", "KiB"),),
        offered_deflate,
    ),
)
"""In the order of the table."""
