"""The signing of firmware: with the user's certificate and key, or with a pair made from the seed.

The made pair is a root and a certificate that it issued, both EC P-256 and the same for the same seed; signatures are
too. What signs here would be the manufacturer's (L01.FR.09): this is a mock.
"""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import TYPE_CHECKING, NamedTuple

from shared import signing
from shared.option_fields import UsageError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric import ec, rsa
    from cryptography.x509 import Certificate

_FROM = datetime(2025, 1, 1, tzinfo=UTC)
_YEARS = timedelta(days=7300)


class Signer(NamedTuple):
    """A signing certificate and its key; `root` is who issued it, in PEM form, empty when that is not known."""

    certificate: str
    key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
    root: str = ""

    def sign(self, sha256: bytes) -> str:
        """The signature over a file with this SHA-256 digest, base64: ECDSA, or RSA-PSS (L01.FR.04)."""
        from cryptography.hazmat.primitives.asymmetric import ec

        if isinstance(self.key, ec.EllipticCurvePrivateKey):
            made = signing.ecdsa(self.key, sha256)
        else:
            made = signing.rsa_pss(self.key, sha256)
        return base64.b64encode(made).decode()


def made(seed: object, name: str = "Mock manufacturer") -> Signer:
    """The pair of this seed: the same root, certificate and key each time."""
    from cryptography.hazmat.primitives.serialization import Encoding

    root_key, leaf_key = _key(seed, name, "root"), _key(seed, name, "signing")
    root = _certificate(f"{name} root", f"{name} root", root_key, root_key, 1, is_root=True)
    leaf = _certificate(f"{name} firmware signing", f"{name} root", leaf_key, root_key, 2, is_root=False)
    return Signer(
        leaf.public_bytes(Encoding.PEM).decode(), leaf_key, root.public_bytes(Encoding.PEM).decode()
    )


def _key(seed: object, *purpose: str) -> ec.EllipticCurvePrivateKey:
    drawn = blake2b("\x1f".join([str(seed), *purpose]).encode(), digest_size=40).digest()
    return signing.private_key(drawn)


def _certificate(
    subject: str,
    issuer: str,
    key: ec.EllipticCurvePrivateKey,
    by: ec.EllipticCurvePrivateKey,
    serial: int,
    *,
    is_root: bool,
) -> Certificate:
    from cryptography import x509
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

    def named(common: str) -> x509.Name:
        parts = ((NameOID.ORGANIZATION_NAME, "OCPP mock pair"), (NameOID.COMMON_NAME, common))
        return x509.Name([x509.NameAttribute(kind, text) for kind, text in parts])

    builder = (
        x509.CertificateBuilder()
        .subject_name(named(subject))
        .issuer_name(named(issuer))
        .public_key(key.public_key())
        .serial_number(serial)
        .not_valid_before(_FROM)
        .not_valid_after(_FROM + _YEARS)
        .add_extension(x509.BasicConstraints(ca=is_root, path_length=0 if is_root else None), critical=True)
    )
    if not is_root:
        usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CODE_SIGNING])
        builder = builder.add_extension(usage, critical=False)
    return signing.certificate(builder, by)


def given(certificate: str, key: str) -> Signer:
    """The pair in two PEM files. Raises UsageError."""
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric import ec, rsa
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        with open(certificate, encoding="ascii") as file:
            pem = file.read()
        x509.load_pem_x509_certificate(pem.encode())
    except (OSError, ValueError) as wrong:
        why = getattr(wrong, "strerror", None) or "not a certificate in PEM form"
        raise UsageError(f"--signing-cert: {certificate}: {why}") from None
    try:
        with open(key, "rb") as secret:
            private = load_pem_private_key(secret.read(), None)
    except (OSError, ValueError, TypeError) as wrong:
        why = getattr(wrong, "strerror", None) or "not an unencrypted private key in PEM form"
        raise UsageError(f"--signing-key: {key}: {why}") from None
    if not isinstance(private, (ec.EllipticCurvePrivateKey, rsa.RSAPrivateKey)):
        raise UsageError(f"--signing-key: {key}: neither an RSA nor an EC key")
    return Signer(pem, private)
