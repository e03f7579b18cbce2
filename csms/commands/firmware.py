"""Firmware: updates, signed ones, and their publication on a local network."""

from __future__ import annotations

from csms.commands import served
from csms.commands.defaults import FIRMWARE_URL, FIRMWARE_URL_2X, chosen, moment, only, present, upstream
from csms.commands.registry import Payload, Sent, Session, command
from csms.commands.request import Needed
from csms.commands.samples import CHECKSUM, SIGNATURE, SIGNER
from csms.commands.security import pem
from shared.versions import V2X, V16


def _source(
    to: Session, url: str | None, file: str | None, over: str | None
) -> tuple[str | None, str | Needed]:
    """The firmware's name if we serve it, and where it is: a real station would install it, so nothing is made up."""
    if url is None and file is None and upstream(to):
        return None, FIRMWARE_URL.get(to.version, FIRMWARE_URL_2X)
    return served.source(to, url, file, over)


def _signed(
    to: Session, name: str | None, certificate: str | None, signature: str | None
) -> tuple[str | None, str | None]:
    """Signing certificate and signature as they were given, else those of a file of ours."""
    files = served.library(to)
    if name is None or files is None:
        return pem(certificate), signature
    own = files.signed(name)
    return pem(certificate) or own[0], chosen(signature, own[1])


@command("UpdateFirmware")
def update_firmware(
    to: Session,
    *,
    url: str | None = None,
    file: str | None = None,
    over: str | None = None,
    retrieve: str | None = None,
    install: str | None = None,
    retries: int | None = None,
    interval: int | None = None,
    signed: bool | None = None,
    certificate: str | None = None,
    signature: str | None = None,
    request: int | None = None,
) -> Sent:
    """Have the station fetch and install firmware.

    url: where it is, or file: its name on our file server (needed unless that has one only), over: http, https
    or ftp. retrieve: when to fetch it, seconds from now or a timestamp, default now.
    install: when to install it (2.x). retries, interval: of the download. certificate (a PEM file) and
    signature (base64): who signed it, and how; default those of the file (2.x), unless signed is false.
    On 1.6 either of them, or signed, sends SignedUpdateFirmware. request: its id, else made up (2.x).
    """
    repeat = present(retries=retries, retryInterval=interval)
    when = moment(to, retrieve, 0)
    if to.version is V16 and (signed or certificate is not None or signature is not None):
        return "SignedUpdateFirmware", signed_update_firmware(
            to,
            url=url,
            file=file,
            over=over,
            retrieve=retrieve,
            install=install,
            retries=retries,
            interval=interval,
            certificate=certificate,
            signature=signature,
            request=request,
        )  # type: ignore[return-value]
    name, location = _source(to, url, file, over)
    if to.version is V16:
        only(to, V2X, install=install, request=request)
        return {"location": location, "retrieveDate": when} | repeat
    own, over_file = _signed(to, None if signed is False else name, certificate, signature)
    firmware = {"location": location, "retrieveDateTime": when} | present(
        installDateTime=moment(to, install), signingCertificate=own, signature=over_file
    )
    return {"requestId": to.new_request_id() if request is None else request, "firmware": firmware} | repeat


@command("SignedUpdateFirmware", elsewhere="update_firmware")
def signed_update_firmware(
    to: Session,
    *,
    url: str | None = None,
    file: str | None = None,
    over: str | None = None,
    retrieve: str | None = None,
    install: str | None = None,
    retries: int | None = None,
    interval: int | None = None,
    certificate: str | None = None,
    signature: str | None = None,
    request: int | None = None,
) -> Sent:
    """Have a 1.6 station with the security extension fetch, verify and install signed firmware.

    url, or file and over: where it is, as of update_firmware (needed). retrieve, install: seconds from now or
    timestamps. retries, interval: of the download. certificate (a PEM file) and signature (base64): default
    those of the file; with url a genuine pair that signs no firmware. request: its id, else made up.
    """
    name, location = _source(to, url, file, over)
    own, over_file = _signed(to, name, certificate, signature)
    firmware: Payload = {
        "location": location,
        "retrieveDateTime": moment(to, retrieve, 0),
        "signingCertificate": own or SIGNER,  # security whitepaper, FirmwareType: both must be there
        "signature": chosen(over_file, SIGNATURE),
    } | present(installDateTime=moment(to, install))
    id = to.new_request_id() if request is None else request
    return {"requestId": id, "firmware": firmware} | present(retries=retries, retryInterval=interval)


@command("PublishFirmware")
def publish_firmware(
    to: Session,
    *,
    url: str | None = None,
    file: str | None = None,
    over: str | None = None,
    checksum: str | None = None,
    retries: int | None = None,
    interval: int | None = None,
    request: int | None = None,
) -> Sent:
    """Have a local controller fetch firmware and offer it to its stations (2.x).

    url, or file and over: where it is, as of update_firmware (needed). checksum: its MD5 in hex, default that of
    the file. retries, interval: of the download. request: its id.
    """
    name, location = _source(to, url, file, over)
    files = served.library(to)
    own = files.checksum(name) if files is not None and name is not None else CHECKSUM
    return {
        "location": location,
        "checksum": chosen(checksum, own),
        "requestId": to.new_request_id() if request is None else request,
    } | present(retries=retries, retryInterval=interval)


@command("UnpublishFirmware")
def unpublish_firmware(to: Session, *, checksum: str | None = None, file: str | None = None) -> Sent:
    """Have a local controller stop offering a firmware (2.x).

    checksum: the MD5 of the firmware in hex, or file: its name on our file server; default the one that
    publish_firmware names by default.
    """
    found = served.firmware(to, file, None)
    files = served.library(to)
    own = files.digests(found[0]).md5 if files is not None and found is not None else CHECKSUM
    return {"checksum": chosen(checksum, own)}
