"""What is typed at the CSMS, and what becomes of commands: in memory, against stations that answer as told."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import orjson
import pytest

from csms.conductor import Outcome, conduct
from csms.files import Library
from csms.making import policies_of
from csms.options import CsmsOptions
from csms.server import Csms
from csms.session import Session
from csms.terminal import Terminal, serve_terminal
from csms.timetable import Step
from shared.clock import Clock
from shared.dispatch import Payload
from shared.journal.journal import Journal
from shared.link import LinkClosed, MemoryLink
from shared.versions import V16, V21, V201, Version
from tests.support import each_version, until

Answer = Payload | tuple[str, str] | None
"""A CALLRESULT's payload, a CALLERROR's code and description, or silence."""


class Station:
    """The other end of a link: answers each action as `script` says (Accepted if it does not)."""

    def __init__(self, csms: Csms, identity: str, version: Version, script: dict[str, Answer]) -> None:
        self.link, theirs = MemoryLink.pair()
        self.got: list[tuple[str, Any]] = []
        self.raw: list[str | bytes] = []
        self._script = script
        url = f"ws://h/{identity}"
        self.tasks = [
            asyncio.ensure_future(csms.serve(theirs, identity, version, url)),
            asyncio.ensure_future(self._answer()),
        ]

    async def _answer(self) -> None:
        try:
            while True:
                text = await self.link.recv()
                self.raw.append(text)
                try:
                    parts = orjson.loads(text)
                except ValueError:
                    continue
                if parts[0] == 2:
                    self.got.append((parts[2], parts[3]))
                    await self._reply(parts[1], self._script.get(parts[2], {"status": "Accepted"}))
        except LinkClosed:
            pass

    async def _reply(self, id: str, answer: Answer) -> None:
        if isinstance(answer, tuple):
            await self.link.send(orjson.dumps([4, id, *answer, {}]).decode())
        elif answer is not None:
            await self.link.send(orjson.dumps([3, id, answer]).decode())

    async def tell(self, action: str, payload: Payload) -> None:
        """Call the CSMS, and wait until it has answered."""
        before = len(self.raw)
        await self.link.send(orjson.dumps([2, f"s{before}", action, payload]).decode())
        await until(lambda: len(self.raw) > before)


class Desk:
    """A CSMS with a terminal."""

    def __init__(self, *, files: bool = False, **flags: Any) -> None:
        self.journal = Journal(Clock.of_loop(asyncio.get_running_loop()))
        self.csms = Csms(policies_of(CsmsOptions(**flags)), self.journal, timeout=5.0)
        self.csms.files = Library() if files else None
        self.quits = 0
        self.prompt = Terminal(self.csms, self._quit).prompt
        self.stations: list[Station] = []

    def _quit(self) -> None:
        self.quits += 1

    async def connect(self, identity: str = "CP1", version: Version = V201, **script: Answer) -> Station:
        station = Station(self.csms, identity, version, script)
        self.stations.append(station)
        await until(lambda: self.csms.find(identity) is not None)
        return station

    def session(self, identity: str = "CP1") -> Session:
        found = self.csms.find(identity)
        assert found is not None
        return found

    async def type(self, line: str) -> str:
        return await self.prompt.obey(line)


@asynccontextmanager
async def _desk(**flags: Any) -> AsyncIterator[Desk]:
    made = Desk(**flags)
    yield made
    await made.csms.stop()
    for station in made.stations:
        await asyncio.gather(*station.tasks)


BOOT = {"chargingStation": {"vendorName": "ACME", "model": "One"}, "reason": "PowerUp"}


def _event(kind: str, number: int, wh: float, **members: Any) -> Payload:
    sample = {"timestamp": "2026-01-01T10:00:00Z", "sampledValue": [{"value": wh}]}
    return {
        "eventType": kind,
        "timestamp": "2026-01-01T10:00:00Z",
        "triggerReason": "Authorized",
        "seqNo": number,
        "transactionInfo": {"transactionId": "TX1"},
        "evse": {"id": 1, "connectorId": 1},
        "idToken": {"idToken": "04A1", "type": "ISO14443"},
        "meterValue": [sample],
        **members,
    }


# --- conducting -----------------------------------------------------------------------------------------------


@each_version
async def test_a_command_is_sent_judged_noted_and_remembered(version: Version) -> None:
    async with _desk() as desk:
        station = await desk.connect(version=version)
        outcome = await conduct(desk.session(), Step("reset"))
        kind = "Hard" if version is V16 else "Immediate"
        assert station.got == [("Reset", {"type": kind})]
        assert outcome == Outcome("CP1", "reset", "Reset", "Accepted", True, "Accepted")
        assert list(desk.csms.outcomes) == [outcome]
        (note,) = [entry for entry in desk.journal if entry.note == "command"]
        assert note.detail == {
            "name": "reset",
            "action": "Reset",
            "status": "Accepted",
            "ok": True,
            "sent": True,
        }
        assert not note.clause


@pytest.mark.parametrize(
    ("answer", "status", "ok", "text"),
    [
        ({"status": "Scheduled"}, "Scheduled", True, "Scheduled"),
        (
            {"status": "Rejected", "statusInfo": {"reasonCode": "Busy"}},
            "Rejected",
            False,
            "Rejected Busy",
        ),
        (("NotSupported", "no"), "NotSupported", False, "Reset was refused: NotSupported: no"),
        (None, "Unanswered", False, "Reset had no answer within 5 s"),
        ({"status": "Perhaps"}, "InvalidAnswer", False, "the answer to Reset breaks its schema"),
    ],
    ids=["good", "bad", "refused", "silent", "invalid"],
)
async def test_whatever_the_station_says_is_an_outcome(
    answer: Answer, status: str, ok: bool, text: str
) -> None:
    async with _desk() as desk:
        await desk.connect(Reset=answer)
        outcome = await conduct(desk.session(), Step("reset"))
        assert (outcome.status, outcome.ok) == (status, ok)
        assert outcome.text.startswith(text)


async def test_a_lost_connection_is_an_outcome() -> None:
    async with _desk() as desk:
        station = await desk.connect(Reset=None)
        conducting = asyncio.ensure_future(conduct(desk.session(), Step("reset")))
        await until(lambda: station.got)
        station.link.abort()
        assert (await conducting).status == "ConnectionLost"


async def test_what_the_version_lacks_is_skipped_with_a_remark() -> None:
    async with _desk() as desk:
        station = await desk.connect(version=V16)
        outcome = await conduct(desk.session(), Step("get_base_report"))
        assert (outcome.status, outcome.ok, outcome.sent) == ("Skipped", None, False)
        assert station.got == []
        (note,) = [entry for entry in desk.journal if entry.note == "command"]
        assert str(note.what).startswith("get_base_report: skipped: OCPP 1.6 has no GetBaseReport")


async def test_wrong_options_are_an_outcome_and_nothing_is_sent() -> None:
    async with _desk() as desk:
        station = await desk.connect()
        for step in (Step("reset", "kind=Loud"), Step("nonsense"), Step("call", raw="{")):
            outcome = await conduct(desk.session(), step)
            assert (outcome.status, outcome.ok, outcome.sent) == ("NotSent", False, False)
            assert outcome.text
        assert station.got == []


async def test_a_raw_call_goes_out_as_it_stands() -> None:
    async with _desk() as desk:
        station = await desk.connect(Bogus=("NotImplemented", ""))
        for call in ('{"action": "Reset", "payload": {"type": 7}}', '{"action": "Bogus"}'):
            await conduct(desk.session(), Step("call", raw=call))
        assert station.got == [("Reset", {"type": 7}), ("Bogus", {})]
        assert [outcome.status for outcome in desk.csms.outcomes] == ["Accepted", "NotImplemented"]


async def test_nothing_is_concluded_from_a_raw_call_that_breaks_its_schema() -> None:
    async with _desk() as desk:
        await desk.connect(TriggerMessage={"status": "Accepted"}, ReserveNow={"status": "Accepted"})
        for action in ("TriggerMessage", "ReserveNow", "SendLocalList", "CancelReservation"):
            outcome = await conduct(desk.session(), Step("call", raw=f'{{"action": "{action}"}}'))
            assert outcome.ok, outcome
        assert desk.csms.bugs == []


async def test_a_bug_in_a_command_is_ours_and_does_not_end_the_timetable(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*parts: object) -> None:
        raise KeyError("oops")

    monkeypatch.setattr("csms.commands.build", broken)
    async with _desk() as desk:
        await desk.connect()
        outcome = await conduct(desk.session(), Step("reset"))
        assert (outcome.status, outcome.ok) == ("InternalError", False)
        assert [type(bug) for bug in desk.csms.bugs] == [KeyError]
    assert "our command reset failed" in caplog.text


# --- commands that are typed ----------------------------------------------------------------------------------


async def test_a_command_is_typed_with_its_station_and_options() -> None:
    async with _desk() as desk:
        station = await desk.connect()
        assert await desk.type("CP1 reset kind=OnIdle evse=1") == "CP1 reset (Reset): Accepted"
        assert await desk.type("cp1 Reset:kind=OnIdle,evse=1") == "CP1 Reset: Accepted"
        assert await desk.type('CP1 reset ={"type":"Immediate"}') == "CP1 reset (Reset): Accepted"
        assert [payload for _, payload in station.got] == [
            {"type": "OnIdle", "evseId": 1},
            {"type": "OnIdle", "evseId": 1},
            {"type": "Immediate"},
        ]


async def test_the_only_station_need_not_be_named() -> None:
    async with _desk() as desk:
        assert (
            await desk.type("reset")
            == "which station? write its name first, or * for all (none is connected)"
        )
        one = await desk.connect()
        assert await desk.type("clear_cache") == "CP1 clear_cache (ClearCache): Accepted"
        two = await desk.connect("CP2", V16)
        assert await desk.type("reset") == "which station? write its name first, or * for all (CP1, CP2)"
        assert await desk.type("* ClearCache") == "CP1 ClearCache: Accepted\nCP2 ClearCache: Accepted"
        assert (len(one.got), len(two.got)) == (2, 1)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("CP1", "what shall CP1 do? ('help commands' lists what can be asked)"),
        ("CP1 reste", "'reste' is not a command; did you mean 'reset'?"),
        ("CP1 zzzzzz", "'zzzzzz' is not a command; help commands lists them"),
        ("CP9 reset", "no station called 'CP9' is connected; did you mean 'CP1'?"),
        ("statoins", "'statoins' is not a word that can be typed here; did you mean 'stations'"),
        ("CP1 reset kind=Loud", "CP1 reset: "),
        ("CP1 reset evse=1 OnIdle", "'OnIdle' is not key=value"),
        ("CP1 call", "call what?"),
        ("CP1 raw", "raw what?"),
        ("wait", "wait for how many seconds, or for which station?"),
    ],
)
async def test_what_cannot_be_is_said_in_one_line(line: str, said: str) -> None:
    async with _desk() as desk:
        station = await desk.connect()
        told = await desk.type(line)
        assert told.startswith(said)
        assert "\n" not in told
        assert station.got == []


async def test_a_station_that_is_away_is_said_to_be() -> None:
    async with _desk() as desk:
        assert await desk.type("* reset") == "no station is connected"
        station = await desk.connect()
        station.link.abort()
        await until(lambda: not desk.csms.sessions)
        assert await desk.type("CP1 reset") == "CP1 is not connected"


async def test_calls_and_text_are_sent_as_they_stand() -> None:
    async with _desk() as desk:
        station = await desk.connect(Bogus=("NotImplemented", "what?"))
        assert await desk.type('CP1 call Reset {"type": 7}') == "CP1 call (Reset): Accepted"
        assert (
            await desk.type("CP1 call Bogus") == "CP1 call (Bogus): Bogus was refused: NotImplemented: what?"
        )
        assert (await desk.type("CP1 call Reset {")).startswith("CP1 call: a call is not JSON")
        assert await desk.type("CP1 raw [2, oops") == "CP1: sent 8 characters"
        await until(lambda: "[2, oops" in station.raw)
        assert station.got == [("Reset", {"type": 7}), ("Bogus", {})]


# --- looking --------------------------------------------------------------------------------------------------


async def test_stations_and_transactions_are_listed() -> None:
    async with _desk() as desk:
        assert await desk.type("stations") == "no station has connected yet"
        assert await desk.type("transactions") == "no transactions yet"
        station = await desk.connect()
        await station.tell("BootNotification", BOOT)
        await station.tell("TransactionEvent", _event("Started", 0, 1000.0))
        await desk.connect("CP2", V16)
        table = (await desk.type("stations")).splitlines()
        assert table[0].split() == [
            "station",
            "OCPP",
            "now",
            "registration",
            "open",
            "sessions",
            "kWh",
            "statuses",
        ]
        assert table[1].split()[:6] == ["CP1", "2.0.1", "connected", "Accepted", "1", "0"]
        assert table[2].split()[:6] == ["CP2", "1.6", "connected", "never", "booted", "0"]
        assert (await desk.type("transactions")).splitlines()[1].split() == [
            *("CP1", "TX1", "1/1", "04A1", "10:00:00", "0.000", "open"),
        ]
        await station.tell("TransactionEvent", _event("Ended", 1, 3500.0))
        assert (await desk.type("transactions")).splitlines()[1].split()[5:] == ["2.500", "ended:", "Local"]
        assert (await desk.type("stations")).splitlines()[1].split()[4:7] == ["0", "1", "2.500"]


async def test_findings_are_listed_with_their_frame_and_clause() -> None:
    async with _desk() as desk:
        assert await desk.type("findings") == "no findings: nothing was seen that breaks a rule"
        station = await desk.connect()
        await station.tell("Heartbeat", {"extra": 1})
        (line,) = (await desk.type("findings")).splitlines()
        assert line.startswith("frame 2 CP1 invalid_request  Heartbeat: ")
        assert "  [OCPP 2.0.1 part 4 " in line


async def test_files_are_listed_and_let_go_wrong() -> None:
    async with _desk(files=True) as desk:
        assert desk.csms.files is not None
        assert "made up" in await desk.type("files")
        assert "missing on fw-*, 0 times so far" in await desk.type("files missing:path=fw-*")
        assert "did you mean 'missing'" in await desk.type("files mising")
        desk.csms.files.received["uploads/CP1/a.log"] = b"log"
        assert await desk.type("files none") == "uploads/CP1/a.log"
    async with _desk() as desk:
        assert "is not a word" in await desk.type("files") or "no " in await desk.type("files")


async def test_a_rollout_ends_when_too_many_have_failed() -> None:
    async with _desk(files=True) as desk:
        assert await desk.type("rollout fw-2.0.0.bin") == "no station is connected"
        assert "which file?" in await desk.type("rollout")
        assert "usage: rollout" in await desk.type("rollout fw-2.0.0.bin one")
        await desk.connect("CP1", UpdateFirmware={"status": "Rejected"})
        await desk.connect("CP2", UpdateFirmware={"status": "Accepted"})
        await desk.connect("CP3", UpdateFirmware={"status": "Accepted"})
        said = await desk.type("rollout fw-2.0.0.bin 2")
        assert said == "failed: CP1 (Rejected), CP2 (silent since the request)\nleft: CP3"
        assert "is not among the files" in await desk.type("rollout nothing.bin")


async def test_waiting_for_a_station_lasts_until_it_is_accepted() -> None:
    async with _desk(boot_status_sequence=("Pending", "Accepted")) as desk:
        waiting = asyncio.ensure_future(desk.type("wait CP1"))
        await asyncio.sleep(1)
        station = await desk.connect()
        await station.tell("BootNotification", BOOT)
        await asyncio.sleep(1)
        assert not waiting.done()
        await station.tell("BootNotification", BOOT)
        assert await waiting == ""


async def test_waiting_for_a_station_does_not_end_before_it_boots() -> None:
    async with _desk() as desk:
        station = await desk.connect()
        waiting = asyncio.ensure_future(desk.type("wait CP1"))
        await asyncio.sleep(1)
        assert not waiting.done()
        await station.tell("BootNotification", BOOT)
        assert await waiting == ""


async def test_waiting_for_a_station_ends_when_it_talks_without_booting_or_keeps_silent() -> None:
    async with _desk() as desk:
        station = await desk.connect()
        before = asyncio.get_running_loop().time()
        assert await desk.type("wait CP1") == ""
        assert asyncio.get_running_loop().time() - before == pytest.approx(5, abs=0.1)
        waiting = asyncio.ensure_future(desk.type("wait CP1"))
        await asyncio.sleep(1)
        await station.tell("Heartbeat", {})
        await asyncio.sleep(0.1)
        assert waiting.done()


async def test_waiting_for_seconds_lasts_so_long() -> None:
    async with _desk() as desk:
        before = asyncio.get_running_loop().time()
        assert await desk.type("wait 2.5") == ""
        assert asyncio.get_running_loop().time() - before == 2.5


async def test_quit_asks_to_stop() -> None:
    async with _desk() as desk:
        assert await desk.type("quit") == ""
        assert desk.quits == 1


# --- help and completion --------------------------------------------------------------------------------------


@pytest.mark.parametrize("line", ["help", "help commands", "help wait", "help findings"])
async def test_help_fits_a_terminal_of_80_columns(line: str) -> None:
    async with _desk() as desk:
        text = await desk.type(line)
        assert max(map(len, text.splitlines())) <= 79


async def test_help_lists_every_command_and_tells_about_each() -> None:
    from csms.commands import COMMANDS

    async with _desk() as desk:
        listed = await desk.type("help commands")
        for name, command in COMMANDS.items():
            assert f"\n{command.name} " in f"\n{listed}"
            about = await desk.type(f"help {name}")
            assert command.help in about
            assert all(f"[{option}=]" in about for option in command.options)
        assert "did you mean 'reset'?" in await desk.type("help reste")


async def test_stations_commands_and_options_are_completed() -> None:
    async with _desk() as desk:
        await desk.connect()
        assert {"CP1", "*", "reset", "stations", "help"} <= set(desk.prompt.complete(""))
        assert {"reset", "call", "raw"} <= set(desk.prompt.complete("CP1 "))
        assert {"kind=", "evse="} == set(desk.prompt.complete("CP1 reset "))
        assert {"kind=", "evse="} == set(desk.prompt.complete("reset k"))
        assert desk.prompt.complete("wait ") == ["CP1"]


@pytest.mark.sockets
async def test_piped_lines_become_commands() -> None:
    async with _desk() as desk:
        said: list[str] = []
        typed = io.StringIO("# comment\nstations\nquit\n")
        await serve_terminal(desk.csms, lambda: said.append("quit"), stdin=typed, write=said.append)
        assert said == ["no station has connected yet", "quit"]


async def test_the_memory_of_outcomes_is_bounded() -> None:
    async with _desk() as desk:
        assert desk.csms.outcomes.maxlen


async def test_2_1_commands_go_to_2_1_stations_only() -> None:
    async with _desk() as desk:
        one, two = await desk.connect(version=V21), await desk.connect("CP2", V16)
        said = await desk.type("* get_tariffs evse=1")
        assert "CP2 get_tariffs: skipped: OCPP 1.6 has no GetTariffs" in said
        assert (len(one.got), len(two.got)) == (1, 0)
