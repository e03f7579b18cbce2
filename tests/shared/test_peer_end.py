"""What came before the end of a connection counts, also when nothing can be sent any more."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from shared.clock import Clock
from shared.dispatch import Handler
from shared.journal.journal import Journal
from shared.link import MemoryLink
from shared.peer import Peer, Setting
from shared.tasks import Tasks
from shared.versions import Version
from tests.support import each_version, until


@each_version
async def test_an_answer_that_came_before_the_close_is_taken_although_our_own_answer_is_not(
    version: Version,
) -> None:
    ours, theirs = MemoryLink.pair()
    served: list[Any] = []

    def data_transfer(context: Any, request: Any) -> Any:
        served.append(request)
        return {"status": "Accepted"}

    handlers = {"DataTransfer": Handler(data_transfer, False)}
    journal = Journal(Clock.of_loop(asyncio.get_running_loop()))
    setting = Setting("csms", journal, Tasks(served.append))
    peer = Peer(ours, version, handlers, None, setting, station="CP1", id_prefix="c")
    running = asyncio.ensure_future(peer.run())
    kind = "Hard" if version.name == "1.6" else "Immediate"
    reset = asyncio.ensure_future(peer.call("Reset", {"type": kind}))
    unique_id = json.loads(await theirs.recv())[1]

    # a station that says something, obeys, and is gone before we read the first word
    first = {"vendorId": "first"}
    await theirs.send(json.dumps([2, "s1", "DataTransfer", first]))
    await theirs.send(json.dumps([3, unique_id, {"status": "Accepted"}]))
    last = {"vendorId": "last"}
    await theirs.send(json.dumps([2, "s2", "DataTransfer", last]))
    await theirs.close(1000, "restarting")

    assert await reset == {"status": "Accepted"}
    ended = await running
    assert (ended.code, ended.reason) == (1000, "restarting")
    assert served == [first, last]
    await until(lambda: not peer.is_open)
    assert len([e for e in journal if e.note == "not_sent"]) == 1
