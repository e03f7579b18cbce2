"""Handing a signed certificate to a station."""

from __future__ import annotations

from pathlib import Path

from csms.commands.defaults import only, present, two
from csms.commands.registry import Sent, Session, command, wrong
from csms.commands.samples import ROOT, STATION
from shared.versions import V2X, V21


def pem(file: str | None) -> str | None:
    """The text of the PEM file `file`; UsageError when it cannot be read or holds no certificate."""
    if file is None:
        return None
    try:
        text = Path(file).read_text("ascii")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not text"
        raise wrong(f"{file}: cannot be read: {reason}") from None
    if "-----BEGIN CERTIFICATE-----" not in text:
        raise wrong(f"{file}: holds no certificate in PEM form (-----BEGIN CERTIFICATE-----)")
    return text


@command("CertificateSigned")
def certificate_signed(
    to: Session, *, file: str | None = None, kind: str | None = None, request: int | None = None
) -> Sent:
    """Hand over a signed certificate.

    file: its chain as a PEM file, leaf first (default: a genuine chain that fits no station's key, which a
    station should find out). kind: ChargingStationCertificate (default), V2GCertificate, in 2.1
    V2G20Certificate. request: the requestId of the SignCertificate that it answers (2.1).
    """
    only(to, V2X, kind=kind)
    only(to, (V21,), request=request)
    # part 2, CertificateSignedRequest: the order of the chain starts from the leaf
    chain = pem(file) or STATION + ROOT
    default = "ChargingStationCertificate" if two(to) else None
    return {"certificateChain": chain} | present(certificateType=kind or default, requestId=request)
