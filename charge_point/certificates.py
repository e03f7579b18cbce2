"""The certificates of a station: those installed, its own, and how it has new ones signed (M03 to M05, A02, A03).

Types are spelled as 2.x has them. Of roots for the CSMS with AdditionalRootCertificateCheck there is one, and the one
that it replaced until the station was connected with the new one (M05.FR.09-.13).
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, NamedTuple

from charge_point import certificate_forms as forms
from charge_point.firmware_signing import Invalid
from charge_point.parts import Part
from charge_point.security_events import security_event
from shared import signing
from shared.versions import V16, V21

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

    from charge_point.station import Station

Payload = dict[str, Any]

CSMS_ROOT, CHAIN = "CSMSRootCertificate", "V2GCertificateChain"
STATION, V2G, V2G20 = "ChargingStationCertificate", "V2GCertificate", "V2G20Certificate"
COMBINED = ""
"""One certificate towards the CSMS and towards cars: its messages name no type (SignCertificateRequest)."""
GIVEN = "given"
"""As a fallback: what the program was told to trust."""
NEWEST, FALLBACK = "newest", "fallback"
"""Which root the CSMS was verified by."""
SPELLED_16 = {CSMS_ROOT: "CentralSystemRootCertificate"}

MONTH = 30 * 86_400.0
"""Before the end of the station's certificate it asks for another (A03.FR.02)."""

_CONTROLLER = "SecurityCtrlr"


class Own(NamedTuple):
    """A certificate of the station itself: its chain in PEM form, and the hex digits that its key is drawn from."""

    chain: str
    drawn: str


class Asked(NamedTuple):
    """A signing request that was not answered by a certificate yet."""

    type: str
    drawn: str
    csr: str
    id: int
    again: int = 0


class Refused(NamedTuple):
    """Why a certificate is not taken: a status, a reason code, and words."""

    status: str
    code: str
    words: str


