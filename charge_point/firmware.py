"""Firmware updates: from the request over the download and the installation to the boot of the new version (L01, L02).

    FETCHING --downloaded, signature verified--> FETCHED --no transaction left--> INSTALLING --reboot--> ACTIVATING

An update is a `Job` that goes through these phases; each status on the way is told as the version has words for it.
A power cut or a reboot in the middle ends the task, never the job: it goes on where it was once the station is
accepted again, in a new process too. What can go wrong on request stands in `charge_point.firmware_habits`.
"""

from __future__ import annotations

import asyncio
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from charge_point.connector import AVAILABILITY, Availability, follow
from charge_point.operating import is_closed
from charge_point.parts import Part
from charge_point.restarting import go_down, restart
from charge_point.security_events import security_event
from charge_point.transfer import RETRY_INTERVAL, transport
from shared.transfer import TransferFailed
from shared.versions import V16

if TYPE_CHECKING:
    from charge_point.firmware_habits import FirmwareHabits
    from charge_point.firmware_image import Image
    from charge_point.station import Station

Payload = dict[str, Any]

FETCHING, FETCHED, INSTALLING, ACTIVATING = "fetching", "fetched", "installing", "activating"

PAUSE = 15.0
"""Seconds of a download that pauses."""

FOR_EVER = 3.2e9
"""Seconds until a bricked station dials again: a hundred years."""

_WORDS_16 = {
    **{word: word for word in ("Downloading", "Downloaded", "DownloadFailed", "Installing", "Installed")},
    **dict.fromkeys(
        ("InstallationFailed", "InstallVerificationFailed", "InvalidSignature"), "InstallationFailed"
    ),
}
"""FirmwareStatus of 1.6 (§7.25), which has no word for most of what can be told."""


@dataclass
class Job:
    """One update. Times are Unix seconds; `id` is None for 1.6's unsigned ones, `signed` is its message's sort."""

    location: str
    id: int | None = None
    signed: bool = False
    retrieve: float = 0.0
    install: float | None = None
    retries: int = 0
    interval: float = RETRY_INTERVAL
    certificate: str = ""
    signature: str = ""
    phase: str = FETCHING
    version: str = ""
    image: Image | None = field(default=None, repr=False)


class _Over(Exception):
    """The update has come to a bad end: the status that says so."""


