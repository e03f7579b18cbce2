"""The options of the certificate authority that stands behind the CSMS."""

from dataclasses import dataclass

from csms.option_needs import NeedsOptions
from csms.option_values import CERTIFICATE_STATUSES
from shared.option_fields import option
from shared.option_values import readable, whole

AUTHORITY = "certificate authority"


@dataclass(frozen=True, eq=False, repr=False)
class AuthorityOptions(NeedsOptions):
    """What signs the certificates that stations and cars ask for; without it they are refused."""

    certificate_authority: str | None = option(
        None,
        "sign what stations ask for with a root that is made from the seed",
        group=AUTHORITY,
        choices=("generated",),
        noun="a certificate authority",
        exclusive="authority",
    )
    ca_cert: str | None = option(
        None,
        "sign with this root, a PEM file; needs --ca-key",
        group=AUTHORITY,
        parse=readable,
        metavar="FILE",
        exclusive="authority",
    )
    ca_key: str | None = option(
        None, "the private key of --ca-cert, a PEM file", group=AUTHORITY, parse=readable, metavar="FILE"
    )
    contracts: int = option(
        1,
        "how many contracts a car of ISO 15118 can have installed (M01)",
        group=AUTHORITY,
        parse=whole(1, 8),
        metavar="N",
    )
    certificate_status: str | None = option(
        None,
        "what every contract certificate is answered: Accepted, SignatureError, CertificateExpired, "
        "CertificateRevoked, NoCertificateAvailable, CertChainError, ContractCancelled; default: what is known of it",
        group=AUTHORITY,
        choices=CERTIFICATE_STATUSES,
        noun="a certificate status",
        metavar="STATUS",
    )
    check_revocation: bool = option(
        False,
        "ask the OCSP responders and fetch the revocation lists that stations name",
        group=AUTHORITY,
    )
