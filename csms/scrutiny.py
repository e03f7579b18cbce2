"""What stations say that no schema can object to: times, statuses and tokens that cannot be, and promises not kept.

Everything is served all the same (1.6 §4.7 to §4.10); a note says what was wrong. It has a clause where the station
broke a rule, and none where it only did what it need not: a clock that is off (setting it is RECOMMENDED, 1.6
§4.2), a local time without an offset in 1.6 (ISO 8601 allows it, §3.15), a status that 1.6's table has no way to
(MinimumStatusDuration lets some go unreported, §4.9).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from csms.promises import asked, check_report, promised, reset_due
from shared.clock import parse, text
from shared.dispatch import Payload
from shared.versions import V16

if TYPE_CHECKING:
    from csms.record import StationRecord
    from csms.session import Session

AHEAD = 60.0
"""Seconds that a station's clock may be ahead of ours."""

NEVER_SET = "2010"
"""A time before this year is that of a clock that nobody has set."""

REFRESHED = 0.1
"""Seconds for which a text is good that times are compared with: stations whose clocks are ahead come in crowds."""

MOST_BITS = 256

STATION_STATUSES = ("Available", "Unavailable", "Faulted")

_NEXT: dict[str, frozenset[str]] = {
    # 1.6 §4.9, the table of status transitions; Faulted goes back to whatever was before, Faulted and Unavailable
    # are reached from anywhere that has a cell for it
    "Available": frozenset(
        {"Preparing", "Charging", "SuspendedEV", "SuspendedEVSE", "Reserved", "Unavailable", "Faulted"}
    ),
    "Preparing": frozenset({"Available", "Charging", "SuspendedEV", "SuspendedEVSE", "Finishing", "Faulted"}),
    "Charging": frozenset(
        {"Available", "SuspendedEV", "SuspendedEVSE", "Finishing", "Unavailable", "Faulted"}
    ),
    "SuspendedEV": frozenset(
        {"Available", "Charging", "SuspendedEVSE", "Finishing", "Unavailable", "Faulted"}
    ),
    "SuspendedEVSE": frozenset(
        {"Available", "Charging", "SuspendedEV", "Finishing", "Unavailable", "Faulted"}
    ),
    "Finishing": frozenset({"Available", "Preparing", "Unavailable", "Faulted"}),
    "Reserved": frozenset({"Available", "Preparing", "Unavailable", "Faulted"}),
    "Unavailable": frozenset(
        {"Available", "Preparing", "Charging", "SuspendedEV", "SuspendedEVSE", "Faulted"}
    ),
}

_READINGS = frozenset({"MeterValuePeriodic", "MeterValueClock"})
_WITHOUT_ENERGY = frozenset({"Preparing", "Charging", "SuspendedEV", "SuspendedEVSE", "Finishing"})
_WARNING_ONLY = frozenset({"Preparing", "SuspendedEV", "SuspendedEVSE", "Finishing"})


UNREADABLE = (AttributeError, IndexError, KeyError, TypeError)
"""What a check may raise for a payload that breaks its schema."""


