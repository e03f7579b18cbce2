"""Swapping batteries (2.1)."""

from __future__ import annotations

from csms.commands.defaults import id_token
from csms.commands.registry import Sent, Session, command


@command("RequestBatterySwap")
def request_battery_swap(
    to: Session, *, token: str | None = None, token_type: str | None = None, request: int | None = None
) -> Sent:
    """Have the station prepare a battery swap for a token (2.1).

    token: default test_token. token_type: default Central. request: its id, else made up.
    """
    return {
        "idToken": id_token(to, token, token_type),
        "requestId": to.new_request_id() if request is None else request,
    }
