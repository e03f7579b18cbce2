"""The options of the file server: firmware to fetch, a place for uploads, and what goes wrong with both."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from shared.option_fields import UsageError, option
from shared.option_values import folder, readable, whole
from shared.options import CommonOptions

FILES = "files"

_port = whole(0, 65535)


def _credentials(text: str) -> str:
    user, colon, password = text.partition(":")
    if not user or not colon or not password:
        raise ValueError("expected USER:PASSWORD")
    return text


def _existing(text: str) -> str:
    """A directory to serve: one that is not there is a slip, and would serve nothing."""
    path = folder(text)
    if not os.path.isdir(path):
        raise ValueError(f"{text}: no such directory (make it first: mkdir {text})")
    return path


def _faults(texts: Sequence[str]) -> tuple[Any, ...]:
    from csms.files_faults import file_faults  # only who wants faults pays for them

    return file_faults(texts)


@dataclass(frozen=True, eq=False, repr=False)
class FileOptions(CommonOptions):
    """What `python -m csms` serves to stations besides OCPP."""

    files: str | None = option(
        None,
        "serve the files in this directory, which must be there, and take uploads into its folder uploads",
        group=FILES,
        parse=_existing,
        metavar="DIR",
    )
    files_port: int = option(
        0, "the port of the HTTP(S) file server, 0 for a free one", group=FILES, parse=_port, metavar="PORT"
    )
    ftp_port: int | None = option(
        None,
        "serve the same over FTP on this port, 0 for a free one",
        group=FILES,
        parse=_port,
        metavar="PORT",
    )
    files_password: str | None = option(
        None,
        "demand this of who fetches or uploads; commands put it into the addresses they give",
        group=FILES,
        parse=_credentials,
        metavar="USER:PASSWORD",
        secret=True,
    )
    files_fault: tuple[Any, ...] = option(
        (),
        "what goes wrong with files, as in cut:after=1000,path=fw-*,times=1; may be repeated",
        group=FILES,
        parse=_faults,
        many=True,
        metavar="FAULT",
    )
    files_limit: int = option(
        64 * 1024 * 1024, "refuse an upload of more bytes", group=FILES, parse=whole(1), metavar="BYTES"
    )
    signing_cert: str | None = option(
        None,
        "the certificate that firmware is signed with (PEM), else one made from the seed",
        group=FILES,
        parse=readable,
        metavar="FILE",
    )
    signing_key: str | None = option(
        None, "its private key (PEM)", group=FILES, parse=readable, metavar="FILE"
    )

    def check_files(self, given: frozenset[str]) -> None:
        """Refuse what contradicts itself; UsageError."""
        for name in ("files_port", "ftp_port"):
            if self.files is None and name in given:
                raise UsageError("needs --files", name)
        if self.signing_cert is not None and self.signing_key is None:
            raise UsageError("needs --signing-key", "signing_cert")
        if self.signing_key is not None and self.signing_cert is None:
            raise UsageError("needs --signing-cert", "signing_key")
