"""A local controller's own servers, HTTP and FTP: firmware offered to the stations beside it (L03)."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

from shared.transfer import TransferFailed

if TYPE_CHECKING:
    from aiohttp import web

    from charge_point.transfer.serving_ftp import FtpServed

PIECE = 64 * 1024


class Served:
    """One file on an HTTP and an FTP server of its own, on free ports."""

    def __init__(self, name: str, content: bytes) -> None:
        self.urls: tuple[str, ...] = ()
        self._name = name
        self._content = content
        self._fetching = 0
        self._runner: web.AppRunner | None = None
        self._ftp: FtpServed | None = None

    @property
    def busy(self) -> bool:
        """Whether somebody is fetching it just now (L04.FR.04)."""
        return self._fetching > 0 or (self._ftp is not None and self._ftp.fetching > 0)

    async def begin(self, host: str) -> None:
        """Listen on `host`; TransferFailed when that is not possible."""
        from aiohttp import web

        from charge_point.transfer.serving_ftp import FtpServed

        app = web.Application()
        app.router.add_get("/{name}", self._get)
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, host, 0).start()
            self._ftp = FtpServed(self._name, self._content)
            ftp_port = await self._ftp.begin(host)
        except OSError as problem:
            await self.withdraw()
            raise TransferFailed(f"cannot listen on {host}: {problem.strerror or problem}") from None
        port = self._runner.addresses[0][1]
        shown = f"[{host}]" if ":" in host else host
        name = quote(self._name)
        self.urls = (f"http://{shown}:{port}/{name}", f"ftp://{shown}:{ftp_port}/{name}")  # L03.FR.04

    async def _get(self, request: web.Request) -> web.StreamResponse:
        from aiohttp import web

        if request.match_info["name"] != self._name:
            raise web.HTTPNotFound
        answer = web.StreamResponse(headers={"Content-Type": "application/octet-stream"})
        answer.content_length = len(self._content)
        self._fetching += 1
        try:
            await answer.prepare(request)
            for at in range(0, len(self._content), PIECE):
                await answer.write(self._content[at : at + PIECE])
            await answer.write_eof()
        finally:
            self._fetching -= 1
        return answer

    async def withdraw(self) -> None:
        """Close the servers."""
        if self._runner is not None:
            await self._runner.cleanup()
        if self._ftp is not None:
            await self._ftp.withdraw()


async def serve(name: str, content: bytes, near: str) -> Served:
    """Offer a file on this machine's address towards the host of the URL `near`. Raises TransferFailed."""
    served = Served(name, content)
    await served.begin(_own_address(near))
    return served


def _own_address(near: str) -> str:
    """This machine's address on the way to the host of `near`: where others of that network may find it."""
    parts = urlsplit(near)
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            parts.hostname, parts.port or 80, type=socket.SOCK_DGRAM
        )[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.connect(address)  # of a datagram socket: nothing is sent
            return str(probe.getsockname()[0])
    except OSError:
        return "127.0.0.1"