class Certificates(Part):
    """The certificates of one station, kept on disk. Owns the timers of what is to be signed."""

    __slots__ = ("_expiry", "_number", "_timers", "asked", "fallback", "installed", "own", "verified_by")

    name = "certificates"

    def __init__(self, station: Station) -> None:
        super().__init__(station)
        self.installed: list[tuple[str, str]] = []
        """Type and PEM text of what the CSMS has installed, the oldest first."""
        self.fallback = ""
        """The CSMS root that the newest has replaced, until the station was connected with that (M05.FR.12)."""
        self.verified_by = ""
        """Of the two, by which the CSMS was verified at the last attempt; empty where that is no question."""
        self.own: dict[str, Own] = {}
        self.asked: dict[str, Asked] = {}
        self._number = 0
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._expiry: asyncio.TimerHandle | None = None

    # --- roots --------------------------------------------------------------------------------------------

    def all_roots(self) -> list[Certificate]:
        """The installed certificates of every type."""
        return [forms.read(pem)[0] for _, pem in self.installed]

    def roots(self, *types: str) -> list[Certificate]:
        """The installed certificates of these types."""
        return [forms.read(pem)[0] for type, pem in self.installed if type in types]

    def csms_roots(self) -> list[str]:
        """The installed roots for the CSMS in PEM form, the newest last."""
        return [pem for type, pem in self.installed if type == CSMS_ROOT]

    @property
    def checks_roots(self) -> bool:
        """AdditionalRootCertificateCheck."""
        return self.station.model.flag(f"{_CONTROLLER}.AdditionalRootCertificateCheck")

    def install(self, type: str, pem: str) -> Refused | None:
        """Take a root certificate; None when it is installed (M05)."""
        try:
            found = forms.root(pem, self.station.clock.time())
        except Invalid as invalid:
            if self.station.version is V16 and type == CSMS_ROOT:  # TC_078_CS
                security_event(self.station, "InvalidCentralSystemCertificate", str(invalid))
            return Refused("Rejected", "InvalidCertificate", str(invalid))  # M05.FR.07
        here = [
            (kind, text) for kind, text in self.installed if kind == type and forms.read(text)[0] == found
        ]
        stay = [one for one in self.installed if one not in here]  # M05.FR.17
        old = [text for kind, text in stay if kind == type]
        replaces = type == CSMS_ROOT and self.checks_roots and not here
        if replaces:
            if old and not forms.issued(forms.read(old[-1])[0], found):  # M05.FR.11
                return Refused(
                    "Rejected", "InvalidCertificate", "the present root has not signed the new one"
                )
            stay = [one for one in stay if one[0] != type]
        most = self._most()
        if len(stay) >= most:
            return Refused("Rejected", "OutOfStorage", f"{most:g} certificates at most")  # M05.FR.06
        if replaces:
            self.fallback = old[-1] if old else GIVEN  # M05.FR.12
        self.installed = [*stay, (type, pem)]
        self._changed()
        return None

    def _most(self) -> float:
        """How many certificates there is room for: in 1.6 the variable's value, in 2.x its limit."""
        slot = self.station.model.slot(f"{_CONTROLLER}.CertificateEntries")
        limit = slot.definition.high
        return (
            self.station.model.integer(slot.path) if self.station.version is V16 or limit is None else limit
        )

    def ids(self, types: list[str]) -> list[Payload]:
        """CertificateHashDataChainType of all certificates of `types`, or of all without any (M03.FR.04, .05)."""
        found: list[Payload] = [
            {"certificateType": type, "certificateHashData": forms.hash_data(forms.read(pem)[0])}
            for type, pem in [*self.installed, *self._replaced()]
            if not types or type in types
        ]
        for type in (V2G, V2G20) if not types or CHAIN in types else ():
            if type in self.own:
                found.append({"certificateType": CHAIN} | self._chain(self.own[type].chain))
        return found

    def _replaced(self) -> list[tuple[str, str]]:
        """The root that another one has replaced, as long as it is there (M05.FR.09)."""
        return [(CSMS_ROOT, self.fallback)] if self.fallback not in ("", GIVEN) else []

    def _chain(self, pem: str) -> Payload:
        """A chain as it is told: the leaf, and what is between it and the root as its children."""
        hashes = self._hashes(pem)
        told: Payload = {"certificateHashData": hashes[0]}
        return told | ({"childCertificateHashData": hashes[1:5]} if hashes[1:] else {})

    def _hashes(self, pem: str) -> list[Payload]:
        """The hashes of a chain: each certificate has the next as its issuer, the last a root that is installed."""
        found = forms.read(pem)
        roots = [forms.read(text)[0] for _, text in self.installed]
        last = next((one for one in roots if forms.issued(one, found[-1])), None)
        uppers = [*found[1:], last]
        return [forms.hash_data(one, upper) for one, upper in zip(found, uppers, strict=True)]

    def delete(self, wanted: Payload) -> str:
        """Remove the certificate with these hashes: Accepted, Failed or NotFound (M04)."""
        for type, one in self.own.items():
            hashes = self._hashes(one.chain)
            if type == STATION and forms.same(hashes[0], wanted):
                return "Failed"  # M04.FR.06
            if type != STATION and any(forms.same(hash, wanted) for hash in hashes):
                del self.own[type]
                self._changed()
                return "Accepted"
        for at, (type, pem) in enumerate(self.installed):
            if forms.same(forms.hash_data(forms.read(pem)[0]), wanted):
                if self._is_needed(type):
                    return "Failed"  # M04.FR.03
                del self.installed[at]
                self._changed()
                return "Accepted"
        if any(forms.same(forms.hash_data(forms.read(pem)[0]), wanted) for _, pem in self._replaced()):
            self.fallback = ""
            self._changed()
            return "Accepted"
        return "NotFound"

    def _is_needed(self, type: str) -> bool:
        """Whether it is the last root by which the CSMS is known, on a connection that needs one."""
        secured = self.station.model.integer(f"{_CONTROLLER}.SecurityProfile") >= 2
        return type == CSMS_ROOT and secured and sum(kind == type for kind, _ in self.installed) == 1

    def _changed(self) -> None:
        self.keep()
        self.station.changed()

    # --- having certificates signed -----------------------------------------------------------------------

    def ask(self, type: str = STATION) -> None:
        """Make a key, and ask the CSMS to sign its public half (A02.FR.02, .03)."""
        self._number += 1
        drawn = self.station.stream(f"{type} key {self._number} of run {self.station.setup.run_id}").hex(64)
        country = self._of_15118("CountryName") if type in (V2G, V2G20) else ""
        csr = forms.request(
            signing.private_key(drawn), self._name_for(type), self._organization(type), country
        )
        self.asked[type] = Asked(type, drawn, csr, self._number)
        self._send(self.asked[type])

    @property
    def common_name(self) -> str:
        """What the certificate is for: the serial number of the station (A00.FR.507), or its identity."""
        return self.station.setup.serial or self.station.id

    def _name_for(self, type: str) -> str:
        """Towards cars a station is called by its SeccId, where it has one (A02, prerequisites)."""
        return (self._of_15118("SeccId") if type in (V2G, V2G20) else "") or self.common_name

    def _organization(self, type: str) -> str:
        own = self._of_15118("OrganizationName") if type in (V2G, V2G20) else ""
        return own or self.station.model.text(f"{_CONTROLLER}.OrganizationName")

    def _of_15118(self, variable: str) -> str:
        model, path = self.station.model, f"ISO15118Ctrlr.{variable}"
        return model.text(path) if model.has(path) else ""

    def _send(self, one: Asked) -> None:
        payload: Payload = {"csr": one.csr}
        if self.station.version is not V16 and one.type != COMBINED:
            payload["certificateType"] = one.type
        if self.station.version is V21:
            payload["requestId"] = one.id  # A02.FR.24
            root = self.roots("V2GRootCertificate") if one.type != STATION else []
            if root:
                payload["hashRootCertificate"] = forms.hash_data(root[-1])  # A02.FR.27
        self.station.say("SignCertificate", payload, lambda answer: self._answered(one, answer), asked=True)

    def _answered(self, one: Asked, answer: Payload) -> None:
        """Accepted: a certificate follows, or one asks again, later each time (A02.FR.17-.19)."""
        model = self.station.model
        if self.asked.get(one.type) != one:
            return
        if answer.get("status") != "Accepted":
            del self.asked[one.type]
            return
        if not model.has(f"{_CONTROLLER}.CertSigningWaitMinimum"):
            return
        wait = model.seconds(f"{_CONTROLLER}.CertSigningWaitMinimum") * 2**one.again
        if wait > 0 and one.again < model.integer(f"{_CONTROLLER}.CertSigningRepeatTimes"):
            self._cancel(one.type)
            again = one._replace(again=one.again + 1)
            self._timers[one.type] = asyncio.get_running_loop().call_later(wait, self._again, again)

    def _again(self, one: Asked) -> None:
        self._timers.pop(one.type, None)
        self.asked[one.type] = one
        self._send(one)

    @property
    def untyped(self) -> str:
        """What a certificate without a type is for: both uses where that was asked for, else the CSMS."""
        return COMBINED if COMBINED in self.asked else STATION

    def signed(self, pem: str, type: str, id: int | None = None) -> Refused | None:
        """The CSMS hands over a certificate; None when it is taken, and used from now on (A02.FR.06-.08)."""
        one = self.asked.get(type)
        most = self.station.model.integer(f"{_CONTROLLER}.MaxCertificateChainSize")
        if id is not None and (one is None or one.id != id):
            return Refused("Rejected", "InvalidValue", f"there is no request {id}")  # A02.FR.26
        if len(pem) > most:
            return Refused("Rejected", "TooLargeElement", f"{most} characters at most")  # A02.FR.16
        try:
            if one is None:
                raise Invalid("this station asked for no certificate")
            kinds = {STATION: (CSMS_ROOT,), COMBINED: (CSMS_ROOT, "V2GRootCertificate")}
            roots = self.roots(*kinds.get(type, ("V2GRootCertificate",)))
            found = forms.chain(pem, self.station.clock.time(), roots)
            forms.fits(found[0], signing.private_key(one.drawn), self._name_for(type))
        except Invalid as invalid:  # A02.FR.07, .20: and nothing is sent again
            self._cancel(type)
            self.asked.pop(type, None)
            return Refused("Rejected", "InvalidCertificate", str(invalid))
        self._cancel(type)
        del self.asked[type]
        for use in (STATION, V2G) if type == COMBINED else (type,):
            self.own[use] = Own(pem, one.drawn)
        self._changed()
        self._watch()
        return None

    def use(self, type: str = STATION) -> None:
        """Connect anew with the station's new certificate, where it shows one (A02.FR.08); towards cars the statuses
        of the new one are due (M06.FR.07)."""
        if type != STATION:
            from charge_point.certificate_statuses import CertificateStatuses  # few stations have one

            self.station.part(CertificateStatuses).renew()
        if type in (STATION, COMBINED) and (
            self.station.model.integer(f"{_CONTROLLER}.SecurityProfile") == 3
            and self.station.redial is not None
        ):
            self.station.redial(1.0)

    def _watch(self) -> None:
        """Ask for another certificate a month before the end of the present one (A03.FR.02)."""
        if self._expiry is not None:
            self._expiry.cancel()
            self._expiry = None
        if STATION in self.own:
            end = forms.read(self.own[STATION].chain)[0].not_valid_after_utc.timestamp()
            wait = max(end - MONTH - self.station.clock.time(), 0.0)
            self._expiry = asyncio.get_running_loop().call_later(wait, self._renew)

    def _renew(self) -> None:
        self._expiry = None
        if self.station.may_send:
            self.ask(STATION)

    def _cancel(self, type: str) -> None:
        timer = self._timers.pop(type, None)
        if timer is not None:
            timer.cancel()

    # --- what happens to the station ----------------------------------------------------------------------

    def connected(self) -> None:
        """The new root served: the one before it is needed no longer (M05.FR.13)."""
        if self.fallback and self.verified_by == NEWEST:
            self.fallback = ""
            self.keep()

    def accepted(self) -> None:
        self._watch()
        if V2G in self.own or V2G20 in self.own:
            from charge_point.certificate_statuses import CertificateStatuses  # few stations have one

            self.station.part(CertificateStatuses).connected()

    def power_off(self) -> None:
        for type in list(self._timers):
            self._cancel(type)
        if self._expiry is not None:
            self._expiry.cancel()
            self._expiry = None
        self.asked.clear()

    def as_kept(self) -> Any:
        own = {type: list(one) for type, one in self.own.items()}
        return {
            "installed": [list(one) for one in self.installed],
            "fallback": self.fallback,
            "own": own,
            "number": self._number,
        }

    def restore(self, kept: Any) -> None:
        self.installed = [(type, pem) for type, pem in kept["installed"]]
        self.fallback, self._number = kept["fallback"], kept["number"]
        self.own = {type: Own(*one) for type, one in kept["own"].items()}
