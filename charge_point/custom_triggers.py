"""The triggers of the vendor's own (2.1 F06.FR.18): each lets the station send a DataTransfer of its vendor table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from charge_point.vendors import ANY, data_of

if TYPE_CHECKING:
    from charge_point.station import Station

LONGEST = 50
"""Characters of a customTrigger."""


def custom_triggers(vendors: Mapping[str, Mapping[str, Any]]) -> tuple[str, ...]:
    """The names of the triggers, `vendorId.messageId` each (CustomTriggers); those that fit a request."""
    names = (
        f"{vendor}.{message}"
        for vendor, messages in vendors.items()
        for message in messages
        if message != ANY
    )
    return tuple(name for name in names if len(name) <= LONGEST and "," not in name)


def tell(station: Station, name: str) -> None:
    """Send what the trigger `name` stands for, with the data that the table has for it."""
    for vendor, messages in station.setup.vendors.items():
        for message, entry in messages.items():
            if f"{vendor}.{message}" == name:
                data = data_of(entry)
                more = {} if data is None else {"data": data}
                station.say("DataTransfer", {"vendorId": vendor, "messageId": message} | more, asked=True)
