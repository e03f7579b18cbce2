"""The pool of contract certificates behind the CSMS: what cars of ISO 15118 get installed and renewed (M01, M02)."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Any

from shared.iso15118 import Message, Unreadable, decoded, ders_of, encoded, wrap

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

    from csms.authority import CertificateAuthority
    from csms.revocation import Revocations

Payload = dict[str, Any]


class NoContract(Exception):
    """A car gets none; one clause."""


def answer(
    authority: CertificateAuthority, revocations: Revocations, request: Payload, now: float
) -> Payload:
    """Get15118EVCertificateResponse with the next contract of the car. Raises NoContract."""
    try:
        asked = decoded(request["exiRequest"])
        if request["action"] == "Update" and asked.name != "CertificateUpdateReq":
            raise Unreadable(f"{asked.name} is no CertificateUpdateReq")
        car = _car(asked, revocations, now)
        emaids = _contracts_of(car, asked, request, authority.contracts)
        receiver = car.public_key()
    except (Unreadable, ValueError) as wrong:
        raise NoContract(str(wrong)) from None
    most = request.get("maximumContractCertificateChains")
    if most == 0:
        raise NoContract("the car has no room for a contract")
    emaids = emaids[: most or 1]
    at = authority.told.pop(request["exiRequest"], 0) if most else 0
    left = len(emaids) - at - 1
    answered = {"status": "Accepted", "exiResponse": _contract(authority, asked, emaids[at], receiver, now)}
    if not most:  # ISO 15118-2 (M01.FR.02)
        return answered
    if left:  # M01.FR.06, .07: the same request comes again
        authority.told[request["exiRequest"]] = at + 1
    # the member's description: contracts that can be retrieved with additional requests
    return answered | {"remainingContracts": left}


def _car(asked: Message, revocations: Revocations, now: float) -> Certificate:
    """The certificate of the car, for whose key the contract's is wrapped. Raises Unreadable."""
    from cryptography import x509

    if asked.name == "CertificateUpdateReq":
        pem = asked.certificates("ContractSignatureCertChain")
        if revocations.verdict({"certificate": pem}, now) not in ("Accepted", "CertificateExpired"):
            raise Unreadable("the contract certificate is none of ours, or revoked")
    elif asked.name == "CertificateInstallationReq":
        part = "OEMProvisioningCert" if asked.part == "2" else "OEMProvisioningCertificateChain"
        pem = asked.certificates(part)
    else:
        raise Unreadable(f"{asked.name} is not a request for a certificate")
    return x509.load_pem_x509_certificates(pem.encode())[0]


def _contracts_of(car: Certificate, asked: Message, request: Payload, count: int) -> list[str]:
    """The contracts of a car, the next to be told first."""
    from cryptography.x509.oid import NameOID

    if asked.name == "CertificateUpdateReq":
        return [asked.one("eMAID")]
    named = [str(one.value) for one in car.subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
    own = emaids_of("".join(named), count)
    wanted = [one for one in request.get("prioritizedEMAIDs", []) if one in own]
    return [*wanted, *(one for one in own if one not in wanted)]


def _contract(authority: CertificateAuthority, asked: Message, emaid: str, receiver: Any, now: float) -> str:
    from cryptography.hazmat.primitives.asymmetric import ec

    if not isinstance(receiver, ec.EllipticCurvePublicKey) or receiver.curve.name != "secp256r1":
        raise NoContract("the key of the car's certificate is not on secp256r1")
    chain, key = authority.contract(emaid, now)
    encrypted, point = wrap(key, receiver, authority.new_key(), authority.new_bytes(16))
    elements = {
        "ResponseCode": ["OK"],
        "SAProvisioningCertificateChain": ders_of(chain)[1:],
        "ContractSignatureCertChain": ders_of(chain),
        "ContractSignatureEncryptedPrivateKey": [_base64(encrypted)],
        "DHpublickey": [_base64(point)],
        "eMAID": [emaid],
    }
    return encoded(Message(asked.name.replace("Req", "Res"), asked.part, elements))


def _base64(raw: bytes) -> str:
    from base64 import b64encode

    return b64encode(raw).decode()


def emaids_of(car: str, count: int) -> list[str]:
    """The contracts of the car with this provisioning id (ISO 15118-2 annex H: country, provider, instance)."""
    made = [int(sha256(f"{car} {at}".encode()).hexdigest(), 16) % 10**9 for at in range(count)]
    return [f"NLMCK{number:09}" for number in made]