class Scrutiny:
    """Looks at every message of every station before it is answered."""

    __slots__ = ("_until", "horizon")

    def __init__(self) -> None:
        self.horizon = ""
        """The latest time that a station's clock can show, as text; not made anew before `_until` (Unix seconds)."""
        self._until = 0.0

    def look(self, session: Session, action: str, request: Payload) -> None:
        """Note what is wrong with a message that the station may send. Never raises for what a payload holds."""
        if session.station.reset_due is not None:
            reset_due(session, action)
        if action in CHECKS:
            try:
                CHECKS[action](self, session, request)
            except UNREADABLE:
                pass  # what breaks the schema, where that is let through, has its finding

    def asks(self, session: Session, action: str, request: Payload) -> None:
        """To be called when a call of ours goes out: what it asks for is what may come."""
        asked(session.station, action, request)

    def answered(self, session: Session, action: str, request: Payload, answer: Payload) -> None:
        """To be called with the answer to a call of ours: a promise, or what became of one."""
        promised(session, action, request, answer)

    # --- time --------------------------------------------------------------------------------------------

    def time(self, session: Session, stamp: Any) -> None:
        """A timestamp at the top of a message."""
        if not isinstance(stamp, str):
            return
        if len(stamp) <= 24 and stamp[-1:] == "Z":
            if NEVER_SET <= stamp <= self.horizon:  # what nearly always happens: compared as it stands
                return
            now = session.csms.clock.time()
            if now > self._until:
                self.horizon, self._until = text(now + AHEAD), now + REFRESHED
                if NEVER_SET <= stamp <= self.horizon:
                    return
        else:
            self._form(session, stamp)
        self._compare(session, stamp)

    def _form(self, session: Session, stamp: str) -> None:
        rest = stamp.upper().partition("T")[2]
        digits = rest.partition(".")[2].rstrip("Z").partition("+")[0].partition("-")[0]
        if len(digits) > 3 and session.version is not V16:
            self._once(session, "long_fraction", f"{stamp} has more than three decimals", "part 2 §3.1")
        if rest and not rest.endswith("Z") and "+" not in rest and "-" not in rest and session.version is V16:
            # 2.x: the schema has found it already (RFC 3339)
            self._once(session, "no_offset", f"{stamp} has no offset: read as UTC (1.6 §3.14 recommends UTC)")

    def _compare(self, session: Session, stamp: str) -> None:
        try:
            ahead = parse(stamp) - session.csms.clock.time()
        except ValueError:
            return
        if ahead > AHEAD:
            self._once(session, "clock_off", f"{stamp} is {ahead:.0f} s from now: its clock is ahead")
        elif stamp < NEVER_SET:
            self._once(session, "clock_off", f"{stamp}: its clock was never set")

    def _once(self, session: Session, name: str, words: str, clause: str = "") -> None:
        if name not in session.said:  # a wrong clock is told once for each connection
            session.said += (name,)
            session.note(name, words, clause=clause)


# --- one function for each action -------------------------------------------------------------------------------


def _boot(scrutiny: Scrutiny, session: Session, request: Payload) -> None:
    record = session.station
    record.settings = record.reset_due = None  # what it was told before may be otherwise now
    if session.booted and record.registration == "Accepted":
        session.note("boot_again", "BootNotification again on the same connection, although it was accepted")
    session.booted = True


def _status_16(scrutiny: Scrutiny, session: Session, request: Payload) -> None:
    connector, status, error = (request.get(n) for n in ("connectorId", "status", "errorCode"))
    if not isinstance(connector, int) or not isinstance(status, str):
        return
    if status == "Faulted" and error == "NoError":
        words = f"connector {connector} is Faulted, and there is no error to report"
        session.note("faulted_without_error", words, clause="1.6 §7.6, §7.7")
    if error == "EVCommunicationError" and status not in _WARNING_ONLY:
        session.note("error_with_status", f"EVCommunicationError with status {status}", clause="1.6 §4.9")
    if connector == 0:
        if status not in STATION_STATUSES:
            words = f"connector 0 is {status}: the station itself is Available, Unavailable or Faulted"
            session.note("station_status", words, clause="1.6 §4.9, §7.7")
        return
    if session.told & _bit(connector):  # what happened between two connections need not be told (1.6 §4.9)
        _transition(session, connector, status)
    session.told |= _bit(connector)


def _bit(number: int) -> int:
    """The bit of an EVSE or connector; there is none for what is beyond any station."""
    return 1 << number if 0 < number < MOST_BITS else 0


def _transition(session: Session, connector: int, status: str) -> None:
    record = session.station
    before = (record.statuses or {}).get((0, connector))
    if before is not None and before != status and status not in _NEXT.get(before, (status,)):
        words = f"connector {connector} is {status} after {before}: 1.6 §4.9 has no such way; was one not reported?"
        session.note("status_transition", words)
    if status in _WITHOUT_ENERGY and status != "Finishing":
        runs = bool(session.csms.ledger.open(record, 0, connector))
        if runs is (status == "Preparing"):
            which = "a transaction is open" if runs else "no transaction is open"
            session.note("status_order", f"connector {connector} is {status}, where {which}")


