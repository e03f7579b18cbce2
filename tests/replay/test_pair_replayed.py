"""A session of the pair, recorded, and either side of it played to the other, live side."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from csms.recorded import RecordedCsms
from shared.actions import CSMS, STATION
from shared.dialer import Target
from shared.journal.files import JournalFile
from shared.journal.journal import Journal
from shared.link import Link
from shared.replay.compare import Rules
from shared.replay.diff import diff
from shared.replay.play import Finding, Manner, Pace
from shared.replay.read import read
from shared.replay.recording import Recording
from shared.replay.replay import Replay, line
from shared.versions import Version
from tests.pair.pair import Over, Pair
from tests.pair.words import IDENTITY, STOP, status

MEMORY, SOCKETS = Over(sockets=False), Over(sockets=True)


async def act(p: Pair) -> None:
    """What the driver and the CSMS do in the recorded session, a reconnect in the middle."""
    await p.accepted()
    await p.time(20)
    await p.generator_start()
    await p.time(200)
    await p.command(STOP)
    await p.settled()
    p.station.unplug(1)
    await p.sees(status(p.version, "Available"))
    p.charger.hang_up(10)
    await p.until(lambda: p.charger.connection.peer is None)
    await p.until(lambda: p.charger.connection.peer is not None)
    await p.settled()
    await p.time(5)
    await p.generator_start()
    await p.time(30)
    await p.generator_stop()
    await p.settled()


async def record(over: Over, version: Version, path: Path, csms: str = "") -> Recording:
    """The session as the CSMS's journal has it."""
    async with Pair(over, version, csms) as p:
        file = JournalFile(str(path), p.csms_journal, pytest.fail)
        await act(p)
    file.close()
    return read(path)


async def be_station(
    recording: Recording, p: Pair, pace: Pace = Pace(), *, keep: Path | None = None
) -> list[Finding]:
    """Play the station's side to the live CSMS of a pair; gives what was found."""
    journal = Journal(p.clock)
    file = JournalFile(str(keep), journal, pytest.fail) if keep else None
    replay = Replay(recording, Manner(STATION, pace), journal)
    url = p.url if p.over.sockets else "ws://mock"

    async def dial(target: Target) -> tuple[Link, Version]:
        return await p.dial(target)

    await replay.be_station(IDENTITY, Target(url, IDENTITY, (p.version,)), dial)
    if file is not None:
        file.close()
    return replay.findings


async def test_the_recorded_station_says_the_same_to_another_csms(version: Version, tmp_path: Path) -> None:
    recording = await record(MEMORY, version, tmp_path / "one")
    assert len(recording.connections(IDENTITY)) == 2
    assert len(recording.frames) > 20
    async with Pair(MEMORY, version, "--command " + STOP + " --delay 221", switched_on=False) as p:
        found = await be_station(recording, p, Pace(patience=10), keep=tmp_path / "two")
        assert [line(each, recording) for each in found] == []
        assert len(p.csms.ledger.billed(p.record)) == 2
    assert diff(recording, read(tmp_path / "two")) == []


async def test_a_csms_that_answers_otherwise_is_found(version: Version, tmp_path: Path) -> None:
    recording = await record(MEMORY, version, tmp_path / "one")
    async with Pair(MEMORY, version, "--heartbeat-interval 77", switched_on=False) as p:
        found = await be_station(recording, p, Pace(hurried=True, patience=1))
    assert ("interval", 77) in [(each.unlike.path, each.unlike.actual) for each in found]


async def test_the_recorded_csms_says_the_same_to_another_station(version: Version, tmp_path: Path) -> None:
    recording = await record(MEMORY, version, tmp_path / "one")
    found = await be_csms(recording, MEMORY, version)
    assert [line(each, recording) for each in found] == []


async def be_csms(recording: Recording, over: Over, version: Version) -> list[Finding]:
    """Play the CSMS's side to the live station of a pair, to which the same happens again."""
    async with Pair(over, version, switched_on=False) as p:
        replay = Replay(
            recording, Manner(CSMS, Pace(), Rules(["meterValue", "*.sampledValue"])), Journal(p.clock)
        )
        real, p.csms = p.csms, RecordedCsms(replay)
        p.add_charger()
        await p.accepted()
        await p.time(20)
        await p.generator_start()
        await p.time(200)  # the recorded CSMS stops it then
        await p.until(lambda: p.transaction == "")
        await p.settled()
        p.station.unplug(1)
        await p.sees(status(p.version, "Available"))
        p.charger.hang_up(10)
        await p.until(lambda: p.charger.connection.peer is None)
        await p.until(lambda: p.charger.connection.peer is not None)
        await p.settled()
        await p.time(5)
        await p.generator_start()
        await p.time(30)
        await p.generator_stop()
        async with asyncio.timeout(p.over.patience):
            await replay.over.wait()
        await real.stop()
    return replay.findings
