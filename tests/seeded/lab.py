"""Foreign systems on real sockets, in a thread of their own, and what hooks ask them: a shell command, or HTTP."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from websockets.asyncio.client import connect
from websockets.asyncio.server import ServerConnection, serve

from shared.clock import Clock
from shared.versions import VERSIONS, Version
from tests.seeded.central import System
from tests.seeded.memory import Connection
from tests.seeded.station import Box
from tests.seeded.wires import wire

Answering = Callable[[str, str, Mapping[str, Any]], Awaitable[object]]
"""What is asked for at a station, with its arguments -> the answer."""


@asynccontextmanager
async def listening(system: System) -> AsyncIterator[str]:
    """A central system on a port of this machine, all defaults of `websockets`; gives its address."""

    async def serving(connection: ServerConnection) -> None:
        assert connection.request is not None
        identity = connection.request.path.rpartition("/")[2]
        await system.serve(connection, identity, str(connection.subprotocol))

    spoken: Any = [version.subprotocol for version in VERSIONS]
    async with serve(serving, "127.0.0.1", 0, subprotocols=spoken) as server:
        yield f"ws://127.0.0.1:{next(iter(server.sockets)).getsockname()[1]}"


class Office(ThreadingHTTPServer):
    """Takes what a hook that is an address asks, `{"station", "name", "arguments"}`, to who answers in `loop`."""

    def __init__(self, loop: asyncio.AbstractEventLoop, answering: Answering) -> None:
        self.loop = loop
        self.answering = answering
        super().__init__(("127.0.0.1", 0), _Asked)

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self.server_address[1]}/"


class _Asked(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        """Ask, and say what was answered."""
        assert isinstance(self.server, Office)
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        work: Any = self.server.answering(asked["station"], asked["name"], asked["arguments"])
        try:
            answer = asyncio.run_coroutine_threadsafe(work, self.server.loop).result(20)
        except LookupError as cannot:
            self.send_error(404, str(cannot))
            return
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps(answer).encode())

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


@contextmanager
def _beside() -> Iterator[asyncio.AbstractEventLoop]:
    """A loop in a thread of its own."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield loop
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


@contextmanager
def _office(loop: asyncio.AbstractEventLoop, answering: Answering) -> Iterator[str]:
    office = Office(loop, answering)
    thread = threading.Thread(target=office.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield office.url
    finally:
        office.shutdown()
        thread.join()
        office.server_close()


def _in(loop: asyncio.AbstractEventLoop, work: Coroutine[Any, Any, Any]) -> Any:
    return asyncio.run_coroutine_threadsafe(work, loop).result(20)


class _Bookkeeper(System):
    """A central system that writes its transactions into a file, a line each that begins with the station."""

    def __init__(self, now: Callable[[float], str], ledger: Path) -> None:
        super().__init__(now)
        self._ledger = ledger
        ledger.touch()

    def begin(self, key: tuple[Any, ...]) -> int:
        """Keep it."""
        number = super().begin(key)
        lines = (f"{station} {made['id']}\n" for (station, *_), made in self.transactions.items())
        self._ledger.write_text("".join(lines))
        return number


SHELL = """\
#!/bin/sh
# called with: station name arguments
[ "$2" = count_transactions ] || { echo "nobody can $2" >&2; exit 1; }
grep -c "^$1 " %s || true
"""


@contextmanager
def central_system(folder: Path) -> Iterator[tuple[str, dict[str, str]]]:
    """A correct central system: its address, and the hooks that count its transactions, by kind."""
    script, ledger = folder / "count.sh", folder / "ledger.txt"
    script.write_text(SHELL % ledger)
    script.chmod(0o755)
    with _beside() as loop:
        clock = Clock.of_loop(loop)
        system = _Bookkeeper(lambda ahead: clock.text(clock.time() + ahead), ledger)

        async def counted(station: str, name: str, arguments: Mapping[str, Any]) -> int:
            if name != "count_transactions":
                raise LookupError(f"nobody can {name}")
            return sum(key[0] == arguments.get("station", station) for key in system.transactions)

        address = listening(system)
        url = _in(loop, address.__aenter__())
        try:
            with _office(loop, counted) as office:
                yield url, {"shell": str(script), "http": office}
        finally:
            _in(loop, address.__aexit__(None, None, None))


@contextmanager
def station(port: int, version: Version, *, evses: int = 2) -> Iterator[str]:
    """A correct station that dials `port` until somebody is there; gives the hook by which somebody acts at it."""

    async def reach() -> Connection:
        spoken: Any = version.subprotocol
        return await connect(f"ws://127.0.0.1:{port}/Theirs", subprotocols=[spoken])

    with _beside() as loop:
        clock = Clock.of_loop(loop)
        box = Box(
            "Theirs",
            reach,
            lambda ahead: clock.text(clock.time() + ahead),
            wire(version),
            evses=evses,
            rest=0.1,
        )

        async def acted(station: str, name: str, arguments: Mapping[str, Any]) -> None:
            await box.act(name, arguments)

        loop.call_soon_threadsafe(box.switch_on)
        try:
            with _office(loop, acted) as office:
                yield office
        finally:
            _in(loop, box.switch_off())
