"""Payment at the station (2.1)."""

from __future__ import annotations

from csms.commands.defaults import chosen
from csms.commands.registry import Sent, Session, command


@command("NotifyWebPaymentStarted")
def notify_web_payment_started(to: Session, *, evse: int | None = None, timeout: int | None = None) -> Sent:
    """Tell the station that somebody is paying on the web for an EVSE (2.1).

    evse: default 1. timeout: seconds after which no result is to be expected any more, default 60.
    """
    return {"evseId": chosen(evse, 1), "timeout": chosen(timeout, 60)}
