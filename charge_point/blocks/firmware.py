"""Firmware: updates, signed and not, their publication to others, and what is told of either when asked (L01-L04)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from charge_point.parts import existing
from charge_point.statuses import status
from charge_point.tellers import tells
from charge_point.transfer import patience
from shared.answers import NOTHING, answers
from shared.clock import parse
from shared.dispatch import Answer, Refuse, on
from shared.versions import V2X, V16, VERSIONS

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

    from charge_point.firmware import Job
    from charge_point.station import Station

Payload = dict[str, Any]


@on("UpdateFirmware", V16)
@answers(
    NOTHING,
    "the firmware is fetched after retrieveDate, and installed once nobody charges; CALLERROR NotSupported from a "
    "station that takes signed firmware only",
    clause="1.6 §5.19; SW16 L01.FR.20",
    state=True,
)
def update_firmware_16(station: Station, request: Payload) -> Payload | Answer:
    """Fetch and install firmware."""
    from charge_point.firmware import Firmware, Job

    if station.setup.updates.signed_only:
        raise Refuse("NotSupported", "this station takes signed firmware only")
    part = station.part(Firmware)
    if not part.can_cancel:
        station.note("update_refused", "another firmware update is under way and cannot be cancelled")
        return {}
    job = Job(
        request["location"],
        retrieve=_moment(station, request["retrieveDate"]) or 0.0,
        **patience(request),
    )
    return Answer({}, lambda: part.begin(job))


@on("SignedUpdateFirmware", V16)
@on("UpdateFirmware", *V2X)
@answers(
    "status",
    "InvalidCertificate or RevokedCertificate for a signing certificate that cannot be relied on (and the security "
    "event InvalidFirmwareSigningCertificate follows); Rejected without a signature where one is due, with a signature "
    "but no certificate, for a time that is none, while the registration is not Accepted, and when another update "
    "cannot be cancelled; AcceptedCanceled when one is; else Accepted, and the update goes its way",
    clause="L01.FR.02, L01.FR.21, L01.FR.22, L01.FR.24, L01.FR.27, L02.FR.15; SW16 L01.FR.23-L01.FR.27",
    state=True,
)
def update_firmware(station: Station, request: Payload) -> Payload | Answer:
    """Fetch, verify and install firmware."""
    from charge_point.firmware import Firmware
    from charge_point.security_events import security_event

    version = station.version
    if not station.registration.accepted:  # B02.FR.02: what would follow may not be sent
        return status(version, "Rejected", "CSNotAccepted", "the registration is not accepted")
    try:
        job = _job(station, request)
    except ValueError as wrong:
        return status(version, "Rejected", "InvalidValue", str(wrong))
    if not job.signature and not job.certificate and station.setup.updates.signed_only:
        return status(version, "Rejected", "MissingParam", "this station takes signed firmware only")
    if job.signature and not job.certificate:
        return status(version, "Rejected", "MissingParam", "a signature needs a signing certificate")
    part = station.part(Firmware)
    if not part.can_cancel:
        return status(version, "Rejected", "FwUpdateInProgress", "an update is under way")
    verdict, why = _certificate(part.failure, station, job.certificate)
    if verdict:
        answer = status(version, verdict, "InvalidCertificate", why)
        return Answer(answer, lambda: security_event(station, "InvalidFirmwareSigningCertificate", why))
    word = "Accepted" if part.job is None else "AcceptedCanceled"
    return Answer(status(version, word), lambda: part.begin(job))


def _job(station: Station, request: Payload) -> Job:
    """What is asked for. Raises ValueError for a time that is none."""
    from charge_point.firmware import Job

    firmware = request["firmware"]
    install = firmware.get("installDateTime")
    return Job(
        firmware["location"],
        id=request["requestId"],
        signed=station.version is V16,
        retrieve=parse(firmware["retrieveDateTime"]),
        install=parse(install) if install else None,
        **patience(request),
        certificate=firmware.get("signingCertificate", ""),
        signature=firmware.get("signature", ""),
    )


def _certificate(failure: str, station: Station, pem: str) -> tuple[str, str]:
    """What is wrong with the signing certificate: the status that says so and why; nothing if nothing is."""
    if failure in ("InvalidCertificate", "RevokedCertificate"):
        return failure, "the station was told to refuse the certificate"
    if not pem:
        return "", ""
    from charge_point import firmware_signing as signing

    try:
        root = station.setup.updates.root
        roots = [*(signing.roots_in(root) if root else ()), *_installed_roots(station)]
        signing.checked(pem, station.clock.time(), roots)
    except signing.Invalid as wrong:
        return "InvalidCertificate", str(wrong)
    return "", ""


def _installed_roots(station: Station) -> list[Certificate]:
    """The manufacturer's root certificates that the CSMS has installed (M05)."""
    if not station.parts:
        return []
    from charge_point.certificates import Certificates

    certificates = existing(station, Certificates)
    return certificates.roots("ManufacturerRootCertificate") if certificates is not None else []


