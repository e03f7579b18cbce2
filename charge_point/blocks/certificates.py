"""Certificates: installed, listed and deleted by the CSMS, and those of the station signed (M03 to M05, A02, A03)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from charge_point.statuses import status
from charge_point.tellers import tells
from shared.answers import answers
from shared.dispatch import Answer, on
from shared.versions import V2X, V16, V21

if TYPE_CHECKING:
    from charge_point.certificates import Certificates
    from charge_point.station import Station

Payload = dict[str, Any]

_AS_2X = {"CentralSystemRootCertificate": "CSMSRootCertificate"}


def _certificates(station: Station) -> Certificates:
    from charge_point.certificates import Certificates

    return station.part(Certificates)


@on("InstallCertificate")
@answers(
    "status",
    "Rejected for what is no valid root certificate, for one more than the store holds and, with "
    "AdditionalRootCertificateCheck, for a CSMS root that the present one has not signed; else Accepted. In 1.6 "
    "InvalidCentralSystemCertificate follows a central system's root that is not valid",
    clause="M05.FR.01-M05.FR.17; SW16 M05.FR.01-M05.FR.08",
    state=True,
)
def install(station: Station, request: Payload) -> Payload:
    """Take a root certificate."""
    type: str = request["certificateType"]
    refused = _certificates(station).install(_AS_2X.get(type, type), request["certificate"])
    if refused is not None:
        return status(station.version, refused.status, refused.code, refused.words)
    return status(station.version, "Accepted")


@on("GetInstalledCertificateIds", V16)
@answers(
    "status, certificateHashData",
    "the hashes of all certificates of the type; NotFound without one",
    clause="SW16 M03.FR.01-M03.FR.04",
    state=True,
)
def ids_16(station: Station, request: Payload) -> Payload:
    """Name the certificates of a type."""
    type: str = request["certificateType"]
    found = _certificates(station).ids([_AS_2X.get(type, type)])
    if not found:
        return {"status": "NotFound"}
    return {"status": "Accepted", "certificateHashData": [one["certificateHashData"] for one in found]}


@on("GetInstalledCertificateIds", *V2X)
@answers(
    "status, certificateHashDataChain",
    "the hashes of all certificates of the types, or of all; a V2G chain with its intermediate ones as children; "
    "NotFound without one",
    clause="M03.FR.01-M03.FR.05",
    state=True,
)
def ids_2x(station: Station, request: Payload) -> Payload:
    """Name the certificates of some types."""
    found = _certificates(station).ids(request.get("certificateType", []))
    if not found:
        return status(station.version, "NotFound", "NotFound", "there is no such certificate")
    return status(station.version, "Accepted") | {"certificateHashDataChain": found}


@on("DeleteCertificate")
@answers(
    "status",
    "NotFound for hashes that no certificate has; Failed for the station's own, and for the last root of the CSMS on a "
    "secured connection; else Accepted",
    clause="M04.FR.01-M04.FR.06; SW16 M04.FR.01-M04.FR.06",
    state=True,
)
def delete(station: Station, request: Payload) -> Payload:
    """Remove a certificate."""
    outcome = _certificates(station).delete(request["certificateHashData"])
    code = {"NotFound": "NotFound", "Failed": "UnsupportedRequest"}.get(outcome, "")
    return status(station.version, outcome, code)


@on("CertificateSigned")
@answers(
    "status",
    "Rejected for a certificate that was not asked for, is for another key or name, is not valid today, or does not "
    "lead to an installed root, and Invalid...Certificate follows; Rejected for another requestId, and for more than "
    "MaxCertificateChainSize; else Accepted, and a connection of security profile 3 is made anew with it",
    clause="A02.FR.06-A02.FR.08, A02.FR.16, A02.FR.20, A02.FR.26; SW16 A02.FR.06-A02.FR.08",
    state=True,
)
def certificate_signed(station: Station, request: Payload) -> Payload | Answer:
    """Take a certificate of the station's own."""
    certificates = _certificates(station)
    type = request.get("certificateType", certificates.untyped)
    refused = certificates.signed(request["certificateChain"], type, request.get("requestId"))
    if refused is None:
        return Answer(status(station.version, "Accepted"), lambda: certificates.use(type))
    answer = status(station.version, refused.status, refused.code, refused.words)
    if refused.code != "InvalidCertificate" or type.startswith("V2G"):
        return answer
    return Answer(answer, lambda: _tell_invalid(station, refused.words))


def _tell_invalid(station: Station, words: str) -> None:
    from charge_point.security_events import security_event

    box = "ChargePoint" if station.version is V16 else "ChargingStation"
    security_event(station, f"Invalid{box}Certificate", words)


@tells("SignChargePointCertificate", V16)
@tells("SignChargingStationCertificate", *V2X)
@tells("SignCertificate", V16, *V2X)
def sign_station_certificate(station: Station, evse: int | None, connector: int | None) -> None:
    """Ask for a certificate of the station (A02.FR.02)."""
    _certificates(station).ask()


@tells("SignV2GCertificate", *V2X)
def sign_v2g_certificate(station: Station, evse: int | None, connector: int | None) -> None:
    """Ask for a certificate towards ISO 15118-2 cars (A02.FR.22)."""
    _certificates(station).ask("V2GCertificate")


@tells("SignV2G20Certificate", V21)
def sign_v2g20_certificate(station: Station, evse: int | None, connector: int | None) -> None:
    """Ask for a certificate towards ISO 15118-20 cars (A02.FR.23)."""
    _certificates(station).ask("V2G20Certificate")


@tells("SignCombinedCertificate", *V2X)
def sign_combined_certificate(station: Station, evse: int | None, connector: int | None) -> None:
    """Ask for one certificate towards the CSMS and towards cars (A02)."""
    from charge_point.certificates import COMBINED

    _certificates(station).ask(COMBINED)
