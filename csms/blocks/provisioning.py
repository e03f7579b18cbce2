"""Provisioning: boot, heartbeat, reports of the device model."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from csms.blocks.answers import NOTHING, answers
from csms.reports import take_part
from shared.dispatch import Answer, Payload, on
from shared.versions import V2X

if TYPE_CHECKING:
    from csms.session import Session


@on("BootNotification")
@answers(
    "status, interval, currentTime",
    "status: the station's boot sequence, one step a boot; interval: `--heartbeat-interval` when Accepted, else "
    "`--retry-interval`; currentTime: the clock. `--compat upstream`: one sequence for all stations, interval always "
    "`--heartbeat-interval`",
    clause="1.6 §4.2; B01.FR.02",
    state=True,
)
def boot(session: Session, request: Payload) -> Answer:
    """Accept, defer or refuse a station that has started."""
    answer = session.csms.registrar.boot(session, request)
    return Answer(answer, partial(session.csms.booted, session, answer["status"]))


@on("Heartbeat")
@answers("currentTime", "the clock", clause="1.6 §4.6; G02.FR.06")
def heartbeat(session: Session, request: Payload) -> Payload:
    """Tell the time."""
    return {"currentTime": session.csms.clock.now()}


@on("NotifyReport", *V2X)
@answers(NOTHING, "the part is put into the report of its requestId", clause="B07.FR.03, B07.FR.10")
def report(session: Session, request: Payload) -> Payload:
    """Take a part of a report that GetBaseReport or GetReport asked for."""
    take_part(session, "NotifyReport", request, clause="B07.FR.10", number=request["seqNo"])
    return {}
