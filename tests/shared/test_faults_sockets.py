"""Faults that only a socket has in full: resets, half-open connections, refused handshakes, frames that are no text."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.frames import Opcode
from websockets.typing import Subprotocol

from charge_point.connection import Connection
from charge_point.setup import StationSetup
from charge_point.station import Station
from csms.making import admission_of, csms_of, listen
from csms.options import resolve
from csms.server import Csms
from shared.chance import Stream
from shared.clock import Clock
from shared.dialer import Backoff, Dialer, Target
from shared.faults import Faults, parse
from shared.faults.link import FaultyLink
from shared.journal.journal import Journal
from shared.link import LinkClosed, TextBytes
from shared.tasks import Tasks
from shared.versions import V16
from shared.websocket import WebSocketLink
from tests.shared.spoiled import call
from tests.shared.test_websocket import linked
from tests.support import eventually

pytestmark = pytest.mark.sockets


@asynccontextmanager
async def spoiled(*specs: str) -> AsyncIterator[tuple[FaultyLink, WebSocketLink, Faults]]:
    """The client's link with faults over it, and the server's naked one."""
    async with linked() as (client, server):
        journal = Journal(Clock.of_loop(asyncio.get_running_loop()))
        bugs: list[BaseException] = []
        tasks = Tasks(bugs.append)
        faults = Faults(journal, tasks, "charge_point")
        for spec in specs:
            faults.add(spec)
        near = faults.link(client, "CP1", V16)
        yield near, server, faults
        near.forsake()
        client.abort()
        await tasks.end()
        assert not bugs, bugs


async def test_a_reset_is_a_tcp_reset() -> None:
    async with spoiled("reset:moment=after") as (near, far, _):
        lost: list[Exception | None] = []
        seen = far.connection.connection_lost
        far.connection.connection_lost = lambda error: (lost.append(error), seen(error))[1]  # type: ignore[method-assign, assignment, func-returns-value]
        await near.send(call(1))
        assert await far.recv() == call(1)
        with pytest.raises(LinkClosed) as ended:
            await far.recv()
        assert ended.value.code == 1006
        assert isinstance(lost[0], ConnectionResetError)  # None for a stream that merely ends
        with pytest.raises(LinkClosed):
            await near.recv()


async def test_a_close_reaches_the_other_side_with_its_code() -> None:
    async with spoiled("close:code=1013,reason=later,moment=after") as (near, far, _):
        await near.send(call(1))
        assert await far.recv() == call(1)
        reading = asyncio.create_task(near.recv())
        with pytest.raises(LinkClosed) as ended:
            await far.recv()
        assert (ended.value.code, ended.value.reason) == (1013, "later")
        with pytest.raises(LinkClosed):
            await reading


async def test_a_half_open_connection_answers_no_ping_until_the_fault_is_removed() -> None:
    async with spoiled("half_open:nth=2") as (near, far, faults):
        reading = asyncio.create_task(near.recv())
        await near.send(call(1))
        assert await far.recv() == call(1)
        await near.send(call(2))
        pong = await far.connection.ping()
        await far.send(call(3))
        waiting = asyncio.create_task(far.recv())
        await asyncio.sleep(0.1)  # nothing can be waited for: it must not come
        assert not pong.done()
        assert not reading.done()
        assert not waiting.done()
        faults.reset()
        assert await reading == call(3)
        assert await waiting == call(2)
        await pong


async def test_a_half_open_connection_closes_properly_when_we_want_it_to() -> None:
    async with spoiled("half_open") as (near, far, _):
        await near.send(call(1))
        reading = asyncio.create_task(far.recv())
        await near.close(1001, "done")
        assert await reading == call(1)
        with pytest.raises(LinkClosed) as ended:
            await far.recv()
        assert ended.value.code == 1001


@pytest.mark.parametrize(("spec", "kind"), [("invalid_utf8", TextBytes), ("binary_frame", bytes)])
async def test_bytes_travel_as_the_kind_of_frame_that_they_are_meant_to_be(spec: str, kind: type) -> None:
    async with spoiled(spec) as (near, far, _):
        came: list[Any] = []
        take = far.connection.process_event
        far.connection.process_event = lambda event: (came.append(event), take(event))[1]  # type: ignore[method-assign, func-returns-value]
        await near.send(call(1))
        await eventually(lambda: came)
        assert isinstance(await far.recv(), bytes)
        assert [event.opcode for event in came] == [Opcode.TEXT if kind is TextBytes else Opcode.BINARY]


async def test_a_delay_over_a_socket_keeps_reading_meanwhile() -> None:
    async with spoiled("delay:after=0.05,direction=in", "drop:nth=3,direction=in") as (near, far, _):
        for number in range(5):
            await far.send(call(number))
        assert [await near.recv() for _ in range(4)] == [call(number) for number in (0, 1, 3, 4)]


# --- whole programs ---------------------------------------------------------------------------------------------


@asynccontextmanager
async def serving(*arguments: str) -> AsyncIterator[tuple[Csms, int]]:
    """A CSMS with these arguments, and its port."""
    options = resolve([*arguments, "--port", "0"], {})
    csms = csms_of(options, Journal(Clock.of_loop(asyncio.get_running_loop())))
    port = await listen(csms, options, admission_of(options))
    yield csms, port
    await csms.stop()
    assert not csms.bugs


def dial(port: int, identity: str = "CP1") -> Any:
    return connect(
        f"ws://127.0.0.1:{port}/{identity}", subprotocols=[Subprotocol("ocpp1.6")], compression=None
    )


async def test_handshakes_are_refused_with_a_status_for_a_while() -> None:
    async with serving("--inject", "refuse:status=429,reason=busy,times=2,station=CP1") as (csms, port):
        for _ in range(2):
            with pytest.raises(InvalidStatus) as refused:
                await dial(port)
            assert refused.value.response.status_code == 429
            assert refused.value.response.body == b"busy\n"
            async with dial(port, "CP2"):
                pass
        async with dial(port):
            pass
        assert [entry.station for entry in csms.journal if entry.note == "fault"] == ["CP1", "CP1"]


async def test_handshakes_are_refused_by_cutting_the_connection() -> None:
    async with serving("--inject", "refuse:status=0") as (csms, port):
        with pytest.raises(Exception, match=r"did not receive|closed|reset") as refused:
            await dial(port)
        assert not isinstance(refused.value, InvalidStatus)
        csms.faults.reset()
        async with dial(port):
            pass


async def test_a_fault_comes_over_a_live_connection_of_the_csms() -> None:
    async with serving() as (csms, port), dial(port) as station:
        assert isinstance(station, ClientConnection)
        await station.send('[2,"1","Heartbeat",{}]')
        assert "currentTime" in str(await station.recv())
        csms.faults.add("close:action=Heartbeat,kind=answer,code=1012")
        await station.send('[2,"2","Heartbeat",{}]')
        with pytest.raises(ConnectionClosed) as ended:
            await station.recv()
        assert ended.value.rcvd is not None
        assert ended.value.rcvd.code == 1012
        assert [e.dir for e in csms.journal if e.sort == "frame"] == ["in", "out", "in", "held"]


async def test_a_station_whose_answers_get_lost_dials_again() -> None:
    async with serving() as (csms, port):
        loop = asyncio.get_running_loop()
        bugs: list[BaseException] = []
        station = Station(
            "CP1", StationSetup(), Journal(Clock.of_loop(loop)), Tasks(bugs.append), version=V16
        )
        target = Target(f"ws://127.0.0.1:{port}", "CP1", [V16])
        dialer = Dialer(target, lambda: Backoff(0.01, 0.01, 1), Stream(0))
        connection = Connection(
            station, dialer, bugs=bugs, inject=[parse("hang_up:before_answer_to=BootNotification,times=2")]
        )
        running = asyncio.create_task(connection.run())
        await eventually(lambda: station.registration.accepted)
        for journal, way in ((csms.journal, "in"), (station.journal, "out")):
            boots = [e for e in journal if e.dir == way and "BootNotification" in str(e.what)]
            assert len(boots) == 3
        (handle,) = connection.faults
        assert handle.applied == 2
        connection.stop_dialling()
        await connection.end()
        await running
        await station.tasks.end()
        assert not bugs, bugs
