"""One station written with `ocpp`, as a program: takes --csms and --id, speaks what the server chooses, boots, ends."""

import argparse
import asyncio
import sys
from typing import Any

import websockets
from ocpp import v16, v21, v201

BOX = {"model": "Simulator", "vendor_name": "OCPP mock pair"}

STATIONS: dict[str, tuple[Any, Any]] = {
    "ocpp2.1": (v21.ChargePoint, v21.call.BootNotification(charging_station=BOX, reason="PowerUp")),
    "ocpp2.0.1": (v201.ChargePoint, v201.call.BootNotification(charging_station=BOX, reason="PowerUp")),
    "ocpp1.6": (
        v16.ChargePoint,
        v16.call.BootNotification(charge_point_model=BOX["model"], charge_point_vendor=BOX["vendor_name"]),
    ),
}


async def main() -> int:
    """Boot once; gives 0 when that was accepted."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--csms", required=True)
    parser.add_argument("--id", default="MH")
    options = parser.parse_args()
    offered: Any = list(STATIONS)
    async with websockets.connect(f"{options.csms}/{options.id}", subprotocols=offered) as connection:
        make, boot = STATIONS[str(connection.subprotocol)]
        station = make(options.id, connection)
        reading = asyncio.ensure_future(station.start())
        answer = await station.call(boot)
        reading.cancel()
    return 0 if answer is not None and answer.status == "Accepted" else 1


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
