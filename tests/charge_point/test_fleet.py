"""Many stations in one process: their names, their chance, their prompt, and what their ends amount to."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from charge_point.fleet import numbered, options_of, worst
from charge_point.fleet_terminal import FleetTerminal
from charge_point.options import resolve
from charge_point.program import _until_stopped
from csms.making import admission_of, csms_of, listen
from csms.options import resolve as csms_options
from shared import lifecycle
from shared.chance import Stream
from shared.clock import Clock
from shared.journal.journal import Journal
from shared.lifecycle import Shutdown
from shared.option_fields import UsageError
from shared.versions import V16
from tests.charge_point.wired import Wired

AT = ["--csms", "ws://localhost:9"]


def ids(*words: str) -> list[str]:
    return [own.id for own in options_of(resolve([*AT, *words], {}))]


def test_stations_are_numbered_by_a_pattern() -> None:
    assert ids() == ["CP1"]
    assert ids("--stations", "3") == ["CP-001", "CP-002", "CP-003"]
    assert ids("--stations", "2", "--id", "A{n}-{n:2}") == ["A1- 1", "A2- 2"]
    assert ids("--stations", "1", "--id", "ALONE") == ["ALONE"]
    assert ids("--id", "CP-{n}") == ["CP-{n}"], "without --stations it is a name like any other"
    assert numbered("CP-{n:04}", 12345) == "CP-12345"


def test_serial_numbers_and_tokens_are_numbered_too() -> None:
    words = ["--stations", "2", "--serial", "S{n:02}", "--token", "T{n}", "--generate", "tokens=A{n}+B{n}"]
    one, two = options_of(resolve([*AT, *words], {}))
    assert (one.serial, one.token, one.generate) == ("S01", "T1", {"tokens": "A1+B1"})
    assert (two.serial, two.token, two.generate) == ("S02", "T2", {"tokens": "A2+B2"})
    assert two.stations is None


WRONG = [
    (["--stations", "0"], "--stations"),
    (["--stations", "2", "--id", "CP1"], "names one station: write {n}"),
    (["--stations", "2", "--id", "CP-{m}"], "names one station"),
    (["--stations", "2", "--id", "CP-{n}-{m}"], "{m} is not the number of a station"),
    (["--stations", "2", "--token", "{nn}"], "--token: {nn} is not the number"),
    (["--stations", "2", "--id", "{n:x}"], "names one station"),
    (["--stagger", "2"], "needs --stations"),
    (["--stations", "1000", "--serial", "123456789012345678901{n:05}"], "is longer than 25 characters"),
]


@pytest.mark.parametrize(("words", "said"), WRONG, ids=[said for _, said in WRONG])
def test_a_pattern_that_cannot_be_is_told(words: list[str], said: str) -> None:
    with pytest.raises(UsageError) as wrong:
        resolve([*AT, *words], {})
    assert said in str(wrong.value)


def test_the_worst_end_counts() -> None:
    ok, failed, lost, broken = lifecycle.OK, lifecycle.FAILED, lifecycle.NO_CONNECTION, lifecycle.INTERNAL
    assert worst([ok, ok]) == ok
    assert worst([ok, failed, ok]) == failed
    assert worst([failed, lost, ok]) == lost
    assert worst([lifecycle.INTERRUPTED, failed]) == lifecycle.INTERRUPTED
    assert worst([lost, broken]) == broken


# --- over sockets ---------------------------------------------------------------------------------------------------


class Central:
    """A CSMS of ours on a free port."""

    async def __aenter__(self) -> Central:
        options = csms_options(["--port", "0", "--run-id", "test", "--token", "T2=Blocked"], {})
        self.csms = csms_of(options, Journal(Clock.of_loop(asyncio.get_running_loop())))
        self.url = f"ws://127.0.0.1:{await listen(self.csms, options, admission_of(options))}"
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.csms.stop()
        assert self.csms.bugs == []

    async def stations(self, *words: str) -> int:
        """The status of the program with these options."""
        options = resolve(["--csms", self.url, "--log-level", "error", "--no-interactive", *words], {})
        with Shutdown() as shutdown:
            return await _until_stopped(options, shutdown)


@pytest.mark.sockets
async def test_every_station_makes_its_sessions_in_one_journal_and_the_worst_status_counts(
    tmp_path: Path,
) -> None:
    journal = tmp_path / "all.jsonl"
    async with Central() as central:
        words = ["--stations", "3", "--sessions", "1", "--duration", "0.01", "--stagger", "0.01"]
        assert await central.stations(*words, "--journal", str(journal), "--state", str(tmp_path)) == 0
        assert sorted(central.csms.records) == ["CP-001", "CP-002", "CP-003"]
        lines = [json.loads(line) for line in journal.read_text(encoding="utf-8").splitlines()]
        assert {line.get("station") for line in lines} >= {"CP-001", "CP-002", "CP-003"}
        status = await central.stations("--stations", "3", "--id", "X{n}", "--token", "T{n}", *words[2:])
        assert status == lifecycle.FAILED, "the token of the second is blocked"
        assert [central.csms.energy(f"X{n}")[0] for n in (1, 2, 3)] == [1, 0, 1]


@pytest.mark.sockets
async def test_nobody_listens() -> None:
    async with Central() as central:
        pass
    words = ["--stations", "2", "--give-up-after", "0.2", "--reconnect-min", "0.1"]
    assert await central.stations(*words) == lifecycle.NO_CONNECTION


# --- chance ---------------------------------------------------------------------------------------------------------


def test_each_station_has_chance_of_its_own_and_the_same_in_every_run() -> None:
    def drawn(id: str) -> float:
        return Stream(7, id, "generator 1").random()

    assert drawn("CP-001") == drawn("CP-001") != drawn("CP-002")


# --- the prompt -----------------------------------------------------------------------------------------------------


async def fleet(count: int = 3) -> tuple[list[Wired], FleetTerminal, list[int]]:
    """So many stations on links in memory, and their prompt."""
    wires = []
    for n in range(1, count + 1):
        w = Wired(V16)
        w.station.id = f"CP-{n:03}"
        wires.append(await w.start())
    quits: list[int] = []
    units: Any = [SimpleNamespace(station=w.station, connection=None) for w in wires]
    return wires, FleetTerminal(units, lambda: quits.append(1)), quits


async def test_commands_are_addressed_to_one_station_or_to_several() -> None:
    wires, terminal, quits = await fleet()
    obey = terminal.prompt.obey
    assert await obey("CP-002 plug_in") == "EVSE 1: Preparing"
    assert [w.station.evses[0].active.cable.name for w in wires] == ["OUT", "BOTH_ENDS", "OUT"]
    first, second, third = (await obey("* plug_in")).splitlines()
    assert (first, third) == ("CP-001: EVSE 1: Preparing", "CP-003: EVSE 1: Preparing")
    assert second.startswith("CP-002: "), "it has its cable already"
    assert second != "CP-002: EVSE 1: Preparing"
    assert (await obey("CP-00? status")).count("OCPP 1.6") == 3
    await obey("CP-001 Heartbeat")
    assert [len(w.of("Heartbeat")) for w in wires] == [1, 0, 0]
    await obey("wait accepted")
    assert await obey("wait soon") == "wait for how many seconds, or for what? (accepted, charging, idle)"
    await obey("quit")
    assert quits == [1]


async def test_the_stations_are_listed_and_wrong_names_told() -> None:
    _, terminal, _ = await fleet(45)
    listed = (await terminal.prompt.obey("stations")).splitlines()
    assert len(listed) == 42
    assert listed[-1] == "and 5 more, 5 of them accepted"
    assert len((await terminal.prompt.obey("stations CP-00*")).splitlines()) == 10
    said = await terminal.prompt.obey("CP-046 status")
    assert said.startswith("'CP-046' is neither a word nor a station (CP-001 to CP-045); did you mean 'CP-04")
    assert "present TOKEN" in await terminal.prompt.obey("help present")
    assert "emergency_stop" in await terminal.prompt.obey("CP-001 help")
    assert "CP-001" in terminal.prompt.complete("CP")
    assert "plug_in" in terminal.prompt.complete("CP-001 pl")
