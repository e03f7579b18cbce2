"""A firmware roll-out: stations in waves, and an end to it when a wave goes too badly.

A wave is asked at once and waited for together. A station counts as updated when it tells Installed, and as failed when
it refuses, tells a failure, is not connected, or says nothing more for the patience: one that does not come back from
the reboot is told by nothing else.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from shared.peer import CallFailed

if TYPE_CHECKING:
    from csms.record import StationRecord
    from csms.server import Csms

LOOK_EVERY = 1.0
"""Seconds between two looks at how the stations of a wave stand."""

FAILED = frozenset(
    {
        "DownloadFailed",
        "InstallationFailed",
        "InstallVerificationFailed",
        "InvalidSignature",
        "InvalidChecksum",
    }
)
_MESSAGES = ("FirmwareStatusNotification", "SignedFirmwareStatusNotification")


class RollOut:
    """One roll-out, and how far it has come: each station is in one of `updated`, `failed` (with why) and `left`."""

    def __init__(
        self, csms: Csms, stations: Sequence[str], *, wave: int, most_failures: int, patience: float
    ) -> None:
        self._csms = csms
        self._wave = wave
        self._most = most_failures
        self._patience = patience
        self.updated: list[str] = []
        self.failed: dict[str, str] = {}
        self.left = list(stations)
        self._records: dict[str, StationRecord] = {}

    async def run(self, **options: Any) -> None:
        """Go on until all are through or too many have failed. `options` are those of update_firmware; UsageError."""
        while self.left and len(self.failed) <= self._most:
            wave, self.left = self.left[: self._wave], self.left[self._wave :]
            asked = await asyncio.gather(*(self._ask(station, options) for station in wave))
            await self._wait([station for station, good in zip(wave, asked, strict=True) if good])
        words = f"{len(self.updated)} updated, {len(self.failed)} failed, {len(self.left)} left"
        self._csms.journal.note("", "rollout", words, end="csms")

    async def _ask(self, station: str, options: dict[str, Any]) -> bool:
        """Ask one station for the update; whether it is under way."""
        from csms import commands

        session = self._csms.find(station)
        if session is None:
            self.failed[station] = "not connected"
            return False
        self._records[station] = session.station
        for message in _MESSAGES:
            (session.station.last or {}).pop(message, None)
        try:
            request = commands.build(session, "update_firmware", commands.given(options))
        except commands.NotOnThisVersion as missing:
            self.failed[station] = str(missing)
            return False
        try:
            answer = await self._csms.call(session, request.action, request.payload)
        except CallFailed as failure:
            self.failed[station] = str(failure)
            return False
        if commands.is_success(request.action, answer) is False:
            self.failed[station] = str(answer.get("status"))
            return False
        return True

    async def _wait(self, stations: list[str]) -> None:
        """Wait until each of a wave has come to an end, or has been silent for too long."""
        loop = asyncio.get_running_loop()
        heard = {station: (loop.time(), "") for station in stations}
        while heard:
            await asyncio.sleep(LOOK_EVERY)
            for station, (since, before) in list(heard.items()):
                word = self._told(station)
                if word != before:
                    heard[station] = (loop.time(), word)
                if word == "Installed":
                    self.updated.append(station)
                    del heard[station]
                elif word in FAILED or loop.time() - since > self._patience:
                    self.failed[station] = word if word in FAILED else f"silent since {word or 'the request'}"
                    del heard[station]

    def _told(self, station: str) -> str:
        last = self._records[station].last or {}
        return next((str(last[name]["status"]) for name in _MESSAGES if name in last), "")
