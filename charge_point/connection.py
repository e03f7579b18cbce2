"""The station's connection: dialled, served, and dialled again for as long as the station is to be there."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from charge_point import blocks
from charge_point.security_events import handshake_failed
from charge_point.station import Station
from shared import dispatch
from shared.chance import Stream
from shared.dialer import Dialer, Target
from shared.dispatch import Payload, Table
from shared.faults import Faults
from shared.link import Link, LinkClosed
from shared.peer import Peer, Setting
from shared.versions import Version

if TYPE_CHECKING:
    from shared.faults import Injection

_tables: dict[Version, Table] = {}


def handlers(version: Version) -> Table:
    """The station's handlers for `version`; one table per process."""
    if version not in _tables:
        _tables[version] = dispatch.table(version, blocks.MODULES)
    return _tables[version]


class Connection:
    """Keeps one station connected. Errors that are ours are added to `bugs`; `inject` are faults in force at once."""

    __slots__ = (
        "_bugs",
        "_connections",
        "_dialer",
        "_newer",
        "_offline",
        "_over",
        "_run_id",
        "_setting",
        "_wait",
        "faults",
        "forgotten",
        "peer",
        "station",
    )

    def __init__(
        self,
        station: Station,
        dialer: Dialer | None,
        *,
        schema: str = "strict",
        timeout: float = 30.0,
        run_id: str = "0",
        bugs: list[BaseException] | None = None,
        inject: Sequence[Injection] = (),
    ) -> None:
        self.station = station
        self.peer: Peer | None = None
        self._dialer = dialer
        self._run_id = run_id
        self._bugs = [] if bugs is None else bugs
        self._connections = 0
        self._wait: float | None = None
        self._offline: asyncio.Event | None = None
        self._over = False
        self.forgotten: list[Link] = []
        """Links that a station with a `second_socket` has left open, and knows nothing of any more."""
        self._newer: asyncio.Task[None] | None = None
        self.faults = Faults(
            station.journal,
            station.tasks,
            "charge_point",
            seed=station.setup.seed,
            peers=lambda: [] if self.peer is None else [self.peer],
        )
        for injection in (*station.setup.faults, *inject):
            self.faults.add(injection)
        self._setting = Setting(
            "charge_point",
            station.journal,
            station.tasks,
            gate=_gate,
            schema=schema,
            timeout=timeout,
            crashed=self._bugs.append,
            faults=self.faults,
        )
        station.redial = self.redial
        if dialer is not None:
            dialer.route = self._route
        station.registration.causes = self.faults

    async def run(self) -> None:
        """Connect and serve for ever; raises `GaveUp` when the dialler does."""
        assert self._dialer is not None
        again = False
        while not self._over:
            if self._offline is not None:
                await self._offline.wait()
                again = False
            if self._wait is not None:
                wait, self._wait = self._wait, None
                await asyncio.sleep(wait)
                again = False
            link, version = await self._dialer.connect(again=again)
            if self._offline is not None:
                link.abort()
                continue
            await self.serve(link, version, self._dialer.dialled.url)
            if self._newer is not None and self._newer is not asyncio.current_task():
                await self._newer  # which has long been seeing to it that there is a connection
            again = True

    async def serve(self, link: Link, version: Version, url: str = "") -> LinkClosed:
        """Be the station on one link until it ends."""
        station = self.station
        self._connections += 1
        key = Stream(station.setup.seed, "charge_point", station.id, self._run_id, self._connections).hex(8)
        quirks, kind = station.setup.quirks, Peer
        if quirks.calls_at_once:
            from charge_point.hasty import HastyPeer

            kind = HastyPeer
        peer = self.peer = kind(
            link,
            version,
            handlers(version),
            station,
            self._setting,
            station=station.id,
            id_prefix=f"{key}-",
        )
        station.journal.opened("charge_point", station.id, f"{version.subprotocol} {url}".rstrip())
        station.connected(peer)
        ended = LinkClosed(1006, "no longer served")
        try:
            ended = await (self._forgetful(peer, link) if quirks.second_socket else peer.run())
        finally:
            if self.peer is peer:
                self.peer = None
            if station.peer is peer:
                station.disconnected()
            station.journal.closed("charge_point", station.id, str(ended))
        return ended

    async def _forgetful(self, peer: Peer, link: Link) -> LinkClosed:
        """Serve for a while and then know nothing of the link any more, which stays open."""
        try:
            async with asyncio.timeout(self.station.setup.quirks.second_socket):
                return await peer.run()
        except TimeoutError:
            self.forgotten.append(link)
            return LinkClosed(1006, "forgotten")

    def _route(self, given: Target, failures: int) -> Target:
        failure = self._dialer.failure if failures and self._dialer is not None else None
        failed = failure.__cause__ if failure is not None else None
        handshake_failed(self.station, failed)
        if not self.station.parts:
            return given
        from charge_point.network import route  # few stations ever move

        return route(self.station, given, failures, failed)

    # --- what can be done to it ----------------------------------------------------------------------------

    def redial(self, seconds: float) -> None:
        """Close the connection and dial again after `seconds`, as a restart does."""
        self._wait = seconds
        if self.peer is not None:
            self.station.tasks.spawn(self.peer.close(1000, "restarting"))

    def abandon(self) -> None:
        """Dial anew while the present connection stays open, as after a change of networks that told nobody."""
        if self.peer is not None:
            self.peer = None
            self.station.disconnected()
            self._newer = self.station.tasks.spawn(self.run())

    def go_offline(self) -> None:
        """Cut the connection without a word, and stay away until `come_online`."""
        self._offline = asyncio.Event()
        if self.peer is not None:
            self.peer.abort()

    def come_online(self) -> None:
        """Dial again."""
        offline, self._offline = self._offline, None
        if offline is not None:
            offline.set()

    def stop_dialling(self) -> None:
        """Let the present connection be the last."""
        self._over = True

    async def end(self) -> None:
        """Close the connection properly."""
        for link in self.forgotten:
            link.abort()
        if self.peer is not None:
            await self.peer.close(1000, "the station is switched off")


def _gate(station: Any, action: str, payload: Payload) -> None:
    station.gate(action, payload)
