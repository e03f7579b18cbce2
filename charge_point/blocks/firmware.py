"""Firmware: what is told of an update when the CSMS asks. None is ever under way (`blocks.refusals`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from charge_point.tellers import tells
from shared.versions import V16, VERSIONS

if TYPE_CHECKING:
    from charge_point.station import Station


@tells("FirmwareStatusNotification", *VERSIONS)
def tell_firmware_status(station: Station, evse: int | None, connector: int | None) -> None:
    """Idle, without a requestId (F06.FR.16, L01.FR.20; 1.6 §4.5)."""
    station.say("FirmwareStatusNotification", {"status": "Idle"}, asked=True)


@tells("SignedFirmwareStatusNotification", V16)
def tell_signed_firmware_status(station: Station, evse: int | None, connector: int | None) -> None:
    """Idle, without a requestId (white paper L01.FR.21)."""
    station.say("SignedFirmwareStatusNotification", {"status": "Idle"}, asked=True)
