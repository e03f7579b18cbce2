"""One end of a live connection: reading, serving, answering."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ocpp.v16 import call_result as result_16

from shared.calling import CallFailed, CallRefused
from shared.dispatch import Answer, NoAnswer, Refuse
from shared.link import LinkClosed, MemoryLink
from shared.versions import V16, V21, V201, Version
from tests.support import End, both_ends, each_2x, each_version, one_end, until

NOW = {"currentTime": "2026-01-01T10:00:00.000Z"}
ACCEPTED = {"status": "Accepted"}


def call(unique_id: str, action: str = "Heartbeat", payload: Any = None) -> str:
    return json.dumps([2, unique_id, action, payload or {}])


def transfer(unique_id: str, **payload: Any) -> str:
    return call(unique_id, "DataTransfer", {"vendorId": "v"} | payload)


async def received(link: MemoryLink) -> Any:
    return json.loads(await link.recv())


# --- serving ---------------------------------------------------------------------------------------------------


@each_version
async def test_a_call_is_handed_to_its_handler_and_answered(version: Version) -> None:
    seen: list[Any] = []

    def data_transfer(context: End, request: Any) -> Any:
        seen.append((context, request))
        return ACCEPTED

    async with one_end(version, {"DataTransfer": data_transfer}) as (end, link):
        await link.send(transfer("7"))
        assert await received(link) == [3, "7", ACCEPTED]
        assert seen == [(end, {"vendorId": "v"})]
        assert [entry.dir for entry in end.journal] == ["in", "out"]
        assert end.notes() == []


@each_version
@pytest.mark.parametrize("answer", [None, {}, result_16.MeterValues()])
async def test_an_answer_may_be_nothing_a_dict_or_a_dataclass(version: Version, answer: Any) -> None:
    async with one_end(version, {"StatusNotification": lambda context, request: answer}, schema="off") as (
        end,
        link,
    ):
        await link.send(call("7", "StatusNotification", {"connectorId": 1}))
        assert await received(link) == [3, "7", {}]
        assert end.bugs == []


@each_version
async def test_an_asynchronous_handler_does_not_stop_the_reading(version: Version) -> None:
    release = asyncio.Event()

    async def slow(context: Any, request: Any) -> Any:
        await release.wait()
        return ACCEPTED

    async with one_end(version, {"DataTransfer": slow, "Heartbeat": lambda c, r: NOW}) as (end, link):
        calling = asyncio.create_task(end.peer.call("ClearCache", {}))
        sent = await received(link)
        await link.send(transfer("7"))
        await link.send(json.dumps([3, sent[1], ACCEPTED]))
        assert await calling == ACCEPTED, "our own call is answered while the handler still works"
        release.set()
        assert await received(link) == [3, "7", ACCEPTED]


async def test_who_waits_for_an_answer_has_it_before_what_came_with_it_is_served() -> None:
    accepted: list[bool] = []
    seen: list[bool] = []

    def transfer_asked(context: Any, request: Any) -> Any:
        seen.append(bool(accepted))
        return {"status": "Accepted"}

    async def wait_for_it(end: End) -> None:
        await end.peer.call("ClearCache", {})
        accepted.append(True)

    async with one_end(V16, {"DataTransfer": transfer_asked}) as (end, link):
        calling = asyncio.create_task(wait_for_it(end))
        _, unique_id, *_ = await received(link)
        await link.send(f'[3,"{unique_id}",{{"status":"Accepted"}}]')
        await link.send(transfer("7"))
        await received(link)
        await calling
    assert seen == [True]


@each_version
async def test_a_handler_may_call_the_other_side_while_that_waits_for_its_answer(version: Version) -> None:
    """Both sides wait for each other, and nobody for ever (OCPP-J §4.1.1, note)."""

    async def at_station(context: End, request: Any) -> Any:
        return {"status": "Accepted", "data": (await context.peer.call("Heartbeat", {}))["currentTime"]}

    async with both_ends(version, {"Heartbeat": lambda c, r: NOW}, {"DataTransfer": at_station}) as (
        csms,
        station,
    ):
        answer = await csms.peer.call("DataTransfer", {"vendorId": "v"})
        assert answer["data"] == NOW["currentTime"]
        assert csms.notes() == station.notes() == []


@each_version
async def test_a_refusal_is_the_error_that_the_handler_says(version: Version) -> None:
    def refuse(context: Any, request: Any) -> Any:
        raise Refuse("SecurityError", "not yet", {"since": 5})

    async with one_end(version, {"Heartbeat": refuse}) as (end, link):
        await link.send(call("7"))
        assert await received(link) == [4, "7", "SecurityError", "not yet", {"since": 5}]
        assert end.bugs == []


@pytest.mark.parametrize(
    ("version", "refused"),
    [
        (V16, Refuse("FormatViolation", "why")),
        (V201, Refuse("FormationViolation", "why")),
        (V21, Refuse("Tilt", "why")),
        (V21, Refuse("GenericError", "why", {"clock": object()})),
    ],
)
async def test_a_refusal_that_the_version_cannot_express_is_our_bug(
    version: Version, refused: Refuse
) -> None:
    def refuse(context: Any, request: Any) -> Any:
        raise refused

    async with one_end(version, {"Heartbeat": refuse}) as (end, link):
        await link.send(call("7"))
        assert await received(link) == [4, "7", "InternalError", "why", {}]
        assert len(end.bugs) == 1


@each_version
@pytest.mark.parametrize("slowly", [False, True])
async def test_a_handler_may_leave_a_call_unanswered(version: Version, slowly: bool) -> None:
    def silent(context: Any, request: Any) -> Any:
        raise NoAnswer

    async def slow_silent(context: Any, request: Any) -> Any:
        await asyncio.sleep(1)
        raise NoAnswer

    handlers = {"DataTransfer": slow_silent if slowly else silent, "Heartbeat": lambda c, r: NOW}
    async with one_end(version, handlers) as (end, link):
        await link.send(transfer("7"))
        await link.send(call("8"))
        assert await received(link) == [3, "8", NOW]
        assert end.bugs == []


def broken(context: Any, request: Any) -> Any:
    raise KeyError("oops")


@each_version
@pytest.mark.parametrize(
    "handler",
    [
        broken,
        lambda c, r: {"currentTime": 5},
        lambda c, r: {"currentTime": NOW["currentTime"], "extra": 1},
        lambda c, r: "Accepted",
        lambda c, r: ["Accepted"],
        lambda c, r: {"currentTime": object()},
        lambda c, r: {"currentTime": "\ud800"},
        lambda c, r: {5: 6},
        lambda c, r: object(),
        lambda c, r: Answer({"currentTime": 5}, lambda: 1 / 0),  # type: ignore[arg-type, return-value]
    ],
)
async def test_a_handler_that_fails_or_answers_nonsense_is_an_internal_error_and_our_bug(
    version: Version, handler: Any
) -> None:
    async def slowly(context: Any, request: Any) -> Any:
        await asyncio.sleep(1)
        return handler(context, request)

    handlers = {"Heartbeat": handler, "DataTransfer": slowly}
    async with one_end(version, handlers) as (end, link):
        for number, frame in enumerate((call("7"), transfer("7")), 1):
            await link.send(frame)
            sort, unique_id, code, description, _ = await received(link)
            assert (sort, unique_id, code) == (4, "7", "InternalError")
            assert "oops" not in description, "what is inside stays inside"
            assert len(end.bugs) == number


@each_version
async def test_what_follows_an_answer_follows_it_on_the_wire(version: Version) -> None:
    async def follow(context: End) -> None:
        await context.peer.call("ClearCache", {})

    def heartbeat(context: End, request: Any) -> Any:
        return Answer(NOW, lambda: follow(context))

    async with one_end(version, {"Heartbeat": heartbeat}) as (end, link):
        await link.send(call("7"))
        assert (await received(link))[:2] == [3, "7"]
        assert (await received(link))[2] == "ClearCache"
        assert end.bugs == []


@each_version
async def test_what_follows_an_answer_waits_for_it_even_when_the_id_comes_twice(version: Version) -> None:
    release, order = asyncio.Event(), list[str]()

    async def slow(context: Any, request: Any) -> Any:
        await release.wait()
        return ACCEPTED

    def heartbeat(context: Any, request: Any) -> Any:
        return Answer(NOW, lambda: order.append("consequence"))  # type: ignore[arg-type, return-value]

    async with one_end(version, {"DataTransfer": slow, "Heartbeat": heartbeat}) as (_, link):
        await link.send(transfer("first"))
        await link.send(call("7"))
        await link.send(call("7"))
        assert (await received(link))[:2] == [4, "7"]
        assert order == []
        release.set()
        assert (await received(link))[:2] == [3, "first"]
        assert (await received(link))[:2] == [3, "7"]
        await until(lambda: order)


@each_version
@pytest.mark.parametrize("slowly", [False, True])
async def test_what_follows_an_answer_may_fail_without_harm(version: Version, slowly: bool) -> None:
    async def fail() -> None:
        await asyncio.sleep(1)
        raise KeyError("oops")

    def fail_at_once() -> Any:
        raise KeyError("oops")

    follow = fail if slowly else fail_at_once
    async with one_end(version, {"Heartbeat": lambda c, r: Answer(NOW, follow)}) as (end, link):
        for unique_id in "78":
            await link.send(call(unique_id))
            assert (await received(link))[:2] == [3, unique_id]
        await asyncio.sleep(2)
        assert [type(bug) for bug in end.bugs] == [KeyError, KeyError]


@each_version
async def test_the_gate_is_asked_before_the_handler(version: Version) -> None:
    def gate(context: Any, action: str, payload: Any) -> None:
        if action == "Heartbeat":
            raise Refuse("SecurityError", "not registered")

    async def slow(context: Any, request: Any) -> Any:
        return ACCEPTED

    handlers = {"Heartbeat": broken, "DataTransfer": slow}
    async with one_end(version, handlers, gate=gate) as (end, link):
        await link.send(call("7"))
        await link.send(transfer("8"))
        assert (await received(link))[:3] == [4, "7", "SecurityError"]
        assert (await received(link))[:2] == [3, "8"]
        assert end.bugs == []


@each_version
@pytest.mark.parametrize("schema", ["warn", "off"])
async def test_with_a_lenient_schema_what_the_handler_cannot_use_is_the_peers_fault(
    version: Version, schema: str
) -> None:
    def picky(context: Any, request: Any) -> Any:
        return {"status": "Accepted", "data": request["vendorId"].upper()}

    async with one_end(version, {"DataTransfer": picky}, schema=schema) as (end, link):
        await link.send(transfer("7", extra=1))
        assert await received(link) == [3, "7", ACCEPTED | {"data": "V"}]
        await link.send(transfer("8", vendorId=5))
        assert (await received(link))[:3] == [4, "8", "TypeConstraintViolation"]
        assert end.notes() == ["invalid_request"] * (2 if schema == "warn" else 1)
        assert end.bugs == []


async def test_with_a_lenient_schema_neither_is_a_send_that_the_handler_cannot_use() -> None:
    def picky(context: Any, request: Any) -> Any:
        return {"id": request["id"] + 1}

    async with one_end(V21, {"NotifyPeriodicEventStream": picky}, schema="off") as (end, link):
        await link.send(json.dumps([6, "7", "NotifyPeriodicEventStream", {"id": "x"}]))
        await until(lambda: end.notes() == ["invalid_request"])
        assert end.bugs == []


@each_version
async def test_a_handler_that_is_cancelled_holds_up_no_other(version: Version) -> None:
    async def for_ever(context: Any, request: Any) -> Any:
        await asyncio.sleep(1e6)

    async with one_end(version, {"DataTransfer": for_ever, "Heartbeat": lambda c, r: NOW}) as (end, link):
        await link.send(transfer("7"))
        await asyncio.sleep(1)
        await end.tasks.end()
        await link.send(call("8"))
        assert await received(link) == [3, "8", NOW]


@each_version
async def test_a_handler_that_called_a_peer_that_is_gone_is_no_bug(version: Version) -> None:
    async def asking(context: End, request: Any) -> Any:
        return await context.peer.call("ClearCache", {})

    async with one_end(version, {"DataTransfer": asking}) as (end, link):
        await link.send(transfer("7"))
        await received(link)
        link.abort()
        await end.running
        await until(lambda: not len(end.tasks))
        assert end.bugs == []


@each_version
async def test_but_one_that_does_not_expect_a_refusal_is(version: Version) -> None:
    async def asking(context: End, request: Any) -> Any:
        return await context.peer.call("ClearCache", {})

    async with one_end(version, {"DataTransfer": asking}) as (end, link):
        await link.send(transfer("7"))
        ours = await received(link)
        await link.send(json.dumps([4, ours[1], "NotSupported", "", {}]))
        assert (await received(link))[:3] == [4, "7", "InternalError"]
        assert [type(bug) for bug in end.bugs] == [CallRefused]


STREAM = {"id": 1, "pending": 0, "basetime": "2026-01-01T10:00:00Z", "data": [{"t": 1.0, "v": "230"}]}


@pytest.mark.parametrize("how", ["now", "later", "fails", "refuses"])
async def test_a_send_reaches_its_handler_and_is_never_answered(how: str) -> None:
    seen: list[Any] = []

    def take(context: Any, request: Any) -> None:
        seen.append(request)
        if how == "fails":
            raise KeyError("oops")
        if how == "refuses":
            raise Refuse("GenericError")

    async def take_later(context: Any, request: Any) -> None:
        await asyncio.sleep(1)
        seen.append(request)

    handlers = {
        "NotifyPeriodicEventStream": take_later if how == "later" else take,
        "Heartbeat": lambda c, r: NOW,
    }
    async with both_ends(V21, handlers, {}) as (csms, station):
        await station.peer.send("NotifyPeriodicEventStream", STREAM)
        assert await station.peer.call("Heartbeat", {}) == NOW
        await asyncio.sleep(2)
        assert seen == [STREAM]
        assert len(csms.bugs) == (how == "fails")
        assert station.notes() == csms.notes() == []


# --- order -------------------------------------------------------------------------------------------------------


@settings(max_examples=40)
@given(st.lists(st.tuples(st.sampled_from(["sync", "async"]), st.floats(0, 10)), min_size=1, max_size=12))
async def test_answers_keep_the_order_of_the_calls_however_long_each_handler_takes(
    plan: list[tuple[str, float]],
) -> None:
    async def slow(context: Any, request: Any) -> Any:
        await asyncio.sleep(float(request["data"]))
        return ACCEPTED

    async with one_end(V16, {"DataTransfer": slow, "Heartbeat": lambda c, r: NOW}) as (end, link):
        for number, (kind, seconds) in enumerate(plan):
            await link.send(call(str(number)) if kind == "sync" else transfer(str(number), data=str(seconds)))
        answered = [(await received(link))[1] for _ in plan]
        assert answered == [str(number) for number in range(len(plan))]
        assert end.bugs == []


# --- remarks about the peer --------------------------------------------------------------------------------------


@each_version
async def test_an_action_that_the_peer_may_send_but_we_do_not_offer_is_a_remark(version: Version) -> None:
    async with one_end(version) as (end, link):
        await link.send(transfer("7"))
        assert (await received(link))[:3] == [4, "7", "NotSupported"]
        note = end.note("not_offered")
        assert not note.is_finding
        assert note.detail == {"refused_with": "NotSupported"}


@each_version
@pytest.mark.parametrize(("end", "action"), [("csms", "ClearCache"), ("charge_point", "Heartbeat")])
async def test_one_of_the_wrong_direction_is_a_finding(version: Version, end: str, action: str) -> None:
    async with one_end(version, end=end) as (made, link):
        await link.send(call("7", action))
        assert (await received(link))[:3] == [4, "7", "NotSupported"]
        assert made.note("wrong_direction").is_finding


@each_version
async def test_a_finding_names_the_clause_and_the_frame(version: Version) -> None:
    async with one_end(version, {"Heartbeat": lambda c, r: NOW}) as (end, link):
        await link.send(call("6"))
        await link.send('[2,"7","Foo",{}]')
        await received(link)
        await received(link)
        note = end.note("unknown_action")
        assert end.frame(note.ref) == '[2,"7","Foo",{}]'
        assert version.name in note.clause
        assert "§4" in note.clause


@each_version
async def test_calls_that_overlap_are_a_remark_in_1_6_and_a_finding_in_2_x(version: Version) -> None:
    async def slow(context: Any, request: Any) -> Any:
        await asyncio.sleep(2)
        return ACCEPTED

    async with one_end(version, {"DataTransfer": slow}) as (end, link):
        await link.send(transfer("7"))
        await link.send(transfer("8"))
        await received(link)
        await received(link)
        note = end.note("overlapping_calls")
        assert note.is_finding is (version is not V16)
        assert end.frame(note.ref) == transfer("8")


@each_2x
async def test_no_rule_is_broken_by_who_may_have_given_up_waiting(version: Version) -> None:
    async def slow(context: Any, request: Any) -> Any:
        await asyncio.sleep(100)
        return ACCEPTED

    async with one_end(version, {"DataTransfer": slow}, timeout=30.0) as (end, link):
        await link.send(transfer("7"))
        await asyncio.sleep(31)
        await link.send(transfer("8"))
        await received(link)
        assert not end.note("overlapping_calls").is_finding


@each_version
async def test_calls_that_do_not_overlap_are_not_remarked_on(version: Version) -> None:
    async def slow(context: Any, request: Any) -> Any:
        await asyncio.sleep(2)
        return ACCEPTED

    async with one_end(version, {"DataTransfer": slow, "Heartbeat": lambda c, r: NOW}) as (end, link):
        for unique_id in "789":
            await link.send(transfer(unique_id))
            await received(link)
        await link.send(call("a"))
        await received(link)
        await link.send(call("b"))
        await received(link)
        assert end.notes() == []


@each_version
async def test_a_call_that_waits_when_the_one_before_is_answered_overlaps_too(version: Version) -> None:
    async with one_end(version, {"Heartbeat": lambda c, r: NOW}) as (end, link):
        for unique_id in "ab":
            await link.send(call(unique_id))
        for _ in "ab":
            await received(link)
        note = end.note("overlapping_calls")
        assert note.is_finding is (version is not V16)
        assert end.frame(note.ref) == call("b")
        assert "b came before a could be answered" in str(note.what)


@each_version
async def test_calls_that_the_network_may_have_held_back_together_are_not_remarked_on(
    version: Version,
) -> None:
    """Each may have been given up before the next was sent; and who sends one again has given it up."""
    async with one_end(version, {"Heartbeat": lambda c, r: NOW}, timeout=30.0) as (end, link):
        for _ in "xx":
            await link.send(call("x"))
        await asyncio.sleep(31)
        for unique_id in "abc":
            await link.send(call(unique_id))
        for _ in "xxabc":
            await received(link)
        assert end.notes() == []


async def test_a_slow_handler_refers_to_its_own_frame_although_others_came_since() -> None:
    refs: list[int] = []

    async def slow(context: End, request: Any) -> Any:
        await asyncio.sleep(float(request["data"]))
        refs.append(context.peer.ref)
        return ACCEPTED

    def quick(context: End, request: Any) -> Any:
        refs.append(context.peer.ref)
        return NOW

    async with one_end(V16, {"DataTransfer": slow, "Heartbeat": quick}) as (end, link):
        frames = [transfer("7", data="2"), transfer("8", data="1"), call("9")]
        for frame in frames:
            await link.send(frame)
        for _ in frames:
            await received(link)
        assert [end.frame(ref) for ref in refs] == [frames[2], frames[1], frames[0]]


# --- the end of the connection -----------------------------------------------------------------------------------


@each_version
async def test_run_says_how_the_connection_ended(version: Version) -> None:
    async with one_end(version) as (end, link):
        await link.close(1001, "bye")
        ended = await end.running
        assert (ended.code, ended.reason) == (1001, "bye")
        assert not end.peer.is_open


@each_version
async def test_closing_ends_the_run(version: Version) -> None:
    async with one_end(version) as (end, link):
        await end.peer.close(1000, "enough")
        assert (await end.running).code == 1000
        with pytest.raises(LinkClosed, match="1000 enough"):
            await link.recv()


@each_version
async def test_a_run_that_is_cancelled_is_over_for_the_callers_too(version: Version) -> None:
    async with one_end(version) as (end, link):
        calling = asyncio.create_task(end.peer.call("ClearCache", {}))
        await received(link)
        end.running.cancel()
        with pytest.raises(CallFailed, match="no longer served"):
            await calling
        with pytest.raises(asyncio.CancelledError):
            await end.running
        end.running = asyncio.create_task(asyncio.sleep(0))  # type: ignore[arg-type]


class Closing(MemoryLink):
    """A link that turns out closed when something is sent, before reading has noticed."""

    __slots__ = ()

    def send_at_once(self, text: str) -> bool:
        return False

    async def send(self, text: str | bytes) -> None:
        self.abort()
        raise LinkClosed(1006, "gone")


@each_version
async def test_a_frame_that_never_left_is_noted_as_such(version: Version) -> None:
    end = End(Closing(), "csms", version, {"Heartbeat": lambda c, r: NOW})
    link = end.peer._link
    assert isinstance(link, Closing)
    for unique_id in "78":
        link._take(call(unique_id))
    assert (await end.running).code == 1006
    note = end.note("not_sent")
    assert json.loads(end.frame(note.ref))[:2] == [3, "7"]
    assert not note.is_finding
    assert [entry.dir for entry in end.journal if entry.sort == "frame"] == ["in", "out", "in"]


async def test_when_something_was_sent_last_is_known() -> None:
    async with one_end(V16, {"Heartbeat": lambda c, r: NOW}) as (end, link):
        assert end.peer.last_sent == 0
        await asyncio.sleep(60)
        await link.send(call("7"))
        await received(link)
        assert end.peer.last_sent == 60
        await asyncio.sleep(60)
        await link.send('[3,"x",{}]')
        await until(lambda: "unknown_answer" in end.notes())
        assert end.peer.last_sent == 60
