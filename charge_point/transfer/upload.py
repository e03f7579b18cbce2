"""Uploads over HTTP(S) by aiohttp and over FTP(S) by aioftp.

HTTP: a PUT; a server that does not take one (405, 501) gets a POST with the file's name in Content-Disposition, as
N01.FR.18 and N01.FR.19 have it. Redirects are not followed (N01.FR.30).
"""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING
from urllib.parse import unquote

from charge_point.transfer.download import CONNECT, STALL, FtpSession, words_of
from shared.transfer import TransferFailed, place_of, status_failure

if TYPE_CHECKING:
    import ssl
    from urllib.parse import SplitResult

BINARY = {"Content-Type": "application/octet-stream"}


async def by_http(
    url: str, parts: SplitResult, name: str, content: bytes, tls: ssl.SSLContext | None
) -> None:
    """PUT, else POST. Userinfo in `url` is used for Basic authentication (N01.FR.25)."""
    import aiohttp

    patience = aiohttp.ClientTimeout(total=None, sock_connect=CONNECT, sock_read=STALL)
    disposition = {"Content-Disposition": f'form-data; name="uploadfile"; filename="{name}"'}
    try:
        async with aiohttp.ClientSession(timeout=patience) as session:
            for method, headers in (("PUT", BINARY), ("POST", BINARY | disposition)):
                async with session.request(
                    method,
                    place_of(url, name),
                    data=content,
                    headers=headers,
                    allow_redirects=False,
                    ssl=True if tls is None else tls,
                ) as answer:
                    if method == "PUT" and answer.status in (405, 501):
                        continue
                    judge(answer.status, answer.reason or "")
                    return
    except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as problem:
        raise TransferFailed(words_of(problem, parts)) from None


def judge(status: int, reason: str = "") -> None:
    """Raise what an HTTP status other than success means."""
    if 200 <= status < 300:
        return
    words = f"the server answered {status} {reason}".rstrip()
    raise TransferFailed(words, status_failure(status), "RedirectNotAllowed" if 300 <= status < 400 else "")


async def by_ftp(url: str, parts: SplitResult, name: str, content: bytes, tls: ssl.SSLContext | None) -> None:
    """STOR: into the path of `url` when that is a folder (ends with a slash, or has no suffix), else as it."""
    path = PurePosixPath(unquote(parts.path) or "/")
    if parts.path.endswith("/") or not path.suffix:
        path /= name
    async with FtpSession(parts, tls) as session, session.client.upload_stream(path) as stream:
        for at in range(0, len(content), 64 * 1024):
            await stream.write(content[at : at + 64 * 1024])
