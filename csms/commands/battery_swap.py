"""Swapping batteries (2.1)."""

from __future__ import annotations

from csms.commands.defaults import id_token
from csms.commands.registry import Sent, Session, command, wrong


@command("RequestBatterySwap")
def request_battery_swap(
    to: Session, *, token: str | None = None, token_type: str | None = None, request: int | None = None
) -> Sent:
    """Have the station prepare a battery swap for a token (2.1); not sent for one that is not authorized.

    token: default test_token. token_type: default Central. request: its id, else made up.
    """
    wire = id_token(to, token, token_type)
    _authorized(to, wire["idToken"], wire["type"])
    return {"idToken": wire, "requestId": to.new_request_id() if request is None else request}


def _authorized(to: Session, token: str, kind: str) -> None:
    """Raises UsageError for a token that could not begin anything (S02.FR.03)."""
    decided = to.csms.authorizer.decide(token, station=to.id, now=to.csms.clock.time(), kind=kind)
    if decided.status != "Accepted":
        raise wrong(f"token: {token} is {decided.status}, and no swap is asked for such a one (S02.FR.03)")
