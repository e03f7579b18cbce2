"""A CSMS that does as it is told, behind a peer without a wire. Every payload it gets is held against the schema."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, NamedTuple

from charge_point.outbox import Store
from charge_point.setup import StationSetup
from charge_point.station import Station
from shared.clock import Clock
from shared.journal.journal import Journal
from shared.peer import CallRefused, CallTimedOut, ConnectionLost
from shared.tasks import Tasks
from shared.versions import V16, Version
from shared.wire.schema import schemas
from tests.charge_point.shown import crossed

Payload = dict[str, Any]
Answer = Payload | Exception | None | Callable[[Payload], Payload | Exception | None]


class Got(NamedTuple):
    """A call as it arrived: loop time, action, payload."""

    at: float
    action: str
    payload: Payload


class ScriptedCsms:
    """Answers calls from `script`: action -> one answer for always, or a list used up one by one (the last stays).

    An answer may be a function of the request; an exception is raised, None is silence. One call at a time.
    """

    def __init__(self, version: Version, clock: Clock) -> None:
        self.version = version
        self.clock = clock
        self.script: dict[str, Answer | list[Answer]] = {}
        self.got: list[Got] = []
        self.started = 999
        self.interval = 300
        self.lenient = False
        """Whether answers may break their schema, as the peer of a station lets them with `--schema off`."""
        self.last_sent = clock.elapsed()
        self._turn = asyncio.Lock()
        self._lost: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def call(self, action: str, payload: Payload, *, timeout: float | None = None) -> Payload:
        violations = schemas(self.version).violations(action, payload)
        assert not violations, f"{action}: {violations} in {payload}"
        if self._lost.done():
            raise ConnectionLost("gone")
        async with self._turn:
            if self._lost.done():
                raise ConnectionLost("gone")
            crossed(self.version, action)
            self.got.append(Got(asyncio.get_running_loop().time(), action, payload))
            self.last_sent = self.clock.elapsed()
            return await self._answer(action, payload, timeout or 30.0)

    async def _answer(self, action: str, payload: Payload, timeout: float) -> Payload:
        answer = self._scripted(action)
        if callable(answer):
            answer = answer(payload)
        if answer is None:
            done, _ = await asyncio.wait([self._lost], timeout=timeout)
            raise ConnectionLost("gone") if done else CallTimedOut(f"{action} had no answer")
        if isinstance(answer, Exception):
            raise answer
        await asyncio.sleep(0)
        if self._lost.done():
            raise ConnectionLost("gone")
        answered: Payload = answer
        violations = schemas(self.version).violations(action, answered, answer=True)
        assert self.lenient or not violations, f"our own answer to {action}: {violations}"
        return answered

    def _scripted(self, action: str) -> Any:
        scripted = self.script.get(action)
        if action not in self.script:
            return getattr(self, f"_{action.lower()}", lambda payload: {})
        if isinstance(scripted, list):
            return scripted.pop(0) if len(scripted) > 1 else scripted[0]
        return scripted

    def _bootnotification(self, payload: Payload) -> Payload:
        return {"currentTime": self.clock.now(), "interval": self.interval, "status": "Accepted"}

    def _heartbeat(self, payload: Payload) -> Payload:
        return {"currentTime": self.clock.now()}

    def _authorize(self, payload: Payload) -> Payload:
        return self.token_info()

    def _starttransaction(self, payload: Payload) -> Payload:
        self.started += 1
        return {"transactionId": self.started} | self.token_info()

    def _transactionevent(self, payload: Payload) -> Payload:
        return self.token_info() if "idToken" in payload else {}

    def token_info(self, status: str = "Accepted", **more: Any) -> Payload:
        return {"idTagInfo" if self.version is V16 else "idTokenInfo": {"status": status} | more}

    async def close(self, code: int = 1000, reason: str = "") -> None:
        self.cut()

    def cut(self) -> None:
        """The connection goes; a call that is open fails."""
        if not self._lost.done():
            self._lost.set_result(None)

    def actions(self, *without: str) -> list[str]:
        return [got.action for got in self.got if got.action not in without]

    def of(self, action: str) -> list[Payload]:
        return [got.payload for got in self.got if got.action == action]

    def statuses(self, connector: int = 1) -> list[str]:
        """The statuses reported of a connector (1.6 number, 2.x EVSE)."""
        found = []
        for got in self.got:
            p = got.payload
            if got.action == "NotifyEvent":
                event = p["eventData"][0]
                if "variableMonitoringId" in event:
                    continue  # a monitor's is no status
                if event["component"]["evse"]["id"] == connector:
                    found.append(event["actualValue"])
            elif got.action == "StatusNotification" and p.get("evseId", p["connectorId"]) == connector:
                found.append(p.get("status", p.get("connectorStatus")))
        return found

    def events(self) -> list[tuple[str, str, str]]:
        """Type, trigger and charging state of each TransactionEvent."""
        return [
            (p["eventType"], p["triggerReason"], p["transactionInfo"]["chargingState"])
            for p in self.of("TransactionEvent")
        ]


REFUSED = CallRefused("any", "InternalError", "", {})


class Stage:
    """A station and the scripted CSMS it talks to."""

    def __init__(self, version: Version, *, store: Store | None = None, **setup: Any) -> None:
        self.version = version
        self.clock = Clock.of_loop(asyncio.get_running_loop())
        self.journal = Journal(self.clock)
        self.failures: list[BaseException] = []
        self.tasks = Tasks(self.failures.append)
        self.station = Station(
            "CP1", StationSetup(**setup), self.journal, self.tasks, version=version, store=store
        )
        self.csms = ScriptedCsms(version, self.clock)

    def connect(self, *, keep: bool = True) -> ScriptedCsms:
        """The link comes up (again); the script is kept."""
        before = self.csms
        self.csms = ScriptedCsms(self.version, self.clock)
        if keep:
            self.csms.script, self.csms.started = before.script, before.started
            self.csms.interval = before.interval
        self.station.connected(self.csms)  # type: ignore[arg-type]
        return self.csms

    def cut(self) -> None:
        """The link goes down."""
        self.csms.cut()
        self.station.disconnected()

    async def booted(self) -> ScriptedCsms:
        """Connected, accepted and quiet; what was said until then is forgotten."""
        self.connect()
        await self.settle()
        assert self.station.registration.accepted
        self.csms.got.clear()
        return self.csms

    async def settle(self, seconds: float = 1.0) -> None:
        """Let so much time pass, and see that nothing of ours broke."""
        await asyncio.sleep(seconds)
        for failure in self.failures:
            raise failure

    def notes(self) -> list[str]:
        return [entry.note for entry in self.journal if entry.note]
