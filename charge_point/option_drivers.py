"""What `--generate` and `--stations` may be; generator and fleet are loaded only for those who ask for them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from shared.option_fields import UsageError

if TYPE_CHECKING:
    from charge_point.options import ChargePointOptions


def of_drivers(name: str, value: str) -> str:
    """A setting of the generator of transactions, if there is such."""
    from charge_point.generator_habits import habits

    try:
        habits({name: value})
    except ValueError as wrong:
        if " needs 0 <= " not in str(wrong):  # what only the whole can tell
            raise
    return value


def check_drivers(settings: Mapping[str, str], sessions: int) -> None:
    """Refuse settings that contradict each other; UsageError."""
    if not settings:
        return
    from charge_point.generator_habits import habits

    try:
        habits(dict(settings))
    except ValueError as wrong:
        raise UsageError(str(wrong), "generate") from None
    if sessions:
        raise UsageError("not together with --sessions", "generate")


def check_stations(options: ChargePointOptions, given: frozenset[str]) -> None:
    """Refuse what cannot be of many stations; UsageError."""
    if options.stations is None:
        raise UsageError("needs --stations", "stagger")
    from charge_point.fleet import check_fleet

    check_fleet(options, given)
