"""Our calls: their turn, their answer, their timeout, and what is noted about each."""

from __future__ import annotations

import asyncio
import gc
import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ocpp.v16 import call as call_16

from shared.calling import (
    CallFailed,
    Calling,
    CallRefused,
    CallTimedOut,
    ConnectionLost,
    InvalidAnswer,
    InvalidPayload,
)
from shared.link import LinkClosed, MemoryLink
from shared.versions import V16, V21, V201, Version
from tests.support import End, each_version, one_end, until

ACCEPTED = {"status": "Accepted"}


async def received(link: MemoryLink) -> Any:
    return json.loads(await link.recv())


async def nothing_comes(link: MemoryLink, seconds: float = 1.0) -> None:
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(seconds):
            await link.recv()


async def answer(link: MemoryLink, unique_id: str, payload: Any = ACCEPTED) -> None:
    await link.send(json.dumps([3, unique_id, payload]))


def start(end: End, action: str = "ClearCache", **how: Any) -> asyncio.Task[Any]:
    return asyncio.create_task(end.peer.call(action, {}, **how))


@each_version
async def test_a_call_gives_the_payload_of_its_answer(version: Version) -> None:
    async with one_end(version) as (end, link):
        calling = start(end)
        assert await received(link) == [2, "c-1", "ClearCache", {}]
        await answer(link, "c-1")
        assert await calling == ACCEPTED
        assert end.notes() == []


async def test_a_dataclass_is_a_payload_too() -> None:
    async with one_end(V16) as (end, link):
        calling = asyncio.create_task(end.peer.call("TriggerMessage", call_16.TriggerMessage(requested_message="Heartbeat")))  # type: ignore[arg-type] # fmt: skip # noqa: E501
        assert (await received(link))[3] == {"requestedMessage": "Heartbeat"}
        await answer(link, "c-1")
        assert await calling == ACCEPTED


@each_version
async def test_the_next_call_waits_for_the_answer_to_the_one_before(version: Version) -> None:
    async with one_end(version) as (end, link):
        calls = [start(end) for _ in range(3)]
        for number in (1, 2, 3):
            assert (await received(link))[1] == f"c-{number}"
            await nothing_comes(link)
            await answer(link, f"c-{number}")
        assert await asyncio.gather(*calls) == [ACCEPTED] * 3


@each_version
async def test_a_refusal_is_raised_with_all_it_says(version: Version) -> None:
    async with one_end(version) as (end, link):
        calling = start(end)
        await received(link)
        await link.send('[4,"c-1","NotSupported","no cache",{"a":1}]')
        with pytest.raises(CallRefused, match="ClearCache was refused: NotSupported: no cache") as refused:
            await calling
        assert (refused.value.code, refused.value.details) == ("NotSupported", {"a": 1})
        assert end.notes() == []


@each_version
@pytest.mark.parametrize(
    ("frame", "what"),
    [
        ('[4,"c-1","Tilt","",{}]', "'Tilt' is no error code"),
        ('[4,"c-1","GenericError",""]', "4 elements, not 5"),
        ('[4,"c-1","GenericError","",null]', "the details are null, not an object"),
    ],
)
async def test_an_odd_refusal_is_accepted_and_noted(version: Version, frame: str, what: str) -> None:
    async with one_end(version) as (end, link):
        calling = start(end)
        await received(link)
        await link.send(frame)
        with pytest.raises(CallRefused):
            await calling
        note = end.note("invalid_error")
        assert note.what == f"ClearCache: {what}"
        assert note.clause.endswith("§4.2.3")
        assert end.frame(note.ref) == frame


# --- timeouts ----------------------------------------------------------------------------------------------------


