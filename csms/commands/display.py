"""Messages on the station's display (2.x)."""

from __future__ import annotations

from csms.commands.defaults import chosen, moment, present
from csms.commands.registry import Payload, Sent, Session, command


@command("SetDisplayMessage")
def set_display_message(
    to: Session,
    *,
    text: str | None = None,
    message: int | None = None,
    priority: str | None = None,
    state: str | None = None,
    language: str | None = None,
    format: str | None = None,
    start: str | None = None,
    end: str | None = None,
    transaction: str | None = None,
) -> Sent:
    """Show a message on the display.

    text: default "Welcome". message: its id, default 1. priority: NormalCycle (default), InFront, AlwaysFront.
    state: only while Charging, Faulted, Idle, Unavailable, in 2.1 also Suspended, Discharging. language:
    default en. format: UTF8 (default), ASCII, HTML, URI, in 2.1 QRCODE. start, end: seconds from now or
    timestamps. transaction: only during it.
    """
    content = {
        "format": chosen(format, "UTF8"),
        "language": chosen(language, "en"),
        "content": chosen(text, "Welcome"),
    }
    shown: Payload = {
        "id": chosen(message, 1),
        "priority": chosen(priority, "NormalCycle"),
        "message": content,
    } | present(
        state=state,
        startDateTime=moment(to, start),
        endDateTime=moment(to, end),
        transactionId=transaction,
    )
    return {"message": shown}


@command("GetDisplayMessages")
def get_display_messages(
    to: Session,
    *,
    messages: list[int] | None = None,
    priority: str | None = None,
    state: str | None = None,
    request: int | None = None,
) -> Sent:
    """Ask for the messages on the display.

    messages: ids, separated by commas. priority, state: of those asked for. Default: all. request: its id.
    """
    return {"requestId": to.new_request_id() if request is None else request} | present(
        id=messages, priority=priority, state=state
    )


@command("ClearDisplayMessage")
def clear_display_message(to: Session, *, message: int | None = None) -> Sent:
    """Take a message off the display.

    message: its id, default 1.
    """
    return {"id": chosen(message, 1)}
