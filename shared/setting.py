"""What the peers of one program have in common."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from shared.dispatch import Payload
from shared.journal.journal import Journal
from shared.link import Link, RecordingLink
from shared.tasks import Tasks
from shared.versions import Version

STRICT, WARN, OFF = "strict", "warn", "off"
DEFAULT_TIMEOUT = 30.0
"""Seconds to wait for an answer (2.x part 2 §3.2 suggests 30 s to begin with)."""


class Spoiling(Protocol):
    """The faults in force (`shared.faults`), as far as a peer must know them."""

    @property
    def spoil(self) -> bool:
        """Whether there is something to do to messages."""

    def link(self, link: Link, station: str, version: Version | None) -> RecordingLink:
        """A link over `link` that does it."""

    def cause(self, station: str, finding: str, ref: int, *ids: str) -> str:
        """The fault of ours that a finding about frame `ref`, or a message id, is the consequence of; ""."""


class Setting:
    """What the peers of one program have in common.

    `end` is "csms" or "charge_point"; `schema` says how what is received is held against its schema; `gate` is
    asked before each handler and may raise `Refuse` or `NoAnswer`; `crashed` hears of errors that are ours;
    `faults` are done to what crosses the wire.
    """

    __slots__ = ("crashed", "end", "faults", "gate", "journal", "schema", "tasks", "timeout")

    def __init__(
        self,
        end: str,
        journal: Journal,
        tasks: Tasks,
        *,
        gate: Callable[[Any, str, Payload], None] | None = None,
        schema: str = STRICT,
        timeout: float = DEFAULT_TIMEOUT,
        crashed: Callable[[BaseException], object] = lambda error: None,
        faults: Spoiling | None = None,
    ) -> None:
        self.end = end
        self.journal = journal
        self.tasks = tasks
        self.gate = gate
        self.schema = schema
        self.timeout = timeout
        self.crashed = crashed
        self.faults = faults
