"""X.509 as OCPP uses it: certificates read and judged, the hashes by which they are named, keys and signing requests.

Sources: OCPP 2.x part 2, A §1.3 to §1.4 (hierarchy, properties), CertificateHashDataType (RFC 6960 §4.1.1); the
1.6 security white paper has the same.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from charge_point.firmware_signing import Invalid, checked
from shared import signing

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
    from cryptography.x509 import Certificate

Payload = dict[str, Any]


def read(pem: str) -> list[Certificate]:
    """The certificates of a PEM text, the leaf of a chain first. Raises Invalid."""
    from cryptography import x509

    try:
        return x509.load_pem_x509_certificates(pem.encode())
    except ValueError:
        raise Invalid("that is no X.509 certificate in PEM form") from None


def root(pem: str, now: float) -> Certificate:
    """The one certificate of an authority in `pem`, valid at Unix time `now`. Raises Invalid."""
    from cryptography import x509

    if len(read(pem)) != 1:
        raise Invalid("there is more than one certificate")
    found = checked(pem, now)
    try:
        basic = found.extensions.get_extension_for_class(x509.BasicConstraints).value
    except x509.ExtensionNotFound:
        return found  # version 1 and 3 roots of old have none
    if not basic.ca:
        raise Invalid("the certificate is not of an authority")
    return found


def chain(pem: str, now: float, roots: Iterable[Certificate]) -> list[Certificate]:
    """The chain in `pem`, the leaf first: each signed by the next, all valid at `now`, the last signed by one of
    `roots`, or being it, unless there are none. Raises Invalid (A02.FR.06)."""
    found = read(pem)
    moment = datetime.fromtimestamp(now, UTC)
    for one in found:
        if not one.not_valid_before_utc <= moment <= one.not_valid_after_utc:
            raise Invalid("a certificate of the chain is not valid today")
    for lower, upper in pairwise(found):
        if not issued(upper, lower):
            raise Invalid("a certificate of the chain is not signed by the next")
    trusted = list(roots)
    if trusted and not any(one == found[-1] or issued(one, found[-1]) for one in trusted):
        raise Invalid("the chain does not lead to an installed root certificate")
    return found


def issued(upper: Certificate, lower: Certificate) -> bool:
    """Whether `upper` has signed `lower`."""
    from cryptography.exceptions import InvalidSignature

    try:
        lower.verify_directly_issued_by(upper)
    except (InvalidSignature, ValueError, TypeError):
        return False
    return True


def hash_data(certificate: Certificate, issuer: Certificate | None = None) -> Payload:
    """CertificateHashDataType in SHA-256. Without its `issuer` the certificate is taken for a root."""
    from cryptography.hazmat.primitives import serialization

    key = (issuer or certificate).public_key()
    bits = key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return {
        "hashAlgorithm": "SHA256",
        "issuerNameHash": hashlib.sha256(certificate.issuer.public_bytes()).hexdigest(),
        "issuerKeyHash": hashlib.sha256(_key_bits(bits)).hexdigest(),
        "serialNumber": f"{certificate.serial_number:x}",
    }


def _key_bits(der: bytes) -> bytes:
    """The BIT STRING of a SubjectPublicKeyInfo without tag, length and unused bits (RFC 6960 §4.1.1)."""
    at = _into(der, 0)  # SEQUENCE
    at = _past(der, at)  # AlgorithmIdentifier
    return der[_into(der, at) + 1 :]


def _into(der: bytes, at: int) -> int:
    """Where the content of the element at `at` begins."""
    return at + 2 + (der[at + 1] & 0x7F if der[at + 1] & 0x80 else 0)


def _past(der: bytes, at: int) -> int:
    """Where the element after that at `at` begins."""
    start, length = _into(der, at), der[at + 1]
    if length & 0x80:
        length = int.from_bytes(der[at + 2 : start], "big")
    return start + length


def same(one: Payload, other: Payload) -> bool:
    """Whether two CertificateHashDataTypes name the same certificate: hex digits in any case, without zeros ahead."""
    names = ("hashAlgorithm", "issuerNameHash", "issuerKeyHash")
    alike = all(str(one[name]).lower() == str(other[name]).lower() for name in names)
    return alike and _serial(one) == _serial(other)


def _serial(data: Payload) -> str:
    return str(data["serialNumber"]).lower().lstrip("0")


def pem(certificate: Certificate) -> str:
    """A certificate in PEM form."""
    from cryptography.hazmat.primitives.serialization import Encoding

    return certificate.public_bytes(Encoding.PEM).decode()


def request(key: EllipticCurvePrivateKey, name: str, organization: str, country: str = "") -> str:
    """A certificate signing request in PEM form (RFC 2986; A02.FR.03), the same bytes for the same key and names."""
    from cryptography import x509
    from cryptography.hazmat.primitives import serialization
    from cryptography.x509.oid import NameOID

    names = [x509.NameAttribute(NameOID.COUNTRY_NAME, country)] if country else []
    names += [x509.NameAttribute(NameOID.ORGANIZATION_NAME, organization[:64])] if organization else []
    subject = x509.Name([*names, x509.NameAttribute(NameOID.COMMON_NAME, name[:64])])
    builder = x509.CertificateSigningRequestBuilder().subject_name(subject)
    made = signing.request(builder, key)
    return made.public_bytes(serialization.Encoding.PEM).decode()


def fits(leaf: Certificate, key: EllipticCurvePrivateKey, name: str) -> None:
    """Raises Invalid unless `leaf` is for the public half of `key` and for the station called `name` (A00.FR.507)."""
    from cryptography.x509.oid import NameOID

    if leaf.public_key() != key.public_key():
        raise Invalid("the certificate is for another key")
    named = [str(one.value) for one in leaf.subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
    if named != [name[:64]]:
        raise Invalid(f"the certificate is for {', '.join(named) or 'nobody'}, not for {name}")
