"""What a foreign central system was told, and what brings our station to tell it."""

from __future__ import annotations

from charge_point.authorization import Token
from shared.versions import Version
from tests.peers.foreign_csms import Central
from tests.peers.ours import OurStation
from tests.support import eventually

TOKEN = Token("04A1B2C3", "ISO14443")


def on(version: Version, more: str = "") -> str:
    """The station's options."""
    return f"--ocpp-version {version.name} {more}"


def statuses(central: Central, connector: int = 1) -> list[str]:
    """The statuses of one connector in the order in which the central system heard of them."""
    found = []
    for one in central.connections:
        for call in one.seen.calls:
            if call.action == "StatusNotification" and call.payload["connectorId"] == connector:
                found.append(call.payload.get("status") or call.payload["connectorStatus"])
            if call.action == "NotifyEvent":
                found += [
                    event["actualValue"]
                    for event in call.payload["eventData"]
                    if event["variable"]["name"] == "AvailabilityState"
                    and event["component"].get("evse", {}).get("connectorId") == connector
                ]
    return found


async def charging(ours: OurStation) -> None:
    """Plug in, present the token, and wait until the transaction runs and all of it is told."""
    await ours.accepted()
    ours.station.plug_in(1)
    await ours.station.present(TOKEN, 1)
    await ours.until(lambda: ours.station.evses[0].transaction is not None)
    await settled(ours)


async def settled(ours: OurStation) -> None:
    """Wait until the station has nothing more to say."""
    await eventually(lambda: ours.station.has_said_all)
