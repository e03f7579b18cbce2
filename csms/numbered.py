"""A ledger whose transaction ids somebody else chose: 0, one for all, or larger than 32 bits hold (1.6)."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import cycle
from typing import TYPE_CHECKING

from csms.ledger import Ledger

if TYPE_CHECKING:
    from csms.session import Session


class NumberedLedger(Ledger):
    """Gives the numbers in `ids` to 1.6 transactions, one after another, and then again from the first."""

    __slots__ = ("_ids",)

    def __init__(self, ids: Sequence[int]) -> None:
        super().__init__()
        self._ids = cycle(ids)

    def _new_id(self, session: Session) -> int:
        return next(self._ids)
