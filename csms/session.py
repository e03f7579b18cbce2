"""One connected station: what every handler and every command of the CSMS gets first."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import TYPE_CHECKING, Any

from shared.chance import Stream
from shared.dispatch import Payload
from shared.findings import excused
from shared.versions import Version

if TYPE_CHECKING:
    from csms.record import StationRecord
    from csms.server import Csms
    from shared.peer import Peer

MAX_REQUEST_ID = 2**31 - 1


class Session:
    """A station while it is connected. What outlives the connection is in its `station` record."""

    __slots__ = (
        "_requests",
        "booted",
        "csms",
        "id",
        "number",
        "peer",
        "said",
        "station",
        "told",
        "url",
        "version",
    )

    peer: Peer

    def __init__(
        self, csms: Csms, identity: str, version: Version, station: StationRecord, url: str, number: int
    ) -> None:
        self.csms = csms
        self.id = identity
        """The identity as the station wrote it."""
        self.version = version
        self.station = station
        self.url = url
        """The URL that the station dialled, its identity included."""
        self.number = number
        """Which connection of this run it is, from 1."""
        self.booted = False
        """Whether this connection has brought a BootNotification."""
        self.told = 0
        """Of which EVSEs (2.x) or connectors (1.6) it has brought a status: a bit for each."""
        self.said: tuple[str, ...] = ()
        """Names of notes that are made once for a connection."""
        self._requests: Stream | None = None

    @property
    def base_url(self) -> str:
        """The URL that the station dialled without its identity: what a station is told to connect to."""
        return self.url.partition("?")[0].rpartition("/")[0]

    @property
    def ref(self) -> int:
        """The journal's number of the frame that is being handled."""
        return self.peer.ref

    def call(
        self, action: str, payload: Any, *, timeout: float | None = None, valid: bool = True
    ) -> Awaitable[Payload]:
        """Call the station: see `Peer.call`."""
        return self.peer.call(action, payload, timeout=timeout, valid=valid)

    def note(self, name: str, text: str = "", *, clause: str = "", **detail: Any) -> None:
        """Remark on the frame being handled; with a `clause`, the station broke a rule."""
        if clause:
            text, clause = excused(self.csms.faults, self.id, name, text, clause, self.peer.ref)
        self.csms.journal.note(self.id, name, text, end="csms", ref=self.peer.ref, clause=clause, **detail)

    def stream(self, purpose: str) -> Stream:
        """Seeded chance of this station for one purpose."""
        return self.csms.stream(self.station.id, purpose)

    def new_request_id(self) -> int:
        """A request id from 1 to 2147483647, from the seed."""
        if self._requests is None:
            self._requests = self.stream(f"request ids {self.number}")
        return self._requests.integer(1, MAX_REQUEST_ID)

    def __repr__(self) -> str:
        return f"{self.id} ({self.version.name})"
