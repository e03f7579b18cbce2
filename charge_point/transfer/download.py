"""Downloads over HTTP(S) by aiohttp and over FTP(S) by aioftp, in pieces, whole or not at all."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from shared.transfer import Failure, TransferFailed, status_failure

if TYPE_CHECKING:
    import ssl
    from urllib.parse import SplitResult

CONNECT, STALL = 20.0, 60.0
"""Seconds to reach a server, and to wait for the next piece."""

PIECE = 64 * 1024


async def by_http(url: str, parts: SplitResult, tls: ssl.SSLContext | None) -> AsyncIterator[bytes]:
    """GET `url`; userinfo in it is used for Basic authentication. Redirects of a download are followed."""
    import aiohttp

    patience = aiohttp.ClientTimeout(total=None, sock_connect=CONNECT, sock_read=STALL)
    try:
        async with (
            aiohttp.ClientSession(timeout=patience, auto_decompress=False) as session,
            session.get(url, ssl=True if tls is None else tls) as answer,
        ):
            if answer.status != 200:
                words = f"the server answered {answer.status} {answer.reason or ''}".rstrip()
                raise TransferFailed(words, status_failure(answer.status))
            async for piece in answer.content.iter_chunked(PIECE):
                yield piece
    except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as problem:
        raise TransferFailed(words_of(problem, parts)) from None


async def by_ftp(url: str, parts: SplitResult, tls: ssl.SSLContext | None) -> AsyncIterator[bytes]:
    """RETR the path of `url`, passive (L01, remark on FTP); anonymous unless it names a user."""
    async with FtpSession(parts, tls) as client:
        path = unquote(parts.path) or "/"
        size = await client.size(path)
        came = 0
        async for piece in client.pieces(path):
            came += len(piece)
            yield piece
        if size is not None and came < size:
            raise TransferFailed(f"the transfer ended after {came} of {size} bytes")


class FtpSession:
    """One FTP connection, logged in; its errors come out as TransferFailed."""

    def __init__(self, parts: SplitResult, tls: ssl.SSLContext | None) -> None:
        import aioftp

        logging.getLogger("aioftp").setLevel(logging.CRITICAL)  # it tells passwords
        self._parts = parts
        secure: Any = (tls or True) if parts.scheme == "ftps" else None
        self.client = aioftp.Client(
            socket_timeout=STALL, connection_timeout=CONNECT, ssl=secure, passive_commands=("epsv", "pasv")
        )

    async def __aenter__(self) -> FtpSession:
        parts = self._parts
        try:
            await self.client.connect(parts.hostname or "", parts.port or 21)
            await self.client.login(
                unquote(parts.username or "anonymous"), unquote(parts.password or "anon@")
            )
        except Exception as problem:
            self.client.close()
            raise ftp_failure(problem, parts) from None
        return self

    async def __aexit__(self, kind: Any, error: Any, trace: Any) -> None:
        try:
            if error is None:
                async with asyncio.timeout(CONNECT):
                    await self.client.quit()
        except Exception:
            pass  # the file is over; how the server says good-bye is its own matter
        finally:
            self.client.close()
        if isinstance(error, Exception) and not isinstance(error, TransferFailed):
            raise ftp_failure(error, self._parts) from None

    async def size(self, path: str) -> int | None:
        """The size of a file in bytes, None when the server does not tell; TransferFailed for none there."""
        import aioftp

        try:
            known = await self.client.stat(path)
        except aioftp.StatusCodeError as refused:
            if any(str(code) == "550" for code in refused.received_codes):
                raise TransferFailed(f"there is no {path}") from None
            return None
        text = str(known.get("size", ""))
        return int(text) if text.isdigit() else None

    async def pieces(self, path: str) -> AsyncIterator[bytes]:
        """The content of a file."""
        async with self.client.download_stream(path) as stream:
            async for piece in stream.iter_by_block(PIECE):
                yield piece


def ftp_failure(problem: BaseException, parts: SplitResult) -> TransferFailed:
    """What an error of aioftp or of the network means."""
    import aioftp

    if isinstance(problem, TransferFailed):
        return problem
    if isinstance(problem, aioftp.StatusCodeError):
        code = str(problem.received_codes[-1]) if problem.received_codes else ""
        kind = {"530": Failure.DENIED, "532": Failure.DENIED, "550": Failure.DENIED, "553": Failure.DENIED}
        kind |= {
            "502": Failure.UNSUPPORTED,
            "504": Failure.UNSUPPORTED,
            "500": Failure.BAD,
            "501": Failure.BAD,
        }
        said = " ".join(line.strip() for line in problem.info if line.strip())
        return TransferFailed(f"the server answered {code} {said}".rstrip(), kind.get(code, Failure.FAILED))
    return TransferFailed(words_of(problem, parts))


def words_of(problem: BaseException, parts: SplitResult) -> str:
    """A network error in one clause. URLs are told without their passwords."""
    where = f"{parts.hostname}{f':{parts.port}' if parts.port else ''}"
    if isinstance(problem, TimeoutError):
        return f"{where} takes too long"
    reason = getattr(problem, "strerror", None) or str(problem) or type(problem).__name__
    if parts.password:
        reason = reason.replace(parts.password, "(redacted)")
    return f"{where}: {reason}"
