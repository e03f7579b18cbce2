"""What each fault does to messages, in either direction."""

from __future__ import annotations

import json
from typing import Any

import pytest

from shared.faults import FAULTS, PRESETS
from shared.faults.effects import Deliver
from shared.faults.lane import Item, Lane
from shared.faults.presets import OVERSIZED
from shared.link import LinkClosed, TextBytes
from shared.versions import V16, V201, Version
from shared.wire.schema import schemas
from tests.shared.spoiled import Message, answer, call, error, wire
from tests.support import each_version

each_direction = pytest.mark.parametrize("direction", ["in", "out"])

BOOT: dict[Version, dict[str, Any]] = {
    V16: {"chargePointVendor": "v", "chargePointModel": "m"},
    V201: {"reason": "PowerUp", "chargingStation": {"vendorName": "v", "model": "m"}},
}


def whom(direction: str) -> str:
    return f"direction={direction}"


def texts(seen: list[tuple[float, Message]]) -> list[Message]:
    return [message for _, message in seen]


# --- timing ---------------------------------------------------------------------------------------------------


@each_direction
async def test_a_delay_holds_every_message_back_and_keeps_their_order(direction: str) -> None:
    async with wire(f"delay:after=2,action=Heartbeat,{whom(direction)}") as w:
        other = call(2, "StatusNotification")
        assert await w.through(direction, call(1), other, call(3)) == [
            (2.0, call(1)),
            (2.0, other),
            (2.0, call(3)),
        ]
        assert len(w.notes()) == 2
        (waited,) = w.notes("held")  # not delayed itself, but behind what is
        assert waited.fault == "delay"


@each_direction
async def test_jitter_is_drawn_for_each_message_within_its_bounds(direction: str) -> None:
    async with wire(f"delay:after=1,jitter=3,{whom(direction)}") as w:
        times = []
        for number in range(20):
            began = w.now()
            ((at, message),) = await w.through(direction, call(number), seconds=10)
            assert message == call(number)
            times.append(round(at - began, 3))
        assert all(1 <= each <= 4 for each in times)
        assert len(set(times)) > 10


@each_direction
async def test_a_late_answer_is_overtaken_by_everything_else(direction: str) -> None:
    back = "out" if direction == "in" else "in"
    async with wire(f"late_answer:after=40,{whom(direction)}") as w:
        await w.through(back, call(1), seconds=0.1)
        assert texts(await w.through(direction, answer(1), call(7), seconds=39)) == [call(7)]
        assert texts(await w.through(direction, seconds=2)) == [answer(1)]


def test_a_timer_that_fires_a_little_early_finds_what_is_due() -> None:
    lane = Lane()
    lane.put(Item(Deliver("late", after=1.0), 1), 0.1)
    assert lane.pop(1.0) is None
    item = lane.pop(1.1 - 1e-6)  # as a loop's clock may have it, whose resolution this is
    assert item is not None
    assert item.text == "late"


async def test_a_throttled_line_takes_its_time_for_every_byte() -> None:
    async with wire("throttle:rate=10") as w:
        first, second = call(1), call(2)
        seen = await w.sent(first, second)
        assert seen == [(len(first) / 10, first), (2 * len(second) / 10, second)]


# --- delivery -------------------------------------------------------------------------------------------------


@each_direction
async def test_what_is_dropped_never_arrives_and_is_written_down(direction: str) -> None:
    async with wire(f"drop:{whom(direction)},nth=2") as w:
        assert texts(await w.through(direction, call(1), call(2), call(3))) == [call(1), call(3)]
        (note,) = w.notes()
        (about,) = [entry for entry in w.journal if entry.seq == note.ref]
        assert about.what == call(2)
        assert about.dir == ("held" if direction == "out" else "in")
        assert w.frames("out") == ([call(1), call(3)] if direction == "out" else [])


@each_direction
async def test_a_duplicate_comes_again_after_its_gap_while_others_pass(direction: str) -> None:
    async with wire(f"duplicate:gap=0.2,nth=1,{whom(direction)}") as w:
        assert await w.through(direction, call(1), call(2)) == [
            (0.0, call(1)),
            (0.0, call(2)),
            (0.2, call(1)),
        ]


@each_direction
async def test_duplicates_without_a_gap_follow_at_once(direction: str) -> None:
    async with wire(f"duplicate:copies=2,nth=1,{whom(direction)}") as w:
        assert texts(await w.through(direction, call(1), call(2))) == [call(1), call(1), call(1), call(2)]


