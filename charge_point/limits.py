"""What messages about many variables have in common: how much one may hold, and reports in several parts.

A request with more items or bytes than the device model announces is refused with the errors of the standard: too many
items (B06.FR.16, B08.FR.17, N06.FR.06), too many bytes (B06.FR.17, B08.FR.18, N06.FR.07).
"""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from typing import Any, Protocol

import orjson

from charge_point.device_model import DeviceModel
from shared.dispatch import Refuse
from shared.peer import CallFailed, CallRefused
from shared.versions import COUNT, refusal

Payload = dict[str, Any]


class Caller(Protocol):
    """What can send a report."""

    def call(self, action: str, payload: Payload) -> Awaitable[Any]:
        """Send a request and wait for the answer."""


def keep_limits(
    model: DeviceModel, controller: str, action: str, items: Sequence[object], request: Payload
) -> None:
    """Raises Refuse when `request`, an `action` with these items, exceeds what `controller` announces."""
    most = model.integer(controller, "ItemsPerMessage", action)
    if len(items) > most:
        code = refusal(model.version, COUNT).code or ""
        raise Refuse(code, f"{action} takes at most {most} items, not {len(items)}")
    most = model.integer(controller, "BytesPerMessage", action)
    size = len(orjson.dumps(request))
    if size > most:
        raise Refuse("FormatViolation", f"{action} takes at most {most} bytes, not {size}")


async def send_pages(station: Caller, action: str, pages: list[Payload]) -> None:
    """Send the parts of a report, one after the other, so that they arrive in order."""
    setup = getattr(station, "setup", None)
    ahead = 1 if setup is not None and setup.quirks.reports_from_one else 0
    for page in pages:
        if ahead and "seqNo" in page:
            page = page | {"seqNo": page["seqNo"] + ahead}
        try:
            await station.call(action, page)
        except CallRefused:
            continue  # the CSMS did not want this page; the others are owed to it all the same
        except CallFailed:
            return  # nobody answers any more: a report is not kept for later, it can be asked for again
