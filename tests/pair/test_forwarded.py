"""The pair with a forwarder between: whole sessions pass, and what was recorded there is as good as at either end."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from csms.forwarding import ForwardingCsms, Through
from csms.making import csms_of
from csms.options import resolve
from shared.actions import CSMS, STATION
from shared.dialer import Target
from shared.journal.entry import FRAME
from shared.journal.files import JournalFile
from shared.journal.journal import Journal
from shared.link import Link, MemoryLink
from shared.replay.diff import diff
from shared.replay.play import Pace
from shared.replay.read import read
from shared.replay.replay import line
from shared.replay.scenario import scenarios
from shared.versions import Version
from tests.pair.pair import Pair
from tests.pair.words import IDENTITY, STOP
from tests.replay.test_pair_replayed import MEMORY, act, be_csms, be_station


class Forwarded(Pair):
    """The pair, whose station dials a forwarder."""

    forwarder: ForwardingCsms

    async def __aenter__(self) -> Forwarded:
        await super().__aenter__()
        return self

    async def start_csms(self, arguments: str | None = None) -> None:
        """Start both."""
        await super().start_csms(arguments)
        options = resolve(shlex.split("--forward ws://mock --run-id test"), {})
        made = csms_of(options, Journal(self.clock))
        assert isinstance(made, ForwardingCsms)
        self.forwarder = made

    async def stop_csms(self) -> None:
        """Stop both."""
        await self.forwarder.stop()
        self._bugs += self.forwarder.bugs
        await super().stop_csms()

    async def dial(self, target: Target) -> tuple[Link, Version]:
        """One attempt of the station to connect."""
        station, near = MemoryLink.pair()
        far, csms = MemoryLink.pair()
        self.csms.tasks.spawn(self.csms.serve(csms, target.identity, self.version, target.url))
        served = self.forwarder.serve(Through(near, far), target.identity, self.version, target.url)
        self.forwarder.tasks.spawn(served)
        return station, self.version


def frames(journal: Journal, *ways: str) -> list[str | bytes]:
    """The frames that went these ways."""
    return [entry.what for entry in journal if entry.sort == FRAME and entry.dir in ways]


async def test_sessions_pass_and_their_journal_compares_and_replays(version: Version, tmp_path: Path) -> None:
    between, there = tmp_path / "between.jsonl", tmp_path / "there.jsonl"
    async with Forwarded(MEMORY, version, switched_on=False) as p:
        files = [
            JournalFile(str(between), p.forwarder.journal, pytest.fail),
            JournalFile(str(there), p.csms_journal, pytest.fail),
        ]
        p.add_charger()
        await act(p)
        for file in files:
            file.close()

        assert len(frames(p.forwarder.journal, "in", "out")) > 20
        for way, back in (("in", "out"), ("out", "in")):  # byte for byte, and in their order
            said = frames(p.forwarder.journal, way)
            assert said == frames(p.csms_journal, way)
            assert said == frames(p.charger.journal, back)

        forwarder, known = p.forwarder, p.forwarder.records[IDENTITY]
        assert forwarder.journal.findings() == []
        assert forwarder.ledger.billed(known) == p.csms.ledger.billed(p.record)
        assert len(forwarder.ledger.billed(known)) == 2
        assert (known.registration, known.statuses) == ("Accepted", p.record.statuses)

    recording = read(between)
    assert len(recording.connections(IDENTITY)) == 2
    assert diff(read(there), recording) == []
    for role in (STATION, CSMS):
        assert "scenario:" in scenarios(recording, role)
    async with Pair(MEMORY, version, "--command " + STOP + " --delay 221", switched_on=False) as p:
        found = await be_station(recording, p, Pace(patience=10))
        assert [line(each, recording) for each in found] == []
    assert [line(each, recording) for each in await be_csms(recording, MEMORY, version)] == []
