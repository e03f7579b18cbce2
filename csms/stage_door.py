"""Where stations under test dial: the door stays open from one scenario of a run to the next.

Each scenario has a central system and an event loop of its own, but the sockets that are listened to are the run's:
who dials between two scenarios is connected (TCP), and the handshake is answered by the next scenario, as its own
options and persona say. Were the port closed meanwhile, a station would be refused, and wait twice as long before it
comes again (2.0.1 part 4 §5.3; 2.1 part 4 §5.4).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from csms.making import admission_of, listen, tls_of
from shared.scenario.stage import HELD

if TYPE_CHECKING:
    import socket

    from csms.options import CsmsOptions
    from csms.server import Csms


def door_of(memory: dict[str, Any]) -> Door:
    """The one door of the run that has this memory."""
    door = memory.setdefault(HELD, Door())
    assert isinstance(door, Door)
    return door


class Door:
    """The listening sockets of a run, by the address that the options name."""

    def __init__(self) -> None:
        self._held: dict[tuple[str, int], list[socket.socket]] = {}

    async def open(self, csms: Csms, options: CsmsOptions) -> int:
        """Have `csms` accept who dials where the options say, and who has dialled there since the scenario before;
        gives the port. Raises OSError, and UsageError for files that cannot be used."""
        place = (options.host, options.port)
        held = [one.dup() for one in self._held.get(place, ())]
        port = await listen(csms, options, admission_of(options), tls_of(options), held)
        if not held:
            self.hold(*place, csms.doubled_sockets())
        return port

    def hold(self, host: str, port: int, sockets: list[socket.socket]) -> None:
        """Take `sockets`, which are listened to, for who dials there."""
        self._held[host, port] = sockets

    def close(self) -> None:
        """Listen no more: who has dialled and was not answered is cut off."""
        for sockets in self._held.values():
            for one in sockets:
                one.close()
        self._held.clear()
