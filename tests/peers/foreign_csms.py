"""A central system written with `ocpp`'s own ChargePoint on `websockets`: what a tester's own CSMS may look like."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

from ocpp import v16, v21, v201
from ocpp.exceptions import GenericError
from ocpp.routing import on
from websockets.asyncio.server import ServerConnection, serve

from shared.versions import V16, V21, V201, VERSIONS, Version
from tests.peers.wire import PATIENCE, Payload, Seen, read

NUMBER = 42
"""The transaction id that the 1.6 system gives."""


def now() -> str:
    """The time, as many systems write it: with microseconds and an offset."""
    return datetime.now(UTC).isoformat()


class Manners:
    """What the systems have in common: how they judge, and what they refuse to do."""

    central: Central
    seen: Seen
    _call: Any
    _call_result: Any

    async def asks(self, action: str, **members: Any) -> Any:
        """Call our station; gives the answer's dataclass, raises what a CALLERROR becomes."""
        station: Any = self
        return await station.call(getattr(self._call, action)(**members), suppress=False)

    def answer(self, action: str, **members: Any) -> Any:
        """An answer to our station, or the error that this system makes of it."""
        if self.central.errors.get(action, 0) > 0:
            self.central.errors[action] -= 1
            raise GenericError("not today")
        return getattr(self._call_result, action)(**members)

    def info(self, token: str) -> dict[str, str]:
        """What a token is worth."""
        return {"status": "Invalid" if token in self.central.refused else "Accepted"}

    @on("BootNotification")
    def on_boot(self, **request: Any) -> Any:
        statuses = self.central.boot_statuses
        status = statuses.pop(0) if len(statuses) > 1 else statuses[0]
        interval = self.central.heartbeat if status == "Accepted" else 1
        return self.answer("BootNotification", current_time=now(), interval=interval, status=status)

    @on("Heartbeat")
    def on_heartbeat(self) -> Any:
        return self.answer("Heartbeat", current_time=now())

    @on("StatusNotification")
    def on_status(self, **request: Any) -> Any:
        return self.answer("StatusNotification")

    @on("SecurityEventNotification")
    def on_security_event(self, **request: Any) -> Any:
        return self.answer("SecurityEventNotification")

    @on("MeterValues")
    def on_meter_values(self, **request: Any) -> Any:
        return self.answer("MeterValues")

    @on("DataTransfer")
    def on_data(self, **request: Any) -> Any:
        return self.answer("DataTransfer", status="UnknownVendorId")


class Central16(Manners, v16.ChargePoint):
    """OCPP 1.6."""

    @on("Authorize")
    def on_authorize(self, id_tag: str) -> Any:
        return self.answer("Authorize", id_tag_info=self.info(id_tag))

    @on("StartTransaction")
    def on_start(self, id_tag: str, **request: Any) -> Any:
        return self.answer("StartTransaction", transaction_id=NUMBER, id_tag_info=self.info(id_tag))

    @on("StopTransaction")
    def on_stop(self, **request: Any) -> Any:
        return self.answer("StopTransaction")


class _Central2x(Manners):
    """OCPP 2.x."""

    @on("Authorize")
    def on_authorize(self, id_token: dict[str, str], **request: Any) -> Any:
        return self.answer("Authorize", id_token_info=self.info(id_token["id_token"]))

    @on("TransactionEvent")
    def on_event(self, id_token: dict[str, str] | None = None, **request: Any) -> Any:
        info = {"id_token_info": self.info(id_token["id_token"])} if id_token else {}
        return self.answer("TransactionEvent", **info)

    @on("NotifyEvent")
    def on_notify_event(self, **request: Any) -> Any:
        return self.answer("NotifyEvent")

    @on("NotifyReport")
    def on_report(self, **request: Any) -> Any:
        return self.answer("NotifyReport")


class Central201(_Central2x, v201.ChargePoint):
    """OCPP 2.0.1."""


class Central21(_Central2x, v21.ChargePoint):
    """OCPP 2.1."""


CLASSES: dict[str, Any] = {
    V16.subprotocol: Central16,
    V201.subprotocol: Central201,
    V21.subprotocol: Central21,
}


class Central:
    """The system: its settings, and its connections in the order in which they came."""

    def __init__(
        self,
        boot_statuses: tuple[str, ...] = ("Accepted",),
        *,
        heartbeat: int = 300,
        refused: tuple[str, ...] = (),
        errors: dict[str, int] | None = None,
    ) -> None:
        self.boot_statuses = list(boot_statuses)
        self.heartbeat = heartbeat
        self.refused = refused
        self.errors = errors or {}
        """Action -> how often it is answered with a CALLERROR."""
        self.url = ""
        self.connections: list[Any] = []
        self._more = asyncio.Event()

    async def connection(self, number: int = 1) -> Any:
        """The connection with this number, from 1, once it is there."""
        async with asyncio.timeout(PATIENCE):
            while len(self.connections) < number:
                self._more.clear()
                await self._more.wait()
        return self.connections[number - 1]

    def heard(self, action: str) -> list[Payload]:
        """The payloads of all calls of `action`, over all connections."""
        return [payload for one in self.connections for payload in one.seen.heard(action)]

    async def serve(self, connection: ServerConnection) -> None:
        """Talk to one station."""
        assert connection.request is not None
        seen = Seen(connection)
        station = CLASSES[str(connection.subprotocol)](
            connection.request.path.rpartition("/")[2], seen, response_timeout=5
        )
        station.central, station.seen = self, seen
        self.connections.append(station)
        self._more.set()
        await read(station)


@asynccontextmanager
async def foreign_csms(
    *boot_statuses: str, versions: tuple[Version, ...] = VERSIONS, **settings: Any
) -> AsyncIterator[Central]:
    """A central system on a free port, all defaults of `websockets`."""
    central = Central(boot_statuses or ("Accepted",), **settings)
    subprotocols: Any = [version.subprotocol for version in versions]
    async with serve(central.serve, "127.0.0.1", 0, subprotocols=subprotocols) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        central.url = f"ws://127.0.0.1:{port}/ocpp"
        yield central
