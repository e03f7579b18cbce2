"""A correct central system on `ocpp`'s own ChargePoint, and what can be seeded into it.

`defect` is the name of one in `tests/seeded/central_defects.py`; the line where it stands is the mistake that a real
system makes. Without one the system does what the specification asks of it.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable
from typing import Any

from ocpp import v16, v21, v201
from ocpp.exceptions import InternalError, NotImplementedError, NotSupportedError
from ocpp.routing import after, on
from websockets.exceptions import ConnectionClosed

from shared.versions import V16, V21, V201
from tests.peers.foreign_csms import Manners as Answers
from tests.peers.foreign_csms import _Central2x as Answers2x
from tests.seeded.memory import Connection, numbered

QUIET = logging.getLogger("tests.seeded")
QUIET.disabled = True

Payload = dict[str, Any]
KNOWN = ("test_token", "other_token")


class System:
    """The back office: what it knows, whoever is connected. `now` gives the time as text, `ahead` seconds from now."""

    def __init__(self, now: Callable[[float], str], defect: str = "") -> None:
        self.now = now
        self.defect = defect
        self.errors: dict[str, int] = {}
        self.tokens = dict.fromkeys(KNOWN, "Accepted")
        self.boot_statuses = ["Accepted"]
        self.heartbeat = 300
        self.retry = 60
        self.connected: dict[str, Any] = {}
        self.transactions: dict[Any, Payload] = {}
        """By the key that tells a start that comes again from another one."""

    def worth(self, token: str) -> str:
        """The status of a token."""
        status = self.tokens.get(
            token, "Accepted" if self.defect == "accepts an unknown token" else "Invalid"
        )
        if self.defect == "accepts an expired token" and status == "Expired":
            return "Accepted"
        if self.defect == "calls a blocked token invalid" and status == "Blocked":
            return "Invalid"
        return status

    def begin(self, key: tuple[Any, ...]) -> int:
        """The number of the transaction that begins so: the same again when it comes again (1.6 errata 3.1)."""
        if self.defect == "counts a repeated start twice" and key in self.transactions:
            key = (*key, len(self.transactions))
        if self.defect == "gives one transactionId to all":
            self.transactions.setdefault(key, {})
            return 42
        made = self.transactions.setdefault(key, {"id": 42 + len(self.transactions)})
        return int(made["id"])

    def knows(self, key: tuple[Any, ...]) -> bool:
        """Whether a transaction has begun: by its number on 1.6, by station and id on 2.x."""
        return key in self.transactions or any(known.get("id") in key for known in self.transactions.values())

    async def serve(self, connection: Connection, identity: str, subprotocol: str) -> None:
        """Talk to one station until its connection ends."""
        older = self.connected.get(identity)
        if older is not None:
            if self.defect == "turns the second connection away":
                await connection.close(1008, "already connected")
                return
            await older.connection.close(1008, "replaced")
        wire = CLASSES[subprotocol](identity, connection, 30, QUIET)
        wire.system = wire.central = self
        wire.connection = connection
        wire._unique_id_generator = numbered("central")
        self.connected[identity] = wire
        try:
            await wire.start()
        except ConnectionClosed:
            pass
        finally:
            if self.connected.get(identity) is wire:
                del self.connected[identity]


class Wire(Answers):
    """What the versions have in common: a connection with one station."""

    system: System
    connection: Connection
    rejected = False
    silent = ""
    """The action that is not answered."""

    def info(self, token: str) -> dict[str, str]:
        return {"status": self.system.worth(token)}

    async def _handle_call(self, message: Any) -> Any:
        """As the library does, but with an answer to what it does not know (1.6J §4.2.3)."""
        self.silent = message.action if self._not_answered(message) else ""
        if message.action not in self.route_map:  # type: ignore[attr-defined]
            if self.system.defect == "calls an unknown action not supported":
                raise NotSupportedError(details={})
            raise NotImplementedError(details={})
        return await super()._handle_call(message)  # type: ignore[misc]

    def _not_answered(self, message: Any) -> bool:
        outside = message.action == "MeterValues" and "transactionId" not in message.payload
        return outside and self.system.defect == "does not answer readings outside of a transaction"

    async def route_message(self, raw: str) -> None:
        """As the library does; a defective system falls over what is no message."""
        if self.system.defect == "hangs up on bad input":
            try:
                json.loads(raw)
            except ValueError:
                await self.connection.close(1011, "internal error")
                return
        await super().route_message(raw)  # type: ignore[misc]

    async def _send(self, text: str) -> None:
        message = json.loads(text)
        if message[0] == 3:
            if self.silent:
                self.silent = ""
                return
            if self.system.defect == "cuts long message ids":
                message[1] = message[1][:20]
            if self.system.defect == "gives ids back in lower case":
                message[1] = message[1].lower()
            if self.system.defect == "answers twice":
                await self.connection.send(json.dumps(message))
        await self.connection.send(json.dumps(message))

    @on("BootNotification")
    def on_boot(self, **request: Any) -> Any:
        system = self.system
        statuses = system.boot_statuses
        status = statuses.pop(0) if len(statuses) > 1 else statuses[0]
        if system.defect == "never accepts whom it rejected" and self.rejected:
            status = "Rejected"
        self.rejected |= status == "Rejected"
        interval = system.heartbeat if status == "Accepted" else system.retry
        if system.defect == "gives an interval of its own" and status == "Accepted":
            interval = 900
        behind = -3600 if system.defect == "has a clock an hour behind" else 0
        return self.answer(
            "BootNotification", current_time=system.now(behind), interval=interval, status=status
        )

    @after("BootNotification")
    async def after_boot(self, **request: Any) -> None:
        if self.system.defect == "commands a rejected station" and len(self.system.boot_statuses) > 1:
            await asyncio.sleep(1)
            station: Any = self
            await station.call(self._call.TriggerMessage(requested_message="Heartbeat"))

    @on("Heartbeat")
    def on_heartbeat(self) -> Any:
        return self.answer("Heartbeat", current_time=self.system.now(0))

    @on("DataTransfer")
    def on_data(self, vendor_id: str, **request: Any) -> Any:
        if self.system.defect == "accepts data of any vendor":
            return self.answer("DataTransfer", status="Accepted")
        return self.answer("DataTransfer", status="UnknownVendorId")

    @on("StatusNotification")
    def on_status(self, **request: Any) -> Any:
        self.looks_at(request.get("status", request.get("connector_status")))
        return self.answer("StatusNotification")

    def looks_at(self, status: object) -> None:
        """A connector has this status."""
        if self.system.defect == "cannot take a fault" and status == "Faulted":
            raise InternalError("unexpected status")

    def ends(self, key: tuple[Any, ...]) -> None:
        """A transaction is over."""
        if self.system.defect == "answers the end with an error":
            raise InternalError("no such column")
        if self.system.defect == "refuses the end of an unknown transaction" and not self.system.knows(key):
            raise InternalError("no such transaction")


class Wire16(Wire, v16.ChargePoint):
    """OCPP 1.6."""

    @on("Authorize")
    def on_authorize(self, id_tag: str) -> Any:
        return self.answer("Authorize", id_tag_info=self.info(id_tag))

    @on("StartTransaction")
    def on_start(self, id_tag: str, connector_id: int, timestamp: str, **request: Any) -> Any:
        number = self.system.begin((self.id, connector_id, id_tag, timestamp))
        info = self.info(id_tag)
        return self.answer("StartTransaction", transaction_id=number, id_tag_info=info)

    @on("StopTransaction")
    def on_stop(self, transaction_id: int, id_tag: str = "", **request: Any) -> Any:
        self.ends((transaction_id,))
        info = self.info(id_tag) if id_tag else None
        if self.system.defect == "refuses the token at the end":
            info = {"status": "Invalid"}
        return self.answer("StopTransaction", id_tag_info=info)


class Wire2x(Wire, Answers2x):
    """OCPP 2.x."""

    @on("NotifyEvent")
    def on_notify_event(self, event_data: list[Payload], **request: Any) -> Any:
        for event in event_data:
            self.looks_at(event["actual_value"])
        return self.answer("NotifyEvent")

    @on("TransactionEvent")
    def on_event(
        self,
        event_type: str,
        transaction_info: Payload,
        seq_no: int,
        id_token: dict[str, str] | None = None,
        **request: Any,
    ) -> Any:
        if event_type == "Started":
            self.system.begin((self.id, transaction_info["transaction_id"]))
        if event_type == "Ended":
            self.ends((self.id, transaction_info["transaction_id"]))
        info = self.info(id_token["id_token"]) if id_token else None
        if self.system.defect == "leaves idTokenInfo out" and event_type == "Started":
            info = None
        if self.system.defect == "refuses the token at the end" and event_type == "Ended":
            info = {"status": "Invalid"}
        return self.answer("TransactionEvent", id_token_info=info)


class Wire201(Wire2x, v201.ChargePoint):
    """OCPP 2.0.1."""


class Wire21(Wire2x, v21.ChargePoint):
    """OCPP 2.1."""


CLASSES: dict[str, Any] = {V16.subprotocol: Wire16, V201.subprotocol: Wire201, V21.subprotocol: Wire21}
