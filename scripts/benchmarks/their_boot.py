"""One station written with `ocpp`, as a program: takes --csms and --id, speaks what the server chooses, boots, ends.

`--versions` names those that it knows; only these are imported.
"""

import argparse
import asyncio
import importlib
import sys
from typing import Any

import websockets

BOX = {"model": "Simulator", "vendor_name": "OCPP mock pair"}

MODULES = {"ocpp2.1": "ocpp.v21", "ocpp2.0.1": "ocpp.v201", "ocpp1.6": "ocpp.v16"}
"""Subprotocol -> the module of the version, the newest first."""


def boot_of(module: Any) -> Any:
    """The BootNotification of a version."""
    if module.__name__ == "ocpp.v16":
        return module.call.BootNotification(
            charge_point_model=BOX["model"], charge_point_vendor=BOX["vendor_name"]
        )
    return module.call.BootNotification(charging_station=BOX, reason="PowerUp")


async def main() -> int:
    """Boot once; gives 0 when that was accepted."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--csms", required=True)
    parser.add_argument("--id", default="MH")
    parser.add_argument("--versions", default="2.1,2.0.1,1.6")
    options = parser.parse_args()
    modules = {
        name: importlib.import_module(MODULES[name])
        for name in (f"ocpp{version}" for version in options.versions.split(","))
    }
    offered: Any = list(modules)
    async with websockets.connect(f"{options.csms}/{options.id}", subprotocols=offered) as connection:
        module: Any = modules[str(connection.subprotocol)]
        station = module.ChargePoint(options.id, connection)
        reading = asyncio.ensure_future(station.start())
        answer = await station.call(boot_of(module))
        reading.cancel()
    return 0 if answer is not None and answer.status == "Accepted" else 1


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
