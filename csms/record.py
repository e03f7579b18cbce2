"""What the CSMS remembers of one station, across its connections.

A station that reconnects does not boot again (OCPP-J 1.6 §5.4, 2.x part 4 §5.3/5.4), so its registration, its
open transactions and what we asked of it must outlive the connection. Everything here can be written as JSON.
Members that most stations never need are None until first used: there may be thousands of records.
"""

from __future__ import annotations

from typing import Any

from csms.transaction import Transaction
from shared.versions import Version, version

Payload = dict[str, Any]
Place = tuple[int, int]
"""EVSE and connector. EVSE 0 is the station itself in 2.x, and all that 1.6 has: its connector n is (0, n)."""

MOST_REPORTS = 16
MOST_CLOSED = 1000
MOST_STATUSES = 1000
MOST_MONITORS = 1000

_OF_ONE_RUN = ("due", "filters", "reset_due", "settings", "warned")


class Report:
    """The parts of one report that the station sends under one `requestId`, in the order in which they came."""

    __slots__ = ("action", "complete", "next_number", "parts", "request_id")

    def __init__(self, request_id: int, action: str) -> None:
        self.request_id = request_id
        self.action = action
        self.parts: list[Payload] = []
        self.next_number = 0
        self.complete = False

    def items(self, member: str) -> list[Any]:
        """All entries of `member` (`reportData`, `monitor`, `messageInfo`, ...) of all parts, in order."""
        return [entry for part in self.parts for entry in part.get(member, ())]

    def to_json(self) -> Payload:
        """Everything as plain JSON values."""
        return {name: getattr(self, name) for name in self.__slots__}

    @classmethod
    def from_json(cls, saved: Payload) -> Report:
        """The report that `to_json` wrote."""
        made = cls(saved["request_id"], saved["action"])
        for name, value in saved.items():
            setattr(made, name, value)
        return made


class Account:
    """The transactions of one station: open ones and the last closed ones, each oldest first."""

    __slots__ = ("closed", "open", "registers", "starts")

    def __init__(self) -> None:
        self.registers: dict[Place, float] | None = None
        """What the register of a connector (EVSE 0 in 1.6) showed last in a transaction that is over: Wh."""
        self.open: dict[int | str, Transaction] = {}
        self.closed: dict[int | str, Transaction] = {}
        self.starts: dict[tuple[Any, ...], Transaction] = {}
        """1.6: what a StartTransaction said -> its transaction, so that a repeated one gets the same id."""

    def find(self, id: int | str) -> Transaction | None:
        """The transaction called `id`, open or closed."""
        return self.open.get(id) or self.closed.get(id)

    def close(self, transaction: Transaction) -> None:
        """Move `transaction` to the closed ones; of those the oldest goes when there are too many."""
        self.open.pop(transaction.id, None)
        self.closed[transaction.id] = transaction
        if transaction.meter_last is not None and transaction.connector:
            self.registers = self.registers or {}
            self.registers[transaction.evse, transaction.connector] = transaction.meter_last
            _bound(self.registers, MOST_STATUSES)
        if len(self.closed) > MOST_CLOSED:
            oldest = self.closed.pop(next(iter(self.closed)))
            if oldest.start_key is not None and self.starts.get(oldest.start_key) is oldest:
                del self.starts[oldest.start_key]

    def set_aside(self, transaction: Transaction) -> None:
        """Free the id of a closed transaction for another one; it stays among the closed."""
        del self.closed[transaction.id]
        self.closed[f"{transaction.id} of {transaction.started}"] = transaction

    def to_json(self) -> Payload:
        """Everything as plain JSON values."""
        return {
            "open": [t.to_json() for t in self.open.values()],
            "closed": [t.to_json() for t in self.closed.values()],
        }

    @classmethod
    def from_json(cls, saved: Payload) -> Account:
        """The account that `to_json` wrote."""
        made = cls()
        for where, entries in ((made.open, saved["open"]), (made.closed, saved["closed"])):
            for entry in entries:
                transaction = Transaction.from_json(entry)
                taken = transaction.id in made.open or transaction.id in made.closed
                key = f"{transaction.id} of {transaction.started}" if taken else transaction.id
                where[key] = transaction
                if transaction.start_key is not None:
                    made.starts[transaction.start_key] = transaction
        return made


