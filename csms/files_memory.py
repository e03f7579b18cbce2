"""The network of a pair in one process: file transfers that end at the pair's own file server, on the loop's clock."""

from __future__ import annotations

from collections.abc import AsyncIterator
from urllib.parse import SplitResult, unquote, urlsplit

from csms.files import HOST, PIECE, Library
from csms.files_uploads import Cut, Refused
from shared.transfer import Failure, Publication, TransferFailed, place_of, status_failure

_SCHEMES = ("http", "https", "ftp", "ftps")


class Published:
    """A file that a station of the pair offers."""

    def __init__(self, network: MemoryNetwork, url: str, content: bytes) -> None:
        self.urls: tuple[str, ...] = (url,)
        self.content = content
        self.fetching = 0
        self._network = network

    @property
    def busy(self) -> bool:
        """Whether somebody is fetching it just now."""
        return self.fetching > 0

    async def withdraw(self) -> None:
        """Offer it no longer."""
        self._network.published.pop(self.urls[0], None)


class MemoryNetwork:
    """A `shared.transfer.Transport` over one library. Owns what stations publish."""

    def __init__(self, library: Library) -> None:
        self.library = library
        self.published: dict[str, Published] = {}
        self._count = 0

    async def fetch(self, url: str) -> AsyncIterator[bytes]:
        """See `Transport.fetch`."""
        own = self.published.get(url)
        if own is not None:
            own.fetching += 1
            try:
                for at in range(0, len(own.content), PIECE):
                    yield own.content[at : at + PIECE]
            finally:
                own.fetching -= 1
            return
        parts = _reached(url)
        came = 0
        try:
            offer = self.library.offer(unquote(parts.path), _credentials(parts))
            async for piece in offer.pieces:
                came += len(piece)
                yield piece
        except Refused as refused:
            raise _failure(refused) from None
        except Cut:
            raise TransferFailed(f"the connection was lost after {came} bytes") from None

    async def store(self, url: str, name: str, content: bytes) -> None:
        """See `Transport.store`."""
        parts = _reached(url)
        path = unquote(urlsplit(place_of(url, name)).path)
        try:
            upload = self.library.receive(path, _credentials(parts))
            try:
                for at in range(0, len(content), PIECE):
                    await upload.write(content[at : at + PIECE])
                upload.done()
            except BaseException:
                upload.drop()
                raise
        except Refused as refused:
            raise _failure(refused) from None
        except Cut:
            raise TransferFailed("the connection was lost") from None

    async def publish(self, name: str, content: bytes, near: str) -> Publication:
        """See `Transport.publish`."""
        self._count += 1
        url = f"http://published-{self._count}.pair/{name}"
        made = self.published[url] = Published(self, url, content)
        return made


def _reached(url: str) -> SplitResult:
    """The parts of a URL that leads to the file server; TransferFailed for any other."""
    try:
        parts = urlsplit(url)
    except ValueError as wrong:
        raise TransferFailed(f"{url!r} is no URL: {wrong}", Failure.BAD, "InvalidURL") from None
    if parts.scheme not in _SCHEMES:
        words = f"{parts.scheme or url!r} is no way to transfer files"
        raise TransferFailed(words, Failure.UNSUPPORTED, "InvalidURL")
    if parts.hostname != HOST:
        raise TransferFailed(f"{parts.hostname}: nobody there (a pair in one process has {HOST} only)")
    return parts


def _credentials(parts: SplitResult) -> str:
    if parts.username is None:
        return ""
    return f"{unquote(parts.username)}:{unquote(parts.password or '')}"


def _failure(refused: Refused) -> TransferFailed:
    code = "RedirectNotAllowed" if 300 <= refused.status < 400 else ""
    words = f"the server answered {refused.status} {refused}"
    return TransferFailed(words, status_failure(refused.status), code)