@each_direction
async def test_a_reordered_message_lets_others_by(direction: str) -> None:
    async with wire(f"reorder:behind=2,nth=1,{whom(direction)}") as w:
        seen = await w.through(direction, call(1), call(2), call(3), call(4))
        assert texts(seen) == [call(2), call(3), call(1), call(4)]


async def test_a_reordered_message_goes_by_itself_when_nothing_follows() -> None:
    async with wire("reorder:within=3") as w:
        assert await w.sent(call(1)) == [(3.0, call(1))]


async def test_a_black_hole_swallows_both_directions_until_its_time_is_up() -> None:
    async with wire("black_hole:lasts=60") as w:
        assert await w.sent(call(1), seconds=30) == []
        assert await w.handed(call(2), seconds=29) == []
        assert await w.handed(seconds=2) == []
        assert texts(await w.sent(call(3), seconds=1)) == [call(3)]
        assert texts(await w.handed(call(4), seconds=1)) == [call(4)]


# --- content --------------------------------------------------------------------------------------------------


@each_direction
async def test_corruption_changes_as_many_bytes_as_asked(direction: str) -> None:
    async with wire(f"corrupt:count=3,{whom(direction)}") as w:
        for number in range(30):
            (spoiled,) = texts(await w.through(direction, call(number), seconds=1))
            raw = spoiled.encode() if isinstance(spoiled, str) else spoiled
            assert len(raw) == len(call(number))
            assert sum(a != b for a, b in zip(raw, call(number).encode(), strict=True)) == 3


