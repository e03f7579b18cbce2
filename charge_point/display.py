"""The messages on the station's display that the CSMS has set: which are kept, until when, and what is seen now (O).

A message is seen from its start to its end, while the station (or the EVSE of its transaction) is in its state, and
at the most until its transaction ends. One that is AlwaysFront is alone; those InFront take turns, and only when there
are none of either the normal cycle is seen, in which the station's own texts have their turn (`charge_point.screen`).
"""

from __future__ import annotations

import asyncio
from math import inf
from typing import TYPE_CHECKING, Any, NamedTuple

from charge_point.connector import Availability, Energy, Health
from charge_point.parts import Part, existing
from shared.clock import parse
from shared.versions import V21, Version

if TYPE_CHECKING:
    from charge_point.evse import Evse
    from charge_point.station import Station
    from charge_point.transaction import Transaction

Payload = dict[str, Any]

ALWAYS_FRONT, IN_FRONT, NORMAL = "AlwaysFront", "InFront", "NormalCycle"

TURN = 5.0
"""Seconds for which each message of a cycle is seen."""

PAGE = 5
"""Messages in one NotifyDisplayMessages."""

_CONTROLLER = "DisplayMessageCtrlr"
_IN_USE = frozenset(("Charging", "Suspended", "Discharging"))


class Refused(NamedTuple):
    """Why a message is not taken: a DisplayMessageStatusEnumType, a reason code, and words."""

    status: str
    code: str
    words: str


