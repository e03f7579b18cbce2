"""How several EVSEs share what a station may draw altogether (K04; 1.6 §3.13.3): pure functions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple


class Want(NamedTuple):
    """What one EVSE could draw, and the least that is of use to it; all in one unit."""

    amount: float
    least: float


def share(wants: Sequence[Want], total: float) -> list[float]:
    """Shares of `total`: as even as the wants allow, and never less than is of use.

    Where it does not suffice for all, the last in order go without (minChargingRate: K01.FR.21).
    """
    served = [at for at, want in enumerate(wants) if want.amount >= want.least]
    while True:
        given = dict(zip(served, _fill([wants[at].amount for at in served], total), strict=True))
        short = [at for at in served if given[at] < wants[at].least]
        if not short:
            return [given.get(at, 0.0) for at in range(len(wants))]
        served.remove(short[-1])


def _fill(wants: Sequence[float], total: float) -> list[float]:
    """Even shares; what one does not want goes to the others."""
    given = [0.0] * len(wants)
    left = total
    for rank, at in enumerate(sorted(range(len(wants)), key=lambda at: wants[at])):
        given[at] = min(wants[at], left / (len(wants) - rank))
        left -= given[at]
    return given