@each_version
async def test_without_an_answer_in_time_the_call_fails_and_the_next_one_goes(version: Version) -> None:
    async with one_end(version, timeout=30.0) as (end, link):
        first, second = start(end), start(end)
        assert (await received(link))[1] == "c-1"
        await link.send('[2,"theirs","Foo",{}]')  # what comes in between does not confuse the reference
        await received(link)
        with pytest.raises(CallTimedOut, match="ClearCache had no answer within 30 s"):
            await first
        assert end.journal.clock.elapsed() == 30
        note = end.note("unanswered_call")
        assert json.loads(end.frame(note.ref)) == [2, "c-1", "ClearCache", {}]
        assert note.is_finding
        assert (await received(link))[1] == "c-2"
        await answer(link, "c-1")
        await answer(link, "c-2", {"status": "Rejected"})
        assert await second == {"status": "Rejected"}
        assert end.note("late_answer").is_finding


@each_version
async def test_a_call_may_have_a_patience_of_its_own(version: Version) -> None:
    async with one_end(version) as (end, link):
        with pytest.raises(CallTimedOut):
            await end.peer.call("ClearCache", {}, timeout=0.5)
        assert end.journal.clock.elapsed() == 0.5
        assert (await received(link))[1] == "c-1"


@each_version
async def test_patience_begins_with_the_sending_not_with_the_queue(version: Version) -> None:
    async with one_end(version, timeout=10.0) as (end, link):
        calls = [start(end) for _ in range(3)]
        outcomes = await asyncio.gather(*calls, return_exceptions=True)
        assert [type(outcome) for outcome in outcomes] == [CallTimedOut] * 3
        assert end.journal.clock.elapsed() == 30
        assert len([await received(link) for _ in calls]) == 3


@each_version
async def test_a_second_answer_changes_nothing_and_is_noted(version: Version) -> None:
    async with one_end(version) as (end, link):
        calling = start(end)
        await received(link)
        await answer(link, "c-1")
        await answer(link, "c-1", {"status": "Rejected"})
        await link.send('[4,"c-1","GenericError","",{}]')
        assert await calling == ACCEPTED
        await until(lambda: end.notes() == ["duplicate_answer", "duplicate_answer"])
        after = start(end)
        assert (await received(link))[1] == "c-2"
        await answer(link, "c-2")
        assert await after == ACCEPTED


class Full(MemoryLink):
    """A link that takes nothing, as when the network stalls."""

    __slots__ = ()

    def send_at_once(self, text: str) -> bool:
        return False

    async def send(self, text: str | bytes) -> None:
        await asyncio.sleep(1e6)


@each_version
async def test_a_link_that_takes_nothing_does_not_hold_a_call_beyond_its_time(version: Version) -> None:
    end = End(Full(), "csms", version, {}, timeout=30.0)
    first, second = start(end), start(end)
    for calling in (first, second):
        with pytest.raises(CallTimedOut):
            await calling
        assert not calling.cancelled()
    assert end.journal.clock.elapsed() == 60
    end.peer.abort()
    assert (await end.running).code == 1006


@each_version
async def test_who_is_cancelled_while_the_link_takes_nothing_is_cancelled(version: Version) -> None:
    end = End(Full(), "csms", version, {}, timeout=30.0)
    first = start(end)
    await asyncio.sleep(1)
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    end.peer.abort()
    await end.running


# --- the end of the connection -----------------------------------------------------------------------------------


@each_version
async def test_all_calls_fail_at_once_when_the_connection_goes(version: Version) -> None:
    async with one_end(version) as (end, link):
        calls = [start(end) for _ in range(3)]
        await received(link)
        await asyncio.sleep(1)
        link.abort()
        outcomes = await asyncio.gather(*calls, return_exceptions=True)
        assert [type(outcome) for outcome in outcomes] == [ConnectionLost] * 3
        assert len({id(outcome) for outcome in outcomes}) == 3
        assert end.journal.clock.elapsed() == 1
        with pytest.raises(ConnectionLost, match="the connection is closed"):
            await end.peer.call("ClearCache", {})
        with pytest.raises(ConnectionLost):
            await end.peer.send_raw("x")
        assert end.notes() == []
        assert len([entry for entry in end.journal if entry.dir == "out"]) == 1


