"""Plug & Charge: a car pays by the contract certificate that it shows (C07), and has one installed (M01, M02).

    car comes -> vehicle chain revoked? (2.1 M07) -> contract installed or renewed, if it wants that -> contract
    looked at -> Authorize with eMAID and hashes, or with the whole chain -> the driver is authorized

Without an authorization nothing happens, and the driver may present something else (C08). What the messages of
ISO 15118 look like is in `shared/iso15118.py`.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

from charge_point import certificate_forms as forms
from charge_point.authorization import Token, TokenInfo
from charge_point.blocks.authorization import authorize
from charge_point.car_certificates import Contract, born, contract_in, contract_of, is_over
from charge_point.certificate_statuses import CertificateStatuses, requests
from charge_point.certificates import Certificates
from charge_point.connector import Cable
from charge_point.firmware_signing import Invalid
from charge_point.keeping import keep_cache
from charge_point.parts import Part
from shared.iso15118 import NAMESPACES, Message, Unreadable, decoded, ders_of, encoded, unwrap
from shared.peer import CallFailed
from shared.versions import V16, V21, V201

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
    from cryptography.x509 import Certificate

    from charge_point.ev import Ev, Vehicle
    from charge_point.evse import Evse
    from charge_point.station import Station

Payload = dict[str, Any]

PATIENCE = 5.0
"""Seconds that a car waits for its certificate (M01, remark: CertificateInstallationReq)."""

ROOM = 3
"""Contracts that a car of ISO 15118-20 has room for (MaximumContractCertificateChains)."""

ROOTS = ("V2GRootCertificate", "MORootCertificate")
INSTALL, UPDATE = "install", "update"
LONGEST = {V201: 5500, V21: 10_000}
"""Characters of AuthorizeRequest.certificate."""

_CONTROLLER = "ISO15118Ctrlr"


class NoContract(Exception):
    """Why a car cannot pay by a contract; one clause."""


class PlugAndCharge(Part):
    """What a station knows of contracts. Owns those in the cars that come to it, and whose it has seen."""

    __slots__ = ("held", "late", "seen")

    name = "plug and charge"

    def __init__(self, station: Station) -> None:
        super().__init__(station)
        self.held: dict[str, list[Contract]] = {}
        """By the part of the standard: there is one car for each, which comes again."""
        self.seen: list[tuple[Payload, str]] = []
        """CertificateHashDataType and eMAID of each contract that was authorized here, the newest last."""
        self.late: dict[int, Ev] = {}
        """EVSE -> a car that could not pay because the station was offline, and tries again when it is not."""

    def prepare(self, kind: Vehicle) -> None:
        """A car of this kind comes with its contract. Raises ValueError for a file that holds none."""
        if kind.contract not in (INSTALL, UPDATE):
            self.held[kind.iso15118] = [contract_in(kind.contract)]

    def begin(self, evse: Evse) -> None:
        """A car that has, or wants, a contract was plugged in."""
        assert evse.ev is not None
        self.late.pop(evse.id, None)
        if self._is_on() and evse.active.cable is Cable.BOTH_ENDS and evse.is_startable:
            self.station.tasks.spawn(self._pay(evse, evse.ev))

    def _is_on(self) -> bool:
        if self.station.version is V16:
            return False  # 1.6 has no message for it
        return self._flag("PnCEnabled") and (self.station.version is not V21 or self._flag("Enabled"))

    def _flag(self, variable: str) -> bool:
        path = f"{_CONTROLLER}.{variable}"
        return self.station.model.has(path) and self.station.model.flag(path)

    async def _pay(self, evse: Evse, ev: Ev) -> None:
        """From the plug to the authorization; a note says why it does not come to that."""
        try:
            contract = await self._contract(ev)
            token = Token(contract.emaid, "eMAID")
            info = await self._decide(contract, token)
            if not info.accepted:
                raise NoContract(f"the contract {token.id} is {info.status}")
        except NoContract as why:
            if not self.station.may_send:
                self.late[evse.id] = ev
            self.station.note("no_plug_and_charge", str(why))
            self.station.changed()
            return
        self._remember(contract, token.id)
        here = evse.ev is ev and evse.active.cable is Cable.BOTH_ENDS
        if here and self._may_begin(evse, token, info):
            evse.grant(token, info.group)
        self.station.changed()

    def _may_begin(self, evse: Evse, token: Token, info: TokenInfo) -> bool:
        from charge_point.hands import candidate  # it needs this module

        return candidate(self.station, evse.id, token, info.group, info.evses) is evse

    def connected(self) -> None:
        """Cars that came while the station was offline try again."""
        if not self.station.registration.accepted:
            return
        late, self.late = self.late, {}
        for id, ev in late.items():
            evse = self.station.evses[id - 1]
            if evse.ev is ev:
                self.begin(evse)

    def accepted(self) -> None:
        self.connected()

    def power_off(self) -> None:
        self.late.clear()

    # --- the contract ---------------------------------------------------------------------------------------

    async def _contract(self, ev: Ev) -> Contract:
        """The contract that the car shows, installed or renewed if need be. Raises NoContract."""
        part, now = ev.kind.iso15118, self.station.clock.time()
        car = born(self.station, part)
        if part == "20":
            chain, roots = forms.read(car.chain), self.station.part(Certificates).roots("OEMRootCertificate")
            if await self.station.part(CertificateStatuses).revoked(chain, roots):
                raise NoContract("a certificate of the vehicle is revoked")  # M07
        held = self.held.get(part, [])
        renews = ev.kind.contract == UPDATE and held
        lacks = not held or (ev.kind.contract == INSTALL and is_over(forms.read(held[0].chain)[0], now))
        if renews or lacks:
            if renews and part == "2":
                message = Message("CertificateUpdateReq", part, _update(held[0]))
                held = await self._installed(message, "Update", held[0].key)
            else:  # ISO 15118-20 knows no update (M02.FR.02)
                name = "OEMProvisioningCert" if part == "2" else "OEMProvisioningCertificateChain"
                ders = ders_of(car.chain)
                message = Message(
                    "CertificateInstallationReq", part, {name: ders[:1] if part == "2" else ders}
                )
                held = await self._installed(message, "Install", car.key)
            self.held[part] = held
            self.keep()
        self._provided(held[0])
        return held[0]

    def _provided(self, contract: Contract) -> None:
        """Raises NoContract for a provider that the station does not take (2.1 SupportedProviders)."""
        path = f"{_CONTROLLER}.SupportedProviders"
        model = self.station.model
        allowed = model.members(path) if model.has(path) and model.text(path) else ()
        if allowed and not any(contract.emaid.upper().startswith(one.strip().upper()) for one in allowed):
            raise NoContract(f"{contract.emaid[:5]} is not one of the supported providers")

    async def _installed(self, message: Message, action: str, key: EllipticCurvePrivateKey) -> list[Contract]:
        """The contracts that the CSMS gives for a request of the car. Raises NoContract."""
        if not self._flag("ContractCertificateInstallationEnabled"):
            raise NoContract("ContractCertificateInstallationEnabled is false")
        if not self.station.may_send:
            raise NoContract("no contract can be installed offline")
        request: Payload = {
            "iso15118SchemaVersion": NAMESPACES[message.part],
            "action": action,
            "exiRequest": encoded(message),
        }
        if message.part == "20" and self.station.version is V21:
            request["maximumContractCertificateChains"] = ROOM  # M01.FR.03
        found: list[Contract] = []
        while True:
            try:
                answer = await self.station.call("Get15118EVCertificate", request, timeout=PATIENCE)
            except CallFailed as failed:
                raise NoContract(f"no contract was installed: {failed}") from None
            if answer["status"] != "Accepted":
                raise NoContract(f"no contract was installed: {answer['status']}")
            found.append(_opened(answer["exiResponse"], message, key))
            if not answer.get("remainingContracts") or len(found) == ROOM:  # M01.FR.06
                return found

    # --- authorization (C07) ----------------------------------------------------------------------------------

    async def _decide(self, contract: Contract, token: Token) -> TokenInfo:
        """What the contract is worth. Raises NoContract for one that cannot be looked at."""
        station = self.station
        model = station.model
        if model.has("AuthCtrlr.Enabled") and not model.flag("AuthCtrlr.Enabled"):
            return TokenInfo("Accepted")  # C01.FR.01
        chain = forms.read(contract.chain)
        root = self._root(chain)
        if not station.may_send:
            return self._offline(chain, root, token)
        try:
            info = await authorize(station, token, self._proof(contract, chain, root))
        except CallFailed as failed:
            if station.peer is None:  # went offline while asking
                return self._offline(chain, root, token)
            raise NoContract(f"{token.id}: {failed}") from None
        station.authorizer.learn(token, info, model, station.clock.time())
        keep_cache(station)
        return info

    def _root(self, chain: list[Certificate]) -> Certificate | None:
        """The installed root of the chain. Raises NoContract when one of it is not signed by the next."""
        for lower, upper in pairwise(chain):
            if not forms.issued(upper, lower):
                raise NoContract("a certificate of the contract's chain is not signed by the next")
        roots = self.station.part(Certificates).roots(*ROOTS)
        return next((one for one in roots if one == chain[-1] or forms.issued(one, chain[-1])), None)

    def _proof(self, contract: Contract, chain: list[Certificate], root: Certificate | None) -> Payload:
        """What goes with the eMAID: hashes, or without the root the chain itself (C07.FR.02, .06)."""
        if root is not None:
            return {"iso15118CertificateHashData": requests(chain, [root])[:4]}
        if not self._flag("CentralContractValidationAllowed"):
            raise NoContract(
                "there is no root for the contract, and CentralContractValidationAllowed is false"
            )
        if len(contract.chain) > LONGEST[self.station.version]:
            raise NoContract("the contract's chain is too long to be sent")
        return {"certificate": contract.chain}

    def _offline(self, chain: list[Certificate], root: Certificate | None, token: Token) -> TokenInfo:
        """By what the station knows itself (C07.FR.07 to .12). Raises NoContract."""
        now = self.station.clock.time()
        if not self._flag("ContractValidationOffline"):
            raise NoContract("ContractValidationOffline is false, and the station offline")  # C07.FR.07
        if root is None or any(is_over(one, now) for one in chain):
            raise NoContract("the contract cannot be validated offline")  # C07.FR.08
        found = self.station.authorizer.local(token, self.station.model, now, online=False)
        return found or TokenInfo("Invalid")

    # --- whose contracts were seen (N09) ------------------------------------------------------------------------

    def _remember(self, contract: Contract, emaid: str) -> None:
        chain = forms.read(contract.chain)
        known = requests(chain, self.station.part(Certificates).roots(*ROOTS))
        hashes = {name: known[0][name] for name in known[0] if name != "responderURL"} if known else {}
        if hashes:
            self.seen = [*(one for one in self.seen if not forms.same(one[0], hashes)), (hashes, emaid)]
            self.keep()

    def customers(self, hashes: Payload) -> list[Token]:
        """The tokens of the contract with these hashes."""
        return [Token(emaid, "eMAID") for known, emaid in self.seen if forms.same(known, hashes)]

    def forget(self, token: Token) -> None:
        """Remove what is known of who has `token` (N10)."""
        if token.type == "eMAID":
            self.seen = [one for one in self.seen if one[1].lower() != token.id.lower()]
            self.keep()

    def as_kept(self) -> Any:
        held = {part: [list(one) for one in contracts] for part, contracts in self.held.items()}
        return {"held": held, "seen": [list(one) for one in self.seen]}

    def restore(self, kept: Any) -> None:
        self.held = {part: [Contract(*one) for one in contracts] for part, contracts in kept["held"].items()}
        self.seen = [(hashes, emaid) for hashes, emaid in kept["seen"]]


def _update(contract: Contract) -> dict[str, list[str]]:
    return {"ContractSignatureCertChain": ders_of(contract.chain), "eMAID": [contract.emaid]}


def _opened(text: str, asked: Message, key: EllipticCurvePrivateKey) -> Contract:
    """The contract in an `exiResponse`, for who has `key`. Raises NoContract."""
    try:
        message = decoded(text)
        if message.one("ResponseCode") != "OK":
            raise Unreadable(message.one("ResponseCode"))
        own = unwrap(message.raw("ContractSignatureEncryptedPrivateKey"), message.raw("DHpublickey"), key)
        chain = message.certificates("ContractSignatureCertChain")
        if forms.read(chain)[0].public_key() != own.public_key():
            raise Unreadable("its private key is another one's")
    except (Unreadable, Invalid) as wrong:
        raise NoContract(f"{asked.name} got no contract: {wrong}") from None
    return contract_of(chain, own)


def customers_of(station: Station, hashes: Payload) -> list[Token]:
    """The tokens that a station knows by the hashes of a contract certificate (N09)."""
    return station.part(PlugAndCharge).customers(hashes)
