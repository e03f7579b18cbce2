"""What is typed at the station, and what it says to the CSMS because of it: in memory and virtual time."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import orjson
import pytest

from charge_point.connection import Connection
from charge_point.firmware import Firmware, Job
from charge_point.logs import Logs, Upload
from charge_point.setup import StationSetup
from charge_point.station import Station
from charge_point.terminal import Terminal, serve_terminal
from charge_point.transfer import Transfers
from shared.actions import STATION, of
from shared.clock import Clock
from shared.journal.journal import Journal
from shared.link import LinkClosed, MemoryLink
from shared.tasks import Tasks
from shared.versions import V16, V21, V201, Version
from tests.charge_point.files import Files
from tests.support import each_version, until


class Bench:
    """A station with a terminal, and a CSMS that accepts everything and remembers it."""

    def __init__(self, version: Version, **setup: Any) -> None:
        self.version = version
        journal = Journal(Clock.of_loop(asyncio.get_running_loop()))
        self.bugs: list[BaseException] = []
        self.tasks = Tasks(self.bugs.append)
        self.station = Station("CP1", StationSetup(**setup), journal, self.tasks, version=version)
        self.connection = Connection(self.station, None, bugs=self.bugs)
        self.quits = 0
        self.got: list[tuple[str, Any]] = []
        self.raw: list[str | bytes] = []
        self.refuse: dict[str, tuple[str, str]] = {}
        self.status = "Accepted"
        self.prompt = Terminal(self.station, self.connection, self._quit).prompt
        self.running: list[asyncio.Future[Any]] = []

    def _quit(self) -> None:
        self.quits += 1

    def dial(self) -> None:
        ours, theirs = MemoryLink.pair()
        self.link = theirs
        self.running = [
            asyncio.ensure_future(self.connection.serve(ours, self.version)),
            asyncio.ensure_future(self._answer(theirs)),
        ]

    async def booted(self) -> Bench:
        """Connected, accepted and quiet; what was said until then is forgotten."""
        self.dial()
        await until(lambda: self.station.registration.accepted)
        await asyncio.sleep(0.5)
        self.got.clear()
        return self

    async def _answer(self, link: MemoryLink) -> None:
        try:
            while True:
                text = await link.recv()
                self.raw.append(text)
                try:
                    parts = orjson.loads(text)
                except ValueError:
                    continue
                if parts[0] in (2, 6):
                    self.got.append((parts[2], parts[3]))
                if parts[0] == 2 and parts[2] in self.refuse:
                    await link.send(orjson.dumps([4, parts[1], *self.refuse[parts[2]], {}]).decode())
                elif parts[0] == 2:
                    await link.send(orjson.dumps([3, parts[1], self._answer_to(parts[2], parts[3])]).decode())
        except LinkClosed:
            pass

    def _answer_to(self, action: str, payload: Any) -> Any:
        now = self.station.clock.now()
        info = {"idTagInfo" if self.version is V16 else "idTokenInfo": {"status": self.status}}
        return {
            "BootNotification": {"status": "Accepted", "currentTime": now, "interval": 3600},
            "Heartbeat": {"currentTime": now},
            "Authorize": info,
            "StartTransaction": {"transactionId": 7} | info,
            "StopTransaction": {},
            "TransactionEvent": info if isinstance(payload, dict) and "idToken" in payload else {},
            "DataTransfer": {"status": "UnknownVendorId"},
        }.get(action, {})

    def actions(self) -> list[str]:
        return [action for action, _ in self.got]

    async def type(self, line: str) -> str:
        return await self.prompt.obey(line)


@asynccontextmanager
async def _bench(version: Version = V201, **setup: Any) -> AsyncIterator[Bench]:
    made = Bench(version, **setup)
    yield made
    await made.connection.end()
    await asyncio.gather(*made.running)
    await made.tasks.end()
    assert made.bugs == []


# --- the driver -----------------------------------------------------------------------------------------------


@each_version
async def test_a_session_is_typed_from_plug_to_plug(version: Version) -> None:
    async with _bench(version) as bench:
        await bench.booted()
        assert (await bench.type("plug_in")).startswith("EVSE 1: ")
        assert await bench.type("present 04A1") == "04A1 started at EVSE 1"
        assert await bench.type("wait charging") == ""
        await asyncio.sleep(61)
        status = (await bench.type("status")).splitlines()
        assert status[0] == f"CP1 OCPP {version}, connected, Accepted"
        assert "both ends" in status[2]
        assert "04A1" in status[2]
        assert "22080" in status[2]
        assert await bench.type("present 04A1") == "04A1 stopped at EVSE 1"
        assert await bench.type("unplug") == "EVSE 1: Available"
        assert await bench.type("wait idle") == ""
        due = ["StartTransaction", "StopTransaction"] if version is V16 else ["TransactionEvent"]
        assert set(bench.actions()) >= {"Authorize", *due}


async def test_a_refused_token_is_said_to_be() -> None:
    async with _bench() as bench:
        await bench.booted()
        bench.status = "Blocked"
        assert await bench.type("present 04A1 1") == "04A1 refused at EVSE 1: Blocked"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("plug_in 9", "CP1 has no EVSE 9"),
        ("plug_in 1 9", "CP1 has no EVSE 1, connector 9"),
        ("plug_in one", "'one' is not what follows; usage: plug_in [EVSE [CONNECTOR]]"),
        ("plug_in 1 1 1", "'1 1 1' is not what follows; usage: plug_in [EVSE [CONNECTOR]]"),
        ("clear_fault", "repaired is not possible while"),
        ("present", "present which token?"),
        ("power_cycle soon", "'soon' is not what follows; usage: power_cycle [SECONDS] [backup]"),
        ("reset Hard", "'Hard' is not a kind of reset on OCPP 2.0.1 (Immediate, OnIdle)"),
        ("plugin", "'plugin' is not a word that can be typed here; did you mean 'plug_in'?"),
        ("StartTransaction {}", "'StartTransaction' is not a word that can be typed here"),
        ("DataTransfer", "DataTransfer wants its payload: DataTransfer {JSON}, with vendorId in it"),
        ("DataTransfer {", "'{' is not JSON"),
        ("DataTransfer {}", "DataTransfer would break its schema: "),
        ("call", "call what?"),
        ("call Heartbeat [1]", "'[1]' is not an object"),
        ("raw", "raw what?"),
        ("wait for godot", "wait for how many seconds, or for what? (accepted, charging, idle)"),
    ],
)
async def test_what_cannot_be_is_said_in_one_line(line: str, said: str) -> None:
    async with _bench() as bench:
        await bench.booted()
        told = await bench.type(line)
        assert told.startswith(said)
        assert "\n" not in told
        assert bench.got == []


async def test_what_the_car_does_is_told() -> None:
    async with _bench(V16) as bench:
        await bench.booted()
        await bench.type("plug_in")
        await bench.type("present 04A1")
        await bench.type("wait charging")
        assert await bench.type("ev_pauses") == "EVSE 1: SuspendedEV"
        assert await bench.type("ev_resumes 1") == "EVSE 1: Charging"
        assert (await bench.type("drive_off")).startswith("drive_off is not possible while")
        await bench.type("emergency_stop")
        await bench.type("wait idle")
        (stop,) = [payload for action, payload in bench.got if action == "StopTransaction"]
        assert stop["reason"] == "EmergencyStop"


async def test_a_cable_cannot_be_put_in_twice() -> None:
    async with _bench() as bench:
        await bench.type("plug_in")
        assert (await bench.type("plug_in")).startswith("plugged_in is not possible while the cable is")


# --- the station ----------------------------------------------------------------------------------------------


async def test_a_connector_is_broken_and_mended() -> None:
    async with _bench(V16, evses=((1,), (1,))) as bench:
        await bench.booted()
        assert await bench.type("fault 2 GroundFailure") == "EVSE 2: Faulted"
        assert await bench.type("clear_fault 2") == "EVSE 2: Available"
        await asyncio.sleep(1)
        reports = [payload for action, payload in bench.got if action == "StatusNotification"]
        assert [(r["connectorId"], r["status"], r["errorCode"]) for r in reports] == [
            (2, "Faulted", "GroundFailure"),
            (2, "Available", "NoError"),
        ]


async def test_status_lists_every_connector_and_that_nobody_listens() -> None:
    async with _bench(V16, evses=((1, 2), (1,))) as bench:
        lines = (await bench.type("status")).splitlines()
        assert lines[0] == "CP1 OCPP 1.6, offline, not registered"
        assert [line.split()[:4] for line in lines[2:]] == [
            ["1", "1", "(1)", "Available"],
            ["1", "2", "(2)", "Available"],
            ["2", "1", "(3)", "Available"],
        ]


async def test_updates_and_uploads_are_let_fail() -> None:
    async with _bench() as bench:
        bench.station.part(Transfers).through = files = Files()
        await bench.booted()
        assert await bench.type("firmware_fails InstallationFailed") == (
            "firmware updates from now on: InstallationFailed"
        )
        bench.station.part(Firmware).begin(Job(files.image("2.0.0"), id=1))
        await asyncio.sleep(60)
        told = [payload for action, payload in bench.got if action == "FirmwareStatusNotification"]
        assert told[-1] == {"status": "InstallationFailed", "requestId": 1}
        assert "did you mean 'bricks'" in await bench.type("firmware_fails brick")
        assert (
            await bench.type("uploads_fail PermissionDenied")
            == "uploads of logs from now on: PermissionDenied"
        )
        bench.station.part(Logs).begin(Upload("LogStatusNotification", 2, "http://x/", "a.log", b"a"))
        await asyncio.sleep(1)
        assert bench.got[-1][1] == {"status": "PermissionDenied", "requestId": 2}
        assert "did you mean 'BadMessage'" in await bench.type("uploads_fail BadMesage")
        await bench.type("uploads_fail")
        bench.station.part(Logs).begin(Upload("LogStatusNotification", 3, "http://x/", "a.log", b"a"))
        await asyncio.sleep(1)
        assert bench.got[-1][1] == {"status": "Uploaded", "requestId": 3}


async def test_going_offline_cuts_the_connection() -> None:
    async with _bench() as bench:
        await bench.booted()
        assert await bench.type("go_offline") == "offline until come_online"
        await until(lambda: not bench.station.is_online)
        assert await bench.type("Heartbeat") == "the station is offline"
        assert await bench.type('DataTransfer {"vendorId": "x"}') == "the station is offline"
        assert await bench.type("raw x") == "the station is offline"
        assert await bench.type("come_online") == ""


@pytest.mark.parametrize("line", ["power_cycle 10", "power_cycle 10 backup", "reset", "reset OnIdle"])
async def test_what_restarts_the_station_ends_the_connection(line: str) -> None:
    async with _bench() as bench:
        await bench.booted()
        assert await bench.type(line)
        await bench.running[0]
        assert not bench.station.registration.accepted


async def test_waiting_lasts_until_it_is_so() -> None:
    async with _bench() as bench:
        waiting = asyncio.ensure_future(bench.type("wait accepted"))
        await asyncio.sleep(1)
        assert not waiting.done()
        bench.dial()
        assert await waiting == ""
        before = asyncio.get_running_loop().time()
        await bench.type("wait 2.5")
        assert asyncio.get_running_loop().time() - before == 2.5


async def test_quit_switches_the_station_off() -> None:
    async with _bench() as bench:
        assert await bench.type("quit") == ""
        assert bench.quits == 1


async def test_what_was_typed_before_quit_is_said_before_the_station_is_off() -> None:
    async with _bench() as bench:
        await bench.booted()
        await bench.type("Heartbeat")
        assert not bench.station.has_said_all
        await bench.type("quit")
        assert bench.station.has_said_all
        assert bench.quits == 1


# --- messages -------------------------------------------------------------------------------------------------


@each_version
async def test_messages_are_told_by_their_name(version: Version) -> None:
    async with _bench(version) as bench:
        await bench.booted()
        for line in ("Heartbeat", "StatusNotification 1", "BootNotification"):
            assert await bench.type(line) == ""
            await asyncio.sleep(0.5)
        assert bench.actions()[:2] == ["Heartbeat", "StatusNotification"]
        assert "BootNotification" in bench.actions()
        assert bench.got[1][1]["connectorId"] == 1


async def test_a_message_is_sent_with_the_payload_that_is_typed() -> None:
    async with _bench() as bench:
        await bench.booted()
        assert await bench.type('DataTransfer {"vendorId": "me"}') == "DataTransfer: UnknownVendorId"
        bench.refuse["DataTransfer"] = ("NotSupported", "no")
        assert (
            await bench.type('DataTransfer {"vendorId": "me"}')
            == "DataTransfer was refused: NotSupported: no"
        )
        assert bench.got == [("DataTransfer", {"vendorId": "me"})] * 2


async def test_a_call_is_sent_as_it_is() -> None:
    async with _bench() as bench:
        await bench.booted()
        assert await bench.type('call Heartbeat {"extra": 1}') != ""
        assert await bench.type("call Bogus") == "Bogus: ok"
        assert await bench.type("raw [2, oops") == "sent 8 characters"
        await until(lambda: "[2, oops" in bench.raw)
        assert bench.got == [("Heartbeat", {"extra": 1}), ("Bogus", {})]


async def test_a_send_has_no_answer_to_wait_for() -> None:
    async with _bench(V21) as bench:
        await bench.booted()
        stream = {"id": 1, "pending": 0, "basetime": "2026-01-01T10:00:00Z", "data": [{"t": 0, "v": "1"}]}
        line = f"NotifyPeriodicEventStream {orjson.dumps(stream).decode()}"
        assert await bench.type(line) == "NotifyPeriodicEventStream sent"
        await until(lambda: bench.got)
        assert bench.got == [("NotifyPeriodicEventStream", stream)]


@each_version
async def test_a_token_is_asked_about(version: Version) -> None:
    async with _bench(version) as bench:
        await bench.booted()
        bench.status = "Expired"
        assert await bench.type("Authorize 04A1") == "04A1: Expired"
        bench.refuse["Authorize"] = ("InternalError", "")
        assert await bench.type("Authorize 04A1") == "Authorize was refused: InternalError"


# --- help and completion --------------------------------------------------------------------------------------


@pytest.mark.parametrize("line", ["help", "help present", "help wait", "help StatusNotification"])
async def test_help_fits_a_terminal_of_80_columns(line: str) -> None:
    async with _bench() as bench:
        assert max(map(len, (await bench.type(line)).splitlines())) <= 79


@each_version
async def test_help_lists_the_messages_of_the_version(version: Version) -> None:
    async with _bench(version) as bench:
        listed = [line.partition(" ")[0] for line in (await bench.type("help messages")).splitlines()]
        assert listed == [action.name for action in of(version, STATION)]
        assert "vendorId" in await bench.type("help DataTransfer")


async def test_words_and_messages_are_completed() -> None:
    async with _bench(V16) as bench:
        assert {"plug_in", "present", "StartTransaction", "help"} <= set(bench.prompt.complete("p"))
        assert "StartTransaction" in bench.prompt.complete("call ")
        assert bench.prompt.complete("wait ") == ["accepted", "charging", "idle"]
        assert bench.prompt.complete("DataTransfer ") == []


@pytest.mark.sockets
async def test_piped_lines_are_done() -> None:
    async with _bench() as bench:
        said: list[str] = []
        typed = io.StringIO("plug_in\nquit\n")
        quit = lambda: said.append("quit")  # noqa: E731
        await serve_terminal(bench.station, bench.connection, quit, stdin=typed, write=said.append)
        assert said == ["EVSE 1: Occupied", "quit"]


async def test_a_car_is_described_and_a_meter_lies() -> None:
    async with _bench(V21) as bench:
        await bench.booted()
        assert (await bench.type("plug_in 1 battery=50000 soc=30 phases=1")).startswith("EVSE 1: ")
        car = bench.station.evses[0].ev
        assert car is not None
        assert car.soc == pytest.approx(30)
        assert await bench.type("meter_fault frozen 1") == "the meter of EVSE 1: frozen"
        assert "did you mean 'frozen'" in await bench.type("meter_fault frozn")
        assert "usage: meter_fault" in await bench.type("meter_fault frozen one")
        assert "did you mean 'battery'" in await bench.type("plug_in batery=1")


async def test_a_session_is_limited_ended_by_the_car_and_cut_short_by_a_watchdog() -> None:
    async with _bench(V21) as bench:
        await bench.booted()
        assert "the car cannot end its session" in await bench.type("ev_stops")
        assert (await bench.type("driver_limit energy=500")).startswith("EVSE 1: ")
        assert "usage: driver_limit" in await bench.type("driver_limit much")
        assert "did you mean 'energy'" in await bench.type("driver_limit energie=5")
        await bench.type("plug_in")
        await bench.type("present 04A1")
        await asyncio.sleep(600)
        assert bench.station.evses[0].meter.watts == 0
        assert await bench.type("ev_stops")
        assert await bench.type("watchdog") == ""
        assert not bench.station.registration.accepted
