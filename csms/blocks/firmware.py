"""Firmware: how an update goes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from csms.blocks.answers import NOTHING, answers
from shared.dispatch import Payload, on
from shared.versions import V2X, V16

if TYPE_CHECKING:
    from csms.session import Session


@on("FirmwareStatusNotification", V16)
@answers(NOTHING, "the status is kept", clause="1.6 §4.5")
def firmware_status_16(session: Session, request: Payload) -> Payload:
    """Take the progress of an update."""
    session.station.remember("FirmwareStatusNotification", request)
    return {}


@on("FirmwareStatusNotification", *V2X)
@answers(NOTHING, "the status is kept", clause="L01.FR.01, L01.FR.20")
def firmware_status_2x(session: Session, request: Payload) -> Payload:
    """Take the progress of an update, which has its request id unless there is none."""
    if request["status"] != "Idle" and "requestId" not in request:
        session.note(
            "no_request_id", f"firmware status {request['status']} without requestId", clause="L01.FR.20"
        )
    session.station.remember("FirmwareStatusNotification", request)
    return {}


@on("SignedFirmwareStatusNotification", V16)
@answers(NOTHING, "the status is kept", clause="SW16 §5.19")
def signed_firmware_status(session: Session, request: Payload) -> Payload:
    """Take the progress of a signed update."""
    session.station.remember("SignedFirmwareStatusNotification", request)
    return {}


@on("PublishFirmwareStatusNotification", *V2X)
@answers(NOTHING, "the status is kept", clause="L03.FR.01, L03.FR.04")
def publish_firmware_status(session: Session, request: Payload) -> Payload:
    """Take the progress of a local controller that publishes firmware; Published says where."""
    if request["status"] == "Published" and not request.get("location"):
        session.note("no_location", "firmware is Published, but nowhere", clause="L03.FR.04")
    session.station.remember("PublishFirmwareStatusNotification", request)
    return {}
