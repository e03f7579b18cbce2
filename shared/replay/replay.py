"""A recording that is played again: its stations, how far each has come, and what was found on the way."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import replace

from shared.chance import Stream
from shared.dialer import Target
from shared.faults import Faults
from shared.faults.envelope import Injection
from shared.journal.journal import Journal
from shared.link import NORMAL, Link, LinkClosed
from shared.replay.compare import Ids
from shared.replay.diff import as_json
from shared.replay.play import Finding, Manner, Player
from shared.replay.recording import Frame, Recording
from shared.tasks import Tasks
from shared.versions import Version

ENDED = (NORMAL, "the recording ends here")

Dial = Callable[[Target], Awaitable[tuple[Link, Version]]]


class Replay:
    """Plays `recording` into `journal`. Owns the findings; each is also a note of the journal with a clause."""

    def __init__(
        self,
        recording: Recording,
        manner: Manner,
        journal: Journal,
        *,
        seed: int | str = 0,
        run_id: str = "0",
        inject: Iterable[Injection] = (),
    ) -> None:
        self.recording = recording
        self.findings: list[Finding] = []
        self.done: set[str] = set()
        """Recorded stations of which every connection was played."""
        self.over = asyncio.Event()
        """Set when that is so of every station."""
        self.journal = journal
        self._told = manner.tell
        self._manner = replace(manner, tell=self._found)
        self._key = (seed, manner.role, run_id)
        self._ids: dict[str, Ids] = {}
        self._next: dict[str, int] = {}
        self.bugs: list[BaseException] = []
        self._tasks = Tasks(self.bugs.append)
        self.faults = Faults(journal, self._tasks, manner.role, seed=seed)
        """What spoils the messages of every connection that is played; they are in force from the start."""
        for injection in inject:
            self.faults.add(injection)

    async def close(self) -> None:
        """End what faults have still going."""
        await self._tasks.end()

    def recorded_as(self, identity: str) -> str | None:
        """The recording's name of a live station: its own, or the only one there is; None when it has none."""
        stations = self.recording.stations
        same = [name for name in stations if name.lower() == identity.lower()]
        return same[0] if same else stations[0] if len(stations) == 1 else None

    def is_over(self, station: str) -> bool:
        """Whether every connection of a recorded station was played."""
        return self._next.get(station, 0) >= len(self.recording.connections(station))

    async def serve(
        self, link: Link, station: str, identity: str, version: Version, url: str = ""
    ) -> LinkClosed:
        """Play the next connection of the recorded `station` to whoever is at the other end of `link`, and close it."""
        number = self._next.get(station, 0)
        self._next[station] = number + 1
        connections = self.recording.connections(station)
        script: list[Frame] = connections[number] if number < len(connections) else []
        ids = self._ids.setdefault(station, Ids(keep=self._manner.keep_ids))
        prefix = Stream(*self._key, identity, number).hex(8)
        end = self._manner.role
        self.journal.opened(end, identity, f"{version.subprotocol} {url}".rstrip())
        tap = self.faults.link(link, identity, version) if self.faults.spoil else None
        link = tap or link
        player = Player(script, self._manner, link, self.journal, identity, ids, f"{prefix}-", tap)
        ended = LinkClosed(*ENDED)
        try:
            await player.play()
        finally:
            await link.close(*ENDED)
            if tap is not None:
                tap.forsake()
            self.journal.closed(end, identity, str(player.ended or ended))
        if self.is_over(station):
            self.done.add(station)
        if len(self.done) == len(self.recording.stations):
            self.over.set()
        return player.ended or ended

    async def be_station(self, station: str, target: Target, dial: Dial) -> None:
        """Play every connection of the recorded `station`, dialling for each. What `dial` raises goes through."""
        connections = self.recording.connections(station)
        for number, script in enumerate(connections):
            if number:
                before = connections[number - 1][-1].at
                await asyncio.sleep(self._manner.pace.after(script[0].at - before))
            link, version = await dial(target)
            await self.serve(link, station, target.identity, version, target.url)

    def _found(self, finding: Finding) -> None:
        self.findings.append(finding)
        frame = finding.frame
        place = f"{self.recording.path}:{frame.line}" if frame else self.recording.path
        self.journal.note(
            finding.station,
            "unlike_recording",
            in_words(finding),
            end=self._manner.role,
            ref=finding.ref,
            clause=place,
            path=finding.unlike.path,
            expected=finding.unlike.expected,
            actual=finding.unlike.actual,
        )
        self._told(finding)


def in_words(finding: Finding) -> str:
    """What was found, in one line without its place."""
    what = finding.unlike
    about = f"{finding.frame}: " if finding.frame and what.path else ""
    path = f"{what.path}: " if what.path else ""
    return f"{about}{path}expected {as_json(what.expected)}, got {as_json(what.actual)}"


def line(finding: Finding, recording: Recording) -> str:
    """The same with the station, the place in the recording and the frame of the replay's journal."""
    place = f"{recording.path}:{finding.frame.line}" if finding.frame else recording.path
    now = f" (frame {finding.ref} of the replay)" if finding.ref else ""
    return f"{place}: {finding.station}: {in_words(finding)}{now}"
