"""Both ends written with `ocpp`'s own ChargePoint on `websockets`, everything by default: "MH" in the table."""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any

import websockets
from ocpp.routing import on
from ocpp.v16 import ChargePoint as ChargePoint16
from ocpp.v16 import call, call_result
from ocpp.v16.datatypes import IdTagInfo
from ocpp.v16.enums import RegistrationStatus
from ocpp.v201 import ChargePoint as ChargePoint201
from ocpp.v201 import call_result as call_result_201

from scripts.benchmarks.payloads import AT, SAMPLES_16, Inbound, boot_16

NUMBER = 1000


class Station16(ChargePoint16):
    """A 1.6 station as the CSMS sees it."""

    @on("BootNotification")
    def boot(self, **request: Any) -> call_result.BootNotification:
        return call_result.BootNotification(current_time=AT, interval=60, status=RegistrationStatus.accepted)

    @on("Heartbeat")
    def heartbeat(self) -> call_result.Heartbeat:
        return call_result.Heartbeat(current_time=AT)

    @on("StartTransaction")
    def start_transaction(self, **request: Any) -> call_result.StartTransaction:
        return call_result.StartTransaction(transaction_id=NUMBER, id_tag_info=IdTagInfo(status="Accepted"))

    @on("MeterValues")
    def meter_values(self, **request: Any) -> call_result.MeterValues:
        return call_result.MeterValues()

    @on("StatusNotification")
    def status(self, **request: Any) -> call_result.StatusNotification:
        return call_result.StatusNotification()


class Station201(ChargePoint201):
    """A 2.0.1 station as the CSMS sees it."""

    @on("BootNotification")
    def boot(self, **request: Any) -> call_result_201.BootNotification:
        return call_result_201.BootNotification(current_time=AT, interval=60, status="Accepted")

    @on("TransactionEvent")
    def transaction_event(self, **request: Any) -> call_result_201.TransactionEvent:
        if "id_token" in request:
            return call_result_201.TransactionEvent(id_token_info={"status": "Accepted"})
        return call_result_201.TransactionEvent(total_cost=10.0)


class _Wire:
    """A connection without a socket: what is sent is counted."""

    def __init__(self) -> None:
        self.sent = 0
        self.last = ""

    async def send(self, text: str) -> None:
        self.sent += 1
        self.last = text


class TheirCsms:
    """A central system."""

    def __init__(self) -> None:
        self._inbound: dict[str, tuple[Inbound, _Wire, Any]] = {}

    async def listen(self, **ignored: Any) -> int:
        """Accept stations; gives the port."""

        async def serve(connection: websockets.ServerConnection) -> None:
            path = connection.request.path if connection.request else ""
            try:
                await Station16(path.rpartition("/")[2], connection).start()
            except websockets.ConnectionClosed:
                pass

        subprotocol: Any = "ocpp1.6"
        server = await websockets.serve(serve, "127.0.0.1", 0, subprotocols=[subprotocol], backlog=4096)
        port: int = next(iter(server.sockets)).getsockname()[1]
        self._server = server
        return port

    async def inbound(self, kind: str, count: int) -> float:
        """Feed `count` calls without a socket; gives seconds for each."""
        if kind not in self._inbound:
            source, wire = Inbound(kind, AT), _Wire()
            make: Any = Station16 if source.version == "1.6" else Station201
            station = make("CP1", wire)
            for text in source.before():
                await station.route_message(text)
            self._inbound[kind] = source, wire, station
        source, wire, station = self._inbound[kind]
        frames = source.frames(count, NUMBER)
        sent = wire.sent
        begun = time.perf_counter()
        for text in frames:
            await station.route_message(text)
        seconds = time.perf_counter() - begun
        assert wire.sent == sent + count, "not every call was answered"
        assert json.loads(wire.last)[0] == 3, wire.last
        return seconds / count


class TheirStations:
    """Stations: a bare ChargePoint for each, without any state."""

    def __init__(self) -> None:
        self._stations: list[tuple[websockets.ClientConnection, ChargePoint16, asyncio.Task[Any]]] = []

    async def connect(self, port: int, count: int, width: int, **ignored: Any) -> float:
        """Dial and boot `count` stations, `width` at a time; gives the seconds until all were Accepted."""
        first = len(self._stations)
        numbers = iter(range(first, first + count))

        async def one_after_another() -> None:
            for number in numbers:
                await self._boot(port, number)

        begun = time.perf_counter()
        await asyncio.gather(*(one_after_another() for _ in range(min(width, count))))
        return time.perf_counter() - begun

    async def _boot(self, port: int, number: int) -> None:
        subprotocol: Any = "ocpp1.6"
        connection = await websockets.connect(f"ws://127.0.0.1:{port}/MH{number}", subprotocols=[subprotocol])
        station = ChargePoint16(f"MH{number}", connection)
        reading = asyncio.ensure_future(_read(station))
        self._stations.append((connection, station, reading))
        boot = boot_16()
        answer = await station.call(
            call.BootNotification(
                charge_point_model=boot["chargePointModel"],
                charge_point_vendor=boot["chargePointVendor"],
                charge_point_serial_number=boot["chargePointSerialNumber"],
                firmware_version=boot["firmwareVersion"],
            )
        )
        assert answer is not None
        assert answer.status == "Accepted"

    async def settle(self) -> None:
        """Nothing is under way once all have booted."""

    async def trips(self, action: str, count: int, stations: int = 1) -> float:
        """Calls and answers, `count` in all, over so many stations at once; gives the seconds."""
        share = count // stations
        begun = time.perf_counter()
        await asyncio.gather(
            *(self._trips(station, action, share) for _, station, _ in self._stations[:stations])
        )
        return time.perf_counter() - begun

    async def _trips(self, station: ChargePoint16, action: str, count: int) -> None:
        for _ in range(count):
            request: Any = (
                call.Heartbeat()
                if action == "Heartbeat"
                else call.MeterValues(
                    connector_id=1,
                    transaction_id=NUMBER,
                    meter_value=[{"timestamp": AT, "sampledValue": SAMPLES_16}],
                )
            )
            answer = await station.call(request)
            assert answer is not None

    async def leave(self) -> None:
        """Close every connection."""
        stations, self._stations = self._stations, []
        for _, _, reading in stations:
            reading.cancel()
        for at in range(0, len(stations), 200):
            await asyncio.gather(*(connection.close() for connection, _, _ in stations[at : at + 200]))


async def _read(station: ChargePoint16) -> None:
    try:
        await station.start()
    except websockets.ConnectionClosed:
        pass
