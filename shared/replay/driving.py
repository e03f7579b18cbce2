"""What people and cars did at a recorded station, as far as the wire tells: a scenario has ours do the same.

A plug is seen by its status, a card by Authorize or by the event that it caused, the reason of an end by
StopTransaction or the trigger of the last event. What a command of the CSMS brought about nobody did. What the wire
does not tell (what was done while nobody was connected, a transaction that ran already) raises `NotTold`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from shared.actions import CSMS
from shared.replay.recording import Exchange
from shared.replay.told import NotTold, evse_of, present, token_of, told_in_time, transaction_of

_OCCUPIED = frozenset("Preparing Charging SuspendedEV SuspendedEVSE Finishing Occupied".split())
_SOON = 2.0
"""Seconds within which a station acts on a token."""

_BROKEN = {"Other", "GroundFault", "OvercurrentFault", "PowerQuality"}
_PRESENTED = {"Authorized", "StopAuthorized"}
_GONE = {"EVCommunicationLost", "EVDeparted"}


_BY_HAND = frozenset(
    "DataTransfer NotifyEVChargingNeeds BatterySwap NotifyCustomerInformation NotifyChargingLimit".split()
)
"""What a station of ours sends only when somebody has it do so by other means than these verbs."""


_FILES_FAILED = frozenset(
    "DownloadFailed InvalidSignature InstallVerificationFailed InstallationFailed InvalidChecksum PublishFailed "
    "UploadFailure UploadFailed BadMessage PermissionDenied NotSupportedOperation".split()
)
"""Ends of moving files that lay with the file or its server."""


@dataclass
class _Place:
    """One EVSE (of 1.6: connector), as it stands in the recording so far."""

    plugged: bool = False
    faulted: bool = False
    paused: bool = False
    state: str = ""
    transaction: Any = None
    token: str = ""


@dataclass
class Driver:
    """Recovers what was done, exchange by exchange. Owns how the station stands."""

    ahead: Sequence[Exchange] = ()
    places: dict[int, _Place] = field(default_factory=dict)
    shown: list[tuple[str, int | None]] = field(default_factory=list)
    """Tokens that were presented and came to nothing yet, each with its EVSE where that is known."""
    afar: list[tuple[str, int | None]] = field(default_factory=list)
    """The same of remote starts that were accepted."""
    resets: int = 0
    triggered: bool = False
    updates: bool = False
    done: set[int] = field(default_factory=set)
    """Exchanges whose cause was found already, since something else that it caused went first."""
    booted: str = ""
    connection: int | None = None
    first: int | None = None
    """The connection that the recording begins with."""

    def steps(self, exchange: Exchange, at: int) -> Iterator[str]:
        """What was done that brought exchange number `at` about, as steps of a scenario; NotTold."""
        if exchange.sender == CSMS:
            self._commanded(exchange)
            return
        if exchange.action in _BY_HAND:
            raise NotTold(f"nothing makes it send {exchange.action}")
        if exchange.request.get("status") in _FILES_FAILED:
            raise NotTold(f"a file is {exchange.request['status']} only where it was so")
        before, self.connection = self.connection, exchange.call.connection
        self.first = self.connection if self.first is None else self.first
        came_back = before is not None and before != self.connection
        if exchange.action == "BootNotification":
            yield from self._boot(exchange, came_back)
        elif came_back:
            yield from ("go_offline", "come_online")
        reader = _READERS.get(exchange.action)
        if reader is not None:
            if self.connection != self.first:
                told_in_time(exchange)
            yield from reader(self, exchange, at)

    def _commanded(self, exchange: Exchange) -> None:
        if exchange.action == "CertificateSigned":
            raise NotTold("a certificate belongs to the key that the recorded station had")
        status = (exchange.answer or {}).get("status")
        if exchange.action in ("RemoteStartTransaction", "RequestStartTransaction") and status == "Accepted":
            said = exchange.request
            self.afar.append((token_of(said), said.get("evseId", said.get("connectorId"))))
        elif exchange.action == "Reset" and status in ("Accepted", "Scheduled"):
            self.resets += 1
        elif exchange.action in ("UpdateFirmware", "SignedUpdateFirmware"):
            self.updates = True
        elif exchange.action == "TriggerMessage":
            self.triggered |= exchange.request.get("requestedMessage") == "BootNotification"

    def _boot(self, exchange: Exchange, came_back: bool) -> Iterator[str]:
        was, self.booted = self.booted, str((exchange.answer or {}).get("status", "?"))
        if not was or was != "Accepted":
            return  # it was switched on, or tries again by itself
        reason = exchange.request.get("reason", "PowerUp")
        if self.resets:
            self.resets -= 1
        elif self.triggered:
            self.triggered = False
        elif self.updates and reason in ("PowerUp", "FirmwareUpdate"):
            self.updates = False
        elif reason == "Watchdog":
            yield "watchdog"
        else:
            yield "power_cycle" if came_back or exchange.request.get("reason") == "PowerUp" else "boot"

    def _place(self, number: Any) -> _Place:
        return self.places.setdefault(number if isinstance(number, int) else 1, _Place())

    # --- the cable -----------------------------------------------------------------------------------------

    def _plug(self, evse: int) -> Iterator[str]:
        place = self._place(evse)
        if not place.plugged:
            place.plugged = True
            yield f"plug_in: {evse}"

    def _unplug(self, evse: int) -> Iterator[str]:
        place = self._place(evse)
        if place.plugged:
            place.plugged = place.paused = False
            yield f"unplug: {evse}"

    def status(self, exchange: Exchange, at: int) -> Iterator[str]:
        """StatusNotification of any version."""
        said = exchange.request
        evse = said.get("evseId", said.get("connectorId", 1))
        word = str(said.get("status", said.get("connectorStatus", "")))
        if evse:
            if self._place(int(evse)).transaction is not None and word in ("Finishing", "Available"):
                yield from self._end_behind(at, int(evse))
            yield from self._status(int(evse), word, str(said.get("errorCode", "NoError")))

    def _end_behind(self, at: int, evse: int) -> Iterator[str]:
        """What ended the transaction of an EVSE whose status was told before the end itself (1.6)."""
        for number in range(at + 1, len(self.ahead)):
            later = self.ahead[number]
            if later.at - self.ahead[at].at > _SOON:
                return
            if (
                later.action == "StopTransaction"
                and self._running(later.request.get("transactionId")) == evse
            ):
                yield from self.stop(later, number)
                self.done.add(number)
                return

    def _status(self, evse: int, word: str, error: str) -> Iterator[str]:
        place = self._place(evse)
        before, place.state = place.state, word
        if word == "Faulted":
            if not place.faulted:
                place.faulted = True
                error = error if error != "NoError" else "OtherError"
                yield f"fault: {{error: {error}, evse: {evse}}}"
            return
        if place.faulted:
            place.faulted = False
            yield f"clear_fault: {evse}"
        if word in ("Preparing", "Occupied"):
            card_first = any(place in (evse, None) for _, place in (*self.shown, *self.afar))
            if word == "Occupied" or not card_first:  # else the cable comes with the start
                yield from self._plug(evse)
        elif word == "Available":
            if before == "Preparing" and not place.plugged:  # nobody plugged in, after all
                self.shown = [each for each in self.shown if each[1] != evse]
                self.afar = [each for each in self.afar if each[1] != evse]
            yield from self._unplug(evse)
        else:
            yield from self._charging(evse, before, word)

    def _charging(self, evse: int, before: str, word: str) -> Iterator[str]:
        place = self._place(evse)
        if word == "SuspendedEV" and before == "Charging":
            place.paused = True
            yield f"ev: {{does: pauses, evse: {evse}}}"
        elif word == "Charging" and place.paused:
            place.paused = False
            yield f"ev: {{does: resumes, evse: {evse}}}"

    def events(self, exchange: Exchange, at: int) -> Iterator[str]:
        """NotifyEvent: the availability of connectors (2.1)."""
        for event in exchange.request.get("eventData") or ():
            evse = event.get("component", {}).get("evse", {}).get("id")
            if evse and event.get("variable", {}).get("name") == "AvailabilityState":
                yield from self._status(int(evse), str(event.get("actualValue", "")), "NoError")

    # --- tokens --------------------------------------------------------------------------------------------

    def authorize(self, exchange: Exchange, at: int) -> Iterator[str]:
        """Authorize: somebody presents a token, unless a remote start has it looked at (AuthorizeRemoteTxRequests)."""
        token = token_of(exchange.request)
        if any(token == other for other, _ in self.afar):
            return
        place = self._where(token, at)
        if place is not None and self._was_plugged(place, token, at):
            yield from self._plug(place)
        self.shown.append((token, place))
        yield present(exchange.request, token, place)

    def _where(self, token: str, at: int) -> int | None:
        """At which EVSE a token is meant that is presented now: where its transaction begins or ends.

        One that came to nothing was not meant for the EVSE where somebody else plugs in next.
        """
        other: int | None = None
        for later in self.ahead[at + 1 :]:
            if later.sender == CSMS:
                continue
            said = later.request
            soon = later.at - self.ahead[at].at < _SOON
            evse = evse_of(said) or said.get("evseId")
            if later.action == "Authorize" and token_of(said) == token:
                break
            if later.action == "StatusNotification" and evse and said.get("status") == "Preparing" and soon:
                return int(evse)
            if later.action == "StartTransaction" or said.get("eventType") == "Started":
                if token_of(said) == token:
                    return evse_of(said)
                other = other or evse_of(said)
            if said.get("triggerReason") in _PRESENTED and token_of(said) in (token, ""):
                return self._running(transaction_of(said)) or evse_of(said)
            if later.action == "StopTransaction" and said.get("reason", "Local") == "Local" and soon:
                return self._running(transaction_of(said))
        free = [evse for evse in self.places if evse != other and self.places[evse].transaction is None]
        return free[0] if other is not None and free else None

    def _was_plugged(self, evse: int, token: str, at: int) -> bool:
        """Whether the cable was there before this token, although its status was told later: the start says it."""
        for later in self.ahead[at + 1 :]:
            said = later.request
            if said.get("eventType") == "Started" and evse_of(said) == evse and token_of(said) == token:
                state = said.get("transactionInfo", {}).get("chargingState")
                return said.get("triggerReason") == "Authorized" and state in ("EVConnected", "Charging")
        return False

    def _running(self, transaction: Any) -> int | None:
        found = (evse for evse, one in self.places.items() if one.transaction == transaction)
        return next(found, None)

    def _consume(self, token: str, *, ends: bool = False) -> bool:
        """Whether somebody has presented a token that this is what came of; an end may be by another of its group."""
        found = next((each for each in self.shown if each[0] == token), None)
        if found is None and ends and self.shown:
            found = self.shown[-1]
        if found is not None:
            self.shown.remove(found)
        return found is not None

    def _from_afar(self, token: str) -> bool:
        """Whether a remote start is behind it."""
        found = next((each for each in self.afar if each[0] == token), None)
        if found is not None:
            self.afar.remove(found)
        return found is not None

    # --- transactions --------------------------------------------------------------------------------------

    def start(self, exchange: Exchange, at: int) -> Iterator[str]:
        """StartTransaction (1.6)."""
        evse, token = evse_of(exchange.request) or 1, token_of(exchange.request)
        yield from self._plug(evse)
        if not self._from_afar(token) and not self._consume(token):
            yield present(exchange.request, token, evse)
        place = self._place(evse)
        place.transaction, place.token = (exchange.answer or {}).get("transactionId"), token

    def stop(self, exchange: Exchange, at: int) -> Iterator[str]:
        """StopTransaction (1.6): its reason says who ended it (§7.37; left out, it is Local)."""
        if at in self.done:
            return
        evse = self._running(exchange.request.get("transactionId"))
        if evse is None:
            raise NotTold("it ends a transaction whose start is not in the recording")
        token = token_of(exchange.request) or self._place(evse).token
        reason = exchange.request.get("reason", "Local")
        if reason == "Local" and not self._consume(token, ends=True):
            yield present(exchange.request, token, evse)
        yield from self._ended(evse, reason, at)

    def _ended(self, evse: int, reason: str, at: int) -> Iterator[str]:
        """What else than a token ended a transaction."""
        self._place(evse).transaction = None
        if reason in ("EVDisconnected", *_GONE):
            yield from self._unplug(evse)
        elif reason == "EmergencyStop":
            yield "emergency_stop"
        elif reason == "StoppedByEV":
            yield f"ev: {{does: stops, evse: {evse}}}"
        elif reason == "PowerLoss":
            yield "power_cycle: {backup: true}"
        elif reason in _BROKEN:
            yield from self._broken(evse, at)

    def _broken(self, evse: int, at: int) -> Iterator[str]:
        """A defect of the connector, whose status is told after what it ended."""
        for later in self.ahead[at + 1 :]:
            if later.at - self.ahead[at].at > _SOON:
                return
            said = later.request
            if later.action == "StatusNotification" and said.get("evseId", said.get("connectorId")) == evse:
                word = str(said.get("status", said.get("connectorStatus", "")))
                if word == "Faulted":
                    yield from self._status(evse, word, str(said.get("errorCode", "NoError")))
                    return
            for event in said.get("eventData") or () if later.action == "NotifyEvent" else ():
                where = event.get("component", {}).get("evse", {}).get("id")
                if where == evse and event.get("actualValue") == "Faulted":
                    yield from self._status(evse, "Faulted", "NoError")
                    return

    def event(self, exchange: Exchange, at: int) -> Iterator[str]:
        """TransactionEvent (2.x): its trigger says what happened (TriggerReasonEnumType)."""
        said = exchange.request
        if said.get("offline"):
            raise NotTold("an event was kept while the station was offline")
        transaction, trigger = transaction_of(said), str(said.get("triggerReason"))
        evse = evse_of(said) if said.get("eventType") == "Started" else self._running(transaction)
        if evse is None:
            raise NotTold("a transaction goes on whose start is not in the recording")
        place = self._place(evse)
        place.transaction = transaction
        state = str(said.get("transactionInfo", {}).get("chargingState", ""))
        if trigger == "EVDetected":
            yield f"drive_in: {evse}"
        if trigger == "CablePluggedIn" or state in ("EVConnected", "Charging"):
            yield from self._plug(evse)
        token = token_of(said) or place.token
        place.token = token
        if trigger in _PRESENTED and not self._consume(token, ends=trigger == "StopAuthorized"):
            yield present(said, token, evse)
        if trigger == "RemoteStart":
            self._from_afar(token)
        before, place.state = place.state, state or place.state
        if said.get("eventType") == "Ended":
            reason = str(said["transactionInfo"].get("stoppedReason", ""))
            yield from self._ended(evse, trigger if trigger in _GONE else reason, at)
        elif trigger in _GONE:
            yield from self._unplug(evse)
        elif trigger == "ChargingStateChanged":
            yield from self._charging(evse, before, state)


_READERS = {
    "StatusNotification": Driver.status,
    "NotifyEvent": Driver.events,
    "Authorize": Driver.authorize,
    "StartTransaction": Driver.start,
    "StopTransaction": Driver.stop,
    "TransactionEvent": Driver.event,
}
