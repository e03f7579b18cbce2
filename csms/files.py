"""The files of a mock CSMS: firmware that stations fetch, uploads that they bring, and what goes wrong with either.

A `Library` knows no protocol: HTTP (`csms.files_http`), FTP (`csms.files_ftp`) and the network of a pair in one process
(`csms.files_memory`) serve it. Its files are those of a directory; where that has none of the name, `fw-VERSION.bin` is
made up: a valid image of that version, or with `-broken`, `-fails` or `-bricks` behind the version one that is not.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote, urlsplit

from csms.files_faults import FileFault
from csms.files_uploads import UPLOADS, Cut, Refused, Upload, destination, plain

if TYPE_CHECKING:
    from csms.files_signing import Signer

PIECE = 64 * 1024

HOST = "files.pair"
"""The host of the file server's addresses in a pair in one process."""

_MADE_UP = re.compile(r"fw-(\d[\w.]*?)(?:-(broken|fails|bricks))?\.bin")
_DEFECTS = {"fails": " fails=InstallationFailed", "bricks": " fails=bricks"}
MADE_UP_BYTES = 64 * 1024


class Digests(NamedTuple):
    """What identifies the content of a file."""

    sha256: bytes
    md5: str


class Offer(NamedTuple):
    """A file that is served: the bytes it is said to have, and its content in pieces, which may raise `Cut`."""

    size: int
    pieces: AsyncIterator[bytes]