@each_version
async def test_a_call_on_a_link_that_has_just_gone_fails_and_its_frame_is_marked(version: Version) -> None:
    class Closing(MemoryLink):
        __slots__ = ()

        def send_at_once(self, text: str) -> bool:
            return False

        async def send(self, text: str | bytes) -> None:
            raise LinkClosed(1006, "gone")

    end = End(Closing(), "csms", version, {})
    with pytest.raises(ConnectionLost, match="1006 gone"):
        await end.peer.call("ClearCache", {})
    assert json.loads(end.frame(end.note("not_sent").ref))[1] == "c-1"
    end.peer.abort()
    await end.running


async def test_a_call_whose_link_and_connection_go_at_once_leaves_no_error_behind() -> None:
    """The future that nobody awaits any more must not be complained about (the runner would fail this test)."""

    class Racing(MemoryLink):
        __slots__ = ()

        def send_at_once(self, text: str) -> bool:
            return False

        async def send(self, text: str | bytes) -> None:
            self.abort()
            await asyncio.sleep(1)
            raise LinkClosed(1006, "gone")

    end = End(Racing(), "csms", V16, {})
    with suppress(ConnectionLost):
        await end.peer.call("ClearCache", {})
        raise AssertionError("a call on a dead link had an answer")
    await end.running
    gc.collect()


# --- what we send is valid -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("version", "action", "payload", "words"),
    [
        (V16, "Reset", {"type": "soft"}, "is not one of"),
        (V16, "Reset", {}, "required"),
        (V16, "Reset", {"type": "Soft", "x": 1}, "Additional"),
        (V16, "Reset", [], "an array is not an object"),
        (V16, "Foo", {}, "is no action of OCPP 1.6"),
        (V16, "TransactionEvent", {}, "OCPP 1.6"),
        (V21, "NotifyPeriodicEventStream", {}, "is a SEND of OCPP 2.1"),
        (V16, "DataTransfer", {"vendorId": object()}, "Unsupported type"),
    ],
)
async def test_an_invalid_payload_is_an_error_before_anything_is_sent(
    version: Version, action: str, payload: Any, words: str
) -> None:
    async with one_end(version) as (end, link):
        with pytest.raises(InvalidPayload, match=words):
            await end.peer.call(action, payload)
        assert len(end.journal) == 0
        calling = start(end)
        assert (await received(link))[1] == "c-1"
        await answer(link, "c-1")
        await calling


async def test_only_a_send_is_sent_and_only_where_there_is_one() -> None:
    stream = {"id": 1, "pending": 0, "basetime": "2026-01-01T10:00:00Z", "data": [{"t": 1.0, "v": "230"}]}
    async with one_end(V21, end="charge_point") as (end, link):
        calling = start(end, "Heartbeat")
        await received(link)
        await end.peer.send("NotifyPeriodicEventStream", stream)  # needs no turn: §4.2.4
        assert await received(link) == [6, "c-2", "NotifyPeriodicEventStream", stream]
        with pytest.raises(InvalidPayload, match="is no SEND"):
            await end.peer.send("Heartbeat", {})
        with pytest.raises(InvalidPayload):
            await end.peer.send("NotifyPeriodicEventStream", {})
        calling.cancel()
    async with one_end(V201, end="charge_point") as (end, link):
        with pytest.raises(InvalidPayload):
            await end.peer.send("NotifyPeriodicEventStream", stream)


@each_version
async def test_what_is_invalid_is_sent_all_the_same_when_somebody_insists(version: Version) -> None:
    async with one_end(version) as (end, link):
        for action, payload in (("Foo", {"a": 1}), ("ClearCache", {"x": 1}), ("ClearCache", [])):
            calling = asyncio.create_task(end.peer.call(action, payload, valid=False))
            sent = await received(link)
            assert sent[2:] == [action, payload]
            await answer(link, sent[1], {"status": "Accepted"})
            assert await calling == ACCEPTED
        await end.peer.send_raw("not even JSON")
        assert await link.recv() == "not even JSON"
        assert end.notes() == []


