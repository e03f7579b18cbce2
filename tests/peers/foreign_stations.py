"""Stations written with `ocpp`'s own ChargePoint on `websockets`: what a tester's own station may well look like."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from ocpp import v16, v21, v201
from ocpp.routing import after, on
from websockets.asyncio.client import connect

from shared.versions import V16, V21, V201, Version
from tests.peers.wire import Seen, at, read

TRANSACTION = "foreign-1"


class Manners:
    """What these stations have in common. `seen` is their side of the wire."""

    seen: Seen
    _call: Any
    _call_result: Any

    async def does(self, action: str, **members: Any) -> Any:
        """Call our CSMS; gives the answer's dataclass, raises what a CALLERROR becomes."""
        station: Any = self
        return await station.call(getattr(self._call, action)(**members), suppress=False)

    def answer(self, action: str, **members: Any) -> Any:
        """An answer to our CSMS."""
        return getattr(self._call_result, action)(**members)

    # --- alike on every version --------------------------------------------------------------------------

    @on("Reset")
    def on_reset(self, **request: Any) -> Any:
        return self.answer("Reset", status="Accepted")

    @on("ChangeAvailability")
    def on_change_availability(self, **request: Any) -> Any:
        return self.answer("ChangeAvailability", status="Scheduled")

    @on("TriggerMessage")
    def on_trigger(self, requested_message: str, **request: Any) -> Any:
        known = requested_message in ("Heartbeat", "BootNotification", "StatusNotification")
        return self.answer("TriggerMessage", status="Accepted" if known else "NotImplemented")

    @after("TriggerMessage")
    async def after_trigger(self, requested_message: str, **request: Any) -> None:
        if requested_message == "Heartbeat":
            await self.does("Heartbeat")
        elif requested_message == "StatusNotification":
            await self.status("Available")
        elif requested_message == "BootNotification":
            await self.boot()

    @on("DataTransfer")
    def on_data(self, vendor_id: str, data: Any = None, **request: Any) -> Any:
        known = vendor_id == "Foreign"
        return self.answer(
            "DataTransfer", status="Accepted" if known else "UnknownVendorId", data=data if known else None
        )

    async def boot(self) -> Any:
        """BootNotification; gives the answer."""
        raise NotImplementedError

    async def status(self, word: str) -> Any:
        """StatusNotification of connector 1."""
        raise NotImplementedError


class Station16(Manners, v16.ChargePoint):
    """OCPP 1.6."""

    transaction = 0

    async def boot(self) -> Any:
        return await self.does("BootNotification", charge_point_model="M1", charge_point_vendor="Foreign")

    async def status(self, word: str) -> Any:
        return await self.does("StatusNotification", connector_id=1, error_code="NoError", status=word)

    async def authorize(self, token: str) -> str:
        """What the CSMS says of a token."""
        return str((await self.does("Authorize", id_tag=token)).id_tag_info["status"])

    async def begin(self, token: str, seconds: float = 0, meter: int = 1000) -> Any:
        """StartTransaction; the number is remembered."""
        answer = await self.does(
            "StartTransaction", connector_id=1, id_tag=token, meter_start=meter, timestamp=at(seconds)
        )
        self.transaction = answer.transaction_id
        return answer

    async def measure(self, seconds: float, meter: int) -> Any:
        """MeterValues of the transaction."""
        sample = {"value": str(meter), "measurand": "Energy.Active.Import.Register", "unit": "Wh"}
        return await self.does(
            "MeterValues",
            connector_id=1,
            transaction_id=self.transaction,
            meter_value=[{"timestamp": at(seconds), "sampledValue": [sample]}],
        )

    async def finish(self, token: str, seconds: float, meter: int, reason: str = "Local") -> Any:
        """StopTransaction."""
        return await self.does(
            "StopTransaction",
            transaction_id=self.transaction,
            meter_stop=meter,
            timestamp=at(seconds),
            id_tag=token,
            reason=reason,
        )

    @on("RemoteStartTransaction")
    def on_remote_start(self, **request: Any) -> Any:
        return self.answer("RemoteStartTransaction", status="Accepted")

    @after("RemoteStartTransaction")
    async def after_remote_start(self, id_tag: str, **request: Any) -> None:
        await self.begin(id_tag)
        await self.status("Charging")

    @on("RemoteStopTransaction")
    def on_remote_stop(self, transaction_id: int) -> Any:
        known = transaction_id == self.transaction
        return self.answer("RemoteStopTransaction", status="Accepted" if known else "Rejected")

    @after("RemoteStopTransaction")
    async def after_remote_stop(self, transaction_id: int) -> None:
        if transaction_id == self.transaction:
            await self.finish("", 60, 1500, "Remote")

    @on("GetConfiguration")
    def on_get_configuration(self, key: list[str] | None = None) -> Any:
        known = [{"key": "HeartbeatInterval", "readonly": False, "value": "60"}]
        return self.answer(
            "GetConfiguration",
            configuration_key=known,
            unknown_key=[name for name in key or [] if name != "HeartbeatInterval"],
        )

    @on("ChangeConfiguration")
    def on_change_configuration(self, key: str, value: str) -> Any:
        known = key == "HeartbeatInterval"
        return self.answer("ChangeConfiguration", status="Accepted" if known else "NotSupported")


