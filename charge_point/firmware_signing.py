"""Signed firmware: the signing certificate looked at before an update is accepted, the signature after the download.

The standard wants RSA-PSS or EC-Schnorr over SHA-256 (L01.FR.04). What certificate authorities and CSMSs make in
practice is RSA-PSS, RSA with PKCS #1 v1.5, and ECDSA, all of which are taken here.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

LEAST_RSA, LEAST_EC = 2048, 224
"""Bits of a key (A00.FR.501, A00.FR.502; SW16 A00.FR.501-502)."""


class Invalid(Exception):
    """A certificate or a signature that cannot be relied on; one clause."""


def checked(pem: str, now: float, roots: Iterable[Certificate] = ()) -> Certificate:
    """The signing certificate in `pem`, if it is valid at Unix time `now`. Raises Invalid.

    With `roots` one of them must have issued it, or be it: there are no intermediates (L01, remark).
    """
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric import ec, rsa

    try:
        found = x509.load_pem_x509_certificate(pem.encode())
        key = found.public_key()
    except ValueError:
        raise Invalid("the signing certificate is no X.509 certificate in PEM form") from None
    moment = datetime.fromtimestamp(now, UTC)
    if not found.not_valid_before_utc <= moment <= found.not_valid_after_utc:
        raise Invalid("the signing certificate is not valid today")
    if isinstance(key, rsa.RSAPublicKey):
        short = key.key_size < LEAST_RSA
    elif isinstance(key, ec.EllipticCurvePublicKey):
        short = key.key_size < LEAST_EC
    else:
        raise Invalid("the key of the signing certificate is neither RSA nor EC")
    if short:
        raise Invalid(f"the key of the signing certificate has {key.key_size} bits only")
    trusted = list(roots)
    if trusted and not any(_issued(root, found) for root in trusted):
        raise Invalid("no manufacturer root certificate has signed the signing certificate")
    return found


def _issued(root: Certificate, leaf: Certificate) -> bool:
    if root == leaf:
        return True
    try:
        leaf.verify_directly_issued_by(root)
    except Exception:  # it raises one of four kinds, by what does not fit
        return False
    return True


def roots_in(path: str) -> list[Certificate]:
    """The certificates of a PEM file. Raises Invalid."""
    from cryptography import x509

    try:
        with open(path, "rb") as file:
            return x509.load_pem_x509_certificates(file.read())
    except (OSError, ValueError) as wrong:
        raise Invalid(f"{path}: {getattr(wrong, 'strerror', None) or 'no certificate in PEM form'}") from None


def verify(certificate: Certificate, signature: str, sha256: bytes) -> None:
    """Raise Invalid unless `signature` (base64) is the certificate's over a file with this SHA-256 digest."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
    from cryptography.hazmat.primitives.asymmetric.utils import Prehashed

    try:
        given = base64.b64decode("".join(signature.split()), validate=True)
    except (binascii.Error, ValueError):
        raise Invalid("the signature is not base64") from None
    key, digest = certificate.public_key(), Prehashed(hashes.SHA256())
    try:
        if isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(given, sha256, ec.ECDSA(digest))
            return
        assert isinstance(key, rsa.RSAPublicKey)
        try:
            pss = padding.PSS(padding.MGF1(hashes.SHA256()), padding.PSS.AUTO)
            key.verify(given, sha256, pss, digest)
        except InvalidSignature:
            key.verify(given, sha256, padding.PKCS1v15(), digest)
    except InvalidSignature:
        raise Invalid("the signature is not that of the file") from None