@each_version
async def test_what_is_no_json_at_all_cannot_be_insisted_on_and_blocks_nothing(version: Version) -> None:
    async with one_end(version) as (end, link):
        with pytest.raises(TypeError):
            await end.peer.call("ClearCache", {"x": object()}, valid=False)
        calling = start(end)
        await answer(link, (await received(link))[1])
        assert await calling == ACCEPTED


# --- answers that are wrong ----------------------------------------------------------------------------------------


@each_version
@pytest.mark.parametrize("wrong", ['{"status":"Maybe"}', "{}", "[]", '"Accepted"', '{"status":"Accepted"},1'])
async def test_an_invalid_answer_fails_the_call_and_2_1_says_so(version: Version, wrong: str) -> None:
    async with one_end(version) as (end, link):
        first, second = start(end), start(end)
        await received(link)
        await link.send(f'[3,"c-1",{wrong}]')
        with pytest.raises(InvalidAnswer, match="the answer to ClearCache breaks its schema"):
            await first
        note = end.note("invalid_answer")
        assert end.frame(note.ref) == f'[3,"c-1",{wrong}]'
        message = await received(link)
        if version is V21 and message[0] != 2:  # FR.06
            assert message[:2] == [5, "c-1"]
            message = await received(link)
        assert message[:2] == [2, "c-2"]
        await answer(link, "c-2")
        assert await second == ACCEPTED


@each_version
@pytest.mark.parametrize("schema", ["warn", "off"])
async def test_a_lenient_schema_lets_an_invalid_answer_pass_but_nothing_that_is_no_object(
    version: Version, schema: str
) -> None:
    async with one_end(version, schema=schema) as (end, link):
        calling = start(end)
        await received(link)
        await answer(link, "c-1", {"status": "Maybe"})
        assert await calling == {"status": "Maybe"}
        assert end.notes() == (["invalid_answer"] if schema == "warn" else [])
        calling = start(end)
        await until(lambda: end.peer.rpc.idle is False)
        await answer(link, "c-2", ["Accepted"])
        with pytest.raises(InvalidAnswer):
            await calling


async def test_a_finding_about_an_answer_refers_to_it_although_other_frames_came_with_it() -> None:
    async with one_end(V16, {"Heartbeat": lambda c, r: {"currentTime": "t"}}) as (end, link):
        calling = start(end)
        await received(link)
        await link.send('[3,"c-1",{}]')
        for number in range(3):
            await link.send(f'[2,"h{number}","Heartbeat",{{}}]')
        with suppress(InvalidAnswer):
            await calling
        assert end.frame(end.note("invalid_answer").ref) == '[3,"c-1",{}]'


# --- callers that are cancelled ------------------------------------------------------------------------------------


@each_version
async def test_a_caller_that_is_cancelled_in_the_queue_never_goes_out(version: Version) -> None:
    async with one_end(version) as (end, link):
        first, second, third = (start(end) for _ in range(3))
        await received(link)
        second.cancel()
        await answer(link, "c-1")
        assert await first == ACCEPTED
        assert (await received(link))[1] == "c-2"
        await answer(link, "c-2")
        assert await third == ACCEPTED
        assert second.cancelled()
        assert len([entry for entry in end.journal if entry.dir == "out"]) == 2


async def test_a_caller_that_is_cancelled_just_when_its_turn_has_come_passes_it_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with one_end(V16) as (end, link):
        first, second, third = (start(end) for _ in range(3))
        await received(link)
        next_turn = Calling._next_turn

        def and_cancel(peer: Calling) -> None:
            next_turn(peer)
            if not second.done():
                second.cancel()

        monkeypatch.setattr(Calling, "_next_turn", and_cancel)
        await answer(link, "c-1")
        assert await first == ACCEPTED
        assert (await received(link))[1] == "c-2"
        await answer(link, "c-2")
        assert await third == ACCEPTED
        assert second.cancelled()


