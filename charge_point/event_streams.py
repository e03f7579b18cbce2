"""Periodic event streams of 2.1: values of periodic monitors, many in one message that is not answered (N11-N15).

A stream is opened for each monitor that was set with one. Until the CSMS has answered its values are held back; when it
refuses, and after the stream is closed, the monitor tells by NotifyEvent as others do (N11.FR.07, N13.FR.04). Streams
are opened anew after each start of the station, for which the monitors are kept on disk.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from charge_point.parts import Part, existing
from shared.peer import CallFailed, ConnectionLost

if TYPE_CHECKING:
    from charge_point.monitoring.monitor import Monitor
    from charge_point.station import Station

Payload = dict[str, Any]

MOST = 1000
"""Values that a stream holds while they cannot be sent; of more the oldest go, with a note."""

_LIMIT = "MonitoringCtrlr.MaxPeriodicEventStreams"


class Stream:
    """One event stream: its id, its parameters, and the values that wait. `is_open`: the CSMS has accepted it."""

    __slots__ = ("id", "interval", "is_open", "is_opening", "monitor", "timer", "values", "waiting")

    def __init__(self, id: int, monitor: int, params: Payload) -> None:
        self.id = id
        self.monitor = monitor
        self.is_open = self.is_opening = False
        self.waiting: list[tuple[float, str]] = []
        """Unix seconds and value."""
        self.timer: asyncio.TimerHandle | None = None
        self.set(params)

    def set(self, params: Payload) -> None:
        """How often it is sent: every `interval` seconds (0: no matter), at most or as soon as `values` (0: any)."""
        self.interval: int = params.get("interval", 0)
        self.values: int = params.get("values", 0)

    def constant(self) -> Payload:
        """The ConstantStreamData."""
        params = {"interval": self.interval, "values": self.values}
        return {
            "id": self.id,
            "variableMonitoringId": self.monitor,
            "params": {name: value for name, value in params.items() if value},
        }

    def stop(self) -> None:
        """No more by the clock."""
        if self.timer is not None:
            self.timer.cancel()
            self.timer = None


class Streams(Part):
    """The event streams of one station, by monitor. Owns their values and timers."""

    __slots__ = ("_next", "held")

    def __init__(self, station: Station) -> None:
        super().__init__(station)
        self.held: dict[int, Stream] = {}
        self._next = 1

    # --- opening and closing ------------------------------------------------------------------------------

    def open(self, monitor: Monitor) -> None:
        """Get ready for its values, and ask the CSMS as soon as may be (N11.FR.01, .02)."""
        if len(self.held) >= self.station.model.integer(_LIMIT):
            self.station.note("no_stream", f"monitor {monitor.id} gets no event stream: there are too many")
            return
        stream = Stream(self._next, monitor.id, monitor.stream or {})
        self._next += 1
        self.held[monitor.id] = stream
        self.ask()

    def ask(self) -> None:
        """Ask the CSMS to accept every stream that it has not accepted."""
        for stream in self.held.values():
            if not stream.is_open and not stream.is_opening and self.station.may_send:
                stream.is_opening = True
                self.station.tasks.spawn(self._open(stream))

    async def _open(self, stream: Stream) -> None:
        try:
            await self._opened(stream)
        finally:
            stream.is_opening = False

    async def _opened(self, stream: Stream) -> None:
        await asyncio.sleep(0)  # what the CSMS asked for is answered first
        if self.held.get(stream.monitor) is not stream or not self.station.may_send:
            return
        try:
            answer = await self.station.call(
                "OpenPeriodicEventStream", {"constantStreamData": stream.constant()}
            )
        except ConnectionLost:
            return  # it is asked again on the next connection
        except CallFailed as failed:
            self.station.note("call_failed", str(failed))
            answer = {"status": "Rejected"}
        if self.held.get(stream.monitor) is not stream:
            if answer["status"] == "Accepted":
                await self._tell_closed(stream)  # it was cleared meanwhile
            return
        if answer["status"] != "Accepted":
            self._revert(stream)
            return
        stream.is_open = True
        self._arm(stream)
        self._flush_full(stream)

    def _revert(self, stream: Stream) -> None:
        """N11.FR.07: what was held back is told in NotifyEvents, as all that follows."""
        del self.held[stream.monitor]
        stream.stop()
        from charge_point.monitoring.monitors import Monitors

        part = self.station.part(Monitors)
        part.tell_values(stream.monitor, stream.waiting)

    def close(self, monitor: int) -> None:
        """Send what is left, then tell the CSMS that it is closed (N13.FR.01, .03)."""
        stream = self.held.pop(monitor, None)
        if stream is None:
            return
        stream.stop()
        if stream.is_open:
            self.station.tasks.spawn(self._close(stream))

    async def _close(self, stream: Stream) -> None:
        await asyncio.sleep(0)
        while stream.waiting and await self._send(stream):
            pass
        await self._tell_closed(stream)

    async def _tell_closed(self, stream: Stream) -> None:
        if self.station.may_send:
            try:
                await self.station.call("ClosePeriodicEventStream", {"id": stream.id})
            except CallFailed as failed:
                self.station.note("call_failed", str(failed))

    def adjust(self, id: int, params: Payload) -> bool:
        """Send as `params` say from now on; False when there is no such stream, or they say nothing (N14.FR.02)."""
        stream = next((one for one in self.held.values() if one.id == id), None)
        if stream is None or not any(params.get(name) for name in ("interval", "values")):
            return False
        stream.set(params)
        from charge_point.monitoring.monitors import Monitors

        part = self.station.part(Monitors)
        part.held[stream.monitor].stream = {
            name: params[name] for name in ("interval", "values") if name in params
        }
        part.keep()
        self._arm(stream)
        self._flush_full(stream)
        return True

    # --- values -------------------------------------------------------------------------------------------

    def take(self, monitor: int, value: str) -> bool:
        """One more value of this monitor; False when it has no stream."""
        stream = self.held.get(monitor)
        if stream is None:
            return False
        stream.waiting.append((self.station.clock.time(), value))
        if len(stream.waiting) > MOST:
            del stream.waiting[0]
            self.station.note("thinned", f"more than {MOST} values of a stream wait; the oldest was dropped")
        self._flush_full(stream)
        return True

    def _flush_full(self, stream: Stream) -> None:
        """N15.FR.08: as soon as so many values are there."""
        if stream.is_open and stream.values and len(stream.waiting) >= stream.values:
            self.station.tasks.spawn(self._send(stream))

    def _arm(self, stream: Stream) -> None:
        stream.stop()
        if stream.is_open and stream.interval:
            loop = asyncio.get_running_loop()
            stream.timer = loop.call_later(stream.interval, self._elapsed, stream)

    def _elapsed(self, stream: Stream) -> None:
        """N15.FR.06: every interval what there is."""
        self._arm(stream)
        if stream.waiting:
            self.station.tasks.spawn(self._send(stream))

    async def _send(self, stream: Stream) -> bool:
        """One NotifyPeriodicEventStream, as a SEND, of at most `values` values; False when it cannot be sent."""
        peer = self.station.peer
        if peer is None or not self.station.may_send or not stream.waiting:
            return False
        most = stream.values or len(stream.waiting)  # N15.FR.07
        data, stream.waiting = stream.waiting[:most], stream.waiting[most:]
        base = data[0][0]
        message = {
            "id": stream.id,
            "pending": len(stream.waiting),  # N15.FR.04
            "basetime": self.station.clock.text(base),  # N15.FR.09
            "data": [{"t": round(at - base, 3), "v": value} for at, value in data],
        }
        try:
            await peer.send("NotifyPeriodicEventStream", message)  # N15.FR.01
        except CallFailed:
            stream.waiting = [*data, *stream.waiting]
            return False
        return True

    # --- what happens -------------------------------------------------------------------------------------

    def renew(self, monitors: list[Monitor]) -> None:
        """The station has started, and the CSMS may have forgotten all streams: each of these opens one anew."""
        for stream in self.held.values():
            stream.is_open = False
        for one in monitors:
            if one.id not in self.held:
                self.open(one)
        self.ask()

    def power_off(self) -> None:
        """What waits is lost."""
        for stream in self.held.values():
            stream.stop()
            stream.is_open = False
            stream.waiting.clear()


def streams(station: Station) -> list[Payload]:
    """The ConstantStreamData of all streams (N12.FR.01)."""
    found = existing(station, Streams)
    return [one.constant() for one in found.held.values() if one.is_open] if found is not None else []
