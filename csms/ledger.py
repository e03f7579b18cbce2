"""The transactions of all stations, in both families of OCPP, across reconnects.

1.6: the CSMS numbers them, from 1000 upwards. A StartTransaction that comes again (same connector, tag, time and
meter reading) gets the number it had: a station repeats it until it is answered (1.6 §3.7.1, J-errata 3.1).
2.x: the station names them and numbers their events; transaction id and `seqNo` are the key. Each message is
entered once however often it was sent, nothing is ever refused for its content (1.6 §4.8, §4.10).

What is odd is noted: `seqno_gap`, `seqno_duplicate`, `late_event`, `event_after_end`, `transaction_id_reused`,
`duplicate_start`, `duplicate_stop`, `signed_meter_values`, and what `csms.oddities` has. Only what breaks a rule of
the standard carries a clause; a repeated or late message does not.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, NamedTuple

from csms import oddities
from csms.oddities import Oddity
from csms.record import Account, StationRecord
from csms.transaction import AGAIN, FILLS, FRESH, Power, Sequence, Transaction, registers
from shared.clock import between
from shared.dispatch import Payload

if TYPE_CHECKING:
    from csms.session import Session

FIRST_ID = 1000
MOST_OPEN = 1000
SEQUENCE = "E01.FR.07; part 2 E §1.3.2"
LAST = "part 2 TransactionEventEnumType: Ended is the last event"


class Bill(NamedTuple):
    """One closed transaction as it would be billed: Wh (None when readings are missing), wire timestamps."""

    transaction: int | str
    evse: int
    connector: int
    token: str
    started: str
    stopped: str
    energy: float | None
    reason: str


class Ledger:
    """Owns the transactions in every `StationRecord`. `counts` says how often each note was made."""

    __slots__ = ("_charging", "counts", "next_id", "upstream")

    def __init__(self, *, first_id: int = FIRST_ID, upstream: bool = False) -> None:
        self.next_id = first_id
        self.upstream = upstream
        self.counts: dict[str, int] = {}
        self._charging: dict[str, list[tuple[str, int | str]]] = {}
        """Token in lower case -> the stations and open transactions it charges in."""

    # --- what others ask -----------------------------------------------------------------------------------

    def open(
        self, record: StationRecord, evse: int | None = None, connector: int | None = None
    ) -> list[Transaction]:
        """The open transactions of a station, oldest first; of one EVSE (2.x) or connector only if given."""
        if record.account is None:
            return []
        return [
            transaction
            for transaction in record.account.open.values()
            if evse in (None, transaction.evse) and connector in (None, transaction.connector)
        ]

    def billed(self, record: StationRecord) -> list[Bill]:
        """The closed transactions of a station in the order in which they ended (the last 1,000)."""
        if record.account is None:
            return []
        return [
            Bill(t.id, t.evse, t.connector, t.token, t.started, t.stopped, t.energy, t.reason)
            for t in record.account.closed.values()
        ]

    def charges_elsewhere(self, token: str, station: str, transaction: int | str | None) -> bool:
        """Whether `token` (in lower case) has an open transaction other than this one.

        Without a `transaction`, one at this station does not count: its driver may be about to end it.
        """
        found = self._charging.get(token, ())
        if transaction is None:
            return any(where != station for where, _ in found)
        return any(entry != (station, transaction) for entry in found)

    def restore(self, records: Iterable[StationRecord]) -> None:
        """Take up records that were read from disk: their ids are not given again."""
        for record in records:
            if record.account is None:
                continue
            for transaction in (*record.account.open.values(), *record.account.closed.values()):
                if isinstance(transaction.id, int):
                    self.next_id = max(self.next_id, transaction.id + 1)
            for transaction in record.account.open.values():
                self._charges(record, transaction)

    # --- 1.6 -----------------------------------------------------------------------------------------------

    def begin(
        self,
        session: Session,
        *,
        connector: int,
        token: str,
        timestamp: str,
        meter: float,
        reservation: int | None = None,
    ) -> Transaction:
        """Enter a StartTransaction: a new transaction, or the one that this very message began before."""
        record = session.station
        account = record.transactions
        key = (connector, token, timestamp, meter)
        known = account.starts.get(key)
        if known is not None:
            text = f"StartTransaction of connector {connector} came again: it stays transaction {known.id}"
            self._note(session, "duplicate_start", text, transaction=known.id)
            return known
        made = Transaction(self._new_id(session))
        made.connector = connector
        made.token = token
        made.started = timestamp
        made.meter_start = made.meter_last = float(meter)
        made.reservation = reservation
        made.start_key = key
        account.starts[key] = made
        self._add(record, account, made)
        self._charges(record, made)
        use_reservation(record, reservation)
        self._began(session, made)
        self._say(
            session, oddities.late_16("StartTransaction", made.id, timestamp, session.csms.clock.time())
        )
        return made

    def finish(
        self, session: Session, id: int, *, timestamp: str, meter: float, reason: str, token: str
    ) -> Transaction | None:
        """Enter a StopTransaction; None when there is no such transaction. Never a reason to refuse (1.6 §4.10)."""
        record = session.station
        account = record.transactions
        transaction = account.open.get(id)
        if transaction is None:
            closed = account.closed.get(id)
            self._say(session, oddities.stray_stop(id, closed, timestamp))
            return closed
        below = oddities.stop_below_start(transaction, float(meter))
        if below is None and not oddities.is_rounded(transaction.meter_last, meter):
            self._read(session, transaction, float(meter), in_order=True)
        else:
            self._say(session, below)
            transaction.meter_last = float(meter)
        transaction.stopped = timestamp
        transaction.reason = reason or "Local"  # 1.6 §4.10: an omitted reason is Local
        transaction.token = transaction.token or token
        self._close(record, transaction)
        self._say(session, oddities.late_16("StopTransaction", id, timestamp, session.csms.clock.time()))
        return transaction

    def find_16(self, session: Session, id: int, values: list[Payload]) -> Transaction | None:
        """The transaction that a MeterValues with these `values` names; one that it cannot mean is noted."""
        account = session.station.account
        if account is not None and id in account.open:
            return account.open[id]
        found = account.closed.get(id) if account is not None else None
        first = values[0].get("timestamp", "") if values else ""
        self._say(session, oddities.stray_values(id, found, first))
        return found

    # --- 2.x -----------------------------------------------------------------------------------------------

    def event(
        self, session: Session, id: str, number: int, kind: str, timestamp: str, offline: bool
    ) -> tuple[Transaction, bool, bool]:
        """Enter a TransactionEvent of `kind` Started, Updated or Ended.

        Gives its transaction, whether the event is new (else it was sent before), and whether it is in order
        (else one with a higher number came before it).
        """
        account = session.station.account or session.station.transactions
        transaction = account.open.get(id)
        if transaction is not None and kind == "Updated" and not offline and not transaction.stopped:
            sequence = transaction.sequence
            if sequence is not None and number == sequence.high + 1:  # what nearly always happens
                sequence.high = number
                transaction.last_event = (number, kind, timestamp)
                return transaction, True, True
        transaction = transaction or account.closed.get(id)
        if transaction is not None and kind == "Started" and _is_used_again(transaction, timestamp):
            self._set_aside(session, account, transaction)
            transaction = None
        if transaction is None:
            transaction = self._learn(session, account, id, number, kind)
            arrival, expected = FRESH, number
        else:
            sequence = transaction.sequence
            assert sequence is not None, "a 2.x transaction always has a sequence"
            expected = sequence.high + 1
            arrival = sequence.take(number)
            if number > expected:
                self._note_gap(session, id, expected, number)
        if arrival == AGAIN and self._is_repeat(session, transaction, number, kind, timestamp):
            return transaction, False, False
        if arrival == FILLS:
            text = f"event {number} of transaction {id} came after later ones"
            self._note(session, "late_event", text, transaction=id, expected=expected, got=number)
        elif offline:
            text = f"event {number} happened offline"
            self._note(session, "late_event", text, transaction=id, expected=expected, got=number)
        if transaction.stopped and kind != "Ended" and arrival != FILLS:
            text = f"{kind} {number} of transaction {id} after its end"
            self._note(session, "event_after_end", text, clause=LAST, transaction=id, got=number)
        if arrival != FILLS:
            transaction.last_event = (number, kind, timestamp)
        if kind == "Started":
            transaction.started = timestamp
        return transaction, True, arrival != FILLS

    def end(self, session: Session, transaction: Transaction, timestamp: str, reason: str) -> None:
        """Close a 2.x transaction."""
        transaction.stopped = timestamp
        transaction.reason = reason or "Local"  # E06.FR.09: an omitted reason is Local
        self._close(session.station, transaction)

    def presented(self, session: Session, transaction: Transaction, token: str, kind: str) -> None:
        """Enter the token that a 2.x event brought: the first one is the transaction's."""
        if not transaction.token:
            transaction.token = token
            transaction.token_type = kind
            if not transaction.stopped:
                self._charges(session.station, transaction)

    # --- meter values --------------------------------------------------------------------------------------

    def sample(
        self,
        session: Session,
        transaction: Transaction | None,
        values: list[Payload],
        *,
        in_order: bool = True,
    ) -> None:
        """Enter the register readings among `values`, for `transaction` if they belong to one."""
        first, last, signed, watts = registers(values, session.version)
        if signed:
            text = f"{signed} signed meter value{'s' if signed > 1 else ''}, kept as they came, not verified"
            self._note(session, "signed_meter_values", text, count=signed)
        if last is None or first is None or transaction is None:
            return
        if transaction.meter_start is None:
            transaction.meter_start = first
            self._began(session, transaction)
        if watts is not None and transaction.power != ():
            self._compare_power(session, transaction, (values[-1].get("timestamp", ""), watts, last))
        before = transaction.meter_last
        if before is None or last >= before:  # what nearly always happens
            transaction.meter_last = last
        else:
            self._read(session, transaction, last, in_order=in_order)

    def _read(self, session: Session, transaction: Transaction, reading: float, *, in_order: bool) -> None:
        before = transaction.meter_last
        if before is None or reading >= before:
            transaction.meter_last = reading
        elif in_order:
            self._say(session, oddities.fell(transaction, before, reading, session.version))
            transaction.meter_last = reading
        elif transaction.meter_start is not None and reading < transaction.meter_start:
            transaction.meter_start = reading  # an early reading that came late

    # --- inside --------------------------------------------------------------------------------------------

    def _note(self, session: Session, name: str, text: str, *, clause: str = "", **detail: Any) -> None:
        self.counts[name] = self.counts.get(name, 0) + 1
        session.note(name, text, clause=clause, **detail)

    def _say(self, session: Session, oddity: Oddity | None) -> None:
        if oddity is not None:
            self._note(session, oddity.name, oddity.text, clause=oddity.clause, **oddity.detail)

    def _compare_power(self, session: Session, transaction: Transaction, now: Power) -> None:
        """Whether the energy goes with the power; told once for each transaction."""
        before = transaction.power
        if not before:
            transaction.power = now
            return
        try:
            time = between(before[0], now[0])
        except ValueError:
            return
        least = before[1] if before[1] < now[1] else now[1]
        if least * time / 3600 >= oddities.LEAST_ENERGY:
            odd = oddities.power_disagrees(transaction, before, now, time)
            transaction.power = now if odd is None else ()
            self._say(session, odd)
        elif least < oddities.LEAST_POWER:  # else too little has flowed to compare, and more is flowing
            transaction.power = now

    def _began(self, session: Session, transaction: Transaction) -> None:
        """The first reading of a transaction is known: it goes on where the register was."""
        registers = session.station.transactions.registers
        if registers is not None:
            last = registers.get((transaction.evse, transaction.connector))
            self._say(session, oddities.begins_anew(transaction, last))

    def _new_id(self, session: Session) -> int:
        if self.upstream:
            return session.new_request_id()
        self.next_id += 1
        return self.next_id - 1

    def _charges(self, record: StationRecord, transaction: Transaction) -> None:
        if transaction.token:
            entry = (record.id, transaction.id)
            self._charging.setdefault(transaction.token.lower(), []).append(entry)

    def _close(self, record: StationRecord, transaction: Transaction) -> None:
        record.transactions.close(transaction)
        entries = self._charging.get(transaction.token.lower(), [])
        entry = (record.id, transaction.id)
        if entry in entries:
            entries.remove(entry)
            if not entries:
                del self._charging[transaction.token.lower()]

    def _learn(self, session: Session, account: Account, id: str, number: int, kind: str) -> Transaction:
        """A 2.x transaction that is new here. One without an id is answered but not kept."""
        made = Transaction(id)
        made.sequence = Sequence(number)
        if not id:
            session.note("empty_transaction_id", f"{kind} names no transaction", clause="E01.FR.08")
            return made
        self._add(session.station, account, made)
        self._say(session, oddities.first_event(id, number, kind))
        return made

    def _set_aside(self, session: Session, account: Account, old: Transaction) -> None:
        """A station began another transaction under an id that it had used: the old one stays billed."""
        text = f"another transaction begins under the id {old.id}"
        self._note(session, "transaction_id_reused", text, clause="E01.FR.08", transaction=old.id)
        if not old.stopped:
            self._close(session.station, old)
        account.set_aside(old)

    def _add(self, record: StationRecord, account: Account, made: Transaction) -> None:
        """Enter an open transaction; a station that never ends any does not fill our memory."""
        account.open[made.id] = made
        if len(account.open) > MOST_OPEN:
            self._close(record, next(iter(account.open.values())))

    def _note_gap(self, session: Session, id: str, expected: int, number: int) -> None:
        text = f"event {number} of transaction {id}, where {expected} was to come"
        self._note(session, "seqno_gap", text, clause=SEQUENCE, transaction=id, expected=expected, got=number)

    def _is_repeat(
        self, session: Session, transaction: Transaction, number: int, kind: str, timestamp: str
    ) -> bool:
        """Whether an event whose number came before is the same event again, or another with that number."""
        last = transaction.last_event
        same_as_last = last == (number, kind, timestamp)
        is_last = last is not None and last[0] == number
        another = (is_last and not same_as_last) or (kind == "Ended" and not transaction.stopped)
        expected = transaction.sequence.high + 1 if transaction.sequence else number + 1
        text = f"event {number} of transaction {transaction.id} " + (
            f"is another than the {last[1] if last else 'one'} that had this number"
            if another
            else "came again"
        )
        self._note(
            session,
            "seqno_duplicate",
            text,
            clause=SEQUENCE if another else "",
            transaction=transaction.id,
            expected=expected,
            got=number,
        )
        return not another


def _is_used_again(transaction: Transaction, timestamp: str) -> bool:
    """Whether a Started begins another transaction: it has another time, and the old one went on since."""
    went_on = transaction.last_event is not None and transaction.last_event[1] != "Started"
    return went_on and transaction.started not in ("", timestamp)


def use_reservation(record: StationRecord, reservation: int | None) -> None:
    """A transaction that names a reservation ends it (1.6 §4.8; H01.FR.15)."""
    if reservation is not None and record.reservations:
        record.reservations.pop(reservation, None)
