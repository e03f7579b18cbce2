"""Plays installed scenarios against a foreign peer in this process: in memory, in virtual time, each from the start."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import cache
from typing import Any

from websockets.asyncio.client import connect

from shared.clock import Clock, run_virtual
from shared.dialer import Target, dial
from shared.link import Link, MemoryLink
from shared.report.events import ScenarioFinished
from shared.scenario.building import Failures
from shared.scenario.hooks import Hooks
from shared.scenario.load import FILES, load, shipped
from shared.scenario.model import CHARGE_POINT, CSMS, Scenario
from shared.scenario.pace import run_over_sockets
from shared.scenario.play import Branch, settle
from shared.scenario.runner import FOREIGN, TOKENS, Bench, Round, plan, play_round
from shared.scenario.stage import Dial, NotHere, NotMet
from shared.scenario.tree import Node, Scalar, Table
from shared.versions import Version
from tests.seeded.central import System
from tests.seeded.lab import listening
from tests.seeded.memory import Connection, MemoryConnection
from tests.seeded.station import Box
from tests.seeded.wires import wire


@cache
def scenarios(role: str) -> list[Scenario]:
    """All installed scenarios that `role` plays against somebody else's system."""
    found = [scenario for name in shipped() for scenario in load(FILES / f"{name}.yaml")]
    return [scenario for scenario in found if scenario.role == role]


# --- a central system under test ------------------------------------------------------------------------------


class SystemHooks(Hooks):
    """Asks a foreign central system in this process."""

    def __init__(self, system: System) -> None:
        super().__init__(assume=True)
        object.__setattr__(self, "system", system)

    async def sut(self, branch: Branch, name: str, arguments: Mapping[str, Any], within: float) -> Any:
        """What its database says."""
        system: System = self.system  # type: ignore[attr-defined]
        if name != "count_transactions":
            raise NotMet(f"nobody can {name}")
        return sum(key[0] == str(arguments.get("station", branch.station)) for key in system.transactions)


def prepared(system: System, scenario: Scenario) -> None:
    """Have the system set up as a scenario needs it."""
    for name, value in scenario.settings.items():
        if name == "boot_status_sequence":
            system.boot_statuses = str(value).split(",")
        else:
            setattr(system, {"heartbeat_interval": "heartbeat", "retry_interval": "retry"}[name], int(value))
    need = scenario.needs.get("csms")
    if isinstance(need, Table):
        token, status = _text(need, "token").removeprefix("$tokens."), _text(need, "status")
        if status != "Invalid":  # what is not known is invalid
            system.tokens[TOKENS[token]] = status or "Accepted"


def _text(table: Table, name: str) -> str:
    found: Node | None = table.get(name)
    return found.text if isinstance(found, Scalar) else ""


def against_central(
    one: Round, defect: str = "", *, sockets: bool = False, failures: Failures | None = None
) -> ScenarioFinished:
    """Play one round against the central system; `failures` are those of its run."""

    async def main() -> ScenarioFinished:
        clock = Clock.of_loop(asyncio.get_running_loop())
        system = System(lambda ahead: clock.text(clock.time() + ahead), defect)
        prepared(system, one.scenario)
        events: list[Any] = []
        async with (_listening if sockets else _in_memory)(system) as reach:
            bench = Bench(
                role=CHARGE_POINT,
                over=FOREIGN,
                hooks=SystemHooks(system),
                dial=reach,
                failures=Failures() if failures is None else failures,
            )
            await play_round(one, bench, events.append)
        return finished(events)

    return (run_over_sockets if sockets else run_virtual)(main())


@asynccontextmanager
async def _in_memory(system: System) -> AsyncIterator[Dial]:
    """The way to a central system in virtual time."""
    serving: list[asyncio.Task[None]] = []

    async def reach(target: Target) -> tuple[Link, Version]:
        ours, theirs = MemoryLink.pair()
        (version,) = target.versions
        work = system.serve(MemoryConnection(theirs), target.identity, version.subprotocol)
        serving.append(asyncio.create_task(work))
        return ours, version

    yield reach
    for task in serving:
        task.cancel()
    await asyncio.gather(*serving, return_exceptions=True)


@asynccontextmanager
async def _listening(system: System) -> AsyncIterator[Dial]:
    """The way to a central system on a port of this machine, all defaults of `websockets`."""
    async with listening(system) as url:

        async def reach(target: Target) -> tuple[Link, Version]:
            base = Target(url, target.identity, target.versions)
            return await dial(base)

        yield reach


# --- a station under test -------------------------------------------------------------------------------------


class BoxHooks(Hooks):
    """Acts at a foreign station in this process."""

    def __init__(self, box: Box) -> None:
        super().__init__(operator_command="in this process")
        object.__setattr__(self, "box", box)

    async def operator(self, branch: Branch, name: str, arguments: Mapping[str, Any], within: float) -> Any:
        """What somebody does at it."""
        box: Box = self.box  # type: ignore[attr-defined]
        try:
            await box.act(name, arguments)
        except IndexError as missing:
            raise NotHere(str(missing)) from None
        except LookupError as cannot:
            raise NotMet(str(cannot)) from None
        await settle()


def against_station(
    one: Round,
    defect: str = "",
    *,
    sockets: bool = False,
    failures: Failures | None = None,
    registered: bool = False,
    evses: int = 1,
) -> ScenarioFinished:
    """Play one round against the station, which may have been `registered` in an earlier run."""
    version = one.version
    assert version is not None

    async def main() -> ScenarioFinished:
        clock = Clock.of_loop(asyncio.get_running_loop())
        known: dict[str, Any] = {}

        async def reach() -> Connection:
            if sockets:
                spoken: Any = version.subprotocol
                return await connect(f"{known['url']}/Theirs", subprotocols=[spoken])
            ours, theirs = MemoryLink.pair()
            known["stage"].accept(ours, "Theirs", version, "ws://memory/Theirs")
            return MemoryConnection(theirs)

        box = Box(
            "Theirs", reach, lambda ahead: clock.text(clock.time() + ahead), wire(version), defect, evses
        )
        box.accepted = registered

        async def arrive(stage: Any) -> None:
            known["stage"], known["url"] = stage, await stage.listen() if sockets else ""
            box.switch_on()
            while not stage.present:  # noqa: ASYNC110
                await asyncio.sleep(0)

        events: list[Any] = []
        bench = Bench(
            role=CSMS,
            over=FOREIGN,
            hooks=BoxHooks(box),
            arrive=arrive,
            failures=Failures() if failures is None else failures,
        )
        await play_round(one, bench, events.append)
        await box.switch_off()
        return finished(events)

    return (run_over_sockets if sockets else run_virtual)(main())


AGAINST = {CHARGE_POINT: against_central, CSMS: against_station}
"""Whoever plays the scenarios -> how they are played against the other side."""


def finished(events: list[Any]) -> ScenarioFinished:
    """How the round ended."""
    (end,) = [event for event in events if isinstance(event, ScenarioFinished)]
    return end


@cache
def rounds(role: str, version: Version) -> list[Round]:
    """Every round of the installed scenarios of a role on one version."""
    wanted = [scenario for scenario in scenarios(role) if version in scenario.versions]
    return [
        one._replace(version=version)
        for one in plan(wanted, Bench(role=role, over=FOREIGN, versions=(version,)))
    ]
