"""A process that plays one end of a measurement: `python -m scripts.benchmarks.child KIND`.

Reads one command a line on stdin as a JSON object with the member `do`, and answers each with one line of JSON on
stdout. Ends when stdin does. Importing is part of the kind, so that a process holds nothing but what it plays.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import sys
import time
from collections.abc import Callable
from typing import Any


def memory() -> int:
    """Bytes of memory that this process holds, garbage collected first."""
    gc.collect()
    try:
        with open("/proc/self/statm", encoding="ascii") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        import resource

        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return int(peak) if sys.platform == "darwin" else int(peak) * 1024


def pin(cpus: list[int]) -> None:
    """Run on these CPUs only, where the system can do that."""
    if cpus and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, cpus)


def lift_limit(connections: int) -> None:
    """Allow so many sockets; raises OSError with a sentence when the system does not."""
    try:
        import resource
    except ImportError:
        return
    wanted = connections + 200
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return
    if hard not in (resource.RLIM_INFINITY,) and hard < wanted:
        raise OSError(
            f"{connections} connections need {wanted} open files and the hard limit is {hard}; "
            f"raise it (ulimit -Hn {wanted}) or measure fewer (--stations)"
        )
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


_PROCESS: dict[str, Callable[..., object]] = {
    "memory": memory,
    "cpu": time.process_time,
    "pin": pin,
    "lift_limit": lift_limit,
}
"""What every process can do; the rest are coroutine methods of the end that it plays."""


def make(kind: str) -> tuple[Any, bool]:
    """The end called `kind`, and whether it wants uvloop."""
    if kind == "their_csms":
        from scripts.benchmarks.theirs import TheirCsms

        return TheirCsms(), False
    if kind == "their_stations":
        from scripts.benchmarks.theirs import TheirStations

        return TheirStations(), False
    if kind == "our_csms":
        from scripts.benchmarks.ours import OurCsms

        return OurCsms(), True
    if kind == "our_stations":
        from scripts.benchmarks.ours import OurStations

        return OurStations(), True
    from scripts.benchmarks.echo import Echo

    return Echo(), True


async def serve(end: Any) -> None:
    """Do what comes on stdin until it ends."""
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        command = json.loads(line)
        name = command.pop("do")
        try:
            if name in _PROCESS:
                answer: Any = _PROCESS[name](**command)
            else:
                answer = await getattr(end, name)(**command)
        except Exception as problem:
            print(json.dumps({"failed": f"{type(problem).__name__}: {problem}"}), flush=True)
        else:
            print(json.dumps({"answer": answer}), flush=True)


def main() -> None:
    """Play the end that the command line names."""
    end, wants_uvloop = make(sys.argv[1])
    if wants_uvloop:
        from shared.clock import run_real
        from shared.lifecycle import spare_collector

        spare_collector()
        run_real(serve(end))
    else:
        asyncio.run(serve(end))


if __name__ == "__main__":
    main()
