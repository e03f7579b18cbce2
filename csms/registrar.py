"""Who is accepted when it boots, and what a station may send before it is.

    never booted --boot--> Accepted | Pending | Rejected --boot--> ...

Until its last BootNotification was answered Accepted a station may send nothing but BootNotification and what we
asked of it: what a TriggerMessage names, and the reports of GetBaseReport and GetReport (2.x part 2 B01.FR.10,
B02.FR.02, B03.FR.07; 1.6 §4.2 with J-errata 3.10). Anything else gets SecurityError. A message that was asked
for can overtake our call's answer, so what is asked for counts from the moment the call is sent.

Registration belongs to the station, not to its connection: one that reconnects without booting does as it should
(OCPP-J 1.6 §5.4, 2.x part 4 §5.3) and keeps what it had.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from csms.record import StationRecord
from shared.dispatch import Payload, Refuse
from shared.versions import V16, Version

if TYPE_CHECKING:
    from csms.session import Session

ACCEPTED = "Accepted"
STATUSES = (ACCEPTED, "Pending", "Rejected")

STRICT = "strict"
LENIENT = "lenient"
NORMAL = "normal"
REGISTRATIONS = (NORMAL, STRICT, LENIENT)
"""normal: a station that never booted with us is served; strict: it is not; lenient: everybody is."""

ANY_NUMBER = -1
ANYTHING = "*"
EARLY = 0.95
"""A boot counts as early before this part of the interval: timers of stations are not exact."""

_RENAMED = {
    "SignChargePointCertificate": ("SignCertificate",),
    "SignChargingStationCertificate": ("SignCertificate",),
    "SignV2GCertificate": ("SignCertificate",),
    "SignV2G20Certificate": ("SignCertificate",),
    "SignCombinedCertificate": ("SignCertificate",),
    # 1.6 security extension: a signed update reports with its own message (SW16 §5.19)
    "FirmwareStatusNotification": ("FirmwareStatusNotification", "SignedFirmwareStatusNotification"),
    # 2.1 reports connectors with NotifyEvent (G01.FR.03)
    "StatusNotification": ("StatusNotification", "NotifyEvent"),
    "CustomTrigger": (ANYTHING,),  # what it brings is the vendor's business (F06.FR.18)
}
"""The triggers whose messages are not called as they are."""

_ONE_FOR_EACH = frozenset({"StatusNotification", "MeterValues", "TransactionEvent"})
"""Triggers that bring a message from every connector when they name none (F06.FR.13; 1.6 §5.17)."""

_REPORT_CALLS = frozenset({"GetBaseReport", "GetReport"})
_ALL_REPORT_CALLS = _REPORT_CALLS | {
    "CustomerInformation",
    "GetChargingProfiles",
    "GetDERControl",
    "GetDisplayMessages",
    "GetMonitoringReport",
}


class Verdict(NamedTuple):
    """Why a message may not be sent, in words, and the rule that says so."""

    text: str
    clause: str


class Registrar:
    """Answers boots and keeps the gate. Writes the members of `StationRecord` that concern registration.

    `sequence` is what each station's boots are answered, one after another and then the last for ever;
    `per_station` gives some stations their own. `heartbeat` (s) is the interval of Accepted, `retry` (s) that of
    Pending and Rejected. With `upstream` one counter serves all stations, every interval is `heartbeat`, and normal
    means lenient.
    """

    __slots__ = ("_boots", "heartbeat", "per_station", "registration", "retry", "sequence", "upstream")

    def __init__(
        self,
        sequence: Sequence[str] = (ACCEPTED,),
        *,
        per_station: Mapping[str, Sequence[str]] | None = None,
        heartbeat: int = 60,
        retry: int = 5,
        registration: str = NORMAL,
        upstream: bool = False,
    ) -> None:
        self.sequence = _checked(sequence, "the boot sequence")
        self.per_station = {
            station: _checked(own, f"the boot sequence of {station}")
            for station, own in (per_station or {}).items()
        }
        if registration not in REGISTRATIONS:
            raise ValueError(f"{registration!r} is not one of {', '.join(REGISTRATIONS)}")
        self.heartbeat = heartbeat
        self.retry = retry
        # the mock server of --compat upstream answers everything in every state
        self.registration = LENIENT if upstream and registration == NORMAL else registration
        self.upstream = upstream
        self._boots = 0

    def boot(self, session: Session, request: Payload) -> Payload:
        """Answer a BootNotification of any version: the next status of the station's sequence (B01.FR.02)."""
        record, clock = session.station, session.csms.clock
        now = clock.time()
        if record.due is not None and record.due[0] == session.number:
            self._note_early(session, record, now)
        status = self._next(record, session.version)
        interval = self.heartbeat if status == ACCEPTED or self.upstream else self.retry
        self._enter(session, request, status, interval, now)
        return {"currentTime": clock.text(now), "interval": interval, "status": status}

    def overheard(self, session: Session, request: Payload, answer: Payload) -> None:
        """Enter a BootNotification that another central system has answered: valid payloads of both."""
        record, now = session.station, session.csms.clock.time()
        if record.due is not None and record.due[0] == session.number:
            self._note_early(session, record, now)
        record.boots += 1
        self._enter(session, request, answer["status"], answer["interval"], now)

    def _enter(self, session: Session, request: Payload, status: str, interval: float, now: float) -> None:
        record = session.station
        record.boot = request
        record.registration = status
        # single messages stay permitted: a boot may have overtaken them
        record.triggered = {a: n for a, n in (record.triggered or {}).items() if n > 0} or None
        if status == ACCEPTED:
            record.triggered = None
        record.due = None if status == ACCEPTED else (session.number, now + interval * EARLY)

    def gate(self, session: Session, action: str, request: Payload) -> None:
        """Let a message of a station pass, or raise `Refuse` with SecurityError and note the finding."""
        record = session.station
        if record.registration == ACCEPTED or action == "BootNotification":
            return
        verdict = self.may_send(record, session.version, action, request)
        if verdict is not None:
            session.note("not_registered", verdict.text, clause=verdict.clause, action=action)
            if self.registration != LENIENT:
                raise Refuse("SecurityError", verdict.text)
        elif record.registration is None and record.warned != session.number:
            record.warned = session.number
            session.note(
                "never_booted", f"{session.id} sends {action} without having booted in this run; served"
            )

    def may_send(
        self, record: StationRecord, version: Version, action: str, request: Payload
    ) -> Verdict | None:
        """None when the station may send `action` now, else why not. Uses up one triggered message."""
        if record.registration == ACCEPTED or action == "BootNotification":
            return None
        if record.registration is None and self.registration != STRICT:
            return None
        if _was_asked_for(record, action, request):
            return None
        if record.registration is None:
            text = f"{action} from a station that has not booted"
            return Verdict(text, "1.6 §4.2; J-errata 3.10" if version is V16 else "B01.FR.01, B01.FR.10")
        text = f"{action} while the registration is {record.registration}, and nothing of ours asked for it"
        return Verdict(text, _clause(version, record.registration))

    def expect(self, session: Session, action: str, request: Payload) -> None:
        """Take note of a call of ours that is being sent: what it asks for may come before its answer."""
        record = session.station
        if action in ("TriggerMessage", "ExtendedTriggerMessage"):
            if record.registration != ACCEPTED:
                _permit(record, request)
        elif action in _ALL_REPORT_CALLS and "requestId" in request:
            record.expect_report(request["requestId"], action)

    def answered(self, session: Session, action: str, request: Payload, answer: Payload) -> None:
        """Take note of the answer to a call of ours: what was refused will not come."""
        if answer.get("status", ACCEPTED) == ACCEPTED:
            return
        record = session.station
        if action in ("TriggerMessage", "ExtendedTriggerMessage"):
            _withdraw(record, request)
        elif record.expected and action in _ALL_REPORT_CALLS:
            record.expected.pop(request.get("requestId", 0), None)

    def _next(self, record: StationRecord, version: Version) -> str:
        sequence = self.sequence_of(record.id, version)
        at = self._boots if self.upstream else record.boots
        self._boots += 1
        record.boots += 1
        return sequence[min(at, len(sequence) - 1)]

    def sequence_of(self, station: str, version: Version) -> tuple[str, ...]:
        """The boot sequence of `station`; 2.x identities do not differ by case (part 4 §3.1.1)."""
        own = self.per_station.get(station)
        if own is None and self.per_station and version is not V16:
            folded = station.lower()
            own = next((s for name, s in self.per_station.items() if name.lower() == folded), None)
        return own or self.sequence

    def _note_early(self, session: Session, record: StationRecord, now: float) -> None:
        """A boot before the interval is over, unless we triggered it (B02.FR.04, B03.FR.06; 1.6 §4.2)."""
        if _was_asked_for(record, "BootNotification", {}) or record.due is None or now >= record.due[1]:
            return
        clause = "B02.FR.04" if record.registration == "Pending" else "B03.FR.02"
        if session.version is V16:
            clause = "1.6 §4.2"
        text = f"BootNotification {record.due[1] - now:.1f} s before the interval of the last answer was over"
        session.note("early_boot", text, clause=clause)


