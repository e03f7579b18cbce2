"""The options of the certificate authority that stands behind the CSMS."""

from dataclasses import dataclass

from csms.option_persona import PersonaOptions
from shared.option_fields import option
from shared.option_values import readable

AUTHORITY = "certificate authority"


@dataclass(frozen=True, eq=False, repr=False)
class AuthorityOptions(PersonaOptions):
    """What signs the certificates that stations ask for; without it SignCertificate is Rejected."""

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
