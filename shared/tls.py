"""TLS contexts for both ends: server certificates checked, or deliberately not."""

from __future__ import annotations

import ssl
from collections.abc import Iterable


def client_context(ca: str | None = None, *, insecure: bool = False) -> ssl.SSLContext:
    """What a station checks its CSMS with: the system's authorities, or those in the PEM file `ca`.

    `insecure` takes any certificate. TLS 1.2 at least (A00.FR.308). Raises OSError or ssl.SSLError for a `ca`
    that cannot be read.
    """
    context = ssl.create_default_context(cafile=ca)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if insecure:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def anchored(roots: Iterable[str], context: ssl.SSLContext | None = None) -> ssl.SSLContext:
    """`context`, or one that trusts nobody yet, which trusts the certificates in `roots` (PEM) too.

    A root that another one has signed is trusted without that one (2.0.1 part 2 §2.2.6: partial chain verification),
    and certificates need not have what only strict readers of RFC 5280 want.
    """
    found = context or ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    found.minimum_version = ssl.TLSVersion.TLSv1_2
    found.load_verify_locations(cadata="".join(roots))
    found.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    found.verify_flags &= ~ssl.VERIFY_X509_STRICT
    return found


def server_context(certificate: str, key: str | None = None) -> ssl.SSLContext:
    """What a CSMS shows: the chain in the PEM file `certificate`, and its key, which may be in the same file.

    Raises OSError or ssl.SSLError for files that cannot be used.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(certificate, key)
    return context
