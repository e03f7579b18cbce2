"""Firmware: what the station tells of updates. There is none under way, so the status is Idle (L01.FR.25)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from charge_point.tellers import tells
from shared.versions import VERSIONS

if TYPE_CHECKING:
    from charge_point.station import Station


@tells("FirmwareStatusNotification", *VERSIONS)
def tell_firmware_status(station: Station, evse: int | None, connector: int | None) -> None:
    """The status of the firmware update (F06.FR.16; 1.6 §5.17)."""
    station.say("FirmwareStatusNotification", {"status": "Idle"}, asked=True)
