"""Whether certificates are revoked: of our own authority by what it has issued, of others by asking (C07, M06, M07).

Others are asked only with `--check-revocation`: an OCSP responder by HTTP POST (RFC 6960 appendix A), a revocation
list by GET. What they said is kept for a week at most, and Authorize goes by that (C07.FR.05: cached OCSP data).
The forms of both are in `csms/ocsp.py`.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

from csms import ocsp
from csms.ocsp import FAILED, GOOD, REVOKED, UNKNOWN, WEEK, Status, Unavailable
from shared.clock import text

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

    from csms.authority import CertificateAuthority, Pair

Payload = dict[str, Any]

ACCEPTED, ERROR = "Accepted", "CertChainError"

_HASHES = ("hashAlgorithm", "issuerNameHash", "issuerKeyHash", "serialNumber")
_VERDICTS = {GOOD: ACCEPTED, REVOKED: "CertificateRevoked"}
_LARGEST = 1_000_000
_PATIENCE = 5.0


class Revocations:
    """What one CSMS knows of certificates. `forced` is a status of Authorize that every contract has instead; with
    CertificateRevoked our own are revoked everywhere. `asks`: whether others are asked."""

    __slots__ = ("_known", "asks", "authority", "forced")

    def __init__(
        self, authority: CertificateAuthority | None, forced: str = "", *, asks: bool = False
    ) -> None:
        self.authority = authority
        self.forced = forced
        self.asks = asks
        self._known: dict[tuple[str, ...], Status] = {}

    # --- contracts (C07) ------------------------------------------------------------------------------------

    def verdict(self, request: Payload, now: float) -> str:
        """AuthorizeCertificateStatusEnumType of the certificates in an AuthorizeRequest (C07.FR.13-.17)."""
        if self.forced:
            return self.forced
        if "certificate" in request:
            return self._of_chain(request["certificate"], now)
        found = [self._of_hashes(one, now) for one in request["iso15118CertificateHashData"]]
        worst = ("CertificateRevoked", "CertificateExpired", ERROR)
        return next((word for word in worst if word in found), ACCEPTED)

    def _of_hashes(self, hashes: Payload, now: float) -> str:
        known = self._of_our_own(hashes, now)
        if known is None:
            cached = self._known.get(_key(hashes))
            return _VERDICTS.get(cached.word, ERROR) if cached and cached.until > now else ERROR
        certificate = self._issued(hashes)
        over = certificate is not None and certificate.not_valid_after_utc.timestamp() < now
        return "CertificateExpired" if over else _VERDICTS.get(known.word, ERROR)

    def _of_chain(self, pem: str, now: float) -> str:
        """Of a chain in PEM form, the leaf first: signed from one to the next, up to our own root (C07.FR.06)."""
        from cryptography import x509

        try:
            chain = x509.load_pem_x509_certificates(pem.encode())
        except ValueError:
            return ERROR
        if self.authority is None or not chain:
            return ERROR
        root = self.authority.opened(now)[0]
        if chain[-1] != root:
            chain.append(root)
        if not all(_signs(upper, lower) for lower, upper in pairwise(chain)):
            return ERROR
        if any(not _holds(one, now) for one in chain):
            return "CertificateExpired"
        return ACCEPTED

    # --- our own --------------------------------------------------------------------------------------------

    def _issuer(self, hashes: Payload, now: float) -> Pair | None:
        """Which of our authorities these hashes name as the issuer."""
        if self.authority is None:
            return None
        algorithm = ocsp.algorithm(hashes)
        for pair in (self.authority.sub(now), self.authority.opened(now)):
            wanted = [str(hashes[name]).lower() for name in ("issuerNameHash", "issuerKeyHash")]
            if ocsp.issuer_hashes(pair[0], algorithm) == wanted:
                return pair
        return None

    def _issued(self, hashes: Payload) -> Certificate | None:
        assert self.authority is not None
        found = self.authority.issued.get(ocsp.serial(hashes))
        return found[0] if found else None

    def _of_our_own(self, hashes: Payload, now: float) -> Status | None:
        """The status of a certificate of ours, with the response that says so; None for those of others."""
        issuer = self._issuer(hashes, now)
        if issuer is None:
            return None
        assert self.authority is not None
        if self.forced == "CertificateRevoked":
            word = REVOKED
        elif self._issued(hashes) is not None or not self.authority.remembers_all:
            word = GOOD
        else:
            word = UNKNOWN
        return Status(word, now + WEEK, ocsp.response(hashes, word, issuer, now))

    # --- statuses (M06, M07) ----------------------------------------------------------------------------------

    async def ocsp(self, hashes: Payload, urls: list[str], now: float) -> Status:
        """The OCSP status of a certificate. Raises Unavailable (M06.FR.04, M07.FR.02)."""
        own = self._of_our_own(hashes, now)
        if own is not None:
            return own
        cached = self._known.get(_key(hashes))
        if cached is not None and cached.until > now and cached.der:
            return cached
        der = await self._fetched(urls, ocsp.request(hashes))
        found = ocsp.read_response(der, ocsp.serial(hashes), now)
        self._known[_key(hashes)] = found
        return found

    async def listed(self, hashes: Payload, urls: list[str], now: float) -> Status:
        """The status by a certificate revocation list. Raises Unavailable (M07.FR.04-.07)."""
        own = self._of_our_own(hashes, now)
        if own is not None:
            return own
        cached = self._known.get(_key(hashes))
        if cached is not None and cached.until > now:
            return cached
        found = ocsp.read_list(await self._fetched(urls, None), ocsp.serial(hashes), now)
        self._known[_key(hashes)] = found
        return found

    async def _fetched(self, urls: list[str], body: bytes | None) -> bytes:
        """What the first of the URLs that answers says."""
        if not self.asks:
            raise Unavailable("others are asked with --check-revocation only")
        from aiohttp import ClientError, ClientSession, ClientTimeout

        why = "there is no URL"
        async with ClientSession(timeout=ClientTimeout(total=_PATIENCE)) as session:
            for url in urls:
                headers = {"Content-Type": "application/ocsp-request"} if body is not None else {}
                try:
                    async with session.request(
                        "GET" if body is None else "POST", url, data=body, headers=headers
                    ) as answer:
                        if answer.status == 200:
                            return await answer.content.read(_LARGEST)
                        why = f"{url}: {answer.status}"
                except (ClientError, TimeoutError, ValueError) as wrong:
                    why = f"{url}: {wrong or 'no answer'}"
        raise Unavailable(why)


# --- forms --------------------------------------------------------------------------------------------------


def _key(hashes: Payload) -> tuple[str, ...]:
    return tuple(str(hashes[name]).lower().lstrip("0") for name in _HASHES)


def _signs(upper: Certificate, lower: Certificate) -> bool:
    from cryptography.exceptions import InvalidSignature

    try:
        lower.verify_directly_issued_by(upper)
    except (InvalidSignature, ValueError, TypeError):
        return False
    return True


def _holds(certificate: Certificate, now: float) -> bool:
    start, end = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    return start.timestamp() <= now <= end.timestamp()


def told(asked: Payload, status: Status | None, now: float) -> Payload:
    """CertificateStatusType for one CertificateStatusRequestInfoType (M07.FR.08); None is Failed."""
    return {
        "certificateHashData": {name: asked["certificateHashData"][name] for name in _HASHES},
        "source": asked["source"],
        "status": FAILED if status is None else status.word,
        "nextUpdate": text(now if status is None else status.until),
    }
