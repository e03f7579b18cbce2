"""Messages that wait for their delivery: kept in their order while the CSMS cannot be told, on disk too."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from charge_point.parts import Part

if TYPE_CHECKING:
    from charge_point.station import Station


class Waiting(Part):
    """What the CSMS has not confirmed, the oldest first. A kind of message says how it is delivered (`deliver`)."""

    __slots__ = ("_delivering", "_is_kept", "waiting")

    def __init__(self, station: Station) -> None:
        super().__init__(station)
        self.waiting: list[Any] = []
        self._delivering = False
        self._is_kept = False

    async def deliver(self) -> None:
        """Tell what waits, as long as the station may send; takes what was told out of `waiting`."""
        raise NotImplementedError

    def wait(self, *more: Any) -> None:
        """More of them."""
        self.waiting += more
        self.keep_waiting()
        self.deliver_soon()

    def connected(self) -> None:
        """A registration may still hold."""
        self.deliver_soon()

    def accepted(self) -> None:
        """Now the CSMS may be told."""
        self.deliver_soon()

    def as_kept(self) -> Any:
        return self.waiting or None

    def restore(self, kept: Any) -> None:
        self.waiting = [*(kept or ()), *self.waiting]
        self._is_kept = True

    def keep_waiting(self) -> None:
        """On disk only what has to wait: most is delivered at once."""
        if self._is_kept or (self.waiting and not self.station.may_send):
            self._is_kept = bool(self.waiting)
            self.keep()

    def deliver_soon(self) -> None:
        """Begin to deliver unless that is under way or impossible."""
        if self.waiting and not self._delivering and self.station.may_send:
            self._delivering = True
            self.station.tasks.spawn(self._deliver())

    async def _deliver(self) -> None:
        try:
            await self.deliver()
        finally:
            self._delivering = False
            self.keep_waiting()
