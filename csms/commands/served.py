"""What the file server of the CSMS gives to commands: addresses, checksums, signatures."""

from __future__ import annotations

from typing import TYPE_CHECKING

from csms.commands.registry import wrong
from csms.commands.request import Needed

if TYPE_CHECKING:
    from csms.commands.registry import Session
    from csms.files import Library


def library(to: Session) -> Library | None:
    """The files that the CSMS serves; None when it serves none."""
    found: Library | None = getattr(to.csms, "files", None)
    return found


def firmware(to: Session, file: str | None, over: str | None) -> tuple[str, str] | None:
    """Name and address of the firmware `file`, or of the only one there is; None when none can be meant.

    UsageError for a file that is not there, and where no files are served.
    """
    files = library(to)
    if files is None:
        if file is not None or over is not None:
            raise wrong("file= and over= need the file server (--files DIR)")
        return None
    if file is None:
        names = files.names()
        if len(names) != 1:
            return None
        file = names[0]
    if not files.has(file):
        there = ", ".join(files.names()[:10]) or "none but fw-VERSION.bin, which is made up"
        raise wrong(f"{file!r} is not among the files that are served ({there})")
    try:
        return file, files.location(file, to.url, over)
    except ValueError as problem:
        raise wrong(str(problem)) from None


def source(
    to: Session, url: str | None, file: str | None, over: str | None
) -> tuple[str | None, str | Needed]:
    """The name of a firmware that is served (None: not ours), and where it is. Raises UsageError."""
    if url is not None:
        if file is not None:
            raise wrong("url= and file= are two places; name one")
        return None, url
    found = firmware(to, file, over)
    return found if found is not None else (None, Needed("url" if library(to) is None else "file"))


def upload_folder(to: Session, over: str | None) -> str | None:
    """The address of the folder that the station's uploads go to; None when no files are served."""
    files = library(to)
    if files is None:
        if over is not None:
            raise wrong("over= needs the file server (--files DIR)")
        return None
    try:
        return files.upload_folder(to.id, to.url, over)
    except ValueError as problem:
        raise wrong(str(problem)) from None
