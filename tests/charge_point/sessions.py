"""A session at a wired station, step by step as the certification suites' reusable states take it, on 2.x."""

from __future__ import annotations

from typing import Any

from charge_point.authorization import Token
from shared.versions import Version
from tests.charge_point.wired import TOKEN, Wired

Payload = dict[str, Any]
PB, EVC, AUT, DS, PPC, ET = (
    "ParkingBayOccupancy",
    "EVConnected",
    "Authorized",
    "DataSigned",
    "PowerPathClosed",
    "EnergyTransfer",
)
QUIET: Payload = {"SampledDataCtrlr.TxUpdatedInterval": 0}

Step = tuple[str, str, str, str]
"""Type, trigger, charging state and stopped reason of a TransactionEvent."""


class Session(Wired):
    """A wired 2.x station with a driver: each act waits for what follows it, and `news` gives what was told since."""

    @classmethod
    async def at(
        cls, version: Version, start: str = PPC, stop: str = PPC, *, evses: int = 1, **more: Any
    ) -> Session:
        """Booted, with these start and stop points; `Component__Variable` names a variable, others the setup."""
        own = {name.replace("__", "."): value for name, value in more.items() if "__" in name}
        setup = {name: value for name, value in more.items() if "__" not in name}
        points = {"TxStartPoint": start, "TxStopPoint": stop}
        made = cls(version, evses=((1,),) * evses, variables=QUIET | points | own, **setup)
        await made.start()
        return made

    # --- acts ---------------------------------------------------------------------------------------------

    async def drive_in(self) -> None:
        self.station.drive_in()
        await self.settle()

    async def drive_off(self) -> None:
        self.station.drive_off()
        await self.settle()

    async def plug(self, evse: int = 1) -> None:
        self.station.plug_in(evse)
        await self.settle()

    async def present(self, token: Token = TOKEN, evse: int | None = None) -> str:
        presented = await self.station.present(token, evse)
        await self.settle()
        return presented.outcome

    async def start_remotely(self, evse: int = 1, token: str = "04A1B2C3") -> Payload:
        return await self.ask(
            "RequestStartTransaction",
            {"idToken": {"idToken": token, "type": "ISO14443"}, "evseId": evse, "remoteStartId": 7},
        )

    async def stop_remotely(self) -> Payload:
        return await self.ask("RequestStopTransaction", {"transactionId": self.running})

    async def transfer(self) -> None:
        """EnergyTransferStarted: authorized, plugged in, and told of; forgotten."""
        if not self.station.evses[0].is_authorized:
            await self.present()
        if self.station.evses[0].active.cable.name == "OUT":
            await self.plug()
        await self.settle(20)
        self.forget()

    async def suspend(self) -> None:
        """The car suspends, as EnergyTransferSuspended has it."""
        self.station.evses[0].ev_pauses()
        await self.settle()

    async def unplug_ev(self) -> None:
        self.station.unplug_ev()
        await self.settle()

    async def unplug(self) -> bool:
        free = self.station.unplug()
        await self.settle()
        return free

    async def away(self, seconds: float) -> None:
        """The link is gone for so long."""
        self.connection.go_offline()
        await self.settle(seconds)

    async def back(self) -> None:
        self.connection.come_online()
        await self.settle(2)

    # --- what is known ------------------------------------------------------------------------------------

    @property
    def running(self) -> str:
        """The id of the transaction that runs, or ran last, at the first EVSE."""
        evse = self.station.evses[0]
        transaction = evse.transaction or evse.last
        assert transaction is not None
        return transaction.id

    def told(self) -> list[Step]:
        """The TransactionEvents since `forget`."""
        return [
            (
                p["eventType"],
                p["triggerReason"],
                p["transactionInfo"].get("chargingState", ""),
                p["transactionInfo"].get("stoppedReason", ""),
            )
            for p in self.of("TransactionEvent")
        ]

    def news(self) -> list[Step]:
        """The same, and they are forgotten."""
        told = self.told()
        self.forget()
        return told

    def states(self) -> list[str]:
        """The statuses told since `forget`, of whatever connector."""
        return [status for *_, status in self.statuses()]
