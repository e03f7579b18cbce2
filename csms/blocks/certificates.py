"""ISO 15118 certificates: contracts for cars, and whether certificates are revoked."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

from csms.blocks.answers import answers
from shared.dispatch import Payload, on
from shared.versions import V2X, V21

if TYPE_CHECKING:
    from csms.session import Session


@on("Get15118EVCertificate", *V2X)
@answers(
    "status, exiResponse, remainingContracts",
    "with a certificate authority (`--certificate-authority`, `--ca-cert`) Accepted with a contract certificate, to "
    "ISO 15118-20 one of `--contracts` after the other; Failed with nothing in it for a request that cannot be read "
    "(see docs/plug-and-charge.md), and without an authority; `--compat upstream`: Accepted with a mock text",
    clause="M01.FR.01-M01.FR.07, M02.FR.01; Iso15118EVCertificateStatusEnumType",
    state=True,
)
def ev_certificate(session: Session, request: Payload) -> Payload:
    """Give a car its contract, if there is somebody who issues them."""
    policies = session.csms.policies
    if policies.upstream:
        return {"status": "Accepted", "exiResponse": "mock_exi_response_data"}
    if policies.authority is None:
        return {"status": "Failed", "exiResponse": ""}
    from csms.contracts import NoContract, answer  # few cars ask

    try:
        return answer(policies.authority, policies.authorizer.revocations, request, session.csms.clock.time())
    except NoContract as why:
        session.note("no_contract", str(why))
        return {"status": "Failed", "exiResponse": ""}


@on("GetCertificateStatus", *V2X)
@answers(
    "status, ocspResult",
    "Accepted with an OCSP response that our authority has signed, for a certificate of its own; the responder's for "
    "others with `--check-revocation`; Failed without one; `--compat upstream`: Accepted without a result",
    clause="M06.FR.01-M06.FR.04, M06.FR.08, M06.FR.09",
    state=True,
)
async def certificate_status(session: Session, request: Payload) -> Payload:
    """Tell the OCSP status of a certificate: Accepted owes an ocspResult (M06.FR.03)."""
    policies = session.csms.policies
    if policies.upstream:
        return {"status": "Accepted"}
    from csms.ocsp import Unavailable

    asked = request["ocspRequestData"]
    try:
        found = await policies.authorizer.revocations.ocsp(
            asked, [asked["responderURL"]], session.csms.clock.time()
        )
    except Unavailable as why:
        session.note("no_status", str(why))
        return {"status": "Failed"}
    return {"status": "Accepted", "ocspResult": base64.b64encode(found.der).decode()}


@on("GetCertificateChainStatus", V21)
@answers(
    "certificateStatus[].status, nextUpdate",
    "for each certificate asked about, in their order: Good, Revoked or Unknown of our authority's own, and of others "
    "by OCSP or revocation list with `--check-revocation`, good for a week at most; else Failed, to be asked again at "
    "once",
    clause="M07.FR.01-M07.FR.08",
)
async def certificate_chain_status(session: Session, request: Payload) -> Payload:
    """Tell the revocation status of each certificate."""
    from csms.ocsp import Unavailable
    from csms.revocation import told

    known, now = session.csms.policies.authorizer.revocations, session.csms.clock.time()
    found = []
    for asked in request["certificateStatusRequests"]:
        look = known.ocsp if asked["source"] == "OCSP" else known.listed
        try:
            status = await look(asked["certificateHashData"], asked["urls"], now)
        except Unavailable as why:
            session.note("no_status", str(why))
            found.append(told(asked, None, now))
        else:
            found.append(told(asked, status, now))
    return {"certificateStatus": found}
