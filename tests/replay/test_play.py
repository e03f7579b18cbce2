"""A recorded side, played to another recorded side or to a peer in the hands of the test; all in virtual time."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from shared.actions import CSMS, STATION
from shared.clock import Clock
from shared.dialer import Target
from shared.faults import parse
from shared.faults.envelope import Injection
from shared.journal.entry import OUT
from shared.journal.journal import Journal
from shared.link import Link, MemoryLink
from shared.replay.compare import MISSING, Rules
from shared.replay.play import Manner, Pace
from shared.replay.read import read
from shared.replay.recording import Recording
from shared.replay.replay import Replay
from shared.versions import V16, Version
from tests.replay.recorded import HEARTBEAT, Line, recorded, session, status

ACCEPTED = {"idTagInfo": {"status": "Accepted"}}


class Stage:
    """A replay on one end of a link; the test is the other end."""

    def __init__(self, recording: Recording, manner: Manner, inject: Sequence[Injection] = ()) -> None:
        self.journal = Journal(Clock.of_loop(asyncio.get_running_loop()))
        self.replay = Replay(recording, manner, self.journal, inject=inject)
        ours, self.link = MemoryLink.pair()
        self.playing = asyncio.ensure_future(self.replay.serve(ours, "CP1", "CP1", V16))

    async def hears(self, action: str) -> list[Any]:
        """The next frame, a call of that action, or an answer ("")."""
        parts: list[Any] = json.loads(await self.link.recv())
        assert (parts[2] if parts[0] == 2 else "") == action, parts
        return parts

    async def says(self, *parts: Any) -> None:
        await self.link.send(json.dumps(parts))

    async def answers(self, action: str, payload: dict[str, Any]) -> dict[str, Any]:
        """Take the call of that action, and answer it; gives its payload."""
        call = await self.hears(action)
        await self.says(3, call[1], payload)
        request: dict[str, Any] = call[3]
        return request

    @property
    def found(self) -> list[tuple[str, Any, Any]]:
        return [tuple(each.unlike) for each in self.replay.findings]  # type: ignore[misc]


@asynccontextmanager
async def stage(
    tmp_path: Path, lines: list[Line], role: str, *, every: float = 1.0, inject: str = "", **manner: Any
) -> AsyncIterator[Stage]:
    injections = [parse(inject)] if inject else []
    made = Stage(recorded(tmp_path / "recording", lines, every=every), Manner(role, **manner), injections)
    try:
        yield made
        await made.playing
    finally:
        made.playing.cancel()
        await asyncio.gather(made.playing, return_exceptions=True)
        await made.replay.close()


async def be_csms(s: Stage, transaction: int = 1000, boot: str = "Accepted") -> dict[str, Any]:
    """The CSMS of the session, with ids of its own; gives the StopTransaction that came."""
    await s.answers(
        "BootNotification", {"status": boot, "currentTime": "2020-01-01T00:00:00Z", "interval": 300}
    )
    await s.answers("StatusNotification", {})
    await s.answers("StartTransaction", {"transactionId": transaction, **ACCEPTED})
    await s.says(2, "theirs", "RemoteStopTransaction", {"transactionId": transaction})
    assert (await s.hears(""))[1:] == ["theirs", {"status": "Accepted"}]
    stop = await s.answers("StopTransaction", ACCEPTED)
    await s.answers("StatusNotification", {})
    return stop


async def test_the_station_of_a_recording_is_played_with_the_ids_of_the_live_csms(tmp_path: Path) -> None:
    async with stage(tmp_path, session(7), STATION) as s:
        stop = await be_csms(s, 1000)
    assert stop["transactionId"] == 1000
    assert s.found == []
    sorts = [e.sort for e in s.journal]
    assert (sorts[0], sorts[-1]) == ("open", "close")


async def test_what_is_played_is_spoiled_on_purpose_and_the_journal_has_each_frame_once(
    tmp_path: Path,
) -> None:
    async with stage(tmp_path, session()[:2], STATION, inject="duplicate:action=BootNotification") as s:
        call = await s.hears("BootNotification")
        assert await s.hears("BootNotification") == call
        await s.says(3, call[1], session()[1][1][2])
    frames = [(e.dir, e.kind, e.fault) for e in s.journal if e.sort == "frame"]
    assert frames == [("out", "call", ""), ("out", "call", "duplicate"), ("in", "answer", "")]


async def test_message_ids_are_made_anew_unless_they_are_to_be_kept(tmp_path: Path) -> None:
    async with stage(tmp_path, session()[:2], STATION) as s:
        call = await s.hears("BootNotification")
        await s.says(3, call[1], session()[1][1][2])
    assert call[1] != "m1"
    async with stage(tmp_path, session()[:2], STATION, keep_ids=True, keep_times=True) as s:
        assert (await s.hears("BootNotification"))[1] == "m1"
        await s.says(3, "m1", session()[1][1][2])
    assert s.found == []


async def test_a_transaction_id_that_is_to_be_kept_is_a_difference_when_it_is_another(tmp_path: Path) -> None:
    async with stage(tmp_path, session(7), STATION, keep_ids=True) as s:
        stop = await be_csms(s, 1000)
    assert stop["transactionId"] == 7
    assert ("transactionId", 7, 1000) in s.found


async def test_an_answer_that_differs_is_found_and_the_play_goes_on(tmp_path: Path) -> None:
    async with stage(tmp_path, session(), STATION) as s:
        await be_csms(s, boot="Pending")
    assert s.found == [("status", "Accepted", "Pending")]
    (finding,) = s.replay.findings
    assert finding.frame is not None
    assert finding.frame.line == 2
    assert json.loads(next(e.what for e in s.journal if e.seq == finding.ref))[2]["status"] == "Pending"
    (note,) = s.journal.findings()
    assert (note.note, note.clause) == ("unlike_recording", f"{tmp_path}/recording:2")


async def test_what_is_ignored_is_no_difference(tmp_path: Path) -> None:
    async with stage(tmp_path, session(), STATION, rules=Rules(["BootNotification.status"])) as s:
        await be_csms(s, boot="Pending")
    assert s.found == []


@pytest.mark.parametrize(
    ("pace", "seconds"),
    [(Pace(), 10.0), (Pace(scale=10.0), 1.0), (Pace(hurried=True), 0.0)],
    ids=["as recorded", "ten times as fast", "at once"],
)
async def test_the_pace_is_the_recorded_one_or_faster(pace: Pace, seconds: float, tmp_path: Path) -> None:
    async with stage(tmp_path, [session()[0], session()[2]], STATION, every=10.0, pace=pace) as s:
        await s.hears("BootNotification")
        await s.hears("StatusNotification")
        assert asyncio.get_running_loop().time() == pytest.approx(seconds)


async def test_a_message_waits_for_the_answer_that_came_before_it(tmp_path: Path) -> None:
    async with stage(tmp_path, session()[:4], STATION, pace=Pace(hurried=True)) as s:
        call = await s.hears("BootNotification")
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(20):
                await s.link.recv()
        await s.says(3, call[1], session()[1][1][2])
        await s.answers("StatusNotification", {})
    assert s.found == []


async def test_timestamps_are_moved_to_now_unless_they_are_to_be_kept(tmp_path: Path) -> None:
    for keep, expected in ((False, "2026-01-01T10:00:00.000Z"), (True, "2026-03-01T10:00:00Z")):
        async with stage(tmp_path, session()[4:5], STATION, keep_times=keep) as s:
            call = await s.hears("StartTransaction")
        assert call[3]["timestamp"] == expected


async def test_an_answer_that_does_not_come_is_found(tmp_path: Path) -> None:
    async with stage(tmp_path, session()[:4], STATION, pace=Pace(patience=5.0)) as s:
        await s.hears("BootNotification")
        await s.answers("StatusNotification", {})
    assert s.found == [("", "the answer to BootNotification", "did not come within 6 s")]


async def test_a_command_that_does_not_come_is_found_and_nothing_is_answered(tmp_path: Path) -> None:
    async with stage(tmp_path, session()[6:8], STATION, pace=Pace(patience=5.0)) as s:
        pass
    assert s.found == [("", "RemoteStopTransaction from the CSMS", "did not come within 5 s")]
    assert [e for e in s.journal if e.dir == OUT] == []


async def test_a_call_that_the_recording_does_not_have_is_refused_and_found(tmp_path: Path) -> None:
    async with stage(tmp_path, session()[:2], STATION) as s:
        call = await s.hears("BootNotification")
        await s.says(2, "x", "Reset", {"type": "Soft"})
        assert (await s.hears(""))[:3] == [4, "x", "NotSupported"]
        await s.says(3, call[1], session()[1][1][2])
    assert s.found == [("", MISSING, "Reset from the CSMS")]


async def test_a_refusal_instead_of_an_answer_is_found(tmp_path: Path) -> None:
    async with stage(tmp_path, session()[:2], STATION) as s:
        call = await s.hears("BootNotification")
        await s.says(4, call[1], "InternalError", "", {})
    assert s.found == [("", "the answer to BootNotification", "the CALLERROR to BootNotification")]


async def test_a_connection_that_ends_too_early_is_found_once(tmp_path: Path) -> None:
    async with stage(tmp_path, session(), STATION) as s:
        await s.answers("BootNotification", session()[1][1][2])
        await s.link.close(1001, "bye")
    assert s.found == [("", "StatusNotification from the station", "the connection ended (1001 bye)")]


# --- the CSMS's side --------------------------------------------------------------------------------------------


async def call(s: Stage, action: str, payload: dict[str, Any]) -> dict[str, Any]:
    await s.says(2, f"live-{action}", action, payload)
    parts = await s.hears("")
    assert parts[:2] == [3, f"live-{action}"]
    answer: dict[str, Any] = parts[2]
    return answer


async def be_station(s: Stage, **stop: Any) -> None:
    boot, start = session()[0][1][3], session()[4][1][3]
    assert (await call(s, "BootNotification", boot))["status"] == "Accepted"
    await call(s, "StatusNotification", status("Preparing"))
    started = await call(s, "StartTransaction", start)
    command = await s.hears("RemoteStopTransaction")
    assert command[3] == {"transactionId": started["transactionId"]}
    await s.says(3, command[1], {"status": "Accepted"})
    told = {"transactionId": 7, "meterStop": 900, "timestamp": "2027-01-01T00:00:00Z", "reason": "Remote"}
    await call(s, "StopTransaction", {**told, **stop})
    await call(s, "StatusNotification", status("Available"))


async def test_the_csms_of_a_recording_is_played_to_a_live_station(tmp_path: Path) -> None:
    async with stage(tmp_path, session(7), CSMS) as s:
        await be_station(s)
    assert s.found == []


async def test_a_transaction_id_that_we_gave_and_that_comes_back_wrong_is_found(tmp_path: Path) -> None:
    async with stage(tmp_path, session(7), CSMS) as s:
        await be_station(s, transactionId=8)
    assert s.found == [("transactionId", 7, 8)]


async def test_heartbeats_are_answered_whenever_they_come_and_never_waited_for(tmp_path: Path) -> None:
    lines = [*session()[:2], *HEARTBEAT, *session()[2:4]]
    async with stage(tmp_path, lines, CSMS) as s:
        await call(s, "BootNotification", session()[0][1][3])
        await call(s, "StatusNotification", status("Preparing"))
    assert s.found == []
    async with stage(tmp_path, session()[:4], CSMS) as s:
        await call(s, "BootNotification", session()[0][1][3])
        answer = await call(s, "Heartbeat", {})
        await call(s, "StatusNotification", status("Preparing"))
    assert s.found == []
    assert answer["currentTime"].startswith("2026-01-01T10:00:0")


async def test_a_message_more_is_answered_like_the_ones_before_it_so_that_the_next_can_come(
    tmp_path: Path,
) -> None:
    async with stage(tmp_path, session()[2:6], CSMS) as s:
        await call(s, "StatusNotification", status("Preparing"))
        await call(s, "StatusNotification", status("Charging"))
        await call(s, "StartTransaction", session()[4][1][3])
    assert s.found == [("", MISSING, "StatusNotification from the station")]


async def test_a_message_that_comes_too_early_is_answered_and_found(tmp_path: Path) -> None:
    async with stage(tmp_path, session()[2:6], CSMS) as s:
        await call(s, "StartTransaction", session()[4][1][3])
        await call(s, "StatusNotification", status("Preparing"))
    assert s.found == [
        ("", "StartTransaction from the station", "came before StatusNotification from the station")
    ]


async def test_two_replays_of_one_recording_understand_each_other(tmp_path: Path) -> None:
    recording = recorded(tmp_path / "recording", session(7))
    clock = Clock.of_loop(asyncio.get_running_loop())
    one, two = (Replay(recording, Manner(role), Journal(clock)) for role in (STATION, CSMS))
    ours, theirs = MemoryLink.pair()
    async with asyncio.TaskGroup() as group:
        group.create_task(one.serve(ours, "CP1", "CP1", V16))
        group.create_task(two.serve(theirs, "CP1", "CP1", V16))
    assert one.findings == two.findings == []
    assert one.over.is_set()


async def test_several_stations_are_played_side_by_side_each_to_its_own_csms(tmp_path: Path) -> None:
    recorded(tmp_path / "one", session(7))
    text = (tmp_path / "one").read_text()
    (tmp_path / "both").write_text(text + text.replace('"CP1"', '"CP2"'))
    recording = read(tmp_path / "both")
    clock = Clock.of_loop(asyncio.get_running_loop())
    stations, csms = (Replay(recording, Manner(role), Journal(clock)) for role in (STATION, CSMS))
    serving: list[asyncio.Task[Any]] = []

    async def dial(target: Target) -> tuple[Link, Version]:
        ours, theirs = MemoryLink.pair()
        station = csms.recorded_as(target.identity.lower())  # 2.x knows no case in identities
        assert station == target.identity
        serving.append(asyncio.ensure_future(csms.serve(theirs, station, target.identity, V16)))
        return ours, V16

    async with asyncio.TaskGroup() as group:
        for name in recording.stations:
            group.create_task(stations.be_station(name, Target("ws://mock", name, (V16,)), dial))
    await asyncio.gather(*serving)
    assert stations.findings == csms.findings == []
    assert stations.over.is_set()
    assert csms.done == {"CP1", "CP2"}
    assert csms.recorded_as("CP3") is None
