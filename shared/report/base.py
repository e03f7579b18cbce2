"""What every report is: a consumer of the run's events that can be closed, and says what went wrong with it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol, TextIO

from shared.report.events import Event
from shared.report.sink import STANDARD, Sink


class Report(Protocol):
    """A consumer of the events of one run."""

    def __call__(self, event: Event) -> None:
        """Take the next event."""

    def close(self) -> None:
        """The run is over, however it ended: write what is left. Called once."""

    @property
    def problems(self) -> list[str]:
        """Sentences about what makes the run red whatever its scenarios say: not written, below a threshold."""


class Settings:
    """What a factory gets: where the report goes, its own options, and the terminal.

    `path` is "" when none was given, and then `sink` writes to `stream`; it is open. `colour` and `width` are the
    terminal's own if None. Raises UsageError when the place cannot be written to.
    """

    def __init__(
        self,
        name: str,
        path: str,
        options: Mapping[str, str],
        stream: TextIO,
        *,
        colour: bool | None = None,
        width: int | None = None,
        allow_inconclusive: bool = False,
    ) -> None:
        self.name = name
        self.path = path
        self.options = options
        self.stream = stream
        self.colour = colour
        self.width = width
        self.allow_inconclusive = allow_inconclusive
        self.sink = Sink(name, path or STANDARD, stream)