class Library:
    """Firmware and uploads of one CSMS. Without a `folder` there are made up files only, and uploads stay in memory.

    `now` gives Unix seconds; `tell` is called with station, what happened, and words about it.
    """

    def __init__(
        self,
        folder: Path | None = None,
        *,
        seed: object = 0,
        faults: Iterable[FileFault] = (),
        credentials: str = "",
        limit: int = 64 * 1024 * 1024,
        signer: Callable[[], Signer] | None = None,
        now: Callable[[], float] = lambda: 0.0,
        tell: Callable[[str, str, str], object] = lambda station, what, words: None,
    ) -> None:
        self.folder = folder
        self.credentials = credentials
        self.faults = [fault.fresh() for fault in faults]
        self.limit = limit
        self.received: dict[str, bytes] = {}
        """Uploads that have no folder to go to, by their path."""
        self.ports: dict[str, int] = {}
        """Scheme -> port of the servers that run; empty in a pair in one process."""
        self.tell = tell
        self._seed = seed
        self._now = now
        self._make_signer = signer
        self._signer: Signer | None = None
        self._digests: dict[tuple[str, int, int], Digests] = {}

    # --- what there is ------------------------------------------------------------------------------------

    def names(self) -> list[str]:
        """The files of the folder, uploads apart, sorted."""
        if self.folder is None:
            return []
        found = ((p, p.relative_to(self.folder)) for p in self.folder.rglob("*"))
        shown = (r for p, r in found if r.parts[0] != UPLOADS and not p.name.startswith(".") and p.is_file())
        return sorted(r.as_posix() for r in shown)

    def has(self, path: str) -> bool:
        """Whether there is a file of that name, or one that is made up."""
        return self._on_disk(path) is not None or _MADE_UP.fullmatch(path) is not None

    def size(self, path: str) -> int:
        """The bytes of a file."""
        own = self._on_disk(path)
        return own.stat().st_size if own is not None else len(self._made_up(path))

    def _on_disk(self, path: str) -> Path | None:
        """The file of the folder that a path means; none outside of it."""
        if self.folder is None or not path or "\0" in path:
            return None
        root = self.folder.resolve()
        found = (root / path).resolve()
        return found if found.is_relative_to(root) and found.is_file() else None

    def _content(self, path: str) -> Iterator[bytes]:
        own = self._on_disk(path)
        if own is None:
            yield self._made_up(path)
            return
        with own.open("rb") as file:
            while piece := file.read(PIECE):
                yield piece

    def _made_up(self, path: str) -> bytes:
        """The image that a name like `fw-2.0.0.bin` stands for, the same for the same seed."""
        found = _MADE_UP.fullmatch(path)
        if found is None:
            return b""
        body = hashlib.shake_256(f"{self._seed} {path}".encode()).digest(MADE_UP_BYTES)
        digest = hashlib.sha256(b"" if found[2] == "broken" else body).hexdigest()
        return f"firmware {found[1]} sha256={digest}{_DEFECTS.get(found[2], '')}\n".encode() + body

    def digests(self, path: str) -> Digests:
        """Of a file as it is, whatever faults are in force."""
        own = self._on_disk(path)
        stamp = (own.stat().st_mtime_ns, own.stat().st_size) if own is not None else (0, 0)
        known = self._digests.get((path, *stamp))
        if known is None:
            sha256, md5 = hashlib.sha256(), hashlib.md5(usedforsecurity=False)
            for piece in self._content(path):
                sha256.update(piece)
                md5.update(piece)
            known = self._digests[path, *stamp] = Digests(sha256.digest(), md5.hexdigest())
        return known

    def uploads(self) -> list[str]:
        """The paths of what stations have brought, sorted."""
        if self.folder is None:
            return sorted(self.received)
        found = (p for p in (self.folder / UPLOADS).rglob("*") if p.is_file() and not p.name.startswith("."))
        return sorted(p.relative_to(self.folder).as_posix() for p in found)

    def count_of(self, station: str) -> int:
        """How many uploads of a station there are."""
        return sum(path.split("/")[1] == plain(station) for path in self.uploads())

    # --- what commands say of a file ----------------------------------------------------------------------

    def location(self, path: str, session_url: str, scheme: str | None = None) -> str:
        """The address of `path` for a station that dialled `session_url`. Raises ValueError for what is not served."""
        default = "https" if "https" in self.ports else "http"
        scheme = scheme or default
        if self.ports and scheme not in self.ports:
            raise ValueError(f"no {scheme} is served ({', '.join(self.ports)})")
        user = ""
        if self.credentials:
            name, _, password = self.credentials.partition(":")
            user = f"{quote(name, safe='')}:{quote(password, safe='')}@"
        if not self.ports:
            return f"{scheme}://{user}{HOST}/{quote(path)}"
        host = urlsplit(session_url).hostname or "127.0.0.1"
        shown = f"[{host}]" if ":" in host else host
        return f"{scheme}://{user}{shown}:{self.ports[scheme]}/{quote(path)}"

    def upload_folder(self, station: str, session_url: str, scheme: str | None = None) -> str:
        """The address of the folder that a station's uploads go to."""
        return self.location(f"{UPLOADS}/{plain(station) or 'station'}/", session_url, scheme)

    @property
    def signer(self) -> Signer:
        """Who signs the firmware."""
        if self._signer is None:
            from csms import files_signing

            self._signer = self._make_signer() if self._make_signer else files_signing.made(self._seed)
        return self._signer

    def signed(self, path: str) -> tuple[str, str]:
        """The signing certificate of a file and its signature, or wrong ones where a fault says so."""
        from csms import files_signing

        sha256, signer = self.digests(path).sha256, self.signer
        if self._struck("wrong_certificate", path) is not None:
            signer = files_signing.made(self._seed, "Somebody else")
        if self._struck("wrong_signature", path) is not None:
            sha256 = hashlib.sha256(sha256).digest()
        return signer.certificate, signer.sign(sha256)

    def checksum(self, path: str) -> str:
        """The MD5 of a file in hex (L03.FR.02), or a wrong one where a fault says so."""
        md5 = self.digests(path).md5
        return md5[::-1] if self._struck("wrong_checksum", path) is not None else md5

    # --- serving and taking -------------------------------------------------------------------------------

    def _struck(self, name: str, path: str) -> FileFault | None:
        now = self._now()
        return next((f for f in self.faults if f.name == name and f.strikes(path, now)), None)

    def admit(self, path: str, credentials: str) -> None:
        """Raise `Refused` for who may not, and for what a fault forbids."""
        if self.credentials and credentials != self.credentials:
            raise Refused(401, "a user and a password are needed")
        for name in ("missing", "error", "denied", "redirect", "full"):
            fault = self._struck(name, path)
            if fault is not None:
                raise Refused(fault.status, f"fault: {fault}")

    def offer(self, path: str, credentials: str = "") -> Offer:
        """Serve a file. Raises `Refused`."""
        path = path.strip("/")
        self.admit(path, credentials)
        if not self.has(path):
            raise Refused(404, f"there is no file {path}")
        size = self.size(path)
        truncated = self._struck("truncated", path)
        shown = size if truncated is None else min(truncated.after, size)
        self.tell("", "served", f"{path}, {shown} bytes")
        return Offer(shown, self._pieces(path, size, shown))

    async def _pieces(self, path: str, size: int, shown: int) -> AsyncIterator[bytes]:
        slow, cut = self._struck("slow", path), self._struck("cut", path)
        garbled = self._struck("garbled", path)
        end = shown if cut is None else min(cut.after, shown)
        at = 0
        for whole in self._content(path):
            piece = whole[: end - at]
            middle = size // 2 - at
            if garbled is not None and 0 <= middle < len(piece):
                piece = piece[:middle] + bytes([piece[middle] ^ 1]) + piece[middle + 1 :]
            async for part in paced(piece, slow):
                yield part
            at += len(piece)
            if at >= end:
                break
        if cut is not None:
            raise Cut

    def receive(self, path: str, credentials: str = "") -> Upload:
        """Take an upload to `uploads/STATION/NAME`. Raises `Refused`."""
        station, name = destination(path)
        path = f"{UPLOADS}/{station}/{name}"
        self.admit(path, credentials)
        return Upload(self, station, name, self._struck("cut", path), self._struck("slow", path))


async def paced(piece: bytes, slow: FileFault | None) -> AsyncIterator[bytes]:
    """`piece`, in a tenth of a second's worth each when the line is slow."""
    if slow is None:
        yield piece
        return
    step = max(int(slow.rate / 10), 1)
    for at in range(0, len(piece), step):
        part = piece[at : at + step]
        await asyncio.sleep(len(part) / slow.rate)
        yield part