def _moment(station: Station, text: str) -> float | None:
    """A timestamp as Unix seconds; None, and a note, for what is none."""
    try:
        return parse(text)
    except ValueError as wrong:
        station.note("bad_time", str(wrong))
        return None


# --- publishing -----------------------------------------------------------------------------------------------


@on("PublishFirmware", *V2X)
@answers(
    "status",
    "Rejected by a station that is no local controller, while the registration is not Accepted, and while another "
    "file is being fetched; else Accepted: the file is fetched, its MD5 compared, and offered on an address of the "
    "station's own",
    clause="L03.FR.01-L03.FR.09",
    state=True,
)
def publish_firmware(station: Station, request: Payload) -> Payload | Answer:
    """Fetch firmware once and offer it to the stations beside this one."""
    from charge_point.publishing import Publisher

    if not station.setup.updates.publishes:
        return status(station.version, "Rejected", "UnsupportedRequest", "this is no local controller")
    if not station.registration.accepted:
        return status(station.version, "Rejected", "CSNotAccepted", "the registration is not accepted")
    part = station.part(Publisher)
    if part.busy:
        return status(station.version, "Rejected", "FwUpdateInProgress", "another file is being fetched")
    return Answer(status(station.version, "Accepted"), lambda: part.begin(request))


@on("UnpublishFirmware", *V2X)
@answers(
    "status",
    "NoFirmware when no file with this checksum is published, DownloadOngoing while somebody fetches it; else "
    "Unpublished",
    clause="L04.FR.01-L04.FR.04",
    state=True,
)
async def unpublish_firmware(station: Station, request: Payload) -> Payload:
    """Offer a firmware no longer."""
    from charge_point.publishing import Publisher

    part = existing(station, Publisher)
    return {"status": "NoFirmware" if part is None else await part.withdraw(request["checksum"])}


# --- told when asked ------------------------------------------------------------------------------------------


@tells("FirmwareStatusNotification", *VERSIONS)
def tell_firmware_status(station: Station, evse: int | None, connector: int | None) -> None:
    """The last status, or Idle: without an update, after one that was installed, and in 1.6 after any.

    F06.FR.16, L01.FR.20, L01.FR.25, L01.FR.26; 1.6 §4.5.
    """
    _tell(station, station.version is V16)


@tells("SignedFirmwareStatusNotification", V16)
def tell_signed_firmware_status(station: Station, evse: int | None, connector: int | None) -> None:
    """The last status of a signed update, or Idle (SW16 L01.FR.21, L01.FR.28, L01.FR.29)."""
    _tell(station, False)


def _tell(station: Station, plain: bool) -> None:
    from charge_point.firmware import Firmware, spelled

    word, id = "Idle", None
    part = existing(station, Firmware)
    if part is not None and part.last is not None and part.last[0] != "Installed":
        told, number, signed = part.last
        fits = signed is not plain if station.version is V16 else True
        if fits and (part.job is not None or not plain):
            word, id = told, number
    action, payload = spelled(station, word, id, not plain)
    station.say(action, payload, asked=True)


@tells("PublishFirmwareStatusNotification", *V2X)
def tell_publish_status(station: Station, evse: int | None, connector: int | None) -> None:
    """The last status, or Idle after Published and when nothing was published (L03.FR.10, L03.FR.11)."""
    from charge_point.publishing import Publisher

    part = existing(station, Publisher)
    payload: Payload = {"status": "Idle"}
    if part is not None and part.last and part.last["status"] != "Published":
        payload = part.last
    station.say("PublishFirmwareStatusNotification", payload, asked=True)
