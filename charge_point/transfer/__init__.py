"""How a station gets and puts files: over HTTP, HTTPS and FTP, or through whatever its owner put in that place."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import SplitResult, urlsplit

from charge_point.parts import Part, existing
from shared.transfer import Failure, TransferFailed

if TYPE_CHECKING:
    import ssl

    from charge_point.station import Station
    from shared.transfer import Publication, Transport

PROTOCOLS = ("http", "https", "ftp", "ftps")
"""What the real network speaks (FileTransferProtocols, SupportedFileTransferProtocols)."""


RETRY_INTERVAL = 30.0
"""Seconds between attempts when the request does not say (the station is free to choose)."""


def patience(request: Mapping[str, Any]) -> dict[str, Any]:
    """How often a transfer is tried again, and after how many seconds: `retries` and `interval` of jobs and uploads.

    With a lenient schema either may be anything: what is no number counts as not given.
    """
    retries, interval = request.get("retries"), request.get("retryInterval")
    return {
        "retries": max(retries, 0) if isinstance(retries, int) else 0,
        "interval": max(float(interval), 0.0) if isinstance(interval, int | float) else RETRY_INTERVAL,
    }


class Network:
    """The real network. `tls` is what secure servers are checked with; None: the system's authorities."""

    __slots__ = ("_tls",)

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self._tls = tls

    async def fetch(self, url: str) -> AsyncIterator[bytes]:
        """See `Transport.fetch`."""
        from charge_point.transfer import download

        parts = split(url)
        get = download.by_http if parts.scheme.startswith("http") else download.by_ftp
        async for piece in get(url, parts, self._tls):
            yield piece

    async def store(self, url: str, name: str, content: bytes) -> None:
        """See `Transport.store`."""
        from charge_point.transfer import upload

        parts = split(url)
        put = upload.by_http if parts.scheme.startswith("http") else upload.by_ftp
        await put(url, parts, name, content, self._tls)

    async def publish(self, name: str, content: bytes, near: str) -> Publication:
        """See `Transport.publish`."""
        from charge_point.transfer.serving import serve

        return await serve(name, content, near)


class Transfers(Part):
    """Which way the files of one station go. A station without this part has the real network."""

    __slots__ = ("through",)

    def __init__(self, station: Station) -> None:
        super().__init__(station)
        self.through: Transport = Network()


def transport(station: Station) -> Transport:
    """The station's way to files."""
    own = existing(station, Transfers)
    return Network() if own is None else own.through


def split(url: str) -> SplitResult:
    """The parts of a URL that can be fetched or stored to; TransferFailed for any other."""
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError as wrong:
        raise TransferFailed(f"{url!r} is no URL: {wrong}", Failure.BAD, "InvalidURL") from None
    if parts.scheme not in PROTOCOLS:
        words = f"{parts.scheme or url!r} is no way to transfer files ({', '.join(PROTOCOLS)})"
        raise TransferFailed(words, Failure.UNSUPPORTED, "InvalidURL")
    if not parts.hostname:
        raise TransferFailed(f"{url!r} names no host", Failure.BAD, "InvalidURL")
    return parts
