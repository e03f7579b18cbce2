"""What is odd about the messages of transactions, in words: each function gives an `Oddity`, or None.

With a clause a rule of the standard is broken; without one it is a remark. The rules are few: a register never runs
backwards within a transaction (2.x J02.FR.16), a 1.6 transaction bears the number it was given (1.6 §6.49), and
the first event of a 2.x transaction is Started. A first seqNo other than 0 is allowed (part 2 E §1.3.2), and so is a
register that begins anew with each transaction.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from csms.transaction import Power, Transaction
from shared.clock import parse
from shared.versions import V16, Version

LATE = 60.0
"""Seconds after which a 1.6 transaction message counts as late: it was queued while offline (1.6 §3.7)."""

NO_ID = -1
"""What a 1.6 station calls a transaction whose start was never answered (errata 3.18)."""

TOO_MUCH = 20.0
"""Energy and power that differ by this factor do not tell of the same thing: by 1000 it is kWh for Wh."""

LEAST_POWER = 100.0
"""W below which nothing much flows."""

LEAST_ENERGY = 50.0
"""Wh below which energy and power are not compared: a register of whole kWh moves in steps of 1000."""


class Oddity(NamedTuple):
    """A note: its name, what happened, the clause that is broken ("" for a remark), and what belongs to it."""

    name: str
    text: str
    clause: str = ""
    detail: dict[str, Any] = {}


def stray_stop(id: int, closed: Transaction | None, timestamp: str) -> Oddity:
    """A StopTransaction of no open transaction."""
    about = {"transaction": id}
    if closed is not None and closed.stopped == timestamp:
        return Oddity("duplicate_stop", f"StopTransaction of {id}, which ended before", "", about)
    if closed is not None:
        text = (
            f"StopTransaction of {id} at {timestamp}, which ended at {closed.stopped}: that of another one?"
        )
        return Oddity("stale_transaction_id", text, "1.6 §6.49", about)
    if id == NO_ID:
        text = "StopTransaction of a transaction whose start was never answered (errata 3.18)"
        return Oddity("unknown_transaction", text, "", about)
    if id <= 0:
        return _never_given("StopTransaction", id)
    text = f"StopTransaction of {id}, which this run does not know; answered as if it did"
    return Oddity("unknown_transaction", text, "", about)


def stray_values(id: int, found: Transaction | None, timestamp: str) -> Oddity | None:
    """MeterValues of a transaction that is not open; -1 is legal (errata 3.18)."""
    if found is None:
        if id == NO_ID:
            return None
        text = f"MeterValues of transaction {id}"
        return (
            _never_given("MeterValues", id)
            if id <= 0
            else Oddity("unknown_transaction", text, "", {"transaction": id})
        )
    if not found.stopped or not timestamp or seconds(timestamp) <= seconds(found.stopped) + 1.0:
        return None
    text = f"MeterValues of transaction {id} at {timestamp}, which ended at {found.stopped}"
    return Oddity("stale_transaction_id", text, "1.6 §6.31; errata 3.16", {"transaction": id})


def _never_given(action: str, id: int) -> Oddity:
    text = f"{action} of transaction {id}, a number that no StartTransaction was answered with"
    return Oddity("unknown_transaction", text, "1.6 §6.49; errata 3.18", {"transaction": id})


def first_event(id: str, number: int, kind: str) -> Oddity | None:
    """The first event that comes of a 2.x transaction."""
    about = {"transaction": id, "got": number}
    if kind == "Started":
        text = (
            f"transaction {id} begins with seqNo {number}, where 0 is usual (it SHOULD be: part 2 E §1.3.2)"
        )
        return Oddity("first_seq_no", text, "", about) if number else None
    text = f"{kind} {number} of transaction {id}, whose start has not come"
    # with another number the start may have come to another central system, or to an earlier run
    clause = "TransactionEventRequest.eventType: the first is Started" if number == 0 else ""
    return Oddity("unknown_transaction", text, clause, about)


def fell(transaction: Transaction, before: float, reading: float, version: Version) -> Oddity:
    """The register ran backwards within a transaction."""
    text = f"the register of transaction {transaction.id} fell from {before:g} to {reading:g} Wh"
    about = {"transaction": transaction.id, "expected": before, "got": reading}
    return Oddity("meter_backwards", text, "1.6 §7.31" if version is V16 else "J02.FR.16", about)


def stop_below_start(transaction: Transaction, meter: float) -> Oddity | None:
    """A meterStop that is less than the meterStart."""
    start = transaction.meter_start
    if start is None or meter >= start:
        return None
    text = f"meterStop {meter:g} Wh of transaction {transaction.id} is below its meterStart {start:g} Wh"
    about = {"transaction": transaction.id, "expected": start, "got": meter}
    return Oddity("meter_stop_below_start", text, "1.6 §6.45, §6.49, §7.31", about)


def is_rounded(last: float | None, meter: float) -> bool:
    """Whether a meterStop, which is whole Wh (1.6 §6.49), lacks no more than the fraction of the last sample."""
    return last is not None and meter < last < meter + 1


def begins_anew(transaction: Transaction, last: float | None) -> Oddity | None:
    """A register that shows less than at the end of the transaction before: no rule binds two transactions."""
    start = transaction.meter_start
    if last is None or start is None or start >= last:
        return None
    text = f"the register begins at {start:g} Wh, after {last:g} Wh at the end of the transaction before"
    about = {"transaction": transaction.id, "expected": last, "got": start}
    return Oddity("register_reset", text, "", about)


def late_16(action: str, id: int | str, timestamp: str, now: float) -> Oddity | None:
    """1.6 has no `offline`: lateness shows in the timestamp alone (1.6 §3.7)."""
    try:
        age = now - parse(timestamp)
    except ValueError:
        return None
    about = {"transaction": id, "got": timestamp}
    return Oddity("late_event", f"{action} is {age:.0f} s old", "", about) if age > LATE else None


def power_disagrees(transaction: Transaction, before: Power, now: Power, time: float) -> Oddity | None:
    """Energy that does not go with the power at both ends of the `time` (s) between: kWh given for Wh, or the reverse.

    Not to be asked where less than `LEAST_ENERGY` has flowed by the lesser power.
    """
    energy = now[2] - before[2]
    least, most = sorted((before[1] * time / 3600, now[1] * time / 3600))
    if energy == 0 or least / TOO_MUCH <= energy <= most * TOO_MUCH:
        return None
    text = f"transaction {transaction.id} took {energy:g} Wh in {time:.0f} s, by its power {least:.0f}: kWh for Wh?"
    return Oddity("energy_disagrees", text, "", {"transaction": transaction.id, "got": energy})


def seconds(timestamp: str) -> float:
    """Unix seconds of a timestamp; 0 for what is none."""
    try:
        return parse(timestamp)
    except ValueError:
        return 0.0
