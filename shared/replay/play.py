"""One side of one recorded connection, played to whoever is at the other end of a live link.

The script is walked frame by frame. A frame of our role is sent when everything before it has happened and as much
time has passed as between it and the one before it in the recording; a frame of the other side is waited for, and what
comes is held against it. Whatever differs is a `Finding`, and the play goes on.

    recorded  >boot  <booted  >start  <started(7)   >stop(7)   <stopped
    live      >boot  <booted  >start  <started(1000) >stop(1000) <stopped      7 stands for 1000: no difference

Message ids are made anew, ids inside payloads are mapped (`compare.Ids`), timestamps are moved so that they lie as far
from the sending as they did. A call that the recording has later, or not at all, is not left waiting: no peer may have
two calls open (OCPP-J 1.6 §4.1.1, 2.x part 4 FR.01), so the one that is expected could not come before it is answered.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from shared.actions import CSMS
from shared.clock import Clock, parse
from shared.journal.entry import IN, OUT
from shared.journal.journal import Journal
from shared.link import Link, LinkClosed, RecordingLink
from shared.replay.compare import IDS as ID_MEMBERS
from shared.replay.compare import MISSING, Ids, Rules, Unlike, is_like, is_time, unlike
from shared.replay.marks import A_DAY
from shared.replay.recording import (
    ANSWER,
    ANSWER_ERROR,
    CALL,
    ERROR,
    UNREADABLE,
    Frame,
    kind_of,
    other,
    parts_of,
    replies_of,
)

GRACE = 5.0
"""Seconds that a call which came too early may wait for its turn."""

HEARTBEAT = "Heartbeat"


@dataclass(frozen=True, slots=True)
class Pace:
    """How the recorded times are kept: divided by `scale`, or not at all (`hurried`).

    `patience` is in seconds: how much longer than recorded the other side may take.
    """

    scale: float = 1.0
    hurried: bool = False
    patience: float = 30.0

    def after(self, seconds: float) -> float:
        """How long to wait where the recording waits so many seconds."""
        return 0.0 if self.hurried else max(seconds, 0.0) / self.scale


@dataclass(frozen=True, slots=True)
class Finding:
    """The other side did something else than in the recording: there at `frame` (None: not in it), here in frame
    `ref` of the journal of the replay (0: it did nothing)."""

    station: str
    frame: Frame | None
    unlike: Unlike
    ref: int


@dataclass(frozen=True, slots=True)
class Manner:
    """How a recording is played: see the fields. `tell` hears each finding as it is made."""

    role: str
    pace: Pace = Pace()
    rules: Rules = field(default_factory=Rules)
    keep_ids: bool = False
    keep_times: bool = False
    tell: Callable[[Finding], object] = lambda finding: None


@dataclass(frozen=True, slots=True)
class _Live:
    """A call that came, and when on the loop's scale."""

    frame: Frame
    came: float


