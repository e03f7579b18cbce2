"""How the foreign station spells what it says, on `ocpp`'s own ChargePoint of each version."""

from __future__ import annotations

from typing import Any

from ocpp import v16, v21, v201
from ocpp.exceptions import InternalError, NotImplementedError
from ocpp.routing import after, on

from shared.versions import V16, V21, V201, Version
from tests.peers.foreign_stations import Manners
from tests.seeded.central import QUIET
from tests.seeded.frames import Frames
from tests.seeded.memory import Connection, numbered
from tests.seeded.outlet import Transaction
from tests.seeded.station import Box

Payload = dict[str, Any]

UNKNOWN_DATA = {"status": "UnknownVendorId"}


class Wire(Frames, Manners):
    """One connection of the station: what all versions have in common."""

    box: Box

    async def _handle_call(self, message: Any) -> Any:
        """As the library does, but with an answer to what it does not know, on every version (1.6J §4.2.3)."""
        if message.action not in self.route_map:  # type: ignore[attr-defined]
            nobody_has_it = not hasattr(self._call, message.action)
            if self.box.defect == "calls an unknown action an internal error" and nobody_has_it:
                raise InternalError("no handler")
            raise NotImplementedError(details={})
        return await super()._handle_call(message)  # type: ignore[misc]

    async def heartbeat(self) -> Any:
        """Heartbeat."""
        return await self.does("Heartbeat")

    @on("DataTransfer")
    def on_data(self, vendor_id: str, data: Any = None, **request: Any) -> Any:
        known = self.box.defect == "accepts data of any vendor"
        return self.answer("DataTransfer", status="Accepted" if known else "UnknownVendorId")

    @on("Reset")
    def on_reset(self, type: str, **request: Any) -> Any:
        return self.answer("Reset", status="Accepted")

    @after("Reset")
    async def after_reset(self, type: str, **request: Any) -> None:
        self.box.spawn(self.box.restart(RESET_REASON[type]))

    @on("ChangeAvailability")
    def on_change_availability(self, **request: Any) -> Any:
        return self.answer("ChangeAvailability", status="Accepted")

    @after("ChangeAvailability")
    def after_change_availability(self, **request: Any) -> None:
        self.box.operate(request.get("type", request.get("operational_status")) == "Operative")

    @on("TriggerMessage")
    def on_trigger(self, requested_message: str, **request: Any) -> Any:
        known = requested_message in ("Heartbeat", "MeterValues", "StatusNotification")
        return self.answer("TriggerMessage", status="Accepted" if known else "NotImplemented")

    @after("TriggerMessage")
    def after_trigger(self, requested_message: str, **request: Any) -> None:
        outlet, at = self.box.outlets[0], self.box.now()
        word, meter = outlet.status, outlet.meter
        if requested_message == "Heartbeat":
            self.box.say(lambda wire: wire.heartbeat())
        elif requested_message == "StatusNotification":
            self.box.say(lambda wire: wire.status(1, word, at))
        elif requested_message == "MeterValues":
            self.box.say(lambda wire: wire.readings(at, meter))

    def sample(self, meter: float, context: str) -> Payload:
        """A reading of the energy register."""
        raise NotImplementedError

    def reading(self, at: str, meter: float, context: str = "Sample.Periodic") -> list[Payload]:
        """One reading at one time."""
        return [{"timestamp": at, "sampled_value": [self.sample(meter, context)]}]

    @property
    def trigger_context(self) -> str:
        """The context of a reading that was asked for (1.6 §7.36 ReadingContext)."""
        defective = self.box.defect == "calls a triggered reading periodic"
        return "Sample.Periodic" if defective else "Trigger"


RESET_REASON = {
    "Hard": "HardReset",
    "Soft": "SoftReset",
    "Immediate": "ImmediateReset",
    "OnIdle": "ImmediateReset",
}


