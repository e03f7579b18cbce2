"""What is not in the standard."""

from __future__ import annotations

from csms.commands.defaults import chosen
from csms.commands.registry import Sent, Session, command


@command("DataTransfer")
def data_transfer(
    to: Session, *, vendor: str | None = None, message: str | None = None, data: str | None = None
) -> Sent:
    """Send vendor-specific data.

    vendor: default TestVendor. message: default TestMessage. data: text, default test_data; JSON by
    `{"data": {...}}` (2.x, where data may be anything).
    """
    return {
        "vendorId": chosen(vendor, "TestVendor"),
        "messageId": chosen(message, "TestMessage"),
        "data": chosen(data, "test_data"),
    }
