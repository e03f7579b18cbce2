"""Certificates for tests, made by `cryptography` alone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cache
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.x509.oid import NameOID


class Authority(NamedTuple):
    """A certificate of an authority and its key."""

    certificate: x509.Certificate
    key: EllipticCurvePrivateKey

    @property
    def pem(self) -> str:
        return pem_of(self.certificate)

    def sign(self, csr: str, now: float, *, days: float = 365, name: str = "") -> str:
        """The certificate that `csr` asks for, from yesterday on for so many days."""
        asked = x509.load_pem_x509_csr(csr.encode())
        subject = named(name) if name else asked.subject
        return pem_of(_made(subject, asked.public_key(), self, now, days, ca=False))  # type: ignore[arg-type]


def named(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def pem_of(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


@cache
def authority(
    name: str, now: float, days: float = 3650, above: Authority | None = None, ca: bool = True
) -> Authority:
    """A root, or what `above` has signed, valid for `days` from the day before Unix time `now` on."""
    key = ec.generate_private_key(ec.SECP256R1())
    return Authority(_made(named(name), key.public_key(), above, now, days, ca=ca, own=key), key)


def _made(
    subject: x509.Name,
    public: ec.EllipticCurvePublicKey,
    above: Authority | None,
    now: float,
    days: float,
    *,
    ca: bool,
    own: EllipticCurvePrivateKey | None = None,
) -> x509.Certificate:
    start = datetime.fromtimestamp(now, UTC) - timedelta(days=1)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(above.certificate.subject if above else subject)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + timedelta(days=days))
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
    )
    key = above.key if above else own
    assert key is not None
    return builder.sign(key, hashes.SHA256())
