"""The processes of a run: started when first needed, told what to do by a line of JSON, ended with the run."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Any

ROOT = Path(__file__).resolve().parent.parent.parent


class Failed(Exception):
    """A process could not do what it was told; the text says which and why."""


def cpus() -> list[int]:
    """The CPUs that this run may use; empty where processes cannot be pinned."""
    return sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []


class Worker:
    """One child process of `scripts.benchmarks.child`, pinned to `on` unless that is empty."""

    def __init__(self, kind: str, on: list[int]) -> None:
        self._kind = kind
        self._process = subprocess.Popen(
            [sys.executable, "-m", "scripts.benchmarks.child", kind],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )
        self.do("pin", cpus=on)

    def do(self, name: str, **members: Any) -> Any:
        """Give a command and wait for its answer. Raises `Failed`."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            self._process.stdin.write(json.dumps({"do": name, **members}) + "\n")
            self._process.stdin.flush()
            line = self._process.stdout.readline()
        except BrokenPipeError:
            line = ""
        if not line:
            raise Failed(f"{self._kind}: the process ended (status {self._process.wait()})")
        answer = json.loads(line)
        if "failed" in answer:
            raise Failed(f"{self._kind}: {name}: {answer['failed']}")
        return answer["answer"]

    def end(self) -> None:
        """End the process at once: nothing of it is wanted any more."""
        self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                stream.close()


class Ends:
    """A central system and its stations, in two processes, each pinned to CPUs of its own or both to one.

    `side` is "our", "their" or "echo". Use as a context manager, or call `end`.
    """

    def __init__(self, side: str, csms_on: list[int], stations_on: list[int], **listen: Any) -> None:
        kinds = ("echo", "echo") if side == "echo" else (f"{side}_csms", f"{side}_stations")
        self.csms = Worker(kinds[0], csms_on)
        self.stations = Worker(kinds[1], stations_on)
        self.port: int = self.csms.do("listen", **listen)

    def __enter__(self) -> Ends:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end()

    def lift_limit(self, connections: int) -> None:
        """Let both processes open so many sockets."""
        for worker in (self.csms, self.stations):
            worker.do("lift_limit", connections=connections)

    def connect(self, count: int, width: int = 200, **members: Any) -> float:
        """Connect and boot `count` more stations; gives the seconds that took."""
        seconds: float = self.stations.do("connect", port=self.port, count=count, width=width, **members)
        return seconds

    def end(self) -> None:
        """End both processes."""
        self.stations.end()
        self.csms.end()