class StationRecord:
    """One station, by its identity. The CSMS owns the records; registrar, ledger and handlers write in them."""

    __slots__ = (
        "account",
        "boot",
        "boots",
        "due",
        "dynamic_profiles",
        "expected",
        "filters",
        "id",
        "last",
        "limits",
        "local_list_version",
        "monitors",
        "registration",
        "reports",
        "reservations",
        "reset_due",
        "schedules",
        "secret",
        "settings",
        "settlements",
        "settles_here",
        "statuses",
        "streams",
        "triggered",
        "version",
        "warned",
        "web_payments",
    )

    def __init__(self, id: str, version: Version | None = None) -> None:
        self.id = id
        self.version = version
        self.registration: str | None = None
        """Accepted, Pending or Rejected as last answered; None: never booted with us."""
        self.boots = 0
        """Boots answered: the index into the station's boot sequence."""
        self.boot: Payload | None = None
        """The last BootNotification."""
        self.due: tuple[int, float] | None = None
        """Connection and Unix seconds: before then that connection should bring no further boot."""
        self.warned = 0
        """The connection that was warned about last for not having booted."""
        self.triggered: dict[str, int] | None = None
        """Action -> how many of it we asked for while not accepted; -1: as many as it takes."""
        self.expected: dict[int, str] | None = None
        """requestId -> the call of ours that a report is owed to."""
        self.reports: dict[int, Report] | None = None
        self.account: Account | None = None
        self.statuses: dict[Place, str] | None = None
        self.local_list_version: int | None = None
        self.reservations: dict[int, Payload] | None = None
        """Reservation id -> our ReserveNow that was accepted and is not over."""
        self.streams: dict[int, Payload] | None = None
        """Open periodic event streams (2.1): stream id -> what is known of it and its last values."""
        self.monitors: dict[int, Payload] | None = None
        """Monitor id -> component, variable, type and severity as we set it or as it was reported."""
        self.dynamic_profiles: dict[int, Payload] | None = None
        """Charging profiles of kind Dynamic that we set (2.1): id -> profile."""
        self.schedules: dict[int, Payload] | None = None
        """EVSE -> the TxProfile that we set there last."""
        self.filters: dict[int, list[tuple[str, str]]] | None = None
        """requestId of a GetReport -> the components and variables ("": all) that it named, in lower case."""
        self.settings: dict[str, str] | None = None
        """Settings that the station has accepted since it booted: name in lower case -> value."""
        self.reset_due: tuple[int, float] | None = None
        """Connection and elapsed seconds: by then it should have restarted, as it said it would."""
        self.limits: dict[int, Payload] | None = None
        """remoteStartId -> the transactionLimit that its transaction is to have (2.1)."""
        self.settlements: dict[str, Payload] | None = None
        """Reference and transaction -> a NotifySettlement, and its number in our own count (2.1)."""
        self.settles_here = False
        """Whether settling is ours, as the station took it from us: PaymentCtrlr.SettlementByCSMS (2.1)."""
        self.web_payments: dict[int, dict[str, str]] | None = None
        """EVSE (0: the station) -> variables of its WebPaymentsCtrlr as it took them from us: name in lower case ->
        value (2.1)."""
        self.secret: str | None = None
        """Of the password that we have given it, as `csms.passwords` keeps it."""
        self.last: dict[str, Payload] | None = None
        """Action -> its last payload, for the notifications that say how something goes."""

    @property
    def transactions(self) -> Account:
        """The station's transactions, made at the first use."""
        if self.account is None:
            self.account = Account()
        return self.account

    def remember(self, action: str, payload: Payload) -> None:
        """Keep `payload` as the last of its action."""
        if self.last is None:
            self.last = {}
        self.last[action] = payload

    def set_status(self, evse: int, connector: int, status: str) -> None:
        """Enter the status of a connector (or, with connector 0, of an EVSE or the whole station)."""
        if self.statuses is None:
            self.statuses = {}
        self.statuses[evse, connector] = status
        if len(self.statuses) > MOST_STATUSES:
            _bound(self.statuses, MOST_STATUSES)

    def set_monitor(self, id: int, known: Payload) -> None:
        """Enter what is known of a monitor (the last 1,000 are kept)."""
        if self.monitors is None:
            self.monitors = {}
        self.monitors[id] = known
        _bound(self.monitors, MOST_MONITORS)

    def open_stream(self, id: int, stream: Payload) -> None:
        """Enter a periodic event stream; one with the same id is replaced (the last 1,000 are kept)."""
        if self.streams is None:
            self.streams = {}
        self.streams[id] = stream
        _bound(self.streams, MOST_MONITORS)

    def expect_report(self, request_id: int, action: str) -> None:
        """Remember that we asked, with `action`, for the report `request_id`."""
        if self.expected is None:
            self.expected = {}
        self.expected[request_id] = action
        _bound(self.expected, MOST_REPORTS)

    def report(self, request_id: int, action: str) -> Report:
        """The report that `action` brings under `request_id`, begun when it is new. The last 16 are kept."""
        if self.reports is None:
            self.reports = {}
        found = self.reports.get(request_id)
        if found is None:
            found = self.reports[request_id] = Report(request_id, action)
            _bound(self.reports, MOST_REPORTS)
        return found

    def forget_report(self, request_id: int) -> None:
        """Drop the report `request_id`: a new one under the same id begins."""
        if self.reports is not None:
            self.reports.pop(request_id, None)

    def to_json(self) -> Payload:
        """Everything as plain JSON values; members that hold their default are left out."""
        empty = StationRecord(self.id)
        lasting = (name for name in self.__slots__ if name not in _OF_ONE_RUN)
        found = {name: v for name in lasting if (v := getattr(self, name)) != getattr(empty, name)}
        found["id"] = self.id
        if self.version is not None:
            found["version"] = self.version.name
        for name in _NUMBERED:
            if name in found:
                found[name] = {str(key): value for key, value in found[name].items()}
        if self.account is not None:
            found["account"] = self.account.to_json()
        if self.reports is not None:
            found["reports"] = [report.to_json() for report in self.reports.values()]
        if self.statuses is not None:
            found["statuses"] = [[evse, connector, s] for (evse, connector), s in self.statuses.items()]
        return found

    @classmethod
    def from_json(cls, saved: Payload) -> StationRecord:
        """The record that `to_json` wrote."""
        made = cls(saved["id"])
        for name, value in saved.items():
            setattr(made, name, _READERS[name](value) if name in _READERS else value)
        return made


_NUMBERED = ("expected", "reservations", "streams", "monitors", "dynamic_profiles", "schedules", "limits")
"""Members that are tables by a number."""


def _by_number(saved: Payload) -> dict[int, Any]:
    return {int(key): value for key, value in saved.items()}


def _bound(entries: dict[Any, Any], most: int) -> None:
    while len(entries) > most:
        del entries[next(iter(entries))]


_READERS: dict[str, Any] = {
    "version": version,
    "account": Account.from_json,
    "reports": lambda saved: {(made := Report.from_json(entry)).request_id: made for entry in saved},
    "statuses": lambda saved: {(evse, connector): status for evse, connector, status in saved},
    **dict.fromkeys(_NUMBERED, _by_number),
}
