"""Faults together: in a row, put in force and taken away in mid-conversation, and what the journal has of it all."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.faults import FAULTS, Faults
from shared.faults.link import MOST_WAITING
from shared.journal.entry import Entry
from shared.link import LinkClosed
from shared.option_fields import UsageError
from tests.shared.spoiled import Message, answer, call, error, wire
from tests.support import both_ends, in_virtual_time, until

each_direction = pytest.mark.parametrize("direction", ["in", "out"])


def texts(seen: list[tuple[float, Message]]) -> list[Message]:
    return [message for _, message in seen]


# --- in a row -------------------------------------------------------------------------------------------------


@each_direction
async def test_the_next_fault_sees_what_the_one_before_has_left(direction: str) -> None:
    to = f"direction={direction}"
    async with wire(f"duplicate:nth=1,{to}", f"delay:after=1,every=2,{to}") as w:
        # the second of the two copies is delayed
        assert await w.through(direction, call(1)) == [(0.0, call(1)), (1.0, call(1))]
    async with wire(f"unknown_action:{to}", f"drop:action=Heartbeat,{to}") as w:
        (seen,) = texts(await w.through(direction, call(1)))  # no Heartbeat any more
        assert json.loads(seen)[2] == "NoSuchAction"
    async with wire(f"drop:{to}", f"duplicate:{to}") as w:
        assert await w.through(direction, call(1)) == []
        assert len(w.notes()) == 1


async def test_delays_add_up() -> None:
    async with wire("delay:after=1", "delay:after=2") as w:
        assert await w.sent(call(1)) == [(3.0, call(1))]


# --- taken away -----------------------------------------------------------------------------------------------


@each_direction
async def test_what_a_fault_holds_back_passes_at_once_when_it_is_removed(direction: str) -> None:
    async with wire(f"delay:after=1000,direction={direction}") as w:
        assert await w.through(direction, call(1), call(2), call(3), seconds=5) == []
        (handle,) = w.faults
        w.faults.remove(handle)
        assert await w.through(direction, call(4), seconds=1) == [(5.0, call(n)) for n in (1, 2, 3, 4)]


async def test_only_what_that_fault_holds_back_passes() -> None:
    async with wire("late_answer:after=50", "reorder:kind=call,behind=99,within=80") as w:
        await w.near.send(answer(1))
        await w.near.send(call(2))
        late, reorder = w.faults
        w.faults.remove(late)
        assert texts(await w.listen(w.far, 20)) == [answer(1)]
        assert texts(await w.listen(w.far, 70)) == [call(2)]
        assert list(w.faults) == [reorder]


async def test_a_reset_ends_stalls_and_delays_and_forgets_nothing() -> None:
    async with wire("half_open:nth=2,direction=out", "delay:after=500,direction=in") as w:
        await w.far.send(call(7))
        waiting = asyncio.create_task(w.listen(w.near, 100))
        assert texts(await w.sent(call(1), call(2), call(3), seconds=10)) == [call(1)]
        await w.far.send(call(8))
        assert w.faults.reset() == 2
        assert texts(await w.listen(w.far, 1)) == [call(2), call(3)]
        assert texts(await waiting) == [call(7), call(8)]
        assert len(w.faults) == 0
        assert texts(await w.sent(call(4), seconds=1)) == [call(4)]


async def test_removing_twice_or_what_is_not_there_does_nothing_and_finding_it_is_refused() -> None:
    async with wire("drop") as w:
        (handle,) = w.faults
        assert w.faults.find(1) is handle
        w.faults.remove(handle)
        w.faults.remove(handle)
        assert w.faults.reset() == 0
        with pytest.raises(UsageError, match="no fault #1 is in force"):
            w.faults.find(1)


async def test_only_a_csms_can_refuse_handshakes() -> None:
    async with wire(end="charge_point") as w:
        with pytest.raises(UsageError, match="only a CSMS"):
            w.faults.add("refuse")
    async with wire("refuse:times=2,station=CP1") as w:
        assert w.faults.handshake("CP2") is None
        first = w.faults.handshake("CP1")
        assert first is not None
        assert first.status == 503
        assert w.faults.handshake("CP1") is not None
        assert w.faults.handshake("CP1") is None
        assert not w.faults.spoil  # nothing for messages: connections need no layer
        assert [note.station for note in w.notes()] == ["CP1", "CP1"]


# --- the end --------------------------------------------------------------------------------------------------


async def test_what_waits_when_the_connection_is_lost_is_noted() -> None:
    async with wire("delay:after=10", "late_answer:after=10,direction=in") as w:
        await w.near.send(call(1))
        await w.far.send(answer(1))
        await w.far.send(call(2))
        assert texts(await w.listen(w.near, 1)) == [call(2)]
        w.far.abort()
        with pytest.raises(LinkClosed):
            await w.near.recv()
        numbers = {entry.what: entry.seq for entry in w.journal if entry.sort == "frame"}
        assert [note.ref for note in w.notes("not_sent")] == [numbers[call(1)]]
        assert [note.ref for note in w.notes("not_handed")] == [numbers[answer(1)]]
        with pytest.raises(LinkClosed):
            await w.near.send(call(3))
        assert len(w.notes("not_sent")) == 2


async def test_what_came_before_the_end_is_still_handed_over() -> None:
    async with wire("delay:after=10,direction=in") as w:
        await w.far.send(call(1))
        await w.far.close(1000)
        assert texts(await w.listen(w.near, 9)) == []
        assert texts(await w.listen(w.near, 2)) == [call(1)]
        with pytest.raises(LinkClosed) as ended:
            await w.near.recv()
        assert ended.value.code == 1000


async def test_cutting_the_connection_loses_what_waits_and_says_so() -> None:
    async with wire("delay:after=10,direction=both") as w:
        await w.near.send(call(1))
        await w.far.send(call(2))
        assert await w.listen(w.near, 1) == []
        w.near.abort()
        with pytest.raises(LinkClosed):
            await w.near.recv()
        assert await w.listen(w.far, 1) == []
        assert len(w.notes("not_sent")) == len(w.notes("not_handed")) == 1


async def test_who_sends_more_than_may_wait_waits_himself() -> None:
    async with wire("half_open:hold=50,nth=1") as w:
        for number in range(MOST_WAITING):
            await w.near.send(call(number))
        last = asyncio.create_task(w.near.send(call(-1)))
        assert await w.listen(w.far, 49) == []
        assert not last.done()
        assert len(await w.listen(w.far, 2)) == MOST_WAITING + 1
        await last


async def test_no_more_is_read_than_may_wait() -> None:
    async with wire("delay:after=50,direction=in") as w:
        for number in range(MOST_WAITING + 5):
            await w.far.send(call(number))
        assert await w.listen(w.near, 49) == []
        assert len(w.frames("in")) == MOST_WAITING
        assert len(await w.listen(w.near, 200)) == MOST_WAITING + 5


# --- the journal ----------------------------------------------------------------------------------------------


async def test_a_spoiled_frame_has_its_entry_its_note_and_its_substitute() -> None:
    async with wire("change:path=vendorId,value=x", "delay:after=2") as w:
        meant = call(1, "DataTransfer", {"vendorId": "v"})
        ((at, became),) = await w.sent(meant)
        held, *_, out = [entry for entry in w.journal if entry.station]
        assert (held.dir, held.what, held.fault) == ("held", meant, "change+delay")
        assert (out.dir, out.what, out.fault, out.ref) == ("out", became, "change+delay", held.seq)
        assert out.t - held.t == pytest.approx(at)
        assert [note.ref for note in w.notes()] == [held.seq] * 2
        assert [note.fault for note in w.notes()] == ["change", "delay"]
        line = out.line(w.journal.epoch)
        assert (line["dir"], line["fault"], line["ref"]) == ("out", "change+delay", held.seq)
        note = w.notes()[0].line(w.journal.epoch)
        assert note["fault"] == "change"
        assert note["kind"] == "note"


async def test_a_duplicate_refers_to_the_first() -> None:
    async with wire("duplicate:gap=1") as w:
        await w.sent(call(1))
        first, second = [entry for entry in w.journal if entry.sort == "frame"]
        assert (first.dir, first.fault, first.ref) == ("out", "", 0)
        assert (second.dir, second.fault, second.ref) == ("out", "duplicate", first.seq)


async def test_what_is_put_in_force_and_taken_away_stands_in_the_journal() -> None:
    async with wire("drop:nth=2") as w:
        w.faults.reset()
        (put,), (taken,) = w.notes("injected"), w.notes("removed")
        assert put.what == taken.what == "#1 drop:nth=2"


# --- properties -----------------------------------------------------------------------------------------------

MESSAGES = st.lists(
    st.one_of(
        st.builds(call, st.integers(1, 50), st.sampled_from(["Heartbeat", "Authorize", "DataTransfer"])),
        st.builds(answer, st.integers(1, 50), st.dictionaries(st.text(max_size=3), st.integers(), max_size=2)),
        st.builds(error, st.integers(1, 50)),
        st.text(max_size=20),
        st.binary(max_size=10),
    ),
    max_size=25,
)  # fmt: skip

SPECS = st.lists(
    st.one_of(
        st.sampled_from(sorted(set(FAULTS) - {"refuse", "change", "hang_up", "reset", "close", "half_open", "bad"})),
        st.sampled_from(["half_open:hold=3", "broken_json", "bad:instead=false", "change:path=a,value=1"]),
    ).flatmap(
        lambda name: st.builds(
            lambda direction, p: f"{name}{',' if ':' in name else ':'}direction={direction},probability={p}",
            st.sampled_from(["in", "out", "both"]),
            st.sampled_from([0.3, 1]),
        )
    ),
    max_size=4,
)  # fmt: skip


@given(MESSAGES, st.sampled_from(["in", "out"]))
@settings(max_examples=60)
async def test_without_a_fault_that_concerns_them_messages_pass_as_they_are(
    messages: list[Message], direction: str
) -> None:
    async with wire("drop:station=somebody-else", "delay:probability=0,direction=both") as w:
        seen = await w.through(direction, *messages, seconds=1)
        assert seen == [(0.0, message) for message in messages]
        assert w.frames(direction) == messages
        assert not [entry for entry in w.journal if entry.station and entry.sort != "frame"]


@given(MESSAGES, st.integers(1, 4), st.sampled_from([0.0, 0.5]))
@settings(max_examples=40)
async def test_duplicates_are_as_many_as_asked(messages: list[Message], copies: int, gap: float) -> None:
    async with wire(f"duplicate:copies={copies},gap={gap}") as w:
        seen = texts(await w.sent(*messages))
        assert Counter(seen) == Counter({m: n * (copies + 1) for m, n in Counter(messages).items()})


async def _course(messages: list[Message], specs: list[str], seed: int) -> tuple[list[Any], list[Entry]]:
    async with wire(*specs, seed=seed) as w:
        for at, message in enumerate(messages):
            await (w.near.send if at % 2 else w.far.send)(message)
        there = asyncio.create_task(w.listen(w.far, 3000))
        here = await w.listen(w.near, 3000)
        return [here, await there], list(w.journal)


@given(MESSAGES, SPECS, st.integers(0, 3))
@settings(max_examples=80, deadline=None)
def test_every_frame_is_accounted_for(messages: list[Message], specs: list[str], seed: int) -> None:
    (here, there), journal = in_virtual_time(_course(messages, specs, seed))
    frames = [entry for entry in journal if entry.sort == "frame"]
    noted = Counter(entry.ref for entry in journal if entry.note == "fault")
    # what the wire saw is what the other end got and gave
    assert [entry.what for entry in frames if entry.dir == "out"] == texts(there)
    assert Counter(e.what for e in frames if e.dir == "in") == Counter(messages[0::2])
    # each message of ours went as it was meant, or is held with a note that says why, or behind one that is
    meant = [entry for entry in frames if entry.dir == "held" or (entry.dir == "out" and not entry.ref)]
    assert [entry.what for entry in meant] == messages[1::2]
    waited = {entry.ref for entry in journal if entry.note == "held"}
    for entry in meant:
        assert entry.dir == "out" or noted[entry.seq] or entry.seq in waited
    # what was handed over is what came, but for what a note tells of
    untouched = [entry.what for entry in frames if entry.dir == "in" and not noted[entry.seq]]
    assert not Counter(untouched) - Counter(texts(here))
    if not noted:
        assert texts(here) == messages[0::2]


@given(MESSAGES, SPECS, st.integers(0, 3))
@settings(max_examples=40, deadline=None)
def test_the_same_seed_gives_the_same_course(messages: list[Message], specs: list[str], seed: int) -> None:
    first, again = (in_virtual_time(_course(messages, specs, seed)) for _ in range(2))
    assert first == again


@given(MESSAGES, SPECS, st.floats(0, 2))
@settings(max_examples=60, deadline=None)
def test_taking_all_faults_away_lets_everything_pass_that_was_held(
    messages: list[Message], specs: list[str], wait: float
) -> None:
    async def course() -> None:
        async with wire(*specs) as w:
            for message in messages:
                await w.near.send(message)
            first = await w.listen(w.far, wait)
            w.faults.reset()
            rest = await w.listen(w.far, 0.001)  # at once
            assert await w.listen(w.far, 3000) == []
            lost = {entry.ref for entry in w.notes() if "lost" in str(entry.what)}
            kept = [e for e in w.journal if e.sort == "frame" and not e.ref and e.seq not in lost]
            assert len(first) + len(rest) >= len(kept)

    in_virtual_time(course())


# --- a live peer ------------------------------------------------------------------------------------------------


def faults_of(end: Any) -> Faults:
    """Faults for one end of a pair of peers."""
    made = Faults(end.journal, end.tasks, end.setting.end, peers=lambda: [end.peer])
    end.setting.faults = made
    return made


def heartbeat(context: Any, payload: Any) -> dict[str, Any]:
    return {"currentTime": "2026-01-01T10:00:00Z"}


@pytest.mark.parametrize("at", ["csms", "charge_point"])
async def test_a_fault_comes_over_a_connection_in_mid_conversation(version: Any, at: str) -> None:
    async with both_ends(version, {"Heartbeat": heartbeat}, {}) as (csms, station):
        await station.peer.call("Heartbeat", {})
        spoiled = csms if at == "csms" else station
        faults = faults_of(spoiled)
        faults.add("drop:kind=answer,direction=both,nth=2")
        await station.peer.call("Heartbeat", {})
        with pytest.raises(Exception, match="no answer within 5 s"):
            await station.peer.call("Heartbeat", {}, timeout=5)
        faults.reset()
        await station.peer.call("Heartbeat", {})
        # each end has written each frame down once
        assert [e.what for e in station.journal if e.dir == "out"] == [
            e.what for e in csms.journal if e.dir == "in"
        ]
        answers = [e.what for e in csms.journal if e.dir == "out"]
        assert len(answers) == (3 if at == "csms" else 4)
        assert len(spoiled.notes()) > 2
        assert [e.what for e in station.journal if e.dir == "in"] == answers


async def test_notes_of_a_peer_refer_to_the_frame_that_crossed_the_wire(version: Any) -> None:
    async with both_ends(version, {"Heartbeat": heartbeat}, {}) as (csms, station):
        faults_of(csms).add("extra_field:direction=in")
        with pytest.raises(Exception, match="refused"):
            await station.peer.call("Heartbeat", {})
        note = csms.note("invalid_request")
        frame = next(e for e in csms.journal if e.seq == note.ref)
        assert (frame.dir, json.loads(frame.what)[3]) == ("in", {})


async def test_a_reader_that_has_just_begun_misses_nothing_when_the_fault_comes(version: Any) -> None:
    async with both_ends(version, {"Heartbeat": heartbeat}, {}) as (csms, station):
        calls = asyncio.create_task(station.peer.call("Heartbeat", {}))
        await asyncio.sleep(0)  # it is on its way while the fault comes
        faults_of(csms).add("duplicate:direction=in")
        await calls
        await until(csms.notes)
        ids = Counter(json.loads(e.what)[1] for e in csms.journal if e.dir == "out")
        assert list(ids.values()) == [2]


async def test_a_call_that_a_fault_cuts_fails_at_once(version: Any) -> None:
    async with both_ends(version, {"Heartbeat": heartbeat}, {}) as (csms, station):
        faults_of(station).add("hang_up:before_answer_to=Heartbeat")
        loop = asyncio.get_running_loop()
        began = loop.time()
        with pytest.raises(Exception, match="connection"):
            await station.peer.call("Heartbeat", {})
        assert loop.time() == began
        assert [e.dir for e in csms.journal if e.sort == "frame"] == ["in", "out"]  # it was answered
