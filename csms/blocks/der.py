"""Distributed energy resources (2.1): what the grid's rules do to a station."""

from __future__ import annotations

from typing import TYPE_CHECKING

from csms.blocks.answers import NOTHING, answers
from csms.reports import take_part
from shared.dispatch import Payload, on
from shared.versions import V21

if TYPE_CHECKING:
    from csms.session import Session


@on("NotifyDERAlarm", V21)
@answers(NOTHING, "the alarm is kept", clause="R05.FR.01, R05.FR.02")
def der_alarm(session: Session, request: Payload) -> Payload:
    """Take the begin or the end of a deviation from the charging profile."""
    session.station.remember("NotifyDERAlarm", request)
    return {}


@on("NotifyDERStartStop", V21)
@answers(NOTHING, "the event is kept", clause="R04.FR.20, R04.FR.22")
def der_start_stop(session: Session, request: Payload) -> Payload:
    """Take the start or the end of a control."""
    session.station.remember("NotifyDERStartStop", request)
    return {}


@on("ReportDERControl", V21)
@answers(NOTHING, "the controls are put into the report of their requestId", clause="R04.FR.31, R04.FR.32")
def der_controls(session: Session, request: Payload) -> Payload:
    """Take a part of the list that GetDERControl asked for."""
    take_part(session, "ReportDERControl", request, clause="", number=None)
    return {}
