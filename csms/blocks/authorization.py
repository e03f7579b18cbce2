"""Authorization: what a token is worth."""

from __future__ import annotations

from typing import TYPE_CHECKING

from csms.authorizer import ACCEPTED, id_tag_info, id_token_info
from csms.blocks.answers import answers
from shared.dispatch import Payload, Refuse, on
from shared.versions import V2X, V16, V21

if TYPE_CHECKING:
    from csms.authorizer import Authorizer
    from csms.session import Session

_CERTIFICATE_DECIDES = {"CertificateExpired": "Expired", ACCEPTED: "", "ContractCancelled": ""}
"""What a certificate's status makes of the token's: C07.FR.15, C07.FR.13/14; any other makes it Invalid."""

_CANCELS_CONTRACT = frozenset({"Blocked", "Expired", "Invalid", "Unknown"})


@on("Authorize", V16)
@answers(
    "idTagInfo.status, parentIdTag, expiryDate",
    "the token policy (`--auth-mode`, `--token`, per station); 2.x-only statuses as the nearest of 1.6; "
    "InternalError with `--offline`",
    clause="1.6 §4.1, §7.2",
    state=True,
)
def authorize_16(session: Session, request: Payload) -> Payload:
    """Say what a tag is worth. Nobody starts a transaction with this: ConcurrentTx is not asked (1.6 §7.2)."""
    authorizer = _reachable(session)
    decision = authorizer.decide(
        request["idTag"], station=session.id, now=session.csms.clock.time(), starts=False
    )
    return {"idTagInfo": id_tag_info(decision)}


@on("Authorize", *V2X)
@answers(
    "idTokenInfo.status, groupIdToken, cacheExpiryDateTime, certificateStatus, allowedEnergyTransfer",
    "the token policy (`--auth-mode`, `--token`, per station), NoAuthorization is Accepted; certificateStatus only "
    "when a certificate or its hashes came: `--certificate-status`, else what our authority knows of its own, else "
    "what was said of it before with `--check-revocation`, else CertChainError; "
    "2.1: what `--allowed-energy-transfer` says; InternalError with `--offline`; a prepaid token (`--balance`) with "
    "nothing on it is NoCredit, and none may be cached",
    clause="C01.FR.06, C01.FR.07, C02.FR.02, C07.FR.13 to C07.FR.17, C17.FR.01, C17.FR.02, Q01.FR.01",
    state=True,
)
def authorize_2x(session: Session, request: Payload) -> Payload:
    """Say what a token is worth, and the contract certificate that came with it."""
    authorizer = _reachable(session)
    token = request["idToken"]
    upstream = session.csms.policies.upstream  # judges the token by its text alone
    decision = authorizer.decide(
        token["idToken"],
        station=session.id,
        now=session.csms.clock.time(),
        kind="" if upstream else token["type"],
    )
    info = id_token_info(decision, session.version)
    left = None if upstream else session.csms.policies.payments.balance(token["idToken"])
    if left is not None and decision.status == ACCEPTED:
        info["status"] = ACCEPTED if left > 0 else "NoCredit"  # C17.FR.01, .02: and it is never cached
        info["cacheExpiryDateTime"] = session.csms.clock.now()
    answer: Payload = {"idTokenInfo": info}
    allowed = getattr(session.csms.policies.options, "allowed_energy_transfer", ())
    if allowed and session.version is V21:
        answer["allowedEnergyTransfer"] = list(allowed)  # Q01.FR.01
    if upstream or not ("certificate" in request or "iso15118CertificateHashData" in request):
        return answer
    certificate = authorizer.revocations.verdict(request, session.csms.clock.time())
    if certificate == ACCEPTED and info["status"] in _CANCELS_CONTRACT:
        certificate = "ContractCancelled"
    info["status"] = _CERTIFICATE_DECIDES.get(certificate, "Invalid") or info["status"]
    return answer | {"certificateStatus": certificate}


def _reachable(session: Session) -> Authorizer:
    authorizer = session.csms.authorizer
    if authorizer.offline:
        raise Refuse("InternalError", "the authorization service cannot be reached (simulated)")
    return authorizer