@each_direction
async def test_truncation_keeps_the_beginning(direction: str) -> None:
    async with wire(f"truncate:keep=0.25,{whom(direction)}") as w:
        message = call(1, "StatusNotification")
        assert texts(await w.through(direction, message)) == [message[: len(message) // 4]]


@pytest.mark.parametrize(
    ("spec", "before", "after"),
    [
        ("path=a,value=2", {"a": 1, "b": 1}, {"a": 2, "b": 1}),
        ("path=a,value=x", {"a": 1}, {"a": "x"}),
        ("path=new,value=true", {"a": 1}, {"a": 1, "new": True}),
        ("path=a,remove=true", {"a": 1, "b": 2}, {"b": 2}),
        ("path=a.1.b,value='{\"c\":[]}'", {"a": [0, {"b": 1}]}, {"a": [0, {"b": {"c": []}}]}),
        ("path=a.0,remove=true", {"a": [1, 2]}, {"a": [2]}),
        ("path=a,value=", {"a": 1}, {"a": ""}),
        ("path=x.y,value=1", {"a": 1}, {"a": 1}),
        ("path=x,remove=true", {"a": 1}, {"a": 1}),
        ("path=a.5,value=1", {"a": [1]}, {"a": [1]}),
    ],
)
@each_direction
async def test_a_member_is_set_or_removed_where_the_path_leads(
    direction: str, spec: str, before: dict[str, Any], after: dict[str, Any]
) -> None:
    async with wire(f"change:{spec},{whom(direction)}") as w:
        (seen,) = texts(await w.through(direction, call(1, "DataTransfer", before)))
        assert json.loads(seen) == [2, "c1", "DataTransfer", after]
        assert len(w.notes()) == (before != after)  # what cannot be done is not counted as done
        (handle,) = w.faults
        assert handle.applied == (before != after)


async def test_the_payload_of_an_answer_is_changed_as_well() -> None:
    async with wire("change:path=status,value=Rejected,kind=answer,action=Reset,direction=in") as w:
        await w.sent(call(1, "Reset", {"type": "Soft"}), seconds=1)
        (seen,) = texts(await w.handed(answer(1, {"status": "Accepted"})))
        assert json.loads(seen) == [3, "c1", {"status": "Rejected"}]
        (note,) = w.notes()
        assert note.detail is not None
        assert note.detail["becomes"] == seen
        assert w.frames("in") == [answer(1, {"status": "Accepted"})]  # what the wire saw


@each_direction
async def test_a_wrong_id_is_fresh_each_time_or_the_one_given(direction: str) -> None:
    async with wire(f"wrong_id:{whom(direction)}") as w:
        ids = [
            json.loads(text)[1]
            for n in range(3)
            for text in texts(await w.through(direction, call(n), seconds=1))
        ]
        assert len({*ids, "c0", "c1", "c2"}) == 6
    async with wire(f"wrong_id:id=mine,{whom(direction)}") as w:
        (seen,) = texts(await w.through(direction, error(1)))
        assert json.loads(seen)[:2] == [4, "mine"]


async def test_an_id_is_reused_from_the_last_message_of_its_kind() -> None:
    async with wire("reuse_id") as w:
        seen = texts(await w.sent(call(1), answer(9), call(2), answer(8)))
        assert [json.loads(text)[:2] for text in seen] == [[2, "c1"], [3, "c9"], [2, "c1"], [3, "c9"]]


# --- habits ---------------------------------------------------------------------------------------------------


async def test_members_are_merged_into_the_payload_or_put_in_its_place() -> None:
    info = answer(1, {"transactionId": 5, "idTagInfo": {"status": "Accepted", "parentIdTag": "P"}})
    members = '{"transactionId":0,"idTagInfo":{"status":"Invalid"}}'
    async with wire({"fault": "merge", "value": members, "kind": "answer"}) as w:
        assert texts(await w.sent(info, call(2))) == [
            answer(1, {"transactionId": 0, "idTagInfo": {"status": "Invalid", "parentIdTag": "P"}}),
            call(2),
        ]
    async with wire("merge:value={},exact=true") as w:
        assert texts(await w.sent(info)) == [answer(1)]


async def test_an_answer_becomes_a_call_error_with_any_code() -> None:
    async with wire("call_error:code=Whatever,description=why") as w:
        assert texts(await w.sent(answer(1), call(2))) == ['[4,"c1","Whatever","why",{}]', call(2)]


@pytest.mark.parametrize(
    ("settings", "written"),
    [
        ("ahead=3600", "2026-01-01T11:00:00.500Z"),
        ("form=no_offset", "2026-01-01T10:00:00"),
        ("form=local,hours=-5.5", "2026-01-01T04:30:00-05:30"),
        ("form=microseconds", "2026-01-01T10:00:00.500000Z"),
        ("form=whole_seconds,ahead=-1", "2026-01-01T09:59:59Z"),
    ],
)
async def test_retime_writes_a_time_askew_or_otherwise(settings: str, written: str) -> None:
    time = "2026-01-01T10:00:00.500Z"
    async with wire(f"retime:{settings}", f"retime:path=a.b,{settings}") as w:
        seen = await w.sent(answer(1, {"currentTime": time}), answer(2, {"a": {"b": time, "c": 1}}))
        assert texts(seen) == [
            answer(1, {"currentTime": written}),
            answer(2, {"a": {"b": written, "c": 1}}),
        ]
        odd: list[Message] = [answer(3, {"currentTime": "soon"}), answer(4, {"a": time}), answer(5), call(6)]
        assert texts(await w.sent(*odd)) == odd


@pytest.mark.parametrize(
    ("spelling", "id", "travels"),
    [
        ("number", "00000a0b-7", 2571000007),
        ("digits", "ffffffff-999999", "4294967295999999"),
        ("upper", "00000a0b-7", "00000A0B-7"),
    ],
)
async def test_respell_id_changes_the_ids_of_our_calls_and_puts_those_of_the_answers_back(
    spelling: str, id: str, travels: str | int
) -> None:
    async with wire(f"respell_id:spelling={spelling}") as w:
        assert texts(await w.sent(json.dumps([2, id, "Reset", {}]), answer(9), seconds=1)) == [
            json.dumps([2, travels, "Reset", {}], separators=(",", ":")),
            answer(9),
        ]
        for kind in (3, 4):
            back = await w.handed(json.dumps([kind, travels, {}]), seconds=1)
            assert texts(back) == [json.dumps([kind, id, {}], separators=(",", ":"))]


# --- readings -------------------------------------------------------------------------------------------------

_REGISTER = {"value": "1500", "unit": "Wh", "measurand": "Energy.Active.Import.Register", "phase": "L1"}


@pytest.mark.parametrize(
    ("settings", "left"),
    [
        ("energy=kWh", {**_REGISTER, "value": "1.5", "unit": "kWh"}),
        ("energy=kWh_as_Wh", {**_REGISTER, "value": "1.5"}),
        ("unit=false,measurand=false,phases=none", {"value": "1500"}),
        ("phases=neutral", {**_REGISTER, "phase": "L1-N"}),
    ],
)
async def test_readings_are_written_in_another_way(settings: str, left: dict[str, str]) -> None:
    async with wire(f"readings:{settings}") as w:
        meter = {"connectorId": 1, "meterValue": [{"timestamp": "x", "sampledValue": [_REGISTER]}]}
        (seen,) = texts(await w.through("out", call(1, "MeterValues", meter)))
        assert json.loads(seen)[3]["meterValue"][0]["sampledValue"] == [left]


async def test_every_time_in_a_message_can_be_written_in_another_way() -> None:
    async with wire("retime:path=*,form=no_offset,ahead=7200") as w:
        times = {
            "timestamp": "2026-01-01T10:00:00.000Z",
            "values": [{"at": "2026-01-01T10:00:01Z"}],
            "id": "7",
        }
        (seen,) = texts(await w.through("out", call(1, "DataTransfer", times)))
        late = {"timestamp": "2026-01-01T12:00:00", "values": [{"at": "2026-01-01T12:00:01"}], "id": "7"}
        assert json.loads(seen)[3] == late


# --- bad input ------------------------------------------------------------------------------------------------


async def bad(preset: str, message: Message, *, version: Version = V16, seed: int = 0) -> list[Message]:
    async with wire(preset, seed=seed, version=version) as w:
        return texts(await w.sent(message))


async def test_a_preset_that_is_no_message() -> None:
    good = call(1, "BootNotification", BOOT[V16])
    assert await bad("broken_json", good) == [good[:-1]]
    assert await bad("empty_frame", good) == [""]
    (binary,) = await bad("binary_frame", good)
    assert type(binary) is bytes
    assert binary == good.encode()
    (mangled,) = await bad("invalid_utf8", good)
    assert type(mangled) is TextBytes
    assert mangled.replace(b"\xff", b"") == good.encode()
    (thing,) = await bad("not_an_array", good)
    assert isinstance(json.loads(thing), dict)
    (huge,) = await bad("oversized_frame", good)
    assert len(huge) == OVERSIZED
    assert json.loads(huge) == json.loads(good)


async def test_a_preset_that_is_formed_wrongly() -> None:
    good = call(1, "BootNotification", BOOT[V16])
    (text,) = await bad("wrong_message_type", good)
    assert json.loads(text)[0] not in (2, 3, 4, 5, 6)
    lengths = {len(json.loads((await bad("wrong_arity", good, seed=n))[0])) for n in range(20)}
    assert lengths == {3, 5}
    (text,) = await bad("unknown_action", good)
    assert json.loads(text)[2] == "NoSuchAction"
    (text,) = await bad("unknown_answer_id", answer(1))
    assert json.loads(text)[0::2] == [3, {}]
    assert json.loads(text)[1] != "c1"
    assert await bad("unknown_answer_id", good) == [good]  # a call is no answer


@each_version
@pytest.mark.parametrize("preset", ["missing_field", "wrong_type", "long_string", "bad_enum", "extra_field"])
async def test_a_preset_breaks_the_schema_in_the_way_that_it_names(version: Version, preset: str) -> None:
    if version is V16:
        action, payload = "StatusNotification", {"connectorId": 1, "errorCode": "NoError", "status": "Available", "info": "x"}  # fmt: skip # noqa: E501
    else:
        action, payload = "BootNotification", BOOT[V201]
    assert not schemas(version).violations(action, payload)
    keyword = {
        "missing_field": "MISSING",
        "wrong_type": "WRONG_TYPE",
        "long_string": "BAD_VALUE",
        "bad_enum": "BAD_VALUE",
        "extra_field": "EXTRA",
    }[preset]
    import shared.versions

    for seed in range(8):
        (text,) = await bad(preset, call(1, action, payload), version=version, seed=seed)
        violations = schemas(version).violations(action, json.loads(text)[3])
        assert violations
        assert violations[0].symptom == getattr(shared.versions, keyword)


async def test_a_preset_that_cannot_be_made_of_a_message_leaves_it_alone() -> None:
    for preset in ("missing_field", "wrong_type", "long_string", "bad_enum"):
        async with wire(preset) as w:
            assert texts(await w.sent(call(1))) == [call(1)]
            assert w.notes() == []


async def test_any_preset_is_drawn_from_all_that_can_be_made() -> None:
    seen = set()
    for seed in range(200):
        for text in await bad("bad", call(1, "BootNotification", BOOT[V16]), seed=seed):
            assert text != call(1, "BootNotification", BOOT[V16])
            seen.add(text if len(text) < 1000 else "huge")
    assert len(seen) > 12


async def test_bad_input_before_the_message_lets_the_talk_go_on() -> None:
    async with wire("broken_json:instead=false,nth=1") as w:
        assert texts(await w.sent(call(1), call(2))) == [call(1)[:-1], call(1), call(2)]
        assert w.frames("out") == [call(1)[:-1], call(1), call(2)]


# --- the connection -------------------------------------------------------------------------------------------


@each_direction
@pytest.mark.parametrize("moment", ["before", "after"])
async def test_a_reset_cuts_before_or_after_the_message(direction: str, moment: str) -> None:
    async with wire(f"reset:action=Heartbeat,moment={moment},{whom(direction)}") as w:
        other = call(1, "DataTransfer")
        seen = texts(await w.through(direction, other, call(2), seconds=1))
        assert seen == [other, *([call(2)] if moment == "after" else [])]
        for link in (w.near, w.far):
            with pytest.raises(LinkClosed) as ended:
                await link.recv()
            assert ended.value.code == 1006


@each_direction
async def test_a_close_carries_its_code_and_reason(direction: str) -> None:
    async with wire(f"close:code=4321,reason='so, there',{whom(direction)}") as w:
        assert await w.through(direction, call(1), seconds=1) == []
        for link in (w.near, w.far):
            with pytest.raises(LinkClosed) as ended:
                await link.recv()
            assert (ended.value.code, ended.value.reason) == (4321, "so, there")


@pytest.mark.parametrize("direction", ["in", "out"])
@pytest.mark.parametrize("when", ["before_answer_to", "after_answer_to"])
async def test_the_connection_is_cut_when_an_answer_is_due(direction: str, when: str) -> None:
    back = "out" if direction == "in" else "in"
    async with wire(f"hang_up:{when}=tx.started") as w:
        start = call(1, "StartTransaction", {"connectorId": 1})
        assert texts(await w.through(back, call(0), start, seconds=1)) == [call(0), start]
        seen = texts(await w.through(direction, answer(0), answer(1), seconds=1))
        assert seen == [answer(0), *([answer(1)] if when == "after_answer_to" else [])]
        with pytest.raises(LinkClosed):
            await w.far.recv()


@pytest.mark.parametrize(
    ("fault", "handed"),
    [
        ("hang_up:before_answer_to=tx.started", []),
        ("hang_up:after_answer_to=tx.started", [answer(1)]),
        ("close:action=StartTransaction,kind=answer,direction=in", []),
    ],
)
async def test_what_came_behind_a_cut_is_not_handed_over(fault: str, handed: list[str]) -> None:
    async with wire(fault) as w:
        await w.through("out", call(1, "StartTransaction", {"connectorId": 1}), seconds=1)
        for message in (answer(1), answer(1), call(9)):  # all of them are there before any is read
            await w.far.send(message)
        assert texts(await w.listen(w.near, 1)) == handed
        with pytest.raises(LinkClosed):
            await w.near.recv()


async def test_tx_started_means_the_event_on_2x_and_not_the_others() -> None:
    async with wire("drop:action=tx.started", version=V201) as w:
        events = [call(n, "TransactionEvent", {"eventType": t}) for n, t in enumerate(("Started", "Ended"))]
        assert texts(await w.sent(*events)) == [events[1]]


async def test_a_half_open_connection_neither_reads_nor_writes_and_loses_nothing() -> None:
    async with wire("half_open:hold=60,nth=2,direction=out") as w:
        assert await w.sent(call(1), call(2), call(3), seconds=50) == [(0.0, call(1))]
        assert await w.handed(call(9), seconds=9) == []
        assert w.frames("in") == []
        assert w.frames("held") == [call(2), call(3)]
        assert await w.listen(w.far, 5) == [(60.0, call(2)), (60.0, call(3))]
        assert texts(await w.listen(w.near, 5)) == [call(9)]
        (note,) = w.notes()
        assert note.fault == "half_open"


async def test_a_half_open_connection_can_still_be_closed_by_us() -> None:
    async with wire("half_open") as w:
        assert await w.sent(call(1), seconds=5) == []
        await w.near.close(1001, "that is all")
        assert texts(await w.listen(w.far, 1)) == [call(1)]  # what waited goes out first
        with pytest.raises(LinkClosed) as ended:
            await w.far.recv()
        assert ended.value.code == 1001
        with pytest.raises(LinkClosed):
            await w.near.recv()


# --- all of them ----------------------------------------------------------------------------------------------


def test_every_fault_and_preset_is_tried_here() -> None:
    from pathlib import Path

    text = Path(__file__).read_text() + (Path(__file__).parent / "test_faults_sockets.py").read_text()
    assert [name for name in (*FAULTS, *PRESETS) if name not in text] == []


async def test_what_is_unreadable_passes_by_faults_that_need_a_message() -> None:
    odd: list[Message] = ["", "[]", "{", '["2"]', b"\x00\xff", TextBytes(b"\xff"), "[2,5,6]", "[9,9,9]"]
    specs = ["wrong_id", "reuse_id", "change:path=a,value=1", "unknown_action", "drop:action=Reset"]
    async with wire(*specs) as w:
        assert texts(await w.sent(*odd)) == odd
        assert texts(await w.handed(*odd)) == odd
