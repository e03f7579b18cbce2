"""The verb that has our own side answer otherwise than it would: refused, late, under a wrong id, or not at all."""

from __future__ import annotations

import asyncio
from typing import Any

from shared.dispatch import Answer, NoAnswer, Refuse
from shared.remarks import handling
from shared.scenario.check import schema_of, typed
from shared.scenario.play import Branch
from shared.scenario.registry import verb
from shared.scenario.stage import Broken
from shared.scenario.tree import Node, Scalar, Table
from shared.versions import ERROR_CODES
from shared.wire.schema import schemas

Seconds = float


@verb()
async def answer(
    branch: Branch,
    *,
    message: Node,
    times: str = "1",
    exact: bool = False,
    error: str | None = None,
    description: str = "",
    silence: bool = False,
    after: Seconds = 0.0,
    id: str | None = None,
) -> None:
    """Answer the next calls of an action otherwise: `answer: {Authorize: {idTagInfo: {status: Blocked}}}`.

    What is given is merged over the usual answer, or is the answer when `exact`. `times` is how often (`always`);
    several stubs of one action serve in order. `error` answers with a CALLERROR, `silence` not at all, `after` late,
    `id` under another message id (`wrong`: one that nobody used).
    """
    action, body = (message.text, None) if isinstance(message, Scalar) else _only(message)
    schema = schema_of(branch.version, action, answer=True)
    payload = {} if body is None else typed(body, schema, schema, branch.resolve) or {}
    if times != "always" and not times.isdigit():
        raise Broken(f"times is a number or 'always', not {times!r}")
    stub = _Stub(action, payload, None if times == "always" else int(times), exact)
    stub.error, stub.description, stub.silence, stub.after, stub.id = (
        error,
        description,
        silence,
        after,
        id or "",
    )
    end = branch.end
    if end not in branch.play.stages:
        raise Broken(f"nobody of ours is at {end}")
    stubs = branch.play.values.setdefault(f" stubs {end}", {}).setdefault(action, [])
    stubs.append(stub)

    async def serve(context: Any, request: Any, usual: Any) -> Any:
        for one in stubs:
            if one.left is None or one.left > 0:
                if one.left is not None:
                    one.left -= 1
                return await one.serve(branch, usual)
        return await usual()

    branch.play.stages[end].stub(action, serve)


def _only(message: Node) -> tuple[str, Node]:
    if not isinstance(message, Table) or len(message.entries) != 1:
        raise Broken("answer is followed by one action")
    return message.entries[0][0].text, message.entries[0][1]


class _Stub:
    """One answer that stands in for the usual one; `left` is how often yet, None for always."""

    error: str | None
    description: str
    silence: bool
    after: float
    id: str

    def __init__(self, action: str, payload: Any, left: int | None, exact: bool) -> None:
        self.action = action
        self.payload = payload
        self.left = left
        self.exact = exact

    async def serve(self, branch: Branch, usual: Any) -> Any:
        """The answer, or what is raised in its place."""
        if self.after:
            await asyncio.sleep(self.after)
        if self.silence:
            raise NoAnswer
        if self.error is not None:
            if self.error in ERROR_CODES[branch.version]:
                raise Refuse(self.error, self.description)
            await self._send_raw(branch, [4, self.error, self.description, {}])
            raise NoAnswer
        then: Any = None
        payload = self.payload
        if not self.exact:
            made: Any = await usual()
            if isinstance(made, Answer):
                made, then = made.payload, made.then
            payload = _merged(made, self.payload)
        if self.id or schemas(branch.version).violations(self.action, payload, answer=True):
            await self._send_raw(branch, [3, payload])
            raise NoAnswer
        return Answer(payload, then) if then is not None else payload

    async def _send_raw(self, branch: Branch, frame: list[Any]) -> None:
        """What the peer would not send: an answer against its schema, under another id, or with a made-up code.

        `frame` is the message without its id.
        """
        import json

        peer, ref = handling.get()
        station = peer.station if hasattr(peer, "station") else branch.station
        asked = [m for m in branch.play.talks[branch.end].station(station) if m.seq == ref]
        own = asked[0].id if asked else ""
        id = {"": own, "wrong": "nobody-asked-this"}.get(self.id, self.id)
        await peer.send_raw(json.dumps([frame[0], id, *frame[1:]], separators=(",", ":")))


def _merged(over: Any, patch: Any) -> Any:
    if isinstance(over, dict) and isinstance(patch, dict):
        return {**over, **{key: _merged(over.get(key), value) for key, value in patch.items()}}
    return patch
