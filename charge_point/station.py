"""A station: its identity, its EVSEs, its connection to a CSMS, and what can be done to it.

The dialer tells it of links (`connected`, `disconnected`), the driver and the CSMS's handlers use its verbs. A verb
that the CSMS asks for gives an `Outcome`: a truthful status and, where something is to follow the answer, `then`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from charge_point import blocks, tellers
from charge_point.authorization import Authorizer, Token, TokenInfo, info_of
from charge_point.blocks.authorization import authorize
from charge_point.blocks.availability import (
    spell_status,
    station_status_16,
    status_notification_16,
    status_of,
)
from charge_point.blocks.transactions import spell_event
from charge_point.connector import AVAILABILITY, HEALTH, Authorization, Availability, Cable, Connector, follow
from charge_point.device_model import DeviceModel
from charge_point.evse import Evse
from charge_point.meter import Meter
from charge_point.outbox import Outbox, Owed, Store
from charge_point.registration import Registration
from charge_point.setup import StationSetup
from charge_point.transaction import Event, Transaction
from shared.chance import Stream
from shared.clock import Clock
from shared.journal.journal import Journal
from shared.peer import CallFailed, ConnectionLost
from shared.tasks import Tasks
from shared.versions import V2X, V16, V21, Version

if TYPE_CHECKING:
    from charge_point.catalogue import Slot
    from shared.peer import Peer

Payload = dict[str, Any]
Then = Callable[[], Any]


class Outcome(NamedTuple):
    """What a verb asked for by the CSMS comes to; `then` is to be called after the answer has left."""

    status: str
    then: Then | None = None
    transaction: str = ""
    reason: str = ""


class Presented(NamedTuple):
    """What presenting a token came to: started, stopped, unlocked, refused or ignored, and why."""

    outcome: str
    evse: Evse | None = None
    reason: str = ""


class Station:
    """One station. Owns its EVSEs, registration, tokens, outbox and clock; journal and tasks are the program's."""

    __slots__ = (
        "_asleep",
        "_counter",
        "_ids",
        "_offline_since",
        "_reset",
        "_waiters",
        "authorizer",
        "clock",
        "evses",
        "firmware",
        "id",
        "journal",
        "model",
        "operative",
        "outbox",
        "peer",
        "redial",
        "registration",
        "setup",
        "store",
        "tasks",
        "version",
    )

    def __init__(
        self,
        id: str,
        setup: StationSetup,
        journal: Journal,
        tasks: Tasks,
        *,
        version: Version = V21,
        store: Store | None = None,
    ) -> None:
        self.id: str = id
        self.setup = setup
        self.journal = journal
        self.tasks = tasks
        self.version = version
        self.store = store
        self.clock: Clock = journal.clock.askew()
        self.firmware = setup.firmware
        self.peer: Peer | None = None
        self.redial: Callable[[float], object] | None = None
        """Set by the dialer: close the connection and dial again after so many seconds."""
        self.operative = True
        """Whether the operator allows the station as a whole (1.6 connector 0)."""
        self.authorizer: Authorizer = Authorizer()
        self.registration = Registration(self)
        self.outbox = Outbox(self, store)
        self._counter = 0
        self._ids: Stream | None = None
        self._offline_since: float | None = None
        self._asleep = False
        self._reset: str = ""
        self._waiters: list[tuple[asyncio.Future[None], Callable[[], bool]]] | None = None
        self.evses = self._build()
        self.model = self._model(version)
        self._restore()

    def _build(self) -> tuple[Evse, ...]:
        evses, number = [], 0
        for at, ids in enumerate(self.setup.evses, 1):
            connectors = []
            for id in ids:
                number += 1
                connectors.append(Connector(id, number, tethered=self.setup.tethered))
            noise = self.stream(f"meter {at}") if self.setup.noise else None
            meter = Meter(self.setup.phases, self.setup.amps, noise)
            evses.append(Evse(self, at, tuple(connectors), meter))
        return tuple(evses)

    def _model(self, version: Version) -> DeviceModel:
        model = DeviceModel(version, self.setup.evses, self.setup.variables, self.setup.features)
        model.on_change(self._setting_changed)
        model.live = self._live
        return model

    def __repr__(self) -> str:
        return f"<Station {self.id} {self.version!r} {self.registration.status or 'not registered'}>"

    # --- finding ------------------------------------------------------------------------------------------

    def evse(self, id: int) -> Evse | None:
        """The EVSE with this id (from 1)."""
        return self.evses[id - 1] if 1 <= id <= len(self.evses) else None

    def evses_of(self, id: int | None) -> tuple[Evse, ...]:
        """The EVSE with this id, or all for None and 0."""
        if not id:
            return self.evses
        one = self.evse(id)
        return (one,) if one else ()

    def numbered(self, number: int) -> tuple[Evse, Connector] | None:
        """The connector with this 1.6 connectorId."""
        for one in self.evses:
            for c in one.connectors:
                if c.number == number:
                    return one, c
        return None

    def transaction(self, id: str | int) -> Evse | None:
        """The EVSE of the running transaction with this id (2.x) or number (1.6)."""
        for one in self.evses:
            t = one.transaction
            if t is not None and id in (t.id, self.number_of(t)):
                return one
        return None

    def number_of(self, transaction: Transaction) -> int | None:
        """The CSMS's number of a 1.6 transaction, None until it was answered."""
        return (self.outbox.numbers or {}).get(transaction.id)

    # --- chance, notes, waiting ---------------------------------------------------------------------------

    def stream(self, purpose: str) -> Stream:
        """Seeded chance for one purpose."""
        return Stream(self.setup.seed, self.id, purpose)

    def new_transaction_id(self) -> str:
        """A UUID that this station never used before (E01.FR.08), from the seed and the run."""
        if self._ids is None:
            self._ids = self.stream(f"transactions of run {self.setup.run_id}")
        return self._ids.uuid()

    def new_event_id(self) -> int:
        """The id of the next NotifyEvent."""
        self._counter += 1
        return self._counter

    def note(self, name: str, text: str = "", *, clause: str = "", **detail: Any) -> None:
        """A remark about this station in the journal."""
        self.journal.note(self.id, name, text, end="charge_point", clause=clause, **detail)

    def changed(self) -> None:
        """Something happened: wake who waits for it."""
        if self._waiters:
            for waiter in list(self._waiters):
                if waiter[0].done() or waiter[1]():
                    self._waiters.remove(waiter)
                    if not waiter[0].done():
                        waiter[0].set_result(None)

    async def until(self, true: Callable[[], bool], within: float | None = None) -> bool:
        """Wait until `true()`; False when it is not so `within` seconds."""
        if true():
            return True
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiters = [*(self._waiters or []), (future, true)]
        try:
            async with asyncio.timeout(within):
                await future
        except TimeoutError:
            return true()
        finally:
            self._waiters = [w for w in self._waiters or [] if w[0] is not future] or None
        return True

    # --- the connection -----------------------------------------------------------------------------------

    @property
    def is_online(self) -> bool:
        """Whether there is a connection."""
        return self.peer is not None

    @property
    def may_send(self) -> bool:
        """Whether anything may be sent: connected, and accepted by the CSMS."""
        return self.peer is not None and self.registration.accepted

    @property
    def silence(self) -> float:
        """Seconds since something was sent last."""
        return self.clock.elapsed() - self.peer.last_sent if self.peer is not None else 0.0

    def connected(self, peer: Peer) -> None:
        """The link is up, and `peer` speaks the version that was agreed. Does not wait for anything."""
        if peer.version is not self.version:
            self._change_version(peer.version)
        elif self.setup.boot_on_reconnect and self._offline_since is not None:
            self.registration.forget("Unknown")
        away = None if self._offline_since is None else self.clock.elapsed() - self._offline_since
        self.peer = peer
        self._asleep = False
        self.registration.connected()
        if self.registration.accepted:
            threshold = self.model.seconds("OfflineThreshold")
            self._report_all(changed_only=away is not None and away <= threshold)  # B04.FR.01, .02
            self.outbox.deliver()
        self.changed()

    def disconnected(self) -> None:
        """The link is gone."""
        if self.peer is None:
            return
        self.peer = None
        self._offline_since = self.clock.elapsed()
        self.registration.disconnected()
        self.outbox.went_offline()
        self.changed()

    def _change_version(self, version: Version) -> None:
        """Another version than before was agreed: same station, other words; it has to register anew (B10)."""
        changes = self.model.changes()
        self.version = version
        self.model = self._model(version)
        self.model.restore(changes)
        self.registration.forget(self.registration.reason)
        for one in self.evses:
            for c in one.connectors:
                c.told = ""

    def accepted(self) -> None:
        """The CSMS has accepted the registration after a start: report, then deliver what is owed."""
        self._report_all()
        if self.version in V2X:  # A04: a critical event, pushed after each start
            event = "StartupOfTheDevice" if self.registration.reason == "PowerUp" else "ResetOrReboot"
            self.say("SecurityEventNotification", {"type": event, "timestamp": self.clock.now()})
        self.outbox.deliver()

    def gate(self, action: str, payload: Payload) -> None:
        """Asked before each message of the CSMS is handled; raises what the registration demands."""
        self.registration.gate()

    async def call(self, action: str, payload: Payload, *, timeout: float | None = None) -> Payload:
        """Call the CSMS. Raises ConnectionLost when offline, and what `Peer.call` raises."""
        peer = self.peer
        if peer is None:
            raise ConnectionLost(f"{action}: the station is offline")
        if timeout is None and self.model.has("OCPPCommCtrlr.MessageTimeout[Default]"):
            timeout = self.model.seconds("OCPPCommCtrlr.MessageTimeout[Default]")
        return await peer.call(action, payload, timeout=timeout)

    def say(
        self,
        action: str,
        payload: Payload,
        then: Callable[[Payload], object] | None = None,
        *,
        asked: bool = False,
        failed: Callable[[], object] | None = None,
    ) -> bool:
        """Tell the CSMS something that is not kept when it cannot be told; False when it may not be told now.

        `asked`: the CSMS wants it, so it may be sent while Pending (B02.FR.02). `then` gets the answer, `failed`
        is called when there was none.
        """
        if self.peer is None or not (asked or self.registration.accepted):
            return False
        self.tasks.spawn(self._say(action, payload, then, failed))
        return True

    async def _say(
        self, action: str, payload: Payload, then: Callable[[Payload], object] | None, failed: Then | None
    ) -> None:
        try:
            answer = await self.call(action, payload)
        except CallFailed as failure:
            if failed is not None:
                failed()
            if not isinstance(failure, ConnectionLost):
                self.note("call_failed", str(failure))
        else:
            if then is not None:
                then(answer)

    def trigger(self, message: str, evse: int | None = None, connector: int | None = None) -> Outcome:
        """Tell `message` as TriggerMessage asks: Accepted, Rejected or NotImplemented; `then` tells it (F06).

        In 1.6 `connector` is the connectorId and `evse` is not used.
        """
        teller = tellers.table(self.version, blocks.MODULES).get(message)
        if teller is None:
            return Outcome("NotImplemented")  # F06.FR.08
        if message == "BootNotification" and self.registration.accepted:
            return Outcome("Rejected", reason="already accepted")  # F06.FR.17; 1.6 errata 3.35
        if self.version is V16:
            if connector and self.numbered(connector) is None:
                return Outcome("Rejected", reason="no such connector")
        elif evse and (
            self.evse(evse) is None or (connector and self.evses_of(evse)[0].connector(connector) is None)
        ):
            return Outcome("Rejected", reason="no such EVSE or connector")
        if message == "TransactionEvent" and not any(e.transaction for e in self.evses_of(evse)):
            return Outcome("Rejected", reason="no transaction")
        return Outcome("Accepted", lambda: teller(self, evse, connector))

    # --- status -------------------------------------------------------------------------------------------

    def report(
        self, evse: Evse, connector: Connector, *, asked: bool = False, triggered: bool = False
    ) -> None:
        """Report the connector's status if it is not what the CSMS was last told, or if it was `asked` for."""
        status = status_of(self, evse, connector)
        if not asked and status == connector.told and not connector.info:
            return
        action, payload = spell_status(self, evse, connector, status, triggered=triggered)
        if self.say(action, payload, asked=asked, failed=lambda: self._untold(connector, status)):
            connector.told = status

    def _untold(self, connector: Connector, status: str) -> None:
        """A status report got lost: it is due again after the next reconnect."""
        if connector.told == status:
            connector.told = ""

    def tell_station_status(self, *, asked: bool = False) -> None:
        """Connector 0 (1.6 §4.9, errata 3.22); 2.x has no such thing."""
        if self.version is V16:
            status = station_status_16(self)
            payload = status_notification_16(0, status, "NoError", "", self.clock.now())
            self.say("StatusNotification", payload, asked=asked)

    def _report_all(self, *, changed_only: bool = False) -> None:
        if not changed_only:
            self.tell_station_status()
        for one in self.evses:
            for c in one.connectors:
                if not changed_only:
                    c.told = ""
                self.report(one, c)

    # --- transactions -------------------------------------------------------------------------------------

    def owe(self, event: Event) -> None:
        """A transaction's message: into the outbox, in the version's words."""
        spelled = spell_event(self, event)
        self._keep_transaction(event)
        if spelled is not None:
            self.outbox.add(*spelled, event.transaction.id)

    def delivered(self, owed: Owed, answer: Payload, broken: str = "") -> None:
        """A transaction message was answered (`broken`: with something that cannot be read)."""
        if owed.action == "StartTransaction":
            number = answer.get("transactionId")
            self.outbox.number(owed.transaction, number if isinstance(number, int) else -1)
        wire = answer.get("idTokenInfo") or answer.get("idTagInfo")
        evse = next(
            (e for e in self.evses if e.transaction and e.transaction.id == owed.transaction),
            None,
        )
        if evse is not None and evse.transaction is not None and "totalCost" in answer:
            evse.transaction.cost = float(answer["totalCost"])
        if wire:
            self._heard_of(owed, info_of(wire), evse)
        self.changed()

    def _heard_of(self, owed: Owed, info: TokenInfo, evse: Evse | None) -> None:
        """What the CSMS says of the token in a transaction message (C10.FR.05, E05; 1.6 §3.5.4)."""
        said = owed.payload.get("idToken")
        id = said["idToken"] if said else owed.payload.get("idTag", "")
        if id:
            self.authorizer.learn(Token(id), info, self.model, self.clock.time())
        if evse is None or evse.transaction is None or evse.token is None or evse.token.id != id:
            return
        if info.accepted:
            evse.group = evse.group or info.group
            evse.transaction.group = evse.group
        elif owed.action != "StopTransaction" and owed.payload.get("eventType") != "Ended":
            evse.deny()

    def transaction_over(self, evse: Evse) -> None:
        """A transaction has ended: what waited for that happens."""
        self.settle_availability(evse)
        if self._reset and not any(e.transaction for e in self.evses):
            reason, self._reset = self._reset, ""
            self.tasks.spawn(self._restart(reason))

    # --- the driver ---------------------------------------------------------------------------------------

    def plug_in(self, evse: int = 1, connector: int | None = None) -> None:
        """The driver plugs the cable in. Raises NotNow, ValueError for what does not exist."""
        one, c = self._socket(evse, connector)
        floating = next((e for e in self.evses if e.floating and e.is_authorized), None)
        if (
            floating is not None
            and floating is not one
            and one.is_free
            and floating.active.cable is Cable.OUT
        ):
            one.take_over(floating)
        one.floating = False
        one.plug_in(c)

    def unplug(self, evse: int = 1) -> bool:
        """The driver takes the cable away: out of the car and, unless it is locked, out of the station.

        Gives whether the station is rid of it. Raises NotNow when there is no cable.
        """
        one, _ = self._socket(evse, None)
        if one.active.cable is Cable.BOTH_ENDS:
            one.ev_side_out()
        if one.active.cable is Cable.OUT:
            return True
        if one.active.lock.value == "locked":
            return False
        one.station_side_out()
        return True

    def unplug_ev(self, evse: int = 1) -> None:
        """The cable is pulled out of the car only."""
        self._socket(evse, None)[0].ev_side_out()

    def _socket(self, evse: int, connector: int | None) -> tuple[Evse, Connector]:
        one = self.evse(evse)
        c = None if one is None else one.active if connector is None else one.connector(connector)
        if one is None or c is None:
            where = f"EVSE {evse}" + (f", connector {connector}" if connector else "")
            raise ValueError(f"{self.id} has no {where}")
        return one, c

    async def present(self, token: Token | str, evse: int | None = None) -> Presented:
        """The driver presents a token: to stop what it started, to get the cable back, or to begin.

        Without `evse` the reader is the station's: the session of this token, a plugged in car, or the first
        free EVSE is meant. The CSMS is asked when it has to be.
        """
        token = Token(token) if isinstance(token, str) else token
        own = await self._own_session(token, evse)
        if own is not None:
            return own
        one = self._candidate(evse)
        if one is None:
            return Presented("ignored", None, "no EVSE is free")
        if not self._may_begin():
            return Presented("refused", one, "the station is not registered")
        info = await self.decide(token)
        if not info.accepted:
            self.changed()
            return Presented("refused", one, info.status)
        if not one.is_startable:
            return Presented("ignored", one, "the EVSE is in use by now")
        one.floating = evse is None and len(self.evses) > 1 and one.active.cable is Cable.OUT
        one.grant(token, info.group)
        return Presented("started", one)

    def _may_begin(self) -> bool:
        allowed = self.setup.transactions_before_accepted or self.model.flag("TxBeforeAcceptedEnabled")
        return self.registration.accepted or allowed

    async def _own_session(self, token: Token, evse: int | None) -> Presented | None:
        """Stop a session of this token or its group (E07.FR.01; 1.6 §4.10), or hand back a locked cable."""
        for one in self.evses_of(evse):
            if one.is_authorized and one.token is not None and one.token.key == token.key:
                one.end_authorization("StopAuthorized", "Local", token=token)
                return Presented("stopped", one)
        for one in self.evses_of(evse):
            same = one.token is not None and one.token.key == token.key
            if one.authorization is Authorization.ENDED and same and one.active.lock.value == "locked":
                one.active.turn_lock("unlock")  # E09.FR.03, E05.FR.11
                return Presented("unlocked", one)
        grouped = [e for e in self.evses_of(evse) if e.is_authorized and e.group]
        if grouped and (evse is not None or self._candidate(None) is None):
            info = self.authorizer.known(token, self.model, self.clock.time()) or TokenInfo("Unknown")
            if not (info.accepted and info.group):
                info = await self.decide(token)
            for one in grouped:
                if info.accepted and info.group == one.group and one.is_authorized:
                    one.end_authorization("StopAuthorized", "Local", token=token)
                    return Presented("stopped", one)
        return None

    def _candidate(self, evse: int | None) -> Evse | None:
        if evse is not None:
            one = self.evse(evse)
            return one if one is not None and one.is_startable else None
        startable = [e for e in self.evses if e.is_startable]
        plugged = [e for e in startable if e.active.cable is Cable.BOTH_ENDS]
        return next(iter(plugged or startable), None)

    async def decide(self, token: Token) -> TokenInfo:
        """Whether `token` may charge: by the station's own knowledge, or by asking the CSMS."""
        now = self.clock.time()
        info = self.authorizer.local(token, self.model, now, online=self.may_send)
        if info is not None:
            return info
        try:
            info = await authorize(self, token)
        except CallFailed as failed:
            self.note("not_authorized", f"{token.id}: {failed}")
            if self.peer is None:  # went offline while asking
                return self.authorizer.local(token, self.model, now, online=False) or TokenInfo("Invalid")
            return TokenInfo("Invalid")
        self.authorizer.learn(token, info, self.model, self.clock.time())
        return info

    # --- the CSMS -----------------------------------------------------------------------------------------

    def remote_start(
        self, token: Token, *, evse: int | None = None, remote_start_id: int | None = None
    ) -> Outcome:
        """Start as the CSMS asks (F01, F02; 1.6 §5.11): Accepted, with what is to follow, or Rejected."""
        if not self.registration.accepted:
            return Outcome("Rejected", reason="not accepted yet")  # B02.FR.05
        one = self._candidate(evse)
        if one is None:
            return Outcome("Rejected", reason="no EVSE is free for it")  # F01.FR.23, .24
        one.floating = evse is None and len(self.evses) > 1 and one.active.cable is Cable.OUT
        running = one.transaction.id if one.transaction is not None else ""
        return Outcome("Accepted", lambda: self._start_remotely(one, token, remote_start_id), running)

    async def _start_remotely(self, one: Evse, token: Token, remote_start_id: int | None) -> None:
        info = TokenInfo("Accepted")
        if self.model.flag("AuthorizeRemoteTxRequests"):  # F01.FR.01, .02
            info = await self.decide(token)
        if info.accepted and one.is_startable:
            one.grant(token, info.group, remote=remote_start_id, by_csms=True)
        self.changed()

    def remote_stop(self, transaction: str | int) -> Outcome:
        """Stop a transaction as the CSMS asks (F03; 1.6 §5.12)."""
        if not self.registration.accepted:
            return Outcome("Rejected", reason="not accepted yet")  # B02.FR.05
        one = self.transaction(transaction)
        if one is None:
            return Outcome("Rejected", reason="no such transaction")  # F03.FR.08
        return Outcome("Accepted", lambda: one.end_authorization("RemoteStop", "Remote"))

    def unlock(self, evse: int, connector: int) -> Outcome:
        """Unlock a connector (F05; 1.6 §5.18).

        Unlocked, UnlockFailed, NotSupported (a tethered cable; 1.6), UnknownConnector or, with a driver on it,
        OngoingAuthorizedTransaction (2.x; in 1.6 the transaction ends with UnlockCommand).
        """
        one = self.evse(evse)
        c = one.connector(connector) if one is not None else None
        if one is None or c is None:
            return Outcome("UnknownConnector")
        busy = one.is_authorized and one.active is c and one.transaction is not None
        if busy and self.version is not V16:
            return Outcome("OngoingAuthorizedTransaction")  # F05.FR.02
        if c.tethered:
            return Outcome("NotSupported" if self.version is V16 else "UnlockFailed")
        if c.lock_fails:
            return Outcome("UnlockFailed")
        if busy:
            return Outcome("Unlocked", lambda: one.end_authorization("UnlockCommand", "UnlockCommand"))
        c.turn_lock("unlock")
        return Outcome("Unlocked")

    def set_availability(
        self, operative: bool, evse: int | None = None, connector: int | None = None
    ) -> Outcome:
        """Allow or forbid a connector, an EVSE or all (G03, G04; 1.6 §5.2): Accepted, Scheduled or Rejected.

        What a transaction is on becomes inoperative when that has ended. The state survives a restart.
        """
        scope = [
            (e, c)
            for e in self.evses_of(evse)
            for c in e.connectors
            if connector is None or c.id == connector
        ]
        if not scope:
            return Outcome("Rejected", reason="no such EVSE or connector")
        busy = not operative and any(e.transaction is not None for e, _ in scope)
        return Outcome("Scheduled" if busy else "Accepted", lambda: self._allow(operative, scope, evse))

    def _allow(self, operative: bool, scope: list[tuple[Evse, Connector]], evse: int | None) -> None:
        if not evse:
            changed = self.operative is not operative
            self.operative = operative
            if changed:
                self.tell_station_status()
        for one, c in scope:
            event = "enabled" if operative else "leave" if one.transaction is not None else "disabled"
            if event == "disabled" and one.is_authorized:
                one.end_authorization("AbnormalCondition", "Other")
            c.availability = follow(AVAILABILITY, c.availability, event)
            self.report(one, c)
        self._keep_availability()
        self.changed()

    def settle_availability(self, evse: Evse) -> None:
        """Connectors that waited for the end of the transaction become inoperative (G03.FR.05)."""
        for c in evse.connectors:
            if c.availability is Availability.LEAVING:
                c.availability = follow(AVAILABILITY, c.availability, "disabled")
                self.report(evse, c)
                self._keep_availability()

    def fault(self, evse: int = 1, connector: int | None = None, error: str = "OtherError") -> None:
        """The connector breaks; `error` is a 1.6 ChargePointErrorCode. A transaction on it ends (E06.FR.16)."""
        one, c = self._socket(evse, connector)
        c.health = follow(HEALTH, c.health, "fault")
        c.error = error
        if one.active is c and one.is_authorized:
            one.end_authorization("AbnormalCondition", "Other")
        self.report(one, c)
        self.changed()

    def clear_fault(self, evse: int = 1, connector: int | None = None) -> None:
        """The connector is sound again. Raises NotNow when it is."""
        one, c = self._socket(evse, connector)
        c.health = follow(HEALTH, c.health, "repaired")
        c.error = "NoError"
        self.report(one, c)
        self.changed()

    # --- starting anew ------------------------------------------------------------------------------------

    def reset(self, kind: str, evse: int | None = None) -> Outcome:
        """Restart as the CSMS asks: Hard or Soft (1.6 §5.14), Immediate or OnIdle (B11, B12).

        Accepted, Scheduled (OnIdle in a transaction) or Rejected (a single EVSE, which this station cannot
        restart: B11.FR.09; resuming: B13.FR.01).
        """
        if evse or kind == "ImmediateAndResume":
            return Outcome("Rejected", reason="not supported")
        running = any(e.transaction for e in self.evses)
        if kind == "OnIdle" and running:
            return Outcome("Scheduled", lambda: setattr(self, "_reset", "ScheduledReset"))
        reason = {"Hard": "HardReset", "Soft": "SoftReset"}.get(kind, "ImmediateReset")
        return Outcome("Accepted", lambda: self._restart("RemoteReset", reason))

    async def _restart(self, boot_reason: str, stop_reason: str = "") -> None:
        """End what runs, give its last messages a chance to leave, and start anew (B12.FR.04, .05)."""
        for one in self.evses:
            if one.transaction is not None or one.is_authorized:
                one.end_authorization("ResetCommand", stop_reason, ends=True)
        await self.until(lambda: not len(self.outbox) or self.peer is None, within=5.0)
        self._go_down(boot_reason, self.setup.reboot_seconds)

    def power_cycle(self, seconds: float = 5.0, *, backup: bool = False) -> None:
        """The power fails for `seconds`; with a `backup` the station ends its transactions before it dies."""
        running = [one for one in self.evses if one.transaction is not None]
        for one in self.evses:
            if one.transaction is not None and backup:
                one.end_authorization("AbnormalCondition", "PowerLoss", ends=True)
        self._go_down("PowerUp", seconds)
        if not backup:
            loop = asyncio.get_running_loop()
            for one in running:
                loop.call_later(seconds, one.lost_power)

    def _go_down(self, reason: str, seconds: float) -> None:
        """Switch off: what is volatile is gone; cables, availability, tokens and what is owed stay."""
        for one in self.evses:
            one.power_off()
            for c in one.connectors:
                c.told = ""
        self.registration.forget(reason)
        self.model.rebooted()
        self._reset = ""
        self._asleep = True
        peer = self.peer
        self.disconnected()
        if self.redial is not None:
            self.redial(seconds)
        elif peer is not None:
            self.tasks.spawn(peer.close(1000, "restarting"))

    # --- what is kept -------------------------------------------------------------------------------------

    def _keep_availability(self) -> None:
        if self.store is not None:
            out = [
                c.number
                for e in self.evses
                for c in e.connectors
                if c.availability is not Availability.OPERATIVE
            ]
            self.store.keep(self.id, "inoperative", {"station": not self.operative, "connectors": out})

    def _keep_transaction(self, event: Event) -> None:
        """What is needed to end the transaction after the process was killed."""
        if self.store is None:
            return
        evse = next((e for e in self.evses if e.transaction is event.transaction), None)
        if evse is not None:
            name = f"transaction {evse.id}"
            kept = None if event.sort == "Ended" else evse.as_kept(event.transaction)
            self.store.keep(self.id, name, kept)

    def _restore(self) -> None:
        """Take up what an earlier process kept on disk."""
        if self.store is None or not self.store.exists:
            return
        kept = self.store.kept(self.id)
        self.outbox.restore()
        inoperative = kept.get("inoperative", {})
        self.operative = not inoperative.get("station", False)
        for number in inoperative.get("connectors", ()):
            found = self.numbered(number)
            if found is not None:
                found[1].availability = Availability.INOPERATIVE
        for one in self.evses:
            before = kept.get(f"transaction {one.id}")
            if before:
                one.take_up(before)

    # --- the device model ---------------------------------------------------------------------------------

    def _setting_changed(self, slot: Slot, old: str, new: str) -> None:
        """A variable was written: what runs by it follows."""
        path = slot.path
        if path == "OCPPCommCtrlr.HeartbeatInterval":
            self.registration.rebeat()
        elif path in ("SampledDataCtrlr.TxUpdatedInterval", "SampledDataCtrlr.TxEndedInterval"):
            for one in self.evses:
                one.resample()

    def _live(self, slot: Slot) -> str | None:
        """The present value of a variable that the station knows better than its store."""
        return live_value(self, slot)


def live_value(station: Station, slot: Slot) -> str | None:
    """What the station's state says of `slot`; None when it is not among its state."""
    from charge_point.live import VALUES

    value = VALUES.get((slot.definition.component, slot.definition.variable))
    return None if value is None else value(station, slot)
