"""A mock CSMS from its command line, and raw stations that dial it in memory and write frames by themselves.

    async with serving("--boot-status", "Pending") as csms:
        station = csms.station(V201)
        answer = await station.call("BootNotification", BOOT[V201])

Nothing of the station's side of OCPP is ours: a station here sends the text that a test says, answers what it is
asked with what its `script` says (or the plainest answer that the schema allows) and writes everything down.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Coroutine, Sequence
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, TypeVar

from csms.making import csms_of
from csms.options import CsmsOptions, resolve
from csms.server import Csms
from shared.clock import Clock, parse
from shared.journal.entry import NOTE, Entry
from shared.journal.journal import Journal
from shared.link import Link, LinkClosed, MemoryLink
from shared.tasks import Tasks
from shared.versions import V16, V21, V201, Version
from shared.wire.schema import document, schemas
from tests.csms.office import _sample as plainest
from tests.support import until

Payload = dict[str, Any]

_BOOT_2X = {"reason": "PowerUp", "chargingStation": {"model": "M", "vendorName": "V"}}
BOOT: dict[Version, Payload] = {
    V16: {"chargePointModel": "M", "chargePointVendor": "V"},
    V201: _BOOT_2X,
    V21: _BOOT_2X,
}
STATUS: dict[Version, Payload] = {
    V16: {"connectorId": 1, "errorCode": "NoError", "status": "Available"},
    V201: {
        "timestamp": "2026-01-01T10:00:00Z",
        "connectorStatus": "Available",
        "evseId": 1,
        "connectorId": 1,
    },
}
STATUS[V21] = STATUS[V201]
"""A StatusNotification."""

SILENCE = object()
"""In a script: never answer."""


class Fails(NamedTuple):
    """In a script: answer with a CALLERROR."""

    code: str
    description: str = ""
    details: Any = {}


class GotError(Exception):
    """The CSMS answered with a CALLERROR."""

    def __init__(self, code: str, description: str) -> None:
        super().__init__(f"{code} {description}")
        self.code = code
        self.description = description


class Asked(NamedTuple):
    """A call of the CSMS as it came: seconds since the CSMS began, the connection, id, action, payload."""

    at: float
    connection: int
    id: str
    action: str
    payload: Payload


class Serving:
    """The CSMS of one command line, while the block lasts. It ends without a fault of its own."""

    def __init__(self, args: Sequence[str]) -> None:
        self.options: CsmsOptions = resolve(args, {})
        self.stations: list[RawStation] = []
        self.connections = 0

    async def __aenter__(self) -> Serving:
        loop = asyncio.get_running_loop()
        self.journal = Journal(Clock.of_loop(loop))
        self.started = loop.time()
        self.csms: Csms = csms_of(self.options, self.journal)
        self.bugs: list[BaseException] = []
        self.tasks = Tasks(self.bugs.append)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.csms.stop()
        await self.tasks.end()
        if kind is None:
            assert [*self.csms.bugs, *self.bugs] == []

    def station(self, version: Version, id: str = "CP1", **script: Any) -> RawStation:
        """A station called `id` that has just dialled; `script` says what it answers to which action."""
        link, theirs = MemoryLink.pair()
        served = self.tasks.spawn(self.csms.serve(theirs, id, version, f"ws://host:9000/ocpp/{id}"))
        self.connections += 1
        station = RawStation(self.tasks, link, version, self.connections, self.now, script)
        station.served = served
        self.stations.append(station)
        return station

    async def booted(self, version: Version, id: str = "CP1", **script: Any) -> RawStation:
        """The same, and it has booted (what it is answered is looked at by who cares)."""
        station = self.station(version, id, **script)
        await station.call("BootNotification", BOOT[version])
        return station

    async def back(self, station: RawStation, id: str = "CP1") -> RawStation:
        """The connection of `station` is cut, and the station dials anew, without a boot."""
        station.link.abort()
        await station.served
        again = self.station(station.version, id)
        await until(lambda: self.csms.find(id))
        return again

    def now(self) -> float:
        """Seconds since the CSMS began."""
        return asyncio.get_running_loop().time() - self.started

    def notes(self, name: str) -> list[Entry]:
        """The notes called `name`, oldest first."""
        return [entry for entry in self.journal if entry.sort == NOTE and entry.note == name]

    def time_of(self, stamp: str) -> float:
        """Seconds from now to a wire timestamp."""
        return parse(stamp) - self.csms.clock.time()


class RawStation:
    """One connection of a station."""

    served: asyncio.Task[LinkClosed]

    def __init__(
        self,
        tasks: Tasks,
        link: Link,
        version: Version,
        number: int,
        now: Callable[[], float],
        script: dict[str, Any],
    ) -> None:
        self.link = link
        self.version = version
        self.script = script
        self.asked: list[Asked] = []
        self.frames: list[list[Any]] = []
        """Everything that came, parsed."""
        self.texts: list[str] = []
        """The same as it came."""
        self.ended: LinkClosed | None = None
        self._number = number
        self._now = now
        self._tasks = tasks
        self._ids = count(1)
        self._waiting: dict[str, asyncio.Future[Payload]] = {}
        self._news = asyncio.Event()
        self.reading = tasks.spawn(self._read())

    async def call(self, action: str, payload: Payload | None = None, *, id: str = "") -> Payload:
        """Call the CSMS; gives its answer, held against the schema. Raises `GotError`, `LinkClosed`."""
        answer = await self.call_soon(action, payload, id=id)
        broken = schemas(self.version).violations(action, answer, answer=True)
        assert not broken, f"the answer to {action} breaks its schema: {broken}"
        return answer

    def call_soon(
        self, action: str, payload: Payload | None = None, *, id: str = ""
    ) -> asyncio.Future[Payload]:
        """Send a call; the future has its answer."""
        unique = id or f"s{self._number}-{next(self._ids)}"
        due = self._waiting[unique] = asyncio.get_running_loop().create_future()
        asyncio.ensure_future(self.send(json.dumps([2, unique, action, payload or {}])))
        return due

    async def send(self, text: str | bytes) -> None:
        """Put `text` on the wire."""
        await self.link.send(text)

    async def asks(self, action: str, *, within: float = 86_400.0, nth: int = 1) -> Asked:
        """The nth call of `action` that came on this connection, waited for; AssertionError when none comes."""
        try:
            async with asyncio.timeout(within):
                while len(found := self.of(action)) < nth:
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            came = [asked.action for asked in self.asked]
            raise AssertionError(f"no {action} within {within:g} s, but {came}") from None
        return found[nth - 1]

    def of(self, action: str) -> list[Asked]:
        """The calls of `action` so far."""
        return [asked for asked in self.asked if asked.action == action]

    async def gone(self) -> LinkClosed:
        """How the connection ended, once it has."""
        await self.reading
        assert self.ended is not None
        return self.ended

    async def _read(self) -> None:
        while True:
            try:
                text = await self.link.recv()
            except LinkClosed as ended:
                self.ended = ended
                for due in self._waiting.values():
                    if not due.done():
                        due.set_exception(ended)
                        due.exception()
                self._news.set()
                return
            assert isinstance(text, str)
            self.texts.append(text)
            frame = json.loads(text)
            self.frames.append(frame)
            await self._take(frame)
            self._news.set()

    async def _take(self, frame: list[Any]) -> None:
        if frame[0] == 2:
            asked = Asked(self._now(), self._number, *frame[1:])
            self.asked.append(asked)
            await self._reply(asked, self.script.get(asked.action))
        elif frame[0] in (3, 4) and (due := self._waiting.pop(frame[1], None)) is not None:
            if due.cancelled():
                return
            if frame[0] == 3:
                due.set_result(frame[2])
            else:
                due.set_exception(GotError(frame[2], frame[3]))

    async def _reply(self, asked: Asked, answer: Any) -> None:
        """Answer with what the script says: a payload, `Fails`, SILENCE, or a (co)routine that gives one."""
        if callable(answer):
            answer = answer(asked)
        if asyncio.iscoroutine(answer):  # it may call the CSMS itself, whose answer must be read meanwhile
            self._tasks.spawn(self._reply_later(asked, answer))
        elif isinstance(answer, Fails):
            await self.send(json.dumps([4, asked.id, *answer]))
        elif answer is not SILENCE:
            if answer is None:
                schema = document(self.version, asked.action, answer=True)
                answer = plainest(schema, schema, False, 0)
            await self.send(json.dumps([3, asked.id, answer]))

    async def _reply_later(self, asked: Asked, answer: Coroutine[Any, Any, Any]) -> None:
        await self._reply(asked, await answer)


def serving(*args: str) -> Serving:
    """The CSMS of `python -m csms ARGS`, for `async with`; with nothing of its own to seed it runs alike always."""
    return Serving(["--run-id", "test", *args])


def configured(folder: Path, toml: str, *args: str) -> Serving:
    """The same with a configuration file that says `toml`."""
    path = folder / "pair.toml"
    path.write_text(toml)
    return serving("--config", str(path), *args)


def event(kind: str, number: int, transaction: str = "TX1", *, token: str = "", **members: Any) -> Payload:
    """A TransactionEvent (2.x)."""
    request: Payload = {
        "eventType": kind,
        "timestamp": f"2026-01-01T10:00:{number:02}.000Z",
        "triggerReason": "Authorized" if token else "CablePluggedIn",
        "seqNo": number,
        "transactionInfo": {"transactionId": transaction},
        **members,
    }
    if token:
        request["idToken"] = {"idToken": token, "type": "ISO14443"}
    return request


def start(token: str = "T1", connector: int = 1, meter: int = 0) -> Payload:
    """A StartTransaction (1.6)."""
    return {
        "connectorId": connector,
        "idTag": token,
        "meterStart": meter,
        "timestamp": "2026-01-01T10:00:00.000Z",
    }


def stop(transaction: int, **members: Any) -> Payload:
    """A StopTransaction (1.6)."""
    return {
        "transactionId": transaction,
        "meterStop": 10,
        "timestamp": "2026-01-01T10:00:30.000Z",
        **members,
    }


def authorize(version: Version, token: str, kind: str = "ISO14443") -> Payload:
    """An Authorize."""
    return {"idTag": token} if version is V16 else {"idToken": {"idToken": token, "type": kind}}


def info_of(answer: Payload) -> Payload:
    """What an answer says of a token."""
    found: Payload = answer.get("idTagInfo") or answer["idTokenInfo"]
    return found


# --- which flag is tried by which test ------------------------------------------------------------------------

TRIED: dict[str, list[str]] = {}
"""Field of `CsmsOptions` -> the tests that see its effect."""

Test = TypeVar("Test", bound=Callable[..., Any])


def tries(*fields: str) -> Callable[[Test], Test]:
    """Marks a test that sees the effect of these options."""

    def mark(test: Test) -> Test:
        for field in fields:
            TRIED.setdefault(field, []).append(test.__name__)
        return test

    return mark
