"""A station: its identity, its EVSEs, its connection to a CSMS, and what can be done to it.

The dialer tells it of links (`connected`, `disconnected`), the driver and the CSMS's handlers use its verbs. A verb
that the CSMS asks for gives an `Outcome`: a truthful status and, where something is to follow the answer, `then`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from charge_point import hands, hearing, network, operating, orders, parts, reporting, restarting
from charge_point.authorization import Authorizer
from charge_point.blocks.transactions import spell_event
from charge_point.connector import Connector
from charge_point.device_model import DeviceModel
from charge_point.evse import Evse
from charge_point.keeping import keep_message, keep_variables, restore
from charge_point.monitoring.factory import begin_watching
from charge_point.outbox import Outbox
from charge_point.registration import Registration
from charge_point.sampling import Aligner
from charge_point.security_events import security_event
from charge_point.setup import StationSetup
from charge_point.store import Store
from charge_point.topology import built
from charge_point.transaction import Event, Transaction
from shared.chance import Stream
from shared.clock import Clock
from shared.journal.journal import Journal
from shared.peer import CallFailed, ConnectionLost
from shared.tasks import Tasks
from shared.versions import V2X, V21, Version

if TYPE_CHECKING:
    from charge_point.catalogue import Slot
    from shared.peer import Peer

Payload = dict[str, Any]
Then = Callable[[], Any]


class Station:
    """One station. Owns its EVSEs, registration, tokens, outbox and clock; journal and tasks are the program's."""

    __slots__ = (
        "_counter",
        "_ids",
        "_offline_since",
        "_saying",
        "_waiters",
        "aligner",
        "authorizer",
        "charged",
        "clock",
        "closed",
        "evses",
        "firmware",
        "id",
        "journal",
        "model",
        "operative",
        "outbox",
        "parts",
        "peer",
        "redial",
        "registration",
        "reset_due",
        "sessions",
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
        self.closed: tuple[tuple[int, int], ...] = ()
        """What the operator does not allow, as `charge_point.operating` has it."""
        self.authorizer: Authorizer = Authorizer()
        self.registration = Registration(self)
        self.aligner = Aligner(self)
        self.outbox = Outbox(self, store)
        self.parts: dict[type[parts.Part], parts.Part] | None = None
        self._counter = 0
        self._saying = 0
        self._ids: Stream | None = None
        self._offline_since: float | None = None
        self.sessions = 0
        self.charged = 0.0
        """Transactions that ended in this run, and the Wh that they charged."""
        self.reset_due: str = ""
        """The boot reason of a restart that waits for the last transaction to end."""
        self._waiters: list[tuple[asyncio.Future[None], Callable[[], bool]]] | None = None
        self.evses = built(self)
        self.model = self._model(version)
        restore(self)

    def _model(self, version: Version) -> DeviceModel:
        model = DeviceModel(version, self.setup.evses, self.setup.presets, self.setup.features)
        model.on_change(self._setting_changed)
        model.live = self._live
        model.consent = self.consent
        return model

    def __repr__(self) -> str:
        return f"<Station {self.id} {self.version!r} {self.registration.status or 'not registered'}>"

    # --- finding ------------------------------------------------------------------------------------------

    def evse(self, id: int) -> Evse | None:
        """The EVSE with this id (from 1)."""
        return self.evses[int(id) - 1] if 1 <= id <= len(self.evses) else None  # 1.0 is an integer in JSON

    def evses_of(self, id: int | None) -> tuple[Evse, ...]:
        """The EVSE with this id, or all for None and 0."""
        if not id:
            return self.evses
        one = self.evse(id)
        return (one,) if one else ()

    def numbered(self, number: int) -> tuple[Evse, Connector] | None:
        """The connector with this 1.6 connectorId."""
        return next(((e, c) for e in self.evses for c in e.connectors if c.number == number), None)

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

    @property
    def has_said_all(self) -> bool:
        """Whether nothing is owed to the CSMS and nothing that was said waits for its answer."""
        return not len(self.outbox) and not self._saying

    def connected(self, peer: Peer) -> None:
        """The link is up, and `peer` speaks the version that was agreed. Does not wait for anything."""
        if peer.version is not self.version:
            self._change_version(peer.version)
        elif self.setup.boot_on_reconnect and self._offline_since is not None:
            self.registration.forget("Unknown")
        away = None if self._offline_since is None else self.clock.elapsed() - self._offline_since
        self.peer = peer
        self.registration.connected()
        begin_watching(self)
        parts.tell_parts(self, lambda part: part.connected())
        if self.registration.accepted:
            threshold = self.model.seconds("OfflineThreshold")
            self.report_all(changed_only=away is not None and away <= threshold)  # B04.FR.01, .02
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
        parts.tell_parts(self, lambda part: part.disconnected())
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
        self.aligner.on()
        self.report_all()
        if self.version in V2X:  # A04: a critical event, pushed after each start
            event = "StartupOfTheDevice" if self.registration.reason == "PowerUp" else "ResetOrReboot"
            security_event(self, event)
        parts.tell_parts(self, lambda part: part.accepted())
        self.outbox.deliver()

    def gate(self, action: str, payload: Payload) -> None:
        """Asked before each message of the CSMS is handled; raises what the registration demands."""
        self.registration.gate(action, payload)

    async def call(self, action: str, payload: Payload, *, timeout: float | None = None) -> Payload:
        """Call the CSMS. Raises ConnectionLost when offline, and what `Peer.call` raises."""
        peer = self.peer
        if peer is None:
            raise ConnectionLost(f"{action}: the station is offline")
        return await peer.call(action, payload, timeout=self._timeout() if timeout is None else timeout)

    def _timeout(self) -> float | None:
        """How long to wait for an answer, if somebody has set it; else it is the program's matter."""
        name = "OCPPCommCtrlr.MessageTimeout[Default]"
        if not self.model.has(name) or self.model.text(name) == self.model.slot(name).definition.default:
            return None
        return self.model.seconds(name)

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
        self._saying += 1
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
        finally:
            self._saying -= 1
            self.changed()

    # --- transactions -------------------------------------------------------------------------------------

    def owe(self, event: Event) -> None:
        """A transaction's message: into the outbox, in the version's words."""
        keep_message(self, event, spell_event(self, event))

    def transaction_over(self, evse: Evse, charged: float) -> None:
        """A transaction has ended after `charged` Wh: what waited for that happens."""
        self.sessions += 1
        self.charged += charged
        self.settle_availability(evse)
        restarting.when_idle(self)

    delivered = hearing.delivered
    part = parts.part
    consent = network.consent

    # --- status -------------------------------------------------------------------------------------------

    report = reporting.report
    report_all = reporting.report_all
    tell_station_status = reporting.tell_station_status

    # --- verbs: what can be done to it ----------------------------------------------------------------------

    plug_in = hands.plug_in
    unplug = hands.unplug
    unplug_ev = hands.unplug_ev
    drive_in = hands.drive_in
    drive_off = hands.drive_off
    emergency_stop = hands.emergency_stop
    present = hands.present
    decide = hands.decide
    fault = hands.fault
    clear_fault = hands.clear_fault

    trigger = orders.trigger
    remote_start = orders.remote_start
    remote_stop = orders.remote_stop
    unlock = orders.unlock
    set_availability = operating.set_availability
    settle_availability = operating.settle_availability

    reset = restarting.reset
    power_cycle = restarting.power_cycle
    switch_off = restarting.switch_off

    # --- the device model ---------------------------------------------------------------------------------

    def _setting_changed(self, slot: Slot, old: str, new: str) -> None:
        """A variable was written: what runs by it follows."""
        path = slot.path
        parts.tell_parts(self, lambda part: part.setting_changed(path))
        if path != "OCPPCommCtrlr.HeartbeatInterval":  # each boot sets it anew
            keep_variables(self)
        if path == "OCPPCommCtrlr.HeartbeatInterval":
            self.registration.rebeat()
        elif path in ("SampledDataCtrlr.TxUpdatedInterval", "SampledDataCtrlr.TxEndedInterval"):
            for one in self.evses:
                if one.transaction is not None:
                    one.sampler.on()
        elif slot.definition.component == "AlignedDataCtrlr":
            self.aligner.on()

    def _live(self, slot: Slot, attribute: str = "Actual") -> str | None:
        """The present value of an attribute of a variable that the station knows better than its store."""
        from charge_point.live import present  # it needs the modules that need this one

        return present(self, slot, attribute)
