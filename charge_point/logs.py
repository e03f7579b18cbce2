"""Uploads of logs and diagnostics: one at a time, with what is told of it on the way (N01; 1.6 §5.9; SW16 N01).

A newer request takes the place of an upload that runs. Uploading is told once, the failure once, after the last
attempt (N01.FR.10). What a power cut interrupts is not taken up again.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, NamedTuple

from charge_point.parts import Part
from charge_point.transfer import RETRY_INTERVAL, transport
from shared.transfer import Failure, TransferFailed
from shared.versions import V16, V21

if TYPE_CHECKING:
    from charge_point.station import Station

Payload = dict[str, Any]

FAILURES = tuple(failure.value for failure in Failure)
"""What can be made to go wrong with an upload."""

LOG, DIAGNOSTICS = "LogStatusNotification", "DiagnosticsStatusNotification"


class Upload(NamedTuple):
    """One file on its way. `action` is the message that tells of it; `id` is None for 1.6's diagnostics."""

    action: str
    id: int | None
    url: str
    name: str
    content: bytes
    retries: int = 0
    interval: float = RETRY_INTERVAL


class Logs(Part):
    """The upload of one station. Owns its task."""

    __slots__ = ("_task", "fails", "running")

    def __init__(self, station: Station) -> None:
        super().__init__(station)
        self.running: Upload | None = None
        self.fails = ""
        """What is to go wrong: one of `FAILURES`."""
        self._task: asyncio.Task[None] | None = None

    def begin(self, upload: Upload) -> None:
        """Upload a file, in the place of any other."""
        before = self.running
        self._stop()
        if before is not None and before.id is not None and self.station.version is not V16:
            self._tell(before, "AcceptedCanceled")  # N01.FR.20
        self.running = upload
        self._task = self.station.tasks.spawn(self._upload(upload))

    def power_off(self) -> None:
        """An upload ends with the power."""
        self._stop()

    def _stop(self) -> None:
        task, self._task, self.running = self._task, None, None
        if task is not None and task is not asyncio.current_task():
            task.cancel()

    async def _upload(self, upload: Upload) -> None:
        station = self.station
        self._tell(upload, "Uploading")  # N01.FR.08
        failed: TransferFailed | None = None
        for left in range(upload.retries, -1, -1):
            try:
                if self.fails:
                    raise TransferFailed("the station was told to fail", Failure(self.fails))
                await transport(station).store(upload.url, upload.name, upload.content)
            except TransferFailed as problem:
                failed = problem
                station.note("upload_failed", f"{upload.name}: {problem}", retries=left)
                if left:
                    await asyncio.sleep(upload.interval)
            else:
                failed = None
                station.note("uploaded", f"{upload.name}, {len(upload.content)} bytes")
                break
        self.running = self._task = None
        if failed is None:
            self._tell(upload, "Uploaded")  # N01.FR.09
        elif upload.action == DIAGNOSTICS:
            self._tell(upload, "UploadFailed")
        else:
            self._tell(upload, failed.failure.value, failed)  # N01.FR.10
        station.changed()

    def _tell(self, upload: Upload, status: str, failed: TransferFailed | None = None) -> None:
        payload: Payload = {"status": status}
        if upload.id is not None:
            payload["requestId"] = upload.id  # N01.FR.07
        if failed is not None and self.station.version is V21:
            info = {"reasonCode": failed.code or "Unspecified", "additionalInfo": str(failed)[:1024]}
            payload["statusInfo"] = info  # N01.FR.30
        self.station.say(upload.action, payload)