@each_version
async def test_after_a_cancelled_call_the_next_waits_for_its_answer_all_the_same(version: Version) -> None:
    """The peer has the call: another one now would be the second outstanding (§4.1.1)."""
    async with one_end(version, timeout=30.0) as (end, link):
        first, second = start(end), start(end)
        await received(link)
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
        await nothing_comes(link, 5.0)
        await answer(link, "c-1")
        assert (await received(link))[1] == "c-2"
        await answer(link, "c-2")
        assert await second == ACCEPTED
        assert end.notes() == []


@each_version
async def test_or_until_its_time_is_up(version: Version) -> None:
    async with one_end(version, timeout=30.0) as (end, link):
        first, second = start(end), start(end)
        await received(link)
        await asyncio.sleep(10)
        first.cancel()
        assert (await received(link))[1] == "c-2"
        assert end.journal.clock.elapsed() == 30
        assert json.loads(end.frame(end.note("unanswered_call").ref))[1] == "c-1"
        await answer(link, "c-2")
        assert await second == ACCEPTED


@each_version
@pytest.mark.parametrize("wrong", ['[3,"c-1",{}]', '[4,"c-1","Tilt","",{}]'])
async def test_what_is_wrong_with_an_answer_that_nobody_waits_for_is_noted(
    version: Version, wrong: str
) -> None:
    async with one_end(version) as (end, link):
        first = start(end)
        await received(link)
        first.cancel()
        await link.send(wrong)
        await until(lambda: len(end.notes()) == 1)
        assert end.frame(next(e for e in end.journal if e.note).ref) == wrong


async def test_a_cancelled_call_whose_connection_goes_leaves_no_error_behind() -> None:
    async with one_end(V16) as (end, link):
        first, second = start(end), start(end)
        await received(link)
        first.cancel()
        await asyncio.sleep(1)
        link.abort()
        with pytest.raises(ConnectionLost):
            await second


tenths = st.integers(0, 50).map(lambda number: number / 10)
plans = st.lists(
    st.tuples(tenths.map(lambda when: 10 * when), st.booleans(), tenths), min_size=1, max_size=12
)


@settings(max_examples=60)
@given(plans)
async def test_the_queue_keeps_its_order_whoever_is_cancelled_and_never_has_two_outstanding(
    plan: list[tuple[float, bool, float]],
) -> None:
    """Each caller may be cancelled at some time; the peer answers each call that it got after some time, or not
    at all. The calls that went out did so in the order in which they were made, one at a time."""
    async with one_end(V16, timeout=4.0) as (end, link):
        outstanding: dict[str, float] = {}
        arrived: list[int] = []

        async def peer() -> None:
            loop = asyncio.get_running_loop()
            while True:
                message = await received(link)
                now = loop.time()
                assert all(now > until - 0.01 for until in outstanding.values()), "two calls outstanding"
                number = int(message[3]["vendorId"])
                arrived.append(number)
                _, silent, seconds = plan[number]
                delay = 4.0 if silent or seconds >= 4 else seconds
                outstanding[message[1]] = now + delay
                if not silent:
                    loop.call_later(seconds, end.peer._link._take, json.dumps([3, message[1], ACCEPTED]))  # type: ignore[attr-defined]

        answering = asyncio.create_task(peer())
        calls = []
        for number in range(len(plan)):
            made = end.peer.call("DataTransfer", {"vendorId": str(number)})
            calls.append(asyncio.create_task(made))
        loop = asyncio.get_running_loop()
        for calling, (when, _, _) in zip(calls, plan, strict=True):
            loop.call_later(when, calling.cancel)
        outcomes = await asyncio.gather(*calls, return_exceptions=True)
        await asyncio.sleep(10)
        answering.cancel()
        assert arrived == sorted(arrived)
        for number, outcome in enumerate(outcomes):
            assert outcome == ACCEPTED or isinstance(outcome, CallFailed | asyncio.CancelledError)
            assert number in arrived or isinstance(outcome, asyncio.CancelledError)
        assert end.peer.rpc.idle
        with suppress(asyncio.CancelledError):
            await answering
