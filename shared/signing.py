"""Signatures that are the same bytes each time, so that two runs of one seed say the same to the last byte.

ECDSA takes its number from the key and the message (RFC 6979) where OpenSSL can do that (3.2 and later; with an older
one signatures are valid, but other bytes each time). RSA with PKCS #1 v1.5 and EdDSA have no chance in them anyway,
and the salt of RSA-PSS is drawn from what is signed (RFC 8017 §9.1 leaves open where it comes from).
`cryptography` is imported when something is signed.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPrivateKeyTypes
    from cryptography.x509 import Certificate, CertificateBuilder, CertificateSigningRequest
    from cryptography.x509 import CertificateSigningRequestBuilder as RequestBuilder

T = TypeVar("T")

_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
"""Of the curve secp256r1 (SEC 2 §2.4.2): a private key is a number below it."""

_LENGTH = 32
"""Bytes of a SHA-256 digest, and of the salt of RSA-PSS."""


def private_key(drawn: str | bytes) -> EllipticCurvePrivateKey:
    """A key on P-256 from 64 or more hex digits of a seeded stream, or as many bytes (A00.FR.502)."""
    from cryptography.hazmat.primitives.asymmetric import ec

    number = int(drawn, 16) if isinstance(drawn, str) else int.from_bytes(drawn, "big")
    return ec.derive_private_key(number % (_ORDER - 1) + 1, ec.SECP256R1())


def certificate(builder: CertificateBuilder, key: CertificateIssuerPrivateKeyTypes) -> Certificate:
    """The certificate of `builder`, signed with SHA-256."""
    return _built(builder.sign, key)


def request(builder: RequestBuilder, key: CertificateIssuerPrivateKeyTypes) -> CertificateSigningRequest:
    """The signing request of `builder`, signed with SHA-256."""
    return _built(builder.sign, key)


def _built(sign: Callable[..., T], key: Any) -> T:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec

    if not isinstance(key, ec.EllipticCurvePrivateKey):
        return sign(key, None if is_edwards(key) else hashes.SHA256())
    try:
        return sign(key, hashes.SHA256(), ecdsa_deterministic=True)
    except UnsupportedAlgorithm:
        return sign(key, hashes.SHA256())


def is_edwards(key: Any) -> bool:
    """Whether `key` signs by EdDSA, for which no hash is named."""
    from cryptography.hazmat.primitives.asymmetric import ed448, ed25519

    return isinstance(key, ed25519.Ed25519PrivateKey | ed448.Ed448PrivateKey)


def signature(key: Any, text: bytes) -> bytes:
    """The signature over `text` as certificates have it: ECDSA or RSA with SHA-256, or EdDSA."""
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec, padding

    if isinstance(key, ec.EllipticCurvePrivateKey):
        return ecdsa(key, hashlib.sha256(text).digest())
    made: bytes = key.sign(text) if is_edwards(key) else key.sign(text, padding.PKCS1v15(), hashes.SHA256())
    return made


def ecdsa(key: EllipticCurvePrivateKey, sha256: bytes) -> bytes:
    """The ECDSA signature over what has this SHA-256 digest, in DER."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.asymmetric.utils import Prehashed

    digest = Prehashed(hashes.SHA256())
    try:
        return key.sign(sha256, ec.ECDSA(digest, deterministic_signing=True))
    except UnsupportedAlgorithm:
        return key.sign(sha256, ec.ECDSA(digest))


def rsa_pss(key: RSAPrivateKey, sha256: bytes) -> bytes:
    """The RSA-PSS signature over what has this SHA-256 digest, MGF1 with the same hash, the salt as long as it."""
    numbers = key.private_numbers()
    modulus = numbers.public_numbers.n
    encoded = int.from_bytes(_pss(sha256, key.key_size - 1), "big")
    return pow(encoded, numbers.d, modulus).to_bytes((key.key_size + 7) // 8, "big")


def _pss(digest: bytes, bits: int) -> bytes:
    """EMSA-PSS-ENCODE of a digest for `bits` bits (RFC 8017 §9.1.1)."""
    length = (bits + 7) // 8
    salt = hashlib.sha256(b"salt" + digest).digest()
    hashed = hashlib.sha256(bytes(8) + digest + salt).digest()
    block = bytes(length - 2 * _LENGTH - 2) + b"\x01" + salt
    masked = bytearray(a ^ b for a, b in zip(block, _mask(hashed, len(block)), strict=True))
    masked[0] &= 0xFF >> (8 * length - bits)
    return bytes(masked) + hashed + b"\xbc"


def _mask(seed: bytes, length: int) -> bytes:
    """MGF1 with SHA-256 (RFC 8017 §B.2.1)."""
    rounds = range(-(-length // _LENGTH))
    return b"".join(hashlib.sha256(seed + at.to_bytes(4, "big")).digest() for at in rounds)[:length]
