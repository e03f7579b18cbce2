"""A firmware file as it came: its digests, and what its first line says.

Any file can be installed. One that begins with a line `firmware VERSION` says its version itself, and may go on with
`sha256=DIGEST` (of all that follows the line: else verification fails) and `fails=STATUS` (a defect of the image, see
`FirmwareHabits.fails`). Of any other the version is in its name: `fw-2.0.0.bin` is 2.0.0.
"""

from __future__ import annotations

import hashlib
import re
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import unquote, urlsplit

from shared.transfer import TransferFailed

if TYPE_CHECKING:
    from shared.transfer import Transport

MOST_KEPT = 256 * 1024 * 1024
"""Bytes of a file that is kept to be offered to others."""

_LINE = 256
_NAMED = re.compile(r"(?:^|[-_ ])[vV]?(\d+(?:\.\w+)+?)(?:[-_ ].*)?$")


class Image(NamedTuple):
    """A file that was downloaded. `content` only where it was to be kept."""

    name: str
    size: int
    sha256: bytes
    md5: str
    version: str
    fails: str
    """The failure that the image itself causes, empty for none."""
    content: bytes


async def download(transport: Transport, url: str, *, keep: bool = False) -> Image:
    """Fetch a file piece by piece. Raises TransferFailed."""
    whole, checksum, body = hashlib.sha256(), hashlib.md5(usedforsecurity=False), hashlib.sha256()
    head, line, size = b"", b"", 0
    kept: list[bytes] = []
    async for piece in transport.fetch(url):
        size += len(piece)
        whole.update(piece)
        checksum.update(piece)
        if keep:
            if size > MOST_KEPT:
                raise TransferFailed(f"the file has more than {MOST_KEPT} bytes")
            kept.append(piece)
        if line:
            body.update(piece)
        elif len(head) <= _LINE:
            head += piece
            at = head.find(b"\n", 0, _LINE)
            if at >= 0:
                line = head[: at + 1]
                body.update(head[at + 1 :])
    name = name_of(url)
    version, fails = _said(line or head[:_LINE], name, body.hexdigest(), size)
    return Image(name, size, whole.digest(), checksum.hexdigest(), version, fails, b"".join(kept))


def name_of(url: str) -> str:
    """The name of the file at `url`."""
    return PurePosixPath(unquote(urlsplit(url).path)).name or "firmware"


def _said(line: bytes, name: str, body: str, size: int) -> tuple[str, str]:
    """The version and the failure that an image means."""
    if not size:
        return version_in(name), "InstallVerificationFailed"
    words = line.decode("utf-8", "replace").split()
    if len(words) < 2 or words[0] != "firmware":
        return version_in(name), ""
    settings = dict(word.partition("=")[::2] for word in words[2:])
    fails = settings.get("fails", "")
    if settings.get("sha256", body) != body:
        fails = "InstallVerificationFailed"
    return words[1][:50], fails


def version_in(name: str) -> str:
    """The version that a file's name holds, or the name without its suffix."""
    stem = re.sub(r"\.[A-Za-z]\w*$", "", name)
    found = _NAMED.search(stem)
    return (found[1] if found else stem)[:50]
