"""A station on a link in memory and, at its other end, a CSMS that answers by a script and gives commands."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from charge_point.authorization import Token
from charge_point.connection import Connection
from charge_point.outbox import Store
from charge_point.setup import StationSetup
from charge_point.station import Station
from charge_point.transfer import Transfers
from shared.actions import STATION, of
from shared.clock import Clock
from shared.dispatch import Handler, Table
from shared.journal.entry import CLOSE, IN, OUT
from shared.journal.journal import Journal
from shared.link import Link, MemoryLink
from shared.peer import CallRefused, Peer, Setting
from shared.tasks import Tasks
from shared.versions import V16, Version
from tests.charge_point.files import Files
from tests.charge_point.shown import crossed

Payload = dict[str, Any]
Script = Callable[[Payload], Payload]

TOKEN = Token("04A1B2C3")
WIDE: dict[str, Any] = {"TxStartPoint": "EVConnected,Authorized", "TxStopPoint": "EVConnected,Authorized"}
_MADE: dict[Version, Table] = {}


def _table(version: Version) -> Table:
    if version not in _MADE:
        _MADE[version] = {action.name: _handler(action.name) for action in of(version, STATION)}
    return _MADE[version]


def _handler(action: str) -> Handler:
    def handler(csms: Wired, request: Payload) -> Payload:
        return csms.answer(action, request)

    return Handler(handler, False)


class Wired:
    """Both ends of a conversation, in the order of the wire. `script` overrides the answers of the CSMS."""

    def __init__(self, version: Version, *, store: Store | None = None, **setup: Any) -> None:
        self.version = version
        clock = Clock.of_loop(asyncio.get_running_loop())
        self.journal = Journal(clock)
        self.failures: list[BaseException] = []
        self.tasks = Tasks(self.failures.append)
        self.station = Station(
            "CP1", StationSetup(**setup), self.journal, self.tasks, version=version, store=store
        )
        self.files = Files()
        self.station.part(Transfers).through = self.files
        self.connection = Connection(self.station, self, bugs=self.failures)  # type: ignore[arg-type]
        self.dialled = SimpleNamespace(url="ws://csms/CP1")
        self.script: dict[str, Script | None] = {}
        self.peer: Peer | None = None
        self.numbers = iter(range(1000, 9999))
        self._since = 0
        self._links = 0

    # --- the CSMS's end -----------------------------------------------------------------------------------

    async def connect(self, *, again: bool = False) -> tuple[Link, Version]:
        """What the dialer does: a new link, with the CSMS at its other end."""
        if again:
            await asyncio.sleep(1)
        near, far = MemoryLink.pair()
        self._links += 1
        setting = Setting("csms", self.journal, self.tasks, crashed=self.failures.append)
        prefix = f"csms-{self._links}-"
        self.peer = Peer(
            far, self.version, _table(self.version), self, setting, station="CP1", id_prefix=prefix
        )
        self.tasks.spawn(self.peer.run())
        return near, self.version

    def answer(self, action: str, request: Payload) -> Payload:
        crossed(self.version, action)
        scripted = self.script.get(action)
        if scripted is not None:
            return scripted(request)
        now = self.journal.clock.now()
        match action:
            case "BootNotification":
                return {"currentTime": now, "interval": 300, "status": "Accepted"}
            case "Heartbeat":
                return {"currentTime": now}
            case "Authorize":
                return self.info()
            case "StartTransaction":
                return {"transactionId": next(self.numbers)} | self.info()
            case "TransactionEvent":
                return self.info() if "idToken" in request else {}
            case "DataTransfer" | "SignCertificate":
                return {"status": "Rejected"}
        return {}

    def info(self, status: str = "Accepted") -> Payload:
        return {"idTagInfo" if self.version is V16 else "idTokenInfo": {"status": status}}

    def pending(self, *statuses: str) -> None:
        """Answer BootNotification with each of `statuses` in turn, the last for always."""
        left = list(statuses)

        def boot(request: Payload) -> Payload:
            status = left.pop(0) if len(left) > 1 else left[0]
            return {"currentTime": self.journal.clock.now(), "interval": 300, "status": status}

        self.script["BootNotification"] = boot

    async def ask(self, action: str, payload: Payload | None = None) -> Payload:
        """Send a command, give its answer (which is valid, else this raises), and let what follows follow."""
        assert self.peer is not None
        crossed(self.version, action)
        try:
            return await self.peer.call(action, payload or {})
        finally:
            await self.settle()

    async def refused(self, action: str, payload: Payload | None = None) -> str:
        """Send a command that is answered by a CALLERROR; gives its code."""
        try:
            answer = await self.ask(action, payload)
        except CallRefused as refusal:
            return refusal.code
        raise AssertionError(f"{action} was answered {answer}")

    # --- the course of things -----------------------------------------------------------------------------

    async def start(self) -> Wired:
        """Connect, register, and forget what was said until then."""
        self.tasks.spawn(self.connection.run())
        await self.settle()
        self.forget()
        return self

    async def settle(self, seconds: float = 0.5) -> None:
        await asyncio.sleep(seconds)
        for failure in self.failures:
            raise failure

    async def charging(self, evse: int = 1) -> str:
        """A session under way at `evse`; gives the id that the CSMS would use for it."""
        self.station.plug_in(evse)
        await self.station.present(TOKEN, evse)
        await self.settle(10)
        self.forget()
        transaction = self.station.evses[evse - 1].transaction
        assert transaction is not None
        return transaction.id

    @property
    def number(self) -> int:
        """The transactionId of the 1.6 transaction that was begun last."""
        numbers = self.station.outbox.numbers or {}
        return list(numbers.values())[-1]

    async def end(self) -> None:
        """See that nobody broke a rule, and stop."""
        # the tests' CSMS asks out of turn on purpose
        too_early = ("called_too_early", "called_while_rejected")
        findings = [e for e in self.journal if e.is_finding and e.note not in too_early]
        assert not findings, findings
        await self.tasks.end()

    # --- what was heard -----------------------------------------------------------------------------------

    def forget(self) -> None:
        """What was said until now is not looked at any more."""
        self._since = self.journal.seq

    def heard(self, *without: str) -> list[tuple[str, Payload]]:
        """What the CSMS received, in order: (action, payload) of a call, ("> " + action, payload) of an answer.

        A CALLERROR is ("! " + action, {"code": ...}), a SEND ("~ " + action, payload), the end of the connection
        ("closed", {}).
        """
        asked: dict[str, str] = {}
        found: list[tuple[str, Payload]] = []
        for entry in self.journal:
            parts = entry.parts()
            if entry.end == "csms" and entry.dir == OUT and parts and parts[0] == 2:
                asked[parts[1]] = parts[2]
            if entry.seq <= self._since:
                continue
            if entry.sort == CLOSE:
                found.append(("closed", {}))
            elif entry.end == "csms" and entry.dir == IN and parts:
                if parts[0] == 2:
                    found.append((parts[2], parts[3]))
                elif parts[0] == 3:
                    found.append((f"> {asked[parts[1]]}", parts[2]))
                elif parts[0] == 6:
                    found.append((f"~ {parts[2]}", parts[3]))
                else:
                    found.append((f"! {asked[parts[1]]}", {"code": parts[2]}))
        return [(action, payload) for action, payload in found if action not in without]

    def actions(self, *without: str) -> list[str]:
        return [action for action, _ in self.heard(*without)]

    def of(self, action: str) -> list[Payload]:
        return [payload for heard, payload in self.heard() if heard == action]

    def statuses(self) -> list[tuple[int, int, str]]:
        """The statuses reported: EVSE and connector (1.6: 0 and the connectorId), and the status."""
        found = []
        for action, p in self.heard():
            if action == "NotifyEvent":
                event = p["eventData"][0]
                if "variableMonitoringId" not in event:  # a monitor's is no status
                    place = event["component"]["evse"]
                    found.append((place["id"], place["connectorId"], event["actualValue"]))
            elif action == "StatusNotification":
                status = p["status"] if self.version is V16 else p["connectorStatus"]
                found.append((p.get("evseId", 0), p["connectorId"], status))
        return found

    def events(self) -> list[tuple[str, str, str]]:
        """Type, trigger and stopped reason of each TransactionEvent."""
        return [
            (p["eventType"], p["triggerReason"], p["transactionInfo"].get("stoppedReason", ""))
            for p in self.of("TransactionEvent")
        ]
