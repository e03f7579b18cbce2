"""Display messages: set, asked for and cleared by the CSMS (O)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from charge_point.statuses import status
from shared.answers import answers
from shared.dispatch import Answer, Refuse, on
from shared.versions import V2X

if TYPE_CHECKING:
    from charge_point.display import DisplayMessages
    from charge_point.station import Station

Payload = dict[str, Any]


def _messages(station: Station) -> DisplayMessages | None:
    """The messages of a station that has a display."""
    from charge_point.display import DisplayMessages

    return station.part(DisplayMessages) if station.model.has("DisplayMessageCtrlr.Enabled") else None


@on("SetDisplayMessage", *V2X)
@answers(
    "status",
    "Rejected for a display that there is not, for one message more than DisplayMessages allows, for one that would "
    "never be seen, and while DisplayMessageCtrlr is not Enabled; NotSupportedPriority, NotSupportedState, "
    "NotSupportedMessageFormat, LanguageNotSupported (2.1) and UnknownTransaction for what they say; else Accepted, "
    "and it is shown when it is due; CALLERROR NotSupported of a station without a display",
    clause="O01.FR.01-O01.FR.23, O02.FR.01-O02.FR.18, O06.FR.01",
    state=True,
)
def set_display_message(station: Station, request: Payload) -> Payload:
    """Take a message for the display."""
    messages = _messages(station)
    if messages is None:
        raise Refuse("NotSupported", "this station has no display")  # part 4 §4.3
    refused = messages.set(request["message"])
    if refused is not None:
        return status(station.version, refused.status, refused.code, refused.words)
    return status(station.version, "Accepted")


@on("GetDisplayMessages", *V2X)
@answers(
    "status",
    "Unknown when there is no message, or none that fits; else Accepted, and NotifyDisplayMessages follow with those "
    "that fit, five in each",
    clause="O03.FR.01-O03.FR.06, O04.FR.01-O04.FR.07",
    state=True,
)
def get_display_messages(station: Station, request: Payload) -> Payload | Answer:
    """Report the messages that fit."""
    from charge_point.display import PAGE, wire

    messages = _messages(station)
    found = messages.find(request) if messages is not None else []
    if not found:
        return status(station.version, "Unknown", "NotFound", "there is no such message")

    def report() -> None:
        for at in range(0, len(found), PAGE):
            told = [wire(one, station.version) for one in found[at : at + PAGE]]
            page: Payload = {"requestId": request["requestId"], "messageInfo": told}
            if at + PAGE < len(found):
                page["tbc"] = True
            station.say("NotifyDisplayMessages", page, asked=True)

    return Answer(status(station.version, "Accepted"), report)


@on("ClearDisplayMessage", *V2X)
@answers(
    "status",
    "Accepted, and the message is gone; Unknown for an id that no message has",
    clause="O05.FR.01, O05.FR.02",
    state=True,
)
def clear_display_message(station: Station, request: Payload) -> Payload:
    """Remove a message."""
    messages = _messages(station)
    if messages is not None and messages.clear(request["id"]):
        return status(station.version, "Accepted")
    return status(station.version, "Unknown", "NotFound", "there is no such message")
