"""What a transaction costs so far, and in the end."""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING

from shared.dispatch import Payload

if TYPE_CHECKING:
    from csms.transaction import Transaction


class Tariff:
    """A fixed fee per transaction and a price per kWh, in the station's currency, taxes included.

    Running cost belongs into the answer to Updated, the final cost into the answer to Ended; a free transaction
    costs 0, which is not the same as no answer (I02.FR.01, I03.FR.02, I03.FR.04). With `upstream` no final cost is
    told.
    """

    __slots__ = ("fee", "per_kwh", "upstream")

    def __init__(self, fee: float = 10.0, *, per_kwh: float = 0.0, upstream: bool = False) -> None:
        if not isfinite(fee) or not isfinite(per_kwh):
            raise ValueError(f"a price must be a finite number, not {fee} and {per_kwh}")
        self.fee = fee
        self.per_kwh = per_kwh
        self.upstream = upstream

    def due(self, kind: str, transaction: Transaction, details: Payload | None = None) -> float | None:
        """What the answer to an event of `kind` (Started, Updated, Ended) tells as cost; None: nothing."""
        if kind == "Started" or (self.upstream and kind == "Ended"):
            return None
        if details is None and not self.per_kwh:
            return self.fee
        return self.cost(transaction, None if self.upstream else details)

    def cost(self, transaction: Transaction, details: Payload | None = None) -> float:
        """The cost so far; the final cost once the transaction has ended. Rounded to a hundredth.

        `details` is what a 2.1 station calculated by itself (I12.FR.01): then that total is the cost.
        """
        if details is not None and not details.get("failureToCalculate", False):
            total = details["totalCost"]["total"]
            own: float = total.get("inclTax", total.get("exclTax", self.fee))
            return own
        if not self.per_kwh or (energy := transaction.energy) is None:
            return self.fee
        return round(self.fee + self.per_kwh * max(energy, 0.0) / 1000.0, 2)
