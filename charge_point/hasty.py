"""A station that does not wait: several calls at a time, against 1.6 §4.1.1 of OCPP-J and 2.x part 4 §4.1.1."""

from __future__ import annotations

from typing import Any

from charge_point.quirks import UNAWAITED
from shared.dispatch import Payload
from shared.peer import Peer

_EMPTY_ANSWER = frozenset(("StatusNotification", "NotifyEvent", "MeterValues", "SecurityEventNotification"))
"""Calls whose answers say nothing, so that nobody has to wait for them."""


class HastyPeer(Peer):
    """Sends what needs no answer although another call is outstanding; those answers are dropped by a fault."""

    __slots__ = ()

    async def call(
        self, action: str, payload: Any, *, timeout: float | None = None, valid: bool = True
    ) -> Payload:
        """Call the other side, or only send the call while another one waits for its answer."""
        if self.rpc.idle or action not in _EMPTY_ANSWER:
            return await super().call(action, payload, timeout=timeout, valid=valid)
        from shared.faults.effects import written

        await self.send_raw(written([2, f"{UNAWAITED}{self.new_id()}", action, payload]))
        return {}
