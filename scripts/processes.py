"""Both programs as processes of their own: started, watched line by line, signalled, and never left behind.

Shared by the self-test and by tests/cli. Nothing here sleeps for a fixed time: what is waited for is a line of the
output, an exchange in a journal file, or the end of the process.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

ROOT = Path(__file__).resolve().parent.parent
WITHIN = 20.0
"""Seconds that anything may take; many times what it does take, also on a busy machine."""

T = TypeVar("T")


class TooLate(Exception):
    """What was waited for did not come; the text says what, and what came instead."""


def eventually(look: Callable[[], T], what: Callable[[], str], within: float = WITHIN) -> T:
    """The first true thing that `look` gives; `TooLate` with `what` after `within` seconds."""
    end = time.monotonic() + within
    while True:
        found = look()
        if found:
            return found
        if time.monotonic() > end:
            raise TooLate(what())
        time.sleep(0.01)


def environment(**more: str) -> dict[str, str]:
    """This process's environment without any option of ours in it, for a terminal of 80 columns."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("OCPP_", "COV_", "PYTEST_"))}
    return kept | {"COLUMNS": "80", "PYTHONUNBUFFERED": "1"} | more


def command(module: str) -> list[str]:
    """How `module` (csms, charge_point) is started from this tree."""
    return [sys.executable, "-m", module]


class Program:
    """A running program. Its output is read as it comes, by line, so that no pipe ever fills.

    `stdin` is None for /dev/null, "pipe" to `type` into it, or an open file. Use it in a `with`: what still runs
    at the end is killed.
    """

    def __init__(
        self,
        argv: Sequence[str],
        *,
        env: Mapping[str, str] | None = None,
        stdin: Any = None,
        cwd: Path | str = ROOT,
    ) -> None:
        self.argv = list(argv)
        self.out: list[str] = []
        """The lines on stdout so far."""
        self.err: list[str] = []
        """The lines on stderr so far."""
        self.process = subprocess.Popen(
            self.argv,
            stdin=subprocess.PIPE if stdin == "pipe" else subprocess.DEVNULL if stdin is None else stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=dict(env) if env is not None else environment(),
            cwd=cwd,
        )
        self._readers = [
            threading.Thread(target=_read, args=(pipe, lines), daemon=True)
            for pipe, lines in ((self.process.stdout, self.out), (self.process.stderr, self.err))
        ]
        for reader in self._readers:
            reader.start()

    def __enter__(self) -> Program:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()

    @property
    def said(self) -> str:
        """All output so far, stdout first."""
        return "\n".join([*self.out, *self.err])

    def line(self, pattern: str, within: float = WITHIN) -> re.Match[str]:
        """The first line of stdout or stderr in which `pattern` is found, now or later; `TooLate` if none comes."""
        wanted = re.compile(pattern)

        def look() -> re.Match[str] | None:
            alive = self.process.poll() is None
            if not alive:
                self._drain()
            found = next((m for text in [*self.out, *self.err] if (m := wanted.search(text))), None)
            if found is None and not alive:
                raise TooLate(f"{self._name()} ended without a line with {pattern!r}; it said:\n{self.said}")
            return found

        match = eventually(
            look, lambda: f"{self._name()} printed no line with {pattern!r}; it said:\n{self.said}", within
        )
        assert match is not None
        return match

    def type(self, *lines: str) -> None:
        """Type lines into its standard input."""
        assert self.process.stdin is not None
        self.process.stdin.write("".join(f"{line}\n" for line in lines).encode())
        self.process.stdin.flush()

    def close_stdin(self) -> None:
        """No more is typed."""
        assert self.process.stdin is not None
        self.process.stdin.close()

    def send(self, signum: int) -> None:
        """Send it a signal."""
        self.process.send_signal(signum)

    def end(self, within: float = WITHIN) -> int:
        """Its exit status, when it ends by itself."""
        try:
            status = self.process.wait(within)
        except subprocess.TimeoutExpired:
            raise TooLate(f"{self._name()} had not ended after {within:g} s; it said:\n{self.said}") from None
        self._drain()
        return status

    def stop(self, signum: int = signal.SIGTERM, within: float = WITHIN) -> int:
        """Ask it to stop; gives its exit status."""
        self.send(signum)
        return self.end(within)

    def kill(self) -> None:
        """`kill -9`, and gone."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self._drain()
        if self.process.stdin is not None and not self.process.stdin.closed:
            try:
                self.process.stdin.close()
            except OSError:
                pass  # what was typed last is not read any more

    def _drain(self) -> None:
        for reader in self._readers:
            reader.join(5)

    def _name(self) -> str:
        return " ".join(Path(part).name if part == sys.executable else part for part in self.argv[:3])


def _read(pipe: Any, lines: list[str]) -> None:
    with pipe:
        for line in pipe:
            lines.append(line.decode("utf-8", "replace").rstrip("\r\n"))


def url_of(csms: Program) -> str:
    """Where a CSMS listens, from its first line on stdout."""
    eventually(
        lambda: csms.out or csms.process.poll() is not None,
        lambda: f"the CSMS has printed nothing on stdout; on stderr:\n{csms.said}",
    )
    first = csms.out[0] if csms.out else ""
    if not first.startswith("listening on "):
        csms.process.poll()
        raise TooLate(f"the CSMS did not begin with 'listening on', but with:\n{csms.said}")
    return first.removeprefix("listening on ")
