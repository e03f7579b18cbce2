"""The minimum that a test of a CSMS or a station should exercise: eight messages, each in its variants.

1.6 has the eight as messages of their own. In 2.x starting and stopping are TransactionEvents, the readings of a
transaction too, and 2.1 reports a status by NotifyEvent as well. A variant counts when it was seen on the wire and,
unless it is about an answer that never came, answered.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from shared.clock import parse
from shared.report.conversation import Exchange
from shared.versions import V16, Version

CRITICAL, HIGH = "critical", "high"


class Row(NamedTuple):
    """One message of the minimum, how much it matters, and its variants."""

    message: str
    priority: str
    variants: tuple[str, ...]


_STATUSES_16 = "Available Preparing Charging SuspendedEV SuspendedEVSE Finishing Reserved Unavailable Faulted"
_STATUSES_2X = "Available Occupied Reserved Unavailable Faulted"


def rows(version: Version) -> tuple[Row, ...]:
    """The minimum in the statuses of `version` (1.6 §7.7, 2.x part 2 ConnectorStatusEnumType)."""
    statuses = _STATUSES_16 if version is V16 else _STATUSES_2X
    return (
        Row("BootNotification", CRITICAL, ("Accepted", "Rejected", "Pending")),
        Row("Authorize", CRITICAL, ("Valid", "Invalid", "Expired")),
        Row("StartTransaction", CRITICAL, ("Success", "Concurrent", "Offline")),
        Row("StopTransaction", CRITICAL, ("Normal", "Abrupt", "Timeout")),
        Row("MeterValues", HIGH, ("Periodic", "Transactional")),
        Row("StatusNotification", HIGH, tuple(statuses.split())),
        Row("RemoteStart", CRITICAL, ("Success", "Rejected")),
        Row("RemoteStop", CRITICAL, ("Success", "Unknown")),
    )


_ABRUPT = frozenset("EVDisconnected PowerLoss HardReset EmergencyStop Reboot ImmediateReset".split())
"""Reasons for which nobody asked (1.6 Reason, 2.x ReasonEnumType)."""

_TOKEN_WORDS = {"Accepted": "Valid", "Invalid": "Invalid", "Expired": "Expired"}
_REMOTE_STARTS = frozenset({"RemoteStartTransaction", "RequestStartTransaction"})
_REMOTE_STOPS = frozenset({"RemoteStopTransaction", "RequestStopTransaction"})

SAME_INSTANT = 1.0
"""Seconds: two starts nearer to each other are concurrent; one so much older than its connection is late."""

Hit = tuple[Version, str, str]


def hits(exchanges: Iterable[Exchange], epoch: float) -> Counter[Hit]:
    """How often each variant was seen in one conversation: (version, message, variant) -> times.

    `epoch` is the Unix time at which the protocol time of the exchanges is zero.
    """
    seen: Counter[Hit] = Counter()
    watch = _Watch(epoch)
    for exchange in exchanges:
        for message, variant in (*_simple(exchange), *watch.see(exchange)):
            seen[exchange.version, message, variant] += 1
    return seen


def _simple(x: Exchange) -> Iterator[tuple[str, str]]:
    """What one exchange shows by itself."""
    if not x.answer_seq or x.error:
        return
    status = _at(x.answer, "status")
    if x.action == "BootNotification" and status in ("Accepted", "Rejected", "Pending"):
        yield "BootNotification", status
    elif x.action == "Authorize":
        word = _TOKEN_WORDS.get(
            str(_at(x.answer, "idTagInfo", "status") or _at(x.answer, "idTokenInfo", "status"))
        )
        if word:
            yield "Authorize", word
    elif x.action in _REMOTE_STARTS and status in ("Accepted", "Rejected"):
        yield "RemoteStart", "Success" if status == "Accepted" else "Rejected"
    elif x.action in _REMOTE_STOPS and status in ("Accepted", "Rejected"):
        yield "RemoteStop", "Success" if status == "Accepted" else "Unknown"
    elif x.action == "MeterValues":
        yield "MeterValues", "Periodic" if _at(x.request, "transactionId") is None else "Transactional"
    elif x.action == "TransactionEvent" and _at(x.request, "meterValue"):
        yield "MeterValues", "Transactional"
    for word in _statuses(x):
        yield "StatusNotification", word


def _statuses(x: Exchange) -> Iterator[str]:
    allowed = (_STATUSES_16 if x.version is V16 else _STATUSES_2X).split()
    told: list[Any] = []
    if x.action == "StatusNotification":
        told = [_at(x.request, "status" if x.version is V16 else "connectorStatus")]
    elif x.action == "NotifyEvent" and isinstance(events := _at(x.request, "eventData"), list):
        told = [_at(e, "actualValue") for e in events if _at(e, "variable", "name") == "AvailabilityState"]
    yield from (word for word in told if word in allowed)


class _Watch:
    """What only several exchanges show together: starts at one instant or late, stops that were sent again."""

    def __init__(self, epoch: float) -> None:
        self._epoch = epoch
        self._starts: list[tuple[float, tuple[str, Any]]] = []
        self._stops: dict[tuple[str, str, str], Exchange] = {}
        self._running: dict[str, set[str]] = {}

    def see(self, x: Exchange) -> Iterator[tuple[str, str]]:
        if x.action == "BootNotification":
            # a transaction that nobody ended, and then the station boots
            yield from (("StopTransaction", "Abrupt") for _ in self._running.pop(x.station, ()))
            return
        kind = _part_of_transaction(x)
        if kind == "start" and x.answer_seq and not x.error:
            yield from self._start(x)
        elif kind == "stop":
            yield from self._stop(x)

    def _start(self, x: Exchange) -> Iterator[tuple[str, str]]:
        yield "StartTransaction", "Success"
        at = _timestamp(x)
        self._running.setdefault(x.station, set()).add(_transaction(x))
        if at is None:
            return
        where: tuple[str, Any] = (x.station, _at(x.request, "connectorId") or _at(x.request, "evse", "id"))
        if any(where != there and abs(at - other) < SAME_INSTANT for other, there in self._starts):
            yield "StartTransaction", "Concurrent"
        self._starts.append((at, where))
        is_old = x.opened is not None and at < self._epoch + x.opened - SAME_INSTANT
        if _at(x.request, "offline") is True or (x.version is V16 and is_old):
            yield "StartTransaction", "Offline"

    def _stop(self, x: Exchange) -> Iterator[tuple[str, str]]:
        key = (x.station, _transaction(x), str(_at(x.request, "seqNo")))
        before = self._stops.get(key)
        if before is not None and not before.answer_seq:
            yield "StopTransaction", "Timeout"
        self._stops[key] = x
        self._running.get(x.station, set()).discard(_transaction(x))
        if x.answer_seq and not x.error:
            reason = _at(x.request, "reason") or _at(x.request, "transactionInfo", "stoppedReason")
            yield "StopTransaction", "Abrupt" if reason in _ABRUPT else "Normal"


def _part_of_transaction(x: Exchange) -> str:
    if x.action == "TransactionEvent":
        return {"Started": "start", "Ended": "stop"}.get(str(_at(x.request, "eventType")), "")
    return {"StartTransaction": "start", "StopTransaction": "stop"}.get(x.action, "")


def _transaction(x: Exchange) -> str:
    """The transaction's id, as whichever message carries it."""
    if x.action == "StartTransaction":
        return str(_at(x.answer, "transactionId"))
    return str(_at(x.request, "transactionId") or _at(x.request, "transactionInfo", "transactionId"))


def _timestamp(x: Exchange) -> float | None:
    try:
        return parse(str(_at(x.request, "timestamp")))
    except ValueError:
        return None


def _at(value: Any, *path: str) -> Any:
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value
