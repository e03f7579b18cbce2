"""A station and a central system written with `ocpp`, with our forwarder between them."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from typing import Any

import pytest

from csms.forwarding import ForwardingCsms
from csms.making import admission_of, csms_of, listen
from csms.options import resolve
from shared.clock import Clock
from shared.journal.entry import FRAME
from shared.journal.journal import Journal
from shared.versions import V16, Version
from tests.peers.foreign_csms import foreign_csms
from tests.peers.foreign_stations import foreign_station
from tests.peers.wire import Seen
from tests.support import each_version, eventually

pytestmark = pytest.mark.sockets

Texts = dict[tuple[Seen, str], list[str]]


@pytest.fixture
def texts(monkeypatch: pytest.MonkeyPatch) -> Texts:
    """What each foreign end sent and received, as it was on the wire."""
    found: Texts = defaultdict(list)
    recv, send = Seen.recv, Seen.send

    async def noted_recv(seen: Seen) -> Any:
        text = await recv(seen)
        found[seen, "came"].append(text)
        return text

    async def noted_send(seen: Seen, text: str) -> None:
        found[seen, "went"].append(text)
        await send(seen, text)

    monkeypatch.setattr(Seen, "recv", noted_recv)
    monkeypatch.setattr(Seen, "send", noted_send)
    return found


@each_version
async def test_foreign_ends_talk_through_us_and_see_each_others_bytes(version: Version, texts: Texts) -> None:
    async with foreign_csms() as central:
        options = resolve(["--port", "0", "--forward", central.url], {})
        between = csms_of(options, Journal(Clock.of_loop(asyncio.get_running_loop())))
        assert isinstance(between, ForwardingCsms)
        port = await listen(between, options, admission_of(options))
        async with foreign_station(f"ws://127.0.0.1:{port}", version) as station:
            there = await central.connection()
            await station.boot()
            await station.status("Available")
            await station.begin("TOKEN", 0, 1000)
            await station.measure(60, 1250)
            assert (
                await there.asks("Reset", type="Soft" if version is V16 else "OnIdle")
            ).status == "Accepted"
            await there.asks("TriggerMessage", requested_message="Heartbeat")
            await eventually(lambda: central.heard("Heartbeat"))
            await station.finish("TOKEN", 120, 1600)
        near, far = station.seen, there.seen
        assert len(texts[near, "went"]) >= 8
        assert texts[near, "went"] == texts[far, "came"]
        assert texts[far, "went"] == texts[near, "came"]
        ways = [(entry.dir, entry.what) for entry in between.journal if entry.sort == FRAME]
        assert [what for way, what in ways if way == "in"] == texts[far, "came"]
        assert [what for way, what in ways if way == "out"] == texts[near, "came"]
        assert between.energy("CP1") == (1, 600.0)
        assert between.journal.findings() == []
        await between.stop()
        assert between.bugs == []
