"""Security: events, and certificates to be signed."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from csms.blocks.answers import NOTHING, answers
from shared.dispatch import Answer, Payload, on
from shared.peer import CallFailed

if TYPE_CHECKING:
    from csms.session import Session


@on("SecurityEventNotification")
@answers(NOTHING, "the event is kept", clause="A04.FR.03; SW16 A04.FR.03")
def security_event(session: Session, request: Payload) -> Payload:
    """Take a security event."""
    session.station.remember("SecurityEventNotification", request)
    return {}


@on("SignCertificate")
@answers(
    "status",
    "Accepted with a certificate authority (`--certificate-authority`, `--ca-cert`), and CertificateSigned follows, "
    "but Rejected for what is no signing request; Rejected without one; Accepted with `--compat upstream`, and nothing "
    "follows",
    clause="A02.FR.11, A02.FR.12, A02.FR.14, A02.FR.25; SW16 A02.FR.11",
    state=True,
)
def sign_certificate(session: Session, request: Payload) -> Payload | Answer:
    """Have a certificate signed, if there is somebody who can."""
    policies = session.csms.policies
    if policies.authority is None:
        return {"status": "Accepted" if policies.upstream else "Rejected"}
    try:
        kind = request.get("certificateType", "ChargingStationCertificate")
        chain = policies.authority.sign(request["csr"], session.csms.clock.time(), kind)
    except ValueError as wrong:
        session.note("not_signed", str(wrong))
        return {"status": "Rejected"}
    echoed = {name: request[name] for name in ("certificateType", "requestId") if name in request}
    return Answer({"status": "Accepted"}, partial(_hand_over, session, {"certificateChain": chain} | echoed))


def _hand_over(session: Session, payload: Payload) -> None:
    session.csms.tasks.spawn(_certificate_signed(session, payload))


async def _certificate_signed(session: Session, payload: Payload) -> None:
    try:
        await session.call("CertificateSigned", payload)
    except CallFailed as failed:
        session.note("call_failed", f"CertificateSigned: {failed}")
