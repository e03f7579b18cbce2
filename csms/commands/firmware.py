"""Firmware: updates, signed ones, and their publication on a local network."""

from __future__ import annotations

from csms.commands.defaults import FIRMWARE_URL, FIRMWARE_URL_2X, chosen, moment, only, present, upstream
from csms.commands.registry import Payload, Sent, Session, command
from csms.commands.request import Needed
from csms.commands.samples import CHECKSUM, SIGNATURE, SIGNER
from csms.commands.security import pem
from shared.versions import V2X, V16


def _location(to: Session, url: str | None) -> str | Needed:
    """Where the firmware is: a real station would install what it finds there, so nothing is made up."""
    if url is not None:
        return url
    return FIRMWARE_URL.get(to.version, FIRMWARE_URL_2X) if upstream(to) else Needed("url")


@command("UpdateFirmware")
def update_firmware(
    to: Session,
    *,
    url: str | None = None,
    retrieve: str | None = None,
    install: str | None = None,
    retries: int | None = None,
    interval: int | None = None,
    certificate: str | None = None,
    signature: str | None = None,
    request: int | None = None,
) -> Sent:
    """Have the station fetch and install firmware.

    url: where it is (needed). retrieve: when to fetch it, seconds from now or a timestamp, default now.
    install: when to install it (2.x). retries, interval: of the download. certificate (a PEM file) and
    signature (base64): who signed it, and how (1.6 sends it as SignedUpdateFirmware then).
    request: its id, else made up (2.x).
    """
    repeat = present(retries=retries, retryInterval=interval)
    when = moment(to, retrieve, 0)
    if to.version is V16 and (certificate is not None or signature is not None):
        signed = _signed(to, url, retrieve, install, certificate, signature)
        id = to.new_request_id() if request is None else request
        return "SignedUpdateFirmware", {"requestId": id, "firmware": signed} | repeat
    if to.version is V16:
        only(to, V2X, install=install, request=request)
        return {"location": _location(to, url), "retrieveDate": when} | repeat
    firmware = {"location": _location(to, url), "retrieveDateTime": when} | present(
        installDateTime=moment(to, install), signingCertificate=pem(certificate), signature=signature
    )
    return {"requestId": to.new_request_id() if request is None else request, "firmware": firmware} | repeat


@command("SignedUpdateFirmware", elsewhere="update_firmware")
def signed_update_firmware(
    to: Session,
    *,
    url: str | None = None,
    retrieve: str | None = None,
    install: str | None = None,
    retries: int | None = None,
    interval: int | None = None,
    certificate: str | None = None,
    signature: str | None = None,
    request: int | None = None,
) -> Sent:
    """Have a 1.6 station with the security extension fetch, verify and install signed firmware.

    url: where it is (needed). retrieve, install: seconds from now or timestamps. retries, interval: of the
    download. certificate (a PEM file) and signature (base64): default a genuine pair that signs no firmware.
    request: its id, else made up.
    """
    signed = _signed(to, url, retrieve, install, certificate, signature)
    return {"requestId": to.new_request_id() if request is None else request, "firmware": signed} | present(
        retries=retries, retryInterval=interval
    )


def _signed(
    to: Session,
    url: str | None,
    retrieve: str | None,
    install: str | None,
    certificate: str | None,
    signature: str | None,
) -> Payload:
    """Signed firmware of 1.6 (security whitepaper, FirmwareType): certificate and signature must be there."""
    return {
        "location": _location(to, url),
        "retrieveDateTime": moment(to, retrieve, 0),
        "signingCertificate": pem(certificate) or SIGNER,
        "signature": chosen(signature, SIGNATURE),
    } | present(installDateTime=moment(to, install))


@command("PublishFirmware")
def publish_firmware(
    to: Session,
    *,
    url: str | None = None,
    checksum: str | None = None,
    retries: int | None = None,
    interval: int | None = None,
    request: int | None = None,
) -> Sent:
    """Have a local controller fetch firmware and offer it to its stations (2.x).

    url: where it is (needed). checksum: its MD5 in hex. retries, interval: of the download. request: its id.
    """
    return {
        "location": _location(to, url),
        "checksum": chosen(checksum, CHECKSUM),
        "requestId": to.new_request_id() if request is None else request,
    } | present(retries=retries, retryInterval=interval)


@command("UnpublishFirmware")
def unpublish_firmware(to: Session, *, checksum: str | None = None) -> Sent:
    """Have a local controller stop offering a firmware (2.x).

    checksum: the MD5 of the firmware in hex, default the one that publish_firmware names by default.
    """
    return {"checksum": chosen(checksum, CHECKSUM)}
