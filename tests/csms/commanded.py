"""A connected station as commands see it: its version, the flags, a clock that stands still, and a ledger."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from types import SimpleNamespace
from typing import Any, NamedTuple

from shared.versions import V16, Version

NOW = "2026-03-01T12:00:00.000Z"
_NOW = 1772366400.0

FLAGS: dict[str, Any] = {
    "availability_status": "Operative",
    "compat": "",
    "connector_id": 1,
    "get_variables": (),
    "local_list_tokens": ("test_token",),
    "passwords": None,
    "reservation_id": 1,
    "reserve_connector_id": 1,
    "reserve_evse_id": 1,
    "reserve_id_tag": "reserved_tag",
    "reserve_id_token": "reserved_token",
    "reset_type": None,
    "set_variables": (),
    "total_cost": 10.0,
    "trigger_message": "StatusNotification",
}


class Open(NamedTuple):
    """An open transaction."""

    id: int | str
    evse: int
    connector: int


class Clock:
    """Stands at `NOW`; texts are counted from there."""

    def now(self) -> str:
        return NOW

    def time(self) -> float:
        return _NOW

    def text(self, seconds: float) -> str:
        hours, rest = divmod(int(seconds - _NOW), 3600)
        return f"2026-03-01T{12 + hours:02}:{rest // 60:02}:{rest % 60:02}.000Z"


class Ledger:
    """The open transactions of the one station, oldest first."""

    def __init__(self, transactions: tuple[Open, ...]) -> None:
        self.transactions = transactions

    def open(self, station: Any, evse: int | None = None, connector: int | None = None) -> list[Open]:
        return [t for t in self.transactions if evse in (None, t.evse) and connector in (None, t.connector)]


class Commanded:
    """A session as far as commands look at one."""

    def __init__(
        self,
        version: Version,
        *transactions: Open,
        base_url: str = "ws://csms.example:9000/ocpp",
        held: int | None = None,
        **flags: Any,
    ) -> None:
        self.id = "CP1"
        self.version = version
        self.base_url = base_url
        self.station = SimpleNamespace(local_list_version=held)
        self.csms = SimpleNamespace(
            options=SimpleNamespace(**FLAGS | flags), clock=Clock(), ledger=Ledger(transactions)
        )
        self._ids: Iterator[int] = count(4711)

    def new_request_id(self) -> int:
        return next(self._ids)


def opened(version: Version, id: int, evse: int, connector: int = 1) -> Open:
    """A transaction with an id of the version's kind; 1.6 knows its connector only."""
    return Open(id, 0, evse) if version is V16 else Open(f"tx-{id}", evse, connector)
