"""The conversation of one end: what was in the journal before, and which connection a message came over."""

from __future__ import annotations

import asyncio

from shared.clock import Clock
from shared.journal.journal import Journal
from shared.scenario.talk import CSMS, Talk


async def test_what_came_before_it_listened_is_part_of_it() -> None:
    journal = Journal(Clock.of_loop(asyncio.get_running_loop()))
    journal.opened("csms", "CP1", "ocpp1.6")
    talk = Talk(journal, CSMS)
    await asyncio.sleep(60)
    journal.closed("csms", "CP1", "1006")
    journal.opened("csms", "CP1", "ocpp1.6")
    messages = talk.station("CP1")
    assert [message.kind for message in messages] == ["open", "close", "open"]
    assert [message.since for message in messages] == [0, 0, 60]  # 0: its first connection
    talk.close()