class Firmware(Part):
    """The update of one station. Owns the job, its task, and what keeps connectors closed meanwhile."""

    __slots__ = ("_task", "_untold", "closes", "fails", "job", "last")

    name = "firmware"

    def __init__(self, station: Station) -> None:
        super().__init__(station)
        self.job: Job | None = None
        self.last: tuple[str, int | None, bool] | None = None
        """The status that was told last, its request id, and whether it is one of a signed update of 1.6."""
        self.fails: str | None = None
        """What is to go wrong, in the place of the station's habits."""
        self.closes = False
        self._task: asyncio.Task[None] | None = None
        self._untold = False

    @property
    def habits(self) -> FirmwareHabits:
        """How this kind of station takes updates."""
        return self.station.setup.updates

    @property
    def failure(self) -> str:
        """What is to go wrong."""
        image = self.job.image if self.job is not None else None
        own = self.habits.fails if self.fails is None else self.fails
        return own or (image.fails if image is not None else "")

    # --- from outside -------------------------------------------------------------------------------------

    def begin(self, job: Job) -> None:
        """Work on `job`, in the place of any other."""
        self.cancel()
        self.job = job
        self.keep()
        self._go_on()

    def cancel(self) -> None:
        """Give up the running update: a newer one takes its place (L01.FR.24)."""
        self._stop()
        self.job = None
        self._open()

    @property
    def can_cancel(self) -> bool:
        """Whether a newer request may take the place of the running update (L01.FR.27)."""
        return self.job is None or (self.habits.cancels and self.job.phase != ACTIVATING)

    def connected(self) -> None:
        """The link is up; a status that could not be told is due."""
        if self.job is not None and self.job.phase == ACTIVATING and not self.station.registration.accepted:
            self._open()  # the new firmware has booted
        if self._untold and self.last is not None and self.station.registration.accepted:
            self._send(*self.last)

    def accepted(self) -> None:
        """Registered after a start: the update goes on."""
        if self.job is not None and self.job.phase == ACTIVATING:
            self._finish("Installed")
            return
        if self._untold and self.last is not None:
            self._send(*self.last)
        self._go_on()

    def power_off(self) -> None:
        """The task ends; the job is there again after the start."""
        self._stop()

    def as_kept(self) -> Any:
        """The version that was installed, and the job without its image."""
        job = None
        if self.job is not None:
            image, self.job.image = self.job.image, None
            job, self.job.image = asdict(self.job), image
            del job["image"]
        return {"version": self.station.firmware, "job": job, "last": self.last}

    def restore(self, kept: Any) -> None:
        """Another process has installed this version, and perhaps left an update unfinished."""
        self.station.firmware = kept["version"]
        self.last = tuple(kept["last"]) if kept["last"] else None
        self.job = Job(**kept["job"]) if kept["job"] else None
        if self.job is not None and self.job.phase == ACTIVATING:
            self.station.registration.reason = "FirmwareUpdate"

    # --- the course of an update --------------------------------------------------------------------------

    def _go_on(self) -> None:
        if self.job is not None and self._task is None and self.station.registration.accepted:
            self._task = self.station.tasks.spawn(self._work(self.job))

    def _stop(self) -> None:
        task, self._task = self._task, None
        if task is not None and task is not asyncio.current_task():
            task.cancel()

    async def _work(self, job: Job) -> None:
        try:
            if job.phase == FETCHING:
                await self._fetch(job)
            elif job.image is None:
                job.image = await self._download(job)  # another process has fetched it
            if job.phase == FETCHED:
                await self._wait_to_install(job)
            await self._install(job)
        except _Over as over:
            self._finish(str(over))
        finally:
            if self.job is job and self._task is asyncio.current_task():
                self._task = None

    async def _fetch(self, job: Job) -> None:
        busy = self.habits.during_transactions == "nothing"
        if job.retrieve > self._now() or (busy and self._charging()):
            self.tell("DownloadScheduled")  # L01.FR.13
            await asyncio.sleep(max(job.retrieve - self._now(), 0.0))
            if busy:
                await self._until_idle()
        self.tell("Downloading")
        if self.failure == "DownloadPaused":
            self.tell("DownloadPaused")  # L01.FR.14
            await asyncio.sleep(PAUSE)
            self.tell("Downloading")
        job.image = await self._download(job)
        job.version = job.image.version
        self.tell("Downloaded")
        self._verify(job, job.image)
        job.phase = FETCHED
        self.keep()

    async def _download(self, job: Job) -> Image:
        """The image, at the last of so many attempts (L01.FR.30)."""
        from charge_point.firmware_image import download

        station = self.station
        for left in range(job.retries, -1, -1):
            try:
                if self.failure == "DownloadFailed":
                    raise TransferFailed("the station was told to fail")
                image = await download(transport(station), job.location)
            except TransferFailed as failed:
                station.note("download_failed", f"firmware: {failed}", retries=left)
                if left:
                    await asyncio.sleep(job.interval)
            else:
                words = f"{image.name}, version {image.version}, {image.size} bytes"
                station.note("downloaded", words, sha256=image.sha256.hex())
                return image
        raise _Over("DownloadFailed")

    def _verify(self, job: Job, image: Image) -> None:
        """Judge the signature, where the update is a signed one (L01.FR.03, .04)."""
        if not (job.certificate or job.signature):
            return
        from charge_point import firmware_signing as signing

        try:
            if self.failure == "InvalidSignature":
                raise signing.Invalid("the station was told to fail")
            if not job.signature:
                raise signing.Invalid("there is no signature")
            signing.verify(signing.checked(job.certificate, self._now()), job.signature, image.sha256)
        except signing.Invalid as wrong:
            self.station.note("invalid_signature", str(wrong))
            security_event(self.station, "InvalidFirmwareSignature", str(wrong))
            raise _Over("InvalidSignature") from None
        self.tell("SignatureVerified")

    async def _wait_to_install(self, job: Job) -> None:
        if job.install is not None and job.install > self._now():
            self.tell("InstallScheduled")  # L01.FR.16
            await asyncio.sleep(job.install - self._now())
        if self._charging() and self.habits.during_transactions != "everything":
            if self.last is None or self.last[0] != "InstallScheduled":
                self.tell("InstallScheduled")  # L01.FR.34
            await self._until_idle()  # L01.FR.06
        job.phase = INSTALLING
        self.keep()
        if self.habits.reboots in ("before", "both"):
            await self._reboot()

    async def _install(self, job: Job) -> None:
        if self.habits.during_transactions != "everything":
            self._close()
        self.tell("Installing")
        await asyncio.sleep(self.habits.installing)
        failure = self.failure
        if failure in ("InstallVerificationFailed", "InstallationFailed"):
            raise _Over(failure)
        if failure == "bricks":
            self.station.note("bricked", "the new firmware does not start")
            self.tell("InstallRebooting")
            await self._said()
            go_down(self.station, "FirmwareUpdate", FOR_EVER)
            await asyncio.sleep(FOR_EVER)
        job.phase, job.image = ACTIVATING, None
        self.station.firmware = job.version
        self.keep()
        if self.habits.reboots in ("after", "both"):
            if self.habits.during_transactions == "everything":
                await self._until_idle()  # L01.FR.33
            await self._reboot()
        else:
            self._finish("Installed")

    async def _reboot(self) -> None:
        """Restart to go on with the update; this task ends here, the next one begins after the boot."""
        self.tell("InstallRebooting")  # L01.FR.15, .32
        await self._said()
        await restart(self.station, "FirmwareUpdate")
        raise asyncio.CancelledError

    def _finish(self, status: str) -> None:
        """The update is over."""
        self._stop()
        self.tell(status)
        if status == "Installed" and (self.station.version is not V16 or (self.job and self.job.signed)):
            security_event(self.station, "FirmwareUpdated", self.station.firmware)  # L01.FR.31
        self.job = None
        self._open()
        self.keep()
        self.station.changed()

    # --- transactions and connectors ----------------------------------------------------------------------

    def _now(self) -> float:
        return self.station.clock.time()

    def _charging(self) -> bool:
        return any(one.transaction is not None for one in self.station.evses)

    async def _until_idle(self) -> None:
        """Wait for the last transaction to end; new ones begin only where the setting allows (L01.FR.07)."""
        if self._charging() and not self.station.model.flag("AllowNewSessionsPendingFirmwareUpdate"):
            self._close()
        await self.station.until(lambda: not self._charging())

    async def _said(self) -> None:
        station = self.station
        await station.until(lambda: station.has_said_all or station.peer is None, within=5.0)

    def _close(self) -> None:
        """Connectors become unavailable: the idle ones now, the others after their transaction."""
        self.closes = True
        for one in self.station.evses:
            if one.transaction is None and one.is_authorized:
                one.end_authorization("AbnormalCondition", "Other")
            event = "disabled" if one.transaction is None else "leave"
            for c in one.connectors:
                if c.availability is Availability.OPERATIVE:
                    c.availability = follow(AVAILABILITY, c.availability, event)
                    self.station.report(one, c)

    def _open(self) -> None:
        """Connectors are as the operator left them."""
        if not self.closes:
            return
        self.closes = False
        for one in self.station.evses:
            for c in one.connectors:
                if c.availability is not Availability.OPERATIVE and not is_closed(self.station, one.id, c.id):
                    c.availability = follow(AVAILABILITY, c.availability, "enabled")
                    self.station.report(one, c)

    # --- telling ------------------------------------------------------------------------------------------

    def tell(self, status: str) -> None:
        """Tell how the update stands, where the version has a word for it (L01.FR.01)."""
        job = self.job
        assert job is not None
        plain = self.station.version is V16 and not job.signed
        word = _WORDS_16.get(status) if plain else status
        if word is not None:
            self._send(word, job.id, job.signed)
            self.keep()

    def _send(self, status: str, id: int | None, signed: bool) -> None:
        self.last, self._untold = (status, id, signed), False
        action, payload = spelled(self.station, status, id, signed)
        if not self.station.say(action, payload, failed=self._lost):
            self._untold = True

    def _lost(self) -> None:
        self._untold = True


def spelled(station: Station, status: str, id: int | None, signed: bool) -> tuple[str, Payload]:
    """The message that tells a status, and its payload (L01.FR.10, .20; SW16 L01.FR.10, .21)."""
    payload: Payload = {"status": status}
    if station.version is V16 and not signed:
        return "FirmwareStatusNotification", payload
    if id is not None:
        payload["requestId"] = id
    name = "SignedFirmwareStatusNotification" if station.version is V16 else "FirmwareStatusNotification"
    return name, payload
