"""Smart charging: profiles as they were set, what they come to, and what follows from it at the plug.

`profile` is a charging profile in one form for all versions, `composite` what several come to (pure functions),
`checking` whether one may be set, `profiles` the store of a station, `effect` the limit that holds now, `limits`
what others than the CSMS impose.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from charge_point.station import Station


def is_on(station: Station) -> bool:
    """Whether the station does smart charging: it can, and in 2.x SmartChargingCtrlr.Enabled is not false."""
    if "smart_charging" not in station.setup.features:
        return False
    return not station.model.has("SmartChargingCtrlr.Enabled") or station.model.flag(
        "SmartChargingCtrlr.Enabled"
    )
