"""What the station does not do, in one table: how each version says so, and by which rule.

The standard leaves three ways to say no, and for each message one of them is right: the status that it foresees for
just this case; a status or list that is true of a station on which nothing was ever set; and, where the answer has no
way to say no or the standard asks for it, the CALLERROR NotSupported (1.6 J-errata 3.9; part 4 §4.3: the action is
recognised but not supported). None says Accepted. A feature that is added takes its rows away.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from charge_point.statuses import status
from shared.answers import NOTHING, answers
from shared.dispatch import Refuse, on
from shared.versions import V21, Version

if TYPE_CHECKING:
    from charge_point.station import Station

Payload = dict[str, Any]

NOT_SUPPORTED = "CALLERROR NotSupported"
EMPTY = NOTHING


class Refusal(NamedTuple):
    """One row: the action, the versions, what it is answered, why, and the clause.

    `says` is a status (with `code` as its reason code in 2.x), `NOT_SUPPORTED` or `EMPTY`.
    """

    action: str
    versions: tuple[Version, ...]
    says: str
    why: str
    clause: str
    code: str = ""


TABLE = (
    # payment
    Refusal(
        "NotifyWebPaymentStarted",
        (V21,),
        NOT_SUPPORTED,
        "this station takes no web payments",
        "part 4 §4.3; C25.FR.27 for one that does",
    ),
)


def _handler(row: Refusal) -> Callable[..., Any]:
    def handler(station: Station, request: Payload) -> Payload:
        if row.says == NOT_SUPPORTED:
            raise Refuse("NotSupported", row.why)
        return {} if row.says == EMPTY else status(station.version, row.says, row.code, row.why)

    handler.__doc__ = row.why
    handler.__name__ = handler.__qualname__ = f"{row.action}_{row.versions[0].folder}"
    fields = row.says if row.says[0].islower() or row.says in (NOT_SUPPORTED, EMPTY) else f"status {row.says}"
    return on(row.action, *row.versions)(answers(fields, row.why, clause=row.clause)(handler))


HANDLERS = tuple(_handler(_row) for _row in TABLE)
globals().update({_one.__name__: _one for _one in HANDLERS})  # where `dispatch.table` looks for handlers
