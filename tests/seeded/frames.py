"""What can go wrong at the foreign station between the wire and its library, whatever the version."""

from __future__ import annotations

import asyncio
import json

from tests.seeded.memory import Connection
from tests.seeded.station import Box


class Frames:
    """One connection of the station: frames come in and go out. Stands before a ChargePoint of `ocpp`."""

    box: Box
    connection: Connection
    answered: set[str]
    """The ids of the calls that had their answer."""
    busy = False

    async def route_message(self, raw: str) -> None:
        """As the library does; a defective station is at a loss in places."""
        kind, id = _kind_and_id(raw)
        unknown = not (self.box.accepted or self.answered)
        if kind == 2 and unknown and self.box.defect == "answers nothing before it is accepted":
            return
        if kind == 2 and self.box.defect == "loses a second call":
            if not self.busy:
                self.busy = True
                self.box.spawn(self._at_leisure(raw))
            return
        if kind == 3 and id in self.answered and self.box.defect == "gets stuck at a second answer":
            await asyncio.Event().wait()
        self.answered.add(id)
        await super().route_message(raw)  # type: ignore[misc]

    async def _at_leisure(self, raw: str) -> None:
        try:
            await asyncio.sleep(0.05)
            await super().route_message(raw)  # type: ignore[misc]
        finally:
            self.busy = False

    async def _send(self, text: str) -> None:
        message = json.loads(text)
        if message[0] == 3 and self.box.defect == "cuts long message ids":
            message[1] = message[1][:20]
        if message[0] == 3 and self.box.defect == "gives ids back in lower case":
            message[1] = message[1].lower()
        if message[0] == 3 and self.box.defect == "answers twice":
            await self.connection.send(json.dumps(message))
        await self.connection.send(json.dumps(message))


def _kind_and_id(raw: str) -> tuple[int, str]:
    """2 for a call, 3 for an answer, 0 for what is neither; and its message id."""
    try:
        kind, id, *_ = json.loads(raw)
    except (ValueError, TypeError):
        return 0, ""
    return (kind, id) if kind in (2, 3) and isinstance(id, str) else (0, "")
