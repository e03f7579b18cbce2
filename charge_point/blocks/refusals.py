"""What the station does not do, in one table: how each version says so, and by which rule.

The standard leaves three ways to say no, and for each message one of them is right: the status that it foresees for
just this case; a status or list that is true of a station on which nothing was ever set; and, where the answer has no
way to say no or the standard asks for it, the CALLERROR NotSupported (1.6 J-errata 3.9; part 4 §4.3: the action is
recognised but not supported). None says Accepted. A feature that is added takes its rows away.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from charge_point import refusing
from charge_point.statuses import status
from shared.answers import NOTHING, answers
from shared.dispatch import Answer, Refuse, on
from shared.versions import V2X, V21, Version

if TYPE_CHECKING:
    from charge_point.station import Station

Payload = dict[str, Any]
Rule = Callable[["Station", Payload], Payload | Answer]

NOT_SUPPORTED = "CALLERROR NotSupported"
EMPTY = NOTHING


class Refusal(NamedTuple):
    """One row: the action, the versions, what it is answered, why, and the clause.

    `says` is a status (with `code` as its reason code in 2.x), `NOT_SUPPORTED` or `EMPTY`; with a `rule`, which then
    makes the answer, it only names what that may be.
    """

    action: str
    versions: tuple[Version, ...]
    says: str
    why: str
    clause: str
    code: str = ""
    rule: Rule | None = None


TABLE = (
    # provisioning
    Refusal(
        "SetNetworkProfile",
        V2X,
        "Rejected or Failed",
        "Rejected for a slot other than 1 and 2, an address other than ws or wss, SOAP, or a lower security profile; "
        "else Failed: this station cannot move to another network profile",
        "B09.FR.02-B09.FR.05",
        rule=refusing.set_network_profile,
    ),
    # payment
    Refusal(
        "NotifyWebPaymentStarted",
        (V21,),
        NOT_SUPPORTED,
        "this station takes no web payments",
        "part 4 §4.3; C25.FR.27 for one that does",
    ),
    # battery swap
    Refusal(
        "RequestBatterySwap",
        (V21,),
        "Rejected",
        "there is no battery to swap",
        "S02.FR.04",
        "NoBatteryAvailable",
    ),
)


def _handler(row: Refusal) -> Callable[..., Any]:
    def handler(station: Station, request: Payload) -> Payload | Answer:
        if row.rule is not None:
            return row.rule(station, request)
        if row.says == NOT_SUPPORTED:
            raise Refuse("NotSupported", row.why)
        return {} if row.says == EMPTY else status(station.version, row.says, row.code, row.why)

    handler.__doc__ = row.why
    handler.__name__ = handler.__qualname__ = f"{row.action}_{row.versions[0].folder}"
    decided = row.rule is not None and len(row.says.split(" or ")) > 1
    fields = row.says if row.says[0].islower() or row.says in (NOT_SUPPORTED, EMPTY) else f"status {row.says}"
    return on(row.action, *row.versions)(answers(fields, row.why, clause=row.clause, state=decided)(handler))


HANDLERS = tuple(_handler(_row) for _row in TABLE)
globals().update({_one.__name__: _one for _one in HANDLERS})  # where `dispatch.table` looks for handlers
