"""Diagnostics: what the station tells of uploads. There is none under way, so the status is Idle (F06.FR.15)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from charge_point.tellers import tells
from shared.versions import V16, VERSIONS

if TYPE_CHECKING:
    from charge_point.station import Station


@tells("LogStatusNotification", *VERSIONS)
def tell_log_status(station: Station, evse: int | None, connector: int | None) -> None:
    """The status of the log upload (F06.FR.15; 1.6 security whitepaper §5.5)."""
    station.say("LogStatusNotification", {"status": "Idle"}, asked=True)


@tells("DiagnosticsStatusNotification", V16)
def tell_diagnostics_status(station: Station, evse: int | None, connector: int | None) -> None:
    """The status of the diagnostics upload (1.6 §5.17)."""
    station.say("DiagnosticsStatusNotification", {"status": "Idle"}, asked=True)
