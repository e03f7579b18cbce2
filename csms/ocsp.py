"""OCSP and revocation lists in their own forms: requests and responses in DER (RFC 6960), lists (RFC 5280)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from shared import signing

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.hashes import HashAlgorithm
    from cryptography.x509 import Certificate
    from cryptography.x509.ocsp import OCSPCertStatus, OCSPResponse

    from csms.authority import Pair

Payload = dict[str, Any]

GOOD, REVOKED, UNKNOWN, FAILED = "Good", "Revoked", "Unknown", "Failed"
WEEK = 7 * 86_400.0
"""As long as a status may be kept, in seconds (M06.FR.10, M07.FR.09)."""

_SEQUENCE, _ENUMERATED, _BITS, _OCTETS, _EXPLICIT, _TIME = 0x30, 0x0A, 0x03, 0x04, 0xA0, 0x18
_BASIC = bytes.fromhex("06092b0601050507300101")
"""The object identifier id-pkix-ocsp-basic, in DER."""


class Unavailable(Exception):
    """No status could be had; one clause."""


class Status(NamedTuple):
    """What is known of a certificate: Good, Revoked or Unknown, until when (Unix s), and the response in DER."""

    word: str
    until: float
    der: bytes = b""


def serial(hashes: Payload) -> int:
    """The serial number in a CertificateHashDataType; -1 when it is none."""
    try:
        return int(str(hashes["serialNumber"]), 16)
    except ValueError:
        return -1


def algorithm(hashes: Payload) -> HashAlgorithm:
    """The hash algorithm of a CertificateHashDataType."""
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


def response(hashes: Payload, word: str, issuer: Pair, now: float) -> bytes:
    """An OCSPResponse in DER (M06.FR.08, .09), signed by the issuer of the certificate; the same bytes for the same
    arguments."""
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.serialization import Encoding
    from cryptography.x509 import ocsp

    moment = datetime.fromtimestamp(now, UTC).replace(microsecond=0)
    status: OCSPCertStatus = getattr(ocsp.OCSPCertStatus, word.upper())
    builder = ocsp.OCSPResponseBuilder().add_response_by_hash(
        bytes.fromhex(hashes["issuerNameHash"]),
        bytes.fromhex(hashes["issuerKeyHash"]),
        max(serial(hashes), 1),
        algorithm(hashes),
        status,
        moment,
        moment + timedelta(seconds=WEEK),
        moment if word == REVOKED else None,
        None,
    )
    builder = builder.responder_id(ocsp.OCSPResponderEncoding.NAME, issuer[0])
    made = builder.sign(issuer[1], None if signing.is_edwards(issuer[1]) else SHA256())
    return _signed_again(made, made.public_bytes(Encoding.DER), issuer[1], moment)


def _signed_again(made: OCSPResponse, der: bytes, key: Any, moment: datetime) -> bytes:
    """`made` with `moment` as its producedAt, for which the library takes the time of the day, and with a signature
    that is the same each time, which it cannot make."""
    said = made.tbs_response_bytes
    rest = der[der.index(said) + len(said) :]
    kind = rest[: 2 + rest[1]]  # the AlgorithmIdentifier, which is shorter than 128 bytes
    said = said.replace(_moment(made.produced_at_utc), _moment(moment), 1)  # it is the first time in there
    signed = _element(_BITS, b"\x00" + signing.signature(key, said))
    basic = _element(_OCTETS, _element(_SEQUENCE, said + kind + signed))
    successful = _element(_ENUMERATED, b"\x00")
    return _element(
        _SEQUENCE, successful + _element(_EXPLICIT, _element(_SEQUENCE, _BASIC + basic))
    )  # RFC 6960 §4.2.1


def _moment(moment: datetime) -> bytes:
    return _element(_TIME, moment.strftime("%Y%m%d%H%M%SZ").encode())


def _element(tag: int, content: bytes) -> bytes:
    """One element in DER (X.690 §8.1)."""
    if len(content) < 0x80:
        return bytes((tag, len(content))) + content
    size = len(content).to_bytes((len(content).bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(size))) + size + content


def request(hashes: Payload) -> bytes:
    """An OCSPRequest in DER. Raises Unavailable for hashes that are none."""
    from cryptography.hazmat.primitives.serialization import Encoding
    from cryptography.x509 import ocsp

    try:
        builder = ocsp.OCSPRequestBuilder().add_certificate_by_hash(
            bytes.fromhex(hashes["issuerNameHash"]),
            bytes.fromhex(hashes["issuerKeyHash"]),
            serial(hashes),
            algorithm(hashes),
        )
        return builder.build().public_bytes(Encoding.DER)
    except ValueError as wrong:
        raise Unavailable(f"these are no hashes of a certificate: {wrong}") from None


def read_response(der: bytes, serial: int, now: float) -> Status:
    """What an OCSPResponse says of the certificate with this serial number. Raises Unavailable."""
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


def read_list(raw: bytes, serial: int, now: float) -> Status:
    """What a revocation list, in PEM or DER, says of the certificate with this serial number. Raises Unavailable."""
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
