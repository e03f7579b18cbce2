"""ISO 15118 certificates: what would need a provider behind us."""

from __future__ import annotations

from typing import TYPE_CHECKING

from csms.blocks.answers import answers
from shared.dispatch import Payload, on
from shared.versions import V2X, V21

if TYPE_CHECKING:
    from csms.session import Session


@on("Get15118EVCertificate", *V2X)
@answers(
    "status, exiResponse",
    "Failed with nothing in it: no contract certificate pool stands behind us; `--compat upstream`: Accepted with "
    "a mock text",
    clause="M01.FR.01, M02.FR.01; Iso15118EVCertificateStatusEnumType",
    state=True,
)
def ev_certificate(session: Session, request: Payload) -> Payload:
    """Say that no contract certificate can be had."""
    if session.csms.policies.upstream:
        return {"status": "Accepted", "exiResponse": "mock_exi_response_data"}
    return {"status": "Failed", "exiResponse": ""}


@on("GetCertificateStatus", *V2X)
@answers(
    "status",
    "Failed: we ask no OCSP responder; `--compat upstream`: Accepted without a result",
    clause="M06.FR.04",
    state=True,
)
def certificate_status(session: Session, request: Payload) -> Payload:
    """Say that the OCSP status could not be had: Accepted would owe an ocspResult (M06.FR.03)."""
    return {"status": "Accepted" if session.csms.policies.upstream else "Failed"}


@on("GetCertificateChainStatus", V21)
@answers(
    "certificateStatus[].status, nextUpdate",
    "Failed for each certificate asked about, in their order; to be asked again at once",
    clause="M07.FR.02, M07.FR.05, M07.FR.08",
)
def certificate_chain_status(session: Session, request: Payload) -> Payload:
    """Say of each certificate that its revocation status could not be had."""
    now = session.csms.clock.now()
    return {
        "certificateStatus": [
            {
                "certificateHashData": {
                    name: asked["certificateHashData"][name]
                    for name in ("hashAlgorithm", "issuerNameHash", "issuerKeyHash", "serialNumber")
                },
                "source": asked["source"],
                "status": "Failed",
                "nextUpdate": now,
            }
            for asked in request["certificateStatusRequests"]
        ]
    }