def _checked(sequence: Sequence[str], what: str) -> tuple[str, ...]:
    if not sequence:
        raise ValueError(f"{what} is empty")
    for status in sequence:
        if status not in STATUSES:
            raise ValueError(f"{what}: {status!r} is not a registration status ({', '.join(STATUSES)})")
    return tuple(sequence)


def _clause(version: Version, registration: str) -> str:
    if version is V16:
        return "1.6 §4.2; J-errata 3.10"
    return "B02.FR.09" if registration == "Pending" else "B03.FR.07"


def _was_asked_for(record: StationRecord, action: str, request: Payload) -> bool:
    """Whether a call of ours asked for the message. Counts one that was asked for once."""
    if action == "NotifyReport":
        asked = record.expected.get(request["requestId"]) if record.expected else None
        return asked in _REPORT_CALLS  # GetMonitoringReport is not among those that B02.FR.02 names
    for name in (action, ANYTHING):
        left = record.triggered.get(name, 0) if record.triggered else 0
        if left > 0 and record.triggered is not None:
            record.triggered[name] = left - 1
        if left:
            return True
    return False


def _permit(record: StationRecord, request: Payload) -> None:
    """Enter what a TriggerMessage asks for, with how many of it."""
    trigger = request["requestedMessage"]
    many = trigger in _ONE_FOR_EACH and not _names_a_connector(request)
    if record.triggered is None:
        record.triggered = {}
    for action in _RENAMED.get(trigger, (trigger,)):
        left = record.triggered.get(action, 0)
        record.triggered[action] = ANY_NUMBER if many or left < 0 else left + 1


def _withdraw(record: StationRecord, request: Payload) -> None:
    trigger = request["requestedMessage"]
    for action in _RENAMED.get(trigger, (trigger,)):
        if record.triggered and record.triggered.get(action, 0) > 0:
            record.triggered[action] -= 1


def _names_a_connector(request: Payload) -> bool:
    """Whether a trigger names one connector: then one message comes, else one for each (F06.FR.12-13)."""
    if request.get("connectorId"):
        return True
    evse = request.get("evse")
    return evse is not None and ("connectorId" in evse or request["requestedMessage"] != "StatusNotification")
