"""Root certificates on the station: installing, listing, deleting."""

from __future__ import annotations

from csms.commands.defaults import chosen, present, spelled, two, upstream
from csms.commands.registry import Payload, Sent, Session, command
from csms.commands.samples import MOCK_HASHES, ROOT, ROOT_HASHES
from csms.commands.security import pem


def _own_root(to: Session) -> str | None:
    """The root of our certificate authority, if there is one."""
    authority = getattr(getattr(to.csms, "policies", None), "authority", None)
    return authority.root(to.csms.clock.time()) if authority is not None else None


def _own_hashes(to: Session) -> Payload | None:
    """How a station names the root of our certificate authority (CertificateHashDataType), if there is one."""
    pem = _own_root(to)
    if pem is None:
        return None
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.x509 import load_pem_x509_certificate

    from csms.ocsp import issuer_hashes

    root = load_pem_x509_certificate(pem.encode())
    name, key = issuer_hashes(root, SHA256())  # it has issued itself
    return {
        "hashAlgorithm": "SHA256",
        "issuerNameHash": name,
        "issuerKeyHash": key,
        "serialNumber": f"{root.serial_number:x}",
    }


@command("InstallCertificate")
def install_certificate(to: Session, *, kind: str | None = None, file: str | None = None) -> Sent:
    """Install a root certificate.

    kind: CSMSRootCertificate (default; 1.6 calls it CentralSystemRootCertificate), ManufacturerRootCertificate,
    V2GRootCertificate, MORootCertificate, OEMRootCertificate (2.1). file: a PEM file, default the root of our
    certificate authority, else one made for it.
    """
    return {
        "certificateType": spelled(to, chosen(kind, "CSMSRootCertificate")),
        "certificate": pem(file) or _own_root(to) or ROOT,
    }


@command("GetInstalledCertificateIds")
def get_installed_certificate_ids(to: Session, *, kinds: list[str] | None = None) -> Sent:
    """Ask for the root certificates of some kinds.

    kinds: separated by commas (1.6: one), default CSMSRootCertificate. `{"certificateType": null}` asks a 2.x
    station for all.
    """
    wanted = [spelled(to, kind) for kind in kinds or ["CSMSRootCertificate"]]
    if two(to):
        return {"certificateType": wanted}
    return {"certificateType": wanted[0] if len(wanted) == 1 else wanted}


@command("DeleteCertificate")
def delete_certificate(
    to: Session,
    *,
    algorithm: str | None = None,
    name_hash: str | None = None,
    key_hash: str | None = None,
    serial: str | None = None,
) -> Sent:
    """Delete a certificate.

    algorithm, name_hash, key_hash, serial: how the station names it (get_installed_certificate_ids tells);
    default: the root that install_certificate installs by default.
    """
    named = present(
        hashAlgorithm=algorithm, issuerNameHash=name_hash, issuerKeyHash=key_hash, serialNumber=serial
    )
    usual = MOCK_HASHES if upstream(to) else _own_hashes(to) or ROOT_HASHES
    return {"certificateHashData": usual | named}
