"""A small certificate authority: a root, and certificates for the signing requests of stations (A02.FR.11, SW16 A02).

`cryptography` is imported when the first station asks. A root that is made comes from the seed, and signatures are
RFC 6979's where the library can do that, so that the same run signs the same bytes.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shared.chance import Stream
from shared.option_fields import UsageError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPrivateKeyTypes
    from cryptography.x509 import Certificate, CertificateBuilder, CertificateSigningRequest

    from csms.option_authority import AuthorityOptions

_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
"""Of the curve secp256r1 (SEC 2 §2.4.2): a private key is a number below it."""

_YEAR = timedelta(days=365)
_EARLIER = timedelta(minutes=5)
"""The clock of a station may be behind ours (A02.FR.06, remark)."""


class CertificateAuthority:
    """A root certificate and its key, made or loaded when first used. `seed` decides serial numbers and a made key."""

    __slots__ = ("_files", "_root", "_stream")

    def __init__(self, seed: int, files: tuple[str, str] | None = None) -> None:
        self._stream = Stream(seed, "certificate authority")
        self._files = files
        self._root: tuple[Certificate, CertificateIssuerPrivateKeyTypes] | None = None

    def root(self, now: float) -> str:
        """The root certificate in PEM form; one that is made is valid from Unix time `now` on."""
        return _pem(self._opened(now)[0])

    def sign(self, csr: str, now: float) -> str:
        """A certificate for a signing request in PEM form, valid for a year. Raises ValueError for what is none."""
        from cryptography import x509

        asked = x509.load_pem_x509_csr(csr.encode())
        if not asked.is_signature_valid:
            raise ValueError("the signing request is not signed by its own key")
        root, key = self._opened(now)
        return _pem(_signed(_for(asked, root, datetime.fromtimestamp(now, UTC), self._serial()), key))

    def _serial(self) -> int:
        return int(self._stream.hex(16), 16) or 1

    def _opened(self, now: float) -> tuple[Certificate, CertificateIssuerPrivateKeyTypes]:
        if self._root is None:
            self._root = self._made(now) if self._files is None else load(*self._files)
        return self._root

    def _made(self, now: float) -> tuple[Certificate, CertificateIssuerPrivateKeyTypes]:
        from cryptography import x509
        from cryptography.hazmat.primitives.asymmetric import ec
        from cryptography.x509.oid import NameOID

        key = ec.derive_private_key(int(self._stream.hex(64), 16) % (_ORDER - 1) + 1, ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Mock certificate authority")])
        start = datetime.fromtimestamp(now, UTC) - _EARLIER
        builder = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(self._serial())
            .not_valid_before(start)
            .not_valid_after(start + 10 * _YEAR)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        )
        return _signed(builder, key), key


def _for(
    asked: CertificateSigningRequest, root: Certificate, now: datetime, serial: int
) -> CertificateBuilder:
    from cryptography import x509

    return (
        x509.CertificateBuilder()
        .subject_name(asked.subject)
        .issuer_name(root.subject)
        .public_key(asked.public_key())
        .serial_number(serial)
        .not_valid_before(now - _EARLIER)
        .not_valid_after(now + _YEAR)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    )


def _signed(builder: CertificateBuilder, key: CertificateIssuerPrivateKeyTypes) -> Certificate:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec

    if isinstance(key, ec.EllipticCurvePrivateKey):
        try:
            return builder.sign(key, hashes.SHA256(), ecdsa_deterministic=True)
        except (
            TypeError,
            UnsupportedAlgorithm,
        ):  # an old library or OpenSSL: valid, but other bytes each time
            pass
    return builder.sign(key, hashes.SHA256())


def _pem(certificate: Certificate) -> str:
    from cryptography.hazmat.primitives.serialization import Encoding

    return certificate.public_bytes(Encoding.PEM).decode()


def load(cert: str, key: str) -> tuple[Certificate, CertificateIssuerPrivateKeyTypes]:
    """A root and its key from PEM files. Raises UsageError for what is none, and for a key of another certificate."""
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        root = x509.load_pem_x509_certificate(Path(cert).read_bytes())
    except (OSError, ValueError):
        raise UsageError(f"--ca-cert: {cert} holds no certificate in PEM form") from None
    try:
        found: Any = load_pem_private_key(Path(key).read_bytes(), None)
    except (OSError, ValueError, TypeError):
        raise UsageError(f"--ca-key: {key} holds no private key in PEM form without a password") from None
    if found.public_key() != root.public_key():
        raise UsageError(f"--ca-key: {key} is not the key of {cert}")
    return root, found


def authority_of(options: AuthorityOptions, seed: int) -> CertificateAuthority | None:
    """The certificate authority that the options ask for; None for none. Raises UsageError."""
    if (options.ca_cert is None) != (options.ca_key is None):
        raise UsageError("--ca-cert and --ca-key belong together")
    if options.ca_cert is not None and options.ca_key is not None:
        load(options.ca_cert, options.ca_key)  # what is wrong with them is told at once
        return CertificateAuthority(seed, (options.ca_cert, options.ca_key))
    return CertificateAuthority(seed) if options.certificate_authority else None
