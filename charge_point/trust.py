"""What the CSMS is verified by when it is dialled over TLS (M05, B10; the 1.6 whitepaper's M05 alike).

With `--insecure` any certificate is good. Else the roots that the CSMS has installed count, beside those of `--ca` (the
system's authorities without it). Where AdditionalRootCertificateCheck is true there is one root alone: the newest that
is installed, and `--ca` as long as there is none. The root that it has replaced is tried in turn with it until the new
one has served, but never where the station is about to move to another CSMS (M05.FR.13-.16).
"""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

from charge_point.certificates import FALLBACK, GIVEN, NEWEST, Certificates
from charge_point.parts import existing
from shared.tls import anchored

if TYPE_CHECKING:
    from charge_point.station import Station
    from shared.dialer import Target


def trusting(station: Station, target: Target, failed: BaseException | None, *, moving: bool) -> Target:
    """`target` with what its certificate is verified by.

    `failed` is why the attempt before failed, None for the first; `moving`: whether this is to be a connection by
    another network profile than the last one.
    """
    held = existing(station, Certificates)
    if held is None:
        return target
    before, held.verified_by = held.verified_by, ""
    roots, tls = held.csms_roots(), target.tls
    if not roots or tls is None or not target.base_url.startswith("wss:") or tls.verify_mode is ssl.CERT_NONE:
        return target
    if not held.checks_roots:
        return target._replace(tls=anchored(roots, target.trust()))
    if not held.fallback or moving or not _in_turn(before, failed):
        held.verified_by = NEWEST
        return target._replace(tls=anchored(roots[-1:]))
    held.verified_by = FALLBACK
    return target if held.fallback == GIVEN else target._replace(tls=anchored([held.fallback]))


def _in_turn(before: str, failed: BaseException | None) -> bool:
    """Whether it is the turn of the root that was replaced: the newest has failed to verify the CSMS. Another failure
    says nothing of roots."""
    if isinstance(failed, ssl.SSLCertVerificationError):
        return before != FALLBACK
    return failed is not None and before == FALLBACK
