"""A local controller's work: fetch firmware once, and offer it to the stations on its own network (L03, L04)."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from charge_point.parts import Part
from charge_point.transfer import patience, transport
from shared.transfer import TransferFailed

if TYPE_CHECKING:
    from charge_point.firmware_image import Image
    from charge_point.station import Station
    from shared.transfer import Publication

Payload = dict[str, Any]


class Publisher(Part):
    """The files that one station offers, by their MD5. They are gone when the power is."""

    __slots__ = ("_offered", "_task", "last")

    def __init__(self, station: Station) -> None:
        super().__init__(station)
        self.last: Payload = {}
        """The PublishFirmwareStatusNotification that was sent last."""
        self._offered: dict[str, Publication] = {}
        self._task: asyncio.Task[None] | None = None

    @property
    def busy(self) -> bool:
        """Whether a file is being fetched to be published."""
        return self._task is not None and not self._task.done()

    def begin(self, request: Payload) -> None:
        """Publish as a PublishFirmwareRequest asks."""
        self._task = self.station.tasks.spawn(self._publish(request))

    async def withdraw(self, checksum: str) -> str:
        """Stop offering the file with this MD5: Unpublished, NoFirmware, or DownloadOngoing (L04)."""
        found = self._offered.get(checksum.lower())
        if found is None:
            return "NoFirmware"
        if found.busy:
            return "DownloadOngoing"
        del self._offered[checksum.lower()]
        await found.withdraw()
        return "Unpublished"

    def power_off(self) -> None:
        """Nothing is offered by a station without power."""
        if self._task is not None:
            self._task.cancel()
            self._task = None
        offered, self._offered = list(self._offered.values()), {}
        for one in offered:
            self.station.tasks.spawn(one.withdraw())

    async def _publish(self, request: Payload) -> None:
        id = request["requestId"]
        self._tell("Downloading", id)
        image = await self._fetched(request)
        if image is None:
            self._tell("DownloadFailed", id)  # L03.FR.06
            return
        self._tell("Downloaded", id)
        if image.md5 != request["checksum"].lower():  # L03.FR.02
            self.station.note("invalid_checksum", f"{image.name} has the MD5 {image.md5}")
            self._tell("InvalidChecksum", id)  # L03.FR.07
            return
        self._tell("ChecksumVerified", id)
        try:
            offered = await transport(self.station).publish(image.name, image.content, request["location"])
        except TransferFailed as failed:
            self.station.note("publish_failed", str(failed))
            self._tell("PublishFailed", id)  # L03.FR.08
            return
        before = self._offered.pop(image.md5, None)
        self._offered[image.md5] = offered
        if before is not None:
            await before.withdraw()
        self._tell("Published", id, location=list(offered.urls))  # L03.FR.04, .09

    async def _fetched(self, request: Payload) -> Image | None:
        from charge_point.firmware_image import download

        how = patience(request)
        for left in range(how["retries"], -1, -1):
            try:
                return await download(transport(self.station), request["location"], keep=True)
            except TransferFailed as failed:
                self.station.note("download_failed", f"firmware to publish: {failed}", retries=left)
                if left:
                    await asyncio.sleep(how["interval"])
        return None

    def _tell(self, status: str, id: int, **more: Any) -> None:
        """L03.FR.01."""
        self.last = {"status": status, "requestId": id, **more}
        self.station.say("PublishFirmwareStatusNotification", self.last)
        self.station.changed()
