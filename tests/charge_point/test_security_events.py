"""Security events reach the CSMS, at the latest when there is one again (A04.FR.02; 1.6 whitepaper A04.FR.02)."""

from __future__ import annotations

from pathlib import Path

from charge_point.outbox import Store
from charge_point.security_events import SecurityEvents, security_event
from shared.versions import V16, V201, Version
from tests.charge_point.wired import Wired
from tests.support import each_version


def told(w: Wired) -> list[tuple[str, str]]:
    found = [event for action, event in w.heard() if action == "SecurityEventNotification"]
    return [(event["type"], event["timestamp"]) for event in found]


@each_version
async def test_what_happens_offline_is_told_in_its_order_when_there_is_a_csms_again(version: Version) -> None:
    w = await Wired(version).start()
    w.connection.go_offline()
    await w.settle()
    security_event(w.station, "SettingSystemTime")
    at = w.journal.clock.now()
    await w.settle(3600)
    security_event(w.station, "TamperDetectionActivated", "the lid")
    assert told(w) == []
    w.connection.come_online()
    await w.settle(5)
    assert [type for type, _ in told(w)] == ["SettingSystemTime", "TamperDetectionActivated"]
    assert told(w)[0][1] == at
    assert w.station.part(SecurityEvents).waiting == []
    await w.end()


async def test_an_event_whose_answer_was_lost_is_told_again() -> None:
    w = await Wired(V16).start()
    security_event(w.station, "TamperDetectionActivated")
    assert w.peer is not None
    w.peer.abort()
    await w.settle(5)
    assert {type for type, _ in told(w)} == {"TamperDetectionActivated"}
    assert w.station.part(SecurityEvents).waiting == []
    await w.end()


async def test_what_waits_outlives_the_process(tmp_path: Path) -> None:
    w = await Wired(V201, store=Store(tmp_path)).start()
    w.connection.go_offline()
    await w.settle()
    security_event(w.station, "TamperDetectionActivated")
    await w.end()
    again = Wired(V201, store=Store(tmp_path))
    again.tasks.spawn(again.connection.run())
    await again.settle(5)
    assert [type for type, _ in told(again)] == ["TamperDetectionActivated", "StartupOfTheDevice"]
    await again.end()
