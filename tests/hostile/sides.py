"""The ends that the table is tried on, and stand-ins for them: a peer with a small table of handlers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, Protocol

from websockets.asyncio.client import connect
from websockets.asyncio.server import serve
from websockets.typing import Subprotocol

from shared.actions import CSMS, STATION, known
from shared.clock import Clock
from shared.dispatch import Handler, Table
from shared.journal.journal import Journal
from shared.link import Link, MemoryLink
from shared.peer import Peer, Setting
from shared.tasks import Tasks
from shared.versions import V16, Version
from shared.websocket import ClientSide, ServerSide, WebSocketLink

MAX_FRAME = 1024 * 1024


class Side(Protocol):
    """One end under test. `connect` gives the tester's link of a fresh connection to it; `slow` says whether its
    DataTransfer takes a while; `journals` holds what it wrote about each connection, if it can be looked at."""

    end: str
    slow: bool
    journals: list[Journal]

    def connect(self, version: Version) -> AbstractAsyncContextManager[Link]: ...


class StandIn:
    """A peer that serves a few actions of `end`, in memory or over sockets."""

    slow = True

    def __init__(self, end: str, *, sockets: bool) -> None:
        self.end = end
        self.sockets = sockets
        self.journals: list[Journal] = []
        self.crashes: list[BaseException] = []
        self.peers: list[Peer] = []

    def peer(self, link: Link, version: Version) -> Peer:
        """The end under test on `link`."""
        journal = Journal(Clock.of_loop(asyncio.get_running_loop()), limit=20_000)
        setting = Setting(self.end, journal, Tasks(self.crashes.append), crashed=self.crashes.append)
        handlers = handlers_of(self.end, version)
        peer = Peer(link, version, handlers, None, setting, station="CP1", id_prefix="own-")
        self.journals.append(journal)
        self.peers.append(peer)
        return peer

    @asynccontextmanager
    async def connect(self, version: Version) -> AsyncIterator[Link]:
        over = self._over_sockets if self.sockets else self._in_memory
        async with over(version) as link:
            yield link
        assert self.crashes == []

    @asynccontextmanager
    async def _in_memory(self, version: Version) -> AsyncIterator[Link]:
        ours, theirs = MemoryLink.pair()
        running = asyncio.create_task(self.peer(theirs, version).run())
        yield ours
        await ours.close()
        await running

    @asynccontextmanager
    async def _over_sockets(self, version: Version) -> AsyncIterator[Link]:
        """The end under test accepts, whichever it is: the engine does not know who dialled."""

        async def handler(connection: ServerSide) -> None:
            await self.peer(WebSocketLink(connection), version).run()

        subprotocols = [Subprotocol(version.subprotocol)]
        options: Any = {"create_connection": ServerSide, "max_size": MAX_FRAME, "subprotocols": subprotocols}
        async with serve(handler, "127.0.0.1", 0, **options) as server:  # type: ignore[arg-type]
            port = next(iter(server.sockets)).getsockname()[1]
            options = {"create_connection": ClientSide, "subprotocols": subprotocols, "max_size": None}
            async with connect(f"ws://127.0.0.1:{port}/CP1", **options) as client:
                assert isinstance(client, ClientSide)
                yield WebSocketLink(client)


def handlers_of(end: str, version: Version) -> Table:
    """A few handlers, among them a slow one."""
    now = "2026-01-01T10:00:00.000Z"

    async def slow(context: Any, request: Any) -> Any:
        await asyncio.sleep(0.05)
        return {"status": "UnknownVendorId"}

    answers: dict[str, Any] = {
        CSMS: {
            "Heartbeat": {"currentTime": now},
            "BootNotification": {"currentTime": now, "interval": 60, "status": "Accepted"},
            "StatusNotification": {},
            "MeterValues": {},
        },
        STATION: {
            "GetLocalListVersion": {"listVersion": 0} if version is V16 else {"versionNumber": 0},
            "ChangeAvailability": {"status": "Accepted"},
            "SendLocalList": {"status": "Accepted"},
            "RemoteStartTransaction": {"status": "Rejected"},
            "RequestStopTransaction": {"status": "Rejected"},
        },
    }
    if version.has_send:
        answers[CSMS]["NotifyPeriodicEventStream"] = {}
    table = {
        name: Handler(lambda context, request, answer=answer: answer, False)
        for name, answer in answers[end].items()
    }
    table = {name: handler for name, handler in table.items() if known(version, name)}
    return table | {"DataTransfer": Handler(slow, True)}
