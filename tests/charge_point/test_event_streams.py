"""Periodic event streams of 2.1: opened, sent, adjusted, closed (N11-N15)."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from charge_point.outbox import Store
from shared.clock import parse
from shared.versions import V21
from tests.charge_point.watching import Watching

Payload = dict[str, Any]

POWER = "EVSE#1.Power"


class Streaming(Watching):
    """With what was sent without an answer."""

    def sent(self) -> list[Payload]:
        """The NotifyPeriodicEventStreams that arrived."""
        return self.of("~ NotifyPeriodicEventStream")  # N15.FR.01

    async def stream(self, seconds: float, type: str = "Periodic", **params: int) -> int:
        """Watch the power in a stream; gives the monitor's id."""
        return await self.watch(POWER, type, seconds, periodicEventStream=params)


async def streaming(**setup: object) -> Streaming:
    w = Streaming(V21, **setup)
    w.script["OpenPeriodicEventStream"] = lambda request: {"status": "Accepted"}
    await w.start()
    return w


async def test_tc_n_105__values_of_a_stream_are_sent_together() -> None:
    w = await streaming()
    id = await w.stream(1, interval=10)
    (opened,) = w.of("OpenPeriodicEventStream")
    assert opened["constantStreamData"] == {"id": 1, "variableMonitoringId": id, "params": {"interval": 10}}
    assert w.actions()[:2] == ["> SetVariableMonitoring", "OpenPeriodicEventStream"]  # N11.FR.02
    w.forget()
    await w.settle(60)
    sent = w.sent()
    assert len(sent) in (5, 6)
    assert {message["pending"] for message in sent} == {0}
    assert sent[1]["data"][0]["t"] == 0  # N15.FR.09
    assert sum(len(message["data"]) for message in sent) == len(sent) * 10
    times = [parse(message["basetime"]) + one["t"] for message in sent for one in message["data"]]
    assert times == sorted(times)
    assert w.told() == []  # not in NotifyEvents as well
    await w.end()


async def test_a_full_stream_is_sent_at_once_and_no_message_is_larger() -> None:
    w = await streaming()
    await w.stream(2, interval=9, values=3)
    await w.settle(60)
    sizes = [len(message["data"]) for message in w.sent()]
    assert max(sizes) == 3  # N15.FR.07, .08
    assert sum(sizes) >= 27
    await w.end()


async def test_tc_n_106__a_stream_that_is_refused_goes_on_as_events() -> None:
    w = await streaming()
    w.script["OpenPeriodicEventStream"] = lambda request: {"status": "Rejected"}
    id = await w.stream(5, interval=60)
    await w.settle(60)
    assert w.sent() == []
    assert len(w.told(id)) == 12  # N11.FR.07
    assert await w.ask("GetPeriodicEventStream") == {}
    await w.end()


async def test_tc_n_107__the_streams_are_listed() -> None:
    w = await streaming()
    first = await w.stream(5, interval=60)
    second = await w.stream(5, "PeriodicClockAligned", values=4)
    assert (await w.ask("GetPeriodicEventStream"))["constantStreamData"] == [
        {"id": 1, "variableMonitoringId": first, "params": {"interval": 60}},
        {"id": 2, "variableMonitoringId": second, "params": {"values": 4}},
    ]
    await w.end()


@pytest.mark.parametrize("how", ["cleared", "replaced", "base"])
async def test_tc_n_108__a_stream_is_closed_with_its_monitor(how: str) -> None:
    w = await streaming()
    id = await w.stream(1, interval=100)
    await w.settle(10)
    w.forget()
    if how == "cleared":
        await w.ask("ClearVariableMonitoring", {"id": [id]})  # N13.FR.05
    elif how == "replaced":
        await w.watch(POWER, "Periodic", 30, id=id)  # N13.FR.06
    else:
        await w.ask("SetMonitoringBase", {"monitoringBase": "FactoryDefault"})
    assert [len(message["data"]) for message in w.sent()] == [10]  # N13.FR.03
    assert w.of("ClosePeriodicEventStream") == [{"id": 1}]  # N13.FR.01
    w.forget()
    await w.settle(65)
    assert len(w.told(id)) == (2 if how == "replaced" else 0)  # N13.FR.04
    assert w.sent() == []
    await w.end()


async def test_tc_n_109__a_stream_is_adjusted() -> None:
    w = await streaming()
    await w.stream(1, interval=100)
    adjusted = {"id": 1, "params": {"values": 5}}
    assert await w.ask("AdjustPeriodicEventStream", adjusted) == {"status": "Accepted"}
    w.forget()
    await w.settle(50)
    assert {len(message["data"]) for message in w.sent()} == {5}
    for wrong in ({"id": 9, "params": {"values": 5}}, {"id": 1, "params": {}}):
        assert (await w.ask("AdjustPeriodicEventStream", wrong))["status"] == "Rejected"  # N14.FR.02
    assert (await w.ask("GetPeriodicEventStream"))["constantStreamData"][0]["params"] == {"values": 5}
    await w.end()


@pytest.mark.parametrize(
    ("type", "value", "params"),
    [("Periodic", 5, {}), ("Delta", 5, {"interval": 5}), ("Periodic", 5, {"values": 0})],
)
async def test_a_stream_that_cannot_be_is_rejected(type: str, value: float, params: Payload) -> None:
    w = await streaming()
    assert await w.statuses_of(w.item(POWER, type, value, periodicEventStream=params)) == ["Rejected"]
    await w.end()


async def test_beyond_the_number_of_streams_values_are_told_as_events() -> None:
    w = await streaming()
    for severity in range(10):
        await w.watch(POWER, "Periodic", 60, severity=severity, periodicEventStream={"interval": 60})
    id = await w.watch(POWER, "PeriodicClockAligned", 60, periodicEventStream={"interval": 60})
    assert len((await w.ask("GetPeriodicEventStream"))["constantStreamData"]) == 10
    await w.settle(130)
    assert len(w.told(id)) == 2
    await w.end()


async def test_a_short_outage_costs_no_value_that_is_grave_enough() -> None:
    w = await streaming()
    await w.watch(POWER, "Periodic", 1, severity=3, periodicEventStream={"interval": 5})
    w.forget()
    await w.settle(20)
    w.connection.go_offline()
    await w.settle(20)
    w.connection.come_online()
    await w.settle(20)
    times = [parse(message["basetime"]) + one["t"] for message in w.sent() for one in message["data"]]
    assert len(times) >= 55
    assert {round(later - earlier, 2) for earlier, later in pairwise(times)} == {1.0}
    assert len(w.of("OpenPeriodicEventStream")) == 0  # it is still open
    await w.end()


async def test_a_stream_is_opened_anew_after_a_start(tmp_path: Path) -> None:
    w = await streaming(store=Store(tmp_path))
    id = await w.stream(1, interval=10)
    w.forget()
    await w.ask("Reset", {"type": "Immediate"})
    await w.settle(30)
    assert [one["constantStreamData"]["variableMonitoringId"] for one in w.of("OpenPeriodicEventStream")] == [
        id
    ]
    assert w.sent()
    await w.end()
    again = await streaming(store=Store(tmp_path))
    await again.settle(30)
    assert again.sent()
    await again.end()
