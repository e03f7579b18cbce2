"""One 1.6 station written with `ocpp`, as a script: connects to the URL given, boots, and ends."""

import asyncio
import sys

import websockets
from ocpp.v16 import ChargePoint, call


async def main() -> None:
    """Boot once; fails unless that is accepted."""
    async with websockets.connect(sys.argv[1], subprotocols=["ocpp1.6"]) as connection:
        station = ChargePoint("MH", connection)
        reading = asyncio.ensure_future(station.start())
        answer = await station.call(
            call.BootNotification(charge_point_model="Simulator", charge_point_vendor="OCPP mock pair")
        )
        reading.cancel()
    sys.exit(0 if answer is not None and answer.status == "Accepted" else 1)


if __name__ == "__main__":
    asyncio.run(main())
