"""What is not in the standard."""

from __future__ import annotations

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
        "vendorId": "TestVendor" if vendor is None else vendor,
        "messageId": "TestMessage" if message is None else message,
        "data": "test_data" if data is None else data,
    }
