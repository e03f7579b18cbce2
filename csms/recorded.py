"""A CSMS that says what another one said, in the order in which it did."""

from __future__ import annotations

import asyncio

from csms.making import policies_of
from csms.options import resolve
from csms.server import STOPPING, Csms
from shared.link import Link, LinkClosed
from shared.replay.replay import Replay
from shared.versions import Version

NOT_RECORDED = (1008, "the recording has no such station")
"""How a station is turned away that the recording does not know (RFC 6455 §7.4.1: policy)."""

PLAYED = (1000, "the recording ends here")


class RecordedCsms(Csms):
    """Admits stations as the CSMS does, and plays to each what the recording holds for it.

    A station is who the recording calls so, or, where the recording has only one, whoever connects.
    """

    def __init__(self, replay: Replay) -> None:
        super().__init__(policies_of(resolve([], {})), replay.journal)
        self.met = asyncio.Event()
        """Set when the first station of the recording has connected."""
        self._replay = replay
        self.faults = replay.faults  # those of the handshake are asked where stations are admitted
        self._links: set[Link] = set()

    async def serve(self, link: Link, identity: str, version: Version, url: str = "") -> LinkClosed:
        """Play the station's next connection."""
        station = self._replay.recorded_as(identity)
        if station is None or self._replay.is_over(station):
            ended = LinkClosed(*(NOT_RECORDED if station is None else PLAYED))
            await link.close(ended.code, ended.reason)
            return ended
        self.met.set()
        self._links.add(link)
        try:
            return await self._replay.serve(link, station, identity, version, url)
        finally:
            self._links.discard(link)

    async def stop(self) -> None:
        """Close every connection, and accept nobody any more."""
        for link in list(self._links):
            await link.close(*STOPPING)
        await super().stop()
