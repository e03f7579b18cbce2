"""What a run has in common: its size, its CPUs, and the processes that live through all of its rounds."""

from __future__ import annotations

import os
import tempfile

from scripts.benchmarks.workers import Ends, Worker, cpus


class Stage:
    """Owner of the processes that are kept. `stations` is the size of a fleet, `scale` shrinks a quick run."""

    def __init__(self, *, stations: int, quick: bool) -> None:
        self.stations = stations
        self.quick = quick
        found = cpus()
        self.one = found[:1]
        """The CPU of a single connection: both ends on one, else the wake-up of a sleeping CPU is measured."""
        self.two = found[1:2] or found[:1]
        """The CPU of the other end where there are many connections."""
        self._bytecode = tempfile.TemporaryDirectory(prefix="bench-")
        self.environment = {
            name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"
        } | {"PYTHONPYCACHEPREFIX": self._bytecode.name}
        """Of the programs whose start is measured: bytecode is kept, as it is where they are installed."""
        self.started: set[str] = set()
        """The commands that were run before."""
        self._workers: dict[str, Worker] = {}
        self._ends: dict[str, Ends] = {}

    def scaled(self, count: int) -> int:
        """So many, or a quarter of it in a quick run."""
        return max(count // 4, 1) if self.quick else count

    def worker(self, kind: str) -> Worker:
        """The process of one kind that works by itself, pinned to one CPU."""
        if kind not in self._workers:
            self._workers[kind] = Worker(kind, self.one)
        return self._workers[kind]

    def pair(self, side: str, stations: int, *, both: bool = False, journal_file: bool = False) -> Ends:
        """Two ends that stay connected by so many stations; on one CPU, or on `both`."""
        name = f"{side} {stations} {both} {journal_file}"
        if name not in self._ends:
            other = self.two if both else self.one
            listen = {"journal_file": True} if journal_file else {}
            ends = self._ends[name] = Ends(side, self.one, other, **listen)
            ends.lift_limit(stations)
            ends.connect(stations, width=min(stations, 200))
            ends.stations.do("settle")
        return self._ends[name]

    def end(self) -> None:
        """End every process that was kept."""
        for ends in self._ends.values():
            ends.end()
        for worker in self._workers.values():
            worker.end()
        self._workers.clear()
        self._ends.clear()
        self._bytecode.cleanup()