def _status(scrutiny: Scrutiny, session: Session, request: Payload) -> None:
    scrutiny.time(session, request.get("timestamp"))
    if session.version is V16:
        _status_16(scrutiny, session, request)
    else:
        session.told |= _bit(request["evseId"])


def _token_16(scrutiny: Scrutiny, session: Session, request: Payload) -> None:
    if request.get("idTag") == "":
        session.note("empty_token", "an idTag of no characters names nobody")  # CiString20Type allows it
    scrutiny.time(session, request.get("timestamp"))


def _token_2x(session: Session, token: Any) -> None:
    if isinstance(token, dict) and token.get("idToken") == "" and token.get("type") != "NoAuthorization":
        words = f"an idToken of type {token.get('type')} with no characters"
        session.note(
            "empty_token", words, clause="C02.FR.01"
        )  # which leaves it empty for NoAuthorization only


def _authorize(scrutiny: Scrutiny, session: Session, request: Payload) -> None:
    if session.version is V16:
        _token_16(scrutiny, session, request)
    else:
        _token_2x(session, request.get("idToken"))


def _event(scrutiny: Scrutiny, session: Session, request: Payload) -> None:
    stamp = request["timestamp"]
    if not NEVER_SET <= stamp <= scrutiny.horizon or stamp[-1] != "Z" or len(stamp) > 24:
        scrutiny.time(session, stamp)
    trigger = request["triggerReason"]
    if "idToken" in request:
        _token_2x(session, request["idToken"])
    elif trigger == "Authorized" and request["eventType"] != "Ended":
        known = session.station.account.open.get(_id_of(request)) if session.station.account else None
        if known is None or not known.token:
            words = f"{request['eventType']} because of an authorization, and the token is missing"
            session.note("authorized_without_token", words, clause="E02.FR.01, E03.FR.01")
    if trigger in _READINGS and session.told and not request.get("offline"):
        _charging_while_available(session, request)


def _id_of(request: Payload) -> str:
    return str(request["transactionInfo"]["transactionId"])


def _charging_while_available(session: Session, request: Payload) -> None:
    """A reading amid a transaction, at a connector that was never reported Occupied."""
    record: StationRecord = session.station
    if record.account is None or record.statuses is None:
        return
    transaction = record.account.open.get(_id_of(request))
    if transaction is None or transaction.charging_state != "Charging":
        return
    place = (transaction.evse, transaction.connector)
    if record.statuses.get(place) == "Available" and session.told & _bit(place[0]):
        words = f"EVSE {place[0]} connector {place[1]} was last reported Available, and an EV charges there"
        session.note("status_missing", words, clause="G01.FR.03", transaction=transaction.id)


def _values(scrutiny: Scrutiny, session: Session, request: Payload) -> None:
    stamp = request["meterValue"][0]["timestamp"]
    if not NEVER_SET <= stamp <= scrutiny.horizon or stamp[-1] != "Z" or len(stamp) > 24:
        scrutiny.time(session, stamp)


def _events(scrutiny: Scrutiny, session: Session, request: Payload) -> None:
    scrutiny.time(session, request.get("generatedAt"))
    for datum in request["eventData"]:
        if datum["variable"]["name"] == "AvailabilityState":
            session.told |= _bit(datum["component"]["evse"]["id"])


def _report(scrutiny: Scrutiny, session: Session, request: Payload) -> None:
    scrutiny.time(session, request.get("generatedAt"))
    check_report(session, request)


def _timed(scrutiny: Scrutiny, session: Session, request: Payload) -> None:
    scrutiny.time(session, request.get("timestamp"))


CHECKS: dict[str, Callable[[Scrutiny, Session, Payload], None]] = {
    "BootNotification": _boot,
    "StatusNotification": _status,
    "Authorize": _authorize,
    "StartTransaction": _token_16,
    "StopTransaction": _timed,
    "TransactionEvent": _event,
    "MeterValues": _values,
    "NotifyEvent": _events,
    "NotifyReport": _report,
    "SecurityEventNotification": _timed,
}
