"""Availability: the status of connectors."""

from __future__ import annotations

from typing import TYPE_CHECKING

from csms.blocks.answers import NOTHING, answers
from shared.dispatch import Payload, on
from shared.versions import V2X, V16

if TYPE_CHECKING:
    from csms.session import Session


@on("StatusNotification", V16)
@answers(NOTHING, "the status is kept for its connector", clause="1.6 §4.9")
def status_16(session: Session, request: Payload) -> Payload:
    """Take the status of a connector; connector 0 is the station itself."""
    session.station.set_status(0, request["connectorId"], request["status"])
    return {}


@on("StatusNotification", *V2X)
@answers(NOTHING, "the status is kept for its connector", clause="G01.FR.01")
def status_2x(session: Session, request: Payload) -> Payload:
    """Take the status of a connector."""
    session.station.set_status(request["evseId"], request["connectorId"], request["connectorStatus"])
    return {}
