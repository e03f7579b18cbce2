"""Security: events, and certificates to be signed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from csms.blocks.answers import NOTHING, answers
from shared.dispatch import Payload, on

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
    "Rejected: no certificate authority stands behind us; Accepted with `--compat upstream`, and nothing follows",
    clause="A02.FR.11, A02.FR.12; SW16 A02.FR.11",
    state=True,
)
def sign_certificate(session: Session, request: Payload) -> Payload:
    """Refuse to sign: who accepts must send CertificateSigned."""
    return {"status": "Accepted" if session.csms.policies.upstream else "Rejected"}
