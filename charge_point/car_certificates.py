"""The certificates in a simulated car: those it is born with, and its contracts (ISO 15118-2 §7.9, -20 §7.9).

Every car that comes to a station has a provisioning certificate under a subordinate authority of its maker. Keys
come from the station's seed; the maker's root is never seen.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from charge_point import certificate_forms as forms
from charge_point.firmware_signing import Invalid
from shared import signing

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
    from cryptography.x509 import Certificate, CertificateBuilder

    from charge_point.station import Station

RESPONDER = "http://ocsp.mock.invalid/"
"""Where the maker says that its certificates can be asked about; nobody is there."""

_LIFE = timedelta(days=10 * 365)


class Contract(NamedTuple):
    """A contract certificate: its chain in PEM form, the leaf first, and its private key as hex digits."""

    chain: str
    secret: str

    @property
    def emaid(self) -> str:
        """The eMAID that the contract is about: the leaf's common name (ISO 15118-2 annex F)."""
        from cryptography.x509.oid import NameOID

        leaf = forms.read(self.chain)[0]
        return "".join(str(one.value) for one in leaf.subject.get_attributes_for_oid(NameOID.COMMON_NAME))

    @property
    def key(self) -> EllipticCurvePrivateKey:
        """Its private key."""
        from cryptography.hazmat.primitives.asymmetric import ec

        return ec.derive_private_key(int(self.secret, 16), ec.SECP256R1())


class Car(NamedTuple):
    """What a car is born with: the chain of its provisioning certificate in PEM form, and its private key."""

    chain: str
    key: EllipticCurvePrivateKey


def contract_of(chain: str, key: EllipticCurvePrivateKey) -> Contract:
    """A contract that can be kept."""
    return Contract(chain, f"{key.private_numbers().private_value:x}")


def contract_in(path: str) -> Contract:
    """The contract in a PEM file: its chain, the leaf first, and its private key. Raises ValueError, one clause."""
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        text = Path(path).read_text("ascii")
        chain = forms.read(text)
        key = load_pem_private_key(
            text[text.index("-----BEGIN ", text.index("PRIVATE") - 20) :].encode(), None
        )
    except OSError as wrong:
        raise ValueError(f"the car's contract: {path}: {wrong.strerror}") from None
    except (Invalid, ValueError, TypeError):
        raise ValueError(
            f"the car's contract: {path} holds no certificates and private key in PEM form"
        ) from None
    if not isinstance(key, ec.EllipticCurvePrivateKey) or key.public_key() != chain[0].public_key():
        raise ValueError(
            f"the car's contract: the private key in {path} is not that of its first certificate"
        )
    return contract_of("".join(forms.pem(one) for one in chain), key)


def born(station: Station, part: str) -> Car:
    """The car for `part` of the standard that comes to this station: the same one each time."""
    stream = station.stream(f"car of ISO 15118-{part}")
    maker, sub, own = (signing.private_key(stream.hex(64)) for _ in range(3))
    names = "Mock car maker", "Mock car maker sub", f"WMI{stream.hex(14).upper()}X"
    now = datetime.fromtimestamp(station.clock.time(), UTC)
    middle = signing.certificate(_builder(names[0], names[1], sub, now, stream.hex(16), ca=True), maker)
    leaf = signing.certificate(_builder(names[1], names[2], own, now, stream.hex(16), ca=False), sub)
    return Car(forms.pem(leaf) + forms.pem(middle), own)


def _builder(
    issuer: str, subject: str, key: EllipticCurvePrivateKey, now: datetime, serial: str, *, ca: bool
) -> CertificateBuilder:
    from cryptography import x509
    from cryptography.x509.oid import AuthorityInformationAccessOID, NameOID

    by, whose = (x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)]) for common in (issuer, subject))
    where = x509.AccessDescription(
        AuthorityInformationAccessOID.OCSP, x509.UniformResourceIdentifier(RESPONDER)
    )
    return (
        x509.CertificateBuilder()
        .subject_name(whose)
        .issuer_name(by)
        .public_key(key.public_key())
        .serial_number(int(serial, 16) or 1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + _LIFE)
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        .add_extension(x509.AuthorityInformationAccess([where]), critical=False)
    )


def is_over(certificate: Certificate, now: float) -> bool:
    """Whether the time of a certificate has passed at Unix time `now`."""
    return certificate.not_valid_after_utc.timestamp() < now
