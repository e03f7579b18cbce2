"""What a scenario is played on: one role's side of one or more connections.

The engine knows a stage by this protocol only; `csms.stage` and `charge_point.stage` are the two there are, and
`shared.roles` opens them. In a pair both are in one process and on one clock, with the central system's stage as the
address that the stations dial.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from shared.dialer import Target
from shared.journal.journal import Journal
from shared.link import Link
from shared.peer import Peer
from shared.transfer import Transport
from shared.versions import Version

Dial = Callable[[Target], Awaitable[tuple[Link, Version]]]
Stub = Callable[[Any, dict[str, Any], Callable[[], Awaitable[Any]]], Awaitable[Any]]
"""Answers a call in place of a handler: gets its context, the payload, and the default answer's maker."""


HELD = "held until the run ends"
"""In the memory of a run: what a stage leaves open for the scenarios that follow; it is closed after the last one."""


class CannotDo(Exception):
    """The stage cannot do what a step asks for, now or ever; one clause."""


class NotHere(Exception):
    """The version, or the other side, does not have what the step is about: not applicable."""


class NotMet(Exception):
    """Something that the scenario needs is not so: inconclusive."""


class CannotConnect(Exception):
    """Nobody to talk to: the address is dead, or nobody dialled in time."""


class Broken(Exception):
    """The scenario itself asks for what cannot be."""


@dataclass(frozen=True)
class Setting:
    """What every stage gets: the version, the seed, and what the scenario says of stations and CSMS."""

    version: Version
    journal: Journal
    stations: Mapping[str, Mapping[str, Any]]
    settings: Mapping[str, Any] = field(default_factory=dict)
    seed: int = 0
    run_id: str = "0"
    options: Any = None
    """The options of the program whose role the stage is, None in a pair."""
    csms: Any = None
    """What the run says of a central system of ours (`of_csms`), beneath `settings`; None where it says nothing."""
    dial: Dial | None = None
    url: str = ""
    network: Transport | None = None
    """How stations reach files, in a pair; None for the real network."""
    patience: float = 30.0
    """Seconds to wait for a first connection."""
    schema: str = "strict"
    timeout: float = 30.0
    """Seconds to wait for the answer to a call."""
    inject: tuple[Any, ...] = ()
    """Faults that are in force from the start."""
    memory: dict[str, Any] = field(default_factory=dict)
    """What a stage keeps from one scenario of a run to the next about a system that is not ours."""


class Stage(Protocol):
    """One side. Stations are called by their identities."""

    role: str
    bugs: list[BaseException]

    async def start(self) -> None:
        """Listen, or dial. Raises CannotConnect."""

    async def stop(self) -> None:
        """Close everything properly; afterwards nothing runs any more."""

    def peer(self, station: str) -> Peer | None:
        """The live connection of a station at this end."""

    async def act(self, verb: str, station: str, arguments: Mapping[str, Any]) -> Any:
        """Do something in the words of the trade. Raises CannotDo, NotHere."""

    def ask(self, question: str, station: str) -> Any:
        """How something stands (`billed`, `open`, `meter.delivered`). Raises Broken for an unknown question."""

    async def meet(self, need: str, wanted: Any, station: str) -> None:
        """See to it that a need is met. Raises NotMet, CannotDo."""

    def stub(self, action: str, answer: Stub | None) -> None:
        """Let `answer` serve `action` on every connection from now on; None gives the handler back."""


def overlaid(table: Mapping[str, Any], stubs: Mapping[str, Stub]) -> dict[str, Any]:
    """The handlers of a connection with the stubs in the place of those that they stand for."""
    from shared.dispatch import Handler

    made = dict(table)
    for action, stub in stubs.items():
        if action in made:
            made[action] = Handler(_serving(stub, made[action]), True)
    return made


def _serving(stub: Stub, default: Any) -> Callable[[Any, dict[str, Any]], Awaitable[Any]]:
    async def serve(context: Any, payload: dict[str, Any]) -> Any:
        async def usual() -> Any:
            outcome = default.function(context, payload)
            return await outcome if default.is_async else outcome

        return await stub(context, payload, usual)

    return serve
