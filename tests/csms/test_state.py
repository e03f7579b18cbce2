"""What a CSMS remembers when it was killed."""

from __future__ import annotations

import asyncio
from pathlib import Path

from charge_point.authorization import Token
from charge_point.connection import Connection
from charge_point.driver import Driver, Wish
from charge_point.setup import StationSetup
from charge_point.station import Station
from csms.making import policies_of
from csms.options import resolve
from csms.server import Csms
from csms.state import State
from shared.clock import Clock
from shared.journal.journal import Journal
from shared.link import MemoryLink
from shared.tasks import Tasks
from shared.versions import VERSIONS


async def _run(folder: Path, id: str, version: object) -> tuple[Csms, Station]:
    """A CSMS with its state in `folder`, and one session of a station; the CSMS is left without a goodbye."""
    journal = Journal(Clock.of_loop(asyncio.get_running_loop()))
    failures: list[str] = []
    csms = Csms(policies_of(resolve([], {})), journal)
    state = State(str(folder), failures.append)
    state.keep(csms)
    tasks = Tasks(lambda error: failures.append(repr(error)))
    station = Station(id, StationSetup(), journal, tasks, version=version)  # type: ignore[arg-type]
    one, two = MemoryLink.pair()
    tasks.spawn(csms.serve(one, id, version))  # type: ignore[arg-type]
    tasks.spawn(Connection(station, None).serve(two, version))  # type: ignore[arg-type]
    assert await Driver(station).sessions(Wish(Token("E1"), duration=60), 1)
    await tasks.end()
    state.close()
    assert failures == []
    return csms, station


async def test_registration_and_bills_are_there_again_after_the_csms_was_killed(tmp_path: Path) -> None:
    for version in VERSIONS:
        id = f"Station-{version.name}"
        before, _ = await _run(tmp_path, id, version)
        journal = Journal(Clock.of_loop(asyncio.get_running_loop()))
        after = Csms(policies_of(resolve([], {})), journal)
        again = State(str(tmp_path), lambda sentence: None)
        again.keep(after)
        assert after.records[id].registration == "Accepted"
        assert after.ledger.billed(after.records[id]) == before.ledger.billed(before.records[id])
        assert len(after.ledger.billed(after.records[id])) == 1
        again.close()


async def test_new_16_transactions_get_ids_that_were_not_used_before(tmp_path: Path) -> None:
    await _run(tmp_path, "CP1", VERSIONS[0])
    csms, _ = await _run(tmp_path, "CP1", VERSIONS[0])
    assert [bill.transaction for bill in csms.ledger.billed(csms.records["CP1"])] == [1000, 1001]
