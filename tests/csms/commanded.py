"""A connected station as commands see it: its version, the flags, a clock that stands still, and a ledger."""

from __future__ import annotations

from itertools import count
from types import SimpleNamespace
from typing import Any

from csms.authorizer import Authorizer
from csms.ledger import Ledger
from csms.options import CsmsOptions
from csms.record import StationRecord
from csms.transaction import Transaction
from shared.clock import Clock
from shared.versions import V16, Version

NOW = "2026-03-01T12:00:00.000Z"
_EPOCH = 1772366400.0


class Commanded:
    """A session as far as commands look at one; `flags` are fields of `CsmsOptions`."""

    def __init__(
        self,
        version: Version,
        *transactions: Transaction,
        base_url: str = "ws://csms.example:9000/ocpp",
        **flags: Any,
    ) -> None:
        self.id = "CP1"
        self.version = version
        self.base_url = base_url
        self.station = StationRecord("CP1", version)
        for transaction in transactions:
            self.station.transactions.open[transaction.id] = transaction
        self.csms = SimpleNamespace(
            options=CsmsOptions(**flags),
            clock=Clock(lambda: 0.0, _EPOCH),
            ledger=Ledger(),
            authorizer=Authorizer(),
        )
        self._ids = count(4711)

    def new_request_id(self) -> int:
        return next(self._ids)


def opened(version: Version, id: int, evse: int, connector: int = 1) -> Transaction:
    """An open transaction with an id of the version's kind; 1.6 knows a connector only, called `evse` here."""
    transaction = Transaction(id if version is V16 else f"tx-{id}")
    transaction.evse, transaction.connector = (0, evse) if version is V16 else (evse, connector)
    return transaction