class DisplayMessages(Part):
    """The messages of one station, kept on disk (O01.FR.10). Owns them and the timer of the next start or end."""

    __slots__ = ("_timer", "held")

    name = "display messages"

    def __init__(self, station: Station) -> None:
        super().__init__(station)
        self.held: dict[int, Payload] = {}
        """MessageInfoType by its id, in the order in which they were set."""
        self._timer: asyncio.TimerHandle | None = None

    # --- setting and clearing -----------------------------------------------------------------------------

    def set(self, message: Payload) -> Refused | None:
        """Take a MessageInfoType in place of any with its id (O06.FR.01); None when it is taken."""
        refused = unfit(self.station, message) or self._too_many(message)
        if refused is not None:
            return refused
        if message["priority"] == ALWAYS_FRONT:  # O01.FR.16, O02.FR.18
            for id in [id for id, one in self.held.items() if one["priority"] == ALWAYS_FRONT]:
                del self.held[id]
        self.held.pop(message["id"], None)
        self.held[message["id"]] = message
        self._changed()
        return None

    def _too_many(self, message: Payload) -> Refused | None:
        stay = [
            id
            for id, one in self.held.items()
            if id != message["id"] and not one["priority"] == message["priority"] == ALWAYS_FRONT
        ]
        most = self.station.model.slot(f"{_CONTROLLER}.DisplayMessages").definition.high
        if most is None or len(stay) < most:
            return None
        return Refused("Rejected", "TooManyElements", f"{most:g} messages at most")  # O01.FR.11

    def clear(self, id: int) -> bool:
        """Remove the message with this id; False when there is none (O05.FR.02)."""
        gone = self.held.pop(id, None) is not None
        if gone:
            self._changed()
        return gone

    def find(self, wanted: Payload) -> list[Payload]:
        """The messages that a GetDisplayMessagesRequest asks for (O03.FR.03, O04.FR.02)."""
        return [
            one
            for one in self.held.values()
            if one["id"] in wanted.get("id", (one["id"],))
            and wanted.get("priority", one["priority"]) == one["priority"]
            and wanted.get("state", one.get("state")) == one.get("state")
        ]

    # --- what happens to the station ----------------------------------------------------------------------

    def transaction_ended(self, evse: Evse, transaction: Transaction) -> None:
        """Its messages are gone (O02.FR.02)."""
        self._drop(lambda one: one.get("transactionId") == transaction.id)

    def accepted(self) -> None:
        """After a start: without what was of transactions that did not survive it."""
        running = {one.transaction.id for one in self.station.evses if one.transaction is not None}
        self._drop(lambda one: one.get("transactionId", "") not in running | {""})
        self._follow()

    def power_off(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def as_kept(self) -> Any:
        return list(self.held.values()) or None

    def restore(self, kept: Any) -> None:
        self.held = {one["id"]: one for one in kept or ()}

    def _drop(self, goes: Any) -> None:
        gone = [id for id, one in self.held.items() if goes(one)]
        for id in gone:
            del self.held[id]
        if gone:
            self._changed()

    def _changed(self) -> None:
        self.keep()
        self._follow()

    def _follow(self) -> None:
        """Remove what is past its end (O01.FR.07), and look again at the next start or end."""
        self.power_off()
        now = self.station.clock.time()
        over = [id for id, one in self.held.items() if end(one) <= now]
        for id in over:
            del self.held[id]
        if over:
            self.keep()
        times = [at for one in self.held.values() for at in (start(one), end(one)) if now < at < inf]
        if times:
            wait = max(min(times) - now, 0.001)
            self._timer = asyncio.get_running_loop().call_later(wait, self._follow)
        self.station.changed()


# --- what may be set ------------------------------------------------------------------------------------------


def unfit(station: Station, message: Payload) -> Refused | None:
    """Why the station cannot show `message`; None when it can (O01.FR.01-.03, .18-.23, O02.FR.01)."""
    model = station.model
    if not model.flag(f"{_CONTROLLER}.Enabled"):
        return Refused("Rejected", "NotEnabled", "display messages are switched off")
    display = message.get("display")
    if display is not None and not _is_ours(display):  # O01.FR.22
        return Refused("Rejected", "UnsupportedParam", "there is no such display")
    if message["priority"] not in model.members(f"{_CONTROLLER}.SupportedPriorities"):
        return Refused("NotSupportedPriority", "UnsupportedParam", f"no priority {message['priority']}")
    if "state" in message and message["state"] not in states(station):
        return Refused("NotSupportedState", "UnsupportedParam", f"no state {message['state']}")
    texts = [message["message"], *message.get("messageExtra", ())]
    formats = model.members(f"{_CONTROLLER}.SupportedFormats")
    for text in texts:
        if text["format"] not in formats:
            return Refused("NotSupportedMessageFormat", "UnsupportedParam", f"no format {text['format']}")
    return _unfit_language(station, texts) or _unfit_time(station, message)


def _is_ours(display: Payload) -> bool:
    """The station has one display, of the station as a whole."""
    return display["name"].lower() == "display" and "evse" not in display and "instance" not in display


def states(station: Station) -> tuple[str, ...]:
    """The states by which a message can be bound; 2.0.1 has no variable of them, and four."""
    path = f"{_CONTROLLER}.SupportedStates"
    if station.model.has(path):
        return tuple(station.model.members(path))
    return ("Charging", "Faulted", "Idle", "Unavailable")


def _unfit_language(station: Station, texts: list[Payload]) -> Refused | None:
    path = f"{_CONTROLLER}.Language"
    if not station.model.has(path):
        if len(texts) > 1:  # O01.FR.19
            return Refused("Rejected", "UnsupportedParam", "one language only")
        return None
    known = station.model.slot(path).definition.values
    for text in texts:
        if "language" in text and not _among(text["language"], known):  # O01.FR.18
            return Refused("LanguageNotSupported", "UnsupportedParam", f"no {text['language']} here")
    return None


def _among(language: str, known: tuple[str, ...]) -> bool:
    """Whether a language is one of `known`, or a regional form of one (RFC 5646 §2.2.4)."""
    tag = language.lower()
    return any(tag == one.lower() or tag.startswith(one.lower() + "-") for one in known)


def _unfit_time(station: Station, message: Payload) -> Refused | None:
    id = message.get("transactionId")
    if id is not None and all(one.transaction is None or one.transaction.id != id for one in station.evses):
        return Refused("UnknownTransaction", "UnknownTxId", f"{id} does not run")  # O02.FR.01
    if end(message) <= max(start(message), station.clock.time()):
        return Refused(
            "Rejected", "InvalidValue", "it would never be seen: its end is over, or before its start"
        )
    return None


def start(message: Payload) -> float:
    """When a message may be seen first, in Unix seconds (O01.FR.06)."""
    return parse(message["startDateTime"]) if "startDateTime" in message else -inf


def end(message: Payload) -> float:
    """When a message is removed, in Unix seconds (O01.FR.07)."""
    return parse(message["endDateTime"]) if "endDateTime" in message else inf


# --- what is seen ---------------------------------------------------------------------------------------------


def state_of(evse: Evse) -> str:
    """The MessageStateEnumType of one EVSE."""
    if evse.active.health is Health.FAULTED:
        return "Faulted"
    if evse.active.availability is Availability.INOPERATIVE:
        return "Unavailable"
    newest = evse.station.version is V21
    if evse.energy is Energy.FLOWING:
        return "Discharging" if newest and evse.ev is not None and evse.ev.feeding > 0 else "Charging"
    # 2.0.1: Idle is "not charging"
    return "Suspended" if newest and evse.transaction is not None else "Idle"


def _holds(station: Station, message: Payload) -> bool:
    """Whether the state, and the transaction, of `message` hold."""
    wanted, id = message.get("state"), message.get("transactionId")
    if id is not None:
        one = next((e for e in station.evses if e.transaction is not None and e.transaction.id == id), None)
        return one is not None and (wanted is None or state_of(one) == wanted)
    if wanted is None:
        return True
    found = {state_of(one) for one in station.evses}
    return wanted in found and (wanted != "Idle" or not found & _IN_USE)


def visible(station: Station) -> list[Payload]:
    """The messages of the CSMS that are to be seen now: those of the most urgent priority that has any."""
    held = existing(station, DisplayMessages)
    now = station.clock.time()
    due = [
        one
        for one in (held.held.values() if held is not None else ())
        if start(one) <= now < end(one) and _holds(station, one)
    ]
    for priority in (ALWAYS_FRONT, IN_FRONT, NORMAL):
        found = [one for one in due if one["priority"] == priority]
        if found:
            return found
    return []


def cycle(station: Station) -> list[str]:
    """The texts that take turns on the display now, the station's own among those of the normal cycle."""
    from charge_point.screen import language, own_texts

    messages = visible(station)
    texts = [in_language(one, language(station, one.get("transactionId"))) for one in messages]
    if not messages or messages[0]["priority"] == NORMAL:
        texts += own_texts(station)
    return texts


def showing(station: Station) -> str:
    """What is seen on the display at this moment; empty when it is dark."""
    texts = cycle(station)
    return texts[int(station.clock.elapsed() // TURN) % len(texts)] if texts else ""


def in_language(message: Payload, wanted: tuple[str, ...]) -> str:
    """The text of `message` in the first language wanted that it has, else in English, else as it comes first
    (O01.FR.08, .09)."""
    texts = [message["message"], *message.get("messageExtra", ())]
    return pick(texts, (*wanted, "en"))


def pick(texts: list[Payload], wanted: tuple[str, ...]) -> str:
    """The content of the one of `texts` (MessageContentType) in the first language of `wanted` that there is."""
    for tag in wanted:
        for text in texts:
            if _among(text.get("language", ""), (tag,)) or _among(tag, (text.get("language") or "?",)):
                return str(text["content"])
    return str(texts[0]["content"])


def wire(message: Payload, version: Version) -> Payload:
    """A message as NotifyDisplayMessages of `version` has it: one that was set on 2.1 may be told on 2.0.1."""
    if version is V21:
        return message
    return {name: value for name, value in message.items() if name != "messageExtra"}
