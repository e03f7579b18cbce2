"""Every hostile frame on both ends and all versions: the exact answer, and then business as usual."""

from __future__ import annotations

import asyncio
import json

import pytest

from shared.link import Link, LinkClosed
from shared.remarks import _REMARKS
from shared.versions import V16, Version
from tests.hostile.sides import MAX_FRAME, Side
from tests.hostile.table import ROWS, Row, call, words

each_row = pytest.mark.parametrize("name", ROWS)


async def next_answer(link: Link) -> tuple[int, str, str]:
    """Type, id and error code of the next frame, which must be formed as the version prescribes."""
    async with asyncio.timeout(10):
        frame = await link.recv()
    assert isinstance(frame, str)
    message = json.loads(frame)
    if message[0] == 3:
        assert len(message) == 3
        assert isinstance(message[2], dict)
        return 3, message[1], ""
    sort, unique_id, code, description, details = message
    assert sort in (4, 5)
    assert isinstance(description, str)
    assert len(description) <= 255
    assert isinstance(details, dict)
    return sort, unique_id, code


async def try_row(side: Side, version: Version, name: str) -> Row:
    """Send the row's frames and then two valid calls; whatever comes in between is the row's answer."""
    vocabulary = words(side.end, version, slow=side.slow)
    row = ROWS[name](vocabulary)
    if row is None:
        pytest.skip("this end has no slow handler")
    async with side.connect(version) as link:
        for frame in row.frames:
            await link.send(frame)
        for expected in row.expected:
            assert await next_answer(link) == expected
        for unique_id in ("after", "and again"):
            await link.send(call(unique_id, *vocabulary.good))
            assert await next_answer(link) == (3, unique_id, "")
    return row


@each_row
async def test_in_memory(side: Side, version: Version, name: str) -> None:
    row = await try_row(side, version, name)
    (journal,) = side.journals
    notes = [entry for entry in journal if entry.sort == "note"]
    assert {entry.note for entry in notes} == set(row.note.split())
    directions = {entry.seq: entry.dir for entry in journal}
    refusals = {code for _, _, code in row.expected}
    for note in notes:
        only_remark = note.note in _REMARKS or (note.note == "overlapping_calls" and version is V16)
        assert note.is_finding is not only_remark
        assert directions[note.ref] == "in"
        assert set((note.detail or {}).values()) <= refusals


@pytest.mark.sockets
@each_row
async def test_over_sockets(side: Side, version: Version, name: str) -> None:
    await try_row(side, version, name)


@pytest.mark.sockets
async def test_a_frame_over_the_limit_ends_the_connection_with_1009(side: Side, version: Version) -> None:
    async with side.connect(version) as link:
        await link.send(call("h1", "Heartbeat", {"x": "x" * MAX_FRAME}))
        with pytest.raises(LinkClosed) as ended:
            await link.recv()
        assert ended.value.code == 1009
    good = words(side.end, version, slow=False).good
    async with side.connect(version) as link:
        await link.send(call("h2", *good))
        assert await next_answer(link) == (3, "h2", "")


async def test_what_a_row_expects_differs_between_rows() -> None:
    """The table would prove nothing if it expected the same of everything."""
    made = [ROWS[name](words("csms", V16, slow=True)) for name in ROWS]
    codes = {code for row in made if row for _, _, code in row.expected}
    assert len(codes) >= 8
