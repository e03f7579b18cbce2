"""Whether certificates are revoked, as the CSMS tells it: the station's own towards cars, and those of cars (M06, M07).

What the CSMS said is kept for a week at most. The statuses of the station's own V2G certificates, which a car wants
to see when it connects, are asked for as soon as there is such a certificate, and anew before they are a week old.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
from typing import TYPE_CHECKING, Any, NamedTuple

from charge_point import certificate_forms as forms
from charge_point.certificates import V2G, V2G20, Certificates
from charge_point.parts import Part
from shared.clock import parse
from shared.peer import CallFailed
from shared.versions import V21

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

    from charge_point.station import Station

Payload = dict[str, Any]

DAY = 86_400.0
WEEK = 7 * DAY
_HASHES = ("hashAlgorithm", "issuerNameHash", "issuerKeyHash", "serialNumber")
_MOST = 4
"""Certificates in one GetCertificateChainStatus."""
_MOST_URLS = 5
"""Addresses for one of them (CertificateStatusRequestInfoType)."""


class Status(NamedTuple):
    """Good, Revoked or Unknown, until when (Unix s), and the OCSP response in base64 where there is one."""

    word: str
    until: float
    ocsp: str = ""


class CertificateStatuses(Part):
    """The certificate status cache of a station. Owns the timer by which it is refreshed."""

    __slots__ = ("_timer", "known")

    name = "certificate statuses"

    def __init__(self, station: Station) -> None:
        super().__init__(station)
        self.known: dict[str, Status] = {}
        """By the hashes of the certificate, one text."""
        self._timer: asyncio.TimerHandle | None = None

    def status(self, hashes: Payload) -> Status | None:
        """What is known of the certificate with these hashes, if that still holds."""
        found = self.known.get(_key(hashes))
        return found if found is not None and found.until > self.station.clock.time() else None

    def _learn(self, hashes: Payload, status: Status) -> None:
        now = self.station.clock.time()
        self.known = {key: one for key, one in self.known.items() if one.until > now}
        self.known[_key(hashes)] = status
        self.keep()

    # --- the station's own (M06) --------------------------------------------------------------------------------

    def renew(self) -> None:
        """Ask for the status of each V2G certificate of the station, and of what is above it (M06.FR.06, .07)."""
        self._schedule(WEEK)
        if self.station.may_send:
            self.station.tasks.spawn(self._renew())

    async def _renew(self) -> None:
        for one in self._own():
            if not await self._ask(one):
                self._schedule(DAY)

    def _own(self) -> list[Payload]:
        """What can be asked about: without a responder in it no certificate (M06, remark)."""
        part = self.station.part(Certificates)
        chains = [forms.read(part.own[type].chain) for type in (V2G, V2G20) if type in part.own]
        found = [one for chain in chains for one in requests(chain, part.all_roots())]
        return [one for one in found if one["responderURL"]]

    async def _ask(self, request: Payload) -> bool:
        """GetCertificateStatus; whether there is a status (M06.FR.04)."""
        try:
            answer = await self.station.call("GetCertificateStatus", {"ocspRequestData": request})
        except CallFailed as failed:
            self.station.note("call_failed", str(failed))
            return False
        if answer["status"] != "Accepted":
            return False
        try:
            status = read_ocsp(answer.get("ocspResult", ""), self.station.clock.time())
        except ValueError as wrong:
            self.station.note("no_ocsp_response", str(wrong), clause="M06.FR.03, M06.FR.08")
            return False
        self._learn(request, status)
        return True

    def _schedule(self, wait: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_later(wait, self._due)

    def _due(self) -> None:
        self._timer = None
        self.renew()  # M06.FR.10; offline it is done when the link is back

    # --- a car's (M07) --------------------------------------------------------------------------------------------

    async def revoked(self, chain: list[Certificate], roots: list[Certificate]) -> bool:
        """Whether a certificate of a car's chain is known to be revoked; the CSMS is asked about what is not known
        here (M07.FR.10, .11)."""
        known = _named(chain, roots)
        entries = [
            {"certificateHashData": hashes, "source": source, "urls": urls}
            for one, hashes in known
            for source, urls in (_asked_where(one),)
            if urls and self.status(hashes) is None
        ][:_MOST]
        if entries and self.station.may_send and self.station.version is V21:
            try:
                answer = await self.station.call(
                    "GetCertificateChainStatus", {"certificateStatusRequests": entries}
                )
            except CallFailed as failed:
                self.station.note("call_failed", str(failed))
            else:
                self._told(answer["certificateStatus"])
        found = (self.status(hashes) for _, hashes in known)
        return any(one is not None and one.word == "Revoked" for one in found)

    def _told(self, statuses: list[Payload]) -> None:
        now = self.station.clock.time()
        for one in statuses:
            until = min(parse(one["nextUpdate"]), now + WEEK)  # M07.FR.09
            if one["status"] != "Failed" and until > now:
                self._learn(one["certificateHashData"], Status(one["status"], until))

    # --- what happens to the station --------------------------------------------------------------------------

    def connected(self) -> None:
        """What fell due while the station was offline or without power is done now (M06.FR.10)."""
        if not self.station.registration.accepted:
            return
        known = [self.status(one) for one in self._own()]
        if None in known:
            self.renew()
        elif known:
            self._schedule(max(min(one.until for one in known if one) - self.station.clock.time(), 0.0))

    def power_off(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def as_kept(self) -> Any:
        return {key: list(one) for key, one in self.known.items()} or None

    def restore(self, kept: Any) -> None:
        self.known = {key: Status(*one) for key, one in kept.items()}


def requests(chain: list[Certificate], roots: list[Certificate]) -> list[Payload]:
    """OCSPRequestDataType of each certificate of a chain, the leaf first, whose issuer is at hand: the next one of
    the chain, or one of `roots`."""
    return [hashes | {"responderURL": responder(one)} for one, hashes in _named(chain, roots)]


def _named(chain: list[Certificate], roots: list[Certificate]) -> list[tuple[Certificate, Payload]]:
    """The certificates of a chain whose issuer is at hand, each with its CertificateHashDataType."""
    found = []
    for at, one in enumerate(chain):
        uppers = chain[at + 1 : at + 2] or [root for root in roots if forms.issued(root, one)]
        if uppers and one.issuer != one.subject:
            found.append((one, forms.hash_data(one, uppers[0])))
    return found


def _asked_where(certificate: Certificate) -> tuple[str, list[str]]:
    """CertificateStatusSourceEnumType and addresses: its OCSP responder, else where its revocation list is; no
    addresses for a certificate that names neither."""
    own = responder(certificate)
    return ("OCSP", [own]) if own else ("CRL", lists(certificate)[:_MOST_URLS])


def lists(certificate: Certificate) -> list[str]:
    """Where a certificate says that its revocation list is to be had (RFC 5280 §4.2.1.13)."""
    from cryptography import x509

    try:
        found = certificate.extensions.get_extension_for_class(x509.CRLDistributionPoints).value
    except x509.ExtensionNotFound:
        return []
    names = [name for point in found for name in point.full_name or ()]
    return [name.value for name in names if isinstance(name, x509.UniformResourceIdentifier)]


def responder(certificate: Certificate) -> str:
    """The OCSP responder that a certificate names; empty without one."""
    from cryptography import x509
    from cryptography.x509.oid import AuthorityInformationAccessOID

    try:
        found = certificate.extensions.get_extension_for_class(x509.AuthorityInformationAccess).value
    except x509.ExtensionNotFound:
        return ""
    urls = [
        one.access_location.value for one in found if one.access_method == AuthorityInformationAccessOID.OCSP
    ]
    return str(urls[0]) if urls else ""


def read_ocsp(text: str, now: float) -> Status:
    """The status in an `ocspResult`. Raises ValueError, one clause."""
    from cryptography.x509 import ocsp

    try:
        found = ocsp.load_der_ocsp_response(base64.b64decode(text, validate=True))
    except (binascii.Error, ValueError):
        raise ValueError("ocspResult is no OCSP response, DER in base64") from None
    if found.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
        raise ValueError(f"the OCSP response says {found.response_status.name}")
    end = found.next_update_utc
    until = now + WEEK if end is None else min(end.timestamp(), now + WEEK)
    return Status(found.certificate_status.name.capitalize(), until, text)


def _key(hashes: Payload) -> str:
    return " ".join(str(hashes[name]).lower().lstrip("0") for name in _HASHES)
