"""Whether certificates are revoked: of our own authority by what it has issued, of others by asking (C07, M06, M07).

Others are asked only with `--check-revocation`: an OCSP responder by HTTP POST (RFC 6960 appendix A), a revocation
list by GET. What they said is kept for a week at most, and Authorize goes by that (C07.FR.05: cached OCSP data).
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

from shared.clock import text

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.hashes import HashAlgorithm
    from cryptography.x509 import Certificate
    from cryptography.x509.ocsp import OCSPCertStatus, OCSPResponse

    from csms.authority import CertificateAuthority, Pair

Payload = dict[str, Any]

GOOD, REVOKED, UNKNOWN, FAILED = "Good", "Revoked", "Unknown", "Failed"
ACCEPTED, ERROR = "Accepted", "CertChainError"
WEEK = 7 * 86_400.0
"""As long as a status may be kept (M06.FR.10, M07.FR.09)."""

_HASHES = ("hashAlgorithm", "issuerNameHash", "issuerKeyHash", "serialNumber")
_VERDICTS = {GOOD: ACCEPTED, REVOKED: "CertificateRevoked"}
_LARGEST = 1_000_000
_PATIENCE = 5.0


class Unavailable(Exception):
    """No status could be had; one clause."""


class Status(NamedTuple):
    """What is known of a certificate: Good, Revoked or Unknown, until when (Unix s), and the response in DER."""

    word: str
    until: float
    der: bytes = b""


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
        algorithm = _algorithm(hashes)
        for pair in (self.authority.sub(now), self.authority.opened(now)):
            wanted = [str(hashes[name]).lower() for name in ("issuerNameHash", "issuerKeyHash")]
            if issuer_hashes(pair[0], algorithm) == wanted:
                return pair
        return None

    def _issued(self, hashes: Payload) -> Certificate | None:
        assert self.authority is not None
        found = self.authority.issued.get(_serial(hashes))
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
        return Status(word, now + WEEK, _response(hashes, word, issuer, now))

    # --- statuses (M06, M07) ----------------------------------------------------------------------------------

    async def ocsp(self, hashes: Payload, urls: list[str], now: float) -> Status:
        """The OCSP status of a certificate. Raises Unavailable (M06.FR.04, M07.FR.02)."""
        own = self._of_our_own(hashes, now)
        if own is not None:
            return own
        cached = self._known.get(_key(hashes))
        if cached is not None and cached.until > now and cached.der:
            return cached
        der = await self._fetched(urls, _request(hashes))
        found = _read_response(der, _serial(hashes), now)
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
        found = _read_list(await self._fetched(urls, None), _serial(hashes), now)
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


def _serial(hashes: Payload) -> int:
    try:
        return int(str(hashes["serialNumber"]), 16)
    except ValueError:
        return -1


def _algorithm(hashes: Payload) -> HashAlgorithm:
    from cryptography.hazmat.primitives import hashes as known

    found: HashAlgorithm = getattr(known, hashes["hashAlgorithm"])()
    return found


def issuer_hashes(issuer: Certificate, algorithm: HashAlgorithm) -> list[str]:
    """The hex digits of issuerNameHash and issuerKeyHash of what `issuer` has signed (RFC 6960 §4.1.1)."""
    from cryptography.hazmat.primitives.hashes import Hash

    found = []
    for part in (issuer.subject.public_bytes(), _key_bits(issuer)):
        digest = Hash(algorithm)
        digest.update(part)
        found.append(digest.finalize().hex())
    return found


def _key_bits(certificate: Certificate) -> bytes:
    """The public key without the words about its kind: for EC the point, for RSA the sequence of two numbers."""
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    key = certificate.public_key()
    if isinstance(key, ec.EllipticCurvePublicKey):
        return key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    return key.public_bytes(Encoding.DER, PublicFormat.PKCS1)


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


def _response(hashes: Payload, word: str, issuer: Pair, now: float) -> bytes:
    """An OCSPResponse in DER (M06.FR.08, .09), signed by the issuer of the certificate."""
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.x509 import ocsp

    moment = datetime.fromtimestamp(now, UTC).replace(microsecond=0)
    status: OCSPCertStatus = getattr(ocsp.OCSPCertStatus, word.upper())
    builder = ocsp.OCSPResponseBuilder().add_response_by_hash(
        bytes.fromhex(hashes["issuerNameHash"]),
        bytes.fromhex(hashes["issuerKeyHash"]),
        max(_serial(hashes), 1),
        _algorithm(hashes),
        status,
        moment,
        moment + timedelta(seconds=WEEK),
        moment if word == REVOKED else None,
        None,
    )
    builder = builder.responder_id(ocsp.OCSPResponderEncoding.NAME, issuer[0])
    return _der(builder.sign(issuer[1], SHA256()))


def _request(hashes: Payload) -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding
    from cryptography.x509 import ocsp

    try:
        builder = ocsp.OCSPRequestBuilder().add_certificate_by_hash(
            bytes.fromhex(hashes["issuerNameHash"]),
            bytes.fromhex(hashes["issuerKeyHash"]),
            _serial(hashes),
            _algorithm(hashes),
        )
        return builder.build().public_bytes(Encoding.DER)
    except ValueError as wrong:
        raise Unavailable(f"these are no hashes of a certificate: {wrong}") from None


def _der(response: OCSPResponse) -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding

    return response.public_bytes(Encoding.DER)


def _read_response(der: bytes, serial: int, now: float) -> Status:
    from cryptography.x509 import ocsp

    try:
        found = ocsp.load_der_ocsp_response(der)
    except ValueError:
        raise Unavailable("the responder's answer is no OCSP response") from None
    if found.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
        raise Unavailable(f"the responder says {found.response_status.name}")
    if found.serial_number != serial:
        raise Unavailable("the responder speaks of another certificate")
    end = found.next_update_utc
    until = min(now + WEEK, end.timestamp()) if end is not None else now + WEEK
    return Status(found.certificate_status.name.capitalize(), until, der)


def _read_list(raw: bytes, serial: int, now: float) -> Status:
    from cryptography import x509

    try:
        load = x509.load_pem_x509_crl if raw.lstrip().startswith(b"-----") else x509.load_der_x509_crl
        found = load(raw)
    except ValueError:
        raise Unavailable("that is no certificate revocation list") from None
    end = found.next_update_utc
    until = min(now + WEEK, end.timestamp()) if end is not None else now + WEEK
    word = REVOKED if found.get_revoked_certificate_by_serial_number(serial) is not None else GOOD
    return Status(word, until)


def told(asked: Payload, status: Status | None, now: float) -> Payload:
    """CertificateStatusType for one CertificateStatusRequestInfoType (M07.FR.08); None is Failed."""
    return {
        "certificateHashData": {name: asked["certificateHashData"][name] for name in _HASHES},
        "source": asked["source"],
        "status": FAILED if status is None else status.word,
        "nextUpdate": text(now if status is None else status.until),
    }
