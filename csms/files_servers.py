"""The servers that bring a CSMS's files to real stations: HTTP or HTTPS always, FTP where it is asked for."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

from csms.making import library_of
from shared.option_fields import UsageError

if TYPE_CHECKING:
    import ssl

    from csms.files_ftp import FtpFiles
    from csms.files_http import HttpFiles
    from csms.options import CsmsOptions
    from csms.server import Csms


class FileServers:
    """What serves the files of one CSMS. `lines` say where, one line each."""

    def __init__(self, csms: Csms, options: CsmsOptions) -> None:
        self._library = csms.files = library_of(options, csms)
        self._options = options
        self._running: list[HttpFiles | FtpFiles] = []
        self.lines: list[str] = []

    async def begin(self, tls: ssl.SSLContext | None) -> None:
        """Listen where the options say. Raises UsageError for a port that cannot be had."""
        from csms.files_http import HttpFiles

        options = self._options
        http = HttpFiles(self._library)
        try:
            port = await http.begin(options.host, options.files_port, tls)
        except OSError as problem:
            raise UsageError(f"--files-port: {_why(options.files_port, problem)}") from None
        self._running.append(http)
        self.lines.append(f"files at {http.scheme}://{_shown(options.host)}:{port}")
        if options.ftp_port is None:
            return
        from csms.files_ftp import FtpFiles

        ftp = FtpFiles(self._library)
        try:
            port = await ftp.begin(options.host, options.ftp_port)
        except OSError as problem:
            raise UsageError(f"--ftp-port: {_why(options.ftp_port, problem)}") from None
        self._running.append(ftp)
        self.lines.append(f"files at ftp://{_shown(options.host)}:{port}")

    async def stop(self) -> None:
        """Close every connection."""
        for server in self._running:
            await server.stop()


def _why(port: int, problem: OSError) -> str:
    if problem.errno == errno.EADDRINUSE:
        return f"port {port} is in use by another program; 0 takes a free one"
    return f"cannot listen on port {port}: {problem.strerror or problem}"


def _shown(host: str) -> str:
    return f"[{host}]" if ":" in host else host
