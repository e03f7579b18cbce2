"""The file server over HTTP or HTTPS, by aiohttp: GET and HEAD of firmware, PUT and POST of uploads (N01.FR.18)."""

from __future__ import annotations

import base64
import binascii
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

from aiohttp import BodyPartReader, MultipartReader, hdrs, web

from csms.files_uploads import Cut, Refused

if TYPE_CHECKING:
    import ssl

    from csms.files import Library

_PIECE = 64 * 1024


class HttpFiles:
    """One HTTP(S) server over a library."""

    scheme = "http"

    def __init__(self, library: Library) -> None:
        self._library = library
        self._runner: web.AppRunner | None = None

    async def begin(self, host: str, port: int, tls: ssl.SSLContext | None = None) -> int:
        """Listen; gives the port. Raises OSError."""
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._serve)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await self._runner.setup()
        await web.TCPSite(self._runner, host, port, ssl_context=tls).start()
        self.scheme = "https" if tls is not None else "http"
        bound: int = self._runner.addresses[0][1]
        self._library.ports[self.scheme] = bound
        return bound

    async def stop(self) -> None:
        """Close every connection."""
        self._library.ports.pop(self.scheme, None)
        if self._runner is not None:
            await self._runner.cleanup()

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        try:
            if request.method in (hdrs.METH_GET, hdrs.METH_HEAD):
                return await self._get(request)
            if request.method in (hdrs.METH_PUT, hdrs.METH_POST):
                return await self._take(request)
            raise Refused(405, f"{request.method} is not served")
        except Refused as refused:
            return _refusal(request, refused)
        except Cut:
            if request.transport is not None:
                request.transport.abort()
            return web.Response()  # nobody hears it; aiohttp would print what is raised here
        except ConnectionError:  # the station hung up, as for a newer request of a log (N01.FR.20)
            return web.Response()

    async def _get(self, request: web.Request) -> web.StreamResponse:
        path = request.match_info["path"]
        if not path:
            self._library.admit("", _credentials(request))
            return web.Response(text="".join(f"{name}\n" for name in self._library.names()))
        offer = self._library.offer(path, _credentials(request))
        answer = web.StreamResponse(headers={hdrs.CONTENT_TYPE: "application/octet-stream"})
        answer.content_length = offer.size
        await answer.prepare(request)
        if request.method == hdrs.METH_GET:
            async for piece in offer.pieces:
                await answer.write(piece)
        await answer.write_eof()
        return answer

    async def _take(self, request: web.Request) -> web.StreamResponse:
        path = request.match_info["path"]
        body: AsyncIterator[bytes] = aiter(request.content.iter_chunked(_PIECE))
        if request.method == hdrs.METH_POST:
            name, body = await _posted(request)
            name = name.replace("\\", "/").rpartition("/")[2]
            path = (
                f"{path.rstrip('/')}/{name}" if (name and path.count("/") < 2) or path.endswith("/") else path
            )
        upload = self._library.receive(path, _credentials(request))
        try:
            async for piece in body:
                await upload.write(piece)
            kept = upload.done()
        except BaseException:
            upload.drop()
            raise
        return web.Response(status=201, text=f"{kept}\n")


async def _posted(request: web.Request) -> tuple[str, AsyncIterator[bytes]]:
    """The file of a POST and its name: a form's first file, or the body itself (N01.FR.19)."""
    if request.content_type.startswith("multipart/"):
        try:
            part = await (await request.multipart()).next()
        except ValueError as wrong:
            raise Refused(400, f"the form cannot be read: {wrong}") from None
        if part is None or isinstance(part, MultipartReader):
            raise Refused(400, "the form holds no file")
        return part.filename or part.name or "", _pieces(part)
    _, settings = _disposition(request)
    return settings.get("filename", ""), aiter(request.content.iter_chunked(_PIECE))


def _disposition(request: web.Request) -> tuple[str | None, dict[str, str]]:
    from aiohttp.multipart import parse_content_disposition

    kind, settings = parse_content_disposition(request.headers.get(hdrs.CONTENT_DISPOSITION))
    return kind, dict(settings)


async def _pieces(part: BodyPartReader) -> AsyncIterator[bytes]:
    while piece := await part.read_chunk(_PIECE):
        yield bytes(piece)


def _credentials(request: web.Request) -> str:
    """`USER:PASSWORD` of Basic authentication; nothing without."""
    kind, _, coded = request.headers.get(hdrs.AUTHORIZATION, "").partition(" ")
    try:
        return base64.b64decode(coded, validate=True).decode() if kind.lower() == "basic" else ""
    except (binascii.Error, ValueError):
        return ""


def _refusal(request: web.Request, refused: Refused) -> web.Response:
    answer = web.Response(status=refused.status, text=f"{refused}\n")
    if refused.status == 401:
        answer.headers[hdrs.WWW_AUTHENTICATE] = 'Basic realm="files", charset="UTF-8"'
    if 300 <= refused.status < 400:
        answer.headers[hdrs.LOCATION] = f"/elsewhere{request.path}"
    if refused.status == 405:
        answer.headers[hdrs.ALLOW] = "GET, HEAD, PUT, POST"
    answer.force_close()  # what was not read of an upload must not be taken for the next request
    return answer
