"""A station that really dials, by its network profiles, and the two addresses between which it moves."""

from __future__ import annotations

import asyncio
from typing import Any

from charge_point.connection import Connection
from charge_point.outbox import Store
from shared.chance import Stream
from shared.dialer import Backoff, Dialer, DialFailed, Target
from shared.link import Link
from shared.versions import V16, Version
from tests.charge_point.watching import place
from tests.charge_point.wired import Wired

OLD, NEW = "ws://old.example/ocpp", "ws://new.example/ocpp"
Payload = dict[str, Any]

PRIORITY = "OCPPCommCtrlr.NetworkConfigurationPriority"


class Moving(Wired):
    """A station that really dials; who answers there is up to `closed`."""

    def __init__(self, version: Version, store: Store | None = None, **variables: str | int) -> None:
        super().__init__(version, store=store, variables=variables, csms=OLD)
        self.tried: list[str] = []
        self.passwords: list[bytes | None] = []
        """What it sent, at each dial."""
        self.closed: set[str] = set()
        self.why: BaseException | None = None
        """What is wrong there."""
        target = Target(OLD, "CP1", (version,))
        dialer = Dialer(target, lambda: Backoff(1.0, 0.0, 0), Stream(0), dial=self._dial)
        self.connection = Connection(self.station, dialer, bugs=self.failures)

    async def _dial(self, target: Target) -> tuple[Link, Version]:
        self.tried.append(target.base_url)
        self.passwords.append(target.password)
        if target.base_url in self.closed:
            raise DialFailed("nobody is there") from self.why
        await asyncio.sleep(0)
        return await self.connect()

    async def profile(self, slot: int = 2, **more: Any) -> str:
        """Set a profile for the new CSMS; gives the status."""
        data: Payload = {
            "ocppVersion": "OCPP20",
            "ocppTransport": "JSON",
            "ocppCsmsUrl": NEW,
            "messageTimeout": 30,
            "securityProfile": 0,
            "ocppInterface": "Wired0",
        }
        request = {"configurationSlot": slot, "connectionData": data | more}
        status: str = (await self.ask("SetNetworkProfile", request))["status"]
        return status

    async def prefer(self, slots: str) -> str:
        """Set the priority; gives the status."""
        return await self.put(PRIORITY, slots)

    async def put(self, name: str, value: str, instance: str = "") -> str:
        """Set a variable (1.6: a key); gives the status."""
        if self.version is V16:
            answer = await self.ask("ChangeConfiguration", {"key": name, "value": value})
            return str(answer["status"])
        item = place(name) | {"attributeValue": value}
        if instance:
            item["component"]["instance"] = instance
        answer = await self.ask("SetVariables", {"setVariableData": [item]})
        status: str = answer["setVariableResult"][0]["attributeStatus"]
        return status

    async def value(self, name: str, instance: str = "") -> str:
        """What a variable is reported to be."""
        asked = place(name)
        if instance:
            asked["component"]["instance"] = instance
        answer = await self.ask("GetVariables", {"getVariableData": [asked]})
        value: str = answer["getVariableResult"][0]["attributeValue"]
        return value

    async def reset(self, seconds: float = 20) -> list[str]:
        """Restart; gives where it dialled then."""
        self.tried.clear()
        await self.ask("Reset", {"type": "OnIdle"})
        await self.settle(seconds)
        return self.tried


async def moving(version: Version, store: Store | None = None, **variables: str | int) -> Moving:
    m = Moving(version, store, **variables)
    await m.start()
    assert m.tried == [OLD]
    return m