class Wire16(Wire, v16.ChargePoint):
    """OCPP 1.6."""

    async def boot(self, reason: str = "") -> Any:
        return await self.does("BootNotification", charge_point_model="M1", charge_point_vendor="Foreign")

    async def status(self, evse: int, word: str, at: str = "") -> Any:
        return await self.does(
            "StatusNotification", connector_id=evse, error_code="NoError", status=word, timestamp=at
        )

    async def authorize(self, token: str) -> str:
        """What the central system says of a token."""
        return str((await self.does("Authorize", id_tag=token)).id_tag_info["status"])

    def sample(self, meter: float, context: str) -> Payload:
        return {"value": f"{meter:.0f}", "context": context, "unit": "Wh"}

    async def readings(self, at: str, meter: float) -> Any:
        """MeterValues that were asked for."""
        running = self.box.outlets[0].transaction
        return await self.does(
            "MeterValues",
            connector_id=1,
            transaction_id=running.id if running is not None else None,
            meter_value=self.reading(at, meter, self.trigger_context),
        )

    async def event(
        self, kind: str, one: Transaction, seq: int, at: str, meter: float, offline: bool, reason: str
    ) -> None:
        """StartTransaction, MeterValues or StopTransaction."""
        if kind == "Started":
            answer = await self.does(
                "StartTransaction",
                connector_id=one.evse,
                id_tag=one.token,
                meter_start=round(one.meter_start),
                timestamp=at,
            )
            one.id = answer.transaction_id
            if self.box.defect == "keeps 31 bits of a transaction number":
                one.id &= 0x7FFFFFFF
            self.box.judged(one, answer.id_tag_info["status"])
        elif kind == "Updated":
            await self.does(
                "MeterValues",
                connector_id=one.evse,
                transaction_id=one.id,
                meter_value=self.reading(at, meter),
            )
        elif one.id or self.box.defect != "takes transaction 0 for none":
            await self.does(
                "StopTransaction",
                transaction_id=one.id,
                meter_stop=round(meter),
                timestamp=at,
                reason=reason,
                id_tag=one.token if reason == "Local" else None,
            )

    @on("RemoteStartTransaction")
    def on_remote_start(self, connector_id: int | None = None, **request: Any) -> Any:
        may = self.box.outlet(connector_id).is_free
        return self.answer("RemoteStartTransaction", status="Accepted" if may else "Rejected")

    @after("RemoteStartTransaction")
    def after_remote_start(self, id_tag: str, connector_id: int | None = None, **request: Any) -> None:
        self.box.spawn(self.box.start(id_tag, connector_id, None))

    @on("RemoteStopTransaction")
    def on_remote_stop(self, transaction_id: int) -> Any:
        known = self.box.runs(transaction_id)
        return self.answer("RemoteStopTransaction", status="Accepted" if known else "Rejected")

    @after("RemoteStopTransaction")
    def after_remote_stop(self, transaction_id: int) -> None:
        running = self.box.running(transaction_id)
        if running is not None:
            running.end("Remote")

    @on("GetConfiguration")
    def on_get_configuration(self, key: list[str] | None = None) -> Any:
        settings = self.box.settings
        known = [
            {"key": name, "readonly": False, "value": value}
            for name, value in settings.items()
            if not key or name in key
        ]
        unknown = [name for name in key or [] if name not in settings]
        return self.answer("GetConfiguration", configuration_key=known, unknown_key=unknown)

    @on("ChangeConfiguration")
    def on_change_configuration(self, key: str, value: str) -> Any:
        return self.answer("ChangeConfiguration", status=_set(self.box, key, value) or "NotSupported")


def _set(box: Box, name: str, value: str) -> str:
    """Set a variable; what becomes of it, "" when there is none of this name."""
    if name not in box.settings:
        return "Accepted" if box.defect == "accepts settings that it does not have" else ""
    if not (value in ("true", "false") if box.settings[name] in ("true", "false") else value.isdigit()):
        return "Rejected"
    if box.defect != "forgets what was set":
        box.settings[name] = value
    if name == "HeartbeatInterval":
        box.beat()
    return "Accepted"


VARIABLES = {
    "HeartbeatInterval": "HeartbeatInterval",
    "TxUpdatedInterval": "MeterValueSampleInterval",
    "StopTxOnInvalidId": "StopTransactionOnInvalidId",
    "AuthorizeRemoteStart": "AuthorizeRemoteTxRequests",
}
"""Variables of 2.x, and the settings that they are."""