class Player:
    """Plays one connection. Owns the state of the walk; `ids` is the station's, and outlives its connections."""

    def __init__(
        self,
        script: Sequence[Frame],
        manner: Manner,
        link: Link,
        journal: Journal,
        station: str,
        ids: Ids,
        id_prefix: str,
        tap: RecordingLink | None = None,
    ) -> None:
        """`tap` is the link where it writes the journal by itself, below the faults."""
        self._tap = tap
        self._role = manner.role
        self._script = [f for f in script if not (manner.role == CSMS and f.action == HEARTBEAT)]
        self._manner = manner
        self._link = link
        self._journal = journal
        self._clock: Clock = journal.clock
        self._station = station
        self._ids = ids
        self._prefix = id_prefix
        self._count = 0
        index = {id(frame): at for at, frame in enumerate(self._script)}
        self._reply_of = {call: index[id(reply)] for call, reply in replies_of(self._script).items()}
        self._call_of = {reply: call for call, reply in self._reply_of.items()}
        self._live_id: dict[int, str] = {}
        """Index of a call, of either side -> its live message id."""
        self._asked: dict[str, str] = {}
        """Our live message ids -> their actions."""
        self._done: set[int] = set()
        self._inbox: list[_Live] = []
        self._answers: dict[str, Frame] = {}
        self._news = asyncio.Event()
        self.ended: LinkClosed | None = None
        """How the other side, or the network, ended the link."""
        self._at = 0
        self._last = asyncio.get_running_loop().time()

    async def play(self) -> None:
        """Walk the script to its end, or to the end of the link. The link is left open."""
        reading = asyncio.ensure_future(self._read())
        try:
            for at, frame in enumerate(self._script):
                self._at = at
                if at in self._done:
                    continue
                do = self._say if frame.sender == self._role else self._hear
                await do(at, frame)
                if self.ended is not None and at not in self._done:
                    break
                self._done.add(at)
                self._last = asyncio.get_running_loop().time()
            else:
                self._at = len(self._script)
                await self._serve(impatient=True)
        except LinkClosed as ended:
            self.ended = ended
        finally:
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)
        if self._at < len(self._script) and self._at not in self._done:
            frame = self._script[self._at]
            self._find(frame, Unlike("", str(frame), f"the connection ended ({self.ended})"), 0)

    # --- what comes ---------------------------------------------------------------------------------------------

    async def _read(self) -> None:
        while True:
            try:
                raw = await self._link.recv()
            except LinkClosed as ended:
                self.ended = ended
                self._news.set()
                return
            tap = self._tap
            ref = tap.ref if tap is not None else self._journal.frame(self._role, self._station, IN, raw)
            parts = parts_of(raw)
            kind = kind_of(parts)
            action = parts[2] if kind in (CALL, "send") else self._asked.get(_id(parts), "")
            frame = Frame(
                ref, 0, self._clock.time(), self._station, other(self._role), raw, kind, parts, 0, action
            )
            if kind in (ANSWER, ERROR):
                self._answers.setdefault(frame.id, frame)
            elif kind != ANSWER_ERROR:
                self._inbox.append(_Live(frame, asyncio.get_running_loop().time()))
            self._news.set()

    async def _hear(self, at: int, frame: Frame) -> None:
        """Wait for what the other side did there, and hold what it does now against it."""
        if frame.kind == ANSWER_ERROR:
            self._done.add(at)
            return
        before = self._script[at - 1].at if at else frame.at
        # the other side keeps its own time, whatever our pace
        deadline = (
            asyncio.get_running_loop().time() + max(frame.at - before, 0.0) + self._manner.pace.patience
        )
        if frame.kind in (ANSWER, ERROR):
            await self._hear_answer(at, frame, deadline)
        elif await self._until(lambda: self._pick(frame) is not None, deadline, impatient=True):
            live = self._pick(frame)
            assert live is not None
            self._match(at, live)
        elif self.ended is None:
            self._find(frame, Unlike("", str(frame), f"did not come within {self._waited(deadline)}"), 0)

    async def _hear_answer(self, at: int, frame: Frame, deadline: float) -> None:
        live_id = self._live_id.get(self._call_of.get(at, -1))
        if live_id is None:
            self._done.add(at)  # it answers nothing that is in the recording
            return
        if await self._until(lambda: live_id in self._answers, deadline):
            live = self._answers.pop(live_id)
            self._done.add(at)
            for each in unlike(frame, live, self._ids, self._manner.rules):
                self._find(frame, each, live.number)
        elif self.ended is None:
            self._find(frame, Unlike("", str(frame), f"did not come within {self._waited(deadline)}"), 0)

    def _waited(self, deadline: float) -> str:
        return f"{deadline - self._last:.4g} s"

    def _pick(self, frame: Frame) -> _Live | None:
        """The call that came which is most like the one expected."""
        alike = [
            live
            for live in self._inbox
            if live.frame.kind == frame.kind and (live.frame.action == frame.action or not frame.asks)
        ]
        for live in alike:
            if is_like(frame, live.frame, self._ids, self._manner.rules):
                return live
        return alike[0] if alike else None

    def _match(self, at: int, live: _Live) -> None:
        """Take `live` for the recorded call at `at`."""
        self._inbox.remove(live)
        self._live_id[at] = live.frame.id
        self._done.add(at)
        for each in unlike(self._script[at], live.frame, self._ids, self._manner.rules):
            self._find(self._script[at], each, live.frame.number)

    async def _until(self, ready: Callable[[], bool], deadline: float, *, impatient: bool = False) -> bool:
        """Wait until it is so, serving what has no turn meanwhile; False at the deadline or the end of the link."""
        loop = asyncio.get_running_loop()
        while not ready():
            if self.ended is not None:
                return False
            self._news.clear()
            await self._serve(impatient=impatient)
            if ready() or self._news.is_set():
                continue
            now = loop.time()
            if now >= deadline:
                return False
            turns = (live.came + GRACE for live in self._inbox)
            try:
                async with asyncio.timeout_at(min([deadline, *(turn for turn in turns if turn > now)])):
                    await self._news.wait()
            except TimeoutError:
                pass
        return True

    async def _serve(self, *, impatient: bool) -> None:
        """Answer the calls that the recording does not have, and those that it has later when they cannot wait."""
        now = asyncio.get_running_loop().time()
        for live in list(self._inbox):
            if live not in self._inbox:
                continue
            if self._role == CSMS and live.frame.action == HEARTBEAT:
                self._inbox.remove(live)
                await self._put([3, live.frame.id, {"currentTime": self._clock.now()}])
            elif (later := self._later(live)) is None:
                await self._serve_stray(live)
            elif impatient or now - live.came >= GRACE:
                words = f"came before {self._script[self._at]}" if self._at < len(self._script) else "came"
                self._find(
                    self._script[later], Unlike("", str(self._script[later]), words), live.frame.number
                )
                self._match(later, live)
                await self._answer_now(later)

    def _later(self, live: _Live) -> int | None:
        """Where in the rest of the script a call like this one is."""
        rest = [
            at
            for at in range(self._at, len(self._script))
            if at not in self._done
            and self._script[at].sender != self._role
            and self._script[at].kind == live.frame.kind
            and (self._script[at].action == live.frame.action or not live.frame.asks)
        ]
        for at in rest:
            if is_like(self._script[at], live.frame, self._ids, self._manner.rules):
                return at
        return rest[0] if rest else None

    async def _answer_now(self, call: int) -> None:
        reply = self._reply_of.get(call)
        if reply is not None:
            self._done.add(reply)
            await self._send_frame(reply, self._script[reply])

    async def _serve_stray(self, live: _Live) -> None:
        """A call that the recording does not have: answered as one like it was, else refused."""
        self._inbox.remove(live)
        frame = live.frame
        if not self._manner.rules.covers(frame.action, ""):
            self._find(None, Unlike("", MISSING, str(frame)), frame.number)
        if frame.kind != CALL:
            return
        for call, reply in reversed(self._reply_of.items()):
            like = self._script[reply]
            if self._script[call].action == frame.action and (like.kind, like.sender) == (ANSWER, self._role):
                await self._put([3, frame.id, self._translated(like)])
                return
        await self._put([4, frame.id, "NotSupported", f"{frame.action} is not in the recording", {}])

    # --- what we say --------------------------------------------------------------------------------------------

    async def _say(self, at: int, frame: Frame) -> None:
        gap = frame.at - self._script[at - 1].at if at else 0.0
        due = self._last + self._manner.pace.after(gap)
        await self._until(lambda: False, due)
        if self.ended is None:
            await self._send_frame(at, frame)
            self._done.add(at)

    async def _send_frame(self, at: int, frame: Frame) -> None:
        """Send a recorded frame of ours with live ids; nothing where it answers a call that did not come."""
        if frame.kind == UNREADABLE:
            await self._put(frame.raw)
            return
        parts = [*frame.parts]
        if frame.asks:
            parts[1] = self._live_id[at] = self._new_id(frame)
            self._asked[parts[1]] = frame.action
        elif frame.kind in (ANSWER, ERROR) and at in self._call_of:
            if self._call_of[at] not in self._live_id:
                return
            parts[1] = self._live_id[self._call_of[at]]
        place = 2 if frame.kind == ANSWER else 3 if frame.asks else 0
        if place and len(parts) > place:
            parts[place] = self._translated(frame)
        await self._put(parts)

    def _new_id(self, frame: Frame) -> str:
        if self._manner.keep_ids:
            return frame.id
        self._count += 1
        return f"{self._prefix}{self._count}"

    async def _put(self, frame: list[Any] | str | bytes) -> None:
        raw = orjson.dumps(frame).decode() if isinstance(frame, list) else frame
        if self._tap is None:
            self._journal.frame(self._role, self._station, OUT, raw)
        await self._link.send(raw)

    def _translated(self, frame: Frame) -> Any:
        return self._translate(frame.payload, "", frame.at)

    def _translate(self, value: Any, name: str, at: float) -> Any:
        """A recorded value as it is to be sent: ids mapped, times moved."""
        if isinstance(value, dict):
            return {key: self._translate(item, key, at) for key, item in value.items()}
        if isinstance(value, list):
            return [self._translate(item, name, at) for item in value]
        if name in ID_MEMBERS and isinstance(value, str | int) and not isinstance(value, bool):
            return self._ids.say(name, value)
        if isinstance(value, str) and is_time(value) and not self._manner.keep_times:
            return self._moved(value, at)
        return value

    def _moved(self, time: str, at: float) -> str:
        now = self._clock.time()
        if at < A_DAY:  # the log has no date to measure from
            return self._clock.text(now)
        try:
            return self._clock.text(now + parse(time) - at)
        except (ValueError, OverflowError):
            return time

    # --- findings -----------------------------------------------------------------------------------------------

    def _find(self, frame: Frame | None, what: Unlike, ref: int) -> None:
        self._manner.tell(Finding(self._station, frame, what, ref))


def _id(parts: Sequence[Any]) -> str:
    return parts[1] if len(parts) > 1 and isinstance(parts[1], str) else ""
