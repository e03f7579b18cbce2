"""Signatures: valid, and the same bytes each time."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.x509.oid import NameOID

from shared import signing

TEXT = b"what is signed"
DIGEST = hashlib.sha256(TEXT).digest()
NAME = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "CP1")])

KEYS: dict[str, Any] = {
    "ec": signing.private_key("7" * 64),
    "rsa": rsa.generate_private_key(65537, 1024),
    "ed25519": ed25519.Ed25519PrivateKey.from_private_bytes(b"7" * 32),
}
each_key = pytest.mark.parametrize("key", KEYS.values(), ids=KEYS)


@each_key
def test_a_signature_is_valid_and_the_same_each_time(key: Any) -> None:
    made = signing.signature(key, TEXT)
    assert made == signing.signature(key, TEXT)
    kinds: dict[str, tuple[Any, ...]] = {
        "EC": (ec.ECDSA(hashes.SHA256()),),
        "RSA": (padding.PKCS1v15(), hashes.SHA256()),
    }
    more = next((more for name, more in kinds.items() if name in type(key).__name__), ())
    key.public_key().verify(made, TEXT, *more)
    with pytest.raises(InvalidSignature):
        key.public_key().verify(made, TEXT + b".", *more)


@each_key
def test_a_signing_request_is_valid_and_the_same_each_time(key: Any) -> None:
    builder = x509.CertificateSigningRequestBuilder().subject_name(NAME)
    made = signing.request(builder, key)
    assert made.is_signature_valid
    assert made == signing.request(builder, key)


@pytest.mark.parametrize("size", [1024, 1025, 2048])
def test_rsa_pss_is_what_others_verify_and_the_same_each_time(size: int) -> None:
    key = rsa.generate_private_key(65537, size)
    made = signing.rsa_pss(key, DIGEST)
    assert made == signing.rsa_pss(key, DIGEST)
    assert len(made) == (size + 7) // 8
    for salt in (padding.PSS.DIGEST_LENGTH, padding.PSS.AUTO):
        scheme = padding.PSS(padding.MGF1(hashes.SHA256()), salt)
        key.public_key().verify(made, TEXT, scheme, hashes.SHA256())
        with pytest.raises(InvalidSignature):
            key.public_key().verify(made, TEXT + b".", scheme, hashes.SHA256())


def test_a_key_is_a_number_below_the_order_of_the_curve_whatever_is_drawn() -> None:
    for drawn in ("0" * 64, "f" * 64, b"\xff" * 40):
        assert signing.private_key(drawn).private_numbers() == signing.private_key(drawn).private_numbers()
