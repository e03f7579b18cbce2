"""A small certificate authority: a root, and certificates for stations and contracts (A02.FR.11, SW16 A02, M01).

Stations are signed for by the root itself; what ISO 15118 needs by a subordinate authority under it, of which a car
is told. `cryptography` is imported when the first certificate is wanted. Keys that are made come from the seed, and
signatures from `shared/signing.py`: the same run signs the same bytes. What is known of revocation is in
`csms/revocation.py`.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shared import signing
from shared.chance import Stream
from shared.option_fields import UsageError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
    from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPrivateKeyTypes
    from cryptography.x509 import Certificate, CertificateBuilder, CertificateSigningRequest, Name

    from csms.option_authority import AuthorityOptions

YEAR = timedelta(days=365)
_EARLIER = timedelta(minutes=5)
"""The clock of a station may be behind ours (A02.FR.06, remark)."""

RESPONDER = "http://ocsp.mock.invalid/"
"""Named in each certificate that ISO 15118 needs (M06, remark); the CSMS answers for it, and nobody is there."""

STATION = "ChargingStationCertificate"

Pair = tuple["Certificate", "CertificateIssuerPrivateKeyTypes"]


class CertificateAuthority:
    """A root certificate and its key, made or loaded when first used. `seed` decides serial numbers and made keys.

    Owns what it has issued: serial number -> the certificate and that of its issuer.
    """

    __slots__ = ("_files", "_root", "_stream", "_sub", "contracts", "issued", "told")

    def __init__(self, seed: int, files: tuple[str, str] | None = None, contracts: int = 1) -> None:
        self.contracts = contracts
        """How many contracts each car has with us."""
        self._stream = Stream(seed, "certificate authority")
        self._files = files
        self._root: Pair | None = None
        self._sub: Pair | None = None
        self.issued: dict[int, tuple[Certificate, Certificate]] = {}
        self.told: dict[str, int] = {}
        """How many of its contracts a car was told that takes several, by its request (M01.FR.07)."""

    @property
    def remembers_all(self) -> bool:
        """Whether nothing was signed before this run: a root that is made is new, one from files need not be."""
        return self._files is None

    def root(self, now: float) -> str:
        """The root certificate in PEM form; one that is made is valid from Unix time `now` on."""
        return _pem(self.opened(now)[0])

    def sign(self, csr: str, now: float, kind: str = STATION) -> str:
        """A chain for a signing request in PEM form, valid for a year. Raises ValueError for what is none.

        `kind` is a CertificateSigningUseEnumType of 2.x: other chains than a station's have the subordinate
        authority in them, but never the root (A02.FR.20; M06, remark). Its alternative names are those asked for.
        """
        from cryptography import x509

        asked = x509.load_pem_x509_csr(csr.encode())
        if not asked.is_signature_valid:
            raise ValueError("the signing request is not signed by its own key")
        if kind == STATION:
            above = self.opened(now)
            return _pem(
                self._issue(asked.subject, asked.public_key(), above, now, vehicle=False, asked=asked)
            )
        above = self.sub(now)
        found = self._issue(asked.subject, asked.public_key(), above, now, asked=asked)
        return _pem(found) + _pem(above[0])

    def contract(self, emaid: str, now: float, days: float = 365) -> tuple[str, EllipticCurvePrivateKey]:
        """A new contract certificate for `emaid`, its chain in PEM form, and its private key."""
        key, above = self.new_key(), self.sub(now)
        found = self._issue(_named(emaid), key.public_key(), above, now, days=days)
        return _pem(found) + _pem(above[0]), key

    def new_key(self) -> EllipticCurvePrivateKey:
        """The next private key of the seed."""
        return signing.private_key(self._stream.hex(64))

    def new_bytes(self, count: int) -> bytes:
        """The next bytes of the seed."""
        return bytes.fromhex(self._stream.hex(2 * count))

    def _serial(self) -> int:
        return int(self._stream.hex(16), 16) or 1

    def opened(self, now: float) -> Pair:
        """The root and its key."""
        if self._root is None:
            self._root = self._made(now) if self._files is None else load(*self._files)
        return self._root

    def sub(self, now: float) -> Pair:
        """The subordinate authority, made under the root when first needed, and its key."""
        if self._sub is None:
            key, above = self.new_key(), self.opened(now)
            name = _named("Mock subordinate authority")
            found = self._issue(name, key.public_key(), above, now, days=3000, ca=True)
            self._sub = found, key
        return self._sub

    def _made(self, now: float) -> Pair:
        key, name = self.new_key(), _named("Mock certificate authority")
        start = datetime.fromtimestamp(now, UTC) - _EARLIER
        builder = _builder(name, name, key.public_key(), self._serial(), start, 10 * YEAR, ca=True)
        return signing.certificate(builder, key), key

    def _issue(
        self,
        subject: Name,
        public: Any,
        above: Pair,
        now: float,
        *,
        days: float = 365,
        ca: bool = False,
        vehicle: bool = True,
        asked: CertificateSigningRequest | None = None,
    ) -> Certificate:
        from cryptography import x509
        from cryptography.x509.oid import AuthorityInformationAccessOID

        serial, start = self._serial(), datetime.fromtimestamp(now, UTC) - _EARLIER
        life = timedelta(days=days) + _EARLIER
        builder = _builder(subject, above[0].subject, public, serial, start, life, ca=ca)
        for one in asked.extensions if asked is not None else ():
            if isinstance(one.value, x509.SubjectAlternativeName):  # who serves TLS is known by these
                builder = builder.add_extension(one.value, one.critical)
        if vehicle:
            where = x509.AccessDescription(
                AuthorityInformationAccessOID.OCSP, x509.UniformResourceIdentifier(RESPONDER)
            )
            builder = builder.add_extension(x509.AuthorityInformationAccess([where]), critical=False)
        found = signing.certificate(builder, above[1])
        self.issued[serial] = found, above[0]
        return found


def _named(common: str) -> Name:
    from cryptography import x509
    from cryptography.x509.oid import NameOID

    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _builder(
    subject: Name, issuer: Name, public: Any, serial: int, start: datetime, life: timedelta, *, ca: bool
) -> CertificateBuilder:
    from cryptography import x509

    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public)
        .serial_number(serial)
        .not_valid_before(start)
        .not_valid_after(start + life)
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
    )


def _pem(certificate: Certificate) -> str:
    from cryptography.hazmat.primitives.serialization import Encoding

    return certificate.public_bytes(Encoding.PEM).decode()


def load(cert: str, key: str) -> Pair:
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
        return CertificateAuthority(seed, (options.ca_cert, options.ca_key), options.contracts)
    return CertificateAuthority(seed, None, options.contracts) if options.certificate_authority else None