class Wire2x(Wire):
    """OCPP 2.x."""

    async def boot(self, reason: str = "") -> Any:
        box = {"model": "M1", "vendor_name": "Foreign"}
        return await self.does("BootNotification", charging_station=box, reason=reason)

    async def status(self, evse: int, word: str, at: str = "") -> Any:
        known = word if word in ("Available", "Unavailable") else "Occupied"
        return await self.does(
            "StatusNotification", timestamp=at, connector_status=known, evse_id=evse, connector_id=1
        )

    async def authorize(self, token: str) -> str:
        """What the central system says of a token."""
        answer = await self.does("Authorize", id_token={"id_token": token, "type": "ISO14443"})
        return str(answer.id_token_info["status"])

    def sample(self, meter: float, context: str) -> Payload:
        return {"value": round(meter, 1), "context": context, "unit_of_measure": {"unit": "Wh"}}

    async def readings(self, at: str, meter: float) -> Any:
        """MeterValues that were asked for."""
        return await self.does(
            "MeterValues", evse_id=1, meter_value=self.reading(at, meter, self.trigger_context)
        )

    async def event(
        self, kind: str, one: Transaction, seq: int, at: str, meter: float, offline: bool, reason: str
    ) -> None:
        """TransactionEvent."""
        info: Payload = {"transaction_id": one.id, "charging_state": "Charging"}
        members: Payload = {}
        trigger = "MeterValuePeriodic"
        context = {"Started": "Transaction.Begin", "Ended": "Transaction.End"}.get(kind, "Sample.Periodic")
        token = {"id_token": one.token, "type": "ISO14443"}
        if kind == "Started":
            remote = one.remote_start_id is not None
            trigger = "RemoteStart" if remote else "Authorized"
            members = {"id_token": token, "evse": {"id": one.evse, "connector_id": 1}}
            if remote and self.box.defect != "leaves remoteStartId out":
                info["remote_start_id"] = one.remote_start_id
        elif kind == "Ended":
            trigger = TRIGGERS[reason]
            info |= {"charging_state": "Idle", "stopped_reason": reason}
            members = {"id_token": token} if reason == "Local" else {}
        answer = await self.does(
            "TransactionEvent",
            event_type=kind,
            timestamp=at,
            trigger_reason=trigger,
            seq_no=seq,
            transaction_info=info,
            meter_value=self.reading(at, meter, context),
            offline=True if offline else None,
            **members,
        )
        if kind == "Started" and answer.id_token_info:
            self.box.judged(one, answer.id_token_info["status"])

    @on("RequestStartTransaction")
    def on_remote_start(self, evse_id: int | None = None, **request: Any) -> Any:
        may = self.box.outlet(evse_id).is_free
        return self.answer("RequestStartTransaction", status="Accepted" if may else "Rejected")

    @after("RequestStartTransaction")
    def after_remote_start(
        self, id_token: Payload, remote_start_id: int, evse_id: int | None = None, **request: Any
    ) -> None:
        self.box.spawn(self.box.start(id_token["id_token"], evse_id, remote_start_id))

    @on("RequestStopTransaction")
    def on_remote_stop(self, transaction_id: str, **request: Any) -> Any:
        known = self.box.runs(transaction_id)
        return self.answer("RequestStopTransaction", status="Accepted" if known else "Rejected")

    @after("RequestStopTransaction")
    def after_remote_stop(self, transaction_id: str, **request: Any) -> None:
        running = self.box.running(transaction_id)
        if running is not None:
            running.end("Remote")

    @on("GetVariables")
    def on_get_variables(self, get_variable_data: list[Payload], **request: Any) -> Any:
        results = []
        for asked in get_variable_data:
            place = {"component": asked["component"], "variable": asked["variable"]}
            name = VARIABLES.get(asked["variable"]["name"])
            if name is None:
                results.append(place | {"attribute_status": "UnknownVariable"})
            else:
                found = {"attribute_status": "Accepted", "attribute_value": self.box.settings[name]}
                results.append(place | found)
        return self.answer("GetVariables", get_variable_result=results)

    @on("SetVariables")
    def on_set_variables(self, set_variable_data: list[Payload], **request: Any) -> Any:
        results = []
        for asked in set_variable_data:
            name = VARIABLES.get(asked["variable"]["name"], "")
            status = _set(self.box, name, asked["attribute_value"]) or "UnknownVariable"
            place = {"component": asked["component"], "variable": asked["variable"]}
            results.append(place | {"attribute_status": status})
        return self.answer("SetVariables", set_variable_result=results)


TRIGGERS = {
    "Local": "StopAuthorized",
    "EVDisconnected": "EVCommunicationLost",
    "Remote": "RemoteStop",
    "ImmediateReset": "ResetCommand",
    "DeAuthorized": "Deauthorized",
}


class Wire201(Wire2x, v201.ChargePoint):
    """OCPP 2.0.1."""


class Wire21(Wire2x, v21.ChargePoint):
    """OCPP 2.1."""


CLASSES: dict[Version, Any] = {V16: Wire16, V201: Wire201, V21: Wire21}


def wire(version: Version) -> Any:
    """Makes connections of a box on one version."""
    ids = numbered("station")

    def make(box: Box, connection: Connection) -> Any:
        made = CLASSES[version](box.identity, connection, 30, QUIET)
        made.box, made.connection, made.answered = box, connection, set()
        made._unique_id_generator = ids
        return made

    return make