class _Station2x(Manners):
    """OCPP 2.x: one text for both versions, as `ocpp` has the same names in both."""

    seq = -1

    async def boot(self) -> Any:
        box = {"model": "M1", "vendor_name": "Foreign"}
        return await self.does("BootNotification", charging_station=box, reason="PowerUp")

    async def status(self, word: str) -> Any:
        return await self.does(
            "StatusNotification", timestamp=at(0), connector_status=word, evse_id=1, connector_id=1
        )

    async def authorize(self, token: str) -> str:
        """What the CSMS says of a token."""
        answer = await self.does("Authorize", id_token={"id_token": token, "type": "ISO14443"})
        return str(answer.id_token_info["status"])

    async def event(
        self, kind: str, trigger: str, seconds: float, meter: int, *, seq: int | None = None, **members: Any
    ) -> Any:
        """TransactionEvent with a meter reading; numbers itself unless `seq` says which event it repeats."""
        if seq is None:
            self.seq = seq = self.seq + 1
        info = {"transaction_id": TRANSACTION, **members.pop("info", {})}
        reading = {"timestamp": at(seconds), "sampled_value": [{"value": float(meter)}]}
        return await self.does(
            "TransactionEvent",
            event_type=kind,
            timestamp=at(seconds),
            trigger_reason=trigger,
            seq_no=seq,
            transaction_info=info,
            meter_value=[reading],
            evse={"id": 1, "connector_id": 1},
            **members,
        )

    async def begin(self, token: str, seconds: float = 0, meter: int = 1000, **info: Any) -> Any:
        """The first event."""
        id_token = {"id_token": token, "type": "ISO14443"}
        return await self.event("Started", "Authorized", seconds, meter, id_token=id_token, info=info)

    async def measure(self, seconds: float, meter: int) -> Any:
        """A periodic event."""
        return await self.event("Updated", "MeterValuePeriodic", seconds, meter)

    async def finish(self, token: str, seconds: float, meter: int, reason: str = "Local") -> Any:
        """The last event, without a token when there is none."""
        members: dict[str, Any] = {"id_token": {"id_token": token, "type": "ISO14443"}} if token else {}
        trigger = "StopAuthorized" if token else "RemoteStop"
        return await self.event("Ended", trigger, seconds, meter, info={"stopped_reason": reason}, **members)

    @on("RequestStartTransaction")
    def on_remote_start(self, **request: Any) -> Any:
        return self.answer("RequestStartTransaction", status="Accepted")

    @after("RequestStartTransaction")
    async def after_remote_start(
        self, id_token: dict[str, str], remote_start_id: int, **request: Any
    ) -> None:
        await self.begin(id_token["id_token"], remote_start_id=remote_start_id)
        await self.status("Occupied")

    @on("RequestStopTransaction")
    def on_remote_stop(self, transaction_id: str, **request: Any) -> Any:
        known = transaction_id == TRANSACTION
        return self.answer("RequestStopTransaction", status="Accepted" if known else "Rejected")

    @after("RequestStopTransaction")
    async def after_remote_stop(self, transaction_id: str, **request: Any) -> None:
        if transaction_id == TRANSACTION:
            await self.finish("", 60, 1500, "Remote")

    @on("GetVariables")
    def on_get_variables(self, get_variable_data: list[dict[str, Any]], **request: Any) -> Any:
        results = []
        for asked in get_variable_data:
            known = asked["variable"]["name"] == "HeartbeatInterval"
            result = {
                "attribute_status": "Accepted" if known else "UnknownVariable",
                "component": asked["component"],
                "variable": asked["variable"],
            }
            results.append(result | ({"attribute_value": "60"} if known else {}))
        return self.answer("GetVariables", get_variable_result=results)

    @on("SetVariables")
    def on_set_variables(self, set_variable_data: list[dict[str, Any]], **request: Any) -> Any:
        results = [
            {
                "attribute_status": "RebootRequired",
                "component": asked["component"],
                "variable": asked["variable"],
            }
            for asked in set_variable_data
        ]
        return self.answer("SetVariables", set_variable_result=results)


class Station201(_Station2x, v201.ChargePoint):
    """OCPP 2.0.1."""


class Station21(_Station2x, v21.ChargePoint):
    """OCPP 2.1."""


Station = Station16 | Station201 | Station21

CLASSES: dict[Version, type[Station16] | type[Station201] | type[Station21]] = {
    V16: Station16,
    V201: Station201,
    V21: Station21,
}


@asynccontextmanager
async def foreign_station(url: str, version: Version, identity: str = "CP1") -> AsyncIterator[Any]:
    """A station on a connection of its own, all defaults of `websockets`; disconnected when the block ends."""
    subprotocol: Any = version.subprotocol
    async with connect(f"{url}/{identity}", subprotocols=[subprotocol]) as connection:
        assert connection.subprotocol == version.subprotocol
        seen = Seen(connection)
        station: Any = CLASSES[version](identity, seen, response_timeout=5)
        station.seen = seen
        reading = asyncio.ensure_future(read(station))
        try:
            yield station
        finally:
            await connection.close()
            await reading
