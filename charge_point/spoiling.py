"""What a person lets go wrong with the firmware updates and the uploads of a station, from now on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from charge_point.firmware_habits import FAILURES
from shared.suggest import not_one_of

if TYPE_CHECKING:
    from charge_point.station import Station

NOTHING = "nothing"


def let_firmware_fail(station: Station, fails: str) -> None:
    """Let updates come to this end, one of `FAILURES`, or to a good one. Raises ValueError."""
    from charge_point.firmware import Firmware

    if fails not in (*FAILURES, NOTHING):
        raise ValueError(not_one_of(fails, "what can go wrong with firmware", (*FAILURES, NOTHING)))
    station.part(Firmware).fails = "" if fails == NOTHING else fails


def let_uploads_fail(station: Station, fails: str) -> None:
    """Let uploads come to this end, one of UploadLogStatusEnumType's failures, or to a good one. Raises ValueError."""
    from charge_point import logs

    if fails not in (*logs.FAILURES, NOTHING):
        raise ValueError(not_one_of(fails, "what can go wrong with an upload", (*logs.FAILURES, NOTHING)))
    station.part(logs.Logs).fails = "" if fails == NOTHING else fails
